//! A domain event as an entry of a Redis stream: the flat fields of the kernel's event bus, so that it and
//! ecoops share a stream.

use ecoops_core::domain::{ActorKind, DomainEvent, Party, Priority, Subject};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields and values, one after the other, as `XADD` takes them.
pub fn fields(event: &DomainEvent) -> serde_json::Result<Vec<String>> {
    let mut fields = Vec::with_capacity(30);
    let mut put = |name: &str, value: String| fields.extend([name.to_owned(), value]);
    put("id", event.id.clone());
    put("type", event.kind.clone());
    put("source", event.source.clone());
    put("time", event.time.clone());
    put("traceId", event.trace_id.clone());
    put("actorId", event.actor.id.clone());
    put("actorType", word(&event.actor.kind)?);
    put("resourceKind", event.resource.kind.clone());
    put("resourceId", event.resource.id.clone());
    put("resourceNamespace", event.resource.namespace.clone().unwrap_or_default());
    put("idempotencyKey", event.idempotency_key.clone());
    put("priority", word(&event.priority)?);
    put("data", serde_json::to_string(&event.data)?);
    if let Some(subject) = &event.subject {
        put("subject", subject.clone());
    }
    if let Some(decision) = &event.policy_decision {
        put("policyDecision", serde_json::to_string(decision)?);
    }
    Ok(fields)
}

/// The event that these fields hold; `None` when they hold none, whoever wrote them.
pub fn event(fields: &[Vec<u8>]) -> Option<DomainEvent> {
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for pair in fields.chunks_exact(2) {
        found.insert(text(&pair[0])?, text(&pair[1])?);
    }
    let take = |name: &str| found.get(name).map(|value| (*value).to_owned());
    let given = |name: &str| take(name).filter(|value| !value.is_empty());
    Some(DomainEvent {
        id: take("id")?,
        kind: take("type")?,
        source: take("source")?,
        time: take("time")?,
        subject: given("subject"),
        trace_id: take("traceId")?,
        actor: Party { id: take("actorId")?, kind: said::<ActorKind>(found.get("actorType")?)? },
        resource: Subject {
            kind: take("resourceKind")?,
            id: take("resourceId")?,
            namespace: given("resourceNamespace"),
        },
        policy_decision: match given("policyDecision") {
            None => None,
            Some(json) => serde_json::from_str(&json).ok()?,
        },
        idempotency_key: take("idempotencyKey")?,
        priority: match given("priority") {
            None => Priority::default(),
            Some(word) => said(&word)?,
        },
        data: serde_json::from_str(found.get("data")?).ok()?,
    })
}

/// The value of one field, when it is text.
pub fn value<'a>(fields: &'a [Vec<u8>], name: &str) -> Option<&'a str> {
    fields.chunks_exact(2).find(|pair| pair[0] == name.as_bytes()).and_then(|pair| text(&pair[1]))
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A name of an enumeration, as JSON has it and without its quotes.
fn word(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_value(value).map(|v| v.as_str().unwrap_or_default().to_owned())
}

fn said<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::String(word.to_owned())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> DomainEvent {
        DomainEvent {
            id: "1".into(),
            kind: "a.b.c".into(),
            source: "s".into(),
            time: "2026-01-02T03:04:05Z".into(),
            subject: Some("ü\n".into()),
            trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
            actor: Party { id: "ana".into(), kind: ActorKind::User },
            resource: Subject { kind: "pod".into(), id: "p/1".into(), namespace: Some("n".into()) },
            policy_decision: serde_json::from_str(r#"{"verdict":"allow"}"#).unwrap(),
            idempotency_key: "k".into(),
            priority: Priority::High,
            data: serde_json::from_str(r#"{"a":{"b":[1,null,"\u0000"]}}"#).unwrap(),
        }
    }

    fn bytes(fields: Vec<String>) -> Vec<Vec<u8>> {
        fields.into_iter().map(String::into_bytes).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let bare = DomainEvent {
            subject: None,
            policy_decision: None,
            resource: Subject { namespace: None, ..full().resource },
            ..full()
        };
        for one in [full(), bare] {
            assert_eq!(event(&bytes(fields(&one).unwrap())), Some(one));
        }
    }

    #[test]
    fn what_is_no_event_is_none() {
        let good = bytes(fields(&full()).unwrap());
        for name in ["id", "type", "traceId", "actorType", "resourceId", "idempotencyKey", "data"] {
            let at = good.iter().position(|f| f == name.as_bytes()).unwrap();
            let mut without = good.clone();
            without.drain(at..at + 2);
            assert_eq!(event(&without), None, "without {name}");
            let mut binary = good.clone();
            binary[at + 1] = vec![0xFF, 0xFE];
            assert_eq!(event(&binary), None, "{name} is binary");
        }
        for (name, value) in [("data", "[]"), ("data", "{"), ("actorType", "robot"), ("priority", "urgent")] {
            let mut bad = good.clone();
            let at = bad.iter().position(|f| f == name.as_bytes()).unwrap();
            bad[at + 1] = value.into();
            assert_eq!(event(&bad), None, "{name}={value}");
        }
        assert_eq!(event(&[]), None);
        assert_eq!(event(&[b"odd".to_vec()]), None);
    }
}
