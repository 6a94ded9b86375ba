//! From Prometheus' labels to what a series was taken of.
//!
//! Labels that say where something runs are dropped, those that say what is measured join the metric's name.

use crate::domain::incident::Reporter;

/// What a set of labels says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labelled {
    pub service: String,
    pub instance: String,
    pub version: String,
    pub peer: String,
    pub reporter: Reporter,
    /// The name with what else tells it apart: `http_requests_total{code="500"}`.
    pub metric: String,
}

const SERVICE: [&str; 14] = [
    "destination_workload",
    "destination_service_name",
    "service",
    "service_name",
    "app",
    "app_kubernetes_io_name",
    "kubernetes_name",
    "deployment",
    "statefulset",
    "daemonset",
    "workload",
    "container",
    "exported_job",
    "job",
];
const INSTANCE: [&str; 5] = ["pod", "pod_name", "kubernetes_pod_name", "exported_instance", "instance"];
const VERSION: [&str; 4] = ["destination_version", "version", "app_version", "app_kubernetes_io_version"];
const PEER: [&str; 5] = ["source_workload", "source_app", "client_service", "caller", "peer"];

/// Where something runs and who collected it: not what is measured.
const PLACE: [&str; 38] = [
    "__name__",
    "namespace",
    "kubernetes_namespace",
    "exported_namespace",
    "endpoint",
    "prometheus",
    "prometheus_replica",
    "cluster",
    "env",
    "environment",
    "region",
    "zone",
    "node",
    "host",
    "hostname",
    "job",
    "uid",
    "id",
    "image",
    "image_id",
    "container_id",
    "name",
    "pod_template_hash",
    "controller_revision_hash",
    "helm_sh_chart",
    "app_kubernetes_io_instance",
    "app_kubernetes_io_managed_by",
    "metrics_path",
    "replica",
    "tenant",
    "reporter",
    "destination_principal",
    "source_principal",
    "destination_service",
    "destination_service_namespace",
    "destination_workload_namespace",
    "source_workload_namespace",
    "connection_security_policy",
];

/// Reads the labels of one series; `labels` may come in any order, its name among them or not.
pub fn labelled(name: &str, labels: &[(&str, &str)]) -> Labelled {
    let first = |names: &[&str]| {
        let find = |name: &&str| labels.iter().find(|(label, value)| label == name && !value.is_empty());
        names.iter().find_map(find).map(|(_, value)| (*value).to_owned()).unwrap_or_default()
    };
    let reported = labels.iter().find(|(label, _)| *label == "reporter").map(|(_, value)| *value);
    let known = |label: &str| {
        [&SERVICE[..], &INSTANCE, &VERSION, &PEER, &PLACE].iter().any(|names| names.contains(&label))
    };
    let mut rest: Vec<&(&str, &str)> =
        labels.iter().filter(|(label, value)| !known(label) && !value.is_empty()).collect();
    rest.sort();
    let mut metric = name.to_owned();
    for (at, (label, value)) in rest.iter().enumerate() {
        metric.push(if at == 0 { '{' } else { ',' });
        metric.push_str(&format!("{label}=\"{value}\""));
    }
    if !rest.is_empty() {
        metric.push('}');
    }
    Labelled {
        service: Some(first(&SERVICE)).filter(|s| !s.is_empty()).unwrap_or_else(|| "unknown".to_owned()),
        instance: first(&INSTANCE),
        version: first(&VERSION),
        peer: first(&PEER),
        // Istio's words for who measured.
        reporter: if matches!(reported, Some("source" | "caller" | "client")) {
            Reporter::Caller
        } else {
            Reporter::Callee
        },
        metric,
    }
}

/// The unit that a metric's name ends with, by the conventions of Prometheus and OpenTelemetry.
pub fn unit(name: &str) -> &'static str {
    let bare = name.split('{').next().unwrap_or(name);
    let bare = bare.strip_suffix("_total").unwrap_or(bare);
    const UNITS: [(&str, &str); 9] = [
        ("_seconds", "seconds"),
        ("_milliseconds", "milliseconds"),
        ("_bytes", "bytes"),
        ("_ratio", "ratio"),
        ("_percent", "percent"),
        ("_celsius", "celsius"),
        ("_volts", "volts"),
        ("_joules", "joules"),
        ("_cores", "cores"),
    ];
    UNITS.iter().find(|(end, _)| bare.ends_with(end)).map_or("", |(_, unit)| unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_labels_say() {
        let labels = [
            ("job", "kubelet"),
            ("pod", "cart-1"),
            ("container", "cart"),
            ("namespace", "shop"),
            ("code", "500"),
            ("b", "x"),
        ];
        let found = labelled("http_requests_total", &labels);
        assert_eq!((found.service.as_str(), found.instance.as_str()), ("cart", "cart-1"));
        assert_eq!(found.metric, "http_requests_total{b=\"x\",code=\"500\"}");
        let istio = [
            ("reporter", "source"),
            ("source_workload", "web"),
            ("destination_workload", "cart"),
            ("destination_version", "v2"),
            ("app", "web"),
        ];
        let found = labelled("istio_requests_total", &istio);
        let shown = (found.service.as_str(), found.peer.as_str(), found.version.as_str(), found.reporter);
        assert_eq!(shown, ("cart", "web", "v2", Reporter::Caller));
        assert_eq!(labelled("up", &[]).service, "unknown");
        assert_eq!(unit("http_request_duration_seconds"), "seconds");
        assert_eq!(unit("process_cpu_seconds_total"), "seconds");
    }
}
