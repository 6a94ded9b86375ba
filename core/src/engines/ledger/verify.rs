//! Checking of inclusion and consistency proofs, after RFC 9162 §2.1.3.2 and §2.1.4.2, and of their
//! subtree forms (draft-ietf-plants-merkle-tree-certs §4.3.2, §4.4.3).
//!
//! Everything comes from outside and may be hostile: lengths, sizes and hashes are all judged here.
//! Never shares code with the making of proofs, so that a mistake in one cannot hide in the other.

use super::merkle::{EMPTY_ROOT, Hash, is_subtree, node_hash};

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the index or size is out of range")]
    Range,
    #[error("the range is no subtree")]
    NotASubtree,
    #[error("a hash does not have 32 bytes")]
    HashLength,
    #[error("the proof is too short or too long")]
    ProofLength,
    #[error("the proof leads to another root")]
    Mismatch,
}

/// Checks that the leaf with hash `leaf` stands at `index` in the tree of `size` leaves under `root`.
///
/// # Errors
/// [`ProofError`] when it does not follow.
pub fn inclusion(
    index: u64,
    size: u64,
    leaf: &[u8],
    root: &[u8],
    proof: &[impl AsRef<[u8]>],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Range);
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = to_hash(leaf)?;
    for sibling in proof {
        let sibling = to_hash(sibling.as_ref())?;
        if last == 0 {
            return Err(ProofError::ProofLength);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(&sibling, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, &sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::ProofLength);
    }
    same(&hash, root)
}

/// Checks that the leaf with hash `leaf` stands at `index` of the log within the subtree
/// `start..end`, whose hash is `root`.
///
/// # Errors
/// [`ProofError`] when it does not follow.
pub fn subtree_inclusion(
    index: u64,
    start: u64,
    end: u64,
    leaf: &[u8],
    root: &[u8],
    proof: &[impl AsRef<[u8]>],
) -> Result<(), ProofError> {
    if !is_subtree(start, end) {
        return Err(ProofError::NotASubtree);
    }
    let index = index.checked_sub(start).ok_or(ProofError::Range)?;
    inclusion(index, end - start, leaf, root, proof)
}

/// Checks that the tree of `size2` leaves under `root2` begins with the tree of `size1` leaves under
/// `root1`. Nothing can be proved from an empty tree to another one.
///
/// # Errors
/// [`ProofError`] when it does not follow.
pub fn consistency(
    size1: u64,
    size2: u64,
    root1: &[u8],
    root2: &[u8],
    proof: &[impl AsRef<[u8]>],
) -> Result<(), ProofError> {
    if size1 > size2 || (size1 == 0 && size2 > 0) {
        return Err(ProofError::Range);
    }
    if size2 == 0 {
        same(&EMPTY_ROOT, root2)?;
    }
    subtree_consistency(0, size1, size2, root1, root2, proof)
}

/// Checks that the subtree `start..end` with hash `subtree` is a part of the tree of `size` leaves
/// under `root`. The empty subtree is a part of any tree.
///
/// # Errors
/// [`ProofError`] when it does not follow.
pub fn subtree_consistency(
    start: u64,
    end: u64,
    size: u64,
    subtree: &[u8],
    root: &[u8],
    proof: &[impl AsRef<[u8]>],
) -> Result<(), ProofError> {
    if end > size {
        return Err(ProofError::Range);
    }
    if start == end {
        return if proof.is_empty() { same(&EMPTY_ROOT, subtree) } else { Err(ProofError::ProofLength) };
    }
    if !is_subtree(start, end) {
        return Err(ProofError::NotASubtree);
    }
    if (start, end) == (0, size) {
        return if proof.is_empty() { same(subtree, root) } else { Err(ProofError::ProofLength) };
    }
    climb(start, end - 1, size - 1, &to_hash(subtree)?, root, proof)
}

