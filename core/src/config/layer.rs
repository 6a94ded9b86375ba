//! One layer of settings: reads a TOML text or key-value pairs into checked values with their origins.

use super::schema::{self, Key, Kind};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::{Table, Value};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Origin {
    Default,
    System {
        file: String,
        line: u32,
    },
    User {
        file: String,
        line: u32,
    },
    Repository {
        file: String,
        line: u32,
    },
    Environment {
        variable: String,
    },
    /// As the user typed it: `--config scan.persona=pedantic`.
    Flag {
        flag: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::System { file, line } | Self::User { file, line } | Self::Repository { file, line } => {
                write!(f, "{file}:{line}")
            }
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag { flag } => f.write_str(flag),
        }
    }
}

/// Which file a TOML text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Defaults,
    System,
    User,
    Repository,
}

impl FileKind {
    fn origin(self, file: &str, line: u32) -> Origin {
        let file = file.to_owned();
        match self {
            Self::Defaults => Origin::Default,
            Self::System => Origin::System { file, line },
            Self::User => Origin::User { file, line },
            Self::Repository => Origin::Repository { file, line },
        }
    }
}

/// The settings of one source, by dotted name. Values have been checked against the schema.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    pub(super) values: BTreeMap<String, (Value, Origin)>,
}

/// A setting that cannot be used, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct BadSetting {
    /// `file:line`, a variable or a flag.
    pub place: String,
    pub why: String,
}

impl Layer {
    /// Reads a TOML text; `file` is its name in messages and origins.
    ///
    /// # Errors
    /// The first setting that is unknown or has a wrong value, by line.
    pub fn from_toml(kind: FileKind, file: &str, text: &str) -> Result<Self, BadSetting> {
        let lines =
            |offset: usize| text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() as u32 + 1;
        let bad = |offset: usize, why: String| BadSetting { place: format!("{file}:{}", lines(offset)), why };
        let document =
            DeTable::parse(text).map_err(|e| bad(e.span().map_or(0, |s| s.start), e.message().to_owned()))?;
        let mut found = Vec::new();
        flatten("", document.get_ref(), 0, &mut found).map_err(|(at, why)| bad(at, why))?;
        let mut layer = Self::default();
        for (name, offset, value) in found {
            let key = schema::find(&name).ok_or_else(|| bad(offset, unknown(&name)))?;
            let value = check(key, value).map_err(|why| bad(offset, format!("`{name}` {why}")))?;
            layer.values.insert(name, (value, kind.origin(file, lines(offset))));
        }
        Ok(layer)
    }

    /// Reads the variables that name a setting; others are left alone. A list is separated by commas.
    ///
    /// # Errors
    /// The first variable with a wrong value.
    pub fn from_environment(variables: &BTreeMap<String, String>) -> Result<Self, BadSetting> {
        let mut layer = Self::default();
        for key in schema::KEYS {
            let own = schema::variable(key.name);
            for variable in key.kernel_variable.into_iter().chain([own.as_str()]) {
                let Some(text) = variables.get(variable).filter(|t| !t.is_empty()) else { continue };
                let bad =
                    |why: String| BadSetting { place: variable.to_owned(), why: format!("the value {why}") };
                let value = from_text(key, text).and_then(|v| check(key, v)).map_err(bad)?;
                let origin = Origin::Environment { variable: variable.to_owned() };
                layer.values.insert(key.name.to_owned(), (value, origin));
            }
        }
        Ok(layer)
    }

    /// Reads `(flag as typed, setting, value)`; the last of one setting wins.
    ///
    /// # Errors
    /// The first setting that is unknown or has a wrong value.
    pub fn from_flags<'a>(
        flags: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
    ) -> Result<Self, BadSetting> {
        let mut layer = Self::default();
        for (flag, name, text) in flags {
            let bad = |why: String| BadSetting { place: flag.to_owned(), why };
            let key = schema::find(name).ok_or_else(|| bad(unknown(name)))?;
            let value = from_text(key, text)
                .and_then(|v| check(key, v))
                .map_err(|why| bad(format!("`{name}` {why}")))?;
            layer.values.insert(name.to_owned(), (value, Origin::Flag { flag: flag.to_owned() }));
        }
        Ok(layer)
    }
}

fn unknown(name: &str) -> String {
    match schema::nearest(name, schema::KEYS.iter().map(|k| k.name)) {
        Some(meant) => format!("there is no setting `{name}`; did you mean `{meant}`?"),
        None => format!("there is no setting `{name}`"),
    }
}

type Found = Vec<(String, usize, Value)>;

/// Turns nested tables into dotted names, down to the settings.
fn flatten(
    prefix: &str,
    table: &DeTable<'_>,
    depth: usize,
    found: &mut Found,
) -> Result<(), (usize, String)> {
    for (key, value) in table {
        let name =
            if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let at = key.span().start;
        match value.get_ref() {
            DeValue::Table(inner) if depth < 4 && (schema::is_section(&name) || is_lists(&name)) => {
                flatten(&name, inner, depth + 1, found)?;
            }
            _ if schema::is_section(&name) => {
                return Err((at, format!("`{name}` is a section: write `[{name}]`")));
            }
            _ => found.push((name, at, plain(value).map_err(|why| (at, why))?)),
        }
    }
    Ok(())
}

