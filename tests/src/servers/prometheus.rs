//! Prometheus and Alertmanager, from their Debian packages, and an exporter for the one to scrape.

use super::{Server, listens};
use crate::http::Replay;
use crate::parts;
use crate::tls::Identity;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

const RULES: &str = "groups:\n- name: g\n  rules:\n  - alert: QueueFull\n    expr: shop_queue_length > 5\n    labels: {severity: critical}\n    annotations: {summary: the queue is full}\n";

/// Prometheus that scrapes `exporter` once a second as the job `shop`, and tells `alertmanager`; with TLS of its own
/// when it has an identity.
pub fn start(exporter: &str, alertmanager: &str, identity: Option<Identity>) -> Option<Server> {
    let program = parts::unpacked("usr/bin/prometheus", "prometheus")?;
    let (exporter, alertmanager) = (exporter.to_owned(), alertmanager.to_owned());
    let start = move |folder: &Path, port: u16| {
        let settings = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yml]\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\n\
             scrape_configs:\n- job_name: shop\n  static_configs: [{{targets: ['{exporter}'], labels: {{version: v2}}}}]\n"
        );
        put(folder, "prometheus.yml", &settings);
        put(folder, "rules.yml", RULES);
        let mut command = Command::new(&program);
        command
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        secured(&mut command, folder, identity.as_ref());
        command
    };
    Some(Server::start(start, listens))
}

/// Alertmanager that tells nobody.
pub fn alertmanager(identity: Option<Identity>) -> Option<Server> {
    let program = parts::unpacked("usr/bin/prometheus-alertmanager", "prometheus-alertmanager")?;
    if !Path::new("/usr/share/prometheus/alertmanager/default.tmpl").exists() {
        parts::skipped("the templates of prometheus-alertmanager", "as root: tests/run --parts-only");
        return None;
    }
    let start = move |folder: &Path, port: u16| {
        put(folder, "am.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n");
        let mut command = Command::new(&program);
        command
            .arg(format!("--config.file={}", folder.join("am.yml").display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=");
        secured(&mut command, folder, identity.as_ref());
        command
    };
    Some(Server::start(start, listens))
}

/// As both are told to speak TLS.
fn secured(command: &mut Command, folder: &Path, identity: Option<&Identity>) {
    let Some(identity) = identity else { return };
    let web = format!(
        "tls_server_config: {{cert_file: {}, key_file: {}}}\n",
        identity.certificate.display(),
        identity.key.display()
    );
    put(folder, "web.yml", &web);
    command.arg(format!("--web.config.file={}", folder.join("web.yml").display()));
}

fn put(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a server's setting");
}

/// An exporter whose counters grow each time it is asked.
pub fn exporter() -> Replay {
    let asked = AtomicU64::new(0);
    Replay::start(move |_| {
        let n = asked.fetch_add(10, Ordering::SeqCst);
        let text = format!(
            "# TYPE http_requests_total counter\nhttp_requests_total{{code=\"200\"}} {n}\nhttp_requests_total{{code=\"500\"}} {}\n\
             # TYPE shop_queue_length gauge\nshop_queue_length {}\nshop_constant 3\nshop_connections_max 10\n\
             # TYPE http_client_requests_total counter\nhttp_client_requests_total{{peer_service=\"pay\",code=\"200\"}} {n}\n\
             # TYPE rpc_duration_seconds histogram\nrpc_duration_seconds_bucket{{le=\"0.1\"}} {n}\nrpc_duration_seconds_bucket{{le=\"1\"}} {}\n\
             rpc_duration_seconds_bucket{{le=\"+Inf\"}} {}\nrpc_duration_seconds_sum {n}\nrpc_duration_seconds_count {}\n",
            n / 2,
            7 + n % 3,
            n * 2,
            n * 2,
            n * 2
        );
        (200, text)
    })
}
