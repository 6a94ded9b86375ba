//! Objects as files of one folder a bucket, readable by their owner only.
//!
//! A file is named by its key, with `~` for `/`, which no key has. Never follows a link, and never leaves half a file.

use ecoops_core::ports::objects::{Bucket, ObjectEntry, ObjectKey, Objects, ObjectsError, check};
use jiff::Timestamp;
use std::fs::{self, DirEntry, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What a half-written file is called before it is whole.
const UNFINISHED: &str = ".new-";
/// A half-written file so old belongs to nobody any more.
const ABANDONED: Duration = Duration::from_secs(24 * 3_600);

/// See the module.
#[derive(Debug)]
pub struct FolderObjects {
    folder: PathBuf,
}

impl FolderObjects {
    /// `folder` is made when something is put there.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn bucket(&self, bucket: Bucket) -> PathBuf {
        self.folder.join(bucket.name())
    }

    fn file(&self, bucket: Bucket, key: &ObjectKey) -> PathBuf {
        self.bucket(bucket).join(key.as_str().replace('/', "~"))
    }

    fn entries(&self, bucket: Bucket) -> Result<Vec<DirEntry>, ObjectsError> {
        let folder = self.bucket(bucket);
        match fs::read_dir(&folder) {
            Ok(entries) => entries.collect::<Result<_, _>>().map_err(|e| storage(&folder, &e)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(storage(&folder, &e)),
        }
    }

    fn clear_abandoned(&self) -> Result<(), ObjectsError> {
        for bucket in Bucket::ALL {
            for entry in self.entries(bucket)? {
                let unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
                let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|m| m.elapsed().ok());
                if unfinished && age.is_some_and(|age| age > ABANDONED) {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
        Ok(())
    }
}

fn storage(path: &Path, error: &std::io::Error) -> ObjectsError {
    ObjectsError::Storage(format!("{}: {error}", path.display()))
}

impl Objects for FolderObjects {
    fn put(&self, bucket: Bucket, key: &ObjectKey, bytes: &[u8]) -> Result<(), ObjectsError> {
        check(bytes)?;
        let folder = self.bucket(bucket);
        let said = |e: std::io::Error| storage(&folder, &e);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(said)?;
        // mode 600, and gone again when it is not kept
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&folder).map_err(said)?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(said)?;
        file.persist(self.file(bucket, key)).map_err(|e| said(e.error))?;
        fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(said)
    }

    fn get(&self, bucket: Bucket, key: &ObjectKey) -> Result<Option<Vec<u8>>, ObjectsError> {
        let path = self.file(bucket, key);
        let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let mut bytes = Vec::new();
        match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
            Ok(mut file) => file.read_to_end(&mut bytes).map_err(|e| storage(&path, &e))?,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(storage(&path, &e)),
        };
        Ok(Some(bytes))
    }

    fn list(&self, bucket: Bucket, prefix: &str, limit: usize) -> Result<Vec<ObjectEntry>, ObjectsError> {
        let mut found = Vec::new();
        for entry in self.entries(bucket)? {
            let name = entry.file_name().to_string_lossy().replace('~', "/");
            let Ok(key) = name.parse::<ObjectKey>() else { continue };
            let Ok(about) = entry.metadata() else { continue };
            if about.is_file() && name.starts_with(prefix) {
                found.push(ObjectEntry { key, size: about.len(), modified: time(about.modified().ok()) });
            }
        }
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found.truncate(limit);
        Ok(found)
    }

    fn delete(&self, bucket: Bucket, key: &ObjectKey) -> Result<(), ObjectsError> {
        let path = self.file(bucket, key);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(storage(&path, &e)),
            _ => self.clear_abandoned(),
        }
    }
}

fn time(modified: Option<SystemTime>) -> Timestamp {
    modified.and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}
