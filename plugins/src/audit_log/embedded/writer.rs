//! Growing the log, under the lock: journal first, then tiles, the checkpoint last.
//!
//! Whatever is on disk when the process dies, [`Writer::open`] brings the folder back to the last
//! signed checkpoint that was flushed, or says where it is broken. It never signs a checkpoint that
//! contradicts an earlier one: a folder that does not lead to its own checkpoint is not continued.

use super::disk::Disk;
use super::journal::{self, Record};
use super::key::LogKey;
use super::reader::{self, CHECKPOINT, broken, rolled_back};
use ecoops_core::engines::ledger::merkle::{leaf_hash, root_of};
use ecoops_core::engines::ledger::tiles::{self, Resource, WIDTH};
use ecoops_core::engines::ledger::{Checkpoint, Edge};
use ecoops_core::ports::audit_log::AuditError;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// The log as its writer knows it. Valid only under the lock, and while [`Writer::is_current`].
#[derive(Debug)]
pub struct Writer {
    edge: Edge,
    /// Entries of the partial bundle.
    tail: Vec<Vec<u8>>,
    /// The checkpoint on disk; empty for a new log.
    note: String,
    journal: File,
    /// Where the next record goes.
    end: u64,
    /// Everything before this index is flushed; a multiple of 256.
    base: u64,
}

/// A commit worked out in memory: the files that it writes, in order.
struct Growth {
    edge: Edge,
    tail: Vec<Vec<u8>>,
    files: Vec<(Resource, Vec<u8>)>,
}

impl Growth {
    /// Adds entries, and the files that they complete.
    fn push(&mut self, entries: &[Vec<u8>]) -> Result<(), AuditError> {
        for entry in entries {
            let index = self.edge.size() / WIDTH;
            let files = &mut self.files;
            self.edge.push(leaf_hash(entry), &mut |tile, hashes| files.push((tile, hashes.concat())));
            self.tail.push(entry.clone());
            if self.tail.len() as u64 == WIDTH {
                let bundle = Resource::Entries { index, width: WIDTH as u16 };
                self.files.push((bundle, encode_bundle(&self.tail)?));
                self.tail.clear();
            }
        }
        Ok(())
    }
}

