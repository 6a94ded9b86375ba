//! What a loose file is to an incident: told by its first bytes, and by its name where they leave it open.

use super::files::{head_of, names};
use ecoops_core::engines::signals::parse::exposition::is_exposition;
use ecoops_core::engines::signals::parse::json::Json;
use std::path::Path;

/// What a file is to a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `incident.json`.
    Brief,
    Log,
    /// CSV in the bundle's columns.
    Metrics,
    /// Prometheus' text format.
    Exposition,
    Traces,
    /// Logs in OTLP's JSON.
    LogRecords,
    /// Metrics in OTLP's JSON.
    MetricRecords,
    /// Kubernetes events, alerts.
    Events,
    /// `kubectl get replicasets,deployments,pods -o json`.
    Objects,
    Changes,
    Topology,
}

/// Bytes of a file by which it is told.
const HEAD: u64 = 8192;

/// What a file is; `None` for JSON that could be several things.
///
/// # Errors
/// As the system says. The file must be a plain one.
pub fn role_of(path: &Path) -> std::io::Result<Option<Role>> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(role(&name, &head_of(path, HEAD)?))
}

/// What a file of that name is that begins so.
pub fn role(name: &str, start: &[u8]) -> Option<Role> {
    let name = names::unpacked_name(name).to_lowercase();
    let own = match names::part(&name) {
        names::Part::Brief => Some(Role::Brief),
        names::Part::Metrics => Some(Role::Metrics),
        names::Part::Traces => Some(Role::Traces),
        names::Part::Events => Some(Role::Events),
        names::Part::Changes => Some(Role::Changes),
        names::Part::Topology => Some(Role::Topology),
        names::Part::Objects => Some(Role::Objects),
        _ => None,
    };
    let text = String::from_utf8_lossy(start);
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    let first = text.lines().next().unwrap_or("").trim();
    own.or_else(|| table(&name, first))
        .or_else(|| (name.ends_with(".prom") || is_exposition(text)).then_some(Role::Exposition))
        .or_else(|| if text.starts_with(['{', '[']) { document(&name, text, first) } else { Some(Role::Log) })
}

/// A table by its header.
fn table(name: &str, header: &str) -> Option<Role> {
    let columns: Vec<String> =
        header.split(',').map(|cell| cell.trim().trim_matches('"').to_ascii_lowercase()).collect();
    let has = |wanted: &[&str]| wanted.iter().all(|w| columns.iter().any(|column| column == w));
    if has(&["caller", "callee"]) || name.ends_with(".csv") && named(name, &["topology", "calls"]) {
        Some(Role::Topology)
    } else if has(&["ts", "service", "metric", "value"]) || name.ends_with(".csv") {
        Some(Role::Metrics)
    } else {
        None
    }
}

fn named(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| name.contains(word))
}

/// JSON: one document, or one a line.
fn document(name: &str, start: &str, first: &str) -> Option<Role> {
    let holds = |keys: &[&str]| keys.iter().any(|key| start.contains(&format!("\"{key}\"")));
    let line = Json::read(first).ok();
    let has = |key: &str| line.as_ref().is_some_and(|line| line.get(key).is_some());
    let says = ["message", "msg", "log", "level"].iter().any(|key| has(key));
    let lines = text_lines(start);
    let json = name.ends_with(".json") || name.ends_with(".jsonl") || name.ends_with(".ndjson");
    if holds(&["resourceSpans", "resource_spans"]) {
        Some(Role::Traces)
    } else if holds(&["resourceLogs", "resource_logs"]) {
        Some(Role::LogRecords)
    } else if holds(&["resourceMetrics", "resource_metrics"]) {
        Some(Role::MetricRecords)
    } else if holds(&["involvedObject", "startsAt"]) || has("alerts") {
        Some(Role::Events)
    } else if holds(&["ReplicaSet", "Deployment", "ReplicaSetList", "DeploymentList"])
        && holds(&["kind"])
        && !says
    {
        Some(Role::Objects)
    } else if has("kind") && has("service") && (has("time") || has("id")) && !says
        || json && named(name, &["change", "deploy", "release", "rollout"])
    {
        Some(Role::Changes)
    } else if json && named(name, &["event", "alert"]) {
        Some(Role::Events)
    } else if json && named(name, &["trace", "span"]) && line.is_none() {
        Some(Role::Traces)
    } else if says || lines || line.is_some() && !name.ends_with(".json") || !json {
        Some(Role::Log)
    } else {
        None
    }
}

