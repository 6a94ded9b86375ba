//! Texts that PostgreSQL cannot hold: it refuses the character NUL in TEXT and in JSONB.
//!
//! NUL becomes U+F8FF and `0`, and U+F8FF, which is in no text of a living person, U+F8FF and `1`; all else stays.

use serde_json::{Map, Value};
use std::borrow::Cow;

const MARK: char = '\u{f8ff}';

pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\0' => out.extend([MARK, '0']),
            MARK => out.extend([MARK, '1']),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

pub(crate) fn unescape(text: String) -> String {
    if !text.contains(MARK) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            MARK => match chars.next() {
                Some('0') => out.push('\0'),
                // not ours: leave it readable
                Some(other) if other != '1' => out.extend([MARK, other]),
                _ => out.push(MARK),
            },
            c => out.push(c),
        }
    }
    out
}

pub(crate) fn escape_json(fields: &Map<String, Value>) -> Value {
    Value::Object(
        fields.iter().map(|(k, v)| (escape(k).into_owned(), each(v, &|s| escape(s).into_owned()))).collect(),
    )
}

pub(crate) fn unescape_json(value: Value) -> Map<String, Value> {
    let back = |s: &str| unescape(s.to_owned());
    match value {
        Value::Object(fields) => fields.iter().map(|(k, v)| (back(k), each(v, &back))).collect(),
        _ => Map::new(),
    }
}

/// Every text of a value.
pub(crate) fn escape_value(value: &Value) -> Value {
    each(value, &|s| escape(s).into_owned())
}

pub(crate) fn unescape_value(value: &Value) -> Value {
    each(value, &|s| unescape(s.to_owned()))
}

fn each(value: &Value, change: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.iter().map(|item| each(item, change)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(k, v)| (change(k), each(v, change))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_comes_back_and_holds_no_nul(text in "[\\x00\\u{f8ff}01a]{0,12}|\\PC*") {
            let kept = escape(&text).into_owned();
            prop_assert!(!kept.contains('\0'));
            prop_assert_eq!(unescape(kept), text);
        }
    }

    #[test]
    fn fields_come_back() {
        let fields = serde_json::json!({ "a\0": ["\0", { "\u{f8ff}": 1.5 }], "b": null });
        let fields = fields.as_object().expect("fields");
        assert_eq!(unescape_json(escape_json(fields)), *fields);
    }
}
