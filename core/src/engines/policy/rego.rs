//! One bundle of Rego modules, compiled once and asked for `data.remediation.allow`, `.deny` and
//! `.reasons` (Open Policy Agent's policy language, version 1).
//!
//! Built-in errors are errors here, where OPA lets the expression be undefined: an undefined
//! condition in a `deny` rule would allow. Known deviation of this evaluator from OPA: when the head
//! `deny contains f(x)` is undefined for one `x`, the reasons for the other `x` are lost too. Such a
//! head is therefore refused; the part belongs into the body (`why := f(x)`).

use super::calls::Calls;
use regorus::utils::limits::{ExecutionTimerConfig, PolicyLengthConfig};
use regorus::{Engine, Value};
use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What evaluates; part of every decision's version.
pub const ENGINE: &str = "regorus 0.11.0";

/// The longest that one question may take.
const DEADLINE: Duration = Duration::from_millis(500);
/// The longest that one test may take: its author waits for it, also on a busy machine.
pub(super) const LONGEST_TEST: Duration = Duration::from_secs(30);
/// Steps between two looks at the clock.
const STEPS: NonZeroU32 = NonZeroU32::new(256).expect("not zero");
/// The largest policy file, in bytes.
pub const LARGEST_POLICY: usize = 1 << 20;
const LARGEST: NonZeroUsize = NonZeroUsize::new(LARGEST_POLICY).expect("not zero");
const MOST_LINES: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");
const LONGEST_LINE: NonZeroU32 = NonZeroU32::new(4096).expect("not zero");
/// How deep brackets may nest. The parser's time doubles with each level.
const DEEPEST: usize = 12;
/// Reasons beyond this many are counted, not listed.
const MOST_REASONS: usize = 50;
const LONGEST_REASON: usize = 2_000;

/// The package that is asked.
const PACKAGE: &str = "data.remediation";
/// A module of ours: its rule is the entry that lets the compiler list all rules.
const ENTRY: (&str, &str, &str) =
    ("entry.rego", "package ecoops_entry\n\nmain := true\n", "data.ecoops_entry.main");

/// A Rego file, by name and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub text: String,
}

/// Why a policy could not be compiled or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegoError {
    #[error("{name} is no valid Rego: {why}")]
    Invalid { name: String, why: String },
    #[error("`{0}` must be written as `deny contains reason if {{ … }}`")]
    Shape(String),
    #[error("the function `{0}` calls itself, which Rego does not allow")]
    Recursive(String),
    #[error("a policy that is not trusted may not use `{0}`")]
    Costly(String),
    #[error("the head of a `deny` holds `{0}`, which may be undefined: give it a name in the body")]
    Fragile(String),
    #[error("{0}")]
    Evaluation(String),
}

/// What a bundle says to one input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub allow: bool,
    /// Why not; empty when nothing denies.
    pub denials: Vec<String>,
    /// Why so, where a policy explains its permission.
    pub reasons: Vec<String>,
}

/// Compiled modules. Shared by threads: each question takes an engine of its own from a small pool.
pub struct Bundle {
    pool: Mutex<Vec<Engine>>,
    prototype: Mutex<Engine>,
    rules: [bool; 3],
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").finish_non_exhaustive()
    }
}

const RULES: [&str; 3] = ["data.remediation.deny", "data.remediation.allow", "data.remediation.reasons"];

