//! A file's text with its syntax tree, and places in it.
//!
//! Never recurses over a tree: hostile nesting would end the stack. Never looks at a clock: the limit of
//! a parse is counted in the parser's own steps, so that it is the same on every machine.

use super::language::Language;
use crate::domain::{Location, RepoPath};
use std::cell::RefCell;
use std::ops::{ControlFlow, Range};
use tree_sitter::{Node, ParseOptions, Parser, Tree};

/// Files with more bytes are not parsed.
pub const MAX_PARSED_BYTES: usize = 4 << 20;
/// Trees with more nodes are not walked.
pub const MAX_NODES: usize = 4_000_000;
/// Levels of indentation in a Python or YAML file. Their grammars' scanners keep the levels in a buffer of
/// 1024 bytes (`TREE_SITTER_SERIALIZATION_BUFFER_SIZE`) and write past it, which ends the process.
pub const MAX_INDENTS: usize = 120;
/// The parser reports every 100 of its steps. An ordinary file needs well under one report for each
/// 20 bytes; one that needs more than this many for each byte is hostile.
const REPORTS_AT_LEAST: usize = 50_000;

/// Why a file has no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTree {
    #[error("a {0} file has no syntax tree")]
    NoGrammar(&'static str),
    #[error("{bytes} bytes are more than the {MAX_PARSED_BYTES} that are parsed")]
    TooLarge { bytes: usize },
    #[error("the text is too deeply tangled to parse within its limit of steps")]
    TooManySteps,
    #[error("its lines are indented more than {MAX_INDENTS} levels deep")]
    TooDeep,
    #[error("the syntax tree has {nodes} nodes, more than the {MAX_NODES} that are walked")]
    TooManyNodes { nodes: usize },
    #[error("the grammar could not be loaded: {0}")]
    Grammar(String),
}

/// One file, parsed.
#[derive(Debug)]
pub struct Source {
    pub path: RepoPath,
    pub language: Language,
    pub text: String,
    pub tree: Tree,
    pub lines: Lines,
}

/// How much of a file its grammar did not understand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyntaxErrors {
    /// Stretches of text that fit nowhere.
    pub errors: usize,
    /// Tokens that were made up to go on.
    pub missing: usize,
}

impl SyntaxErrors {
    pub fn total(self) -> usize {
        self.errors + self.missing
    }
}

impl Source {
    /// # Errors
    /// [`NoTree`] when the language has no grammar or a limit is passed.
    pub fn parse(path: RepoPath, language: Language, text: String) -> Result<Self, NoTree> {
        if text.len() > MAX_PARSED_BYTES {
            return Err(NoTree::TooLarge { bytes: text.len() });
        }
        let tree = parse_tree(language, &text)?;
        let nodes = tree.root_node().descendant_count();
        if nodes > MAX_NODES {
            return Err(NoTree::TooManyNodes { nodes });
        }
        let lines = Lines::of(&text);
        Ok(Self { path, language, text, tree, lines })
    }

    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The text of a node; empty for one of another file.
    pub fn text_of(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or("")
    }

    pub fn location(&self, bytes: Range<usize>) -> Location {
        self.lines.location(&self.path, &self.text, bytes)
    }

    /// Counts what the grammar did not understand. Walks only what holds an error.
    pub fn syntax_errors(&self) -> SyntaxErrors {
        let mut found = SyntaxErrors::default();
        let mut cursor = self.tree.walk();
        loop {
            let node = cursor.node();
            if node.is_error() {
                found.errors += 1;
            }
            if node.is_missing() {
                found.missing += 1;
            }
            if node.has_error() && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return found;
                }
            }
        }
    }
}

/// Parses with this thread's parser of the language.
///
/// # Errors
/// As [`Source::parse`].
pub fn parse_tree(language: Language, text: &str) -> Result<Tree, NoTree> {
    thread_local! {
        static PARSERS: RefCell<[Option<Parser>; 19]> = const { RefCell::new([const { None }; 19]) };
    }
    let grammar = language.grammar().ok_or(NoTree::NoGrammar(language.name()))?;
    if matches!(language, Language::Python | Language::Yaml) && indented_too_deeply(text) {
        return Err(NoTree::TooDeep);
    }
    PARSERS.with_borrow_mut(|parsers| {
        let slot = &mut parsers[language as usize];
        if slot.is_none() {
            let mut parser = Parser::new();
            parser.set_language(grammar).map_err(|e| NoTree::Grammar(e.to_string()))?;
            *slot = Some(parser);
        }
        let Some(parser) = slot.as_mut() else { return Err(NoTree::NoGrammar(language.name())) };
        let mut left = REPORTS_AT_LEAST + text.len();
        let mut progress = |_: &tree_sitter::ParseState| {
            left = left.saturating_sub(1);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let bytes = text.as_bytes();
        let options = ParseOptions::new().progress_callback(&mut progress);
        let tree =
            parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options));
        if tree.is_none() {
            parser.reset();
        }
        tree.ok_or(NoTree::TooManySteps)
    })
}

