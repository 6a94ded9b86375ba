//! The circuit breaker of one system: after failures in a row it is not asked for a while, then by few first.
//!
//! Source: M. Nygard, Release It!, "Circuit Breaker"; the thresholds are the integration matrix's.

use std::time::Duration;

/// When to stop asking, and how to begin again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it, at least 1.
    pub failure_threshold: u32,
    /// How long nobody asks.
    pub recovery_timeout: Duration,
    /// Successes that close it again; as many may be under way meanwhile. At least 1.
    pub half_open_requests: u32,
}

impl BreakerSettings {
    /// For systems that answer for many others, and fail in parts.
    pub const OBSERVABILITY: Self =
        Self { failure_threshold: 10, recovery_timeout: Duration::from_secs(60), half_open_requests: 5 };
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failure_threshold: 5, recovery_timeout: Duration::from_secs(30), half_open_requests: 3 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    Open,
    HalfOpen,
}

#[derive(Debug)]
enum State {
    /// With the failures in a row.
    Closed(u32),
    /// Until this time.
    Open(Duration),
    /// Begun at this time; how many were let through, and how many of them succeeded.
    HalfOpen { since: Duration, asked: u32, succeeded: u32 },
}

#[derive(Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
}

impl Breaker {
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: State::Closed(0) }
    }

    /// Whether to ask at `now`; every `Ok` wants a [`Breaker::record`].
    ///
    /// # Errors
    /// How long to wait instead.
    pub fn ask(&mut self, now: Duration) -> Result<(), Duration> {
        let patience = self.settings.recovery_timeout;
        match &mut self.state {
            State::Closed(_) => Ok(()),
            State::Open(until) if now < *until => Err(*until - now),
            State::Open(_) => {
                self.state = State::HalfOpen { since: now, asked: 1, succeeded: 0 };
                Ok(())
            }
            State::HalfOpen { asked, .. } if *asked < self.settings.half_open_requests.max(1) => {
                *asked += 1;
                Ok(())
            }
            // Those who were let through never told how it went; their time is over.
            State::HalfOpen { since, .. } if now >= *since + patience => {
                self.state = State::HalfOpen { since: now, asked: 1, succeeded: 0 };
                Ok(())
            }
            State::HalfOpen { since, .. } => Err(*since + patience - now),
        }
    }

    /// Takes in how an asking ended. That a system refuses a request is no failure of it.
    pub fn record(&mut self, now: Duration, success: bool) {
        let open = State::Open(now + self.settings.recovery_timeout);
        match (&mut self.state, success) {
            (State::Closed(failures), true) => *failures = 0,
            (State::Closed(failures), false) => {
                *failures += 1;
                if *failures >= self.settings.failure_threshold.max(1) {
                    self.state = open;
                }
            }
            (State::HalfOpen { succeeded, .. }, true) => {
                *succeeded += 1;
                if *succeeded >= self.settings.half_open_requests.max(1) {
                    self.state = State::Closed(0);
                }
            }
            (State::HalfOpen { .. }, false) => self.state = open,
            // Asked before it opened.
            (State::Open(_), _) => {}
        }
    }

    pub fn state(&self) -> BreakerState {
        match self.state {
            State::Closed(_) => BreakerState::Closed,
            State::Open(_) => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BreakerState::{Closed, HalfOpen, Open};

    /// Each step: second, `?` asks and may, `x` asks and may not, `+` success, `-` failure; and the state after it.
    fn check(steps: &[(u64, char, BreakerState)]) {
        let settings = BreakerSettings {
            failure_threshold: 2,
            recovery_timeout: Duration::from_secs(30),
            half_open_requests: 2,
        };
        let mut breaker = Breaker::new(settings);
        for (number, (second, step, state)) in steps.iter().enumerate() {
            let now = Duration::from_secs(*second);
            match step {
                '?' => assert_eq!(breaker.ask(now), Ok(()), "step {number}"),
                'x' => assert!(breaker.ask(now).is_err(), "step {number}"),
                _ => breaker.record(now, *step == '+'),
            }
            assert_eq!(breaker.state(), *state, "step {number}");
        }
    }

    #[test]
    fn failures_in_a_row_open_it_and_successes_close_it() {
        check(&[(0, '-', Closed), (0, '+', Closed), (1, '-', Closed), (1, '-', Open), (30, 'x', Open)]);
        check(&[
            (0, '-', Closed),
            (0, '-', Open),
            (30, '?', HalfOpen),
            (30, '?', HalfOpen),
            (31, 'x', HalfOpen),
        ]);
        check(&[
            (0, '-', Closed),
            (0, '-', Open),
            (30, '?', HalfOpen),
            (31, '+', HalfOpen),
            (31, '+', Closed),
        ]);
        check(&[
            (0, '-', Closed),
            (0, '-', Open),
            (30, '?', HalfOpen),
            (31, '-', Open),
            (60, 'x', Open),
            (61, '?', HalfOpen),
        ]);
    }

    #[test]
    fn those_who_never_tell_do_not_keep_it_half_open() {
        check(&[
            (0, '-', Closed),
            (0, '-', Open),
            (30, '?', HalfOpen),
            (30, '?', HalfOpen),
            (60, '?', HalfOpen),
        ]);
    }

    #[test]
    fn late_news_of_an_open_one_change_nothing() {
        check(&[(0, '-', Closed), (0, '-', Open), (1, '+', Open), (2, '-', Open), (30, '?', HalfOpen)]);
    }
}
