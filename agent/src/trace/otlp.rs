//! Spans as OTLP/HTTP has them in JSON (opentelemetry-proto 1.x, `ExportTraceServiceRequest`): ids in hex, times in
//! nanoseconds as texts.

use super::Finished;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// One request for all of these.
pub fn request(spans: &[Finished]) -> Value {
    let spans: Vec<Value> = spans.iter().map(span).collect();
    let resource = [("service.name", crate::SERVICE), ("service.version", env!("CARGO_PKG_VERSION"))];
    let resource: Vec<Value> = resource.iter().map(|(name, value)| attribute(name, value)).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "ecoops", "version": env!("CARGO_PKG_VERSION") }, "spans": spans }],
    }] })
}

fn span(span: &Finished) -> Value {
    let attributes: Vec<Value> = span.notes.iter().map(|(name, value)| attribute(name, value)).collect();
    let mut value = json!({
        "traceId": format!("{:032x}", span.trace), "spanId": format!("{:016x}", span.span),
        "name": span.name, "kind": span.kind as u8, "attributes": attributes,
        "startTimeUnixNano": nanos(span.begin), "endTimeUnixNano": nanos(span.end),
    });
    if let Some(parent) = span.parent {
        value["parentSpanId"] = json!(format!("{parent:016x}"));
    }
    if let Some(state) = &span.state {
        value["traceState"] = json!(state);
    }
    if let Some(why) = &span.failed {
        value["status"] = json!({ "code": ERROR, "message": why });
    }
    value
}

fn attribute(name: &str, value: &str) -> Value {
    json!({ "key": name, "value": { "stringValue": value } })
}

fn nanos(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}
