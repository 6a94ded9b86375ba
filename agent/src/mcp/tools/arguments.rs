//! A tool's arguments. They come from a model: what is wrong with them is said so that it can do better.

use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The arguments of one call.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a>(pub &'a Map<String, Value>);

/// The longest text that is taken, in bytes.
const LONGEST: usize = 64 << 10;

impl<'a> Arguments<'a> {
    /// # Errors
    /// The first that the schema does not know, or lacks.
    pub fn check(&self, schema: &Value) -> Result<(), String> {
        let known = schema["properties"].as_object();
        if let Some(other) = self.0.keys().find(|name| known.is_none_or(|known| !known.contains_key(*name))) {
            return Err(format!("there is no argument `{other:.100}`"));
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        match required.into_iter().find(|name| self.0.get(*name).is_none_or(Value::is_null)) {
            Some(missing) => Err(format!("the argument `{missing}` is missing")),
            None => Ok(()),
        }
    }

    pub fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() > LONGEST => {
                Err(format!("`{name}` has more than {LONGEST} bytes"))
            }
            Some(Value::String(text)) if text.contains('\0') => Err(format!("`{name}` has a NUL in it")),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{name}` must be a text")),
        }
    }

    /// A text that must be there and say something.
    pub fn needed(&self, name: &str) -> Result<&'a str, String> {
        let found = self.text(name)?.filter(|text| !text.trim().is_empty());
        found.ok_or_else(|| format!("`{name}` is missing or empty"))
    }

    pub fn number(&self, name: &str, default: u64, most: u64) -> Result<u64, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => {
                let whole = value
                    .as_u64()
                    .or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64));
                whole
                    .filter(|n| *n <= most)
                    .ok_or_else(|| format!("`{name}` must be a whole number from 0 to {most}"))
            }
        }
    }

    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| format!("`{name}` must be true or false")),
        }
    }

    pub fn one_of(&self, name: &str, known: &[&str]) -> Result<Option<&'a str>, String> {
        match self.text(name)? {
            Some(text) if !known.contains(&text) => Err(format!("`{name}` is one of {}", known.join(", "))),
            found => Ok(found),
        }
    }

    /// Where the page begins that the answer before gave as `next_cursor`.
    pub fn cursor(&self) -> Result<usize, String> {
        let Some(text) = self.text("cursor")? else { return Ok(0) };
        text.parse().map_err(|_| "`cursor` must be a `next_cursor` of an earlier answer".to_owned())
    }
}

/// The real path of what `given` names, and the root that it is in; never outside of all roots, whatever
/// links lie on the way. Relative paths are of the first root.
pub fn within(roots: &[PathBuf], given: &str) -> Result<(PathBuf, PathBuf), String> {
    let first = roots.first().ok_or(
        "no folder is open to tools: name some with `ecoops mcp serve --root DIR`, or in `mcp.roots` for the agent",
    )?;
    let path = first.join(given);
    let real = path.canonicalize().map_err(|e| format!("{given:.300} cannot be used: {e}"))?;
    // Reading from a pipe or a device may never end.
    let plain = |path: &Path| path.is_file() || path.is_dir();
    let inside = |root: &&PathBuf| root.canonicalize().is_ok_and(|root| real.starts_with(root));
    match roots.iter().find(inside).filter(|_| plain(&real)) {
        Some(root) => Ok((real, root.clone())),
        // The same whether it is there or not.
        None => Err(format!("{given:.300} is no file or folder that is open to tools")),
    }
}

/// The folder that a path is, or is in.
pub fn folder_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_outside_the_roots_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let (open, closed) = (folder.path().join("open"), folder.path().join("open-not"));
        std::fs::create_dir_all(open.join("sub")).unwrap();
        std::fs::create_dir_all(&closed).unwrap();
        std::fs::write(open.join("sub/a"), "").unwrap();
        std::fs::write(closed.join("secret"), "").unwrap();
        std::os::unix::fs::symlink(&closed, open.join("link")).unwrap();
        let roots = [open.clone()];
        for (given, inside) in [
            (".", true),
            ("sub/a", true),
            ("sub/../sub", true),
            (open.join("sub").to_str().unwrap(), true),
            ("..", false),
            ("../open-not/secret", false),
            ("link", false),
            ("link/secret", false),
            ("/etc/passwd", false),
            ("absent", false),
            ("", true),
        ] {
            assert_eq!(within(&roots, given).is_ok(), inside, "{given}");
        }
        assert!(within(&[], ".").is_err());
    }

    #[test]
    fn wrong_arguments_are_told() {
        let schema = json!({ "required": ["q"], "properties": { "q": {}, "n": {}, "f": {}, "cursor": {} } });
        for (given, why) in [
            (json!({}), "missing"),
            (json!({ "q": null }), "missing"),
            (json!({ "q": "x", "other": 1 }), "no argument `other`"),
            (json!({ "q": 7 }), "must be a text"),
            (json!({ "q": " " }), "missing or empty"),
            (json!({ "q": "a\u{0}b" }), "NUL"),
            (json!({ "q": "x", "n": -1 }), "whole number"),
            (json!({ "q": "x", "n": 1.5 }), "whole number"),
            (json!({ "q": "x", "n": 11 }), "0 to 10"),
            (json!({ "q": "x", "f": "yes" }), "true or false"),
            (json!({ "q": "x", "cursor": "-3" }), "next_cursor"),
        ] {
            let fields = given.as_object().unwrap();
            let arguments = Arguments(fields);
            let read = || {
                arguments.check(&schema)?;
                arguments.needed("q")?;
                arguments.number("n", 1, 10)?;
                arguments.flag("f")?;
                arguments.cursor()
            };
            let said = read().unwrap_err();
            assert!(said.contains(why), "{given}: {said}");
        }
        let fields = json!({ "q": "x", "n": 3.0, "f": true, "cursor": "12" });
        let arguments = Arguments(fields.as_object().unwrap());
        assert_eq!((arguments.number("n", 1, 10), arguments.cursor()), (Ok(3), Ok(12)));
    }
}
