//! An independent copy of the working tree, in which fixes are tried and checks run.
//!
//! It has a git repository of its own that borrows the original's objects; nothing of it is known to
//! the original, and nothing written in it reaches the original.

use super::beneath::{self, Tree, failed, file_failed};
use super::copy;
use super::git::{GitWorkspace, git};
use super::list::{State, Tracked};
use super::walk::{self, Kind, Met};
use ecoops_core::domain::{RepoPath, RunId};
use ecoops_core::ports::workspace::{Isolated, WorkspaceError};
use git2::Repository;
use rayon::prelude::*;
use rustix::fs::AtFlags;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

/// Installed dependencies, which checks need and nobody wants copied: linked when not tracked.
const DEPENDENCIES: [&str; 5] = ["node_modules", ".venv", "venv", "vendor", ".tox"];

#[derive(Debug)]
struct Copy {
    folder: PathBuf,
    /// What is removed: the folder above, which is ours alone.
    outer: PathBuf,
    tree: Tree,
    borrowed: Vec<PathBuf>,
}

impl Isolated for Copy {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn write(&self, path: &RepoPath, bytes: &[u8]) -> Result<(), WorkspaceError> {
        let failed = file_failed(path);
        let (parent, name) = self.tree.make_parent(path.as_str()).map_err(&failed)?;
        let mode = match rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(about) if rustix::fs::FileType::from_raw_mode(about.st_mode).is_file() => {
                about.st_mode & 0o777
            }
            Ok(_) => {
                let why = "it is not a regular file".into();
                return Err(WorkspaceError::File { path: path.as_str().into(), why });
            }
            Err(_) => 0o644,
        };
        beneath::unlink(&parent, name).map_err(&failed)?;
        let mut file = beneath::create_in(&parent, name, mode).map_err(&failed)?;
        file.write_all(bytes).map_err(&failed)
    }

    fn borrowed(&self) -> &[PathBuf] {
        &self.borrowed
    }

    fn remove(self: Box<Self>) {}
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = copy::remove_folder(&self.outer) {
            tracing::warn!(folder = %self.outer.display(), %error, "an isolated copy could not be removed");
        }
        // The run's folder too, when this was its last copy.
        if let Some(run) = self.outer.parent() {
            let _ = fs::remove_dir(run);
        }
    }
}

pub(super) fn isolate(ws: &GitWorkspace, run: &RunId) -> Result<impl Isolated + use<>, WorkspaceError> {
    let from = ws.tree()?;
    let outer = new_folder(&home(ws, run)?)?;
    let name = ws.about.location.file_name().unwrap_or("tree".as_ref());
    let folder = outer.join(name);
    let made = fs::create_dir(&folder).and_then(|()| Tree::open(&folder)).map_err(|e| storage(&folder, &e));
    let tree = made.inspect_err(|_| drop(copy::remove_folder(&outer)))?;
    // From here on, dropping removes what was made.
    let mut copy = Copy { folder, outer, tree, borrowed: Vec::new() };
    let repository = if ws.about.git { Some(ws.repository()?) } else { None };
    let tracked = repository.as_ref().map(Tracked::read).transpose()?.unwrap_or_default();
    fill(ws, from, &tracked, &mut copy)?;
    if let Some(repository) = &repository {
        lend(repository, &mut copy)?;
    }
    Ok(copy)
}

/// Removes every copy of a run.
pub(super) fn sweep(ws: &GitWorkspace, run: &RunId) -> Result<(), WorkspaceError> {
    let home = home(ws, run)?;
    copy::remove_folder(&home).map_err(|e| storage(&home, &e))
}

fn storage(folder: &Path, error: &io::Error) -> WorkspaceError {
    WorkspaceError::Storage(format!("{}: {error}", folder.display()))
}

fn home(ws: &GitWorkspace, run: &RunId) -> Result<PathBuf, WorkspaceError> {
    if run.0.is_empty() || !run.0.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(WorkspaceError::Storage(format!("`{}` is no id of a run", run.0)));
    }
    Ok(ws.settings.cache.join("isolated").join(&run.0))
}

