//! JavaScript and TypeScript, which share most of their grammar.

use super::super::{AssignShape, CallShape, FunctionShape, Spec};
use super::{EMPTY, NONE, Names, assign, call, function, part};

const JS_CALLS: &[CallShape] =
    &[call("call_expression", "function", "arguments"), call("new_expression", "constructor", "arguments")];
const JS_FUNCTIONS: &[FunctionShape] = &[
    function("function_declaration", "name", "parameters", "body"),
    function("function_expression", "name", "parameters", "body"),
    function("generator_function", "name", "parameters", "body"),
    function("generator_function_declaration", "name", "parameters", "body"),
    function("arrow_function", "", "parameters", "body"),
    function("method_definition", "name", "parameters", "body"),
];
const JS_ASSIGNMENTS: &[AssignShape] = &[
    assign("variable_declarator", "name", "value"),
    assign("assignment_expression", "left", "right"),
    assign("augmented_assignment_expression", "left", "right"),
    assign("for_in_statement", "left", "right"),
];
const JS_WORDS: &[(&str, &str)] = &[
    ("debugger_statement", "debugger"),
    ("catch_clause", "catch"),
    ("try_statement", "try"),
    ("with_statement", "with"),
    ("await_expression", "await"),
    ("throw_statement", "throw"),
    ("new_expression", "new"),
];
const JS_CONTEXTS: Names = &["@", "(@)", "class C { @ }", "async function* f() { @ }"];

pub(super) static JAVASCRIPT: Spec = Spec {
    name: "javascript",
    extension: "js",
    identifiers: &[
        "identifier",
        "this",
        "shorthand_property_identifier",
        "shorthand_property_identifier_pattern",
    ],
    strings: &["string", "template_string"],
    interpolations: &["template_substitution"],
    literals: &["number", "true", "false", "null", "undefined", "regex"],
    comments: &["comment", "html_comment"],
    line_comment: "//",
    calls: JS_CALLS,
    functions: JS_FUNCTIONS,
    assignments: JS_ASSIGNMENTS,
    members: &[part("member_expression", "object", "property")],
    subscripts: &[part("subscript_expression", "object", "index")],
    blocks: &["program", "statement_block", "switch_case", "switch_default"],
    branches: &["if_statement", "else_clause", "switch_statement", "ternary_expression"],
    loops: &["for_statement", "for_in_statement", "while_statement", "do_statement"],
    tries: &["try_statement"],
    catches: &["catch_clause"],
    scopes: &["using_declaration"],
    returns: &["return_statement"],
    yields: &["yield_expression"],
    awaits: &["await_expression"],
    throws: &["throw_statement"],
    imports: &["import_statement"],
    classes: &["class_declaration", "class"],
    words: JS_WORDS,
    contexts: JS_CONTEXTS,
    ..EMPTY
};

pub(super) static TYPESCRIPT: Spec = Spec {
    name: "typescript",
    extension: "ts",
    comments: &["comment", "html_comment"],
    scopes: NONE,
    classes: &["class_declaration", "class", "abstract_class_declaration"],
    ..JAVASCRIPT
};

pub(super) static TSX: Spec = Spec { name: "tsx", extension: "tsx", ..TYPESCRIPT };
