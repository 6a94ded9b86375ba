//! Traces in OTLP's JSON encoding: one object, or one a line as collectors' file exporters write them.
//!
//! Read span by span from the bytes, so that memory grows with the spans kept and not with the file.

use super::json::Json;
use super::notes::Notes;
use crate::domain::incident::SpanRecord;

/// Spans of one `resourceSpans` entry.
pub fn resource_spans(entry: &Json<'_>, notes: &mut Notes, sink: &mut dyn FnMut(SpanRecord)) {
    let attributes = entry.at(&["resource", "attributes"]);
    let service = attribute(attributes, &["service.name"]).unwrap_or_else(|| {
        notes.add("spans without `service.name` are listed as unknown", String::new);
        "unknown".to_owned()
    });
    let instance = attribute(attributes, &["service.instance.id", "k8s.pod.name", "host.name"]);
    // Older exporters say instrumentationLibrarySpans.
    let scopes = ["scopeSpans", "instrumentationLibrarySpans"].iter().filter_map(|name| entry.get(name));
    for span in scopes.flat_map(Json::list).filter_map(|scope| scope.get("spans")).flat_map(Json::list) {
        match read(span, &service, instance.as_deref()) {
            Some(span) => sink(span),
            None => notes.add("a span without ids or times is ignored", String::new),
        }
    }
}

fn read(span: &Json<'_>, service: &str, instance: Option<&str>) -> Option<SpanRecord> {
    let start = nanoseconds(span, &["startTimeUnixNano", "start_time_unix_nano"])?;
    let end = nanoseconds(span, &["endTimeUnixNano", "end_time_unix_nano"]).unwrap_or(start);
    let id = |names: &[&str]| names.iter().find_map(|name| span.text_at(&[name])).map(hexadecimal);
    let parent = id(&["parentSpanId", "parent_span_id"]).filter(|p| p.bytes().any(|b| b != b'0'));
    #[allow(clippy::cast_precision_loss, reason = "a float's second is precise to a microsecond")]
    Some(SpanRecord {
        trace: id(&["traceId", "trace_id"])?,
        span: id(&["spanId", "span_id"])?,
        parent,
        service: service.to_owned(),
        instance: instance.map(str::to_owned),
        operation: span.text_at(&["name"]).unwrap_or("").to_owned(),
        start: start as f64 / 1e9,
        duration: end.saturating_sub(start).max(0) as f64 / 1e9,
        error: failed(span),
    })
}

/// The status says so, or the HTTP status is a server error that the status leaves out.
fn failed(span: &Json<'_>) -> bool {
    let by_status = match span.at(&["status", "code"]) {
        Some(Json::Text(code)) => code == "STATUS_CODE_ERROR" || code == "2",
        Some(code) => code.number() == Some(2.0),
        None => false,
    };
    let http = || attribute(span.get("attributes"), &["http.response.status_code", "http.status_code"]);
    by_status || http().is_some_and(|code| code.len() == 3 && code.starts_with('5'))
}

pub(super) fn nanoseconds(span: &Json<'_>, names: &[&str]) -> Option<i64> {
    let value = names.iter().find_map(|name| span.get(name))?;
    let number = match value {
        Json::Integer(number) => *number,
        Json::Text(text) => text.parse().ok()?,
        #[allow(clippy::cast_possible_truncation, reason = "saturates")]
        _ => value.number()? as i64,
    };
    (number > 0).then_some(number)
}

/// Ids are hexadecimal in OTLP's JSON; some write base64, as plain protobuf JSON does.
pub(super) fn hexadecimal(id: &str) -> String {
    if id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return id.to_ascii_lowercase();
    }
    use base64::Engine;
    match base64::engine::general_purpose::STANDARD.decode(id) {
        Ok(bytes) if bytes.len() == 16 || bytes.len() == 8 => crate::domain::hex(bytes),
        _ => id.to_owned(),
    }
}

