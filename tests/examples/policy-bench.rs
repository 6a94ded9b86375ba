//! Measures the policy engine: decisions a second with the default policy, and how many of Open
//! Policy Agent's compliance cases the evaluator passes.
//!
//! `cargo run --release -p ecoops-tests --example policy-bench -- [--data DIR]`, where DIR holds
//! `policy/rego/v1/**/*.json`.

use ecoops_core::ports::policy::PolicyInput;
use ecoops_plugins::policy::embedded::PolicySettings;
use ecoops_plugins::registry::{self, PolicyChoice};
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long decisions are counted.
const SPAN: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    measure(&mut out)?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, folder] = arguments.as_slice()
        && flag == "--data"
    {
        comply(&mut out, &Path::new(folder).join("policy/rego"))?;
    }
    Ok(())
}

fn measure(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let input: PolicyInput = serde_json::from_value(serde_json::json!({
        "actor": "me", "action": "apply-fix", "resource": "src/db/pool.py", "severity": "critical",
        "compliance_mode": "enterprise",
        "details": {"tier": "safe", "validated": true, "tests": true, "files": 1, "lines": 4, "paths": ["src/db/pool.py"]},
    }))?;
    let start = Instant::now();
    let settings = PolicySettings::default();
    let policy = registry::policy(&PolicyChoice::embedded(settings))?;
    let compiled = start.elapsed();
    let start = Instant::now();
    let mut decisions = 0u32;
    while start.elapsed() < SPAN {
        decisions += 1;
        if !policy.decide(&input).allow {
            return Err("the question of the benchmark must be allowed".into());
        }
    }
    let rate = f64::from(decisions) / start.elapsed().as_secs_f64();
    writeln!(out, "compiled once in {compiled:.1?}; {rate:.0} decisions/s on one thread")?;
    Ok(())
}

fn comply(out: &mut impl Write, folder: &Path) -> Result<(), Box<dyn Error>> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next)? {
            let path: PathBuf = entry?.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    let (mut passed, mut all) = (0, 0);
    let mut failures: BTreeMap<String, u32> = BTreeMap::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ext| ext == "json")) {
        let document: Value = serde_json::from_slice(&std::fs::read(file)?)?;
        for case in document["cases"].as_array().into_iter().flatten() {
            all += 1;
            if passes(case) {
                passed += 1;
            } else {
                let group = case["note"].as_str().unwrap_or("?").split('/').next().unwrap_or("?");
                *failures.entry(group.to_owned()).or_default() += 1;
            }
        }
    }
    writeln!(out, "{passed} of {all} compliance cases passed; failures by group:")?;
    for (group, count) in failures {
        writeln!(out, "{count:>5} {group}")?;
    }
    Ok(())
}

fn passes(case: &Value) -> bool {
    let wants_error = case.get("want_error").is_some() || case.get("want_error_code").is_some();
    // Some built-ins of the evaluator panic: a failed case, as an error is.
    let Ok(evaluated) = std::panic::catch_unwind(|| evaluate(case)) else { return false };
    match evaluated {
        Err(_) => wants_error,
        Ok(found) if wants_error => found.is_empty() && case["strict_error"] != true,
        Ok(found) => {
            let mut wanted = case["want_result"].as_array().cloned().unwrap_or_default();
            let mut found = found;
            wanted.sort_by_key(Value::to_string);
            found.sort_by_key(Value::to_string);
            found == wanted
        }
    }
}

fn evaluate(case: &Value) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut engine = regorus::Engine::new();
    engine.set_gather_prints(true);
    engine.set_strict_builtin_errors(case["strict_error"] == true);
    for (i, module) in case["modules"].as_array().into_iter().flatten().enumerate() {
        engine.add_policy(format!("{i}.rego"), module.as_str().unwrap_or("").to_owned())?;
    }
    if let Some(data) = case.get("data") {
        engine.add_data(regorus::Value::from(data.clone()))?;
    }
    if let Some(term) = case["input_term"].as_str() {
        let results = engine.eval_query(term.to_owned(), false)?;
        let value = results.result.first().and_then(|r| r.expressions.first()).map(|e| e.value.clone());
        engine.set_input(value.unwrap_or(regorus::Value::Undefined));
    } else if let Some(input) = case.get("input") {
        engine.set_input(regorus::Value::from(input.clone()));
    }
    let results = engine.eval_query(case["query"].as_str().unwrap_or("").to_owned(), false)?;
    let bindings = results
        .result
        .iter()
        .map(|result| serde_json::from_str(&result.bindings.to_json_str()?).map_err(Into::into));
    bindings.collect()
}
