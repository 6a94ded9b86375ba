//! Vectors on disk and in the process: segments of fixed records, written in place, scanned as they are.
//!
//! Never ranks. A record is: scale, error (f32), document (u32), length in terms (u16), kind (u8, 0 for
//! an empty slot), a spare byte, then one signed byte a number; all little-endian.

use super::schema::SLOTS;
use crate::memory::intake::kind_byte;
use ecoops_core::engines::recall::scan::quantise;
use ecoops_core::ports::embedder::WIDTH;
use ecoops_core::ports::memory::DocumentKind;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

pub(super) const HEADER: usize = 16;

/// A model's row: which segments are its, and how many numbers of its vectors are not padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Model {
    pub number: i64,
    pub used: usize,
}

/// What the scan is told of a slot before its codes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub scale: f32,
    pub error: f32,
    pub document: u32,
    pub length: u16,
    /// 0 for an empty slot.
    pub kind: u8,
}

impl Record {
    pub fn read(header: &[u8]) -> Self {
        let four = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
        Self {
            scale: f32::from_le_bytes(four(0)),
            error: f32::from_le_bytes(four(4)),
            document: u32::from_le_bytes(four(8)),
            length: u16::from_le_bytes([header[12], header[13]]),
            kind: header[14],
        }
    }
}

pub(super) fn find_model(connection: &Connection, name: &str) -> rusqlite::Result<Option<Model>> {
    let row = |row: &rusqlite::Row| Ok(Model { number: row.get(0)?, used: row.get::<_, i64>(1)? as usize });
    connection.query_row("SELECT number, used FROM models WHERE name = ?1", [name], row).optional()
}

/// The model's row, made from its first vector without the padding at its end, which is not stored.
pub(super) fn model(connection: &Connection, name: &str, first: &[f32]) -> rusqlite::Result<Model> {
    if let Some(model) = find_model(connection, name)? {
        return Ok(model);
    }
    let used = first.len().next_multiple_of(64).clamp(64, WIDTH);
    connection.execute(
        "INSERT INTO models (name, declared, used) VALUES (?1, ?2, ?3)",
        params![name, WIDTH as i64, used as i64],
    )?;
    Ok(Model { number: connection.last_insert_rowid(), used })
}

/// A record to be written. The vector may be shorter than the model's: the rest is zeros.
pub(super) struct Entry<'a> {
    pub document: u32,
    pub kind: DocumentKind,
    pub length: u16,
    pub vector: &'a [f32],
}

/// Writes records to the next free slots of a model, those of one segment at once.
pub(super) struct Appender<'c> {
    connection: &'c Connection,
    model: Model,
    segment: i64,
    /// The first place that is not on disk yet.
    place: usize,
    pending: Vec<u8>,
}

impl<'c> Appender<'c> {
    pub fn new(connection: &'c Connection, model: Model) -> rusqlite::Result<Self> {
        let last = "SELECT number, filled FROM segments WHERE model = ?1 ORDER BY number DESC LIMIT 1";
        let found: Option<(i64, i64)> =
            connection.query_row(last, [model.number], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (segment, place) = match found {
            Some((number, filled)) => (number, filled as usize),
            None => (new_segment(connection, model)?, 0),
        };
        Ok(Self { connection, model, segment, place, pending: Vec::new() })
    }

    /// The slot that the record gets.
    pub fn append(&mut self, entry: &Entry) -> rusqlite::Result<i64> {
        let stride = HEADER + self.model.used;
        if self.place + self.pending.len() / stride >= SLOTS {
            self.flush()?;
            (self.segment, self.place) = (new_segment(self.connection, self.model)?, 0);
        }
        let place = self.place + self.pending.len() / stride;
        let stored = quantise(entry.vector);
        let end = self.pending.len() + stride;
        self.pending.extend(stored.scale.to_le_bytes());
        self.pending.extend(stored.error.to_le_bytes());
        self.pending.extend(entry.document.to_le_bytes());
        self.pending.extend(entry.length.to_le_bytes());
        self.pending.extend([kind_byte(entry.kind), 0]);
        self.pending.extend(stored.codes.iter().map(|c| c.cast_unsigned()));
        // a chunk without a vector, or one that ends in zeros
        self.pending.resize(end, 0);
        Ok(self.segment * SLOTS as i64 + place as i64)
    }

    pub fn flush(&mut self) -> rusqlite::Result<()> {
        let stride = HEADER + self.model.used;
        if !self.pending.is_empty() {
            let mut blob = self.connection.blob_open("main", "records", "bytes", self.segment, false)?;
            blob.write_at(&self.pending, self.place * stride)?;
            blob.close()?;
            self.place += self.pending.len() / stride;
            self.pending.clear();
            let touch = "UPDATE segments SET version = version + 1, filled = ?2 WHERE number = ?1";
            self.connection.prepare_cached(touch)?.execute(params![self.segment, self.place as i64])?;
        }
        Ok(())
    }
}

fn new_segment(connection: &Connection, model: Model) -> rusqlite::Result<i64> {
    connection
        .execute("INSERT INTO segments (model, version, filled) VALUES (?1, 0, 0)", params![model.number])?;
    let number = connection.last_insert_rowid();
    connection.execute(
        "INSERT INTO records (segment, bytes) VALUES (?1, zeroblob(?2))",
        params![number, (SLOTS * (HEADER + model.used)) as i64],
    )?;
    Ok(number)
}

/// Overwrites the records of slots with zeros.
pub(super) fn erase(connection: &Connection, slots: &[i64]) -> rusqlite::Result<()> {
    let mut slots = slots.to_vec();
    slots.sort_unstable();
    for same in slots.chunk_by(|a, b| a / SLOTS as i64 == b / SLOTS as i64) {
        let segment = same[0] / SLOTS as i64;
        let mut blob = connection.blob_open("main", "records", "bytes", segment, false)?;
        let stride = blob.len() / SLOTS;
        let empty = vec![0; stride];
        for slot in same {
            blob.write_at(&empty, (slot % SLOTS as i64) as usize * stride)?;
        }
        blob.close()?;
        let touch = "UPDATE segments SET version = version + 1 WHERE number = ?1";
        connection.prepare_cached(touch)?.execute([segment])?;
    }
    Ok(())
}

/// A segment in the process.
#[derive(Debug)]
pub(super) struct Segment {
    pub number: i64,
    pub model: i64,
    version: i64,
    pub stride: usize,
    pub records: Vec<u8>,
}

/// What a search needs to know of every slot, by place: the order of the segment times [`SLOTS`], plus
/// the place in it. Apart from the vectors, so that a pass over it stays in the processor's cache.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// 0 for an empty slot.
    pub kinds: Vec<u8>,
    /// In terms.
    pub lengths: Vec<u16>,
    /// The document's place in `numbers`.
    pub owners: Vec<u32>,
    /// Of documents, each once.
    pub numbers: Vec<u32>,
    pub chunks: usize,
    pub terms: u64,
}

