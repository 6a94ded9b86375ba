//! Reads a person's documents (Markdown, text, HTML, PDF) as text whose places can be cited, and cuts
//! long ones into parts that memory can keep. Never keeps anything itself.

pub mod extract;
pub mod parts;
pub mod place;

use crate::app::App;
use crate::exit::Failure;
use ecoops_core::ports::memory::MOST_TITLE_BYTES;
use std::io::Read;
use std::path::Path;

/// Bytes of a text file that are read at most.
pub const MOST_TEXT: u64 = 16 << 20;
/// Bytes of a file that has to be converted.
const MOST_CONVERTED: u64 = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Markdown,
    Text,
    Html,
    /// Pages of its text end with a form feed.
    Pdf,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Text => "text",
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }
}

/// A document as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    pub format: Format,
    pub title: String,
    pub text: String,
}

/// What a file is, by its first bytes, else by its name.
fn format(path: &Path, head: &[u8]) -> Format {
    let named = |suffixes: &[&str]| {
        path.extension()
            .and_then(|e| e.to_str())
            .is_some_and(|e| suffixes.iter().any(|s| e.eq_ignore_ascii_case(s)))
    };
    let start = head.trim_ascii_start().get(..14).unwrap_or_default().to_ascii_lowercase();
    if head.get(..1024).unwrap_or(head).windows(5).any(|w| w == b"%PDF-") {
        Format::Pdf
    } else if named(&["html", "htm", "xhtml"]) || start == b"<!doctype html" || start.starts_with(b"<html") {
        Format::Html
    } else if named(&["md", "markdown"]) {
        Format::Markdown
    } else {
        Format::Text
    }
}

/// Reads one file. HTML and PDF are converted in a cage, so that a hostile one harms nothing.
///
/// # Errors
/// [`Failure`] when it is no readable file, too long, not a text, or cannot be converted.
pub fn read(app: &App, path: &Path, title: Option<&str>) -> Result<Readable, Failure> {
    let bytes = bytes(path)?;
    let format = format(path, &bytes);
    let text = match format {
        Format::Html | Format::Pdf => extract::caged(app, path, format, &bytes)?,
        Format::Markdown | Format::Text => plain_text(path, bytes)?,
    };
    if text.trim().is_empty() {
        let failure = cannot(path).next("give a document that has a text");
        let why = if format == Format::Pdf { ": its pages hold images only" } else { "" };
        return Err(Failure { causes: vec![format!("it holds no text{why}")], ..failure });
    }
    let title = title.map_or_else(|| own_title(path, format, &text), str::to_owned);
    let end = title.floor_char_boundary(MOST_TITLE_BYTES);
    Ok(Readable { format, title: title.get(..end).unwrap_or_default().to_owned(), text })
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let about = std::fs::metadata(path).map_err(|e| cannot(path).because(&e))?;
    if !about.is_file() {
        return Err(cannot(path).next("name files: it is not one"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| cannot(path).because(&e))?;
    file.take(MOST_CONVERTED + 1).read_to_end(&mut bytes).map_err(|e| cannot(path).because(&e))?;
    let most = match format(path, &bytes) {
        Format::Markdown | Format::Text => MOST_TEXT,
        Format::Html | Format::Pdf => MOST_CONVERTED,
    };
    if bytes.len() as u64 > most {
        let what = format!("{} is longer than {} MiB", path.display(), most >> 20);
        return Err(Failure::new(what).next("keep the part that matters in a smaller file"));
    }
    Ok(bytes)
}

fn plain_text(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    let text = String::from_utf8(bytes)
        .map_err(|e| cannot(path).because(&e).next("only text in UTF-8 is kept: convert the file first"))?;
    if text.contains('\0') {
        return Err(cannot(path).next("it is not a text file"));
    }
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// The first heading; without one the file's name. A text or PDF has no headings to tell by.
fn own_title(path: &Path, format: Format, text: &str) -> String {
    let heading = match format {
        Format::Markdown | Format::Html => {
            place::headings(text).next().map(|(_, heading)| heading.to_owned())
        }
        Format::Text => text.lines().next().and_then(|l| l.strip_prefix("# ")).map(|h| h.trim().to_owned()),
        Format::Pdf => None,
    };
    let stem = || path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    heading.filter(|h| !h.is_empty()).unwrap_or_else(stem)
}

fn cannot(path: &Path) -> Failure {
    Failure::new(format!("{} cannot be kept", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_told_by_content_first() {
        for (name, head, expected) in [
            ("a.md", &b"%PDF-1.7"[..], Format::Pdf),
            ("a.pdf", b"\n\n%PDF-1.7", Format::Pdf),
            ("a.txt", b" <!DOCTYPE html><p>", Format::Html),
            ("a.HTM", b"<p>", Format::Html),
            ("a.md", b"# x", Format::Markdown),
            ("a", b"x", Format::Text),
            ("a.md", b"", Format::Markdown),
        ] {
            assert_eq!(format(Path::new(name), head), expected, "{name}");
        }
    }

    #[test]
    fn a_title_is_the_first_heading_else_the_name() {
        for (format, text, expected) in [
            (Format::Markdown, "text\n\n## The pool\n# Other\n", "The pool"),
            (Format::Markdown, "```\n# not this\n```\n", "note"),
            (Format::Html, "# Page\n", "Page"),
            (Format::Pdf, "# 1 of 3\n", "note"),
            (Format::Text, "# Disk\n", "Disk"),
        ] {
            assert_eq!(own_title(Path::new("a/note.md"), format, text), expected);
        }
    }
}
