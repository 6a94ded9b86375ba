//! The last answers of a memory that is elsewhere, for the time when it is away, and what it is to keep then.
//!
//! A search that was made before, and a document that was seen before, are answered with their age. A document
//! that cannot be brought waits here and is brought when the memory next answers. Never answers what the memory
//! itself can, and never keeps what it was told to forget.

use super::waiting::{AT_ONCE, Waiting};
use ecoops_core::ports::host::Host;
use ecoops_core::ports::memory::{Document, DocumentKind, Hit, Kept, Memory, MemoryError, Query, Stale};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const TABLES: &str = "
CREATE TABLE answers (
  key BLOB PRIMARY KEY, made INTEGER NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (made);
";

/// Answers that are kept; the oldest go.
const MOST: i64 = 4_000;
/// An older answer, in seconds, is none: a week.
const OLDEST: i64 = 7 * 24 * 3_600;

/// See the module.
pub struct RememberedMemory {
    inner: Box<dyn Memory>,
    /// Which memory it is: the answers of another are not its own.
    whose: String,
    connection: Mutex<Connection>,
    waiting: Waiting,
    host: Arc<dyn Host>,
}

impl std::fmt::Debug for RememberedMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RememberedMemory").field("whose", &self.whose).finish_non_exhaustive()
    }
}

impl RememberedMemory {
    /// Keeps the answers of `inner` in the file at `path`, and what waits for it in one beside that.
    ///
    /// # Errors
    /// [`MemoryError::Storage`] when the file cannot be used.
    pub fn open(
        path: &Path,
        inner: Box<dyn Memory>,
        whose: &str,
        host: Arc<dyn Host>,
    ) -> Result<Self, MemoryError> {
        let connection = crate::sqlite::open(path, 1, TABLES)
            .map_err(|why| MemoryError::Storage(format!("{}: {why}", path.display())))?;
        let waiting = Waiting::open(&path.with_file_name("memory-waiting.sqlite"), whose)?;
        Ok(Self { inner, whose: whose.to_owned(), connection: Mutex::new(connection), waiting, host })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, what: &str, asked: &str) -> Vec<u8> {
        let mut hash = Sha256::new();
        for part in [self.whose.as_str(), what, asked] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().to_vec()
    }

    fn note(&self, key: &[u8], answer: &impl Serialize) {
        let now = self.host.now().as_second();
        let keep = || -> rusqlite::Result<()> {
            let body = serde_json::to_string(answer).unwrap_or_default();
            let mut connection = self.connection();
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let put = "INSERT OR REPLACE INTO answers (key, made, body) VALUES (?1, ?2, ?3)";
            transaction.execute(put, params![key, now, body])?;
            transaction.execute("DELETE FROM answers WHERE made < ?1", [now - OLDEST])?;
            let over = "DELETE FROM answers WHERE key IN
                (SELECT key FROM answers ORDER BY made DESC LIMIT -1 OFFSET ?1)";
            transaction.execute(over, [MOST])?;
            transaction.commit()
        };
        // an answer that cannot be kept is an answer all the same
        if let Err(error) = keep() {
            tracing::warn!(%error, "an answer of the memory cannot be kept");
        }
    }

    /// Brings some of what waits to a memory that has just answered; how many it took.
    fn bring_along(&self) -> usize {
        self.waiting.deliver(self.inner.as_ref(), AT_ONCE).unwrap_or_else(|error| {
            tracing::warn!(%error, "documents still wait for the memory");
            0
        })
    }

    fn kept<T: DeserializeOwned>(&self, key: &[u8]) -> Option<(T, Stale)> {
        let find = "SELECT made, body FROM answers WHERE key = ?1";
        let row = |row: &rusqlite::Row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
        let (made, body) = self.connection().query_row(find, [key], row).optional().ok().flatten()?;
        let age = self.host.now().as_second().saturating_sub(made).max(0);
        (age <= OLDEST).then_some(())?;
        Some((serde_json::from_str(&body).ok()?, Stale { age_seconds: age.unsigned_abs() }))
    }

    fn drop_document(&self, id: &str) -> rusqlite::Result<()> {
        // in a search's answer as much as by itself
        let named = serde_json::Value::from(id).to_string();
        self.connection().execute(
            "DELETE FROM answers WHERE key = ?1 OR instr(body, ?2) > 0",
            params![self.key("document", id), named],
        )?;
        Ok(())
    }
}

impl Memory for RememberedMemory {
    /// While the memory is away the document waits, and the id is the one that it will have there, unless a secret
    /// is taken out of it on the way or the memory gives ids of its own, as the kernel's memory-hub may.
    fn ingest(&self, document: &Document) -> Result<String, MemoryError> {
        self.keep(document).map(|kept| kept.id)
    }

    fn keep(&self, document: &Document) -> Result<Kept, MemoryError> {
        match self.inner.ingest(document) {
            Err(MemoryError::Away(why)) => {
                tracing::warn!(why, "a document waits for the memory");
                Ok(Kept { id: self.waiting.keep(document)?, waits: true })
            }
            Ok(id) => {
                self.bring_along();
                Ok(Kept { id, waits: false })
            }
            Err(other) => Err(other),
        }
    }

