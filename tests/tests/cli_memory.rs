//! `ecoops memory` as a user meets it.
#![allow(clippy::unwrap_used)]

use ecoops_tests::binary;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn ecoops(home: &Path, arguments: &[&str]) -> Output {
    binary::command(home).arg("memory").args(arguments).output().expect("ecoops starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stdout(output)))
}

/// A home with three documents, one of each of three kinds.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (file, kind, text) in [
        (
            "pool.md",
            "runbook",
            "# The connection pool is exhausted\n\nRestart the writer and return connections.",
        ),
        ("disk.md", "incident", "# Disk of the database full\n\nThe volume had no free space."),
        ("clock.txt", "postmortem", "The time of one node was wrong for a day."),
    ] {
        std::fs::write(home.path().join(file), text).unwrap();
        let output = ecoops(home.path(), &["add", file, "--type", kind]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    home
}

#[test]
fn adds_finds_lists_and_forgets() {
    let home = home();
    let home = home.path();
    let found = ecoops(home, &["search", "we ran out of database connections"]);
    assert_eq!(found.status.code(), Some(0));
    let text = stdout(&found);
    assert!(text.starts_with(" 1. The connection pool is exhausted [runbook]"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");

    let found = json(&ecoops(home, &["search", "no free space", "--top-k", "1", "--output", "json"]));
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    let first = &found["results"][0];
    assert_eq!((&first["type"], &first["text_rank"]), (&"incident".into(), &1.into()));
    assert!(
        first["snippet"].as_str().unwrap().contains("no free space")
            && first["score"].as_f64().unwrap() > 0.3
    );

    let some = ["search", "database", "--type", "incident,postmortem", "--output", "jsonl"];
    let lines = stdout(&ecoops(home, &some));
    let kinds: Vec<Value> =
        lines.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["type"].clone()).collect();
    assert_eq!(kinds, ["incident", "postmortem"]);

    let all = json(&ecoops(home, &["list", "--output", "json"]));
    let titles: Vec<&str> =
        all["documents"].as_array().unwrap().iter().map(|d| d["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["clock", "Disk of the database full", "The connection pool is exhausted"]);
    assert_eq!(stdout(&ecoops(home, &["list", "--type", "incident"])).lines().count(), 1);
    assert_eq!(stdout(&ecoops(home, &["list", "--limit", "2"])).lines().count(), 2);

    let id = all["documents"][0]["id"].as_str().unwrap();
    assert!(
        stdout(&ecoops(home, &["add", "clock.txt", "--type", "postmortem"])).starts_with(id),
        "kept once"
    );
    assert_eq!(ecoops(home, &["forget", id]).status.code(), Some(0));
    let again = ecoops(home, &["forget", id]);
    assert_eq!(again.status.code(), Some(3));
    assert!(stderr(&again).contains("there is no document"));
    assert_eq!(stdout(&ecoops(home, &["list"])).lines().count(), 2);
}

#[test]
fn an_empty_memory_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [&["search", "anything"][..], &["list"], &["list", "--output", "json"]] {
        let output = ecoops(home.path(), arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn bad_input_is_a_clear_error_and_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(home.path().join(name), bytes).unwrap();
    write("good.md", b"# Good\n\nA text.");
    write("binary", b"\x7fELF\0\x01\xff\xfe");
    write("nul.txt", b"a\0b");
    write("latin.txt", b"caf\xe9");
    write("huge.txt", &b"word ".repeat(300_000));
    write("blank.txt", b" \n");
    std::fs::create_dir(home.path().join("folder")).unwrap();
    let long = "long ".repeat(10_000);
    for (arguments, says) in [
        (&["add", "good.md", "missing.md"][..], "missing.md"),
        (&["add", "good.md", "binary"], "UTF-8"),
        (&["add", "nul.txt"], "not a text file"),
        (&["add", "latin.txt"], "UTF-8"),
        (&["add", "good.md", "huge.txt"], "longer than 1048576 bytes"),
        (&["add", "folder"], "not one"),
        (&["add", "/dev/zero"], "not one"),
        (&["add", "blank.txt", "--title", " "], "neither a title nor a text"),
        (&["add", "good.md", "nul.txt", "--title", "both"], "one title"),
        (&["add", "good.md", "--type", "novel"], "novel"),
        (&["search", ""], "empty"),
        (&["search", " \t"], "empty"),
        (&["search", &long], "longer than"),
        (&["search", "x", "--top-k", "0"], "1 to 100"),
        (&["search", "x", "--top-k", "1000"], "1 to 100"),
        (&["search", "x", "--top-k", "many"], "many"),
        (&["search"], "QUERY"),
    ] {
        let output = ecoops(home.path(), arguments);
        let (code, said) = (output.status.code(), stderr(&output));
        assert_eq!(code, Some(2), "{:?}: {said}", &arguments[..1]);
        assert!(said.contains(says) && !said.contains("panicked"), "{says:?} is not in {said}");
        assert!(output.stdout.is_empty(), "{}", stdout(&output));
    }
    assert_eq!(ecoops(home.path(), &["list"]).status.code(), Some(3), "nothing was kept");
}

#[test]
fn no_secret_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    std::fs::write(home.path().join("note.md"), format!("# Login\n\nexport TOKEN={token}\n")).unwrap();
    assert_eq!(ecoops(home.path(), &["add", "note.md"]).status.code(), Some(0));
    let found = stdout(&ecoops(home.path(), &["search", "login token", "--output", "json"]));
    assert!(found.contains("Login") && !found.contains(&token), "{found}");
}

/// Files may grow to `blocks` of 512 bytes, as on a full disk.
fn with_little_room(home: &Path, blocks: u32, arguments: &[&str]) -> Output {
    let normal = binary::command(home);
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" memory \"$@\""));
    command.arg(binary::path()).args(arguments).env_clear().current_dir(home);
    command.envs(normal.get_envs().filter_map(|(k, v)| Some((k, v?)))).output().expect("sh starts")
}

#[test]
fn a_full_disk_is_a_clear_error_and_nothing_is_lost() {
    let home = home();
    let before = stdout(&ecoops(home.path(), &["list", "--output", "json"]));
    let long: String = (0..9_000).map(|i| format!("line {i} of a long text\n")).collect();
    std::fs::write(home.path().join("long.txt"), long).unwrap();
    let output = with_little_room(home.path(), 1_000, &["add", "long.txt"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("long.txt was not kept") && said.contains("memory.sqlite"), "{said}");
    assert_eq!(stdout(&ecoops(home.path(), &["list", "--output", "json"])), before);
    assert_eq!(ecoops(home.path(), &["search", "pool"]).status.code(), Some(0));
}

#[test]
fn a_damaged_file_is_a_clear_error_and_left_alone() {
    let home = home();
    let file = home.path().join("ecoops/state/memory.sqlite");
    std::fs::write(&file, "not a database ".repeat(1_000)).unwrap();
    for arguments in [&["list"][..], &["search", "pool"], &["add", "pool.md"], &["forget", "fix-0"]] {
        let output = ecoops(home.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("damaged"), "{}", stderr(&output));
    }
    assert!(std::fs::read(&file).unwrap().starts_with(b"not a database"));
}
