//! Rounds on a real log and a real audit log, with receivers that fail as they are told.

use super::lanes::Lanes;
use super::lanes::tests::stored;
use super::record::Recorder;
use super::round::{Down, Route};
use crate::component::Desk;
use crate::kernel::Clock;
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::events::{Outbox, Stored};
use ecoops_core::ports::host::identifiers;
use ecoops_core::ports::notify::{Notify, NotifyError, Told};
use ecoops_plugins::registry::{self, EventsChoice, Retention};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Answer = Box<dyn Fn(&Stored) -> Option<NotifyError> + Send + Sync>;

struct Receiver {
    answer: Mutex<Answer>,
    got: Mutex<Vec<(u64, String)>>,
}

impl Notify for Receiver {
    fn tell(&self, events: &[Stored]) -> Told {
        for (count, stored) in events.iter().enumerate() {
            if let Some(error) = (self.answer.lock().unwrap())(stored) {
                return Told::until(count, error);
            }
            self.got.lock().unwrap().push((stored.offset, stored.event.trace_id.clone()));
        }
        Told::all(events.len())
    }

    fn place(&self) -> String {
        "test:".to_owned()
    }
}

struct Bench {
    log: Box<dyn Outbox>,
    audit: Arc<Desk<dyn AuditLog>>,
    record: Recorder,
    receiver: Receiver,
    lanes: Lanes,
    wants: BTreeSet<String>,
    patience: usize,
    _folder: tempfile::TempDir,
}

const G: &str = "sink:test";

impl Bench {
    fn new(keys: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = registry::host("system").unwrap();
        let choice = EventsChoice {
            adapter: "embedded".into(),
            file: folder.path().join("events.sqlite"),
            retention: Retention::default(),
            outboxes: vec![G.to_owned()],
        };
        let log = registry::outbox(&choice, host.clone()).unwrap();
        for (n, key) in (1..).zip(keys) {
            let event = stored(n, key).event;
            assert_eq!(log.publish(&event, &format!("k{n}")).unwrap(), n);
        }
        let state = folder.path().to_owned();
        let audit: Arc<Desk<dyn AuditLog>> = Desk::new("audit", Duration::from_secs(5), move || {
            registry::audit_log_of_agent(&state, "test").map(Arc::from).map_err(|e| e.to_string())
        });
        let record = Recorder {
            audit: audit.clone(),
            identifiers: Arc::new(identifiers(&*host).unwrap()),
            host: Clock(host),
        };
        let receiver = Receiver { answer: Mutex::new(Box::new(|_| None)), got: Mutex::default() };
        let (lanes, wants) = (Lanes::default(), BTreeSet::new());
        Self { log, audit, record, receiver, lanes, wants, patience: 3, _folder: folder }
    }

    fn answer(&self, answer: impl Fn(&Stored) -> Option<NotifyError> + Send + Sync + 'static) {
        *self.receiver.answer.lock().unwrap() = Box::new(answer);
    }

    fn round(&mut self) -> Result<usize, Down> {
        let route = Route {
            log: &*self.log,
            to: &self.receiver,
            record: &self.record,
            group: G,
            wants: &self.wants,
            redact: &|stored| Ok(stored.clone()),
            attempts: 3,
            patience: self.patience,
        };
        let done = route.run(&mut self.lanes);
        if done.is_err() {
            self.lanes = Lanes::default();
            self.log.reclaim(G).unwrap();
        }
        done
    }

    fn got(&self) -> Vec<u64> {
        self.receiver.got.lock().unwrap().iter().map(|(offset, _)| *offset).collect()
    }

    /// What failed may be tried at once, as after a restart.
    fn restart(&mut self) {
        self.lanes = Lanes::default();
        self.log.reclaim(G).unwrap();
    }

    fn dead(&self) -> Vec<u64> {
        self.log.dead_letters(Some(G)).unwrap().iter().map(|letter| letter.stored.offset).collect()
    }

    /// Action and result of each entry of the audit log.
    fn recorded(&self) -> Vec<(String, String)> {
        let audit = self.audit.direct().unwrap();
        assert!(audit.verify().is_ok());
        let entries = audit.entries(0, 1000).unwrap().into_iter();
        entries.map(|(_, e)| (e.action, format!("{:?}", e.result))).collect()
    }
}

fn failed() -> Option<NotifyError> {
    Some(NotifyError::Failed("500".to_owned()))
}

#[test]
fn what_is_there_is_told_once_and_recorded_as_one() {
    let mut bench = Bench::new(&["a", "b", "a"]);
    assert_eq!(bench.round(), Ok(3));
    assert_eq!(bench.round(), Ok(0));
    bench.restart();
    assert_eq!(bench.round(), Ok(0));
    assert_eq!(bench.got(), [1, 2, 3]);
    assert_eq!(bench.recorded(), [("deliver".to_owned(), "Success".to_owned())]);
    assert_eq!(bench.log.backlog(G).unwrap().waiting, 0);
}

