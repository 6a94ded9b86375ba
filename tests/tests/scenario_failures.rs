//! Three failures that really happened to a small shop, as `tests/soak/failures/run` captured them from the
//! Prometheus that watched it: each is explained rightly, and the callers that only suffer are not blamed.

use ecoops_tests::home::{Home, Ran, binary};
use serde_json::Value;
use std::path::Path;

/// The scenario, who is to blame, of what kind, and words that the support has to hold.
const FAILURES: [(&str, &str, &[&str], &str); 3] = [
    ("postgres-connections", "postgres", &["resource"], "calls from orders to postgres"),
    ("redis-memory", "redis", &["resource"], "calls from orders to redis"),
    ("slow-supplier", "supplier", &["dependency"], "calls from web to supplier"),
];

#[test]
fn real_failures_are_explained_rightly() {
    let home = Home::new();
    for (scenario, guilty, kinds, words) in FAILURES {
        let bundle =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{scenario}.tar.zst"));
        let ran =
            home.ecoops(home.path(), &["incident", "analyze", bundle.to_str().unwrap(), "--output", "json"]);
        assert_eq!(ran.code, 0, "{scenario}: {}", ran.stderr);
        let analysis: Value = serde_json::from_str(&ran.stdout).unwrap();
        let first = &analysis["hypotheses"][0];
        assert_eq!(analysis["verdict"], "cause_found", "{scenario}: {}", analysis["answer"]);
        assert_eq!(first["service"], guilty, "{scenario}");
        assert!(kinds.contains(&first["kind"].as_str().unwrap()), "{scenario}: {}", first["kind"]);
        assert!(first["support"].to_string().contains(words), "{scenario}: {}", first["support"]);
        // The same bytes again, on one processor too.
        let mut single = home.command("taskset", home.path());
        single.args(["-c", "0"]).arg(binary());
        let single =
            Ran::of(single.args(["incident", "analyze", bundle.to_str().unwrap(), "--output", "json"]));
        assert_eq!(single.stdout, ran.stdout, "{scenario}: {}", single.stderr);
        for other in analysis["hypotheses"].as_array().unwrap().iter().skip(1) {
            assert!(other["confidence"].as_f64().unwrap() < 0.2, "{scenario}: {other}");
        }
    }
}
