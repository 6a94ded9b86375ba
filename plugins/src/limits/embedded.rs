//! Limits of this process: a token bucket for each caller (a burst of one second), by a clock that never goes back.

use ecoops_core::ports::limits::{Left, Limits, LimitsError};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Callers that are remembered; past it the idle ones are forgotten.
const MOST: usize = 1024;

/// See the module.
#[derive(Debug)]
pub struct EmbeddedLimits {
    rate: f64,
    buckets: Mutex<HashMap<(String, String), Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl EmbeddedLimits {
    /// `rate` in requests a second, at least 1.
    pub fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate.max(1)), buckets: Mutex::default() }
    }

    fn take_at(&self, user: &str, purpose: &str, now: Instant) -> Left {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < Duration::from_secs(60));
        }
        if buckets.len() >= MOST {
            buckets.clear();
        }
        let bucket = buckets
            .entry((user.to_owned(), purpose.to_owned()))
            .or_insert(Bucket { left: self.rate, at: now });
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + since * self.rate).min(self.rate);
        bucket.at = now.max(bucket.at);
        let wait = if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            None
        } else {
            Some(Duration::from_secs_f64((1.0 - bucket.left) / self.rate))
        };
        Left { limit: self.rate as u64, remaining: bucket.left.max(0.0) as u64, wait }
    }
}

impl Limits for EmbeddedLimits {
    fn take(&self, user: &str, purpose: &str) -> Result<Left, LimitsError> {
        Ok(self.take_at(user, purpose, Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_served_then_the_rate_holds_for_each_alone() {
        let limits = EmbeddedLimits::new(10);
        let begin = Instant::now();
        let take = |user: &str, at: Instant| limits.take_at(user, "requests", at).wait;
        assert_eq!((0..30).filter(|_| take("a", begin).is_none()).count(), 10);
        assert!(take("b", begin).is_none());
        let later = begin + Duration::from_millis(500);
        assert_eq!((0..30).filter(|_| take("a", later).is_none()).count(), 5);
        let wait = take("a", later).unwrap();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        let idle = later + Duration::from_secs(3600);
        assert_eq!((0..30).filter(|_| take("a", idle).is_none()).count(), 10);
    }

    #[test]
    fn many_callers_are_forgotten_not_kept() {
        let limits = EmbeddedLimits::new(1);
        let begin = Instant::now();
        for n in 0..10 * MOST {
            let _ = limits.take_at(&n.to_string(), "requests", begin);
        }
        assert!(limits.buckets.lock().unwrap().len() <= MOST);
    }
}
