//! Patterns: code with metavariables, compiled to a small tree and matched against syntax trees.
//!
//! The meaning follows ast-grep's "smart" strictness: every token of the pattern must be there; unnamed
//! tokens and comments that only the code has are skipped. Never looks at anything but the tree.

use super::language::{KindSet, Language};
use super::matching::{Captures, Matching};
use super::rule;
use super::syntax::parse_tree;
use std::ops::Range;
use std::sync::Arc;
use tree_sitter::Node;

/// Patterns nested deeper than this are refused, so that matching may recurse over the pattern.
const MAX_DEPTH: usize = 100;
/// Words of a pattern that a file must hold, the longest first, at most so many.
const MAX_WORDS: usize = 3;

/// One node of a pattern.
#[derive(Debug, Clone)]
enum Pat {
    /// `$_`
    Any,
    /// `$X`
    Capture(Arc<str>),
    /// `$$$` or `$$$X`
    Rest(Option<Arc<str>>),
    Leaf {
        kind: u16,
        named: bool,
        text: Box<str>,
    },
    /// A string literal with this text, whatever its quotes.
    Text {
        prefix: String,
        content: String,
    },
    /// `"$X"`: a string literal without computed parts.
    TextCapture(Option<Arc<str>>),
    Inner {
        kind: u16,
        children: Vec<Pat>,
    },
}

/// A pattern of one language.
#[derive(Debug, Clone)]
pub struct CompiledPattern {
    root: Pat,
    language: Language,
    /// What the text of a matching node begins with; a test that needs no look at the tree.
    prefix: Option<Box<str>>,
}

impl CompiledPattern {
    /// # Errors
    /// A sentence when the pattern does not parse, is more than one node, or matches everything.
    pub fn compile(pattern: &rule::Pattern, language: Language) -> Result<Self, String> {
        let (code, selector) = match pattern {
            rule::Pattern::Code(code) => (code.trim(), None),
            rule::Pattern::Selected(s) => (s.context.trim(), Some(s.selector.as_str())),
        };
        let mut reason = format!("the pattern `{code}` does not parse as {}", language.name());
        for (open, close) in language.spec().metavariables {
            let spelling = Spelling { open, close };
            let spelt = spelling.spell(code);
            for context in language.spec().contexts {
                match compile_in(&spelt, context, selector, language, spelling) {
                    Ok(root) => {
                        let prefix = prefix_of(&root, language);
                        return Ok(Self { root, language, prefix });
                    }
                    Err(Some(better)) => reason = format!("the pattern `{code}` {better}"),
                    Err(None) => {}
                }
            }
        }
        Err(reason)
    }

    /// The kinds of nodes that it can match; none when any kind.
    pub fn root_kinds(&self) -> Option<KindSet> {
        match &self.root {
            Pat::Leaf { kind, .. } | Pat::Inner { kind, .. } => {
                let mut set = KindSet::default();
                set.insert(*kind);
                Some(set)
            }
            Pat::Text { .. } | Pat::TextCapture(_) => Some(self.language.kinds().strings.clone()),
            Pat::Any | Pat::Capture(_) | Pat::Rest(_) => None,
        }
    }

    /// Words that stand in every file that it matches in.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        collect_words(&self.root, &mut words);
        words.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        words.dedup();
        words.truncate(MAX_WORDS);
        words
    }

    /// The names of its metavariables.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect_names(&self.root, &mut names);
        names
    }

    /// True when `node` matches; then `captures` has what its names stand for.
    pub fn matches<'t>(&self, node: Node<'t>, on: &mut Matching<'t>, captures: &mut Captures<'t>) -> bool {
        if let Some(prefix) = &self.prefix
            && !on.source.text_of(node).starts_with(&**prefix)
        {
            return false;
        }
        let mark = captures.mark();
        let found = match_node(&self.root, node, on, captures);
        if !found {
            captures.back_to(mark);
        }
        found
    }
}

/// How metavariables are spelt while a pattern is parsed.
#[derive(Clone, Copy)]
struct Spelling {
    open: &'static str,
    close: &'static str,
}

