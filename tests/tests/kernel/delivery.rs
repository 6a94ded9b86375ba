//! Deployments by infra-manager.

use super::{agent, service};
use ecoops_core::ports::delivery::{Delivery, DeliveryError, Health, Sync};
use ecoops_plugins::registry::{self, DeliveryChoice, ServiceChoice};
use ecoops_tests::http::{Replay, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

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
    assert_eq!(delivery.applications(), ["shop"]);
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
    let failed = delivery.rollback("shop", 3).unwrap_err();
    assert!(
        matches!(failed, DeliveryError::Failed(_)) && failed.to_string().contains("no history"),
        "{failed}"
    );
    assert_eq!(stand_in.requests().len(), asked + 1, "a 500 is not repeated");
}

#[test]
fn deployments_go_through_the_agent_as_a_real_server() {
    let home = ecoops_tests::home::Home::new();
    let repository = home.repo(&[("deploy/a.yaml", "a: 1\n")]);
    let live = home.path().join("live");
    let shop = [repository.to_str().unwrap(), "main", "deploy/", live.to_str().unwrap()];
    let (_agent, service) = agent(&format!("[delivery.applications]\nshop = {shop:?}\n"));
    let delivery = delivery(service);
    assert_eq!(delivery.applications(), ["shop"]);
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
