//! `ecoops whoami`: who commands act as, by whose word, and what they may do.

use crate::app::{App, Output};
use crate::credentials;
use crate::exit::{Exit, Failure};
use crate::report::safe_json;
use crate::ui::harmless;
use ecoops_agent::identity::Whose;
use ecoops_core::domain::{Actor, Permission};
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::IdentityError;
use ecoops_core::ports::secrets::Secret;
use ecoops_plugins::registry::{AuthService, Session, SessionStore, Standing};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "With an agent up it tells how the agent renews the login, and why it cannot where it cannot.\n\nExit codes: 0, and with --can 4 when it may not; 3 when a login is demanded and there is none.\n\nExamples:\n  ecoops whoami\n  ecoops whoami --can remediation:write   for scripts\n  ecoops whoami --can memory:read         a permission of the kernel's auth-service\n  ecoops whoami --output json"
)]
pub struct Args {
    /// Tell by the exit code whether this permission is held, as remediation:write
    #[arg(long, value_name = "PERMISSION")]
    can: Option<Wanted>,
}

/// A permission that is asked about.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Ours(Permission),
    /// Of the kernel's auth-service.
    Theirs(String),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(known) = Permission::ALL.into_iter().find(|p| p.as_str() == text) {
            return Ok(Self::Ours(known));
        }
        let word = |part: &str| {
            (1..=64).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_*".contains(&b))
        };
        match text.split_once(':') {
            Some((area, act)) if area != "remediation" && word(area) && word(act) => {
                Ok(Self::Theirs(text.to_owned()))
            }
            _ => Err(format!(
                "it is one of {}, or AREA:ACT of the kernel's auth-service",
                Permission::ALL.map(Permission::as_str).join(", ")
            )),
        }
    }
}

/// What the issuer's roles give here.
pub fn permissions<'a>(app: &App, roles: impl Iterator<Item = &'a String>) -> BTreeSet<Permission> {
    roles.filter_map(|role| app.settings().login.roles.get(role)).flatten().copied().collect()
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let host = crate::open::host()?;
    let identity = crate::open::identity(app, host.clone())?;
    let nobody = |e: &IdentityError| match e {
        IdentityError::Login(_) => Failure::new(e.to_string()).exit(Exit::Nothing),
        _ => Failure::new("it cannot be told who this is").because(e),
    };
    let actor = identity.login(60).and_then(|token| identity.verify(&token)).map_err(|e| nobody(&e))?;
    let whose = credentials::whose(app, host.clone())?;
    let service = service(&whose, args.can.as_ref())?;
    if service.is_some() && app.settings().identity.credential.is_empty() {
        credentials::warn_of_key(app)?;
    }
    let standing = service.as_ref().map(|(service, token)| introspected(service, token.as_ref()));
    show(app, &actor, login(app, &whose, &host)?.as_ref(), standing.as_deref());
    let denied = |what: &dyn std::fmt::Display, why: &str| {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        app.ui.note(&harmless(&format!("{} lacks {what}{why}", actor.id), false));
        Ok(Exit::PolicyDenied)
    };
    match (args.can, &service) {
        (Some(Wanted::Ours(wanted)), _) if !actor.permissions.contains(&wanted) => denied(&wanted, ""),
        (Some(Wanted::Theirs(wanted)), Some((service, token))) => {
            let token = token.as_ref().and_then(Secret::text).unwrap_or_default();
            let decision = service.authorize(token, &wanted);
            let decision = decision.map_err(|e| Failure::new("it cannot be told").because(&e))?;
            if decision.allowed { Ok(Exit::Clean) } else { denied(&wanted, &decision.reason) }
        }
        _ => Ok(Exit::Clean),
    }
}

/// The kernel's auth-service and what it is shown; `None` where it is not the one who says.
fn service(whose: &Whose, wanted: Option<&Wanted>) -> Result<Option<(AuthService, Option<Secret>)>, Failure> {
    let unusable = |e: &dyn std::error::Error| Failure::new("the auth-service cannot be asked").because(e);
    let Some(service) = whose.auth_service().map_err(|e| unusable(&e))? else {
        return match wanted {
            Some(Wanted::Theirs(wanted)) => {
                Err(Failure::new(format!("`{wanted}` is no permission of ecoops"))
                    .next("set identity.adapter to auth_service to ask the kernel's auth-service about it"))
            }
            _ => Ok(None),
        };
    };
    let token = (whose.showing().token)().map_err(|e| unusable(&e))?;
    Ok(Some((service, token)))
}

/// What the service says of the token that it is shown.
fn introspected(service: &AuthService, token: Option<&Secret>) -> String {
    let Some(token) = token.and_then(Secret::text) else {
        return "it is shown no token".to_owned();
    };
    let at = |seconds: i64| jiff::Timestamp::from_second(seconds).unwrap_or_default();
    match service.introspect(token) {
        Ok(Standing::Active(Some(end))) => format!("the token is active until {}", at(end)),
        Ok(Standing::Active(None)) => "the token is active".to_owned(),
        Ok(Standing::Ended) => "the token is worth nothing any more".to_owned(),
        Err(why) => why.to_string(),
    }
}

