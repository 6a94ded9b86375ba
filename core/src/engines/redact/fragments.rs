//! Secrets of several lines, shown line by line: a finding's source and the context of a patch hold a part
//! of a key without what tells that it is one.
//!
//! Keeps such lines for as long as something is shown of the file; never stores them.

use super::{Redactor, scan};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeMap;
use std::fmt;

/// Shorter lines tell too little, and would be hidden where they are something else.
const SHORTEST: usize = 12;

/// The lines of the secrets of some texts, each with the token of its secret.
#[derive(Clone, Default)]
pub struct Fragments {
    finder: Option<AhoCorasick>,
    tokens: Vec<String>,
}

impl fmt::Debug for Fragments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fragments({})", self.tokens.len())
    }
}

impl Fragments {
    /// Those of `texts`, under the redactor's tokens.
    pub fn of<'t>(redactor: &Redactor, texts: impl Iterator<Item = &'t str>) -> Self {
        let mut lines: BTreeMap<&str, String> = BTreeMap::new();
        // Of the known formats only keys in PEM have more than one line.
        for text in texts.filter(|text| text.contains("-----BEGIN")) {
            for hit in scan(text) {
                let secret = &text[hit.range];
                for line in secret.lines().filter(|_| secret.contains('\n')).map(bare) {
                    if line.len() >= SHORTEST && !line.starts_with("-----") {
                        lines.entry(line).or_insert_with(|| redactor.token(hit.kind, secret));
                    }
                }
            }
        }
        if lines.is_empty() {
            return Self::default();
        }
        let (lines, tokens): (Vec<&str>, Vec<String>) = lines.into_iter().unzip();
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(lines).ok();
        Self { finder, tokens }
    }

    /// The text with a token for each of the lines in it.
    pub fn hide(&self, text: &str) -> String {
        match &self.finder {
            Some(finder) => finder.replace_all(text, &self.tokens),
            None => text.to_owned(),
        }
    }
}

/// A line without the white space, quotes and escapes that code has around it.
fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '='))
        .trim_end_matches("\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_key_is_hidden_wherever_it_is_shown() {
        let body =
            ["q8Zt7Lm2Xc9Vb4Ns6Kd1Wp3Re5Ty7Ui9Rz4Tb6Yn", "Oa2Sd4Fg6Hj8Kl0Zx1Cv3Bn5Mq7We9RtQe5Wd7Uf", "Zz9"];
        let (begin, end) = ("-----BEGIN PRIVATE", "-----END PRIVATE");
        let plain = format!("a = '''{begin} KEY-----\n{}\n{end} KEY-----'''\n", body.join("\n"));
        let quoted = format!(
            "  \"{begin} KEY-----\\n\"\n  \"{}\\n\"\n  \"{end} KEY-----\"\n",
            body.join("\\n\"\n  \"")
        );
        let redactor = Redactor::new(*b"0123456789abcdef");
        for text in [plain, quoted] {
            let fragments = Fragments::of(&redactor, [text.as_str()].into_iter());
            let shown = fragments.hide(&format!(" context\n {}\n-old {}\n+new\n", body[0], body[1]));
            assert!(!shown.contains(body[0]) && !shown.contains(body[1]), "{text}: {shown}");
            assert!(shown.contains("secret:private-key:"), "{shown}");
        }
        let none = Fragments::of(&redactor, ["x = 1\n"].into_iter());
        assert_eq!(none.hide("x = 1"), "x = 1");
    }
}
