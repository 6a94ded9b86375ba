//! Documents rather than programs: YAML, Dockerfiles, HCL, JSON and TOML.

use super::super::Spec;
use super::{EMPTY, QUOTED, assign, call, part};

pub(super) static YAML: Spec = Spec {
    name: "yaml",
    extension: "yml",
    strings: &["plain_scalar", "single_quote_scalar", "double_quote_scalar", "block_scalar"],
    literals: &["integer_scalar", "float_scalar", "boolean_scalar", "null_scalar", "timestamp_scalar"],
    comments: &["comment"],
    assignments: &[assign("block_mapping_pair", "key", "value"), assign("flow_pair", "key", "value")],
    blocks: &["stream", "document", "block_mapping", "block_sequence"],
    ..EMPTY
};

pub(super) static DOCKERFILE: Spec = Spec {
    name: "dockerfile",
    extension: "dockerfile",
    strings: &["double_quoted_string", "single_quoted_string", "json_string", "unquoted_string"],
    interpolations: &["expansion"],
    comments: &["comment"],
    assignments: &[assign("env_pair", "name", "value"), assign("arg_pair", "name", "default")],
    blocks: &["source_file"],
    words: &[("add_instruction", "ADD"), ("healthcheck_instruction", "HEALTHCHECK")],
    contexts: &["@\n", "@"],
    ..EMPTY
};

pub(super) static HCL: Spec = Spec {
    name: "hcl",
    extension: "tf",
    identifiers: &["variable_expr"],
    strings: &["string_lit", "quoted_template", "heredoc_template"],
    interpolations: &["template_interpolation", "template_directive"],
    literals: &["numeric_lit", "bool_lit", "null_lit"],
    comments: &["comment"],
    calls: &[call("function_call", "", "")],
    assignments: &[assign("attribute", "", ""), assign("object_elem", "key", "val")],
    members: &[part("get_attr", "", "")],
    subscripts: &[part("index", "", "")],
    blocks: &["config_file", "body"],
    contexts: &["@\n", "x = @\n", "x = {\n@\n}\n"],
    ..EMPTY
};

pub(super) static JSON: Spec = Spec {
    name: "json",
    extension: "json",
    strings: &["string"],
    literals: &["number", "true", "false", "null"],
    comments: &["comment"],
    line_comment: "//",
    assignments: &[assign("pair", "key", "value")],
    blocks: &["document", "object", "array"],
    metavariables: QUOTED,
    contexts: &["@", "{@}"],
    ..EMPTY
};

pub(super) static TOML: Spec = Spec {
    name: "toml",
    extension: "toml",
    strings: &["string", "quoted_key"],
    literals: &[
        "integer",
        "float",
        "boolean",
        "local_date",
        "local_date_time",
        "local_time",
        "offset_date_time",
    ],
    comments: &["comment"],
    assignments: &[assign("pair", "", "")],
    blocks: &["document", "table", "table_array_element"],
    metavariables: QUOTED,
    contexts: &["@\n", "x = @\n"],
    ..EMPTY
};
