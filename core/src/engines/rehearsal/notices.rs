//! What people and the cluster said: `incident.json`, `changes.jsonl`, `topology.csv`, `events.jsonl`.

use super::cast::{Cast, Dialect};
use super::clock::{BEFORE, Clock, STEP, rfc3339};
use super::course::Course;
use super::random::Random;
use super::rollouts::{RolloutKind, Stage};
use super::script::Fault;
use serde_json::{Map, Value, json};

/// Where and when somebody noticed.
#[derive(Debug, Clone)]
pub struct Noticed {
    pub service: usize,
    pub metric: &'static str,
    pub time: f64,
}

/// The first objective that is violated for two minutes, seen as near to the users as it can be; where
/// nothing is wrong, somebody is worried all the same.
pub fn notice(cast: &Cast, stage: &Stage, course: &Course, clock: Clock, random: &mut Random) -> Noticed {
    let delay = random.between(40.0, 150.0).round();
    let worried = Noticed {
        service: 1.min(cast.services.len().saturating_sub(1)),
        metric: "latency_p95",
        time: clock.window_start() as f64 + random.between(1500.0, 2400.0).round(),
    };
    let Some((_, guilty)) = stage.guilty() else { return worried };
    let after = ((guilty.time - clock.start as f64) / STEP as f64) as usize;
    let callers = cast.edges.iter().filter(|e| e.callee == guilty.service).map(|e| e.caller);
    let seen_from = [worried.service].into_iter().chain(callers).chain([guilty.service]);
    for service in seen_from {
        if let Some((tick, metric)) = violated(course, service, after) {
            let time = (clock.at(tick) + delay).min(clock.end() as f64 - 60.0);
            return Noticed { service, metric, time };
        }
    }
    Noticed { service: guilty.service, metric: "error_ratio", time: guilty.time + 600.0 }
}

/// The tick at which eight measurements in a row were past an objective, and of what.
fn violated(course: &Course, service: usize, after: usize) -> Option<(usize, &'static str)> {
    let points = &course.services[service];
    let before = points.get(..after)?;
    let usual = before.iter().map(|t| t.p95).sum::<f64>() / before.len().max(1) as f64;
    let mut runs = [0; 2];
    for (tick, t) in points.iter().enumerate().skip(after) {
        for (run, (bad, metric)) in
            runs.iter_mut().zip([(t.errors > 0.02, "error_ratio"), (t.p95 > usual * 1.6, "latency_p95")])
        {
            *run = if bad { *run + 1 } else { 0 };
            if *run >= 8 {
                return Some((tick, metric));
            }
        }
    }
    None
}

pub fn incident(cast: &Cast, clock: Clock, noticed: &Noticed, baseline: bool) -> Vec<u8> {
    let service = &cast.services[noticed.service].name;
    let what = match noticed.metric {
        "error_ratio" => "answers more requests with errors than its objective allows",
        _ => "is slower than its objective allows",
    };
    let range = |start: i64, end: i64| json!({"start": rfc3339(start as f64), "end": rfc3339(end as f64)});
    let mut incident = json!({
        "title": format!("{service} {what}"),
        "detected_at": rfc3339(noticed.time),
        "window": range(clock.window_start(), clock.end()),
        "service": service,
        "metric": noticed.metric,
    });
    if baseline {
        incident["baseline"] = range(clock.window_start() - BEFORE, clock.window_start());
    }
    let mut out = serde_json::to_vec_pretty(&incident).unwrap_or_default();
    out.push(b'\n');
    out
}

pub fn topology(cast: &Cast) -> Vec<u8> {
    let mut out = b"caller,callee\n".to_vec();
    for e in &cast.edges {
        let names = [&cast.services[e.caller].name, &cast.services[e.callee].name];
        out.extend(format!("{},{}\n", names[0], names[1]).bytes());
    }
    out
}

pub fn changes(cast: &Cast, stage: &Stage, clock: Clock) -> Vec<u8> {
    let record = |number: usize| {
        let r = &stage.rollouts[number];
        let so_far = |i: &&super::rollouts::Instance| i.from < clock.end() as f64;
        json!({
            "id": r.id,
            "time": rfc3339(r.time),
            "kind": match r.kind { RolloutKind::Deploy => "deploy", RolloutKind::Config => "config" },
            "service": cast.services[r.service].name,
            "from": r.from,
            "to": r.to,
            "instances": stage.brought(number).filter(so_far).map(|i| &i.name).collect::<Vec<_>>(),
            "author": r.author,
            "ref": r.reference,
        })
    };
    lines((0..stage.rollouts.len()).filter(|n| stage.rollouts[*n].listed).map(record))
}

fn lines(values: impl Iterator<Item = Value>) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        out.extend(value.to_string().bytes());
        out.push(b'\n');
    }
    out
}

/// One event of the cluster or alert, before it is written.
struct Event {
    time: f64,
    service: usize,
    instance: Option<usize>,
    reason: &'static str,
    message: String,
    warning: bool,
    alert: bool,
}

