//! The order of runs, what is remembered and what is blamed, with a runner that follows a script.

use super::*;
use crate::ports::runner::{Check, End, Ran, RunnerError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Ends by program and run number: `ok`, `fail`, `other` (another test fails), `deadline`, `cancel` or `missing`.
struct Scripted {
    ends: BTreeMap<&'static str, Vec<&'static str>>,
    log: Mutex<Vec<String>>,
}

impl Runner for Scripted {
    fn run(&self, check: &Check, _: &AtomicBool) -> Result<Ran, RunnerError> {
        let mut log = self.log.lock().unwrap();
        let nth = log.iter().filter(|l| **l == check.program).count();
        log.push(check.program.clone());
        let (end, said) = match self.ends[check.program.as_str()][nth] {
            "ok" => (End::Exited(0), "test a ... ok\n"),
            "fail" => (End::Exited(1), "test a ... FAILED\nerror: secret\n"),
            "other" => (End::Exited(1), "test a ... ok\ntest b ... FAILED\n"),
            "deadline" => (End::Deadline, ""),
            "cancel" => (End::Cancelled, ""),
            _ => return Err(RunnerError::NotFound(check.program.clone())),
        };
        let gaps = vec!["a gap".to_owned()];
        Ok(Ran { end, stdout: said.into(), stderr: Vec::new(), millis: 1, unenforced: gaps })
    }
}

fn planned(layer: CheckLayer, program: &str) -> PlannedCheck {
    let cage = Cage { root: "/copy".into(), writable: Vec::new(), deadline_seconds: 1, memory_bytes: 1 };
    let check = cage.check("", &[program], &[]);
    PlannedCheck { layer, command: program.into(), folder: String::new(), check }
}

struct Outcome {
    result: Result<Validated, ValidateError>,
    sides: Vec<Side>,
    runs: Vec<String>,
}

fn run(
    ends: &[(&'static str, CheckLayer, &[&'static str])],
    done: Vec<Layer>,
    cache: Option<BaselineCache<'_>>,
) -> Outcome {
    let checks: Vec<_> = ends.iter().map(|(program, layer, _)| planned(*layer, program)).collect();
    let ends = ends.iter().map(|(program, _, ends)| (*program, ends.to_vec())).collect();
    let runner = Scripted { ends, log: Mutex::default() };
    let sides = RefCell::new(Vec::new());
    let tree = ContentHash::of(b"tree");
    let request = Request {
        checks: &checks,
        unchecked: &[],
        done,
        place: &|side| {
            sides.borrow_mut().push(side);
            Ok(())
        },
        baseline: Some(&tree),
        cache,
        progress: &|_| {},
        redact: &|text| text.replace("secret", "[redacted]"),
        cancel: &AtomicBool::new(false),
    };
    let result = validate(request, &runner);
    Outcome { result, sides: sides.into_inner(), runs: runner.log.into_inner().unwrap() }
}

fn words(outcome: &Outcome) -> Vec<String> {
    let layers = &outcome.result.as_ref().unwrap().verdict.layers;
    let word = |l: &Layer| serde_json::to_value(l).unwrap()["outcome"].as_str().unwrap().to_owned();
    layers.iter().map(|l| format!("{}={}", l.name, word(l))).collect()
}

use CheckLayer::{Build, Lint, Test};

#[test]
fn without_the_fix_first_then_with_it() {
    let got = run(&[("b", Build, &["ok", "ok"]), ("t", Test, &["ok", "ok"])], Vec::new(), None);
    assert_eq!(got.runs, ["b", "t", "b", "t"]);
    assert_eq!(got.sides, [Side::Before, Side::After]);
    assert_eq!(words(&got), ["build=passed", "test=passed"]);
    assert_eq!(got.result.unwrap().unenforced.len(), 1);
}

#[test]
fn ends_become_outcomes() {
    for (ends, expected) in [
        (&["ok", "fail", "fail"][..], "test=failed"),
        (&["ok", "fail", "ok"], "test=passed"),
        (&["ok", "fail", "other"], "test=inconclusive"),
        (&["ok", "fail", "deadline"], "test=inconclusive"),
        (&["fail", "fail"], "test=failed_before"),
        (&["fail", "ok"], "test=passed"),
        (&["ok", "deadline"], "test=inconclusive"),
        (&["deadline", "fail"], "test=inconclusive"),
        (&["missing", "missing"], "test=skipped"),
    ] {
        let got = run(&[("t", Test, ends)], Vec::new(), None);
        assert_eq!(words(&got), [expected], "{ends:?}");
        assert_eq!(got.runs.len(), ends.len(), "{ends:?}");
    }
}

#[test]
fn a_failed_layer_ends_the_ones_after_it() {
    let got = run(
        &[("b", Build, &["ok", "fail", "fail"]), ("l", Lint, &["ok"]), ("t", Test, &["ok"])],
        Vec::new(),
        None,
    );
    assert_eq!(words(&got), ["build=failed", "lint=skipped", "test=skipped"]);
    let verdict = got.result.unwrap().verdict;
    assert!(!verdict.passed());
    let LayerOutcome::Failed { why } = &verdict.layers[0].outcome else { panic!("{verdict:?}") };
    assert!(why.contains("[redacted]") && !why.contains("secret"), "{why}");
}

#[test]
fn what_the_caller_found_comes_first_and_can_end_it() {
    let parse = |outcome| vec![layer("parse", None, outcome, 0)];
    let got = run(&[("t", Test, &["ok", "ok"])], parse(LayerOutcome::Passed), None);
    assert_eq!(words(&got), ["parse=passed", "test=passed"]);
    let got = run(&[("t", Test, &[])], parse(LayerOutcome::Failed { why: "x".into() }), None);
    assert_eq!((words(&got), got.runs.len()), (vec!["parse=failed".to_owned()], 0));
}

#[test]
fn no_checks_are_said_aloud() {
    let got = run(&[], Vec::new(), None);
    assert_eq!(words(&got), ["test=skipped"]);
    assert!(got.sides.is_empty());
}

#[test]
fn baselines_are_remembered_but_not_inconclusive_ones() {
    let kept: RefCell<BTreeMap<ContentHash, Vec<u8>>> = RefCell::default();
    let loads = Cell::new(0);
    let load = |key: &ContentHash| {
        loads.set(loads.get() + 1);
        kept.borrow().get(key).cloned()
    };
    let save = |key: &ContentHash, bytes: &[u8]| {
        assert!(!String::from_utf8_lossy(bytes).contains("secret"));
        kept.borrow_mut().insert(key.clone(), bytes.to_vec());
    };
    let cache = Some(BaselineCache { load: &load, save: &save });
    let ends: &[(&str, CheckLayer, &[&str])] =
        &[("b", Build, &["fail", "fail"]), ("t", Test, &["deadline", "ok"])];
    assert_eq!(words(&run(ends, Vec::new(), cache)), ["build=failed_before", "test=passed"]);
    let again = run(&[("b", Build, &["fail"]), ("t", Test, &["ok", "ok"])], Vec::new(), cache);
    assert_eq!(words(&again), ["build=failed_before", "test=passed"]);
    assert_eq!(again.runs, ["t", "b", "t"]);
    let third = run(&[("b", Build, &["ok"]), ("t", Test, &["ok"])], Vec::new(), cache);
    assert_eq!((third.runs.len(), third.sides), (2, vec![Side::After]));
}

#[test]
fn cancelling_and_a_broken_copy_are_errors() {
    let got = run(&[("t", Test, &["ok", "cancel"])], Vec::new(), None);
    assert_eq!(got.result, Err(ValidateError::Cancelled));
}
