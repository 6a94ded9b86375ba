//! The contract of every source of telemetry, and what its tests share.

use ecoops_core::domain::incident::{LogLevel, TimeRange};
use ecoops_core::ports::telemetry::{Readings, Scope, Telemetry, TelemetryError};
use ecoops_plugins::telemetry::http::{Limits, Server};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Where the made-up incident of the tests begins, in Unix seconds.
pub const START: f64 = 1_709_632_800.0;

/// A line that a sink has seen: service, instance, time, level, message, trace.
pub type Seen = (String, Option<String>, Option<f64>, Option<LogLevel>, String, Option<String>);

pub fn read(source: &dyn Telemetry, scope: &Scope) -> Result<(Readings, Vec<Seen>), TelemetryError> {
    let mut seen = Vec::new();
    let readings = source.read(scope, &mut |line| {
        seen.push((
            line.service.to_owned(),
            line.instance.map(str::to_owned),
            line.time,
            line.level,
            line.message.to_owned(),
            line.trace.map(str::to_owned),
        ));
    })?;
    Ok((readings, seen))
}

pub fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a source that works").as_secs_f64()
}

pub fn server(url: &str) -> Server {
    let limits = Limits {
        request: Duration::from_secs(5),
        reading: Duration::from_secs(20),
        answer: 1 << 20,
        tries: 3,
    };
    Server { url: url.to_owned(), limits, ..Server::default() }
}

pub fn scope(start: f64, end: f64) -> Scope {
    Scope { ranges: vec![TimeRange { start, end }], services: Vec::new() }
}

/// Every source: gives what it says it can and nothing outside the scope, and names no credentials.
pub fn contract(source: &dyn Telemetry, within: &Scope) {
    assert!(!source.health().expect("a source that works").is_empty());
    assert!(!source.name().contains("secret"), "{}", source.name());
    let can = source.capabilities();
    let (readings, lines) = read(source, within).expect("a source that works");
    assert!(can.series || readings.series.is_empty());
    assert!(can.logs || lines.is_empty());
    assert!(can.spans || readings.spans.is_empty());
    assert!(can.events || readings.events.is_empty());
    assert!(can.changes || readings.changes.is_empty());
    let inside = |time: f64| within.ranges.iter().any(|r| r.start - 1.0 <= time && time < r.end + 1.0);
    assert!(readings.series.iter().flat_map(|s| &s.points).all(|(time, _)| inside(*time)));
    assert!(lines.iter().all(|line| line.2.is_none_or(inside)));
    for series in &readings.series {
        assert!(series.points.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{:?}", series.key);
        assert!(!series.key.service.is_empty() && !series.key.metric.is_empty());
    }
    // The same question gets the same answer, of what has not changed.
    let nobody = Scope { services: vec!["nobody at all".into()], ..within.clone() };
    let (none, no_lines) = read(source, &nobody).expect("a source that works");
    assert!(none.series.is_empty() && none.spans.is_empty() && no_lines.is_empty());
    assert!(matches!(source.line("no such file", 0), Err(TelemetryError::Missing(_))));
}

pub fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a source that works")).expect("a source that works");
    fs::write(path, text).expect("a source that works");
}
