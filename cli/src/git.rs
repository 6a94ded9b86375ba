//! Asks the installed git what only it knows exactly: where hooks are, what a remote already has.
//! Never changes anything.

use crate::exit::Failure;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Git, asked in one folder.
#[derive(Debug, Clone)]
pub struct Git {
    folder: PathBuf,
}

impl Git {
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// The output of a command, without its last line end; `None` when git says no.
    ///
    /// # Errors
    /// [`Failure`] when there is no git or its output is not UTF-8.
    pub fn ask(&self, arguments: &[&str]) -> Result<Option<String>, Failure> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder).args(["-c", "core.fsmonitor=false"]).args(arguments);
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        let output = command.stdin(Stdio::null()).output().map_err(|e| {
            Failure::new("git could not be started")
                .because(&e)
                .next("install git and see that it is on the PATH")
        })?;
        if !output.status.success() {
            return Ok(None);
        }
        let text = String::from_utf8(output.stdout)
            .map_err(|_| Failure::new(format!("the output of `git {}` is not UTF-8", arguments.join(" "))))?;
        Ok(Some(text.trim_end_matches('\n').to_owned()))
    }

    /// As [`Self::ask`], where no is an error.
    fn must(&self, arguments: &[&str]) -> Result<String, Failure> {
        let none = || {
            Failure::new(format!("`git {}` failed in {}", arguments.join(" "), self.folder.display()))
                .next("run it to see why; is this a git repository?")
        };
        self.ask(arguments)?.ok_or_else(none)
    }

    /// The folder that git looks for hooks in, `core.hooksPath` and worktrees considered.
    ///
    /// # Errors
    /// [`Failure`] outside of a repository.
    pub fn hooks(&self) -> Result<PathBuf, Failure> {
        let text = self.must(&["rev-parse", "--path-format=absolute", "--git-path", "hooks"])?;
        Ok(PathBuf::from(text))
    }

    /// The folders that belong to this repository alone: its git folder and its working tree.
    ///
    /// # Errors
    /// [`Failure`] outside of a repository.
    pub fn own_folders(&self) -> Result<Vec<PathBuf>, Failure> {
        let common = self.must(&["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
        let top = self.ask(&["rev-parse", "--show-toplevel"])?;
        Ok([Some(common), top].into_iter().flatten().map(PathBuf::from).collect())
    }

    /// The full id of the commit that a name stands for (a tag's commit for a tag).
    ///
    /// # Errors
    /// [`Failure`] when git cannot be asked.
    pub fn commit(&self, name: &str) -> Result<Option<String>, Failure> {
        // A name that begins with a dash would be taken for an option.
        if name.starts_with('-') || name.is_empty() {
            return Ok(None);
        }
        self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")])
    }

    /// What a push of `commit` adds to a remote (`None`: to any remote), as far as its tracking
    /// branches tell.
    ///
    /// # Errors
    /// [`Failure`] when git cannot be asked.
    pub fn outgoing(&self, commit: &str, remote: Option<&str>) -> Result<Outgoing, Failure> {
        let remotes = remote.map_or("--remotes".to_owned(), |r| format!("--remotes={r}"));
        let listed = self.must(&["rev-list", "--boundary", "--topo-order", commit, "--not", &remotes])?;
        if listed.is_empty() {
            return Ok(Outgoing::Nothing);
        }
        let boundary = listed.lines().find_map(|l| l.strip_prefix('-'));
        Ok(boundary.map_or(Outgoing::Everything, |b| Outgoing::Since(b.to_owned())))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    Nothing,
    /// The newest commit that both sides have.
    Since(String),
    Everything,
}
