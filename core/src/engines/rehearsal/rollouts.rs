//! Four rollouts: which services change, which instances replace which, and who is guilty.

use super::cast::Cast;
use super::clock::{Clock, STEP};
use super::random::Random;
use super::script::{Fault, Listed, Plot};

#[derive(Debug, Clone)]
pub struct Instance {
    pub service: usize,
    pub name: String,
    pub version: String,
    /// Unix seconds between which it serves; from before the beginning, or until after the end.
    pub from: f64,
    pub until: f64,
    /// The rollout that brought it.
    pub rollout: Option<usize>,
    /// Seconds after a tick at which it is asked for its metrics.
    pub phase: f64,
}

impl Instance {
    pub fn serves(&self, time: f64) -> bool {
        self.from <= time && time < self.until
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutKind {
    Deploy,
    Config,
}

#[derive(Debug, Clone)]
pub struct Rollout {
    pub id: String,
    pub service: usize,
    pub kind: RolloutKind,
    pub time: f64,
    pub from: String,
    pub to: String,
    pub author: &'static str,
    pub reference: String,
    pub guilty: bool,
    pub listed: bool,
}

/// Instances before and after, and what replaced them.
#[derive(Debug, Clone)]
pub struct Stage {
    pub instances: Vec<Instance>,
    pub rollouts: Vec<Rollout>,
    pub fault: Option<Fault>,
    /// 0 to 1, how bad it is.
    pub severity: f64,
}

impl Stage {
    /// The instances that a rollout brought, in the order in which they came.
    pub fn brought(&self, rollout: usize) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(move |i| i.rollout == Some(rollout))
    }

    pub fn guilty(&self) -> Option<(usize, &Rollout)> {
        self.rollouts.iter().enumerate().find(|(_, r)| r.guilty)
    }
}

const AUTHORS: [&str; 6] = ["mara", "jonas", "ines", "tomek", "aiko", "deploy-bot"];

pub fn stage(cast: &Cast, clock: Clock, plot: Plot, random: &mut Random) -> Stage {
    let fault = match plot {
        Plot::Healthy => None,
        Plot::BadRollout { fault, .. } => {
            let by_seed = Fault::ALL[random.below(Fault::ALL.len())];
            Some(fault.unwrap_or(by_seed))
        }
    };
    let hidden = matches!(plot, Plot::BadRollout { listed: Listed::No, .. });
    let mut stage =
        Stage { instances: Vec::new(), rollouts: Vec::new(), fault, severity: random.between(0.35, 1.0) };
    let mut versions = Vec::new();
    for service in 0..cast.services.len() {
        versions.push(start(service, cast, clock, &mut stage.instances, random));
    }
    let chosen = services_to_roll(cast, fault, random);
    let bad = fault.map(|_| chosen[0]);
    let mut plans: Vec<(f64, usize)> = chosen
        .iter()
        .enumerate()
        .map(|(n, service)| {
            // The guilty one comes in the middle of the window, the innocent ones at any time around it.
            let (low, high) = if n == 0 { (900.0, 1700.0) } else { (-600.0, 2700.0) };
            (clock.window_start() as f64 + random.between(low, high).round(), *service)
        })
        .collect();
    plans.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (number, (time, service)) in plans.into_iter().enumerate() {
        let guilty = bad == Some(service);
        let config = if guilty { fault == Some(Fault::RetryStorm) } else { random.chance(0.3) };
        let to = next_version(&versions[service], config, random);
        let rollout = Rollout {
            id: format!("chg-{}", number + 1),
            service,
            kind: if config { RolloutKind::Config } else { RolloutKind::Deploy },
            time,
            from: versions[service].clone(),
            to,
            author: AUTHORS[random.below(AUTHORS.len())],
            reference: format!("{:010x}", random.next() >> 24),
            guilty,
            listed: !(guilty && hidden),
        };
        roll(&rollout, number, cast, &mut stage.instances, random);
        stage.rollouts.push(rollout);
    }
    stage
}

/// The instances that run from before the beginning; returns their version.
fn start(
    service: usize,
    cast: &Cast,
    clock: Clock,
    instances: &mut Vec<Instance>,
    random: &mut Random,
) -> String {
    let role = &cast.services[service];
    let count = match service {
        _ if role.dialect.is_store() => 1,
        0 => 2,
        _ => 3 + random.below(3),
    };
    let version = format!("v{}.{}.{}", 1 + random.below(4), random.below(40), random.below(6));
    let set = random.suffix(9);
    for ordinal in 0..count {
        let name = if role.dialect.is_store() {
            format!("{}-{ordinal}", role.name)
        } else {
            format!("{}-{set}-{}", role.name, random.suffix(5))
        };
        instances.push(Instance {
            service,
            name,
            version: version.clone(),
            from: f64::NEG_INFINITY,
            until: clock.end() as f64 + 1.0,
            rollout: None,
            phase: random.below(STEP as usize) as f64,
        });
    }
    version
}

/// Four services that are neither the entry nor a store; the first can show the fault.
fn services_to_roll(cast: &Cast, fault: Option<Fault>, random: &mut Random) -> Vec<usize> {
    let mut apps: Vec<usize> =
        (1..cast.services.len()).filter(|s| !cast.services[*s].dialect.is_store()).collect();
    random.shuffle(&mut apps);
    let calls = |s: usize| cast.edges.iter().any(|e| e.caller == s);
    let to_store =
        |s: usize| cast.edges.iter().any(|e| e.caller == s && cast.services[e.callee].dialect.is_store());
    let shows = |s: usize| match fault {
        Some(Fault::RetryStorm) => calls(s),
        Some(Fault::ConnectionLeak) => to_store(s),
        _ => true,
    };
    if let Some(at) = apps.iter().position(|s| shows(*s)) {
        apps.swap(0, at);
    }
    apps.truncate(4);
    apps
}

fn next_version(version: &str, config: bool, random: &mut Random) -> String {
    if config {
        return format!("{version}-cfg{}", 2 + random.below(30));
    }
    let parts: Vec<usize> =
        version.trim_start_matches('v').split('.').filter_map(|p| p.parse().ok()).collect();
    match parts[..] {
        [major, minor, patch] if random.chance(0.4) => format!("v{major}.{minor}.{}", patch + 1),
        [major, minor, _] => format!("v{major}.{}.0", minor + 1),
        _ => format!("{version}-next"),
    }
}

/// Replaces the service's instances one after another; a guilty rollout is halted when people notice.
fn roll(rollout: &Rollout, number: usize, cast: &Cast, instances: &mut Vec<Instance>, random: &mut Random) {
    let old: Vec<usize> = (0..instances.len()).filter(|i| instances[*i].service == rollout.service).collect();
    let share = if rollout.guilty { random.between(0.5, 1.0) } else { 1.0 };
    let replaced = ((old.len() as f64 * share).ceil() as usize).clamp(1, old.len());
    let set = random.suffix(9);
    let mut ready = rollout.time + random.between(15.0, 40.0);
    for place in old.into_iter().take(replaced) {
        instances[place].until = ready + 5.0;
        instances.push(Instance {
            service: rollout.service,
            name: format!("{}-{set}-{}", cast.services[rollout.service].name, random.suffix(5)),
            version: rollout.to.clone(),
            from: ready.round(),
            until: f64::INFINITY,
            rollout: Some(number),
            phase: random.below(STEP as usize) as f64,
        });
        ready += random.between(35.0, 80.0).round();
    }
}
