//! Opens the credentials and the issuer's client as the settings say, and asks the user where only they can answer.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::host;
use crate::ui::{Ui, harmless};
use ecoops_agent::client::AgentIdentity;
pub use ecoops_agent::credentials::KEY_DAYS;
use ecoops_agent::credentials::{Credentials, CredentialsError, ENVIRONMENT_KEY, Surroundings};
use ecoops_agent::identity::Whose;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::secrets::{About, Rotation, Secret, Secrets, SecretsError, Terms};
use ecoops_plugins::registry::{Oidc, OidcError};
use std::path::PathBuf;
use std::sync::Arc;

/// Where credentials live.
pub fn of(app: &App, host: Arc<dyn Host>) -> &Credentials {
    app.credentials.get_or_init(|| make(app, host))
}

fn make(app: &App, host: Arc<dyn Host>) -> Credentials {
    let ui = app.ui;
    let surroundings = Surroundings {
        passphrase: Arc::new(move |new| passphrase(ui, new)),
        confirm: Arc::new(move |about| confirm(ui, about)),
        machine: ecoops_agent::boot::machine_id().unwrap_or_default(),
        api_key: host::var("ECO_AUTH_API_KEY").map(Secret::from),
    };
    Credentials::new(app.settings(), &app.folders.state, surroundings, host)
}

/// # Errors
/// [`Failure`] when the store cannot be opened.
pub fn secrets(app: &App, host: Arc<dyn Host>) -> Result<Arc<dyn Secrets>, Failure> {
    of(app, host).open().map_err(|e| Failure::new("the credentials cannot be used").because(&e))
}

/// The credential of this name as text; none for no name.
///
/// # Errors
/// [`Failure`] when there is no such credential, or it cannot be had.
pub fn text(app: &App, name: &str) -> Result<Option<String>, Failure> {
    if name.is_empty() {
        return Ok(None);
    }
    let host = crate::open::host()?;
    let credentials = of(app, host.clone());
    let unreadable = |e| match e {
        CredentialsError::Secrets(why) => refused(why),
        other => Failure::new(format!("the credential {name} cannot be read")).because(&other),
    };
    let text = credentials.text(name).map_err(unreadable)?;
    let about =
        credentials.open().map_err(unreadable)?.about(&name.parse().map_err(refused)?).map_err(refused)?;
    about.iter().for_each(|about| warn(app, about, host.now()));
    Ok(text)
}

/// What a service outside is shown: the credential that its settings name, else `ECO_AUTH_API_KEY`.
///
/// # Errors
/// As [`text`].
pub fn of_service(app: &App, name: &str) -> Result<Option<String>, Failure> {
    if !name.is_empty() {
        return text(app, name);
    }
    warn_of_key(app)?;
    Ok(host::var("ECO_AUTH_API_KEY"))
}

fn passphrase(ui: Ui, new: bool) -> Option<Secret> {
    if let Some(given) = host::var("ECOOPS_PASSPHRASE") {
        return Some(given.into());
    }
    let question = if new { "New passphrase for the credentials:" } else { "Passphrase of the credentials:" };
    let first = ui.ask_hidden(question)?;
    if new && ui.ask_hidden("Once more:")? != first {
        ui.always("the two are not the same");
        return None;
    }
    (!first.expose().is_empty()).then_some(first)
}

