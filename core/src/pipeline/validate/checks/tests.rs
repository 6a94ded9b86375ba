//! Tables: a repository in one line, the tools that work, the file that changes, and what is planned.

use super::*;
use std::collections::BTreeMap;

/// `name=text` for files; text defaults to nothing.
fn planned(files: &[(&str, &str)], tools: &[&str], present: &[&str], changed: &str) -> Vec<String> {
    let texts: BTreeMap<RepoPath, String> =
        files.iter().map(|(p, t)| (RepoPath::new(*p).unwrap(), (*t).to_owned())).collect();
    let paths: Vec<RepoPath> = texts.keys().cloned().collect();
    let read = |p: &RepoPath| texts.get(p).cloned();
    let works = |command: &[&str]| tools.contains(&command[0]) || tools.contains(&command.join(" ").as_str());
    let exists = |p: &str| present.contains(&p);
    let around = Surroundings { paths: &paths, read: &read, works: &works, exists: &exists };
    let cage =
        Cage { root: "/copy".into(), writable: Vec::new(), deadline_seconds: 60, memory_bytes: 1 << 30 };
    let changed = [RepoPath::new(changed).unwrap()];
    let found = plan(&ValidateSettings::default(), &around, &changed, &cage);
    assert!(found.checks.iter().all(|c| !c.check.network && c.check.writable == [PathBuf::from("/copy")]));
    let checks = found.checks.iter().map(|c| format!("{}: {}", c.layer.name(), c.command));
    let not = found.unchecked.iter().map(|u| format!("no {}: {}", u.layer.name(), u.why));
    checks.chain(not).collect()
}

const WORKSPACE: &str = "[workspace]\nmembers = ['a', 'b', 'c']\n";

#[test]
fn cargo_checks_what_changed_and_what_depends_on_it() {
    let files = [
        ("Cargo.toml", WORKSPACE),
        ("a/Cargo.toml", "[package]\nname = 'a'\n"),
        (
            "b/Cargo.toml",
            "[package]\nname = 'b'\n[target.'cfg(unix)'.dependencies]\nx = { package = 'a', path = '../a' }\n",
        ),
        ("c/Cargo.toml", "[package]\nname = 'c'\n"),
        ("alone/Cargo.toml", "[package]\nname = 'alone'\n[workspace]\n"),
    ];
    for (changed, packages) in
        [("a/src/lib.rs", "-p a -p b"), ("c/src/lib.rs", "-p c"), ("Cargo.toml", "--workspace")]
    {
        let expected = [
            format!("build: cargo test --offline --no-run {packages}"),
            format!("test: cargo test --offline --no-fail-fast {packages}"),
        ];
        assert_eq!(planned(&files, &["cargo"], &[], changed), expected, "{changed}");
    }
    assert_eq!(planned(&files, &[], &[], "a/src/lib.rs"), ["no test: cargo is not installed"]);
    let single = [("tool/Cargo.toml", "[package]\nname = 'tool'\n"), ("tool/clippy.toml", "")];
    assert_eq!(
        planned(&single, &["cargo"], &[], "tool/src/main.rs"),
        [
            "build: cd tool && cargo test --offline --no-run",
            "lint: cd tool && cargo clippy --offline",
            "test: cd tool && cargo test --offline --no-fail-fast"
        ]
    );
}

#[test]
fn package_scripts_are_run_when_they_are_real() {
    let real = r#"{"scripts": {"build": "tsc", "lint": "eslint .", "test": "vitest run"}, "devDependencies": {"tsc": "1"}}"#;
    let npm_init = r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#;
    let plain = r#"{"scripts": {"test": "node --test"}}"#;
    for (files, tools, present, expected) in [
        (
            vec![("package.json", real), ("pnpm-lock.yaml", "")],
            vec!["npm", "pnpm"],
            vec!["node_modules"],
            vec!["build: pnpm run build", "lint: pnpm run lint", "test: pnpm run test"],
        ),
        (
            vec![("package.json", real), ("yarn.lock", "")],
            vec!["npm"],
            vec!["node_modules"],
            vec!["build: npm run build", "lint: npm run lint", "test: npm run test"],
        ),
        (
            vec![("package.json", real)],
            vec!["npm"],
            vec![],
            vec![
                "no build: its dependencies are not installed (no node_modules)",
                "no lint: its dependencies are not installed (no node_modules)",
                "no test: its dependencies are not installed (no node_modules)",
            ],
        ),
        (
            vec![("package.json", npm_init)],
            vec!["npm"],
            vec![],
            vec!["no test: package.json has no build, lint or test script"],
        ),
        (vec![("package.json", plain)], vec!["npm"], vec![], vec!["test: npm run test"]),
        (vec![("package.json", "{")], vec!["npm"], vec![], vec!["no test: package.json cannot be read"]),
        (vec![("package.json", plain)], vec![], vec![], vec!["no test: npm is not installed"]),
    ] {
        assert_eq!(planned(&files, &tools, &present, "index.ts"), expected, "{files:?}");
    }
}

