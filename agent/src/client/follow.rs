//! Following the daemon's events (server-sent events), blocking: the next event, or that nobody speaks any more.
//!
//! The request is HTTP/1.0 (RFC 9112, section 9.3): its answer ends with the connection and comes as it is.

use super::wire::Wire;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The daemon gives a sign of life every 15 s.
const SILENCE: Duration = Duration::from_secs(45);
/// The longest line: an event of the largest size, escaped.
const LONGEST: u64 = 64 << 20;

/// What the daemon says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The event's place in the log.
    pub id: Option<u64>,
    /// Its type; `damaged` and `gap` are none of the pipeline's.
    pub kind: String,
    /// JSON.
    pub data: String,
}

#[derive(Debug)]
pub struct Follow {
    reader: BufReader<UnixStream>,
}

impl Follow {
    /// Follows the events of the daemon at `socket` from `from` on.
    ///
    /// # Errors
    /// When nobody answers within `within`, or the daemon refuses.
    pub fn open(socket: &Path, from: u64, within: Duration) -> Result<Self> {
        let stream = Wire::open(socket, within)?.into_stream();
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(within))?;
        let head = format!(
            "GET /v1/events/stream?from={from} HTTP/1.0\r\nhost: localhost\r\nx-service-name: ecoops\r\n\r\n"
        );
        (&stream).write_all(head.as_bytes())?;
        let mut follow = Self { reader: BufReader::new(stream) };
        let status = follow.line()?;
        if status.split(' ').nth(1) != Some("200") {
            return Err(Error::other(format!("the agent refused: {status:.100}")));
        }
        while !follow.line()?.is_empty() {}
        Ok(follow)
    }

    /// Waits for what comes next.
    ///
    /// # Errors
    /// When the connection ends, or nothing was heard for 45 s.
    pub fn read(&mut self) -> Result<Said> {
        let mut said = Said { id: None, kind: String::new(), data: String::new() };
        loop {
            let line = self.line()?;
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" if line.is_empty() && !said.data.is_empty() => return Ok(said),
                "id" => said.id = value.parse().ok(),
                "event" => said.kind = value.to_owned(),
                "data" => said.data.push_str(value),
                _ => {}
            }
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        let count = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
        if count == 0 || line.last() != Some(&b'\n') {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8(line).map_err(|_| Error::from(ErrorKind::InvalidData))?;
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }
}
