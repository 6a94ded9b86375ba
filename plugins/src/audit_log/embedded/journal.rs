//! The write-ahead journal: each commit is one record, flushed once, before any tile is touched.
//!
//! A file of zeroes with records at its front:
//! `u32 length | SHA-256 of the payload | payload`, all numbers big-endian; a length of zero ends it.
//! Payload: `u64 start | u32 length of the checkpoint | checkpoint | entries as in a bundle`.
//! The first record starts at a multiple of 256 and so holds all that the partial bundle holds; the
//! space is written beforehand, so that a flush need not change the file's size.

use ecoops_core::engines::ledger::tiles;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub const NAME: &str = "journal";
/// Space of a fresh journal; fuller ones are replaced by a fresh one.
pub const SPACE: u64 = 1 << 20;
/// The longest payload.
const LONGEST: usize = 1 << 30;
const HEADER: usize = 36;

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Index of the first entry.
    pub start: u64,
    pub entries: Vec<Vec<u8>>,
    /// The signed checkpoint of the log after these entries.
    pub checkpoint: String,
}

/// What a journal file holds.
#[derive(Debug, Default)]
pub struct Content {
    pub records: Vec<Record>,
    /// Where the next record goes.
    pub end: u64,
    /// Something that is no whole record stands at `end`.
    pub torn: bool,
}

impl Record {
    /// Index after the last entry.
    pub fn next(&self) -> u64 {
        self.start.saturating_add(self.entries.len() as u64)
    }

    /// # Errors
    /// [`tiles::TileError::TooLarge`] when an entry or the whole is too large.
    pub fn encode(&self) -> Result<Vec<u8>, tiles::TileError> {
        let mut record = vec![0; HEADER];
        record.extend_from_slice(&self.start.to_be_bytes());
        record.extend_from_slice(&(self.checkpoint.len() as u32).to_be_bytes());
        record.extend_from_slice(self.checkpoint.as_bytes());
        for entry in &self.entries {
            tiles::push_entry(&mut record, entry)?;
        }
        let length = record.len() - HEADER;
        if length > LONGEST {
            return Err(tiles::TileError::TooLarge(length));
        }
        let hash = Sha256::digest(&record[HEADER..]);
        record[..4].copy_from_slice(&(length as u32).to_be_bytes());
        record[4..HEADER].copy_from_slice(&hash);
        Ok(record)
    }

    fn decode(payload: &[u8]) -> Option<Self> {
        let (start, rest) = payload.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (checkpoint, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        Some(Self {
            start: u64::from_be_bytes(*start),
            checkpoint: std::str::from_utf8(checkpoint).ok()?.to_owned(),
            entries: tiles::split_entries(rest).ok()?.into_iter().map(<[u8]>::to_vec).collect(),
        })
    }
}

/// Reads records until the first thing that is none.
pub fn parse(bytes: &[u8]) -> Content {
    let mut content = Content::default();
    let mut rest = bytes;
    loop {
        let Some((head, body)) = rest.split_first_chunk::<HEADER>() else {
            content.torn = rest.iter().any(|b| *b != 0);
            return content;
        };
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if length == 0 {
            content.torn = rest.iter().any(|b| *b != 0);
            return content;
        }
        let whole =
            body.split_at_checked(length).filter(|(payload, _)| Sha256::digest(payload)[..] == head[4..]);
        let Some((record, next)) = whole.and_then(|(payload, next)| Some((Record::decode(payload)?, next)))
        else {
            content.torn = true;
            return content;
        };
        content.records.push(record);
        content.end += (HEADER + length) as u64;
        rest = next;
    }
}

/// The bytes of a fresh journal that begins with `record`, if any; and where the next record goes.
///
/// # Errors
/// As [`Record::encode`].
pub fn fresh(record: Option<&Record>) -> Result<(Vec<u8>, u64), tiles::TileError> {
    let mut bytes = record.map(Record::encode).transpose()?.unwrap_or_default();
    let end = bytes.len() as u64;
    bytes.resize(bytes.len() + SPACE as usize, 0);
    Ok((bytes, end))
}

/// True when no record stands at `end`.
///
/// # Errors
/// When the file cannot be read.
pub fn ends_at(file: &File, end: u64) -> io::Result<bool> {
    let mut head = [0; 4];
    match file.read_exact_at(&mut head, end) {
        Ok(()) => Ok(head == [0; 4]),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(true),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<Record> {
        let entry = |i: u64| format!("entry {i}").into_bytes();
        vec![
            Record { start: 256, entries: vec![entry(256), entry(257)], checkpoint: "one".into() },
            Record { start: 258, entries: vec![], checkpoint: String::new() },
            Record { start: 258, entries: vec![entry(258)], checkpoint: "two".into() },
        ]
    }

    #[test]
    fn a_journal_reads_back_and_ends_at_any_damage() {
        let (mut bytes, end) = fresh(Some(&records()[0])).unwrap();
        bytes.truncate(end as usize);
        let mut ends = vec![0, end];
        for record in &records()[1..] {
            bytes.extend(record.encode().unwrap());
            ends.push(bytes.len() as u64);
        }
        let whole = parse(&[bytes.as_slice(), &[0; 100]].concat());
        assert_eq!((whole.records, whole.end, whole.torn), (records(), bytes.len() as u64, false));

        for cut in 0..bytes.len() {
            let found = parse(&bytes[..cut]);
            let count = ends.iter().filter(|e| **e > 0 && **e <= cut as u64).count();
            assert_eq!(found.records, records()[..count], "cut at {cut}");
            assert_eq!(found.end, ends[count]);
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[cut] ^= 1 << bit;
                let found = parse(&changed);
                assert!(found.torn && found.records == records()[..count], "byte {cut}, bit {bit}");
            }
        }
    }
}
