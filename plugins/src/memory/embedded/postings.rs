//! The full-text index: for each term and segment, which slots have it and how often.
//!
//! A list is made of three bytes a slot: its place in the segment (u16, little-endian), how often (u8,
//! 255 for more). Never looks at a text; the caller says what its terms are.

use super::schema::SLOTS;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};

const ENTRY: usize = 3;

fn split(slot: i64) -> (i64, [u8; 2]) {
    (slot / SLOTS as i64, ((slot % SLOTS as i64) as u16).to_le_bytes())
}

/// New entries of one segment, so that each list is written once and not once a chunk.
#[derive(Default)]
pub(super) struct Batch {
    segment: i64,
    lists: BTreeMap<String, Vec<u8>>,
}

impl Batch {
    /// Slots must come in ascending order; a new segment writes the one before.
    pub fn add(
        &mut self,
        connection: &Connection,
        slot: i64,
        mut terms: Vec<String>,
    ) -> rusqlite::Result<()> {
        let (segment, [low, high]) = split(slot);
        if segment != self.segment {
            self.flush(connection)?;
            self.segment = segment;
        }
        terms.sort_unstable();
        for same in terms.chunk_by_mut(|a, b| a == b) {
            let times = u8::try_from(same.len()).unwrap_or(u8::MAX);
            self.lists.entry(std::mem::take(&mut same[0])).or_default().extend([low, high, times]);
        }
        Ok(())
    }

    /// Writes what was collected.
    pub fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO postings (term, segment, list) VALUES (?1, ?2, ?3)
             ON CONFLICT (term, segment) DO UPDATE SET list = CAST(list || excluded.list AS BLOB)",
        )?;
        for (term, list) in std::mem::take(&mut self.lists) {
            statement.execute(params![term, self.segment, list])?;
        }
        Ok(())
    }
}

/// Entries to be removed.
#[derive(Default)]
pub(super) struct Removal {
    places: BTreeMap<(String, i64), BTreeSet<[u8; 2]>>,
}

impl Removal {
    pub fn add(&mut self, slot: i64, terms: Vec<String>) {
        let (segment, place) = split(slot);
        for term in terms {
            self.places.entry((term, segment)).or_default().insert(place);
        }
    }

    pub fn apply(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut read =
            connection.prepare_cached("SELECT list FROM postings WHERE term = ?1 AND segment = ?2")?;
        let mut delete =
            connection.prepare_cached("DELETE FROM postings WHERE term = ?1 AND segment = ?2")?;
        let mut update =
            connection.prepare_cached("UPDATE postings SET list = ?3 WHERE term = ?1 AND segment = ?2")?;
        for ((term, segment), places) in self.places {
            let list: Option<Vec<u8>> =
                read.query_row(params![term, segment], |row| row.get(0)).optional()?;
            let Some(list) = list else { continue };
            let stays = |entry: &&[u8]| !places.contains(&[entry[0], entry[1]]);
            let rest: Vec<u8> = list.chunks_exact(ENTRY).filter(stays).flatten().copied().collect();
            if rest.is_empty() {
                delete.execute(params![term, segment])?;
            } else {
                update.execute(params![term, segment, rest])?;
            }
        }
        Ok(())
    }
}

/// Where a term is: by segment, the places and how often.
pub(super) struct Found {
    pub slots: usize,
    lists: Vec<(i64, Vec<u8>)>,
}

impl Found {
    /// By segment: the places and how often.
    pub fn lists(&self) -> impl Iterator<Item = (i64, impl Iterator<Item = (usize, u32)>)> {
        let entry = |e: &[u8]| (usize::from(u16::from_le_bytes([e[0], e[1]])), u32::from(e[2]));
        self.lists.iter().map(move |(segment, list)| (*segment, list.chunks_exact(ENTRY).map(entry)))
    }
}

pub(super) fn find(connection: &Connection, term: &str) -> rusqlite::Result<Found> {
    let mut statement = connection.prepare_cached("SELECT segment, list FROM postings WHERE term = ?1")?;
    let rows = statement.query_map([term], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let lists: Vec<(i64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    Ok(Found { slots: lists.iter().map(|(_, list)| list.len() / ENTRY).sum(), lists })
}
