//! The command line as a whole: help, bad usage, streams, signals, deadline.

use ecoops_tests::home::{Home, binary};
use std::io::{Read, Write};
use std::process::Stdio;

/// The commands that the help lists.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    let names = listed.filter_map(|l| l.split_whitespace().next());
    let name = |n: &&str| *n != "ecoops" && n.chars().all(|c| c.is_ascii_lowercase());
    names.filter(name).map(str::to_owned).collect()
}

#[test]
fn help_is_grouped_and_fits_80_columns() {
    let home = Home::new();
    let ran = home.ecoops(home.path(), &["--help"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    for part in ["Usage: ecoops", "Set up:", "Where code moves:", "Examples:", "Exit codes:", "--offline"] {
        assert!(ran.stdout.contains(part), "{part} is not in\n{}", ran.stdout);
    }
    let names = commands(&ran.stdout);
    assert!(names.iter().any(|n| n == "doctor") && names.iter().any(|n| n == "hook"), "{names:?}");
    for name in names {
        let ran = home.ecoops(home.path(), &["help", &name]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert!(ran.stdout.contains("Example"), "{name} has no example");
        for line in ran.stdout.lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
    }
}

#[test]
fn bad_usage_is_2_on_stderr() {
    let home = Home::new();
    for (arguments, said) in [
        (&[][..], "Usage:"),
        (&["scna"], "unrecognized subcommand 'scna'"),
        (&["config", "--nonsense"], "unexpected argument '--nonsense'"),
        (&["--output", "yaml", "config", "defaults"], "invalid value 'yaml'"),
        (&["--deadline", "0", "config", "defaults"], "0 is not in 1.."),
        (&["--config", "nonsense", "config", "defaults"], "KEY=VALUE"),
        (&["--config", "scan.perona=x", "config", "defaults"], "did you mean `scan.persona`"),
        (&["--config", "scan.threads=many", "config", "defaults"], "must be a whole number"),
        (&["--log", "a=b=c", "config", "defaults"], "log filter"),
        (&["-C", "/does/not/exist", "config", "defaults"], "cannot be entered"),
        (&["-C", "/etc/passwd", "config", "defaults"], "not a folder"),
        (&["--color", "always", "--no-color", "config", "defaults"], "cannot be used with"),
    ] {
        let ran = home.ecoops(home.path(), arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
}

#[test]
fn colour_is_only_for_who_wants_it() {
    let home = Home::new();
    for (variables, colored) in [
        (&[][..], false),
        (&[("FORCE_COLOR", "1")], true),
        (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
    ] {
        let ran = home.ecoops_with(home.path(), &["--help"], "", variables);
        assert_eq!(ran.stdout.contains('\u{1b}'), colored, "{variables:?}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let home = Home::new();
    let mut command = home.command(binary(), home.path());
    command.args(["config", "defaults"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Waits until the process handles SIGINT (signal 2), as the kernel tells.
fn handles_signals(pid: u32) {
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:")).unwrap().trim();
        if u64::from_str_radix(caught, 16).unwrap() & 0b10 != 0 {
            return;
        }
        std::thread::yield_now();
    }
}

/// Waits until the process reads from a pipe, as the kernel tells.
fn waits_for_input(pid: u32) {
    handles_signals(pid);
    while !std::fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap().contains("pipe_read") {
        std::thread::yield_now();
    }
}

#[test]
fn an_interrupt_is_130() {
    let home = Home::new();
    let repo = home.repo(&[("a", "a\n")]);
    let mut command = home.command(binary(), &repo);
    command
        .args(["hook", "run", "pre-push"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take();
    waits_for_input(child.id());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "one is enough while it waits");
    drop(stdin);
}

/// Waits until no signal is on its way to the process.
fn has_taken_signals(pid: u32) {
    let none = |line: &str| line.trim().bytes().all(|b| b == b'0');
    while let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) {
        let pending = status.lines().filter_map(|l| l.strip_prefix("ShdPnd:").or(l.strip_prefix("SigPnd:")));
        if pending.into_iter().all(none) {
            return;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_second_interrupt_ends_what_does_not_look_at_the_first() {
    let home = Home::new();
    // One file that takes long: it is looked at whole before anything else is.
    let repo = home.repo(&[("a.py", &format!("y = \"{}\"\n", "x".repeat(8 << 20)))]);
    let mut command = home.command(binary(), &repo);
    command
        .args(["scan", "--config", "scan.max_file_size=32MiB"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    handles_signals(child.id());
    let pid = rustix::process::Pid::from_child(&child);
    for _ in 0..2 {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        has_taken_signals(child.id());
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_deadline_is_124() {
    let home = Home::new();
    let repo = home.repo(&[("a", "a\n")]);
    let mut command = home.command(binary(), &repo);
    command.args(["--deadline", "1", "hook", "run", "pre-push"]).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(b"refs/heads/main ");
    assert_eq!(child.wait().unwrap().code(), Some(124));
}
