//! `ecoops policy` and `ecoops events` as a user meets them: output, exit codes, bad input.

// A helper of a test fails by panicking, as the test itself does.
#![allow(clippy::unwrap_used)]

use ecoops_core::domain::{EVENT_SOURCE, EventData, RemediationEvent};
use ecoops_core::ports::events::Events;
use ecoops_plugins::events::embedded::{Embedded, Retention};
use ecoops_plugins::registry;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The binary that `cargo build -p ecoops` made beside this test.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("ecoops");
    assert!(path.is_file(), "{} is missing: run `cargo build -p ecoops` first", path.display());
    path
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

fn ecoops(home: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(binary())
        .args(arguments)
        .current_dir(home)
        .env("ECOOPS_HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may refuse the arguments and end before it reads.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

const ALLOWED: &str =
    r#"{"actor":"me","action":"apply-fix","resource":"a.py","severity":"low","compliance_mode":"standard"}"#;

#[test]
fn policy_eval_says_its_decision_by_exit_code_and_reasons() {
    let home = tempfile::tempdir().unwrap();
    let wrapped = format!("{{\"input\": {ALLOWED}}}");
    let denied = ALLOWED.replace("a.py", "Cargo.lock");
    let missing = ALLOWED.replace("\"actor\":\"me\",", "");
    for (input, code, said) in [
        (ALLOWED.as_bytes(), 0, "allowed: apply-fix on a.py"),
        (wrapped.as_bytes(), 0, "allowed"),
        (denied.as_bytes(), 4, "Cargo.lock is a lock file"),
        (missing.as_bytes(), 2, "missing field `actor`"),
        (b"", 2, "EOF"),
        (b"\xFF\xFE\x00", 2, "error: the input - cannot be read"),
        (&[b'['; 100_000], 2, "recursion limit"),
        (&[b' '; 5 << 20], 2, "at most"),
    ] {
        let ran = ecoops(home.path(), &["policy", "eval", "--input", "-"], input);
        assert_eq!(ran.code, code, "{said}: {} {}", ran.stdout, ran.stderr);
        assert!(
            format!("{}{}", ran.stdout, ran.stderr).contains(said),
            "{said}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
    let ran = ecoops(home.path(), &["policy", "eval", "--input", "-", "--output", "json"], denied.as_bytes());
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &json["result"]), (4, &false.into()));
    assert!(json["version"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(ecoops(home.path(), &["policy", "eval", "--input", "none.json"], b"").code, 2);
}

#[test]
fn policy_test_runs_the_default_and_a_teams_own() {
    let home = tempfile::tempdir().unwrap();
    let ran = ecoops(home.path(), &["policy", "test"], b"");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("pass  data.remediation_test.test_tiers"), "{}", ran.stdout);
    let team = home.path().join("team");
    std::fs::create_dir(&team).unwrap();
    assert_eq!(ecoops(home.path(), &["policy", "test", "team"], b"").code, 3);
    std::fs::write(team.join("t_test.rego"), "package t\ntest_a := true\ntest_b := false\n").unwrap();
    let ran = ecoops(home.path(), &["policy", "test", "team"], b"");
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stdout, "pass  data.t.test_a\nFAIL  data.t.test_b\n");
    std::fs::write(team.join("broken.rego"), "package").unwrap();
    assert_eq!(ecoops(home.path(), &["policy", "test", "team"], b"").code, 2);
    assert_eq!(ecoops(home.path(), &["policy", "test", "nowhere"], b"").code, 2);
}

#[test]
fn policy_list_names_the_users_policies() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("config/policies");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("team.rego"), "package remediation\ndeny contains \"Not now.\"\n").unwrap();
    let ran = ecoops(home.path(), &["policy", "list"], b"");
    assert_eq!(ran.stdout, "default/remediation.rego\nuser/team.rego\n");
    let ran = ecoops(home.path(), &["policy", "eval", "--input", "-"], ALLOWED.as_bytes());
    assert_eq!(ran.code, 4);
    assert!(ran.stdout.contains("Not now."), "{}", ran.stdout);
}