fn is_lists(name: &str) -> bool {
    schema::KEYS.iter().any(|k| k.kind == Kind::Lists && k.name == name)
}

fn plain(value: &Spanned<DeValue<'_>>) -> Result<Value, String> {
    Ok(match value.get_ref() {
        DeValue::String(s) => Value::String(s.to_string()),
        DeValue::Integer(i) => {
            let number = i64::from_str_radix(i.as_str(), i.radix());
            Value::Integer(number.map_err(|_| "the number is too large".to_owned())?)
        }
        DeValue::Float(f) => {
            Value::Float(f.as_str().parse().map_err(|_| "the number cannot be read".to_owned())?)
        }
        DeValue::Boolean(b) => Value::Boolean(*b),
        DeValue::Datetime(d) => Value::Datetime(*d),
        DeValue::Array(items) => Value::Array(items.iter().map(plain).collect::<Result<_, _>>()?),
        DeValue::Table(table) => {
            let pairs = table.iter().map(|(k, v)| Ok((k.get_ref().to_string(), plain(v)?)));
            Value::Table(pairs.collect::<Result<Table, String>>()?)
        }
    })
}

/// A value as typed in a shell.
fn from_text(key: &Key, text: &str) -> Result<Value, String> {
    let text = text.trim();
    Ok(match key.kind {
        Kind::Flag => match text {
            "true" | "1" | "yes" | "on" => Value::Boolean(true),
            "false" | "0" | "no" | "off" => Value::Boolean(false),
            _ => return Err("must be true or false".to_owned()),
        },
        Kind::Count(..) => Value::Integer(text.parse().map_err(|_| "must be a whole number".to_owned())?),
        Kind::Size | Kind::Text | Kind::Optional | Kind::Address | Kind::OneOf(_) => {
            Value::String(text.to_owned())
        }
        Kind::List | Kind::Lists => {
            let items = text.split(',').map(str::trim).filter(|s| !s.is_empty());
            Value::Array(items.map(|s| Value::String(s.to_owned())).collect())
        }
        Kind::Checks => return Err("can only be set in a file".to_owned()),
    })
}

/// Checks a value and brings it into its one form (sizes become numbers).
fn check(key: &Key, value: Value) -> Result<Value, String> {
    match (key.kind, &value) {
        (Kind::Flag, Value::Boolean(_)) => Ok(value),
        (Kind::Flag, _) => Err("must be true or false".to_owned()),
        (Kind::Count(least, most), Value::Integer(n))
            if u64::try_from(*n).is_ok_and(|n| (least..=most).contains(&n)) =>
        {
            Ok(value)
        }
        (Kind::Count(least, most), _) => Err(format!("must be a whole number from {least} to {most}")),
        (Kind::Size, Value::Integer(n)) if *n > 0 => Ok(value),
        (Kind::Size, Value::String(text)) => size(text).map(Value::Integer),
        (Kind::Size, _) => Err("must be a number of bytes, such as 2097152 or \"2 MiB\"".to_owned()),
        (Kind::Text, Value::String(s)) if !s.trim().is_empty() => Ok(value),
        (Kind::Text, _) => Err("must be a text that is not empty".to_owned()),
        (Kind::Optional, Value::String(_)) => Ok(value),
        (Kind::Optional, _) => Err("must be a text, which may be empty".to_owned()),
        (Kind::Address, Value::String(s)) => address(s).map(|()| value),
        (Kind::Address, _) => Err("must be an address such as https://host:port, or empty".to_owned()),
        (Kind::OneOf(names), Value::String(s)) if names.contains(&s.as_str()) => Ok(value),
        (Kind::OneOf(names), _) => Err(format!("must be one of: {}", names.join(", "))),
        (Kind::List | Kind::Lists, Value::Array(items)) if items.iter().all(Value::is_str) => Ok(value),
        (Kind::List | Kind::Lists, _) => Err("must be a list of texts, such as [\"a\", \"b\"]".to_owned()),
        (Kind::Checks, Value::Array(items)) => items.iter().try_for_each(check_check).map(|()| value),
        (Kind::Checks, _) => Err("must be a list of tables: write [[validate.checks]]".to_owned()),
    }
}

/// A secret in a settings file would be in backups and in `config show`; it belongs among the credentials.
fn address(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if scheme.is_empty() || host.is_empty() || !plain || text.contains(char::is_whitespace) {
        return Err("must be an address such as https://host:port, or empty".to_owned());
    }
    if host.contains('@') {
        return Err("must not hold a user or password: name a credential beside it".to_owned());
    }
    Ok(())
}

