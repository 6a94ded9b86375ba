//! npm, pnpm, yarn and bun: the scripts of a `package.json` that really check something.

use super::{CheckLayer, Planner, Surroundings, join, parent};
use serde_json::Value;

const SCRIPTS: &[(CheckLayer, &[&str])] = &[
    (CheckLayer::Build, &["build", "compile", "typecheck", "type-check", "check-types"]),
    (CheckLayer::Lint, &["lint"]),
    (CheckLayer::Test, &["test"]),
];

pub(super) fn plan(planner: &mut Planner<'_>, folder: &str) {
    let around = planner.around;
    let Some(manifest) =
        around.text(folder, "package.json").and_then(|t| serde_json::from_str::<Value>(&t).ok())
    else {
        return planner.cannot(CheckLayer::Test, folder, "package.json cannot be read");
    };
    let scripts = |name: &str| manifest.get("scripts")?.get(name)?.as_str().filter(|s| is_real(s));
    let chosen: Vec<(CheckLayer, &str)> = SCRIPTS
        .iter()
        .flat_map(|(layer, names)| names.iter().map(|n| (*layer, *n)))
        .filter(|(_, name)| scripts(name).is_some())
        .collect();
    if chosen.is_empty() {
        return planner.cannot(CheckLayer::Test, folder, "package.json has no build, lint or test script");
    }
    let needs = ["dependencies", "devDependencies"]
        .iter()
        .any(|k| manifest.get(k).and_then(Value::as_object).is_some_and(|o| !o.is_empty()));
    if needs && !installed(around, folder) {
        let why = "its dependencies are not installed (no node_modules)";
        return chosen.iter().for_each(|(layer, _)| planner.cannot(*layer, folder, why));
    }
    let Some(tool) = [manager(around, folder), "npm"].into_iter().find(|t| around.tool(t)) else {
        return planner.cannot(CheckLayer::Test, folder, "npm is not installed");
    };
    let environment = [
        ("NO_COLOR", "1"),
        ("FORCE_COLOR", "0"),
        ("npm_config_offline", "true"),
        ("npm_config_update_notifier", "false"),
    ];
    for (layer, script) in chosen {
        planner.add(layer, folder, &[tool, "run", script], &environment);
    }
}

/// `npm init` writes a test script that only fails.
fn is_real(script: &str) -> bool {
    let script = script.trim();
    let placeholder =
        script.contains("no test specified") || matches!(script, "" | "exit 0" | "true" | ":" | "exit 1");
    !placeholder && !script.contains("--watch")
}

fn installed(around: &Surroundings<'_>, folder: &str) -> bool {
    ancestors(folder).any(|f| (around.exists)(&join(f, "node_modules")) || around.has(f, ".pnp.cjs"))
}

/// After the nearest lock file.
fn manager(around: &Surroundings<'_>, folder: &str) -> &'static str {
    const LOCKS: &[(&str, &str)] = &[
        ("pnpm-lock.yaml", "pnpm"),
        ("yarn.lock", "yarn"),
        ("bun.lock", "bun"),
        ("bun.lockb", "bun"),
        ("package-lock.json", "npm"),
    ];
    let mut found = ancestors(folder).filter_map(|f| LOCKS.iter().find(|(lock, _)| around.has(f, lock)));
    found.next().map_or("npm", |(_, tool)| tool)
}

/// The folder and those above it, up to the root.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |f| (!f.is_empty()).then(|| parent(f)))
}