/// A folder that only this user may enter, with the first number that is free.
fn new_folder(home: &Path) -> Result<PathBuf, WorkspaceError> {
    let mut builder = fs::DirBuilder::new();
    builder.mode(0o700);
    builder.recursive(true).create(home).map_err(|e| storage(home, &e))?;
    builder.recursive(false);
    for number in 0..10_000 {
        let folder = home.join(number.to_string());
        match builder.create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(storage(&folder, &error)),
        }
    }
    Err(WorkspaceError::Storage(format!("{} holds too many copies", home.display())))
}

fn fill(ws: &GitWorkspace, from: &Tree, tracked: &Tracked, copy: &mut Copy) -> Result<(), WorkspaceError> {
    let met = contents(ws, tracked);
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for one in &met {
        let mut folder = if one.kind == Kind::Folder { one.path.as_str() } else { above(&one.path) };
        while !folder.is_empty() && folders.insert(folder) {
            folder = above(folder);
        }
    }
    for folder in &folders {
        let place = copy.folder.join(folder);
        fs::create_dir(&place).map_err(|e| storage(&place, &e))?;
    }
    met.par_iter().filter(|m| m.kind == Kind::File).try_for_each(|m| {
        copy::file(from, &m.path, &copy.folder.join(&m.path))
            .map(drop)
            .map_err(|e| failed(m.path.as_str(), &e))
    })?;
    for link in met.iter().filter(|m| m.kind == Kind::Link) {
        copy_link(from, &link.path, &copy.folder)?;
    }
    for folder in std::iter::once(&"").chain(&folders) {
        for name in DEPENDENCIES {
            let below = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            link_dependency(from, &below, copy)?;
        }
    }
    Ok(())
}

fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Everything that belongs to the copy: what is not ignored, and what is tracked though ignored.
fn contents(ws: &GitWorkspace, tracked: &Tracked) -> Vec<Met> {
    let mut keep = HashSet::new();
    for path in tracked.files.keys() {
        let mut folder = above(path);
        while !folder.is_empty() {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            if DEPENDENCIES.contains(&name) {
                keep.insert(folder.to_owned());
            }
            folder = above(folder);
        }
    }
    let plan = walk::Plan {
        folders: true,
        submodules: tracked.submodules.clone(),
        enter_submodules: true,
        prune: DEPENDENCIES.to_vec(),
        keep,
        ..walk::Plan::default()
    };
    let mut met = walk::walk(&ws.about.location, plan).met;
    met.retain(|m| !m.path.is_empty());
    let seen: HashSet<String> = met.iter().map(|m| m.path.clone()).collect();
    for (path, state) in &tracked.files {
        if *state != State::Sparse
            && !seen.contains(path)
            && let Ok(found) = super::list::look(ws, path)
            && found.kind != Kind::Folder
        {
            met.push(found);
        }
    }
    met
}

/// A link is copied as a link, and only if it cannot lead out of the copy.
fn copy_link(from: &Tree, path: &str, folder: &Path) -> Result<(), WorkspaceError> {
    let failed = |e: io::Error| failed(path, &e);
    let (parent, name) = from.parent(path).map_err(failed)?;
    let Ok(target) = rustix::fs::readlinkat(&parent, name, Vec::new()) else { return Ok(()) };
    match target.to_str() {
        Ok(target) if copy::stays_inside(target, path.matches('/').count()) => {
            symlink(target, folder.join(path)).map_err(failed)
        }
        _ => Ok(()),
    }
}

