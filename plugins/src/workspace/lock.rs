//! Replacing a file inside `.git` by git's own lock protocol: make `<file>.lock` exclusively, check,
//! rename.
//!
//! The lock is a hard link of a temporary file with a name of ours, so that after a kill a lock that
//! is ours is told from one of a git process that still runs, and only ours is removed.

use ecoops_core::ports::workspace::WorkspaceError;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::copy::sync_folder;

/// One file to be replaced, and our temporary for it.
#[derive(Debug)]
pub(super) struct Locked {
    pub target: PathBuf,
    /// On the same file system, outside of the reference folders.
    pub temporary: PathBuf,
}

impl Locked {
    fn lock(&self) -> PathBuf {
        let mut name = self.target.clone().into_os_string();
        name.push(".lock");
        name.into()
    }

    /// Removes what a killed process of ours left: the temporary, and the lock if it is ours.
    pub(super) fn clear(&self) -> Result<(), WorkspaceError> {
        let Ok(ours) = self.temporary.symlink_metadata() else { return Ok(()) };
        if let Ok(lock) = self.lock().symlink_metadata()
            && (lock.ino(), lock.dev()) == (ours.ino(), ours.dev())
        {
            remove(&self.lock())?;
        }
        remove(&self.temporary)
    }

    /// Replaces the file by `new`, if `unchanged` still says so once the lock is held. `modified` sets
    /// its modification time.
    ///
    /// # Errors
    /// [`WorkspaceError::Git`] when another process holds the lock; [`WorkspaceError::Storage`].
    pub(super) fn replace(
        &self,
        new: &[u8],
        modified: Option<SystemTime>,
        unchanged: &dyn Fn() -> Result<bool, WorkspaceError>,
        step: &dyn Fn(&str),
    ) -> Result<bool, WorkspaceError> {
        self.take(new, modified, step)?;
        let result = unchanged().and_then(|unchanged| {
            if unchanged {
                step(&format!("replace {}", self.target.display()));
                fs::rename(self.lock(), &self.target).map_err(|e| storage(&self.target, &e))?;
                step(&format!("replaced {}", self.target.display()));
                self.sync()?;
            }
            Ok(unchanged)
        });
        self.clear().and(result)
    }

    /// Removes the file, if `unchanged` still says so once the lock is held.
    ///
    /// # Errors
    /// As [`Locked::replace`].
    pub(super) fn remove(
        &self,
        unchanged: &dyn Fn() -> Result<bool, WorkspaceError>,
        step: &dyn Fn(&str),
    ) -> Result<bool, WorkspaceError> {
        self.take(b"", None, step)?;
        let result = unchanged().and_then(|unchanged| {
            if unchanged {
                step(&format!("remove {}", self.target.display()));
                remove(&self.target)?;
                step(&format!("removed {}", self.target.display()));
                self.sync()?;
            }
            Ok(unchanged)
        });
        self.clear().and(result)
    }

    fn take(
        &self,
        new: &[u8],
        modified: Option<SystemTime>,
        step: &dyn Fn(&str),
    ) -> Result<(), WorkspaceError> {
        self.clear()?;
        step(&format!("prepare {}", self.target.display()));
        let written = self.write(new, modified).map_err(|e| storage(&self.temporary, &e));
        let linked = written.and_then(|()| {
            step(&format!("lock {}", self.target.display()));
            if let Some(folder) = self.target.parent() {
                fs::create_dir_all(folder).map_err(|e| storage(folder, &e))?;
            }
            fs::hard_link(&self.temporary, self.lock()).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => WorkspaceError::Git(format!(
                    "{} exists: another git process is at work (if none is, remove the file)",
                    self.lock().display()
                )),
                _ => storage(&self.lock(), &error),
            })
        });
        linked.inspect_err(|_| drop(self.clear()))?;
        step(&format!("locked {}", self.target.display()));
        Ok(())
    }

    fn write(&self, new: &[u8], modified: Option<SystemTime>) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&self.temporary)?;
        file.write_all(new)?;
        if let Ok(about) = self.target.metadata() {
            file.set_permissions(about.permissions())?;
        }
        if let Some(modified) = modified {
            file.set_modified(modified)?;
        }
        file.sync_all()
    }

    fn sync(&self) -> Result<(), WorkspaceError> {
        match self.target.parent() {
            Some(folder) => sync_folder(folder).map_err(|e| storage(folder, &e)),
            None => Ok(()),
        }
    }
}

fn remove(path: &Path) -> Result<(), WorkspaceError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(storage(path, &error)),
        _ => Ok(()),
    }
}

pub(super) fn storage(path: &Path, error: &io::Error) -> WorkspaceError {
    WorkspaceError::Storage(format!("{}: {error}", path.display()))
}
