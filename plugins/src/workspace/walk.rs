//! Walking the working tree, in parallel, after git's and our own ignore files.
//!
//! Never follows a symbolic link and never enters `.git` or a repository inside the repository.

use super::own_ignore;
use ecoops_core::ports::workspace::Skipped;
use ignore::{DirEntry, WalkBuilder, WalkState};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What a walk came across, by its kind on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Link,
    /// A fifo, socket or device.
    Other,
}

#[derive(Debug, Clone)]
pub(super) struct Met {
    /// Relative to the root.
    pub path: String,
    pub kind: Kind,
    /// Bytes, of a file.
    pub size: u64,
}

#[derive(Debug, Default)]
pub(super) struct Walked {
    pub met: Vec<Met>,
    pub skipped: Vec<Skipped>,
}

/// How to walk.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// Folders (relative) to begin at; empty: the root.
    pub from: Vec<String>,
    /// Whether `.ecoopsignore` counts.
    pub own_ignores: bool,
    /// Whether folders are reported too.
    pub folders: bool,
    /// Submodules (relative): entered only with `enter_submodules`, and never reported as nested.
    pub submodules: HashSet<String>,
    pub enter_submodules: bool,
    /// Folders of these names that are not in the set are not entered.
    pub prune: Vec<&'static str>,
    pub keep: HashSet<String>,
}

pub(super) fn walk(root: &Path, plan: Plan) -> Walked {
    let mut starts = plan.from.iter().map(|from| root.join(from));
    let mut builder = WalkBuilder::new(starts.next().unwrap_or_else(|| root.to_path_buf()));
    starts.for_each(|start| {
        builder.add(start);
    });
    builder
        .hidden(false)
        .ignore(false)
        .require_git(false)
        .follow_links(false)
        .parents(!plan.from.is_empty())
        .threads(std::thread::available_parallelism().map_or(2, |n| n.get().min(8)));
    if plan.own_ignores {
        builder.add_custom_ignore_filename(own_ignore::NAME);
    }
    let shared: Arc<Mutex<Walked>> = Arc::default();
    let root: Arc<PathBuf> = Arc::new(root.to_path_buf());
    let plan = Arc::new(plan);
    {
        let (root, plan, shared) = (Arc::clone(&root), Arc::clone(&plan), Arc::clone(&shared));
        builder.filter_entry(move |entry| enters(&root, &plan, entry, &shared));
    }
    builder.build_parallel().run(|| {
        let mut local = Batch { walked: Walked::default(), shared: Arc::clone(&shared) };
        let (root, plan) = (Arc::clone(&root), Arc::clone(&plan));
        Box::new(move |entry| {
            match entry {
                Ok(entry) => local.visit(&root, &plan, &entry),
                Err(error) => {
                    local.walked.skipped.push(Skipped { path: String::new(), why: error.to_string() })
                }
            }
            WalkState::Continue
        })
    });
    let mut walked = shared.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *walked)
}

/// What one thread met; handed over when the thread ends.
struct Batch {
    walked: Walked,
    shared: Arc<Mutex<Walked>>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.met.append(&mut self.walked.met);
        shared.skipped.append(&mut self.walked.skipped);
    }
}

impl Batch {
    fn visit(&mut self, root: &Path, plan: &Plan, entry: &DirEntry) {
        let Some(kind) = entry.file_type() else { return };
        let kind = match kind {
            k if k.is_dir() => Kind::Folder,
            k if k.is_symlink() => Kind::Link,
            k if k.is_file() => Kind::File,
            _ => Kind::Other,
        };
        if kind == Kind::Folder && !plan.folders {
            return;
        }
        match relative(root, entry.path()) {
            Ok(path) => {
                let size = match kind {
                    Kind::File => entry.metadata().map_or(0, |about| about.len()),
                    _ => 0,
                };
                self.walked.met.push(Met { path, kind, size });
            }
            Err(path) => self.walked.skipped.push(Skipped { path, why: "its name is not UTF-8".into() }),
        }
    }
}

/// The path below the root, or a readable form of one that is not UTF-8.
fn relative(root: &Path, path: &Path) -> Result<String, String> {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.to_str().map(str::to_owned).ok_or_else(|| below.to_string_lossy().into_owned())
}

fn enters(root: &Path, plan: &Plan, entry: &DirEntry, shared: &Mutex<Walked>) -> bool {
    if entry.depth() == 0 {
        return true;
    }
    if entry.file_name().eq_ignore_ascii_case(OsStr::new(".git")) {
        return false;
    }
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return true;
    }
    let Ok(path) = relative(root, entry.path()) else { return true };
    if plan.submodules.contains(&path) {
        return plan.enter_submodules;
    }
    if plan.prune.iter().any(|name| entry.file_name() == *name) && !plan.keep.contains(&path) {
        return false;
    }
    if entry.path().join(".git").symlink_metadata().is_ok() {
        let skipped = Skipped { path, why: "it is a repository of its own".into() };
        shared.lock().unwrap_or_else(PoisonError::into_inner).skipped.push(skipped);
        return false;
    }
    true
}