    /// Asks the memory nothing when nothing waits.
    fn bring(&self) -> Result<usize, MemoryError> {
        let waiting = self.waiting.count()?;
        if waiting > 0 {
            self.waiting.deliver(self.inner.as_ref(), waiting)?;
        }
        self.waiting.count()
    }

    fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError> {
        let key = self.key("search", &serde_json::to_string(query).unwrap_or_default());
        let mut found = self.inner.search(query);
        if found.is_ok() && self.bring_along() > 0 {
            found = self.inner.search(query);
        }
        match found {
            Ok(hits) => {
                self.note(&key, &hits);
                for hit in &hits {
                    self.note(&self.key("document", &hit.id), &hit.document);
                }
                Ok(hits)
            }
            Err(MemoryError::Away(why)) => {
                let (mut hits, stale) = self.kept::<Vec<Hit>>(&key).ok_or(MemoryError::Away(why))?;
                hits.iter_mut().for_each(|hit| hit.stale = Some(stale));
                Ok(hits)
            }
            Err(other) => Err(other),
        }
    }

    fn list(&self, kinds: &[DocumentKind], limit: usize) -> Result<Vec<(String, Document)>, MemoryError> {
        let listed = self.inner.list(kinds, limit)?;
        match self.bring_along() {
            0 => Ok(listed),
            _ => self.inner.list(kinds, limit),
        }
    }

    /// Where there is nothing yet, what waits is brought first.
    fn is_empty(&self, kinds: &[DocumentKind]) -> Result<bool, MemoryError> {
        Ok(self.inner.is_empty(kinds)? && self.list(kinds, 1)?.is_empty())
    }

    /// Never an old one: see [`Memory::get_marked`].
    fn get(&self, id: &str) -> Result<Option<Document>, MemoryError> {
        let found = self.inner.get(id)?;
        match &found {
            Some(document) => self.note(&self.key("document", id), document),
            None => drop(self.drop_document(id)),
        }
        Ok(found)
    }

    fn get_marked(&self, id: &str) -> Result<Option<(Document, Option<Stale>)>, MemoryError> {
        match self.get(id) {
            Ok(found) => Ok(found.map(|document| (document, None))),
            Err(MemoryError::Away(why)) => {
                let kept = self.kept(&self.key("document", id)).ok_or(MemoryError::Away(why))?;
                Ok(Some((kept.0, Some(kept.1))))
            }
            Err(other) => Err(other),
        }
    }

    fn renew(&self, limit: usize) -> Result<usize, MemoryError> {
        self.inner.renew(limit)
    }

