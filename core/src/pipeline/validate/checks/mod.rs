//! Finds the checks that a project has itself: what to build, lint and test after some files changed.
//!
//! A pure function of paths and texts. It starts nothing and decides nothing about results.

mod affected;
mod cargo;
mod javascript;
mod others;
mod python;
mod settings;
mod syntax;

pub use settings::{CommandLine, NamedCommand, ValidateSettings, split_words};

use crate::domain::RepoPath;
use crate::ports::runner::Check;
use affected::{Ecosystem, Subproject};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// In the order in which they are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckLayer {
    Build,
    Lint,
    Test,
}

impl CheckLayer {
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Lint => "lint",
            Self::Test => "test",
        }
    }
}

#[derive(Debug, Clone)]
pub struct PlannedCheck {
    pub layer: CheckLayer,
    /// As a person would type it in the repository's root.
    pub command: String,
    /// The subproject's folder in the repository; empty for its root.
    pub folder: String,
    pub check: Check,
}

/// A layer for which nothing can be run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    pub layer: CheckLayer,
    pub why: String,
}

/// The limits of every check and the isolated copy in which it runs.
#[derive(Debug, Clone)]
pub struct Cage {
    /// The isolated copy's folder; writable.
    pub root: PathBuf,
    pub writable: Vec<PathBuf>,
    pub deadline_seconds: u64,
    pub memory_bytes: u64,
}

impl Cage {
    /// A check in `folder` (relative to the root; empty for the root itself). Needs a program.
    pub fn check(&self, folder: &str, command: &[&str], environment: &[(&str, &str)]) -> Check {
        let (program, arguments) = command.split_first().unwrap_or((&"", &[]));
        let mut writable = self.writable.clone();
        writable.push(self.root.clone());
        Check {
            program: (*program).to_owned(),
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
            environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            folder: if folder.is_empty() { self.root.clone() } else { self.root.join(folder) },
            writable,
            network: false,
            deadline_seconds: self.deadline_seconds,
            memory_bytes: self.memory_bytes,
        }
    }
}

/// The project as far as detection looks at it.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Every file, sorted.
    pub paths: &'a [RepoPath],
    /// A small file's text; `None` when it is missing, too large or not UTF-8.
    pub read: &'a dyn Fn(&RepoPath) -> Option<String>,
    /// Whether this command succeeds in the cage, such as `["python3", "-c", "import pytest"]`.
    pub works: &'a dyn Fn(&[&str]) -> bool,
    /// Whether the isolated copy has this file or folder, ignored by git or not.
    pub exists: &'a dyn Fn(&str) -> bool,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("paths", &self.paths.len()).finish_non_exhaustive()
    }
}

impl Surroundings<'_> {
    fn text(&self, folder: &str, name: &str) -> Option<String> {
        let path = RepoPath::new(join(folder, name)).ok()?;
        self.paths.binary_search(&path).ok()?;
        (self.read)(&path)
    }

    fn has(&self, folder: &str, name: &str) -> bool {
        RepoPath::new(join(folder, name)).is_ok_and(|p| self.paths.binary_search(&p).is_ok())
    }

    /// A tool that answers to `--version`.
    fn tool(&self, name: &str) -> bool {
        (self.works)(&[name, "--version"])
    }

    fn below<'s>(&'s self, folder: &'s str) -> impl Iterator<Item = &'s RepoPath> {
        self.paths.iter().filter(move |p| is_below(p.as_str(), folder))
    }
}

/// What is to be run, in order, and what cannot be.
#[derive(Debug, Clone, Default)]
pub struct Detected {
    pub checks: Vec<PlannedCheck>,
    pub unchecked: Vec<Unchecked>,
}

/// Collects checks in one cage.
struct Planner<'a> {
    around: &'a Surroundings<'a>,
    cage: &'a Cage,
    found: Detected,
}

