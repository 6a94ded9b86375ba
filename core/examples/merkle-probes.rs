//! Runs published Merkle proof probes (`inclusion`, `consistency`, `subtreeinclusion`,
//! `subtreeconsistency`; JSON files with `wantErr`) against the ledger's verifiers.
//!
//! `cargo run -p ecoops-core --example merkle-probes -- DIR`
#![allow(clippy::print_stdout)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::engines::ledger::verify;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--data").collect();
    let [folder] = arguments.as_slice() else {
        println!("usage: merkle-probes DIR");
        return ExitCode::from(2);
    };
    let (mut passed, mut failed) = (0, 0);
    for kind in ["inclusion", "consistency", "subtreeinclusion", "subtreeconsistency"] {
        let (mut right, mut wrong) = (0, 0);
        for file in files(&Path::new(folder).join(kind)) {
            match probe(kind, &file) {
                Ok(()) => right += 1,
                Err(why) => {
                    wrong += 1;
                    println!("{}: {why}", file.display());
                }
            }
        }
        println!("{kind}: {right} passed, {wrong} failed");
        passed += right;
        failed += wrong;
    }
    println!("total: {passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "json") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn probe(kind: &str, file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let probe: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let number = |name: &str| probe[name].as_u64().ok_or_else(|| format!("no number `{name}`"));
    let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
    let proof: Vec<Vec<u8>> = probe["proof"].as_array().into_iter().flatten().map(bytes).collect();
    let (root1, root2) = (bytes(&probe["root1"]), bytes(&probe["root2"]));
    let (leaf, root) = (bytes(&probe["leafHash"]), bytes(&probe["root"]));
    let result = match kind {
        "inclusion" => verify::inclusion(number("leafIdx")?, number("treeSize")?, &leaf, &root, &proof),
        "consistency" => verify::consistency(number("size1")?, number("size2")?, &root1, &root2, &proof),
        "subtreeinclusion" => {
            let (start, end) = (number("start")?, number("end")?);
            verify::subtree_inclusion(number("leafIdx")?, start, end, &leaf, &root, &proof)
        }
        _ => {
            let (start, end, size) = (number("start")?, number("end")?, number("size")?);
            verify::subtree_consistency(start, end, size, &root1, &root2, &proof)
        }
    };
    match (probe["wantErr"].as_bool(), result) {
        (Some(true), Err(_)) | (Some(false), Ok(())) => Ok(()),
        (_, result) => Err(format!("{result:?}, but wantErr is {}", probe["wantErr"])),
    }
}
