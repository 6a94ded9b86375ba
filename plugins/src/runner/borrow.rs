//! Lends installed dependencies (`node_modules`, `.venv`, …) of the user's tree to an isolated copy of
//! it, which holds only what git knows. They are linked, and the cage lets them be read, never written.

use ecoops_core::domain::RepoPath;
use std::io;
use std::path::{Path, PathBuf};

/// Links each folder that `original` has and `copy` lacks. Returns the real places, to be made
/// readable (`local::Settings::readable`).
///
/// # Errors
/// [`io::Error`] when a link could not be made.
pub fn link(original: &Path, copy: &Path, folders: &[RepoPath]) -> io::Result<Vec<PathBuf>> {
    let mut lent = Vec::new();
    for folder in folders {
        let source = original.join(folder.as_str());
        let target = copy.join(folder.as_str());
        // A link that a repository put there itself could point anywhere.
        if !source.symlink_metadata().is_ok_and(|m| m.is_dir()) || target.symlink_metadata().is_ok() {
            continue;
        }
        let inside = target.parent().map(Path::canonicalize).transpose()?;
        if !inside.is_some_and(|p| copy.canonicalize().is_ok_and(|c| p.starts_with(c))) {
            continue;
        }
        std::os::unix::fs::symlink(&source, &target)?;
        lent.push(source.canonicalize()?);
    }
    Ok(lent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_folders_that_the_copy_lacks_are_lent() {
        let (original, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir_all(original.path().join("node_modules/x")).unwrap();
        std::fs::create_dir_all(original.path().join("has")).unwrap();
        std::fs::create_dir_all(copy.path().join("has")).unwrap();
        std::os::unix::fs::symlink("/", original.path().join("evil")).unwrap();
        let wanted: Vec<_> =
            ["node_modules", "has", "evil", "none"].map(|p| RepoPath::new(p).unwrap()).into_iter().collect();
        let lent = link(original.path(), copy.path(), &wanted).unwrap();
        assert_eq!(lent, vec![original.path().join("node_modules").canonicalize().unwrap()]);
        assert!(copy.path().join("node_modules/x").is_dir());
        assert!(!copy.path().join("evil").exists());
    }
}
