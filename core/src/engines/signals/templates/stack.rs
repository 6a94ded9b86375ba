//! Stack traces grouped by their frames.
//!
//! Knows how Java, Python, Go, JavaScript, .NET, Ruby and Rust write a frame; takes from each only
//! the function, so that two builds, two machines and two inputs give one group. Says nothing of
//! the message of the error.

use std::collections::HashMap;

use super::hash::{self, BuildHash, mix};

/// Frames of a trace that tell its group: deeper ones are those of a server and its threads.
const DEEP: usize = 32;
/// Groups kept; traces of further groups are counted together.
const GROUPS: usize = 4096;

/// The function that a line of a stack trace names, without line numbers, addresses and what
/// generators of code put into names; none if the line is no frame.
pub fn frame(line: &str) -> Option<String> {
    let text = line.trim();
    let function = java_or_script(text)
        .or_else(|| python(text))
        .or_else(|| go(line))
        .or_else(|| ruby(text))
        .or_else(|| rust(text))?;
    let normal = normalise(function);
    (!normal.is_empty()).then_some(normal)
}

/// `at pkg.Class.method(File.java:12)`, `at fn (file.js:1:2)`, `at Ns.Class.Method(args) in f:line 1`.
fn java_or_script(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("at ")?;
    let rest = rest.strip_prefix("async ").or(rest.strip_prefix("new ")).unwrap_or(rest);
    let name = rest.split(" (").next().unwrap_or(rest).split('(').next().unwrap_or(rest).trim();
    // Java names its modules before a slash: `java.base/java.lang.Thread.run`.
    let name = name.rsplit_once('/').filter(|_| rest.contains('(')).map_or(name, |(_, n)| n);
    let placed = rest.contains('(') || rest.contains(" in ") || rest.matches(':').count() >= 2;
    (placed && !name.contains(' ') || rest.contains('(') && name.starts_with("Object.")).then_some(name)
}

/// `File "app.py", line 12, in handle`.
fn python(text: &str) -> Option<&str> {
    text.strip_prefix("File \"")?;
    text.rsplit_once(", in ").map(|(_, name)| name.trim())
}

/// `main.handle(0xc000010000, 0x2)` and `created by net/http.(*Server).Serve`, at the line's begin.
fn go(line: &str) -> Option<&str> {
    if line.starts_with(char::is_whitespace) {
        return None;
    }
    let line = line.trim_end();
    if let Some(by) = line.strip_prefix("created by ") {
        return Some(by.split(" in goroutine").next().unwrap_or(by));
    }
    let arguments = line.strip_suffix(')')?;
    let open = arguments.rfind('(')?;
    let name = &arguments[..open];
    let addresses = arguments[open + 1..].split(',').all(|a| {
        let a = a.trim();
        a.is_empty() || a == "..." || a.starts_with("0x") || a.starts_with('{') || a.ends_with('}')
    });
    let dotted = name.rsplit('/').next().is_some_and(|last| last.contains('.'));
    (addresses && dotted && !name.contains(' ')).then_some(name)
}

/// `from app.rb:12:in 'handle'`, `app.rb:3:in block in run`.
fn ruby(text: &str) -> Option<&str> {
    let text = text.strip_prefix("from ").unwrap_or(text);
    let (place, name) = text.split_once(":in ")?;
    let line = place.rsplit(':').next()?;
    (place.contains(".rb:") && line.bytes().all(|b| b.is_ascii_digit()))
        .then(|| name.trim_matches(['\'', '`', '"']))
}

/// `  12: app::handle` and ` 3:     0x55d0c - app::handle::h0123456789abcdef`.
fn rust(text: &str) -> Option<&str> {
    let (number, rest) = text.split_once(':')?;
    if number.is_empty() || number.len() > 4 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let name = rest.trim();
    let name = name.strip_prefix("0x").and_then(|n| n.split_once(" - ")).map_or(name, |(_, n)| n);
    (name.contains("::") && !name.contains("  ")).then_some(name)
}

/// Without hashes, lambdas' numbers, proxies' numbers and type arguments' addresses.
fn normalise(name: &str) -> String {
    let name = match name.rsplit_once("::h") {
        Some((before, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => before,
        _ => name,
    };
    let mut out = String::with_capacity(name.len());
    let mut digits = false;
    for c in name.chars() {
        if c.is_ascii_digit() {
            if !digits {
                out.push('#');
            }
            digits = true;
        } else {
            digits = false;
            out.push(c);
        }
    }
    out
}

/// A trace's group: its frames' hash, the same for traces that differ in numbers alone. Frames that
/// repeat in a row, as in a recursion, count once. None for text without frames.
pub fn fingerprint<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<u64> {
    let mut frames: Vec<u64> =
        lines.into_iter().filter_map(frame).map(|f| hash::bytes(f.as_bytes())).take(DEEP * 8).collect();
    frames.dedup();
    frames.truncate(DEEP);
    (!frames.is_empty()).then(|| frames.iter().fold(0, |sum, f| mix(sum ^ f)))
}

/// Traces seen, grouped.
#[derive(Debug, Default)]
pub struct Traces {
    groups: HashMap<u64, usize, BuildHash>,
    all: Vec<TraceGroup>,
    /// Traces of groups beyond those kept.
    pub others: u64,
}

/// Traces with the same frames.
#[derive(Debug, Clone)]
pub struct TraceGroup {
    pub fingerprint: u64,
    pub count: u64,
    /// The functions, innermost or outermost first as the language writes them.
    pub frames: Vec<String>,
    /// The number of the first and of the last trace, in the order added.
    pub first: u64,
    pub last: u64,
}

impl Traces {
    /// Takes in one trace, number `number`; gives its group, or none if it has no frame.
    pub fn add(&mut self, trace: &str, number: u64) -> Option<&TraceGroup> {
        let fingerprint = fingerprint(trace.lines())?;
        let place = match self.groups.get(&fingerprint) {
            Some(place) => *place,
            None if self.all.len() >= GROUPS => {
                self.others += 1;
                return None;
            }
            None => {
                let mut frames: Vec<String> = trace.lines().filter_map(frame).take(DEEP * 8).collect();
                frames.dedup();
                frames.truncate(DEEP);
                self.all.push(TraceGroup { fingerprint, count: 0, frames, first: number, last: number });
                self.groups.insert(fingerprint, self.all.len() - 1);
                self.all.len() - 1
            }
        };
        let group = &mut self.all[place];
        group.count += 1;
        group.last = number;
        Some(group)
    }

    /// The groups in the order of their first traces.
    pub fn groups(&self) -> &[TraceGroup] {
        &self.all
    }
}
