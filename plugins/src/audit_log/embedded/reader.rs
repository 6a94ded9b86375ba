//! Reading a log's folder: entries, proofs, and the verification of everything from the entries up.
//!
//! Takes no lock and writes nothing, so it works on a copy, on a read-only disk, and beside a writer.

use super::disk::Disk;
use ecoops_core::domain::AuditEntry;
use ecoops_core::engines::ledger::merkle::{self, Hash, leaf_hash, root_of};
use ecoops_core::engines::ledger::tiles::{self, Resource, WIDTH};
use ecoops_core::engines::ledger::{Checkpoint, VerifierKey, entry, verify};
use ecoops_core::ports::audit_log::{AuditError, InclusionProof, Verified};
use rayon::prelude::*;

pub const CHECKPOINT: &str = "checkpoint";
/// How often a read begins anew because a writer went on meanwhile.
const RETRIES: usize = 8;

pub(super) fn broken(what: impl Into<String>) -> AuditError {
    AuditError::Broken(what.into())
}

/// The latest checkpoint of the folder, with its note; `None` when there is no log yet.
pub fn checkpoint(disk: &Disk, key: &VerifierKey) -> Result<Option<(Checkpoint, String)>, AuditError> {
    let Some(bytes) = disk.read(CHECKPOINT)? else { return Ok(None) };
    let note = String::from_utf8(bytes).map_err(|_| broken("checkpoint: it is not text"))?;
    let checkpoint = Checkpoint::open(&note, key).map_err(|e| broken(format!("checkpoint: {e}")))?;
    Ok(Some((checkpoint, note)))
}

/// The hashes of a tile. A partial tile may have grown since: any longer one begins with it.
pub fn hashes(disk: &Disk, tile: Resource) -> Result<Vec<Hash>, AuditError> {
    let bytes = read(disk, tile)?;
    tiles::split_hashes(&bytes, tile.width()).map_err(|e| broken(format!("{tile}: {e}")))
}

fn read(disk: &Disk, resource: Resource) -> Result<Vec<u8>, AuditError> {
    disk.read(&resource.to_string())?.ok_or_else(|| broken(format!("{resource} is missing")))
}

/// A bundle as it is on disk.
pub(super) fn bundle_bytes(disk: &Disk, bundle: Resource) -> Result<Vec<u8>, AuditError> {
    read(disk, bundle)
}

/// The bytes of the entries of a bundle.
pub fn bundle(disk: &Disk, bundle: Resource) -> Result<Vec<Vec<u8>>, AuditError> {
    let bytes = read(disk, bundle)?;
    let entries = tiles::split_entries(&bytes).map_err(|e| broken(format!("{bundle}: {e}")))?;
    if entries.len() != usize::from(bundle.width()) {
        return Err(broken(format!("{bundle} holds {} entries", entries.len())));
    }
    Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
}

/// Runs `read` on the latest checkpoint; again when the log moved on and took partial tiles along.
pub(super) fn at_latest<T>(
    disk: &Disk,
    key: &VerifierKey,
    read: impl Fn(Option<&(Checkpoint, String)>) -> Result<T, AuditError>,
) -> Result<T, AuditError> {
    let mut latest = checkpoint(disk, key)?;
    for _ in 0..RETRIES {
        match read(latest.as_ref()) {
            Err(AuditError::Broken(why)) => {
                let now = checkpoint(disk, key)?;
                if now == latest {
                    return Err(AuditError::Broken(why));
                }
                latest = now;
            }
            other => return other,
        }
    }
    read(latest.as_ref())
}

/// Entries from `start` on, at most `count`.
pub fn entries(
    disk: &Disk,
    key: &VerifierKey,
    start: u64,
    count: usize,
) -> Result<Vec<(u64, AuditEntry)>, AuditError> {
    at_latest(disk, key, |latest| {
        let size = latest.map_or(0, |(checkpoint, _)| checkpoint.size);
        let end = start.saturating_add(count as u64).min(size);
        let mut found = Vec::new();
        let mut index = start;
        while index < end {
            let Some(place) = tiles::bundle_at(index, size) else { break };
            let first = index / WIDTH * WIDTH;
            for (at, bytes) in (first..).zip(bundle(disk, place)?) {
                if (index..end).contains(&at) {
                    let read = entry::decode(&bytes)
                        .map_err(|e| broken(format!("{place}: entry {at} is no audit entry: {e}")))?;
                    found.push((at, read));
                }
            }
            index = first + WIDTH;
        }
        Ok(found)
    })
}

