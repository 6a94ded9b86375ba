use super::*;
use crate::domain::RepoPath;
use crate::engines::code::language::Language;
use crate::engines::code::syntax::Source;

fn undeclared(path: &str, text: &str, others: &[(&str, &str)]) -> Vec<String> {
    let language = Language::detect(&RepoPath::new(path).unwrap(), text.as_bytes());
    let source = Source::parse(RepoPath::new(path).unwrap(), language, text.to_owned()).unwrap();
    let paths = others.iter().map(|(path, _)| *path).chain([path]);
    let manifests = others.iter().copied().filter(|(path, _)| is_manifest(path));
    let project = Project::new(paths, manifests);
    project.undeclared(path, &imports(&source)).into_iter().map(|found| found.package).collect()
}

#[test]
fn imports_without_a_declaration_are_found() {
    let requirements = (
        "requirements.txt",
        "requests>=2  # http\nPyYAML==6\npython-dateutil\ngoogle-cloud-storage\nopencv-python-headless\n",
    );
    let pyproject = (
        "pyproject.toml",
        "[project]\nname='own'\ndependencies=['Flask[async]>=2']\n[dependency-groups]\ndev=['pytest']\n",
    );
    let poetry = ("pyproject.toml", "[tool.poetry.dependencies]\nhttpx = '^0.27'\n");
    let setup = ("setup.py", "setup(install_requires=['lxml', \"attrs>=20\"])");
    let package = (
        "package.json",
        r#"{"name": "own", "dependencies": {"react": "1", "@a/b": "1"}, "devDependencies": {"@types/estree": "1"}}"#,
    );
    let tsconfig =
        ("tsconfig.json", "{ // paths\n \"compilerOptions\": {\"paths\": {\"app/*\": [\"./src/*\"],}}}");
    let gomod = ("go.mod", "module example.org/own\n\nrequire (\n\tgithub.com/a/b v1.2.3\n)\n");
    let cargo = (
        "Cargo.toml",
        "[package]\nname = \"own-crate\"\n[dependencies]\nserde-json = \"1\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n",
    );
    let gemfile = ("Gemfile", "gem 'activesupport'\ngem \"rspec-core\"\n");
    type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, &'a [&'a str]);
    let cases: Vec<Case<'_>> = vec![
        (
            "a.py",
            "import requests, os.path, yaml, cv2\nimport invented_lib\n",
            vec![requirements],
            &["invented_lib"],
        ),
        (
            "a.py",
            "from google.cloud import storage\nfrom dateutil import tz\nimport urllib3\n",
            vec![requirements],
            &[],
        ),
        ("a.py", "import invented_lib\n", vec![], &[]),
        (
            "a.py",
            "from . import x\nfrom .y import z\nimport helpers\nimport pkg.sub\n",
            vec![requirements, ("helpers.py", ""), ("src/pkg/__init__.py", "")],
            &[],
        ),
        (
            "a.py",
            "try:\n    import invented\nexcept ImportError:\n    invented = None\nif TYPE_CHECKING:\n    import other\n",
            vec![requirements],
            &[],
        ),
        ("a.py", "import flask, werkzeug, pytest, own\nimport invented\n", vec![pyproject], &["invented"]),
        ("a.py", "import httpx, httpcore\nimport invented\n", vec![poetry], &["invented"]),
        ("a.py", "import lxml.etree, attr\nimport invented\n", vec![setup], &["invented"]),
        ("vendor/a.py", "import invented\n", vec![requirements], &[]),
        ("b/a.py", "import invented\n", vec![("c/requirements.txt", "x")], &[]),
        (
            "a.js",
            "import r from 'react'; import 'react/jsx'; const f = require('fs'); import x from 'node:x'; import y from './y'; import z from '@a/b/c'; import q from 'invented-lib/q'",
            vec![package],
            &["invented-lib"],
        ),
        (
            "a.ts",
            "import type {T} from 'types-only'; import e from 'estree'; import a from 'app/x'; import b from '@/b'; import c from 'invented'",
            vec![package, tsconfig],
            &["invented"],
        ),
        (
            "a.js",
            "try { require('optional') } catch (e) {}\nrequire('invented')",
            vec![package],
            &["invented"],
        ),
        (
            "a.js",
            "import x from 'locked'",
            vec![package, ("yarn.lock", "locked@^1, locked@^2:\n  version \"1\"\n")],
            &[],
        ),
        (
            "a.js",
            "import x from 'locked'",
            vec![package, ("package-lock.json", r#"{"packages": {"node_modules/locked": {}}}"#)],
            &[],
        ),
        (
            "a.go",
            "package p\nimport (\n\"fmt\"\n\"github.com/a/b/c\"\n\"example.org/own/x\"\n\"github.com/no/such\"\n)\n",
            vec![gomod],
            &["github.com/no/such"],
        ),
        (
            "src/a.rs",
            "use std::fs; use serde_json::Value; use own_crate::x; use libc::c_int; use helper::y; use invented::z;\nuse Kind::*;",
            vec![cargo, ("src/helper.rs", "")],
            &["invented"],
        ),
        (
            "src/a.rs",
            "mod inner { pub use super::x as y; }\nuse inner::z; use y::w; use rustc_span::Span;",
            vec![cargo],
            &[],
        ),
        (
            "a.rb",
            "require 'json'\nrequire 'active_support/core_ext'\nrequire 'rspec'\nrequire 'own/thing'\nrequire 'invented_gem'\n",
            vec![gemfile, ("lib/own/thing.rb", "")],
            &["invented_gem"],
        ),
    ];
    for (path, text, others, expected) in cases {
        assert_eq!(undeclared(path, text, &others), *expected, "{path}: {text}");
    }
}

#[test]
fn broken_manifests_are_survived() {
    for (path, text) in [
        ("pyproject.toml", "[[[["),
        ("package.json", "{\"dependencies\": [1, {}"),
        ("go.mod", "\0\u{fffd}"),
        ("Cargo.toml", ""),
        ("tsconfig.json", "/* \" // ,}"),
        ("yarn.lock", "@@@\n\"é@\""),
        ("requirements.txt", "é==1\n-r \n@\n"),
    ] {
        let _ = Project::new([path], [(path, text)]);
    }
}

#[test]
fn what_is_imported_is_guessed_from_its_lines() {
    for (language, text, expected) in [
        (Language::Python, "import a, b\nfrom c.d import e\nx = 'import no'\n", &["a", "c.d", "b"][..]),
        (
            Language::JavaScript,
            "import x from 'a';\nconst y = require(\"b/c\");\nimport('d');",
            &["a", "b/c", "d"],
        ),
        (Language::Go, "import (\n\t\"fmt\"\n\t\"example.org/a\"\n)", &["example.org/a"]),
        (Language::Ruby, "require 'a'\nrequire_relative 'b'\n", &["a"]),
        (Language::Json, "import a", &[]),
    ] {
        let names: Vec<String> = guess(language, text).into_iter().map(|i| i.name).collect();
        assert_eq!(names, expected, "{text}");
    }
}
