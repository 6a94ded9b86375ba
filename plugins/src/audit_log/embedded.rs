//! The audit log in a folder: C2SP tiles with signed checkpoints, a journal in front of them, and
//! one flush shared by all who append at the same time.
//!
//! Layout: `checkpoint`, `tile/…` as any C2SP client reads them, `journal`, `lock`. The checkpoint
//! last seen is kept in another place, so that a log put back to an older state is noticed.

pub mod disk;
mod journal;
pub mod key;
pub mod reader;
mod search;
mod writer;

use disk::{Disk, Step};
use ecoops_core::domain::{AuditEntry, AuditFilter};
use ecoops_core::engines::ledger::{VerifierKey, entry, tiles};
use ecoops_core::ports::audit_log::{Appended, AuditError, AuditLog, Found, InclusionProof, Page, Verified};
use key::LogKey;
use search::Counts;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use writer::Writer;

/// The most bytes of entries that one flush takes on, unless a single call brings more.
const MOST_BYTES: usize = 8 << 20;

/// How long a flush may be put off for others to join it.
const MOMENT: Duration = Duration::from_millis(1);

/// Where things are.
#[derive(Clone)]
pub struct Config {
    /// The log's own folder.
    pub folder: PathBuf,
    /// The file that remembers the checkpoint last seen; best on another disk.
    pub seen: Option<PathBuf>,
    /// Called before each step on disk; for fault injection.
    pub step: Option<Step>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("folder", &self.folder)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

/// See the module.
#[derive(Debug)]
pub struct EmbeddedAuditLog {
    disk: Disk,
    key: LogKey,
    seen: Option<PathBuf>,
    queue: Mutex<Queue>,
    done: Condvar,
    writer: Mutex<Option<Writer>>,
    counts: Counts,
}

/// Appends that wait for the next flush. One of the waiting callers leads: it commits for all.
#[derive(Debug, Default)]
struct Queue {
    next: u64,
    led: bool,
    /// How many calls the last flush served: as many are likely to come again.
    last: usize,
    waiting: Vec<Request>,
    finished: HashMap<u64, Result<(u64, u64), Failed>>,
}

#[derive(Debug)]
struct Request {
    ticket: u64,
    entries: Vec<Vec<u8>>,
}

/// An error that several callers share.
#[derive(Debug, Clone)]
enum Failed {
    Storage(String),
    Broken(String),
    Key(String),
}

impl From<AuditError> for Failed {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Broken(why) => Self::Broken(why),
            AuditError::Key(why) => Self::Key(why),
            AuditError::Storage(why) => Self::Storage(why),
            AuditError::NoSuchEntry(index) => Self::Storage(format!("no entry {index}")),
        }
    }
}

impl From<Failed> for AuditError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Storage(why) => Self::Storage(why),
            Failed::Broken(why) => Self::Broken(why),
            Failed::Key(why) => Self::Key(why),
        }
    }
}

impl EmbeddedAuditLog {
    /// Opens the log of a state folder: `audit/`, its key `keys/audit.key` (made when there is none
    /// and no log either) and `seen/audit`. A new key, and so the log, is named `<origin>/<16 random hex
    /// digits>`; one that is there keeps its name.
    ///
    /// # Errors
    /// [`AuditError::Key`] for the key, [`AuditError::Broken`] when the log is damaged.
    pub fn in_state(state: &Path, origin: &str) -> Result<Self, AuditError> {
        Self::signed_by(state, origin, "self")
    }

    /// The same, with entries that carry `signer`.
    ///
    /// # Errors
    /// As [`EmbeddedAuditLog::in_state`].
    pub fn signed_by(state: &Path, origin: &str, signer: &str) -> Result<Self, AuditError> {
        let folder = log_folder(state);
        let made = (!has_log(state)).then_some(origin);
        let key = LogKey::from_file(&state.join("keys/audit.key"), made)?;
        let key = LogKey { signer: signer.to_owned(), ..key };
        Self::open(Config { folder, seen: Some(seen(state)), step: None }, key)
    }

    /// Opens or begins the log. A folder that cannot be written can still be read.
    ///
    /// # Errors
    /// [`AuditError::Broken`] when the log is damaged or was rolled back.
    pub fn open(config: Config, key: LogKey) -> Result<Self, AuditError> {
        let log = Self {
            disk: Disk::new(&config.folder, config.step),
            key,
            seen: config.seen,
            queue: Mutex::default(),
            done: Condvar::new(),
            writer: Mutex::new(None),
            counts: Counts::default(),
        };
        if is_there(&config.folder.join(reader::CHECKPOINT)) || log.seen.as_deref().is_some_and(is_there) {
            match log.with_writer(|_| Ok(())) {
                Err(AuditError::Storage(why)) => tracing::warn!(why, "the audit log can only be read"),
                other => other?,
            }
        }
        Ok(log)
    }

