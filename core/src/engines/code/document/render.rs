//! Values as text, in the style of their surroundings.

use super::node::Style;
use super::yaml::plain;
use serde_json::Value as Json;

/// A scalar as YAML, in the quotes that `style` has; plain where that reads back as the same value.
pub(super) fn yaml_scalar(value: &Json, style: Style) -> String {
    let Json::String(text) = value else { return value.to_string() };
    let printable = !text.chars().any(char::is_control);
    match style {
        Style::SingleQuoted if printable => format!("'{}'", text.replace('\'', "''")),
        Style::DoubleQuoted => value.to_string(),
        _ if is_plain(text) => text.clone(),
        _ => value.to_string(),
    }
}

/// Whether a text needs no quotes anywhere in YAML, flow style included, in 1.1 as in 1.2.
fn is_plain(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    let first_ok =
        text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '$'));
    first_ok
        && plain(text) == Json::String(text.to_owned())
        && !matches!(word.as_str(), "yes" | "no" | "on" | "off" | "y" | "n" | "=" | "<<")
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./@$+=".contains(c) || c == ':' || c == ' ')
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !text.contains("  ")
        || text.starts_with(|c: char| c.is_ascii_digit()) && is_quantity_like(text)
}

/// `100m`, `128Mi`, `30s`: begins with a digit, ends with a letter, reads as nothing else.
fn is_quantity_like(text: &str) -> bool {
    text.len() <= 12
        && text.ends_with(['m', 'i', 'k', 'M', 'G', 's'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
        && plain(text) == Json::String(text.to_owned())
        && !text.starts_with("0x")
}

/// `key: value` lines of a block mapping, each at `indent`, without the first indentation and the last break.
pub(super) fn yaml_block(key: &str, value: &Json, indent: usize) -> String {
    let key = yaml_scalar(&Json::String(key.to_owned()), Style::Plain);
    let pad = " ".repeat(indent + 2);
    match value {
        Json::Object(map) if !map.is_empty() => {
            let lines: Vec<String> =
                map.iter().map(|(k, v)| format!("{pad}{}", yaml_block(k, v, indent + 2))).collect();
            format!("{key}:\n{}", lines.join("\n"))
        }
        Json::Array(items) if !items.is_empty() => {
            let lines: Vec<String> = items.iter().map(|item| format!("{pad}- {}", yaml_flow(item))).collect();
            format!("{key}:\n{}", lines.join("\n"))
        }
        other => format!("{key}: {}", yaml_flow(other)),
    }
}

/// Any value on one line of YAML.
pub(super) fn yaml_flow(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let pairs: Vec<String> = map
                .iter()
                .map(|(k, v)| {
                    format!("{}: {}", yaml_scalar(&Json::String(k.clone()), Style::Plain), yaml_flow(v))
                })
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(yaml_flow).collect::<Vec<_>>().join(", ")),
        scalar => yaml_scalar(scalar, Style::Plain),
    }
}

/// Any value on one line of TOML or HCL.
pub(super) fn inline(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(k, v)| format!("{} = {}", bare_key(k), inline(v))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        scalar => scalar.to_string(),
    }
}

pub(super) fn bare_key(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if bare { key.to_owned() } else { Json::String(key.to_owned()).to_string() }
}
