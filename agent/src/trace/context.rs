//! W3C trace context (Recommendation of 2021, and level 2 for the flag `random`): what callers send, read as the
//! standard demands, and what goes on to others. Reading what is wrong gives no trace, never a fault.

use axum::http::HeaderMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most members of a `tracestate` (section 3.3.1.1).
const MOST_MEMBERS: usize = 32;
/// Characters of a `tracestate` that are passed on; longer members go first (section 3.3.1.5 asks for 512 at least).
const LONGEST: usize = 2048;
const LONG_MEMBER: usize = 128;
/// Level 1's `sampled` and level 2's `random`.
const SAMPLED: u8 = 1;
const KNOWN_FLAGS: u8 = 3;

/// A place in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub trace: u128,
    /// The span that this is.
    pub span: u64,
    pub flags: u8,
    /// What other systems want passed on.
    pub state: Option<String>,
}

impl Context {
    /// What the caller sent: exactly one `traceparent`, and every `tracestate`.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all("traceparent").iter();
        let (parent, another) = (parents.next()?, parents.next());
        if another.is_some() {
            return None;
        }
        let context = parse(parent.to_str().ok()?.trim_matches([' ', '\t']))?;
        let states: Option<Vec<&str>> =
            headers.get_all("tracestate").iter().map(|value| value.to_str().ok()).collect();
        Some(Self { state: states.and_then(|lines| state(&lines)), ..context })
    }

    /// A trace of our own.
    pub fn begin(trace: u128) -> Self {
        Self { trace, span: fresh(), flags: SAMPLED, state: None }
    }

    /// A span within this one.
    pub fn child(&self) -> Self {
        Self { span: fresh(), ..self.clone() }
    }

    pub fn sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    pub fn traceparent(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

/// A span id, never all zeros: SipHash of a counter, under a key that the standard library draws at random for this
/// process. It tells spans apart and is no secret.
fn fresh() -> u64 {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let key = KEY.get_or_init(RandomState::new);
    key.hash_one(NEXT.fetch_add(1, Ordering::Relaxed)).max(1)
}

/// Section 3.2: version, trace id, parent id, flags, lower-case hex.
fn parse(text: &str) -> Option<Context> {
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let whole = hex(version, 2) && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    // Version ff is forbidden, and version 00 has exactly four parts.
    if !whole || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
    let span = u64::from_str_radix(parent, 16).ok().filter(|span| *span != 0)?;
    let flags = u8::from_str_radix(flags, 16).ok()? & KNOWN_FLAGS;
    Some(Context { trace, span, flags, state: None })
}

/// The members of all header lines as one list; nothing when one of them is none (section 3.3.1).
fn state(lines: &[&str]) -> Option<String> {
    let members =
        lines.iter().flat_map(|line| line.split(',')).map(|member| member.trim_matches([' ', '\t']));
    let mut kept: Vec<(&str, &str)> = Vec::new();
    let mut count = 0;
    for member in members.filter(|member| !member.is_empty()) {
        let (key, value) = member.split_once('=')?;
        count += 1;
        if !is_key(key) || !is_value(value) || count > MOST_MEMBERS {
            return None;
        }
        // The first is the newest.
        if !kept.iter().any(|(known, _)| *known == key) {
            kept.push((key, value));
        }
    }
    shorten(&mut kept);
    let text: Vec<String> = kept.iter().map(|(key, value)| format!("{key}={value}")).collect();
    (!text.is_empty()).then(|| text.join(","))
}

/// Section 3.3.1.5: long members go first, then those at the end; each as a whole.
fn shorten(members: &mut Vec<(&str, &str)>) {
    let size = |members: &[(&str, &str)]| members.iter().map(|(k, v)| k.len() + v.len() + 2).sum::<usize>();
    while size(members) > LONGEST {
        let long = members.iter().rposition(|(key, value)| key.len() + value.len() + 1 > LONG_MEMBER);
        members.remove(long.unwrap_or(members.len() - 1));
    }
}

/// Section 3.3.1.3.1, and level 2's, where a tenant may begin with a digit.
fn is_key(key: &str) -> bool {
    let letters = |text: &str, most: usize, digit_first: bool| {
        let first = text.bytes().next();
        let begins = first.is_some_and(|b| b.is_ascii_lowercase() || digit_first && b.is_ascii_digit());
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-*/".contains(&b);
        begins && text.len() <= most && text.bytes().all(plain)
    };
    match key.split_once('@') {
        Some((tenant, system)) => letters(tenant, 241, true) && letters(system, 14, false),
        None => letters(key, 256, true),
    }
}

/// Section 3.3.1.3.2.
fn is_value(value: &str) -> bool {
    let plain = |b: u8| (0x20..=0x7e).contains(&b) && b != b',' && b != b'=';
    (1..=256).contains(&value.len()) && value.bytes().all(plain) && !value.ends_with(' ')
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
