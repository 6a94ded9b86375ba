//! What is read that never begins or never ends: a pipe without a writer, a device, a server that says nothing. What
//! wants a file refuses it; what reads it ends in order when it is asked to, and leaves nothing behind.

use ecoops_tests::home::{Home, Ran, binary, write};
use ecoops_tests::servers::until;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take that should take no time.
const SOON: Duration = Duration::from_secs(10);

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "a pipe at {}", path.display());
}

fn start(home: &Home, arguments: &[&str]) -> Child {
    let mut command = home.command(binary(), home.path());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it starts")
}

/// Waits until the process handles the signals that ask it to end.
fn listens(child: &Child) {
    until("it handles signals", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
        (caught >> (Signal::TERM.as_raw() - 1) & 1 == 1).then_some(())
    });
}

/// Its end, which must come soon.
fn ended(mut child: Child, what: &str) -> Ran {
    let end = Instant::now() + SOON;
    while child.try_wait().expect("it is ours").is_none() {
        if Instant::now() > end {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{what}: it goes on");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ran::from(child.wait_with_output().expect("it ended"))
}

/// What is in the folders that a command may leave things in.
fn left(home: &Home) -> Vec<String> {
    let folders = [home.path().join("home/ecoops/cache"), home.path().to_owned()];
    let names = folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten();
    let names = names.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
    names
        .filter(|name| name.starts_with(".tmp") || name.starts_with(".ecoops-capture") || name == "made")
        .collect()
}

#[test]
fn what_wants_a_file_refuses_what_is_none() {
    let home = Home::new();
    pipe(&home.path().join("pipe"));
    pipe(&home.path().join("pipe.tar.zst"));
    write(&home.path().join("a.log"), "2026-03-02T10:00:00Z ERROR broke\n");
    let opened = home.ecoops(home.path(), &["incident", "open", "t", "--at", "2026-03-02T10:10:00Z"]);
    assert_eq!(opened.code, 0, "{}", opened.stderr);
    let listed = home.ecoops(home.path(), &["incident", "list", "--output", "json"]).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let id = listed.pointer("/incidents/0/id").and_then(|id| id.as_str()).expect("an id");
    for arguments in [
        &["incident", "analyze", "pipe"][..],
        &["incident", "analyze", "pipe.tar.zst"],
        &["incident", "analyze", "a.log", "pipe"],
        &["incident", "analyze", "/dev/zero"],
        &["incident", "analyze", "/dev/null"],
        &["incident", "ingest", id, "pipe"],
        &["incident", "ingest", id, "a.log", "/dev/zero"],
        &["incident", "capture", "made", "pipe"],
        &["incident", "capture", "made", "a.log", "/dev/zero", "--at", "2026-03-02T10:10:00Z"],
    ] {
        let ran = ended(start(&home, arguments), &format!("{arguments:?}"));
        assert_eq!(ran.code, 2, "{arguments:?}: {} {}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("no plain file"), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty() && left(&home).is_empty(), "{arguments:?}: {:?}", left(&home));
    }
    for arguments in
        [&["signals", "templates", "."][..], &["signals", "detect", "."], &["signals", "watch", "."]]
    {
        let ran = ended(start(&home, arguments), &format!("{arguments:?}"));
        assert!(ran.code == 2 && ran.stderr.contains("it is a folder"), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_wait_for_input_ends_when_it_is_asked_to() {
    let home = Home::new();
    pipe(&home.path().join("pipe"));
    for (arguments, signal) in [
        (&["signals", "templates", "pipe"][..], Signal::TERM),
        (&["signals", "templates", "pipe", "--output", "csv"], Signal::INT),
        (&["signals", "detect", "pipe"], Signal::TERM),
        (&["signals", "watch", "pipe"], Signal::TERM),
        (&["signals", "templates", "-"], Signal::TERM),
        (&["signals", "detect", "-"], Signal::INT),
        (&["signals", "watch", "-"], Signal::TERM),
        (&["incident", "analyze", "-"], Signal::TERM),
        (
            &["incident", "capture", "made", "--token-file", "pipe", "--prometheus", "http://127.0.0.1:1"],
            Signal::TERM,
        ),
        // It never ends, and has no line either.
        (&["signals", "templates", "/dev/zero"], Signal::TERM),
        (&["signals", "watch", "/dev/zero"], Signal::INT),
    ] {
        let child = start(&home, arguments);
        listens(&child);
        kill_process(Pid::from_child(&child), signal).expect("it is there");
        let ran = ended(child, &format!("{arguments:?}"));
        assert_eq!(ran.code, 130, "{arguments:?}: {} {}", ran.stdout, ran.stderr);
        assert!(left(&home).is_empty(), "{arguments:?}: {:?}", left(&home));
    }
}

#[test]
fn a_pipe_is_read_as_it_comes() {
    let home = Home::new();
    pipe(&home.path().join("pipe"));
    for (arguments, says) in [
        (&["signals", "templates", "pipe"][..], "2 lines, 1 templates"),
        (&["signals", "detect", "pipe"], "2 values"),
    ] {
        let child = start(&home, arguments);
        // Without a reader this is refused.
        let writer = || {
            OpenOptions::new()
                .write(true)
                .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
                .open(home.path().join("pipe"))
        };
        let mut writer: File = until("it opens the pipe", || writer().ok());
        for line in ["1,1.5\n", "2,2.5\n"] {
            writer.write_all(line.as_bytes()).expect("there is room");
        }
        drop(writer);
        let ran = ended(child, &format!("{arguments:?}"));
        assert!(ran.code == 0 && ran.stdout.contains(says), "{arguments:?}: {} {}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_server_that_says_nothing_is_waited_for_no_longer() {
    let home = Home::new();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("its address"));
    for server in ["--prometheus", "--alertmanager", "--loki", "--tempo"] {
        let child = start(&home, &["incident", "capture", "made", server, &url]);
        let (_kept, _) = silent.accept().expect("it asks");
        kill_process(Pid::from_child(&child), Signal::TERM).expect("it is there");
        let ran = ended(child, server);
        assert_eq!(ran.code, 130, "{server}: {} {}", ran.stdout, ran.stderr);
        assert!(left(&home).is_empty(), "{server}: {:?}", left(&home));
    }
}
