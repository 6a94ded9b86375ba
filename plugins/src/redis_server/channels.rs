//! The pub/sub channels of the integration matrix: every event is announced on the channel of all, on that of
//! its category, and on its cluster's. What is announced is not kept; the stream is what lasts.

use ecoops_core::domain::DomainEvent;
use serde_json::json;

const ALL: &str = "aiops:events:all";

/// Channels, and the message that goes out on each of them.
#[derive(Debug, PartialEq)]
pub struct Announcement {
    pub channels: Vec<String>,
    pub message: String,
}

/// The category is the word before the last of the type: `healing` of `platform-01.healing.completed`,
/// `remediation` of `remediation.started`. A root cause that was found is announced with the name that the
/// catalogue of events has for it, everything else by its own type in capitals.
pub fn announcement(event: &DomainEvent) -> Announcement {
    let words: Vec<&str> = event.kind.split('.').collect();
    let category = words.get(words.len().saturating_sub(2)).copied().unwrap_or_default();
    let event_type = match event.kind.as_str() {
        "remediation.analyzed" => "RCA_COMPLETE".to_owned(),
        kind => kind.to_uppercase().replace(['.', '-'], "_"),
    };
    let cluster = (event.resource.kind.eq_ignore_ascii_case("cluster")).then(|| event.resource.id.clone());
    let mut channels = vec![ALL.to_owned(), format!("aiops:events:{category}")];
    channels.extend(cluster.iter().map(|id| format!("aiops:events:cluster:{id}")));
    let mut message = json!({
        "event_id": event.id,
        "event_type": event_type,
        "source": event.source,
        "timestamp": event.time,
        "payload": event.data,
    });
    if let Some(id) = cluster {
        message["cluster_id"] = id.into();
    }
    Announcement { channels, message: message.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecoops_core::domain::{ActorKind, Party, Priority, Subject};

    #[test]
    fn an_event_is_announced_to_all_its_category_and_its_cluster() {
        for (kind, resource, event_type, channels) in [
            ("remediation.started", "run", "REMEDIATION_STARTED", vec!["all", "remediation"]),
            ("remediation.analyzed", "run", "RCA_COMPLETE", vec!["all", "remediation"]),
            (
                "platform-01.healing.completed",
                "Cluster",
                "PLATFORM_01_HEALING_COMPLETED",
                vec!["all", "healing", "cluster:c1"],
            ),
            ("odd", "run", "ODD", vec!["all", "odd"]),
        ] {
            let event = DomainEvent {
                id: "i".into(),
                kind: kind.into(),
                source: "s".into(),
                time: "2026-01-02T03:04:05Z".into(),
                subject: None,
                trace_id: String::new(),
                actor: Party { id: "a".into(), kind: ActorKind::System },
                resource: Subject { kind: resource.into(), id: "c1".into(), namespace: None },
                policy_decision: None,
                idempotency_key: "k".into(),
                priority: Priority::Normal,
                data: serde_json::Map::new(),
            };
            let told = announcement(&event);
            let expected: Vec<_> = channels.iter().map(|c| format!("aiops:events:{c}")).collect();
            assert_eq!(told.channels, expected, "{kind}");
            let message: serde_json::Value = serde_json::from_str(&told.message).unwrap();
            assert_eq!(message["event_type"], event_type);
            assert_eq!(message.get("cluster_id").is_some(), resource == "Cluster");
        }
    }
}
