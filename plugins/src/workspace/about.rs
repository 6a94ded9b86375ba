//! Finding the repository that a folder belongs to.

use ecoops_core::domain::ContentHash;
use ecoops_core::ports::workspace::{About, WorkspaceError};
use git2::{ErrorCode, Repository, RepositoryOpenFlags};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub(super) fn find(here: &Path) -> Result<About, WorkspaceError> {
    let no = |why: String| WorkspaceError::NotARepository(here.to_path_buf(), why);
    let canonical = here.canonicalize().map_err(|e| no(e.to_string()))?;
    if !canonical.is_dir() {
        return Err(no("it is not a folder".into()));
    }
    let none: [&OsStr; 0] = [];
    match Repository::open_ext(&canonical, RepositoryOpenFlags::empty(), none) {
        Ok(repository) => describe(&repository),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(About {
            repository: name(&canonical),
            location: canonical,
            bare: false,
            head: None,
            branch: None,
            git: false,
        }),
        Err(error) if error.code() == ErrorCode::Owner => Err(no(format!(
            "the repository belongs to another user; if you trust it: \
             git config --global --add safe.directory '{}'",
            canonical.display()
        ))),
        Err(error) => Err(no(error.message().to_owned())),
    }
}

fn describe(repository: &Repository) -> Result<About, WorkspaceError> {
    let top = repository.workdir().unwrap_or_else(|| repository.path());
    let location =
        top.canonicalize().map_err(|e| WorkspaceError::NotARepository(top.to_path_buf(), e.to_string()))?;
    let head = repository.head().ok().and_then(|head| head.peel_to_commit().ok()).map(|c| c.id().to_string());
    Ok(About {
        repository: name(&location),
        location,
        bare: repository.workdir().is_none(),
        head,
        branch: branch(repository),
        git: true,
    })
}

/// The branch that HEAD stands on, born or not; `None` when detached.
fn branch(repository: &Repository) -> Option<String> {
    let head = repository.find_reference("HEAD").ok()?;
    let target = head.symbolic_target().ok()??;
    Some(target.strip_prefix("refs/heads/").unwrap_or(target).to_owned())
}

fn name(location: &Path) -> String {
    ContentHash::of(location.as_os_str().as_bytes()).hex().to_owned()
}
