//! How a document of ours looks in a memory that keeps only a text and a source, and how it is read back.

use ecoops_core::ports::memory::{Document, DocumentKind};
use serde_json::{Map, Value, json};

/// What a source of ours begins with: `ecoops:<kind>:<title>:<source>`, the title percent-encoded.
const MARK: &str = "ecoops:";
/// What stands before the metadata, in the last line of a content.
const FIELDS: &str = "\n\necoops-metadata: ";
/// Bytes that two neighbouring pieces may share; fewer are the same by chance.
const OVERLAP: std::ops::RangeInclusive<usize> = 16..=4096;

/// What a document's source tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    pub kind: DocumentKind,
    pub title: String,
    pub source: String,
}

impl Label {
    pub fn of(document: &Document) -> Self {
        Self { kind: document.kind, title: document.title.clone(), source: document.source.clone() }
    }

    pub fn write(&self) -> String {
        let kind = serde_json::to_value(self.kind).unwrap_or_default();
        let kind = kind.as_str().unwrap_or_default();
        format!("{MARK}{kind}:{}:{}", encode(&self.title), self.source)
    }

    /// Of a document that another program kept, the source alone is known; it passes for a runbook.
    pub fn read(source: &str) -> Self {
        let ours = || {
            let (kind, rest) = source.strip_prefix(MARK)?.split_once(':')?;
            let (title, source) = rest.split_once(':')?;
            let kind = serde_json::from_value(Value::String(kind.to_owned())).ok()?;
            Some(Self { kind, title: decode(title)?, source: source.to_owned() })
        };
        let title = String::new;
        ours().unwrap_or_else(|| Self {
            kind: DocumentKind::Runbook,
            title: title(),
            source: source.to_owned(),
        })
    }
}

/// The text with its kind and fields in the last line: to the service the same content is the same document, and to us
/// another kind is another one. The title stands first, so that it is found by it.
pub fn pack(document: &Document) -> String {
    let fields = json!({ "type": document.kind, "metadata": document.metadata });
    format!("{}\n\n{}{FIELDS}{fields}", document.title, document.text)
}

/// A document of ours from the whole content; `None` when it is none.
pub fn unpack(label: Label, content: &str) -> Option<Document> {
    let (text, fields) = content.rsplit_once(FIELDS)?;
    let fields: Value = serde_json::from_str(fields.trim_end()).ok()?;
    let metadata = fields.get("metadata")?.as_object()?.clone();
    let own = text.strip_prefix(&label.title).and_then(|rest| rest.strip_prefix("\n\n"));
    let text = own.unwrap_or(text).to_owned();
    Some(Document { kind: label.kind, title: label.title, text, source: label.source, metadata })
}

/// The same for any content: what another program kept has no fields of ours.
pub fn kept(label: Label, content: &str) -> Document {
    let Label { kind, title, source } = label.clone();
    let other = || Document { kind, title, text: content.to_owned(), source, metadata: Map::new() };
    unpack(label, content).unwrap_or_else(other)
}

/// What is for people of a piece.
pub fn without_fields(text: &str) -> &str {
    text.rsplit_once(FIELDS).map_or(text, |(text, _)| text)
}

/// Pieces in their order as one text; what two neighbours share stands once. White space that the service took away
/// between two pieces is lost.
pub fn join<'a>(pieces: impl Iterator<Item = &'a str>) -> String {
    let mut whole = String::new();
    for piece in pieces {
        let most = piece.len().min(whole.len()).min(*OVERLAP.end());
        let shared = (*OVERLAP.start()..=most).rev().find(|length| {
            piece.is_char_boundary(*length) && whole.as_bytes().ends_with(&piece.as_bytes()[..*length])
        });
        whole.push_str(&piece[shared.unwrap_or(0)..]);
    }
    whole
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ':' | '%' => out.push_str(&format!("%{:02X}", c as u32)),
            c if c.is_control() && (c as u32) < 0x80 => out.push_str(&format!("%{:02X}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// `None` for what [`encode`] cannot have written.
fn decode(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, coded)) = rest.split_once('%') {
        out.push_str(plain);
        let code = coded.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii)?;
        out.push(char::from(code));
        rest = coded.get(2..)?;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_another_program_kept_is_itself() {
        for source in [
            "wiki/x.md",
            "",
            "ecoops:",
            "ecoops:fix",
            "ecoops:poem:a:b",
            "ecoops:fix:%zz:b",
            "ecoops:fix:%C3:b",
        ] {
            let label = Label::read(source);
            assert_eq!((label.kind, label.source.as_str()), (DocumentKind::Runbook, source));
            assert_eq!(kept(label, "text").text, "text");
        }
    }

    #[test]
    fn pieces_that_overlap_are_joined_once() {
        for (pieces, whole) in [
            (
                &["one two three four five six", "three four five six seven"][..],
                "one two three four five six seven",
            ),
            (&["abc", "def"], "abcdef"),
            (&["abc", "cde"], "abccde"),
            (&["üüüüüüüüüüü", "üüüüüüüüü!"], "üüüüüüüüüüü!"),
            (&["same"], "same"),
            (&[], ""),
        ] {
            assert_eq!(join(pieces.iter().copied()), whole);
        }
    }

    proptest! {
        #[test]
        fn a_document_comes_back(title in ".{0,40}", text in "(?s).{0,200}", source in ".{0,40}", value in ".{0,20}") {
            let metadata = Map::from_iter([("before".to_owned(), Value::String(value))]);
            let document = Document { kind: DocumentKind::Fix, title, text, source, metadata };
            let label = Label::read(&Label::of(&document).write());
            prop_assert_eq!(kept(label, &pack(&document)), document);
        }
    }
}
