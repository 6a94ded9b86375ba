//! The layout of a tiled log: paths of tiles and entry bundles, and the coding of bundles
//! (c2sp.org/tlog-tiles, tiles of height 8).
//!
//! Never touches a disk; a resource's path is a name relative to the log's folder or URL.

use super::merkle::{Hash, root_of};
use std::fmt;

/// Hashes of a full tile, entries of a full bundle.
pub const WIDTH: u64 = 256;
/// The largest entry that a bundle can hold, in bytes.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// One file of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// `width` hashes (1 to 256) of complete subtrees of `256^level` leaves each.
    Tile { level: u8, index: u64, width: u16 },
    /// `width` entries (1 to 256).
    Entries { index: u64, width: u16 },
}

impl Resource {
    pub fn width(self) -> u16 {
        match self {
            Self::Tile { width, .. } | Self::Entries { width, .. } => width,
        }
    }

    pub fn is_full(self) -> bool {
        u64::from(self.width()) == WIDTH
    }

    /// The folder that holds all partial forms of this resource.
    pub fn partials(self) -> String {
        format!("{}.p", self.full_path())
    }

    fn full_path(self) -> String {
        match self {
            Self::Tile { level, index, .. } => format!("tile/{level}/{}", index_path(index)),
            Self::Entries { index, .. } => format!("tile/entries/{}", index_path(index)),
        }
    }

    /// Reads a path as this type writes it; anything else is `None`.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let (place, width) = match rest.split_once(".p/") {
            Some((place, width)) => (place, width.parse().ok().filter(|w| (1..256).contains(w))?),
            None => (rest, 256),
        };
        let index = place.split('/').try_fold(0u64, |sum, part| {
            let digits: u64 = part.trim_start_matches('x').parse().ok().filter(|d| *d < 1000)?;
            sum.checked_mul(1000)?.checked_add(digits)
        })?;
        let found = match kind {
            "entries" => Self::Entries { index, width },
            level => Self::Tile { level: level.parse().ok().filter(|l| *l < 64)?, index, width },
        };
        // Only one spelling of a path is right: no leading zeroes, no signs, an `x` where it belongs.
        (found.to_string() == path).then_some(found)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full_path())?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width()) }
    }
}

/// `1234067` is `x001/x234/067`.
fn index_path(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// The tile of `level` that holds hash `position` of that level, in a log of `size` entries; `None`
/// when the log has no such hash.
pub fn tile_at(level: u8, position: u64, size: u64) -> Option<Resource> {
    let count = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
    if position >= count {
        return None;
    }
    let index = position / WIDTH;
    Some(Resource::Tile { level, index, width: (count - index * WIDTH).min(WIDTH) as u16 })
}

/// The bundle that holds entry `position` of a log of `size` entries.
pub fn bundle_at(position: u64, size: u64) -> Option<Resource> {
    if position >= size {
        return None;
    }
    let index = position / WIDTH;
    Some(Resource::Entries { index, width: (size - index * WIDTH).min(WIDTH) as u16 })
}

/// Every tile of `level` in a log of `size` entries.
pub fn tiles_of(level: u8, size: u64) -> impl Iterator<Item = Resource> {
    let count = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
    (0..count.div_ceil(WIDTH)).filter_map(move |index| tile_at(level, index * WIDTH, size))
}

/// Every bundle of a log of `size` entries.
pub fn bundles_of(size: u64) -> impl Iterator<Item = Resource> {
    (0..size.div_ceil(WIDTH)).filter_map(move |index| bundle_at(index * WIDTH, size))
}

/// The number of levels that have a tile in a log of `size` entries.
pub fn levels(size: u64) -> u8 {
    (0..8).take_while(|level| size >> (8 * level) > 0).count() as u8
}

/// Why the bytes of a resource are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    #[error("it is cut off")]
    Truncated,
    #[error("it holds {0} instead of {1}")]
    Count(usize, usize),
    #[error("an entry has {0} bytes; at most 65,535 fit")]
    TooLarge(usize),
}

/// Appends one entry to a bundle's bytes.
///
/// # Errors
/// [`TileError::TooLarge`]; then `bundle` is unchanged.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
    let length = u16::try_from(entry.len()).map_err(|_| TileError::TooLarge(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle.
///
/// # Errors
/// [`TileError::Truncated`] when the last entry is not whole.
pub fn split_entries(mut bundle: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(TileError::Truncated)?;
        entries.push(entry);
        bundle = rest;
    }
    if bundle.is_empty() { Ok(entries) } else { Err(TileError::Truncated) }
}

/// The hashes of a tile that must hold `width` of them.
///
/// # Errors
/// [`TileError`] when it holds more, fewer, or a part of one.
pub fn split_hashes(tile: &[u8], width: u16) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = tile.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(TileError::Truncated);
    }
    if hashes.len() != usize::from(width) {
        return Err(TileError::Count(hashes.len(), width.into()));
    }
    Ok(hashes.to_vec())
}

