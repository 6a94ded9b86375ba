//! What a rule is: the schema of the files in `plugins/packs/`.
//!
//! A file holds `rules:`, a list. A rule names exactly one way of finding (`match`, `taint`,
//! `resource`, `document`, `secret` or `builtin`) and brings its own examples, which
//! `ecoops scan --test-rules` runs. Unknown fields are errors.

use crate::domain::{Category, Confidence, Persona, Severity, Tier};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Kebab case, unique over all packs, starting with its language or topic: `python-sql-format`.
    pub id: String,
    /// A short noun phrase: "SQL built by string formatting".
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// Of its fix. A rule without `fix` is `manual`.
    pub tier: Tier,
    #[serde(default)]
    pub persona: Persona,
    pub category: Category,
    /// `python`, `javascript`, `typescript`, `tsx`, `go`, `rust`, `java`, `c`, `cpp`, `csharp`, `ruby`,
    /// `php`, `bash`, `yaml`, `dockerfile`, `hcl`, `json`, `toml`; `any` is every text file.
    /// `javascript` does not imply `typescript`: name all that are meant.
    pub languages: Vec<String>,
    /// Globs on the path; empty means all of the languages' files.
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(default)]
    pub exclude_files: Vec<String>,
    /// Numbers of the Common Weakness Enumeration.
    #[serde(default)]
    pub cwe: Vec<u32>,
    /// As `A03:2021`.
    #[serde(default)]
    pub owasp: Vec<String>,
    /// One or two sentences: what goes wrong, for whom. `$X` is replaced by the captured text.
    pub why: String,
    /// One sentence: what to do instead.
    pub remedy: String,
    /// Primary documentation of the weakness or of the API.
    pub link: String,

    #[serde(default, rename = "match")]
    pub matcher: Option<Matcher>,
    #[serde(default)]
    pub taint: Option<Taint>,
    #[serde(default)]
    pub resource: Option<Resource>,
    #[serde(default)]
    pub document: Option<Document>,
    #[serde(default)]
    pub secret: Option<Secret>,
    /// An analysis of the whole project, by name: `undeclared-dependency`.
    #[serde(default)]
    pub builtin: Option<String>,

    /// Of the matched node; a `document` rule has its own.
    #[serde(default)]
    pub fix: Vec<FixStep>,
    pub examples: Vec<Example>,
}

/// What a syntax node must be. All fields given must hold.
///
/// A `pattern` is code in which `$NAME` (upper case) stands for one node, `$_` for any one node, and
/// `$$$NAME` / `$$$` for any number of neighbours; the same name twice must be the same text. Of
/// a string the text counts, not the quotes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Matcher {
    #[serde(default)]
    pub pattern: Option<Pattern>,
    /// The grammar's name of the node.
    #[serde(default)]
    pub kind: Option<String>,
    /// Must be found in the node's text (anchor it yourself). Linear-time syntax.
    #[serde(default)]
    pub regex: Option<String>,
    #[serde(default)]
    pub any: Vec<Matcher>,
    #[serde(default)]
    pub all: Vec<Matcher>,
    #[serde(default)]
    pub not: Option<Box<Matcher>>,
    /// Some ancestor is so.
    #[serde(default)]
    pub inside: Option<Box<Relation>>,
    /// Some descendant is so.
    #[serde(default)]
    pub has: Option<Box<Relation>>,
    /// Some earlier sibling is so (`direct`: the nearest).
    #[serde(default)]
    pub follows: Option<Box<Relation>>,
    /// Some later sibling is so (`direct`: the nearest).
    #[serde(default)]
    pub precedes: Option<Box<Relation>>,
    /// Constraints on what was captured.
    #[serde(default, rename = "where")]
    pub constraints: Vec<Constraint>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Pattern {
    Code(String),
    Selected(Selected),
}

/// Parse `context`, then take its first node of kind `selector`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selected {
    pub context: String,
    pub selector: String,
}

/// In YAML the fields of its matcher stand beside its own: `inside: {kind: x, direct: true}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "RelationFields")]
pub struct Relation {
    pub matcher: Matcher,
    /// Only the parent or children (for siblings: only the nearest).
    pub direct: bool,
    /// Do not look beyond a node of one of these kinds; `function` stands for the language's functions.
    pub within: Vec<String>,
    /// The grammar's name of the field by which it hangs on its parent.
    pub field: Option<String>,
}

