//! Opens the credentials and the issuer's client as the settings say, and asks the user where only they can answer.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::host;
use crate::ui::{Ui, harmless};
use ecoops_agent::credentials::{Credentials, CredentialsError, Surroundings};
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::secrets::{About, Rotation, Secret, SecretName, Secrets, SecretsError, Terms};
use ecoops_plugins::registry::{self, IdentityChoice, Login, Oidc, OidcError, OidcSettings, SessionStore};
use std::path::PathBuf;
use std::sync::Arc;

/// Days that an API key lives.
pub const KEY_DAYS: i64 = 90;

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
        offline: app.offline,
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
    if name.is_empty() { Ok(host::var("ECO_AUTH_API_KEY")) } else { text(app, name) }
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

/// The client of the configured issuer; `None` when none is configured.
///
/// # Errors
/// [`Failure`] when its credentials cannot be read.
pub fn oidc(app: &App, secrets: &Arc<dyn Secrets>, host: Arc<dyn Host>) -> Result<Option<Oidc>, Failure> {
    let login = &app.settings().login;
    if login.issuer.is_empty() {
        return Ok(None);
    }
    let name: SecretName = login.client_secret.parse().map_err(refused)?;
    let secrets = secrets.clone();
    let settings = OidcSettings {
        issuer: login.issuer.clone(),
        client_id: login.client_id.clone(),
        scopes: login.scopes.clone(),
        resource: login.resource.clone(),
        audiences: login.audiences.clone(),
        role_claims: login.role_claims.clone(),
        skew: login.skew,
        ca_file: (!login.ca_file.is_empty()).then(|| PathBuf::from(&login.ca_file)),
        offline: app.offline,
    };
    Ok(Some(Oidc::new(settings, Box::new(move || secrets.get(&name)), host)))
}

pub fn session_store<'a>(app: &App, secrets: &'a dyn Secrets) -> SessionStore<'a> {
    SessionStore { secrets, lock: lock(app) }
}

fn lock(app: &App) -> PathBuf {
    app.folders.state.join("login.lock")
}

/// Who runs this: the one who logged in where an issuer is configured, else the system's user.
///
/// # Errors
/// [`Failure`] when the identity cannot be used.
pub fn identity(
    app: &App,
    choice: IdentityChoice,
    host: Arc<dyn Host>,
) -> Result<Box<dyn Identity>, Failure> {
    let settings = &app.settings().login;
    let unusable = |e: &dyn std::error::Error| Failure::new("the identity cannot be used").because(e);
    if settings.issuer.is_empty() {
        return registry::identity(&choice, host).map_err(|e| unusable(&e));
    }
    let secrets = secrets(app, host.clone())?;
    let Some(oidc) = oidc(app, &secrets, host.clone())? else {
        return registry::identity(&choice, host).map_err(|e| unusable(&e));
    };
    let choice = IdentityChoice { settings: choice.settings.with_issuer_roles(&settings.roles), ..choice };
    let login = Login { secrets, lock: lock(app), required: settings.required };
    registry::identity_with_issuer(&choice, oidc, Some(login), host).map_err(|e| unusable(&e))
}

/// Says when a credential is due for rotation.
pub fn warn(app: &App, about: &About, now: jiff::Timestamp) {
    if let Some(text) = rotation(about, now) {
        let name = &about.name;
        let renew = format!("`ecoops credential add {name} --rotates-in DAYS`");
        app.ui.always(&format!(
            "warning: {name} {text}; replace it: {renew}, or a key that ecoops made: `ecoops credential rotate {name}`"
        ));
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
