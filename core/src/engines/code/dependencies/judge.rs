//! Which imports nothing declares.

use super::manifests::{declared, ecosystem, normalise, roots_a_project};
use super::names::{
    JAVASCRIPT_HOSTS, JAVASCRIPT_PROVIDERS, NODE_BUILTIN, PYTHON_PROVIDERS, PYTHON_STANDARD, RUBY_STANDARD,
};
use super::{Ecosystem, Import};
use crate::domain::ContentHash;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

/// Folders of code that is not the project's own.
const FOREIGN: &[&str] =
    &["node_modules", "vendor", "third_party", "site-packages", ".venv", "venv", "dist", "build", "target"];

/// An import that nothing declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeclared {
    pub ecosystem: Ecosystem,
    /// The package, as far as its name can be told from the import.
    pub package: String,
    pub range: Range<usize>,
}

/// What is known of a whole project.
#[derive(Debug, Clone, Default)]
pub struct Project {
    declared: BTreeMap<Ecosystem, BTreeSet<String>>,
    /// Folders with a manifest (not only a lock file), each ending in `/` or empty.
    roots: BTreeSet<(Ecosystem, String)>,
    /// Names of files (without extension) and folders.
    local: HashSet<String>,
    /// Paths without extension.
    files: HashSet<String>,
    stamp: String,
}

impl Project {
    /// `paths` are all files of the project, `manifests` path and text of those for which
    /// [`super::is_manifest`] holds.
    pub fn new<'a>(
        paths: impl IntoIterator<Item = &'a str>,
        manifests: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut project = Self::default();
        let mut all = String::new();
        for path in paths {
            all.push_str(path);
            all.push('\n');
            let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
            project.files.insert(stem.to_owned());
            for part in path.split('/') {
                project.local.insert(part.split('.').next().unwrap_or(part).to_owned());
            }
        }
        for (path, text) in manifests {
            all.push_str(&format!("{path}\0{}\n", ContentHash::of(text.as_bytes())));
            let Some(kind) = ecosystem(path) else { continue };
            if roots_a_project(path) && !is_foreign(path) {
                let folder = path.rfind('/').map_or("", |at| &path[..=at]);
                project.roots.insert((kind, folder.to_owned()));
            }
            project.declared.entry(kind).or_default().extend(declared(path, text));
        }
        project.stamp = ContentHash::of(all.as_bytes()).hex().to_owned();
        project
    }

    /// Names all that the project was made of: what it says holds while this is the same.
    pub fn stamp(&self) -> &str {
        &self.stamp
    }

    /// The imports of the file at `path` that nothing declares, each package once.
    pub fn undeclared(&self, path: &str, imports: &[Import]) -> Vec<Undeclared> {
        let mut found: Vec<Undeclared> = Vec::new();
        if is_foreign(path) {
            return found;
        }
        for import in imports {
            let rooted = self
                .roots
                .iter()
                .any(|(kind, folder)| *kind == import.ecosystem && path.starts_with(folder.as_str()));
            let Some(package) = package(import).filter(|_| rooted) else { continue };
            if !self.knows(import, &package) && !found.iter().any(|known| known.package == package) {
                found.push(Undeclared { ecosystem: import.ecosystem, package, range: import.range.clone() });
            }
        }
        found
    }

    fn knows(&self, import: &Import, package: &str) -> bool {
        let Some(declared) = self.declared.get(&import.ecosystem) else { return true };
        match import.ecosystem {
            Ecosystem::Python => {
                PYTHON_STANDARD.contains(&package)
                    || package.starts_with('_')
                    || self.local.contains(package)
                    || provided_python(declared, package)
            }
            Ecosystem::JavaScript => {
                let top = package.split('/').next().unwrap_or(package);
                NODE_BUILTIN.contains(&package)
                    || JAVASCRIPT_HOSTS.contains(&package)
                    || self.local.contains(top)
                    || declared.contains(package)
                    || declared.contains(&format!("@types/{package}"))
                    || declared
                        .iter()
                        .any(|alias| !alias.is_empty() && import.name.starts_with(&format!("{alias}/")))
                    || provided(JAVASCRIPT_PROVIDERS, declared, package)
            }
            Ecosystem::Go => declared.iter().any(|module| {
                import.name == *module
                    || import.name.strip_prefix(module.as_str()).is_some_and(|rest| rest.starts_with('/'))
            }),
            Ecosystem::Rust => declared.contains(package) || self.local.contains(package),
            Ecosystem::Ruby => {
                let loose = |name: &str| name.replace(['-', '_', '/'], "").to_ascii_lowercase();
                let (whole, first) = (loose(&import.name), loose(package));
                RUBY_STANDARD.contains(&package)
                    || self.local.contains(package)
                    || self.files.iter().any(|file| file.ends_with(&import.name))
                    || declared
                        .iter()
                        .map(|gem| loose(gem))
                        .any(|gem| gem.contains(&first) || gem.len() >= 4 && whole.contains(&gem))
            }
        }
    }
}

fn is_foreign(path: &str) -> bool {
    path.split('/').any(|part| FOREIGN.contains(&part))
}

/// The package that an import means; none for a local one and for what is no package at all.
fn package(import: &Import) -> Option<String> {
    let name = import.name.as_str();
    let package = match import.ecosystem {
        Ecosystem::Python => name.split('.').next()?,
        Ecosystem::JavaScript => {
            let special = name.starts_with(['.', '/', '#', '~', '$'])
                || name.starts_with("@/")
                || name.contains([':', '!', '?', '*', ' ']);
            if special || name.is_empty() || name.chars().any(|c| c.is_ascii_uppercase()) {
                return None;
            }
            let parts = if name.starts_with('@') { 2 } else { 1 };
            let end = name.match_indices('/').nth(parts - 1).map_or(name.len(), |(at, _)| at);
            &name[..end]
        }
        Ecosystem::Go => {
            // Without a dot it is the standard library or, in old trees, the project itself.
            if !name.split('/').next()?.contains('.') {
                return None;
            }
            name
        }
        Ecosystem::Rust => {
            let own = matches!(
                name,
                "std" | "core" | "alloc" | "proc_macro" | "test" | "crate" | "self" | "super" | "r#crate"
            );
            if own || name.starts_with(|c: char| c.is_ascii_uppercase()) {
                return None;
            }
            name
        }
        Ecosystem::Ruby => {
            if name.starts_with(['.', '/']) {
                return None;
            }
            name.split('/').next()?
        }
    };
    Some(package.to_owned())
}

fn provided(table: &[(&str, &[&str])], declared: &BTreeSet<String>, package: &str) -> bool {
    table
        .iter()
        .filter(|(name, _)| *name == package)
        .any(|(_, by)| by.iter().any(|provider| declared.contains(*provider)))
}

/// A distribution often bears its module's name with something before or behind it.
fn provided_python(declared: &BTreeSet<String>, module: &str) -> bool {
    let name = normalise(module);
    let loose = name.replace('-', "");
    declared.contains(&name)
        || provided(PYTHON_PROVIDERS, declared, module)
        || declared.iter().any(|distribution| {
            let other = distribution.replace('-', "");
            let namespaced =
                distribution.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('-'));
            namespaced
                || loose.len() >= 4 && other.contains(&loose)
                || other.len() >= 4 && loose.contains(&other)
        })
}