impl Spelling {
    fn spell(self, code: &str) -> String {
        let mut out = String::with_capacity(code.len() + 16);
        let mut rest = code;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            match metavariable(rest) {
                Some((length, many, name)) => {
                    out.push_str(self.open);
                    out.push(if many { 'r' } else { 'c' });
                    out.push_str(name);
                    out.push_str(self.close);
                    rest = &rest[length..];
                }
                None => {
                    out.push('$');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// What a text that is exactly one spelt metavariable stands for.
    fn read(self, text: &str) -> Option<Pat> {
        let inner = text.strip_prefix(self.open)?.strip_suffix(self.close)?;
        let name = inner.get(1..)?;
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if !name.chars().all(plain) {
            return None;
        }
        let name = (!name.is_empty()).then(|| Arc::from(name));
        match inner.as_bytes().first()? {
            b'r' => Some(Pat::Rest(name)),
            b'c' => Some(name.map_or(Pat::Any, Pat::Capture)),
            _ => None,
        }
    }

    /// As the author wrote it.
    fn restore(self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(self.open) {
            let tail = &rest[at..];
            let end =
                tail[self.open.len()..].find(self.close).map(|e| e + self.open.len() + self.close.len());
            match end.and_then(|e| self.read(&tail[..e]).map(|p| (e, p))) {
                Some((end, pat)) => {
                    out.push_str(&rest[..at]);
                    match pat {
                        Pat::Rest(name) => out.push_str(&format!("$$${}", name.as_deref().unwrap_or(""))),
                        Pat::Capture(name) => out.push_str(&format!("${name}")),
                        _ => out.push_str("$_"),
                    }
                    rest = &tail[end..];
                }
                None => {
                    out.push_str(&rest[..at + self.open.len()]);
                    rest = &tail[self.open.len()..];
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// The metavariable at the head of `text`: its length, whether it stands for many, its name (empty: none).
pub(super) fn metavariable(text: &str) -> Option<(usize, bool, &str)> {
    let dollars = text.bytes().take_while(|b| *b == b'$').count();
    let (skip, many) = match dollars {
        1 => (1, false),
        3 => (3, true),
        _ => return None,
    };
    let rest = &text[skip..];
    let name_length =
        rest.bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_').count();
    let name = &rest[..name_length];
    let followed_by_word = rest[name_length..].bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if followed_by_word || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match name {
        "_" => Some((skip + 1, many, "")),
        "" if many => Some((skip, true, "")),
        "" => None,
        _ if name.starts_with('_') => None,
        _ => Some((skip + name_length, many, name)),
    }
}

/// `Err(None)`: it does not parse in this context.
fn compile_in(
    code: &str,
    context: &str,
    selector: Option<&str>,
    language: Language,
    spelling: Spelling,
) -> Result<Pat, Option<String>> {
    let (before, after) = context.split_once('@').unwrap_or(("", ""));
    let text = format!("{before}{code}{after}");
    let span = before.len()..before.len() + code.len();
    let tree = parse_tree(language, &text).map_err(|e| Some(e.to_string()))?;
    let root = tree.root_node();
    if root.has_error() {
        return Err(None);
    }
    let node = match selector {
        Some(kind) => {
            first_of_kind(root, kind, &span).ok_or_else(|| Some(format!("holds no node of kind {kind}")))?
        }
        None => spanning(root, &span, &text).ok_or_else(|| Some("is not one piece of syntax".to_owned()))?,
    };
    let end = if selector.is_some() { node.end_byte() } else { span.end };
    let builder = Builder { language, text: &text, end, spelling };
    let pat = builder.build(node, 0)?;
    match pat {
        Pat::Any | Pat::Capture(_) | Pat::Rest(_) => Err(Some("matches everything".to_owned())),
        pat => Ok(pat),
    }
}

/// The smallest node that is exactly the span, give or take a semicolon that the context brought.
fn spanning<'t>(root: Node<'t>, span: &Range<usize>, text: &str) -> Option<Node<'t>> {
    let node = root.named_descendant_for_byte_range(span.start, span.end)?;
    if node == root || node.kind() == "statement_list" {
        return None;
    }
    let tail = text.get(span.end..node.end_byte())?;
    (node.start_byte() == span.start && matches!(tail.trim(), "" | ";")).then_some(node)
}

/// Within the pattern's own code; what the context brought is not meant.
fn first_of_kind<'t>(root: Node<'t>, kind: &str, span: &Range<usize>) -> Option<Node<'t>> {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        let own = node.start_byte() >= span.start && node.end_byte() <= span.end;
        if own && node.is_named() && node.kind() == kind {
            return Some(node);
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}

struct Builder<'a> {
    language: Language,
    text: &'a str,
    /// Where the pattern ends; what follows is the context's.
    end: usize,
    spelling: Spelling,
}

impl Builder<'_> {
    fn build(&self, node: Node<'_>, depth: usize) -> Result<Pat, Option<String>> {
        if depth > MAX_DEPTH {
            return Err(Some("is nested too deeply".to_owned()));
        }
        let text = self.text.get(node.start_byte()..node.end_byte().min(self.end)).unwrap_or("");
        if let Some(meta) = self.spelling.read(text) {
            return Ok(meta);
        }
        if self.language.kinds().strings.contains(node.kind_id()) && !self.computed(node) {
            let (prefix, content) = literal_text(text);
            return Ok(match self.spelling.read(content) {
                Some(Pat::Capture(name)) => Pat::TextCapture(Some(name)),
                Some(_) => Pat::TextCapture(None),
                None => Pat::Text { prefix, content: self.spelling.restore(content) },
            });
        }
        if node.child_count() == 0 {
            let text = self.spelling.restore(text).into_boxed_str();
            return Ok(Pat::Leaf { kind: node.kind_id(), named: node.is_named(), text });
        }
        let mut children = Vec::new();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            if child.is_extra() || child.start_byte() >= self.end || child.byte_range().is_empty() {
                continue;
            }
            children.push(self.build(child, depth + 1)?);
        }
        Ok(Pat::Inner { kind: node.kind_id(), children: self.without_loose_separators(children) })
    }

    fn computed(&self, node: Node<'_>) -> bool {
        let kinds = self.language.kinds();
        let mut cursor = node.walk();
        node.named_children(&mut cursor).any(|c| kinds.interpolations.contains(c.kind_id()))
    }

    /// `f($$$, x)` must match `f(x)`: separators beside `$$$` go.
    fn without_loose_separators(&self, children: Vec<Pat>) -> Vec<Pat> {
        let separator = |p: &Pat| matches!(p, Pat::Leaf { named: false, text, .. } if matches!(&**text, "," | ";" | "\n"));
        let rest = |p: Option<&Pat>| matches!(p, Some(Pat::Rest(_)));
        let keep: Vec<bool> = (0..children.len())
            .map(|i| {
                let beside = (i > 0 && rest(children.get(i - 1))) || rest(children.get(i + 1));
                !(separator(&children[i]) && beside)
            })
            .collect();
        children.into_iter().zip(keep).filter_map(|(c, keep)| keep.then_some(c)).collect()
    }
}

/// A string literal's prefix (raw and Unicode markers left out) and its text between the quotes.
pub fn literal_text(text: &str) -> (String, &str) {
    let quote = |c: char| matches!(c, '"' | '\'' | '`');
    let Some(at) = text.find(quote).filter(|at| *at <= 8) else {
        return match text.strip_prefix(':') {
            Some(symbol) => (":".to_owned(), symbol),
            None => (String::new(), text),
        };
    };
    let prefix: String = text[..at]
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .filter(|c| !matches!(c, 'r' | 'u' | '@' | '$' | 'l' | '#' | '%' | 'q'))
        .collect();
    let body = text[at..].trim_end_matches('#');
    for mark in ["\"\"\"", "'''", "\"", "'", "`"] {
        if let Some(inner) = body.strip_prefix(mark).and_then(|b| b.strip_suffix(mark)) {
            return (prefix, inner);
        }
    }
    (prefix, body)
}

/// The first name of a call or member access. Before it no token can stand that a pattern may leave out.
fn prefix_of(root: &Pat, language: Language) -> Option<Box<str>> {
    let kinds = language.kinds();
    let mut at = root;
    loop {
        match at {
            Pat::Inner { kind, children } if kinds.calls.contains(*kind) || kinds.members.contains(*kind) => {
                at = children.first()?;
            }
            Pat::Leaf { named: true, text, .. } => return Some(text.clone()),
            _ => return None,
        }
    }
}

fn collect_words(pat: &Pat, words: &mut Vec<String>) {
    match pat {
        Pat::Leaf { text, .. } if text.len() > 1 => words.push(text.to_string()),
        Pat::Text { content, .. } if content.len() > 1 => words.push(content.clone()),
        Pat::Inner { children, .. } => children.iter().for_each(|c| collect_words(c, words)),
        _ => {}
    }
}

fn collect_names<'p>(pat: &'p Pat, names: &mut Vec<&'p str>) {
    match pat {
        Pat::Capture(name) | Pat::Rest(Some(name)) | Pat::TextCapture(Some(name)) => names.push(name),
        Pat::Inner { children, .. } => children.iter().for_each(|c| collect_names(c, names)),
        _ => {}
    }
}

/// Recurses over the pattern, whose depth is limited; never over the code.
fn match_node<'t>(pat: &Pat, node: Node<'t>, on: &mut Matching<'t>, captures: &mut Captures<'t>) -> bool {
    if !on.step() {
        return false;
    }
    match pat {
        Pat::Any | Pat::Rest(_) => node.is_named() && !node.is_extra(),
        Pat::Capture(name) => node.is_named() && !node.is_extra() && captures.bind(name, node, on.source),
        Pat::Leaf { kind, named, text } => {
            node.kind_id() == *kind && (!named || on.source.text_of(node) == &**text)
        }
        Pat::Text { prefix, content } => {
            on.kinds.strings.contains(node.kind_id()) && {
                let (own_prefix, own) = literal_text(on.source.text_of(node));
                own == content && own_prefix == *prefix && !has_computed_part(node, on)
            }
        }
        Pat::TextCapture(name) => {
            on.kinds.strings.contains(node.kind_id())
                && !has_computed_part(node, on)
                && name.as_ref().is_none_or(|name| bind_content(name, node, on, captures))
        }
        Pat::Inner { kind, children } => {
            node.kind_id() == *kind && match_children(children, node, on, captures)
        }
    }
}

