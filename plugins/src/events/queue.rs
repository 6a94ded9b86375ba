//! Group commit: publishers that come at the same time share one transaction and its flush.
//!
//! There is no thread for it. Whoever gets hold of the pen writes for all who wait, themselves included; a
//! lone publisher waits for nobody. (The shared flush of DeWitt et al., Implementation Techniques for Main
//! Memory Database Systems, SIGMOD 1984, section 5.2.)

use super::append::Entry;
use super::embedded::Embedded;
use ecoops_core::ports::events::{EventsError, Offset};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most bytes of events that one transaction takes on, unless a single call brings more.
const MOST_BYTES: usize = 8 << 20;
/// How long those whom the last flush served are waited for.
const MOMENT: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Somebody writes.
    led: bool,
    /// Calls that the last flush served: as many are likely to come again.
    last: usize,
    waiting: Vec<Arc<Request>>,
}

#[derive(Debug)]
struct Request {
    entries: Vec<Entry>,
    answer: Mutex<Option<Result<Vec<Offset>, EventsError>>>,
}

impl Request {
    fn bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.body.len()).sum()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    /// Returns once the entries are on disk, or not at all in the log.
    pub fn publish(&self, log: &Embedded, entries: Vec<Entry>) -> Result<Vec<Offset>, EventsError> {
        let mine = Arc::new(Request { entries, answer: Mutex::new(None) });
        let mut state = locked(&self.state);
        state.waiting.push(mine.clone());
        loop {
            if let Some(answer) = locked(&mine.answer).take() {
                return answer;
            }
            state = match state.led {
                true => self.free.wait(state).unwrap_or_else(PoisonError::into_inner),
                false => self.lead(log, state),
            };
        }
    }

    /// Writes what waits, tells those who brought it, and hands the pen on.
    fn lead<'a>(&'a self, log: &Embedded, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.led = true;
        let begin = Instant::now();
        while state.waiting.len() < state.last && begin.elapsed() < MOMENT {
            drop(state);
            std::thread::yield_now();
            state = locked(&self.state);
        }
        let mut bytes = 0;
        let fits = |request: &&Arc<Request>| {
            let fits = bytes < MOST_BYTES;
            bytes += request.bytes();
            fits
        };
        let count = state.waiting.iter().take_while(fits).count();
        let group: Vec<Arc<Request>> = state.waiting.drain(..count).collect();
        state.last = group.len();
        drop(state);
        let hand_over = HandOver { queue: self, group: &group };
        write(log, &group);
        drop(hand_over);
        locked(&self.state)
    }
}

/// Gives the pen back, after a panic too, and leaves nobody without an answer.
struct HandOver<'a> {
    queue: &'a Queue,
    group: &'a [Arc<Request>],
}

impl Drop for HandOver<'_> {
    fn drop(&mut self) {
        for request in self.group {
            let none = || Err(EventsError::Storage("it was given up while it was written".to_owned()));
            // One that was answered and taken meanwhile is not looked at again.
            locked(&request.answer).get_or_insert_with(none);
        }
        locked(&self.queue.state).led = false;
        self.queue.free.notify_all();
    }
}

fn write(log: &Embedded, group: &[Arc<Request>]) {
    let entries: Vec<&Entry> = group.iter().flat_map(|request| &request.entries).collect();
    let written = log.append(&entries);
    let mut rest = written.as_ref().map_or(&[][..], Vec::as_slice);
    for request in group {
        let (mine, others) = rest.split_at(request.entries.len().min(rest.len()));
        rest = others;
        *locked(&request.answer) = Some(match &written {
            Ok(_) => Ok(mine.to_vec()),
            Err(why) => Err(why.clone()),
        });
    }
}