/// The value of the first attribute that is there, as text.
pub(super) fn attribute(attributes: Option<&Json<'_>>, names: &[&str]) -> Option<String> {
    let list = attributes?.list();
    let find = |name: &&str| list.iter().find(|a| a.text_at(&["key"]) == Some(name))?.get("value");
    let value = names.iter().find_map(find)?;
    match value.fields().first().map(|(_, inner)| inner) {
        Some(Json::Text(text)) => Some(text.to_string()).filter(|t| !t.is_empty()),
        Some(inner @ (Json::Integer(_) | Json::Number(_))) => inner.number().map(|n| n.to_string()),
        _ => None,
    }
}

/// Splits the entries of `resourceSpans` out of a stream of bytes, so that each is parsed alone.
#[derive(Debug)]
pub struct TracesReader {
    scanner: Scanner,
    notes: Notes,
    any: bool,
}

impl Default for TracesReader {
    fn default() -> Self {
        Self {
            scanner: Scanner::of(["resourceSpans", "resource_spans"]),
            notes: Notes::default(),
            any: false,
        }
    }
}

impl TracesReader {
    /// Takes the next bytes.
    pub fn feed(&mut self, chunk: &[u8], sink: &mut dyn FnMut(SpanRecord)) {
        let (scanner, notes, any) = (&mut self.scanner, &mut self.notes, &mut self.any);
        scanner.feed(chunk, &mut |entry| {
            *any = true;
            match std::str::from_utf8(entry).ok().and_then(|text| Json::read(text).ok()) {
                Some(json) => resource_spans(&json, notes, sink),
                None => notes.add("a broken entry of `resourceSpans` is ignored", String::new),
            }
        });
    }

    /// What was ignored.
    pub fn finish(mut self) -> Notes {
        if self.scanner.inside() {
            self.notes
                .add("it ends in the middle: half-written or cut; what came before is used", String::new);
        }
        if self.scanner.dropped > 0 {
            let count = self.scanner.dropped;
            self.notes.add_many("an entry of more than 64 MiB is ignored", count, String::new);
        }
        if !self.any {
            self.notes.add("it holds no `resourceSpans`", String::new);
        }
        self.notes
    }
}

/// The longest entry, in bytes.
const LONGEST: usize = 64 << 20;

/// Finds the elements of the list under one of two keys, such as `resourceSpans`, by counting brackets outside strings.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    keys: [&'static str; 2],
    depth: usize,
    string: bool,
    escaped: bool,
    /// The text of the string that was read last, at most as long as the key.
    last: Vec<u8>,
    /// The depth inside the list, once it has begun.
    list: Option<usize>,
    entry: Vec<u8>,
    taking: bool,
    overlong: bool,
    dropped: u64,
    key: bool,
}

