//! Policies outside: OPA and policy-audit.

use super::{agent, saying, service};
use ecoops_core::ports::policy::{Policy, PolicyInput};
use ecoops_plugins::http::trace::{Trace, within};
use ecoops_plugins::registry::{self, PolicyChoice, PolicySettings, ServiceChoice};
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::servers;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn policy(adapter: &str, service: ServiceChoice, seconds: u64) -> Box<dyn Policy> {
    let embedded = PolicyChoice::embedded(PolicySettings::default());
    let good_for = Duration::from_secs(seconds);
    registry::policy(&PolicyChoice { adapter: adapter.into(), service, good_for, ..embedded }).unwrap()
}

/// What the policy that comes with ecoops allows.
fn allowed() -> PolicyInput {
    serde_json::from_value(json!({
        "actor": "ai-code-editor-workflow-pipeline", "action": "apply-fix", "resource": "src/a.py",
        "severity": "low", "compliance_mode": "standard",
    }))
    .unwrap()
}

#[test]
fn a_policy_outside_allows_only_by_a_plain_yes_and_what_either_denies_is_denied() {
    let opa = |result: Value| saying(200, json!({ "decision_id": "1", "result": result }));
    let evaluate = |verdict: &str, reason: &str| {
        saying(200, json!({ "success": true, "data": { "verdict": verdict, "reason": reason } }))
    };
    let cases = [
        ("opa", opa(json!(true)), true, "allows it"),
        ("opa", opa(json!(false)), false, "denies it"),
        ("opa", saying(200, json!({ "decision_id": "1" })), false, "data.remediation.allow is undefined"),
        ("opa", opa(json!("true")), false, "neither true nor false"),
        ("opa", opa(json!({ "allow": true })), false, "neither true nor false"),
        ("opa", saying(200, ""), false, "could not be evaluated"),
        ("opa", saying(200, "\u{0}\u{1}"), false, "could not be evaluated"),
        (
            "opa",
            saying(400, json!({ "code": "invalid_parameter", "message": "no" })),
            false,
            "invalid_parameter",
        ),
        ("opa", saying(500, json!({ "code": "internal_error", "message": "no" })), false, "internal_error"),
        ("policy_audit", evaluate("allow", "Fine."), true, "Fine."),
        ("policy_audit", evaluate("deny", "Not on Fridays."), false, "Not on Fridays."),
        // A 200 that means that nothing was evaluated.
        (
            "policy_audit",
            evaluate("deny", "Policy evaluation error: fetch failed"),
            false,
            "could not be evaluated",
        ),
        ("policy_audit", evaluate("maybe", ""), false, "could not be evaluated"),
        (
            "policy_audit",
            saying(200, json!({ "success": false, "error": { "code": "X", "message": "no" } })),
            false,
            "X",
        ),
        ("policy_audit", saying(200, json!({ "success": true })), false, "could not be evaluated"),
        (
            "policy_audit",
            saying(500, "{\"success\":false,\"error\":{\"code\":\"INTERNAL_ERROR\",\"message\":\"m\"}}"),
            false,
            "INTERNAL_ERROR",
        ),
    ];
    for (number, (adapter, stand_in, allow, said)) in cases.iter().enumerate() {
        let policy = policy(adapter, service(&stand_in.url()), 60);
        let decision = policy.decide(&allowed());
        assert_eq!(decision.allow, *allow, "{number} {adapter}: {decision:?}");
        assert!(decision.reasons.join("; ").contains(said), "{number} {adapter}: {decision:?}");
        assert_eq!((decision.policies, decision.version.starts_with("sha256:")), (policy.list().len(), true));
        let asked = stand_in.requests().len();
        // Not even asked.
        let lock = PolicyInput { resource: "Cargo.lock".into(), ..allowed() };
        assert!(!policy.decide(&lock).allow && stand_in.requests().len() == asked, "{number}");
    }
    let nobody = policy("opa", service(&format!("http://127.0.0.1:{}", servers::free_port())), 60);
    let decision = nobody.decide(&allowed());
    assert!(!decision.allow && decision.reasons[0].contains("cannot be reached"), "{decision:?}");
}