/// Follows the stack of indentations; block indicators of YAML (`- `, `? `) count as levels too.
fn indented_too_deeply(text: &str) -> bool {
    let mut stack: Vec<usize> = Vec::new();
    for line in text.split('\n') {
        let bytes = line.as_bytes();
        let space = |b: &u8| matches!(b, b' ' | b'\t' | b'\x0c');
        let begin = bytes.iter().position(|b| !space(b)).unwrap_or(bytes.len());
        if begin == bytes.len() {
            continue;
        }
        while stack.last().is_some_and(|column| *column >= begin) {
            stack.pop();
        }
        stack.push(begin);
        // `- - - x`, at the line's begin or after a key.
        let (mut run, mut longest, mut at) = (0, 0, begin);
        while at < bytes.len() {
            if matches!(bytes[at], b'-' | b'?' | b':') && bytes.get(at + 1).is_none_or(space) {
                run += 1;
                longest = longest.max(run);
            } else if !space(&bytes[at]) {
                run = 0;
            }
            at += 1;
        }
        if stack.len() + longest > MAX_INDENTS {
            return true;
        }
    }
    false
}

/// Where each line begins.
#[derive(Debug, Clone)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub fn of(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self { starts }
    }

    /// The line of a byte, counted from 0.
    pub fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    /// The bytes of a line (counted from 0) without its ending.
    pub fn range(&self, line: usize, text: &str) -> Range<usize> {
        let Some(&start) = self.starts.get(line) else { return text.len()..text.len() };
        let end = self.starts.get(line + 1).map_or(text.len(), |next| next - 1);
        let end = if text.as_bytes().get(end.wrapping_sub(1)) == Some(&b'\r') && end > start {
            end - 1
        } else {
            end
        };
        start..end.max(start)
    }

    /// Line and column of a byte, both from 1, the column in characters.
    pub fn position(&self, text: &str, byte: usize) -> (u32, u32) {
        let line = self.line_of(byte);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let column = text.get(start..byte).map_or(byte - start, |t| t.chars().count());
        (line as u32 + 1, column as u32 + 1)
    }

    pub fn location(&self, path: &RepoPath, text: &str, bytes: Range<usize>) -> Location {
        Location {
            path: path.clone(),
            start: self.position(text, bytes.start),
            end: self.position(text, bytes.end),
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> RepoPath {
        RepoPath::new("a").unwrap()
    }

    #[test]
    fn places_count_characters_from_one() {
        let text = "aä\r\nx\u{1F600}y\n";
        let lines = Lines::of(text);
        for (byte, expected) in
            [(0, (1, 1)), (1, (1, 2)), (3, (1, 3)), (5, (2, 1)), (10, (2, 3)), (12, (3, 1))]
        {
            assert_eq!(lines.position(text, byte), expected, "{byte}");
        }
        assert_eq!(&text[lines.range(0, text)], "aä");
        assert_eq!(&text[lines.range(1, text)], "x\u{1F600}y");
    }

    #[test]
    fn errors_are_counted() {
        for (text, clean) in [("x = 1\n", true), ("x = (\n", false), ("", true), ("def f(:\n  pass\n", false)]
        {
            let source = Source::parse(path(), Language::Python, text.into()).unwrap();
            assert_eq!(source.syntax_errors().total() == 0, clean, "{text:?}");
        }
    }

    #[test]
    fn hostile_files_end_in_an_answer() {
        let deep = "(".repeat(200_000);
        let steps =
            |line: &str| -> String { (0..600).map(|i| format!("{}{line}\n", " ".repeat(i))).collect() };
        let wide = format!("x = [{}]", "1,".repeat(500_000));
        for (language, text) in [
            (Language::Python, deep.clone()),
            (Language::JavaScript, deep.clone()),
            (Language::Json, "[".repeat(300_000)),
            (Language::Python, wide),
            (Language::C, "{".repeat(100_000)),
            (Language::Yaml, "- ".repeat(20_000)),
            (Language::Yaml, "? ".repeat(400)),
            (Language::Yaml, steps("a:")),
            (Language::Python, format!("if x:\n{}", steps("if x:").replace("\n", "\n "))),
            (Language::Python, format!("{}{}f\"{{f'{{", steps("if x:"), " ".repeat(601))),
            (Language::Python, format!("{}{}f\"{{", steps("if x:"), " ".repeat(601))),
        ] {
            if let Ok(source) = Source::parse(path(), language, text) {
                let _ = source.syntax_errors();
            }
        }
        let large = " ".repeat(MAX_PARSED_BYTES + 1);
        assert!(matches!(Source::parse(path(), Language::Python, large), Err(NoTree::TooLarge { .. })));
    }
}
