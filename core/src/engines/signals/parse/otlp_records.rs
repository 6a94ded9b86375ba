//! Logs and metrics in OTLP's JSON encoding: one object, or one a line as collectors' file exporters write them.
//!
//! A log record becomes a JSON line of the bundle's format, a data point one of a series. Entry by entry, so that memory
//! does not grow with the file. Never reads a file.

use super::json::Json;
use super::labels::labelled;
use super::metrics::SeriesSet;
use super::notes::Notes;
use super::otlp::{Scanner, attribute, hexadecimal, nanoseconds};
use serde_json::{Map, Value};

/// Names that say where something ran.
const INSTANCE: [&str; 3] = ["service.instance.id", "k8s.pod.name", "host.name"];

/// Log records as lines, and data points as series.
#[derive(Debug)]
pub struct RecordsReader {
    logs: Scanner,
    metrics: Scanner,
    notes: Notes,
    any: bool,
}

impl Default for RecordsReader {
    fn default() -> Self {
        Self {
            logs: Scanner::of(["resourceLogs", "resource_logs"]),
            metrics: Scanner::of(["resourceMetrics", "resource_metrics"]),
            notes: Notes::default(),
            any: false,
        }
    }
}

impl RecordsReader {
    /// Takes the next bytes; each log record goes to `line` with its service and its instance, as a JSON line.
    pub fn feed(
        &mut self,
        chunk: &[u8],
        series: &mut SeriesSet,
        line: &mut dyn FnMut(&str, Option<&str>, &str),
    ) {
        let (notes, any) = (&mut self.notes, &mut self.any);
        self.logs.feed(chunk, &mut |entry| {
            *any = true;
            match std::str::from_utf8(entry).ok().and_then(|text| Json::read(text).ok()) {
                Some(json) => resource_logs(&json, notes, line),
                None => notes.add("a broken entry of `resourceLogs` is ignored", String::new),
            }
        });
        self.metrics.feed(chunk, &mut |entry| {
            *any = true;
            match std::str::from_utf8(entry).ok().and_then(|text| Json::read(text).ok()) {
                Some(json) => resource_metrics(&json, notes, series),
                None => notes.add("a broken entry of `resourceMetrics` is ignored", String::new),
            }
        });
    }

    /// What was ignored.
    pub fn finish(mut self) -> Notes {
        if self.logs.inside() || self.metrics.inside() {
            self.notes
                .add("it ends in the middle: half-written or cut; what came before is used", String::new);
        }
        if !self.any {
            self.notes.add("it holds neither `resourceLogs` nor `resourceMetrics`", String::new);
        }
        self.notes
    }
}

fn resource_logs(entry: &Json<'_>, notes: &mut Notes, line: &mut dyn FnMut(&str, Option<&str>, &str)) {
    let attributes = entry.at(&["resource", "attributes"]);
    let service = attribute(attributes, &["service.name"]).unwrap_or_else(|| "unknown".to_owned());
    let instance = attribute(attributes, &INSTANCE);
    let scopes = ["scopeLogs", "instrumentationLibraryLogs"].iter().filter_map(|name| entry.get(name));
    for record in scopes.flat_map(Json::list).filter_map(|s| s.get("logRecords")).flat_map(Json::list) {
        match log_line(record) {
            Some(text) => line(&service, instance.as_deref(), &text),
            None => notes.add("a log record without a body is ignored", String::new),
        }
    }
}

