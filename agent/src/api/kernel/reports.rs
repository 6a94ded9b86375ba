//! Compliance reports: what the audit log of a period shows, control by control.

use super::audit::{Filter, fault, walk};
use crate::api::App;
use crate::api::answer::{Answer, Fault};
use crate::api::ask::{Ask, Time};
use crate::api::routes::{Needs, Route};
use axum::http::Method;
use ecoops_core::engines::compliance::{Framework, Seen, report, run_of};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
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
    let filter = Filter::of_period(body.start_time.0, body.end_time.0);
    let (entries, verified) = app
        .kernel
        .audit
        .ask_within(DEADLINE, move |audit| {
            let verified = audit.verify();
            // Runs first, of which some entries may lie before the period or after it.
            let mut runs = BTreeSet::new();
            walk(audit, |_, entry| {
                if filter.in_time(&entry) && !run_of(&entry).is_empty() {
                    runs.insert(run_of(&entry).to_owned());
                }
            })?;
            let mut entries = Vec::new();
            walk(audit, |index, entry| {
                let within = filter.in_time(&entry);
                if within || runs.contains(run_of(&entry)) {
                    entries.push(Seen { index, entry, within });
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