/// What the cluster and the alert manager reported, in the order of time.
pub fn events(
    cast: &Cast,
    stage: &Stage,
    course: &Course,
    clock: Clock,
    noticed: &Noticed,
    random: &mut Random,
) -> Vec<u8> {
    let mut events = Vec::new();
    lifecycle(stage, clock, random, &mut events);
    deaths(stage, course, random, &mut events);
    probes(cast, stage, course, clock, random, &mut events);
    if stage.fault.is_some() {
        let (service, reason) = match noticed.metric {
            "error_ratio" => (noticed.service, "ErrorBudgetBurn"),
            _ => (noticed.service, "LatencyAboveObjective"),
        };
        let message = format!("{} of {} is past its objective", noticed.metric, cast.services[service].name);
        let time = noticed.time - 20.0;
        events.push(Event { time, service, instance: None, reason, message, warning: true, alert: true });
    }
    events.retain(|e| (clock.start as f64..clock.end() as f64).contains(&e.time));
    events.sort_by(|a, b| a.time.total_cmp(&b.time));
    lines(events.iter().map(|e| written(e, cast, stage)))
}

/// Pods that come and go, and a node's harmless talk.
fn lifecycle(stage: &Stage, clock: Clock, random: &mut Random, events: &mut Vec<Event>) {
    let mut say = |time, instance: usize, reason, message: String| {
        let service = stage.instances[instance].service;
        let instance = Some(instance);
        events.push(Event { time, service, instance, reason, message, warning: false, alert: false });
    };
    for (number, i) in stage.instances.iter().enumerate() {
        if i.rollout.is_some() {
            say(i.from - 12.0, number, "Pulled", format!("Container image {} was pulled", i.version));
            say(i.from - 9.0, number, "Started", "Started container".into());
        } else if i.until < clock.end() as f64 {
            say(i.until, number, "Killing", "Stopping container".into());
        }
    }
    for _ in 0..3 {
        let (instance, time) = (random.below(stage.instances.len()), random.between(0.0, 5400.0).round());
        let message = "Node is running low on image storage; unused images were removed".into();
        say(clock.start as f64 + time, instance, "ImageGCFinished", message);
    }
}

fn deaths(stage: &Stage, course: &Course, random: &mut Random, events: &mut Vec<Event>) {
    for (instance, time) in &course.kills {
        let service = stage.instances[*instance].service;
        for (delay, reason, message) in [
            (0.0, "OOMKilled", "Container was killed: memory limit of 1024Mi reached, exit code 137"),
            (random.between(2.0, 6.0).round(), "BackOff", "Back-off restarting failed container"),
            (random.between(12.0, 25.0).round(), "Unhealthy", "Readiness probe failed: connection refused"),
        ] {
            let (time, instance, message) = (time + delay, Some(*instance), message.to_owned());
            events.push(Event { time, service, instance, reason, message, warning: true, alert: false });
        }
    }
}

/// Probes that fail because an instance answers late or with errors.
fn probes(
    cast: &Cast,
    stage: &Stage,
    course: &Course,
    clock: Clock,
    random: &mut Random,
    events: &mut Vec<Event>,
) {
    for (number, samples) in course.instances.iter().enumerate() {
        let service = stage.instances[number].service;
        for (tick, s) in samples.iter().enumerate().filter(|(_, s)| s.up && s.sick) {
            let message = match stage.fault {
                Some(Fault::ErrorResponses) if random.chance(0.02) => {
                    "Readiness probe failed: HTTP probe failed with statuscode: 500"
                }
                _ if s.traffic.p50 > 0.6 && random.chance(0.08) => {
                    "Readiness probe failed: context deadline exceeded"
                }
                _ => continue,
            };
            let (time, message) = (clock.at(tick) + 4.0, message.to_owned());
            let instance = Some(number);
            events.push(Event {
                time,
                service,
                instance,
                reason: "Unhealthy",
                message,
                warning: true,
                alert: false,
            });
        }
    }
    // A probe that fails once and means nothing.
    let instance = random.below(stage.instances.len());
    let service = stage.instances[instance].service;
    if cast.services[service].dialect != Dialect::Redis {
        events.push(Event {
            time: clock.start as f64 + random.between(0.0, 5400.0).round(),
            service,
            instance: Some(instance),
            reason: "Unhealthy",
            message: "Readiness probe failed: context deadline exceeded".into(),
            warning: true,
            alert: false,
        });
    }
}

/// The plain fields, and those under which Kubernetes and Alertmanager know the same.
fn written(event: &Event, cast: &Cast, stage: &Stage) -> Value {
    let service = &cast.services[event.service].name;
    let kind = if event.warning { "Warning" } else { "Normal" };
    let mut out = Map::new();
    out.insert("time".into(), rfc3339(event.time).into());
    out.insert("service".into(), service.as_str().into());
    if let Some(instance) = event.instance.and_then(|i| stage.instances.get(i)) {
        out.insert("instance".into(), instance.name.as_str().into());
        let object = json!({"kind": "Pod", "namespace": "shop", "name": instance.name});
        out.insert("involvedObject".into(), object);
    }
    out.insert("type".into(), kind.into());
    out.insert("reason".into(), event.reason.into());
    out.insert("message".into(), event.message.as_str().into());
    if event.alert {
        out.insert("status".into(), "firing".into());
        let labels = json!({"alertname": event.reason, "service": service, "severity": "critical"});
        out.insert("labels".into(), labels);
    }
    Value::Object(out)
}