#[test]
fn python_prefers_what_is_importable() {
    let unittest = ("tests/test_a.py", "import unittest");
    let bare = ("tests/test_a.py", "def test_a(): pass");
    let pytest = "python3 -c import pytest";
    let by_pytest = "test: python3 -m pytest -q -rA -p no:cacheprovider --color=no";
    let version = "python3 --version";
    for (files, tools, present, expected) in [
        (
            vec![unittest],
            vec![version],
            vec![],
            "test: python3 -m unittest discover -v -s tests -t . -p 'test*.py'",
        ),
        (vec![unittest], vec![version, pytest], vec![], by_pytest),
        (vec![bare], vec![version, pytest], vec![], by_pytest),
        (vec![bare], vec![version], vec![], "no test: the tests need pytest, which python3 cannot import"),
        (vec![("pyproject.toml", "")], vec![version], vec![], "no test: no Python tests found"),
        (vec![unittest], vec![], vec![], "no test: python3 is not installed"),
        (
            vec![unittest],
            vec!["./.venv/bin/python", version],
            vec![".venv/bin/python"],
            "test: ./.venv/bin/python -m pytest -q -rA -p no:cacheprovider --color=no",
        ),
    ] {
        let got = planned(&files, &tools, &present, "a.py");
        assert_eq!(got.last().map(String::as_str), Some(expected), "{files:?} {tools:?}");
    }
    let deep = [("py/setup.py", ""), ("py/test_a.py", "")];
    let got = planned(&deep, &["./py/.venv/bin/python"], &["py/.venv/bin/python"], "py/a.py");
    assert_eq!(got, ["test: cd py && ./.venv/bin/python -m pytest -q -rA -p no:cacheprovider --color=no"]);
    let ruff = [("pyproject.toml", "[tool.ruff]\n"), ("a.py", "")];
    let got = planned(&ruff, &["python3", "ruff"], &[], "a.py");
    assert!(
        got.contains(&"lint: ruff check --no-cache --output-format concise -- a.py".to_owned()),
        "{got:?}"
    );
}

#[test]
fn the_nearest_manifest_of_the_files_language_is_used() {
    let files = [
        ("Makefile", "check: all\n\ttrue\nVERSION := 1\n"),
        ("go.mod", "module x"),
        ("web/package.json", r#"{"scripts": {"test": "node --test"}}"#),
        ("docs/Makefile", "html:\n\tsphinx\n"),
    ];
    let tools = ["go", "npm", "make"];
    for (changed, first) in [
        ("main.go", "build: go build ./..."),
        ("web/src/a.ts", "test: cd web && npm run test"),
        ("web/data.yaml", "test: cd web && npm run test"),
        ("docs/conf.txt", "build: go build ./..."),
        ("lib/a.c", "test: make check"),
    ] {
        assert_eq!(
            planned(&files, &tools, &[], changed).first().map(String::as_str),
            Some(first),
            "{changed}"
        );
    }
    let c = [("Makefile", "all: a.o\ntest check: all\n"), ("a.c", "")];
    assert_eq!(planned(&c, &["make"], &[], "a.c"), ["build: make all", "test: make check"]);
    assert!(planned(&[("notes.txt", "")], &tools, &[], "notes.txt").is_empty());
}

#[test]
fn other_languages() {
    for (files, tools, present, changed, expected) in [
        (vec![("pom.xml", "")], vec!["mvn"], vec![], "src/A.java", "build: mvn -o -B -q test-compile"),
        (
            vec![("pom.xml", ""), ("mvnw", "")],
            vec![],
            vec![],
            "src/A.java",
            "build: ./mvnw -o -B -q test-compile",
        ),
        (
            vec![("build.gradle.kts", "")],
            vec!["gradle"],
            vec![],
            "src/A.kt",
            "build: gradle --offline --no-daemon --console=plain testClasses",
        ),
        (
            vec![("composer.json", ""), ("phpunit.xml", "")],
            vec!["php"],
            vec!["vendor/bin/phpunit"],
            "src/A.txt",
            "test: php vendor/bin/phpunit --testdox --colors=never --do-not-cache-result",
        ),
        (
            vec![("Gemfile", ""), ("spec/a_spec.rb", "")],
            vec!["rspec"],
            vec![],
            "a.erb",
            "test: rspec --no-color --format documentation",
        ),
        (vec![("a.csproj", "")], vec!["dotnet"], vec![], "A.cs", "build: dotnet build --no-restore"),
        (vec![("a.sh", "")], vec!["bash"], vec![], "a.sh", "build: bash -n a.sh"),
        (vec![("a.py", "")], vec!["python3"], vec![], "a.py", "build: python3 -m py_compile a.py"),
    ] {
        let got = planned(&files, &tools, &present, changed);
        assert_eq!(got.first().map(String::as_str), Some(expected), "{files:?}");
    }
}

#[test]
fn configured_commands_replace_detection() {
    let named = |text: &str| toml::from_str::<ValidateSettings>(text).unwrap();
    let settings = named(
        "[[commands]]\ncommand = 'make it'\nfolder = 'sub'\nmemory_bytes = 7\n[[commands]]\ncommand = 'a | b'\nlayer = 'lint'\n[[commands]]\ncommand = 'x'\nfolder = '../..'\n",
    );
    let paths = [RepoPath::new("Cargo.toml").unwrap()];
    let around = Surroundings { paths: &paths, read: &|_| None, works: &|_| true, exists: &|_| true };
    let cage = Cage { root: "/copy".into(), writable: Vec::new(), deadline_seconds: 60, memory_bytes: 1 };
    let found = plan(&settings, &around, &paths, &cage);
    assert_eq!(found.checks.len(), 1);
    assert_eq!((found.checks[0].check.memory_bytes, found.checks[0].check.deadline_seconds), (7, 60));
    assert_eq!(found.checks[0].check.folder, PathBuf::from("/copy/sub"));
    assert_eq!(found.unchecked.len(), 2);
}

#[test]
fn dependency_folders_are_found_beside_their_manifests() {
    let paths: Vec<RepoPath> =
        ["a/package.json", "package.json", "py/pyproject.toml"].map(|p| RepoPath::new(p).unwrap()).into();
    let got = borrowed_folders(&paths, &|p| p != "py/venv");
    let got: Vec<&str> = got.iter().map(RepoPath::as_str).collect();
    assert_eq!(got, ["a/node_modules", "node_modules", "py/.venv"]);
}