impl Slots {
    fn of(list: &[Segment]) -> Self {
        let places = list.len() * SLOTS;
        let (kinds, lengths, owners) = (vec![0; places], vec![0; places], vec![0; places]);
        let mut slots = Self { kinds, lengths, owners, ..Self::default() };
        let mut known: HashMap<u32, u32> = HashMap::new();
        let mut last = None;
        for (order, segment) in list.iter().enumerate() {
            for (place, record) in segment.records.chunks_exact(segment.stride).enumerate() {
                let record = Record::read(record);
                if record.kind == 0 {
                    continue;
                }
                let owner = match last {
                    Some((document, owner)) if document == record.document => owner,
                    _ => *known.entry(record.document).or_insert_with(|| {
                        slots.numbers.push(record.document);
                        slots.numbers.len() as u32 - 1
                    }),
                };
                last = Some((record.document, owner));
                let at = order * SLOTS + place;
                (slots.kinds[at], slots.lengths[at], slots.owners[at]) = (record.kind, record.length, owner);
                slots.chunks += 1;
                slots.terms += u64::from(record.length);
            }
        }
        slots
    }
}

/// All segments, kept between searches; only those that changed are read again.
#[derive(Debug, Default)]
pub(super) struct Segments {
    pub list: Vec<Segment>,
    pub slots: Slots,
}

impl Segments {
    pub fn refresh(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut old: HashMap<i64, Segment> = self.list.drain(..).map(|s| (s.number, s)).collect();
        let mut statement = connection
            .prepare_cached("SELECT number, model, version, filled FROM segments ORDER BY number")?;
        let mut rows = statement.query([])?;
        let mut changed = false;
        while let Some(row) = rows.next()? {
            let (number, model, version): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let kept = old.remove(&number).filter(|s| s.version == version);
            let segment = match kept {
                Some(segment) => segment,
                None => {
                    changed = true;
                    read(connection, number, model, version, row.get::<_, i64>(3)? as usize)?
                }
            };
            self.list.push(segment);
        }
        if changed || !old.is_empty() {
            self.slots = Slots::of(&self.list);
        }
        Ok(())
    }
}

fn read(
    connection: &Connection,
    number: i64,
    model: i64,
    version: i64,
    filled: usize,
) -> rusqlite::Result<Segment> {
    let blob = connection.blob_open("main", "records", "bytes", number, true)?;
    let stride = blob.len() / SLOTS;
    let mut records = vec![0; stride * filled.min(SLOTS)];
    blob.read_at_exact(&mut records, 0)?;
    Ok(Segment { number, model, version, stride, records })
}

/// The full numbers of a slot's vector, padding left out.
pub(super) fn full(connection: &Connection, slot: i64) -> rusqlite::Result<Vec<f32>> {
    let mut statement = connection.prepare_cached("SELECT vector FROM chunks WHERE slot = ?1")?;
    statement.query_row([slot], |row| {
        let bytes = row.get_ref(0)?.as_blob()?;
        Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    })
}
