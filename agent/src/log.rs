//! The daemon's log: a JSON object a line, secrets taken out of every line, two files at most.
//!
//! A log that cannot be written is given up line by line; it never stops the daemon.

use ecoops_core::engines::redact::Redactor;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// A file that reaches this size, in bytes, becomes `….1`.
const LARGEST: u64 = 4 << 20;

/// Where lines go.
pub enum Sink {
    /// A file that is renewed when it is large.
    File(PathBuf),
    /// Somebody who watches.
    Stream(Box<dyn Write + Send>),
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// Sends what the program logs to the sink, once for the process.
///
/// # Errors
/// What is wrong with the filter, such as `info,ecoops_agent=debug`.
pub fn init(sink: Sink, filter: &str, redactor: Redactor) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|e| e.to_string())?;
    let writer = Lines { redactor, out: Mutex::new(Out { sink, file: None }) };
    let log = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter);
    // A second call, in tests, changes nothing.
    let _ = log.with_writer(writer).try_init();
    Ok(())
}

struct Lines {
    redactor: Redactor,
    out: Mutex<Out>,
}

struct Out {
    sink: Sink,
    file: Option<File>,
}

/// One line while it is made.
struct Line<'a> {
    lines: &'a Lines,
    bytes: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: self, bytes: Vec::new() }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&self.bytes);
        let clean = self.lines.redactor.redact(&text).text;
        let mut out = self.lines.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = out.write(clean.as_bytes());
    }
}

impl Out {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::Stream(stream) => stream.write_all(line).and_then(|()| stream.flush()),
            Sink::File(path) => {
                let large =
                    self.file.as_ref().and_then(|f| f.metadata().ok()).is_some_and(|m| m.len() >= LARGEST);
                if large {
                    let _ = std::fs::rename(&*path, old(path));
                    self.file = None;
                }
                if self.file.is_none() {
                    self.file = Some(open(path)?);
                }
                self.file.as_mut().map_or(Ok(()), |file| file.write_all(line))
            }
        }
    }
}

/// The file before the last renewal.
pub fn old(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

fn open(path: &Path) -> io::Result<File> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_reaches_the_file_and_a_large_file_is_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent/agent.log");
        let lines = Lines {
            redactor: Redactor::new([1; 32]),
            out: Mutex::new(Out { sink: Sink::File(path.clone()), file: None }),
        };
        let secret = format!("AKIA{}", "IOSFODNN7QWERTYU");
        let mut line = lines.make_writer();
        line.write_all(format!("{{\"token\":\"{secret}\"}}\n").as_bytes()).unwrap();
        drop(line);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&secret) && text.contains("secret:"), "{text}");

        std::fs::write(&path, vec![b'x'; LARGEST as usize]).unwrap();
        drop({
            let mut line = lines.make_writer();
            line.write_all(b"after\n").unwrap();
            line
        });
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after\n");
        assert_eq!(std::fs::metadata(old(&path)).unwrap().len(), LARGEST);
    }
}
