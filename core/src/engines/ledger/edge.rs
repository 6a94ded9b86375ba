//! The right edge of a growing tree: what must be kept to append, to give the root, and to write the
//! next tiles.
//!
//! Never looks back: full tiles leave through a callback and are not kept.

use super::merkle::{EMPTY_ROOT, Hash, node_hash, root_of};
use super::tiles::{Resource, WIDTH, levels, tile_at};

/// The hashes of the partial tile of each level, at most 255 a level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// Takes the edge of a log of `size` entries from its partial tiles.
    ///
    /// # Errors
    /// Those of `read`, which is asked for partial tiles only.
    pub fn load<E>(size: u64, mut read: impl FnMut(Resource) -> Result<Vec<Hash>, E>) -> Result<Self, E> {
        let mut edge = Self { size, levels: Vec::new() };
        for level in 0..levels(size) {
            let count = size >> (8 * u32::from(level));
            let partial = match tile_at(level, count.wrapping_sub(1), size) {
                Some(tile) if !tile.is_full() => read(tile)?,
                _ => Vec::new(),
            };
            edge.levels.push(partial);
        }
        Ok(edge)
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; `full` is given each tile that this completes.
    pub fn push(&mut self, leaf: Hash, full: &mut impl FnMut(Resource, &[Hash])) {
        let mut hash = leaf;
        let mut level = 0;
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(level) else { break };
            hashes.push(hash);
            if hashes.len() < WIDTH as usize {
                break;
            }
            let index = next_tile(self.size, level);
            full(Resource::Tile { level: level as u8, index, width: WIDTH as u16 }, hashes);
            hash = root_of(hashes);
            hashes.clear();
            level += 1;
        }
        self.size += 1;
    }

    /// The partial tiles, lowest level first.
    pub fn partials(&self) -> impl Iterator<Item = (Resource, &[Hash])> {
        self.levels.iter().enumerate().filter(|(_, hashes)| !hashes.is_empty()).map(|(level, hashes)| {
            let index = next_tile(self.size, level);
            (Resource::Tile { level: level as u8, index, width: hashes.len() as u16 }, hashes.as_slice())
        })
    }

    /// The root of the tree: the complete subtrees on its right edge, joined from the right.
    pub fn root(&self) -> Hash {
        let mut peaks = Vec::new();
        for hashes in self.levels.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (peak, others) = rest.split_at(1 << rest.len().ilog2());
                peaks.push(root_of(peak));
                rest = others;
            }
        }
        peaks.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
    }
}

/// The index of the tile of `level` that the next hash of that level goes into.
fn next_tile(size: u64, level: usize) -> u64 {
    size.checked_shr(8 * (level as u32 + 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::merkle::leaf_hash;
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_edge_follows_the_tree() {
        let leaves: Vec<Hash> = (0..70_000u64).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let mut edge = Edge::default();
        let mut tiles: BTreeMap<Resource, Vec<Hash>> = BTreeMap::new();
        assert_eq!(edge.root(), EMPTY_ROOT);
        for (index, leaf) in leaves.iter().enumerate() {
            edge.push(*leaf, &mut |tile, hashes| {
                tiles.insert(tile, hashes.to_vec());
            });
            let size = index + 1;
            if [1, 2, 3, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000].contains(&size) {
                assert_eq!(edge.root(), root_of(&leaves[..size]), "size {size}");
                let partials: BTreeMap<Resource, Vec<Hash>> =
                    edge.partials().map(|(tile, hashes)| (tile, hashes.to_vec())).collect();
                let loaded =
                    Edge::load(size as u64, |tile| partials.get(&tile).cloned().ok_or(tile)).unwrap();
                assert_eq!(loaded.root(), edge.root(), "size {size} loaded");
                assert_eq!(loaded.size(), size as u64);
            }
        }
        assert_eq!(tiles.len(), 273 + 1);
        let names: Vec<String> = edge.partials().map(|(tile, _)| tile.to_string()).collect();
        assert_eq!(names, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert_eq!(
            tiles[&Resource::Tile { level: 1, index: 0, width: 256 }][7],
            root_of(&leaves[7 * 256..8 * 256])
        );
    }
}
