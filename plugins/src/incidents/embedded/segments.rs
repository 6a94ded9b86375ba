//! Raw lines in compressed blocks: written in the order of a file, found again by their offset in it.
//!
//! A block holds, for each line, its offset (8 bytes), its length (4 bytes, both little-endian) and its bytes.

use super::schema::sql;
use ecoops_core::ports::incidents::IncidentsError;
use rusqlite::{Connection, OptionalExtension, params};

/// Raw bytes of a block.
const BLOCK: usize = 256 << 10;
/// The most that a block may unpack to: one line of the longest kind and its neighbours.
const LARGEST: usize = 32 << 20;

/// Gathers lines into blocks.
#[derive(Debug, Default)]
pub struct Writer {
    file: String,
    first: u64,
    last: u64,
    body: Vec<u8>,
}

impl Writer {
    pub fn add(
        &mut self,
        connection: &Connection,
        incident: &str,
        file: &str,
        offset: u64,
        raw: &[u8],
    ) -> Result<(), IncidentsError> {
        // Offsets within a block grow, so that a line is found by a range.
        if self.file != file || offset <= self.last && !self.body.is_empty() || self.body.len() >= BLOCK {
            self.flush(connection, incident)?;
        }
        if self.body.is_empty() {
            file.clone_into(&mut self.file);
            self.first = offset;
        }
        self.last = offset;
        self.body.extend_from_slice(&offset.to_le_bytes());
        self.body.extend_from_slice(&u32::try_from(raw.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.body.extend_from_slice(raw);
        Ok(())
    }

    pub fn flush(&mut self, connection: &Connection, incident: &str) -> Result<(), IncidentsError> {
        if self.body.is_empty() {
            return Ok(());
        }
        let packed =
            zstd::bulk::compress(&self.body, 3).map_err(|e| IncidentsError::Storage(e.to_string()))?;
        let integer = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        connection
            .prepare_cached(
                "INSERT INTO segments (incident_id, file, first, last, size, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut statement| {
                let size = integer(self.body.len() as u64);
                statement.execute(params![incident, self.file, integer(self.first), integer(self.last), size, packed])
            })
            .map_err(sql)?;
        self.body.clear();
        Ok(())
    }
}

/// Finds lines, and keeps the block it looked at last: neighbours are asked for one after another.
#[derive(Debug, Default)]
pub struct Finder {
    seq: Option<i64>,
    block: Vec<u8>,
}

impl Finder {
    /// The lines that were kept for that place: one, or more where a file was ingested twice and had changed.
    pub fn find(
        &mut self,
        connection: &Connection,
        incident: &str,
        file: &str,
        offset: u64,
    ) -> Result<Vec<Vec<u8>>, IncidentsError> {
        let at = i64::try_from(offset).unwrap_or(i64::MAX);
        let mut statement = connection
            .prepare_cached(
                "SELECT seq FROM segments WHERE incident_id = ?1 AND file = ?2 AND first <= ?3 AND last >= ?3 ORDER BY seq",
            )
            .map_err(sql)?;
        let seqs: Vec<i64> = statement
            .query_map(params![incident, file, at], |row| row.get(0))
            .and_then(Iterator::collect)
            .map_err(sql)?;
        let mut found = Vec::new();
        for seq in seqs {
            self.load(connection, seq)?;
            found.extend(lines(&self.block).filter(|(o, _)| *o == offset).map(|(_, raw)| raw.to_vec()));
        }
        Ok(found)
    }

    fn load(&mut self, connection: &Connection, seq: i64) -> Result<(), IncidentsError> {
        if self.seq == Some(seq) {
            return Ok(());
        }
        let packed: Option<Vec<u8>> = connection
            .prepare_cached("SELECT body FROM segments WHERE seq = ?1")
            .and_then(|mut statement| statement.query_row([seq], |row| row.get(0)).optional())
            .map_err(sql)?;
        let packed = packed.ok_or_else(|| IncidentsError::Storage("a segment has gone".into()))?;
        self.block = zstd::bulk::decompress(&packed, LARGEST)
            .map_err(|error| IncidentsError::Storage(format!("a segment is damaged: {error}")))?;
        self.seq = Some(seq);
        Ok(())
    }
}

/// The lines of a block with their offsets; a damaged rest is left out.
fn lines(block: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut rest = block;
    std::iter::from_fn(move || {
        let (offset, after) = rest.split_first_chunk::<8>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let raw = after.get(..length)?;
        rest = after.get(length..)?;
        Some((u64::from_le_bytes(*offset), raw))
    })
}