    fn forget(&self, id: &str) -> Result<bool, MemoryError> {
        // here first: what the memory forgot must not come back from here
        self.drop_document(id).map_err(|e| MemoryError::Storage(format!("the kept answers: {e}")))?;
        let waited = self.waiting.forget(id)?;
        Ok(self.inner.forget(id)? || waited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::frozen::Frozen;
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Sometimes {
        away: Arc<AtomicBool>,
        document: Document,
        kept: Arc<Mutex<Vec<String>>>,
    }

    impl Sometimes {
        fn there(&self) -> Result<(), MemoryError> {
            if self.away.load(Ordering::Relaxed) { Err(MemoryError::Away("no route".into())) } else { Ok(()) }
        }
    }

    impl Memory for Sometimes {
        fn ingest(&self, document: &Document) -> Result<String, MemoryError> {
            self.there()?;
            if document.title == "refused" {
                return Err(MemoryError::BadQuery("no".into()));
            }
            self.kept.lock().expect("nobody panicked").push(document.text.clone());
            Ok("fix-1".into())
        }
        fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError> {
            self.there()?;
            let document = Document { text: query.query.clone(), ..self.document.clone() };
            let (id, snippet, model) = ("fix-1".into(), String::new(), "m".into());
            Ok(vec![Hit {
                id,
                document,
                snippet,
                score: 0.5,
                cosine: 0.5,
                text_rank: None,
                model,
                stale: None,
            }])
        }
        fn list(&self, _: &[DocumentKind], _: usize) -> Result<Vec<(String, Document)>, MemoryError> {
            self.there().map(|()| Vec::new())
        }
        fn get(&self, id: &str) -> Result<Option<Document>, MemoryError> {
            self.there().map(|()| (id == "fix-1").then(|| self.document.clone()))
        }
        fn forget(&self, _: &str) -> Result<bool, MemoryError> {
            self.there().map(|()| true)
        }
    }

    fn query(text: &str) -> Query {
        Query { query: text.into(), top_k: 3, filters: Default::default() }
    }

    #[test]
    fn what_was_answered_is_answered_again_with_its_age() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("answers.sqlite");
        let away = Arc::new(AtomicBool::new(false));
        let open = |whose: &str, second: i64| {
            let document = Document {
                kind: DocumentKind::Fix,
                title: "t".into(),
                text: "x".into(),
                source: String::new(),
                metadata: Default::default(),
            };
            let inner = Box::new(Sometimes { away: away.clone(), document, kept: Arc::default() });
            let now = jiff::Timestamp::from_second(second).expect("a time");
            RememberedMemory::open(&path, inner, whose, Arc::new(Frozen::at(now, 0))).expect("opens")
        };
        let first = open("a", 1_000);
        let fresh = first.search(&query("pool")).expect("there");
        assert_eq!(fresh[0].stale, None);
        away.store(true, Ordering::Relaxed);
        let later = open("a", 1_090);
        let old = later.search(&query("pool")).expect("kept");
        assert_eq!((old[0].stale, &old[0].document), (Some(Stale { age_seconds: 90 }), &fresh[0].document));
        assert_eq!(later.get_marked("fix-1").expect("kept").expect("one").1, Some(Stale { age_seconds: 90 }));
        for unknown in [later.search(&query("other")), open("b", 1_090).search(&query("pool"))] {
            assert!(matches!(unknown, Err(MemoryError::Away(_))));
        }
        assert!(matches!(open("a", 1_000 + OLDEST + 1).search(&query("pool")), Err(MemoryError::Away(_))));
        assert!(matches!(later.get("fix-1"), Err(MemoryError::Away(_))), "unmarked is never old");
        assert!(matches!(later.forget("fix-1"), Err(MemoryError::Away(_))));
        assert!(later.search(&query("pool")).is_err() && later.get_marked("fix-1").is_err());
    }

    #[test]
    fn what_cannot_be_brought_waits_and_is_brought_once() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("answers.sqlite");
        let (away, kept) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
        let document = |title: &str, text: &str| Document {
            kind: DocumentKind::Fix,
            title: title.into(),
            text: text.into(),
            source: String::new(),
            metadata: Default::default(),
        };
        let open = |whose: &str| {
            let inner = Sometimes { away: away.clone(), document: document("t", "x"), kept: kept.clone() };
            RememberedMemory::open(
                &path,
                Box::new(inner),
                whose,
                Arc::new(Frozen::at(jiff::Timestamp::UNIX_EPOCH, 0)),
            )
            .expect("opens")
        };
        let first = open("a");
        let id = first.ingest(&document("t", "one")).expect("waits");
        assert_eq!(first.ingest(&document("t", "one")).expect("waits"), id, "the same once");
        first.ingest(&document("refused", "never")).expect("waits");
        first.ingest(&document("t", "two")).expect("waits");
        let forgotten = first.ingest(&document("t", "three")).expect("waits");
        assert!(matches!(first.forget(&forgotten), Err(MemoryError::Away(_))));
        away.store(false, Ordering::Relaxed);
        // Another process, later; and another memory, which gets nothing of it.
        open("b").search(&query("pool")).expect("there");
        assert!(kept.lock().expect("whole").is_empty());
        let later = open("a");
        later.list(&[], 1).expect("there");
        later.ingest(&document("t", "four")).expect("there");
        assert_eq!(*kept.lock().expect("whole"), ["one", "two", "four"]);
    }

    #[test]
    fn whoever_looks_after_it_brings_what_waits_and_what_is_refused_holds_nothing_up() {
        let folder = tempfile::tempdir().expect("folder");
        let (away, kept) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
        let document = |title: &str, text: String| Document {
            kind: DocumentKind::Fix,
            title: title.into(),
            text,
            source: String::new(),
            metadata: Default::default(),
        };
        let inner =
            Sometimes { away: away.clone(), document: document("t", String::new()), kept: kept.clone() };
        let host = Arc::new(Frozen::at(jiff::Timestamp::UNIX_EPOCH, 0));
        let path = folder.path().join("answers.sqlite");
        let memory = RememberedMemory::open(&path, Box::new(inner), "a", host).expect("opens");
        assert_eq!(memory.bring().expect("nothing waits, so nobody is asked"), 0);
        for number in 0..AT_ONCE + 4 {
            let refused = document("refused", number.to_string());
            assert!(memory.keep(&refused).expect("waits").waits);
        }
        for number in 0..40 {
            assert!(memory.keep(&document("t", number.to_string())).expect("waits").waits);
        }
        assert!(matches!(memory.bring(), Err(MemoryError::Away(_))));
        away.store(false, Ordering::Relaxed);
        // the first, brought along by a search, are all refused, and go behind the others
        memory.search(&query("pool")).expect("there");
        memory.search(&query("pool")).expect("there");
        assert_eq!(kept.lock().expect("whole").len(), 12);
        assert_eq!(memory.bring().expect("there"), AT_ONCE + 4);
        let all: Vec<String> = (0..40).map(|number| number.to_string()).collect();
        assert_eq!(*kept.lock().expect("whole"), all);
        let now = memory.keep(&document("t", "now".into())).expect("there");
        assert!(!now.waits);
    }
}
