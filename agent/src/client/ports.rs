//! The ports of a run that works through the daemon. When the daemon is lost on the way, each goes on in
//! this process, once that has been said.

use super::{Client, ClientError, message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::domain::{AuditEntry, RemediationEvent};
use ecoops_core::ports::audit_log::{Appended, AuditError, AuditLog, InclusionProof, Verified};
use ecoops_core::ports::events::{DeadLetter, Events, EventsError, Offset, Stored};
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::memory::{Document, DocumentKind, Hit, Memory, MemoryError, Query};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// How a run goes on without the daemon.
pub struct Lost<P: ?Sized> {
    /// Opens the port in this process.
    pub open: Box<dyn Fn() -> Result<Box<P>, String> + Send + Sync>,
    /// Says so, once.
    pub say: Box<dyn Fn(&str) + Send + Sync>,
}

/// A port that is the daemon's, or after its loss this process's own.
struct Through<P: ?Sized> {
    client: Arc<Client>,
    lost: Lost<P>,
    gone: AtomicBool,
    own: OnceLock<Box<P>>,
}

impl<P: ?Sized> Through<P> {
    fn new(client: Arc<Client>, lost: Lost<P>) -> Self {
        Self { client, lost, gone: AtomicBool::new(false), own: OnceLock::new() }
    }

    fn own(&self) -> Result<&P, String> {
        if self.own.get().is_none() {
            let _ = self.own.set((self.lost.open)()?);
        }
        self.own.get().map(AsRef::as_ref).ok_or_else(|| "it could not be opened".to_owned())
    }

    /// Asks the daemon; `Ok(None)` when it is lost and this process must do it. What the daemon refused
    /// is an error: it knows better.
    fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Option<T>, String> {
        if self.gone.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match self.client.ask(method, path, key, body) {
            Ok(reply) => serde_json::from_slice(&reply.body)
                .map(Some)
                .map_err(|e| format!("the agent's answer cannot be read: {e}")),
            Err(ClientError::Lost(why)) => {
                if !self.gone.swap(true, Ordering::Relaxed) {
                    (self.lost.say)(&format!("the agent was lost ({why}); going on without it"));
                }
                Ok(None)
            }
            Err(refused) => Err(format!("the agent: {refused}")),
        }
    }
}

/// The audit log that the daemon writes; every entry is signed by who asks for it.
pub struct AgentAuditLog {
    through: Through<dyn AuditLog>,
    identity: Arc<dyn Identity>,
    /// Tells appends of this process apart, so that one that is sent again is known.
    calls: AtomicU64,
    session: String,
}

impl AgentAuditLog {
    /// `session` is unlike that of any other run.
    pub fn new(
        client: Arc<Client>,
        identity: Arc<dyn Identity>,
        session: String,
        lost: Lost<dyn AuditLog>,
    ) -> Self {
        Self { through: Through::new(client, lost), identity, calls: AtomicU64::new(0), session }
    }

    fn own(&self) -> Result<&dyn AuditLog, AuditError> {
        self.through.own().map_err(AuditError::Storage)
    }

    fn request(&self, entries: &[AuditEntry]) -> Result<Value, AuditError> {
        let key = |e: &dyn std::fmt::Display| AuditError::Key(e.to_string());
        let token = self.identity.login(60).map_err(|e| key(&e))?;
        let sign = |entry: &AuditEntry| {
            let message = message(entry).map_err(|e| AuditError::Storage(e.to_string()))?;
            self.identity.sign(&message).map(|bytes| STANDARD.encode(bytes)).map_err(|e| key(&e))
        };
        let signatures = entries.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "token": token.0, "entries": entries, "signatures": signatures }))
    }
}

impl AuditLog for AgentAuditLog {
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>, AuditError> {
        let key = format!("{}-{}", self.session, self.calls.fetch_add(1, Ordering::Relaxed));
        let request = self.request(entries)?;
        let answer: Option<Value> = self
            .through
            .ask("POST", "/v1/audit/entries", Some(&key), Some(&request))
            .map_err(AuditError::Storage)?;
        let Some(answer) = answer else { return self.own()?.append(entries) };
        let number = |item: &Value, name: &str| item.get(name).and_then(Value::as_u64).unwrap_or_default();
        let appended = answer.get("appended").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(appended.iter().map(|a| Appended { index: number(a, "index"), size: number(a, "size") }).collect())
    }

    fn entries(&self, start: u64, count: usize) -> Result<Vec<(u64, AuditEntry)>, AuditError> {
        self.own()?.entries(start, count)
    }

    fn checkpoint(&self) -> Result<Option<String>, AuditError> {
        let answer: Option<Value> =
            self.through.ask("GET", "/v1/audit/checkpoint", None, None).map_err(AuditError::Storage)?;
        match answer {
            Some(answer) => Ok(answer.get("checkpoint").and_then(Value::as_str).map(str::to_owned)),
            None => self.own()?.checkpoint(),
        }
    }

