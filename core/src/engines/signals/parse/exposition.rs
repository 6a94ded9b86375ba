//! Prometheus' text format, as exporters serve it and as files hold it (exposition formats, version 0.0.4;
//! OpenMetrics' `# EOF` and exemplars are let pass).

use super::labels::{labelled, unit};
use super::metrics::SeriesSet;
use super::notes::{Notes, quoted};
use super::time;

/// Reads a text into `series`. Samples without a time of their own are of `at`, in Unix seconds.
pub fn exposition(text: &str, at: f64, series: &mut SeriesSet, notes: &mut Notes) {
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
        let found = labelled(sample.name, &borrowed);
        let keys = [&found.service, &found.metric, &found.instance, &found.version, &found.peer];
        let value = if sample.value.is_infinite() { f64::NAN } else { sample.value };
        let ts = sample.time.unwrap_or(at);
        if !series.add(keys.map(String::as_str), found.reporter, unit(sample.name), ts, value) {
            notes.add("series beyond the bound are ignored", || format!("line {number}"));
        }
    }
}

struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
    value: f64,
    time: Option<f64>,
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let width =
        line.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.')).count();
    let (name, rest) = line.split_at(width);
    if name.is_empty() {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => label_list(inside)?,
        None => (Vec::new(), rest),
    };
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
        let (name, after) = rest.split_once('=')?;
        let quoted = after.trim_start().strip_prefix('"')?;
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
        labels.push((name.trim(), value));
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
        exposition(text, 100.0, &mut set, &mut notes);
        let (series, _) = set.finish();
        assert_eq!(series.len(), 4);
        let found = series.iter().find(|s| s.key.metric.starts_with("http")).unwrap();
        assert_eq!(found.key.metric, "http_requests_total{code=\"500\",path=\"/a\"b\"}");
        assert_eq!(found.points, [(1_674_981_729.0, 3.0)]);
        assert!(series.iter().find(|s| s.key.metric.starts_with("rpc")).unwrap().points[0].1.is_nan());
        assert_eq!(notes.sentences("f").len(), 1);
    }

    proptest! {
        #[test]
        fn never_panics(text in "(x|\\{|\\}|a=\"b\"|,|\"|\\\\|=| |1|\n|#|ü|NaN){0,40}") {
            exposition(&text, 0.0, &mut SeriesSet::new(Bounds::default()), &mut Notes::default());
        }
    }
}
