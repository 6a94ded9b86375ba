//! The log's folder: reading, replacing files whole, flushing, and the lock between processes.
//!
//! Knows nothing of trees and checkpoints.

use crate::lock;
use ecoops_core::ports::audit_log::AuditError;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Called with the name of each step before it is taken; an error makes the step fail. For fault
/// injection: a full disk is an error, a kill is an abort.
pub type Step = Arc<dyn Fn(&str) -> io::Result<()> + Send + Sync>;

/// The one temporary of the folder; only the holder of the lock writes it.
const TEMPORARY: &str = ".new";
const LOCK: &str = "lock";

#[derive(Clone)]
pub struct Disk {
    folder: PathBuf,
    step: Option<Step>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Held by the process that writes; given up when dropped, or by the kernel.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code)] File);

impl Disk {
    pub fn new(folder: &Path, step: Option<Step>) -> Self {
        Self { folder: folder.to_owned(), step }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// # Errors
    /// What the injected fault says.
    pub fn step(&self, name: &str) -> Result<(), AuditError> {
        match &self.step {
            Some(step) => step(name).map_err(|e| self.failed(name, &e)),
            None => Ok(()),
        }
    }

    /// # Errors
    /// When the folder cannot be made or the lock cannot be had within half a minute.
    pub fn lock(&self) -> Result<Lock, AuditError> {
        let path = self.path(LOCK);
        let open = || OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = match open() {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(&self.folder)
                    .map_err(|e| self.failed("", &e))?;
                open()
            }
            other => other,
        }
        .map_err(|e| self.failed(LOCK, &e))?;
        match lock::exclusive(&file) {
            Err(e) if e.kind() == ErrorKind::TimedOut => Err(AuditError::Storage(format!(
                "another process has been writing to {} for {} s",
                self.folder.display(),
                lock::PATIENCE.as_secs()
            ))),
            locked => locked.map(|()| Lock(file)).map_err(|e| self.failed(LOCK, &e)),
        }
    }

    /// The bytes of a file, `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, AuditError> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(self.failed(name, &e)),
        }
    }

    /// The length of a file, `None` when there is none.
    pub fn length(&self, name: &str) -> Option<u64> {
        fs::metadata(self.path(name)).ok().map(|about| about.len())
    }

    /// Puts a whole file in place by renaming; readers see the old or the new one, never a part.
    /// Not flushed: the journal still holds what is in it.
    ///
    /// # Errors
    /// When it cannot be written; then the old file is still there.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), AuditError> {
        self.step(name)?;
        self.put(name, bytes, false).map_err(|e| self.failed(name, &e))
    }

    /// As [`Disk::replace`], and flushed with its folder before it returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace_durably(&self, name: &str, bytes: &[u8]) -> Result<(), AuditError> {
        self.step(name)?;
        self.put(name, bytes, true).map_err(|e| self.failed(name, &e))
    }

    fn put(&self, name: &str, bytes: &[u8], durable: bool) -> io::Result<()> {
        let (temporary, target) = (self.path(TEMPORARY), self.path(name));
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        if durable {
            file.sync_all()?;
        }
        drop(file);
        match fs::rename(&temporary, &target) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::rename(&temporary, &target)?;
            }
            other => other?,
        }
        if durable { File::open(target.parent().unwrap_or(&self.folder))?.sync_all() } else { Ok(()) }
    }

    /// Flushes a file or folder; one that is not there is no error.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn flush(&self, name: &str) -> Result<(), AuditError> {
        match File::open(self.path(name)) {
            Ok(file) => file.sync_all().map_err(|e| self.failed(name, &e)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            Err(e) => Err(self.failed(name, &e)),
        }
    }

    /// Removes a file or a folder with all in it, if it is there; what cannot be removed stays.
    pub fn remove(&self, name: &str) {
        let path = self.path(name);
        if fs::remove_file(&path).is_err() && path.is_dir() {
            let _ = fs::remove_dir_all(&path);
        }
    }

    /// Removes what a killed writer left.
    pub fn sweep(&self) {
        self.remove(TEMPORARY);
    }

    pub fn failed(&self, name: &str, error: &io::Error) -> AuditError {
        AuditError::Storage(format!("{}: {error}", self.path(name).display()))
    }
}
