//! Entries of the audit log for tests.

use ecoops_core::domain::{AuditEntry, AuditResult};

/// What Ana did to one file, of one run and one trace.
pub fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        timestamp: "2026-01-02T03:04:05Z".into(),
        trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
        run: "r1".into(),
        actor: "ana".into(),
        action: action.into(),
        resource: "src/a.py".into(),
        result: AuditResult::Success,
        policy: None,
        content_hash: None,
        urn: "urn:ecoops:run:r1".into(),
        uri: "file:///src/a.py".into(),
        signer: "self".into(),
        asked: None,
        details: None,
    }
}
