//! `incident.json`, `changes.jsonl` and `topology.csv`: what people say about an incident.

use super::csv::{Row, Rows};
use super::json::Json;
use super::notes::{Notes, quoted};
use super::time::{moment, rfc3339, unix};
use crate::domain::incident::{CallEdge, ChangeKind, ChangeRecord, EdgeSource, IncidentBrief, TimeRange};
use std::collections::BTreeSet;

/// Why `incident.json` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBrief {
    #[error("incident.json is not JSON: {0}")]
    Json(String),
    #[error("incident.json: `{0}` is missing")]
    Missing(&'static str),
    #[error("incident.json: `{0}` must be an RFC 3339 time or Unix seconds, not {1}")]
    Time(&'static str, String),
    #[error("incident.json: the {0} ends at {2}, not after its start at {1}")]
    Empty(&'static str, String, String),
}

/// A time given as text or as a number.
pub(super) fn time_of(value: &Json<'_>) -> Option<f64> {
    match value {
        Json::Text(text) => moment(text),
        _ => unix(value.number()?),
    }
}

/// Reads `incident.json`.
///
/// # Errors
/// [`BadBrief`] when a field that must be there is not, or cannot be what it says.
pub fn brief(text: &str) -> Result<(IncidentBrief, Notes), BadBrief> {
    let text = text.trim_start_matches('\u{FEFF}');
    let json = Json::read(text).map_err(|error| BadBrief::Json(error.to_string()))?;
    let mut notes = Notes::default();
    const KNOWN: [&str; 6] = ["title", "detected_at", "window", "service", "metric", "baseline"];
    for (name, _) in json.fields().iter().filter(|(name, _)| !KNOWN.contains(&&**name)) {
        notes.add(&format!("the unknown field {} is ignored", quoted(name)), String::new);
    }
    let time = |field: &'static str, value: Option<&Json<'_>>| {
        let value = value.filter(|v| **v != Json::Null).ok_or(BadBrief::Missing(field))?;
        time_of(value).ok_or_else(|| BadBrief::Time(field, quoted(&format!("{value:?}"))))
    };
    let range = |value: &Json<'_>, names: [&'static str; 3]| {
        let [name, start, end] = names;
        let range = TimeRange { start: time(start, value.get("start"))?, end: time(end, value.get("end"))? };
        let ordered = range.start < range.end;
        ordered
            .then_some(range)
            .ok_or_else(|| BadBrief::Empty(name, rfc3339(range.start), rfc3339(range.end)))
    };
    let window = json.get("window").ok_or(BadBrief::Missing("window"))?;
    let window = range(window, ["window", "window.start", "window.end"])?;
    let baseline = match json.get("baseline") {
        None | Some(Json::Null) => None,
        Some(value) => Some(range(value, ["baseline", "baseline.start", "baseline.end"])?),
    };
    let detected_at = match json.get("detected_at") {
        None | Some(Json::Null) => {
            notes.add("`detected_at` is missing; the end of the window stands in", String::new);
            window.end
        }
        value => time("detected_at", value)?,
    };
    let title = json.text_at(&["title"]).unwrap_or_else(|| {
        notes.add("`title` is missing", String::new);
        "Incident"
    });
    if baseline.is_some_and(|b| b.start < window.end && window.start < b.end) {
        notes.add("the baseline overlaps the window", String::new);
    }
    let optional = |name| json.text_at(&[name]).map(str::to_owned);
    let (service, metric) = (optional("service"), optional("metric"));
    Ok((IncidentBrief { title: title.to_owned(), detected_at, window, service, metric, baseline }, notes))
}

/// One line of `changes.jsonl`; `None` with a note when it cannot be used.
pub fn change(line: &str, number: u64, notes: &mut Notes) -> Option<ChangeRecord> {
    let place = || format!("line {number}");
    let Ok(json) = Json::read(line) else {
        notes.add("a line that is not JSON is ignored", place);
        return None;
    };
    let Some(time) = json.get("time").and_then(time_of) else {
        notes.add("a change without a usable `time` is ignored", place);
        return None;
    };
    let Some(service) = json.text_at(&["service"]) else {
        notes.add("a change without `service` is ignored", place);
        return None;
    };
    let kind = match json.text_at(&["kind"]).unwrap_or("").to_ascii_lowercase().as_str() {
        "deploy" | "deployment" | "rollout" | "release" => ChangeKind::Deploy,
        "flag" => ChangeKind::Flag,
        "config" => ChangeKind::Config,
        "infra" => ChangeKind::Infra,
        other => {
            notes.add("an unknown `kind` is taken as deploy", || format!("{}: {}", place(), quoted(other)));
            ChangeKind::Deploy
        }
    };
    const KNOWN: [&str; 9] = ["id", "time", "kind", "service", "from", "to", "instances", "author", "ref"];
    for (name, _) in json.fields().iter().filter(|(name, _)| !KNOWN.contains(&&**name)) {
        notes.add(&format!("the unknown field {} is ignored", quoted(name)), place);
    }
    let text = |name| match json.get(name) {
        Some(Json::Text(text)) if !text.is_empty() => Some(text.to_string()),
        Some(value @ (Json::Integer(_) | Json::Number(_))) => value.number().map(|n| n.to_string()),
        _ => None,
    };
    let id = text("id").unwrap_or_else(|| {
        notes.add("a change without `id` is named after its line", place);
        format!("change-{number}")
    });
    let instances = json.get("instances").map(Json::list).unwrap_or_default();
    Some(ChangeRecord {
        id,
        time,
        kind,
        service: service.to_owned(),
        from: text("from"),
        to: text("to"),
        instances: instances.iter().filter_map(|i| i.text().map(str::to_owned)).collect(),
        author: text("author"),
        reference: text("ref"),
    })
}

/// Gives equal ids of different changes a number, so that an id names one change.
pub fn distinct(changes: &mut [ChangeRecord], notes: &mut Notes) {
    let mut seen = BTreeSet::new();
    for change in changes {
        let mut number = 2;
        let id = change.id.clone();
        while !seen.insert(change.id.clone()) {
            change.id = format!("{id}#{number}");
            number += 1;
        }
        if number > 2 {
            notes.add("an id that was taken already got a number", || quoted(&id));
        }
    }
}

/// Most edges that are kept.
const EDGES: usize = 1_000_000;

/// Reads `topology.csv`. Cycles, self-calls and unknown services are a topology like any other.
pub fn topology(bytes: &[u8]) -> (Vec<CallEdge>, Notes) {
    let mut notes = Notes::default();
    let mut edges = BTreeSet::new();
    let mut columns: Option<(usize, usize)> = None;
    let mut each = |row: &Row<'_>| {
        let text = |at: usize| String::from_utf8_lossy(row.field(at).unwrap_or_default()).trim().to_owned();
        if row.is_empty() {
            return;
        }
        let Some((caller, callee)) = columns else {
            let names: Vec<String> =
                (0..row.len()).map(|at| text(at).trim_start_matches('\u{FEFF}').to_lowercase()).collect();
            let find = |name: &str| names.iter().position(|n| n == name);
            match (find("caller"), find("callee")) {
                (Some(caller), Some(callee)) => {
                    for unknown in names.iter().filter(|n| *n != "caller" && *n != "callee") {
                        notes.add(&format!("the unknown column {} is ignored", quoted(unknown)), String::new);
                    }
                    columns = Some((caller, callee));
                }
                _ => {
                    notes.add("it has no columns `caller` and `callee` and is ignored", String::new);
                    columns = Some((usize::MAX, usize::MAX));
                }
            }
            return;
        };
        if caller == usize::MAX {
            return;
        }
        let (caller, callee) = (text(caller), text(callee));
        if caller.is_empty() || callee.is_empty() {
            notes.add("a row without caller or callee is ignored", || format!("row {}", row.number));
        } else if edges.len() < EDGES {
            edges.insert(CallEdge { caller, callee, source: EdgeSource::Given });
        } else {
            notes.add("edges beyond the first million are ignored", String::new);
        }
    };
    let mut rows = Rows::default();
    rows.feed(bytes, &mut each);
    rows.finish(&mut each);
    (edges.into_iter().collect(), notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_head_of_an_incident() {
        let text = r#"{"title":"T","detected_at":"2023-01-29T08:45:00Z","window":{"start":1674981720,"end":1674981960.5},
            "service":"web","baseline":{"start":"2023-04-01T00:00:00Z","end":"2023-04-01T00:05:00Z"},"owner":"me"}"#;
        let (brief, notes) = brief(text).unwrap();
        assert_eq!(brief.window, TimeRange { start: 1_674_981_720.0, end: 1_674_981_960.5 });
        assert_eq!(
            (brief.service.as_deref(), brief.metric, brief.detected_at),
            (Some("web"), None, 1_674_981_900.0)
        );
        assert_eq!(brief.baseline.unwrap().length(), 300.0);
        assert_eq!(notes.sentences("incident.json"), ["incident.json: the unknown field `owner` is ignored"]);
    }

    #[test]
    fn heads_that_cannot_be_used() {
        for (text, message) in [
            ("", "incident.json is not JSON: EOF while parsing a value at line 1 column 0"),
            ("[]", "incident.json: `window` is missing"),
            (r#"{"title":"T"}"#, "incident.json: `window` is missing"),
            (r#"{"window":{"start":1}}"#, "incident.json: `window.end` is missing"),
            (
                r#"{"window":{"start":5,"end":5}}"#,
                "incident.json: the window ends at 1970-01-01T00:00:05Z, not after its start at 1970-01-01T00:00:05Z",
            ),
        ] {
            assert_eq!(brief(text).unwrap_err().to_string(), message, "{text}");
        }
        let error = brief(r#"{"window":{"start":"soon","end":5}}"#).unwrap_err().to_string();
        assert!(error.starts_with("incident.json: `window.start` must be an RFC 3339 time"), "{error}");
    }

    #[test]
    fn changes_line_by_line() {
        let mut notes = Notes::default();
        let full = r#"{"id":"c1","time":"2023-01-29T08:42:09Z","kind":"flag","service":"s","from":"a","to":2,"instances":["i"],"author":"x","ref":"r","extra":1}"#;
        let read = change(full, 1, &mut notes).unwrap();
        assert_eq!(
            (read.kind, read.to.as_deref(), read.reference.as_deref()),
            (ChangeKind::Flag, Some("2"), Some("r"))
        );
        for bad in ["", "{", "[]", r#"{"time":5}"#, r#"{"service":"s"}"#] {
            assert_eq!(change(bad, 2, &mut notes), None, "{bad}");
        }
        let named = change(r#"{"time":5,"service":"s","kind":"magic"}"#, 7, &mut notes).unwrap();
        assert_eq!((named.id.as_str(), named.kind), ("change-7", ChangeKind::Deploy));
        let mut twice = vec![read.clone(), read.clone(), read];
        distinct(&mut twice, &mut notes);
        assert_eq!(twice.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["c1", "c1#2", "c1#3"]);
    }

    #[test]
    fn edges_with_cycles_and_rubbish() {
        let (edges, notes) = topology(b"caller,callee,weight\na,b,1\nb,a,1\na,a,1\na,b,2\n,b,1\n\n");
        assert_eq!(edges.len(), 3);
        assert_eq!(notes.sentences("t").len(), 2);
        assert!(topology(b"x,y\n1,2\n").0.is_empty());
        assert!(topology(b"").0.is_empty());
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (brief(&text), change(&text, 1, &mut Notes::default()), topology(&bytes));
        }
    }
}