fn log(home: &Path) -> Embedded {
    let host = registry::host("system").unwrap();
    Embedded::open(&home.join("state/events.sqlite"), Retention::default(), host).unwrap()
}

fn fill(home: &Path, count: u64) {
    let log = log(home);
    for n in 1..=count {
        let data = EventData::Fixed { commit_sha: n.to_string(), patch_diff: "a\n\u{1b}[2Jb".to_owned() };
        let event = RemediationEvent {
            data,
            source: EVENT_SOURCE.to_owned(),
            timestamp: "2026-11-20T08:00:00Z".to_owned(),
            trace_id: "c232ab00-9414-11ec-b3c8-9f6bdeced846".to_owned(),
        };
        log.publish(&event, &n.to_string()).unwrap();
    }
}

#[test]
fn events_are_shown_from_where_one_asks() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(ecoops(home.path(), &["events", "tail"], b"").stdout, "");
    fill(home.path(), 30);
    for (arguments, first, count) in [
        (vec!["tail"], 11, 20),
        (vec!["tail", "-n", "2"], 29, 2),
        (vec!["tail", "-n", "99"], 1, 30),
        (vec!["tail", "--from", "5"], 5, 26),
        (vec!["replay", "--from", "1"], 1, 30),
        (vec!["replay", "--from", "7", "--count", "3"], 7, 3),
    ] {
        let json = [&["events"], arguments.as_slice(), &["--output", "json"]].concat();
        let ran = ecoops(home.path(), &json, b"");
        let lines: Vec<serde_json::Value> =
            ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((ran.code, lines.len()), (0, count), "{arguments:?}");
        assert_eq!(lines[0]["offset"], first, "{arguments:?}");
        assert_eq!(lines[0]["event_type"], "remediation.fixed");
    }
    let text = ecoops(home.path(), &["events", "tail", "-n", "1"], b"").stdout;
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("remediation.fixed") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn dead_letters_are_listed_revived_and_dropped() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 1);
    assert!(ecoops(home.path(), &["events", "dlq", "list"], b"").stderr.contains("0 dead letters"));
    let log = log(home.path());
    let give_up = || {
        while log.dead_letters(None).unwrap().is_empty() {
            // A lease of no length is over at once: five consumers die of it.
            log.read("g", "c", 1, 0).unwrap();
        }
    };
    give_up();
    let listed = ecoops(home.path(), &["events", "dlq", "list", "--output", "json"], b"");
    let letter: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!((&letter["group"], &letter["offset"]), (&"g".into(), &1.into()));
    assert_eq!(ecoops(home.path(), &["events", "dlq", "revive", "g", "1"], b"").code, 0);
    let again = ecoops(home.path(), &["events", "dlq", "revive", "g", "1"], b"");
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("no dead letter of the group `g`"), "{}", again.stderr);
    give_up();
    assert_eq!(ecoops(home.path(), &["events", "dlq", "drop", "g", "1"], b"").code, 0);
    assert!(log.dead_letters(None).unwrap().is_empty());
}

#[test]
fn a_damaged_log_is_told() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path(), 3);
    let file = home.path().join("state/events.sqlite");
    let sql = "UPDATE events SET body = '{}' WHERE offset = 2";
    rusqlite::Connection::open(&file).unwrap().execute(sql, []).unwrap();
    let ran = ecoops(home.path(), &["events", "replay", "--from", "1"], b"");
    assert_eq!((ran.code, ran.stdout.lines().count()), (2, 2));
    assert!(ran.stderr.contains("offset 2 is damaged"), "{}", ran.stderr);
    let broken = tempfile::tempdir().unwrap();
    std::fs::create_dir(broken.path().join("state")).unwrap();
    std::fs::write(broken.path().join("state/events.sqlite"), [7; 5000]).unwrap();
    let ran = ecoops(broken.path(), &["events", "tail"], b"");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("next: check"), "{}", ran.stderr);
}
