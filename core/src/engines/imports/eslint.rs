//! `eslint -f json`. Columns and the ranges of fixes count UTF-16 code units.
//!
//! <https://eslint.org/docs/latest/use/formatters/#json>. A fix that a rule applies by itself must not
//! change what code does (<https://eslint.org/docs/latest/extend/custom-rules#applying-fixes>);
//! suggestions may, and are not taken.

use super::draft::{Draft, Drafts, Span, Unit};
use crate::domain::{Category, Severity, Tier};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    file_path: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    rule_id: Option<String>,
    #[serde(default)]
    severity: u8,
    message: String,
    #[serde(default)]
    line: Option<u32>,
    #[serde(default)]
    column: Option<u32>,
    #[serde(default)]
    end_line: Option<u32>,
    #[serde(default)]
    end_column: Option<u32>,
    #[serde(default)]
    fix: Option<Fix>,
}

#[derive(Deserialize)]
struct Fix {
    /// A start of -1 removes the byte order mark; such a fix does not fit our texts and is dropped.
    range: (i64, i64),
    text: String,
}

pub fn read(text: &str, drafts: &mut Drafts<'_>) -> Result<(), serde_json::Error> {
    for file in serde_json::from_str::<Vec<Checked>>(text)? {
        for message in file.messages {
            let draft = draft(&message);
            drafts.add(&file.file_path, draft);
        }
    }
    Ok(())
}

fn draft(message: &Message) -> Draft<'_> {
    let start = (message.line.unwrap_or(1).max(1), message.column.unwrap_or(1).max(1));
    let end = match (message.end_line, message.end_column) {
        (Some(line), Some(column)) => (line, Some(column)),
        _ => (start.0, None),
    };
    let fix = message.fix.as_ref().and_then(|fix| {
        let (start, end) = (u64::try_from(fix.range.0).ok()?, u64::try_from(fix.range.1).ok()?);
        Some((Span::Offsets { start, end }, fix.text.clone()))
    });
    let rule = message.rule_id.as_deref().unwrap_or("syntax-error");
    Draft {
        tool: "eslint",
        rule,
        title: "",
        message: &message.message,
        severity: if message.severity >= 2 { Severity::Medium } else { Severity::Low },
        category: if rule.starts_with("security") { Category::Security } else { Category::Reliability },
        tier: Tier::Safe,
        link: "",
        cwe: Vec::new(),
        unit: Unit::Utf16,
        span: Span::Lines { start, end },
        fix: fix.into_iter().collect(),
    }
}
