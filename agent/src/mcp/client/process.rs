//! A server as a process of ours: it sees the variables that were named and no others, and is gone with us.

use super::super::message::LONGEST;
use super::{ClientError, Line, answers};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Messages that wait to be read.
const AHEAD: usize = 64;
/// Bytes of its last words that are kept.
const LAST_WORDS: usize = 4 << 10;
/// How long it may take to end once its input has.
const GRACE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(10);
/// How long the last words of one that ended are waited for.
const LAST_WORDS_COME: Duration = Duration::from_millis(500);

/// What to start, and how.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<String>,
    /// All of its environment.
    pub variables: Vec<(String, OsString)>,
    pub folder: PathBuf,
}

type Words = Arc<Mutex<Vec<u8>>>;

pub struct Process {
    child: Child,
    to: Option<Input>,
    from: Receiver<Result<Value, ClientError>>,
    words: Words,
}

impl Process {
    pub fn start(program: &Program) -> Result<Self, ClientError> {
        let (name, arguments) = program
            .command
            .split_first()
            .ok_or_else(|| ClientError::NotStarted("no command is named".into()))?;
        let mut command = Command::new(name);
        command.args(arguments).current_dir(&program.folder).env_clear();
        command.envs(program.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().map_err(|e| ClientError::NotStarted(format!("{name}: {e}")))?;
        let (give, from) = sync_channel(AHEAD);
        let words = Words::default();
        if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
            std::thread::spawn(move || read(BufReader::new(out), &give));
            let kept = words.clone();
            std::thread::spawn(move || keep(err, &kept));
        }
        let to = child.stdin.take().map(Input::new);
        Ok(Self { child, to, from, words })
    }

    fn write(&mut self, message: &Value, until: Instant) -> Result<(), ClientError> {
        let begin = Instant::now();
        let mut line = message.to_string();
        line.push('\n');
        match self.to.as_ref().map(|to| to.write(line, until)) {
            Some(Ok(())) => Ok(()),
            Some(Err(RecvTimeoutError::Timeout)) => {
                // Half a line may be in it.
                self.to = None;
                Err(ClientError::Late(begin.elapsed().as_secs()))
            }
            _ => Err(self.ended()),
        }
    }

    /// What it said last, when it is gone.
    fn ended(&mut self) -> ClientError {
        let until = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        // Its last words are read beside this thread, and may come after its end.
        let until = Instant::now() + LAST_WORDS_COME;
        while self.words.lock().unwrap_or_else(PoisonError::into_inner).is_empty() && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&words).trim().to_owned();
        ClientError::Ended(if said.is_empty() { "it said nothing".into() } else { said })
    }
}

impl Line for Process {
    fn ask(
        &mut self,
        request: &Value,
        until: Instant,
        other: &mut dyn FnMut(Value) -> Option<Value>,
    ) -> Result<Value, ClientError> {
        let begin = Instant::now();
        self.write(request, until)?;
        loop {
            match self.from.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(message) => {
                    let message = message?;
                    if answers(&message, request) {
                        return Ok(message);
                    }
                    if let Some(answer) = other(message) {
                        self.write(&answer, until)?;
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Err(ClientError::Late(begin.elapsed().as_secs())),
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            }
        }
    }

    fn tell(&mut self, message: &Value, until: Instant) -> Result<(), ClientError> {
        self.write(message, until)
    }
}

/// Its input, written on a thread: a server that does not read fills the pipe, and then a writing never ends.
struct Input {
    lines: Sender<String>,
    written: Receiver<()>,
}

impl Input {
    fn new(mut to: ChildStdin) -> Self {
        let (lines, given) = channel::<String>();
        let (done, written) = channel();
        std::thread::spawn(move || {
            for line in given {
                let sent = to.write_all(line.as_bytes()).and_then(|()| to.flush());
                if sent.is_err() || done.send(()).is_err() {
                    return;
                }
            }
        });
        Self { lines, written }
    }

    /// Late when it is not written by then; disconnected when nobody reads any more.
    fn write(&self, line: String, until: Instant) -> Result<(), RecvTimeoutError> {
        self.lines.send(line).map_err(|_| RecvTimeoutError::Disconnected)?;
        self.written.recv_timeout(until.saturating_duration_since(Instant::now()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.to = None;
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        for signal in [None, Some(Signal::TERM)] {
            if let (Some(signal), Some(group)) = (signal, group) {
                let _ = kill_process_group(group, signal);
            }
            let until = Instant::now() + GRACE;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
                std::thread::sleep(LOOK);
            }
        }
        // Whatever it left behind in its group goes too.
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A message a line, until the end; what is none ends the conversation.
fn read(mut from: impl BufRead, give: &SyncSender<Result<Value, ClientError>>) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match from.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.iter().all(u8::is_ascii_whitespace) => continue,
            Ok(_) => {}
        }
        let read = match line.len() > LONGEST {
            true => Err(ClientError::Protocol(format!("a message has more than {LONGEST} bytes"))),
            false => serde_json::from_slice(&line)
                .map_err(|e| ClientError::Protocol(format!("it writes what is no message: {e}"))),
        };
        let broken = read.is_err();
        if give.send(read).is_err() || broken {
            return;
        }
    }
}

/// Keeps the end of what it says to people.
fn keep(mut from: impl Read, words: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(length) = from.read(&mut buffer) {
        if length == 0 {
            return;
        }
        let mut kept = words.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(buffer.get(..length).unwrap_or_default());
        let over = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..over);
    }
}
