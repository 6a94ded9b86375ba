//! Cuts a long document into parts that memory embeds as a whole, at headings and pages where there are
//! some. A part knows where it begins, so that what is found in it can be cited.

use super::place::{Place, headings};
use super::{Format, Readable};
use ecoops_core::ports::memory::{Document, DocumentKind, Hit};
use serde_json::{Map, json};
use std::collections::BTreeSet;
use std::ops::Range;

/// Bytes of a part at most; memory embeds some 48 pieces of a document, of about 800 bytes each.
const MOST: usize = 32 << 10;

/// The parts of a document under one name, in order.
pub fn documents(read: &Readable, kind: DocumentKind, source: &str, name: &str) -> Vec<Document> {
    let ranges = ranges(read);
    let mut base = first(read.format);
    let mut done = 0;
    let parts = ranges.len();
    let mut documents = Vec::with_capacity(parts);
    for (index, range) in ranges.into_iter().enumerate() {
        let before = read.text.get(done..).unwrap_or_default();
        base = Place::of(before, range.start - done, &base, headed(read.format));
        done = range.start;
        let mut metadata = Map::new();
        metadata.insert("document".to_owned(), json!(name));
        metadata.insert("format".to_owned(), json!(read.format.name()));
        metadata.insert("part".to_owned(), json!(index + 1));
        metadata.insert("parts".to_owned(), json!(parts));
        metadata.insert("begins".to_owned(), json!(base));
        let text = read.text.get(range).unwrap_or_default().to_owned();
        documents.push(Document {
            kind,
            title: read.title.clone(),
            text,
            source: source.to_owned(),
            metadata,
        });
    }
    documents
}

/// The place of the line of a hit's snippet that has most words of the question; `None` for what was not kept
/// by `docs add`.
pub fn place(hit: &Hit, question: &str) -> Option<Place> {
    let field = |name: &str| hit.document.metadata.get(name);
    let base: Place = serde_json::from_value(field("begins")?.clone()).ok()?;
    let headed = field("format").and_then(|f| f.as_str()).is_some_and(|f| f == "markdown" || f == "html");
    let at = hit.document.text.find(&hit.snippet).unwrap_or(0) + nearest(&hit.snippet, question);
    Some(Place::of(&hit.document.text, at, &base, headed))
}

/// The offset of the line that has most words of the question.
fn nearest(snippet: &str, question: &str) -> usize {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() > 2);
        words.map(str::to_lowercase).collect()
    };
    let asked = words(question);
    let (mut at, mut best) = (0, (0, 0));
    for line in snippet.split_inclusive(['\n', '\x0c']) {
        let shared = words(line).intersection(&asked).count();
        if shared > best.0 {
            best = (shared, at);
        }
        at += line.len();
    }
    best.1
}

fn headed(format: Format) -> bool {
    matches!(format, Format::Markdown | Format::Html)
}

fn first(format: Format) -> Place {
    Place { page: (format == Format::Pdf).then_some(1), heading: None, line: 1, offset: 0 }
}

fn ranges(read: &Readable) -> Vec<Range<usize>> {
    let text = &read.text;
    let cuts: Vec<usize> = match read.format {
        Format::Pdf => text.match_indices('\x0c').map(|(at, _)| at + 1).collect(),
        Format::Markdown | Format::Html => headings(text).map(|(at, _)| at).collect(),
        Format::Text => Vec::new(),
    };
    let mut ranges = Vec::new();
    let mut start = 0;
    while text.len() - start > MOST {
        let end = cut(text, start, &cuts);
        ranges.push(start..end);
        start = end;
    }
    ranges.push(start..text.len());
    ranges.retain(|r| text.get(r.clone()).is_some_and(|t| !t.trim().is_empty()));
    ranges
}

/// The best end of a part that begins at `start`: a heading or page, else a blank line, a line end, anywhere.
fn cut(text: &str, start: usize, cuts: &[usize]) -> usize {
    let most = text.floor_char_boundary(start + MOST);
    let near = |at: &usize| *at > start + MOST / 4 && *at <= most;
    if let Some(at) = cuts.iter().copied().rfind(|at| near(at)) {
        return at;
    }
    let window = text.get(start..most).unwrap_or_default();
    let found = window.rfind("\n\n").map(|at| at + 2).or_else(|| window.rfind('\n').map(|at| at + 1));
    found.map(|at| start + at).filter(near).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readable(format: Format, text: String) -> Readable {
        Readable { format, title: "T".into(), text }
    }

    #[test]
    fn parts_are_the_whole_text_and_know_where_they_begin() {
        let page = "word ".repeat(3_000);
        let text: String = (1..=9).map(|n| format!("page {n}\n{page}\n\x0c")).collect();
        let read = readable(Format::Pdf, text.clone());
        let parts = documents(&read, DocumentKind::Runbook, "a.pdf", "doc");
        assert!(parts.len() > 3);
        assert_eq!(parts.iter().map(|d| d.text.as_str()).collect::<String>(), text);
        for part in &parts {
            let begins: Place = serde_json::from_value(part.metadata["begins"].clone()).unwrap();
            let number: usize = part.text.lines().next().unwrap()[5..].parse().unwrap();
            assert_eq!(begins.page, Some(number));
            assert_eq!(text[begins.offset..].find(&part.text), Some(0));
        }
    }

    #[test]
    fn a_text_without_a_place_to_cut_is_cut_all_the_same() {
        for text in ["é".repeat(100_000), "x".repeat(100_000), format!("{}\n", "y ".repeat(50_000))] {
            let parts = documents(&readable(Format::Text, text.clone()), DocumentKind::Runbook, "a", "d");
            assert_eq!(parts.iter().map(|d| d.text.as_str()).collect::<String>(), text);
            assert!(parts.iter().all(|d| d.text.len() <= MOST));
        }
    }

    #[test]
    fn a_hit_is_placed_under_its_heading() {
        let filler = "filler line\n".repeat(4_000);
        let text = format!("# A\n{filler}## B\n\nthe needle is here\n");
        let parts = documents(&readable(Format::Markdown, text.clone()), DocumentKind::Runbook, "a.md", "d");
        let document = parts.last().unwrap().clone();
        let hit = Hit {
            id: "x".into(),
            snippet: "## B\n\nthe needle is here".into(),
            document,
            score: 1.0,
            cosine: 1.0,
            text_rank: None,
            model: String::new(),
            stale: None,
        };
        let place = place(&hit, "the needle").unwrap();
        assert_eq!((place.heading.as_deref(), place.line), (Some("B"), 4_004));
        assert!(text[place.offset..].starts_with("the needle"));
    }
}
