//! Rounds on a real log, with another side that fails as it is told.

use super::*;
use ecoops_core::domain::AuditResult;
use ecoops_plugins::registry;
use std::collections::VecDeque;

/// What becomes of one request: `Ok(true)` is done, `Ok(false)` is done and the answer lost.
type Fate = Result<bool, CopyError>;

#[derive(Default)]
struct Side {
    held: Mutex<Vec<(u64, String)>>,
    fates: Mutex<VecDeque<Fate>>,
    looked: Mutex<usize>,
    /// Whether it can tell how far it is.
    tells: bool,
    opened: Mutex<usize>,
}

struct Copy(Arc<Side>);

impl AuditCopy for Copy {
    fn write(&self, _log: &str, index: u64, entry: &AuditEntry) -> Result<(), CopyError> {
        let fate = locked(&self.0.fates).pop_front().unwrap_or(Ok(true));
        let arrived = fate?;
        locked(&self.0.held).push((index, entry.action.clone()));
        if arrived { Ok(()) } else { Err(CopyError::Away("the answer was lost".into())) }
    }

    fn holds(&self, _log: &str, index: u64, _entry: &AuditEntry) -> Result<bool, CopyError> {
        *locked(&self.0.looked) += 1;
        Ok(locked(&self.0.held).iter().any(|(held, _)| *held == index))
    }

    fn next(&self, _log: &str) -> Result<Option<u64>, CopyError> {
        let last = locked(&self.0.held).iter().map(|(held, _)| *held).max();
        Ok(self.0.tells.then(|| last.map_or(0, |last| last + 1)))
    }
}

struct Bench {
    folder: tempfile::TempDir,
    log: Arc<Desk<dyn AuditLog>>,
    side: Arc<Side>,
}

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

impl Bench {
    fn new(entries: usize, fates: impl IntoIterator<Item = Fate>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().to_owned();
        let log: Arc<Desk<dyn AuditLog>> = Desk::new("audit", Duration::from_secs(5), move || {
            registry::audit_log_of_agent(&state, "test").map(Arc::from).map_err(|e| e.to_string())
        });
        let all: Vec<AuditEntry> = (0..entries).map(|n| entry(&n.to_string())).collect();
        log.direct().unwrap().append(&all).unwrap();
        let side = Arc::new(Side { fates: Mutex::new(fates.into_iter().collect()), ..Side::default() });
        Self { folder, log, side }
    }

    /// As after a start: nothing is remembered but the file.
    fn mirror(&self) -> Mirror {
        let side = self.side.clone();
        let host = Clock(registry::host("system").unwrap());
        let file = self.folder.path().join("mirror.json");
        Mirror::new("audit-mirror", self.log.clone(), file, host, move || {
            *locked(&side.opened) += 1;
            Ok(Box::new(Copy(side.clone())))
        })
    }

    fn held(&self) -> Vec<String> {
        locked(&self.side.held).iter().map(|(_, action)| action.clone()).collect()
    }
}

/// Rounds until one finds nothing; how many ended early.
fn run(mirror: &Mirror, most: usize) -> usize {
    let (mut memory, mut down) = (None, 0);
    for _ in 0..most {
        match mirror.0.round(&mut memory) {
            Ok(0) => return down,
            Ok(_) => {}
            Err(Down(why)) => {
                down += 1;
                locked(&mirror.0.state).down = Some(why);
            }
        }
    }
    down
}

fn numbers(end: usize) -> Vec<String> {
    (0..end).map(|n| n.to_string()).collect()
}

#[test]
fn every_entry_arrives_once_in_order_whatever_is_lost() {
    let away = || Err(CopyError::Away("connection refused".into()));
    let failed = || Err(CopyError::Failed("500".into()));
    for (what, fates, downs) in [
        ("all is well", vec![], 0),
        ("away for a while", vec![away(), away(), away()], 3),
        ("the answer to the third is lost", vec![Ok(true), Ok(true), Ok(false)], 1),
        ("every second answer is lost", (0..20).map(|n| Ok(n % 2 == 0)).collect(), 10),
        ("it fails a few times", vec![failed(), failed(), failed(), failed()], 4),
    ] {
        let bench = Bench::new(150, fates);
        assert_eq!(run(&bench.mirror(), 100), downs, "{what}");
        assert_eq!(bench.held(), numbers(150), "{what}");
    }
}

#[test]
fn after_a_crash_what_arrived_is_not_written_again() {
    // The first arrives and its answer is lost; then this process dies without having written its place.
    let bench = Bench::new(3, [Ok(true), Ok(false)]);
    let mirror = bench.mirror();
    assert!(mirror.0.round(&mut None).is_err());
    std::fs::remove_file(bench.folder.path().join("mirror.json")).unwrap();
    assert_eq!(run(&bench.mirror(), 10), 0);
    assert_eq!(bench.held(), numbers(3));
    // Later entries, beyond those that whoever came before may have written, are not looked for.
    bench.log.direct().unwrap().append(&(3..200).map(|n| entry(&n.to_string())).collect::<Vec<_>>()).unwrap();
    let before = *locked(&bench.side.looked);
    assert_eq!(run(&bench.mirror(), 10), 0);
    assert_eq!(bench.held(), numbers(200));
    assert_eq!(*locked(&bench.side.looked) - before, BATCH);
}

