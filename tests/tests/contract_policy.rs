//! The contract of the policy port, and the default policy's own tests.

// A helper of a test fails by panicking, as the test itself does.
#![allow(clippy::unwrap_used)]

use ecoops_core::engines::policy::rego::Source;
use ecoops_core::engines::policy::testing::{self, Outcome};
use ecoops_core::ports::policy::{Policy, PolicyInput};
use ecoops_plugins::policy::embedded::{DEFAULT, DEFAULT_TEST, PolicySettings};
use ecoops_plugins::registry::{self, PolicyChoice};
use std::path::Path;

/// The example of the kernel's integration document, word for word.
const EXAMPLE: &str = r#"{
    "actor": "ai-code-editor-workflow-pipeline",
    "action": "apply-fix",
    "resource": "src/db/pool.py",
    "severity": "critical",
    "compliance_mode": "enterprise"
}"#;

fn input(compliance_mode: &str, resource: &str) -> PolicyInput {
    let mut input: PolicyInput = serde_json::from_str(EXAMPLE).unwrap();
    input.severity = "low".to_owned();
    input.compliance_mode = compliance_mode.to_owned();
    input.resource = resource.to_owned();
    input
}

fn open(settings: PolicySettings) -> Box<dyn Policy> {
    registry::policy(&PolicyChoice::embedded(settings)).unwrap()
}

/// What every policy adapter keeps, with the default policy in force.
fn suite(make: impl Fn() -> Box<dyn Policy>) {
    let policy = make();
    for (input, allow) in [
        (input("standard", "src/a.py"), true),
        (input("standard", "Cargo.lock"), false),
        (input("lax", "src/a.py"), false),
        (input("standard", ""), false),
        (input("standard", "../../etc/passwd"), false),
        (input("standard", "a\u{0}b\u{1b}[31m"), true),
        (serde_json::from_str(EXAMPLE).unwrap(), false),
    ] {
        let decision = policy.decide(&input);
        assert_eq!(decision.allow, allow, "{input:?}: {decision:?}");
        assert!(!decision.reasons.is_empty() && decision.reasons.iter().all(|r| !r.trim().is_empty()));
        assert!(decision.reasons.iter().all(|r| !r.contains('\u{1b}')), "{decision:?}");
        assert!(decision.version.starts_with("sha256:"), "{decision:?}");
        assert_eq!(decision.policies, policy.list().len());
        assert_eq!(decision, policy.decide(&input), "the same question has the same answer");
    }
    let mut huge = input("standard", "src/a.py");
    huge.details.insert("paths".to_owned(), "x".repeat(4 << 20).into());
    assert!(!policy.decide(&huge).allow);
    assert_eq!(
        policy.decide(&input("standard", "a")).version,
        make().decide(&input("standard", "a")).version
    );
}

#[test]
fn embedded_keeps_the_contract() {
    suite(|| open(PolicySettings::default()));
}

#[test]
fn the_default_policy_passes_its_own_tests() {
    let source = |(name, text): (&str, &str)| Source { name: name.to_owned(), text: text.to_owned() };
    let results = testing::run(&[source(DEFAULT), source(DEFAULT_TEST)], &serde_json::json!({})).unwrap();
    let failed: Vec<_> = results.iter().filter(|result| result.outcome != Outcome::Passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(results.len() >= 15, "{}", results.len());
}

#[test]
fn the_kernels_example_is_denied_until_it_is_proven() {
    let policy = open(PolicySettings::default());
    let mut input: PolicyInput = serde_json::from_str(EXAMPLE).unwrap();
    let reasons = policy.decide(&input).reasons.join("\n");
    for expected in ["passed validation", "needs a tier", "needs tests", "number of files"] {
        assert!(reasons.contains(expected), "{reasons}");
    }
    let details =
        serde_json::json!({"tier": "safe", "validated": true, "tests": true, "files": 1, "lines": 3});
    input.details = details.as_object().unwrap().clone();
    let decision = policy.decide(&input);
    assert!(decision.allow, "{decision:?}");
}

#[test]
fn no_policy_denies_aloud() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none");
    for user in [None, Some(folder.path().to_owned()), Some(missing)] {
        let policy = open(PolicySettings { default: false, user, ..PolicySettings::default() });
        let decision = policy.decide(&input("standard", "a.py"));
        assert!(!decision.allow && decision.policies == 0);
        assert!(decision.reasons[0].contains("0 policies"), "{decision:?}");
    }
}

fn with_user(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Box<dyn Policy>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let policy = open(PolicySettings { user: Some(folder.path().to_owned()), ..PolicySettings::default() });
    (folder, policy)
}

