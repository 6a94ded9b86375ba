//! The ports of a run that works through the daemon. When the daemon is lost on the way, each goes on in
//! this process, once that has been said.

use super::{Client, ClientError, message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::domain::{AuditEntry, AuditFilter, RemediationEvent};
use ecoops_core::ports::audit_log::{
    Appended, AuditError, AuditLog, Found, InclusionProof, Page, Verified, appended_before,
};
use ecoops_core::ports::events::{DeadLetter, Events, EventsError, Offset, Stored};
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::memory::{Document, DocumentKind, Hit, Kept, Memory, MemoryError, Query};
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

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
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
        if self.is_gone() {
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

    /// In this process, once the daemon was lost at it: unless it had written them by then.
    fn append_here(&self, entries: &[AuditEntry], request: &Value) -> Result<Vec<Appended>, AuditError> {
        let own = self.own()?;
        let last = request.get("signatures").and_then(Value::as_array).and_then(|all| all.last());
        let known = match last.and_then(Value::as_str) {
            Some(last) => appended_before(own, entries.len(), last)?,
            None => None,
        };
        known.map_or_else(|| own.append(entries), Ok)
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
        if self.through.is_gone() {
            return self.own()?.append(entries);
        }
        let request = self.request(entries)?;
        let answer: Option<Value> = self
            .through
            .ask("POST", "/v1/audit/entries", Some(&key), Some(&request))
            .map_err(AuditError::Storage)?;
        let Some(answer) = answer else { return self.append_here(entries, &request) };
        let number = |item: &Value, name: &str| item.get(name).and_then(Value::as_u64).unwrap_or_default();
        let appended = answer.get("appended").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(appended.iter().map(|a| Appended { index: number(a, "index"), size: number(a, "size") }).collect())
    }

    fn entries(&self, start: u64, count: usize) -> Result<Vec<(u64, AuditEntry)>, AuditError> {
        self.own()?.entries(start, count)
    }

    fn find(&self, filter: &AuditFilter, page: Page) -> Result<Found, AuditError> {
        self.own()?.find(filter, page)
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
        self.keep(document).map(|kept| kept.id)
    }

    fn keep(&self, document: &Document) -> Result<Kept, MemoryError> {
        let body = serde_json::to_value(document).map_err(|e| MemoryError::BadQuery(e.to_string()))?;
        let answer: Option<Kept> =
            self.0.ask("POST", "/v1/memory/documents", None, Some(&body)).map_err(MemoryError::Storage)?;
        match answer {
            Some(kept) => Ok(kept),
            None => self.own()?.keep(document),
        }
    }

    fn bring(&self) -> Result<usize, MemoryError> {
        self.own()?.bring()
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

#[cfg(test)]
mod tests {
    use super::*;
    use ecoops_core::domain::{Asked, AuditResult};
    use ecoops_plugins::registry;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::Path;

    fn entry(action: &str) -> AuditEntry {
        AuditEntry {
            timestamp: "2026-01-02T03:04:05Z".into(),
            trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
            run: "r".into(),
            actor: "ana".into(),
            action: action.into(),
            resource: "src/a.py".into(),
            result: AuditResult::Success,
            policy: None,
            content_hash: None,
            urn: "urn:ecoops:run:r".into(),
            uri: "file:///src/a.py".into(),
            signer: String::new(),
            asked: None,
            details: None,
        }
    }

    /// The path and body of a request.
    fn request(stream: &mut BufReader<UnixStream>) -> (String, Value) {
        let (mut first, mut length) = (String::new(), 0);
        stream.read_line(&mut first).unwrap();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            match line.trim().split_once(": ") {
                Some(("content-length", text)) => length = text.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        (first.split(' ').nth(1).unwrap().to_owned(), serde_json::from_slice(&body).unwrap_or_default())
    }

    /// A daemon that dies before it answers what it was asked to append, having written it or not.
    fn dying(socket: &Path, log: Box<dyn AuditLog>, writes: bool) -> std::thread::JoinHandle<()> {
        let listener = UnixListener::bind(socket).unwrap();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            assert_eq!(request(&mut stream).0, "/v1/hello");
            let hello = json!({ "service": crate::SERVICE, "protocol": crate::PROTOCOL, "version": "", "ready": true });
            let hello = hello.to_string();
            write!(stream.get_mut(), "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{hello}", hello.len())
                .unwrap();
            let (_, body) = request(&mut stream);
            let mut entries: Vec<AuditEntry> = serde_json::from_value(body["entries"].clone()).unwrap();
            for (entry, signature) in entries.iter_mut().zip(body["signatures"].as_array().unwrap()) {
                entry.asked = Some(Asked { by: "ana".into(), signature: signature.as_str().unwrap().into() });
            }
            if writes {
                log.append(&entries).unwrap();
            }
        })
    }

    #[test]
    fn what_the_daemon_wrote_before_it_was_lost_is_not_written_again() {
        for writes in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let (state, socket) = (folder.path().join("state"), folder.path().join("s"));
            let theirs = registry::audit_log_of_agent(&state, "test").unwrap();
            theirs.append(&[entry("before")]).unwrap();
            let daemon = dying(&socket, theirs, writes);
            let choice = registry::IdentityChoice {
                adapter: "os_user".into(),
                folder: state.join("identity"),
                settings: registry::IdentitySettings::default(),
            };
            let identity = registry::identity(&choice, registry::host("system").unwrap()).unwrap();
            let own = state.clone();
            let lost = Lost {
                open: Box::new(move || registry::audit_log(&own, "test").map_err(|e| e.to_string())),
                say: Box::new(|_| {}),
            };
            let client = Arc::new(Client::connect(&socket).unwrap());
            let log = AgentAuditLog::new(client, Arc::from(identity), "session".into(), lost);
            let appended = log.append(&[entry("a"), entry("b")]).unwrap();
            daemon.join().unwrap();
            assert_eq!(appended.iter().map(|a| a.index).collect::<Vec<_>>(), [1, 2], "{writes}");
            log.append(&[entry("c")]).unwrap();
            let found = log.entries(0, 10).unwrap();
            let said: Vec<_> = found.iter().map(|(_, e)| (e.action.as_str(), e.signer.as_str())).collect();
            let signer = if writes { "agent" } else { "self" };
            assert_eq!(said, [("before", "agent"), ("a", signer), ("b", signer), ("c", "self")]);
        }
    }
}
