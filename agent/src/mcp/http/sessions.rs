//! The sessions of the HTTP transport: each belongs to who began it, idle ones are forgotten.

use super::stream::Stream;
use crate::mcp::session::Session;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Sessions that are open at once; past it the one that was idle longest is ended.
const MOST: usize = 64;
/// How long a session may be idle.
const IDLE: Duration = Duration::from_secs(3600);
/// How long a stream that has ended can still be resumed.
const KEPT: Duration = Duration::from_secs(300);
/// Streams of one session that are kept.
const MOST_STREAMS: usize = 64;

/// A session with its streams.
#[derive(Debug)]
pub struct Open {
    pub session: Arc<Session>,
    owner: String,
    used: Mutex<Instant>,
    streams: Mutex<BTreeMap<u64, Arc<Stream>>>,
    next: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Open {
    /// A new stream; those that ended long ago are forgotten.
    pub fn stream(&self) -> Arc<Stream> {
        let stream = Stream::new(self.next.fetch_add(1, Ordering::Relaxed));
        let mut streams = locked(&self.streams);
        streams.retain(|_, old| old.ended().is_none_or(|since| since.elapsed() < KEPT));
        while streams.len() >= MOST_STREAMS {
            let oldest = streams.iter().find(|(number, old)| **number > 0 && old.ended().is_some());
            let Some(number) = oldest.map(|(number, _)| *number) else { break };
            streams.remove(&number);
        }
        streams.insert(stream.number(), stream.clone());
        stream
    }

    pub fn find(&self, number: u64) -> Option<Arc<Stream>> {
        locked(&self.streams).get(&number).cloned()
    }

    fn end(&self) {
        self.session.end();
        locked(&self.streams).values().for_each(|stream| stream.end());
    }
}

#[derive(Debug, Default)]
pub struct Sessions(Mutex<BTreeMap<String, Arc<Open>>>);

impl Sessions {
    /// Keeps a session of `owner`. Stream 0 is for what answers no request.
    pub fn add(&self, session: Arc<Session>, owner: &str) -> Arc<Open> {
        let open = Arc::new(Open {
            owner: owner.to_owned(),
            used: Mutex::new(Instant::now()),
            streams: Mutex::new(BTreeMap::from([(0, Stream::new(0))])),
            next: AtomicU64::new(1),
            session,
        });
        let mut all = locked(&self.0);
        let forgotten: Vec<String> = all
            .iter()
            .filter(|(_, one)| locked(&one.used).elapsed() > IDLE)
            .map(|(n, _)| n.clone())
            .collect();
        let mut gone: Vec<Arc<Open>> = forgotten.iter().filter_map(|name| all.remove(name)).collect();
        while all.len() >= MOST {
            let idle = all.iter().filter(|(_, one)| !one.session.is_busy());
            let oldest = idle.min_by_key(|(_, one)| *locked(&one.used)).or_else(|| all.iter().next());
            let Some(name) = oldest.map(|(name, _)| name.clone()) else { break };
            gone.extend(all.remove(&name));
        }
        all.insert(open.session.name().to_owned(), open.clone());
        drop(all);
        gone.iter().for_each(|one| one.end());
        open
    }

    /// A session, if it is `owner`'s; another's is as good as none.
    pub fn find(&self, name: &str, owner: &str) -> Option<Arc<Open>> {
        let found = locked(&self.0).get(name).cloned().filter(|open| open.owner == owner)?;
        *locked(&found.used) = Instant::now();
        Some(found)
    }

    pub fn remove(&self, name: &str, owner: &str) -> bool {
        let mut all = locked(&self.0);
        let own = all.get(name).is_some_and(|open| open.owner == owner);
        let gone = own.then(|| all.remove(name)).flatten();
        drop(all);
        gone.inspect(|open| open.end()).is_some()
    }

    /// Ends all of them.
    pub fn clear(&self) {
        let all = std::mem::take(&mut *locked(&self.0));
        all.values().for_each(|open| open.end());
    }
}
