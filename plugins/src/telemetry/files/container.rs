//! The files of a bundle, in a folder or in a tar archive with or without zstd, as one stream each.
//!
//! Nothing is unpacked to disk. An archive is outside input: links, devices and names that lead outside are
//! ignored, and what it unpacks to is bounded. Never follows a symbolic link below the folder.

use ecoops_core::engines::signals::parse::{Notes, quoted};
use ecoops_core::ports::telemetry::TelemetryError;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bounds on what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Files in a bundle.
    pub files: usize,
    /// Bytes of all files together, unpacked.
    pub bytes: u64,
    /// How many times larger than the archive its content may be, once it is beyond a gibibyte.
    pub ratio: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Self { files: 100_000, bytes: 256 << 30, ratio: 2000 }
    }
}

/// Below this an archive may grow by any factor.
const HARMLESS: u64 = 1 << 30;

#[derive(Debug)]
pub struct Container {
    path: PathBuf,
    /// What people call it.
    label: String,
    kind: Kind,
    caps: Caps,
    /// Once it is set nothing more is read.
    stop: Arc<AtomicBool>,
    /// The one folder in which an archive holds everything, with its slash.
    root: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    Tar,
    TarZst,
    TarGz,
}

/// Whether to go on to the next file.
pub type Next = io::Result<bool>;

