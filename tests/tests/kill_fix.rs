//! The program killed at every step of a fix, of an undo and of putting in order what a kill left; and
//! interrupted by a person. Each file is its old or its new self, and the next command cleans up.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::home::Home;
use ecoops_tests::project::Project;
use ecoops_tests::repository::{Snapshot, differences};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

const OLD: [(&str, &str); 2] = [("a.py", "x == None\n"), ("sub/b.py", "a = 1\ny == None\n")];
const NEW: [(&str, &str); 2] = [("a.py", "x is None\n"), ("sub/b.py", "a = 1\ny is None\n")];

/// A repository with the user's own staged and unstaged work, and its home.
fn template() -> Project {
    let project = Project::new(&OLD);
    project.write("staged.txt", "staged\n");
    project.git(&["add", "--all"]);
    project.write("staged.txt", "unstaged\n");
    // Keys and databases are made once; later runs only add to them.
    assert_eq!(project.run(&["runs"]).code, 0);
    project
}

/// The same project somewhere else, where another run can be killed.
fn copied(project: &Project) -> Project {
    let home = Home::new();
    copy(project.home.path(), home.path());
    let root = home.path().join("repo");
    let copied = Project { home, root };
    copied.configure("memory.enabled = false\n");
    copied
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap().success());
}

/// Runs it until this step; true when it was killed there, false when it came to its end.
fn killed(project: &Project, arguments: &[&str], step: usize) -> bool {
    let mut command = project.command();
    command.args(arguments).env("ECOOPS_TEST_STOP_AT", format!("#{step}"));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match (output.status.signal(), output.status.code()) {
        (Some(9), _) => true,
        (None, Some(0 | 1)) => false,
        other => panic!("{arguments:?} at step {step}: {other:?} {said}"),
    }
}

fn each_file_is_old_or_new(project: &Project, step: usize) {
    for ((name, old), (_, new)) in OLD.iter().zip(NEW) {
        let now = project.read(name);
        assert!(now == *old || now == new, "step {step}: {name}: {now:?}");
    }
}

/// What the next command must have reached: exactly one of the two sides, with nothing left over.
fn in_order(project: &Project, before: &Snapshot, after: &Snapshot, step: usize) -> bool {
    project.runs();
    let now = project.snapshot();
    let landed = differences(after, &now).is_empty();
    assert!(landed || differences(before, &now).is_empty(), "step {step}: {:?}", differences(before, &now));
    assert_eq!(project.leftovers(), [""; 0], "step {step}");
    landed
}

const FIX: [&str; 5] = ["fix", "--rule", "own-*", "--yes", "--no-validate"];

/// Kills a fix at every step; then completes it, and undoes it.
fn every_step_of_a_fix(more: &[&str], at_least: usize) {
    let template = template();
    let before = template.snapshot();
    let fix = [FIX.as_slice(), more].concat();
    let whole = copied(&template);
    assert_eq!(whole.run(&fix).code, 0);
    let after = whole.snapshot();
    // A commit names its run, so that no two are the same.
    let commits = !more.is_empty();
    let mut steps = 0;
    for step in 1.. {
        let project = copied(&template);
        if !killed(&project, &fix, step) {
            break;
        }
        steps = step;
        each_file_is_old_or_new(&project, step);
        let runs = project.runs();
        assert_eq!(project.leftovers(), [""; 0], "step {step}");
        let landed = runs.first().is_some_and(|r| r["state"] == "completed");
        let changed = project.changed(&before);
        assert_eq!(changed.is_empty(), !landed, "step {step}: {changed:?}");
        if !commits {
            in_order(&project, &before, &after, step);
        }
        match runs.first() {
            None => continue,
            Some(run) if !landed => {
                assert_eq!(run["state"], "interrupted", "step {step}");
                let ran = project.run(&["resume", "--yes"]);
                assert_eq!(ran.code, 0, "step {step}: {}{}", ran.stdout, ran.stderr);
            }
            Some(_) => {}
        }
        for (name, new) in NEW {
            assert_eq!(project.read(name), new, "step {step}");
        }
        let ran = project.run(&["undo"]);
        assert_eq!(ran.code, 0, "step {step}: {}", ran.stderr);
        assert_eq!(project.changed(&before), [""; 0], "step {step}");
        assert_eq!(project.leftovers(), [""; 0], "step {step}");
        assert_eq!(project.run(&["audit", "verify"]).code, 0, "step {step}");
    }
    assert!(steps >= at_least, "only {steps} steps");
}

