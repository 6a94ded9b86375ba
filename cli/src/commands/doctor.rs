//! `ecoops doctor`: what works here, what is missing, and what to do about it.

use super::hook;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::git::Git;
use crate::host::{self, Automation, Tools};
use crate::open;
use crate::settings::{self, FILE, Trust};
use crate::ui::harmless;
use ecoops_core::config::Origin;
use ecoops_core::ports::objects::{Bucket, Objects};
use ecoops_plugins::registry;
use serde::Serialize;
use std::path::Path;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits 2 when something that ecoops needs does not work.\n\nExample:\n  ecoops doctor --output json"
)]
pub struct Args {}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Works,
    /// It works without, but less well.
    Missing,
    Broken,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    state: State,
    text: String,
}

fn line(name: &'static str, state: State, text: impl Into<String>) -> Line {
    Line { name, state, text: text.into() }
}

/// What is looked at, in the order in which it is shown.
const CHECKS: &[fn(&App) -> Vec<Line>] = &[
    settings_in_force,
    git,
    folders,
    space,
    sandbox,
    tools,
    rules,
    policy,
    audit,
    models,
    plans,
    objects,
    repository,
    pre_push,
    automation,
];

pub fn run(_args: Args, app: &App) -> Result<Exit, Failure> {
    let lines: Vec<Line> = CHECKS.iter().flat_map(|check| check(app)).collect();
    if app.output == Output::Json {
        app.ui.result(&format!("{:#}", serde_json::json!({ "checks": lines })));
    } else {
        for line in &lines {
            let mark = match line.state {
                State::Works => "ok     ",
                State::Missing => "missing",
                State::Broken => "BROKEN ",
            };
            app.ui.result(&format!("{mark}  {:<12} {}", line.name, harmless(&line.text, false)));
        }
    }
    let broken = lines.iter().any(|l| l.state == State::Broken);
    Ok(if broken { Exit::Error } else { Exit::Clean })
}

/// Broken ones are looked past here: everything below is told as it would be without any.
fn settings_in_force(app: &App) -> Vec<Line> {
    vec![match &app.unusable {
        Some(why) => line("settings", State::Broken, format!("{why}; below is what holds without them")),
        None => {
            let set = app.configuration.values.values().filter(|(_, from)| *from != Origin::Default).count();
            line("settings", State::Works, format!("{set} set, the others by default"))
        }
    }]
}

fn git(app: &App) -> Vec<Line> {
    vec![match Git::at(&app.here).ask(&["version"]) {
        Ok(Some(version)) => line("git", State::Works, version),
        _ => line("git", State::Missing, "not on the PATH: hooks and ci need it"),
    }]
}

fn folders(app: &App) -> Vec<Line> {
    let kept =
        [("config", &app.folders.config), ("state", &app.folders.state), ("cache", &app.folders.cache)];
    let check = |(name, folder): (&'static str, &std::path::PathBuf)| match writable(folder) {
        Ok(()) => line(name, State::Works, folder.display().to_string()),
        Err(e) => line(name, State::Broken, format!("{} cannot be written: {e}", folder.display())),
    };
    kept.into_iter().map(check).collect()
}

/// Makes the folder, and a file in it that is gone again.
fn writable(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let probe = folder.join(format!(".doctor.{}", std::process::id()));
    std::fs::write(&probe, b"ecoops").and_then(|()| std::fs::remove_file(&probe))
}

fn space(app: &App) -> Vec<Line> {
    const MIB: u64 = 1 << 20;
    let Ok(file_system) = rustix::fs::statvfs(&app.folders.state) else { return Vec::new() };
    let free = file_system.f_bavail.saturating_mul(file_system.f_frsize) / MIB;
    let state = match free {
        0..64 => State::Broken,
        64..1024 => State::Missing,
        _ => State::Works,
    };
    vec![line("disk", state, format!("{free} MiB free for journal and copies"))]
}

/// Landlock is what keeps a project's own checks from writing elsewhere.
fn sandbox(_app: &App) -> Vec<Line> {
    vec![if registry::sandbox_works() {
        line("sandbox", State::Works, "Landlock")
    } else {
        line("sandbox", State::Missing, "this kernel has no Landlock: checks run with fewer walls")
    }]
}

fn tools(_app: &App) -> Vec<Line> {
    const KNOWN: [&str; 8] = ["cargo", "python3", "node", "npm", "go", "mvn", "gradle", "make"];
    let found: Vec<_> = KNOWN.into_iter().filter(|t| host::which(t).is_some()).collect();
    let homes = Tools::find().homes.len();
    let text = format!(
        "{} ({homes} tool folders)",
        if found.is_empty() { "none".to_owned() } else { found.join(", ") }
    );
    vec![line("checks", if found.is_empty() { State::Missing } else { State::Works }, text)]
}

