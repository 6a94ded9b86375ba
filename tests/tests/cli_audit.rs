//! `ecoops audit` as a user meets it.
#![allow(clippy::unwrap_used)]

use ecoops_core::domain::{AuditEntry, AuditResult};
use ecoops_plugins::registry;
use ecoops_tests::binary;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

fn ecoops(home: &Path, arguments: &[&str]) -> Output {
    binary::command(home).arg("audit").args(arguments).output().expect("ecoops starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A home with a log of `count` entries, and the log's key.
fn home(count: usize) -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let log = registry::audit_log(&home.path().join("ecoops/state"), "ecoops.local/audit").unwrap();
    let entries: Vec<AuditEntry> = (0..count)
        .map(|number| AuditEntry {
            timestamp: "2026-01-02T03:04:05Z".into(),
            trace_id: "t".into(),
            run: "r".into(),
            actor: "user:1000".into(),
            action: "integrate".into(),
            resource: format!("file_{number}\u{1b}[31m"),
            result: AuditResult::Success,
            policy: None,
            content_hash: None,
            urn: "urn:ecoops:run:r".into(),
            uri: "file:///x".into(),
            signer: "self".into(),
            asked: None,
            details: None,
        })
        .collect();
    log.append(&entries).unwrap();
    let key = log.verifier_key();
    (home, key)
}

#[test]
fn an_empty_log_is_no_error_to_show_and_nothing_to_verify() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, code) in [
        (&["log"][..], 0),
        (&["verify"], 3),
        (&["proof", "0"], 3),
        (&["export", "-"], 3),
        (&["proof"], 2),
        (&["verify", "nowhere", "--key", "nonsense"], 2),
        (&["proof", "--check", "nowhere", "--key", "nonsense"], 2),
    ] {
        let output = ecoops(home.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
    assert!(!home.path().join("ecoops/state/keys").exists(), "looking makes no key");
}

#[test]
fn the_log_shows_the_last_entries_or_a_range() {
    let (home, _) = home(30);
    let output = ecoops(home.path(), &["log"]);
    assert_eq!(stdout(&output).lines().count(), 20);
    assert!(stdout(&output).lines().last().unwrap().contains("file_29"));
    assert!(!stdout(&output).contains('\u{1b}'), "control characters reach no terminal");
    let output = ecoops(home.path(), &["log", "--from", "3", "--limit", "2", "--output", "json"]);
    let entries: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(entries.as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&entries[0]["index"], &entries[1]["entry"]["resource"]),
        (&3.into(), &"file_4\u{1b}[31m".into())
    );
}

#[test]
fn verification_ends_with_8_when_a_byte_was_changed() {
    let (home, key) = home(300);
    let output = ecoops(home.path(), &["verify", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&answer["whole"], &answer["entries"], &answer["key"]),
        (&true.into(), &300.into(), &key.into())
    );

    let tile = home.path().join("ecoops/state/audit/tile/0/000");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    let output = ecoops(home.path(), &["verify"]);
    assert_eq!(output.status.code(), Some(8), "{}", stderr(&output));
    assert!(stderr(&output).contains("tile/0/000"), "{}", stderr(&output));
    let output = ecoops(home.path(), &["verify", "--output", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&stdout(&output)).unwrap()["whole"], false);
}

