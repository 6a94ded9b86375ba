//! `ecoops credential`: kept, named, listed and rotated, and shown to nobody.
#![allow(clippy::unwrap_used)]

use ecoops_tests::binary;
use ecoops_tests::home::{Home, Ran};
use ecoops_tests::parts;
use serde_json::Value;
use std::process::{Command, Stdio};

const MACHINE: &[(&str, &str)] = &[];

fn add(home: &Home, arguments: &[&str], secret: &str, variables: &[(&str, &str)]) -> Ran {
    home.ecoops_with(home.path(), &[&["credential", "add"], arguments].concat(), secret, variables)
}

fn list(home: &Home, variables: &[(&str, &str)]) -> (i32, Value) {
    let ran = home.ecoops_with(home.path(), &["credential", "list", "--output", "json"], "", variables);
    (ran.code, serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}")))
}

#[test]
fn what_is_kept_is_listed_and_never_shown() {
    let home = Home::new();
    assert_eq!(list(&home, MACHINE).1["credentials"], serde_json::json!([]));
    for (arguments, secret) in [
        (&["redis/password"][..], "hunter2hunter2\n"),
        (&["far", "--rotates-in", "90"], "hunter2hunter2"),
        (&["asked", "--confirm"], "hunter2hunter2\r\n"),
    ] {
        let ran = add(&home, arguments, secret, MACHINE);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"), "{ran:?}");
    }
    let (code, all) = list(&home, MACHINE);
    let entries = all["credentials"].as_array().unwrap();
    let names: Vec<_> = entries.iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!((code, names), (0, vec!["asked", "far", "redis/password"]));
    assert!(entries.iter().all(|e| e["place"].as_str().unwrap().contains("encrypted by this machine's key")));
    assert_eq!((&entries[0]["confirm"], &entries[1]["confirm"]), (&true.into(), &false.into()));
    assert!(!all.to_string().contains("hunter2"));
    let text = home.ecoops(home.path(), &["credential", "list"]);
    assert!(
        text.stdout.contains("redis/password") && text.stdout.contains("each use is confirmed"),
        "{text:?}"
    );
    // Nearly over: said, and told by the exit code.
    add(&home, &["near", "--rotates-in", "14"], "x", MACHINE);
    let near = home.ecoops(home.path(), &["credential", "list"]);
    assert_eq!(near.code, 1, "{near:?}");
    assert!(
        near.stderr.contains("warning: near ends in")
            && near.stderr.contains("`ecoops credential add near --rotates-in DAYS`")
    );
    for name in ["near", "far"] {
        assert_eq!(home.ecoops(home.path(), &["credential", "remove", name]).code, 0);
    }
    assert_eq!(home.ecoops(home.path(), &["credential", "remove", "near"]).code, 3);
}

#[test]
fn a_rotated_key_is_another_and_shown_once() {
    let home = Home::new();
    let keys: Vec<String> = (0..2)
        .map(|_| {
            let ran = home.ecoops(home.path(), &["credential", "rotate", "eco/api-key"]);
            assert_eq!(ran.code, 0, "{ran:?}");
            ran.stdout.trim().to_owned()
        })
        .collect();
    assert!(keys.iter().all(|key| key.starts_with("eco_") && key.len() == 47), "{keys:?}");
    assert_ne!(keys[0], keys[1]);
    let (code, all) = list(&home, MACHINE);
    assert_eq!(code, 0);
    let (made, end) = (&all["credentials"][0]["made"], &all["credentials"][0]["rotates_by"]);
    let seconds = |time: &Value| time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    let days = (seconds(end) - seconds(made) + 1) / 86_400;
    assert_eq!(days, 90);
}