/// Which hashes make up the complete subtree of `2^level` leaves at `index`: a tile's level, the
/// position of the first hash in that level, and how many there are.
pub fn span(level: u32, index: u64) -> (u8, u64, usize) {
    let within = level % 8;
    ((level / 8) as u8, index << within, 1 << within)
}

/// The hash of the complete subtree of `2^level` leaves at `index`, from the tiles of a log of
/// `size` entries, which `read` supplies.
///
/// # Errors
/// Those of `read`; `missing` makes one when the log is too short to have this subtree.
pub fn subtree<E>(
    level: u32,
    index: u64,
    size: u64,
    read: &mut impl FnMut(Resource) -> Result<Vec<Hash>, E>,
    missing: impl Fn() -> E,
) -> Result<Hash, E> {
    let (tile_level, position, count) = span(level, index);
    let tile = tile_at(tile_level, position + count as u64 - 1, size).ok_or_else(&missing)?;
    let from = (position % WIDTH) as usize;
    let hashes = read(tile)?;
    hashes.get(from..from + count).map(root_of).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        for (resource, path) in [
            (Resource::Tile { level: 0, index: 0, width: 256 }, "tile/0/000"),
            (Resource::Tile { level: 1, index: 1_234_067, width: 256 }, "tile/1/x001/x234/067"),
            (Resource::Tile { level: 2, index: 999, width: 1 }, "tile/2/999.p/1"),
            (Resource::Tile { level: 0, index: 1000, width: 255 }, "tile/0/x001/000.p/255"),
            (Resource::Entries { index: 273, width: 112 }, "tile/entries/273.p/112"),
            (Resource::Entries { index: 273, width: 256 }, "tile/entries/273"),
        ] {
            assert_eq!(resource.to_string(), path);
            assert_eq!(Resource::parse(path), Some(resource));
        }
    }

    #[test]
    fn other_paths_are_refused() {
        for path in [
            "",
            "tile/",
            "tile/0",
            "tile/0/0",
            "tile/0/0000",
            "tile/00/000",
            "tile/64/000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/+00",
            "tile/entries/../../checkpoint",
            "/tile/0/000",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Resource::parse(path), None, "{path}");
        }
    }

    /// The example of the specification.
    #[test]
    fn a_log_of_seventy_thousand() {
        let tiles: Vec<String> = (0..3)
            .flat_map(|l| tiles_of(l, 70_000))
            .map(|t| t.to_string())
            .filter(|t| t.contains(".p/"))
            .collect();
        assert_eq!(tiles, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert_eq!(tiles_of(0, 70_000).count(), 274);
        assert_eq!(tiles_of(1, 70_000).count(), 2);
        assert_eq!(
            bundles_of(70_000).last().map(|b| b.to_string()).as_deref(),
            Some("tile/entries/273.p/112")
        );
        for (size, expected) in [(0, 0), (1, 1), (255, 1), (256, 2), (65_536, 3), (u64::MAX, 8)] {
            assert_eq!(levels(size), expected, "{size}");
        }
    }

    #[test]
    fn bundles_cut_off_anywhere_are_noticed() {
        let mut bundle = Vec::new();
        for entry in [&b"one"[..], b"", b"three"] {
            push_entry(&mut bundle, entry).unwrap();
        }
        assert_eq!(split_entries(&bundle).unwrap(), [&b"one"[..], b"", b"three"]);
        for cut in [1, 3, 4, 6, 8, bundle.len() - 1] {
            assert_eq!(split_entries(&bundle[..cut]), Err(TileError::Truncated), "{cut}");
        }
        assert_eq!(push_entry(&mut bundle, &vec![0; 65_536]), Err(TileError::TooLarge(65_536)));
        assert_eq!(split_hashes(&[0; 33], 1), Err(TileError::Truncated));
        assert_eq!(split_hashes(&[0; 64], 1), Err(TileError::Count(2, 1)));
    }

    proptest! {
        #[test]
        fn every_path_reads_back(level in 0u8..64, index in any::<u64>(), width in 1u16..=256) {
            for resource in [Resource::Tile { level, index, width }, Resource::Entries { index, width }] {
                prop_assert_eq!(Resource::parse(&resource.to_string()), Some(resource));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600), path in ".{0,40}") {
            let _ = (split_entries(&bytes), split_hashes(&bytes, 3), Resource::parse(&path));
        }
    }
}
