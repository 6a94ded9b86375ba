//! Opening what lies beneath a folder, and never anything else: no symbolic link is followed, neither
//! at the end of a path nor on the way, also when somebody swaps a folder for a link meanwhile.

use ecoops_core::domain::RepoPath;
use ecoops_core::ports::workspace::WorkspaceError;
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A folder held open; all access goes through its descriptor.
#[derive(Debug)]
pub(super) struct Tree {
    root: OwnedFd,
    location: PathBuf,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

impl Tree {
    pub(super) fn open(location: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: rustix::fs::open(location, flags, Mode::empty())?, location: location.to_path_buf() })
    }

    pub(super) fn location(&self) -> &Path {
        &self.location
    }

    /// Opens a file or folder for reading. Never blocks on a fifo.
    pub(super) fn file(&self, path: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(File::from(self.resolve(path, flags)?))
    }

    /// The open folder that holds `path`, and the last component.
    pub(super) fn parent<'p>(&self, path: &'p str) -> io::Result<(OwnedFd, &'p str)> {
        match path.rsplit_once('/') {
            Some((folder, name)) => Ok((self.resolve(folder, FOLDER)?, name)),
            None => Ok((self.root.try_clone()?, path)),
        }
    }

    /// As [`Tree::parent`], making the folders that are missing.
    pub(super) fn make_parent<'p>(&self, path: &'p str) -> io::Result<(OwnedFd, &'p str)> {
        let mut folder = self.root.try_clone()?;
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        for component in parents.split('/').filter(|c| !c.is_empty()) {
            match rustix::fs::mkdirat(&folder, component, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            folder = rustix::fs::openat(&folder, component, FOLDER, Mode::empty())?;
        }
        Ok((folder, name))
    }

    fn resolve(&self, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        let how = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(&self.root, path, flags, Mode::empty(), how) {
            Err(Errno::NOSYS | Errno::PERM) => self.resolve_stepwise(path, flags),
            Err(Errno::AGAIN) => self.resolve_stepwise(path, flags),
            other => Ok(other?),
        }
    }

    /// For kernels before 5.6 and sandboxes without `openat2`: one component after the other.
    fn resolve_stepwise(&self, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        let mut folder = self.root.try_clone()?;
        let mut components = path.split('/').peekable();
        while let Some(component) = components.next() {
            if matches!(component, "" | "." | "..") {
                return Err(Errno::XDEV.into());
            }
            let flags = if components.peek().is_some() { FOLDER } else { flags | OFlags::NOFOLLOW };
            folder = rustix::fs::openat(&folder, component, flags, Mode::empty())?;
        }
        Ok(folder)
    }
}

/// Removes a file from an open folder; one that is not there is fine.
pub(super) fn unlink(folder: impl AsFd, name: &str) -> io::Result<()> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opens a file of an open folder for reading, never through a link.
pub(super) fn open_in(folder: impl AsFd, name: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::openat(folder, name, flags, Mode::empty())?))
}

/// Makes a file of an open folder; it must not be there yet.
pub(super) fn create_in(folder: impl AsFd, name: &str, mode: u32) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::openat(folder, name, flags, Mode::from_raw_mode(mode))?))
}

/// What went wrong with a file, in words.
pub(super) fn failed(path: impl Into<String>, error: &io::Error) -> WorkspaceError {
    let why = match Errno::from_io_error(error) {
        Some(Errno::LOOP) => "a part of its path is a symbolic link, which is never followed".into(),
        Some(Errno::NOENT) => "there is no such file".into(),
        Some(Errno::NOTDIR) => "a part of its path is a symbolic link or no folder".into(),
        Some(Errno::NOSPC | Errno::DQUOT) => "the disk is full".into(),
        Some(Errno::FBIG) => "the file would be larger than the system allows".into(),
        Some(Errno::ROFS) => "the file system is read-only".into(),
        Some(Errno::ACCESS) => "permission denied".into(),
        _ => error.to_string(),
    };
    WorkspaceError::File { path: path.into(), why }
}

pub(super) fn file_failed(path: &RepoPath) -> impl Fn(io::Error) -> WorkspaceError + '_ {
    move |error| failed(path.as_str(), &error)
}
