//! Words from outside — logs, bundles, people — on their way into a report.
//!
//! The one door: whatever passes is without secrets, cannot drive a terminal or reorder a line, has an end,
//! and is no markup. Never touches what a report says of itself.

use crate::ui::harmless;
use ecoops_core::domain::ContentHash;

/// Characters that are shown of a name, of a sentence, of a quoted line.
pub const NAME: usize = 120;
pub const SENTENCE: usize = 600;
pub const QUOTE: usize = 2_000;
/// Characters of an identifier that are spelt out; longer ones end in a hash.
const ANCHOR: usize = 60;

#[derive(Clone, Copy)]
pub struct Words<'a> {
    redact: &'a dyn Fn(&str) -> String,
}

impl std::fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Words(..)")
    }
}

impl<'a> Words<'a> {
    pub fn new(redact: &'a dyn Fn(&str) -> String) -> Self {
        Self { redact }
    }

    /// Harmless text of at most `most` characters on one line; markup is still markup.
    pub fn plain(&self, text: &str, most: usize) -> String {
        let text = (self.redact)(text).replace(['\n', '\r', '\t'], " ");
        harmless(&cut(&text, most), false)
    }

    /// The same with its lines kept.
    pub fn lines(&self, text: &str, most: usize) -> String {
        let text = (self.redact)(text).replace("\r\n", "\n").replace('\r', "\n");
        harmless(&cut(&text, most), true)
    }

    /// HTML of a name.
    pub fn name(&self, text: &str) -> String {
        escape(&self.plain(text, NAME))
    }

    /// HTML of a name for a narrow place: a line may break behind its marks, and within a part of it only where
    /// that part is longer than any word.
    pub fn cell(&self, text: &str) -> String {
        breakable(&self.plain(text, NAME))
    }

    /// HTML of a sentence.
    pub fn sentence(&self, text: &str) -> String {
        escape(&self.plain(text, SENTENCE))
    }

    /// HTML of a quoted line or several, for `pre`.
    pub fn quote(&self, text: &str) -> String {
        escape(&self.lines(text, QUOTE))
    }
}

/// At most `most` characters, the last of them saying that there were more.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(most.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

/// Characters of a part of a name that always stay on one line.
const UNBROKEN: usize = 28;

/// HTML with places to break a line behind `-`, `_`, `.`, `/`, `:` and `@`.
fn breakable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut run = 0;
    for c in text.chars() {
        let mark = matches!(c, '-' | '_' | '.' | '/' | ':' | '@');
        out.push_str(&escape(c.encode_utf8(&mut [0; 4])));
        run = if c.is_whitespace() { 0 } else { run + 1 };
        if mark || run >= UNBROKEN {
            out.push_str("<wbr>");
            run = 0;
        }
    }
    out.strip_suffix("<wbr>").unwrap_or(&out).to_owned()
}

/// Text as HTML, in elements and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// An identifier for the report's own links: letters, digits and hyphens, others in hexadecimal.
pub fn anchor(kind: &str, id: &str) -> String {
    let mut out = format!("{kind}-");
    for c in id.chars().take(ANCHOR) {
        if c.is_ascii_alphanumeric() { out.push(c) } else { out.push_str(&format!("-{:x}-", u32::from(c))) }
    }
    if id.chars().nth(ANCHOR).is_some() {
        out.push_str(&ContentHash::of(id.as_bytes()).hex()[..12]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_outside_are_no_markup() {
        let hide = |t: &str| t.replace("hunter2", "‹secret›");
        let words = Words::new(&hide);
        for (text, expected) in [
            ("plain", "plain"),
            ("<script>alert('1')</script>", "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"),
            ("a\"b&c", "a&quot;b&amp;c"),
            ("two\nlines\tone", "two lines one"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("abc\u{202e}def", "abc\\u{202e}def"),
            ("password hunter2", "password ‹secret›"),
        ] {
            assert_eq!(words.sentence(text), expected, "{text:?}");
        }
        assert_eq!(words.quote("a\r\nb\n<"), "a\nb\n&lt;");
    }

    #[test]
    fn long_words_have_an_end() {
        for (text, most, expected) in
            [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("äöüß", 2, "ä…"), ("", 0, ""), ("ab", 0, "…")]
        {
            assert_eq!(cut(text, most), expected);
        }
    }

    #[test]
    fn names_break_behind_their_marks_and_never_within_a_word() {
        for (name, html) in [
            ("recommendation", "recommendation"),
            ("cart-service", "cart-<wbr>service"),
            ("a.b/c", "a.<wbr>b/<wbr>c"),
            ("x<y", "x&lt;y"),
            ("", ""),
            ("two words", "two words"),
        ] {
            assert_eq!(breakable(name), html);
        }
        let long = breakable(&"x".repeat(100));
        assert!(long.split("<wbr>").all(|part| part.chars().count() <= UNBROKEN), "{long}");
    }

    #[test]
    fn anchors_cannot_break_out() {
        assert_eq!(anchor("evidence", "e12"), "evidence-e12");
        assert_eq!(anchor("evidence", "\"> x"), "evidence--22--3e--20-x");
        let (one, other) = ("x".repeat(90) + "1", "x".repeat(90) + "2");
        assert_ne!(anchor("evidence", &one), anchor("evidence", &other));
    }
}
