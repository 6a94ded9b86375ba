//! Vectors that were made before, by model and SHA-256 of the text, in one file that all clients of an agent share.
//!
//! Never holds a text. What cannot be read or written counts as not there: the model is asked.

use ecoops_core::ports::embedder::{Embedder, EmbedderError, WIDTH};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

const TABLES: &str = "
CREATE TABLE vectors (
  key BLOB PRIMARY KEY, used INTEGER NOT NULL, vector BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX vectors_by_use ON vectors (used);
CREATE TABLE counts (one INTEGER PRIMARY KEY CHECK (one = 1), entries INTEGER NOT NULL, clock INTEGER NOT NULL) STRICT;
INSERT INTO counts VALUES (1, 0, 0);
";

/// Vectors that are kept, by default: about 200 MB of 1,024 numbers each.
pub const ENTRIES: usize = 50_000;
/// A sixteenth more than are wanted may be there before the oldest go.
const SLACK: usize = 16;

/// See the module.
pub struct CachedEmbedder {
    inner: Arc<dyn Embedder>,
    connection: Mutex<Connection>,
    most: usize,
}

impl std::fmt::Debug for CachedEmbedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedEmbedder").field("model", &self.inner.model()).finish_non_exhaustive()
    }
}

impl CachedEmbedder {
    /// Keeps at most about `most` vectors in the file at `path`.
    ///
    /// # Errors
    /// [`EmbedderError::Unusable`] when the file is damaged, newer, or may not be written.
    pub fn open(path: &Path, inner: Arc<dyn Embedder>, most: usize) -> Result<Self, EmbedderError> {
        let connection = crate::sqlite::open(path, 1, TABLES)
            .map_err(|why| EmbedderError::Unusable(format!("{}: {why}", path.display())))?;
        Ok(Self { inner, connection: Mutex::new(connection), most: most.max(1) })
    }

    fn key(&self, text: &str) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update((self.inner.model().len() as u64).to_le_bytes());
        hash.update(self.inner.model());
        hash.update(text);
        hash.finalize().to_vec()
    }

    fn read(&self, keys: &[Vec<u8>]) -> rusqlite::Result<Vec<Option<Vec<f32>>>> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        let mut found = Vec::with_capacity(keys.len());
        {
            let mut find = transaction.prepare_cached(
                "UPDATE vectors SET used = (SELECT clock FROM counts) WHERE key = ?1 RETURNING vector",
            )?;
            for key in keys {
                let mut rows = find.query([key])?;
                let vector = match rows.next()? {
                    Some(row) => vector(row.get_ref(0)?.as_blob()?),
                    None => None,
                };
                // a statement that returns rows acts when they are read to the end
                while rows.next()?.is_some() {}
                found.push(vector);
            }
        }
        transaction.commit()?;
        Ok(found)
    }

    fn write(&self, new: &[(&Vec<u8>, &Vec<f32>)]) -> rusqlite::Result<()> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut added = 0;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO vectors (key, used, vector) VALUES (?1, (SELECT clock FROM counts), ?2)
                 ON CONFLICT DO NOTHING",
            )?;
            for (key, vector) in new {
                let used = vector.iter().rposition(|v| *v != 0.0).map_or(0, |last| last + 1);
                let bytes: Vec<u8> = vector[..used].iter().flat_map(|v| v.to_le_bytes()).collect();
                added += insert.execute(params![key, bytes])?;
            }
        }
        transaction.execute("UPDATE counts SET entries = entries + ?1, clock = clock + 1", [added as i64])?;
        let entries: i64 = transaction.query_row("SELECT entries FROM counts", [], |row| row.get(0))?;
        let over = entries - self.most as i64;
        if over > (self.most / SLACK) as i64 {
            let gone = transaction.execute(
                "DELETE FROM vectors WHERE key IN (SELECT key FROM vectors ORDER BY used LIMIT ?1)",
                [over],
            )?;
            transaction.execute("UPDATE counts SET entries = entries - ?1", [gone as i64])?;
        }
        transaction.commit()
    }
}

