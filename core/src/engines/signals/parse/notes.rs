//! What a reader ignored or mended, counted by kind, so that a million bad rows make one sentence.

/// Kinds kept apart; beyond them everything is one kind.
const KINDS: usize = 48;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notes {
    kinds: Vec<Kind>,
}

#[derive(Debug, Clone, PartialEq)]
struct Kind {
    what: String,
    count: u64,
    first: String,
}

impl Notes {
    /// Counts one case of `what`; `place` names the first one only.
    pub fn add(&mut self, what: &str, place: impl FnOnce() -> String) {
        self.add_many(what, 1, place);
    }

    pub fn add_many(&mut self, what: &str, count: u64, place: impl FnOnce() -> String) {
        if let Some(kind) = self.kinds.iter_mut().find(|kind| kind.what == what) {
            kind.count += count;
        } else if self.kinds.len() < KINDS {
            self.kinds.push(Kind { what: what.to_owned(), count, first: place() });
        } else if let Some(last) = self.kinds.last_mut() {
            "more was ignored, of kinds not listed".clone_into(&mut last.what);
            last.count += count;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// One sentence a kind, each beginning with `source`.
    pub fn sentences(&self, source: &str) -> Vec<String> {
        let sentence = |kind: &Kind| {
            let at = if kind.first.is_empty() { String::new() } else { format!(" ({})", kind.first) };
            match kind.count {
                1 => format!("{source}: {}{at}", kind.what),
                n => {
                    format!("{source}: {}: {n} times, first{at}", kind.what).replace(", first (", " (first: ")
                }
            }
        };
        self.kinds.iter().map(sentence).map(|text| text.trim_end_matches(", first").to_owned()).collect()
    }
}

/// Outside text as it may stand in a note: one line, at most 60 characters.
pub fn quoted(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(60).map(clean).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_notes_are_counted() {
        let mut notes = Notes::default();
        for row in 2..5 {
            notes.add("a row has no value", || format!("row {row}"));
        }
        notes.add("unknown column", String::new);
        assert_eq!(
            notes.sentences("metrics.csv"),
            ["metrics.csv: a row has no value: 3 times (first: row 2)", "metrics.csv: unknown column"]
        );
        for kind in 0..1000 {
            notes.add(&format!("kind {kind}"), String::new);
        }
        assert_eq!(notes.kinds.len(), KINDS);
        assert_eq!(quoted(&"ü\n".repeat(99)), format!("`{}…`", "ü ".repeat(30)));
    }
}