/// Whether each of the first two lines is a document of its own.
fn text_lines(start: &str) -> bool {
    let mut lines = start.lines().map(|line| line.starts_with('{') && Json::read(line).is_ok());
    lines.next() == Some(true) && lines.next() == Some(true)
}

/// Where a loose file of that role and name lies in a bundle.
pub fn place(role: Role, name: &str) -> String {
    let packed = &name[names::unpacked_name(name).len()..];
    let own = match role {
        Role::Log => return log_place(name),
        Role::Brief => "incident.json",
        Role::Metrics => "metrics.csv",
        Role::Exposition => "metrics.prom",
        Role::Traces => "traces.json",
        Role::LogRecords => "logs.json",
        Role::MetricRecords => "metrics.json",
        Role::Events => "events.jsonl",
        Role::Objects => "objects.json",
        Role::Changes => "changes.jsonl",
        Role::Topology => "topology.csv",
    };
    format!("{own}{packed}")
}

/// A log keeps the name that the bundle's format can read, and gets one otherwise.
fn log_place(name: &str) -> String {
    let kept = format!("logs/{name}");
    if matches!(names::part(&kept), names::Part::Log { .. }) {
        return kept;
    }
    let bare = names::unpacked_name(name);
    let stem = match bare.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => bare,
    };
    format!("{}{}", names::log_name(stem, None, false), &name[bare.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"time":"2024-03-05T10:16:00Z","level":"info","message":"x"}"#;
    const EXPOSED: &str = "# TYPE up gauge\nup{job=\"api\"} 1\n";

    #[test]
    fn a_files_part_is_told_by_what_it_holds_and_else_by_its_name() {
        for (name, start, expected) in [
            ("api.log", "2024-03-05 10:16:00 up\n", Some("logs/api.log")),
            ("api.log.1", "", Some("logs/api.log.1")),
            ("api.log-20240102.gz", "x", Some("logs/api.log-20240102.gz")),
            ("cart.cart-1.jsonl", LINE, Some("logs/cart.cart-1.jsonl")),
            ("syslog", "x", Some("logs/syslog.log")),
            ("syslog.gz", "x", Some("logs/syslog.log.gz")),
            ("my app.txt", "x", Some("logs/my%20app.log")),
            (".hidden", "x", Some("logs/%2Ehidden.log")),
            ("api.json", LINE, Some("logs/api.log")),
            ("deploys.jsonl", "{}", Some("changes.jsonl")),
            ("x.jsonl", r#"{"id":"c","time":1,"kind":"deploy","service":"a"}"#, Some("changes.jsonl")),
            ("k8s-events.json", "{}", Some("events.jsonl")),
            ("dump.json", "{\n \"items\": [ { \"involvedObject\": {} } ] }", Some("events.jsonl")),
            ("payload.json", r#"{"alerts":[]}"#, Some("events.jsonl")),
            (
                "rs.json",
                "{\n \"kind\": \"List\", \"items\": [ {\"kind\": \"ReplicaSet\"} ] }",
                Some("objects.json"),
            ),
            ("export.csv", "ts,service,metric,value\n", Some("metrics.csv")),
            ("export.txt", "\u{FEFF}service,value,ts,metric\n", Some("metrics.csv")),
            ("export.csv.gz", "ts,service,metric,value\n", Some("metrics.csv.gz")),
            ("edges.csv", "caller,callee\n", Some("topology.csv")),
            ("topology.csv", "", Some("topology.csv")),
            ("spans.json", "{\"resourceSpans\":[]}", Some("traces.json")),
            ("x.json", "{\"resourceLogs\":[]}", Some("logs.json")),
            ("x.log", "{\"resourceMetrics\":[]}", Some("metrics.json")),
            ("incident.json", "{}", Some("incident.json")),
            ("node.prom", "up 1\n", Some("metrics.prom")),
            ("metrics.txt", EXPOSED, Some("metrics.prom")),
            ("metrics", EXPOSED, Some("metrics.prom")),
            ("scrape.log.gz", EXPOSED, Some("metrics.prom.gz")),
            ("metrics.txt", "it is up\n", Some("logs/metrics.log")),
            ("what.json", "{\n \"a\": 1\n}", None),
        ] {
            let role = role(name, start.as_bytes());
            assert_eq!(role.map(|role| place(role, name)).as_deref(), expected, "{name}");
        }
    }
}