impl Container {
    /// # Errors
    /// [`TelemetryError::Missing`], or [`TelemetryError::Invalid`] for what is no bundle.
    pub fn open(path: &Path, caps: Caps) -> Result<Self, TelemetryError> {
        let about = match std::fs::metadata(path) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(TelemetryError::Missing(path.display().to_string()));
            }
            Err(error) => return Err(TelemetryError::Invalid(format!("{}: {error}", path.display()))),
        };
        let kind = match (about.is_dir(), about.is_file()) {
            (true, _) => Kind::Folder,
            (false, true) => archive_kind(path)?,
            // Opening a pipe or a device may never come back.
            (false, false) => {
                let why = format!("{}: it is neither a folder nor a plain file", path.display());
                return Err(TelemetryError::Invalid(why));
            }
        };
        let label = path.display().to_string();
        let mut container =
            Self { path: path.to_owned(), label, kind, caps, stop: Arc::default(), root: String::new() };
        if kind != Kind::Folder {
            container.root = container.common_root()?;
        }
        Ok(container)
    }

    /// Ends reading early once the flag is set.
    pub fn stop_by(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub fn caps(&self) -> Caps {
        self.caps
    }

    /// What messages call it: its path, or what [`Self::call`] said.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Has messages call it by another name than its path.
    pub fn call(&mut self, label: String) {
        self.label = label;
    }

    /// Gives each file's name within the bundle, its size and its bytes, until `each` says to stop. Files of a
    /// folder come in the order of names, those of an archive in its own.
    ///
    /// # Errors
    /// [`TelemetryError::Invalid`] when the container itself cannot be read on, or exceeds its bounds.
    pub fn visit(
        &self,
        notes: &mut Notes,
        each: &mut dyn FnMut(&str, u64, &mut dyn Read) -> Next,
    ) -> Result<(), TelemetryError> {
        match self.kind {
            Kind::Folder => self.visit_folder(notes, each),
            _ => self.visit_archive(notes, each),
        }
    }

    fn invalid(&self, why: impl std::fmt::Display) -> TelemetryError {
        TelemetryError::Invalid(format!("{}: {why}", self.label))
    }

    fn visit_folder(
        &self,
        notes: &mut Notes,
        each: &mut dyn FnMut(&str, u64, &mut dyn Read) -> Next,
    ) -> Result<(), TelemetryError> {
        let mut names = Vec::new();
        self.list(&self.path, "", &mut names, notes).map_err(|e| self.invalid(e))?;
        names.sort();
        for name in names {
            if self.stopped() {
                return Ok(());
            }
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            #[allow(clippy::cast_possible_wrap, reason = "flags of the kernel")]
            let options =
                File::options().read(true).custom_flags(flags.bits() as i32).open(self.path.join(&name));
            let opened = options.and_then(|file| Ok((file.metadata()?, file)));
            match opened {
                Ok((about, file)) if about.is_file() => match each(&name, about.len(), &mut self.until(file))
                {
                    Ok(true) => {}
                    Ok(false) => return Ok(()),
                    Err(error) => notes
                        .add("a file cannot be read to its end", || format!("{}: {error}", quoted(&name))),
                },
                Ok(_) => notes.add("what is no plain file is ignored", || quoted(&name)),
                Err(error) => notes.add("a file cannot be read", || format!("{}: {error}", quoted(&name))),
            }
        }
        Ok(())
    }

    /// The plain files of a folder and of the folders below it.
    fn list(
        &self,
        folder: &Path,
        prefix: &str,
        names: &mut Vec<String>,
        notes: &mut Notes,
    ) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                notes.add("a name that is not UTF-8 is ignored", || {
                    quoted(&entry.file_name().to_string_lossy())
                });
                continue;
            };
            let name = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if names.len() >= self.caps.files {
                notes.add(&format!("files beyond the first {} are ignored", self.caps.files), || {
                    quoted(&name)
                });
                return Ok(());
            }
            if kind.is_symlink() {
                notes.add("a symbolic link is ignored", || quoted(&name));
            } else if kind.is_dir() {
                // Nothing of the format lies deeper.
                if prefix.is_empty() {
                    let inside = self.list(&entry.path(), &format!("{name}/"), names, notes);
                    if let Err(error) = inside {
                        notes.add("a folder cannot be read", || format!("{}: {error}", quoted(&name)));
                    }
                } else {
                    notes.add("a folder within a folder is ignored", || quoted(&name));
                }
            } else {
                names.push(name);
            }
        }
        Ok(())
    }

    fn reader(&self) -> Result<Box<dyn Read>, TelemetryError> {
        let file = File::open(&self.path).map_err(|e| self.invalid(e))?;
        let size = file.metadata().map_err(|e| self.invalid(e))?.len();
        let most = self.caps.bytes.min(HARMLESS.max(size.saturating_mul(self.caps.ratio)));
        let plain: Box<dyn Read> = match self.kind {
            Kind::TarZst => Box::new(zstd::Decoder::new(file).map_err(|e| self.invalid(e))?),
            Kind::TarGz => Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::new(file))),
            _ => Box::new(io::BufReader::with_capacity(1 << 16, file)),
        };
        Ok(Box::new(self.until(Bounded { inner: plain, left: most, most })))
    }

    fn until<R: Read>(&self, inner: R) -> Stoppable<R> {
        Stoppable::new(inner, self.stop.clone())
    }

    fn visit_archive(
        &self,
        notes: &mut Notes,
        each: &mut dyn FnMut(&str, u64, &mut dyn Read) -> Next,
    ) -> Result<(), TelemetryError> {
        let mut archive = tar::Archive::new(self.reader()?);
        let entries = archive.entries().map_err(|e| self.invalid(e))?;
        for (count, entry) in entries.enumerate() {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) if Bounded::exceeded(&error) => return Err(self.invalid(error)),
                Err(error) if count == 0 => {
                    return Err(self.invalid(format!("it is no tar archive ({error})")));
                }
                Err(error) => {
                    notes.add("the archive ends in the middle; what came before is used", || {
                        error.to_string()
                    });
                    return Ok(());
                }
            };
            if count >= self.caps.files {
                notes.add(&format!("files beyond the first {} are ignored", self.caps.files), String::new);
                return Ok(());
            }
            let kind = entry.header().entry_type();
            if kind.is_dir() {
                continue;
            }
            let raw = entry.path_bytes().into_owned();
            let Some(name) = safe_name(&raw) else {
                notes.add("a name that leads outside the bundle is ignored", || {
                    quoted(&String::from_utf8_lossy(&raw))
                });
                continue;
            };
            if !kind.is_file() {
                notes.add("what is no plain file is ignored", || quoted(&name));
                continue;
            }
            let name = name.strip_prefix(&self.root).unwrap_or(&name);
            let size = entry.size();
            match each(name, size, &mut entry) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) if Bounded::exceeded(&error) => return Err(self.invalid(error)),
                Err(error) => {
                    notes.add("the archive ends in the middle; what came before is used", || {
                        error.to_string()
                    });
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The folder that all files of an archive lie in, if it is one and the format does not know it.
    fn common_root(&self) -> Result<String, TelemetryError> {
        let mut common: Option<String> = None;
        let mut shared = true;
        let mut any = false;
        self.visit_archive(&mut Notes::default(), &mut |name, _, _| {
            any = true;
            let root = name.split_once('/').map(|(root, _)| format!("{root}/"));
            match (&common, root) {
                (None, Some(root)) if shared => common = Some(root),
                (Some(known), Some(root)) if *known == root => {}
                _ => shared = false,
            }
            Ok(shared)
        })?;
        if !any {
            return Err(TelemetryError::Nothing(format!("{}: the archive holds no files", self.label)));
        }
        Ok(common.filter(|root| shared && root != "logs/").unwrap_or_default())
    }
}