fn has_computed_part<'t>(node: Node<'t>, on: &mut Matching<'t>) -> bool {
    let begin = on.push_children(node);
    let found = on.children[begin..].iter().any(|c| on.kinds.interpolations.contains(c.kind_id()));
    on.children.truncate(begin);
    found
}

/// Binds a name to the inside of a string, without its quotes where the grammar has a node for that.
fn bind_content<'t>(
    name: &Arc<str>,
    node: Node<'t>,
    on: &mut Matching<'t>,
    captures: &mut Captures<'t>,
) -> bool {
    let begin = on.push_children(node);
    let marks = ["string_start", "string_end"];
    let inside: Vec<Node<'t>> =
        on.children[begin..].iter().copied().filter(|c| c.is_named() && !marks.contains(&c.kind())).collect();
    let leaf = on.children.len() == begin;
    on.children.truncate(begin);
    if leaf { captures.bind(name, node, on.source) } else { captures.bind_many(name, inside, on.source) }
}

fn match_children<'t>(
    pats: &[Pat],
    node: Node<'t>,
    on: &mut Matching<'t>,
    captures: &mut Captures<'t>,
) -> bool {
    let begin = on.push_children(node);
    let found = match_siblings(pats, begin, on, captures);
    on.children.truncate(begin);
    found
}

