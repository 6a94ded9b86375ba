//! `events.jsonl` and what clusters and alert managers send: Kubernetes events (core/v1 and events.k8s.io/v1),
//! Alertmanager's webhook payload and its API v2, Prometheus' alerts, and plain records with a time and a reason.

use super::head::time_of;
use super::json::Json;
use super::notes::Notes;
use crate::domain::incident::ClusterEvent;

/// Reads one JSON value that holds an event, several, or a list of them; what is none is noted.
pub fn events(json: &Json<'_>, file: &str, line: u64, notes: &mut Notes) -> Vec<ClusterEvent> {
    let mut found = Vec::new();
    let mut place = Place { file, line, notes, found: &mut found };
    place.read(json, 0);
    found
}

struct Place<'a> {
    file: &'a str,
    line: u64,
    notes: &'a mut Notes,
    found: &'a mut Vec<ClusterEvent>,
}

impl Place<'_> {
    fn read(&mut self, json: &Json<'_>, depth: usize) {
        let lists = ["items", "alerts"].into_iter().filter_map(|name| json.get(name));
        let lists = lists.chain(json.at(&["data", "alerts"]));
        let mut any = false;
        if depth < 3 {
            for list in lists.chain(std::iter::once(json)).filter(|value| matches!(value, Json::List(_))) {
                any = true;
                for item in list.list() {
                    self.read(item, depth + 1);
                }
            }
        }
        if any {
            return;
        }
        // A watch wraps each event: {"type":"ADDED","object":{…}}.
        let json = json.get("object").filter(|o| o.get("metadata").is_some()).unwrap_or(json);
        let event = kubernetes(json).or_else(|| alert(json)).or_else(|| plain(json));
        match event {
            Some(mut event) => {
                event.file = self.file.to_owned();
                event.line = self.line;
                self.found.push(event);
            }
            None => {
                let line = self.line;
                self.notes.add("what is no event, or has no time, is ignored", || format!("line {line}"));
            }
        }
    }
}

/// An empty event of that time.
fn event(time: f64, reason: &str, message: &str, bad: bool) -> ClusterEvent {
    ClusterEvent {
        time,
        service: None,
        instance: None,
        reason: reason.to_owned(),
        message: message.trim().to_owned(),
        bad,
        line: 0,
        file: String::new(),
    }
}

fn first_text<'a>(json: &'a Json<'_>, paths: &[&[&str]]) -> Option<&'a str> {
    paths.iter().find_map(|path| json.text_at(path))
}

fn first_time(json: &Json<'_>, paths: &[&[&str]]) -> Option<f64> {
    paths.iter().find_map(|path| json.at(path).and_then(time_of)).filter(|time| *time > 0.0)
}

fn kubernetes(json: &Json<'_>) -> Option<ClusterEvent> {
    let object = json.get("involvedObject").or_else(|| json.get("regarding"))?;
    let times: &[&[&str]] = &[
        &["lastTimestamp"],
        &["series", "lastObservedTime"],
        &["deprecatedLastTimestamp"],
        &["eventTime"],
        &["firstTimestamp"],
        &["metadata", "creationTimestamp"],
    ];
    let time = first_time(json, times)?;
    let message = first_text(json, &[&["message"], &["note"]]).unwrap_or("");
    let bad = json.text_at(&["type"]).is_some_and(|kind| kind != "Normal");
    let mut event = event(time, json.text_at(&["reason"]).unwrap_or("Event"), message, bad);
    let name = object.text_at(&["name"]).unwrap_or("");
    let labels: &[&[&str]] =
        &[&["labels", "app.kubernetes.io/name"], &["labels", "app"], &["labels", "k8s-app"]];
    let labelled = first_text(object, labels).map(str::to_owned);
    let (service, instance) = match object.text_at(&["kind"]).unwrap_or("") {
        "Pod" => (Some(workload(name).to_owned()), Some(name.to_owned())),
        "ReplicaSet" => (Some(without_hash(name).to_owned()), None),
        "Node" => (None, Some(name.to_owned())),
        _ => (Some(name.to_owned()), None),
    };
    event.service = labelled.or(service).filter(|s| !s.is_empty());
    event.instance = instance.filter(|i| !i.is_empty());
    Some(event)
}

/// The workload of a pod's name: without the template hash and the random suffix of a Deployment, the suffix of
/// a DaemonSet or Job, or the ordinal of a StatefulSet.
pub fn workload(pod: &str) -> &str {
    let Some((stem, suffix)) = pod.rsplit_once('-') else { return pod };
    if suffix.bytes().all(|b| b.is_ascii_digit()) && !suffix.is_empty() && suffix.len() < 4 {
        return stem;
    }
    if suffix.len() == 5 && is_generated(suffix) { without_hash(stem) } else { pod }
}

fn without_hash(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((stem, hash)) if (8..=10).contains(&hash.len()) && is_generated(hash) => stem,
        _ => name,
    }
}

/// Kubernetes generates names of consonants and the digits 2 and 4 to 9 (apimachinery, `rand.String`), template
/// hashes of the same.
fn is_generated(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f') || b"bcdfghjklmnpqrstvwxz2456789".contains(&b))
}

/// An alert as Alertmanager and Prometheus give it.
fn alert(json: &Json<'_>) -> Option<ClusterEvent> {
    let labels = json.get("labels")?;
    let name = labels.text_at(&["alertname"])?;
    let time = first_time(json, &[&["startsAt"], &["activeAt"]])?;
    let texts: &[&[&str]] =
        &[&["annotations", "summary"], &["annotations", "description"], &["annotations", "message"]];
    let message = first_text(json, texts).unwrap_or("");
    let severity = labels.text_at(&["severity"]).unwrap_or("");
    let mut event = event(time, name, message, !matches!(severity, "info" | "none"));
    event.service = service_of(labels).map(str::to_owned);
    event.instance = first_text(labels, &[&["pod"], &["instance"]]).map(str::to_owned);
    Some(event)
}

