//! `ecoops ci` where pipelines run it: what it compares with, what it writes and how it ends.

use ecoops_tests::home::{Home, Ran, write};
use std::path::Path;

const BAD: &str = "import subprocess\n\ndef run(cmd):\n    subprocess.call(cmd, shell=True)\n";

fn ci(home: &Home, repo: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    home.ecoops_with(repo, &[&["ci"], arguments].concat(), "", variables)
}

fn results(file: &Path) -> usize {
    let sarif: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    sarif["runs"][0]["results"].as_array().unwrap().len()
}

#[test]
fn only_what_is_new_counts_where_a_base_is_known() {
    let home = Home::new();
    let repo = home.repo(&[("old.py", BAD)]);
    let before = home.git(&repo, &["rev-parse", "HEAD"]);
    home.commit(&repo, &[("fine.py", "x = 1\n")]);
    let out = home.path().join("out.sarif");
    let file = out.to_str().unwrap();
    let event = home.path().join("event.json");
    write(&event, &format!("{{\"before\": \"{before}\"}}"));
    let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_PATH", event.to_str().unwrap())];

    for (arguments, variables, code, found) in [
        (&["--base", &before, "--report", file][..], &[][..], 0, 0),
        (&["--report", file], &github, 0, 0),
        (&["--report", file], &[], 1, 1),
        (&["--all", "--report", file], &github, 1, 1),
    ] {
        let ran = ci(&home, &repo, arguments, variables);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert_eq!(results(&out), found, "the report has results exactly when the exit code is 1");
        assert_eq!(ran.stdout.is_empty(), code == 0, "nothing is said when clean");
    }
    let annotated = ci(&home, &repo, &["--all", "--report", file], &github);
    assert!(annotated.stdout.starts_with("::error file=old.py,line=4,"), "{}", annotated.stdout);
}

#[test]
fn a_pipeline_that_looks_at_nothing_is_not_clean() {
    let home = Home::new();
    let repo = home.repo(&[("a.py", "x = 1\n")]);
    let head = home.git(&repo, &["rev-parse", "HEAD"]);
    assert_eq!(ci(&home, &repo, &[], &[]).code, 0);
    assert_eq!(ci(&home, &repo, &["--base", &head], &[]).code, 0, "nothing is new");
    let empty = home.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let ran = ci(&home, &empty, &[], &[]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("checks the repository out"), "{}", ran.stderr);
}

#[test]
fn gitlab_gets_its_own_report() {
    let home = Home::new();
    let repo = home.repo(&[("old.py", BAD)]);
    let ran = ci(&home, &repo, &[], &[("GITLAB_CI", "true")]);
    assert_eq!(ran.code, 1);
    let text = std::fs::read_to_string(repo.join("gl-code-quality-report.json")).unwrap();
    let issues: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(issues[0]["location"]["path"], "old.py");
    assert_eq!(issues[0]["location"]["lines"]["begin"], 4);
}

#[test]
fn a_base_that_is_not_there_is_an_error_when_asked_for_and_everything_when_told() {
    let home = Home::new();
    let repo = home.repo(&[("old.py", BAD)]);
    let ran = ci(&home, &repo, &["--base", "origin/gone"], &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("names no commit here"), "{}", ran.stderr);
    let ran = ci(&home, &repo, &[], &[("GITHUB_ACTIONS", "true"), ("GITHUB_BASE_REF", "gone")]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("everything is looked at"), "{}", ran.stderr);
}