/// None for what this program did not write.
fn vector(bytes: &[u8]) -> Option<Vec<f32>> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    let mut vector: Vec<f32> = numbers.iter().map(|b| f32::from_le_bytes(*b)).collect();
    if !rest.is_empty() || vector.len() > WIDTH || vector.iter().any(|v| !v.is_finite()) {
        return None;
    }
    vector.resize(WIDTH, 0.0);
    Some(vector)
}

impl Embedder for CachedEmbedder {
    fn model(&self) -> &str {
        self.inner.model()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let keys: Vec<Vec<u8>> = texts.iter().map(|text| self.key(text)).collect();
        let mut found = self.read(&keys).unwrap_or_else(|error| {
            tracing::warn!(%error, "the cache of vectors cannot be read");
            vec![None; texts.len()]
        });
        let missing: Vec<usize> = (0..texts.len()).filter(|place| found[*place].is_none()).collect();
        if !missing.is_empty() {
            let asked: Vec<&str> = missing.iter().map(|place| texts[*place]).collect();
            let made = self.inner.embed(&asked)?;
            if made.len() != asked.len() {
                return Err(EmbedderError::Unusable("the model did not give one vector a text".into()));
            }
            let new: Vec<_> = missing.iter().map(|place| &keys[*place]).zip(&made).collect();
            if let Err(error) = self.write(&new) {
                tracing::warn!(%error, "the cache of vectors cannot be written");
            }
            for (place, vector) in missing.into_iter().zip(made) {
                found[place] = Some(vector);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Counting {
        texts: AtomicUsize,
        name: &'static str,
    }

    impl Embedder for Counting {
        fn model(&self) -> &str {
            self.name
        }

        fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
            self.texts.fetch_add(texts.len(), Ordering::Relaxed);
            let wide = |text: &&str| {
                let mut vector = vec![text.len() as f32, self.name.len() as f32];
                vector.resize(WIDTH, 0.0);
                vector
            };
            Ok(texts.iter().map(wide).collect())
        }
    }

    fn model(name: &'static str) -> Arc<Counting> {
        Arc::new(Counting { name, ..Counting::default() })
    }

    #[test]
    fn a_text_is_embedded_once_a_model() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("vectors.sqlite");
        let (one, other) = (model("one"), model("other"));
        let open = |inner: &Arc<Counting>| CachedEmbedder::open(&path, inner.clone(), 100).expect("opens");
        let (first, second) = (open(&one), open(&one));
        let made = first.embed(&["a", "bb", "a"]).expect("embedded");
        assert_eq!(made.iter().map(|v| v[0]).collect::<Vec<_>>(), [1.0, 2.0, 1.0]);
        assert_eq!(second.embed(&["bb", "ccc", "a"]).expect("embedded")[0], made[1]);
        assert_eq!(one.texts.load(Ordering::Relaxed), 4);
        assert_eq!(open(&other).embed(&["a"]).expect("embedded")[0][1], 5.0);
    }

    #[test]
    fn the_least_used_go() {
        let folder = tempfile::tempdir().expect("folder");
        let inner = model("m");
        let cache = CachedEmbedder::open(&folder.path().join("v.sqlite"), inner.clone(), 10).expect("opens");
        let text = |i: usize| "x".repeat(i + 1);
        for i in 0..40 {
            cache.embed(&[&text(0), &text(i)]).expect("embedded");
        }
        let before = inner.texts.load(Ordering::Relaxed);
        cache.embed(&[&text(0), &text(39)]).expect("embedded");
        assert_eq!(inner.texts.load(Ordering::Relaxed), before, "what is used stays");
        cache.embed(&[&text(3)]).expect("embedded");
        assert_eq!(inner.texts.load(Ordering::Relaxed), before + 1, "what is not goes");
        let connection = cache.connection.lock().expect("not poisoned");
        let count: i64 =
            connection.query_row("SELECT count(*) FROM vectors", [], |row| row.get(0)).expect("counted");
        assert!(count <= 11, "{count}");
    }
}
