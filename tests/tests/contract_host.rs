//! The contract of the host port, on the machine and on its frozen stand-in.

// A helper of a test fails by panicking, as the test itself does.
#![allow(clippy::unwrap_used)]

use ecoops_core::ports::host::{identifiers, new_problem_id, new_run_id};
use ecoops_plugins::registry;
use std::collections::BTreeSet;

#[test]
fn every_host_keeps_the_contract() {
    for name in ["system", "frozen"] {
        let host = registry::host(name).unwrap();
        let mut last = 0;
        for _ in 0..1_000 {
            let now = host.monotonic_millis();
            assert!(now >= last, "{name}");
            last = now;
        }
        for length in [0, 1, 7, 8, 9, 4096] {
            let mut bytes = vec![0; length];
            host.random(&mut bytes).unwrap();
            let seen: BTreeSet<u8> = bytes.iter().copied().collect();
            assert!(length < 4096 || seen.len() > 200, "{name}: {} different bytes", seen.len());
        }
        let mut two = [[0u8; 32]; 2];
        two.iter_mut().for_each(|bytes| host.random(bytes).unwrap());
        assert_ne!(two[0], two[1], "{name}");
    }
}

#[test]
fn identifiers_never_repeat_and_sort_by_their_making() {
    for name in ["system", "frozen"] {
        let host = registry::host(name).unwrap();
        let ids = identifiers(host.as_ref()).unwrap();
        let runs: Vec<String> = (0..500).map(|_| new_run_id(&ids, host.as_ref()).unwrap().0).collect();
        assert!(runs.windows(2).all(|pair| pair[0] < pair[1]), "{name}");
        assert!(runs.iter().all(|id| id.len() == 26), "{name}");
        assert!(new_problem_id(&ids, host.as_ref()).unwrap().0 > runs[499], "{name}");
        let traces: BTreeSet<String> = (0..500).map(|_| ids.trace_id(host.now())).collect();
        assert_eq!(traces.len(), 500, "{name}");
        assert!(traces.iter().all(|id| id.as_bytes()[14] == b'1'), "{name}: not version 1");
    }
}

#[test]
fn an_unknown_host_names_the_known_ones() {
    let error = registry::host("mainframe").err().unwrap().to_string();
    assert_eq!(error, "there is no host adapter `mainframe`; known: system, frozen");
}