fn archive_kind(path: &Path) -> Result<Kind, TelemetryError> {
    let invalid = |why: String| TelemetryError::Invalid(format!("{}: {why}", path.display()));
    let mut head = Vec::new();
    let file = File::open(path).map_err(|e| invalid(e.to_string()))?;
    file.take(512).read_to_end(&mut head).map_err(|e| invalid(e.to_string()))?;
    if head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        return Ok(Kind::TarZst);
    }
    if head.starts_with(&[0x1F, 0x8B]) {
        return Ok(Kind::TarGz);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Ok(Kind::Tar);
    }
    Err(invalid("an incident bundle is a folder or a .tar.zst archive, and this is neither".into()))
}

/// Whether a plain file holds a tar archive, packed or not, whatever its name.
pub fn is_archive(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let named = [".tar", ".tar.zst", ".tzst", ".tar.gz", ".tgz"].iter().any(|end| name.ends_with(end));
    let packed = |kind: Kind| match kind {
        Kind::TarZst => ".zst",
        Kind::TarGz => ".gz",
        Kind::Tar | Kind::Folder => "",
    };
    let holds = || {
        let kind = archive_kind(path).ok()?;
        let (mut file, mut head) = (File::open(path).ok()?, Vec::new());
        unpacked(packed(kind), 0, &mut file, Caps::default()).take(512).read_to_end(&mut head).ok()?;
        (head.get(257..262) == Some(b"ustar")).then_some(())
    };
    named || holds().is_some()
}

/// A relative name without `.`, `..` and empty parts; `None` for what is none.
fn safe_name(raw: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(raw).ok()?;
    let text = text.strip_prefix("./").unwrap_or(text);
    let bad = |part: &str| part.is_empty() || part == "." || part == ".." || part.contains(['\\', '\0']);
    (!text.is_empty() && !text.split('/').any(bad)).then(|| text.to_owned())
}

/// A file's bytes, unpacked when its name says that they are packed. What it unpacks to is bounded as an archive is.
pub fn unpacked<'a>(name: &str, size: u64, bytes: &'a mut dyn Read, caps: Caps) -> Box<dyn Read + 'a> {
    let inner: Box<dyn Read + 'a> = if name.ends_with(".gz") {
        Box::new(flate2::read::MultiGzDecoder::new(bytes))
    } else if name.ends_with(".zst") {
        match zstd::Decoder::new(bytes) {
            Ok(decoder) => Box::new(decoder),
            Err(error) => Box::new(Failing(Some(error))),
        }
    } else {
        return Box::new(bytes);
    };
    let most = caps.bytes.min(HARMLESS.max(size.saturating_mul(caps.ratio)));
    Box::new(Bounded { inner, left: most, most })
}

/// A reader that could not begin.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// A reader that comes to its end early once somebody says so.
pub struct Stoppable<R> {
    inner: R,
    stop: Arc<AtomicBool>,
}

impl<R> Stoppable<R> {
    pub fn new(inner: R, stop: Arc<AtomicBool>) -> Self {
        Self { inner, stop }
    }
}

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) { Ok(0) } else { self.inner.read(buffer) }
    }
}

/// A reader that fails when there is more than it may give.
struct Bounded<'a> {
    inner: Box<dyn Read + 'a>,
    left: u64,
    most: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("it unpacks to more than {} MiB, which no honest bundle of its size does", .0 >> 20)]
struct TooLarge(u64);

impl Bounded<'_> {
    fn exceeded(error: &io::Error) -> bool {
        let mut source: Option<&(dyn std::error::Error + 'static)> =
            error.get_ref().map(|e| e as &(dyn std::error::Error + 'static));
        while let Some(error) = source {
            if error.is::<TooLarge>() {
                return true;
            }
            // The tar crate wraps errors of its reader in errors of its own.
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            source = inner.map(|e| e as &(dyn std::error::Error + 'static)).or_else(|| error.source());
        }
        false
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, TooLarge(self.most)))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_outside() {
        for (raw, expected) in [
            ("./logs/a.log", Some("logs/a.log")),
            ("b/incident.json", Some("b/incident.json")),
            ("/etc/passwd", None),
            ("../x", None),
            ("a/../x", None),
            ("a//x", None),
            ("", None),
            ("a\\b", None),
        ] {
            assert_eq!(safe_name(raw.as_bytes()).as_deref(), expected, "{raw}");
        }
    }
}
