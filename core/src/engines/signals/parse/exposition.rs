//! Prometheus' text format, as exporters serve it and as files hold it (exposition formats, version 0.0.4;
//! OpenMetrics' `# EOF` and exemplars are let pass).

use super::labels::{labelled, unit};
use super::metrics::SeriesSet;
use super::notes::{Notes, quoted};
use super::time;

/// Whether a text begins as this format does: what is no comment is a sample, and something of it is written as
/// only this format has it. The last line may be cut off. A log that merely counts, `retries 3`, is none.
pub fn is_exposition(start: &str) -> bool {
    let start = start.trim_start_matches('\u{FEFF}');
    let whole = start.rsplit_once('\n').map_or(start, |(whole, _)| whole);
    let mut telling = false;
    for line in whole.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.split_whitespace();
            let known = words.next().is_some_and(|word| matches!(word, "HELP" | "TYPE" | "UNIT" | "EOF"));
            telling |= known && words.next().is_some();
        } else if let Some(sample) = sample(line) {
            telling |= !sample.labels.is_empty();
        } else {
            return false;
        }
    }
    telling
}

/// Reads a text into `series`. Samples without a time of their own are of `at`, in Unix seconds; without that too
/// they are left out. Gives how many were.
pub fn exposition(text: &str, at: Option<f64>, series: &mut SeriesSet, notes: &mut Notes) -> u64 {
    let mut timeless = 0;
    for (number, line) in (1u64..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(sample) = sample(line) else {
            notes.add("a line that is no sample is ignored", || format!("line {number}: {}", quoted(line)));
            continue;
        };
        let borrowed: Vec<(&str, &str)> = sample.labels.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let found = labelled(&sample.name, &borrowed);
        let keys = [&found.service, &found.metric, &found.instance, &found.version, &found.peer];
        let value = if sample.value.is_infinite() { f64::NAN } else { sample.value };
        let Some(ts) = sample.time.or(at) else {
            timeless += 1;
            continue;
        };
        if !series.add(keys.map(String::as_str), found.reporter, unit(&sample.name), ts, value) {
            notes.add("series beyond the bound are ignored", || format!("line {number}"));
        }
    }
    timeless
}

struct Sample<'a> {
    name: String,
    labels: Vec<(&'a str, String)>,
    value: f64,
    time: Option<f64>,
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let width =
        line.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.')).count();
    let (name, rest) = line.split_at(width);
    let (mut labels, rest) = match rest.trim_start().strip_prefix('{') {
        Some(inside) => label_list(inside)?,
        None if name.is_empty() || !rest.starts_with(char::is_whitespace) => return None,
        None => (Vec::new(), rest),
    };
    // `{"http.requests"}` and `{__name__="up"}`: a name among the labels.
    let named = |(label, _): &(&str, String)| matches!(*label, "" | "__name__");
    let name = match labels.iter().position(named) {
        Some(at) => labels.remove(at).1,
        None => name.to_owned(),
    };
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // An exemplar follows a second `#`.
    let mut words = rest.split('#').next()?.split_whitespace();
    let value = number(words.next()?)?;
    let time = words.next().and_then(|word| time::unix(word.parse().ok()?));
    Some(Sample { name, labels, value, time })
}

fn number(word: &str) -> Option<f64> {
    match word {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ => word.parse().ok(),
    }
}

/// `a="x",b="y\"z"}` and what follows.
fn label_list(text: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        // A name in quotes, of a metric or of a label.
        let (name, quoted) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (name, after) = quoted.split_once('"')?;
                match after.trim_start().strip_prefix('=') {
                    Some(after) => (name, after.trim_start().strip_prefix('"')?),
                    None => ("", quoted),
                }
            }
            None => {
                let (name, after) = rest.split_once('=')?;
                (name.trim(), after.trim_start().strip_prefix('"')?)
            }
        };
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => match chars.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        labels.push((name, value));
        rest = quoted[end + 1..].trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::Bounds;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn samples_of_an_exporter() {
        let text = "# HELP x y\n# TYPE x counter\nhttp_requests_total{job=\"api\",code=\"500\",path=\"/a\\\"b\"} 3 1674981729000\n\
                    up 1\nrpc_seconds{service=\"api\",quantile=\"0.9\"} +Inf\n  lat_bucket{le=\"1\"} 4 # {trace_id=\"x\"} 0.5\nbroken{\n\n!\n# EOF\n";
        let mut set = SeriesSet::new(Bounds::default());
        let mut notes = Notes::default();
        assert_eq!(exposition(text, Some(100.0), &mut set, &mut notes), 0);
        let (series, _) = set.finish();
        assert_eq!(series.len(), 4);
        let found = series.iter().find(|s| s.key.metric.starts_with("http")).unwrap();
        assert_eq!(found.key.metric, "http_requests_total{code=\"500\",path=\"/a\"b\"}");
        assert_eq!(found.points, [(1_674_981_729.0, 3.0)]);
        assert!(series.iter().find(|s| s.key.metric.starts_with("rpc")).unwrap().points[0].1.is_nan());
        assert_eq!(notes.sentences("f").len(), 1);
        // Nobody says when: what tells no time of its own is left out and counted.
        let mut set = SeriesSet::new(Bounds::default());
        assert_eq!(exposition(text, None, &mut set, &mut Notes::default()), 3);
        assert_eq!(set.finish().0.len(), 1);
    }

    #[test]
    fn names_among_the_labels() {
        let text = "{__name__=\"up\",job=\"api\"} 1 1674981729000\n{\"http.requests\",\"code\"=\"200\",job=\"api\"} 2 1674981729\n\
                    {job=\"api\"} 3\nspaced {job=\"api\"} 4 1674981729\n";
        let mut set = SeriesSet::new(Bounds::default());
        let mut notes = Notes::default();
        exposition(text, Some(0.0), &mut set, &mut notes);
        let names: Vec<String> = set.finish().0.into_iter().map(|s| s.key.metric).collect();
        assert_eq!(names, ["http.requests{code=\"200\"}", "spaced", "up"]);
        assert_eq!(notes.sentences("f").len(), 1);
    }

    #[test]
    fn it_is_told_from_logs() {
        for (start, expected) in [
            ("# HELP up Whether it is.\n# TYPE up gauge\nup 1\n", true),
            ("up{job=\"api\"} 1 1674981729000\nup{job=\"web\"} 0\nhttp_requests_total{co", true),
            ("\u{FEFF}# TYPE up gauge\r\nup 1\r\n", true),
            ("# a note\nup{job=\"a\"} 1\n", true),
            ("retries 3\nretries 4\n", false),
            ("# EOF\n", false),
            ("# HELP me\n2024-03-05 10:16:00 ERROR it fails\n", false),
            ("10:16:00 1\n", false),
            ("up{job=\"api\"} 1\npanic: no more\n", false),
            ("{\"time\":\"2024-03-05T10:16:00Z\",\"message\":\"x\"}\n", false),
            ("ts,service,metric,value\n1,a,b,2\n", false),
            ("", false),
        ] {
            assert_eq!(is_exposition(start), expected, "{start}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(x|\\{|\\}|a=\"b\"|,|\"|\\\\|=| |1|\n|#|ü|NaN){0,40}") {
            exposition(&text, Some(0.0), &mut SeriesSet::new(Bounds::default()), &mut Notes::default());
            is_exposition(&text);
        }
    }
}
