//! `ecoops infra`: what is deployed, and deploying it, through the agent. What removes something is shown first, and
//! approved as it was shown.

use crate::agent::{self, Found};
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::report::safe_json;
use crate::ui::harmless;
use clap::Subcommand;
use ecoops_agent::client::{Client, ClientError};
use serde_json::{Value, json};

/// Files that are shown of one effect.
const MOST_SHOWN: usize = 40;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Applications are those of [delivery]; the agent deploys them and writes the record.\nA sync shows what it would change and asks. What you approve with --prune is that\neffect alone: if anything moved meanwhile, nothing is done.\n\nExamples:\n  ecoops infra list\n  ecoops infra sync shop --prune\n  ecoops infra rollback shop 3"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the applications, and whether each is as its source says; exits 1 when one is not
    #[command(after_help = "Example:\n  ecoops infra list --output json")]
    List,
    /// Show an application, and what was deployed when
    #[command(after_help = "Example:\n  ecoops infra show shop")]
    Show {
        #[arg(value_parser = name)]
        name: String,
    },
    /// Show what deploying would change, ask, and deploy
    #[command(after_help = "Example:\n  ecoops infra sync shop --prune --yes")]
    Sync {
        #[arg(value_parser = name)]
        name: String,
        /// Another revision than the desired one
        #[arg(long)]
        revision: Option<String>,
        /// Remove what the source does not have
        #[arg(long)]
        prune: bool,
        /// Approve it without being asked
        #[arg(long)]
        yes: bool,
    },
    /// Deploy again what an earlier deployment did
    #[command(after_help = "Example:\n  ecoops infra rollback shop 3")]
    Rollback {
        #[arg(value_parser = name)]
        name: String,
        /// The number of that deployment
        number: u64,
    },
}

fn name(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let fits =
        (1..=253).contains(&text.len()) && text.bytes().all(plain) && !text.trim_matches('.').is_empty();
    if fits { Ok(text.to_owned()) } else { Err("a name has letters, digits, `.`, `_` and `-` only".into()) }
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let client = match agent::find(app) {
        Found::Up(client) => client,
        Found::Not(why) => {
            return Err(Failure::new("the agent deploys, and it cannot be asked")
                .because_of(why.to_string())
                .next("start it: `ecoops agent start`"));
        }
    };
    match args.action {
        Action::List => list(app, &client),
        Action::Show { name } => {
            let state = data(&client, "GET", &format!("/infra/applications/{name}"), None)?;
            shown(app, &state, &state_text(&state));
            Ok(if state["syncStatus"] == "synced" { Exit::Clean } else { Exit::Remaining })
        }
        Action::Sync { name, revision, prune, yes } => {
            sync(app, &client, &Wish { name, revision, prune, approved: yes })
        }
        Action::Rollback { name, number } => {
            let path = format!("/infra/applications/{name}/rollback");
            let done = data(&client, "POST", &path, Some(&json!({ "targetRevision": number })))?;
            deployed(app, &done);
            Ok(Exit::Clean)
        }
    }
}

/// What the agent answers, out of the kernel's envelope where it is in one.
fn data(client: &Client, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
    let reply = client.ask(method, path, None, body).map_err(|error| match &error {
        ClientError::Refused { status: 403, .. } => {
            Failure::new("it is not allowed").because(&error).exit(Exit::PolicyDenied)
        }
        ClientError::Refused { status: 404, .. } => {
            Failure::new("there is no such application").because(&error).exit(Exit::Nothing)
        }
        _ => agent::failure(error),
    })?;
    let mut body: Value = serde_json::from_slice(&reply.body)
        .map_err(|e| Failure::new("the agent's answer cannot be read").because(&e))?;
    Ok(if body.get("success").is_some() { body["data"].take() } else { body })
}

