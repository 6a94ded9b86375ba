//! Deployments by infra-manager.

use super::{agent, saying, service};
use ecoops_core::ports::delivery::{Delivery, DeliveryError, Health, Sync};
use ecoops_plugins::registry::{self, DeliveryChoice, ServiceChoice};
use ecoops_tests::agent::Agent;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::servers;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

fn delivery(service: ServiceChoice) -> Box<dyn Delivery> {
    let (applications, state) = (BTreeMap::new(), PathBuf::new());
    let choice = DeliveryChoice { adapter: "infra_manager".into(), service, applications, state };
    registry::delivery(&choice, registry::host("system").unwrap()).unwrap()
}

#[test]
fn deployments_through_infra_manager_as_seen() {
    let stand_in = Replay::start(|request: &Request| {
        let ok = |data: Value| (200, json!({ "success": true, "data": data }).to_string());
        match request.path.as_str() {
            "/infra/drift" => ok(
                json!({ "applications": [{ "name": "shop" }, { "name": "a/b" }], "driftedCount": 0, "totalCount": 2 }),
            ),
            "/infra/applications/shop" => ok(
                json!({ "name": "shop", "syncStatus": "Synced", "healthStatus": "healthy", "revision": "abc" }),
            ),
            "/infra/applications/shop/sync" => {
                ok(json!({ "success": true, "application": "shop", "revision": "def" }))
            }
            // 500, `success: false`, a message in the data, and no `error`.
            "/infra/applications/shop/rollback" => {
                (500, json!({ "success": false, "data": { "message": "no history" } }).to_string())
            }
            path if path.ends_with("/sync") => ok(json!({ "success": false, "message": "argo said no" })),
            _ => ok(json!({ "name": "x", "syncStatus": "unknown", "healthStatus": "unhealthy" })),
        }
    });
    let delivery = delivery(service(&stand_in.url()));
    assert_eq!(delivery.applications().unwrap(), ["shop"]);
    let shop = delivery.state("shop").unwrap();
    assert_eq!((shop.sync_status, shop.health_status), (Sync::Synced, Health::Healthy));
    let ghost = delivery.state("ghost").unwrap();
    assert_eq!((ghost.sync_status, ghost.health_status), (Sync::Unknown, Health::Unknown));
    assert!(ghost.message.contains("does not exist"), "{}", ghost.message);
    assert_eq!(delivery.sync("shop", Some("def"), true).unwrap().revision, "def");
    assert!(delivery.sync("other", None, false).unwrap_err().to_string().contains("argo said no"));
    let asked = stand_in.requests().len();
    assert!(matches!(delivery.rollback("shop", 0), Err(DeliveryError::Refused(_))));
    assert!(matches!(delivery.state("../x"), Err(DeliveryError::NoSuchApplication(_))));
    assert_eq!(stand_in.requests().len(), asked, "neither was asked for");
    for nothing in [saying(200, "{}"), saying(503, ""), saying(500, "{}")] {
        let unlisted = self::delivery(service(&nothing.url())).applications();
        assert!(matches!(unlisted, Err(DeliveryError::Failed(_))), "{unlisted:?}");
    }
    let failed = delivery.rollback("shop", 3).unwrap_err();
    assert!(
        matches!(failed, DeliveryError::Failed(_)) && failed.to_string().contains("no history"),
        "{failed}"
    );
    assert_eq!(stand_in.requests().len(), asked + 1, "a 500 is not repeated");
}

/// A daemon whose applications are those of this infra-manager.
fn before(stand_in: &Replay) -> Agent {
    let mut agent = Agent::new();
    agent.configure(&format!("[delivery]\nadapter = \"infra_manager\"\naddress = {:?}\n", stand_in.url()));
    agent.run(&[]);
    agent
}