/// The service that Prometheus labels name.
pub fn service_of<'a>(labels: &'a Json<'_>) -> Option<&'a str> {
    const NAMES: [&str; 9] = [
        "service",
        "service_name",
        "app",
        "app_kubernetes_io_name",
        "deployment",
        "statefulset",
        "container",
        "workload",
        "job",
    ];
    NAMES.iter().find_map(|name| labels.text_at(&[name]))
}

/// A record that says when, what and perhaps where.
fn plain(json: &Json<'_>) -> Option<ClusterEvent> {
    let times: &[&[&str]] = &[&["time"], &["ts"], &["timestamp"], &["startsAt"], &["@timestamp"]];
    let time = first_time(json, times)?;
    let reason =
        first_text(json, &[&["reason"], &["alertname"], &["name"], &["title"], &["event"], &["kind"]])?;
    let message = first_text(json, &[&["message"], &["text"], &["summary"], &["description"]]).unwrap_or("");
    let severity =
        first_text(json, &[&["severity"], &["level"], &["type"]]).unwrap_or("").to_ascii_lowercase();
    const GOOD: [&str; 7] = ["", "normal", "info", "notice", "debug", "ok", "none"];
    let bad = match json.get("bad") {
        Some(Json::Bool(bad)) => *bad,
        _ => !GOOD.contains(&severity.as_str()),
    };
    let mut event = event(time, reason, message, bad);
    event.service = json.text_at(&["service"]).map(str::to_owned);
    event.instance = first_text(json, &[&["instance"], &["pod"]]).map(str::to_owned);
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Vec<ClusterEvent>, usize) {
        let mut notes = Notes::default();
        let found = events(&Json::read(text).unwrap(), "events.jsonl", 3, &mut notes);
        (found, notes.sentences("").len())
    }

    #[test]
    fn the_shapes_of_events() {
        for (text, reason, service, instance, bad) in [
            (
                r#"{"involvedObject":{"kind":"Pod","name":"cart-7fc6f5476f-cr76x"},"reason":"BackOff","message":"m","type":"Warning","lastTimestamp":"2023-01-29T08:42:09Z"}"#,
                "BackOff",
                Some("cart"),
                Some("cart-7fc6f5476f-cr76x"),
                true,
            ),
            (
                r#"{"type":"ADDED","object":{"metadata":{"name":"x"},"regarding":{"kind":"Deployment","name":"web"},"reason":"Scaled","note":"m","type":"Normal","eventTime":"2023-01-29T08:42:09.000000Z"}}"#,
                "Scaled",
                Some("web"),
                None,
                false,
            ),
            (
                r#"{"kind":"List","items":[{"involvedObject":{"kind":"Node","name":"n1"},"reason":"Pressure","type":"Warning","lastTimestamp":null,"firstTimestamp":"2023-01-29T08:42:09Z"}]}"#,
                "Pressure",
                None,
                Some("n1"),
                true,
            ),
            (
                r#"{"version":"4","status":"firing","alerts":[{"labels":{"alertname":"High","service":"api","severity":"critical","instance":"i:80"},"annotations":{"summary":"m"},"startsAt":"2023-01-29T08:42:09Z","endsAt":"0001-01-01T00:00:00Z"}]}"#,
                "High",
                Some("api"),
                Some("i:80"),
                true,
            ),
            (
                r#"[{"labels":{"alertname":"Watch","job":"api","severity":"none"},"startsAt":"2023-01-29T08:42:09.000Z","status":{"state":"active"}}]"#,
                "Watch",
                Some("api"),
                None,
                false,
            ),
            (
                r#"{"status":"success","data":{"alerts":[{"labels":{"alertname":"A","job":"j"},"activeAt":"2023-01-29T08:42:09Z","state":"firing"}]}}"#,
                "A",
                Some("j"),
                None,
                true,
            ),
            (
                r#"{"time":1674981729,"reason":"OOMKilled","service":"cart","severity":"warning"}"#,
                "OOMKilled",
                Some("cart"),
                None,
                true,
            ),
        ] {
            let (found, ignored) = read(text);
            assert_eq!((found.len(), ignored), (1, 0), "{text}");
            let event = &found[0];
            let shown =
                (event.reason.as_str(), event.service.as_deref(), event.instance.as_deref(), event.bad);
            assert_eq!(shown, (reason, service, instance, bad), "{text}");
            assert_eq!((event.time, event.line), (1_674_981_729.0, 3));
        }
        for text in ["{}", "[1]", "null", r#"{"items":[{}]}"#, r#"{"time":"soon","reason":"x"}"#] {
            let (found, ignored) = read(text);
            assert_eq!((found.len(), ignored), (0, 1), "{text}");
        }
    }

    #[test]
    fn pods_and_their_workloads() {
        for (pod, expected) in [
            ("ts-payment-service-7fc6f5476f-cr76x", "ts-payment-service"),
            ("node-exporter-x7k2p", "node-exporter"),
            ("redis-0", "redis"),
            ("web", "web"),
            ("web-canary", "web-canary"),
            ("adservice-v1-59dcc9f97-4d7fn", "adservice-v1"),
        ] {
            assert_eq!(workload(pod), expected);
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(\\{|\\}|\\[|\\]|\"items\":|\"alerts\":|\"time\":|\"labels\":|1|,|\"a\"|:){0,40}", name in "[a-z0-9ü-]{0,20}") {
            if let Ok(json) = Json::read(&text) {
                let _ = events(&json, "f", 1, &mut Notes::default());
            }
            let _ = workload(&name);
        }
    }
}