/// A record as the bundle's format has it: `time`, `level`, `message`, `trace_id`.
fn log_line(record: &Json<'_>) -> Option<String> {
    let mut message = text_of(record.get("body")?)?;
    let attributes = record.get("attributes");
    if let Some(exception) = attribute(attributes, &["exception.type"]) {
        let about = attribute(attributes, &["exception.message"]).unwrap_or_default();
        let stack = attribute(attributes, &["exception.stacktrace"]);
        message.push_str(&format!("\n{}", stack.unwrap_or_else(|| format!("{exception}: {about}"))));
    }
    let mut fields = Map::new();
    let names = ["timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "observed_time_unix_nano"];
    #[allow(clippy::cast_precision_loss, reason = "a float's second is precise to a microsecond")]
    if let Some(time) = nanoseconds(record, &names) {
        fields.insert("time".to_owned(), (time as f64 / 1e9).into());
    }
    if let Some(level) = level(record) {
        fields.insert("level".to_owned(), level.into());
    }
    fields.insert("message".to_owned(), message.into());
    let trace = record.text_at(&["traceId"]).or_else(|| record.text_at(&["trace_id"]));
    if let Some(trace) = trace {
        fields.insert("trace_id".to_owned(), hexadecimal(trace).into());
    }
    Some(Value::Object(fields).to_string())
}

fn level(record: &Json<'_>) -> Option<String> {
    let written = record.text_at(&["severityText"]).or_else(|| record.text_at(&["severity_text"]));
    if let Some(text) = written {
        return Some(text.to_owned());
    }
    let number = record.get("severityNumber").or_else(|| record.get("severity_number"))?;
    let number = match number {
        Json::Text(name) => return name.strip_prefix("SEVERITY_NUMBER_").map(str::to_owned),
        number => number.number()?,
    };
    // The ranges of the log data model: four numbers a level.
    let name = match number as i64 {
        1..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warn",
        17..=20 => "error",
        21..=24 => "fatal",
        _ => return None,
    };
    Some(name.to_owned())
}

/// The text of a value; of lists and maps their JSON.
fn text_of(value: &Json<'_>) -> Option<String> {
    if let Some(text) = value.text() {
        return Some(text.to_owned());
    }
    let (kind, inner) = value.fields().first()?;
    match inner {
        Json::Text(text) => Some(text.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Integer(_) | Json::Number(_) => inner.number().map(|n| n.to_string()),
        _ if kind == "kvlistValue" => {
            let pairs = inner.get("values")?.list().iter();
            let pair = |p: &Json<'_>| Some(format!("{}={}", p.text_at(&["key"])?, text_of(p.get("value")?)?));
            Some(pairs.filter_map(pair).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    }
}

fn resource_metrics(entry: &Json<'_>, notes: &mut Notes, series: &mut SeriesSet) {
    let attributes = entry.at(&["resource", "attributes"]);
    let mut place: Vec<(String, String)> = Vec::new();
    for (label, names) in
        [("service", &["service.name"][..]), ("instance", &INSTANCE), ("version", &["service.version"])]
    {
        place.extend(attribute(attributes, names).map(|value| (label.to_owned(), value)));
    }
    let scopes = ["scopeMetrics", "instrumentationLibraryMetrics"].iter().filter_map(|name| entry.get(name));
    for metric in scopes.flat_map(Json::list).filter_map(|s| s.get("metrics")).flat_map(Json::list) {
        let Some(name) = metric.text_at(&["name"]) else {
            notes.add("a metric without a name is ignored", String::new);
            continue;
        };
        let unit = unit(metric.text_at(&["unit"]).unwrap_or(""));
        for (kind, fields) in [
            ("gauge", &[("", "asDouble"), ("", "asInt")][..]),
            ("sum", &[("", "asDouble"), ("", "asInt")]),
            ("histogram", &[("_sum", "sum"), ("_count", "count")]),
            ("summary", &[("_sum", "sum"), ("_count", "count")]),
        ] {
            let Some(data) = metric.get(kind) else { continue };
            // What only grows is told by its name, as everywhere.
            let grows = matches!(data.get("isMonotonic"), Some(Json::Bool(true)));
            let points = data.get("dataPoints").map(Json::list).unwrap_or_default();
            for point in points {
                for (suffix, field) in fields {
                    let Some(value) = point.get(field).and_then(Json::number) else { continue };
                    let total = if grows && !name.ends_with("_total") { "_total" } else { suffix };
                    let unit = if *suffix == "_count" { "" } else { unit };
                    add(point, &format!("{name}{total}"), unit, value, &place, series, notes);
                }
            }
        }
    }
}

fn add(
    point: &Json<'_>,
    name: &str,
    unit: &str,
    value: f64,
    place: &[(String, String)],
    series: &mut SeriesSet,
    notes: &mut Notes,
) {
    let Some(time) = nanoseconds(point, &["timeUnixNano", "time_unix_nano"]) else {
        return notes.add("a data point without a time is ignored", String::new);
    };
    let mut labels = place.to_vec();
    for attribute_of in point.get("attributes").map(Json::list).unwrap_or_default() {
        if let (Some(key), Some(value)) =
            (attribute_of.text_at(&["key"]), attribute_of.get("value").and_then(text_of))
        {
            labels.push((key.replace('.', "_"), value));
        }
    }
    let borrowed: Vec<(&str, &str)> = labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let found = labelled(name, &borrowed);
    let keys = [&found.service, &found.metric, &found.instance, &found.version, &found.peer];
    let value = if value.is_finite() { value } else { f64::NAN };
    #[allow(clippy::cast_precision_loss, reason = "a float's second is precise to a microsecond")]
    let at = time as f64 / 1e9;
    if !series.add(keys.map(String::as_str), found.reporter, unit, at, value) {
        notes.add("series beyond the bound are ignored", String::new);
    }
}

/// A unit of UCUM as the bundle names it.
fn unit(code: &str) -> &str {
    match code {
        "s" => "seconds",
        "ms" => "ms",
        "us" => "us",
        "ns" => "ns",
        "By" => "bytes",
        "%" => "percent",
        "1" => "ratio",
        code if code.starts_with('{') => "count",
        code => code,
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::Bounds;
    use super::*;
    use crate::domain::incident::Series;
    use proptest::prelude::*;

    fn read(text: &[u8], chunk: usize) -> (Vec<Series>, Vec<String>, Vec<String>) {
        let mut reader = RecordsReader::default();
        let (mut set, mut lines) = (SeriesSet::new(Bounds::default()), Vec::new());
        for piece in text.chunks(chunk) {
            reader.feed(piece, &mut set, &mut |service, instance, line| {
                lines.push(format!("{service} {} {line}", instance.unwrap_or("-")));
            });
        }
        (set.finish().0, lines, reader.finish().sentences("f"))
    }

    const RESOURCE: &str = r#""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"pay"}},{"key":"k8s.pod.name","value":{"stringValue":"pay-1"}}]}"#;

    #[test]
    fn log_records_become_lines() {
        let text = format!(
            r#"{{"resourceLogs":[{{{RESOURCE},"scopeLogs":[{{"logRecords":[
            {{"timeUnixNano":"1772445600500000000","severityNumber":17,"body":{{"stringValue":"charge \"17\" failed"}},"traceId":"5B8EFFF798038103D269B633813FC60C"}},
            {{"observedTimeUnixNano":1772445601000000000,"severityText":"WARN","body":{{"kvlistValue":{{"values":[{{"key":"a","value":{{"intValue":"3"}}}}]}}}},"attributes":[{{"key":"exception.type","value":{{"stringValue":"E"}}}},{{"key":"exception.message","value":{{"stringValue":"m"}}}}]}},
            {{"severityNumber":9}}]}}]}}]}}"#
        );
        for chunk in [1, 17, 1 << 20] {
            let (series, lines, notes) = read(text.as_bytes(), chunk);
            assert!(series.is_empty());
            assert_eq!(
                lines,
                [
                    r#"pay pay-1 {"level":"error","message":"charge \"17\" failed","time":1772445600.5,"trace_id":"5b8efff798038103d269b633813fc60c"}"#,
                    r#"pay pay-1 {"level":"WARN","message":"a=3\nE: m","time":1772445601.0}"#,
                ]
            );
            assert_eq!(notes, ["f: a log record without a body is ignored"]);
        }
    }

    #[test]
    fn data_points_become_series() {
        let point = |value: &str| {
            format!(
                r#"{{"timeUnixNano":"1772445600000000000",{value},"attributes":[{{"key":"http.route","value":{{"stringValue":"/a"}}}}]}}"#
            )
        };
        let text = format!(
            r#"{{"resourceMetrics":[{{{RESOURCE},"scopeMetrics":[{{"metrics":[
            {{"name":"latency","unit":"s","gauge":{{"dataPoints":[{}]}}}},
            {{"name":"requests","unit":"{{request}}","sum":{{"isMonotonic":true,"dataPoints":[{}]}}}},
            {{"name":"size","unit":"By","histogram":{{"dataPoints":[{}]}}}},
            {{"name":"late","gauge":{{"dataPoints":[{{"asInt":"3"}}]}}}}]}}]}}]}}"#,
            point(r#""asDouble":0.25"#),
            point(r#""asInt":"7""#),
            point(r#""sum":512,"count":"4""#),
        );
        let (series, lines, notes) = read(text.as_bytes(), 50);
        let shown: Vec<(String, Option<&str>, f64)> =
            series.iter().map(|s| (s.key.metric.clone(), s.unit.as_deref(), s.points[0].1)).collect();
        let named =
            |name: &str| shown.iter().find(|(metric, ..)| metric.starts_with(name)).map(|s| (s.1, s.2));
        assert_eq!(named("latency"), Some((Some("seconds"), 0.25)), "{shown:?}");
        assert_eq!(named("requests_total"), Some((Some("count"), 7.0)), "{shown:?}");
        assert_eq!(
            (named("size_sum"), named("size_count")),
            (Some((Some("bytes"), 512.0)), Some((None, 4.0)))
        );
        assert!(series.iter().all(|s| s.key.service == "pay" && s.key.instance.as_deref() == Some("pay-1")));
        assert_eq!((lines.len(), notes.len()), (0, 1));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100),
            like in "(\\{|\\}|\\[|\\]|\"resourceLogs\"|\"resourceMetrics\"|:|,|\"scopeLogs\"|\"logRecords\"|\"body\"|\\\\|\"|1){0,40}", chunk in 1usize..30) {
            let _ = (read(&bytes, chunk), read(like.as_bytes(), chunk));
        }
    }
}
