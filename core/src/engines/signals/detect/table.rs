//! A series as CSV: rows of a timestamp and a value in, with a score out.
//!
//! Whatever can be read is read; what cannot is told with its line. Never opens a file.

use super::moment::Moments;
use super::stream::Verdict;
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
    /// The file has its rows in the reverse order of time.
    pub newest_first: bool,
}

impl Table {
    /// What the detector takes, in its order.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.order().filter_map(|at| self.rows.get(at)).map(|row| (row.at, row.value))
    }

    /// Places of the rows in the order in which the detector takes them.
    pub fn order(&self) -> impl Iterator<Item = usize> + use<> {
        let (count, back) = (self.rows.len(), self.newest_first);
        (0..count).map(move |at| if back { count - 1 - at } else { at })
    }
}

/// Reads a table from bytes (UTF-8, or UTF-16 with a byte order mark): separated by commas, semicolons or tabs, with
/// or without a header, which may name the columns (`timestamp`, `value`). Lines that begin with `#` are comments.
/// Timestamps are ISO 8601 (UTC unless they say otherwise), numbers since 1970 in seconds, milli-, micro- or
/// nanoseconds, or dates as people write them. Where there is none, values are at even distances. Rows that are all
/// newest first are taken in the order of time.
///
/// # Errors
/// If there is no row with a number.
pub fn read(bytes: &[u8]) -> Result<Table, TableError> {
    let text = decoded(bytes);
    if text.contains('\0') {
        return Err(TableError::Binary);
    }
    let told = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let mut lines = text.lines().enumerate().filter(|(_, line)| told(line)).peekable();
    let (_, first) = *lines.peek().ok_or(TableError::Empty)?;
    let separator =
        [',', ';', '\t'].into_iter().max_by_key(|s| (first.matches(*s).count(), *s == ',')).unwrap_or(',');
    let header = cells(first, separator);
    let named = header.iter().all(|cell| number(cell, separator).is_none() && !is_moment(cell));
    if named {
        lines.next();
    }
    let Some((line, begin)) = lines.peek().copied() else {
        return Err(TableError::NoRows);
    };
    let columns = Columns::of(if named { &header } else { &[] }, &cells(begin, separator));
    let (line, begin) = (line + 1, begin.chars().take(40).collect());
    let mut reader =
        Reader { columns, separator, moments: Moments::default(), table: Table::default(), untold: 0 };
    reader.without_times(line);
    lines.for_each(|(line, text)| reader.row(line + 1, text));
    if reader.table.rows.iter().all(|row| !row.value.is_finite()) {
        return Err(TableError::NoNumbers { column: reader.columns.value + 1, line, begin });
    }
    Ok(reader.done())
}

/// Text, of whatever encoding says so at its beginning.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(bytes),
    }
}

fn is_moment(cell: &str) -> bool {
    Moments::default().seconds(cell).is_some()
}

struct Columns {
    time: Option<usize>,
    value: usize,
    /// The first row's timestamp is none.
    timeless: bool,
}

impl Columns {
    /// By their names, else by what the first row holds: a date is a time, and what is left is the value.
    fn of(header: &[Cow<str>], row: &[Cow<str>]) -> Self {
        let exactly = |names: &[&str]| {
            let is = |name: &&str, cell: &Cow<str>| cell.trim().eq_ignore_ascii_case(name);
            names.iter().find_map(|name| header.iter().position(|cell| is(name, cell)))
        };
        let dated = row.iter().position(|cell| cell.trim().parse::<f64>().is_err() && is_moment(cell));
        let within = || {
            let like = |cell: &Cow<str>| {
                let name = cell.to_ascii_lowercase();
                ["time", "date", "stamp"].iter().any(|part| name.contains(part))
            };
            header.iter().position(like)
        };
        let width = row.len().max(header.len());
        let value = exactly(&VALUE_NAMES);
        let left = (0..width).find(|column| Some(*column) != value);
        let named = exactly(&TIME_NAMES);
        let time = if width < 2 { None } else { named.or(dated).or_else(within).or(left) };
        let number = |column: &usize| {
            Some(*column) != time && row.get(*column).is_some_and(|cell| cell.trim().parse::<f64>().is_ok())
        };
        let called = |column: &usize| header.get(*column).is_none_or(|name| !name.trim().is_empty());
        let other = (0..width)
            .find(|column| number(column) && called(column))
            .or_else(|| (0..width).find(number))
            .or_else(|| (0..width).find(|column| Some(*column) != time));
        let timeless = time.and_then(|time| row.get(time)).is_some_and(|cell| !is_moment(cell));
        Self { time, value: value.filter(|v| Some(*v) != time).or(other).unwrap_or(0), timeless }
    }
}

struct Reader {
    columns: Columns,
    separator: char,
    moments: Moments,
    table: Table,
    untold: usize,
}

impl Reader {
    /// Rows whose first has no timestamp are at even distances: there is none to be had.
    fn without_times(&mut self, line: usize) {
        if self.columns.timeless {
            self.tell(line, "there is no timestamp that can be read: the rows are taken as evenly spaced");
        }
    }

    fn row(&mut self, line: usize, text: &str) {
        let cells = cells(text, self.separator);
        let cell = |column: usize| cells.get(column).map_or("", |c| c.trim());
        let timestamp = self.columns.time.map(cell);
        let written = cell(self.columns.value);
        let at = match timestamp.filter(|_| !self.columns.timeless) {
            Some(text) => self.moments.seconds(text).unwrap_or(f64::NAN),
            None => self.table.rows.len() as f64,
        };
        if at.is_nan() {
            self.tell(line, &format!("`{}` is not a timestamp", shown(timestamp.unwrap_or_default())));
        }
        let value = number(written, self.separator).unwrap_or(f64::NAN);
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
        let rows = &self.table.rows;
        if rows.len() > 2 && rows.windows(2).all(|pair| pair[0].at > pair[1].at) {
            self.table.newest_first = true;
            self.table.problems.push("the rows are newest first: they are scored from below".to_owned());
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

/// A number; where something else separates the cells, a comma may stand before its fraction.
fn number(cell: &str, separator: char) -> Option<f64> {
    let cell = cell.trim();
    let comma = separator != ',' && cell.contains(',') && !cell.contains('.');
    cell.parse().ok().or_else(|| if comma { cell.replacen(',', ".", 1).parse().ok() } else { None })
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
    }

    #[test]
    fn columns_are_told_by_what_is_in_them() {
        for text in [
            "1.5,1970-01-01 00:01:40\n2,1970-01-01 00:01:41\n",
            "cpu,date_time\n1.5,100\n2,101\n",
            "cpu_usage,when\n1.5,1970-01-01 00:01:40\n2,1970-01-01 00:01:41\n",
            ",timestamp,latency\n0,100,1.5\n1,101,2\n",
            "# made by hand\ntimestamp,host,value\n100,web,1.5\n# a pause\n101,web,2\n",
            "timestamp;value\n01.01.1970 00:01:40;1,5\n01.01.1970 00:01:41;2\n",
        ] {
            assert_eq!(points(text), [(100.0, 1.5), (101.0, 2.0)], "{text}");
        }
        assert_eq!(
            points("timestamp,value\n102,3\n101,2\n100,1.5\n"),
            [(100.0, 1.5), (101.0, 2.0), (102.0, 3.0)]
        );
        let wide: Vec<u8> = "\u{feff}100,1.5\n101,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&wide).unwrap().rows.len(), 2);
        let untimed = read(b"when,value\nmorning,1.5\nnoon,2\n").unwrap();
        assert_eq!((untimed.rows[1].at, untimed.problems.len()), (1.0, 1));
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
