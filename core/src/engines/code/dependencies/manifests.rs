//! What manifests and lock files declare: names of packages, and aliases of paths.
//!
//! Takes too much rather than too little: a name too many only keeps a finding back.

use super::Ecosystem;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// The ecosystem whose packages the file at `path` declares.
pub(super) fn ecosystem(path: &str) -> Option<Ecosystem> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = path.rsplit('/').nth(1).unwrap_or("");
    let lower = name.to_ascii_lowercase();
    let is_requirements = lower.ends_with(".txt") || lower.ends_with(".in") || lower.ends_with(".pip");
    Some(match name {
        "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile" | "Pipfile.lock" | "poetry.lock"
        | "uv.lock" | "pdm.lock" | "tox.ini" | "noxfile.py" | "environment.yml" | "environment.yaml"
        | "pixi.toml" => Ecosystem::Python,
        _ if is_requirements
            && (lower.contains("require") || lower.contains("constraint") || folder.contains("require")) =>
        {
            Ecosystem::Python
        }
        "package.json"
        | "package-lock.json"
        | "npm-shrinkwrap.json"
        | "yarn.lock"
        | "pnpm-lock.yaml"
        | "tsconfig.json"
        | "jsconfig.json"
        | "deno.json"
        | "import_map.json"
        | "bun.lock" => Ecosystem::JavaScript,
        _ if name.starts_with("tsconfig.") && name.ends_with(".json") => Ecosystem::JavaScript,
        "go.mod" | "go.work" => Ecosystem::Go,
        "Cargo.toml" | "Cargo.lock" => Ecosystem::Rust,
        "Gemfile" | "Gemfile.lock" | "gems.rb" => Ecosystem::Ruby,
        _ if name.ends_with(".gemspec") => Ecosystem::Ruby,
        _ => return None,
    })
}

/// Whether the file at `path` says something about dependencies, and its text is wanted.
pub fn is_manifest(path: &str) -> bool {
    ecosystem(path).is_some()
}

/// The manifests that make a folder a project; lock files and settings alone do not.
pub(super) fn roots_a_project(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    !matches!(
        name,
        "package-lock.json"
            | "npm-shrinkwrap.json"
            | "yarn.lock"
            | "pnpm-lock.yaml"
            | "jsconfig.json"
            | "tox.ini"
            | "noxfile.py"
            | "Cargo.lock"
            | "Gemfile.lock"
            | "poetry.lock"
            | "uv.lock"
            | "pdm.lock"
            | "Pipfile.lock"
            | "bun.lock"
            | "go.work"
    ) && !name.starts_with("tsconfig")
}

/// The names that a manifest declares. Python's are normalised (PEP 503), Rust's with `_`. An alias of a
/// path in `tsconfig.json` counts as a name, up to its `*`.
pub(super) fn declared(path: &str, text: &str) -> BTreeSet<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut names = BTreeSet::new();
    match ecosystem(path) {
        Some(Ecosystem::Python) => python(name, text, &mut names),
        Some(Ecosystem::JavaScript) => javascript(name, text, &mut names),
        Some(Ecosystem::Go) => words(
            text,
            |c| c.is_whitespace() || "()".contains(c),
            |word| word.contains(['.', '/']),
            &mut names,
        ),
        Some(Ecosystem::Rust) => {
            toml_names(text, &mut names);
            names = names.into_iter().map(|name| name.replace('-', "_")).collect();
        }
        Some(Ecosystem::Ruby) if name.ends_with(".lock") => {
            words(text, |c| c.is_whitespace() || "(),".contains(c), |_| true, &mut names);
        }
        Some(Ecosystem::Ruby) => {
            let is_name =
                |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            words(text, |c| "\"'".contains(c), is_name, &mut names);
        }
        None => {}
    }
    names
}

fn words(
    text: &str,
    splits: impl Fn(char) -> bool,
    wanted: impl Fn(&str) -> bool,
    names: &mut BTreeSet<String>,
) {
    names.extend(text.split(splits).filter(|word| !word.is_empty() && wanted(word)).map(str::to_owned));
}

/// PEP 503: lower case, runs of `-`, `_` and `.` as one `-`.
pub(super) fn normalise(name: &str) -> String {
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_ascii_lowercase()
}

fn python(file: &str, text: &str, names: &mut BTreeSet<String>) {
    let mut raw = BTreeSet::new();
    if file.ends_with(".toml") || file == "Pipfile" || file.ends_with(".lock") && file != "Pipfile.lock" {
        toml_names(text, &mut raw);
    } else if file.ends_with(".py") {
        // Every literal of `setup.py` may be a requirement.
        words(text, |c| "\"'".contains(c), |word| word.len() < 200 && !word.contains('\n'), &mut raw);
    } else {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
        for line in lines {
            let line = line.trim_start_matches(['-', ' ', '"']);
            raw.insert(line.to_owned());
            // `install_requires = a` of setup.cfg, `deps = a` of tox.ini, `pkg @ url`, `url#egg=name`.
            raw.extend(line.split_once(['=', ':']).map(|(_, value)| value.trim().to_owned()));
            raw.extend(line.rsplit(['/', '=']).next().map(|last| last.trim_end_matches(".git").to_owned()));
        }
    }
    names.extend(raw.iter().map(|text| requirement(text)).filter(|name| !name.is_empty()));
}

