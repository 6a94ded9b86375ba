//! Runs published vectors of signed tokens and key sets (JSON files with `testGroups`, each with a `public`
//! or `private` key and tests with `jws` and `result`) against the token verifier.
//!
//! `cargo run -p ecoops-core --example jose-vectors -- --data DIR`
//!
//! Vectors with the same key and the same token but opposite results cannot all be met by any verifier;
//! they are counted apart.
#![allow(clippy::print_stdout)]

use ecoops_core::engines::jose::{Algorithm, KeySet, Reading, verify};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--data").collect();
    let [folder] = arguments.as_slice() else {
        println!("usage: jose-vectors --data DIR");
        return ExitCode::from(2);
    };
    let mut all_met = true;
    let files = files(Path::new(folder));
    for file in &files {
        let vectors = read(file).unwrap_or_else(|why| {
            println!("{}: {why}", file.display());
            Vec::new()
        });
        all_met &= !vectors.is_empty();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        all_met &= judge(&name, &vectors, Reading::Tolerant);
        judge(&name, &vectors, Reading::Strict);
    }
    if all_met && !files.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Vector {
    id: String,
    keys: String,
    token: String,
    valid: bool,
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    found.sort();
    found
}

fn read(file: &Path) -> Result<Vec<Vector>, String> {
    let text = std::fs::read(file).map_err(|e| e.to_string())?;
    let document: Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    let mut vectors = Vec::new();
    for group in document["testGroups"].as_array().ok_or("no `testGroups`")? {
        let keys = group.get("public").unwrap_or(&group["private"]).to_string();
        for test in group["tests"].as_array().into_iter().flatten() {
            vectors.push(Vector {
                id: format!("{} {}", test["tcId"], test["comment"]),
                keys: keys.clone(),
                token: test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned),
                valid: test["result"] == "valid",
            });
        }
    }
    Ok(vectors)
}

/// Prints what was met, and tells whether all was that can be.
fn judge(name: &str, vectors: &[Vector], reading: Reading) -> bool {
    let mut verdicts: BTreeMap<(&str, &str), [bool; 2]> = BTreeMap::new();
    for vector in vectors {
        verdicts.entry((&vector.keys, &vector.token)).or_default()[usize::from(vector.valid)] = true;
    }
    let (mut met, mut contradicted, mut failed) = (0, 0, 0);
    for vector in vectors {
        let keys = KeySet::parse(vector.keys.as_bytes(), reading).map_err(|e| e.to_string());
        let verified = keys.and_then(|keys| {
            verify(&vector.token, &keys, &Algorithm::ALL, reading).map(drop).map_err(|e| e.to_string())
        });
        if verified.is_ok() == vector.valid {
            met += 1;
        } else if verdicts[&(vector.keys.as_str(), vector.token.as_str())] == [true, true] {
            contradicted += 1;
            println!("{name}: {}: the same token and key have both results", vector.id);
        } else {
            failed += 1;
            let why = verified.err().unwrap_or_else(|| "accepted".into());
            println!("{name}: {}: {why}", vector.id);
        }
    }
    let all = vectors.len();
    println!(
        "{name}, {reading:?}: {met} of {all} met; {contradicted} contradicted by another vector; {failed} not met"
    );
    failed == 0
}
