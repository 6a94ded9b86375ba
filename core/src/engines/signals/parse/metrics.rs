//! `metrics.csv`: rows to series, over bytes as they come.
//!
//! Bounded: beyond a number of points every second point of each series is dropped, again and again, and a
//! note says so. Never repairs what it measures: gaps, duplicates, NaN and resets stay.

use super::csv::{Row, Rows};
use super::encoding::Encoding;
use super::notes::{Notes, quoted};
use super::time;
use crate::domain::incident::{Reporter, Series, SeriesKey, TimeRange};
use std::collections::HashMap;

/// Bounds on what is kept of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Points of all series together; 16 bytes each.
    pub points: usize,
    /// Series; the rows of further ones are ignored with a note.
    pub series: usize,
}

impl Default for Bounds {
    /// Some 400 MB.
    fn default() -> Self {
        Self { points: 24_000_000, series: 200_000 }
    }
}

const COLUMNS: [&str; 9] =
    ["ts", "service", "metric", "value", "instance", "version", "unit", "peer", "reporter"];
const TS: usize = 0;
const SERVICE: usize = 1;
const METRIC: usize = 2;
const VALUE: usize = 3;
const INSTANCE: usize = 4;
const VERSION: usize = 5;
const UNIT: usize = 6;
const PEER: usize = 7;
const REPORTER: usize = 8;

/// Reads one CSV file as its bytes come.
#[derive(Debug)]
pub struct MetricsReader {
    rows: Rows,
    table: Table,
}

#[derive(Debug)]
struct Table {
    /// Where each known column stands in a row.
    columns: Option<[Option<usize>; 9]>,
    bounds: Bounds,
    series: SeriesSet,
    notes: Notes,
}

impl MetricsReader {
    pub fn new(bounds: Bounds) -> Self {
        let table = Table { columns: None, bounds, series: SeriesSet::new(bounds), notes: Notes::default() };
        Self { rows: Rows::default(), table }
    }

    pub fn feed(&mut self, chunk: &[u8]) {
        let table = &mut self.table;
        self.rows.feed(chunk, &mut |row| table.row(row));
    }

    /// The series, by key, and what was ignored.
    pub fn finish(mut self) -> (Vec<Series>, Notes) {
        let table = &mut self.table;
        let half = self.rows.finish(&mut |row| table.row(row));
        if half {
            table.notes.add("the last row has no end of line and may be half-written", String::new);
        }
        if self.table.columns.is_none() {
            self.table.notes.add("it is empty", String::new);
        }
        let (series, more) = self.table.series.finish();
        for note in more {
            self.table.notes.add(&note, String::new);
        }
        (series, self.table.notes)
    }
}

impl Table {
    fn row(&mut self, row: &Row<'_>) {
        let Some(columns) = self.columns else { return self.header(row) };
        let field = |column: usize| columns[column].and_then(|at| row.field(at)).unwrap_or(b"");
        // As a log's reader has it: what is no UTF-8 is Windows-1252.
        let text = |column: usize| Encoding::Utf8.decode(field(column).trim_ascii()).0;
        let place = || format!("row {}", row.number);
        if row.is_empty() {
            return;
        }
        let Some(ts) = time::moment(&text(TS)) else {
            return self.notes.add("a row without a usable `ts` is ignored", place);
        };
        let (service, metric) = (text(SERVICE), text(METRIC));
        if service.is_empty() || metric.is_empty() {
            return self.notes.add("a row without `service` or `metric` is ignored", place);
        }
        let written = text(VALUE);
        let Some(value) = number(&written) else {
            let what = "a `value` that is no number is ignored";
            return self.notes.add(what, || format!("{}: {}", place(), quoted(&written)));
        };
        if value.is_infinite() {
            self.notes.add("an infinite `value` is taken as missing", place);
        }
        let reporter = text(REPORTER);
        let by = match &*reporter {
            "" | "callee" => Reporter::Callee,
            "caller" => Reporter::Caller,
            _ => {
                self.notes.add("an unknown `reporter` is taken as callee", || {
                    format!("{}: {}", place(), quoted(&reporter))
                });
                Reporter::Callee
            }
        };
        let value = if value.is_infinite() { f64::NAN } else { value };
        let [instance, version, peer] = [INSTANCE, VERSION, PEER].map(text);
        let labels = [&service, &metric, &instance, &version, &peer].map(|label| &**label);
        if !self.series.add(labels, by, &text(UNIT), ts, value) {
            let what = format!("rows of more than {} series are ignored", self.bounds.series);
            self.notes.add(&what, place);
        }
    }

