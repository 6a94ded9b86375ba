//! Source lines with carets under the finding, cut to the terminal's width.

use super::paint::Paint;
use crate::ui::harmless;
use ecoops_core::domain::{Reported, SourceLine};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The lines of a finding, each with its number; carets below the first.
pub fn snippet(reported: &Reported, paint: Paint, width: usize) -> String {
    let location = &reported.finding.location;
    let Some(last) = reported.source.last() else { return String::new() };
    let gutter = last.number.to_string().len().max(3);
    let room = width.saturating_sub(gutter + 5).max(20);
    let mut out = String::new();
    for line in &reported.source {
        let from = if line.number == location.start.0 { location.start.1 } else { 1 };
        let to = if line.number == location.end.0 { location.end.1 } else { u32::MAX };
        let first = line.number == location.start.0;
        let (code, before, marked) = fit(line, from, to, room);
        let bar = paint.dim(&format!("  {:>gutter$} |", line.number));
        out.push_str(format!("{bar} {code}").trim_end());
        out.push('\n');
        if first {
            let carets = paint.severity(reported.finding.severity, &"^".repeat(marked.max(1)));
            out.push_str(&format!(
                "{} {}{carets}\n",
                paint.dim(&format!("  {:>gutter$} |", "")),
                " ".repeat(before)
            ));
        }
    }
    let shown = reported.source.len() as u32;
    let whole = location.end.0.saturating_sub(location.start.0) + 1;
    if whole > shown {
        out.push_str(&format!(
            "  {:>gutter$} {}\n",
            "",
            paint.dim(&format!("… {} more lines", whole - shown))
        ));
    }
    out
}

/// The line as it is shown within `room` columns, the columns before the marked part, and those of it.
fn fit(line: &SourceLine, from: u32, to: u32, room: usize) -> (String, usize, usize) {
    let skipped = line.skipped;
    let index = |column: u32| column.saturating_sub(skipped + 1) as usize;
    let (from, to) = (index(from), if to == u32::MAX { usize::MAX } else { index(to) });
    let cells: Vec<(String, usize)> = line.text.chars().map(cell).collect();
    let width = |range: &[(String, usize)]| range.iter().map(|c| c.1).sum::<usize>();
    let (from, to) = (from.min(cells.len()), to.clamp(from.min(cells.len()), cells.len()));
    // Begin later when the marked part would not be seen.
    let mut start = 0;
    while width(&cells[start..from]) > room / 2 {
        start += 1;
    }
    let cut_front = start > 0 || skipped > 0;
    let mut used = usize::from(cut_front);
    let mut shown = String::from(if cut_front { "…" } else { "" });
    let mut end = start;
    while let Some((text, columns)) = cells.get(end) {
        let last = end + 1 == cells.len();
        if used + columns + usize::from(!last) > room {
            shown.push('…');
            break;
        }
        shown.push_str(text);
        used += columns;
        end += 1;
    }
    let before = usize::from(cut_front) + width(&cells[start..from]);
    let marked = if from < end { width(&cells[from..to.min(end)]) } else { 1 };
    (shown, before, marked)
}

/// A character as it is shown, and its columns.
fn cell(c: char) -> (String, usize) {
    match c {
        '\t' => ("    ".to_owned(), 4),
        c => {
            let text = harmless(c.encode_utf8(&mut [0; 4]), false);
            let width = if text.chars().count() > 1 { text.len() } else { c.width().unwrap_or(0) };
            (text, width)
        }
    }
}

/// Breaks text at white space, and words that are too long, into lines of at most `width` columns, each
/// after `indent`.
pub fn wrap(text: &str, indent: &str, width: usize) -> String {
    let room = width.saturating_sub(indent.len()).max(20);
    let mut out = String::new();
    let mut line = String::new();
    for word in text.split_whitespace().flat_map(|word| pieces(word, room)) {
        if !line.is_empty() && line.width() + 1 + word.width() > room {
            out.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        out.push_str(&format!("{indent}{line}\n"));
    }
    out
}

/// A word, or its parts of at most `room` columns.
fn pieces(word: &str, room: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, c) in word.char_indices() {
        let columns = c.width().unwrap_or(0);
        if used + columns > room && at > start {
            parts.push(&word[start..at]);
            (start, used) = (at, 0);
        }
        used += columns;
    }
    parts.push(&word[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_what_they_mean() {
        for (text, from, to, expected) in [
            ("let x = bad;", 9, 12, ("let x = bad;", 8, 3)),
            ("\tbad", 2, 5, ("    bad", 4, 3)),
            ("漢字bad", 3, 6, ("漢字bad", 4, 3)),
            ("a\x1bbad", 3, 6, ("a\\u{1b}bad", 7, 3)),
            ("bad", 99, 120, ("bad", 3, 1)),
            ("bad", 4, 4, ("bad", 3, 1)),
        ] {
            let line = SourceLine { number: 1, text: text.into(), skipped: 0 };
            let (shown, before, marked) = fit(&line, from, to, 60);
            assert_eq!((shown.as_str(), before, marked), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut_to_the_width() {
        let text = format!("{}BAD{}", "x".repeat(300), "y".repeat(300));
        let line = SourceLine { number: 1, text, skipped: 0 };
        let (shown, before, marked) = fit(&line, 301, 304, 60);
        assert!(shown.width() <= 60, "{}", shown.width());
        assert_eq!(&shown.chars().skip(before).take(marked).collect::<String>(), "BAD");
        assert!(shown.starts_with('…') && shown.ends_with('…'));
    }

    #[test]
    fn text_is_broken_at_white_space() {
        let wrapped = wrap("aaa bbb ccc ddd eee fff", "  ", 22);
        assert_eq!(wrapped, "  aaa bbb ccc ddd eee\n  fff\n");
        assert_eq!(wrap(&"x".repeat(25), "  ", 22), format!("  {}\n  xxxxx\n", "x".repeat(20)));
    }
}
