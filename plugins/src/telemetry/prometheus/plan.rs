//! Which questions to ask of a Prometheus that nobody has configured queries for.
//!
//! By the types that its metadata gives, else by the naming conventions: counters as rates and shares of errors,
//! histograms as quantiles too, gauges as they are. Requests, errors and durations come first, then saturation and
//! limits, then use; settings and the collectors' own metrics only where there is nothing else.

use ecoops_core::engines::signals::parse::labels::unit;
use std::collections::{BTreeMap, BTreeSet};

/// One expression and the metric that it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub metric: String,
    pub expression: String,
    /// Empty: by the metric's name.
    pub unit: String,
}

/// Labels that are kept when series are summed: who, where and whom they call.
const KEPT: &str = "job, service, service_name, app, app_kubernetes_io_name, kubernetes_name, deployment, \
    statefulset, daemonset, workload, container, exported_job, pod, pod_name, instance, exported_instance, version, \
    app_version, source_workload, source_app, client_service, caller, peer, destination_workload, \
    destination_service_name, destination_version, reporter, peer_service, upstream_service, upstream_cluster, \
    upstream, callee, remote_service, downstream_service, dependency, server_service, server_address, net_peer_name, \
    network_peer_address, rpc_service, quantile";

/// Labels that say how a request ended, and the values that are failures of the one who serves.
const ENDED: [(&str, &str); 12] = [
    ("code", "5..|Internal|Unavailable|Unknown|DeadlineExceeded|DataLoss|ResourceExhausted|error"),
    ("status", "5..|5xx|error|failed|failure"),
    ("status_code", "5..|STATUS_CODE_ERROR|error"),
    ("response_code", "5.."),
    ("http_status_code", "5.."),
    ("http_response_status_code", "5..|error"),
    ("http_status", "5.."),
    ("grpc_code", "Internal|Unavailable|Unknown|DeadlineExceeded|DataLoss|ResourceExhausted"),
    ("rpc_grpc_status_code", "2|4|8|13|14|15"),
    ("error_type", ".+"),
    ("outcome", "(?i)server_error|error|failure|failed"),
    ("result", "(?i)error|failure|failed"),
];

/// The questions for these metrics, at most of `most` of them, and how many were left out.
///
/// `kinds` are the types by name as the metadata gives them; `window` is the range of rates in seconds.
pub fn questions(
    names: &[String],
    kinds: &BTreeMap<String, String>,
    window: f64,
    most: usize,
) -> (Vec<Question>, usize) {
    let all: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut ranked: Vec<(u8, &str)> = all
        .iter()
        .filter(|name| !is_part(name, &all) && !name.starts_with("ALERTS"))
        .map(|name| (rank(name), *name))
        .collect();
    if ranked.iter().any(|(rank, _)| *rank < OWN) {
        ranked.retain(|(rank, _)| *rank < OWN);
    }
    ranked.sort_unstable();
    let left = ranked.len().saturating_sub(most);
    ranked.truncate(most);
    let window = format!("{}s", window.round());
    (ranked.into_iter().flat_map(|(_, name)| ask(name, kinds, &window)).collect(), left)
}

/// `x_sum` and `x_count` of a histogram `x_bucket`; when something was made, and what it is.
fn is_part(name: &str, all: &BTreeSet<&str>) -> bool {
    let of_histogram = ["_sum", "_count"].iter().any(|end| {
        name.strip_suffix(end).is_some_and(|stem| all.contains(format!("{stem}_bucket").as_str()))
    });
    of_histogram || ["_created", "_info", "_start_time_seconds"].iter().any(|end| name.ends_with(end))
}

fn ask(name: &str, kinds: &BTreeMap<String, String>, window: &str) -> Vec<Question> {
    let question = |metric: String, expression: String, unit: &str| Question {
        metric,
        expression,
        unit: unit.to_owned(),
    };
    if let Some(stem) = name.strip_suffix("_bucket") {
        let quantile = |(label, q): (&str, &str)| {
            let expression = format!("histogram_quantile({q}, sum by (le, {KEPT}) (rate({name}[{window}])))");
            question(format!("{stem}_{label}"), expression, unit(stem))
        };
        let mut asked: Vec<Question> =
            [("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99")].map(quantile).to_vec();
        let count = format!("{stem}_count");
        asked.push(question(format!("{stem}_rate"), rate(&count, window), "per_second"));
        asked.push(question(format!("{stem}_error_ratio"), error_ratio(&count, window), "ratio"));
        return asked;
    }
    let stem = name.strip_suffix("_total").unwrap_or(name);
    let kind = kinds.get(name).or_else(|| kinds.get(stem)).map_or("", String::as_str);
    let counted = ["_total", "_count", "_sum"].iter().any(|end| name.ends_with(end));
    if kind == "counter" || kind.is_empty() && counted || kind == "summary" && counted {
        let mut asked = vec![question(name.to_owned(), rate(name, window), "per_second")];
        if is_of_requests(name) {
            asked.push(question(format!("{stem}_error_ratio"), error_ratio(name, window), "ratio"));
        }
        return asked;
    }
    vec![question(name.to_owned(), name.to_owned(), "")]
}

