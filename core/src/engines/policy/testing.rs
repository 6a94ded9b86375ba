//! Runs the tests that stand beside policies: rules named `test_…`, as `opa test` does.

use super::rego::{LONGEST_TEST, RegoError, Source, brief, engine, guarded, rule_names};
use regorus::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    /// Undefined or not true.
    Failed,
    Error(String),
    /// Named `todo_test_…`.
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// `data.<package>.test_<name>`.
    pub name: String,
    pub outcome: Outcome,
}

/// Compiles all sources together and runs each test rule, in order of name.
///
/// # Errors
/// [`RegoError`] when a source is no valid Rego; then nothing was run.
pub fn run(sources: &[Source], data: &serde_json::Value) -> Result<Vec<TestResult>, RegoError> {
    let (mut engine, _) = engine(sources, data, LONGEST_TEST)?;
    let names = rule_names(&mut engine)?;
    let mut results = Vec::new();
    for name in names {
        let rule = name.rsplit('.').next().unwrap_or(&name);
        if rule.starts_with("todo_test_") {
            results.push(TestResult { name, outcome: Outcome::Skipped });
        } else if rule.starts_with("test_") {
            let evaluated = guarded(|| {
                let value = engine.eval_rule(name.clone());
                value.map_err(|why| RegoError::Evaluation(brief(&why.to_string())))
            });
            let outcome = match evaluated {
                Ok(Value::Bool(true)) => Outcome::Passed,
                Ok(_) => Outcome::Failed,
                Err(why) => Outcome::Error(why.to_string()),
            };
            results.push(TestResult { name, outcome });
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_rule_is_run() {
        let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
        let sources = [
            source("p.rego", "package p\n\nallow if input.x == data.limit\n"),
            source(
                "p_test.rego",
                "package p_test\n\ntest_yes if data.p.allow with input as {\"x\": 1}\n\ntest_no if data.p.allow with input as {\"x\": 2}\n\ntest_false := false\n\ntest_error if to_number(\"x\") == 1\n\ntodo_test_later := true\n\nhelper := true\n",
            ),
        ];
        let results = run(&sources, &serde_json::json!({"limit": 1})).unwrap();
        let short: Vec<_> = results
            .iter()
            .map(|r| {
                let outcome = match r.outcome {
                    Outcome::Passed => "passed",
                    Outcome::Failed => "failed",
                    Outcome::Error(_) => "error",
                    Outcome::Skipped => "skipped",
                };
                (r.name.as_str(), outcome)
            })
            .collect();
        assert_eq!(
            short,
            [
                ("data.p_test.test_error", "error"),
                ("data.p_test.test_false", "failed"),
                ("data.p_test.test_no", "failed"),
                ("data.p_test.test_yes", "passed"),
                ("data.p_test.todo_test_later", "skipped"),
            ]
        );
    }

    #[test]
    fn what_is_no_rego_runs_nothing() {
        let broken = Source { name: "x.rego".to_owned(), text: "package x\n}".to_owned() };
        assert!(
            matches!(run(&[broken], &serde_json::json!({})), Err(RegoError::Invalid { name, .. }) if name == "x.rego")
        );
    }
}
