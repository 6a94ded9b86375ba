//! Which subprojects of a repository the changed files belong to: for each, those of the nearest
//! folder above it whose manifest is of a language that cares about such a file.

use super::{Surroundings, others, parent};
use crate::domain::RepoPath;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ecosystem {
    Cargo,
    JavaScript,
    Python,
    Go,
    Maven,
    Gradle,
    Php,
    Ruby,
    Dotnet,
    Make,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subproject {
    pub ecosystem: Ecosystem,
    /// Empty for the root.
    pub folder: String,
}

impl Ecosystem {
    fn of_manifest(path: &RepoPath) -> Option<Self> {
        Some(match path.file_name() {
            "Cargo.toml" => Self::Cargo,
            "package.json" => Self::JavaScript,
            "pyproject.toml" | "setup.py" | "setup.cfg" | "pytest.ini" | "tox.ini" | "requirements.txt" => {
                Self::Python
            }
            "go.mod" => Self::Go,
            "pom.xml" => Self::Maven,
            "build.gradle" | "build.gradle.kts" => Self::Gradle,
            "composer.json" => Self::Php,
            "Gemfile" | "Rakefile" => Self::Ruby,
            "Makefile" | "makefile" | "GNUmakefile" => Self::Make,
            _ if matches!(path.extension().as_str(), "csproj" | "fsproj" | "sln") => Self::Dotnet,
            _ => return None,
        })
    }

    fn cares(self, extension: &str) -> bool {
        match self {
            Self::Cargo => matches!(extension, "rs" | "toml"),
            Self::JavaScript => matches!(
                extension,
                "js" | "mjs"
                    | "cjs"
                    | "jsx"
                    | "ts"
                    | "mts"
                    | "cts"
                    | "tsx"
                    | "json"
                    | "vue"
                    | "svelte"
                    | "css"
                    | "html"
            ),
            Self::Python => matches!(extension, "py" | "pyi" | "pyx" | "toml" | "cfg"),
            Self::Go => matches!(extension, "go" | "mod" | "sum"),
            Self::Maven | Self::Gradle => {
                matches!(extension, "java" | "kt" | "kts" | "groovy" | "scala" | "xml" | "gradle")
            }
            Self::Php => matches!(extension, "php"),
            Self::Ruby => matches!(extension, "rb" | "erb" | "rake"),
            Self::Dotnet => matches!(extension, "cs" | "fs" | "vb" | "cshtml" | "csproj"),
            Self::Make => {
                matches!(extension, "c" | "h" | "cc" | "cpp" | "cxx" | "hh" | "hpp" | "hxx" | "s" | "mk")
            }
        }
    }
}

/// Sorted by ecosystem and folder, without repetition.
pub(super) fn subprojects(around: &Surroundings<'_>, changed: &[RepoPath]) -> Vec<Subproject> {
    let index = index(around);
    let mut found = BTreeSet::new();
    for path in changed {
        let extension = path.extension();
        let nearest =
            nearest(&index, path, &|e| e.cares(&extension)).or_else(|| nearest(&index, path, &|_| true));
        found.extend(nearest.into_iter().flatten());
    }
    found.into_iter().collect()
}

fn index<'a>(around: &Surroundings<'a>) -> BTreeMap<&'a str, BTreeSet<Ecosystem>> {
    let mut index: BTreeMap<&str, BTreeSet<Ecosystem>> = BTreeMap::new();
    for path in around.paths {
        let folder = parent(path.as_str());
        if let Some(ecosystem) = Ecosystem::of_manifest(path)
            && (ecosystem != Ecosystem::Make || others::has_targets(around, folder))
        {
            index.entry(folder).or_default().insert(ecosystem);
        }
    }
    // Tests of the standard library's kind need no manifest.
    if around.paths.iter().any(is_python_test) {
        index.entry("").or_default().insert(Ecosystem::Python);
    }
    index
}

pub(super) fn is_python_test(path: &RepoPath) -> bool {
    let name = path.file_name();
    name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py"))
}

/// What cares in the nearest folder; make stands back where anything else is found.
fn nearest(
    index: &BTreeMap<&str, BTreeSet<Ecosystem>>,
    path: &RepoPath,
    cares: &dyn Fn(Ecosystem) -> bool,
) -> Option<Vec<Subproject>> {
    let mut folder = parent(path.as_str());
    let mut make: Option<Vec<Subproject>> = None;
    loop {
        let here = index.get(folder).into_iter().flatten().copied().filter(|e| cares(*e));
        let here: Vec<Subproject> =
            here.map(|ecosystem| Subproject { ecosystem, folder: folder.to_owned() }).collect();
        let own: Vec<Subproject> = here.iter().filter(|s| s.ecosystem != Ecosystem::Make).cloned().collect();
        if !own.is_empty() {
            return Some(own);
        }
        if make.is_none() && !here.is_empty() {
            make = Some(here);
        }
        if folder.is_empty() {
            return make;
        }
        folder = parent(folder);
    }
}
