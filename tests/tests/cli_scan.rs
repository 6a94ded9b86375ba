//! `ecoops scan` as a user meets it: what is examined, what is found, how it ends, and what a hostile
//! repository cannot do.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::home::{Home, write};
use ecoops_tests::project::{APP, LOADER, Project, findings};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

const BAD: &str = "x == None\n";

#[test]
fn every_format_says_the_same_by_its_exit_code() {
    let project = Project::new(&[("app.py", APP), ("loader.py", LOADER), ("clean/a.py", "x = 1\n")]);
    for (options, code) in [
        (&[][..], 1),
        (&["clean"][..], 0),
        (&["app.py", "--severity", "critical"][..], 0),
        (&["--rule", "own-eval"][..], 0),
        (&["--category", "security"][..], 1),
        (&["--category", "ci"][..], 0),
        (&["--suppressed"][..], 1),
    ] {
        for format in ["text", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"] {
            let rules: &[&str] = if options.contains(&"--rule") { &[] } else { &["--rule", "own-*"] };
            let ran = project.run(&[&["scan", "--output", format], rules, options].concat());
            assert_eq!(ran.code, code, "{options:?} {format}: {}{}", ran.stdout, ran.stderr);
            let json = || serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap();
            match format {
                "sarif" => {
                    let results = json()["runs"][0]["results"].as_array().unwrap().len();
                    assert_eq!(results > 0, code == 1, "{options:?}: {results}");
                }
                "json" => assert_eq!(findings(&ran.stdout).is_empty(), code == 0),
                "gitlab" => assert_eq!(json().as_array().unwrap().is_empty(), code == 0),
                "junit" => assert_eq!(ran.stdout.contains("<failure"), code == 1),
                "github" => assert_eq!(ran.stdout.contains("file=app.py"), code == 1),
                "jsonl" => ran
                    .stdout
                    .lines()
                    .for_each(|l| drop(serde_json::from_str::<serde_json::Value>(l).unwrap())),
                _ => assert_eq!(ran.stdout.contains("app.py"), code == 1, "{format}: {}", ran.stdout),
            }
        }
    }
}