/// A password of another system is not replaced by a key that this system does not know.
#[test]
fn what_is_no_key_of_ours_is_not_rotated() {
    let home = Home::new();
    add(&home, &["redis/password", "--rotates-in", "7"], "hunter2hunter2", MACHINE);
    let before = list(&home, MACHINE);
    let ran = home.ecoops(home.path(), &["credential", "rotate", "redis/password"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert!(ran.stderr.contains("`ecoops credential add redis/password --rotates-in DAYS`"), "{ran:?}");
    assert_eq!(list(&home, MACHINE), before, "it is what it was");
}

/// Where nobody can be asked without showing what is typed, nothing is read from the terminal.
#[test]
fn what_is_typed_is_not_shown() {
    let home = Home::new();
    let mut command = home.command("script", home.path());
    let add = format!("'{}' credential add typed 2>said", binary::path().display());
    command.args(["-qec", &add, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        parts::skipped("script", "apt-get install bsdutils");
        return;
    };
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"hunter2hunter2\n\x04");
    let ended = child.wait_with_output().unwrap();
    let said = std::fs::read_to_string(home.path().join("said")).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("would be seen"), "{said}");
    assert_eq!(list(&home, MACHINE).1["credentials"], serde_json::json!([]));
}

#[test]
fn bad_names_and_nothing_are_refused() {
    let home = Home::new();
    for (name, secret) in [("A", "x"), ("../x", "x"), ("a b", "x"), ("", "x"), ("fine", ""), ("fine", "\n")] {
        let ran = add(&home, &[name], secret, MACHINE);
        assert_eq!(ran.code, 2, "{name:?} {secret:?}: {ran:?}");
    }
    let ran = add(&home, &["fine"], &"x".repeat(70_000), MACHINE);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(list(&home, MACHINE).1["credentials"], serde_json::json!([]));
}

#[test]
fn a_passphrase_opens_what_it_closed() {
    let home = Home::new();
    let right = &[("ECOOPS_PASSPHRASE", "correct horse"), ("ECOOPS_SECRETS_UNLOCK", "passphrase")];
    let wrong = &[("ECOOPS_PASSPHRASE", "battery staple"), ("ECOOPS_SECRETS_UNLOCK", "passphrase")];
    let none = &[("ECOOPS_SECRETS_UNLOCK", "passphrase")];
    assert_eq!(add(&home, &["a"], "x", right).code, 0);
    assert_eq!(list(&home, right).1["credentials"][0]["name"], "a");
    for (variables, why) in [
        (&wrong[..], "the passphrase is not the right one"),
        (&none[..], "asked for at a terminal"),
        (MACHINE, "it wants a passphrase"),
    ] {
        let ran = add(&home, &["b"], "x", variables);
        assert!(ran.code == 2 && ran.stderr.contains(why), "{ran:?}");
        assert!(!ran.stderr.contains("horse") && !ran.stderr.contains("staple"));
    }
    assert_eq!(list(&home, right).1["credentials"].as_array().unwrap().len(), 1);
}

#[test]
fn the_desktops_keyring_keeps_them_where_there_is_one() {
    let there =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    if !there("gnome-keyring-daemon") || !there("dbus-run-session") {
        parts::skipped("gnome-keyring", "apt-get install gnome-keyring dbus");
        return;
    }
    let home = Home::new();
    let script = r#"
        set -e
        printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
        printf hunter2 | "$ECOOPS" credential add redis/password --confirm
        "$ECOOPS" credential list --output json
        "$ECOOPS" credential remove redis/password
        "$ECOOPS" credential list --output json
    "#;
    let mut command = home.command("dbus-run-session", home.path());
    command.args(["--", "sh", "-c", script]).env("ECOOPS", binary::path());
    command.env("XDG_RUNTIME_DIR", home.path());
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut shown = serde_json::Deserializer::from_str(&ran.stdout).into_iter::<Value>();
    let (before, after) = (shown.next().unwrap().unwrap(), shown.next().unwrap().unwrap());
    assert_eq!(before["credentials"][0]["name"], "redis/password");
    assert_eq!(before["credentials"][0]["place"], "the desktop's keyring");
    assert_eq!(before["credentials"][0]["confirm"], true);
    assert_eq!(after["credentials"], serde_json::json!([]));
    assert!(!home.path().join("home/ecoops/state/credentials.json").exists(), "nothing went into a file");
}
