//! A trace through the daemon: in from a caller, out to what is asked for it, and told to a collector of OpenTelemetry.
//! The collector and the policy are stand-ins within this process.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::agent::Agent;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::servers;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

struct World {
    agent: Agent,
    collector: Replay,
    policy: Replay,
}

fn world() -> World {
    let collector = Replay::start(|_: &Request| (200, "{}".into()));
    let policy = Replay::start(|_: &Request| (200, json!({ "result": true }).to_string()));
    let mut agent = Agent::new();
    agent.configure(&format!(
        "[telemetry]\notlp = \"{}\"\n[policy]\nadapter = \"opa\"\naddress = \"{}\"\ncache = 0\n",
        collector.url(),
        policy.url()
    ));
    agent.run(&[]);
    World { agent, collector, policy }
}

impl World {
    fn decide(&self, headers: &[(&str, &str)]) {
        let body = json!({ "input": { "actor": "ana", "action": "apply-fix", "resource": "src/a.py", "severity": "low",
            "compliance_mode": "standard" } });
        let headers = [headers, &[("content-type", "application/json")]].concat();
        let reply = self.agent.ask("POST", "/v1/data/remediation/allow", &headers, &body.to_string());
        assert_eq!((reply.status, &reply.json()["result"]), (200, &json!(true)), "{}", reply.text());
    }

    /// The spans of this trace, by name, once the request's own is there.
    fn spans(&self, trace: &str) -> BTreeMap<String, Value> {
        servers::until("the collector is told", || {
            let requests = self.collector.requests();
            let bodies = requests.iter().filter(|r| r.path == "/v1/traces");
            let bodies: Vec<Value> = bodies.map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
            for body in &bodies {
                let resource = body.pointer("/resourceSpans/0/resource/attributes/0").unwrap();
                assert_eq!(
                    resource,
                    &json!({ "key": "service.name", "value": { "stringValue": "ecoops-agent" } })
                );
            }
            let all =
                bodies.iter().filter_map(|b| b.pointer("/resourceSpans/0/scopeSpans/0/spans")?.as_array());
            let ours = all.flatten().filter(|span| span["traceId"] == trace);
            let named: BTreeMap<String, Value> =
                ours.map(|span| (span["name"].as_str().unwrap().to_owned(), span.clone())).collect();
            named.contains_key("gateway").then_some(named)
        })
    }
}

#[test]
fn a_trace_goes_through_and_its_spans_stand_in_each_other() {
    let world = world();
    let parent = format!("00-{TRACE}-{CALLER}-01");
    world.decide(&[("traceparent", &parent), ("tracestate", "foo=1,bar=2"), ("tracestate", "baz=3")]);
    let spans = world.spans(TRACE);
    let id = |name: &str| spans[name]["spanId"].as_str().unwrap().to_owned();
    for (name, within) in [
        ("gateway", CALLER.to_owned()),
        ("auth", id("gateway")),
        ("rate_limit", id("gateway")),
        ("backend", id("gateway")),
        ("external", id("backend")),
    ] {
        let span = &spans[name];
        assert_eq!(span["parentSpanId"], within, "{name}: {span}");
        let nanos = |name: &str| span[name].as_str().unwrap().parse::<u128>().unwrap();
        assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"), "{span}");
        assert_eq!(span["traceState"], "foo=1,bar=2,baz=3", "{name}");
    }
    assert_eq!((&spans["gateway"]["kind"], &spans["external"]["kind"]), (&json!(2), &json!(3)));
    let asked = &world.policy.requests()[0];
    assert_eq!(asked.header("traceparent"), format!("00-{TRACE}-{}-01", id("external")));
    assert_eq!(asked.header("tracestate"), "foo=1,bar=2,baz=3");
}

#[test]
fn what_is_not_sampled_goes_on_and_is_not_told() {
    let world = world();
    let quiet = TRACE.replace('a', "b");
    world.decide(&[("traceparent", &format!("00-{quiet}-{CALLER}-00"))]);
    let loud = TRACE.replace('a', "c");
    world.decide(&[("traceparent", &format!("00-{loud}-{CALLER}-01"))]);
    world.spans(&loud);
    let told = |trace: &str| {
        let requests = world.collector.requests();
        requests.iter().any(|r| String::from_utf8_lossy(&r.body).contains(trace))
    };
    assert!(told(&loud) && !told(&quiet));
    let asked = world.policy.requests();
    let sent = asked[0].header("traceparent");
    assert!(
        sent.starts_with(&format!("00-{quiet}-")) && sent.ends_with("-00") && !sent.contains(CALLER),
        "{sent}"
    );
}

#[test]
fn a_credential_that_comes_later_or_is_replaced_is_used() {
    let collector = Replay::start(|request: &Request| match request.header("authorization") {
        "Bearer second" => (200, "{}".into()),
        _ => (401, "{}".into()),
    });
    let mut agent = Agent::new();
    agent.configure(&format!("[telemetry]\notlp = {:?}\ncredential = \"collector\"\n", collector.url()));
    agent.run(&[]);
    let told = |by: &str| {
        servers::until("the collector is told", || {
            agent.get("/v1/status");
            let requests = collector.requests();
            requests.iter().any(|request| request.header("authorization") == by).then_some(())
        });
    };
    servers::until("it says what it lacks", || {
        agent.get("/v1/status").text().contains("collector").then_some(())
    });
    agent.keep("collector", "first");
    told("Bearer first");
    agent.keep("collector", "second");
    told("Bearer second");
}

#[test]
fn a_collector_that_is_away_costs_spans_and_nothing_else() {
    let mut agent = Agent::new();
    agent.configure(&format!("[telemetry]\notlp = \"http://127.0.0.1:{}\"\n", servers::free_port()));
    agent.run(&[]);
    assert_eq!(agent.get("/health").status, 200);
    servers::until("the loss is counted", || {
        let text = agent.get("/metrics").text();
        let lost = text.lines().find_map(|line| line.strip_prefix("ecoops_agent_spans_dropped_total "));
        lost.is_some_and(|count| count != "0").then_some(())
    });
    assert!(agent.get("/health/detailed").status == 200);
}
