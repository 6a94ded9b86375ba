//! Conditions on the values of a document.

use super::evaluate::BadDocumentRule;
use super::node::{Node, Value};
use super::path::{Path, Place, at};
use crate::engines::code::rule;
use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

/// A condition, ready to be asked.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    path: Path,
    present: Option<bool>,
    equals: Option<Json>,
    not_equals: Option<Json>,
    one_of: Vec<Json>,
    regex: Option<Regex>,
    not_regex: Option<Regex>,
    less_than: Option<f64>,
    greater_than: Option<f64>,
    any: Vec<Condition>,
}

impl Condition {
    pub(super) fn compile(rule: &rule::Condition) -> Result<Self, BadDocumentRule> {
        let compile = |text: &Option<String>| {
            text.as_ref().map(|text| RegexBuilder::new(text).size_limit(1 << 20).build()).transpose()
        };
        Ok(Self {
            path: Path::parse(&rule.path)?,
            present: rule.present,
            equals: rule.equals.clone(),
            not_equals: rule.not_equals.clone(),
            one_of: rule.one_of.clone(),
            regex: compile(&rule.regex)?,
            not_regex: compile(&rule.not_regex)?,
            less_than: rule.less_than,
            greater_than: rule.greater_than,
            any: rule.any.iter().map(Self::compile).collect::<Result<_, _>>()?,
        })
    }

    /// Whether it holds for the value at `place`. A written null (`key:`) counts as absent.
    pub(super) fn holds(&self, root: &Node, place: &Place) -> bool {
        let places = self.path.select(root, place);
        let values: Vec<_> =
            places.iter().filter(|p| at(root, p).is_some_and(|node| !node.is_null())).collect();
        if self.present == Some(false) {
            return values.is_empty();
        }
        if !self.any.is_empty() && self.path.steps.is_empty() {
            let own = values.iter().any(|value| at(root, value).is_some_and(|node| self.fits(node)));
            return (own || values.is_empty())
                && self.any.iter().any(|condition| condition.holds(root, place));
        }
        values.iter().any(|value| {
            at(root, value).is_some_and(|node| self.fits(node))
                && (self.any.is_empty() || self.any.iter().any(|condition| condition.holds(root, value)))
        })
    }

    fn fits(&self, node: &Node) -> bool {
        let json = node.to_json();
        let text = node.text();
        self.equals.as_ref().is_none_or(|wanted| same(&json, wanted))
            && self.not_equals.as_ref().is_none_or(|unwanted| !same(&json, unwanted))
            && (self.one_of.is_empty() || self.one_of.iter().any(|wanted| same(&json, wanted)))
            && self.regex.as_ref().is_none_or(|regex| text.as_ref().is_some_and(|text| regex.is_match(text)))
            && self
                .not_regex
                .as_ref()
                .is_none_or(|regex| text.as_ref().is_some_and(|text| !regex.is_match(text)))
            && self.less_than.is_none_or(|limit| number(node).is_some_and(|n| n < limit))
            && self.greater_than.is_none_or(|limit| number(node).is_some_and(|n| n > limit))
    }
}

fn same(a: &Json, b: &Json) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// A number, or a quantity of Kubernetes: `500m`, `128Mi`, `1e3`, `2k`.
fn number(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Scalar(Json::Number(number)) => number.as_f64(),
        Value::Scalar(Json::String(text)) => quantity(text),
        _ => None,
    }
}

/// Source: `k8s.io/apimachinery/pkg/api/resource`, the grammar of `Quantity`.
pub(super) fn quantity(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse::<f64>() {
        return Some(number);
    }
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (digits, suffix) = text.split_at(split);
    let factor = match suffix {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => return None,
    };
    digits.parse::<f64>().ok().map(|number| number * factor)
}
