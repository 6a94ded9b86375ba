//! The key that signs local tokens: made once, readable by its owner alone, never replaced.

use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::IdentityError;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, spki::der::pem::LineEnding};
use rustix::fs::{Mode, OFlags};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

const NAME: &str = "ed25519.pem";
/// A PKCS#8 Ed25519 key in PEM has 119 to 200 bytes.
const LARGEST_KEY: u64 = 4096;

/// Reads the key in `folder`, or makes it. Of several processes that make one at once, one wins and
/// all get its key; a kill half way leaves no key or a whole one.
///
/// # Errors
/// [`IdentityError::Key`] when the folder or the key is unusable, or others may read it.
pub fn open_or_create(folder: &Path, host: &dyn Host) -> Result<SigningKey, IdentityError> {
    let path = folder.join(NAME);
    match read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            create(folder, &path, host)?;
            read(&path).map_err(|e| broken(&path, &e)).and_then(|text| parse(&path, &text))
        }
        Err(error) => Err(broken(&path, &error)),
        Ok(text) => parse(&path, &text),
    }
}

fn broken(path: &Path, why: &dyn std::fmt::Display) -> IdentityError {
    IdentityError::Key(format!("{}: {why}", path.display()))
}

fn parse(path: &Path, text: &str) -> Result<SigningKey, IdentityError> {
    SigningKey::from_pkcs8_pem(text).map_err(|e| {
        broken(path, &format!("it is not a PKCS#8 Ed25519 key ({e}); remove it and a new one is made"))
    })
}

/// Reads a regular file of ours that nobody else can read or write; follows no symlink.
fn read(path: &Path) -> std::io::Result<String> {
    let descriptor = rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let file = File::from(descriptor);
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(std::io::Error::other(format!("it belongs to the user {}, not to you", about.uid())));
    }
    if about.mode() & 0o077 != 0 {
        let mode = about.mode() & 0o777;
        return Err(std::io::Error::other(format!(
            "its mode is {mode:o}, so others may use it; remove it and a new one is made with mode 600"
        )));
    }
    let mut text = String::new();
    file.take(LARGEST_KEY).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes the whole key beside its place and links it there, which fails when another was faster.
fn create(folder: &Path, path: &Path, host: &dyn Host) -> Result<(), IdentityError> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| broken(folder, &e))?;
    let mut random = [0; 40];
    host.random(&mut random).map_err(|e| IdentityError::Key(e.to_string()))?;
    let (seed, suffix) = random.split_at(32);
    let seed: [u8; 32] = seed.try_into().map_err(|_| broken(path, &"no seed"))?;
    let pem = SigningKey::from_bytes(&seed).to_pkcs8_pem(LineEnding::LF).map_err(|e| broken(path, &e))?;
    let temporary = folder.join(format!(".{NAME}.{}", ecoops_core::domain::hex(suffix)));
    let written = write_new(&temporary, pem.as_bytes());
    let linked = written.and_then(|()| match std::fs::hard_link(&temporary, path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let _ = std::fs::remove_file(&temporary);
    linked.and_then(|()| File::open(folder)?.sync_all()).map_err(|e| broken(path, &e))
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