/// Where the last `$$$` began, and how far it reaches so far.
struct Star<'p> {
    name: Option<&'p Arc<str>>,
    next_pat: usize,
    begin: usize,
    reach: usize,
    mark: usize,
}

impl Star<'_> {
    fn bind<'t>(&self, on: &Matching<'t>, captures: &mut Captures<'t>) -> bool {
        let Some(name) = self.name else { return true };
        let named = |n: &&Node<'t>| n.is_named() && !n.is_extra();
        let nodes: Vec<Node<'t>> =
            on.children[self.begin..self.reach].iter().filter(named).copied().collect();
        captures.bind_many(name, nodes, on.source)
    }
}

/// Glob matching over the children from `begin` on: `$$$` takes as few as it can, and only the last one
/// is ever widened, so the cost is the product of the two lengths at most.
fn match_siblings<'t>(
    pats: &[Pat],
    begin: usize,
    on: &mut Matching<'t>,
    captures: &mut Captures<'t>,
) -> bool {
    let end = on.children.len();
    let (mut p, mut c) = (0, begin);
    let mut star: Option<Star<'_>> = None;
    loop {
        match pats.get(p) {
            None => {
                if on.children[c..end].iter().all(skippable) {
                    return star.is_none_or(|s| s.bind(on, captures));
                }
            }
            Some(Pat::Rest(name)) => {
                if star.as_ref().is_some_and(|s| !s.bind(on, captures)) {
                    return false;
                }
                p += 1;
                let reach = if p == pats.len() { end } else { c };
                let name = name.as_ref();
                star = Some(Star { name, next_pat: p, begin: c, reach, mark: captures.mark() });
                c = reach;
                continue;
            }
            Some(pat) if c < end => {
                let node = on.children[c];
                let mark = captures.mark();
                if match_node(pat, node, on, captures) {
                    p += 1;
                    c += 1;
                    continue;
                }
                captures.back_to(mark);
                if skippable(&node) {
                    c += 1;
                    continue;
                }
            }
            Some(_) => {}
        }
        match star.as_mut() {
            Some(s) if s.reach < end => {
                s.reach += 1;
                c = s.reach;
                p = s.next_pat;
                captures.back_to(s.mark);
            }
            _ => return false,
        }
    }
}

fn skippable(node: &Node<'_>) -> bool {
    !node.is_named() || node.is_extra()
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
