//! Trace ids inside the text of a record.
//!
//! Finds what is labelled as one; never takes a number for an id because it looks like one.

use memchr::memmem;

/// The longest id that is believed, in bytes.
const LONGEST: usize = 64;

/// The trace id that `text` names, as it stands there.
pub fn trace(text: &str) -> Option<&str> {
    labelled(text).or_else(|| sleuth(text))
}

/// `TraceID: x`, `trace_id=x`, `"traceId":"x"`, `trace.id=x`, `traceparent=00-x-y-01`, `dd.trace_id=x`.
fn labelled(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = memmem::find(&bytes[from..], b"race") {
        let at = from + found;
        from = at + 4;
        if at == 0 || !bytes[at - 1].eq_ignore_ascii_case(&b't') {
            continue;
        }
        if let Some(id) = after_label(text, from) {
            return Some(id);
        }
    }
    None
}

fn after_label(text: &str, from: usize) -> Option<&str> {
    let rest = text.get(from..)?;
    let lower = |n: usize| rest.get(..n).map(str::to_ascii_lowercase).unwrap_or_default();
    let label = if lower(6) == "parent" {
        6
    } else {
        let gap = usize::from(rest.starts_with(['_', '-', '.', ' ']));
        let is_id = rest.get(gap..gap + 2).is_some_and(|t| t.eq_ignore_ascii_case("id"));
        match rest.as_bytes().first()? {
            // `trace=x` stands for an id only when it looks like one, which is checked below.
            b'=' => 0,
            _ if is_id => gap + 2,
            _ => return None,
        }
    };
    let rest = rest.get(label..)?;
    let value = rest.trim_start_matches(['"', '\'', ' ']);
    let value = value.strip_prefix([':', '='])?.trim_start_matches([' ', '"', '\'', '[', '\\']);
    let id = word(value);
    if lower(6) == "parent" {
        return id.split('-').nth(1).filter(|id| id.len() == 32);
    }
    let enough = if label == 0 { is_hexadecimal(id) } else { id.len() >= 8 };
    (enough && id.bytes().any(|b| b.is_ascii_digit())).then_some(id)
}

fn word(text: &str) -> &str {
    let end = text.bytes().take(LONGEST + 1).take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
    if end > LONGEST { "" } else { &text[..end] }
}

fn is_hexadecimal(id: &str) -> bool {
    matches!(id.len(), 16 | 32) && id.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Spring Cloud Sleuth's `[service,trace,span]` or `[service,trace,span,true]`.
fn sleuth(text: &str) -> Option<&str> {
    let open = memchr::memchr(b'[', text.as_bytes().get(..text.len().min(160))?)?;
    let inside = text.get(open + 1..)?.split_once(']')?.0;
    let mut parts = inside.split(',').map(str::trim);
    let (_, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    (is_hexadecimal(trace) && is_hexadecimal(span)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_that_are_labelled() {
        const ID: &str = "463ac35c9f6413ad48485a3953bb6124";
        for text in [
            format!("TraceID: {ID} SpanID: d5968a836cd9ff5a done"),
            format!("x trace_id={ID}, y"),
            format!("\"traceId\":\"{ID}\""),
            format!("{{trace.id: '{ID}'}}"),
            format!("traceparent=00-{ID}-00f067aa0ba902b7-01"),
            format!("[shop,{ID},0020000000000001,true] x"),
            format!("[trace={ID},span=1]"),
            format!("a stack trace of trace-id={ID}"),
        ] {
            assert_eq!(trace(&text), Some(ID), "{text}");
        }
        for text in [
            "",
            "trace",
            "trace_id=",
            "trace_id=null",
            "trace=on",
            "traceid: abc",
            "retrace id",
            "[a,b,c] x",
            "traceback=1",
        ] {
            assert_eq!(trace(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,60}", like in "(trace|Trace|[ _.:=\"\\[,-]|id|parent|[0-9a-fü]{0,40}){0,9}") {
            let _ = (trace(&text), trace(&like));
        }
    }
}
