//! Credentials in one encrypted file: readable by its owner alone, replaced as a whole, unlocked by a
//! passphrase or by this machine's key. Names are encrypted too.

use super::envelope::Envelope;
use super::sealed::{KeySource, Lock, SealError, SealKey, Sealed};
use ecoops_core::ports::host::Host;
use ecoops_core::ports::secrets::{About, Secret, SecretName, Secrets, SecretsError, Terms, check};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Larger files are none of ours.
const LARGEST: u64 = 64 << 20;

/// Asks for the passphrase; `true` when a new one is chosen, which is asked for twice. `None` when nobody
/// can be asked.
pub type AskPassphrase = dyn Fn(bool) -> Option<Secret> + Send + Sync;

/// What opens the file.
#[derive(Clone)]
pub enum Unlock {
    Passphrase(Arc<AskPassphrase>),
    /// A file of 32 random bytes that is made when it is missing, and what names this machine.
    Machine {
        key_file: PathBuf,
        machine: String,
    },
}

impl std::fmt::Debug for Unlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase",
            Self::Machine { .. } => "Machine",
        })
    }
}

type Entries = BTreeMap<SecretName, Envelope>;

/// The adapter. Each call reads the file anew, so that several processes see each other's changes.
pub struct FileSecrets {
    path: PathBuf,
    unlock: Unlock,
    host: Arc<dyn Host>,
    /// The key once it was made: a passphrase is asked for once, and costs a quarter of a second.
    key: Mutex<Option<SealKey>>,
}

impl std::fmt::Debug for FileSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSecrets").field("path", &self.path).field("unlock", &self.unlock).finish()
    }
}

impl FileSecrets {
    /// Opens nothing yet: a file that is not there is an empty one.
    pub fn new(path: PathBuf, unlock: Unlock, host: Arc<dyn Host>) -> Self {
        Self { path, unlock, host, key: Mutex::new(None) }
    }

    fn shown(&self) -> String {
        let by = match self.unlock {
            Unlock::Passphrase(_) => "by a passphrase",
            Unlock::Machine { .. } => "by this machine's key",
        };
        format!("{} (encrypted {by})", self.path.display())
    }

    fn unavailable(&self, why: impl ToString) -> SecretsError {
        SecretsError::Unavailable { place: self.path.display().to_string(), why: why.to_string() }
    }

    fn sealing(&self, error: SealError) -> SecretsError {
        let (place, why) = (self.path.display().to_string(), error.to_string());
        match error {
            SealError::WrongKey(_) => SecretsError::Locked { place, why },
            SealError::Damaged(_) => SecretsError::Damaged { place, why },
            SealError::Unusable(_) => SecretsError::Unavailable { place, why },
        }
    }

    fn source(&self, new: bool) -> Result<KeySource, SecretsError> {
        match &self.unlock {
            Unlock::Machine { key_file, machine } => {
                let secret =
                    machine_key(key_file, new, self.host.as_ref()).map_err(|e| self.unavailable(e))?;
                Ok(KeySource::Machine { secret, machine: machine.clone() })
            }
            Unlock::Passphrase(ask) => {
                let why =
                    "its passphrase is asked for at a terminal, or taken from ECOOPS_PASSPHRASE".to_owned();
                let place = self.path.display().to_string();
                ask(new).map(KeySource::Passphrase).ok_or(SecretsError::Locked { place, why })
            }
        }
    }

    fn sealed(&self) -> Result<Option<Sealed>, SecretsError> {
        match read_private(&self.path, LARGEST) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(self.unavailable(e)),
            Ok(text) => Sealed::parse(&text).map(Some).map_err(|e| self.sealing(e)),
        }
    }

    /// The entries, and the key to write them again, which is made when there is no file yet and `make`.
    fn with_entries<T>(
        &self,
        make: bool,
        then: impl FnOnce(&mut Entries, &SealKey) -> Result<T, SecretsError>,
    ) -> Result<Option<T>, SecretsError> {
        let mut kept = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        let sealed = self.sealed()?;
        let Some(sealed) = sealed else {
            if !make {
                return Ok(None);
            }
            let key = match kept.take() {
                Some(key) => key,
                None => SealKey::new(&self.source(true)?, self.host.as_ref()).map_err(|e| self.sealing(e))?,
            };
            return then(&mut Entries::new(), kept.insert(key)).map(Some);
        };
        let key = match kept.take().filter(|key| key.fits(&sealed)) {
            Some(key) => key,
            None => {
                if matches!((&sealed.lock, &self.unlock), (Lock::Passphrase { .. }, Unlock::Machine { .. })) {
                    return Err(self.sealing(SealError::WrongKey("it wants a passphrase (secrets.unlock)")));
                }
                SealKey::of(sealed.lock.clone(), &self.source(false)?).map_err(|e| self.sealing(e))?
            }
        };
        let content = key.open(&sealed).map_err(|e| self.sealing(e))?;
        let mut entries: Entries = serde_json::from_slice(&content)
            .map_err(|_| self.sealing(SealError::Damaged("its content cannot be read")))?;
        then(&mut entries, kept.insert(key)).map(Some)
    }

    fn write(&self, entries: &Entries, key: &SealKey) -> Result<(), SecretsError> {
        let content = Zeroizing::new(serde_json::to_vec(entries).map_err(|e| self.unavailable(e))?);
        let sealed = key.seal(&content, self.host.as_ref()).map_err(|e| self.sealing(e))?;
        replace(&self.path, &sealed.text()).map_err(|e| self.unavailable(e))
    }

    /// Keeps other processes from changing it meanwhile. The key, for which a person may be asked, is made before: no
    /// other process waits for that.
    fn alone(&self, make: bool) -> Result<File, SecretsError> {
        self.with_entries(make, |_, _| Ok(()))?;
        let lock = self.path.with_extension("lock");
        let open = || -> std::io::Result<File> {
            make_folder(&self.path)?;
            let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(&lock)?;
            crate::lock::exclusive(&file)?;
            Ok(file)
        };
        open().map_err(|e| self.unavailable(e))
    }
}

