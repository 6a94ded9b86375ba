//! The kernel's event bus: named streams of domain events, each event kept once.
//!
//! Beside `events`, which is this program's own durable log with consumer groups, the bus carries what
//! other programs say to each other.

use crate::domain::DomainEvent;
use std::fmt;
use std::str::FromStr;

/// An event's place in its stream, written `<milliseconds>-<sequence>`; it only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Milliseconds since 1970, or what the stream reached before the clock went back.
    pub millis: u64,
    pub sequence: u64,
}

impl Position {
    pub const FIRST: Self = Self { millis: 0, sequence: 0 };
    pub const LAST: Self = Self { millis: u64::MAX, sequence: u64::MAX };

    /// The place right after this one.
    pub fn next(self) -> Self {
        match self.sequence.checked_add(1) {
            Some(sequence) => Self { sequence, ..self },
            None => Self { millis: self.millis.saturating_add(1), sequence: 0 },
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.sequence)
    }
}

/// `1700000000000-3`, or `1700000000000` for its first.
impl FromStr for Position {
    type Err = BusError;

    fn from_str(text: &str) -> Result<Self, BusError> {
        let bad = || BusError::Refused(format!("`{text}` is no place in a stream, such as 1700000000000-0"));
        let number = |part: &str| match part.bytes().all(|b| b.is_ascii_digit()) {
            true => part.parse::<u64>().map_err(|_| bad()),
            false => Err(bad()),
        };
        let (millis, sequence) = text.split_once('-').unwrap_or((text, "0"));
        Ok(Self { millis: number(millis)?, sequence: number(sequence)? })
    }
}

/// What became of an event that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The id of the event, or of the one that came first with its key.
    pub id: String,
    pub position: Position,
    /// Its key was known; nothing was stored.
    pub duplicate: bool,
}

pub trait Bus: Send + Sync {
    /// Makes the event durable in its stream. A key seen before in any stream stores nothing; so does
    /// one that another caller brings at the same time.
    ///
    /// # Errors
    /// [`BusError`]; then nothing was stored.
    fn publish(&self, stream: &str, event: &DomainEvent) -> Result<Published, BusError>;

    /// Up to `count` (1 to 1000) events from `from` to `to`, both inclusive, oldest first. A stream
    /// that nobody wrote to is empty. An entry that is no event is left out.
    ///
    /// # Errors
    /// [`BusError`] when the stream cannot be read.
    fn replay(
        &self,
        stream: &str,
        from: Position,
        to: Position,
        count: usize,
    ) -> Result<Vec<(Position, DomainEvent)>, BusError>;

    /// The streams that hold something, by name.
    ///
    /// # Errors
    /// [`BusError`] when the bus cannot be read.
    fn streams(&self) -> Result<Vec<String>, BusError>;
}

#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error("the event bus cannot be used: {0}")]
    Storage(String),
    #[error("{0}")]
    Refused(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_written() {
        for (text, expected) in [
            ("0-0", Some("0-0")),
            ("17", Some("17-0")),
            ("17-3", Some("17-3")),
            ("", None),
            ("-", None),
            ("+", None),
            ("(17-3", None),
            ("1-2-3", None),
            ("+1-2", None),
            ("99999999999999999999-0", None),
        ] {
            assert_eq!(text.parse::<Position>().ok().map(|p| p.to_string()).as_deref(), expected, "{text}");
        }
        assert!(
            Position { millis: 1, sequence: u64::MAX }.next() > Position { millis: 1, sequence: u64::MAX }
        );
    }
}