impl Writer {
    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Reads the folder and repairs what a killed writer left.
    ///
    /// # Errors
    /// [`AuditError::Broken`] when it does not lead to its checkpoint, or to an older one than `seen`.
    pub fn open(disk: &Disk, key: &LogKey, seen: Option<&Path>) -> Result<Self, AuditError> {
        disk.sweep();
        let published = reader::checkpoint(disk, &key.verifier)?;
        let bytes = disk.read(journal::NAME)?;
        let content = journal::parse(bytes.as_deref().unwrap_or_default());
        let size = published.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size);
        let journaled = content.records.last().map(Record::next);
        let seen = seen.map(|path| read_seen(path, key)).transpose()?.flatten();
        check_ends(size, journaled, content.torn, seen.as_ref())?;
        let writer = match (content.records.as_slice(), &published) {
            ([], None) => Self::start(disk, Edge::default(), Vec::new(), String::new())?,
            ([], Some((checkpoint, note))) => Self::resume(disk, checkpoint, note)?,
            (records, _) => {
                let replay =
                    replay(disk, key, records, published.as_ref().map(|(checkpoint, _)| checkpoint))?;
                let note = records.last().map(|r| r.checkpoint.clone()).unwrap_or_default();
                if published.as_ref().is_none_or(|(_, published)| *published != note) {
                    disk.replace(CHECKPOINT, note.as_bytes())?;
                }
                let base = records.first().map_or(0, |r| r.start);
                if content.torn {
                    flush_published(disk, base, replay.edge.size())?;
                    Self::start(disk, replay.edge, replay.tail, note)?
                } else {
                    let journal = open_journal(disk)?;
                    Self { edge: replay.edge, tail: replay.tail, note, journal, end: content.end, base }
                }
            }
        };
        if let Some(seen) = seen.filter(|seen| seen.size == writer.size() && seen.root != writer.edge.root())
        {
            return Err(broken(format!(
                "its first {} entries are not those that were there before",
                seen.size
            )));
        }
        Ok(writer)
    }

    /// A log whose journal is gone, or empty: its edge comes from its partial tiles.
    fn resume(disk: &Disk, checkpoint: &Checkpoint, note: &str) -> Result<Self, AuditError> {
        let edge = Edge::load(checkpoint.size, |tile| reader::hashes(disk, tile))?;
        if edge.root() != checkpoint.root {
            return Err(broken("its tiles do not lead to the root that the checkpoint signs"));
        }
        let last = checkpoint.size.checked_sub(1).and_then(|last| tiles::bundle_at(last, checkpoint.size));
        let tail = match last.filter(|bundle| !bundle.is_full()) {
            Some(bundle) => reader::bundle(disk, bundle)?,
            None => Vec::new(),
        };
        Self::start(disk, edge, tail, note.to_owned())
    }

    /// Begins a fresh journal. Everything published must be flushed.
    fn start(disk: &Disk, edge: Edge, tail: Vec<Vec<u8>>, note: String) -> Result<Self, AuditError> {
        let base = edge.size() / WIDTH * WIDTH;
        let record = Record { start: base, entries: tail.clone(), checkpoint: note.clone() };
        let first = (!note.is_empty()).then_some(&record);
        let (bytes, end) = journal::fresh(first).map_err(|e| AuditError::Storage(e.to_string()))?;
        disk.replace_durably(journal::NAME, &bytes)?;
        Ok(Self { edge, tail, note, journal: open_journal(disk)?, end, base })
    }

    /// False when another process has written since.
    pub fn is_current(&self, disk: &Disk) -> bool {
        let ours = self.journal.metadata().ok().map(|m| (m.dev(), m.ino()));
        let named = std::fs::metadata(disk.path(journal::NAME)).ok().map(|m| (m.dev(), m.ino()));
        ours.is_some() && ours == named && journal::ends_at(&self.journal, self.end).unwrap_or(false)
    }

    /// Appends entries; afterwards they are flushed and covered by the checkpoint on disk.
    ///
    /// # Errors
    /// [`AuditError`]; then none of them is in the log, and this writer must be dropped.
    pub fn commit(&mut self, disk: &Disk, key: &LogKey, entries: Vec<Vec<u8>>) -> Result<(), AuditError> {
        let start = self.size();
        let growth = self.grow(&entries)?;
        let checkpoint = Checkpoint {
            origin: key.verifier.name().to_owned(),
            size: growth.edge.size(),
            root: growth.edge.root(),
        };
        let note = (key.sign)(&checkpoint)?;
        let record = Record { start, entries, checkpoint: note };
        let bytes = record.encode().map_err(|e| AuditError::Storage(e.to_string()))?;
        let written =
            self.write_journal(disk, &bytes).and_then(|()| publish(disk, &growth, &record.checkpoint));
        if let Err(error) = written {
            return Err(self.take_back(disk, bytes.len(), error));
        }
        let before = std::mem::replace(&mut self.edge, growth.edge);
        self.tail = growth.tail;
        self.note = record.checkpoint;
        self.end += bytes.len() as u64;
        remove_superseded(disk, &before, &self.edge);
        Ok(())
    }

    fn grow(&self, entries: &[Vec<u8>]) -> Result<Growth, AuditError> {
        let mut growth = Growth { edge: self.edge.clone(), tail: self.tail.clone(), files: Vec::new() };
        growth.push(entries)?;
        growth.files.extend(partial_files(&growth.edge, &growth.tail)?);
        Ok(growth)
    }

    fn write_journal(&self, disk: &Disk, bytes: &[u8]) -> Result<(), AuditError> {
        disk.step("journal")?;
        self.journal.write_all_at(bytes, self.end).map_err(|e| disk.failed(journal::NAME, &e))?;
        disk.step("flush")?;
        self.journal.sync_data().map_err(|e| disk.failed(journal::NAME, &e))
    }

    /// Makes a failed commit never have been: its checkpoint was not given out.
    fn take_back(&self, disk: &Disk, length: usize, error: AuditError) -> AuditError {
        let about = self.journal.metadata().map(|m| m.len()).unwrap_or(0);
        let length = (length as u64).min(about.saturating_sub(self.end)) as usize;
        let erased =
            self.journal.write_all_at(&vec![0; length], self.end).and_then(|()| self.journal.sync_data());
        let restored = match disk.read(CHECKPOINT) {
            Ok(now) if now.as_deref().unwrap_or_default() != self.note.as_bytes() => {
                disk.replace(CHECKPOINT, self.note.as_bytes())
            }
            other => other.map(|_| ()),
        };
        match (erased.map_err(|e| disk.failed(journal::NAME, &e)), restored) {
            (Ok(()), Ok(())) => error,
            (Err(second), _) | (_, Err(second)) => {
                AuditError::Storage(format!("{error}; and it could not be taken back: {second}"))
            }
        }
    }

    /// Flushes what was published and begins a fresh journal, once this one is full.
    ///
    /// # Errors
    /// When the disk refuses; the log is whole, but this writer must be dropped.
    pub fn trim(&mut self, disk: &Disk) -> Result<(), AuditError> {
        if self.end < journal::SPACE {
            return Ok(());
        }
        disk.step("trim")?;
        flush_published(disk, self.base, self.size())?;
        *self = Self::start(disk, self.edge.clone(), self.tail.clone(), self.note.clone())?;
        Ok(())
    }

    pub fn note(&self) -> &str {
        &self.note
    }
}

