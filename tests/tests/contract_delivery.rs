//! What every delivery promises, and what the one to folders does with hostile repositories and folders.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::ports::delivery::{Delivery, DeliveryError, Health, Sync};
use ecoops_plugins::registry::{self, DeliveryChoice};
use ecoops_tests::agent::Agent;
use ecoops_tests::home::{Home, write};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A repository with `deploy/`, and where it is deployed to.
struct World {
    home: Home,
    repository: PathBuf,
    live: PathBuf,
}

impl World {
    fn new() -> Self {
        let home = Home::new();
        let repository =
            home.repo(&[("deploy/a.yaml", "a: 1\n"), ("deploy/in/b.yaml", "b: 1\n"), ("other", "no")]);
        let live = home.path().join("live/shop");
        Self { home, repository, live }
    }

    fn texts(&self) -> [&str; 4] {
        [self.repository.to_str().unwrap(), "main", "deploy/", self.live.to_str().unwrap()]
    }

    fn delivery(&self) -> Box<dyn Delivery> {
        open(&self.home, "shop", &self.texts()).unwrap()
    }

    fn live(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.live.join(path)).ok()
    }

    fn head(&self) -> String {
        self.home.git(&self.repository, &["rev-parse", "HEAD"])
    }
}

fn open(home: &Home, name: &str, texts: &[&str]) -> Result<Box<dyn Delivery>, registry::RegistryError> {
    let choice = DeliveryChoice {
        adapter: "folder".into(),
        service: registry::ServiceChoice::default(),
        applications: BTreeMap::from([(name.to_owned(), texts.iter().map(|t| (*t).to_owned()).collect())]),
        state: home.path().join("state"),
    };
    registry::delivery(&choice, registry::host("system").unwrap())
}

/// What is desired is deployed, drift is seen, and a rollback goes back. `make` opens the delivery of a world, again and
/// again.
fn suite(world: &World, make: impl Fn() -> Box<dyn Delivery>) {
    let delivery = make();
    assert_eq!(delivery.applications().unwrap(), ["shop"]);
    assert!(matches!(delivery.state("nothing"), Err(DeliveryError::NoSuchApplication(_))));
    assert!(matches!(delivery.sync("nothing", None, false), Err(DeliveryError::NoSuchApplication(_))));
    let state = delivery.state("shop").unwrap();
    assert_eq!((state.sync_status, state.health_status), (Sync::OutOfSync, Health::Missing));

    let first = delivery.sync("shop", None, false).unwrap();
    assert_eq!((first.number, &first.revision), (1, &world.head()));
    assert_eq!(
        (world.live("a.yaml"), world.live("in/b.yaml")),
        (Some("a: 1\n".into()), Some("b: 1\n".into()))
    );
    assert_eq!(world.live("other"), None);
    let state = delivery.state("shop").unwrap();
    assert_eq!((state.sync_status, state.health_status), (Sync::Synced, Health::Healthy));

    // Somebody else changes what runs.
    write(&world.live.join("a.yaml"), "a: 9\n");
    write(&world.live.join("extra"), "mine");
    let state = delivery.state("shop").unwrap();
    assert_eq!((state.sync_status, state.health_status), (Sync::OutOfSync, Health::Degraded));
    assert_eq!(state.drifted, ["a.yaml", "extra"]);

    // The desired state moves on; without pruning what is not ours stays.
    fs::remove_file(world.repository.join("deploy/in/b.yaml")).unwrap();
    world.home.commit(&world.repository, &[("deploy/a.yaml", "a: 2\n"), ("deploy/c.sh", "#!/bin/sh\n")]);
    delivery.sync("shop", None, false).unwrap();
    assert_eq!((world.live("a.yaml"), world.live("in/b.yaml")), (Some("a: 2\n".into()), None));
    assert_eq!(world.live("extra").as_deref(), Some("mine"));
    delivery.sync("shop", None, true).unwrap();
    assert_eq!(world.live("extra"), None);

    let back = delivery.rollback("shop", 1).unwrap();
    assert_eq!((back.number, back.revision), (4, first.revision));
    assert_eq!(
        (world.live("a.yaml"), world.live("in/b.yaml")),
        (Some("a: 1\n".into()), Some("b: 1\n".into()))
    );
    assert_eq!(world.live("c.sh"), None);
    let state = make().state("shop").unwrap();
    assert_eq!(
        (state.sync_status, state.health_status, state.history.len()),
        (Sync::OutOfSync, Health::Healthy, 4)
    );
    assert!(matches!(delivery.rollback("shop", 9), Err(DeliveryError::Refused(_))));
    assert!(matches!(delivery.sync("shop", Some("no such branch"), false), Err(DeliveryError::Refused(_))));
    assert!(matches!(delivery.sync("shop", Some("--upload-pack=x"), false), Err(DeliveryError::Refused(_))));
}

