//! Hashing of bytes and numbers: fast, the same on every machine and in every run.
//!
//! Not keyed: whoever writes the log can make two lines collide, which groups them wrongly and
//! does nothing else. Never used where a collision would be more than that.

use std::hash::{BuildHasherDefault, Hasher};

const A: u64 = 0x9E37_79B9_7F4A_7C15;
const B: u64 = 0xD6E8_FEB8_6659_FD93;

/// Folded multiplication (as in wyhash): every bit of the input reaches every bit of the output.
pub fn mix(value: u64) -> u64 {
    fold(value ^ A, B)
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of `bytes`, eight at a time.
pub fn bytes(bytes: &[u8]) -> u64 {
    let mut state = A ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        state = fold(word(&chunk[..8]) ^ B, word(&chunk[8..]) ^ state);
    }
    let rest = chunks.remainder();
    let (first, second) = rest.split_at(rest.len().min(8));
    fold(fold(word(first) ^ B, word(second) ^ state) ^ A, B)
}

/// Up to eight bytes as a number.
fn word(bytes: &[u8]) -> u64 {
    match <[u8; 8]>::try_from(bytes) {
        Ok(eight) => u64::from_le_bytes(eight),
        Err(_) => bytes.iter().rev().fold(1, |sum, b| sum << 8 | u64::from(*b)),
    }
}

/// A hasher for keys that are numbers or short byte strings.
#[derive(Debug, Default, Clone)]
pub struct Hash(u64);

pub type BuildHash = BuildHasherDefault<Hash>;

impl Hasher for Hash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, text: &[u8]) {
        self.0 = fold(self.0 ^ A, bytes(text) ^ B);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = fold(self.0 ^ value ^ A, B);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}
