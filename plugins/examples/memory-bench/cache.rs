//! An embedder that keeps its vectors in a file, so that a second run need not embed thousands of texts again.

use ecoops_core::ports::embedder::{Embedder, EmbedderError, WIDTH};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const KEY: usize = 16;
/// Numbers of a vector that are kept; the rest is padding.
const KEPT: usize = 384;
const RECORD: usize = KEY + 4 * KEPT;

type Known = HashMap<[u8; KEY], Vec<f32>>;

pub struct Cached<E> {
    inner: E,
    known: Mutex<(Known, File)>,
}

impl<E: Embedder> Cached<E> {
    pub fn open(inner: E, folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join(format!("{}.vectors", inner.model().replace('/', "-")));
        let bytes = std::fs::read(&path).unwrap_or_default();
        let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let record =
            |r: &[u8]| (r[..KEY].try_into().unwrap(), r[KEY..].chunks_exact(4).map(number).collect());
        let known = bytes.chunks_exact(RECORD).map(record).collect();
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        // a run that was stopped may have left half a record
        file.set_len((bytes.len() / RECORD * RECORD) as u64).unwrap();
        Self { inner, known: Mutex::new((known, file)) }
    }
}

fn key(text: &str) -> [u8; KEY] {
    Sha256::digest(text)[..KEY].try_into().unwrap()
}

impl<E: Embedder> Embedder for Cached<E> {
    fn model(&self) -> &str {
        self.inner.model()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let mut guard = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, file) = &mut *guard;
        let new: Vec<&str> = texts.iter().filter(|t| !known.contains_key(&key(t))).copied().collect();
        for (text, mut vector) in new.iter().zip(self.inner.embed(&new)?) {
            vector.truncate(KEPT);
            let numbers = vector.iter().flat_map(|v| v.to_le_bytes());
            let record: Vec<u8> = key(text).into_iter().chain(numbers).collect();
            file.write_all(&record).map_err(|e| EmbedderError::Unusable(e.to_string()))?;
            known.insert(key(text), vector);
        }
        let wide = |text: &&str| {
            let mut vector = known[&key(text)].clone();
            vector.resize(WIDTH, 0.0);
            vector
        };
        Ok(texts.iter().map(wide).collect())
    }
}
