//! What every audit log must do, run on each adapter; and what the embedded one does when the disk
//! fails, when it is killed, and when someone changes its files.
#![allow(clippy::unwrap_used)]

use ecoops_core::domain::{AuditEntry, AuditFilter, AuditResult, ContentHash, PolicyStamp};
use ecoops_core::engines::ledger::{Checkpoint, LogProof, VerifierKey, entry};
use ecoops_core::ports::audit_log::{AuditError, AuditLog, Found, Page};
use ecoops_plugins::audit_log::embedded::disk::Step;
use ecoops_plugins::audit_log::embedded::key::LogKey;
use ecoops_plugins::audit_log::embedded::{Config, EmbeddedAuditLog, ORIGIN, verify_folder};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn sample(number: usize) -> AuditEntry {
    AuditEntry {
        timestamp: "2026-01-02T03:04:05Z".into(),
        trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
        run: "01J".into(),
        actor: "user:1000".into(),
        action: "integrate".into(),
        resource: format!("src/file_{number}.py"),
        result: AuditResult::Success,
        policy: Some(PolicyStamp {
            version: "sha256:1".into(),
            decision: "allow".into(),
            reason: "safe".into(),
        }),
        content_hash: Some(ContentHash::of(&number.to_be_bytes())),
        urn: format!("urn:ecoops:run:{number}"),
        uri: "file:///repository".into(),
        signer: "self".into(),
        asked: None,
        details: None,
    }
}

fn samples(range: std::ops::Range<usize>) -> Vec<AuditEntry> {
    range.map(sample).collect()
}

/// The contract. `make` gives a new, empty log.
fn suite(make: impl Fn() -> Box<dyn AuditLog>) {
    an_empty_log_is_whole(&*make());
    entries_come_back_in_order(&*make());
    proofs_hold_with_the_public_key_alone(&*make());
    checkpoints_only_grow(&*make());
    what_is_sought_is_found_from_the_newest_on(&*make());
    concurrent_appends_all_land_once(&*make());
}

fn an_empty_log_is_whole(log: &dyn AuditLog) {
    assert_eq!(log.verify().unwrap().entries, 0);
    assert_eq!(log.entries(0, 10).unwrap(), []);
    assert_eq!(log.checkpoint().unwrap(), None);
    assert!(matches!(log.prove(0), Err(AuditError::NoSuchEntry(0))));
    assert_eq!(log.append(&[]).unwrap(), []);
    assert_eq!(log.checkpoint().unwrap(), None);
}

fn entries_come_back_in_order(log: &dyn AuditLog) {
    let mut at = 0;
    for count in [1, 2, 252, 1, 1, 300, 1] {
        let appended = log.append(&samples(at..at + count)).unwrap();
        assert_eq!(appended.len(), count);
        for (place, one) in appended.iter().enumerate() {
            assert_eq!(one.index, (at + place) as u64);
            assert_eq!(one.size, (at + count) as u64);
        }
        at += count;
        assert_eq!(log.verify().unwrap().entries, at as u64);
    }
    for (start, count) in
        [(0, 1), (0, 1000), (250, 20), (255, 1), (256, 1), (at as u64 - 1, 5), (at as u64, 5)]
    {
        let found = log.entries(start, count).unwrap();
        let expected: Vec<(u64, AuditEntry)> =
            (start..(start + count as u64).min(at as u64)).map(|i| (i, sample(i as usize))).collect();
        assert_eq!(found, expected, "{count} from {start}");
    }
    let huge = AuditEntry { resource: "x".repeat(70_000), ..sample(0) };
    assert!(log.append(&[sample(0), huge]).is_err());
    assert_eq!(log.verify().unwrap().entries, at as u64);
}