/// The login that the actor comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    issuer: String,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    roles: BTreeSet<String>,
    #[serde(default)]
    token_ends: Option<i64>,
    #[serde(default)]
    renews: bool,
    #[serde(default)]
    renewed: Option<i64>,
    #[serde(default)]
    next_renewal: Option<i64>,
    #[serde(default)]
    trouble: Option<String>,
    /// Who renews it: an agent, or each command for itself.
    #[serde(skip)]
    by_agent: bool,
}

impl Login {
    fn of(session: &Session) -> Self {
        Self {
            issuer: session.issuer.clone(),
            subject: Some(session.person.subject.clone()),
            name: session.person.name.clone(),
            roles: session.person.roles.clone(),
            token_ends: Some(session.access_ends),
            renews: session.renews(),
            ..Self::default()
        }
    }
}

/// As the agent has it, where one is up; else as it is kept.
fn login(app: &App, whose: &Whose, host: &Arc<dyn Host>) -> Result<Option<Login>, Failure> {
    let Some(oidc) = whose.oidc() else { return Ok(None) };
    let asked = crate::agent::quietly(app).and_then(|agent| agent.ask("GET", "/v1/login", None, None).ok());
    if let Some(login) = asked.and_then(|reply| serde_json::from_slice::<Login>(&reply.body).ok()) {
        return Ok(login.subject.is_some().then_some(Login { by_agent: true, ..login }));
    }
    let secrets = credentials::secrets(app, host.clone())?;
    let store = SessionStore { secrets: secrets.as_ref(), lock: whose.lock() };
    let kept = store.read().map_err(|e| credentials::login_failed("the login cannot be read", &e))?;
    let settings = oidc.settings();
    let ours = kept.filter(|s| s.issuer == settings.issuer && s.client == settings.client_id);
    Ok(ours.as_ref().map(Login::of))
}

fn show(app: &App, actor: &Actor, login: Option<&Login>, service: Option<&str>) {
    let at = |seconds: i64| jiff::Timestamp::from_second(seconds).ok().map(|t| t.to_string());
    let ends = login.and_then(|login| login.token_ends).and_then(at);
    if matches!(app.output, Output::Json | Output::Jsonl) {
        let renewal = login.filter(|login| login.by_agent).map(|login| {
            json!({
                "by": "agent", "renewed": login.renewed.and_then(at), "next": login.next_renewal.and_then(at),
                "trouble": login.trouble,
            })
        });
        let shown = json!({
            "id": actor.id, "kind": actor.kind, "roles": actor.roles, "permissions": actor.permissions,
            "name": login.and_then(|l| l.name.clone()), "issuer": login.map(|l| l.issuer.clone()),
            "issuer_roles": login.map(|l| l.roles.clone()), "token_ends": ends,
            "renews": login.map(|l| l.renews), "renewal": renewal, "auth_service": service,
        });
        app.ui.result(&safe_json(&format!("{shown:#}")));
        return;
    }
    let by = match (login, service) {
        (Some(login), _) => format!("logged in at {}", login.issuer),
        (None, Some(_)) => format!("by the auth-service at {}", app.settings().identity.address),
        (None, None) => "the user of this machine".to_owned(),
    };
    let name = login.and_then(|l| l.name.as_ref()).map_or(String::new(), |name| format!(" ({name})"));
    let permissions: Vec<&str> = actor.permissions.iter().map(|p| p.as_str()).collect();
    let list = |items: Vec<&str>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let mut text = format!("{}{name}, {by}\n", actor.id);
    text.push_str(&format!("roles: {}\n", list(actor.roles.iter().map(String::as_str).collect())));
    text.push_str(&format!("may:   {}", list(permissions)));
    if let (Some(ends), Some(login)) = (ends, login) {
        let then = match (login.renews, login.by_agent) {
            (true, true) => "renewed by the agent",
            (true, false) => "renewed by itself",
            (false, _) => "then log in again",
        };
        text.push_str(&format!("\nuntil: {ends}, {then}"));
    }
    if let Some(service) = service {
        text.push_str(&format!("\nauth-service: {service}"));
    }
    app.ui.result(&harmless(&text, true));
    if let Some(trouble) = login.and_then(|login| login.trouble.as_ref()) {
        app.ui.always(&harmless(&format!("warning: {trouble}"), false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_ours_or_the_services() {
        for (text, expected) in [
            ("remediation:write", Some(Wanted::Ours(Permission::Write))),
            ("memory:read", Some(Wanted::Theirs("memory:read".into()))),
            ("platform:*", Some(Wanted::Theirs("platform:*".into()))),
            ("remediation:fly", None),
            ("memory", None),
            (":", None),
            ("a:b c", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<Wanted>().ok(), expected, "{text}");
        }
    }
}
