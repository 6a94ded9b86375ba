//! `ecoops whoami`: who commands act as, by whose word, and what they may do.

use crate::app::{App, Output};
use crate::credentials;
use crate::exit::{Exit, Failure};
use crate::report::safe_json;
use crate::ui::harmless;
use ecoops_core::domain::{Actor, Permission};
use ecoops_core::ports::identity::IdentityError;
use ecoops_plugins::registry::Session;
use serde_json::json;
use std::collections::BTreeSet;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0, and with --can 4 when it may not; 3 when a login is demanded and there is none.\n\nExamples:\n  ecoops whoami\n  ecoops whoami --can remediation:write   for scripts\n  ecoops whoami --output json"
)]
pub struct Args {
    /// Tell by the exit code whether this permission is held, as remediation:write
    #[arg(long, value_name = "PERMISSION", value_parser = permission)]
    can: Option<Permission>,
}

fn permission(text: &str) -> Result<Permission, String> {
    let known = Permission::ALL.into_iter().find(|p| p.as_str() == text);
    known.ok_or_else(|| format!("it is one of {}", Permission::ALL.map(Permission::as_str).join(", ")))
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
    let session = session(app, host.clone())?;
    show(app, &actor, session.as_ref());
    match args.can {
        Some(wanted) if !actor.permissions.contains(&wanted) => {
            app.ui.note(&format!("{} lacks {wanted}", harmless(&actor.id, false)));
            Ok(Exit::PolicyDenied)
        }
        _ => Ok(Exit::Clean),
    }
}

/// The login that the actor comes from; the identity has renewed it when it had to.
fn session(
    app: &App,
    host: std::sync::Arc<dyn ecoops_core::ports::host::Host>,
) -> Result<Option<Session>, Failure> {
    if app.settings().login.issuer.is_empty() {
        return Ok(None);
    }
    let secrets = credentials::secrets(app, host)?;
    let store = credentials::session_store(app, secrets.as_ref());
    let kept = store.read().map_err(|e| credentials::login_failed("the login cannot be read", &e))?;
    let login = &app.settings().login;
    Ok(kept.filter(|s| s.issuer == login.issuer && s.client == login.client_id))
}

fn show(app: &App, actor: &Actor, session: Option<&Session>) {
    let ends = session.and_then(|s| jiff::Timestamp::from_second(s.access_ends).ok()).map(|t| t.to_string());
    if matches!(app.output, Output::Json | Output::Jsonl) {
        let shown = json!({
            "id": actor.id, "kind": actor.kind, "roles": actor.roles, "permissions": actor.permissions,
            "name": session.and_then(|s| s.person.name.clone()), "issuer": session.map(|s| s.issuer.clone()),
            "issuer_roles": session.map(|s| s.person.roles.clone()), "token_ends": ends,
            "renews": session.map(Session::renews),
        });
        app.ui.result(&safe_json(&format!("{shown:#}")));
        return;
    }
    let by = session.map_or("the user of this machine".to_owned(), |s| format!("logged in at {}", s.issuer));
    let name =
        session.and_then(|s| s.person.name.as_ref()).map_or(String::new(), |name| format!(" ({name})"));
    let permissions: Vec<&str> = actor.permissions.iter().map(|p| p.as_str()).collect();
    let list = |items: Vec<&str>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let mut text = format!("{}{name}, {by}\n", actor.id);
    text.push_str(&format!("roles: {}\n", list(actor.roles.iter().map(String::as_str).collect())));
    text.push_str(&format!("may:   {}", list(permissions)));
    if let (Some(ends), Some(session)) = (ends, session) {
        let then = if session.renews() { "renewed by itself" } else { "then log in again" };
        text.push_str(&format!("\nuntil: {ends}, {then}"));
    }
    app.ui.result(&harmless(&text, true));
}