/// Against what a reading of everything finds; twice, because a count that is known is used the second time, and
/// again after the log has grown.
fn what_is_sought_is_found_from_the_newest_on(log: &dyn AuditLog) {
    let page = |skip, most, count| Page { skip, most, count };
    let all = AuditFilter::default();
    assert_eq!(log.find(&all, page(0, 5, true)).unwrap(), Found { entries: vec![], total: Some(0) });
    let text = |text: &str| Some(text.to_owned());
    let filters = [
        all.clone(),
        AuditFilter { action: text("undo"), ..all.clone() },
        AuditFilter { action: text("und"), ..all.clone() },
        AuditFilter { resource: text("src/file_3.py"), ..all.clone() },
        AuditFilter { result: Some(AuditResult::Denied), ..all.clone() },
        AuditFilter { until: Some("2026-01-02T03:04:05Z".parse().unwrap()), ..all.clone() },
        AuditFilter { kind: text("pod"), result: Some(AuditResult::Success), ..all.clone() },
        AuditFilter { tag: text("SOC2"), ..all },
    ];
    let mut at = 0;
    for grown in [256, 1, 400, 111, 300] {
        log.append(&(at..at + grown).map(varied).collect::<Vec<_>>()).unwrap();
        at += grown;
        for filter in &filters {
            let fit: Vec<_> = (0..at).rev().filter(|n| filter.fits(&varied(*n))).collect();
            for (skip, most) in [(0, 3), (0, 3), (2, 300), (fit.len() as u64, 1), (0, 5000), (1 << 40, 9)] {
                let expected = fit.iter().skip(usize::try_from(skip).unwrap()).take(most);
                let expected: Vec<_> = expected.map(|n| (*n as u64, varied(*n))).collect();
                for count in [false, true] {
                    let found = log.find(filter, page(skip, most, count)).unwrap();
                    assert_eq!(found.entries, expected, "{filter:?}, {most} after {skip} of {at}");
                    let total = count.then_some(fit.len() as u64);
                    assert_eq!(found.total, total, "{filter:?}, {most} after {skip} of {at}");
                }
            }
        }
    }
}

/// Entries of several kinds, by their number.
fn varied(number: usize) -> AuditEntry {
    let details =
        serde_json::json!({ "resource": { "kind": "pod" }, "complianceTags": ["SOC2"], "x": "undo" });
    AuditEntry {
        action: if number.is_multiple_of(50) { "undo" } else { "integrate" }.into(),
        result: if number.is_multiple_of(7) { AuditResult::Denied } else { AuditResult::Success },
        resource: format!("src/file_{}.py", number % 100),
        timestamp: format!("2026-01-02T03:04:{:02}Z", number % 60),
        details: number.is_multiple_of(3).then(|| details.as_object().cloned()).flatten(),
        ..sample(number)
    }
}

fn proofs_hold_with_the_public_key_alone(log: &dyn AuditLog) {
    log.append(&samples(0..700)).unwrap();
    let key = VerifierKey::parse(&log.verifier_key()).unwrap();
    for index in [0, 1, 255, 256, 511, 512, 699] {
        let proof = log.prove(index).unwrap();
        let (_, read) = log.entries(index, 1).unwrap().remove(0);
        let whole = LogProof {
            entry: entry::encode(&read).unwrap(),
            index: proof.index,
            hashes: proof.hashes,
            checkpoint: proof.checkpoint,
        };
        let again = LogProof::parse(&whole.to_string()).unwrap();
        assert_eq!(again.check(&key).unwrap().size, 700, "entry {index}");
        let other = LogProof { entry: entry::encode(&sample(999)).unwrap(), ..again };
        assert!(other.check(&key).is_err());
    }
    assert!(matches!(log.prove(700), Err(AuditError::NoSuchEntry(700))));
}

fn checkpoints_only_grow(log: &dyn AuditLog) {
    let key = VerifierKey::parse(&log.verifier_key()).unwrap();
    let mut last = 0;
    for number in 0..5 {
        log.append(&[sample(number)]).unwrap();
        let checkpoint = Checkpoint::open(&log.checkpoint().unwrap().unwrap(), &key).unwrap();
        assert!(checkpoint.size > last);
        assert_eq!(checkpoint.root, log.verify().unwrap().root);
        last = checkpoint.size;
    }
}

fn concurrent_appends_all_land_once(log: &dyn AuditLog) {
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for number in 0..20 {
                    let appended = log.append(&[sample(thread * 100 + number)]).unwrap();
                    let index = appended[0].index;
                    assert_eq!(log.entries(index, 1).unwrap(), [(index, sample(thread * 100 + number))]);
                }
            });
        }
    });
    let mut found: Vec<String> =
        log.entries(0, 1000).unwrap().into_iter().map(|(_, entry)| entry.resource).collect();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 160);
    assert_eq!(log.verify().unwrap().entries, 160);
}

