//! The audit log: appending what the user's own commands did, each entry signed by who asked, and
//! reading with proofs.

use super::{page, paged, paging};
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::kernel::audit::fault;
use crate::api::once::Retry;
use crate::api::routes::{Needs, Route};
use crate::api::{App, local};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::domain::{Asked, AuditEntry};
use ecoops_core::engines::ledger::{LogProof, entry};
use ecoops_core::ports::audit_log::{Appended, AuditError, AuditLog, appended_before, size_of};
use ecoops_core::ports::identity::{Identity, IdentityError, Token};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Entries of one call.
const MOST: usize = 1000;

pub fn routes() -> Vec<Route> {
    let read = Needs::Scope("audit", "read");
    vec![
        Route::new(
            (Method::POST, "/v1/audit/entries"),
            ("appendAuditEntries", "Append entries that the user's own process signed"),
            Needs::Scope("audit", "write"),
            |a, q| Box::pin(append(a, q)),
        )
        .tag("Audit")
        .retry(Retry::Key)
        .most(8 << 20)
        .takes(json!({ "type": "object", "required": ["token", "entries", "signatures"], "properties": {
            "token": { "type": "string" }, "entries": { "type": "array", "items": { "type": "object" } },
            "signatures": { "type": "array", "items": { "type": "string" } },
        } }))
        .gives(201, json!({ "type": "object", "required": ["appended"] })),
        paging(
            Route::new(
                (Method::GET, "/v1/audit/entries"),
                ("listAuditEntries", "Entries, oldest first"),
                read,
                |a, q| Box::pin(list(a, q)),
            )
            .tag("Audit"),
        ),
        Route::new(
            (Method::GET, "/v1/audit/entries/{index}/proof"),
            ("proveAuditEntry", "A proof of an entry that stands alone (C2SP tlog-proof)"),
            read,
            |a, q| Box::pin(prove(a, q)),
        )
        .tag("Audit")
        .part("index", json!({ "type": "integer", "minimum": 0, "maximum": 1_000_000_000 }))
        .gives_as("text/plain", json!({ "type": "string" }))
        .fault(404),
        Route::new(
            (Method::GET, "/v1/audit/checkpoint"),
            ("getAuditCheckpoint", "The latest signed checkpoint and the key that verifies it"),
            read,
            |a, q| Box::pin(checkpoint(a, q)),
        )
        .tag("Audit"),
    ]
}

#[derive(Debug, Deserialize)]
struct Body {
    /// Of the local identity, for who asks.
    token: String,
    entries: Vec<AuditEntry>,
    /// One an entry, base64.
    signatures: Vec<String>,
}

async fn append(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    local(&ask)?;
    let body: Body = ask.json()?;
    if body.entries.len() != body.signatures.len() || body.entries.len() > MOST {
        return Err(Fault::bad(format!("every entry needs a signature, and {MOST} entries are the most")));
    }
    let checked = app.kernel.identity.ask(move |identity| check(identity, body)).await?;
    let entries = checked?;
    if ask.again.is_some_and(|again| again.unsure)
        && let Some(last) = entries.last()
    {
        let (signature, count) = (last.asked.clone().map(|asked| asked.signature), entries.len());
        let signature = signature.unwrap_or_default();
        let found = app.kernel.audit.ask(move |audit| appended_before(audit, count, &signature)).await?;
        if let Some(found) = found.map_err(fault)? {
            return Ok(written(found));
        }
    }
    let appended = app.kernel.recording.ask(entries).await?.map_err(fault)?;
    Ok(written(appended))
}

fn written(appended: Vec<Appended>) -> Answer {
    let appended: Vec<Value> = appended.iter().map(|a| json!({ "index": a.index, "size": a.size })).collect();
    Answer::with(201, json!({ "appended": appended }))
}

/// The entries with who asked for them, once token and signatures are verified.
fn check(identity: &dyn Identity, body: Body) -> Result<Vec<AuditEntry>, Fault> {
    let refused = |e: IdentityError| Fault::new(Code::InvalidToken, format!("the token is refused: {e}"));
    let actor = identity.verify(&Token(body.token)).map_err(refused)?;
    let mut entries = body.entries;
    for (entry, signature) in entries.iter_mut().zip(body.signatures) {
        if entry.actor != actor.id && entry.actor != "unverified" {
            let why = format!("{} cannot ask for an entry about {:.100}", actor.id, entry.actor);
            return Err(Fault::new(Code::PermissionDenied, why));
        }
        let bytes = STANDARD.decode(&signature).map_err(|_| Fault::bad("a signature is not base64"))?;
        identity
            .verify_signature(&signed(entry)?, &bytes)
            .map_err(|_| Fault::new(Code::PermissionDenied, "a signature does not verify"))?;
        entry.asked = Some(Asked { by: actor.id.clone(), signature });
    }
    Ok(entries)
}

/// What is signed of an entry: its leaf data as the log will have it, without who asked.
fn signed(entry: &AuditEntry) -> Result<Vec<u8>, Fault> {
    crate::client::message(entry).map_err(|e| Fault::bad(format!("an entry cannot be written: {e}")))
}

async fn list(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let (cursor, limit) = page(&ask, 0)?;
    let found = app.kernel.audit.ask(move |audit| audit.entries(cursor, limit)).await?.map_err(fault)?;
    let next = (found.len() == limit).then(|| cursor + limit as u64);
    let items = found.into_iter().map(|(index, entry)| json!({ "index": index, "entry": entry })).collect();
    Ok(Answer::ok(paged(items, next)))
}

async fn prove(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let index = ask.part("index")?.parse().map_err(|_| Fault::bad("`index` must be a whole number"))?;
    let text = app.kernel.audit.ask(move |audit| proof(audit, index)).await?.map_err(fault)?;
    Ok(Answer::Text { content_type: "text/plain; charset=utf-8", text })
}

fn proof(audit: &dyn AuditLog, index: u64) -> Result<String, AuditError> {
    let proof = audit.prove(index)?;
    let entries = audit.entries(index, 1)?;
    let (_, found) = entries.first().ok_or(AuditError::NoSuchEntry(index))?;
    let entry = entry::encode(found).map_err(|e| AuditError::Storage(e.to_string()))?;
    Ok(LogProof { entry, index: proof.index, hashes: proof.hashes, checkpoint: proof.checkpoint }.to_string())
}

async fn checkpoint(app: Arc<App>, _ask: Ask) -> Result<Answer, Fault> {
    let found =
        app.kernel.audit.ask(|audit| audit.checkpoint().map(|note| (note, audit.verifier_key()))).await?;
    let (note, key) = found.map_err(fault)?;
    let size = note.as_deref().map_or(0, size_of);
    Ok(Answer::ok(json!({ "checkpoint": note, "size": size, "key": key })))
}