impl Bundle {
    /// Compiles modules together, with a data document (a JSON object).
    ///
    /// `forbidden` are paths that it may not name: built-ins that are too costly for whoever wrote it.
    ///
    /// # Errors
    /// [`RegoError`] when one is no valid Rego, is recursive, names what is forbidden, or has a `deny`
    /// that would not be found.
    pub fn compile(
        sources: &[Source],
        data: &serde_json::Value,
        forbidden: &[&str],
    ) -> Result<Self, RegoError> {
        let (mut engine, calls) = engine(sources, data, DEADLINE)?;
        if let Some(path) = forbidden.iter().find(|path| calls.named.contains(**path)) {
            return Err(RegoError::Costly((*path).to_owned()));
        }
        if let Some(part) = calls.fragile {
            return Err(RegoError::Fragile(part));
        }
        for name in rule_names(&mut engine)? {
            let odd =
                name.strip_prefix("data.remediation.deny").is_some_and(|rest| rest.starts_with(['.', '[']));
            if odd {
                return Err(RegoError::Shape(name));
            }
        }
        let rules = RULES.map(|rule| engine.compile_with_entrypoint(&rule.into()).is_ok());
        Ok(Self { pool: Mutex::default(), prototype: Mutex::new(engine), rules })
    }

    /// Whether any rule of the package `remediation` can be asked.
    pub fn decides(&self) -> bool {
        self.rules.iter().any(|there| *there)
    }

    /// Asks `deny`, and where it denies nothing `allow` and `reasons`.
    ///
    /// # Errors
    /// [`RegoError::Evaluation`] on any error, an unknown built-in and the deadline among them.
    pub fn ask(&self, input: Value) -> Result<Answer, RegoError> {
        let pooled = self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut engine = match pooled {
            Some(engine) => engine,
            None => self.prototype.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        engine.set_input(input);
        // An engine that failed is not used again.
        let answer = guarded(|| self.answer(&mut engine))?;
        let _printed = engine.take_prints();
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(engine);
        Ok(answer)
    }

    fn answer(&self, engine: &mut Engine) -> Result<Answer, RegoError> {
        let [deny, allow, reasons] = self.rules;
        let mut ask = |there: bool, rule: &str| -> Result<Value, RegoError> {
            if there { engine.eval_rule(rule.to_owned()).map_err(evaluation) } else { Ok(Value::Undefined) }
        };
        let denials = sentences(&ask(deny, RULES[0])?, "deny")?;
        if !denials.is_empty() {
            // Nothing that follows could change the decision.
            return Ok(Answer { denials, ..Answer::default() });
        }
        let allow = matches!(ask(allow, RULES[1])?, Value::Bool(true));
        let reasons = if allow { sentences(&ask(reasons, RULES[2])?, "reasons")? } else { Vec::new() };
        Ok(Answer { allow, denials, reasons })
    }
}

/// Some built-ins of the evaluator panic on odd arguments (`strings.count` of an empty text): an error, too.
pub(super) fn guarded<T>(act: impl FnOnce() -> Result<T, RegoError>) -> Result<T, RegoError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(act))
        .unwrap_or_else(|_| Err(RegoError::Evaluation("the evaluator broke down".to_owned())))
}

fn evaluation(error: impl std::fmt::Display) -> RegoError {
    RegoError::Evaluation(brief(&error.to_string()))
}

/// The evaluator draws its errors over several lines; this is `place: message`.
pub(super) fn brief(drawn: &str) -> String {
    let place = drawn.lines().next().and_then(|line| line.trim().strip_prefix("-->"));
    match (place, drawn.split_once("error: ")) {
        (Some(place), Some((_, message))) => clean(&format!("{}: {}", place.trim(), message.trim())),
        _ => clean(drawn),
    }
}

/// An engine with limits, `deadline` among them, the modules and the data; checked and ready to be asked.
pub(super) fn engine(
    sources: &[Source],
    data: &serde_json::Value,
    deadline: Duration,
) -> Result<(Engine, Calls), RegoError> {
    let mut engine = Engine::new();
    // Without this, `print` in a policy would write to stderr.
    engine.set_gather_prints(true);
    engine.set_strict_builtin_errors(true);
    engine.set_execution_timer_config(ExecutionTimerConfig { limit: deadline, check_interval: STEPS });
    engine.set_policy_length_config(PolicyLengthConfig {
        max_col: LONGEST_LINE,
        max_file_bytes: LARGEST,
        max_lines: MOST_LINES,
    });
    for source in sources {
        if nesting(&source.text) > DEEPEST {
            let why = format!("its brackets nest deeper than {DEEPEST} levels");
            return Err(RegoError::Invalid { name: source.name.clone(), why });
        }
        engine
            .add_policy(source.name.clone(), source.text.clone())
            .map_err(|why| RegoError::Invalid { name: source.name.clone(), why: brief(&why.to_string()) })?;
    }
    let calls = Calls::of(&engine)?;
    if let Some(function) = calls.recursive() {
        return Err(RegoError::Recursive(function.to_owned()));
    }
    engine.add_policy(ENTRY.0.to_owned(), ENTRY.1.to_owned()).map_err(evaluation)?;
    engine.add_data(Value::from(data.clone())).map_err(evaluation)?;
    Ok((engine, calls))
}