/// A log in a folder of its own, with what it needs to be opened again.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn log_folder(&self) -> PathBuf {
        self.folder.path().join("state/audit")
    }

    fn open(&self) -> Result<EmbeddedAuditLog, AuditError> {
        EmbeddedAuditLog::in_state(&self.folder.path().join("state"), ORIGIN)
    }

    fn open_with(&self, step: Step) -> Result<EmbeddedAuditLog, AuditError> {
        open_in(&self.folder.path().join("state"), Some(step))
    }
}

fn open_in(state: &Path, step: Option<Step>) -> Result<EmbeddedAuditLog, AuditError> {
    let key = LogKey::from_file(&state.join("keys/audit.key"), Some(ORIGIN))?;
    EmbeddedAuditLog::open(
        Config { folder: state.join("audit"), seen: Some(state.join("seen/audit")), step },
        key,
    )
}

#[test]
fn the_embedded_log_keeps_the_contract() {
    let homes = std::cell::RefCell::new(Vec::new());
    suite(|| {
        let home = Home::new();
        let log = home.open().unwrap();
        homes.borrow_mut().push(home);
        Box::new(log)
    });
}

#[test]
fn a_log_goes_on_after_being_opened_again() {
    let home = Home::new();
    let mut at = 0;
    for count in [1, 255, 1, 255, 512, 3] {
        let log = home.open().unwrap();
        log.append(&samples(at..at + count)).unwrap();
        at += count;
        assert_eq!(home.open().unwrap().verify().unwrap().entries, at as u64);
    }
    fs::remove_file(home.log_folder().join("journal")).unwrap();
    home.open().unwrap().append(&samples(at..at + 1)).unwrap();
    assert_eq!(home.open().unwrap().verify().unwrap().entries, at as u64 + 1);
}

#[test]
fn two_open_logs_see_each_others_entries() {
    let home = Home::new();
    let (one, two) = (home.open().unwrap(), home.open().unwrap());
    for number in 0..300 {
        let log = if number % 3 == 0 { &one } else { &two };
        assert_eq!(log.append(&[sample(number)]).unwrap()[0].index, number as u64);
    }
    assert_eq!(one.verify().unwrap().entries, 300);
    assert_eq!(two.entries(0, 300).unwrap().len(), 300);
}