    fn prove(&self, index: u64) -> Result<InclusionProof, AuditError> {
        self.own()?.prove(index)
    }

    fn verify(&self) -> Result<Verified, AuditError> {
        self.own()?.verify()
    }

    fn verifier_key(&self) -> String {
        self.own().map(AuditLog::verifier_key).unwrap_or_default()
    }
}

/// The event log, published to through the daemon, which wakes those who follow it.
pub struct AgentEvents(Through<dyn Events>);

impl AgentEvents {
    pub fn new(client: Arc<Client>, lost: Lost<dyn Events>) -> Self {
        Self(Through::new(client, lost))
    }

    fn own(&self) -> Result<&dyn Events, EventsError> {
        self.0.own().map_err(EventsError::Storage)
    }
}

impl Events for AgentEvents {
    fn publish(&self, event: &RemediationEvent, idempotency_key: &str) -> Result<Offset, EventsError> {
        let body = json!({ "event": event, "idempotencyKey": idempotency_key });
        let answer: Option<Value> =
            self.0.ask("POST", "/v1/events", None, Some(&body)).map_err(EventsError::Storage)?;
        match answer.as_ref().and_then(|a| a.get("offset")).and_then(Value::as_u64) {
            Some(offset) => Ok(offset),
            // The key makes the second time harmless.
            None => self.own()?.publish(event, idempotency_key),
        }
    }

    fn read(
        &self,
        group: &str,
        consumer: &str,
        count: usize,
        lease: u64,
    ) -> Result<Vec<Stored>, EventsError> {
        self.own()?.read(group, consumer, count, lease)
    }

    fn acknowledge(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.own()?.acknowledge(group, offset)
    }

    fn fail(&self, group: &str, offset: Offset, reason: &str) -> Result<(), EventsError> {
        self.own()?.fail(group, offset, reason)
    }

    fn replay(&self, from: Offset, count: usize) -> Result<Vec<Stored>, EventsError> {
        self.own()?.replay(from, count)
    }

    fn dead_letters(&self, group: Option<&str>) -> Result<Vec<DeadLetter>, EventsError> {
        self.own()?.dead_letters(group)
    }

    fn revive(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.own()?.revive(group, offset)
    }

    fn discard(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.own()?.discard(group, offset)
    }

    fn latest(&self) -> Result<Offset, EventsError> {
        self.own()?.latest()
    }
}

/// The memory behind the daemon, which has the encoder loaded already.
pub struct AgentMemory(Through<dyn Memory>);

impl AgentMemory {
    pub fn new(client: Arc<Client>, lost: Lost<dyn Memory>) -> Self {
        Self(Through::new(client, lost))
    }

    fn own(&self) -> Result<&dyn Memory, MemoryError> {
        self.0.own().map_err(MemoryError::Storage)
    }
}

#[derive(serde::Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

impl Memory for AgentMemory {
    fn ingest(&self, document: &Document) -> Result<String, MemoryError> {
        let body = serde_json::to_value(document).map_err(|e| MemoryError::BadQuery(e.to_string()))?;
        let answer: Option<Value> =
            self.0.ask("POST", "/v1/memory/documents", None, Some(&body)).map_err(MemoryError::Storage)?;
        match answer.as_ref().and_then(|a| a.get("id")).and_then(Value::as_str) {
            Some(id) => Ok(id.to_owned()),
            None => self.own()?.ingest(document),
        }
    }

    fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError> {
        let body = serde_json::to_value(query).map_err(|e| MemoryError::BadQuery(e.to_string()))?;
        let answer: Option<Hits> =
            self.0.ask("POST", "/v1/memory/search", None, Some(&body)).map_err(MemoryError::Storage)?;
        match answer {
            Some(Hits { hits }) => Ok(hits),
            None => self.own()?.search(query),
        }
    }

    fn list(&self, kinds: &[DocumentKind], limit: usize) -> Result<Vec<(String, Document)>, MemoryError> {
        self.own()?.list(kinds, limit)
    }

    fn is_empty(&self, kinds: &[DocumentKind]) -> Result<bool, MemoryError> {
        self.own()?.is_empty(kinds)
    }

    fn get(&self, id: &str) -> Result<Option<Document>, MemoryError> {
        self.own()?.get(id)
    }

    fn forget(&self, id: &str) -> Result<bool, MemoryError> {
        self.own()?.forget(id)
    }
}

impl std::fmt::Debug for AgentAuditLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AgentAuditLog")
    }
}

impl std::fmt::Debug for AgentEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AgentEvents")
    }
}

impl std::fmt::Debug for AgentMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AgentMemory")
    }
}

impl<P: ?Sized> std::fmt::Debug for Lost<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lost")
    }
}
