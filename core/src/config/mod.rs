//! Settings in layers, each value with its origin.
//!
//! Takes texts and key-value pairs, and gives typed [`Settings`]. Never opens a file and never reads
//! the environment: that is the command line's business.

mod credentials;
mod layer;
pub mod schema;
mod settings;
mod sinks;

pub use credentials::{Login, Openbao, Secrets};
pub use layer::{BadSetting, FileKind, Layer, Origin};
pub use settings::{
    Agent, Audit, Choice, ConfiguredCheck, Delivery, Events, Fix, Identity, Incidents, Memory, Objects,
    Policy, Scan, Settings, Ui, Use, Validate,
};

pub use sinks::{Sink, SinkKind};

use crate::domain::ContentHash;
use schema::Untrusted;
use std::collections::BTreeMap;
use toml::value::{Table, Value};

/// The file that users read: every setting with its default.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// All that settings are made of. An absent source is an empty layer.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    pub flags: Layer,
    pub environment: Layer,
    pub repository: Layer,
    /// The user has trusted just this text of the repository's file.
    pub trusted: bool,
    pub user: Layer,
    pub system: Layer,
}

/// The settings, where each came from, and what was ignored.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub settings: Settings,
    /// The value and origin of each setting by its dotted name.
    pub values: BTreeMap<String, (Value, Origin)>,
    /// Settings of an untrusted repository that were not used.
    pub ignored: Vec<Ignored>,
    /// The user has trusted the repository's file as it is now.
    pub trusted: bool,
}

/// A setting of the repository's file that needs trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    pub name: String,
    pub origin: Origin,
}

/// What the trust of a repository's file is bound to: the hash of its text.
pub fn trust_hash(text: &[u8]) -> ContentHash {
    ContentHash::of(text)
}

/// Joins the layers: flag, environment, repository, user, system, defaults; the first that has a
/// setting wins, lists included. Tables of lists (`identity.roles`) are joined key by key.
///
/// # Errors
/// [`BadSetting`] when values that are right by themselves do not go together.
pub fn resolve(sources: Sources) -> Result<Configuration, BadSetting> {
    let mut values = Layer::from_toml(FileKind::Defaults, "defaults.toml", DEFAULTS)?.values;
    values.extend(sources.system.values);
    values.extend(sources.user.values);
    let mut ignored = Vec::new();
    for (name, (value, origin)) in sources.repository.values {
        if sources.trusted || may(&name, &value, values.get(&name).map(|(v, _)| v)) {
            values.insert(name, (value, origin));
        } else {
            ignored.push(Ignored { name, origin });
        }
    }
    values.extend(sources.environment.values);
    values.extend(sources.flags.values);
    let settings = typed(&values)?;
    Ok(Configuration { settings, values, ignored, trusted: sources.trusted })
}

/// Whether an untrusted repository may set this.
fn may(name: &str, value: &Value, below: Option<&Value>) -> bool {
    if Some(value) == below {
        return true;
    }
    match schema::find(name).map(|k| k.untrusted) {
        Some(Untrusted::May) => name != "scan.baseline" || value.as_str().is_some_and(is_inside),
        Some(Untrusted::MayLower) => {
            // 0 threads means all of them.
            let rank = |v: &Value| v.as_integer().map(|n| if n == 0 { i64::MAX } else { n });
            matches!((rank(value), below.and_then(rank)), (Some(new), Some(old)) if new < old)
        }
        Some(Untrusted::MayNot) | None => false,
    }
}

fn is_inside(path: &str) -> bool {
    crate::domain::RepoPath::new(path).is_ok()
}

fn typed(values: &BTreeMap<String, (Value, Origin)>) -> Result<Settings, BadSetting> {
    let mut whole = Table::new();
    for (name, (value, origin)) in values {
        let mut parts = name.splitn(3, '.').collect::<Vec<_>>();
        let last = parts.pop().unwrap_or_default();
        let mut table = &mut whole;
        for part in parts {
            let inner = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            table = inner.as_table_mut().ok_or_else(|| BadSetting {
                place: origin.to_string(),
                why: format!("`{part}` is both a value and a section"),
            })?;
        }
        table.insert(last.to_owned(), value.clone());
    }
    for name in schema::KEYS.iter().filter(|k| k.kind == schema::Kind::Lists).map(|k| k.name) {
        // A table without a key is no value of any layer, nor is a section of such tables alone.
        if let Some((section, key)) = name.split_once('.')
            && let Value::Table(table) = whole.entry(section).or_insert_with(|| Value::Table(Table::new()))
        {
            table.entry(key).or_insert_with(|| Value::Table(Table::new()));
        }
    }
    Settings::deserialize(whole)
        .map_err(|e| BadSetting { place: blame(values, e.message()), why: e.message().trim().to_owned() })
}

/// The origin of the value that an error's text is about, as well as it can be told.
fn blame(values: &BTreeMap<String, (Value, Origin)>, message: &str) -> String {
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let about = values.values().find(|(v, o)| *o != Origin::Default && v.to_string().contains(quoted));
    about.map_or_else(|| "settings".to_owned(), |(_, o)| o.to_string())
}