fn confirm(ui: Ui, about: &About) -> Option<bool> {
    let answer = ui.ask(&harmless(&format!("Use the credential {}? [y/N]", about.name), false))?;
    Some(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Who somebody is, as the settings say.
///
/// # Errors
/// [`Failure`] when the settings cannot be used.
pub fn whose(app: &App, host: Arc<dyn Host>) -> Result<Whose, Failure> {
    let credentials = of(app, host.clone()).clone();
    Whose::new(app.settings(), &app.folders.state, credentials, host)
        .map_err(|e| Failure::new("the identity cannot be used").because(&e))
}

/// The client of the configured issuer, and the lock of its login.
///
/// # Errors
/// [`Failure`] when none is configured.
pub fn issuer(app: &App, host: Arc<dyn Host>) -> Result<(Arc<Oidc>, PathBuf), Failure> {
    let whose = whose(app, host)?;
    let oidc = whose.oidc().cloned().ok_or_else(no_issuer)?;
    Ok((oidc, whose.lock()))
}

/// Who runs this. Where somebody outside says so, a daemon that is up is asked: it renews the login, and this command
/// needs no credential.
///
/// # Errors
/// [`Failure`] when the identity cannot be used.
pub fn identity(app: &App, host: Arc<dyn Host>) -> Result<Box<dyn Identity>, Failure> {
    let unusable = |e: &dyn std::error::Error| Failure::new("the identity cannot be used").because(e);
    let whose = whose(app, host.clone())?;
    let agent = if whose.is_told_outside() { crate::agent::quietly(app) } else { None };
    let Some(agent) = agent else { return whose.open(true).map_err(|e| unusable(&e)) };
    let local = whose.local().map_err(|e| unusable(&e))?;
    let own = move || whose.open(true).map_err(|e| e.to_string());
    Ok(Box::new(AgentIdentity::new(Arc::new(agent), local, host, Box::new(own))))
}

/// Tells a daemon that is up that a login began or ended.
pub fn tell_agent(app: &App) {
    if let Some(agent) = crate::agent::quietly(app) {
        // One that does not hear it looks by itself within a minute.
        let _ = agent.ask("POST", "/v1/login/look", None, None);
    }
}

/// Says when the key of the environment is due for rotation.
///
/// # Errors
/// [`Failure`] when there is no clock.
pub fn warn_of_key(app: &App) -> Result<(), Failure> {
    let host = crate::open::host()?;
    let now = host.now();
    of(app, host).api_key().iter().for_each(|about| warn(app, about, now));
    Ok(())
}

/// Says when a credential is due for rotation.
pub fn warn(app: &App, about: &About, now: jiff::Timestamp) {
    if let Some(text) = rotation(about, now) {
        let name = &about.name;
        let renew = format!("`ecoops credential add {name} --rotates-in DAYS`");
        app.ui.always(&match name.as_str() {
            ENVIRONMENT_KEY => {
                format!("warning: the key in ECO_AUTH_API_KEY {text}; have its service make a new one")
            }
            _ => format!(
                "warning: {name} {text}; replace it: {renew}, or a key that ecoops made: `ecoops credential rotate {name}`"
            ),
        });
    }
}

/// How a credential stands with its rotation, when there is something to say.
pub fn rotation(about: &About, now: jiff::Timestamp) -> Option<String> {
    match about.rotation(now) {
        Rotation::Fresh => None,
        Rotation::Due(0) => Some("ends today".to_owned()),
        Rotation::Due(days) => Some(format!("ends in {days} days")),
        Rotation::Overdue(days) => Some(format!("ended {days} days ago")),
    }
}

/// The terms of a credential that is made now and lives `days`; without a number for ever.
///
/// # Errors
/// [`Failure`] when the end is out of range.
pub fn terms(now: jiff::Timestamp, days: Option<i64>, confirm: bool) -> Result<Terms, Failure> {
    let end =
        |days: i64| jiff::Timestamp::from_second(now.as_second().saturating_add(days.saturating_mul(86_400)));
    let rotates_by =
        days.map(end).transpose().map_err(|e| Failure::new("its end is out of range").because(&e))?;
    Ok(Terms { rotates_by, confirm })
}

pub fn refused(error: SecretsError) -> Failure {
    let next = match &error {
        SecretsError::Locked { .. } => Some("see `secrets.unlock` in `ecoops config show`"),
        SecretsError::Damaged { .. } => {
            Some("restore it from a backup, or remove it and add the credentials again")
        }
        _ => None,
    };
    let failure = Failure::new(error.to_string());
    match next {
        Some(next) => failure.next(next),
        None => failure,
    }
}

/// What the issuer's client could not do, as a command's end.
pub fn login_failed(what: &str, error: &OidcError) -> Failure {
    let failure = Failure::new(what).because(error);
    match error {
        OidcError::Denied => failure.exit(Exit::PolicyDenied),
        OidcError::TimedOut => failure.exit(Exit::Inconclusive).next("try again"),
        OidcError::LoggedOut | OidcError::Ended => {
            failure.exit(Exit::Nothing).next("log in with `ecoops login`")
        }
        OidcError::Refused { error, .. } if error == "invalid_grant" => {
            failure.next("log in again with `ecoops login`")
        }
        _ => failure,
    }
}

/// Where there is no issuer there is nothing to log in to.
pub fn no_issuer() -> Failure {
    Failure::new("there is no issuer to log in at")
        .exit(Exit::Nothing)
        .next("name it in ~/.config/ecoops/config.toml: [login] issuer = \"https://…\" and client_id = \"…\"")
}
