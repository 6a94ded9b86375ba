//! Logs and metrics in OTLP's JSON, as one stream of records and a set of series.
//!
//! A record has no line of its own in such a file: it is cited by its place among the JSON lines that the records make,
//! one after the other, which is the same every time the file is read.

use super::gather::chunks;
use ecoops_core::domain::incident::{LineSink, LogLine, TimeRange};
use ecoops_core::engines::signals::parse::metrics::SeriesSet;
use ecoops_core::engines::signals::parse::otlp_records::RecordsReader;
use ecoops_core::engines::signals::parse::{LogReader, LogSource, Notes};
use std::io::{self, Read};

/// What a file held.
#[derive(Debug, Default)]
pub struct Records {
    pub count: u64,
    pub spanned: Option<TimeRange>,
    pub notes: Notes,
}

/// Reads a whole file; times without year or day are read towards `near`.
pub fn read(
    name: &str,
    near: f64,
    bytes: &mut dyn Read,
    series: &mut SeriesSet,
    sink: &mut LineSink<'_>,
) -> (Records, io::Result<()>) {
    let mut found = Records::default();
    let mut reader = RecordsReader::default();
    let mut offset = 0;
    let outcome = chunks(bytes, |chunk| {
        reader.feed(chunk, series, &mut |service, instance, line| {
            let source = LogSource {
                file: name.to_owned(),
                service: service.to_owned(),
                instance: instance.map(str::to_owned),
                near,
                shift: 0.0,
            };
            let mut one = LogReader::new(source);
            let mut placed = |line: &LogLine<'_>| sink(&LogLine { offset, ..*line });
            one.feed(line.as_bytes(), &mut placed);
            let facts = one.finish(&mut placed);
            found.count += facts.records;
            if let Some((start, end)) = facts.first.zip(facts.last) {
                let known = found.spanned.unwrap_or(TimeRange { start, end });
                found.spanned = Some(TimeRange { start: known.start.min(start), end: known.end.max(end) });
            }
            offset += line.len() as u64 + 1;
        });
    });
    found.notes = reader.finish();
    (found, outcome)
}

/// The JSON line at a place among all.
pub fn line_at(bytes: &mut dyn Read, wanted: u64) -> io::Result<Option<Vec<u8>>> {
    let mut reader = RecordsReader::default();
    let mut nothing =
        SeriesSet::new(ecoops_core::engines::signals::parse::metrics::Bounds { points: 1, series: 1 });
    let (mut offset, mut found) = (0, None);
    chunks(bytes, |chunk| {
        reader.feed(chunk, &mut nothing, &mut |_, _, line| {
            if offset == wanted {
                found = Some(line.as_bytes().to_vec());
            }
            offset += line.len() as u64 + 1;
        });
    })?;
    Ok(found)
}
