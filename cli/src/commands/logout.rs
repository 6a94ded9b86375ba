//! `ecoops logout`: ends the login at the issuer and forgets it here.

use crate::app::App;
use crate::credentials;
use crate::exit::{Exit, Failure};
use crate::ui::harmless;
use ecoops_plugins::registry::SessionStore;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The tokens are revoked at the issuer where it can (RFC 7009), and removed from the credentials in any case.\n\nExample:\n  ecoops logout"
)]
pub struct Args {}

pub fn run(_args: Args, app: &App) -> Result<Exit, Failure> {
    let host = crate::open::host()?;
    let (oidc, lock) = credentials::issuer(app, host.clone())?;
    let secrets = credentials::secrets(app, host)?;
    let store = SessionStore { secrets: secrets.as_ref(), lock };
    let (was, why) =
        oidc.end(&store).map_err(|e| credentials::login_failed("the login cannot be forgotten", &e))?;
    credentials::tell_agent(app);
    if !was {
        app.ui.note("nobody was logged in");
        return Ok(Exit::Nothing);
    }
    if let Some(why) = why {
        let why = harmless(&why.to_string(), false);
        app.ui.always(&format!("warning: forgotten here, but the issuer did not end it: {why}"));
        return Ok(Exit::Remaining);
    }
    app.ui.note("logged out");
    Ok(Exit::Clean)
}
