//! Compliance reports: what the audit log of a period shows, control by control.

use super::audit::{fault, walk};
use crate::api::App;
use crate::api::answer::{Answer, Fault};
use crate::api::ask::{Ask, Time};
use crate::api::routes::{Needs, Route};
use axum::http::Method;
use ecoops_core::domain::{AuditEntry, AuditFilter};
use ecoops_core::engines::compliance::{Framework, report};
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
            |a, q| Box::pin(compliance(a, q)),
        )
        .tag("Compliance")
        .takes(json!({ "type": "object", "required": ["framework", "startTime", "endTime"], "properties": {
            "framework": { "type": "string", "enum": ["SOC2", "ISO27001"] }, "startTime": time(), "endTime": time(),
        } }))
        .gives(200, json!({ "type": "object", "required": ["framework", "controls", "log"] })),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    framework: String,
    start_time: Time,
    end_time: Time,
}

async fn compliance(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let body: Body = ask.json()?;
    let framework = match body.framework.to_ascii_uppercase().as_str() {
        "SOC2" => Framework::Soc2,
        "ISO27001" => Framework::Iso27001,
        _ => return Err(Fault::bad("`framework` is SOC2 or ISO27001")),
    };
    // A period that ends before it begins holds nothing, which the report then says.
    let filter = AuditFilter {
        since: Some(body.start_time.0),
        until: Some(body.end_time.0),
        ..AuditFilter::default()
    };
    let (entries, verified) = app
        .kernel
        .audit
        .ask_within(DEADLINE, move |audit| {
            let verified = audit.verify();
            let mut entries = Vec::new();
            walk(audit, |index, entry| {
                if filter.in_time(&entry.timestamp) {
                    // What no control looks at would make the report as large as the log.
                    let (urn, uri, details) = (String::new(), String::new(), None);
                    entries.push((index, AuditEntry { urn, uri, details, asked: None, ..entry }));
                }
            })?;
            Ok((entries, verified.map_err(|e| e.to_string())))
        })
        .await?
        .map_err(fault)?;
    let report = report(framework, &entries, verified.is_ok());
    let log = match verified {
        Ok(v) => {
            let root = ecoops_core::domain::hex(v.root);
            json!({ "verified": true, "entries": v.entries, "root": root, "origin": v.origin })
        }
        Err(why) => json!({ "verified": false, "why": why }),
    };
    Ok(Answer::ok(json!({
        "framework": report.framework, "period": { "startTime": body.start_time, "endTime": body.end_time },
        "generatedAt": ask.ids.now, "entries": report.entries, "controls": report.controls,
        "complianceScore": report.compliance_score, "log": log,
    })))
}
