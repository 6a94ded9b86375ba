//! Secrets in files: made once from the machine's randomness, readable by their owner alone.

use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::host::Host;
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The 32 bytes in `file`, made when it is not there. Of several who make it, one wins.
///
/// # Errors
/// When it cannot be read or made, is no such secret, or others may read it.
pub fn in_file(file: &Path, host: &dyn Host) -> std::io::Result<[u8; 32]> {
    match read(file) {
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        other => return other,
    }
    let mut secret = [0; 32];
    host.random(&mut secret).map_err(|e| Error::other(e.to_string()))?;
    write(file, &secret)?;
    read(file)
}

/// The redactor under the installation's own key.
///
/// # Errors
/// As [`in_file`].
pub fn redactor(state: &Path, host: &dyn Host) -> std::io::Result<Redactor> {
    in_file(&crate::places::redactor_key(state), host).map(Redactor::new)
}

fn read(file: &Path) -> std::io::Result<[u8; 32]> {
    let mode = std::fs::metadata(file)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Error::other(format!("others may read it (mode {:03o}); chmod it to 600", mode & 0o777)));
    }
    let bytes = std::fs::read(file)?;
    <[u8; 32]>::try_from(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it has not 32 bytes"))
}

/// Writes a new file that only its owner may read; one that is there already is left.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.as_file().set_permissions(std::fs::Permissions::from_mode(0o600))?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    match temporary.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e.error),
    }
}