fn rules(app: &App) -> Vec<Line> {
    vec![match open::rules(app) {
        Ok(rules) => {
            let count = rules.rules().len();
            line(
                "rules",
                State::Works,
                format!("{count} rules; `ecoops scan --test-rules` runs their examples"),
            )
        }
        Err(e) => line("rules", State::Broken, e.what),
    }]
}

/// Without a policy everything is denied, which is safe and useless.
fn policy(app: &App) -> Vec<Line> {
    vec![match open::policy(app).map(|p| p.list()) {
        Ok(names) if names.is_empty() => line("policy", State::Broken, "0 policies: every change is denied"),
        Ok(names) => line("policy", State::Works, format!("{} policies: {}", names.len(), names.join(", "))),
        Err(e) => line("policy", State::Broken, e.what),
    }]
}

fn audit(app: &App) -> Vec<Line> {
    if !registry::has_audit_log(&app.folders.state) {
        return vec![line("audit log", State::Works, "none yet; the first fix begins it")];
    }
    let verified = open::audit_log(app).map(|log| log.verify());
    vec![match verified {
        Ok(Ok(v)) => line("audit log", State::Works, format!("{} entries verified, {}", v.entries, v.origin)),
        Ok(Err(e)) => line("audit log", State::Broken, e.to_string()),
        Err(e) => line("audit log", State::Broken, e.what),
    }]
}

fn models(app: &App) -> Vec<Line> {
    let network = if app.offline { "no network allowed" } else { "uses no network" };
    vec![match open::embedder(app) {
        Ok(embedder) => line("embedder", State::Works, format!("{}; {network}", embedder.model())),
        Err(e) => line("embedder", State::Broken, e.causes.join(": ")),
    }]
}

/// Where incidents and plans are kept, when that is a server.
fn plans(app: &App) -> Vec<Line> {
    let settings = &app.settings().incidents;
    if settings.adapter == "sqlite" {
        return Vec::new();
    }
    vec![match open::plans(app).map(|plans| plans.list(None, 1)) {
        Ok(Ok(_)) => line("incidents", State::Works, format!("incidents and plans at {}", settings.address)),
        Ok(Err(e)) => line("incidents", State::Broken, e.to_string()),
        Err(e) => line("incidents", State::Broken, e.what),
    }]
}

/// Where reports and attachments are kept, when that is a server.
fn objects(app: &App) -> Vec<Line> {
    let settings = &app.settings().objects;
    if settings.adapter == "folder" {
        return Vec::new();
    }
    let look = |objects: Box<dyn Objects>| {
        Bucket::ALL.iter().try_for_each(|bucket| objects.list(*bucket, "", 1).map(drop))
    };
    vec![match open::objects(app).map(look) {
        Ok(Ok(())) => {
            line("objects", State::Works, format!("reports and attachments at {}", settings.address))
        }
        Ok(Err(e)) => line("objects", State::Broken, e.to_string()),
        Err(e) => line("objects", State::Broken, format!("{}: {}", e.what, e.causes.join(": "))),
    }]
}

fn repository(app: &App) -> Vec<Line> {
    let file = app.root.join(FILE);
    let text = match settings::read(&file) {
        Ok(Some(text)) => text,
        Ok(None) => {
            return vec![line("settings", State::Works, format!("no {FILE} here; defaults and yours apply"))];
        }
        Err(e) => return vec![line("settings", State::Broken, e.what)],
    };
    let ignored = app.configuration.ignored.len();
    vec![match Trust::read(&app.folders) {
        Ok(trust) if trust.covers(&app.root, &text) => {
            line("settings", State::Works, format!("{FILE} is trusted"))
        }
        Ok(_) if ignored == 0 => line("settings", State::Works, format!("{FILE} needs no trust")),
        Ok(_) => line("settings", State::Missing, format!("{FILE}: {ignored} settings need `ecoops trust`")),
        Err(e) => line("settings", State::Broken, e.what),
    }]
}

fn pre_push(app: &App) -> Vec<Line> {
    vec![match hook::installed(app) {
        Ok(Some(file)) => line("hook", State::Works, file.display().to_string()),
        Ok(None) => line("hook", State::Missing, "pushes are not looked at: `ecoops hook install`"),
        Err(_) => line("hook", State::Missing, "this is no git repository"),
    }]
}

fn automation(_app: &App) -> Vec<Line> {
    vec![line("ci", State::Works, Automation::find().name())]
}