/// The name at the head of a requirement: `Name[extra]>=1; marker`.
fn requirement(text: &str) -> String {
    let text = text.trim_start().trim_start_matches(['"', '\'']);
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
    normalise(&text[..end])
}

/// Keys of tables whose name speaks of dependencies, strings in such lists, and names of packages.
fn toml_names(text: &str, names: &mut BTreeSet<String>) {
    let Ok(table) = text.parse::<toml::Table>() else { return };
    collect_toml(&toml::Value::Table(table), false, names, 0);
}

fn collect_toml(value: &toml::Value, speaks: bool, names: &mut BTreeSet<String>, depth: usize) {
    if depth > 32 {
        return;
    }
    match value {
        toml::Value::Table(table) => {
            for (key, inner) in table {
                let tells = ["depend", "requires", "packages", "extras", "members"]
                    .iter()
                    .any(|part| key.contains(part));
                if speaks {
                    names.insert(key.clone());
                }
                if matches!(key.as_str(), "name" | "package")
                    && let Some(name) = inner.as_str()
                {
                    names.insert(name.to_owned());
                }
                collect_toml(inner, speaks || tells, names, depth + 1);
            }
        }
        toml::Value::Array(items) => {
            items.iter().for_each(|item| collect_toml(item, speaks, names, depth + 1))
        }
        toml::Value::String(text) if speaks => {
            names.insert(text.clone());
        }
        _ => {}
    }
}

fn javascript(file: &str, text: &str, names: &mut BTreeSet<String>) {
    match file {
        "yarn.lock" | "pnpm-lock.yaml" | "bun.lock" => {
            let splits = |c: char| c.is_whitespace() || "\"',:()[]{}".contains(c);
            for word in text.split(splits) {
                let word = word.trim_start_matches('/');
                let end = word.get(1..).and_then(|rest| rest.find('@')).map_or(word.len(), |at| at + 1);
                if !word.is_empty() {
                    names.insert(word[..end].to_owned());
                }
            }
        }
        _ => {
            if let Ok(json) = serde_json::from_str::<Json>(&without_comments(text)) {
                package_json(&json, names);
            }
        }
    }
}

fn package_json(json: &Json, names: &mut BTreeSet<String>) {
    names.extend(json.get("name").and_then(Json::as_str).map(str::to_owned));
    let sections = [
        "dependencies",
        "devDependencies",
        "peerDependencies",
        "optionalDependencies",
        "imports",
        "resolutions",
        "overrides",
    ];
    for section in sections.iter().filter_map(|section| json.get(section)?.as_object()) {
        names.extend(section.keys().map(|key| key.trim_end_matches('*').trim_end_matches('/').to_owned()));
    }
    for path in
        json.get("packages").and_then(Json::as_object).into_iter().flat_map(|packages| packages.keys())
    {
        names.extend(path.rsplit("node_modules/").next().map(str::to_owned));
    }
    let paths =
        json.get("compilerOptions").and_then(|options| options.get("paths")).and_then(Json::as_object);
    for alias in paths.into_iter().flat_map(|paths| paths.keys()) {
        names.insert(alias.trim_end_matches('*').trim_end_matches('/').to_owned());
    }
    for module in json
        .pointer("/jest/moduleNameMapper")
        .and_then(Json::as_object)
        .into_iter()
        .flat_map(|map| map.keys())
    {
        names.insert(module.trim_start_matches('^').split(['(', '$', '/']).next().unwrap_or("").to_owned());
    }
}

/// `tsconfig.json` may hold comments and trailing commas.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('\\', Some(_)) if quoted => {
                out.push(c);
                out.extend(rest.next());
                continue;
            }
            ('"', _) => quoted = !quoted,
            ('/', Some('/')) if !quoted => {
                while rest.peek().is_some_and(|next| *next != '\n') {
                    rest.next();
                }
                continue;
            }
            ('/', Some('*')) if !quoted => {
                let mut last = ' ';
                rest.next();
                for next in rest.by_ref() {
                    if last == '*' && next == '/' {
                        break;
                    }
                    last = next;
                }
                continue;
            }
            ('}' | ']', _) if !quoted => {
                let end = out.trim_end().len();
                if out[..end].ends_with(',') {
                    out.truncate(end - 1);
                }
            }
            _ => {}
        }
        out.push(c);
    }
    out
}