use serde::Deserialize as _;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Permission, Persona};

    fn repository(text: &str) -> Layer {
        Layer::from_toml(FileKind::Repository, "ecoops.toml", text).unwrap()
    }

    #[test]
    fn the_defaults_hold_every_setting_and_nothing_else() {
        let all = resolve(Sources::default()).unwrap();
        for key in schema::KEYS {
            let prefix = format!("{}.", key.name);
            let there =
                all.values.contains_key(key.name) || all.values.keys().any(|n| n.starts_with(&prefix));
            const EMPTY: [&str; 6] = [
                "identity.members",
                "delivery.applications",
                "events.sinks",
                "mcp.servers",
                "mcp.variables",
                "mcp.unasked",
            ];
            assert!(there || EMPTY.contains(&key.name), "{}", key.name);
        }
        assert_eq!(all.settings.scan.max_file_size, 2 << 20);
        assert_eq!(all.settings.validate.memory, 4 << 30);
        assert!(all.settings.identity.roles["admin"].contains(&Permission::Admin));
        assert!(all.values.values().all(|(_, o)| *o == Origin::Default));
    }

    #[test]
    fn the_first_source_that_has_it_wins() {
        let user =
            Layer::from_toml(FileKind::User, "u.toml", "[scan]\npersona = \"pedantic\"\nexclude = [\"u\"]");
        let sources = Sources {
            flags: Layer::from_flags([("--config", "fix.branch_prefix", "flag/")]).unwrap(),
            environment: Layer::from_environment(&BTreeMap::from([(
                "ECOOPS_FIX_BRANCH_PREFIX".to_owned(),
                "environment/".to_owned(),
            )]))
            .unwrap(),
            repository: repository("[scan]\nexclude = [\"r\"]\n[fix]\nbranch_prefix = \"r/\""),
            user: user.unwrap(),
            ..Sources::default()
        };
        let all = resolve(sources).unwrap();
        assert_eq!(all.settings.fix.branch_prefix, "flag/");
        assert_eq!(all.settings.scan.exclude, ["r"]);
        assert_eq!(all.settings.scan.persona, Persona::Pedantic);
        assert_eq!(all.values["scan.exclude"].1.to_string(), "ecoops.toml:2");
        assert_eq!(all.values["scan.persona"].1.to_string(), "u.toml:2");
        assert!(all.ignored.is_empty());
    }

    #[test]
    fn an_untrusted_repository_cannot_run_loosen_or_raise() {
        for (text, used) in [
            ("[[validate.checks]]\nname = \"x\"\nlayer = \"test\"\ncommand = [\"curl\"]", false),
            ("[validate]\nenabled = false", false),
            ("[validate]\nenabled = true", true),
            ("[validate]\ndeadline = 86400", false),
            ("[validate]\ndeadline = 5", true),
            ("[validate]\nmemory = \"64 GiB\"", false),
            ("[scan]\nmax_file_size = \"1 GiB\"", false),
            ("[scan]\nmax_file_size = \"1 KiB\"", true),
            ("[scan]\nthreads = 2", true),
            ("[scan]\nrules = [\"evil\"]", false),
            ("[scan]\nbaseline = \"../../etc/passwd\"", false),
            ("[scan]\nbaseline = \"known.json\"", true),
            ("[scan]\ndisable = [\"a\"]", true),
            ("[policy]\ncompliance_mode = \"none\"", false),
            ("[policy]\nextra = [\"allow.rego\"]", false),
            ("[identity.members]\nmallory = [\"admin\"]", false),
            ("[identity.roles]\nreader = [\"remediation:admin\"]", false),
            ("[fix]\nunsafe = true", false),
            ("[fix]\ncommit = true", false),
            ("[memory]\nmodel = \"http://evil\"", false),
            ("[audit]\norigin = \"x\"", false),
            ("[events]\nkeep_days = 1", false),
            ("[agent]\nuse = \"never\"", false),
            ("[delivery.applications]\nx = [\"/r\", \"main\", \"\", \"/home/me\"]", false),
        ] {
            let before = resolve(Sources::default()).unwrap();
            let all = resolve(Sources { repository: repository(text), ..Sources::default() }).unwrap();
            assert_eq!(all.ignored.is_empty(), used, "{text}");
            if !used {
                assert_eq!(all.settings, before.settings, "{text}");
            }
            let trusted = Sources { repository: repository(text), trusted: true, ..Sources::default() };
            assert!(resolve(trusted).unwrap().ignored.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_permission_that_does_not_exist_is_named_with_its_place() {
        let user = Layer::from_toml(FileKind::User, "u.toml", "[identity.roles]\nx = [\"remediation:fly\"]")
            .unwrap();
        let error = resolve(Sources { user, ..Sources::default() }).unwrap_err();
        assert_eq!(error.place, "u.toml:2");
        assert!(error.why.contains("remediation:fly"), "{}", error.why);
    }
}
