//! Python: pytest where it is configured and importable, else unittest; ruff where it is configured.

use super::affected::is_python_test;
use super::{CheckLayer, Planner, Surroundings, is_below, join};
use crate::domain::RepoPath;

/// No `.pyc`: their staleness check looks at whole seconds and sizes, which a quick fix can leave the same.
const ENVIRONMENT: [(&str, &str); 3] =
    [("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONHASHSEED", "0"), ("PY_COLORS", "0")];
/// Files given to one linter call.
const MOST_FILES: usize = 200;

pub(super) fn plan(planner: &mut Planner<'_>, folder: &str, changed: &[RepoPath]) {
    let around = planner.around;
    let Some(Interpreter { called: python, asked }) = interpreter(around, folder) else {
        return planner.cannot(CheckLayer::Test, folder, "python3 is not installed");
    };
    lint(planner, folder, changed);
    // Where an installed package points at the user's own tree, the copy must come first.
    let source = around.below(&join(folder, "src")).next().map(|_| ("PYTHONPATH", "src"));
    let environment: Vec<(&str, &str)> = ENVIRONMENT.into_iter().chain(source).collect();
    let wants_pytest =
        configured(around, folder, "pytest") || around.below(folder).any(|p| p.file_name() == "conftest.py");
    let tests: Vec<&RepoPath> = around.below(folder).filter(|p| is_python_test(p)).collect();
    if tests.is_empty() && !wants_pytest {
        return planner.cannot(CheckLayer::Test, folder, "no Python tests found");
    }
    if (around.works)(&[&asked, "-c", "import pytest"]) {
        let command = [python.as_str(), "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "--color=no"];
        return planner.add(CheckLayer::Test, folder, &command, &environment);
    }
    let imports = |word: &str| tests.iter().filter_map(|p| (around.read)(p)).any(|t| t.contains(word));
    if !imports("unittest") {
        let why = format!("the tests need pytest, which {python} cannot import");
        return planner.cannot(CheckLayer::Test, folder, &why);
    }
    let start = unittest_start(folder, &tests);
    let mut command = vec![python.as_str(), "-m", "unittest", "discover", "-v"];
    if let Some((start, pattern)) = &start {
        command.extend(["-s", start, "-t", ".", "-p", pattern]);
    }
    planner.add(CheckLayer::Test, folder, &command, &environment);
}

struct Interpreter {
    /// As it is called in the subproject's folder.
    called: String,
    /// As it is called in the root, where tools are asked for.
    asked: String,
}

/// The project's own virtual environment before the machine's.
fn interpreter(around: &Surroundings<'_>, folder: &str) -> Option<Interpreter> {
    let own =
        [".venv/bin/python", "venv/bin/python"].into_iter().filter(|p| (around.exists)(&join(folder, p)));
    let own = own.map(|p| Interpreter { called: format!("./{p}"), asked: format!("./{}", join(folder, p)) });
    let machine = ["python3", "python"].map(|p| Interpreter { called: p.to_owned(), asked: p.to_owned() });
    own.chain(machine).find(|p| around.tool(&p.asked))
}

/// Whether a configuration file has a section for a tool.
fn configured(around: &Surroundings<'_>, folder: &str, tool: &str) -> bool {
    let says = |file: &str, section: &str| around.text(folder, file).is_some_and(|t| t.contains(section));
    let own = [format!("{tool}.ini"), format!("{tool}.toml"), format!(".{tool}.toml")];
    own.iter().any(|f| around.has(folder, f))
        || says("pyproject.toml", &format!("[tool.{tool}"))
        || ["setup.cfg", "tox.ini"]
            .iter()
            .any(|f| says(f, &format!("[tool:{tool}]")) || says(f, &format!("[{tool}]")))
}

fn lint(planner: &mut Planner<'_>, folder: &str, changed: &[RepoPath]) {
    if !configured(planner.around, folder, "ruff") || !planner.around.tool("ruff") {
        return;
    }
    let mine = changed.iter().filter(|p| p.extension() == "py" && is_below(p.as_str(), folder));
    let relative =
        mine.map(|p| p.as_str().strip_prefix(folder).unwrap_or(p.as_str()).trim_start_matches('/'));
    let files: Vec<&str> = relative.take(MOST_FILES).collect();
    if !files.is_empty() {
        let command =
            [&["ruff", "check", "--no-cache", "--output-format", "concise", "--"], files.as_slice()].concat();
        planner.add(CheckLayer::Lint, folder, &command, &[("NO_COLOR", "1")]);
    }
}

/// Where unittest must start when the tests are not found from the project's root: discovery does not
/// enter folders that are no packages.
fn unittest_start(folder: &str, tests: &[&RepoPath]) -> Option<(String, &'static str)> {
    let inside = |p: &RepoPath| {
        p.as_str().strip_prefix(folder).unwrap_or(p.as_str()).trim_start_matches('/').to_owned()
    };
    let starts = ["tests", "test"].into_iter().find(|s| tests.iter().any(|p| is_below(&inside(p), s)))?;
    let prefixed = tests.iter().any(|p| p.file_name().starts_with("test_"));
    Some((starts.to_owned(), if prefixed { "test*.py" } else { "*_test.py" }))
}
