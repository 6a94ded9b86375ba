//! What every cache promises.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::ports::cache::{Cache, Entries, Key};
use ecoops_plugins::registry;
use std::path::Path;

fn suite(make: impl Fn(&Path) -> Box<dyn Cache> + Sync) {
    let folder = tempfile::tempdir().unwrap();
    let cache = make(folder.path());
    assert!(cache.load("a").is_empty(), "nothing was ever kept");

    let large = vec![7; 1 << 20];
    let first: [(Key, &[u8]); 3] = [([1; 32], b"one"), ([2; 32], b""), ([3; 32], &large)];
    cache.save("a", &first).unwrap();
    let kept: Entries = first.iter().map(|(key, bytes)| (*key, bytes.to_vec())).collect();
    assert_eq!(cache.load("a"), kept);
    assert!(cache.load("b").is_empty(), "scopes are apart");
    assert!(cache.load("").is_empty());
    cache.save("", &[([9; 32], b"nameless")]).unwrap();
    cache.save("../a", &[([9; 32], b"a name that is a path")]).unwrap();
    assert_eq!(make(folder.path()).load("a"), kept, "another process sees the same");

    // Saving replaces as a whole, and twice is once.
    for _ in 0..2 {
        cache.save("a", &first[..1]).unwrap();
        assert_eq!(cache.load("a"), Entries::from([([1; 32], b"one".to_vec())]));
    }
    cache.save("a", &[]).unwrap();
    assert!(cache.load("a").is_empty());

    // Whoever saves at the same time, a reader sees what one of them saved.
    std::thread::scope(|scope| {
        for writer in 0..4u8 {
            let cache = make(folder.path());
            scope.spawn(move || {
                let value = vec![writer; 10_000];
                let entries: Vec<(Key, &[u8])> = (0..20).map(|at| ([at; 32], value.as_slice())).collect();
                (0..20).for_each(|_| cache.save("shared", &entries).unwrap());
            });
        }
        for _ in 0..50 {
            let seen = cache.load("shared");
            let writers: std::collections::BTreeSet<&[u8]> = seen.values().map(Vec::as_slice).collect();
            assert!(writers.len() <= 1 && matches!(seen.len(), 0 | 20), "a mixture of {}", writers.len());
        }
    });
}

#[test]
fn embedded() {
    suite(|folder| registry::cache(&folder.join("scan")));
}

#[test]
fn a_place_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("scan"), "a file is in the way").unwrap();
    let cache = registry::cache(&folder.path().join("scan"));
    assert!(cache.load("a").is_empty());
    assert!(cache.save("a", &[]).is_err());
}
