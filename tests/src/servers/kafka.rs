//! librdkafka's mock cluster, from confluent-kafka's Python package: the Kafka protocol on real sockets. It is a mock
//! cluster, not a broker: nothing is on disk, and what it held is gone with it.

use super::python;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A mock cluster that runs until it is dropped.
pub struct MockCluster {
    child: Child,
    address: String,
}

impl MockCluster {
    /// `127.0.0.1:PORT` of its only node.
    pub fn address(&self) -> String {
        self.address.clone()
    }
}

impl Drop for MockCluster {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// # Panics
/// When it does not start.
pub fn mock_cluster() -> Option<MockCluster> {
    start(&[])
}

/// The same behind TLS, with this certificate and key. (The mock has none; its relay speaks it.)
///
/// # Panics
/// When it does not start.
pub fn with_tls(certificate: &Path, key: &Path) -> Option<MockCluster> {
    start(&[certificate, key])
}

fn start(arguments: &[&Path]) -> Option<MockCluster> {
    let python = python("confluent_kafka", "confluent-kafka")?;
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka/mock_cluster.py");
    let mut child = Command::new(python)
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the mock cluster starts");
    let mut address = String::new();
    let output = child.stdout.take().expect("what it prints");
    BufReader::new(output).read_line(&mut address).expect("its address");
    assert!(!address.trim().is_empty(), "the mock cluster said nothing");
    Some(MockCluster { child, address: address.trim().to_owned() })
}