    fn header(&mut self, row: &Row<'_>) {
        let name = |at: usize| {
            row.field(at).map(|f| {
                String::from_utf8_lossy(f).trim().trim_start_matches('\u{FEFF}').to_ascii_lowercase()
            })
        };
        let names: Vec<String> = (0..row.len()).filter_map(name).collect();
        let find = |column: &str| names.iter().position(|name| name == column);
        let mut columns = [None; 9];
        for (place, column) in columns.iter_mut().zip(COLUMNS) {
            *place = find(column);
        }
        // A file without its header, as a tail of one: the columns that must be there come first.
        if find("ts").is_none() && name(0).is_some_and(|first| time::moment(&first).is_some()) {
            columns = [Some(0), Some(1), Some(2), Some(3), None, None, None, None, None];
            self.notes.add(
                "it has no header; the first columns are taken as ts, service, metric, value",
                String::new,
            );
            self.columns = Some(columns);
            return self.row(row);
        }
        for missing in [TS, SERVICE, METRIC, VALUE] {
            if columns[missing].is_none() {
                self.notes.add(&format!("the column `{}` is missing", COLUMNS[missing]), String::new);
            }
        }
        for unknown in names.iter().filter(|n| !COLUMNS.contains(&n.as_str()) && !n.is_empty()) {
            self.notes.add(&format!("the unknown column {} is ignored", quoted(unknown)), String::new);
        }
        self.columns = Some(columns);
    }
}

/// A value; nothing, `null` and the like are a missing one.
fn number(text: &str) -> Option<f64> {
    match text {
        "" | "null" | "NULL" | "None" | "nil" | "-" | "N/A" | "NA" => Some(f64::NAN),
        _ => text.parse().ok(),
    }
}

/// Series under construction, by the bytes of their keys.
#[derive(Debug)]
pub struct SeriesSet {
    bounds: Bounds,
    index: HashMap<Box<[u8]>, usize>,
    series: Vec<Building>,
    key: Vec<u8>,
    points: usize,
    /// Of each series every so many points are kept.
    stride: usize,
}

#[derive(Debug)]
struct Building {
    series: Series,
    seen: usize,
    ordered: bool,
}

impl SeriesSet {
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, index: HashMap::new(), series: Vec::new(), key: Vec::new(), points: 0, stride: 1 }
    }

    /// Adds a point to the series of `labels`: service, metric, instance, version, peer, empty where it has
    /// none. `false` when there are too many series.
    pub fn add(&mut self, labels: [&str; 5], reporter: Reporter, unit: &str, ts: f64, value: f64) -> bool {
        self.key.clear();
        for label in labels {
            self.key.extend_from_slice(label.as_bytes());
            self.key.push(0);
        }
        self.key.push(u8::from(reporter == Reporter::Caller));
        let at = match self.index.get(self.key.as_slice()) {
            Some(at) => *at,
            None if self.series.len() >= self.bounds.series => return false,
            None => self.begin(labels, reporter, unit),
        };
        let Some(building) = self.series.get_mut(at) else { return false };
        building.seen += 1;
        if (building.seen - 1).is_multiple_of(self.stride) {
            let points = &mut building.series.points;
            building.ordered &= points.last().is_none_or(|(last, _)| *last <= ts);
            points.push((ts, value));
            self.points += 1;
            if self.points > self.bounds.points {
                self.thin();
            }
        }
        true
    }

    fn begin(&mut self, labels: [&str; 5], reporter: Reporter, unit: &str) -> usize {
        let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        let [service, metric, instance, version, peer] = labels;
        let key = SeriesKey {
            service: service.to_owned(),
            metric: metric.to_owned(),
            instance: some(instance),
            version: some(version),
            peer: some(peer),
            reporter,
        };
        let at = self.series.len();
        self.index.insert(self.key.clone().into_boxed_slice(), at);
        let series = Series { key, unit: some(unit), points: Vec::new() };
        self.series.push(Building { series, seen: 0, ordered: true });
        at
    }

    /// Drops every second point of each series.
    fn thin(&mut self) {
        self.stride *= 2;
        self.points = 0;
        for building in &mut self.series {
            let mut at = 0;
            building.series.points.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.points += building.series.points.len();
        }
    }

    /// The series by key, each in the order of time, and what was done to them.
    pub fn finish(self) -> (Vec<Series>, Vec<String>) {
        let mut notes = Vec::new();
        if self.stride > 1 {
            notes.push(format!(
                "there are more than {} points: one in {} of each series is kept",
                self.bounds.points, self.stride
            ));
        }
        let mut series: Vec<Series> = Vec::with_capacity(self.series.len());
        for mut building in self.series {
            if !building.ordered {
                building.series.points.sort_by(|a, b| a.0.total_cmp(&b.0));
            }
            series.push(building.series);
        }
        series.sort_by(|a, b| a.key.cmp(&b.key));
        (series, notes)
    }
}

