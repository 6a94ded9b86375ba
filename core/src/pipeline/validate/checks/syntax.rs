//! A language's own syntax check of each changed file, where the language has a quick one.

use super::{CheckLayer, Planner};
use crate::domain::RepoPath;

/// Files checked one by one; a build finds what is wrong in the rest.
const MOST: usize = 50;
/// Compiles without writing `.pyc` files.
const PYTHON: &str = "import sys\nfor f in sys.argv[1:]: compile(open(f, 'rb').read(), f, 'exec')";

/// The tool's arguments before the file, by extension.
const TOOLS: &[(&[&str], &[&str])] = &[
    (&["sh", "bash"], &["bash", "-n"]),
    (&["js", "mjs", "cjs"], &["node", "--check"]),
    (&["php"], &["php", "-l"]),
    (&["rb"], &["ruby", "-c"]),
];

pub(super) fn plan(planner: &mut Planner<'_>, changed: &[RepoPath]) {
    let with = |extensions: &[&str]| -> Vec<&str> {
        let files = changed.iter().filter(|p| extensions.contains(&p.extension().as_str()));
        files.map(RepoPath::as_str).filter(|p| !p.starts_with('-')).take(MOST).collect()
    };
    let python = with(&["py"]);
    if !python.is_empty() && planner.around.tool("python3") {
        let command = [&["python3", "-c", PYTHON], python.as_slice()].concat();
        planner.add(CheckLayer::Build, "", &command, &[]);
        if let Some(added) = planner.found.checks.last_mut() {
            added.command = format!("python3 -m py_compile {}", python.join(" "));
        }
    }
    for (extensions, tool) in TOOLS {
        let files = with(extensions);
        if !files.is_empty() && tool.first().is_some_and(|t| planner.around.tool(t)) {
            for file in files {
                planner.add(CheckLayer::Build, "", &[tool, &[file][..]].concat(), &[]);
            }
        }
    }
}