#[test]
fn a_failing_disk_takes_nothing_in_and_leaves_the_log_readable() {
    let steps = count_steps();
    for fail_at in 0..steps {
        let home = Home::new();
        home.open().unwrap().append(&samples(0..250)).unwrap();
        let counter = AtomicUsize::new(0);
        let armed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let inside = Arc::clone(&armed);
        let log = home
            .open_with(Arc::new(move |_| {
                let now = inside.load(Ordering::SeqCst) && counter.fetch_add(1, Ordering::SeqCst) == fail_at;
                if now { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
            }))
            .unwrap();
        armed.store(true, Ordering::SeqCst);
        let error = log.append(&samples(250..600)).unwrap_err();
        assert!(matches!(error, AuditError::Storage(_)), "step {fail_at}: {error}");
        assert_eq!(log.entries(0, 1000).unwrap().len(), 250, "step {fail_at}");
        assert_eq!(log.verify().unwrap().entries, 250, "step {fail_at}");
        assert_eq!(home.open().unwrap().verify().unwrap().entries, 250, "step {fail_at}");
        assert_eq!(log.append(&samples(300..500)).unwrap()[0].index, 250, "step {fail_at}");
        assert_eq!(home.open().unwrap().verify().unwrap().entries, 450, "step {fail_at}");
    }
}

/// The steps of appending 350 entries to a log of 250.
fn count_steps() -> usize {
    let home = Home::new();
    home.open().unwrap().append(&samples(0..250)).unwrap();
    let counter = Arc::new(AtomicUsize::new(0));
    let inside = Arc::clone(&counter);
    let log = home
        .open_with(Arc::new(move |_| {
            inside.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }))
        .unwrap();
    let before = counter.load(Ordering::SeqCst);
    log.append(&samples(250..600)).unwrap();
    counter.load(Ordering::SeqCst) - before
}

const KILL: &str = "ECOOPS_TEST_KILL_AT";
const STATE: &str = "ECOOPS_TEST_STATE";

/// Not a test of its own: the process that `a_kill_at_any_step_…` kills. Appends batches and
/// aborts before step number `KILL`.
#[test]
fn helper_that_is_killed() {
    let (Ok(kill), Ok(state)) = (std::env::var(KILL), std::env::var(STATE)) else { return };
    let (kill, counter) = (kill.parse::<usize>().unwrap(), AtomicUsize::new(0));
    let step: Step = Arc::new(move |_| {
        if counter.fetch_add(1, Ordering::SeqCst) == kill {
            std::process::abort();
        }
        Ok(())
    });
    let log = open_in(Path::new(&state), Some(step)).unwrap();
    for batch in 0..3 {
        log.append(&samples(200 + batch * 100..300 + batch * 100)).unwrap();
    }
}

#[test]
fn a_kill_at_any_step_leaves_the_old_or_the_new_log() {
    let mut killed = 0;
    for kill in 0.. {
        let home = Home::new();
        home.open().unwrap().append(&samples(0..200)).unwrap();
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper_that_is_killed"])
            .env(KILL, kill.to_string())
            .env(STATE, home.folder.path().join("state"))
            .output()
            .unwrap()
            .status;
        let log = home.open().unwrap_or_else(|e| panic!("killed at step {kill}: {e}"));
        let entries = log.verify().unwrap_or_else(|e| panic!("killed at step {kill}: {e}")).entries;
        assert!(entries >= 200 && entries.is_multiple_of(100), "killed at step {kill}: {entries} entries");
        let found = log.entries(0, 1000).unwrap();
        assert_eq!(found, (0..entries).map(|i| (i, sample(i as usize))).collect::<Vec<_>>());
        assert!(!home.log_folder().join(".new").exists());
        log.append(&samples(0..1)).unwrap();
        assert_eq!(home.open().unwrap().verify().unwrap().entries, entries + 1);
        if status.success() {
            assert_eq!(entries, 500);
            break;
        }
        killed += 1;
    }
    assert!(killed > 15, "only {killed} steps");
}

/// Every file of the log that says something, with a byte changed in each part of it.
#[test]
fn any_changed_byte_is_noticed() {
    let home = Home::new();
    home.open().unwrap().append(&samples(0..300)).unwrap();
    home.open().unwrap().append(&samples(300..301)).unwrap();
    let key = home.open().unwrap().verifier_key();
    let mut files = files_in(&home.log_folder());
    files.retain(|file| file.file_name().is_some_and(|name| name != "lock" && name != "journal"));
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let good = fs::read(&file).unwrap();
        for at in (0..good.len()).step_by((good.len() / 7).max(1)).chain([good.len() - 1]) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(&file, &bad).unwrap();
            let whole = home.open().and_then(|log| log.verify());
            let Err(AuditError::Broken(why)) = whole else {
                panic!("{} byte {at}: {whole:?}", file.display())
            };
            let name = file.strip_prefix(home.log_folder()).unwrap().display().to_string();
            assert!(why.contains(name.split(".p/").next().unwrap()), "{name}: {why}");
            assert!(matches!(verify_folder(&home.log_folder(), &key), Err(AuditError::Broken(_))), "{name}");
            fs::write(&file, &good).unwrap();
        }
    }
    assert_eq!(home.open().unwrap().verify().unwrap().entries, 301);
}

#[test]
fn a_changed_record_of_the_journal_is_noticed() {
    let home = Home::new();
    home.open().unwrap().append(&samples(0..3)).unwrap();
    home.open().unwrap().append(&samples(3..4)).unwrap();
    let journal = home.log_folder().join("journal");
    let good = fs::read(&journal).unwrap();
    let end = good.iter().rposition(|b| *b != 0).unwrap();
    for at in (0..end).step_by(97).chain([end - 1]) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&journal, &bad).unwrap();
        let whole = home.open().and_then(|log| log.verify());
        assert!(
            matches!(&whole, Err(AuditError::Broken(why)) if why.contains("journal")),
            "byte {at}: {whole:?}"
        );
    }
    fs::write(&journal, &good).unwrap();
    assert_eq!(home.open().unwrap().verify().unwrap().entries, 4);
}

#[test]
fn a_log_put_back_to_an_older_state_is_noticed() {
    let home = Home::new();
    home.open().unwrap().append(&samples(0..10)).unwrap();
    let old = tempfile::tempdir().unwrap();
    copy(&home.log_folder(), old.path());
    home.open().unwrap().append(&samples(10..20)).unwrap();
    fs::remove_dir_all(home.log_folder()).unwrap();
    copy(old.path(), &home.log_folder());
    let error = home.open().unwrap_err();
    assert!(matches!(&error, AuditError::Broken(why) if why.contains("rolled back")), "{error}");
    fs::remove_dir_all(home.log_folder()).unwrap();
    assert!(matches!(home.open(), Err(AuditError::Broken(_) | AuditError::Key(_))));
}