impl Secrets for FileSecrets {
    fn place(&self) -> String {
        self.shown()
    }

    fn get(&self, name: &SecretName) -> Result<Option<Secret>, SecretsError> {
        let found = self.with_entries(false, |entries, _| {
            let damaged = || self.sealing(SealError::Damaged("an entry is not base64"));
            entries.get(name).map(|entry| entry.secret().ok_or_else(damaged)).transpose()
        })?;
        Ok(found.flatten())
    }

    fn put(&self, name: &SecretName, secret: &Secret, terms: &Terms) -> Result<About, SecretsError> {
        check(secret)?;
        let _alone = self.alone(true)?;
        let entry = Envelope::new(secret, terms, self.host.now());
        let about = entry.about(name, self.shown());
        self.with_entries(true, |entries, key| {
            entries.insert(name.clone(), entry);
            self.write(entries, key)
        })?;
        Ok(about)
    }

    fn remove(&self, name: &SecretName) -> Result<bool, SecretsError> {
        if self.sealed()?.is_none() {
            return Ok(false);
        }
        let _alone = self.alone(false)?;
        let removed = self.with_entries(false, |entries, key| {
            if entries.remove(name).is_none() {
                return Ok(false);
            }
            self.write(entries, key).map(|()| true)
        })?;
        Ok(removed.unwrap_or(false))
    }

    fn about(&self, name: &SecretName) -> Result<Option<About>, SecretsError> {
        let found = self.with_entries(false, |entries, _| {
            Ok(entries.get(name).map(|entry| entry.about(name, self.shown())))
        })?;
        Ok(found.flatten())
    }

    fn list(&self) -> Result<Vec<About>, SecretsError> {
        let all = self.with_entries(false, |entries, _| {
            Ok(entries.iter().map(|(name, entry)| entry.about(name, self.shown())).collect())
        })?;
        Ok(all.unwrap_or_default())
    }
}

/// A regular file of ours that nobody else may read; follows no symlink.
fn read_private(path: &Path, largest: u64) -> std::io::Result<Zeroizing<Vec<u8>>> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let about = file.metadata()?;
    let other = |why: String| Err(std::io::Error::other(why));
    if !about.is_file() {
        return other("it is not a regular file".into());
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return other(format!("it belongs to the user {}, not to you", about.uid()));
    }
    if about.mode() & 0o077 != 0 {
        return other(format!("others may use it (mode {:03o}); chmod it to 600", about.mode() & 0o777));
    }
    if about.len() > largest {
        return other(format!("it has {} bytes, more than any of ours", about.len()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0) + 1));
    file.take(largest).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn make_folder(path: &Path) -> std::io::Result<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    Ok(folder)
}

/// Replaces a file as a whole; a kill at any moment leaves the old or the new one.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = make_folder(path)?;
    let mut temporary = tempfile::NamedTempFile::new_in(&folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    File::open(&folder)?.sync_all()
}

/// The machine's key; made when it is missing and `make`. Of several processes that make one, one wins.
fn machine_key(path: &Path, make: bool, host: &dyn Host) -> std::io::Result<Secret> {
    let read = || {
        let bytes = read_private(path, 4096).map_err(|e| {
            std::io::Error::new(e.kind(), format!("the machine's key {}: {e}", path.display()))
        })?;
        if bytes.len() == 32 {
            return Ok(Secret::new(bytes.to_vec()));
        }
        Err(std::io::Error::other(format!("the machine's key {} has not 32 bytes", path.display())))
    };
    match read() {
        Err(e) if e.kind() == ErrorKind::NotFound && make => {}
        other => return other,
    }
    let mut bytes = Zeroizing::new([0; 32]);
    host.random(bytes.as_mut()).map_err(|e| std::io::Error::other(e.to_string()))?;
    let folder = make_folder(path)?;
    let mut temporary = tempfile::NamedTempFile::new_in(&folder)?;
    temporary.write_all(bytes.as_ref())?;
    temporary.as_file().sync_all()?;
    match temporary.persist_noclobber(path) {
        Err(e) if e.error.kind() != ErrorKind::AlreadyExists => return Err(e.error),
        _ => File::open(&folder)?.sync_all()?,
    }
    read()
}