/// A condition on the text or node captured as `var` (without `$`). All fields given must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Constraint {
    pub var: String,
    #[serde(default)]
    pub regex: Option<String>,
    #[serde(default)]
    pub not_regex: Option<String>,
    #[serde(default)]
    pub kind: Vec<String>,
    #[serde(default)]
    pub not_kind: Vec<String>,
    /// For `$$$X`: at least one / none of the captured nodes is so; for `$X`: it is / is not so.
    #[serde(default)]
    pub matches: Option<Box<Matcher>>,
    #[serde(default)]
    pub not_matches: Option<Box<Matcher>>,
    /// Bits of Shannon entropy a character, at least.
    #[serde(default)]
    pub min_entropy: Option<f64>,
    /// Read as a number, which must be less / greater.
    #[serde(default)]
    pub less_than: Option<f64>,
    #[serde(default)]
    pub greater_than: Option<f64>,
    /// `true`: a constant of the language (literal without interpolation, or made of such).
    #[serde(default)]
    pub constant: Option<bool>,
}

/// Within one function: a value from a source reaches a sink without passing a sanitizer.
/// Assignments, containers, concatenation, interpolation and calls carry the taint on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Taint {
    pub sources: Vec<Matcher>,
    pub sinks: Vec<Sink>,
    #[serde(default)]
    pub sanitizers: Vec<Matcher>,
    /// Parameters whose name matches are sources too.
    #[serde(default)]
    pub parameters: Option<String>,
}

/// In YAML the fields of its matcher stand beside `at`.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "SinkFields")]
pub struct Sink {
    pub matcher: Matcher,
    /// The capture (without `$`) that must be tainted; the whole match when absent.
    pub at: Option<String>,
}

/// Within one function: a value is acquired and never released, checked or awaited, and does not
/// leave the function (returned, yielded, stored in a field or container, captured, passed on).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resource {
    /// Must capture `$V`, the variable that holds the value.
    pub acquire: Vec<Matcher>,
    /// May use `$V`.
    pub release: Vec<Matcher>,
    /// Passing it to a call counts as leaving (default true).
    #[serde(default = "yes")]
    pub passing_escapes: bool,
    /// A release that is skipped by an early return or an exception counts as none (default false).
    #[serde(default)]
    pub every_path: bool,
}

fn yes() -> bool {
    true
}

/// Structured data (YAML, JSON, TOML, HCL), seen as mappings and lists with places.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Document {
    /// `kubernetes` (has apiVersion and kind), `workflow` (GitHub Actions), `action` (its action.yml),
    /// `compose`, `gitlab-ci`, `any`.
    pub of: String,
    /// Kubernetes kinds; empty means every kind.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Which values are judged: dotted keys, `[*]` every element, `*` every key, `**` any depth,
    /// `"quoted.key"`. `$pod` is the pod spec of any workload kind. Empty: the whole document.
    #[serde(default)]
    pub each: Vec<String>,
    /// All must hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// None may hold.
    #[serde(default)]
    pub unless: Vec<Condition>,
    /// Where to point, relative to the judged value; its own place when absent.
    #[serde(default)]
    pub report: Option<String>,
    #[serde(default)]
    pub fix: Vec<DocumentFix>,
}

/// `path` is relative to the judged value; one starting with `/` begins at the document's root, `..`
/// climbs to the parent. A path with wildcards holds when any of its values does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Condition {
    #[serde(default)]
    pub path: String,
    #[serde(default)]
    pub present: Option<bool>,
    #[serde(default)]
    pub equals: Option<serde_json::Value>,
    #[serde(default)]
    pub not_equals: Option<serde_json::Value>,
    #[serde(default)]
    pub one_of: Vec<serde_json::Value>,
    #[serde(default)]
    pub regex: Option<String>,
    #[serde(default)]
    pub not_regex: Option<String>,
    #[serde(default)]
    pub less_than: Option<f64>,
    #[serde(default)]
    pub greater_than: Option<f64>,
    /// Alternatives: at least one holds.
    #[serde(default)]
    pub any: Vec<Condition>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DocumentFix {
    /// Path to set, relative to the judged value; missing mappings are made.
    #[serde(default)]
    pub set: Option<String>,
    /// The value; in its strings `$VALUE` is the judged scalar.
    #[serde(default)]
    pub to: Option<serde_json::Value>,
    /// Path to remove.
    #[serde(default)]
    pub remove: Option<String>,
}