/// Steps 2 to 6 of §4.4.3: `first` and `last` are the subtree's outer leaves, `end` the tree's last.
fn climb(
    mut first: u64,
    mut last: u64,
    mut end: u64,
    subtree: &Hash,
    root: &[u8],
    proof: &[impl AsRef<[u8]>],
) -> Result<(), ProofError> {
    let until_full = last != end;
    while first != last && !(until_full && last & 1 == 0) {
        (first, last, end) = (first >> 1, last >> 1, end >> 1);
    }
    let mut rest = proof.iter();
    let begin =
        if first == last { *subtree } else { to_hash(rest.next().ok_or(ProofError::ProofLength)?.as_ref())? };
    let (mut part, mut whole) = (begin, begin);
    for sibling in rest {
        let sibling = to_hash(sibling.as_ref())?;
        if end == 0 {
            return Err(ProofError::ProofLength);
        }
        if last & 1 == 1 || last == end {
            if first < last {
                part = node_hash(&sibling, &part);
            }
            whole = node_hash(&sibling, &whole);
            while last & 1 == 0 && last != 0 {
                (first, last, end) = (first >> 1, last >> 1, end >> 1);
            }
        } else {
            whole = node_hash(&whole, &sibling);
        }
        (first, last, end) = (first >> 1, last >> 1, end >> 1);
    }
    if end != 0 {
        return Err(ProofError::ProofLength);
    }
    same(&part, subtree)?;
    same(&whole, root)
}

fn to_hash(bytes: &[u8]) -> Result<Hash, ProofError> {
    bytes.try_into().map_err(|_| ProofError::HashLength)
}