#[test]
fn a_log_signed_anew_over_other_entries_is_noticed() {
    let home = Home::new();
    home.open().unwrap().append(&samples(0..10)).unwrap();
    fs::remove_dir_all(home.log_folder()).unwrap();
    let state = home.folder.path().join("state");
    fs::rename(state.join("seen/audit"), state.join("seen/kept")).unwrap();
    home.open().unwrap().append(&samples(100..120)).unwrap();
    fs::rename(state.join("seen/kept"), state.join("seen/audit")).unwrap();
    let error = home.open().unwrap().verify().unwrap_err();
    assert!(matches!(&error, AuditError::Broken(why) if why.contains("first 10 entries")), "{error}");
}

/// Whoever rewrites entries and every tile above them, so that all agree, still cannot sign the new root.
#[test]
fn entries_and_tiles_rewritten_together_are_noticed_by_the_root_alone() {
    let (home, other) = (Home::new(), Home::new());
    let key = home.open().unwrap().verifier_key();
    copy(&home.folder.path().join("state/keys"), &other.folder.path().join("state/keys"));
    for size in [1, 300] {
        let grown = |log: &EmbeddedAuditLog| size - log.verify().unwrap().entries as usize;
        let (log, forged) = (home.open().unwrap(), other.open().unwrap());
        log.append(&samples(0..grown(&log))).unwrap();
        forged.append(&samples(1000..1000 + grown(&forged))).unwrap();
        let mixed = tempfile::tempdir().unwrap();
        copy(&other.log_folder(), mixed.path());
        assert_eq!(verify_folder(mixed.path(), &key).unwrap().entries, size as u64);
        fs::copy(home.log_folder().join("checkpoint"), mixed.path().join("checkpoint")).unwrap();
        let whole = verify_folder(mixed.path(), &key);
        assert!(
            matches!(&whole, Err(AuditError::Broken(why)) if why.contains("root that the checkpoint signs")),
            "{size}: {whole:?}"
        );
    }
}

#[test]
fn files_lost_in_a_power_cut_come_back_from_the_journal() {
    let home = Home::new();
    home.open().unwrap().append(&samples(0..300)).unwrap();
    for file in files_in(&home.log_folder()) {
        if file.file_name().is_some_and(|name| name == "lock" || name == "journal") {
            continue;
        }
        let good = fs::read(&file).unwrap();
        if !file.ends_with("checkpoint") {
            for lost in [Vec::new(), good[..good.len() / 2].to_vec(), vec![0; good.len()]] {
                fs::write(&file, lost).unwrap();
                assert_eq!(home.open().unwrap().verify().unwrap().entries, 300, "{}", file.display());
                assert_eq!(fs::read(&file).unwrap(), good);
            }
        }
        fs::remove_file(&file).unwrap();
        assert_eq!(home.open().unwrap().verify().unwrap().entries, 300, "{}", file.display());
        assert_eq!(fs::read(&file).unwrap(), good);
    }
}

#[test]
fn a_lost_key_stops_writing_and_says_so() {
    let home = Home::new();
    home.open().unwrap().append(&samples(0..3)).unwrap();
    fs::remove_file(home.folder.path().join("state/keys/audit.key")).unwrap();
    assert!(matches!(home.open(), Err(AuditError::Key(why)) if why.contains("missing")));
}

#[test]
fn a_folder_without_a_log_is_an_error_and_another_key_fails() {
    let home = Home::new();
    let log = home.open().unwrap();
    let key = log.verifier_key();
    assert!(matches!(verify_folder(&home.log_folder(), &key), Err(AuditError::Storage(_))));
    log.append(&samples(0..3)).unwrap();
    assert_eq!(verify_folder(&home.log_folder(), &key).unwrap().entries, 3);
    let other = Home::new().open().unwrap().verifier_key();
    assert!(matches!(verify_folder(&home.log_folder(), &other), Err(AuditError::Broken(_))));
    assert!(matches!(verify_folder(&home.log_folder(), "nonsense"), Err(AuditError::Key(_))));
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_in(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files_in(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}