#[test]
fn a_policy_that_cannot_be_used_denies_aloud() {
    for (name, bytes, expected) in [
        ("a.rego", &b"package remediation\nallow if"[..], "a.rego is no valid Rego"),
        ("a.rego", b"\xFF\xFE", "a.rego cannot be read: it is not UTF-8"),
        ("a.rego", b"", "a.rego is no valid Rego"),
        (
            "a.rego",
            b"package remediation\ndeny contains \"x\" if http.send({\"url\": input.actor}).status == 1",
            "http.send",
        ),
        ("data.json", b"[1]", "data.json is no JSON object"),
        ("a.rego", &[b' '; 2 << 20], "larger than"),
    ] {
        let (_folder, policy) = with_user(&[(name, bytes)]);
        let decision = policy.decide(&input("standard", "src/a.py"));
        assert!(!decision.allow, "{name} {expected}");
        assert!(decision.reasons.iter().any(|r| r.contains(expected)), "{expected}: {decision:?}");
    }
}

#[test]
fn a_pipe_or_folder_named_as_a_policy_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("x.rego")).unwrap();
    let policy = open(PolicySettings { user: Some(folder.path().to_owned()), ..PolicySettings::default() });
    let decision = policy.decide(&input("standard", "src/a.py"));
    assert!(decision.reasons[0].contains("x.rego cannot be read"), "{decision:?}");
}

#[test]
fn the_user_may_deny_more_allow_more_and_set_limits() {
    let policy = b"package remediation\nallow if input.action == \"deploy\"\ndeny contains \"Hands off.\" if startswith(input.resource, \"core/\")";
    let (_folder, policy) =
        with_user(&[("team.rego", policy), ("data.json", br#"{"limits": {"standard": {"files": 1}}}"#)]);
    assert_eq!(policy.list(), ["default/remediation.rego", "user/team.rego"]);
    assert!(policy.decide(&input("standard", "src/a.py")).allow);
    assert_eq!(policy.decide(&input("standard", "core/a.py")).reasons, ["Hands off."]);
    let mut question = input("standard", "src/a.py");
    question.details.insert("files".to_owned(), 2.into());
    assert!(policy.decide(&question).reasons[0].contains("the limit in standard mode is 1"));
    question.action = "deploy".to_owned();
    assert!(policy.decide(&question).allow);
    // What the default policy denies, no other policy allows.
    let (_folder, policy) = with_user(&[("all.rego", b"package remediation\nallow := true")]);
    assert!(!policy.decide(&input("standard", "Cargo.lock")).allow);
}

#[test]
fn what_the_settings_name_besides_counts_and_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    let deny = |why: &str| format!("package remediation\ndeny contains {why:?}\n");
    let one = file("one.rego", &deny("One."));
    let many = file("many/two.rego", &deny("Two.")).parent().unwrap().to_path_buf();
    let broken = file("broken.rego", "package remediation\ndeny contains ");
    let empty = file("empty/notes.txt", "").parent().unwrap().to_path_buf();
    let gone = folder.path().join("gone.rego");
    for (extra, expected) in [
        (vec![one.clone()], "One."),
        (vec![many.clone()], "Two."),
        (vec![one, many], "One.; Two."),
        (vec![gone], "gone.rego cannot be read"),
        (vec![broken], "broken.rego policy cannot be used"),
        (vec![empty], "There is no policy in"),
    ] {
        let policy = open(PolicySettings { extra: extra.clone(), ..PolicySettings::default() });
        let decision = policy.decide(&input("standard", "src/a.py"));
        assert!(!decision.allow, "{extra:?}");
        let reasons = decision.reasons.join("; ");
        assert!(reasons.contains(expected), "{extra:?}: {reasons}");
    }
}

fn with_repository(text: &str, trusted: bool) -> Box<dyn Policy> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("repo.rego"), text).unwrap();
    let repository = Some((Path::new(folder.path()).to_owned(), trusted));
    open(PolicySettings { repository, ..PolicySettings::default() })
}

#[test]
fn a_repository_can_only_tighten_until_it_is_trusted() {
    let loose = "package remediation\nallow := true";
    let mut deploy = input("standard", "src/a.py");
    deploy.action = "deploy".to_owned();
    assert!(!with_repository(loose, false).decide(&deploy).allow);
    assert!(with_repository(loose, true).decide(&deploy).allow);
    for trusted in [false, true] {
        assert!(!with_repository(loose, trusted).decide(&input("standard", "LICENSE")).allow);
        let strict = with_repository("package remediation\ndeny contains \"Frozen.\"", trusted);
        assert_eq!(strict.decide(&input("standard", "src/a.py")).reasons, ["Frozen."]);
    }
    let shadow = "package remediation\ndeny := set()\nlock_files := set()\nprotected(path) := \"\"";
    assert!(!with_repository(shadow, false).decide(&input("standard", "Cargo.lock")).allow);
}
