//! Server-sent events as they come (HTML standard, section 9.2.6), each within a bound.

use super::super::message::LONGEST;
use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

/// One event; a comment or a field alone is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    pub data: String,
}

/// Reads events from a body.
pub struct Events<R> {
    from: BufReader<R>,
    /// The id of the last event, to resume from.
    pub last: Option<String>,
    /// How long the server wants us to stay away.
    pub retry: Option<Duration>,
}

impl<R: Read> Events<R> {
    pub fn new(from: R) -> Self {
        Self { from: BufReader::new(from), last: None, retry: None }
    }

    /// The next event, or none at the end.
    ///
    /// # Errors
    /// When the line breaks, or an event is too long.
    pub fn next(&mut self) -> io::Result<Option<Event>> {
        let (mut event, mut begun) = (Event::default(), false);
        loop {
            let mut line = Vec::new();
            let most = LONGEST as u64 + 16;
            let length = self.from.by_ref().take(most).read_until(b'\n', &mut line)?;
            if length as u64 >= most || event.data.len() > LONGEST {
                return Err(io::Error::other(format!("an event has more than {LONGEST} bytes")));
            }
            // What ends without an empty line was cut off.
            if length == 0 {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            if text.is_empty() {
                if begun {
                    return Ok(Some(event));
                }
                continue;
            }
            let (name, value) = text.split_once(':').unwrap_or((text, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "data" => {
                    if begun && !event.data.is_empty() {
                        event.data.push('\n');
                    }
                    event.data.push_str(value);
                    begun = true;
                }
                "id" if !value.contains('\0') => self.last = Some(value.to_owned()),
                "retry" => self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_the_standard_says() {
        let text = ": a comment\n\nid: 1\nretry: 500\ndata: \n\nevent: message\r\nid:2\r\ndata:{\"a\":1}\r\n\r\ndata: x\ndata: y\n\ndata: cut";
        let mut events = Events::new(text.as_bytes());
        let mut data = Vec::new();
        while let Some(event) = events.next().unwrap() {
            data.push(event.data);
        }
        assert_eq!(data, ["", "{\"a\":1}", "x\ny"]);
        assert_eq!((events.last.as_deref(), events.retry), (Some("2"), Some(Duration::from_millis(500))));
        let long = format!("data: {}\n\n", "x".repeat(LONGEST + 100));
        assert!(Events::new(long.as_bytes()).next().is_err());
    }
}
