//! `ecoops login`: says to the configured issuer who is at work. What it gives is kept among the credentials.

use crate::app::{App, Output};
use crate::credentials::{self, login_failed};
use crate::exit::{Exit, Failure};
use crate::host;
use crate::report::safe_json;
use crate::ui::harmless;
use ecoops_plugins::registry::{Loopback, Oidc, OidcError, Polled, Session, SessionStore};
use serde_json::json;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The issuer is login.issuer (`ecoops config show`). Its roles give what [login.roles] says; a role that is not listed gives nothing.\n\nExamples:\n  ecoops login                        with the browser of this machine, or a code for any other\n  ecoops login --device               a code to type on another device\n  ecoops login --client-credentials   as a service, with the credential login/client-secret"
)]
pub struct Args {
    /// Show a code to type on a page, here or on another device
    #[arg(long, conflicts_with_all = ["browser", "client_credentials"])]
    device: bool,
    /// Open the issuer's page in the browser of this machine
    #[arg(long, conflicts_with = "client_credentials")]
    browser: bool,
    /// Log in as the client itself, with its own secret
    #[arg(long)]
    client_credentials: bool,
    /// Seconds to wait for the user
    #[arg(long, default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let host = crate::open::host()?;
    let (oidc, lock) = credentials::issuer(app, host.clone())?;
    let secrets = credentials::secrets(app, host)?;
    let store = SessionStore { secrets: secrets.as_ref(), lock };
    let wait = Duration::from_secs(args.wait);
    let session = if args.client_credentials {
        by_itself(&oidc, &store)
    } else if args.browser || (!args.device && host::has_desktop()) {
        by_browser(app, &oidc, &store, wait)
    } else {
        by_device(app, &oidc, &store, wait)
    };
    if app.interrupt.is_set() {
        return Err(app.interrupt.failure());
    }
    let session = session.map_err(|e| login_failed("nobody is logged in", &e))?;
    credentials::tell_agent(app);
    show(app, &session, &store);
    Ok(Exit::Clean)
}

fn by_itself(oidc: &Oidc, store: &SessionStore<'_>) -> Result<Session, OidcError> {
    let tokens = oidc.client_credentials()?;
    oidc.begin(tokens, None, true, store)
}

fn by_browser(
    app: &App,
    oidc: &Oidc,
    store: &SessionStore<'_>,
    wait: Duration,
) -> Result<Session, OidcError> {
    let loopback = Loopback::open()?;
    let login = oidc.start_code(&loopback)?;
    app.ui.always(&format!("Open this page to log in:\n  {}", harmless(&login.url, false)));
    host::open_page(&login.url);
    let tokens = oidc.finish_code(&loopback, &login, wait, &|| app.interrupt.is_set())?;
    oidc.begin(tokens, Some(login.nonce()), false, store)
}

fn by_device(app: &App, oidc: &Oidc, store: &SessionStore<'_>, wait: Duration) -> Result<Session, OidcError> {
    let mut login = oidc.start_device()?;
    let (page, code) = (harmless(&login.page, false), harmless(&login.user_code, false));
    app.ui.always(&format!("Open {page}\nand type the code {code}"));
    if let Some(whole) = &login.page_with_code {
        app.ui.note(&format!("or open {}", harmless(whole, false)));
    }
    let until = Instant::now() + wait;
    loop {
        let next = Instant::now() + Duration::from_secs(u64::from(login.interval));
        while Instant::now() < next {
            if app.interrupt.is_set() || Instant::now() >= until {
                return Err(OidcError::TimedOut);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        if let Polled::Done(tokens) = oidc.poll_device(&mut login)? {
            return oidc.begin(tokens, None, false, store);
        }
    }
}

fn show(app: &App, session: &Session, store: &SessionStore<'_>) {
    let person = &session.person;
    let name = person.name.as_deref().unwrap_or(&person.subject);
    let place = store.secrets.place();
    let may = super::whoami::permissions(app, person.roles.iter());
    if matches!(app.output, Output::Json | Output::Jsonl) {
        let shown = json!({
            "subject": person.subject, "name": person.name, "kind": person.kind, "issuer": session.issuer,
            "roles": person.roles, "permissions": may, "renews": session.renews(), "kept_in": place,
        });
        app.ui.result(&safe_json(&format!("{shown:#}")));
        return;
    }
    let may: Vec<&str> = may.iter().map(|permission| permission.as_str()).collect();
    let may = if may.is_empty() {
        "nothing: none of the roles is in [login.roles]".to_owned()
    } else {
        may.join(", ")
    };
    app.ui.result(&harmless(&format!("logged in as {name} at {}\nmay: {may}", session.issuer), true));
    app.ui.note(&format!("the login is kept in {place}"));
}
