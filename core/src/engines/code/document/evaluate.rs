//! Judging documents by a rule.

use super::classify::Family;
use super::condition::Condition;
use super::edit::Editor;
use super::node::{Node, Value};
use super::path::{BadPath, Path, Place, at};
use super::read::{Documents, Syntax};
use crate::domain::Edit;
use crate::engines::code::rule;
use serde_json::Value as Json;
use std::ops::Range;

/// Why a rule cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BadDocumentRule {
    #[error("`of: {0}` is no family of documents")]
    Family(String),
    #[error(transparent)]
    Path(#[from] BadPath),
    #[error("a condition's regular expression: {0}")]
    Regex(#[from] regex::Error),
    #[error("a fix must have either `set` and `to`, or `remove`")]
    Fix,
}

/// A `document` rule, ready to be used.
#[derive(Debug, Clone)]
pub struct DocumentRule {
    family: Family,
    kinds: Vec<String>,
    each: Vec<Path>,
    when: Vec<Condition>,
    unless: Vec<Condition>,
    report: Option<Path>,
    fix: Vec<Step>,
    clauses: Vec<Vec<String>>,
}

#[derive(Debug, Clone)]
enum Step {
    Set(Path, Json),
    Remove(Path),
}

/// One finding of a document rule.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentFinding {
    pub range: Range<usize>,
    /// Of the judged scalar, `$VALUE` in messages.
    pub judged: Option<Range<usize>>,
    /// The fix; empty when there is none or it cannot be made without touching something else.
    pub edits: Vec<Edit>,
}

impl DocumentRule {
    /// # Errors
    /// [`BadDocumentRule`] naming the part of the rule that is wrong.
    pub fn compile(rule: &rule::Document) -> Result<Self, BadDocumentRule> {
        let conditions =
            |list: &[rule::Condition]| list.iter().map(Condition::compile).collect::<Result<Vec<_>, _>>();
        let fix = |fix: &rule::DocumentFix| match (&fix.set, &fix.to, &fix.remove) {
            (Some(path), Some(value), None) => Ok(Step::Set(Path::parse(path)?, value.clone())),
            (None, None, Some(path)) => Ok(Step::Remove(Path::parse(path)?)),
            _ => Err(BadDocumentRule::Fix),
        };
        let family = Family::named(&rule.of).ok_or_else(|| BadDocumentRule::Family(rule.of.clone()))?;
        let mut clauses = family.clauses();
        if !rule.kinds.is_empty() {
            clauses.push(rule.kinds.clone());
        }
        Ok(Self {
            family,
            clauses,
            kinds: rule.kinds.clone(),
            each: rule.each.iter().map(|path| Path::parse(path)).collect::<Result<_, _>>()?,
            when: conditions(&rule.when)?,
            unless: conditions(&rule.unless)?,
            report: rule.report.as_deref().map(Path::parse).transpose()?,
            fix: rule.fix.iter().map(fix).collect::<Result<_, _>>()?,
        })
    }

    /// What a file must hold for this to find anything: of each clause at least one word. A key that is
    /// written with escapes (`"k\u0069nd"`) is not seen.
    pub fn clauses(&self) -> &[Vec<String>] {
        &self.clauses
    }

    /// False when no file at this path is of the rule's family.
    pub fn looks_at(&self, path: &str) -> bool {
        self.family.may_be_at(path)
    }

    /// The findings in one file, in order of place.
    pub fn find(
        &self,
        path: &str,
        syntax: Syntax,
        documents: &Documents,
        text: &str,
    ) -> Vec<DocumentFinding> {
        let mut found = Vec::new();
        for root in documents.roots.iter().flat_map(|root| self.family.parts(path, root)) {
            let kind = root.get("kind").and_then(Node::text).unwrap_or_default();
            if self.kinds.is_empty() || self.kinds.contains(&kind) {
                self.judge(root, syntax, text, &mut found);
            }
        }
        found.sort_by_key(|finding| (finding.range.start, finding.range.end));
        found.dedup_by(|a, b| a.range == b.range);
        found
    }

    fn judge(&self, root: &Node, syntax: Syntax, text: &str, found: &mut Vec<DocumentFinding>) {
        let places: Vec<Place> = if self.each.is_empty() {
            vec![Vec::new()]
        } else {
            self.each.iter().flat_map(|path| path.select(root, &[])).collect()
        };
        for place in places {
            let Some(node) = at(root, &place) else { continue };
            let scalar = node.text();
            let templated = scalar.as_ref().is_some_and(|text| text.replace("${{", "").contains("{{"));
            let holds = !templated
                && self.when.iter().all(|condition| condition.holds(root, &place))
                && !self.unless.iter().any(|condition| condition.holds(root, &place));
            if !holds {
                continue;
            }
            let reported = self.report.as_ref().and_then(|path| path.select(root, &place).into_iter().next());
            let range = show(root, reported.as_ref().unwrap_or(&place));
            let edits = self.edits(root, syntax, text, &place, scalar.as_deref()).unwrap_or_default();
            let judged = scalar.is_some().then(|| node.span.clone());
            found.push(DocumentFinding { range, judged, edits });
        }
    }

    fn edits(
        &self,
        root: &Node,
        syntax: Syntax,
        text: &str,
        place: &Place,
        value: Option<&str>,
    ) -> Option<Vec<Edit>> {
        let mut editor = Editor::new(root, text, syntax);
        for step in &self.fix {
            match step {
                Step::Set(path, to) => editor.set(place, path, &substitute(to, value.unwrap_or("")))?,
                Step::Remove(path) => editor.remove(place, path)?,
            }
        }
        editor.finish()
    }
}

fn substitute(value: &Json, judged: &str) -> Json {
    match value {
        Json::String(text) => Json::String(text.replace("$VALUE", judged)),
        Json::Array(items) => items.iter().map(|item| substitute(item, judged)).collect(),
        Json::Object(map) => map.iter().map(|(k, v)| (k.clone(), substitute(v, judged))).collect(),
        other => other.clone(),
    }
}

/// The text to point at: a scalar with its key, of anything larger its key or its first line.
fn show(root: &Node, place: &Place) -> Range<usize> {
    let Some(node) = at(root, place) else { return 0..0 };
    let is_scalar = matches!(node.value, Value::Scalar(_));
    if let Some((index, parent)) = place.split_last()
        && let Some(Value::Map(entries)) = at(root, parent).map(|parent| &parent.value)
        && let Some(entry) = entries.get(*index)
    {
        return if is_scalar { entry.span.clone() } else { entry.key_span.clone() };
    }
    match &node.value {
        Value::Map(entries) => entries.first().map_or(node.span.clone(), |first| match first.node.value {
            Value::Scalar(_) => first.span.clone(),
            _ => first.key_span.clone(),
        }),
        _ => node.span.clone(),
    }
}