#[test]
fn what_is_asked_for_narrows_what_is_found() {
    let text = "x == None\ntaste(x)\neval(x)\n";
    let project = Project::new(&[("a.py", text)]);
    let remark = "own-remark a.py:2".to_owned();
    let all = |arguments: &[&str]| {
        let ran = project.run(&[&["scan", "--output", "json"], arguments].concat());
        findings(&ran.stdout).into_iter().filter(|f| f.starts_with("own-")).collect::<Vec<_>>()
    };
    assert!(!all(&[]).contains(&remark), "the default persona does not see it");
    assert!(all(&["--persona", "pedantic"]).contains(&remark));
    assert_eq!(all(&["--severity", "critical"]), ["own-eval a.py:3"]);
    assert_eq!(all(&["--rule", "own-none,own-eval"]), ["own-none a.py:1", "own-eval a.py:3"]);
    assert_eq!(all(&["--category", "reliability"]), ["own-none a.py:1"]);
    // A setting that adds rules takes none away.
    let added = all(&["--config", "scan.enable=own-remark"]);
    assert_eq!(added, ["own-none a.py:1", "own-remark a.py:2", "own-eval a.py:3"]);
    for wrong in [
        &["--severity", "huge"][..],
        &["--persona", "x"],
        &["--category", "x"],
        &["--rule", "[", "--output", "nothing"],
        &["--from-ref", "no-such-branch"],
        &["--revision", "no-such-commit"],
        &["--baseline", "none.json"],
        &["--from", "none.sarif"],
        &["--staged", "--revision", "HEAD"],
    ] {
        let ran = project.run(&[&["scan"], wrong].concat());
        assert_eq!(ran.code, 2, "{wrong:?}: {}{}", ran.stdout, ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
    assert_eq!(project.run(&["scan", "nowhere"]).code, 3);
}

#[test]
fn suppressions_count_and_unused_ones_are_found_and_fixed() {
    let text = "x == None  # ecoops: ignore[own-none] it may\ny = 1  # ecoops: ignore[own-eval]\n";
    let project = Project::new(&[("a.py", text)]);
    let rules = ["--rule", "own-*,unused-suppression"];
    let ran = project.run(&[&["scan", "--output", "json"], &rules[..]].concat());
    assert_eq!(findings(&ran.stdout), ["unused-suppression a.py:2"], "{}", ran.stdout);
    let ran = project.run(&[&["scan", "--suppressed"], &rules[..]].concat());
    assert!(ran.stdout.contains("own-none"), "{}", ran.stdout);
    let ran = project.run(&[&["scan", "--suppressed", "--output", "sarif"], &rules[..]].concat());
    let sarif: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let reasons: Vec<_> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|r| r["suppressions"][0]["justification"].as_str())
        .collect();
    assert_eq!(reasons, ["it may"], "the reason that the comment gives");
    let ran = project.run(&[&["fix", "--yes", "--no-validate"], &rules[..]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(project.read("a.py"), "x == None  # ecoops: ignore[own-none] it may\ny = 1\n");
}

#[test]
fn a_baseline_survives_shifted_lines() {
    let project = Project::new(&[("a.py", "def f(x):\n    return x == None\n")]);
    let ran = project.scan(&["--write-baseline", ".ecoops-baseline.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(project.found(&[]), [""; 0]);
    project.write(
        "a.py",
        "import os\n\n\ndef f(x):\n    return x == None\n\n\ndef g(y):\n    return y == None\n",
    );
    assert_eq!(project.found(&[]), ["own-none a.py:9"]);
    assert_eq!(project.found(&["--config", "scan.baseline=none.json"]).len(), 2);
    project.write(".ecoops-baseline.json", "{ broken");
    let ran = project.scan(&[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--write-baseline"), "{}", ran.stderr);
}

#[test]
fn views_of_the_repository() {
    let project = Project::new(&[("a.py", BAD), ("b.py", "y = 1\n")]);
    project.git(&["branch", "base"]);
    project.write("a.py", format!("{BAD}eval(z)\n"));
    project.git(&["commit", "--quiet", "--all", "--message=more"]);
    assert_eq!(project.found(&["--from-ref", "base"]), ["own-eval a.py:2"]);
    assert_eq!(project.found(&["--revision", "base"]), ["own-none a.py:1"]);
    project.write("b.py", BAD);
    project.git(&["add", "b.py"]);
    project.write("b.py", "y = 2\n");
    assert!(project.found(&["--staged"]).contains(&"own-none b.py:1".to_owned()));
    assert!(!project.found(&[]).contains(&"own-none b.py:1".to_owned()));

    // A bare clone and a second worktree.
    let home = &project.home;
    home.git(home.path(), &["clone", "--quiet", "--bare", "repo", "bare.git"]);
    let bare = home.path().join("bare.git");
    let own = ["scan", "--rule", "own-*", "--output", "json"];
    let ran = home.ecoops(&bare, &own);
    assert_eq!(findings(&ran.stdout), ["own-none a.py:1", "own-eval a.py:2"], "{}", ran.stderr);
    let ran = home.ecoops(&bare, &["fix", "--rule", "own-*", "--yes"]);
    assert_ne!(ran.code, 0, "nothing can be changed there: {}", ran.stdout);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    project.git(&["worktree", "add", "--quiet", "../second", "base"]);
    let second = home.path().join("second");
    let ran = home.ecoops(&second, &own);
    assert_eq!(findings(&ran.stdout), ["own-none a.py:1"], "{}", ran.stderr);
    let ran = home.ecoops(&second, &["fix", "--rule", "own-*", "--yes", "--no-validate"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(std::fs::read_to_string(second.join("a.py")).unwrap(), "x is None\n");
    assert_eq!(project.read("a.py"), format!("{BAD}eval(z)\n"));
    assert_eq!(home.ecoops(&second, &["undo"]).code, 0);
    assert_eq!(std::fs::read_to_string(second.join("a.py")).unwrap(), BAD);

    // A submodule is looked into when asked.
    let sub = home.path().join("sub");
    std::fs::create_dir(&sub).unwrap();
    home.git(&sub, &["init", "--quiet"]);
    home.commit(&sub, &[("s.py", BAD)]);
    project.git(&["-c", "protocol.file.allow=always", "submodule", "add", "--quiet", "../sub", "sub"]);
    assert!(!project.found(&[]).iter().any(|f| f.contains("sub/")));
    assert!(project.found(&["--submodules"]).contains(&"own-none sub/s.py:1".to_owned()));
}

#[test]
fn a_sparse_checkout_and_ignored_files() {
    let project = Project::new(&[("in/a.py", BAD), ("out/b.py", BAD), (".gitignore", "built/\n")]);
    project.write("built/c.py", BAD);
    project.git(&["sparse-checkout", "set", "in"]);
    assert_eq!(project.found(&[]), ["own-none in/a.py:1"]);
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    assert_eq!(project.fix(&["--yes", "--no-validate"]).code, 0);
    assert_eq!(project.git(&["status", "--porcelain"]), " M in/a.py");
}

#[test]
fn what_cannot_be_examined_is_said_and_stops_nothing() {
    let project = Project::new(&[("a.py", BAD)]);
    let outside = project.home.path().join("outside.py");
    write(&outside, BAD);
    symlink(&outside, project.root.join("link.py")).unwrap();
    symlink("/", project.root.join("root")).unwrap();
    project.write("binary.py", b"x == None\n\0\x01\x02".as_slice());
    project.write("huge.py", "x == None\n".repeat(300_000));
    project.write("empty.py", "");
    let odd = project.root.join(OsStr::from_bytes(b"odd\xFF.py"));
    let odd_made = std::fs::write(&odd, BAD).is_ok();
    project.write("deep.py", "(".repeat(100_000));
    project.write("deep.json", "[".repeat(500_000));
    project.write("long.js", format!("a = \"{}\"\n", "x".repeat(1 << 20)));
    let found = project.found(&[]);
    assert!(found.contains(&"own-none a.py:1".to_owned()), "{found:?}");
    for name in ["link.py", "root/", "binary.py", "huge.py", "outside"] {
        assert!(!found.iter().any(|f| f.contains(name)), "{name}: {found:?}");
    }
    let ran = project.scan(&[]);
    assert!(ran.stderr.contains("huge.py"), "{}", ran.stderr);
    if odd_made {
        assert!(ran.stderr.contains("odd") || ran.stdout.contains("odd"), "{}", ran.stderr);
    }
    // A long line, and one of ten megabytes, when their size is allowed.
    let allowed = ["--config", "scan.max_file_size=32MiB"];
    project.write("line.py", format!("y = \"{}\"\n{BAD}", "x".repeat(3 << 20)));
    assert_eq!(project.found(&[&["line.py"], &allowed[..]].concat()), ["own-none line.py:2"]);
    project.write("line.py", format!("y = \"{}\"\n{BAD}", "x".repeat(10 << 20)));
    let ran = project.scan(&[&["line.py"], &allowed[..]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("warning: line.py: not parsed"), "{}", ran.stderr);
}

/// As a user whose rights are checked, which root's are not.
#[test]
fn what_may_not_be_read_or_written_is_said_and_changes_nothing() {
    let project =
        Project::new(&[("a.py", BAD), ("closed/b.py", BAD), ("locked.py", BAD), ("unlisted/c.py", BAD)]);
    let mode = |path: &str, mode: u32| {
        let path = project.home.path().join(path);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("repo/locked.py", 0o000);
    mode("repo/unlisted", 0o000);
    let own = ["--rule", "own-*"];
    let run =
        |arguments: &[&str]| project.home.ecoops_without_rights(&project.root, &[arguments, &own].concat());
    let ran = run(&["scan", "--output", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(findings(&ran.stdout), ["own-none a.py:1", "own-none closed/b.py:1"], "{}", ran.stderr);
    let ran = run(&["scan"]);
    for name in ["locked.py", "unlisted"] {
        assert!(ran.stderr.contains(name), "{name} is not named: {}", ran.stderr);
    }
    assert!(ran.stderr.to_lowercase().contains("permission denied"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);

    // Without all files there is no copy to try a fix in.
    let before = project.snapshot_readable();
    let ran = run(&["fix", "--yes", "--no-validate"]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("locked.py: permission denied"), "{}", ran.stderr);
    assert_eq!(project.snapshot_readable(), before);
    mode("repo/unlisted", 0o755);
    std::fs::remove_file(project.root.join("locked.py")).unwrap();
    std::fs::remove_dir_all(project.root.join("unlisted")).unwrap();

    // Its folder lets no file be replaced: neither of the two is changed.
    mode("repo/closed", 0o555);
    let before = project.snapshot_readable();
    let ran = run(&["fix", "--yes", "--no-validate"]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("closed"), "{}", ran.stderr);
    assert_eq!(project.snapshot_readable(), before);
    mode("repo/closed", 0o755);
    let ran = run(&["fix", "--yes", "--no-validate"]);
    assert_eq!(project.read("closed/b.py"), "x is None\n", "{}{}", ran.stdout, ran.stderr);

    // A state folder that may not be written: nothing is changed without a record.
    project.write("a.py", BAD);
    mode("repo/a.py", 0o666);
    mode("home/ecoops/state", 0o500);
    let ran = run(&["fix", "--yes", "--no-validate"]);
    assert!([2, 8].contains(&ran.code), "{} {}{}", ran.code, ran.stdout, ran.stderr);
    assert_eq!(project.read("a.py"), BAD);
    mode("home/ecoops/state", 0o700);
    // A baseline, a report of another tool, a rule and settings that may not be read.
    for (name, arguments) in [
        ("baseline.json", &["scan", "--baseline", "baseline.json"][..]),
        ("report.sarif", &["scan", "--from", "report.sarif"]),
        ("ecoops.toml", &["scan"]),
    ] {
        project.write(name, "{}");
        mode(&format!("repo/{name}"), 0o000);
        let ran = run(arguments);
        assert_eq!(ran.code, 2, "{name}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(name), "{name}: {}", ran.stderr);
        std::fs::remove_file(project.root.join(name)).unwrap();
    }
}

#[test]
fn nothing_to_examine() {
    let home = Home::new();
    let empty = home.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let repo = home.path().join("repo");
    std::fs::create_dir(&repo).unwrap();
    home.git(&repo, &["init", "--quiet"]);
    for folder in [&empty, &repo] {
        for command in [&["scan"][..], &["scan", "--output", "sarif"], &["fix", "--yes"]] {
            let ran = home.ecoops(folder, command);
            assert_eq!(ran.code, 3, "{command:?}: {}{}", ran.stdout, ran.stderr);
        }
    }
}

#[test]
fn findings_of_other_tools_join() {
    let project = Project::new(&[
        ("a.py", "import os\nx = 1\n"),
        ("a.js", "var x = 1;\n"),
        ("src/lib.rs", "fn f() {}\n"),
    ]);
    let sarif = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"other"}},"results":[{"ruleId":"O1","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":2}}}],"fixes":[{"artifactChanges":[{"artifactLocation":{"uri":"a.py"},"replacements":[{"deletedRegion":{"startLine":2,"startColumn":5,"endColumn":6},"insertedContent":{"text":"2"}}]}]}]}]}]}"#;
    let path = |name: &str| project.root.join(name).display().to_string();
    let ruff = format!(
        r#"[{{"code":"F401","message":"`os` unused","filename":{:?},"location":{{"row":1,"column":8}},"end_location":{{"row":1,"column":10}},"fix":{{"applicability":"safe","message":"Remove","edits":[{{"content":"","location":{{"row":1,"column":1}},"end_location":{{"row":2,"column":1}}}}]}}}}]"#,
        path("a.py")
    );
    let eslint = format!(
        r#"[{{"filePath":{:?},"messages":[{{"ruleId":"no-var","severity":2,"message":"no var","line":1,"column":1,"endLine":1,"endColumn":11,"fix":{{"range":[0,3],"text":"let"}}}}]}}]"#,
        path("a.js")
    );
    let clippy = r#"{"reason":"compiler-message","message":{"message":"unused","level":"warning","code":{"code":"dead_code"},"spans":[{"file_name":"src/lib.rs","byte_start":0,"byte_end":9,"line_start":1,"line_end":1,"column_start":1,"column_end":10,"is_primary":true}],"children":[]}}"#;
    for (name, text, expected) in [
        ("other.sarif", sarif, "a.py:2"),
        ("ruff.json", &ruff, "a.py:1"),
        ("eslint.json", &eslint, "a.js:1"),
        ("clippy.json", clippy, "src/lib.rs:1"),
    ] {
        let report = project.home.path().join(name);
        write(&report, text);
        let found = project.found(&["--from", report.to_str().unwrap()]);
        assert!(found.len() == 1 && found[0].ends_with(expected), "{name}: {found:?}");
    }
    let ruff = project.home.path().join("ruff.json");
    let ran = project.fix(&["--yes", "--no-validate", "--from", ruff.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(project.read("a.py"), "x = 1\n");
    for hostile in ["", "{", "[]x", "{\"runs\": 7}", "\u{0}\u{1}"] {
        let report = project.home.path().join("hostile.json");
        write(&report, hostile);
        let ran = project.scan(&["--from", report.to_str().unwrap()]);
        assert_eq!(ran.code, 2, "{hostile:?}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn rules_are_tested_and_hostile_ones_refused() {
    let project = Project::new(&[("a.py", BAD)]);
    let ran = project.run(&["scan", "--test-rules"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let rule = |change: &dyn Fn(&str) -> String| change(ecoops_tests::project::RULES);
    let huge = format!("({}){{1000}}{{1000}}", "a|b".repeat(1000));
    for (name, text, code) in [
        ("good", rule(&|r| r.to_owned()), 0),
        ("failing", rule(&|r| r.replace("{good: \"x is None\\n\"}", "{good: \"x == None\\n\"}")), 1),
        ("unknown field", rule(&|r| r.replace("tier: manual,", "tier: manual, command: rm,")), 2),
        ("unknown kind", rule(&|r| r.replace("{pattern: eval($X)}", "{kind: no_such_kind}")), 2),
        ("huge regex", rule(&|r| r.replace("{pattern: eval($X)}", &format!("{{regex: {huge:?}}}"))), 2),
        ("oversized", rule(&|r| format!("{r}\n# {}\n", "x".repeat(1 << 20))), 2),
        ("not yaml", "rules: [".to_owned(), 2),
        ("aliases", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nrules: [*c,*c,*c]\n".to_owned(), 2),
    ] {
        let file = project.home.path().join("tried/rule.yml");
        write(&file, &text);
        let ran = project.run(&["scan", "--test-rules", file.parent().unwrap().to_str().unwrap()]);
        assert_eq!(ran.code, code, "{name}: {}{}", ran.stdout, ran.stderr);
        assert!(code != 2 || ran.stderr.contains("rule.yml"), "{name}: {}", ran.stderr);
    }
}

/// Commands that git would run for a repository that says so.
#[test]
fn a_hostile_repository_runs_nothing_and_loosens_nothing() {
    let project = Project::app();
    let canary = project.home.path().join("canary");
    let script = project.home.path().join("hostile.sh");
    write(&script, &format!("#!/bin/sh\ntouch {}\ncat\n", canary.display()));
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let hostile = script.to_str().unwrap();
    project.write(".gitattributes", "*.py filter=evil diff=evil\n");
    project.git(&["add", ".gitattributes"]);
    project.git(&["commit", "--quiet", "--message=attributes"]);
    for (key, value) in [
        ("core.fsmonitor", hostile),
        ("core.sshCommand", hostile),
        ("core.pager", hostile),
        ("core.editor", hostile),
        ("filter.evil.clean", hostile),
        ("filter.evil.smudge", hostile),
        ("diff.evil.textconv", hostile),
        ("diff.external", hostile),
        ("credential.helper", hostile),
        ("gpg.program", hostile),
        ("commit.gpgSign", "true"),
    ] {
        project.git(&["config", key, value]);
    }
    for hook in [
        "pre-commit",
        "post-commit",
        "post-checkout",
        "commit-msg",
        "reference-transaction",
        "post-index-change",
    ] {
        let hook = project.root.join(".git/hooks").join(hook);
        write(&hook, &format!("#!/bin/sh\ntouch {}\n", canary.display()));
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Configuring it may already have run something.
    let _ = std::fs::remove_file(&canary);
    let command = format!("[[validate.checks]]\nname = \"x\"\nlayer = \"test\"\ncommand = [{hostile:?}]\n");
    let loose =
        "[fix]\nunsafe = true\n[policy]\nextra = [\"evil\"]\n[identity]\ndefault_roles = [\"admin\"]\n";
    project.write("ecoops.toml", format!("scan.rules = [\"evil\"]\n{loose}{command}"));
    project.write("evil/rules.yml", "rules: [");
    let ran = project.scan(&[]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("ecoops trust"), "what is ignored is said: {}", ran.stderr);
    project.found(&["--staged"]);
    project.found(&["--from-ref", "HEAD"]);
    let before = project.snapshot();
    let ran = project.fix(&["--yes", "--no-validate", "--commit"]);
    assert_eq!(ran.code, 2, "a commit would need the filter: {}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("filter"), "{}", ran.stderr);
    assert_eq!(project.changed(&before), [""; 0]);
    let ran = project.fix(&["--yes"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(project.read("app.py").contains("loader.load("), "unsafe fixes stay off");
    assert!(ran.stdout.contains("unittest"), "the project's own tests ran: {}", ran.stdout);
    assert_eq!(project.run(&["undo"]).code, 0);
    project.write(".git/info/attributes", "*.py -filter\n");
    let ran = project.fix(&["--yes", "--no-validate", "--commit"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(project.run(&["undo"]).code, 0);
    assert!(!canary.exists(), "something of the repository was run");

    assert_eq!(project.run(&["trust"]).code, 0);
    let ran = project.scan(&[]);
    assert_eq!(ran.code, 2, "trusted, its broken rules count: {}{}", ran.stdout, ran.stderr);
    // Changed since, it is not trusted any more.
    project.write("ecoops.toml", format!("scan.rules = [\"evil\"]\n{loose}{command}# more\n"));
    assert_eq!(project.scan(&[]).code, 1);
}