fn shown(app: &App, whole: &Value, text: &str) {
    match app.output {
        Output::Json | Output::Jsonl => app.ui.result(&safe_json(&whole.to_string())),
        _ => app.ui.result(&harmless(text, true)),
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("unknown")
}

fn list(app: &App, client: &Client) -> Result<Exit, Failure> {
    let all = data(client, "GET", "/infra/drift", None)?;
    let applications = all["applications"].as_array().cloned().unwrap_or_default();
    let line = |one: &Value| {
        let message =
            one["message"].as_str().filter(|m| !m.is_empty()).map_or(String::new(), |m| format!("  {m}"));
        format!(
            "{:<24} {:<12} {}{message}",
            word(&one["name"]),
            word(&one["syncStatus"]),
            word(&one["healthStatus"])
        )
    };
    shown(app, &all, &applications.iter().map(line).collect::<Vec<_>>().join("\n"));
    if applications.is_empty() {
        app.ui.note("0 applications; name one in [delivery.applications], see `ecoops config defaults`");
        return Ok(Exit::Nothing);
    }
    Ok(if all["driftedCount"].as_u64() == Some(0) { Exit::Clean } else { Exit::Remaining })
}

fn state_text(state: &Value) -> String {
    let mut lines = vec![
        format!("{}: {}, {}", word(&state["name"]), word(&state["syncStatus"]), word(&state["healthStatus"])),
        format!("desired:  {}", word(&state["desiredRevision"])),
        format!("deployed: {}", state["deployedRevision"].as_str().unwrap_or("never")),
    ];
    lines.extend(state["message"].as_str().filter(|m| !m.is_empty()).map(str::to_owned));
    let history = state["history"].as_array().map(Vec::as_slice).unwrap_or_default();
    lines.extend(
        history
            .iter()
            .rev()
            .take(10)
            .map(|one| format!("  {:>4}  {}  {}", one["number"], word(&one["at"]), word(&one["revision"]))),
    );
    lines.join("\n")
}

/// A sync that was asked for.
struct Wish {
    name: String,
    revision: Option<String>,
    prune: bool,
    /// `--yes`.
    approved: bool,
}

fn sync(app: &App, client: &Client, wish: &Wish) -> Result<Exit, Failure> {
    let own = format!("/v1/infra/applications/{}", wish.name);
    let asked = wish
        .revision
        .as_deref()
        .map_or(String::new(), |r| format!("&revision={}", ecoops_plugins::http::path_part(r)));
    let effect = data(client, "GET", &format!("{own}/effect?prune={}{asked}", wish.prune), None)?;
    app.ui.note(&harmless(&effect_text(&effect), true));
    if !wish.approved {
        match app.ui.ask(&format!("Deploy this to {}? [y/N]", wish.name)).as_deref() {
            Some("y" | "Y" | "yes") => {}
            Some(_) => return Err(Failure::new("nothing was deployed").exit(Exit::ApprovalRequired)),
            None => {
                return Err(Failure::new("deploying needs your approval")
                    .next("run it in a terminal to be asked, or approve beforehand with --yes")
                    .exit(Exit::ApprovalRequired));
            }
        }
    }
    if wish.prune {
        let approval = json!({ "digest": effect["digest"], "revision": wish.revision, "prune": true });
        data(client, "POST", &format!("{own}/approvals"), Some(&approval))?;
    }
    // The commit that was shown; with an approval the agent sees to that.
    let shown = effect["changes"].is_array() && !wish.prune;
    let revision = if shown { effect["revision"].clone() } else { json!(wish.revision) };
    let body = json!({ "revision": revision, "prune": wish.prune });
    let done = data(client, "POST", &format!("/infra/applications/{}/sync", wish.name), Some(&body))?;
    deployed(app, &done);
    Ok(Exit::Clean)
}

/// What would change, file by file where the system tells.
fn effect_text(effect: &Value) -> String {
    let from = effect["deployed"]["revision"].as_str().unwrap_or("nothing");
    let mut lines =
        vec![format!("{}: {from} -> {}", word(&effect["application"]), word(&effect["revision"]))];
    match effect["changes"].as_array() {
        None => lines.push("  its system does not tell which files would change".to_owned()),
        Some(changes) if changes.is_empty() => lines.push("  no file changes".to_owned()),
        Some(changes) => {
            lines.extend(changes.iter().take(MOST_SHOWN).map(|change| {
                let mark = match (change["before"].is_null(), change["after"].is_null()) {
                    (true, _) => '+',
                    (_, true) => '-',
                    _ => '~',
                };
                format!("  {mark} {}", word(&change["path"]))
            }));
            if changes.len() > MOST_SHOWN {
                lines.push(format!("  and {} more files", changes.len() - MOST_SHOWN));
            }
        }
    }
    lines.join("\n")
}

fn deployed(app: &App, done: &Value) {
    let text = format!("deployment {}: {}", done["deployment"], word(&done["message"]));
    shown(app, done, &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_place() {
        for (text, good) in
            [("shop", true), ("a.b-c_1", true), ("", false), ("..", false), ("a/b", false), ("a?b", false)]
        {
            assert_eq!(name(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn an_effect_is_shown_file_by_file() {
        let change = |path: &str, before: bool, after: bool| {
            let hash = |there: bool| there.then_some("sha256:x");
            json!({ "path": path, "before": hash(before), "after": hash(after) })
        };
        let changes =
            [change("new", false, true), change("changed", true, true), change("gone", true, false)];
        let effect =
            json!({ "application": "shop", "deployed": null, "revision": "abc", "changes": changes });
        assert_eq!(effect_text(&effect), "shop: nothing -> abc\n  + new\n  ~ changed\n  - gone");
        let untold = json!({ "application": "shop", "deployed": { "revision": "a" }, "revision": "b", "changes": null });
        assert!(effect_text(&untold).contains("does not tell"));
    }
}
