//! Our SARIF against the standard's schema, by an independent validator.
//!
//! Needs the Python packages of `tests/parts.txt`, which `tests/run` installs into
//! `tests/.parts/venv`; without them the tests say that they were skipped.

use ecoops_tests::home::workspace;
use std::io::Write;
use std::process::{Command, Stdio};

/// The schema comes with the package `schemastore`, as one of the answers in its database.
const VALIDATE: &str = r#"
import json, os, sqlite3, sys
import jsonschema, schemastore
database = sqlite3.connect(os.path.join(os.path.dirname(schemastore.__file__), "cache.sqlite"))
title = b"Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
answers = (bytes(row[0]) for row in database.execute("select value from responses"))
answer = next(a for a in answers if title in a)
text = answer[answer.index(b'{\r\n'):].decode(errors="replace")
schema, _ = json.JSONDecoder().raw_decode(text)
validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
errors = [f"{list(e.absolute_path)}: {e.message[:300]}" for e in validator.iter_errors(json.load(sys.stdin))]
print("\n".join(errors))
sys.exit(3 if errors else 0)
"#;

/// `None` when the packages are not there.
fn validate(sarif: &str) -> Option<Result<(), String>> {
    let python = workspace().join("tests/.parts/venv/bin/python");
    let packages = Command::new(&python).args(["-c", "import jsonschema, schemastore"]).output();
    if !packages.is_ok_and(|o| o.status.success()) {
        eprintln!(
            "skipped: tests/.parts/venv lacks the packages of tests/parts.txt (tests/run installs them)"
        );
        return None;
    }
    let mut command = Command::new(python);
    command.args(["-c", VALIDATE]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(sarif.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => Some(Ok(())),
        Some(3) => Some(Err(said)),
        other => panic!("the validator itself failed: {other:?}"),
    }
}

/// The report with hostile content, as its snapshot keeps it.
fn sample() -> String {
    let file = workspace().join("cli/src/report/snapshots/ecoops__report__samples__scan_sarif.snap");
    let text = std::fs::read_to_string(file).unwrap();
    text.splitn(3, "---\n").nth(2).unwrap().to_owned()
}

#[test]
fn sarif_is_valid() {
    if let Some(valid) = validate(&sample()) {
        assert_eq!(valid, Ok(()));
    }
}

#[test]
fn the_validator_refuses_what_is_wrong() {
    let broken = sample().replacen("\"startLine\": 2", "\"startLine\": -2", 1);
    if let Some(valid) = validate(&broken) {
        assert!(valid.is_err_and(|e| e.contains("startLine")));
    }
}
