//! Which questions to ask of a Prometheus that nobody has configured queries for.
//!
//! By the types that its metadata gives, else by the naming conventions: counters as rates, histograms as
//! quantiles and rates, gauges as they are. What tells of requests, errors, durations, utilisation and saturation
//! comes first.

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

/// Labels that are kept when series are summed: who and where, and how a request ended.
const KEPT: &str = "job, service, service_name, app, app_kubernetes_io_name, kubernetes_name, deployment, \
    statefulset, daemonset, workload, container, exported_job, pod, pod_name, instance, exported_instance, version, \
    app_version, source_workload, destination_workload, destination_service_name, destination_version, reporter, \
    code, status, status_code, response_code, grpc_code, quantile, state, mode, resource, type";

/// The questions for these metrics, at most `most`, and how many metrics were left out.
///
/// `kinds` are the types by name as the metadata gives them; `window` is the range of rates in seconds.
pub fn questions(
    names: &[String],
    kinds: &BTreeMap<String, String>,
    window: f64,
    most: usize,
) -> (Vec<Question>, usize) {
    let all: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut ranked: Vec<(u8, &str)> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !is_part(name, &all) && !name.starts_with("ALERTS"))
        .map(|name| (rank(name), name))
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    let left = ranked.len().saturating_sub(most);
    ranked.truncate(most);
    let window = format!("{}s", window.round());
    (ranked.into_iter().flat_map(|(_, name)| ask(name, kinds, &window)).collect(), left)
}

/// `x_sum` and `x_count` of a histogram `x_bucket`; `x_created` of anything.
fn is_part(name: &str, all: &BTreeSet<&str>) -> bool {
    let of_histogram = ["_sum", "_count"].iter().any(|end| {
        name.strip_suffix(end).is_some_and(|stem| all.contains(format!("{stem}_bucket").as_str()))
    });
    of_histogram || name.ends_with("_created") || name.ends_with("_info")
}

fn ask(name: &str, kinds: &BTreeMap<String, String>, window: &str) -> Vec<Question> {
    if let Some(stem) = name.strip_suffix("_bucket") {
        let quantile = |label: &str, q: &str| Question {
            metric: format!("{stem}_{label}"),
            expression: format!("histogram_quantile({q}, sum by (le, {KEPT}) (rate({name}[{window}])))"),
            unit: unit(stem).to_owned(),
        };
        let rate = Question {
            metric: format!("{stem}_rate"),
            expression: format!("sum by ({KEPT}) (rate({stem}_count[{window}]))"),
            unit: "per_second".into(),
        };
        return vec![quantile("p50", "0.5"), quantile("p99", "0.99"), rate];
    }
    let stem = name.strip_suffix("_total").unwrap_or(name);
    let kind = kinds.get(name).or_else(|| kinds.get(stem)).map_or("", String::as_str);
    let counted = ["_total", "_count", "_sum"].iter().any(|end| name.ends_with(end));
    if kind == "counter" || kind != "gauge" && counted {
        return vec![Question {
            metric: name.to_owned(),
            expression: format!("sum by ({KEPT}) (rate({name}[{window}]))"),
            unit: "per_second".into(),
        }];
    }
    vec![Question {
        metric: name.to_owned(),
        expression: format!("avg by ({KEPT}) ({name})"),
        unit: String::new(),
    }]
}

/// 0 for what tells most of a service's health, 3 for the collector's own metrics.
fn rank(name: &str) -> u8 {
    const SELF: [&str; 7] =
        ["go_", "promhttp_", "scrape_", "prometheus_", "net_conntrack_", "alertmanager_", "python_gc_"];
    const TELLING: [&str; 22] = [
        "request",
        "latency",
        "duration",
        "error",
        "fail",
        "http",
        "grpc",
        "rpc",
        "queue",
        "lag",
        "restart",
        "oom",
        "throttl",
        "saturation",
        "timeout",
        "retr",
        "connection",
        "pool",
        "success",
        "dropped",
        "response",
        "up",
    ];
    const USED: [&str; 10] =
        ["cpu", "memory", "heap", "disk", "filesystem", "network", "thread", "fd", "usage", "bytes"];
    match name {
        _ if SELF.iter().any(|own| name.starts_with(own)) => 3,
        "up" => 0,
        _ if TELLING.iter().any(|word| *word != "up" && name.contains(word)) => 0,
        _ if USED.iter().any(|word| name.contains(word)) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_which_kind() {
        let names = [
            "go_threads",
            "up",
            "http_requests_total",
            "rpc_seconds_bucket",
            "rpc_seconds_count",
            "rpc_seconds_sum",
            "queue_total",
            "build_info",
        ];
        let names: Vec<String> = names.map(str::to_owned).to_vec();
        let kinds = BTreeMap::from([("queue_total".to_owned(), "gauge".to_owned())]);
        let (asked, left) = questions(&names, &kinds, 60.0, 4);
        let metrics: Vec<&str> = asked.iter().map(|q| q.metric.as_str()).collect();
        assert_eq!(
            metrics,
            [
                "http_requests_total",
                "queue_total",
                "rpc_seconds_p50",
                "rpc_seconds_p99",
                "rpc_seconds_rate",
                "up"
            ]
        );
        assert_eq!(left, 1);
        assert!(asked[0].expression.contains("rate(http_requests_total[60s])"));
        assert!(asked[1].expression.starts_with("avg by"));
    }
}
