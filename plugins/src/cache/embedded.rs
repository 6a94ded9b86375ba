//! The cache in a folder: one file a scope, replaced as a whole.
//!
//! A file is a line that says what it is, SHA-256 of the rest, and the entries: key, length (32 bits,
//! little endian), bytes. A file that does not add up counts as none. Readable by its owner alone, as
//! results may quote code. Never waits for another process: the last to save wins.

use ecoops_core::domain::ContentHash;
use ecoops_core::ports::cache::{Cache, CacheError, Entries, Key};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

const HEAD: &[u8] = b"ecoops cache 1\n";
/// Files that the folder may hold: the least recently saved go.
const MOST_FILES: usize = 32;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of one scope's file.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: 64 << 20 }
    }
}

/// See the module.
#[derive(Debug)]
pub struct EmbeddedCache {
    folder: PathBuf,
    bounds: Bounds,
}

impl EmbeddedCache {
    /// Keeps its files in `folder`, which is made when something is saved.
    pub fn new(folder: &Path, bounds: Bounds) -> Self {
        Self { folder: folder.to_owned(), bounds }
    }

    fn file(&self, scope: &str) -> PathBuf {
        let name = ContentHash::of(scope.as_bytes());
        self.folder.join(name.hex().get(..32).unwrap_or_default())
    }

    fn read(&self, scope: &str) -> Option<Vec<u8>> {
        let file = File::open(self.file(scope)).ok()?;
        let about = file.metadata().ok()?;
        let most = (self.bounds.bytes + HEAD.len() + 32) as u64;
        if !about.is_file() || about.len() > most {
            return None;
        }
        let mut bytes = Vec::with_capacity(about.len() as usize);
        file.take(most).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn write(&self, scope: &str, body: &[u8]) -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        // Its name has a dot in front, which no scope's file has; `tidy` removes what a kill leaves.
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(&self.folder)?;
        file.write_all(HEAD)?;
        file.write_all(&Sha256::digest(body))?;
        file.write_all(body)?;
        // No flush: after a power cut the sum does not match, and the cache is empty.
        file.persist(self.file(scope)).map_err(|e| e.error)?;
        Ok(())
    }

    /// Removes the oldest files beyond the bound.
    fn tidy(&self) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if let Ok(saved) = entry.metadata().and_then(|about| about.modified()) {
                files.push((std::cmp::Reverse(saved), entry.path()));
            }
        }
        files.sort();
        for (_, path) in files.into_iter().skip(MOST_FILES) {
            // Another process may have been faster.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }
}

impl Cache for EmbeddedCache {
    fn load(&self, scope: &str) -> Entries {
        self.read(scope).and_then(|bytes| parse(&bytes)).unwrap_or_default()
    }

    fn save(&self, scope: &str, entries: &[(Key, &[u8])]) -> Result<(), CacheError> {
        let mut body = Vec::new();
        for (key, bytes) in entries {
            if body.len() + key.len() + 4 + bytes.len() > self.bounds.bytes {
                break;
            }
            let length = u32::try_from(bytes.len()).map_err(|e| CacheError(e.to_string()))?;
            body.extend_from_slice(key);
            body.extend_from_slice(&length.to_le_bytes());
            body.extend_from_slice(bytes);
        }
        let failed = |e: std::io::Error| CacheError(format!("{}: {e}", self.folder.display()));
        self.write(scope, &body).map_err(failed)?;
        self.tidy().map_err(failed)
    }
}

/// The entries of a file; nothing when it is damaged or something else.
fn parse(bytes: &[u8]) -> Option<Entries> {
    let (sum, body) = bytes.strip_prefix(HEAD)?.split_at_checked(32)?;
    if Sha256::digest(body).as_slice() != sum {
        return None;
    }
    let mut entries = Entries::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (key, after) = rest.split_first_chunk::<32>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let (value, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        entries.insert(*key, value.to_vec());
        rest = after;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_the_file_the_cache_opens() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EmbeddedCache::new(folder.path(), Bounds::default());
        cache.save("s", &[([1; 32], b"one"), ([2; 32], b"")]).unwrap();
        let file = cache.file("s");
        let good = fs::read(&file).unwrap();
        for cut in 0..good.len() {
            fs::write(&file, &good[..cut]).unwrap();
            assert!(cache.load("s").is_empty(), "cut at {cut}");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&file, bad).unwrap();
            assert!(cache.load("s").is_empty(), "byte {at}");
        }
        // A length that leads beyond the end, with a sum that is right.
        let mut body = vec![7; 32];
        body.extend_from_slice(&u32::MAX.to_le_bytes());
        cache.write("s", &body).unwrap();
        assert!(cache.load("s").is_empty());
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert!(cache.load("s").is_empty());
        assert!(cache.save("s", &[]).is_err());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EmbeddedCache::new(folder.path(), Bounds { bytes: 100 });
        cache.save("s", &[([1; 32], b"first"), ([2; 32], &[0; 30]), ([3; 32], b"")]).unwrap();
        assert_eq!(cache.load("s"), Entries::from([([1; 32], b"first".to_vec())]));
        for scope in 0..2 * MOST_FILES {
            cache.save(&scope.to_string(), &[]).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MOST_FILES);
    }

    #[test]
    fn others_may_not_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EmbeddedCache::new(&folder.path().join("scan"), Bounds::default());
        cache.save("s", &[]).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&cache.folder), mode(&cache.file("s"))), (0o700, 0o600));
    }
}
