//! The leaf data of the audit log: an entry as JSON with sorted keys and no white space, so that the
//! same entry always has the same hash.

use crate::domain::AuditEntry;
use serde_json::Value;

/// # Errors
/// When the entry cannot be written as JSON.
pub fn encode(entry: &AuditEntry) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = String::new();
    write(&serde_json::to_value(entry)?, &mut text)?;
    Ok(text.into_bytes())
}

/// # Errors
/// When the bytes are not an entry.
pub fn decode(bytes: &[u8]) -> Result<AuditEntry, serde_json::Error> {
    serde_json::from_slice(bytes)
}

/// Sorts by itself: whether `serde_json` keeps insertion order depends on what else is linked in.
fn write(value: &Value, out: &mut String) -> Result<(), serde_json::Error> {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (place, (key, value)) in fields.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(key)?);
                out.push(':');
                write(value, out)?;
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        scalar => out.push_str(&serde_json::to_string(scalar)?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AuditResult, PolicyStamp};

    #[test]
    fn keys_are_sorted_and_nothing_is_lost() {
        let entry = AuditEntry {
            timestamp: "2026-01-02T03:04:05Z".into(),
            trace_id: "t".into(),
            run: "r".into(),
            actor: "ana \"a\"".into(),
            action: "undo".into(),
            resource: "ü\n".into(),
            result: AuditResult::Denied,
            policy: Some(PolicyStamp { version: "v".into(), decision: "deny".into(), reason: "no".into() }),
            content_hash: None,
            urn: "urn:ecoops:run:r".into(),
            uri: "file:///x".into(),
            signer: "self".into(),
            asked: None,
            details: None,
        };
        let bytes = encode(&entry).unwrap();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"{"action":"undo","actor":"ana \"a\"","content_hash":null,"policy":{"decision":"deny","reason":"no","version":"v"},"resource":"ü\n","result":"denied","run":"r","signer":"self","timestamp":"2026-01-02T03:04:05Z","trace_id":"t","uri":"file:///x","urn":"urn:ecoops:run:r"}"#
        );
        assert_eq!(decode(&bytes).unwrap(), entry);
        assert!(decode(b"{}").is_err() && decode(b"\xff").is_err());
    }
}