/// What was removed or cannot be looked at is not taken for a log that is yet to begin.
#[test]
fn a_log_that_is_gone_is_not_one_that_never_was() {
    type Removal = (&'static str, fn(&Path));
    let gone: [Removal; 3] = [
        ("checkpoint and journal", |audit| {
            std::fs::remove_file(audit.join("checkpoint")).unwrap();
            std::fs::remove_file(audit.join("journal")).unwrap();
        }),
        ("all of it", |audit| std::fs::remove_dir_all(audit).unwrap()),
        ("a file instead", |audit| {
            std::fs::remove_dir_all(audit).unwrap();
            std::fs::write(audit, "x").unwrap();
        }),
    ];
    for (what, remove) in gone {
        let (home, _) = home(10);
        // Who looked at it once knows that it was there.
        assert_eq!(ecoops(home.path(), &["verify"]).status.code(), Some(0));
        remove(&home.path().join("ecoops/state/audit"));
        for command in ["verify", "log"] {
            let output = ecoops(home.path(), &[command]);
            let code = output.status.code();
            assert!(matches!(code, Some(2 | 8)), "{what}: {command}: {code:?} {}", stderr(&output));
        }
    }
}

#[test]
fn a_copy_and_a_proof_need_the_public_key_alone() {
    let (home, key) = home(300);
    let stranger = tempfile::tempdir().unwrap();
    let copy = stranger.path().join("copy");
    let proof = stranger.path().join("17.tlog-proof");
    let (copy, proof) = (copy.to_str().unwrap(), proof.to_str().unwrap());
    assert_eq!(ecoops(home.path(), &["export", copy]).status.code(), Some(0));
    assert_eq!(ecoops(home.path(), &["export", copy]).status.code(), Some(2), "a full folder is left alone");
    assert_eq!(ecoops(home.path(), &["proof", "17", "-o", proof]).status.code(), Some(0));
    assert_eq!(ecoops(home.path(), &["proof", "300"]).status.code(), Some(2));

    let output = ecoops(stranger.path(), &["verify", copy, "--key", &key]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = ecoops(stranger.path(), &["proof", "--check", proof, "--key", &key]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("file_17"));

    let changed = std::fs::read_to_string(proof).unwrap().replace("index 17", "index 18");
    std::fs::write(proof, changed).unwrap();
    assert_eq!(ecoops(stranger.path(), &["proof", "--check", proof, "--key", &key]).status.code(), Some(8));

    let output = ecoops(home.path(), &["export", "-"]);
    let lines: Vec<Value> = stdout(&output).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 300);
    assert_eq!(lines[299]["index"], 299);
}

#[test]
fn a_filter_finds_the_newest_that_fit_and_a_bad_one_is_refused() {
    let (home, _) = home(300);
    let lines = |arguments: &[&str]| {
        let ran = ecoops(home.path(), &[&["log"], arguments].concat());
        assert!(ran.status.success(), "{}", stderr(&ran));
        let said = stdout(&ran);
        said.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (arguments, expected) in [
        (&["--action", "integrate", "--limit", "2"][..], &["298", "299"][..]),
        (&["--actor", "user:1000", "--result", "success", "--limit", "1"], &["299"]),
        (&["--resource", "file_7\u{1b}[31m"], &["7"]),
        (&["--trace", "t", "--since", "2026-01-02T03:04:05Z", "--limit", "1"], &["299"]),
        (&["--until", "2026-01-02T03:04:04Z"], &[]),
        (&["--action", "undo"], &[]),
        (&["--from", "254", "--limit", "3"], &["254", "255", "256"]),
    ] {
        assert_eq!(lines(arguments), expected, "{arguments:?}");
    }
    assert_eq!(lines(&["--limit", "5000"]).len(), 300);
    for arguments in [&["--from", "1", "--action", "x"][..], &["--since", "noon"], &["--result", "perhaps"]] {
        let ran = ecoops(home.path(), &[&["log"], arguments].concat());
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}: {}", stdout(&ran));
    }
}

/// An entry of a run, a second after the one before.
fn of_run(number: i64, action: &str, result: AuditResult, signer: &str) -> AuditEntry {
    let allowed = ecoops_core::domain::PolicyStamp {
        version: "sha256:0123456789abcdef".into(),
        decision: "allow".into(),
        reason: "fine".into(),
    };
    AuditEntry {
        timestamp: jiff::Timestamp::from_second(1_767_323_045 + number).unwrap().to_string(),
        trace_id: "t".into(),
        run: "r".into(),
        actor: "user|1000".into(),
        action: action.into(),
        resource: "src/\u{1b}[31m*x*".into(),
        result,
        policy: (action == "gate").then_some(allowed),
        content_hash: None,
        urn: "urn:ecoops:run:r".into(),
        uri: "file:///x".into(),
        signer: signer.into(),
        asked: None,
        details: None,
    }
}

/// A run whose first attempt failed and whose second landed, as an auditor meets it.
#[test]
fn a_report_names_the_evidence_of_each_change_and_every_exception() {
    use AuditResult::{Failure, Success};
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let none = ecoops(home, &["report", "soc2"]);
    assert_eq!(none.status.code(), Some(3), "{}", stderr(&none));
    let log = registry::audit_log(&home.join("ecoops/state"), "ecoops.local/audit").unwrap();
    let actions = [
        ("gate", Success),
        ("integrate", Success),
        ("validate", Failure),
        ("integrate", Success),
        ("validate", Success),
        ("approve", Success),
        ("audit", Success),
    ];
    let entries: Vec<AuditEntry> =
        (0..).zip(actions).map(|(n, (action, result))| of_run(n, action, result, "self")).collect();
    log.append(&entries).unwrap();
    drop(log);
    let period = ["--from", "2026-01-02", "--to", "2026-01-02"];
    let report = |more: &[&str]| ecoops(home, &[&["report", "soc2"], &period[..], more].concat());

    // Entries are signed by whoever acted: one control has an exception, and says which entry.
    let text = report(&[]);
    let shown = stdout(&text);
    assert_eq!(text.status.code(), Some(1), "{}", stderr(&text));
    for part in [
        "2026-01-02T00:00:00Z to 2026-01-02T23:59:59.999999Z",
        "from 7 entries",
        "every hash recomputed",
        "| CC8.1 | Changes are authorised |",
        "**FAIL**",
        "CC5.2 Duties are separated between actor and recorder: 1 of 1",
        "no separation of duties",
        "## Changes (1)",
        // entry, time, actor, resource, allowed, validated, approved, undone
        "| 6 | 2026-01-02T03:04:11Z | user\\|1000 |",
        " in file:///x | 0 | 4 | 5 | - |",
        "What this report cannot show",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains('\u{1b}') && !shown.contains(" *x*"), "no markup of others: {shown}");
    let read: Value = serde_json::from_str(&stdout(&report(&["--output", "json"]))).unwrap();
    let status = |id: &str| {
        let controls = read["controls"].as_array().unwrap();
        controls.iter().find(|control| control["id"] == id).unwrap()["status"].clone()
    };
    for (id, expected) in [
        ("CC8.1", "pass"),
        ("CC8.1-T", "pass"),
        ("CC7.3", "pass"),
        ("CC5.2", "fail"),
        ("CC6.3", "not_tested"),
    ] {
        assert_eq!(status(id), expected, "{id}");
    }
    assert_eq!(read["summary"]["listed"][0]["approved"], 5);

    // Another period holds nothing, and says so.
    let empty = ecoops(home, &["report", "iso27001", "--from", "2025-01-01", "--to", "2025-01-31"]);
    assert!(empty.status.success() && stdout(&empty).contains("no control was tested"), "{}", stdout(&empty));
    let wrong = ecoops(home, &["report", "iso27001", "--from", "2026-01-02", "--to", "2026-01-01"]);
    assert_eq!(wrong.status.code(), Some(2));

    // Kept, it is found again; and so is a copy of the entries.
    let kept = report(&["--keep", "--out", "own.md"]);
    assert_eq!(kept.status.code(), Some(1), "{}", stderr(&kept));
    assert_eq!(ecoops(home, &["export", "--keep"]).status.code(), Some(0));
    let mut list = binary::command(home);
    let listed = stdout(&list.args(["objects", "list", "audit/", "--output", "json"]).output().unwrap());
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let names: Vec<&str> =
        listed["objects"].as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap()).collect();
    let markdown = names.iter().find(|name| name.ends_with("-soc2.md")).unwrap();
    let back = binary::command(home).args(["objects", "get", markdown]).output().unwrap();
    assert_eq!(back.stdout, std::fs::read(home.join("own.md")).unwrap());
    let lines = names.iter().find(|name| name.ends_with(".jsonl")).unwrap();
    let back = binary::command(home).args(["objects", "get", lines]).output().unwrap();
    assert_eq!(stdout(&back).lines().count(), 7);

    // A log that does not hold is said first of all.
    let tile = home.join("ecoops/state/audit/tile/0/000.p/7");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    let broken = report(&[]);
    assert_eq!(broken.status.code(), Some(8), "{}", stdout(&broken));
}