#[test]
fn a_fix_survives_every_kill() {
    every_step_of_a_fix(&[], 15);
}

#[test]
fn a_fix_that_commits_survives_every_kill() {
    every_step_of_a_fix(&["--commit"], 20);
}

#[test]
fn an_undo_survives_every_kill() {
    let template = template();
    let before = template.snapshot();
    let mut steps = 0;
    for step in 1.. {
        // A repository is known by its place, so each copy has its own run to undo.
        let project = copied(&template);
        assert_eq!(project.run(&FIX).code, 0);
        let after = project.snapshot();
        if !killed(&project, &["undo"], step) {
            break;
        }
        steps = step;
        each_file_is_old_or_new(&project, step);
        if in_order(&project, &before, &after, step) {
            assert_eq!(project.run(&["undo"]).code, 0, "step {step}");
        }
        assert_eq!(project.changed(&before), [""; 0], "step {step}");
        assert_eq!(project.runs()[0]["state"], "undone", "step {step}");
    }
    assert!(steps >= 10, "only {steps} steps");
}

/// How often the record speaks of a run: its entry of the audit log, its event with the tags that `tag` is
/// one of, and its fix in memory.
fn recorded(project: &Project, action: &str, event: &str, tag: &str) -> [usize; 3] {
    let ask = |arguments: &[&str]| {
        let ran = project.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        ran.stdout
    };
    let log = ask(&["audit", "log", "--output", "jsonl", "--limit", "100"]);
    let events = ask(&["events", "replay", "--from", "1", "--output", "jsonl"]);
    // An empty memory has nothing to list.
    let memory = project.run(&["memory", "list", "--output", "jsonl"]);
    assert!([0, 3].contains(&memory.code), "{}", memory.stderr);
    let entries = log.lines().filter(|l| l.contains(&format!("\"action\":\"{action}\"")));
    let events = events.lines().filter(|l| l.contains(&format!("\"{event}\"")) && l.contains(tag));
    [entries.count(), events.count(), memory.stdout.lines().count()]
}

#[test]
fn a_landed_run_is_recorded_exactly_once_wherever_it_was_killed() {
    let fix = ["fix", "--rule", "own-*", "--yes", "--no-validate", "--unsafe-fixes"];
    for step in ["journal applied", "record", "tell", "remember", "journal completed"] {
        let project = Project::new(&[("a.py", "import loader\n\nloader.load(text)\n")]);
        project.configure("");
        let mut command = project.command();
        command.args(fix).env("ECOOPS_TEST_STOP_AT", step);
        assert_eq!(command.output().unwrap().status.signal(), Some(9), "{step}");
        // Killed while it goes on with the record, the next command goes on with it in turn.
        let mut command = project.command();
        let again = command.arg("runs").env("ECOOPS_TEST_STOP_AT", "journal completed").output().unwrap();
        let landed = step != "journal applied";
        assert_eq!(again.status.signal(), landed.then_some(9), "{step}");
        let state = project.runs()[0]["state"].as_str().unwrap().to_owned();
        if landed {
            assert_eq!(state, "completed", "{step}");
        } else {
            assert_eq!(state, "interrupted", "all files are replaced, and the journal does not know: {step}");
            assert_eq!(project.run(&["resume", "--yes"]).code, 0);
        }
        let once = recorded(&project, "audit", "remediation.completed", "CWE-502");
        assert_eq!(once, [1, 1, 1], "killed at {step}: entries, events, documents");
        assert_eq!(project.run(&["audit", "verify"]).code, 0, "{step}");
    }
}

