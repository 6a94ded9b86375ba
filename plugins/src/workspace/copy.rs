//! Copying files into a private folder, and removing such a folder whole.
//!
//! Never makes hard links: what is written in the copy must not reach the original.

use super::beneath::Tree;
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Copies one regular file with its permission bits and modification time; blocks are shared where the
/// file system can. False when it is gone or no regular file (any more).
pub(super) fn file(from: &Tree, path: &str, to: &Path) -> io::Result<bool> {
    let mut source = match from.file(path) {
        Ok(source) => source,
        Err(e) if matches!(Errno::from_io_error(&e), Some(Errno::NOENT | Errno::LOOP | Errno::NXIO)) => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let about = source.metadata()?;
    if !about.is_file() {
        return Ok(false);
    }
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    if rustix::fs::ioctl_ficlone(&target, &source).is_err() {
        // Uses copy_file_range where it works.
        io::copy(&mut source, &mut target)?;
    }
    target.set_permissions(Permissions::from_mode(about.mode() & 0o777))?;
    if let Ok(modified) = about.modified() {
        target.set_modified(modified)?;
    }
    Ok(true)
}

/// Whether a link's target stays inside: relative, climbing only at its beginning, and not above the
/// root. `depth` is the number of folders above the link.
pub(super) fn stays_inside(target: &str, depth: usize) -> bool {
    if target.is_empty() || target.starts_with('/') {
        return false;
    }
    let (mut climbed, mut descending) = (0, false);
    for component in target.split('/') {
        match component {
            "" | "." => {}
            ".." if descending => return false,
            ".." => climbed += 1,
            component if component.eq_ignore_ascii_case(".git") => return false,
            _ => descending = true,
        }
    }
    climbed <= depth
}

/// Removes a folder with all that is in it, also what is read-only; links are not followed. One that
/// is not there is fine.
pub(super) fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_removable(folder)?;
            fs::remove_dir_all(folder)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn make_removable(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_removable(&entry.path())?;
        }
    }
    Ok(())
}

/// Waits until a folder's entries are on disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_could_leave_are_known() {
        for (target, depth, inside) in [
            ("a", 0, true),
            ("./a/b", 0, true),
            ("../a", 1, true),
            ("../a", 0, false),
            ("../../a", 1, false),
            ("a/../../b", 5, false),
            ("/etc/passwd", 5, false),
            ("../.git/config", 1, false),
            ("", 0, false),
        ] {
            assert_eq!(stays_inside(target, depth), inside, "{target} at {depth}");
        }
    }
}
