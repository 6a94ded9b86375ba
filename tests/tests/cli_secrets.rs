//! Secrets stay in: a made-up credential of every known format leaves by no output, log, event, memory or
//! record.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::credential::FORMATS;
use ecoops_core::engines::redact::Redactor;
use ecoops_tests::canary::{Canary, canaries};
use ecoops_tests::home::Ran;
use ecoops_tests::project::Project;
use std::collections::BTreeSet;

#[test]
fn there_is_a_canary_of_every_format_and_the_redactor_knows_it() {
    let known: BTreeSet<&str> = FORMATS.iter().map(|format| format.kind).collect();
    let made: BTreeSet<&str> = canaries().iter().map(|canary| canary.kind).collect();
    assert_eq!(made, known);
    let redactor = Redactor::new(*b"0123456789abcdef");
    for canary in canaries() {
        let shown = redactor.redact(&canary.text).text;
        assert!(shown.contains(&format!("secret:{}:", canary.kind)), "{}: {shown}", canary.kind);
        for secret in &canary.secrets {
            assert!(!shown.contains(secret), "{}", canary.kind);
        }
    }
}

/// As Python: in a string of its own, which takes several lines where the canary does.
fn quoted(canary: &Canary) -> String {
    let quotes = if canary.text.contains('\n') { "'''" } else { "'" };
    format!("{quotes}{}{quotes}", canary.text)
}

#[test]
fn canary_secrets_leave_by_no_way() {
    let canaries = canaries();
    let settings: String =
        canaries.iter().enumerate().map(|(i, c)| format!("value_{i} = {}\n", quoted(c))).collect();
    // Each stands beside something that is fixed, so that it is in the patch; and many within it.
    let mut app = "import loader\n\n\ndef all(x):\n".to_owned();
    for canary in &canaries {
        app.push_str(&format!("    y = {}\n    if x == None:\n        return y\n", quoted(canary)));
    }
    let plain: Vec<String> = canaries.iter().filter(|c| !c.text.contains('\n')).map(quoted).collect();
    app.push_str(&format!("    return loader.load([{}])\n", plain.join(", ")));
    let project = Project::new(&[("settings.py", &settings), ("app.py", &app)]);
    project.configure("");
    let mut said: Vec<(String, String)> = Vec::new();
    let mut run = |arguments: &[&str]| -> Ran {
        let ran = Ran::of(project.command().args(arguments));
        said.push((arguments.join(" "), format!("{}{}", ran.stdout, ran.stderr)));
        ran
    };
    let formats = ["text", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"];
    for format in formats {
        assert_eq!(run(&["scan", "--output", format]).code, 1, "{format}");
    }
    let fix = ["fix", "--rule", "own-*", "--unsafe-fixes", "--no-validate"];
    for format in formats {
        run(&[&fix[..], &["--dry-run", "--output", format]].concat());
    }
    run(&[&fix[..], &["--diff"]].concat());
    let ran = run(&[&fix[..], &["--yes", "--log", "trace"]].concat());
    assert!(ran.code <= 1, "{} {}", ran.code, ran.stderr.len());
    assert!(project.read("app.py").contains("safe_load"), "something was fixed");
    run(&["runs", "--output", "json"]);
    run(&["events", "replay", "--from", "1", "--output", "jsonl"]);
    run(&["memory", "list"]);
    run(&["memory", "search", "document loaded", "--output", "json"]);
    run(&["audit", "log", "--output", "json"]);
    run(&["audit", "export", "-"]);
    run(&["undo"]);
    assert_eq!(project.read("app.py"), app, "the files themselves keep theirs");
    let mut leaks: Vec<String> = Vec::new();
    for (command, text) in &said {
        leaks.extend(
            held(&canaries, text.as_bytes()).iter().map(|kind| format!("`{command}` shows a {kind}")),
        );
    }
    let kept = ["events.sqlite", "events.sqlite-wal", "memory.sqlite", "memory.sqlite-wal"];
    let mut files: Vec<_> = kept.iter().map(|n| project.state("state").join(n)).collect();
    let log = ecoops_tests::repository::snapshot_of(&project.state("state/audit"), true);
    files.retain(|f| f.exists());
    assert!(!log.is_empty() && files.len() >= 2);
    let contents = files.iter().map(|f| (f.display().to_string(), std::fs::read(f).unwrap()));
    for (name, bytes) in contents.chain(log.into_iter().map(|(name, (_, bytes))| (name, bytes))) {
        leaks.extend(held(&canaries, &bytes).iter().map(|kind| format!("{name} holds a {kind}")));
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// Kinds of the canaries that stand in some bytes.
fn held(canaries: &[Canary], bytes: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    let shows = |secret: &String| text.contains(secret.as_str());
    canaries.iter().filter(|c| c.secrets.iter().any(shows)).map(|c| c.kind).collect()
}
