//! One command of this program, run for a tool in a process of its own: what it uses ends with it, what
//! hangs is killed, and it says and does what it would in a terminal.

use super::super::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Bytes that a command may write.
const MOST: u64 = 64 << 20;
/// Bytes of its messages that are kept.
const MOST_MESSAGES: u64 = 64 << 10;
/// How often one that waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);
/// How often a client hears that it goes on.
const TICK: Duration = Duration::from_secs(1);
/// How long a command that was told to stop may take.
const GRACE: Duration = Duration::from_secs(2);

/// This program, and how it is started.
#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    /// Before every command: `--config` and the like.
    pub arguments: Vec<OsString>,
}

/// What a command gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub code: i32,
    pub output: String,
    pub messages: String,
}

impl Ended {
    /// The output as JSON, when the command ended with one of these codes.
    ///
    /// # Errors
    /// What the command said.
    pub fn json(&self, fine: &[i32]) -> Result<Value, String> {
        self.check(fine)?;
        serde_json::from_str(&self.output).map_err(|e| format!("its answer cannot be read: {e}"))
    }

    /// # Errors
    /// What the command said, when it did not end with one of these codes.
    pub fn check(&self, fine: &[i32]) -> Result<(), String> {
        if fine.contains(&self.code) {
            return Ok(());
        }
        let said = self.messages.trim();
        Err(if said.is_empty() { format!("it ended with exit code {}", self.code) } else { said.to_owned() })
    }
}

impl Program {
    /// Runs a command in `folder` until it ends or the context is over.
    ///
    /// # Errors
    /// Why there is no end to speak of.
    pub fn run(&self, folder: &Path, arguments: &[OsString], context: &Context) -> Result<Ended, String> {
        let mut command = Command::new(&self.path);
        // It ends by itself even if nobody is left to end it.
        let deadline = context.left().as_secs() + 1;
        command.args(["--quiet", "--color", "never", "--deadline", &deadline.to_string(), "-C"]);
        command.arg(folder).args(&self.arguments).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().map_err(|e| format!("this program cannot be started: {e}"))?;
        let output = reader(child.stdout.take(), MOST);
        let messages = reader(child.stderr.take(), MOST_MESSAGES);
        let ended = wait(&mut child, context);
        if ended.is_err() {
            stop(&mut child);
        }
        let code = ended?;
        let (output, whole) = output.recv_timeout(GRACE).unwrap_or_default();
        if !whole {
            return Err(format!("it wrote more than {MOST} bytes"));
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let messages = text(messages.recv_timeout(GRACE).unwrap_or_default().0);
        Ok(Ended { code, output: text(output), messages })
    }
}

/// Reads to the end elsewhere. Past `most` bytes it is not whole, and the rest is read and dropped.
fn reader(from: Option<impl Read + Send + 'static>, most: u64) -> Receiver<(Vec<u8>, bool)> {
    let (give, take) = channel();
    std::thread::spawn(move || {
        let Some(mut from) = from else { return };
        let mut bytes = Vec::new();
        let whole = from.by_ref().take(most).read_to_end(&mut bytes).is_ok();
        let rest = std::io::copy(&mut from, &mut std::io::sink()).unwrap_or(1);
        let _ = give.send((bytes, whole && rest == 0));
    });
    take
}

fn wait(child: &mut Child, context: &Context) -> Result<i32, String> {
    let begin = Instant::now();
    let mut told = 0;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.code().unwrap_or(-1)),
            Ok(None) => {}
            Err(e) => return Err(format!("it cannot be waited for: {e}")),
        }
        if context.is_cancelled() {
            return Err("it was cancelled".to_owned());
        }
        if context.is_over() {
            return Err(format!("it took longer than {} s and was stopped", begin.elapsed().as_secs()));
        }
        let ticks = (begin.elapsed().as_millis() / TICK.as_millis().max(1)) as u32;
        if ticks > told {
            told = ticks;
            context.progress(f64::from(ticks), None, Some(&format!("under way for {ticks} s")));
        }
        std::thread::sleep(LOOK);
    }
}

/// Ends the command and all that it started: first asked, then killed.
fn stop(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let send = |signal| group.map(|group| kill_process_group(group, signal));
    let _ = send(Signal::TERM);
    let until = Instant::now() + GRACE;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
        std::thread::sleep(LOOK);
    }
    let _ = send(Signal::KILL);
    let _ = child.kill();
    let _ = child.wait();
}
