//! Decisions of a policy outside that are good for a little while: few, and of one version of the policy.
//!
//! Never holds an error, and forgets everything when the policy's version changes.

use super::asked::Ruling;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// The most that is kept.
const MOST: usize = 1024;
/// SHA-256 of an input.
pub type Key = [u8; 32];

#[derive(Debug)]
pub struct Kept {
    good_for: Duration,
    rulings: HashMap<Key, (Instant, Ruling)>,
    /// In the order in which they came.
    order: VecDeque<Key>,
    version: String,
}

impl Kept {
    /// `good_for` zero keeps nothing.
    pub fn new(good_for: Duration) -> Self {
        Self { good_for, rulings: HashMap::new(), order: VecDeque::new(), version: String::new() }
    }

    pub fn get(&self, key: &Key, now: Instant) -> Option<Ruling> {
        let (since, ruling) = self.rulings.get(key)?;
        (now.saturating_duration_since(*since) < self.good_for).then(|| ruling.clone())
    }

    pub fn put(&mut self, key: Key, ruling: &Ruling, now: Instant) {
        if ruling.version != self.version {
            self.version.clone_from(&ruling.version);
            self.rulings.clear();
            self.order.clear();
        }
        if self.good_for.is_zero() {
            return;
        }
        while !self.rulings.contains_key(&key)
            && self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.rulings.remove(&oldest);
        }
        if self.rulings.insert(key, (now, ruling.clone())).is_none() {
            self.order.push_back(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruling(version: &str) -> Ruling {
        Ruling { allow: true, reasons: vec!["r".into()], version: version.into() }
    }

    fn key(number: usize) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        key
    }

    #[test]
    fn what_is_old_or_of_another_version_is_gone() {
        let begin = Instant::now();
        let second = Duration::from_secs(1);
        let mut kept = Kept::new(5 * second);
        kept.put(key(1), &ruling("a"), begin);
        assert_eq!(kept.get(&key(1), begin + 4 * second), Some(ruling("a")));
        assert_eq!(kept.get(&key(1), begin + 5 * second), None);
        assert_eq!(kept.get(&key(2), begin), None);
        kept.put(key(2), &ruling("b"), begin + second);
        assert_eq!(kept.get(&key(1), begin + second), None, "the policy changed");
        let mut nothing = Kept::new(Duration::ZERO);
        nothing.put(key(1), &ruling("a"), begin);
        assert_eq!(nothing.get(&key(1), begin), None);
    }

    #[test]
    fn no_more_than_so_many_are_kept_and_the_oldest_go_first() {
        let now = Instant::now();
        let mut kept = Kept::new(Duration::from_secs(60));
        for number in 0..MOST + 10 {
            kept.put(key(number), &ruling("a"), now);
            kept.put(key(number), &ruling("a"), now);
        }
        assert_eq!((kept.rulings.len(), kept.order.len()), (MOST, MOST));
        assert_eq!(kept.get(&key(9), now), None);
        assert!(kept.get(&key(10), now).is_some());
    }
}
