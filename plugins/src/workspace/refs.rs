//! The git side of a write set: the index, the reference and HEAD, each brought to one side by
//! compare and swap.

use super::git::git;
use super::lock::{Locked, storage};
use ecoops_core::domain::{ContentHash, WriteSet};
use ecoops_core::ports::workspace::{Contents, Side, WorkspaceError};
use git2::{Index, Oid, Repository};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

pub(super) const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// Where something stands between the two sides of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Before,
    After,
    Neither,
}

impl Standing {
    pub(super) fn of<T: PartialEq>(now: &T, before: &T, after: &T) -> Self {
        match now {
            now if now == before => Self::Before,
            now if now == after => Self::After,
            _ => Self::Neither,
        }
    }

    pub(super) fn is(self, side: Side) -> bool {
        matches!((self, side), (Self::Before, Side::Before) | (Self::After, Side::After))
    }
}

/// The files of `.git` that one write set concerns.
pub(super) struct GitSide<'a> {
    repository: &'a Repository,
    set: &'a WriteSet,
    token: String,
}

impl<'a> GitSide<'a> {
    pub(super) fn new(repository: &'a Repository, set: &'a WriteSet) -> Self {
        let mut named = String::new();
        if let Some((name, old, new)) = &set.reference {
            named = format!("{name} {old} {new}");
        }
        let token = ContentHash::of(named.as_bytes()).hex().chars().take(16).collect();
        Self { repository, set, token }
    }

    fn locked(&self, kind: &str, target: PathBuf) -> Locked {
        Locked { target, temporary: self.repository.path().join(format!("ecoops-{}.{kind}", self.token)) }
    }

    fn index(&self) -> Locked {
        self.locked("index", self.repository.path().join("index"))
    }

    fn head(&self) -> Locked {
        self.locked("head", self.repository.path().join("HEAD"))
    }

    fn reference(&self, name: &str) -> Locked {
        let folder = if name == "HEAD" { self.repository.path() } else { self.repository.commondir() };
        self.locked("reference", folder.join(name))
    }

    /// Removes locks and temporaries of a killed process of ours.
    pub(super) fn clear(&self) -> Result<(), WorkspaceError> {
        self.index().clear()?;
        self.head().clear()?;
        if let Some((name, _, _)) = &self.set.reference {
            self.reference(name).clear()?;
            self.prune(name);
        }
        Ok(())
    }

    /// Removes the folders that were made for a branch `a/b`, when nothing else is in them.
    fn prune(&self, name: &str) {
        let top = self.repository.commondir().join("refs/heads");
        let path = self.repository.commondir().join(name);
        for folder in path.ancestors().skip(1).take_while(|f| *f != top && f.starts_with(&top)) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }

    fn reference_now(&self, name: &str) -> String {
        // `HEAD` here is a detached one: its own target, not its branch's.
        let found = self.repository.find_reference(name).ok().and_then(|reference| reference.target());
        found.map_or_else(|| NO_COMMIT.to_owned(), |id| id.to_string())
    }

    pub(super) fn reference_standing(&self) -> Standing {
        match &self.set.reference {
            Some((name, old, new)) => Standing::of(&self.reference_now(name), old, new),
            None => Standing::Before,
        }
    }

    /// Whether the reference came to our commit and went on from there: our commit is below a newer
    /// one, or (after an amend or rebase) at least in the reference's log.
    pub(super) fn has_moved_on(&self) -> bool {
        let Some((name, _, new)) = &self.set.reference else { return false };
        let (Ok(now), Ok(ours)) = (Oid::from_str(&self.reference_now(name)), Oid::from_str(new)) else {
            return false;
        };
        let logged = || {
            let log = self.repository.reflog(name);
            log.is_ok_and(|log| log.iter().any(|entry| entry.id_new() == ours))
        };
        self.reference_standing() == Standing::Neither
            && (self.repository.graph_descendant_of(now, ours).unwrap_or(false) || logged())
    }

    fn head_now(&self) -> Result<String, WorkspaceError> {
        let path = self.repository.path().join("HEAD");
        fs::read_to_string(&path).map_err(|e| storage(&path, &e))
    }

    pub(super) fn head_standing(&self) -> Result<Standing, WorkspaceError> {
        match &self.set.head {
            Some((before, after)) => Ok(Standing::of(&self.head_now()?, before, after)),
            None => Ok(Standing::Before),
        }
    }

    /// The index's bytes count, and when git only refreshed what it knows about the files, its entries.
    pub(super) fn index_standing(&self, contents: Contents<'_>) -> Result<Standing, WorkspaceError> {
        let Some((before, after)) = &self.set.index else { return Ok(Standing::Before) };
        let Some(bytes) = self.index_bytes()? else { return Ok(Standing::Neither) };
        match Standing::of(&ContentHash::of(&bytes), before, after) {
            Standing::Neither => {
                let now = entries(&bytes);
                Ok(match now {
                    Some(_) if now == entries(&contents(after)?) => Standing::After,
                    Some(_) if now == entries(&contents(before)?) => Standing::Before,
                    _ => Standing::Neither,
                })
            }
            standing => Ok(standing),
        }
    }