#[test]
fn an_undo_is_recorded_exactly_once_wherever_it_was_killed() {
    for step in ["record the undo", "tell of the undo", "journal undone"] {
        let project = Project::new(&OLD);
        assert_eq!(project.run(&FIX).code, 0);
        for arguments in [["undo"], ["runs"]] {
            let mut command = project.command();
            let output = command.args(arguments).env("ECOOPS_TEST_STOP_AT", step).output().unwrap();
            assert_eq!(output.status.signal(), Some(9), "{arguments:?} at {step}");
        }
        assert_eq!(project.runs()[0]["state"], "undone", "{step}");
        let once = recorded(&project, "undo", "remediation.rollback", "");
        assert_eq!(once, [1, 1, 0], "killed at {step}: entries, events, documents");
        assert_eq!(project.read("a.py"), OLD[0].1);
    }
}

#[test]
fn putting_in_order_survives_every_kill() {
    let template = template();
    let before = template.snapshot();
    let mut steps = 0;
    for step in 1.. {
        let project = copied(&template);
        let mut command = project.command();
        command.args(FIX).env("ECOOPS_TEST_STOP_AT", "renamed a.py");
        assert_eq!(command.output().unwrap().status.signal(), Some(9));
        assert_eq!(project.read("a.py"), NEW[0].1, "it was killed half way");
        if !killed(&project, &["runs"], step) {
            break;
        }
        steps = step;
        each_file_is_old_or_new(&project, step);
        project.runs();
        assert_eq!(project.changed(&before), [""; 0], "step {step}");
        assert_eq!(project.leftovers(), [""; 0], "step {step}");
    }
    assert!(steps >= 5, "only {steps} steps");
}

#[test]
fn a_killed_dry_run_leaves_no_copy_behind() {
    let project = template();
    let before = project.snapshot();
    let mut command = project.command();
    command.args(["fix", "--rule", "own-*", "--dry-run", "--no-validate"]);
    command.env("ECOOPS_TEST_STOP_AT", "check");
    assert_eq!(command.output().unwrap().status.signal(), Some(9));
    assert!(!project.leftovers().is_empty(), "it was killed while there was a copy");
    project.runs();
    assert_eq!(project.leftovers(), [""; 0]);
    assert_eq!(project.changed(&before), [""; 0]);
}

#[test]
fn control_c_during_a_check_leaves_nothing() {
    let project = template();
    let mark = project.home.path().display().to_string();
    // The check says that it runs, and would run for long.
    let check = "import time; print('running', flush=True); time.sleep(300)";
    project.configure(&format!(
        "memory.enabled = false\n[[validate.checks]]\nname = \"slow\"\nlayer = \"test\"\ncommand = [\"python3\", \"-c\", {check:?}, {mark:?}]\n"
    ));
    let before = project.snapshot();
    let mut command = project.command();
    command.args(["fix", "--rule", "own-*", "--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let started = (0..6000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        running(&mark) > 0
    });
    assert!(started, "the check began");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert_eq!(running(&mark), 0, "no process is left");
    assert_eq!(project.changed(&before), [""; 0]);
    assert_eq!(project.leftovers(), [""; 0]);
    assert_eq!(project.runs()[0]["state"], "interrupted");
}

/// How many processes have this among their arguments: the check, not the program that started it.
fn running(mark: &str) -> usize {
    let numbered =
        |e: &std::fs::DirEntry| e.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit());
    let lines = std::fs::read_dir("/proc").unwrap().flatten().filter(numbered);
    let lines = lines.filter_map(|e| std::fs::read(e.path().join("cmdline")).ok());
    lines.filter(|l| String::from_utf8_lossy(l).contains(&format!("{mark}\0"))).count()
}

#[test]
fn resume_asks_the_same_from_any_folder() {
    let project = Project::new(&[("a.py", "x == None\n"), ("sub/b.py", "y == None\neval(z)\n")]);
    let mut command = project.command();
    command.args(FIX).args(["b.py", "--category", "reliability"]).current_dir(project.root.join("sub"));
    assert_eq!(command.env("ECOOPS_TEST_STOP_AT", "check").output().unwrap().status.signal(), Some(9));
    let ran = project.run(&["resume", "--yes"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(project.read("a.py"), "x == None\n");
    assert_eq!(project.read("sub/b.py"), "y is None\neval(z)\n");
}
