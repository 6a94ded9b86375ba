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
/// The caller, as the callee or a mesh names it.
const PEER: [&str; 5] = ["source_workload", "source_app", "client_service", "caller", "peer"];
/// The callee, as its caller names it.
const CALLEE: [&str; 9] = [
    "peer_service",
    "upstream_service",
    "upstream_cluster",
    "upstream",
    "callee",
    "remote_service",
    "downstream_service",
    "dependency",
    "server_service",
];
/// The callee too, but only of metrics that are a client's: servers call themselves so.
const CALLEE_OF_CLIENT: [&str; 6] =
    ["server_address", "net_peer_name", "network_peer_address", "peer", "target", "rpc_service"];

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
    let client = is_client(name);
    let callee = first(&CALLEE);
    let callee = if callee.is_empty() && client { first(&CALLEE_OF_CLIENT) } else { callee };
    let known = |label: &str| {
        let always = [&SERVICE[..], &INSTANCE, &VERSION, &PEER, &CALLEE, &PLACE];
        always.iter().any(|names| names.contains(&label)) || client && CALLEE_OF_CLIENT.contains(&label)
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
    let own = Some(first(&SERVICE)).filter(|s| !s.is_empty()).unwrap_or_else(|| "unknown".to_owned());
    let (instance, version) = (first(&INSTANCE), first(&VERSION));
    if !callee.is_empty() {
        let service = without_port(&callee).to_owned();
        return Labelled { service, instance, version, peer: own, reporter: Reporter::Caller, metric };
    }
    // Istio's words for who measured.
    let by_caller = matches!(reported, Some("source" | "caller" | "client"));
    let reporter = if by_caller { Reporter::Caller } else { Reporter::Callee };
    Labelled { service: own, instance, version, peer: first(&PEER), reporter, metric }
}

/// Whether a metric measures calls that its service makes.
fn is_client(name: &str) -> bool {
    ["client", "outgoing", "outbound", "egress", "upstream"].iter().any(|word| name.contains(word))
}

/// `pay` of `pay:8080`; an address of IPv6 stays whole.
fn without_port(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((host, port))
            if !host.contains(':') && !host.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) =>
        {
            host
        }
        _ => address,
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
        // A client names whom it calls, a server itself.
        for (name, label, value, expected) in [
            (
                "http_client_request_duration_seconds_p99",
                "peer_service",
                "pay",
                ("pay", "web", Reporter::Caller),
            ),
            ("http_client_requests_total", "server_address", "pay:8080", ("pay", "web", Reporter::Caller)),
            ("http_server_requests_total", "server_address", "web:80", ("web", "", Reporter::Callee)),
            ("envoy_rq_total", "upstream_cluster", "pay", ("pay", "web", Reporter::Caller)),
        ] {
            let found = labelled(name, &[("job", "web"), (label, value)]);
            assert_eq!((found.service.as_str(), found.peer.as_str(), found.reporter), expected, "{name}");
        }
        assert_eq!(labelled("up", &[]).service, "unknown");
        assert_eq!(unit("http_request_duration_seconds"), "seconds");
        assert_eq!(unit("process_cpu_seconds_total"), "seconds");
    }
}
