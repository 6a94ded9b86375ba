//! The contract of the secrets port.

// A helper of a test fails by panicking, as the test itself does.
#![allow(clippy::unwrap_used)]

use ecoops_core::ports::host::Host;
use ecoops_core::ports::secrets::{Secret, SecretName, Secrets, SecretsError, Terms};
use ecoops_plugins::host::frozen::Frozen;
use ecoops_plugins::registry::{self, SecretsChoice, Unlock};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn host() -> Arc<dyn Host> {
    registry::host("system").unwrap()
}

fn passphrase(phrase: &'static str) -> Unlock {
    Unlock::Passphrase(Arc::new(move |_| (!phrase.is_empty()).then(|| Secret::from(phrase))))
}

fn machine(folder: &Path) -> Unlock {
    Unlock::Machine { key_file: folder.join("keys/machine.key"), machine: "this one".into() }
}

fn choice(folder: &Path, unlock: Unlock) -> SecretsChoice {
    SecretsChoice {
        adapter: "file".into(),
        file: folder.join("credentials.json"),
        unlock,
        service: "ecoops".into(),
        confirm: Arc::new(|_| None),
    }
}

fn file(folder: &Path, unlock: Unlock) -> Box<dyn Secrets> {
    registry::secrets(&choice(folder, unlock), host()).unwrap()
}

/// What every adapter keeps; `open` opens the same store anew each time.
fn suite(open: &dyn Fn() -> Box<dyn Secrets>) {
    what_is_put_is_there(open);
    terms_are_kept(open);
    what_is_removed_is_gone(open);
    what_cannot_be_kept_changes_nothing(open);
}

fn what_is_put_is_there(open: &dyn Fn() -> Box<dyn Secrets>) {
    let store = open();
    assert_eq!(store.list().unwrap(), []);
    assert_eq!(store.get(&name("absent")).unwrap(), None);
    assert!(matches!(store.need(&name("absent")), Err(SecretsError::Missing(_))));
    let cases = [
        ("a", b"short".to_vec()),
        ("a/b.c-d_e", "Ünïcode ❤ \n\r\t\"'\\".as_bytes().to_vec()),
        ("bytes", (0..=255).collect()),
        ("large", vec![0xA5; Secret::LARGEST]),
    ];
    for (n, bytes) in &cases {
        let about = store.put(&name(n), &Secret::new(bytes.clone()), &Terms::default()).unwrap();
        assert_eq!((about.name.as_str(), about.place.is_empty()), (*n, false));
    }
    let again = open();
    for (n, bytes) in &cases {
        assert_eq!(again.get(&name(n)).unwrap().unwrap().expose(), bytes, "{n}");
    }
    let names: Vec<_> = again.list().unwrap().into_iter().map(|about| about.name.to_string()).collect();
    assert_eq!(names, ["a", "a/b.c-d_e", "bytes", "large"]);
    again.put(&name("a"), &"other".into(), &Terms::default()).unwrap();
    assert_eq!(
        store.get(&name("a")).unwrap().unwrap().text(),
        Some("other"),
        "the one that was open sees it"
    );
    assert_eq!(again.list().unwrap().len(), 4);
}

fn terms_are_kept(open: &dyn Fn() -> Box<dyn Secrets>) {
    let terms = Terms { rotates_by: Some("2027-02-18T08:00:00Z".parse().unwrap()), confirm: false };
    open().put(&name("k/terms"), &"x".into(), &terms).unwrap();
    let about = open().about(&name("k/terms")).unwrap().unwrap();
    assert_eq!(about.terms, terms);
    assert!(about.made.is_some());
    open().put(&name("k/terms"), &"x".into(), &Terms::default()).unwrap();
    assert_eq!(
        open().about(&name("k/terms")).unwrap().unwrap().terms,
        Terms::default(),
        "the new ones count"
    );
}

fn what_is_removed_is_gone(open: &dyn Fn() -> Box<dyn Secrets>) {
    let store = open();
    store.put(&name("gone"), &"x".into(), &Terms::default()).unwrap();
    assert!(store.remove(&name("gone")).unwrap());
    assert!(!store.remove(&name("gone")).unwrap());
    assert_eq!(open().get(&name("gone")).unwrap(), None);
    assert!(open().about(&name("gone")).unwrap().is_none());
}

fn what_cannot_be_kept_changes_nothing(open: &dyn Fn() -> Box<dyn Secrets>) {
    let store = open();
    store.put(&name("kept"), &"old".into(), &Terms::default()).unwrap();
    assert!(matches!(store.put(&name("kept"), &"".into(), &Terms::default()), Err(SecretsError::Empty)));
    let large = Secret::new(vec![0; Secret::LARGEST + 1]);
    assert!(matches!(store.put(&name("kept"), &large, &Terms::default()), Err(SecretsError::TooLarge(_))));
    assert_eq!(store.get(&name("kept")).unwrap().unwrap().text(), Some("old"));
}

#[test]
fn a_file_under_the_machines_key_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    suite(&|| file(folder.path(), machine(folder.path())));
}

#[test]
fn a_file_under_a_passphrase_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    suite(&|| file(folder.path(), passphrase("correct horse battery staple")));
}

#[test]
fn auto_without_a_desktop_is_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = registry::secrets(
        &SecretsChoice { adapter: "auto".into(), ..choice(folder.path(), machine(folder.path())) },
        host(),
    )
    .unwrap();
    if store.place().contains("keyring") {
        ecoops_tests::parts::skipped(
            "a machine without a keyring",
            "env -u DBUS_SESSION_BUS_ADDRESS tests/run",
        );
        return;
    }
    store.put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    assert!(store.place().contains("encrypted by this machine's key"), "{}", store.place());
    assert!(folder.path().join("credentials.json").exists());
}

