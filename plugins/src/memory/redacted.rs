//! What leaves this machine to a memory elsewhere passes the redactor first: documents and questions.
//!
//! A text that passed it before stays as it is.

use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::memory::{Document, DocumentKind, Hit, Memory, MemoryError, Query, Stale};
use serde_json::{Map, Value};

/// See the module.
pub struct RedactedMemory {
    inner: Box<dyn Memory>,
    redactor: Redactor,
}

impl std::fmt::Debug for RedactedMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedactedMemory")
    }
}

impl RedactedMemory {
    pub fn new(inner: Box<dyn Memory>, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }

    fn clean(&self, text: &str) -> String {
        self.redactor.redact(text).text
    }

    /// Names of fields stay.
    fn clean_fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let mut fields = fields.clone();
        fields.values_mut().for_each(|value| self.redactor.redact_all(value));
        fields
    }
}

impl Memory for RedactedMemory {
    fn ingest(&self, document: &Document) -> Result<String, MemoryError> {
        self.inner.ingest(&Document {
            kind: document.kind,
            title: self.clean(&document.title),
            text: self.clean(&document.text),
            source: self.clean(&document.source),
            metadata: self.clean_fields(&document.metadata),
        })
    }

    fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError> {
        let mut clean = query.clone();
        clean.query = self.clean(&query.query);
        clean.filters.metadata = self.clean_fields(&query.filters.metadata);
        self.inner.search(&clean)
    }

    fn list(&self, kinds: &[DocumentKind], limit: usize) -> Result<Vec<(String, Document)>, MemoryError> {
        self.inner.list(kinds, limit)
    }

    fn is_empty(&self, kinds: &[DocumentKind]) -> Result<bool, MemoryError> {
        self.inner.is_empty(kinds)
    }

    fn get(&self, id: &str) -> Result<Option<Document>, MemoryError> {
        self.inner.get(id)
    }

    fn get_marked(&self, id: &str) -> Result<Option<(Document, Option<Stale>)>, MemoryError> {
        self.inner.get_marked(id)
    }

    fn renew(&self, limit: usize) -> Result<usize, MemoryError> {
        self.inner.renew(limit)
    }

    fn forget(&self, id: &str) -> Result<bool, MemoryError> {
        self.inner.forget(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Seen(std::sync::Arc<Mutex<String>>);

    impl Seen {
        fn note(&self, what: String) {
            self.0.lock().expect("not poisoned").push_str(&what);
        }
    }

    impl Memory for Seen {
        fn ingest(&self, document: &Document) -> Result<String, MemoryError> {
            self.note(format!("{document:?}"));
            Ok(String::new())
        }
        fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError> {
            self.note(format!("{query:?}"));
            Ok(Vec::new())
        }
        fn list(&self, _: &[DocumentKind], _: usize) -> Result<Vec<(String, Document)>, MemoryError> {
            Ok(Vec::new())
        }
        fn get(&self, _: &str) -> Result<Option<Document>, MemoryError> {
            Ok(None)
        }
        fn forget(&self, _: &str) -> Result<bool, MemoryError> {
            Ok(false)
        }
    }

    #[test]
    fn no_secret_leaves() {
        // made of two, so that no scanner takes this file for a leak
        let secret = format!("{}{}", "ghp_", "16C7e42F292c6912E7710c838347Ae178B4a");
        let seen = Seen::default();
        let noted = seen.0.clone();
        let memory = RedactedMemory::new(Box::new(seen), Redactor::new(vec![7; 32]));
        let metadata = serde_json::json!({ "deep": [{ "token": secret }] });
        let metadata = metadata.as_object().expect("fields").clone();
        let text = format!("the token {secret} is in it");
        let document = Document {
            kind: DocumentKind::Fix,
            title: text.clone(),
            text: text.clone(),
            source: text.clone(),
            metadata: metadata.clone(),
        };
        memory.ingest(&document).expect("taken");
        let filters = ecoops_core::ports::memory::Filters { kinds: Vec::new(), metadata };
        memory.search(&Query { query: text, top_k: 1, filters }).expect("asked");
        let noted = noted.lock().expect("not poisoned");
        assert!(noted.contains("is in it") && !noted.contains(&secret), "{noted}");
    }
}
