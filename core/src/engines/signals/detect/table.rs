//! A series as CSV: rows of a timestamp and a value in, with a score out.
//!
//! Whatever can be read is read; what cannot is told with its line. Never opens a file.

use super::stream::Verdict;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::fmt::Write as _;
use thiserror::Error;

/// Problems that are told one by one.
const TOLD: usize = 20;
/// Names that the column of values may have in a header, the likeliest first.
const VALUE_NAMES: [&str; 5] = ["value", "values", "val", "y", "metric"];
/// The same of timestamps.
const TIME_NAMES: [&str; 7] = ["timestamp", "time", "datetime", "date", "ts", "ds", "t"];

/// Why there is no series in it.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TableError {
    /// No bytes, or blanks alone.
    #[error("the file is empty: rows of `timestamp,value` are needed")]
    Empty,
    /// It is not text.
    #[error("the file is not text: rows of `timestamp,value` are needed")]
    Binary,
    /// A header and nothing below it.
    #[error("the file has a header but no rows")]
    NoRows,
    /// No cell holds a number.
    #[error("no row has a number in its column {column}; line {line} begins with `{begin}`")]
    NoNumbers {
        /// From 1.
        column: usize,
        /// From 1.
        line: usize,
        /// The first characters of the line.
        begin: String,
    },
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Seconds since 1970 (the row's number, if there are no timestamps); NaN if it cannot be read.
    pub at: f64,
    /// NaN if it is no number.
    pub value: f64,
    /// As it was written.
    pub timestamp: String,
    /// As it was written.
    pub cell: String,
}

/// A series as read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// In the order of the file.
    pub rows: Vec<Row>,
    /// What could not be read, with its line: the first twenty, and then how many more.
    pub problems: Vec<String>,
}

impl Table {
    /// What the detector takes.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.rows.iter().map(|row| (row.at, row.value))
    }
}

/// Reads a table from bytes: separated by commas, semicolons or tabs, with or without a header; a header may
/// name the columns (`timestamp`, `value`). Timestamps are ISO 8601 (UTC unless they say otherwise) or
/// numbers since 1970 in seconds, milli-, micro- or nanoseconds. A single column is values at even distances.
///
/// # Errors
/// If there is no row with a number.
pub fn read(bytes: &[u8]) -> Result<Table, TableError> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    if text.contains('\0') {
        return Err(TableError::Binary);
    }
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
    let (_, first) = *lines.peek().ok_or(TableError::Empty)?;
    let separator =
        [',', ';', '\t'].into_iter().max_by_key(|s| (first.matches(*s).count(), *s == ',')).unwrap_or(',');
    let header = cells(first, separator);
    let columns = Columns::of(&header);
    if columns.named {
        lines.next();
    }
    let mut reader = Reader { columns, separator, table: Table::default(), untold: 0 };
    let Some((line, begin)) = lines.peek().map(|(line, text)| (line + 1, text.chars().take(40).collect()))
    else {
        return Err(TableError::NoRows);
    };
    lines.for_each(|(line, text)| reader.row(line + 1, text));
    if reader.table.rows.iter().all(|row| !row.value.is_finite()) {
        return Err(TableError::NoNumbers { column: reader.columns.value + 1, line, begin });
    }
    Ok(reader.done())
}

struct Columns {
    time: Option<usize>,
    value: usize,
    named: bool,
}

impl Columns {
    fn of(first: &[Cow<str>]) -> Self {
        let named = first.iter().all(|cell| number(cell).is_none() && seconds(cell).is_none());
        let position = |names: &[&str]| {
            let is = |name: &&str, cell: &Cow<str>| cell.trim().eq_ignore_ascii_case(name);
            names.iter().find_map(|name| first.iter().position(|cell| is(name, cell)))
        };
        let single = first.len() < 2;
        let time = if named { position(&TIME_NAMES) } else { None };
        let value = if named { position(&VALUE_NAMES) } else { None };
        let left = (0..first.len()).find(|column| Some(*column) != value);
        let time = if single { None } else { time.or(left) };
        let other = (0..first.len()).find(|column| Some(*column) != time).unwrap_or(0);
        Self { time, value: value.unwrap_or(other), named }
    }
}

struct Reader {
    columns: Columns,
    separator: char,
    table: Table,
    untold: usize,
}

impl Reader {
    fn row(&mut self, line: usize, text: &str) {
        let cells = cells(text, self.separator);
        let cell = |column: usize| cells.get(column).map_or("", |c| c.trim());
        let timestamp = self.columns.time.map(cell);
        let written = cell(self.columns.value);
        let at = match timestamp {
            Some(text) => seconds(text).unwrap_or(f64::NAN),
            None => self.table.rows.len() as f64,
        };
        if at.is_nan() {
            self.tell(line, &format!("`{}` is not a timestamp", shown(timestamp.unwrap_or_default())));
        }
        let value = number(written).unwrap_or(f64::NAN);
        if !value.is_finite() {
            self.tell(line, &format!("`{}` is not a number", shown(written)));
        }
        let timestamp = timestamp.map_or_else(|| self.table.rows.len().to_string(), str::to_owned);
        self.table.rows.push(Row { at, value, timestamp, cell: written.to_owned() });
    }

    fn tell(&mut self, line: usize, what: &str) {
        if self.table.problems.len() < TOLD {
            self.table.problems.push(format!("line {line}: {what}"));
        } else {
            self.untold += 1;
        }
    }