#[test]
fn a_failure_parks_its_key_alone_and_ends_as_a_dead_letter() {
    let mut bench = Bench::new(&["a", "b", "a", "b", "a"]);
    bench.answer(|s| if s.offset == 1 { failed() } else { None });
    assert_eq!(bench.round(), Ok(2));
    assert_eq!(bench.got(), [2, 4], "b goes on, a waits");
    assert_eq!(bench.log.backlog(G).unwrap().waiting, 3);
    bench.restart();
    assert_eq!(bench.round(), Ok(0));
    bench.restart();
    assert_eq!(bench.round(), Ok(1), "the third attempt is the last");
    assert_eq!((bench.dead(), bench.got()), (vec![1], vec![2, 4]));
    assert_eq!(bench.round(), Ok(2));
    assert_eq!(bench.got(), [2, 4, 3, 5], "and then a goes on");
    assert_eq!(bench.log.backlog(G).unwrap().dead, 1);
    let failures = bench.recorded().into_iter().filter(|(_, result)| result == "Failure").count();
    assert_eq!(failures, 1, "one entry for the dead letter");
}

#[test]
fn one_that_recovers_is_told_before_what_waited_behind_it() {
    let mut bench = Bench::new(&["a", "a", "a"]);
    bench.answer(|s| if s.offset == 1 { failed() } else { None });
    assert_eq!(bench.round(), Ok(0));
    bench.answer(|_| None);
    assert_eq!(bench.round(), Ok(0), "its pause is not over");
    bench.restart();
    assert_eq!(bench.round(), Ok(3));
    assert_eq!(bench.got(), [1, 2, 3]);
}

#[test]
fn a_refusal_is_dead_at_once() {
    let mut bench = Bench::new(&["a", "a"]);
    bench.answer(|s| (s.offset == 1).then(|| NotifyError::Refused("400".to_owned())));
    assert_eq!(bench.round(), Ok(2));
    assert_eq!((bench.dead(), bench.got()), (vec![1], vec![2]));
}

#[test]
fn an_outage_costs_no_attempt_however_long_it_is() {
    let mut bench = Bench::new(&["a", "b", "c", "d", "e"]);
    for error in [
        NotifyError::unavailable("no route"),
        NotifyError::Failed("500 to everything".to_owned()),
        NotifyError::Refused("400 to everything".to_owned()),
    ] {
        bench.answer(move |_| Some(error.clone()));
        for _ in 0..20 {
            assert!(bench.round().is_err());
        }
    }
    assert_eq!((bench.dead(), bench.log.backlog(G).unwrap().waiting), (vec![], 5));
    bench.answer(|_| None);
    assert_eq!(bench.round(), Ok(5));
    assert_eq!(bench.got(), [1, 2, 3, 4, 5]);
}

#[test]
fn those_behind_several_that_fail_are_found_with_more_patience() {
    let mut bench = Bench::new(&["a", "b", "c", "d"]);
    bench.answer(|s| if s.offset < 4 { failed() } else { None });
    assert!(bench.round().is_err(), "three in a row look like a sick receiver");
    bench.patience = 6;
    assert_eq!(bench.round(), Ok(1));
    assert_eq!(bench.got(), [4]);
}

#[test]
fn an_outage_in_the_middle_keeps_what_was_told() {
    let mut bench = Bench::new(&["a", "a", "a"]);
    bench.answer(|s| (s.offset == 2).then(|| NotifyError::unavailable("cut")));
    assert!(bench.round().is_err());
    bench.answer(|_| None);
    assert_eq!(bench.round(), Ok(2));
    assert_eq!(bench.got(), [1, 2, 3]);
}

#[test]
fn what_is_not_wanted_is_settled_and_not_told() {
    let mut bench = Bench::new(&["a", "b"]);
    bench.wants = BTreeSet::from(["remediation.rollback".to_owned()]);
    assert_eq!(bench.round(), Ok(2));
    assert!(bench.got().is_empty() && bench.recorded().is_empty());
}

/// Numbers from a seed (xorshift64*, Vigna 2016).
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    seed.wrapping_mul(0x2545_F491_4F6C_DD1D)
}

#[test]
fn whatever_fails_and_restarts_order_holds_per_key_and_nothing_is_lost() {
    for start in 1..=20u64 {
        let mut seed = start * 0x9E37_79B9;
        let keys: Vec<&str> =
            (0..60).map(|_| ["a", "b", "c", "d", "e"][next(&mut seed) as usize % 5]).collect();
        let mut bench = Bench::new(&keys);
        let dice = Mutex::new(seed);
        bench.answer(move |_| match next(&mut dice.lock().unwrap()) % 12 {
            0 => Some(NotifyError::unavailable("cut")),
            1 => failed(),
            _ => None,
        });
        for _ in 0..200 {
            let _ = bench.round();
            if next(&mut seed).is_multiple_of(2) {
                bench.restart();
            }
        }
        let (dead, mut settled) = (bench.dead(), bench.got());
        for key in ["a", "b", "c", "d", "e"] {
            let of: Vec<u64> = bench
                .receiver
                .got
                .lock()
                .unwrap()
                .iter()
                .filter(|(_, k)| k == key)
                .map(|(o, _)| *o)
                .collect();
            assert!(of.is_sorted_by(|a, b| a < b), "seed {start}, key {key}: {of:?}");
        }
        settled.extend(dead);
        settled.sort_unstable();
        assert_eq!(settled, (1..=60).collect::<Vec<_>>(), "seed {start}: each is told or a dead letter");
    }
}