impl Planner<'_> {
    fn add(&mut self, layer: CheckLayer, folder: &str, command: &[&str], environment: &[(&str, &str)]) {
        let typed = settings::typed(command);
        let command_line = if folder.is_empty() { typed } else { format!("cd {folder} && {typed}") };
        let check = self.cage.check(folder, command, environment);
        let planned = PlannedCheck { layer, command: command_line, folder: folder.to_owned(), check };
        self.found.checks.push(planned);
    }

    fn cannot(&mut self, layer: CheckLayer, folder: &str, why: &str) {
        let place = if folder.is_empty() { String::new() } else { format!("{folder}: ") };
        self.found.unchecked.push(Unchecked { layer, why: format!("{place}{why}") });
    }
}

/// Plans the checks for the files that a fix changes. Commands of `[validate]` replace detection;
/// they come from the repository and must be trusted before they get here. Each tool is asked for once.
pub fn plan(
    settings: &ValidateSettings,
    around: &Surroundings<'_>,
    changed: &[RepoPath],
    cage: &Cage,
) -> Detected {
    let known: RefCell<BTreeMap<String, bool>> = RefCell::default();
    let works = |command: &[&str]| {
        let key = command.join("\0");
        let seen = known.borrow().get(&key).copied();
        seen.unwrap_or_else(|| {
            let works = (around.works)(command);
            known.borrow_mut().insert(key, works);
            works
        })
    };
    let around = &Surroundings { works: &works, ..*around };
    let mut planner = Planner { around, cage, found: Detected::default() };
    if settings.commands.is_empty() {
        syntax::plan(&mut planner, changed);
        let subprojects = affected::subprojects(around, changed);
        for (ecosystem, folders) in by_ecosystem(subprojects) {
            plan_ecosystem(&mut planner, ecosystem, &folders, changed);
        }
    } else {
        settings::plan(&mut planner, &settings.commands);
    }
    planner.found.checks.sort_by_key(|c| c.layer);
    planner.found.unchecked.sort_by_key(|u| u.layer);
    planner.found
}

/// Folders that hold installed dependencies, which an isolated copy lacks because git ignores them:
/// to be lent to it. `exists` looks at the user's own tree.
pub fn borrowed_folders(paths: &[RepoPath], exists: &dyn Fn(&str) -> bool) -> Vec<RepoPath> {
    let folders = paths.iter().filter_map(|p| {
        let names: &[&str] = match p.file_name() {
            "package.json" => &["node_modules"],
            "composer.json" => &["vendor"],
            "pyproject.toml" | "setup.py" | "setup.cfg" | "requirements.txt" => &[".venv", "venv"],
            _ => return None,
        };
        Some(names.iter().map(move |n| join(parent(p.as_str()), n)))
    });
    let mut found: Vec<RepoPath> =
        folders.flatten().filter(|f| exists(f)).filter_map(|f| RepoPath::new(f).ok()).collect();
    found.sort();
    found.dedup();
    found
}

fn by_ecosystem(subprojects: Vec<Subproject>) -> BTreeMap<Ecosystem, Vec<String>> {
    let mut groups: BTreeMap<Ecosystem, Vec<String>> = BTreeMap::new();
    for s in subprojects {
        groups.entry(s.ecosystem).or_default().push(s.folder);
    }
    groups
}

fn plan_ecosystem(planner: &mut Planner<'_>, ecosystem: Ecosystem, folders: &[String], changed: &[RepoPath]) {
    if ecosystem == Ecosystem::Cargo {
        return cargo::plan(planner, folders);
    }
    for folder in folders {
        match ecosystem {
            Ecosystem::Cargo => {}
            Ecosystem::JavaScript => javascript::plan(planner, folder),
            Ecosystem::Python => python::plan(planner, folder, changed),
            Ecosystem::Go => others::go(planner, folder),
            Ecosystem::Maven => others::maven(planner, folder),
            Ecosystem::Gradle => others::gradle(planner, folder),
            Ecosystem::Php => others::php(planner, folder),
            Ecosystem::Ruby => others::ruby(planner, folder),
            Ecosystem::Dotnet => others::dotnet(planner, folder),
            Ecosystem::Make => others::make(planner, folder),
        }
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder of a path; empty for the root.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
