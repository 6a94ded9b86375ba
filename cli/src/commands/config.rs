//! `ecoops config`: the settings in force, and the file of defaults.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::ui::harmless;
use clap::Subcommand;
use ecoops_core::config::DEFAULTS;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ecoops config show --origin\n  ecoops config show scan.persona\n  ecoops config defaults > ecoops.toml"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The settings in force
    Show {
        /// Only this setting, or this section
        name: Option<String>,
        /// Also where each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// Every setting with its default, explained
    Defaults,
}

impl Args {
    pub fn needs_no_settings(&self) -> bool {
        matches!(self.what, What::Defaults)
    }
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.what {
        What::Defaults => app.ui.result(DEFAULTS),
        What::Show { name, origin } => show(app, name.as_deref(), origin)?,
    }
    Ok(Exit::Clean)
}

fn show(app: &App, name: Option<&str>, origin: bool) -> Result<(), Failure> {
    let wanted =
        |key: &str| name.is_none_or(|n| key == n || key.strip_prefix(n).is_some_and(|r| r.starts_with('.')));
    let shown: Vec<_> = app.configuration.values.iter().filter(|(key, _)| wanted(key)).collect();
    if let (Some(name), true) = (name, shown.is_empty()) {
        return Err(
            Failure::new(format!("there is no setting `{name}`")).next("see `ecoops config defaults`")
        );
    }
    if app.output == Output::Json {
        let entry = |(key, (value, from)): &(&String, &(toml::Value, _))| serde_json::json!({ "name": key, "value": value, "origin": from });
        let settings: Vec<_> = shown.iter().map(entry).collect();
        let ignored = app.configuration.ignored.iter();
        let ignored: Vec<_> =
            ignored.map(|i| serde_json::json!({ "name": i.name, "origin": i.origin })).collect();
        app.ui.result(&format!("{:#}", serde_json::json!({ "settings": settings, "ignored": ignored })));
        return Ok(());
    }
    for (key, (value, from)) in shown {
        let line = harmless(&format!("{key} = {value}"), false);
        app.ui.result(&if origin {
            format!("{line:<50} # {}", harmless(&from.to_string(), false))
        } else {
            line
        });
    }
    Ok(())
}
