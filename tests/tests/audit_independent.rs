//! A verifier that was written by others accepts our log: the Python package `aics-tlog`, an
//! implementation of the C2SP specifications.
#![allow(clippy::unwrap_used)]

use ecoops_core::domain::{AuditEntry, AuditResult};
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_plugins::audit_log::embedded::EmbeddedAuditLog;
use ecoops_tests::parts;
use std::path::Path;
use std::process::{Command, Output};

/// Opens the checkpoint with the key, audits every tile and bundle, proves some entries, and checks
/// that the tree of the older checkpoint is the beginning of the newer one.
const SCRIPT: &str = r#"
import sys
from aics_tlog import (FileSystemTileReader, audit_tiles, consistency_proof_from_tiles,
                       inclusion_proof_from_tiles, parse_note, parse_vkey, read_entry,
                       verify_checkpoint, verify_consistency, verify_leaf_inclusion)
folder, key, older, origin = sys.argv[1], parse_vkey(sys.argv[2]), sys.argv[3], sys.argv[4]

def open_checkpoint(path):
    result = verify_checkpoint(parse_note(open(path, "rb").read()), key, expected_origin=origin)
    assert result.ok and result.log_ok, result.error
    return result.size, result.root

size, root = open_checkpoint(folder + "/checkpoint")
reader = FileSystemTileReader(folder)
report = audit_tiles(reader, size, root)
for index in {0, size // 2, size - 1}:
    entry = read_entry(reader, index, size)
    proof = inclusion_proof_from_tiles(reader, index, size)
    assert verify_leaf_inclusion(entry, index, size, proof, root), index
old_size, old_root = open_checkpoint(older)
proof = consistency_proof_from_tiles(reader, old_size, size)
assert verify_consistency(old_size, size, old_root, root, proof)
print(f"accepted {size} entries, {report.tiles} tiles, {report.bundles} bundles")
"#;

fn entry(number: usize) -> AuditEntry {
    AuditEntry {
        timestamp: "2026-01-02T03:04:05Z".into(),
        trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
        run: "01J".into(),
        actor: "user:1000".into(),
        action: "audit".into(),
        resource: format!("naïve/file {number}"),
        result: AuditResult::Success,
        policy: None,
        content_hash: None,
        urn: format!("urn:ecoops:run:{number}"),
        uri: "file:///repository".into(),
        signer: "self".into(),
        asked: None,
        details: None,
    }
}

fn ask(python: &Path, folder: &Path, key: &str, older: &Path, origin: &str) -> Output {
    Command::new(python)
        .args(["-c", SCRIPT])
        .arg(folder)
        .arg(key)
        .arg(older)
        .arg(origin)
        .output()
        .expect("python starts")
}

#[test]
fn an_independent_verifier_accepts_the_log() {
    let Some(python) = parts::python("aics_tlog", "aics-tlog") else { return };
    let state = tempfile::tempdir().unwrap();
    let log = EmbeddedAuditLog::in_state(state.path(), "ecoops.local/audit").unwrap();
    let (folder, older) = (state.path().join("audit"), state.path().join("older"));
    let key = log.verifier_key();
    let mut at = 0;
    for count in [1, 254, 1, 1, 255, 70_000] {
        log.append(&(at..at + count).map(entry).collect::<Vec<_>>()).unwrap();
        if at == 0 {
            std::fs::copy(folder.join("checkpoint"), &older).unwrap();
        }
        at += count;
        let origin = log.verify().unwrap().origin;
        let output = ask(&python, &folder, &key, &older, &origin);
        assert!(output.status.success(), "{at} entries: {}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).starts_with(&format!("accepted {at} entries")));
        std::fs::copy(folder.join("checkpoint"), &older).unwrap();
    }
    let bundle = folder.join("tile/entries/000");
    let mut bytes = std::fs::read(&bundle).unwrap();
    bytes[10] ^= 1;
    std::fs::write(&bundle, bytes).unwrap();
    let origin = key.split('+').next().unwrap();
    assert!(!ask(&python, &folder, &key, &older, origin).status.success(), "it must notice a changed byte");
}
