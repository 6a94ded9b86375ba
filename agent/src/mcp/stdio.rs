//! The transport over two streams: a message a line, nothing else on either.
//!
//! Ends when its input ends; what is still under way then has a moment to be answered, and is given up.

use super::Service;
use super::context::Outlet;
use super::message::{self, LONGEST, Message};
use super::session::{Session, Step};
use serde_json::Value;
use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after the end of the input an answer may still come.
const GRACE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(10);

/// A stream that many write to, a line each time.
struct Lines<W>(Mutex<W>);

impl<W: Write + Send> Lines<W> {
    fn write(&self, message: &Value) -> io::Result<()> {
        let mut line = serde_json::to_vec(message).unwrap_or_default();
        line.push(b'\n');
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        to.write_all(&line)?;
        to.flush()
    }
}

impl<W: Write + Send> Outlet for Lines<W> {
    fn send(&self, message: &Value) {
        // A client that is gone ends the input as well.
        let _ = self.write(message);
    }
}

/// Serves until `from` ends. Each request may take `patience`.
///
/// # Errors
/// When a stream fails.
pub fn serve(
    service: Arc<dyn Service>,
    mut from: impl BufRead,
    to: impl Write + Send + 'static,
    patience: Duration,
) -> io::Result<()> {
    let session = Session::new("stdio".to_owned(), service);
    let lines = Arc::new(Lines(Mutex::new(to)));
    let mut jobs = Vec::new();
    let mut line = Vec::new();
    while next(&mut from, &mut line)? {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match Message::read(&line).map(|message| session.take(message)) {
            Ok(Step::Done) => {}
            Ok(Step::Answer(answer)) => lines.write(&answer)?,
            Ok(Step::Run(job)) => {
                let lines = lines.clone();
                let work = move || {
                    if let Some(answer) = job.run(lines.clone(), None, patience) {
                        lines.send(&answer);
                    }
                };
                jobs.retain(|job: &std::thread::JoinHandle<()>| !job.is_finished());
                jobs.push(std::thread::Builder::new().name("mcp".into()).spawn(work)?);
            }
            Err((id, failure)) => lines.write(&message::response(id.as_ref(), Err(failure)))?,
        }
    }
    let until = Instant::now() + GRACE;
    while jobs.iter().any(|job| !job.is_finished()) && Instant::now() < until {
        std::thread::sleep(LOOK);
    }
    session.end();
    for job in jobs {
        let _ = job.join();
    }
    Ok(())
}

/// The next line, or false at the end. One that is too long is read over, and what is left of it is refused.
fn next(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = LONGEST as u64 + 2;
    if from.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    while line.len() as u64 >= most && !line.ends_with(b"\n") {
        let waiting = from.fill_buf()?;
        let (length, end) = match waiting.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (waiting.len(), waiting.is_empty()),
        };
        from.consume(length);
        if end {
            break;
        }
    }
    Ok(true)
}
