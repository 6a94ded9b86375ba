//! Gathers the settings' sources from flags, environment and files, and knows what is trusted.

use crate::exit::Failure;
use crate::host::{self, Folders};
use ecoops_core::config::{self, Configuration, FileKind, Layer, Sources};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The repository's own settings.
pub const FILE: &str = "ecoops.toml";
/// Bytes of a settings file that are read at most.
const MOST: u64 = 1 << 20;

/// Joins everything that sets something for work in the repository at `root`.
///
/// # Errors
/// [`Failure`] naming the file and line, variable or flag that cannot be used.
pub fn load(
    folders: &Folders,
    root: &Path,
    flags: &[(String, String, String)],
) -> Result<Configuration, Failure> {
    let repository = read(&root.join(FILE))?;
    let trusted = match &repository {
        Some(text) => Trust::read(folders)?.covers(root, text),
        None => false,
    };
    let sources = Sources {
        flags: layer_of(flags)?,
        environment: Layer::from_environment(&host::setting_variables()).map_err(bad)?,
        repository: layer(FileKind::Repository, FILE, repository)?,
        trusted,
        user: file(FileKind::User, &folders.config.join("config.toml"))?,
        system: file(FileKind::System, &folders.system_config)?,
    };
    config::resolve(sources).map_err(bad)
}

/// As if nothing were set but by flags.
///
/// # Errors
/// [`Failure`] naming the flag that cannot be used.
pub fn of_flags(flags: &[(String, String, String)]) -> Result<Configuration, Failure> {
    config::resolve(Sources { flags: layer_of(flags)?, ..Sources::default() }).map_err(bad)
}

fn layer_of(flags: &[(String, String, String)]) -> Result<Layer, Failure> {
    let flags = flags.iter().map(|(flag, name, value)| (flag.as_str(), name.as_str(), value.as_str()));
    Layer::from_flags(flags).map_err(bad)
}

fn bad(error: config::BadSetting) -> Failure {
    Failure::new(error.to_string()).next("see `ecoops config defaults` for every setting")
}

fn file(kind: FileKind, path: &Path) -> Result<Layer, Failure> {
    layer(kind, &path.display().to_string(), read(path)?)
}

fn layer(kind: FileKind, name: &str, bytes: Option<Vec<u8>>) -> Result<Layer, Failure> {
    let Some(bytes) = bytes else { return Ok(Layer::default()) };
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(format!("{name} is not UTF-8 text")))?;
    Layer::from_toml(kind, name, text.strip_prefix('\u{FEFF}').unwrap_or(&text)).map_err(bad)
}

/// The bytes of a settings file; `None` when there is none.
///
/// # Errors
/// [`Failure`] when it is there and cannot be read, is no plain file, or is too large.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let failure = |why: &str| Failure::new(format!("{} {why}", path.display()));
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(e) => return Err(failure("cannot be read").because(&e)),
    };
    if !metadata.is_file() {
        return Err(failure("is not a file"));
    }
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path).and_then(|f| f.take(MOST + 1).read_to_end(&mut bytes));
    opened.map_err(|e| failure("cannot be read").because(&e))?;
    if bytes.len() as u64 > MOST { Err(failure("is larger than 1 MiB")) } else { Ok(Some(bytes)) }
}

/// Which repositories' files the user has trusted: `trust.toml` beside the user's settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    #[serde(default, rename = "repository", skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<Trusted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// The repository's canonical location.
    pub location: PathBuf,
    /// Of its settings file.
    pub hash: String,
}

impl Trust {
    fn path(folders: &Folders) -> PathBuf {
        folders.config.join("trust.toml")
    }

    /// # Errors
    /// [`Failure`] when the file cannot be read; then nothing is trusted.
    pub fn read(folders: &Folders) -> Result<Self, Failure> {
        let path = Self::path(folders);
        let Some(bytes) = read(&path)? else { return Ok(Self::default()) };
        let failure =
            || Failure::new(format!("{} cannot be understood", path.display())).next("repair or remove it");
        let text = String::from_utf8(bytes).map_err(|e| failure().because(&e))?;
        toml::from_str(&text).map_err(|e| failure().because(&e))
    }

    /// Replaces the file as a whole, readable by its owner alone.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be written; then it is what it was.
    pub fn write(&self, folders: &Folders) -> Result<(), Failure> {
        let path = Self::path(folders);
        let failure = || Failure::new(format!("{} cannot be written", path.display()));
        let text = toml::to_string(self).map_err(|e| failure().because(&e))?;
        replace(&path, text.as_bytes(), 0o600).map_err(|e| failure().because(&e))
    }

    pub fn covers(&self, root: &Path, text: &[u8]) -> bool {
        let hash = config::trust_hash(text);
        let location = canonical(root);
        self.repositories.iter().any(|t| t.location == location && t.hash == hash.as_str())
    }

    /// Trusts this text and no other of the repository's.
    pub fn add(&mut self, root: &Path, text: &[u8]) {
        self.remove(root);
        let hash = config::trust_hash(text).as_str().to_owned();
        self.repositories.push(Trusted { location: canonical(root), hash });
    }

    /// True when something was trusted there.
    pub fn remove(&mut self, root: &Path) -> bool {
        let before = self.repositories.len();
        let location = canonical(root);
        self.repositories.retain(|t| t.location != location);
        self.repositories.len() < before
    }
}

fn canonical(root: &Path) -> PathBuf {
    root.canonicalize().unwrap_or_else(|_| root.to_path_buf())
}

/// Writes a file by a temporary one in the same folder and a rename, so that it is never half written.
///
/// # Errors
/// When the folder or the file cannot be written; then the file is what it was.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = (|| {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(bytes)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