/// How deep the brackets of a module nest, those in strings and comments left out.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '#' => drop(chars.by_ref().find(|c| *c == '\n')),
            '`' => drop(chars.by_ref().find(|c| *c == '`')),
            '"' => {
                while let Some(c) = chars.next() {
                    match c {
                        '"' | '\n' => break,
                        '\\' => drop(chars.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The full names of all rules, `data.<package>.<rule>`.
pub(super) fn rule_names(engine: &mut Engine) -> Result<BTreeSet<String>, RegoError> {
    let compiled = engine.compile_with_entrypoint(&ENTRY.2.into()).map_err(evaluation)?;
    Ok(compiled.get_rules().keys().cloned().collect())
}

/// The texts of a set or array of reasons. `true` is a reason without words, and anything else that
/// is not empty is an error: a `deny` of a strange shape must not pass for none.
fn sentences(value: &Value, rule: &str) -> Result<Vec<String>, RegoError> {
    let texts: Vec<String> = match value {
        Value::Undefined | Value::Bool(false) => Vec::new(),
        Value::Bool(true) => vec![format!("{PACKAGE}.{rule} is true.")],
        Value::Set(set) => set.iter().map(sentence).collect(),
        Value::Array(array) => array.iter().map(sentence).collect(),
        _ => return Err(RegoError::Evaluation(format!("{PACKAGE}.{rule} is not a set of reasons"))),
    };
    let more = texts.len().saturating_sub(MOST_REASONS);
    let mut kept: Vec<String> = texts.into_iter().take(MOST_REASONS).collect();
    if more > 0 {
        kept.push(format!("And {more} more."));
    }
    Ok(kept)
}

/// A string, the `msg` of an object, or the value as JSON.
fn sentence(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.to_string(),
        Value::Object(object) => match object.get(&Value::from("msg")) {
            Some(Value::String(text)) => text.to_string(),
            _ => value.to_string(),
        },
        _ => value.to_string(),
    };
    let text = clean(&text);
    if text.trim().is_empty() { "A policy denies without a reason.".to_owned() } else { text }
}

/// Without control characters, which could rewrite a terminal, and not endless.
fn clean(text: &str) -> String {
    let plain = text.trim().chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c });
    plain.take(LONGEST_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_code_only() {
        for (text, expected) in [
            ("", 0),
            ("a[b(c)]", 2),
            ("x := \"((([[[\" # (((\ny := `[[[\"`\nz := {1}", 1),
            ("x := \"\\\"((\"", 0),
            (")))(", 1),
            ("\"unclosed (((\n[[", 2),
        ] {
            assert_eq!(nesting(text), expected, "{text}");
        }
    }

    #[test]
    fn errors_are_brief() {
        for (drawn, expected) in [
            ("--> a.rego:4:31\n  |\n4 | x\n  | ^\nerror: no such thing\n", "a.rego:4:31: no such thing"),
            ("plain\u{7}words", "plain words"),
        ] {
            assert_eq!(brief(drawn), expected);
        }
    }

    #[test]
    fn the_deepest_nesting_that_is_taken_is_parsed_soon() {
        let text = format!("package p\nx := {}1{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        let source = Source { name: "p.rego".to_owned(), text };
        assert!(Bundle::compile(&[source], &serde_json::json!({}), &[]).is_ok());
    }
}