#[test]
fn decisions_are_kept_for_a_while_and_errors_never() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let stand_in = Replay::start(move |_: &Request| match counted.fetch_add(1, Ordering::SeqCst) {
        0 => (500, "{}".into()),
        1 => (200, json!({ "result": true }).to_string()),
        _ => (200, json!({ "result": false }).to_string()),
    });
    let kept = policy("opa", service(&stand_in.url()), 600);
    let allows: Vec<bool> = (0..4).map(|_| kept.decide(&allowed()).allow).collect();
    assert_eq!((allows, asked.load(Ordering::SeqCst)), (vec![false, true, true, true], 2));
    // Another question is another question.
    let other = PolicyInput { resource: "src/b.py".into(), ..allowed() };
    assert!(!kept.decide(&other).allow);
    let never = policy("opa", service(&stand_in.url()), 0);
    let before = asked.load(Ordering::SeqCst);
    (0..3).for_each(|_| drop(never.decide(&allowed())));
    assert!(asked.load(Ordering::SeqCst) >= before + 3);
}

#[test]
fn policies_agree_with_the_agent_as_a_real_server() {
    let (_agent, service) = agent("");
    for adapter in ["opa", "policy_audit"] {
        let policy = policy(adapter, service.clone(), 5);
        for (mode, resource, allow) in [
            ("standard", "src/a.py", true),
            ("standard", "Cargo.lock", false),
            ("lax", "src/a.py", false),
            ("standard", "", false),
            ("standard", "../../etc/passwd", false),
        ] {
            let input = PolicyInput { compliance_mode: mode.into(), resource: resource.into(), ..allowed() };
            let decision = policy.decide(&input);
            assert_eq!(decision.allow, allow, "{adapter} {mode} {resource}: {decision:?}");
            assert_eq!(decision, policy.decide(&input), "the same question has the same answer");
        }
        let mut huge = allowed();
        huge.details.insert("paths".into(), "x".repeat(4 << 20).into());
        assert!(!policy.decide(&huge).allow);
    }
    // Without its token it is refused, so nothing is allowed.
    let stranger = policy("opa", ServiceChoice { token: None, ..service }, 5).decide(&allowed());
    assert!(!stranger.allow && stranger.reasons[0].contains("401"), "{stranger:?}");
}

/// With `OPA_BIN`, the program itself.
#[test]
fn opa_itself_decides() {
    let Some(program) = std::env::var_os("OPA_BIN") else {
        return ecoops_tests::parts::skipped("OPA", "set OPA_BIN to the program");
    };
    let folder = tempfile::tempdir().unwrap();
    let rego = "package remediation\nimport rego.v1\ndefault allow := false\nallow if input.resource == \"src/a.py\"\n\
                reasons contains \"Only that file.\" if not allow\n";
    std::fs::write(folder.path().join("p.rego"), rego).unwrap();
    let server = servers::Server::in_folder(
        folder,
        move |folder, port| {
            let mut command = std::process::Command::new(&program);
            command
                .args(["run", "--server", "--addr", &format!("127.0.0.1:{port}")])
                .arg(folder.join("p.rego"));
            command
        },
        servers::listens,
    );
    let policy = policy("opa", service(&format!("http://{}", server.address())), 0);
    assert!(policy.decide(&allowed()).allow);
    let denied = policy.decide(&PolicyInput { resource: "src/b.py".into(), ..allowed() });
    assert_eq!((denied.allow, denied.reasons), (false, vec!["Only that file.".to_owned()]));
}

#[test]
fn ids_and_the_trace_go_along() {
    let stand_in = saying(200, json!({ "result": true }));
    let policy = policy("opa", service(&stand_in.url()), 0);
    let trace = Trace {
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        tracestate: Some("a=1,b=2".into()),
    };
    within(Some(trace), || policy.decide(&allowed()));
    let request = &stand_in.requests()[0];
    for (name, value) in [
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "a=1,b=2"),
        // The services take a trace as a UUID only.
        ("x-trace-id", "0af76519-16cd-43dd-8448-eb211c80319c"),
    ] {
        assert_eq!(request.header(name), value);
    }
    assert!(uuid_like(request.header("x-request-id")), "{}", request.header("x-request-id"));
}

fn uuid_like(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, b)| if [8, 13, 18, 23].contains(&at) { b == b'-' } else { b.is_ascii_hexdigit() })
}