fn check_check(value: &Value) -> Result<(), String> {
    let table = value.as_table().ok_or("must be a list of tables: write [[validate.checks]]")?;
    const FIELDS: [&str; 3] = ["name", "layer", "command"];
    if let Some(wrong) = table.keys().find(|k| !FIELDS.contains(&k.as_str())) {
        return Err(format!("has no field `{wrong}`; a check has name, layer and command"));
    }
    let text = |field: &str| table.get(field).and_then(Value::as_str).filter(|s| !s.trim().is_empty());
    text("name").ok_or("needs a `name` in each check")?;
    if !text("layer").is_some_and(|l| ["build", "lint", "test"].contains(&l)) {
        return Err("needs a `layer` in each check: build, lint or test".to_owned());
    }
    let command = table
        .get("command")
        .and_then(Value::as_array)
        .filter(|c| !c.is_empty() && c.iter().all(Value::is_str));
    command
        .map(|_| ())
        .ok_or_else(|| "needs a `command` in each check, such as [\"make\", \"test\"]".to_owned())
}

/// Bytes of a text such as `512`, `64 KiB`, `2MiB`, `1.5 GiB` (also KB, MB, GB in powers of ten).
fn size(text: &str) -> Result<i64, String> {
    let wrong = || "must be a number of bytes, such as 2097152 or \"2 MiB\"".to_owned();
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        _ => return Err(wrong()),
    };
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * factor;
    if (1.0..1e15).contains(&bytes) { Ok(bytes as i64) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Layer::from_toml(FileKind::Repository, "ecoops.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn an_address_is_empty_or_whole_and_holds_no_secret() {
        for (text, good) in [
            ("", true),
            ("https://memory.example:8443/hub", true),
            ("redis://127.0.0.1:6379", true),
            ("http+unix://x", true),
            ("127.0.0.1:6379", false),
            ("https://", false),
            ("https://me:secret@host", false),
            ("https://token@host/p", false),
            ("https://a b", false),
            ("ht tp://a", false),
        ] {
            assert_eq!(address(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn wrong_settings_are_named_with_their_place() {
        for (text, expected) in [
            (
                "[scan]\n\nperona = \"x\"",
                "ecoops.toml:3: there is no setting `scan.perona`; did you mean `scan.persona`?",
            ),
            ("[scna]\nx = 1", "ecoops.toml:1: there is no setting `scna`"),
            ("[scan]\npersona = \"loud\"", "ecoops.toml:2: `scan.persona` must be one of: default, pedantic"),
            ("[scan]\nthreads = -1", "ecoops.toml:2: `scan.threads` must be a whole number from 0 to 1024"),
            ("[scan]\nthreads = 99999999999999999999", "ecoops.toml:2: the number is too large"),
            (
                "scan.exclude = [1]",
                "ecoops.toml:1: `scan.exclude` must be a list of texts, such as [\"a\", \"b\"]",
            ),
            ("scan = 1", "ecoops.toml:1: `scan` is a section: write `[scan]`"),
            ("[fix]\nunsafe = \"yes\"", "ecoops.toml:2: `fix.unsafe` must be true or false"),
            (
                "[[validate.checks]]\nname = \"x\"\nlayer = \"test\"\ncommand = \"make\"",
                "ecoops.toml:1: `validate.checks` needs a `command` in each check, such as [\"make\", \"test\"]",
            ),
            (
                "[[validate.checks]]\nname = \"x\"\nlayer = \"test\"\nshell = \"make\"",
                "ecoops.toml:1: `validate.checks` has no field `shell`; a check has name, layer and command",
            ),
        ] {
            assert_eq!(error(text), expected, "{text}");
        }
        assert!(error("[scan\n").starts_with("ecoops.toml:1: "), "{}", error("[scan\n"));
        assert!(error("a = 1\na = 2").starts_with("ecoops.toml:2: "));
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("512", Some(512)),
            ("64 KiB", Some(65_536)),
            ("2MiB", Some(2 << 20)),
            ("1.5 GiB", Some(3 << 29)),
            ("1 MB", Some(1_000_000)),
            ("0", None),
            ("-1", None),
            ("1 parsec", None),
            ("1..5", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(size(text).ok(), bytes, "{text}");
        }
    }

    #[test]
    fn the_environment_sets_what_it_names() {
        let variables = BTreeMap::from(
            [
                ("ECOOPS_SCAN_EXCLUDE", "a/**, b"),
                ("ECOOPS_FIX_UNSAFE", "on"),
                ("ECO_EMBEDDING_MODEL", "x"),
                ("ECOOPS_SCAN_PERSONA", ""),
                ("ECOOPS_HOME", "/tmp"),
            ]
            .map(|(k, v)| (k.to_owned(), v.to_owned())),
        );
        let layer = Layer::from_environment(&variables).unwrap();
        let names: Vec<_> = layer.values.iter().map(|(k, (v, o))| format!("{k}={v} {o}")).collect();
        assert_eq!(
            names,
            [
                "fix.unsafe=true ECOOPS_FIX_UNSAFE",
                "memory.model=\"x\" ECO_EMBEDDING_MODEL",
                "scan.exclude=[\"a/**\", \"b\"] ECOOPS_SCAN_EXCLUDE",
            ]
        );
        let wrong = BTreeMap::from([("ECOOPS_FIX_UNSAFE".to_owned(), "perhaps".to_owned())]);
        let error = Layer::from_environment(&wrong).unwrap_err().to_string();
        assert_eq!(error, "ECOOPS_FIX_UNSAFE: the value must be true or false");
    }
}