#[test]
fn a_side_that_lost_what_it_had_gets_it_again() {
    let away = || Err(CopyError::Away("restarting".into()));
    let mut bench = Bench::new(100, [Ok(true), Err(CopyError::Refused("not this one".into()))]);
    let fates = Mutex::new(std::mem::take(&mut *locked(&bench.side.fates)));
    bench.side = Arc::new(Side { tells: true, fates, ..Side::default() });
    let mirror = bench.mirror();
    let mut memory = None;
    for _ in 0..4 {
        assert!(mirror.0.round(&mut memory).is_ok());
    }
    assert_eq!(bench.held().len(), 99);
    // Put back to an older state while it was away: this process sees it go and come.
    locked(&bench.side.held).truncate(1);
    locked(&bench.side.fates).push_back(away());
    bench.log.direct().unwrap().append(&[entry("100")]).unwrap();
    assert!(mirror.0.round(&mut memory).is_err());
    while mirror.0.round(&mut memory).is_ok_and(|done| done > 0) {}
    let all: Vec<String> = numbers(101).into_iter().filter(|number| number != "1").collect();
    assert_eq!(bench.held(), all, "what was refused stays aside");
}

#[test]
fn what_is_not_taken_is_set_aside_and_named() {
    let refused = || Err(CopyError::Refused("VALIDATION_ERROR".into()));
    let failing = (0..PATIENCE).map(|_| Err(CopyError::Failed("500".into())));
    for (what, fates, downs) in [
        ("it is refused", vec![Ok(true), refused()], 0),
        (
            "it fails again and again",
            std::iter::once(Ok(true)).chain(failing).collect(),
            PATIENCE as usize - 1,
        ),
    ] {
        let bench = Bench::new(4, fates);
        let mirror = bench.mirror();
        assert_eq!(run(&mirror, 100), downs, "{what}");
        assert_eq!(bench.held(), ["0", "2", "3"], "{what}");
        let health = mirror.health();
        assert_eq!(health.status, Status::Degraded, "{what}");
        assert!(health.message.contains("entry 1"), "{what}: {}", health.message);
        // It is still named after a start.
        let again = bench.mirror();
        run(&again, 10);
        assert!(again.health().message.contains("1 entries were not taken"), "{what}");
    }
}

#[test]
fn an_outage_that_looks_like_failures_costs_no_entry_however_long_it_is() {
    let failed = || Err(CopyError::Failed("500 to everything".into()));
    let bench = Bench::new(4, (0..60).map(|_| failed()));
    let mirror = bench.mirror();
    assert!(run(&mirror, 100) > 20);
    assert_eq!(bench.held(), numbers(4));
    assert_eq!(mirror.health().status, Status::Degraded, "the last round that failed is what it says");
    assert!(!mirror.health().message.contains("not taken"), "{:?}", mirror.health());
}

#[test]
fn whose_fault_it_is_shows_at_an_entry_that_is_taken_behind_it() {
    let failed = || Err(CopyError::Failed("500".into()));
    let refused = || Err(CopyError::Refused("VALIDATION_ERROR".into()));
    // Nothing is behind it yet.
    let bench = Bench::new(1, (0..20).map(|_| failed()));
    let (mirror, mut memory) = (bench.mirror(), None);
    for _ in 0..20 {
        assert!(mirror.0.round(&mut memory).is_err());
    }
    assert_eq!(mirror.waiting(), Some(1));
    // Then one that is refused, which says nothing, and one that is taken.
    bench.log.direct().unwrap().append(&[entry("1"), entry("2"), entry("3")]).unwrap();
    locked(&bench.side.fates).extend([failed(), refused(), Ok(true)]);
    assert_eq!(mirror.0.round(&mut memory).ok(), Some(4));
    assert_eq!(bench.held(), ["2", "3"]);
    assert!(mirror.health().message.contains("2 entries were not taken"), "{:?}", mirror.health());
}

#[test]
fn one_that_was_away_is_opened_anew() {
    let bench =
        Bench::new(3, [Ok(true), Err(CopyError::Away("401".into())), Err(CopyError::Failed("500".into()))]);
    assert_eq!(run(&bench.mirror(), 10), 2);
    assert_eq!((bench.held(), *locked(&bench.side.opened)), (numbers(3), 2));
}

#[test]
fn the_backlog_shows_while_it_is_away() {
    let bench = Bench::new(100, (0..3).map(|_| Err(CopyError::Away("nobody is there".into()))));
    let mirror = bench.mirror();
    run(&mirror, 2);
    assert_eq!(mirror.waiting(), Some(100));
    assert!(mirror.health().message.contains("100 entries wait: nobody is there"), "{:?}", mirror.health());
    run(&mirror, 100);
    assert_eq!((mirror.waiting(), bench.held().len()), (Some(0), 100));
}

#[test]
fn a_damaged_place_stops_it_and_another_log_begins_anew() {
    let bench = Bench::new(2, []);
    let file = bench.folder.path().join("mirror.json");
    for damage in ["", "{", "[]", "\u{fffd}"] {
        std::fs::write(&file, damage).unwrap();
        assert!(bench.mirror().0.round(&mut None).is_err(), "{damage}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), damage);
    }
    std::fs::write(&file, r#"{"log":"another+00000000","next":77}"#).unwrap();
    assert_eq!(run(&bench.mirror(), 10), 0);
    assert_eq!(bench.held(), numbers(2));
}
