//! The second pass over a bundle: clocks put right, then line after line to the sink.

use super::container::{Container, unpacked};
use super::gather::{LogFile, chunks};
use super::names::{self, Part};
use super::records;
use ecoops_core::domain::incident::{IncidentBrief, LineSink, LogLine, TimeRange};
use ecoops_core::engines::signals::parse::metrics::{Bounds, SeriesSet};
use ecoops_core::engines::signals::parse::{LogFacts, LogReader, Notes, clock};
use ecoops_core::ports::telemetry::{Scope, TelemetryError};
use std::collections::{BTreeMap, BTreeSet};

/// Ranges closer than this are one, in seconds: a log between them belongs there.
const CLOSE: f64 = 6.0 * 3600.0;

/// Finds services whose clocks are wrong by whole offsets and has them corrected.
pub fn correct(logs: &mut [LogFile], brief: &IncidentBrief, notes: &mut Vec<String>) {
    let known = known(brief);
    let mut spans: BTreeMap<(String, Option<String>), (TimeRange, bool)> = BTreeMap::new();
    for log in logs.iter() {
        let Some(spanned) = log.spanned else { continue };
        let key = (log.source.service.clone(), log.source.instance.clone());
        let entry = spans.entry(key).or_insert((spanned, true));
        entry.0 = TimeRange { start: entry.0.start.min(spanned.start), end: entry.0.end.max(spanned.end) };
        entry.1 &= log.zoned;
    }
    let mut shifted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut leading: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for log in logs.iter_mut() {
        if let Some(lead) = log.lead {
            leading.entry(clock::offset_text(lead)).or_default().insert(log.source.service.clone());
            continue;
        }
        let key = (log.source.service.clone(), log.source.instance.clone());
        let Some((spanned, zoned)) = spans.get(&key) else { continue };
        let shift = clock::shift(*spanned, &known, *zoned);
        if shift != 0.0 {
            log.source.shift = shift;
            shifted.entry(clock::offset_text(shift)).or_default().insert(log.source.service.clone());
        }
    }
    for (offset, services) in shifted {
        notes.push(format!(
            "logs: the clock of {} was moved by {offset} to where the incident is",
            list(&services)
        ));
    }
    for (offset, services) in leading {
        notes.push(format!(
            "logs: the clock that {} writes is {offset} off its carrier's, whose times are used",
            list(&services)
        ));
    }
}

/// The window and its reference; as one where they are close.
fn known(brief: &IncidentBrief) -> Vec<TimeRange> {
    let window = brief.window;
    let before = TimeRange { start: window.start - window.length(), end: window.start };
    let reference = brief.baseline.unwrap_or(before);
    let hull = TimeRange { start: window.start.min(reference.start), end: window.end.max(reference.end) };
    if hull.length() - window.length() - reference.length() < CLOSE {
        vec![hull]
    } else {
        vec![window, reference]
    }
}

fn list(services: &BTreeSet<String>) -> String {
    let mut names: Vec<&str> = services.iter().take(3).map(String::as_str).collect();
    let more = services.len() - names.len();
    let rest = format!("{more} more");
    if more > 0 {
        names.push(&rest);
    }
    names.join(", ")
}

/// Gives every line in scope to the sink.
pub fn stream(
    container: &Container,
    logs: &[LogFile],
    brief: &IncidentBrief,
    scope: &Scope,
    lines: &mut LineSink<'_>,
    notes: &mut Vec<String>,
) -> Result<(), TelemetryError> {
    if logs.is_empty() {
        return Ok(());
    }
    let by_name: BTreeMap<&str, &LogFile> = logs.iter().map(|log| (log.source.file.as_str(), log)).collect();
    let mut odd = Notes::default();
    let mut total = LogFacts::default();
    let latest =
        brief.window.end.max(brief.baseline.map_or(f64::MIN, |b| b.end)).max(brief.detected_at) + 86_400.0;
    let mut future = 0u64;
    let mut each = |line: &LogLine<'_>| {
        future += u64::from(line.time.is_some_and(|time| time > latest));
        let in_range = scope.ranges.is_empty()
            || line.time.is_none_or(|time| scope.ranges.iter().any(|range| range.contains(time)));
        let in_services = scope.services.is_empty() || scope.services.iter().any(|s| s == line.service);
        if in_range && in_services {
            lines(line);
        }
    };
    container.visit(&mut Notes::default(), &mut |name, size, bytes| {
        let Some(log) = by_name.get(name) else { return Ok(true) };
        if names::part(name) == Part::Records {
            let mut bytes = unpacked(name, size, bytes, container.caps());
            let mut ignored = SeriesSet::new(Bounds { points: 1, series: 1 });
            let (found, _) = records::read(name, brief.detected_at, &mut bytes, &mut ignored, &mut each);
            total.records += found.count;
            return Ok(true);
        }
        let mut source = log.source.clone();
        source.near = brief.detected_at;
        let mut reader = LogReader::new(source);
        let packed = names::unpacked_name(name) != name;
        let mut bytes = unpacked(name, size, bytes, container.caps());
        let outcome = chunks(&mut bytes, |chunk| reader.feed(chunk, &mut each));
        let facts = reader.finish(&mut each);
        note(&facts, name, &mut odd);
        total.lines += facts.lines;
        total.records += facts.records;
        // That it ends early was told by the first pass.
        if packed { Ok(true) } else { outcome.map(|()| true) }
    })?;
    if future > 0 {
        odd.add_many("a record is more than a day later than the incident", future, String::new);
    }
    notes.extend(odd.sentences("logs"));
    Ok(())
}

fn note(facts: &LogFacts, name: &str, odd: &mut Notes) {
    let mut add = |count: u64, what: &str| {
        if count > 0 {
            odd.add_many(what, count, || name.to_owned());
        }
    };
    add(u64::from(facts.binary), "a file that is no text is ignored");
    add(facts.undecoded, "a line that is not UTF-8 is read as Windows-1252");
    add(facts.cut, "a line of more than 16 MiB is cut");
    add(facts.zeroes, "a run of zero bytes, as truncation leaves, is skipped");
    add(u64::from(facts.half), "the last line is half-written");
    if facts.first.is_none() && facts.records > 0 {
        add(1, "a file has no times that could be read");
    }
}