fn open_journal(disk: &Disk) -> Result<File, AuditError> {
    let path = disk.path(journal::NAME);
    OpenOptions::new().read(true).write(true).open(path).map_err(|e| disk.failed(journal::NAME, &e))
}

/// The checkpoint last seen by this user, from a file in another place; an empty file says nothing.
pub fn read_seen(path: &Path, key: &LogKey) -> Result<Option<Checkpoint>, AuditError> {
    match std::fs::read_to_string(path) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Checkpoint::open(&text, &key.verifier)
            .map(Some)
            .map_err(|e| broken(format!("{}: the checkpoint last seen: {e}", path.display()))),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) if e.kind() == ErrorKind::InvalidData => {
            Err(broken(format!("{}: it is not text", path.display())))
        }
        Err(e) => Err(AuditError::Storage(format!("{}: {e}", path.display()))),
    }
}

/// A kill can leave the journal ahead of the checkpoint, and a torn record after all that was ever
/// acknowledged. Anything else was not us.
fn check_ends(
    size: u64,
    journaled: Option<u64>,
    torn: bool,
    seen: Option<&Checkpoint>,
) -> Result<(), AuditError> {
    let reached = journaled.unwrap_or(size).max(size);
    if let Some(seen) = seen.filter(|seen| seen.size > reached) {
        return Err(if torn {
            broken(format!("journal: its record after entry {reached} is damaged"))
        } else {
            rolled_back(seen.size, reached)
        });
    }
    match journaled {
        Some(end) if end < size => Err(broken(format!(
            "journal: it ends at entry {end}, the checkpoint says {size}; a record is damaged or gone"
        ))),
        None if torn && size > 0 => Err(broken("journal: its first record is damaged")),
        _ => Ok(()),
    }
}

/// What going through the journal's records again leads to.
struct Replay {
    edge: Edge,
    tail: Vec<Vec<u8>>,
}

/// Goes through the journal's records again and makes the folder hold what they say.
fn replay(
    disk: &Disk,
    key: &LogKey,
    records: &[Record],
    published: Option<&Checkpoint>,
) -> Result<Replay, AuditError> {
    let base = records.first().map_or(0, |r| r.start);
    let size = published.map_or(0, |checkpoint| checkpoint.size);
    if !base.is_multiple_of(WIDTH) || base > size {
        return Err(broken(format!("journal: it begins at entry {base}, the checkpoint says {size}")));
    }
    match replay_from(disk, key, records, published, edge_from_partials(disk, base, size)) {
        // The partial tiles may be what is wrong: the full ones tell, or bring them back.
        Err(AuditError::Broken(_)) => replay_from(disk, key, records, published, edge_from_full(disk, base)),
        other => other,
    }
}

fn replay_from(
    disk: &Disk,
    key: &LogKey,
    records: &[Record],
    published: Option<&Checkpoint>,
    edge: Result<Edge, AuditError>,
) -> Result<Replay, AuditError> {
    let mut growth = Growth { edge: edge?, tail: Vec::new(), files: Vec::new() };
    let size = published.map_or(0, |checkpoint| checkpoint.size);
    for record in records {
        let at = growth.edge.size();
        if record.start != at {
            return Err(broken(format!(
                "journal: a record begins at entry {} instead of {at}",
                record.start
            )));
        }
        growth.push(&record.entries)?;
        if published.is_some_and(|p| p.size == record.next() && p.root != growth.edge.root()) {
            return Err(broken("the checkpoint and the journal contradict each other"));
        }
    }
    if let Some(last) = records.last() {
        let signed = Checkpoint::open(&last.checkpoint, &key.verifier)
            .map_err(|e| broken(format!("journal: its last checkpoint: {e}")))?;
        if (signed.size, signed.root) != (growth.edge.size(), growth.edge.root()) {
            return Err(broken("journal: its entries do not lead to their checkpoint"));
        }
    }
    growth.files.extend(partial_files(&growth.edge, &growth.tail)?);
    for (resource, expected) in &growth.files {
        restore(disk, *resource, expected, size)?;
    }
    Ok(Replay { edge: growth.edge, tail: growth.tail })
}

/// Puts a file back that a power cut lost or cut off. A file of a published part that holds
/// something else was changed by someone.
fn restore(disk: &Disk, resource: Resource, expected: &[u8], published: u64) -> Result<(), AuditError> {
    let name = resource.to_string();
    let found = disk.read(&name)?;
    if found.as_deref() == Some(expected) {
        return Ok(());
    }
    let same = found.iter().flatten().zip(expected).take_while(|(a, b)| a == b).count();
    let torn =
        found.as_ref().is_none_or(|f| f.len() <= expected.len() && f.iter().skip(same).all(|b| *b == 0));
    if !torn && end_of(resource) <= published {
        return Err(broken(format!("{name} does not hold what the journal says")));
    }
    disk.replace(&name, expected)
}

