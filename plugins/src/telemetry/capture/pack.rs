//! Moving a finished bundle to its place: the folder itself, or an archive of it.

use super::{CaptureError, io};
use crate::telemetry::files::Stoppable;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Compression that is still fast; logs shrink some twenty times.
const LEVEL: i32 = 6;

/// Puts the bundle in `folder` at `to`, all of it or nothing.
pub fn place(folder: &Path, to: &Path, stop: &Arc<AtomicBool>) -> Result<(), CaptureError> {
    let archive = to.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".tar.zst"));
    if !archive {
        return rename_new(folder, to);
    }
    let packed = folder.with_extension("tar.zst");
    let file =
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(&packed).map_err(io(&packed))?;
    let outcome = pack(folder, file, stop);
    if stop.load(Ordering::Relaxed) {
        return Err(CaptureError::Stopped);
    }
    outcome.map_err(io(&packed))?;
    rename_new(&packed, to)
}

/// As rename, but never over something that came there meanwhile.
fn rename_new(from: &Path, to: &Path) -> Result<(), CaptureError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::EXIST) => Err(CaptureError::Exists(to.to_owned())),
        // File systems that do not know the flag.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            if to.symlink_metadata().is_ok() {
                return Err(CaptureError::Exists(to.to_owned()));
            }
            std::fs::rename(from, to).map_err(io(to))
        }
        Err(error) => Err(io(to)(error.into())),
    }
}

/// The same folder gives the same bytes: names in order, and nothing of owners, modes and times.
fn pack(folder: &Path, file: File, stop: &Arc<AtomicBool>) -> std::io::Result<()> {
    let mut tar = tar::Builder::new(zstd::Encoder::new(file, LEVEL)?);
    for name in names(folder)? {
        let content = File::open(folder.join(&name))?;
        let mut header = tar::Header::new_gnu();
        header.set_size(content.metadata()?.len());
        let mut content = Stoppable::new(content, stop.clone());
        header.set_mode(0o644);
        header.set_mtime(0);
        tar.append_data(&mut header, &name, &mut content)?;
    }
    let mut file = tar.into_inner()?.finish()?;
    file.flush()?;
    file.sync_all()
}

fn names(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = PathBuf::from(entry.file_name());
        if entry.file_type()?.is_dir() {
            for inner in std::fs::read_dir(entry.path())? {
                found.push(name.join(inner?.file_name()));
            }
        } else {
            found.push(name);
        }
    }
    // What says when the incident was comes first, so that a reader need not go through the logs for it.
    found.sort_by_key(|name| (name.as_os_str() != "incident.json", name.clone()));
    Ok(found)
}
