//! `[validate]` of the configuration: commands that replace detection, and the limits of all checks.

use super::{CheckLayer, Planner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ValidateSettings {
    /// When there are any, nothing is detected.
    pub commands: Vec<NamedCommand>,
    /// For each check.
    pub deadline_seconds: u64,
    /// For each check with all its processes.
    pub memory_bytes: u64,
}

impl Default for ValidateSettings {
    fn default() -> Self {
        Self { commands: Vec::new(), deadline_seconds: 600, memory_bytes: 4 << 30 }
    }
}

/// One command; without a shell unless it starts one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCommand {
    #[serde(default = "test_layer")]
    pub layer: CheckLayer,
    pub command: CommandLine,
    /// Relative to the repository's root.
    #[serde(default)]
    pub folder: String,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    pub network: bool,
    #[serde(default)]
    pub deadline_seconds: Option<u64>,
    #[serde(default)]
    pub memory_bytes: Option<u64>,
}

/// `"npm test"` or `["npm", "test"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CommandLine {
    Text(String),
    Words(Vec<String>),
}

fn test_layer() -> CheckLayer {
    CheckLayer::Test
}

pub(super) fn plan(planner: &mut Planner<'_>, commands: &[NamedCommand]) {
    for named in commands {
        let words = match &named.command {
            CommandLine::Words(words) => Ok(words.clone()),
            CommandLine::Text(text) => split_words(text),
        };
        let folder = named.folder.trim_matches('/');
        let bad_folder = !folder.is_empty() && crate::domain::RepoPath::new(folder).is_err();
        match words {
            Ok(words) if !words.is_empty() && !bad_folder => {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                planner.add(named.layer, folder, &words, &[]);
                if let Some(added) = planner.found.checks.last_mut() {
                    added.check.environment.extend(named.environment.clone());
                    added.check.network = named.network;
                    added.check.deadline_seconds =
                        named.deadline_seconds.unwrap_or(added.check.deadline_seconds);
                    added.check.memory_bytes = named.memory_bytes.unwrap_or(added.check.memory_bytes);
                }
            }
            Ok(_) if bad_folder => {
                planner.cannot(named.layer, "", &format!("`{folder}` is not a folder inside the repository"))
            }
            Ok(_) => planner.cannot(named.layer, "", "an empty command in [validate]"),
            Err(why) => planner.cannot(named.layer, "", &why),
        }
    }
}

/// Splits at white space; `'…'`, `"…"` and `\` quote, as in a POSIX shell, and nothing else is special.
///
/// # Errors
/// A text when a quote is open, or when a shell's operator stands unquoted: it would be taken literally.
pub fn split_words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '|' | '&' | ';' | '<' | '>' | '`' | '$' | '(') => {
                return Err(format!(
                    "`{text}` needs a shell for `{c}`: write [\"sh\", \"-c\", …] to use one"
                ));
            }
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(format!("`{text}` has an open quote"));
    }
    words.extend(word);
    Ok(words)
}

/// The words as a person would type them.
pub(super) fn typed(words: &[&str]) -> String {
    let plain = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_alphanumeric() || "-_./=:@+,%".contains(c));
    let quoted = words
        .iter()
        .map(|w| if plain(w) { (*w).to_owned() } else { format!("'{}'", w.replace('\'', "'\\''")) });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_would() {
        for (text, expected) in [
            ("npm  test", Some("npm|test")),
            (r#"a "b c" 'd "e' f\ g "" "#, Some(r#"a|b c|d "e|f g|"#)),
            ("", Some("")),
            ("a 'b", None),
            ("a && b", None),
            ("a > b", None),
            ("echo $HOME", None),
        ] {
            assert_eq!(split_words(text).ok().map(|w| w.join("|")).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn typed_words_split_back() {
        let words = ["python3", "-c", "print('a b')", "", "x=1"];
        assert_eq!(split_words(&typed(&words)).unwrap(), words);
    }

    #[test]
    fn settings_are_read_from_toml() {
        let text = "deadline_seconds = 5\n[[commands]]\ncommand = 'make lint'\nlayer = 'lint'\n[[commands]]\ncommand = ['a', 'b c']\nnetwork = true\n";
        let settings: ValidateSettings = toml::from_str(text).unwrap();
        assert_eq!((settings.deadline_seconds, settings.memory_bytes), (5, 4 << 30));
        assert_eq!(settings.commands[0].layer, CheckLayer::Lint);
        assert_eq!(settings.commands[1].command, CommandLine::Words(vec!["a".into(), "b c".into()]));
        assert!(toml::from_str::<ValidateSettings>("comands = []").is_err());
    }
}