#[test]
fn folders_pass() {
    let world = World::new();
    suite(&world, || world.delivery());
}

/// The kernel's infra-manager, by an agent of ours that serves its contract and deploys to folders.
#[test]
fn infra_manager_passes() {
    let world = World::new();
    let texts: Vec<String> = world.texts().iter().map(|text| format!("{text:?}")).collect();
    let (_agent, service) =
        Agent::serving(&format!("[delivery.applications]\nshop = [{}]\n", texts.join(", ")));
    suite(&world, || {
        let (applications, state) = (BTreeMap::new(), PathBuf::new());
        let service = service.clone();
        let choice = DeliveryChoice { adapter: "infra_manager".into(), service, applications, state };
        registry::delivery(&choice, registry::host("system").unwrap()).unwrap()
    });
}

#[test]
fn nothing_is_written_through_a_link_or_half() {
    let world = World::new();
    let delivery = world.delivery();
    delivery.sync("shop", None, false).unwrap();
    let outside = world.home.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::remove_dir_all(world.live.join("in")).unwrap();
    symlink(&outside, world.live.join("in")).unwrap();
    world.home.commit(&world.repository, &[("deploy/a.yaml", "a: 3\n"), ("deploy/in/b.yaml", "b: 3\n")]);
    let refused = delivery.sync("shop", None, false).unwrap_err().to_string();
    assert!(refused.contains("is a link"), "{refused}");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(world.live("a.yaml").as_deref(), Some("a: 1\n"), "what had been written was taken back");
    assert_eq!(delivery.state("shop").unwrap().history.len(), 1);

    symlink("/etc/passwd", world.repository.join("deploy/link")).unwrap();
    world.home.commit(&world.repository, &[]);
    let refused = delivery.sync("shop", None, false).unwrap_err().to_string();
    assert!(refused.contains("link"), "{refused}");
}

#[test]
fn what_can_run_runs_and_a_changed_mode_is_drift() {
    let world = World::new();
    write(&world.repository.join("deploy/run.sh"), "#!/bin/sh\n");
    fs::set_permissions(world.repository.join("deploy/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    world.home.commit(&world.repository, &[]);
    let delivery = world.delivery();
    delivery.sync("shop", None, false).unwrap();
    let script = world.live.join("run.sh");
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o755);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(delivery.state("shop").unwrap().drifted, ["run.sh"]);
}

#[test]
fn a_place_that_cannot_be_used_is_said_at_the_start_or_in_the_state() {
    let home = Home::new();
    for (name, texts) in [
        ("a", &["/r", "main"][..]),
        ("a", &["r", "main", "", "/live"]),
        ("a", &["/r", "main", "", "live"]),
        ("../a", &["/r", "main", "", "/live"]),
        (".a", &["/r", "main", "", "/live"]),
    ] {
        let error = open(&home, name, texts).err().unwrap();
        let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(why.contains("delivery.applications"), "{name} {texts:?}: {why}");
    }
    let missing = open(&home, "a", &["/nowhere/at/all", "main", "", "/live"]).unwrap();
    let state = missing.state("a").unwrap();
    assert_eq!((state.sync_status, state.health_status), (Sync::Unknown, Health::Unknown));
    assert!(state.message.contains("/nowhere/at/all"), "{}", state.message);
    assert!(missing.sync("a", None, false).is_err());
    assert!(!Path::new("/live").exists());
}
