//! Hello, status, runs, stop.

use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::routes::{Needs, Route};
use crate::api::{App, local};
use axum::http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let own = Needs::Scope("agent", "write");
    vec![
        Route::new(
            (Method::GET, "/v1/hello"),
            ("hello", "Who is there: a client goes on only when it knows the protocol"),
            Needs::Nothing,
            |a, q| Box::pin(hello(a, q)),
        )
        .tag("Agent")
        .gives(200, json!({ "type": "object", "required": ["service", "protocol", "version", "ready"] })),
        Route::new(
            (Method::GET, "/v1/status"),
            ("getStatus", "What runs, since when, and how its parts are"),
            Needs::Scope("agent", "read"),
            |a, q| Box::pin(status(a, q)),
        )
        .tag("Agent")
        .gives(200, json!({ "type": "object", "required": ["pid", "components"] })),
        Route::new(
            (Method::POST, "/v1/runs"),
            ("beginRun", "This connection has a run under way"),
            own,
            |a, q| Box::pin(begin(a, q)),
        )
        .tag("Agent"),
        Route::new((Method::DELETE, "/v1/runs"), ("endRun", "This connection's run is over"), own, |a, q| {
            Box::pin(end(a, q))
        })
        .tag("Agent"),
        Route::new(
            (Method::POST, "/v1/agent/stop"),
            ("stopAgent", "Stop, once what is under way has been answered"),
            own,
            |a, q| Box::pin(stop(a, q)),
        )
        .tag("Agent")
        .takes(json!({ "type": "object", "properties": { "when": { "enum": ["now", "idle"] } } }))
        .body_optional()
        .gives(202, json!({ "type": "object", "required": ["stopping"] }))
        .fault(409),
    ]
}

fn version() -> Map<String, Value> {
    let about = json!({
        "service": crate::SERVICE, "protocol": crate::PROTOCOL, "version": env!("CARGO_PKG_VERSION"),
    });
    about.as_object().cloned().unwrap_or_default()
}

async fn hello(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let mut about = version();
    about.insert("ready".into(), json!(!*app.stopping.borrow()));
    if ask.connection.is_some() {
        about.insert("build".into(), json!(app.build));
        about.insert("pid".into(), json!(std::process::id()));
        about.insert("offline".into(), json!(ecoops_plugins::egress::is_closed()));
        about.insert("listen".into(), json!(app.listens.get()));
    }
    Ok(Answer::ok(Value::Object(about)))
}

async fn status(app: Arc<App>, _ask: Ask) -> Result<Answer, Fault> {
    let components: Vec<Value> = app
        .kernel
        .components()
        .iter()
        .map(|part| json!({ "name": part.name(), "calls": part.busy(), "health": part.health() }))
        .collect();
    let mut about = version();
    about.extend([
        ("pid".into(), json!(std::process::id())),
        ("build".into(), json!(app.build)),
        ("uptimeSeconds".into(), json!(app.started.elapsed().as_secs())),
        ("status".into(), json!(app.status())),
        ("runs".into(), json!(app.runs.count())),
        ("components".into(), json!(components)),
        ("login".into(), json!(app.kernel.renewal.as_ref().map(|renewal| renewal.chore.standing()))),
    ]);
    Ok(Answer::ok(Value::Object(about)))
}

async fn begin(_app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    local(&ask)?.begin_run();
    Ok(Answer::ok(json!({ "running": true })))
}

async fn end(_app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    local(&ask)?.end_run();
    Ok(Answer::ok(json!({ "running": false })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StopBody {
    #[serde(default)]
    when: Option<When>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum When {
    Now,
    Idle,
}

async fn stop(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    local(&ask)?;
    let StopBody { when } = if ask.body.is_empty() { StopBody::default() } else { ask.json()? };
    let runs = app.runs.count();
    if when == Some(When::Idle) && runs > 0 {
        return Err(Fault::new(Code::Conflict, format!("{runs} runs are under way")));
    }
    app.stop.notify_one();
    Ok(Answer::with(202, json!({ "stopping": true })))
}
