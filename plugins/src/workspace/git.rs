//! The git repository on disk (or a plain folder), through libgit2.
//!
//! Never runs anything that a repository configures: no hooks, filters, file system monitors, external
//! diffs or text conversions. libgit2 starts no process; only its own end-of-line conversion is used.

use super::author::Identities;
use super::beneath::Tree;
use super::{about, changed, isolate, list, prepare, read, settle};
use ecoops_core::domain::{ContentHash, RepoPath, RunId, WriteSet};
use ecoops_core::ports::workspace::{
    About, CommitRequest, Contents, File, Isolated, Keep, Listing, Restored, Selection, Side, View,
    Workspace, WorkspaceError,
};
use git2::Repository;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What the configuration says about workspaces.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Isolated copies are made below it.
    pub cache: PathBuf,
    /// Larger files are listed as skipped, in bytes.
    pub largest_file: u64,
    /// What git's variables say of who commits.
    pub identities: Identities,
}

impl Settings {
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self { cache: cache.into(), largest_file: 4 << 20, identities: Identities::default() }
    }
}

/// A repository or folder, opened once. All calls may be made from several threads.
pub struct GitWorkspace {
    pub(super) about: About,
    pub(super) settings: Settings,
    /// `None` for a bare repository.
    pub(super) tree: Option<Tree>,
    /// libgit2's handles are not shared between threads; those at rest wait here.
    idle: Mutex<Vec<Repository>>,
}

impl std::fmt::Debug for GitWorkspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitWorkspace").field("about", &self.about).finish_non_exhaustive()
    }
}

impl GitWorkspace {
    /// Opens the repository that `here` stands in, or `here` itself as a plain folder.
    ///
    /// # Errors
    /// [`WorkspaceError::NotARepository`] when `here` is no folder, cannot be read, or belongs to a
    /// repository of another user that git's `safe.directory` does not name.
    pub fn open(here: &Path, settings: Settings) -> Result<Self, WorkspaceError> {
        let about = about::find(here)?;
        let tree = if about.bare {
            None
        } else {
            let no =
                |e: std::io::Error| WorkspaceError::NotARepository(about.location.clone(), e.to_string());
            Some(Tree::open(&about.location).map_err(no)?)
        };
        Ok(Self { about, settings, tree, idle: Mutex::new(Vec::new()) })
    }

    /// The open working tree.
    ///
    /// # Errors
    /// [`WorkspaceError::Git`] in a bare repository.
    pub(super) fn tree(&self) -> Result<&Tree, WorkspaceError> {
        self.tree
            .as_ref()
            .ok_or_else(|| WorkspaceError::Git("a bare repository has no working tree; name a commit".into()))
    }

    /// A fresh handle, which sees what is on disk now.
    ///
    /// # Errors
    /// [`WorkspaceError::Git`] when this is no git repository.
    pub(super) fn repository(&self) -> Result<Repository, WorkspaceError> {
        if !self.about.git {
            return Err(WorkspaceError::Git("this folder is no git repository".into()));
        }
        Repository::open(&self.about.location).map_err(git)
    }

    /// Runs `work` with a handle that is used again, for reading objects.
    ///
    /// # Errors
    /// What `work` returns, or [`WorkspaceError::Git`].
    pub(super) fn with_repository<T>(
        &self,
        work: impl FnOnce(&Repository) -> Result<T, WorkspaceError>,
    ) -> Result<T, WorkspaceError> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let repository = match idle {
            Some(repository) => repository,
            None => self.repository()?,
        };
        let result = work(&repository);
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(repository);
        }
        result
    }
}

/// libgit2's message.
#[allow(clippy::needless_pass_by_value)]
pub(super) fn git(error: git2::Error) -> WorkspaceError {
    WorkspaceError::Git(error.message().to_owned())
}

impl Workspace for GitWorkspace {
    fn about(&self) -> &About {
        &self.about
    }

    fn list(&self, selection: &Selection) -> Result<Listing, WorkspaceError> {
        list::list(self, selection)
    }

    fn read(&self, view: &View, path: &RepoPath, limit: u64) -> Result<File, WorkspaceError> {
        read::read(self, view, path, limit)
    }

    fn changed_lines(
        &self,
        view: &View,
        reference: &str,
    ) -> Result<BTreeMap<RepoPath, Vec<Range<u32>>>, WorkspaceError> {
        changed::changed_lines(self, view, reference)
    }

    fn isolate(&self, run: &RunId) -> Result<Box<dyn Isolated>, WorkspaceError> {
        Ok(Box::new(isolate::isolate(self, run)?))
    }

    fn prepare(
        &self,
        run: &RunId,
        files: &[(RepoPath, ContentHash, Vec<u8>)],
        commit: Option<&CommitRequest>,
        keep: Keep<'_>,
    ) -> Result<WriteSet, WorkspaceError> {
        prepare::prepare(self, run, files, commit, keep)
    }

    fn settle(
        &self,
        set: &WriteSet,
        side: Side,
        contents: Contents<'_>,
        step: &dyn Fn(&str),
    ) -> Result<Restored, WorkspaceError> {
        settle::settle(self, set, side, contents, step)
    }

    fn sweep(&self, run: &RunId, set: &WriteSet) -> Result<(), WorkspaceError> {
        settle::sweep(self, set)?;
        isolate::sweep(self, run)
    }
}