/// The time that series span.
pub fn extent(series: &[Series]) -> Option<TimeRange> {
    let ends = series.iter().filter_map(|s| Some((s.points.first()?.0, s.points.last()?.0)));
    ends.fold(None, |range: Option<TimeRange>, (start, end)| {
        let range = range.unwrap_or(TimeRange { start, end });
        Some(TimeRange { start: range.start.min(start), end: range.end.max(end) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8], bounds: Bounds, chunk: usize) -> (Vec<Series>, Vec<String>) {
        let mut reader = MetricsReader::new(bounds);
        for piece in text.chunks(chunk) {
            reader.feed(piece);
        }
        let (series, notes) = reader.finish();
        (series, notes.sentences("metrics.csv"))
    }

    #[test]
    fn rows_become_series() {
        let text = "ts,service,metric,value,instance,version,peer,unit,reporter,colour\n\
            1674981730,cart,latency,0.2,cart-1,v2,web,seconds,caller,red\n\
            2023-01-29T08:42:09Z,cart,latency,0.1,cart-1,v2,web,seconds,caller,\n\
            1674981731.5,\"a,\"\"b\",cpu,NaN\n\
            1674981731,x,cpu,,\n\
            soon,x,cpu,1\n\
            1674981731,,cpu,1\n\
            1674981731,x,cpu,fast\n\
            1674981731,x,cpu,+Inf\n\
            1674981732,x,cpu,1,,,,,nobody\n\n\
            1674981733,x,cpu,2";
        for chunk in [1, 7, 4096] {
            let (series, notes) = read(text.as_bytes(), Bounds::default(), chunk);
            let names: Vec<&str> = series.iter().map(|s| s.key.service.as_str()).collect();
            assert_eq!(names, ["a,\"b", "cart", "x"]);
            let cart = &series[1];
            assert_eq!(cart.points, [(1_674_981_729.0, 0.1), (1_674_981_730.0, 0.2)]);
            assert_eq!((cart.key.peer.as_deref(), cart.key.reporter), (Some("web"), Reporter::Caller));
            assert_eq!((cart.unit.as_deref(), cart.key.version.as_deref()), (Some("seconds"), Some("v2")));
            assert!(series[0].points[0].1.is_nan());
            assert_eq!(series[2].points.len(), 4);
            assert_eq!(notes.len(), 7, "{notes:#?}");
            assert!(notes[0].contains("`colour`"));
        }
    }

    #[test]
    fn what_is_no_table() {
        assert_eq!(read(b"", Bounds::default(), 9).1, ["metrics.csv: it is empty"]);
        let (series, notes) = read(b"\xFF\xFE\0\0garbage\nmore\n", Bounds::default(), 9);
        assert!(series.is_empty() && notes.iter().any(|n| n.contains("`ts` is missing")), "{notes:?}");
        let (series, _) = read(b"1674981730,x,cpu,1\n1674981731,x,cpu,2\n", Bounds::default(), 9);
        assert_eq!(series[0].points.len(), 2);
    }

    #[test]
    fn too_much_is_thinned_out() {
        let mut text = String::from("ts,service,metric,value\n");
        for second in 0..10_000 {
            text.push_str(&format!("{second},s{},m,1\n", second % 3));
        }
        let (series, notes) = read(text.as_bytes(), Bounds { points: 1000, series: 2 }, 4096);
        assert_eq!(series.len(), 2);
        assert!(series.iter().map(|s| s.points.len()).sum::<usize>() <= 1000);
        let steps: Vec<f64> = series[0].points.windows(2).map(|w| w[1].0 - w[0].0).collect();
        assert!(steps.iter().all(|s| *s == steps[0]), "{steps:?}");
        assert!(
            notes.iter().any(|n| n.contains("one in 8"))
                && notes.iter().any(|n| n.contains("more than 2 series")),
            "{notes:?}"
        );
    }

    proptest! {
        #[test]
        fn never_panics_and_chunks_do_not_matter(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            like in "(ts|service|metric|value|,|\n|\r\n|\"|1674981730|NaN|-1e9|ü){0,60}", chunk in 1usize..40,
        ) {
            for input in [&bytes[..], like.as_bytes(), format!("ts,service,metric,value\n{like}").as_bytes()] {
                let whole = read(input, Bounds::default(), 1 << 20);
                prop_assert_eq!(format!("{whole:?}"), format!("{:?}", read(input, Bounds::default(), chunk)));
            }
        }
    }
}
