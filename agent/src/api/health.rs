//! How it goes: for load balancers, for people, for Prometheus.

use super::App;
use super::answer::{Answer, Fault, Shape};
use super::ask::Ask;
use super::routes::{Needs, Route};
use crate::component::{Component, Desk, Health, Status};
use axum::http::Method;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a part may take to show that it lives.
const PROBE: Duration = Duration::from_secs(1);

pub fn routes() -> Vec<Route> {
    let check = || {
        json!({ "type": "object", "required": ["status", "version", "uptime", "timestamp"], "properties": {
            "status": { "enum": ["healthy", "degraded", "unhealthy"] }, "version": { "type": "string" },
            "uptime": { "type": "number" }, "timestamp": { "type": "string", "format": "date-time" },
            "checks": { "type": "object", "additionalProperties": { "type": "object" } },
        } })
    };
    let plain = |route: Route| Route { shape: Shape::NextGen, ..route }.tag("Health");
    vec![
        plain(
            Route::new(
                (Method::GET, "/health"),
                ("getHealth", "Whether the service is well"),
                Needs::Nothing,
                |a, q| Box::pin(health(a, q)),
            )
            .gives(200, check()),
        ),
        plain(
            Route::new(
                (Method::GET, "/ready"),
                ("getReady", "Whether the service can take work"),
                Needs::Nothing,
                |a, q| Box::pin(ready(a, q)),
            )
            .gives(200, json!({ "type": "object", "required": ["ready"] }))
            .fault(503),
        ),
        plain(
            Route::new(
                (Method::GET, "/health/detailed"),
                ("getHealthDetailed", "Every part: the ports asked now, the others by what they did last"),
                Needs::Token,
                |a, q| Box::pin(detailed(a, q)),
            )
            .gives(200, json!({ "type": "object", "required": ["status", "services", "dependencies"] })),
        ),
        plain(
            Route::new(
                (Method::GET, "/metrics"),
                ("getMetrics", "Metrics for Prometheus"),
                Needs::Scope("metrics", "read"),
                |a, q| Box::pin(metrics(a, q)),
            )
            .gives_as("text/plain", json!({ "type": "string" })),
        ),
    ]
}

async fn health(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let parts = app.kernel.components();
    let checks: Map<String, Value> = parts
        .iter()
        .map(|part| {
            let health = part.health();
            let check = json!({ "status": health.status, "latencyMs": health.latency_ms });
            (part.name().to_owned(), check)
        })
        .collect();
    Ok(Answer::ok(json!({
        "status": app.status(), "version": env!("CARGO_PKG_VERSION"),
        "uptime": app.started.elapsed().as_secs_f64(), "timestamp": ask.ids.now, "checks": checks,
    })))
}

async fn ready(app: Arc<App>, _ask: Ask) -> Result<Answer, Fault> {
    let ready = !*app.stopping.borrow();
    let status = if ready { 200 } else { 503 };
    Ok(Answer::with(status, json!({ "ready": ready })))
}

async fn metrics(app: Arc<App>, _ask: Ask) -> Result<Answer, Fault> {
    let mut text = app.metrics.text(app.started.elapsed(), &app.kernel.components());
    if let Some(part) = &app.kernel.telemetry {
        super::metrics::spans(&mut text, part.exporter.counts());
    }
    Ok(Answer::Text { content_type: "text/plain; version=0.0.4", text })
}

/// Asks a part something harmless, and takes its answer for how it is.
async fn probe<P: ?Sized + Send + Sync + 'static>(
    desk: &Arc<Desk<P>>,
    question: fn(&P) -> Result<(), String>,
) -> (String, Health) {
    let begin = Instant::now();
    let answer = desk.ask_within(PROBE, question).await;
    let latency_ms = (begin.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let message = match answer {
        Ok(Ok(())) => String::new(),
        Ok(Err(why)) => why,
        Err(why) => why.to_string(),
    };
    let status = if message.is_empty() { Status::Healthy } else { Status::Unhealthy };
    // What a part did last may be worse than what it says now.
    let last = desk.health();
    match last.status > status {
        true => (desk.name().to_owned(), Health { latency_ms, ..last }),
        false => (desk.name().to_owned(), Health { status, latency_ms, message }),
    }
}

async fn detailed(app: Arc<App>, _ask: Ask) -> Result<Answer, Fault> {
    let kernel = &app.kernel;
    let (identity, memory, events, bus, policy, audit, delivery, replies) = tokio::join!(
        probe(&kernel.identity, |p| p.login(1).map(drop).map_err(|e| e.to_string())),
        probe(&kernel.memory, |p| p.is_empty(&[]).map(drop).map_err(|e| e.to_string())),
        probe(&kernel.events, |p| p.latest().map(drop).map_err(|e| e.to_string())),
        probe(&kernel.bus, |p| p
            .replay("health", Default::default(), Default::default(), 1)
            .map(drop)
            .map_err(|e| e.to_string())),
        probe(&kernel.policy, |p| match p.list().is_empty() {
            true => Err("0 policies: everything is denied".to_owned()),
            false => Ok(()),
        }),
        probe(&kernel.audit, |p| p.checkpoint().map(drop).map_err(|e| e.to_string())),
        probe(&kernel.delivery, |p| p.applications().map(drop).map_err(|e| e.to_string())),
        probe(&kernel.replies, |p| p.release("health").map_err(|e| e.to_string())),
    );
    let mut services = vec![identity, memory, events, bus, policy, audit, delivery];
    let dependencies = [replies];
    // Those that do their work by themselves say how that went.
    let asked = |name: &str| services.iter().chain(&dependencies).any(|(other, _)| other == name);
    let others = kernel.components().into_iter().filter(|part| !asked(part.name()));
    let others: Vec<_> = others.map(|part| (part.name().to_owned(), part.health())).collect();
    services.extend(others);
    let worst = services.iter().chain(&dependencies).map(|(_, health)| health.status).max();
    let all = |parts: &[(String, Health)]| -> Map<String, Value> {
        parts.iter().map(|(name, health)| (name.clone(), json!(health))).collect()
    };
    // One part that is ill leaves the others well.
    let status = match worst.unwrap_or(Status::Healthy) {
        Status::Healthy => Status::Healthy,
        _ => Status::Degraded,
    };
    Ok(Answer::ok(
        json!({ "status": status, "services": all(&services), "dependencies": all(&dependencies) }),
    ))
}
