//! What a file of a bundle is, by its name; the names of services in names of files.
//!
//! `logs/<service>[.<instance>].log`, with `%2E` and `%2F` where a name holds `.` or `/`.

use std::fmt::Write;

/// The parts of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Brief,
    Metrics,
    /// Metrics in Prometheus' text format.
    Exposition,
    Traces,
    /// Logs or metrics in OTLP's JSON.
    Records,
    Events,
    /// What a cluster runs, as it prints it.
    Objects,
    Topology,
    Changes,
    Log {
        service: String,
        instance: Option<String>,
    },
    /// A log packed in a way that is not read.
    CompressedLog,
    Unknown,
}

/// What the file of that name within a bundle is.
pub fn part(name: &str) -> Part {
    let name = unpacked_name(name);
    match numbered(name).as_deref().unwrap_or(name) {
        "incident.json" => Part::Brief,
        "metrics.csv" => Part::Metrics,
        "metrics.prom" => Part::Exposition,
        "traces.json" => Part::Traces,
        "logs.json" | "metrics.json" => Part::Records,
        "events.jsonl" => Part::Events,
        "objects.json" => Part::Objects,
        "topology.csv" => Part::Topology,
        "changes.jsonl" => Part::Changes,
        _ => name.strip_prefix("logs/").map_or(Part::Unknown, log),
    }
}

/// A name without the ending of what is read packed: by gzip or zstd.
pub fn unpacked_name(name: &str) -> &str {
    [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// `metrics.csv` of `metrics.2.csv`: a part may come in several files.
fn numbered(name: &str) -> Option<String> {
    let (stem, end) = name.rsplit_once('.')?;
    let (stem, number) = stem.rsplit_once('.')?;
    let whole = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (whole && !stem.contains(['/', '.']) && stem != "incident").then(|| format!("{stem}.{end}"))
}

fn log(name: &str) -> Part {
    if [".xz", ".bz2", ".zip", ".lz4"].iter().any(|end| name.ends_with(end)) {
        return Part::CompressedLog;
    }
    // Rotated: `x.log.1`, `x.log-20240102`.
    let rotated = |tail: &str| {
        tail.is_empty()
            || tail
                .strip_prefix(['.', '-'])
                .is_some_and(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
    };
    let stem = [".jsonl", ".log"].iter().find_map(|end| {
        let at = name.rfind(end)?;
        rotated(&name[at + end.len()..]).then(|| &name[..at])
    });
    match stem {
        Some(stem) if !stem.is_empty() && !stem.contains('/') => {
            let (service, instance) = stem.split_once('.').map_or((stem, None), |(s, i)| (s, Some(i)));
            Part::Log { service: decode(service), instance: instance.map(decode) }
        }
        _ => Part::Unknown,
    }
}

/// The name of a service's log file.
pub fn log_name(service: &str, instance: Option<&str>, json: bool) -> String {
    let mut name = format!("logs/{}", encode(service));
    if let Some(instance) = instance {
        let _ = write!(name, ".{}", encode(instance));
    }
    name.push_str(if json { ".jsonl" } else { ".log" });
    name
}

/// Percent-encodes what cannot stand in a part of a file's name.
pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'@' | b'+' | b'=' | b',') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The name that was encoded; what is no encoding stays as it is.
pub fn decode(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = hex.and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_by_name() {
        let log = |service: &str, instance: Option<&str>| Part::Log {
            service: service.into(),
            instance: instance.map(str::to_owned),
        };
        for (name, expected) in [
            ("incident.json", Part::Brief),
            ("logs/cart.log", log("cart", None)),
            ("logs/cart.cart-7fc6f5476f-cr76x.jsonl", log("cart", Some("cart-7fc6f5476f-cr76x"))),
            ("logs/a%2Eb%2Fc.i%2E1.log", log("a.b/c", Some("i.1"))),
            ("logs/cart.log.1", log("cart", None)),
            ("logs/cart.x.log-20240102", log("cart", Some("x"))),
            ("logs/cart.log.gz", log("cart", None)),
            ("logs/cart.log.1.gz", log("cart", None)),
            ("logs/cart.log.xz", Part::CompressedLog),
            ("metrics.2.csv", Part::Metrics),
            ("logs/cart.log.zst", log("cart", None)),
            ("metrics.csv.gz", Part::Metrics),
            ("metrics.2.prom", Part::Exposition),
            ("objects.json", Part::Objects),
            ("changes.12.jsonl", Part::Changes),
            ("metrics.x.csv", Part::Unknown),
            ("incident.2.json", Part::Unknown),
            ("logs/.log", Part::Unknown),
            ("logs/readme.txt", Part::Unknown),
            ("cart.log", Part::Unknown),
            ("notes.md", Part::Unknown),
        ] {
            assert_eq!(part(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn names_come_back(service in "\\PC{1,20}", instance in proptest::option::of("\\PC{1,20}"), json: bool) {
            let name = log_name(&service, instance.as_deref(), json);
            prop_assert_eq!(part(&name), Part::Log { service, instance });
        }

        #[test]
        fn never_panics(name in "[%a-f0-9./é]{0,20}") {
            let _ = (part(&name), decode(&name));
        }
    }
}
