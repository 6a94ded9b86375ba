//! The record that is being gathered: its first line is there, more may follow.

use super::ids;
use super::logs::LogSource;
use super::stack::{self, Stack};
use crate::domain::incident::{LineSink, LogLevel, LogLine};

/// One record; its buffers are used again for the next.
#[derive(Debug, Default)]
pub struct Record {
    pub live: bool,
    pub level: Option<LogLevel>,
    pub error: Option<String>,
    pub stack: Stack,
    time: Option<f64>,
    offset: u64,
    raw: Vec<u8>,
    message: String,
    service: Option<String>,
    instance: Option<String>,
    trace: Option<String>,
}

impl Record {
    /// Begins with a first line; a message of several lines is read like lines that follow.
    pub fn begin(
        &mut self,
        raw: &[u8],
        offset: u64,
        time: Option<f64>,
        level: Option<LogLevel>,
        message: &str,
    ) {
        self.live = true;
        self.level = level;
        self.error = None;
        self.stack.clear();
        self.time = time;
        self.offset = offset;
        self.raw.clear();
        self.raw.extend_from_slice(raw);
        self.message.clear();
        self.service = None;
        self.instance = None;
        self.trace = None;
        let mut lines = message.split('\n');
        let first = lines.next().unwrap_or("").trim();
        self.message.push_str(first);
        // A trace may begin with the record; an ordinary message must not be taken for a frame.
        if stack::exception(first).is_some() || matches!(self.stack.part(first), stack::Part::Reports) {
            self.stack.add(first);
        }
        for line in lines.take(400) {
            self.stack.add(line);
        }
        self.trace_in(first);
    }

    /// What a structured record says of itself.
    pub fn own(&mut self, service: Option<&str>, instance: Option<&str>, trace: Option<&str>) {
        self.service = service.map(str::to_owned);
        self.instance = instance.map(str::to_owned);
        if let Some(trace) = trace {
            self.trace = Some(lower(trace));
        }
    }

    /// Looks for a trace id in a text.
    pub fn trace_in(&mut self, text: &str) {
        if self.trace.is_none() {
            self.trace = ids::trace(text).map(lower);
        }
    }

    /// Gives the record away.
    pub fn give(&mut self, source: &LogSource, sink: &mut LineSink<'_>) {
        self.live = false;
        let opened = self.stack.is_some();
        let (reported, frames) = self.stack.finish();
        let reported = reported.or_else(|| if frames.is_empty() { None } else { inside(&self.message) });
        let failed = !frames.is_empty() || opened || reported.is_some();
        let error = self.error.as_deref().or(reported);
        sink(&LogLine {
            service: self.service.as_deref().unwrap_or(&source.service),
            instance: self.instance.as_deref().or(source.instance.as_deref()),
            time: self.time,
            level: self.level.or(if failed { Some(LogLevel::Error) } else { None }),
            message: &self.message,
            error,
            frames,
            trace: self.trace.as_deref(),
            file: &source.file,
            offset: self.offset,
            raw: &self.raw,
        });
    }
}

/// The exception that a message names behind some words of its own.
fn inside(message: &str) -> Option<&str> {
    let starts = message.match_indices(' ').map(|(at, _)| at + 1).take(40);
    std::iter::once(0).chain(starts).find_map(|at| stack::exception(&message[at..]))
}

fn lower(id: &str) -> String {
    if id.bytes().all(|b| b.is_ascii_hexdigit()) { id.to_ascii_lowercase() } else { id.to_owned() }
}