    fn done(mut self) -> Table {
        if self.untold > 0 {
            self.table.problems.push(format!("and {} more", self.untold));
        }
        self.table
    }
}

fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(40).collect()
}

/// The cells of a line; quoted ones may hold the separator.
fn cells(line: &str, separator: char) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(separator).map(Cow::Borrowed).collect();
    }
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c == separator && !quoted => cells.push(String::new()),
            c => cells.iter_mut().last().into_iter().for_each(|cell| cell.push(c)),
        }
    }
    cells.into_iter().map(Cow::Owned).collect()
}

fn number(cell: &str) -> Option<f64> {
    cell.trim().parse().ok()
}

/// Seconds since 1970 of a timestamp.
fn seconds(cell: &str) -> Option<f64> {
    let cell = cell.trim();
    if let Some(since) = number(cell).filter(|n| n.is_finite()) {
        // a number of so many digits is of this century in one unit only
        let unit = [1e17, 1e14, 1e11].iter().zip([1e9, 1e6, 1e3]).find(|(least, _)| since.abs() >= **least);
        return Some(since / unit.map_or(1.0, |(_, unit)| unit));
    }
    let of = |at: jiff::Timestamp| at.as_nanosecond() as f64 / 1e9;
    if let Ok(at) = cell.parse::<jiff::Timestamp>() {
        return Some(of(at));
    }
    let civil = cell.replace('/', "-");
    let civil =
        civil.parse::<DateTime>().or_else(|_| civil.parse::<Date>().map(|d| d.at(0, 0, 0, 0))).ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|at| of(at.timestamp()))
}

/// The table once more as CSV, `timestamp,value,anomaly_score`, with the cells as they were written.
pub fn scored(table: &Table, verdicts: &[Verdict]) -> String {
    let mut out = String::from("timestamp,value,anomaly_score\n");
    for (row, verdict) in table.rows.iter().zip(verdicts) {
        // writing into a string cannot fail
        let _ = writeln!(out, "{},{},{:.6}", quoted(&row.timestamp), quoted(&row.cell), verdict.score);
    }
    out
}

fn quoted(cell: &str) -> Cow<'_, str> {
    if cell.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(text: &str) -> Vec<(f64, f64)> {
        read(text.as_bytes()).unwrap().points().collect()
    }

    #[test]
    fn many_ways_to_write_the_same() {
        for text in [
            "timestamp,value\n1970-01-01 00:01:40,1.5\n1970-01-01 00:01:41,2\n",
            "\u{feff}time;value\r\n1970-01-01T00:01:40Z;1.5\r\n\r\n1970-01-01T00:01:41.000Z;2\r\n",
            "100,1.5\n101,2",
            "value\ttimestamp\n1.5\t1970-01-01T01:01:40+01:00\n2\t1970/01/01 00:01:41",
            "value,when\n1.5,100\n2,101\n",
            "host,timestamp,value\n\"a,b\",100,1.5\n\"c\",101,2",
        ] {
            assert_eq!(points(text), [(100.0, 1.5), (101.0, 2.0)], "{text}");
        }
        assert_eq!(points("1.5\n2\n"), [(0.0, 1.5), (1.0, 2.0)]);
        assert_eq!(points("y\n1.5\n2\n"), [(0.0, 1.5), (1.0, 2.0)]);
        for (text, at) in [("1500000000", 1.5e9), ("1500000000000", 1.5e9), ("1500000000000000000", 1.5e9)] {
            assert_eq!(seconds(text), Some(at));
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_is_read() {
        let table =
            read(b"timestamp,value\n100,1\nyesterday,2\n102,much\n103\n104,NaN\n105,\xff\n106,5\n").unwrap();
        assert_eq!(table.rows.iter().filter(|r| r.value.is_finite() && r.at.is_finite()).count(), 2);
        let expected = [
            "line 3: `yesterday` is not a timestamp",
            "line 4: `much` is not a number",
            "line 5: `` is not a number",
            "line 6: `NaN` is not a number",
            "line 7: `\u{fffd}` is not a number",
        ];
        assert_eq!(table.problems, expected);
        let many = format!("100,1\n{}", "x,y\n".repeat(40));
        assert_eq!(read(many.as_bytes()).unwrap().problems.last().unwrap(), "and 60 more");
    }

    #[test]
    fn no_series() {
        for (bytes, expected) in [
            (&b""[..], TableError::Empty),
            (b" \n\n", TableError::Empty),
            (b"timestamp,value\n", TableError::NoRows),
            (b"\x7fELF\0\0", TableError::Binary),
            (b"a,b\nc,d\n", TableError::NoNumbers { column: 2, line: 2, begin: "c,d".into() }),
        ] {
            assert_eq!(read(bytes), Err(expected));
        }
    }

    #[test]
    fn scores_stand_beside_the_cells_as_written() {
        let table = read(b"timestamp,value\n1970-01-01 00:00:00.0,1.50\n\"x,y\",2\n").unwrap();
        let verdicts = [Verdict { score: 0.25, ..Verdict::default() }, Verdict::default()];
        assert_eq!(
            scored(&table, &verdicts),
            "timestamp,value,anomaly_score\n1970-01-01 00:00:00.0,1.50,0.250000\n\"x,y\",2,0.000000\n"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
