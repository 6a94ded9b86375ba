//! Text to index terms: words and the parts of identifiers, in lower case, common endings cut.
//!
//! `ConnectionPool`, `connection_pool` and "connection pools" share the terms that a search for any of
//! them needs; a compound is also kept whole, so that an exact name still counts for more.

/// A longer term is cut: nobody searches for it, and a file of one endless word must not fill the index.
const LONGEST: usize = 64;

/// Words that are in every text and tell none apart.
const STOP: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "does", "for", "from", "has",
    "have", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "no", "not", "of", "on", "or",
    "so", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "use", "using",
    "was", "we", "what", "when", "where", "which", "while", "who", "why", "will", "with", "you", "your",
];

/// The index terms of `text`, in order, repeated as often as they occur.
pub fn terms(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()) {
        let parts = parts(word);
        if parts.len() > 1 {
            out.push(shorten(word.chars().filter(|c| *c != '_').flat_map(char::to_lowercase)));
        }
        for part in parts {
            let part = shorten(part.chars().flat_map(char::to_lowercase));
            if STOP.binary_search(&part.as_str()).is_err() {
                out.push(stem(part));
            }
        }
    }
    out
}

/// `text` with the parts of identifiers set apart, for a model that knows words: `KubePodNotReady` is
/// "Kube Pod Not Ready".
pub fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for run in text.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
        let end = run.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_').len();
        if is_compound(&run[..end]) {
            out.push_str(&parts(&run[..end]).join(" "));
        } else {
            out.push_str(&run[..end]);
        }
        out.push_str(&run[end..]);
    }
    out
}

/// Whether a word has a capital after a small letter, or `_` between others; `utf8` is a word.
fn is_compound(word: &str) -> bool {
    let small_then_capital = |(a, b): (char, char)| kind(a) == Kind::Lower && kind(b) == Kind::Upper;
    word.trim_matches('_').contains('_') || word.chars().zip(word.chars().skip(1)).any(small_then_capital)
}

fn shorten(chars: impl Iterator<Item = char>) -> String {
    chars.take(LONGEST).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Upper,
    Lower,
    Digit,
    Gap,
}

fn kind(c: char) -> Kind {
    match c {
        '_' => Kind::Gap,
        _ if c.is_numeric() => Kind::Digit,
        _ if c.is_uppercase() => Kind::Upper,
        _ => Kind::Lower,
    }
}

/// The words of an identifier: `HTTPServer2_fast` is HTTP, Server, 2, fast.
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut before = Kind::Gap;
    let mut chars = word.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let now = kind(c);
        let next = chars.peek().map(|(_, c)| kind(*c));
        let begins = match (before, now) {
            (Kind::Upper, Kind::Lower) => false,
            (Kind::Upper, Kind::Upper) => next == Some(Kind::Lower),
            (before, now) => before != now,
        };
        if begins {
            if before != Kind::Gap {
                parts.push(&word[start..at]);
            }
            start = at;
        }
        before = now;
    }
    if before != Kind::Gap && start < word.len() {
        parts.push(&word[start..]);
    }
    parts
}

/// Cuts the commonest English endings: less than Porter's algorithm, and never two words of different
/// meaning in one that it keeps apart.
fn stem(mut word: String) -> String {
    if !word.is_ascii() {
        return word;
    }
    if word.len() > 4 {
        if word.ends_with("ies") {
            word.truncate(word.len() - 3);
            word.push('y');
        } else if word.ends_with("sses") {
            word.truncate(word.len() - 2);
        } else if word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") {
            word.pop();
        }
    }
    for ending in ["ing", "ed"] {
        let Some(rest) = word.strip_suffix(ending) else { continue };
        if rest.len() < 3 || !rest.bytes().any(|b| b"aeiouy".contains(&b)) {
            continue;
        }
        word.truncate(rest.len());
        let bytes = word.as_bytes();
        let doubled = bytes.len() > 3 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2];
        if doubled && !word.ends_with(['l', 's', 'z']) {
            word.pop();
        }
        break;
    }
    if word.len() > 4 && word.ends_with('e') {
        word.pop();
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stop_words_are_sorted() {
        assert!(STOP.is_sorted());
    }

    #[test]
    fn splits_identifiers_and_cuts_endings() {
        for (text, expected) in [
            ("", ""),
            ("the of and", ""),
            ("memory leaks", "memory leak"),
            ("ConnectionPool", "connectionpool connection pool"),
            ("connection_pool", "connectionpool connection pool"),
            ("HTTPServer2_fast", "httpserver2fast http server 2 fast"),
            ("__init__", "init"),
            ("stopped stopping stops", "stop stop stop"),
            ("queries query", "query query"),
            ("caches caching cache", "cach cach cach"),
            ("status process bus", "status process bus"),
            ("Größe café 中文", "größe café 中文"),
        ] {
            assert_eq!(terms(text).join(" "), expected, "{text:?}");
        }
    }

    #[test]
    fn sets_the_parts_of_identifiers_apart() {
        for (text, expected) in [
            ("", ""),
            ("KubePodNotReady", "Kube Pod Not Ready"),
            ("fix  leak_in(ConnPool)!", "fix  leak in(Conn Pool)!"),
            ("utf8 and sha256 in API", "utf8 and sha256 in API"),
            ("plain words, only.", "plain words, only."),
            ("__init__ _", "__init__ _"),
        ] {
            assert_eq!(spaced(text), expected);
        }
    }

    proptest! {
        #[test]
        fn terms_are_short_and_never_empty(text in "\\PC*|[a-zA-Z0-9_ ]{0,200}") {
            for term in terms(&text) {
                prop_assert!(!term.is_empty() && term.chars().count() <= 3 * LONGEST);
            }
        }
    }
}
