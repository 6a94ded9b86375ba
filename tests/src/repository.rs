//! Real git repositories in temporary folders, made with the `git` program.
//!
//! Nothing of the machine's git configuration is read by `git`; the author is set in each repository.

use ecoops_core::domain::{ContentHash, RepoPath, RunId};
use ecoops_core::ports::workspace::WorkspaceError;
use ecoops_plugins::workspace::git::{GitWorkspace, Settings};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Mode and content by name.
pub type Snapshot = BTreeMap<String, (u32, Vec<u8>)>;

/// A repository that goes away with the value.
#[derive(Debug)]
pub struct Repo {
    home: tempfile::TempDir,
    pub root: PathBuf,
}

impl Default for Repo {
    fn default() -> Self {
        Self::new()
    }
}

impl Repo {
    /// An empty repository on the branch `main`.
    pub fn new() -> Self {
        let repo = Self::plain();
        repo.git(&["init", "-q", "--template=", "-b", "main", "."]);
        repo.git(&["config", "user.name", "A U Thor"]);
        repo.git(&["config", "user.email", "author@example.com"]);
        repo
    }

    /// A folder without git.
    pub fn plain() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let root = home.path().canonicalize().expect("it is there").join("work tree");
        fs::create_dir(&root).expect("a folder");
        Self { home, root }
    }

    /// One with these files committed.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let repo = Self::new();
        for (path, text) in files {
            repo.write(path, text);
        }
        repo.git(&["add", "-A"]);
        repo.git(&["commit", "-q", "-m", "first"]);
        repo
    }

    /// Where caches and other repositories of the test go.
    pub fn outside(&self) -> &Path {
        self.home.path()
    }

    pub fn open(&self) -> GitWorkspace {
        self.open_at(&self.root)
    }

    pub fn open_at(&self, folder: &Path) -> GitWorkspace {
        GitWorkspace::open(folder, Settings::new(self.outside().join("cache"))).expect("it opens")
    }

    /// Runs git in the repository.
    ///
    /// # Panics
    /// When it fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.root, arguments)
    }

    /// # Panics
    /// When git fails.
    pub fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let (good, out) = self.try_git(folder, arguments);
        assert!(good, "git {arguments:?}: {out}");
        out
    }

    /// Whether git ended well, and what it said.
    pub fn try_git(&self, folder: &Path, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("git")
            .args(["-c", "protocol.file.allow=always", "-c", "safe.directory=*"])
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.outside())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
            .output()
            .expect("git runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let place = self.root.join(path);
        fs::create_dir_all(place.parent().expect("it has a folder")).expect("folders");
        fs::write(place, text).expect("it is written");
    }

    pub fn read(&self, path: &str) -> String {
        String::from_utf8(fs::read(self.root.join(path)).expect("it is there")).expect("it is text")
    }

    pub fn chmod(&self, path: &str, mode: u32) {
        fs::set_permissions(self.root.join(path), fs::Permissions::from_mode(mode)).expect("chmod");
    }

    /// The names of all that differs from an earlier snapshot with git.
    pub fn changes_since(&self, before: &Snapshot) -> Vec<String> {
        differences(before, &self.snapshot(true))
    }

    /// Every file, link and folder below the root (`.git` too, if asked): mode and content. Of git's
    /// own, what changes by writing objects and logs is left out.
    pub fn snapshot(&self, git: bool) -> Snapshot {
        snapshot_of(&self.root, git)
    }
}

/// Every file, link and folder below any folder, as [`Repo::snapshot`] has it.
pub fn snapshot_of(root: &Path, git: bool) -> Snapshot {
    let mut all = BTreeMap::new();
    collect(root, root, git, &mut all);
    all
}

/// The names of all that differs between two snapshots.
pub fn differences(before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let mut names: Vec<String> =
        before.keys().chain(now.keys()).filter(|name| now.get(*name) != before.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    names
}

fn collect(root: &Path, folder: &Path, git: bool, all: &mut Snapshot) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
        let about = path.symlink_metadata().expect("it is there");
        if [".git/objects", ".git/logs"].contains(&name.as_str()) || (name == ".git" && !git) {
            continue;
        }
        let content = match about.file_type() {
            kind if kind.is_dir() => {
                collect(root, &path, git, all);
                Vec::new()
            }
            kind if kind.is_symlink() => {
                fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
            }
            kind if kind.is_file() => fs::read(&path).expect("a file"),
            _ => Vec::new(),
        };
        all.insert(name, (about.mode(), content));
    }
}

/// Contents by their hash, in memory.
#[derive(Debug, Default)]
pub struct Blobs(RefCell<BTreeMap<ContentHash, Vec<u8>>>);

impl Blobs {
    /// # Errors
    /// Never.
    pub fn keep(&self, bytes: &[u8]) -> Result<ContentHash, WorkspaceError> {
        let hash = ContentHash::of(bytes);
        self.0.borrow_mut().insert(hash.clone(), bytes.to_vec());
        Ok(hash)
    }

    /// # Errors
    /// When it was never kept.
    pub fn get(&self, hash: &ContentHash) -> Result<Vec<u8>, WorkspaceError> {
        let found = self.0.borrow().get(hash).cloned();
        found.ok_or_else(|| WorkspaceError::Storage(format!("{hash} is not kept")))
    }
}

pub fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("a path")
}

pub fn run_id() -> RunId {
    RunId("01JC0000000000000000000000".into())
}

/// What `prepare` takes, for files whose text is to become another.
pub fn replacements(repo: &Repo, files: &[(&str, &str)]) -> Vec<(RepoPath, ContentHash, Vec<u8>)> {
    files
        .iter()
        .map(|(name, new)| {
            let old = fs::read(repo.root.join(name)).unwrap_or_default();
            (path(name), ContentHash::of(&old), new.as_bytes().to_vec())
        })
        .collect()
}
