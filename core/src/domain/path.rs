//! Paths inside a repository. Never a path of the machine.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A file's place in its repository: relative, `/`-separated, UTF-8, without `.`, `..` or empty
/// components, and never inside `.git`. Whoever holds one knows that joining it to the root cannot
/// leave the root by its spelling (symlinks are the workspace port's business).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoPath(String);

/// Why a text is not a [`RepoPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a path inside the repository")]
pub struct BadPath(pub String);

impl RepoPath {
    /// # Errors
    /// [`BadPath`] when the text is empty, absolute, holds a NUL or a backslash-free component that
    /// is empty, `.`, `..` or (in any case) `.git`.
    pub fn new(text: impl Into<String>) -> Result<Self, BadPath> {
        let text = text.into();
        let bad = text.is_empty()
            || text.contains('\0')
            || text
                .split('/')
                .any(|c| c.is_empty() || c == "." || c == ".." || c.eq_ignore_ascii_case(".git"));
        if bad { Err(BadPath(text)) } else { Ok(Self(text)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// What follows the last dot of the file name, lower case; empty when there is none.
    pub fn extension(&self) -> String {
        match self.file_name().rsplit_once('.') {
            Some((stem, ext)) if !stem.is_empty() => ext.to_ascii_lowercase(),
            _ => String::new(),
        }
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl TryFrom<String> for RepoPath {
    type Error = BadPath;
    fn try_from(text: String) -> Result<Self, BadPath> {
        Self::new(text)
    }
}

impl From<RepoPath> for String {
    fn from(path: RepoPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_inside_the_repository() {
        for (text, good) in [
            ("a", true),
            ("a/b.rs", true),
            ("a/..b", true),
            (".github/workflows/ci.yml", true),
            ("", false),
            ("/etc/passwd", false),
            ("../a", false),
            ("a/../b", false),
            ("a//b", false),
            ("./a", false),
            (".git/config", false),
            ("x/.GIT/hooks/pre-push", false),
            ("a\0b", false),
        ] {
            assert_eq!(RepoPath::new(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn extension_is_what_follows_the_last_dot() {
        for (text, ext) in [("a/b.tar.GZ", "gz"), ("Makefile", ""), (".bashrc", ""), ("a.d/b", "")] {
            assert_eq!(RepoPath::new(text).unwrap().extension(), ext, "{text}");
        }
    }
}