fn rate(name: &str, window: &str) -> String {
    format!("sum by ({KEPT}) (rate({name}[{window}]))")
}

/// The share of what failed; 0 where nothing did, nothing where there was nothing.
fn error_ratio(name: &str, window: &str) -> String {
    let failed: Vec<String> = ENDED
        .iter()
        .map(|(label, values)| format!("rate({name}{{{label}=~\"{values}\"}}[{window}])"))
        .collect();
    let all = rate(name, window);
    format!("(sum by ({KEPT}) ({}) or 0 * {all}) / {all}", failed.join(" or "))
}

fn is_of_requests(name: &str) -> bool {
    ["request", "response", "_rpc", "grpc_", "http_", "_calls", "_rq_"].iter().any(|word| name.contains(word))
}

/// The rank of settings and of what collectors measure of themselves.
const OWN: u8 = 9;

/// 0 for requests, errors and durations, 1 for saturation, limits and life, 2 for use, 3 for the rest.
fn rank(name: &str) -> u8 {
    const COLLECTORS: [&str; 9] = [
        "go_",
        "promhttp_",
        "scrape_",
        "prometheus_",
        "net_conntrack_",
        "alertmanager_",
        "python_",
        "nodejs_version",
        "pg_exporter_",
    ];
    const SATURATED: [&str; 24] = [
        "connection",
        "pool",
        "queue",
        "lag",
        "backlog",
        "backend",
        "activity_count",
        "locks",
        "blocked",
        "waiting",
        "maxmemory",
        "memory_max",
        "limit",
        "quota",
        "throttl",
        "oom",
        "evict",
        "reject",
        "restart",
        "pending",
        "inflight",
        "in_flight",
        "saturation",
        "open_fds",
    ];
    const USED: [&str; 11] = [
        "cpu",
        "memory",
        "heap",
        "disk",
        "filesystem",
        "network",
        "thread",
        "usage",
        "bytes",
        "latency",
        "gc_",
    ];
    const FAILING: [&str; 9] =
        ["error", "fail", "exception", "timeout", "retr", "dropped", "deadlock", "abort", "rollback"];
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let setting = name.contains("_settings_") || name.contains("_config_") && !name.contains("maxmemory");
    let limit = name.contains("max_connections") || name.contains("maxmemory");
    let own = COLLECTORS.iter().any(|start| name.starts_with(start)) || name.contains("_exporter_");
    match name {
        _ if own || setting && !limit => OWN,
        "up" => 0,
        _ if name.ends_with("_bucket") || is_of_requests(name) => 0,
        _ if has(&FAILING) || name.contains("duration") => 1,
        _ if limit || name.ends_with("_up") || has(&SATURATED) => 1,
        _ if has(&USED) => 2,
        _ => 3,
    }
}

/// Whether a series is worth having although it never changes: it is a limit, or says that something lives.
pub fn telling_though_constant(metric: &str) -> bool {
    let bare = metric.split('{').next().unwrap_or(metric);
    bare == "up"
        || bare.ends_with("_up")
        || ["max", "limit", "quota", "capacity", "size"].iter().any(|word| bare.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(names: &[&str], most: usize) -> (Vec<Question>, usize) {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let kinds = BTreeMap::from([("queue_total".to_owned(), "gauge".to_owned())]);
        questions(&names, &kinds, 60.0, most)
    }

    #[test]
    fn what_is_asked_of_which_kind() {
        let (found, left) = asked(
            &[
                "go_threads",
                "up",
                "http_requests_total",
                "rpc_seconds_bucket",
                "rpc_seconds_count",
                "queue_total",
                "build_info",
            ],
            4,
        );
        let metrics: Vec<&str> = found.iter().map(|q| q.metric.as_str()).collect();
        assert_eq!(
            metrics,
            [
                "http_requests_total",
                "http_requests_error_ratio",
                "rpc_seconds_p50",
                "rpc_seconds_p95",
                "rpc_seconds_p99",
                "rpc_seconds_rate",
                "rpc_seconds_error_ratio",
                "up",
                "queue_total",
            ]
        );
        assert_eq!(left, 0);
        assert!(found[0].expression.contains("rate(http_requests_total[60s])"));
        assert_eq!(found[8].expression, "queue_total");
    }

    #[test]
    fn what_matters_comes_first() {
        let (found, left) = asked(
            &[
                "a_bytes",
                "aa_thing",
                "pg_settings_work_mem_bytes",
                "pg_settings_max_connections",
                "pg_stat_activity_count",
                "redis_memory_max_bytes",
                "redis_exporter_scrapes_total",
                "http_server_request_duration_seconds_bucket",
            ],
            4,
        );
        let first: Vec<&str> =
            found.iter().map(|q| q.metric.as_str()).filter(|m| !m.contains("duration")).collect();
        assert_eq!(
            first,
            ["pg_settings_max_connections", "pg_stat_activity_count", "redis_memory_max_bytes"]
        );
        assert_eq!(left, 2);
        // Where a collector watches only itself, that is what there is.
        assert_eq!(asked(&["go_threads"], 4).0.len(), 1);
        assert!(
            telling_though_constant("pg_settings_max_connections") && !telling_though_constant("a_ratio")
        );
    }
}
