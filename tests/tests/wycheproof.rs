//! Project Wycheproof's vectors of signed tokens and key sets, as they are published: none is wrong but those that say
//! two things of one token and one key. The vectors are data of others and no part of this repository.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::engines::jose::{Algorithm, KeySet, Reading, verify};
use ecoops_tests::parts;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

const ALGORITHMS: [&str; 13] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
    "ES512", "EdDSA",
];

/// The folder that holds both files.
fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("ECOOPS_WYCHEPROOF").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| parts::folder().join("wycheproof"));
    if folder.join("json_web_signature_test.json").is_file() {
        return Some(folder);
    }
    parts::skipped(
        "json_web_signature_test.json of Wycheproof",
        "git clone; ECOOPS_WYCHEPROOF=its testvectors_v1",
    );
    None
}

/// Whether a token is accepted by a key or a key set.
fn accepted(token: &str, keys: &Value, reading: Reading) -> bool {
    let keys = if keys.get("keys").is_some() { keys.clone() } else { json!({ "keys": [keys] }) };
    let Ok(keys) = KeySet::parse(keys.to_string().as_bytes(), reading) else { return false };
    let allowed = ALGORITHMS.map(|name| Algorithm::named(name).unwrap());
    verify(token, &keys, &allowed, reading).is_ok()
}

#[test]
fn every_vector_that_does_not_contradict_another_is_right() {
    let Some(folder) = folder() else { return };
    for file in ["json_web_signature_test.json", "json_web_key_test.json"] {
        let read: Value = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
        let (mut all, mut strict, mut wrong) = (0, 0, Vec::new());
        let mut said: BTreeMap<(String, String), [bool; 2]> = BTreeMap::new();
        for group in read["testGroups"].as_array().unwrap() {
            let keys = group.get("public").unwrap_or(&group["private"]);
            for test in group["tests"].as_array().unwrap() {
                let (token, valid) = (test["jws"].as_str().unwrap(), test["result"] == "valid");
                let place = (token.to_owned(), keys.to_string());
                said.entry(place.clone()).or_default()[usize::from(valid)] = true;
                all += 1;
                strict += usize::from(accepted(token, keys, Reading::Strict) == valid);
                if accepted(token, keys, Reading::Tolerant) != valid {
                    wrong.push((test["tcId"].clone(), place));
                }
            }
        }
        let right = all - wrong.len();
        parts::told(&format!("Wycheproof, {file}: {right} of {all}, read to the letter {strict}"));
        let unsure = wrong.iter().filter(|(_, place)| said[place] != [true, true]);
        let unsure: Vec<_> = unsure.map(|(id, _)| id).collect();
        assert!(unsure.is_empty(), "{file}: {unsure:?}");
        assert!(all >= 26, "{file} holds {all}");
    }
}