    fn index_bytes(&self) -> Result<Option<Vec<u8>>, WorkspaceError> {
        let path = self.repository.path().join("index");
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(storage(&path, &error)),
        }
    }

    /// Brings the index to one side; the other is known to be there.
    pub(super) fn put_index(
        &self,
        side: Side,
        contents: Contents<'_>,
        step: &dyn Fn(&str),
    ) -> Result<(), WorkspaceError> {
        let Some((before, after)) = &self.set.index else { return Ok(()) };
        let (from, to) = if side == Side::After { (before, after) } else { (after, before) };
        let found = self.index_bytes()?.map(|bytes| ContentHash::of(&bytes));
        // git trusts what it knows about a file only if the file is older than the index. Both sides
        // know what the index they were made from knew, so they keep its time; where git has
        // refreshed it since, a time before all files makes git look at each again.
        let path = self.repository.path().join("index");
        let modified = match &found {
            Some(hash) if hash == from => path.metadata().and_then(|about| about.modified()).ok(),
            _ => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1)),
        };
        let unchanged = || Ok(self.index_bytes()?.map(|bytes| ContentHash::of(&bytes)) == found);
        if self.index().replace(&contents(to)?, modified, &unchanged, step)? {
            Ok(())
        } else {
            Err(WorkspaceError::Git("the index was changed by another process meanwhile".into()))
        }
    }

    /// Moves the reference from the other side to this one, and notes it in the reference log.
    pub(super) fn put_reference(&self, side: Side, step: &dyn Fn(&str)) -> Result<(), WorkspaceError> {
        let Some((name, old, new)) = &self.set.reference else { return Ok(()) };
        let (from, to) = if side == Side::After { (old, new) } else { (new, old) };
        let unchanged = || Ok(self.reference_now(name) == *from);
        let done = if to == NO_COMMIT {
            self.remove_reference(name, &unchanged, step)?
        } else {
            self.reference(name).replace(format!("{to}\n").as_bytes(), None, &unchanged, step)?
        };
        if !done {
            return Err(WorkspaceError::Git(format!("{name} was moved by another process meanwhile")));
        }
        if to != NO_COMMIT {
            self.log(name, from, to, side);
            if name != "HEAD" && self.set.head.is_none() {
                self.log("HEAD", from, to, side);
            }
        }
        Ok(())
    }

    fn remove_reference(
        &self,
        name: &str,
        unchanged: &dyn Fn() -> Result<bool, WorkspaceError>,
        step: &dyn Fn(&str),
    ) -> Result<bool, WorkspaceError> {
        if !self.reference(name).remove(unchanged, step)? {
            return Ok(false);
        }
        // Packed meanwhile: libgit2 rewrites the packed ones. It removes the log as well.
        if let Ok(mut packed) = self.repository.find_reference(name) {
            packed.delete().map_err(git)?;
        }
        let _ = self.repository.reflog_delete(name);
        self.prune(name);
        Ok(true)
    }

    /// Switches HEAD.
    pub(super) fn put_head(&self, side: Side, step: &dyn Fn(&str)) -> Result<(), WorkspaceError> {
        let Some((before, after)) = &self.set.head else { return Ok(()) };
        let (from, to) = if side == Side::After { (before, after) } else { (after, before) };
        let unchanged = || Ok(self.head_now()? == *from);
        if !self.head().replace(to.as_bytes(), None, &unchanged, step)? {
            return Err(WorkspaceError::Git("HEAD was switched by another process meanwhile".into()));
        }
        if let Some((_, _, new)) = &self.set.reference {
            let parent = Oid::from_str(new).and_then(|id| self.repository.find_commit(id)?.parent_id(0));
            if let Ok(parent) = parent.map(|id| id.to_string()) {
                let (old, new) = if side == Side::After { (&parent, new) } else { (new, &parent) };
                self.log("HEAD", old, new, side);
            }
        }
        Ok(())
    }

    /// One line in a reference log, as git writes it. A log that cannot be written is no reason to stop.
    fn log(&self, name: &str, from: &str, to: &str, side: Side) {
        let folder = if name == "HEAD" { self.repository.path() } else { self.repository.commondir() };
        let path = folder.join("logs").join(name);
        let wanted = self.repository.config().and_then(|c| c.get_bool("core.logAllRefUpdates"));
        if !path.exists() && !wanted.unwrap_or(!self.repository.is_bare()) {
            return;
        }
        let Some((_, _, ours)) = &self.set.reference else { return };
        let Ok(commit) = Oid::from_str(ours).and_then(|id| self.repository.find_commit(id)) else { return };
        let who = commit.committer();
        let clean = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(['<', '>', '\n'], "");
        let minutes = who.when().offset_minutes();
        let line = format!(
            "{from} {to} {} <{}> {} {}{:02}{:02}\t{}\n",
            clean(who.name_bytes()),
            clean(who.email_bytes()),
            who.when().seconds(),
            if minutes < 0 { '-' } else { '+' },
            minutes.abs() / 60,
            minutes.abs() % 60,
            if side == Side::After { "ecoops: commit fixes" } else { "ecoops: undo fixes" },
        );
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            fs::OpenOptions::new().append(true).create(true).open(&path)?.write_all(line.as_bytes())
        });
        if let Err(error) = written {
            tracing::warn!(log = %path.display(), %error, "the reference log was not written");
        }
    }
}

/// Path, mode, object and flags.
type Staged = (Vec<u8>, u32, Oid, u16, u16);

/// Path, mode, object and flags of each entry of an index file: what it says, without what it
/// remembers about the files on disk. `None` when it cannot be read.
fn entries(bytes: &[u8]) -> Option<Vec<Staged>> {
    let mut file = tempfile::NamedTempFile::new().ok()?;
    file.write_all(bytes).ok()?;
    let index = Index::open(file.path()).ok()?;
    Some(index.iter().map(|e| (e.path, e.mode, e.id, e.flags, e.flags_extended)).collect())
}