/// Links a folder of installed dependencies that was not copied. Only a real folder: a link could
/// lead a sandbox to anything.
fn link_dependency(from: &Tree, path: &str, copy: &mut Copy) -> Result<(), WorkspaceError> {
    let place = copy.folder.join(path);
    if place.symlink_metadata().is_ok() {
        return Ok(());
    }
    let Ok((parent, name)) = from.parent(path) else { return Ok(()) };
    match rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(about) if rustix::fs::FileType::from_raw_mode(about.st_mode).is_dir() => {
            let original = from.location().join(path);
            symlink(&original, &place).map_err(|e| failed(path, &e))?;
            copy.borrowed.push(original);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Makes the copy's `.git`: the same HEAD, references and index, and the original's objects to read.
fn lend(original: &Repository, copy: &mut Copy) -> Result<(), WorkspaceError> {
    let inner = copy.folder.join(".git");
    let objects = original.commondir().join("objects");
    write_git_folder(original, &inner, &objects).map_err(|e| storage(&inner, &e))?;
    let references = packed_references(original)?;
    fs::write(inner.join("packed-refs"), references).map_err(|e| storage(&inner, &e))?;
    copy.borrowed.push(objects);
    Ok(())
}

fn write_git_folder(original: &Repository, inner: &Path, objects: &Path) -> io::Result<()> {
    for folder in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info"] {
        fs::create_dir_all(inner.join(folder))?;
    }
    let mut alternates = objects.as_os_str().as_bytes().to_vec();
    if alternates.starts_with(b"\"") || alternates.contains(&b'\n') {
        return Err(io::Error::other("the repository's path cannot be written to objects/info/alternates"));
    }
    alternates.push(b'\n');
    fs::write(inner.join("objects/info/alternates"), alternates)?;
    fs::write(inner.join("config"), config(original))?;
    let (own, common) = (original.path(), original.commondir());
    copy_if_there(&own.join("HEAD"), &inner.join("HEAD"))?;
    copy_if_there(&own.join("index"), &inner.join("index"))?;
    copy_if_there(&common.join("shallow"), &inner.join("shallow"))?;
    copy_if_there(&common.join("info/exclude"), &inner.join("info/exclude"))?;
    copy_if_there(&common.join("info/attributes"), &inner.join("info/attributes"))?;
    copy_if_there(&own.join("info/sparse-checkout"), &inner.join("info/sparse-checkout"))?;
    for entry in fs::read_dir(own)? {
        let entry = entry?;
        if entry.file_name().as_bytes().starts_with(b"sharedindex.") {
            copy_if_there(&entry.path(), &inner.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn copy_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::read(from) {
        Ok(bytes) => fs::write(to, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Only what says how files are compared; nothing that runs or names anything.
fn config(original: &Repository) -> String {
    let mut text = String::from("[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
    let Ok(config) = original.config() else { return text };
    for key in
        ["filemode", "symlinks", "ignorecase", "precomposeunicode", "sparseCheckout", "sparseCheckoutCone"]
    {
        if let Ok(value) = config.get_bool(&format!("core.{key}")) {
            text.push_str(&format!("\t{key} = {value}\n"));
        }
    }
    for (key, values) in
        [("autocrlf", &["true", "false", "input"][..]), ("eol", &["lf", "crlf", "native"][..])]
    {
        if let Ok(value) = config.get_string(&format!("core.{key}"))
            && values.contains(&value.as_str())
        {
            text.push_str(&format!("\t{key} = {value}\n"));
        }
    }
    text
}

/// Every reference with its object, in the form of `packed-refs`.
fn packed_references(original: &Repository) -> Result<Vec<u8>, WorkspaceError> {
    let mut lines = BTreeSet::new();
    for reference in original.references().map_err(git)?.flatten() {
        if let (Some(id), name) = (reference.target(), reference.name_bytes())
            && name.starts_with(b"refs/")
        {
            lines.insert((name.to_vec(), id.to_string()));
        }
    }
    let mut text = b"# pack-refs with: sorted \n".to_vec();
    for (name, id) in lines {
        text.extend_from_slice(id.as_bytes());
        text.push(b' ');
        text.extend_from_slice(&name);
        text.push(b'\n');
    }
    Ok(text)
}
