//! `ecoops credential`: what is kept for other systems, where, and until when. Never shows one.

use crate::app::{App, Output};
use crate::credentials::{self, KEY_DAYS, refused};
use crate::exit::{Exit, Failure};
use crate::host::Terminal;
use crate::input;
use crate::report::safe_json;
use crate::ui::harmless;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::secrets::{About, Secret, SecretName, Secrets};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Settings name credentials; they never hold one. They live in the desktop's keyring, or in an encrypted file (secrets.store).\n\nExamples:\n  ecoops credential add redis/password          asked for, without showing it\n  pass show bao | ecoops credential add openbao/secret-id\n  ecoops credential list\n  ecoops credential rotate eco/api-key          a new key for 90 days, shown once"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Keep one: from standard input, or asked for at the terminal
    #[command(after_help = "Example:\n  ecoops credential add redis/password --confirm")]
    Add {
        /// a-z, 0-9, `.`, `_`, `-` and `/`
        name: SecretName,
        /// Ask at the terminal before each use
        #[arg(long)]
        confirm: bool,
        /// Days after which it must have been replaced
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3650))]
        rotates_in: Option<i64>,
    },
    /// Show their names, where they live and when they end; never the credentials
    #[command(after_help = "Example:\n  ecoops credential list --output json")]
    List,
    /// Forget one
    #[command(after_help = "Example:\n  ecoops credential remove redis/password")]
    Remove { name: SecretName },
    /// Make a new API key in place of the old one that was made so, for 90 days, and show it once
    #[command(after_help = "Example:\n  ecoops credential rotate eco/api-key")]
    Rotate { name: SecretName },
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let host = crate::open::host()?;
    let secrets = credentials::secrets(app, host.clone())?;
    match args.action {
        Action::Add { name, confirm, rotates_in } => {
            let secret = read(app, &name)?;
            let terms = credentials::terms(host.now(), rotates_in, confirm)?;
            let about = secrets.put(&name, &secret, &terms).map_err(refused)?;
            app.ui.note(&harmless(&format!("{name} is kept in {}", about.place), false));
            Ok(Exit::Clean)
        }
        Action::List => list(app, secrets.as_ref(), &host),
        Action::Remove { name } => {
            if secrets.remove(&name).map_err(refused)? {
                app.ui.note(&format!("{name} is forgotten"));
                return Ok(Exit::Clean);
            }
            Err(Failure::new(format!("there is no credential {name}")).exit(Exit::Nothing))
        }
        Action::Rotate { name } => rotate(app, secrets.as_ref(), &host, &name),
    }
}

/// Without the line end that a shell's `echo` adds.
fn read(app: &App, name: &SecretName) -> Result<Secret, Failure> {
    if app.ui.interactive {
        let asked = app.ui.ask_hidden(&format!("{name}:"));
        return asked.ok_or_else(|| Failure::new("nothing was typed"));
    }
    if Terminal::find().stdin {
        return Err(Failure::new("nobody can be asked here, and what is typed unasked would be seen")
            .next("leave standard error to the terminal, or give the credential by a pipe"));
    }
    let mut bytes = input::read_whole(app, Path::new("-"), Secret::LARGEST as u64 + 2)?;
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    Ok(Secret::new(bytes))
}

fn list(app: &App, secrets: &dyn Secrets, host: &Arc<dyn Host>) -> Result<Exit, Failure> {
    let (mut all, now) = (secrets.list().map_err(refused)?, host.now());
    all.extend(credentials::of(app, host.clone()).api_key());
    if matches!(app.output, Output::Json | Output::Jsonl) {
        let entries: Vec<_> = all
            .iter()
            .map(|about| {
                json!({
                    "name": about.name, "place": about.place, "made": about.made,
                    "rotates_by": about.terms.rotates_by, "confirm": about.terms.confirm,
                    "rotation": credentials::rotation(about, now),
                })
            })
            .collect();
        let shown = json!({ "place": secrets.place(), "credentials": entries });
        app.ui.result(&safe_json(&format!("{shown:#}")));
    } else {
        for about in &all {
            app.ui.result(&harmless(&line(about, now), false));
        }
        let place = secrets.place();
        app.ui.note(&if all.is_empty() {
            format!("none is kept; the place is {place}")
        } else {
            format!("new ones go into {place}")
        });
    }
    let due = all.iter().any(|about| credentials::rotation(about, now).is_some());
    all.iter().for_each(|about| credentials::warn(app, about, now));
    Ok(if due { Exit::Remaining } else { Exit::Clean })
}

fn line(about: &About, now: jiff::Timestamp) -> String {
    let day = |time: jiff::Timestamp| time.to_string().chars().take(10).collect::<String>();
    let mut text = format!("{:<28} {}", about.name.as_str(), about.place);
    if let Some(made) = about.made {
        text.push_str(&format!(", made {}", day(made)));
    }
    if let Some(end) = about.terms.rotates_by {
        text.push_str(&format!(", replace it by {}", day(end)));
    }
    if let Some(why) = credentials::rotation(about, now) {
        text.push_str(&format!(" ({why})"));
    }
    if about.terms.confirm {
        text.push_str(", each use is confirmed");
    }
    text
}

/// What every key begins with that is made here.
const KEY_BEGINS: &str = "eco_";

/// What another system gave would be lost, and the other does not know the new one.
fn is_ours(secrets: &dyn Secrets, name: &SecretName) -> Result<(), Failure> {
    let kept = secrets.get(name).map_err(refused)?;
    if kept.is_none_or(|secret| secret.expose().starts_with(KEY_BEGINS.as_bytes())) {
        return Ok(());
    }
    Err(Failure::new(format!("{name} is no key that ecoops made, so no new one can be made in its place"))
        .next(format!(
            "change it where it is checked, then keep the new one: `ecoops credential add {name} --rotates-in DAYS`"
        )))
}

fn rotate(
    app: &App,
    secrets: &dyn Secrets,
    host: &Arc<dyn Host>,
    name: &SecretName,
) -> Result<Exit, Failure> {
    let old = secrets.about(name).map_err(refused)?;
    if old.is_some() {
        is_ours(secrets, name)?;
    }
    let mut bytes = [0; 32];
    host.random(&mut bytes).map_err(|e| Failure::new("no key can be made").because(&e))?;
    let key = format!("{KEY_BEGINS}{}", URL_SAFE_NO_PAD.encode(bytes));
    let confirm = old.as_ref().is_some_and(|about| about.terms.confirm);
    let terms = credentials::terms(host.now(), Some(KEY_DAYS), confirm)?;
    let about = secrets.put(name, &key.as_str().into(), &terms).map_err(refused)?;
    app.ui.result(&key);
    let what = if old.is_some() { "the new key" } else { "the key" };
    app.ui.note(&harmless(&format!("{what} of {name} is kept in {} for {KEY_DAYS} days; it is shown this once, for the service that must know it", about.place), false));
    Ok(Exit::Clean)
}
