//! `ecoops trust`: lets the repository's own settings do what could harm whoever runs them.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::settings::{self, FILE, Trust};
use crate::ui::harmless;
use ecoops_core::config::{FileKind, Layer, Sources, resolve};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Trust holds for the file as it is now; when it changes, it is asked for again.\n\nExamples:\n  ecoops trust --show      what would be trusted\n  ecoops trust             trust it\n  ecoops trust --revoke    trust it no more"
)]
pub struct Args {
    /// Only show what needs trust
    #[arg(long, conflicts_with = "revoke")]
    show: bool,
    /// Trust this repository no more
    #[arg(long)]
    revoke: bool,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let mut trust = Trust::read(&app.folders)?;
    if args.revoke {
        let was = trust.remove(&app.root);
        trust.write(&app.folders)?;
        app.ui.note(if was { "trusted no more" } else { "it was not trusted" });
        return Ok(Exit::Clean);
    }
    let Some(text) = settings::read(&app.root.join(FILE))? else {
        let what = format!("there is no {FILE} in {}", app.root.display());
        return Err(Failure::new(what).exit(Exit::Nothing));
    };
    let covered = trust.covers(&app.root, &text);
    let needs = needs(&text)?;
    if args.show {
        show(app, covered, &needs);
        return Ok(Exit::Clean);
    }
    for setting in &needs {
        app.ui.note(&harmless(setting, false));
    }
    if !covered {
        trust.add(&app.root, &text);
        trust.write(&app.folders)?;
    }
    app.ui.note(&format!("{} is trusted as it is now", app.root.join(FILE).display()));
    Ok(Exit::Clean)
}

/// The settings of the file that have no effect without trust, each as `file:line: name = value`.
fn needs(text: &[u8]) -> Result<Vec<String>, Failure> {
    let text = String::from_utf8_lossy(text);
    let failure = |e: ecoops_core::config::BadSetting| Failure::new(e.to_string());
    let layer =
        || Layer::from_toml(FileKind::Repository, FILE, text.trim_start_matches('\u{FEFF}')).map_err(failure);
    let untrusted = resolve(Sources { repository: layer()?, ..Sources::default() }).map_err(failure)?;
    let trusted =
        resolve(Sources { repository: layer()?, trusted: true, ..Sources::default() }).map_err(failure)?;
    let line =
        |name: &String| trusted.values.get(name).map(|(value, origin)| format!("{origin}: {name} = {value}"));
    Ok(untrusted.ignored.iter().filter_map(|i| line(&i.name)).collect())
}

fn show(app: &App, covered: bool, needs: &[String]) {
    if app.output == Output::Json {
        let shown = serde_json::json!({ "location": app.root, "trusted": covered, "needs_trust": needs });
        app.ui.result(&format!("{shown:#}"));
        return;
    }
    app.ui.result(if covered { "trusted" } else { "not trusted" });
    for setting in needs {
        app.ui.result(&format!("  {}", harmless(setting, false)));
    }
}