fn same(left: &[u8], right: &[u8]) -> Result<(), ProofError> {
    if left == right { Ok(()) } else { Err(ProofError::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::super::merkle::{consistency_path, inclusion_path, leaf_hash, range_root, root_of};
    use super::*;
    use proptest::prelude::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    fn subtrees(leaves: &[Hash]) -> impl FnMut(u32, u64) -> Result<Hash, ()> + '_ {
        |level, index| {
            let from = (index << level) as usize;
            leaves.get(from..from + (1 << level)).map(root_of).ok_or(())
        }
    }

    #[test]
    fn malformed_input_is_refused() {
        let hash = leaf_hash(b"x");
        let none: [Hash; 0] = [];
        for (index, size, leaf, root, expected) in [
            (0, 1, &hash[..], &hash[..], Ok(())),
            (0, 0, &hash[..], &hash[..], Err(ProofError::Range)),
            (1, 1, &hash[..], &hash[..], Err(ProofError::Range)),
            (0, 2, &hash[..], &hash[..], Err(ProofError::ProofLength)),
            (0, 1, &hash[..31], &hash[..31], Err(ProofError::HashLength)),
            (0, 1, &hash[..], &hash[..31], Err(ProofError::Mismatch)),
            (0, 1, &hash[..], &EMPTY_ROOT[..], Err(ProofError::Mismatch)),
        ] {
            assert_eq!(inclusion(index, size, leaf, root, &none), expected, "{index} in {size}");
        }
        for (from, to, root1, root2, expected) in [
            (0, 0, EMPTY_ROOT, EMPTY_ROOT, Ok(())),
            (0, 0, hash, hash, Err(ProofError::Mismatch)),
            (0, 1, EMPTY_ROOT, hash, Err(ProofError::Range)),
            (2, 1, hash, hash, Err(ProofError::Range)),
            (1, 1, hash, hash, Ok(())),
            (1, 1, hash, EMPTY_ROOT, Err(ProofError::Mismatch)),
            (1, 2, hash, hash, Err(ProofError::ProofLength)),
        ] {
            assert_eq!(consistency(from, to, &root1, &root2, &none), expected, "{from} to {to}");
        }
        for (start, end, size, expected) in [
            (1, 1, 2, Err(ProofError::Mismatch)),
            (1, 3, 8, Err(ProofError::NotASubtree)),
            (3, 2, 8, Err(ProofError::NotASubtree)),
            (0, 9, 8, Err(ProofError::Range)),
            (1, (1 << 63) + 2, u64::MAX, Err(ProofError::NotASubtree)),
        ] {
            assert_eq!(
                subtree_consistency(start, end, size, &hash, &hash, &none),
                expected,
                "{start}..{end}"
            );
        }
    }

    #[test]
    fn every_inclusion_proof_of_small_trees_holds() {
        for size in 1..40 {
            let leaves = leaves(size);
            let root = root_of(&leaves);
            for index in 0..size {
                let proof = inclusion_path(index, 0, size, &mut subtrees(&leaves)).unwrap();
                inclusion(index, size, &leaves[index as usize], &root, &proof).unwrap();
                for other in (0..size).filter(|other| *other != index) {
                    assert!(inclusion(other, size, &leaves[index as usize], &root, &proof).is_err());
                }
            }
        }
    }

    #[test]
    fn every_consistency_proof_of_small_trees_holds() {
        for size in 1..34 {
            let leaves = leaves(size);
            let root = root_of(&leaves);
            for start in 0..size {
                for end in (start + 1..=size).filter(|end| is_subtree(start, *end)) {
                    let part = range_root(start, end, &mut subtrees(&leaves)).unwrap();
                    assert_eq!(part, root_of(&leaves[start as usize..end as usize]));
                    let proof = consistency_path(start, end, size, &mut subtrees(&leaves)).unwrap();
                    subtree_consistency(start, end, size, &part, &root, &proof)
                        .unwrap_or_else(|e| panic!("{start}..{end} of {size}: {e}"));
                    if start == 0 {
                        consistency(end, size, &part, &root, &proof).unwrap();
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_breaks_an_inclusion_proof(size in 1u64..700, pick in any::<u64>(), bit in 0usize..256) {
            let leaves = leaves(size);
            let (index, root) = (pick % size, root_of(&leaves));
            let proof = inclusion_path(index, 0, size, &mut subtrees(&leaves)).unwrap();
            let leaf = leaves[index as usize];
            inclusion(index, size, &leaf, &root, &proof).unwrap();
            prop_assert!(inclusion(index, size, &flip(leaf, bit), &root, &proof).is_err());
            prop_assert!(inclusion(index, size, &leaf, &flip(root, bit), &proof).is_err());
            for place in 0..proof.len() {
                let mut bad = proof.clone();
                bad[place] = flip(bad[place], bit);
                prop_assert!(inclusion(index, size, &leaf, &root, &bad).is_err());
            }
            let longer = [proof.as_slice(), &[root]].concat();
            prop_assert!(inclusion(index, size, &leaf, &root, &longer).is_err());
            if let [_, shorter @ ..] = proof.as_slice() {
                prop_assert!(inclusion(index, size, &leaf, &root, shorter).is_err());
            }
        }

        #[test]
        fn any_flipped_bit_breaks_a_consistency_proof(size in 2u64..700, pick in any::<u64>(), bit in 0usize..256) {
            let leaves = leaves(size);
            let old = 1 + pick % (size - 1);
            let (root1, root2) = (root_of(&leaves[..old as usize]), root_of(&leaves));
            let proof = consistency_path(0, old, size, &mut subtrees(&leaves)).unwrap();
            consistency(old, size, &root1, &root2, &proof).unwrap();
            prop_assert!(consistency(old, size, &flip(root1, bit), &root2, &proof).is_err());
            prop_assert!(consistency(old, size, &root1, &flip(root2, bit), &proof).is_err());
            for place in 0..proof.len() {
                let mut bad = proof.clone();
                bad[place] = flip(bad[place], bit);
                prop_assert!(consistency(old, size, &root1, &root2, &bad).is_err());
            }
            prop_assert!(consistency(old, size, &root1, &root2, &[proof.as_slice(), &[root1]].concat()).is_err());
        }

        #[test]
        fn nothing_from_outside_panics(
            a in any::<u64>(), b in any::<u64>(), c in any::<u64>(),
            proof in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..70)
        ) {
            let hash = EMPTY_ROOT;
            let _ = inclusion(a, b, &hash, &hash, &proof);
            let _ = consistency(a, b, &hash, &hash, &proof);
            let _ = subtree_inclusion(a, b, c, &hash, &hash, &proof);
            let _ = subtree_consistency(a, b, c, &hash, &hash, &proof);
        }
    }

    fn flip(mut hash: Hash, bit: usize) -> Hash {
        hash[bit / 8] ^= 1 << (bit % 8);
        hash
    }
}