/// A credential in any text. Only its kind, place and a stable token are ever shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Secret {
    /// Group 1, if there is one, is the secret. Absent when `format` is given.
    #[serde(default)]
    pub regex: String,
    /// A kind of the table in `domain::credential`, with its expression, keywords, entropy and check.
    #[serde(default)]
    pub format: Option<String>,
    /// One of these must stand in the file (any case); a cheap filter.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Bits of Shannon entropy a character, at least.
    #[serde(default)]
    pub min_entropy: Option<f64>,
    /// `github` (CRC-32 in base 62), `luhn`, `jwt` (header decodes), `pem`, `pem-whole` (base 64 of one whole
    /// key), `aws-key` (base 32 account),
    /// `opaque` (drawn at random, not words), `none`.
    #[serde(default)]
    pub check: Option<String>,
    /// Expressions (any case) found in values that are no secrets. Common placeholders are known.
    #[serde(default)]
    pub allow: Vec<String>,
}

/// One step of a fix. Steps of one finding are applied together or not at all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FixStep {
    /// Replace this capture (without `$`) instead of the whole match.
    #[serde(default)]
    pub target: Option<String>,
    /// The new text; `$X` and `$$$X` stand for what was captured, verbatim.
    #[serde(default)]
    pub replace: Option<String>,
    /// Put text before / after the target; a text ending in `\n` becomes a line of the target's indentation.
    #[serde(default)]
    pub insert_before: Option<String>,
    #[serde(default)]
    pub insert_after: Option<String>,
    /// Remove the target with its line, if it stands alone there, or with its comma in a list.
    #[serde(default)]
    pub remove: bool,
    /// An import line that the file must have; added after the last import when it has not.
    #[serde(default)]
    pub import: Option<String>,
}

/// `bad` must be found, `good` must not; after the fix `bad` must read `fixed`, and be found no more.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    #[serde(default)]
    pub bad: Option<String>,
    #[serde(default)]
    pub good: Option<String>,
    #[serde(default)]
    pub fixed: Option<String>,
    /// A path, where the rule looks at it; else one of the first language.
    #[serde(default)]
    pub file: Option<String>,
}

/// Serde cannot flatten a struct and reject unknown fields, so the YAML of [`Relation`] and [`Sink`] is
/// spelt out here.
macro_rules! matcher_fields {
    ($name:ident, $owner:ident { $($own:ident: $type:ty),* }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        struct $name {
            #[serde(default)]
            pattern: Option<Pattern>,
            #[serde(default)]
            kind: Option<String>,
            #[serde(default)]
            regex: Option<String>,
            #[serde(default)]
            any: Vec<Matcher>,
            #[serde(default)]
            all: Vec<Matcher>,
            #[serde(default)]
            not: Option<Box<Matcher>>,
            #[serde(default)]
            inside: Option<Box<Relation>>,
            #[serde(default)]
            has: Option<Box<Relation>>,
            #[serde(default)]
            follows: Option<Box<Relation>>,
            #[serde(default)]
            precedes: Option<Box<Relation>>,
            #[serde(default, rename = "where")]
            constraints: Vec<Constraint>,
            $(#[serde(default)] $own: $type,)*
        }

        impl From<$name> for $owner {
            fn from(f: $name) -> Self {
                Self {
                    matcher: Matcher {
                        pattern: f.pattern,
                        kind: f.kind,
                        regex: f.regex,
                        any: f.any,
                        all: f.all,
                        not: f.not,
                        inside: f.inside,
                        has: f.has,
                        follows: f.follows,
                        precedes: f.precedes,
                        constraints: f.constraints,
                    },
                    $($own: f.$own,)*
                }
            }
        }
    };
}

matcher_fields!(RelationFields, Relation { direct: bool, within: Vec<String>, field: Option<String> });
matcher_fields!(SinkFields, Sink { at: Option<String> });