/// Proves that the entry at `index` is in the log, and checks the proof before giving it out.
pub fn prove(disk: &Disk, key: &VerifierKey, index: u64) -> Result<InclusionProof, AuditError> {
    at_latest(disk, key, |latest| {
        let (checkpoint, note) =
            latest.filter(|(c, _)| index < c.size).ok_or(AuditError::NoSuchEntry(index))?;
        let size = checkpoint.size;
        let mut subtree = |level, at| subtree(disk, level, at, size);
        let path = merkle::inclusion_path(index, 0, size, &mut subtree)?;
        let place = tiles::bundle_at(index, size).ok_or(AuditError::NoSuchEntry(index))?;
        let entries = bundle(disk, place)?;
        let bytes = entries.get((index % WIDTH) as usize).ok_or(AuditError::NoSuchEntry(index))?;
        verify::inclusion(index, size, &leaf_hash(bytes), &checkpoint.root, &path).map_err(|e| {
            broken(format!("{place}: entry {index} does not lead to the checkpoint's root: {e}"))
        })?;
        Ok(InclusionProof { index, hashes: path, checkpoint: note.clone() })
    })
}

fn subtree(disk: &Disk, level: u32, index: u64, size: u64) -> Result<Hash, AuditError> {
    tiles::subtree(level, index, size, &mut |tile| hashes(disk, tile), || broken("the log is too short"))
}

/// Recomputes every hash of the log from its entries; `seen` is a checkpoint that it once had.
pub fn verify(disk: &Disk, key: &VerifierKey, seen: Option<&Checkpoint>) -> Result<Verified, AuditError> {
    at_latest(disk, key, |latest| {
        let empty = Checkpoint { origin: key.name().to_owned(), size: 0, root: merkle::EMPTY_ROOT };
        let latest = latest.map_or(&empty, |(checkpoint, _)| checkpoint);
        if let Some(seen) = seen.filter(|seen| seen.size > latest.size) {
            return Err(rolled_back(seen.size, latest.size));
        }
        let blocks = blocks(disk, latest.size)?;
        let root_at = |size: u64| {
            merkle::range_root(0, size, &mut |level: u32, index: u64| match level.checked_sub(8) {
                None => subtree(disk, level, index, latest.size),
                Some(up) => blocks
                    .get((index << up) as usize..((index + 1) << up) as usize)
                    .map(root_of)
                    .ok_or_else(|| broken("the log is too short")),
            })
        };
        if root_at(latest.size)? != latest.root {
            return Err(broken("the entries do not lead to the root that the checkpoint signs"));
        }
        if let Some(seen) = seen
            && root_at(seen.size)? != seen.root
        {
            return Err(broken(format!(
                "its first {} entries are not those that were there before",
                seen.size
            )));
        }
        upper_tiles(disk, latest.size, blocks)?;
        Ok(Verified { entries: latest.size, root: latest.root, origin: latest.origin.clone() })
    })
}

pub(super) fn rolled_back(seen: u64, now: u64) -> AuditError {
    broken(format!("it was rolled back: it had {seen} entries and now has {now}"))
}

/// Copies the checkpoint and all that it covers; the checkpoint comes last.
pub fn copy(disk: &Disk, key: &VerifierKey, to: &Disk) -> Result<(), AuditError> {
    let Some((latest, note)) = checkpoint(disk, key)? else { return Ok(()) };
    let tiles = (0..tiles::levels(latest.size)).flat_map(|level| tiles::tiles_of(level, latest.size));
    for resource in tiles::bundles_of(latest.size).chain(tiles) {
        to.replace(&resource.to_string(), &read(disk, resource)?)?;
    }
    to.replace_durably(CHECKPOINT, note.as_bytes())
}

/// Checks each bundle against its tile of level 0; gives the root of each full one.
fn blocks(disk: &Disk, size: u64) -> Result<Vec<Hash>, AuditError> {
    let bundles: Vec<Resource> = tiles::bundles_of(size).collect();
    let roots: Vec<Option<Hash>> = bundles
        .par_iter()
        .map(|place| {
            let Resource::Entries { index, width } = *place else { return Ok(None) };
            let tile = Resource::Tile { level: 0, index, width };
            let leaves: Vec<Hash> = bundle(disk, *place)?.iter().map(|entry| leaf_hash(entry)).collect();
            let signed = hashes(disk, tile)?;
            if let Some(at) = leaves.iter().zip(&signed).position(|(a, b)| a != b) {
                let number = index * WIDTH + at as u64;
                return Err(broken(format!(
                    "{place}: entry {number} does not have the hash that {tile} says"
                )));
            }
            Ok(place.is_full().then(|| root_of(&leaves)))
        })
        .collect::<Result<_, AuditError>>()?;
    Ok(roots.into_iter().flatten().collect())
}

/// Checks the tiles above level 0 against the hashes computed from below.
fn upper_tiles(disk: &Disk, size: u64, mut below: Vec<Hash>) -> Result<(), AuditError> {
    for level in 1..tiles::levels(size) {
        let mut above = Vec::new();
        for (tile, expected) in tiles::tiles_of(level, size).zip(below.chunks(WIDTH as usize)) {
            if hashes(disk, tile)? != expected {
                return Err(broken(format!("{tile} does not hold the hashes of the tiles below it")));
            }
            if tile.is_full() {
                above.push(root_of(expected));
            }
        }
        below = above;
    }
    Ok(())
}