impl Scanner {
    pub(super) fn of(keys: [&'static str; 2]) -> Self {
        Self { keys, ..Self::default() }
    }

    pub(super) fn inside(&self) -> bool {
        self.depth > 0
    }

    pub(super) fn feed(&mut self, chunk: &[u8], each: &mut dyn FnMut(&[u8])) {
        let mut at = 0;
        while at < chunk.len() {
            let from = at;
            if self.string && self.taking && !self.escaped {
                // Strings within an entry are skipped in one go.
                at += memchr::memchr2(b'"', b'\\', &chunk[at..]).unwrap_or(chunk.len() - at);
                self.take(&chunk[from..at]);
                if at == chunk.len() {
                    break;
                }
            }
            self.byte(chunk[at], each);
            at += 1;
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.entry.len() + bytes.len() > LONGEST {
            self.overlong = true;
            self.entry = Vec::new();
        } else if !self.overlong {
            self.entry.extend_from_slice(bytes);
        }
    }

    fn byte(&mut self, byte: u8, each: &mut dyn FnMut(&[u8])) {
        if self.taking {
            self.take(&[byte]);
        }
        if self.string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.string = false;
                    self.key = self.keys.iter().any(|key| key.as_bytes() == self.last);
                }
                _ if self.last.len() < 20 => self.last.push(byte),
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.string = true;
                self.last.clear();
            }
            b'{' | b'[' => {
                self.depth += 1;
                if byte == b'[' && self.key && self.list.is_none() {
                    self.list = Some(self.depth);
                } else if byte == b'{' && self.list.is_some_and(|list| self.depth == list + 1) {
                    self.taking = true;
                    self.entry.clear();
                    self.entry.push(b'{');
                }
                self.key = false;
            }
            b'}' | b']' => self.close(each),
            b':' | b' ' | b'\n' | b'\t' | b'\r' => {}
            _ => self.key = false,
        }
    }

    fn close(&mut self, each: &mut dyn FnMut(&[u8])) {
        self.depth = self.depth.saturating_sub(1);
        let Some(list) = self.list else { return };
        if self.taking && self.depth == list {
            self.taking = false;
            if std::mem::take(&mut self.overlong) {
                self.dropped += 1;
            } else {
                each(&self.entry);
            }
            self.entry.clear();
        } else if self.depth < list {
            self.list = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8], chunk: usize) -> (Vec<SpanRecord>, Vec<String>) {
        let mut spans = Vec::new();
        let mut reader = TracesReader::default();
        for piece in text.chunks(chunk) {
            reader.feed(piece, &mut |span| spans.push(span));
        }
        (spans, reader.finish().sentences("traces.json"))
    }

    const ONE: &str = r#"{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"ca\"rt"}},{"key":"service.instance.id","value":{"stringValue":"cart-1"}}]},"scopeSpans":[{"scope":{"name":"x"},"spans":[{"traceId":"9BD72D837371fe1b33bd1ab5c2e51e85","spanId":"01a62fca618c15bf","parentSpanId":"","name":"GET [","startTimeUnixNano":"1674981774482000000","endTimeUnixNano":1674981774492000000,"status":{"code":2}},{"traceId":"m9ctg3Nx/hszvRq1wuUehQ==","spanId":"AaYvymGMFb8=","name":"b","startTimeUnixNano":"1674981774482000000","attributes":[{"key":"http.status_code","value":{"intValue":"503"}}]},{"name":"no ids"}]}]}"#;

    #[test]
    fn spans_whole_in_pieces_and_by_line() {
        let one = format!(r#"{{"resourceSpans":[{ONE},{ONE}]}}"#);
        let lines = format!("{{\"resourceSpans\":[{ONE}]}}\n{{\"resourceSpans\": [ {ONE} ]}}\n");
        for text in [one, lines] {
            for chunk in [1, 13, 1 << 20] {
                let (spans, notes) = read(text.as_bytes(), chunk);
                assert_eq!(spans.len(), 4);
                assert_eq!(
                    (spans[0].service.as_str(), spans[0].instance.as_deref()),
                    ("ca\"rt", Some("cart-1"))
                );
                assert_eq!(spans[0].trace, spans[1].trace);
                assert_eq!((spans[0].error, spans[1].error, spans[0].parent.clone()), (true, true, None));
                assert!((spans[0].duration - 0.01).abs() < 1e-9);
                assert_eq!(notes, ["traces.json: a span without ids or times is ignored: 2 times"]);
            }
        }
    }

    #[test]
    fn what_is_cut_or_none() {
        let cut = format!(r#"{{"resourceSpans":[{ONE},{}"#, &ONE[..200]);
        let (spans, notes) = read(cut.as_bytes(), 64);
        assert_eq!(spans.len(), 2);
        assert!(notes.iter().any(|n| n.contains("ends in the middle")));
        for text in ["", "[]", "not json", r#"{"a":"resourceSpans"}"#] {
            assert_eq!(read(text.as_bytes(), 64).0.len(), 0, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100),
            like in "(\\{|\\}|\\[|\\]|\"resourceSpans\"|:|,|\"scopeSpans\"|\"spans\"|\\\\|\"|1){0,40}", chunk in 1usize..30) {
            let _ = (read(&bytes, chunk), read(like.as_bytes(), chunk));
        }
    }
}
