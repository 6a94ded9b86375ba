//! Finding entries: from the newest backwards, bundle by bundle, until the page is full; what cannot fit is passed over
//! by its bytes, without reading its JSON.
//!
//! Counting all that fit goes through the whole log once. The count below the last full bundle never changes, so it is
//! remembered with its question, and the next page of the same question stops as soon as it is full. Writes nothing.

use super::disk::Disk;
use super::reader::{at_latest, broken, bundle_bytes};
use ecoops_core::domain::{AuditEntry, AuditFilter, AuditHead};
use ecoops_core::engines::ledger::tiles::{self, WIDTH};
use ecoops_core::engines::ledger::{VerifierKey, entry};
use ecoops_core::ports::audit_log::{AuditError, Found, Page};
use memchr::memmem::Finder;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Questions whose counts are remembered.
const REMEMBERED: usize = 16;

/// How many of the entries below an index fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    below: u64,
    fit: u64,
}

/// Counts of questions that were asked before.
#[derive(Debug, Default)]
pub struct Counts(Mutex<VecDeque<(AuditFilter, Count)>>);

impl Counts {
    fn known(&self, filter: &AuditFilter, size: u64) -> Option<Count> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().find(|(asked, count)| asked == filter && count.below <= size).map(|(_, count)| *count)
    }

    fn keep(&self, filter: &AuditFilter, count: Count) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|(asked, _)| asked != filter);
        counts.push_front((filter.clone(), count));
        counts.truncate(REMEMBERED);
    }
}

/// See [`ecoops_core::ports::audit_log::AuditLog::find`].
pub fn find(
    disk: &Disk,
    key: &VerifierKey,
    filter: &AuditFilter,
    page: Page,
    counts: &Counts,
) -> Result<Found, AuditError> {
    at_latest(disk, key, |latest| {
        let size = latest.map_or(0, |(checkpoint, _)| checkpoint.size);
        let known = counts.known(filter, size);
        let mut search = Search::new(disk, size, filter, page);
        let total = search.run(known)?;
        if let Some(total) = total.filter(|_| !filter.is_empty()) {
            let full = size / WIDTH * WIDTH;
            counts.keep(filter, Count { below: full, fit: total - search.fit_beyond(full) });
        }
        Ok(Found { entries: search.entries, total: total.filter(|_| page.count) })
    })
}

/// One search under way, from the end of the log backwards.
struct Search<'a> {
    disk: &'a Disk,
    size: u64,
    filter: &'a AuditFilter,
    page: Page,
    /// Of each list one is in every entry that fits.
    words: Vec<Vec<Finder<'static>>>,
    /// How many were found to fit.
    fit: u64,
    /// Of those, how many are beyond the last full bundle.
    in_tail: u64,
    entries: Vec<(u64, AuditEntry)>,
}

impl<'a> Search<'a> {
    fn new(disk: &'a Disk, size: u64, filter: &'a AuditFilter, page: Page) -> Self {
        let finder = |word: &String| Finder::new(word.as_bytes()).into_owned();
        let words = filter.words().iter().map(|list| list.iter().map(finder).collect()).collect();
        Self { disk, size, filter, page, words, fit: 0, in_tail: 0, entries: Vec::new() }
    }

    /// How many fit in all, where that became known.
    fn run(&mut self, known: Option<Count>) -> Result<Option<u64>, AuditError> {
        let mut end = self.size;
        if self.filter.is_empty() {
            // All fit: where the page is needs no looking.
            end = self.size.saturating_sub(self.page.skip);
            self.fit = self.size - end;
        }
        // How many fit from the known count's end on.
        let mut beyond = None;
        while let Some(last) = end.checked_sub(1) {
            if known.is_some_and(|count| count.below >= end) {
                beyond.get_or_insert(self.fit);
            }
            match (known, beyond) {
                _ if self.filter.is_empty() && self.is_full() => return Ok(Some(self.size)),
                // The page is full, or all that fit were met.
                (Some(count), Some(beyond)) if self.is_full() || self.fit - beyond >= count.fit => {
                    return Ok(Some(beyond + count.fit));
                }
                _ if self.is_full() && !self.page.count => return Ok(None),
                _ => {}
            }
            let first = last / WIDTH * WIDTH;
            self.bundle(first, end)?;
            end = first;
            if first == self.size / WIDTH * WIDTH {
                self.in_tail = self.fit;
            }
        }
        Ok(Some(if self.filter.is_empty() { self.size } else { self.fit }))
    }

    /// How many fit from the last full bundle's end on.
    fn fit_beyond(&self, full: u64) -> u64 {
        if full == self.size { 0 } else { self.in_tail }
    }

    fn is_full(&self) -> bool {
        self.fit >= self.page.skip.saturating_add(self.page.most as u64)
    }

    /// Goes through the entries of one bundle that are before `end`, the last one first.
    fn bundle(&mut self, first: u64, end: u64) -> Result<(), AuditError> {
        let Some(place) = tiles::bundle_at(first, self.size) else { return Ok(()) };
        let bytes = bundle_bytes(self.disk, place)?;
        if !self.may_hold(&bytes) {
            return Ok(());
        }
        let entries = tiles::split_entries(&bytes).map_err(|e| broken(format!("{place}: {e}")))?;
        if entries.len() != usize::from(place.width()) {
            return Err(broken(format!("{place} holds {} entries", entries.len())));
        }
        let count = usize::try_from(end - first).unwrap_or(usize::MAX);
        for (nth, leaf) in entries.iter().enumerate().take(count).rev() {
            let at = first + nth as u64;
            let unread = |e| broken(format!("{place}: entry {at} is no audit entry: {e}"));
            self.entry(at, leaf).map_err(unread)?;
        }
        Ok(())
    }

    fn entry(&mut self, at: u64, leaf: &[u8]) -> Result<(), serde_json::Error> {
        if self.filter.is_empty() && self.is_full() || !self.may_hold(leaf) {
            return Ok(());
        }
        let wanted = self.fit >= self.page.skip && !self.is_full();
        let read = if self.filter.needs_details() {
            let read = entry::decode(leaf)?;
            if !self.filter.fits(&read) {
                return Ok(());
            }
            wanted.then_some(read)
        } else {
            if !self.filter.fits_head(&serde_json::from_slice::<AuditHead<'_>>(leaf)?) {
                return Ok(());
            }
            if wanted { Some(entry::decode(leaf)?) } else { None }
        };
        self.fit += 1;
        self.entries.extend(read.map(|read| (at, read)));
        Ok(())
    }

    fn may_hold(&self, bytes: &[u8]) -> bool {
        self.words.iter().all(|list| list.iter().any(|word| word.find(bytes).is_some()))
    }
}