#[test]
fn drift_that_cannot_be_told_is_not_told_to_be_none() {
    let away = saying(503, "");
    let agent = before(&away);
    assert_eq!(agent.get("/infra/drift").status, 503);
    let health = agent.get("/health/detailed").json();
    assert_eq!(health["services"]["delivery"]["status"], "unhealthy", "{health}");

    let half = Replay::start(|request: &Request| match request.path.as_str() {
        "/infra/drift" => {
            (200, r#"{"success":true,"data":{"applications":[{"name":"a"},{"name":"b"}]}}"#.into())
        }
        "/infra/applications/a" => {
            (200, r#"{"success":true,"data":{"syncStatus":"synced","healthStatus":"healthy"}}"#.into())
        }
        _ => (503, String::new()),
    });
    let drift = before(&half).get("/infra/drift").json()["data"].clone();
    assert_eq!((&drift["totalCount"], &drift["driftedCount"]), (&json!(2), &json!(1)), "{drift}");
    let unread = &drift["applications"][1];
    assert_eq!((&unread["name"], &unread["syncStatus"]), (&json!("b"), &json!("unknown")), "{drift}");
    assert!(!unread["message"].as_str().unwrap().is_empty(), "{drift}");
}

#[test]
fn a_deployment_whose_asker_hangs_up_is_recorded() {
    let (begun, begins) = std::sync::mpsc::channel();
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let (begun, waits) = (Mutex::new(begun), Mutex::new(waits));
    let slow = Replay::start(move |request: &Request| {
        if request.path.ends_with("/sync") {
            begun.lock().unwrap().send(()).unwrap();
            let _ = waits.lock().unwrap().recv();
        }
        let done = json!({ "success": true, "application": "shop", "revision": "def", "deployment": 7 });
        (200, json!({ "success": true, "data": done }).to_string())
    });
    let agent = before(&slow);
    let mut asker = std::os::unix::net::UnixStream::connect(agent.socket()).unwrap();
    let asked = ecoops_tests::agent::request("POST", "/infra/applications/shop/sync", &[], b"");
    std::io::Write::write_all(&mut asker, &asked).unwrap();
    begins.recv().unwrap();
    drop(asker);
    // Whoever looks now sees that nobody waits for it any more.
    servers::until("the daemon sees that it hung up", || {
        agent.get("/metrics").text().contains("requests_under_way 1\n").then_some(())
    });
    go_on.send(()).unwrap();
    let entry = servers::until("it is recorded", || {
        agent.get("/v1/audit/entries").json()["items"].get(0).map(|item| item["entry"].clone())
    });
    assert_eq!(
        (&entry["action"], &entry["result"], &entry["details"]["metadata"]["deployment"]["number"]),
        (&json!("sync"), &json!("success"), &json!(7)),
        "{entry}"
    );
}

#[test]
fn deployments_go_through_the_agent_as_a_real_server() {
    let home = ecoops_tests::home::Home::new();
    let repository = home.repo(&[("deploy/a.yaml", "a: 1\n")]);
    let live = home.path().join("live");
    let shop = [repository.to_str().unwrap(), "main", "deploy/", live.to_str().unwrap()];
    let (_agent, service) = agent(&format!("[delivery.applications]\nshop = {shop:?}\n"));
    let delivery = delivery(service);
    assert_eq!(delivery.applications().unwrap(), ["shop"]);
    assert!(matches!(delivery.state("nothing"), Err(DeliveryError::NoSuchApplication(_))));
    assert_eq!(delivery.state("shop").unwrap().health_status, Health::Missing);
    let first = delivery.sync("shop", None, false).unwrap();
    assert_eq!((first.number, std::fs::read_to_string(live.join("a.yaml")).unwrap()), (1, "a: 1\n".into()));
    std::fs::write(live.join("a.yaml"), "a: 9\n").unwrap();
    let state = delivery.state("shop").unwrap();
    assert_eq!((state.sync_status, state.drifted), (Sync::OutOfSync, vec!["a.yaml".to_owned()]));
    assert_eq!(
        (delivery.rollback("shop", 1).unwrap().number, delivery.state("shop").unwrap().history.len()),
        (2, 2)
    );
    assert!(matches!(delivery.rollback("shop", 99), Err(DeliveryError::Refused(_))));
}