    /// Runs `work` under the lock on a writer that is up to date; after an error the writer is read anew.
    fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, AuditError>,
    ) -> Result<T, AuditError> {
        let mut slot = locked(&self.writer);
        let _lock = self.disk.lock()?;
        let current = slot.take().filter(|writer| writer.is_current(&self.disk));
        let mut writer = match current {
            Some(writer) => writer,
            None => Writer::open(&self.disk, &self.key, self.seen.as_deref())?,
        };
        let result = work(&mut writer)?;
        *slot = Some(writer);
        Ok(result)
    }

    /// Commits what the requests bring; index of the first entry and size of the log afterwards.
    fn commit(&self, entries: Vec<Vec<u8>>) -> Result<(u64, u64), AuditError> {
        let (start, size, trimmed) = self.with_writer(|writer| {
            let start = writer.size();
            writer.commit(&self.disk, &self.key, entries)?;
            self.remember(writer.note());
            // The entries are in the log by now: a failure to tidy up must not say otherwise.
            Ok((start, writer.size(), writer.trim(&self.disk)))
        })?;
        if let Err(why) = trimmed {
            tracing::warn!(%why, "the audit log's journal could not be renewed");
            *locked(&self.writer) = None;
        }
        Ok((start, size))
    }

    /// Keeps the checkpoint in the other place. Without it the log is whole, so failing only warns.
    fn remember(&self, note: &str) {
        let Some(path) = &self.seen else { return };
        let write = || {
            let folder = path.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            let temporary = path.with_extension("new");
            std::fs::write(&temporary, note)?;
            std::fs::rename(&temporary, path)
        };
        if let Err(error) = write() {
            tracing::warn!(path = %path.display(), %error, "the checkpoint could not be remembered");
        }
    }

    /// Takes the lead, and gives those whom the last flush served a moment to come again: a flush
    /// for one costs as much as a flush for all. A lone caller never waits.
    fn gather<'a>(&'a self, mut queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        queue.led = true;
        let begin = Instant::now();
        while queue.waiting.len() < queue.last && begin.elapsed() < MOMENT {
            drop(queue);
            std::thread::yield_now();
            queue = locked(&self.queue);
        }
        queue
    }

    /// Leads one flush: takes what waits, commits it, and tells everyone how it went.
    fn lead<'a>(&'a self, queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        let mut queue = self.gather(queue);
        let mut bytes = 0;
        let count = queue
            .waiting
            .iter()
            .take_while(|request| {
                let fits = bytes < MOST_BYTES;
                bytes += request.entries.iter().map(Vec::len).sum::<usize>();
                fits
            })
            .count();
        let group: Vec<Request> = queue.waiting.drain(..count).collect();
        queue.last = group.len();
        drop(queue);
        let mut shares = Vec::with_capacity(group.len());
        let mut entries = Vec::new();
        for request in group {
            shares.push((request.ticket, entries.len() as u64));
            entries.extend(request.entries);
        }
        let result = self.commit(entries).map_err(Failed::from);
        let mut queue = locked(&self.queue);
        for (ticket, offset) in shares {
            queue.finished.insert(ticket, result.clone().map(|(start, size)| (start + offset, size)));
        }
        queue.led = false;
        self.done.notify_all();
        queue
    }
}