/// Index after the last entry that a resource covers.
fn end_of(resource: Resource) -> u64 {
    match resource {
        Resource::Entries { index, width } => index * WIDTH + u64::from(width),
        Resource::Tile { level, index, width } => {
            (index * WIDTH + u64::from(width)) << (8 * u32::from(level))
        }
    }
}

/// The edge of the log when it had `base` entries, from the partial tiles of its present `size`.
fn edge_from_partials(disk: &Disk, base: u64, size: u64) -> Result<Edge, AuditError> {
    Edge::load(base, |tile| {
        let Resource::Tile { level, index, width } = tile else { return Ok(Vec::new()) };
        let now =
            tiles::tile_at(level, index * WIDTH, size).ok_or_else(|| broken(format!("{tile} is missing")))?;
        let mut hashes = reader::hashes(disk, now)?;
        hashes.truncate(width.into());
        Ok(hashes)
    })
}

/// The edge of the log when it had `base` entries, a multiple of 256, from full tiles alone.
fn edge_from_full(disk: &Disk, base: u64) -> Result<Edge, AuditError> {
    Edge::load(base, |tile| {
        let Resource::Tile { level, index, width } = tile else { return Ok(Vec::new()) };
        let below =
            level.checked_sub(1).ok_or_else(|| broken("journal: it does not begin at a full tile"))?;
        (0..u64::from(width))
            .map(|at| Resource::Tile { level: below, index: index * WIDTH + at, width: WIDTH as u16 })
            .map(|full| Ok(root_of(&reader::hashes(disk, full)?)))
            .collect()
    })
}

fn encode_bundle(entries: &[Vec<u8>]) -> Result<Vec<u8>, AuditError> {
    let mut bytes = Vec::with_capacity(entries.iter().map(|e| e.len() + 2).sum());
    for entry in entries {
        tiles::push_entry(&mut bytes, entry).map_err(|e| AuditError::Storage(e.to_string()))?;
    }
    Ok(bytes)
}

/// The partial bundle and tiles on the edge.
fn partial_files(edge: &Edge, tail: &[Vec<u8>]) -> Result<Vec<(Resource, Vec<u8>)>, AuditError> {
    let mut files = Vec::new();
    if !tail.is_empty() {
        let bundle = Resource::Entries { index: edge.size() / WIDTH, width: tail.len() as u16 };
        files.push((bundle, encode_bundle(tail)?));
    }
    files.extend(edge.partials().map(|(tile, hashes)| (tile, hashes.concat())));
    Ok(files)
}

fn publish(disk: &Disk, growth: &Growth, note: &str) -> Result<(), AuditError> {
    for (resource, bytes) in &growth.files {
        disk.replace(&resource.to_string(), bytes)?;
    }
    disk.replace(CHECKPOINT, note.as_bytes())
}

/// Removes the partial files of the edge before, but for those that are still the edge's.
fn remove_superseded(disk: &Disk, before: &Edge, now: &Edge) {
    let kept: BTreeSet<Resource> = now.partials().map(|(tile, _)| tile).collect();
    for (tile, _) in before.partials().filter(|(tile, _)| !kept.contains(tile)) {
        let Resource::Tile { level, index, width } = tile else { continue };
        let finished = now.size() >> (8 * (u32::from(level) + 1)) > index;
        let entries = Resource::Entries { index, width };
        for old in [Some(tile), (level == 0).then_some(entries)].into_iter().flatten() {
            disk.remove(&if finished { old.partials() } else { old.to_string() });
        }
    }
}

/// Flushes every file between two sizes, the checkpoint and the folders.
fn flush_published(disk: &Disk, base: u64, size: u64) -> Result<(), AuditError> {
    let mut names: BTreeSet<String> = BTreeSet::from([CHECKPOINT.to_owned(), String::new()]);
    for level in 0..tiles::levels(size) {
        let from = (base >> (8 * u32::from(level))) / WIDTH;
        let tiles = tiles::tiles_of(level, size).skip(from as usize);
        let bundles = tiles::bundles_of(size).skip(from as usize).filter(|_| level == 0);
        for name in tiles.chain(bundles).map(|resource| resource.to_string()) {
            let folders: Vec<String> = name.match_indices('/').map(|(at, _)| name[..at].to_owned()).collect();
            names.extend(folders);
            names.insert(name);
        }
    }
    let names: Vec<String> = names.into_iter().collect();
    names.par_iter().map(|name| disk.flush(name)).collect()
}
