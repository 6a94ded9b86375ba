//! Which subject an event of the pipeline goes to, and what travels with it.
//!
//! | event | subject | because |
//! |---|---|---|
//! | `remediation.started` | `signal.detect` | a problem was found and taken up |
//! | `remediation.analyzed` | `rca.make` | its root causes are known |
//! | `remediation.fixed` | `fix.execute` | a fix was carried out |
//! | `remediation.validated` | `verify.run` | a fix was verified |
//! | `remediation.rollback` | `fix.preflight` | a fix was taken back, and the next is weighed |
//! | `remediation.completed` | `export.make` | the record is complete |
//!
//! Others write to these subjects too; whoever reads tells an event of ours by its header `Ecoops-Event`, and one
//! of theirs is left out of the log. The body is the event as JSON.

use async_nats::HeaderMap;
use ecoops_core::domain::{EventData, RemediationEvent, hex};
use sha2::{Digest, Sha256};

/// Every subject of the workers' bus; the stream has them all, also those that no event of ours goes to.
pub const ALL: [&str; 10] = [
    "signal.ingest",
    "signal.detect",
    "signal.correlate",
    "rca.make",
    "rag.answer",
    "fix.plan",
    "fix.preflight",
    "fix.execute",
    "verify.run",
    "export.make",
];

const EVENT: &str = "Ecoops-Event";
const KEY: &str = "Ecoops-Key";
const GROUP: &str = "Ecoops-Group";
const OFFSET: &str = "Ecoops-Offset";
const ATTEMPT: &str = "Ecoops-Attempt";
const REASON: &str = "Ecoops-Reason";

pub fn of(event: &RemediationEvent) -> &'static str {
    match event.data {
        EventData::Started { .. } => "signal.detect",
        EventData::Analyzed { .. } => "rca.make",
        EventData::Fixed { .. } => "fix.execute",
        EventData::Validated { .. } => "verify.run",
        EventData::Rollback { .. } => "fix.preflight",
        EventData::Completed { .. } => "export.make",
    }
}

/// A name that NATS takes for a consumer and in a subject, of any text.
pub fn token(text: &str) -> String {
    hex(&Sha256::digest(text)[..12])
}

/// The headers of an event. `id` is what the server tells a repetition by.
pub fn headers(event: &RemediationEvent, id: &str, key: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(async_nats::header::NATS_MESSAGE_ID, id);
    headers.insert(EVENT, event.kind());
    headers.insert(KEY, quoted(key).as_str());
    headers
}

/// What is written on a dead letter.
#[derive(Debug, PartialEq, Eq)]
pub struct Label {
    pub group: String,
    pub offset: u64,
    pub key: String,
    pub attempt: u32,
    pub reason: String,
}

impl Label {
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(GROUP, quoted(&self.group).as_str());
        headers.insert(OFFSET, self.offset.to_string().as_str());
        headers.insert(KEY, quoted(&self.key).as_str());
        headers.insert(ATTEMPT, self.attempt.to_string().as_str());
        headers.insert(REASON, quoted(&self.reason).as_str());
        headers
    }

    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name).map(|v| v.as_str());
        Some(Self {
            group: unquoted(headers, GROUP)?,
            offset: number(OFFSET)?.parse().ok()?,
            key: unquoted(headers, KEY)?,
            attempt: number(ATTEMPT)?.parse().ok()?,
            reason: unquoted(headers, REASON)?,
        })
    }
}

/// The key and the event of a message; `None` when it is none of ours.
pub fn event(headers: Option<&HeaderMap>, body: &[u8]) -> Option<(String, RemediationEvent)> {
    let headers = headers?;
    headers.get(EVENT)?;
    Some((unquoted(headers, KEY)?, serde_json::from_slice(body).ok()?))
}

/// Any text as a header's value, in ASCII: as JSON has it.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let mut ascii = String::with_capacity(json.len());
    for unit in json.chars() {
        match unit.is_ascii() && unit != '\u{7f}' {
            true => ascii.push(unit),
            false => {
                let mut units = [0; 2];
                unit.encode_utf16(&mut units).iter().for_each(|u| ascii.push_str(&format!("\\u{u:04x}")));
            }
        }
    }
    ascii
}

fn unquoted(headers: &HeaderMap, name: &str) -> Option<String> {
    serde_json::from_str(headers.get(name)?.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_travels_in_a_header(text: String) {
            let label = Label { group: text.clone(), offset: 7, key: text.clone(), attempt: 1, reason: text };
            let headers = label.headers();
            for (_, values) in headers.iter() {
                prop_assert!(values.iter().all(|v| v.as_str().chars().all(|c| c.is_ascii_graphic() || c == ' ')));
            }
            prop_assert_eq!(Label::of(&headers), Some(label));
        }
    }
}
