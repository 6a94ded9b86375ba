//! Cargo: the packages that changed and the workspace's packages that depend on them.

use super::{CheckLayer, Planner, Surroundings, is_below, parent};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Above this many packages the whole workspace is as quick.
const MANY: usize = 20;

pub(super) fn plan(planner: &mut Planner<'_>, folders: &[String]) {
    if !planner.around.tool("cargo") {
        return planner.cannot(CheckLayer::Test, "", "cargo is not installed");
    }
    let manifests = manifests(planner.around);
    let mut workspaces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for folder in folders {
        workspaces.entry(workspace_of(&manifests, folder)).or_default().push(folder);
    }
    for (root, members) in workspaces {
        let selection = selection(&manifests, root, &members);
        let with = |command: &[&str]| -> Vec<String> {
            command.iter().map(|w| (*w).to_owned()).chain(selection.iter().cloned()).collect()
        };
        let environment = [("CARGO_TERM_COLOR", "never"), ("CARGO_NET_OFFLINE", "true")];
        let mut add = |layer, command: &[&str]| {
            let words = with(command);
            planner.add(layer, root, &words.iter().map(String::as_str).collect::<Vec<_>>(), &environment);
        };
        add(CheckLayer::Build, &["cargo", "test", "--offline", "--no-run"]);
        add(CheckLayer::Test, &["cargo", "test", "--offline", "--no-fail-fast"]);
        let lints = ["clippy.toml", ".clippy.toml"].iter().any(|f| planner.around.has(root, f));
        if lints && (planner.around.works)(&["cargo", "clippy", "--version"]) {
            let words = with(&["cargo", "clippy", "--offline"]);
            planner.add(
                CheckLayer::Lint,
                root,
                &words.iter().map(String::as_str).collect::<Vec<_>>(),
                &environment,
            );
        }
    }
}

fn manifests(around: &Surroundings<'_>) -> BTreeMap<String, Table> {
    let paths = around.paths.iter().filter(|p| p.file_name() == "Cargo.toml");
    paths
        .filter_map(|p| Some((parent(p.as_str()).to_owned(), (around.read)(p)?.parse::<Table>().ok()?)))
        .collect()
}

/// The nearest folder above with a `[workspace]`, else the package's own.
fn workspace_of<'a>(manifests: &BTreeMap<String, Table>, folder: &'a str) -> &'a str {
    let mut at = folder;
    loop {
        if manifests.get(at).is_some_and(|m| m.contains_key("workspace")) {
            return at;
        }
        if at.is_empty() {
            return folder;
        }
        at = parent(at);
    }
}

/// `-p NAME …` for the changed packages and their dependents; nothing for a single package.
fn selection(manifests: &BTreeMap<String, Table>, root: &str, changed: &[&str]) -> Vec<String> {
    if !manifests.get(root).is_some_and(|m| m.contains_key("workspace")) {
        return Vec::new();
    }
    let whole = vec!["--workspace".to_owned()];
    let members: BTreeMap<String, &Table> = manifests
        .iter()
        .filter(|(folder, _)| folder.as_str() == root || is_below(folder, root))
        .filter_map(|(_, m)| Some((package_name(m)?, m)))
        .collect();
    let names: Option<BTreeSet<String>> =
        changed.iter().map(|f| manifests.get(*f).and_then(package_name)).collect();
    let Some(mut selected) = names else { return whole };
    loop {
        let more: Vec<String> = members
            .iter()
            .filter(|(name, m)| {
                !selected.contains(*name) && dependencies(m).iter().any(|d| selected.contains(d))
            })
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        selected.extend(more);
    }
    if selected.len() > MANY || selected.len() == members.len() {
        return whole;
    }
    selected.into_iter().flat_map(|name| ["-p".to_owned(), name]).collect()
}

fn package_name(manifest: &Table) -> Option<String> {
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

/// Names of all that a manifest depends on, for any target and kind.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    for table in targets.filter_map(Value::as_table).chain([manifest]) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (key, value) in table.get(kind).and_then(Value::as_table).into_iter().flatten() {
                let renamed = value.get("package").and_then(Value::as_str);
                names.insert(renamed.unwrap_or(key).to_owned());
            }
        }
    }
    names
}