impl AuditLog for EmbeddedAuditLog {
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>, AuditError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = entries.iter().map(|entry| self.encode(entry)).collect::<Result<Vec<_>, _>>()?;
        let count = bytes.len() as u64;
        let mut queue = locked(&self.queue);
        let ticket = queue.next;
        queue.next += 1;
        queue.waiting.push(Request { ticket, entries: bytes });
        loop {
            if let Some(result) = queue.finished.remove(&ticket) {
                let (start, size) = result?;
                return Ok((start..start + count).map(|index| Appended { index, size }).collect());
            }
            queue = if queue.led {
                self.done.wait(queue).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.lead(queue)
            };
        }
    }

    fn entries(&self, start: u64, count: usize) -> Result<Vec<(u64, AuditEntry)>, AuditError> {
        reader::entries(&self.disk, &self.key.verifier, start, count)
    }

    fn find(&self, filter: &AuditFilter, page: Page) -> Result<Found, AuditError> {
        search::find(&self.disk, &self.key.verifier, filter, page, &self.counts)
    }

    fn checkpoint(&self) -> Result<Option<String>, AuditError> {
        Ok(reader::checkpoint(&self.disk, &self.key.verifier)?.map(|(_, note)| note))
    }

    fn prove(&self, index: u64) -> Result<InclusionProof, AuditError> {
        reader::prove(&self.disk, &self.key.verifier, index)
    }

    fn verify(&self) -> Result<Verified, AuditError> {
        // Reading the folder anew judges the journal as well, and the lock keeps writers away; a
        // folder that cannot be locked is verified as any copy would be.
        *locked(&self.writer) = None;
        let verify = || {
            let seen = self.seen.as_deref().map(|path| writer::read_seen(path, &self.key)).transpose()?;
            reader::verify(&self.disk, &self.key.verifier, seen.flatten().as_ref())
        };
        if self.disk.length(reader::CHECKPOINT).is_none() {
            return verify();
        }
        match self.with_writer(|_| verify()) {
            Err(AuditError::Storage(_)) => verify(),
            other => other,
        }
    }

    fn verifier_key(&self) -> String {
        self.key.verifier.to_string()
    }
}

impl EmbeddedAuditLog {
    /// Copies the log to a new folder: the checkpoint and what it covers, verified as a copy.
    ///
    /// # Errors
    /// [`AuditError`]; then nothing of the copy is left. A folder that is not empty is refused.
    pub fn export(&self, to: &Path) -> Result<Verified, AuditError> {
        let failed = |error: std::io::Error| AuditError::Storage(format!("{}: {error}", to.display()));
        let occupied = std::fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some());
        if occupied {
            return Err(AuditError::Storage(format!("{} is not empty", to.display())));
        }
        let made = !to.exists();
        std::fs::create_dir_all(to).map_err(failed)?;
        let copied = self.with_writer(|_| {
            reader::copy(&self.disk, &self.key.verifier, &Disk::new(to, None))?;
            verify_folder(to, &self.verifier_key())
        });
        if copied.is_err() {
            let entries = std::fs::read_dir(to).into_iter().flatten().flatten();
            entries.for_each(|entry| Disk::new(to, None).remove(&entry.file_name().to_string_lossy()));
            if made {
                let _ = std::fs::remove_dir(to);
            }
        }
        copied
    }

    fn encode(&self, entry: &AuditEntry) -> Result<Vec<u8>, AuditError> {
        let signed = AuditEntry { signer: self.key.signer.clone(), ..entry.clone() };
        let bytes = entry::encode(&signed).map_err(|e| AuditError::Storage(format!("an entry: {e}")))?;
        if bytes.len() > tiles::MAX_ENTRY {
            let limit = tiles::MAX_ENTRY;
            return Err(AuditError::Storage(format!(
                "an entry has {} bytes; at most {limit} fit",
                bytes.len()
            )));
        }
        Ok(bytes)
    }
}

/// What the names of logs begin with when nothing else is said.
pub const ORIGIN: &str = "ecoops.local/audit";

/// Where a state folder has its log.
pub fn log_folder(state: &Path) -> PathBuf {
    state.join("audit")
}

/// Whether a state folder has a log, or had one: what was removed or cannot be looked at is no log that is yet to
/// begin.
pub fn has_log(state: &Path) -> bool {
    let folder = log_folder(state);
    [folder.join(reader::CHECKPOINT), folder.join(journal::NAME), seen(state)]
        .iter()
        .any(|path| is_there(path))
}

/// Where it is kept which checkpoint was last seen, outside the log that could be put back.
fn seen(state: &Path) -> PathBuf {
    state.join("seen/audit")
}

fn is_there(path: &Path) -> bool {
    !matches!(path.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// Verifies a log's folder, or a copy of it, with nothing but its public key.
///
/// # Errors
/// [`AuditError::Broken`] says what does not hold, [`AuditError::Key`] that the key is none.
pub fn verify_folder(folder: &Path, key: &str) -> Result<Verified, AuditError> {
    let key = VerifierKey::parse(key).map_err(|e| AuditError::Key(e.to_string()))?;
    let disk = Disk::new(folder, None);
    if disk.length(reader::CHECKPOINT).is_none() {
        return Err(AuditError::Storage(format!(
            "{} holds no log: there is no checkpoint",
            folder.display()
        )));
    }
    reader::verify(&disk, &key, None)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
