//! Replacing one file of the working tree atomically: a temporary file in the same folder, fsync,
//! rename, fsync of the folder. At any moment the name stands for the old or the new content.
//!
//! What is kept of the old file: permission bits, owner and extended attributes where allowed.

use super::beneath::{Tree, create_in, file_failed, open_in, unlink};
use super::refs::Standing;
use ecoops_core::domain::{ContentHash, RepoPath, Write};
use ecoops_core::ports::workspace::{Side, WorkspaceError};
use rustix::fs::{Gid, Mode, Uid, XattrFlags};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;

/// Where a file stands between the two sides. One that is gone, or no regular file, is on neither.
pub(super) fn standing(tree: &Tree, write: &Write) -> Result<Standing, WorkspaceError> {
    let failed = file_failed(&write.path);
    let gone = |error: &io::Error| {
        matches!(
            Errno::from_io_error(error),
            Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::NXIO)
        )
    };
    let mut file = match tree.file(write.path.as_str()) {
        Ok(file) => file,
        Err(error) if gone(&error) => return Ok(Standing::Neither),
        Err(error) => return Err(failed(error)),
    };
    if !file.metadata().map_err(&failed)?.is_file() {
        return Ok(Standing::Neither);
    }
    let hash = hash(&mut file).map_err(&failed)?;
    Ok(Standing::of(&hash, &write.before, &write.after))
}

fn hash(file: &mut File) -> io::Result<ContentHash> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(ContentHash::of(&bytes))
}

/// Removes the temporary that a killed run left.
pub(super) fn clear(tree: &Tree, write: &Write) -> Result<(), WorkspaceError> {
    let Ok((folder, _)) = tree.parent(write.path.as_str()) else { return Ok(()) };
    unlink(&folder, temporary(write)?).map_err(file_failed(&write.path))
}

/// The name comes from the journal, but it is checked all the same.
fn temporary(write: &Write) -> Result<&str, WorkspaceError> {
    let name = write.temporary.as_str();
    if name.starts_with(".ecoops-") && !name.contains('/') {
        return Ok(name);
    }
    let why = format!("`{name}` is no name for a temporary");
    Err(WorkspaceError::File { path: write.path.as_str().into(), why })
}

/// Gives the file the bytes of one side. The other side must be there, and is looked for again right
/// before the rename.
///
/// # Errors
/// [`WorkspaceError::Moved`] when it is not; [`WorkspaceError::File`]. Nothing is left behind.
pub(super) fn replace(
    tree: &Tree,
    write: &Write,
    side: Side,
    bytes: &[u8],
    step: &dyn Fn(&str),
) -> Result<(), WorkspaceError> {
    let expected = if side == Side::After { &write.before } else { &write.after };
    let failed = file_failed(&write.path);
    let (folder, name) = tree.parent(write.path.as_str()).map_err(&failed)?;
    let original = open_in(&folder, name).map_err(&failed)?;
    let about = original.metadata().map_err(&failed)?;
    let new = temporary(write)?;
    unlink(&folder, new).map_err(&failed)?;
    step(&format!("write {}", write.path));
    let result = fill(&folder, new, bytes, &original, &about).map_err(&failed).and_then(|()| {
        step(&format!("check {}", write.path));
        let path = &write.path;
        recheck(&folder, name, &about, expected, path)?;
        step(&format!("rename {path}"));
        rustix::fs::renameat(&folder, new, &folder, name).map_err(|e| failed(e.into()))
    });
    if let Err(error) = result {
        unlink(&folder, new).map_err(&failed)?;
        return Err(error);
    }
    step(&format!("renamed {}", write.path));
    rustix::fs::fsync(&folder).map_err(|e| failed(e.into()))
}

fn fill(folder: &OwnedFd, name: &str, bytes: &[u8], original: &File, about: &Metadata) -> io::Result<()> {
    let mut file = create_in(folder, name, 0o600)?;
    file.write_all(bytes)?;
    let mine = file.metadata()?;
    if (mine.uid(), mine.gid()) != (about.uid(), about.gid()) {
        // Only root may give a file away; a group that one is in may be set.
        let (owner, group) = (Uid::from_raw(about.uid()), Gid::from_raw(about.gid()));
        if rustix::fs::fchown(&file, Some(owner), Some(group)).is_err() {
            let _ = rustix::fs::fchown(&file, None, Some(group));
        }
    }
    copy_attributes(original, &file);
    rustix::fs::fchmod(&file, Mode::from_raw_mode(about.mode() & 0o7777))?;
    file.sync_all()
}

/// Access lists, labels and the user's own attributes, as far as they may be set.
fn copy_attributes(from: &File, to: &File) {
    let Ok(size) = rustix::fs::flistxattr_query(from) else { return };
    let mut names = vec![0u8; size];
    let Ok(used) = rustix::fs::flistxattr(from, &mut names[..]) else { return };
    for name in names.get(..used).unwrap_or_default().split(|&b| b == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0u8; 1 << 16];
        if let Ok(length) = rustix::fs::fgetxattr(from, name, &mut value[..])
            && let Some(value) = value.get(..length)
        {
            let _ = rustix::fs::fsetxattr(to, name, value, XattrFlags::empty());
        }
    }
}

/// The name still stands for the file that was opened, with the bytes that are expected.
fn recheck(
    folder: &OwnedFd,
    name: &str,
    about: &Metadata,
    expected: &ContentHash,
    path: &RepoPath,
) -> Result<(), WorkspaceError> {
    let failed = file_failed(path);
    let mut file = open_in(folder, name).map_err(&failed)?;
    let now = file.metadata().map_err(&failed)?;
    let same = (now.ino(), now.dev()) == (about.ino(), about.dev());
    if same && now.nlink() == 1 && hash(&mut file).map_err(&failed)? == *expected {
        Ok(())
    } else {
        Err(WorkspaceError::Moved(path.clone()))
    }
}
