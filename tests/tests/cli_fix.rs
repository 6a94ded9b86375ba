//! `ecoops fix` and `ecoops undo` as a user meets them: what changes, what does not, and how it ends.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::home::{Ran, binary, write};
use ecoops_tests::project::{APP, LOADER, Project, TESTS};
use ecoops_tests::repository::differences;
use std::os::unix::fs::{PermissionsExt, symlink};

const SAFE: &str = "return x is None";

/// Fast: without the project's own checks.
const QUICK: &[&str] = &["--yes", "--no-validate"];

#[test]
fn a_safe_fix_changes_its_own_lines_and_undo_restores_every_byte() {
    let project = Project::app();
    let before = project.snapshot();
    let ran = project.fix(&["--yes"]);
    assert_eq!(ran.code, 1, "the unsafe one is left: {}{}", ran.stdout, ran.stderr);
    assert_eq!(project.read("app.py"), APP.replace("return x == None", SAFE));
    assert_eq!(project.changed(&before), ["app.py"], "the index is byte for byte what it was");
    assert!(ran.stdout.contains("test passed"), "{}", ran.stdout);
    assert!(ran.stdout.contains("left high app.py:13:12"), "{}", ran.stdout);
    let runs = project.runs();
    assert_eq!(runs[0]["state"], "completed");
    assert!(ran.stdout.contains(runs[0]["id"].as_str().unwrap()), "{}", ran.stdout);
    assert_eq!(project.leftovers(), [""; 0]);
    witnessed(&project);

    let ran = project.run(&["undo"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(project.changed(&before), [""; 0]);
    assert_eq!(project.runs()[0]["state"], "undone");
    let ran = project.run(&["undo"]);
    assert_eq!(ran.code, 3, "there is nothing more to undo: {}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("nothing to take back"), "{}", ran.stderr);
    assert_eq!(project.run(&["audit", "verify"]).code, 0);
}

/// The six events by name and field, under one trace, and an entry of the audit log for each phase.
fn witnessed(project: &Project) {
    let ran = project.run(&["events", "replay", "--from", "1", "--output", "jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let events: Vec<serde_json::Value> =
        ran.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let fields = |e: &serde_json::Value| {
        let data = e["data"].as_object().unwrap();
        format!(
            "{}({})",
            e["event_type"].as_str().unwrap(),
            data.keys().cloned().collect::<Vec<_>>().join(",")
        )
    };
    assert_eq!(
        events.iter().map(fields).collect::<Vec<_>>(),
        [
            "remediation.started(actor,problem_id,target_path)",
            "remediation.analyzed(root_causes,severity)",
            "remediation.fixed(commit_sha,patch_diff)",
            "remediation.validated(layers,success_rate)",
            "remediation.completed(compliance_tags,trace_id)",
        ]
    );
    let trace = events[0]["trace_id"].as_str().unwrap();
    assert_eq!((trace.len(), trace.as_bytes()[14]), (36, b'1'), "{trace}");
    assert!(b"89ab".contains(&trace.as_bytes()[19]), "the variant of RFC 9562: {trace}");
    for event in &events {
        assert_eq!(event["trace_id"], trace);
        assert_eq!(event["source"], "ai-code-editor-workflow-pipeline");
        let timestamp = event["timestamp"].as_str().unwrap();
        assert!(timestamp.ends_with('Z') && timestamp.contains('T'), "{timestamp}");
    }
    assert_eq!(project.runs()[0]["trace_id"], trace);
    let ran = project.run(&["audit", "log", "--output", "jsonl", "--limit", "100"]);
    for phase in [
        "understand",
        "retrieve",
        "analyze",
        "reason",
        "consolidate",
        "gate",
        "integrate",
        "validate",
        "audit",
    ] {
        assert!(ran.stdout.contains(&format!("\"{phase}\"")), "no entry of {phase}: {}", ran.stdout);
    }
    assert_eq!(project.run(&["audit", "verify"]).code, 0);
}

#[test]
fn the_users_own_work_is_kept_and_a_commit_holds_only_the_fix() {
    // Far enough from the fix, and in the same file.
    let long = format!("{}\n\n\n# end\n", APP.trim_end());
    let project = Project::new(&[("app.py", &long), ("other.py", "a = 1\n")]);
    let staged = long.replace("# end", "# staged");
    project.write("app.py", &staged);
    project.write("new.py", "staged = 1\n");
    project.git(&["add", "--all"]);
    let unstaged = format!("# unstaged\n{staged}");
    project.write("app.py", &unstaged);
    project.write("untracked.txt", "mine\n");
    project.write("other.py", "a = 2\n");
    let before = project.snapshot();
    let (index, head) = (project.git(&["diff", "--cached"]), project.git(&["rev-parse", "HEAD"]));

    let ran = project.fix(QUICK);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(project.read("app.py"), unstaged.replace("return x == None", SAFE));
    assert_eq!(project.changed(&before), ["app.py"]);
    assert_eq!(project.run(&["undo"]).code, 0);
    assert_eq!(project.changed(&before), [""; 0]);

    let ran = project.fix(&["--yes", "--no-validate", "--commit"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(project.git(&["rev-parse", "HEAD^"]), head);
    let committed = project.git(&["show", "HEAD:app.py"]);
    assert_eq!(committed, long.replace("return x == None", SAFE).trim_end());
    assert_eq!(project.git(&["diff", "--name-only", "HEAD^", "HEAD"]), "app.py");
    let lines = |diff: &str| {
        let own = |l: &&str| (l.starts_with('+') || l.starts_with('-')) && !l.starts_with("+++");
        diff.lines().filter(own).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&project.git(&["diff", "--cached"])), lines(&index), "what was staged is staged");
    assert_eq!(project.read("app.py"), unstaged.replace("return x == None", SAFE));
    assert!(project.git(&["log", "-1", "--format=%B"]).contains("Ecoops-Run: "));
    assert_eq!(project.run(&["undo"]).code, 0);
    assert_eq!(project.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(project.changed(&before), [""; 0]);

    let ran = project.fix(&["--yes", "--no-validate", "--branch", "tidy"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(project.git(&["symbolic-ref", "HEAD"]), "refs/heads/ecoops/tidy");
    assert_eq!(project.git(&["rev-parse", "main"]), head);
    assert_eq!(project.git(&["diff", "--name-only", "main", "HEAD"]), "app.py");
    assert_eq!(project.run(&["undo"]).code, 0);
    assert_eq!(project.changed(&before), [""; 0]);
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_commit_is_by_whom_git_says() {
    let project = Project::new(&[("a.py", "x == None\n")]);
    let commit = |variables: &[(&str, &str)]| {
        let mut command = project.command();
        command.args(["fix", "--rule", "own-*", "--yes", "--no-validate", "--commit"]);
        for role in ["AUTHOR", "COMMITTER"] {
            for what in ["NAME", "EMAIL", "DATE"] {
                command.env_remove(format!("GIT_{role}_{what}"));
            }
        }
        Ran::of(command.envs(variables.iter().copied()))
    };
    project.git(&["config", "committer.name", "Bot"]);
    let dates = [("GIT_AUTHOR_DATE", "1700000000 +0100"), ("GIT_COMMITTER_DATE", "2023-11-14T22:13:20Z")];
    let ada = [("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.org")];
    for (variables, expected) in [
        (&[][..], "Tester <tester@example.org>, Bot <tester@example.org>"),
        (&ada, "Ada <ada@example.org>, Bot <tester@example.org>"),
        (&[("GIT_COMMITTER_NAME", "Eve")], "Tester <tester@example.org>, Eve <tester@example.org>"),
    ] {
        let ran = commit(&[variables, &dates].concat());
        assert_eq!(ran.code, 0, "{variables:?}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(project.git(&["log", "-1", "--format=%an <%ae>, %cn <%ce>"]), expected);
        let when = project.git(&["log", "-1", "--format=%ad, %cd", "--date=raw"]);
        assert_eq!(when, "1700000000 +0100, 1700000000 +0000");
        assert_eq!(project.run(&["undo"]).code, 0);
    }
    let before = project.snapshot();
    let ran = commit(&[("GIT_AUTHOR_DATE", "the day after")]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("the day after"), "{}", ran.stderr);
    assert_eq!(project.changed(&before), [""; 0]);
}

#[test]
fn looking_only_changes_nothing() {
    let project = Project::app();
    let before = project.snapshot();
    let ran = project.fix(&["--diff"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    write(&project.home.path().join("patch"), &ran.stdout);
    project.git(&["apply", "--check", "../patch"]);
    project.git(&["apply", "../patch"]);
    assert_eq!(project.read("app.py"), APP.replace("return x == None", SAFE));
    project.write("app.py", APP);

    let ran = project.fix(&["--check"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    let ran = project.fix(&["--dry-run"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("test passed"), "{}", ran.stdout);
    let ran = project.fix(&["--no-validate"]);
    assert_eq!(ran.code, 6, "nobody can be asked: {}{}", ran.stdout, ran.stderr);
    for flags in [["--diff", "--dry-run"], ["--interactive", "--yes"]] {
        assert_eq!(project.fix(&flags).code, 2);
    }
    assert_eq!(project.changed(&before), ["app.py"; 0]);
    assert_eq!(project.leftovers(), [""; 0]);
    // A dry run is no run that can be undone.
    assert_eq!(project.run(&["undo"]).code, 3);

    project.write("app.py", "x = 1\n");
    for flag in ["--diff", "--check", "--dry-run", "--yes"] {
        let ran = project.fix(&[flag]);
        assert_eq!(ran.code, 0, "{flag}: {}{}", ran.stdout, ran.stderr);
    }
    let last = &project.runs()[0];
    assert_eq!((&last["state"], &last["note"]), (&"completed".into(), &"nothing to fix".into()));
}

#[test]
fn a_fix_that_breaks_a_test_is_left_out_and_the_others_land() {
    let app = format!("{APP}\n\ndef old_name(x):\n    return x\n\n\ndef old(x):\n    return old_name(x)\n");
    let app = app.replace("def new_name(x):\n    return x\n", "def new_name(x):\n    return -x\n");
    let tests = format!("{TESTS}\n    def test_old(self):\n        self.assertEqual(app.old(3), 3)\n");
    let failing =
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_never(self):\n        self.fail()\n";
    let files =
        [("app.py", app.as_str()), ("loader.py", LOADER), ("test_app.py", &tests), ("test_red.py", failing)];
    let project = Project::new(&files);
    let before = project.snapshot();
    let ran = project.fix(&["--yes", "--unsafe-fixes", "--output", "json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let rules = |list: &str| -> Vec<String> {
        report[list].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(rules("fixed"), ["own-none", "own-load"]);
    assert_eq!(rules("left"), ["own-old"]);
    assert_eq!(report["left"][0]["because"], "validation_failed", "{}", ran.stdout);
    let fixed = app.replace("return x == None", SAFE).replace("loader.load(", "loader.safe_load(");
    assert_eq!(project.read("app.py"), fixed);
    assert_eq!(project.changed(&before), ["app.py"]);
    assert!(report["verdict"].to_string().contains("failed_before"), "the red test was red before: {report}");

    // Nothing else is left: all that could be fixed breaks a test.
    let after = project.snapshot();
    let ran = project.fix(&["--yes"]);
    assert_eq!(ran.code, 5, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(project.changed(&after), [""; 0]);
    assert_eq!(project.leftovers(), [""; 0]);
    let events = project.run(&["events", "replay", "--from", "1", "--output", "jsonl"]).stdout;
    assert!(events.contains("\"remediation.rollback\""), "{events}");
}

#[test]
fn policy_decides_and_says_why() {
    let project = Project::app();
    let before = project.snapshot();
    let policy = project.state("config/policies/team.rego");
    write(&policy, "package remediation\ndeny contains \"Not this week.\"\n");
    let ran = project.fix(QUICK);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Not this week."), "{}", ran.stdout);
    write(&policy, "package remediation\ndeny contains ");
    let ran = project.fix(QUICK);
    assert!([2, 4].contains(&ran.code), "a broken policy denies: {}{}", ran.stdout, ran.stderr);
    std::fs::remove_file(&policy).unwrap();
    assert_eq!(project.changed(&before), [""; 0]);
    // Enterprise mode leaves unsafe fixes to a person who looks at them.
    let enterprise = ["--yes", "--unsafe-fixes", "--config", "policy.compliance_mode=enterprise"];
    let ran = project.fix(&enterprise);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("needs a person's approval"), "{}", ran.stdout);
    assert_eq!(project.read("app.py"), APP.replace("return x == None", SAFE));
    // Without the permission nothing is written.
    assert_eq!(project.run(&["undo"]).code, 0);
    project.configure("memory.enabled = false\nidentity.default_roles = [\"reader\"]\n");
    let ran = project.fix(QUICK);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("remediation:write"), "{}", ran.stderr);
    assert_eq!(project.changed(&before), [""; 0]);
}

#[test]
fn a_check_that_does_not_end_is_inconclusive_and_a_deadline_is_kept() {
    let project = Project::app();
    write(
        &project.root.join("ecoops.toml"),
        "[validate]\ndeadline = 2\n[[validate.checks]]\nname = \"slow\"\nlayer = \"test\"\ncommand = [\"sleep\", \"60\"]\n",
    );
    assert_eq!(project.run(&["trust"]).code, 0);
    let before = project.snapshot();
    let ran = project.fix(&["--yes"]);
    assert_eq!(ran.code, 7, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(project.changed(&before), [""; 0]);
    let ran = project.fix(&["--yes", "--deadline", "1", "--config", "validate.deadline=60"]);
    assert_eq!(ran.code, 124, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(project.changed(&before), [""; 0]);
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_broken_audit_log_stops_the_run() {
    let project = Project::app();
    assert_eq!(project.fix(QUICK).code, 1);
    assert_eq!(project.run(&["undo"]).code, 0);
    let before = project.snapshot();
    let log = project.state("state/audit");
    let newest = largest_tile(&log);
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&newest, bytes).unwrap();
    let ran = project.fix(QUICK);
    assert_eq!(ran.code, 8, "{}: {}{}", newest.display(), ran.stdout, ran.stderr);
    assert_eq!(project.changed(&before), [""; 0]);
    assert_eq!(project.run(&["audit", "verify"]).code, 8);
}

/// The file of the log that holds the entries.
fn largest_tile(folder: &std::path::Path) -> std::path::PathBuf {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().contains("entries") {
                files.push((entry.metadata().unwrap().len(), path));
            }
        }
    }
    files
        .into_iter()
        .max()
        .map(|(_, path)| path)
        .unwrap_or_else(|| panic!("no entries in {}", folder.display()))
}

#[test]
fn encodings_line_ends_modes_and_links_are_kept() {
    let utf16 = |text: &str| -> Vec<u8> {
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    let latin = |text: &str| -> Vec<u8> { text.chars().map(|c| c as u8).collect() };
    let before = "# -*- coding: latin-1 -*-\nname = 'h\u{e9}'\nif x == None:\n    pass\n";
    let after = before.replace("x == None", "x is None");
    let cases: [(&str, Vec<u8>, Vec<u8>); 6] = [
        ("bom.py", b"\xEF\xBB\xBFx == None\n".to_vec(), b"\xEF\xBB\xBFx is None\n".to_vec()),
        ("wide.py", utf16("a = 'h\u{e9}'\r\nx == None\r\n"), utf16("a = 'h\u{e9}'\r\nx is None\r\n")),
        ("latin.py", latin(before), latin(&after)),
        ("crlf.py", b"a = 1\r\nx == None\r\n".to_vec(), b"a = 1\r\nx is None\r\n".to_vec()),
        ("mixed.py", b"a = 1\r\nx == None\nb = 2\r\n".to_vec(), b"a = 1\r\nx is None\nb = 2\r\n".to_vec()),
        ("bare.py", b"x == None".to_vec(), b"x is None".to_vec()),
    ];
    let project = Project::new(&[("plain.txt", "x == None\n")]);
    for (name, bytes, _) in &cases {
        project.write(name, bytes);
    }
    project.write("tool.py", "#!/usr/bin/python3\nx == None\n");
    std::fs::set_permissions(project.root.join("tool.py"), std::fs::Permissions::from_mode(0o750)).unwrap();
    symlink("tool.py", project.root.join("link.py")).unwrap();
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=files"]);
    let start = project.snapshot();
    let ran = project.fix(QUICK);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for (name, _, bytes) in &cases {
        assert_eq!(&project.bytes(name), bytes, "{name}");
    }
    assert_eq!(project.read("tool.py"), "#!/usr/bin/python3\nx is None\n");
    let mode = std::fs::metadata(project.root.join("tool.py")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o750);
    assert!(project.root.join("link.py").is_symlink());
    assert_eq!(project.run(&["undo"]).code, 0);
    assert_eq!(project.changed(&start), [""; 0]);
}

#[test]
fn undo_refuses_what_has_changed_since_and_takes_older_runs_back() {
    let project = Project::new(&[("a.py", "x == None\n"), ("b.py", "y == None\n")]);
    assert_eq!(project.fix(&["a.py", "--yes", "--no-validate"]).code, 0);
    assert_eq!(project.fix(&["b.py", "--yes", "--no-validate"]).code, 0);
    let runs = project.runs();
    let older = runs[1]["id"].as_str().unwrap().to_owned();
    project.write("b.py", "y is None\nmine = 1\n");
    let before = project.snapshot();
    let ran = project.run(&["undo"]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("b.py"), "{}", ran.stderr);
    assert_eq!(project.changed(&before), [""; 0], "nothing is touched");
    assert_eq!(project.run(&["undo", &older]).code, 0);
    assert_eq!(project.read("a.py"), "x == None\n");
    assert_eq!(project.changed(&before), ["a.py"]);
    assert_eq!(project.run(&["undo", &older]).code, 2, "it is undone already");
    assert_eq!(project.run(&["undo", "01NOSUCHRUN"]).code, 2);
}

#[test]
fn a_fix_is_remembered_and_tried_first_with_other_names() {
    let project = Project::new(&[("a.py", "import loader\n\nloader.load(text)\n")]);
    project.configure("");
    let ran = project.fix(&["--yes", "--no-validate", "--unsafe-fixes"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(project.run(&["memory", "list"]).stdout.contains("Document loaded with any object in it"));
    project.home.commit(&project.root, &[("b.py", "import loader\n\nloader.load(other_name)\n")]);
    let ran = project.fix(&["--yes", "--no-validate", "--unsafe-fixes", "--output", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["fixed"][0]["fix_source"], "memory", "{report}");
    assert_eq!(project.read("b.py"), "import loader\n\nloader.safe_load(other_name)\n");
}

#[test]
fn words_narrow_to_what_they_mean() {
    let project = Project::new(&[(
        "app.py",
        "import loader\n\n\ndef f(x, t):\n    if x == None:\n        return loader.load(t)\n    return eval(t)\n",
    )]);
    for (words, expected) in [
        ("text from outside is run as a program", "own-eval app.py:7"),
        ("comparison with None", "own-none app.py:5"),
    ] {
        let found = project.found(&["--problem", words]);
        assert_eq!(found.first().map(String::as_str), Some(expected), "{words}: {found:?}");
        assert!(found.len() < 3, "{words}: {found:?}");
    }
    let ran = project.fix(&["--yes", "--no-validate", "--problem", "comparison with None"]);
    assert!(project.read("app.py").contains("x is None"), "{}{}", ran.stdout, ran.stderr);
}

/// Answers the questions of a terminal: `y` to the first fix, `n` to the second.
const TERMINAL: &str = r#"
import os, pty, sys
answers = [(b"[y,n,a,d,q,?]", b"y\n"), (b"[y,n,a,d,q,?]", b"n\n"), (b"[y/N]", b"y\n")]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen, at = b"", 0
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if answers and answers[0][0] in seen[at:]:
        at = seen.index(answers[0][0], at) + len(answers[0][0])
        os.write(terminal, answers.pop(0)[1])
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status))
"#;

#[test]
fn interactive_asks_fix_by_fix() {
    let project = Project::new(&[("app.py", "x == None\na = 1\nb = 2\nc = 3\nd = 4\ny == None\n")]);
    let before = project.snapshot();
    let mut command = project.home.command("python3", &project.root);
    command.args(["-c", TERMINAL]).arg(binary());
    command.args(["fix", "--rule", "own-*", "--interactive", "--no-validate"]).env("TERM", "xterm");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(project.read("app.py"), "x is None\na = 1\nb = 2\nc = 3\nd = 4\ny == None\n", "{said}");
    assert_eq!(differences(&before, &project.snapshot()), ["app.py"]);
    assert!(said.contains("(1/2)") && said.contains("(2/2)"), "{said}");
}

#[test]
fn a_file_staged_as_removed_is_left_alone() {
    let project = Project::new(&[("a.py", "x == None\n"), ("b.py", "y == None\n")]);
    project.git(&["rm", "--cached", "--quiet", "a.py"]);
    let before = project.snapshot();
    assert_eq!(project.found(&[]), ["own-none b.py:1"]);
    assert_eq!(project.fix(QUICK).code, 0);
    assert_eq!(project.read("a.py"), "x == None\n");
    assert_eq!(project.changed(&before), ["b.py"]);
}
