//! Prometheus and its Alertmanager, from Debian's packages.

use super::{Server, status};
use crate::parts;
use std::path::Path;
use std::process::Command;

/// Asks `exporter` each second, and tells `alertmanager` when a queue is full; both are `HOST:PORT`.
pub fn start(exporter: &str, alertmanager: &str) -> Option<Server> {
    let program = parts::unpacked("usr/bin/prometheus", "prometheus")?;
    let folder = tempfile::tempdir().expect("a folder");
    let settings = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yml]\n\
         alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\n\
         scrape_configs:\n- job_name: shop\n  static_configs: [{{targets: ['{exporter}'], labels: {{version: v2}}}}]\n"
    );
    let rules = "groups:\n- name: g\n  rules:\n  - alert: QueueFull\n    expr: shop_queue_length > 5\n    \
                 labels: {severity: critical}\n    annotations: {summary: the queue is full}\n";
    for (name, text) in [("prometheus.yml", settings.as_str()), ("rules.yml", rules)] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let start = move |folder: &Path, port: u16| {
        let mut command = Command::new(&program);
        command
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        command
    };
    Some(Server::in_folder(folder, start, |port| status(port, "GET", "/-/ready") == Some(200)))
}

/// An Alertmanager that tells nobody.
pub fn alertmanager() -> Option<Server> {
    let program = parts::unpacked("usr/bin/prometheus-alertmanager", "prometheus-alertmanager")?;
    if !Path::new("/usr/share/prometheus/alertmanager/default.tmpl").exists() {
        parts::skipped("the templates of prometheus-alertmanager", "as root: tests/run --parts-only");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let settings = "route: {receiver: none}\nreceivers: [{name: none}]\n";
    std::fs::write(folder.path().join("am.yml"), settings).expect("written");
    let start = move |folder: &Path, port: u16| {
        let mut command = Command::new(&program);
        command
            .arg(format!("--config.file={}", folder.join("am.yml").display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=");
        command
    };
    Some(Server::in_folder(folder, start, |port| status(port, "GET", "/-/ready") == Some(200)))
}
