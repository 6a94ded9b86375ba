//! The other half of the local runner: a small process that builds the cage, starts the program in
//! it, and leaves nothing of it behind.
//!
//! It runs as a process of its own because a cage cannot be left again, and because what is done
//! between fork and exec is unsafe in Rust. The composition root calls [`main`] for a hidden
//! subcommand. It reads what to do from its standard input (see `wire`) and nothing else: no
//! arguments, no environment, no files.

use super::wire::{Report, Spec, line};
use super::{confine, namespace, tree};
use rustix::process::{Pid, WaitOptions, WaitStatus, getpid, set_child_subreaper, setsid, wait};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// The hidden first argument with which the command line calls [`main`].
pub const SUBCOMMAND: &str = "__sandbox";

/// Folders with other programs' sockets and shared memory.
const HIDDEN: [&str; 2] = ["/run", "/dev/shm"];

/// Never returns before all that it started is dead. The exit code is 0 when the program's end was reported.
pub fn main() -> ExitCode {
    let Ok(control) = std::io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from) else {
        return ExitCode::from(2);
    };
    let report = match read_spec(&control).and_then(|(spec, rest)| supervise(&spec, &control, rest)) {
        Ok(report) => report,
        Err(why) => Report::Failed { why },
    };
    if tell(&control, &report) { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

fn read_spec(control: &UnixStream) -> Result<(Spec, BufReader<UnixStream>), String> {
    let mut reader = BufReader::new(control.try_clone().map_err(|e| e.to_string())?);
    let mut text = String::new();
    reader.read_line(&mut text).map_err(|e| e.to_string())?;
    let spec = serde_json::from_str(&text).map_err(|e| format!("this is started by ecoops only: {e}"))?;
    Ok((spec, reader))
}

fn supervise(spec: &Spec, control: &UnixStream, lifeline: BufReader<UnixStream>) -> Result<Report, String> {
    // A session of its own has no terminal, and the runner can tell its processes by it.
    let _ = setsid();
    set_child_subreaper(Some(getpid())).map_err(|e| format!("cannot adopt orphans: {e}"))?;
    let hide: Vec<&Path> = HIDDEN.iter().map(Path::new).filter(|h| !is_needed(h, spec)).collect();
    let private = namespace::enter(spec.network, &hide);
    // Landlock binds a thread and what it starts, so the supervisor itself stays outside and the
    // caged program cannot signal it.
    let caged = std::thread::scope(|scope| {
        scope.spawn(|| confine::apply(spec, &private).and_then(|gaps| Ok((start(spec)?, gaps)))).join()
    });
    let (child, unenforced) = caged.map_err(|_| "the sandbox could not be built".to_owned())??;
    watch(lifeline);
    tell(control, &Report::Started { unenforced });
    let status = reap_until(child)?;
    tree::kill_below(getpid().as_raw_nonzero().get());
    while let Ok(Some(_)) = wait(WaitOptions::empty()) {}
    Ok(match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Report::Exited(code),
        (None, Some(signal)) => Report::Signalled(signal),
        (None, None) => Report::Failed { why: "its end is unknown".into() },
    })
}

/// A folder that holds something the program needs is not hidden from it: name resolution lives in `/run`.
fn is_needed(hidden: &Path, spec: &Spec) -> bool {
    if spec.network && hidden == Path::new("/run") {
        return true;
    }
    let needed = spec.readable.iter().chain(&spec.writable).chain([&spec.folder, &spec.program]);
    needed.into_iter().any(|p| p.starts_with(hidden))
}

fn start(spec: &Spec) -> Result<Pid, String> {
    let child = Command::new(&spec.program)
        .args(&spec.arguments)
        .env_clear()
        .envs(&spec.environment)
        .current_dir(&spec.folder)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|e| e.to_string())?;
    Ok(Pid::from_child(&child))
}

/// When the runner closes its end, by will or because it was killed, everything here dies.
fn watch(mut lifeline: BufReader<UnixStream>) {
    std::thread::spawn(move || {
        let mut rest = [0u8; 64];
        while matches!(lifeline.read(&mut rest), Ok(n) if n > 0) {}
        tree::kill_below(getpid().as_raw_nonzero().get());
        std::process::exit(3);
    });
}

/// Reaps children and adopted orphans until `child` itself has ended.
fn reap_until(child: Pid) -> Result<WaitStatus, String> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == child => return Ok(status),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(format!("its end was lost: {e}")),
        }
    }
}

fn tell(control: &UnixStream, report: &Report) -> bool {
    let mut socket = control;
    line(report).is_ok_and(|bytes| socket.write_all(&bytes).is_ok())
}
