//! The fields of a JSON log line by the names that loggers give them: plain, ECS, OpenTelemetry, GELF,
//! bunyan, pino, zap, Serilog, Stackdriver, MongoDB.

use super::json::Json;
use super::{level, time};
use crate::domain::incident::LogLevel;

/// What a JSON log line says of itself.
#[derive(Debug, Default, PartialEq)]
pub struct Fields<'a> {
    /// Unix seconds.
    pub time: Option<f64>,
    /// Whether the line says its zone.
    pub zoned: bool,
    pub level: Option<LogLevel>,
    pub service: Option<&'a str>,
    pub instance: Option<&'a str>,
    pub trace: Option<&'a str>,
    pub message: Option<&'a str>,
    /// Type and text of an exception.
    pub error: Option<String>,
    pub stack: Option<&'a str>,
}

type Paths = &'static [&'static [&'static str]];

const TIME: Paths = &[
    &["time"],
    &["timestamp"],
    &["@timestamp"],
    &["ts"],
    &["t", "$date"],
    &["@t"],
    &["t"],
    &["datetime"],
    &["date"],
    &["asctime"],
    &["Timestamp"],
    &["eventTime"],
    &["receiveTimestamp"],
    &["_timestamp"],
    &["timeMillis"],
    &["TimeUnixNano"],
    &["timeUnixNano"],
    &["instant", "epochSecond"],
];
const LEVEL: Paths = &[
    &["level"],
    &["severity"],
    &["lvl"],
    &["log.level"],
    &["log", "level"],
    &["levelname"],
    &["loglevel"],
    &["logLevel"],
    &["log_level"],
    &["@l"],
    &["s"],
    &["priority"],
    &["SeverityText"],
    &["severityText"],
    &["severity_text"],
    &["LogLevel"],
    &["Level"],
];
const SERVICE: Paths = &[
    &["service"],
    &["service.name"],
    &["service", "name"],
    &["service_name"],
    &["serviceName"],
    &["resource", "service.name"],
    &["resource", "attributes", "service.name"],
];
const INSTANCE: Paths = &[
    &["instance"],
    &["service.instance.id"],
    &["service", "instance", "id"],
    &["instance_id"],
    &["pod"],
    &["pod_name"],
    &["kubernetes", "pod_name"],
    &["kubernetes", "pod", "name"],
    &["hostname"],
    &["host", "name"],
];
const TRACE: Paths = &[
    &["trace_id"],
    &["traceId"],
    &["trace.id"],
    &["trace", "id"],
    &["traceid"],
    &["traceID"],
    &["TraceId"],
    &["trace-id"],
    &["otelTraceID"],
    &["dd.trace_id"],
    &["dd", "trace_id"],
    &["@tr"],
    &["x_trace_id"],
    &["mdc", "traceId"],
    &["mdc", "trace_id"],
    &["contextMap", "traceId"],
    &["contextMap", "trace_id"],
];
const MESSAGE: Paths = &[
    &["message"],
    &["msg"],
    &["@m"],
    &["@mt"],
    &["event"],
    &["body"],
    &["Body"],
    &["body", "stringValue"],
    &["text"],
    &["textPayload"],
    &["short_message"],
    &["log"],
    &["full_message"],
    &["jsonPayload", "message"],
    &["MESSAGE"],
    &["Message"],
    &["msg", "message"],
];
const ERROR_TEXT: Paths = &[
    &["error", "message"],
    &["error.message"],
    &["err", "message"],
    &["exception", "message"],
    &["exception.message"],
    &["error"],
    &["err"],
    &["exception"],
    &["attributes", "exception.message"],
];
const ERROR_TYPE: Paths = &[
    &["error", "type"],
    &["error.type"],
    &["err", "type"],
    &["exception", "type"],
    &["exception.type"],
    &["error", "name"],
    &["err", "name"],
    &["exception", "class"],
    &["attributes", "exception.type"],
];
const STACK: Paths = &[
    &["stack_trace"],
    &["stacktrace"],
    &["stackTrace"],
    &["error", "stack_trace"],
    &["error.stack_trace"],
    &["error", "stack"],
    &["error.stack"],
    &["err", "stack"],
    &["exception", "stacktrace"],
    &["exception.stacktrace"],
    &["exc_info"],
    &["stack"],
    &["@x"],
    &["errorVerbose"],
    &["traceback"],
    &["attributes", "exception.stacktrace"],
    &["thrown", "extendedStackTrace"],
];

/// Reads the fields of an object.
pub fn fields<'a>(line: &'a Json<'_>) -> Fields<'a> {
    let (time, zoned) =
        first(line, TIME, |value| instant(value)).map_or((None, false), |(t, z)| (Some(t), z));
    let stack = first(line, STACK, Json::text).filter(|text| text.contains('\n') || text.len() > 20);
    let kind = text(line, ERROR_TYPE);
    let error =
        text(line, ERROR_TEXT).or_else(|| stack.and_then(|s| s.lines().next())).filter(|t| t.len() < 4096);
    let error = match (kind, error) {
        (Some(kind), Some(error)) if !error.starts_with(kind) => Some(format!("{kind}: {error}")),
        (_, Some(error)) => Some(error.lines().next().unwrap_or(error).to_owned()),
        (Some(kind), None) => Some(kind.to_owned()),
        (None, None) => None,
    };
    Fields {
        time,
        zoned,
        level: first(line, LEVEL, level_of).or_else(|| otel_level(line)),
        service: text(line, SERVICE),
        instance: text(line, INSTANCE),
        trace: text(line, TRACE).filter(|id| id.len() <= 64 && *id != "0"),
        message: text(line, MESSAGE),
        error,
        stack,
    }
}

fn first<'a, 'j, T>(line: &'a Json<'j>, paths: Paths, read: impl Fn(&'a Json<'j>) -> Option<T>) -> Option<T> {
    paths.iter().find_map(|path| line.at(path).and_then(&read))
}

fn text<'a>(line: &'a Json<'_>, paths: Paths) -> Option<&'a str> {
    first(line, paths, |value| value.text().filter(|text| !text.is_empty()))
}

fn instant(value: &Json<'_>) -> Option<(f64, bool)> {
    match value {
        Json::Text(text) => {
            let text = text.trim();
            if let Some(seconds) = time::moment(text) {
                let naive = text.len() >= 19 && !text.ends_with(['Z', 'z']) && !has_offset(text);
                return Some((seconds, !naive));
            }
            let (stamp, _) = super::stamp::scan(text.as_bytes())?;
            match stamp {
                super::stamp::Stamp::At { seconds, zoned } => Some((seconds, zoned)),
                _ => None,
            }
        }
        _ => Some((time::unix(value.number()?)?, true)).filter(|(seconds, _)| *seconds > 0.0),
    }
}

fn has_offset(text: &str) -> bool {
    text.get(19..).is_some_and(|tail| tail.contains(['+', '-'])) || !text.contains([':', '-'])
}

fn level_of(value: &Json<'_>) -> Option<LogLevel> {
    match value {
        Json::Text(text) => match text.as_bytes() {
            [one] if one.is_ascii_uppercase() => level::letter(*one),
            [one] => level::numbered(f64::from(one.wrapping_sub(b'0'))),
            _ => level::named(text).or_else(|| level::numbered(text.parse().ok()?)),
        },
        _ => level::numbered(value.number()?),
    }
}

fn otel_level(line: &Json<'_>) -> Option<LogLevel> {
    let number =
        ["severityNumber", "SeverityNumber", "severity_number"].iter().find_map(|n| line.get(n))?.number()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    level::otel(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_names_of_the_common_loggers() {
        let cases = [
            (
                r#"{"time":"2023-01-29T08:42:09Z","level":"warn","msg":"slow","service":"shop","trace_id":"abc"}"#,
                Some(1_674_981_729.0),
                Some(LogLevel::Warn),
                Some("slow"),
                Some("shop"),
                Some("abc"),
            ),
            (
                r#"{"@timestamp":"2023-01-29T08:42:09Z","log":{"level":"ERROR"},"message":"m","service":{"name":"s"},"trace":{"id":"t1"}}"#,
                Some(1_674_981_729.0),
                Some(LogLevel::Error),
                Some("m"),
                Some("s"),
                Some("t1"),
            ),
            (
                r#"{"t":{"$date":"2023-01-29T08:42:09.000+00:00"},"s":"W","c":"NETWORK","msg":"m"}"#,
                Some(1_674_981_729.0),
                Some(LogLevel::Warn),
                Some("m"),
                None,
                None,
            ),
            (
                r#"{"level":50,"time":1674981729000,"pid":1,"hostname":"h","msg":"m"}"#,
                Some(1_674_981_729.0),
                Some(LogLevel::Error),
                Some("m"),
                None,
                None,
            ),
            (
                r#"{"level":"error","ts":1674981729.5,"caller":"a.go:1","msg":"m","error":"e"}"#,
                Some(1_674_981_729.5),
                Some(LogLevel::Error),
                Some("m"),
                None,
                None,
            ),
            (
                r#"{"timeUnixNano":"1674981729000000000","severityNumber":17,"body":{"stringValue":"m"}}"#,
                Some(1_674_981_729.0),
                Some(LogLevel::Error),
                Some("m"),
                None,
                None,
            ),
            (r#"{}"#, None, None, None, None, None),
            (r#"{"time":{},"level":[],"message":7,"service":null}"#, None, None, None, None, None),
        ];
        for (line, time, level, message, service, trace) in cases {
            let json = Json::read(line).unwrap();
            let found = fields(&json);
            assert_eq!(
                (found.time, found.level, found.message, found.service, found.trace),
                (time, level, message, service, trace),
                "{line}"
            );
        }
        let json = Json::read(r#"{"error":{"type":"IOError","message":"gone","stack_trace":"IOError: gone\n at a.b(C.java:1)"}}"#).unwrap();
        let found = fields(&json);
        assert_eq!(found.error.as_deref(), Some("IOError: gone"));
        assert!(found.stack.is_some());
    }

    proptest! {
        #[test]
        fn never_panics(name in "(time|level|msg|error|stack|t|s|body|severityNumber|log)", value in "(\"[^\"\\\\\u{0}-\u{1f}]{0,30}\"|-?[0-9]{1,20}|\\{\\}|\\[\\]|null|\\{\"message\":1\\}|1e300)") {
            if let Ok(json) = Json::read(&format!("{{\"{name}\":{value}}}")) {
                let _ = fields(&json);
            }
        }
    }
}