#[test]
fn nothing_of_a_file_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = file(folder.path(), machine(folder.path()));
    store.put(&name("production/database"), &"hunter2hunter2".into(), &Terms::default()).unwrap();
    for entry in ["credentials.json", "keys/machine.key"] {
        let path = folder.path().join(entry);
        let bytes = std::fs::read(&path).unwrap();
        let shows = |what: &str| bytes.windows(what.len()).any(|w| w == what.as_bytes());
        // Base64 of it at each offset too.
        assert!(
            !shows("hunter2") && !shows("database") && !shows("aHVudGVy") && !shows("h1bnRlc"),
            "{entry}"
        );
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "no temporary file is left: {left:?}");
}

#[test]
fn a_wrong_key_is_told_from_damage_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials.json");
    file(folder.path(), passphrase("right")).put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    let before = std::fs::read(&path).unwrap();
    for (unlock, why) in [
        (passphrase("wrong"), "the passphrase is not the right one"),
        (passphrase(""), "asked for at a terminal"),
        (machine(folder.path()), "it wants a passphrase"),
    ] {
        let store = file(folder.path(), unlock);
        for error in [
            store.get(&name("a")).unwrap_err(),
            store.list().unwrap_err(),
            store.put(&name("b"), &"y".into(), &Terms::default()).unwrap_err(),
            store.remove(&name("a")).unwrap_err(),
        ] {
            assert!(matches!(&error, SecretsError::Locked { .. }), "{error}");
            assert!(error.to_string().contains(why), "{error}");
        }
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // Cut short, changed, emptied, replaced.
    let text = String::from_utf8(before.clone()).unwrap();
    let content = text.rfind("\"text\":\"").unwrap() + 12;
    let mut changed = before.clone();
    changed[content] = if changed[content] == b'A' { b'B' } else { b'A' };
    for damaged in [&before[..before.len() / 2], &changed, b"", b"{}", b"\0\xFF rubbish"] {
        std::fs::write(&path, damaged).unwrap();
        let store = file(folder.path(), passphrase("right"));
        let error = store.put(&name("b"), &"y".into(), &Terms::default()).unwrap_err();
        assert!(matches!(error, SecretsError::Damaged { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), damaged, "it is left as it is");
    }
    std::fs::write(&path, &before).unwrap();
    assert!(file(folder.path(), passphrase("right")).get(&name("a")).unwrap().is_some());
}

#[test]
fn the_machines_key_opens_nothing_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), machine(folder.path())).put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    let key_file = folder.path().join("keys/machine.key");
    let elsewhere = Unlock::Machine { key_file: key_file.clone(), machine: "another".into() };
    let error = file(folder.path(), elsewhere).get(&name("a")).unwrap_err();
    assert!(matches!(error, SecretsError::Locked { .. }), "{error}");
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = file(folder.path(), machine(folder.path())).get(&name("a")).unwrap_err();
    assert!(error.to_string().contains("others may use it"), "{error}");
    // A lost key is not replaced: that would seem to lose the credentials.
    std::fs::remove_file(&key_file).unwrap();
    assert!(file(folder.path(), machine(folder.path())).get(&name("a")).is_err());
    assert!(
        file(folder.path(), machine(folder.path())).put(&name("b"), &"x".into(), &Terms::default()).is_err()
    );
    assert!(!key_file.exists());
}

#[test]
fn many_writers_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let folder = folder.path();
            scope.spawn(move || {
                let store = file(folder, machine(folder));
                for n in 0..5 {
                    store.put(&name(&format!("w{writer}/{n}")), &"x".into(), &Terms::default()).unwrap();
                }
            });
        }
    });
    assert_eq!(file(folder.path(), machine(folder.path())).list().unwrap().len(), 40);
}

#[test]
fn a_use_is_confirmed_when_its_owner_wants_that() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let with = |answer: Option<bool>| {
        let asked = asked.clone();
        let confirm = Arc::new(move |_: &_| {
            asked.fetch_add(1, Ordering::Relaxed);
            answer
        });
        let choice = SecretsChoice { confirm, ..choice(folder.path(), machine(folder.path())) };
        registry::secrets(&choice, host()).unwrap()
    };
    let guarded = Terms { confirm: true, rotates_by: None };
    with(None).put(&name("guarded"), &"x".into(), &guarded).unwrap();
    with(None).put(&name("open"), &"y".into(), &Terms::default()).unwrap();
    for (answer, expected) in [(Some(true), true), (Some(false), false), (None, false)] {
        let store = with(answer);
        match store.get(&name("guarded")) {
            Ok(secret) => assert_eq!((secret.is_some(), expected), (true, true)),
            Err(error) => {
                assert!(!expected && matches!(error, SecretsError::Unconfirmed { .. }), "{error}");
            }
        }
        assert!(store.get(&name("open")).unwrap().is_some());
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3, "each use is asked for, the others are not");
}

#[test]
fn times_are_the_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let now = "2026-11-20T08:00:00Z".parse().unwrap();
    let store =
        registry::secrets(&choice(folder.path(), machine(folder.path())), Arc::new(Frozen::at(now, 1)))
            .unwrap();
    assert_eq!(store.put(&name("a"), &"x".into(), &Terms::default()).unwrap().made, Some(now));
}
