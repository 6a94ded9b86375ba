//! Merkle tree hashing and the making of proofs, after RFC 6962 §2.1 (the same as RFC 9162 §2.1).
//!
//! Works on the hashes of complete subtrees, which the caller supplies; never holds a whole tree.

use sha2::{Digest, Sha256};

/// SHA-256 of a leaf or of a node.
pub type Hash = [u8; 32];

/// The root of the empty tree: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// `SHA-256(0x00 || data)`.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The Merkle tree hash of some leaf hashes.
pub fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// The largest power of two smaller than `n`, for `n` of at least 2.
pub(crate) fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// Whether `start..end` is a subtree of some tree: not empty, and `start` a multiple of the least
/// power of two that is not smaller than its length (draft-ietf-plants-merkle-tree-certs §4.1).
pub fn is_subtree(start: u64, end: u64) -> bool {
    start < end && (end - start).checked_next_power_of_two().is_some_and(|width| start.is_multiple_of(width))
}

/// Gives the hash of the complete subtree of `2^level` leaves that begins at leaf `index * 2^level`.
pub trait Subtrees {
    /// Why a hash could not be had.
    type Error;
    /// # Errors
    /// When the hash is not there.
    fn complete(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

impl<E, F: FnMut(u32, u64) -> Result<Hash, E>> Subtrees for F {
    type Error = E;
    fn complete(&mut self, level: u32, index: u64) -> Result<Hash, E> {
        self(level, index)
    }
}

/// The Merkle tree hash of the leaves `start..end`, which must be a subtree (or empty).
///
/// # Errors
/// Those of `trees`.
pub fn range_root<S: Subtrees>(start: u64, end: u64, trees: &mut S) -> Result<Hash, S::Error> {
    let length = end.saturating_sub(start);
    if length == 0 {
        return Ok(EMPTY_ROOT);
    }
    if length.is_power_of_two() {
        let level = length.trailing_zeros();
        return trees.complete(level, start >> level);
    }
    let middle = start + split(length);
    let left = range_root(start, middle, trees)?;
    Ok(node_hash(&left, &range_root(middle, end, trees)?))
}

/// The inclusion proof of leaf `index` in the subtree `start..end`, from the leaf's sibling up
/// (`PATH` of RFC 6962 §2.1.1). `start` is 0 for a whole tree; `index` must lie within.
///
/// # Errors
/// Those of `trees`.
pub fn inclusion_path<S: Subtrees>(
    index: u64,
    start: u64,
    end: u64,
    trees: &mut S,
) -> Result<Vec<Hash>, S::Error> {
    let (mut low, mut high) = (start, end);
    let mut siblings = Vec::new();
    while high.saturating_sub(low) > 1 {
        let middle = low + split(high - low);
        if index < middle {
            siblings.push((middle, high));
            high = middle;
        } else {
            siblings.push((low, middle));
            low = middle;
        }
    }
    siblings.into_iter().rev().map(|(from, to)| range_root(from, to, trees)).collect()
}

/// The proof that the subtree `start..end` is a part of the tree of `size` leaves
/// (`SUBTREE_PROOF` of draft-ietf-plants-merkle-tree-certs §4.4). With `start` 0 it is the
/// consistency proof (`PROOF` of RFC 6962 §2.1.2) from the tree of `end` leaves to that of `size`.
///
/// # Errors
/// Those of `trees`.
pub fn consistency_path<S: Subtrees>(
    start: u64,
    end: u64,
    size: u64,
    trees: &mut S,
) -> Result<Vec<Hash>, S::Error> {
    let (mut low, mut high) = (0, size);
    let mut from = start;
    let mut whole = true;
    let mut siblings = Vec::new();
    while (from, end) != (low, high) {
        let middle = low + split(high - low);
        if end <= middle {
            siblings.push((middle, high));
            high = middle;
        } else {
            siblings.push((low, middle));
            whole = whole && from >= middle;
            from = from.max(middle);
            low = middle;
        }
    }
    if !whole {
        siblings.push((low, high));
    }
    siblings.into_iter().rev().map(|(from, to)| range_root(from, to, trees)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hex;

    /// Inputs and roots of the test vectors that Certificate Transparency implementations share.
    #[test]
    fn roots_of_known_trees() {
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let leaves: Vec<Hash> = inputs.iter().map(|i| leaf_hash(i)).collect();
        for (size, expected) in [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ] {
            assert_eq!(hex(root_of(&leaves[..size])), expected, "size {size}");
        }
    }

    #[test]
    fn subtrees_are_aligned() {
        for (start, end, expected) in [
            (0, 1, true),
            (0, 7, true),
            (4, 7, true),
            (8, 13, true),
            (6, 8, true),
            (3, 4, true),
            (1, 3, false),
            (2, 5, false),
            (2, 6, false),
            (1, 1, false),
            (2, 1, false),
            (1, u64::MAX, false),
            (1, (1 << 63) + 2, false),
        ] {
            assert_eq!(is_subtree(start, end), expected, "{start}..{end}");
        }
    }
}
