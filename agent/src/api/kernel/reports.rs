//! Compliance reports: what the audit log of a period shows, control by control.

use super::audit::fault;
use crate::api::App;
use crate::api::answer::{Answer, Fault};
use crate::api::ask::{Ask, Time};
use crate::api::routes::{Needs, Route};
use axum::http::Method;
use ecoops_core::engines::compliance::Framework;
use ecoops_core::pipeline::audit::compliance;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The whole log is verified for it.
const DEADLINE: Duration = Duration::from_secs(60);

pub fn routes() -> Vec<Route> {
    let time = || json!({ "type": "string", "format": "date-time" });
    vec![
        Route::new(
            (Method::POST, "/reports/compliance"),
            ("generateComplianceReport", "Generate compliance report"),
            Needs::Scope("reports", "read"),
            |a, q| Box::pin(generate(a, q)),
        )
        .tag("Compliance")
        .takes(json!({ "type": "object", "required": ["framework", "startTime", "endTime"], "properties": {
            "framework": { "type": "string", "enum": ["SOC2", "ISO27001"] }, "startTime": time(), "endTime": time(),
        } }))
        .gives(200, json!({ "type": "object", "required": ["framework", "controls", "summary", "limits", "log"] })),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    framework: String,
    start_time: Time,
    end_time: Time,
}

async fn generate(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let body: Body = ask.json()?;
    let framework = match body.framework.to_ascii_uppercase().as_str() {
        "SOC2" => Framework::Soc2,
        "ISO27001" => Framework::Iso27001,
        _ => return Err(Fault::bad("`framework` is SOC2 or ISO27001")),
    };
    // A period that ends before it begins holds nothing, which the report then says.
    let (start, end) = (body.start_time.0, body.end_time.0);
    let judged = app
        .kernel
        .audit
        .ask_within(DEADLINE, move |audit| compliance::judge(audit, framework, start, end))
        .await?
        .map_err(fault)?;
    Ok(Answer::ok(judged.json(&ask.ids.now)))
}
