//! What the kinds of each grammar mean, as data, a file for each family of languages. The unit test of `language` holds
//! every name to the grammar.
//!
//! Never holds code beyond the look-up.

mod compiled;
mod data;
mod ecmascript;
mod scripting;

use super::{AssignShape, CallShape, FunctionShape, Language, MemberShape, Spec};
use compiled::{C, CPP, CSHARP, GO, JAVA, RUST};
use data::{DOCKERFILE, HCL, JSON, TOML, YAML};
use ecmascript::{JAVASCRIPT, TSX, TYPESCRIPT};
use scripting::{BASH, PHP, PYTHON, RUBY};

type Names = &'static [&'static str];

const fn call(kind: &'static str, callee: &'static str, arguments: &'static str) -> CallShape {
    CallShape { kind, callee, receiver: "", arguments }
}

const fn method(
    kind: &'static str,
    receiver: &'static str,
    callee: &'static str,
    arguments: &'static str,
) -> CallShape {
    CallShape { kind, callee, receiver, arguments }
}

const fn function(
    kind: &'static str,
    name: &'static str,
    parameters: &'static str,
    body: &'static str,
) -> FunctionShape {
    FunctionShape { kind, name, parameters, body }
}

const fn assign(kind: &'static str, left: &'static str, right: &'static str) -> AssignShape {
    AssignShape { kind, left, right }
}

const fn part(kind: &'static str, object: &'static str, property: &'static str) -> MemberShape {
    MemberShape { kind, object, property }
}

const NONE: Names = &[];
const WORD: &[(&str, &str)] = &[("mv", "mv")];
const QUOTED: &[(&str, &str)] = &[("\"mv", "mv\"")];

const EMPTY: Spec = Spec {
    name: "any",
    extension: "txt",
    identifiers: NONE,
    strings: NONE,
    interpolations: NONE,
    literals: NONE,
    comments: NONE,
    line_comment: "#",
    calls: &[],
    functions: &[],
    assignments: &[],
    members: &[],
    subscripts: &[],
    blocks: NONE,
    branches: NONE,
    loops: NONE,
    tries: NONE,
    catches: NONE,
    scopes: NONE,
    returns: NONE,
    yields: NONE,
    awaits: NONE,
    throws: NONE,
    imports: NONE,
    classes: NONE,
    words: &[],
    metavariables: WORD,
    contexts: &["@"],
};

pub(super) fn spec(language: Language) -> &'static Spec {
    match language {
        Language::Python => &PYTHON,
        Language::JavaScript => &JAVASCRIPT,
        Language::TypeScript => &TYPESCRIPT,
        Language::Tsx => &TSX,
        Language::Go => &GO,
        Language::Rust => &RUST,
        Language::Java => &JAVA,
        Language::C => &C,
        Language::Cpp => &CPP,
        Language::CSharp => &CSHARP,
        Language::Ruby => &RUBY,
        Language::Php => &PHP,
        Language::Bash => &BASH,
        Language::Yaml => &YAML,
        Language::Dockerfile => &DOCKERFILE,
        Language::Hcl => &HCL,
        Language::Json => &JSON,
        Language::Toml => &TOML,
        Language::Any => &EMPTY,
    }
}
