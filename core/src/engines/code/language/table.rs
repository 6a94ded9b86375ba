//! What the kinds of each grammar mean, as data. The unit test of `language` holds every name to the
//! grammar.
//!
//! Never holds code beyond the look-up.

use super::{AssignShape, CallShape, FunctionShape, Language, MemberShape, Spec};

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

static PYTHON: Spec = Spec {
    name: "python",
    extension: "py",
    identifiers: &["identifier"],
    strings: &["string"],
    interpolations: &["interpolation"],
    literals: &["integer", "float", "true", "false", "none", "ellipsis"],
    comments: &["comment"],
    calls: &[call("call", "function", "arguments")],
    functions: &[
        function("function_definition", "name", "parameters", "body"),
        function("lambda", "", "parameters", "body"),
    ],
    assignments: &[
        assign("assignment", "left", "right"),
        assign("augmented_assignment", "left", "right"),
        assign("named_expression", "name", "value"),
        assign("for_statement", "left", "right"),
        assign("for_in_clause", "left", "right"),
        assign("as_pattern", "alias", ""),
    ],
    members: &[part("attribute", "object", "attribute")],
    subscripts: &[part("subscript", "value", "subscript")],
    blocks: &["module", "block"],
    branches: &[
        "if_statement",
        "elif_clause",
        "else_clause",
        "match_statement",
        "case_clause",
        "conditional_expression",
    ],
    loops: &["for_statement", "while_statement", "for_in_clause"],
    tries: &["try_statement"],
    catches: &["except_clause"],
    scopes: &["with_statement"],
    returns: &["return_statement"],
    yields: &["yield"],
    awaits: &["await"],
    throws: &["raise_statement"],
    imports: &["import_statement", "import_from_statement", "future_import_statement"],
    classes: &["class_definition"],
    words: &[
        ("except_clause", "except"),
        ("try_statement", "try"),
        ("lambda", "lambda"),
        ("class_definition", "class"),
        ("function_definition", "def"),
        ("assert_statement", "assert"),
        ("with_statement", "with"),
        ("global_statement", "global"),
        ("raise_statement", "raise"),
        ("while_statement", "while"),
        ("pass_statement", "pass"),
    ],
    metavariables: &[("mv", "mv")],
    ..EMPTY
};

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

static JAVASCRIPT: Spec = Spec {
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

static TYPESCRIPT: Spec = Spec {
    name: "typescript",
    extension: "ts",
    comments: &["comment", "html_comment"],
    scopes: NONE,
    classes: &["class_declaration", "class", "abstract_class_declaration"],
    ..JAVASCRIPT
};

static TSX: Spec = Spec { name: "tsx", extension: "tsx", ..TYPESCRIPT };

static GO: Spec = Spec {
    name: "go",
    extension: "go",
    identifiers: &["identifier", "package_identifier"],
    strings: &["interpreted_string_literal", "raw_string_literal"],
    literals: &[
        "int_literal",
        "float_literal",
        "imaginary_literal",
        "rune_literal",
        "true",
        "false",
        "nil",
        "iota",
    ],
    comments: &["comment"],
    line_comment: "//",
    calls: &[call("call_expression", "function", "arguments")],
    functions: &[
        function("function_declaration", "name", "parameters", "body"),
        function("method_declaration", "name", "parameters", "body"),
        function("func_literal", "", "parameters", "body"),
    ],
    assignments: &[
        assign("short_var_declaration", "left", "right"),
        assign("assignment_statement", "left", "right"),
        assign("var_spec", "name", "value"),
        assign("const_spec", "name", "value"),
        assign("range_clause", "left", "right"),
        assign("receive_statement", "left", "right"),
    ],
    members: &[part("selector_expression", "operand", "field")],
    subscripts: &[part("index_expression", "operand", "index")],
    blocks: &["source_file", "block", "statement_list"],
    branches: &[
        "if_statement",
        "expression_switch_statement",
        "type_switch_statement",
        "select_statement",
        "expression_case",
        "communication_case",
        "default_case",
    ],
    loops: &["for_statement"],
    scopes: &["defer_statement"],
    returns: &["return_statement"],
    imports: &["import_declaration"],
    classes: &["type_declaration"],
    words: &[("defer_statement", "defer"), ("go_statement", "go"), ("for_statement", "for")],
    contexts: &["package p\nfunc f() {\n@\n}", "package p\n@", "package p\nvar _ = @", "@"],
    ..EMPTY
};

static RUST: Spec = Spec {
    name: "rust",
    extension: "rs",
    identifiers: &["identifier", "self", "shorthand_field_identifier"],
    strings: &["string_literal", "raw_string_literal"],
    literals: &["integer_literal", "float_literal", "boolean_literal", "char_literal", "unit_expression"],
    comments: &["line_comment", "block_comment"],
    line_comment: "//",
    calls: &[call("call_expression", "function", "arguments"), call("macro_invocation", "macro", "")],
    functions: &[
        function("function_item", "name", "parameters", "body"),
        function("closure_expression", "", "parameters", "body"),
    ],
    assignments: &[
        assign("let_declaration", "pattern", "value"),
        assign("assignment_expression", "left", "right"),
        assign("compound_assignment_expr", "left", "right"),
        assign("let_condition", "pattern", "value"),
        assign("for_expression", "pattern", "value"),
        assign("static_item", "name", "value"),
        assign("const_item", "name", "value"),
    ],
    members: &[part("field_expression", "value", "field")],
    subscripts: &[part("index_expression", "", "")],
    blocks: &["source_file", "block"],
    branches: &["if_expression", "else_clause", "match_expression", "match_arm"],
    loops: &["for_expression", "while_expression", "loop_expression"],
    returns: &["return_expression"],
    yields: &["yield_expression"],
    awaits: &["await_expression"],
    imports: &["use_declaration", "extern_crate_declaration"],
    classes: &["impl_item", "struct_item", "enum_item", "trait_item"],
    words: &[("unsafe_block", "unsafe"), ("await_expression", "await"), ("loop_expression", "loop")],
    contexts: &["fn f() { @ }", "fn f() { @; }", "@", "impl C { @ }"],
    ..EMPTY
};

static JAVA: Spec = Spec {
    name: "java",
    extension: "java",
    identifiers: &["identifier", "this"],
    strings: &["string_literal"],
    interpolations: &["string_interpolation"],
    literals: &[
        "decimal_integer_literal",
        "hex_integer_literal",
        "octal_integer_literal",
        "binary_integer_literal",
        "decimal_floating_point_literal",
        "hex_floating_point_literal",
        "character_literal",
        "true",
        "false",
        "null_literal",
    ],
    comments: &["line_comment", "block_comment"],
    line_comment: "//",
    calls: &[
        method("method_invocation", "object", "name", "arguments"),
        call("object_creation_expression", "type", "arguments"),
    ],
    functions: &[
        function("method_declaration", "name", "parameters", "body"),
        function("constructor_declaration", "name", "parameters", "body"),
        function("lambda_expression", "", "parameters", "body"),
    ],
    assignments: &[
        assign("variable_declarator", "name", "value"),
        assign("assignment_expression", "left", "right"),
        assign("enhanced_for_statement", "name", "value"),
        assign("resource", "name", "value"),
    ],
    members: &[part("field_access", "object", "field")],
    subscripts: &[part("array_access", "array", "index")],
    blocks: &["program", "block", "constructor_body", "switch_block_statement_group"],
    branches: &["if_statement", "switch_expression", "ternary_expression"],
    loops: &["for_statement", "enhanced_for_statement", "while_statement", "do_statement"],
    tries: &["try_statement", "try_with_resources_statement"],
    catches: &["catch_clause"],
    scopes: &["try_with_resources_statement"],
    returns: &["return_statement"],
    yields: &["yield_statement"],
    throws: &["throw_statement"],
    imports: &["import_declaration"],
    classes: &["class_declaration", "interface_declaration", "enum_declaration", "record_declaration"],
    words: &[("catch_clause", "catch"), ("try_statement", "try"), ("synchronized_statement", "synchronized")],
    contexts: &[
        "class C { void f() { @; } }",
        "class C { void f() { @ } }",
        "class C { Object o = @; }",
        "class C { @ }",
        "@",
    ],
    ..EMPTY
};

static C: Spec = Spec {
    name: "c",
    extension: "c",
    identifiers: &["identifier"],
    strings: &["string_literal"],
    literals: &["number_literal", "char_literal", "true", "false", "null"],
    comments: &["comment"],
    line_comment: "//",
    calls: &[call("call_expression", "function", "arguments")],
    functions: &[function("function_definition", "declarator", "", "body")],
    assignments: &[
        assign("init_declarator", "declarator", "value"),
        assign("assignment_expression", "left", "right"),
    ],
    members: &[part("field_expression", "argument", "field")],
    subscripts: &[part("subscript_expression", "argument", "index")],
    blocks: &["translation_unit", "compound_statement", "case_statement"],
    branches: &["if_statement", "else_clause", "switch_statement", "conditional_expression"],
    loops: &["for_statement", "while_statement", "do_statement"],
    tries: &["seh_try_statement"],
    catches: &["seh_except_clause"],
    returns: &["return_statement"],
    imports: &["preproc_include"],
    classes: &["struct_specifier", "union_specifier"],
    words: &[("goto_statement", "goto"), ("preproc_include", "include")],
    contexts: &["void f(void) { @; }", "void f(void) { @ }", "@", "int x = @;", "@\n"],
    ..EMPTY
};

static CPP: Spec = Spec {
    name: "cpp",
    extension: "cpp",
    identifiers: &["identifier", "this"],
    strings: &["string_literal", "raw_string_literal"],
    literals: &["number_literal", "char_literal", "true", "false", "null"],
    calls: &[
        call("call_expression", "function", "arguments"),
        call("new_expression", "type", "arguments"),
        call("delete_expression", "", ""),
    ],
    functions: &[
        function("function_definition", "declarator", "", "body"),
        function("lambda_expression", "", "declarator", "body"),
    ],
    assignments: &[
        assign("init_declarator", "declarator", "value"),
        assign("assignment_expression", "left", "right"),
        assign("for_range_loop", "declarator", "right"),
    ],
    subscripts: &[part("subscript_expression", "argument", "indices")],
    loops: &["for_statement", "for_range_loop", "while_statement", "do_statement"],
    tries: &["try_statement"],
    catches: &["catch_clause"],
    returns: &["return_statement", "co_return_statement"],
    yields: &["co_yield_statement"],
    awaits: &["co_await_expression"],
    throws: &["throw_statement"],
    imports: &["preproc_include", "using_declaration"],
    classes: &["class_specifier", "struct_specifier", "union_specifier"],
    words: &[("catch_clause", "catch"), ("delete_expression", "delete"), ("new_expression", "new")],
    contexts: &["void f() { @; }", "void f() { @ }", "@", "int x = @;", "class C { @ };", "@\n"],
    ..C
};

static CSHARP: Spec = Spec {
    name: "csharp",
    extension: "cs",
    identifiers: &["identifier"],
    strings: &[
        "string_literal",
        "verbatim_string_literal",
        "raw_string_literal",
        "interpolated_string_expression",
    ],
    interpolations: &["interpolation"],
    literals: &["integer_literal", "real_literal", "boolean_literal", "character_literal", "null_literal"],
    comments: &["comment"],
    line_comment: "//",
    calls: &[
        call("invocation_expression", "function", "arguments"),
        call("object_creation_expression", "type", "arguments"),
    ],
    functions: &[
        function("method_declaration", "name", "parameters", "body"),
        function("constructor_declaration", "name", "parameters", "body"),
        function("local_function_statement", "name", "parameters", "body"),
        function("lambda_expression", "", "parameters", "body"),
        function("anonymous_method_expression", "", "parameters", ""),
        function("accessor_declaration", "name", "", "body"),
    ],
    assignments: &[
        assign("variable_declarator", "name", ""),
        assign("assignment_expression", "left", "right"),
        assign("foreach_statement", "left", "right"),
    ],
    members: &[part("member_access_expression", "expression", "name")],
    subscripts: &[part("element_access_expression", "expression", "subscript")],
    blocks: &["compilation_unit", "block", "switch_section"],
    branches: &["if_statement", "switch_statement", "switch_expression", "conditional_expression"],
    loops: &["for_statement", "foreach_statement", "while_statement", "do_statement"],
    tries: &["try_statement"],
    catches: &["catch_clause"],
    scopes: &["using_statement"],
    returns: &["return_statement", "arrow_expression_clause"],
    yields: &["yield_statement"],
    awaits: &["await_expression"],
    throws: &["throw_statement", "throw_expression"],
    imports: &["using_directive"],
    classes: &["class_declaration", "struct_declaration", "record_declaration", "interface_declaration"],
    words: &[("catch_clause", "catch"), ("await_expression", "await"), ("lock_statement", "lock")],
    contexts: &[
        "class C { void F() { @; } }",
        "class C { void F() { @ } }",
        "class C { object o = @; }",
        "class C { @ }",
        "@",
    ],
    ..EMPTY
};

static RUBY: Spec = Spec {
    name: "ruby",
    extension: "rb",
    identifiers: &[
        "identifier",
        "constant",
        "instance_variable",
        "class_variable",
        "global_variable",
        "self",
    ],
    strings: &["string", "simple_symbol", "subshell"],
    interpolations: &["interpolation"],
    literals: &["integer", "float", "rational", "complex", "true", "false", "nil", "character"],
    comments: &["comment"],
    calls: &[method("call", "receiver", "method", "arguments")],
    functions: &[
        function("method", "name", "parameters", "body"),
        function("singleton_method", "name", "parameters", "body"),
        function("lambda", "", "parameters", "body"),
        function("block", "", "parameters", "body"),
        function("do_block", "", "parameters", "body"),
    ],
    assignments: &[
        assign("assignment", "left", "right"),
        assign("operator_assignment", "left", "right"),
        assign("for", "pattern", "value"),
    ],
    members: &[part("scope_resolution", "scope", "name")],
    subscripts: &[part("element_reference", "object", "")],
    blocks: &["program", "body_statement", "block_body", "then", "do"],
    branches: &[
        "if",
        "unless",
        "elsif",
        "else",
        "case",
        "when",
        "conditional",
        "if_modifier",
        "unless_modifier",
    ],
    loops: &["while", "until", "for", "while_modifier", "until_modifier"],
    tries: &["begin"],
    catches: &["rescue", "rescue_modifier"],
    returns: &["return"],
    yields: &["yield"],
    classes: &["class", "module"],
    words: &[("rescue", "rescue"), ("subshell", "`")],
    ..EMPTY
};

static PHP: Spec = Spec {
    name: "php",
    extension: "php",
    identifiers: &["variable_name", "name", "qualified_name"],
    strings: &["string", "encapsed_string", "heredoc", "nowdoc", "shell_command_expression"],
    interpolations: &["variable_name", "member_access_expression", "subscript_expression"],
    literals: &["integer", "float", "boolean", "null"],
    comments: &["comment"],
    line_comment: "//",
    calls: &[
        call("function_call_expression", "function", "arguments"),
        method("member_call_expression", "object", "name", "arguments"),
        method("nullsafe_member_call_expression", "object", "name", "arguments"),
        method("scoped_call_expression", "scope", "name", "arguments"),
        call("object_creation_expression", "", ""),
    ],
    functions: &[
        function("function_definition", "name", "parameters", "body"),
        function("method_declaration", "name", "parameters", "body"),
        function("anonymous_function", "", "parameters", "body"),
        function("arrow_function", "", "parameters", "body"),
    ],
    assignments: &[
        assign("assignment_expression", "left", "right"),
        assign("augmented_assignment_expression", "left", "right"),
        assign("reference_assignment_expression", "left", "right"),
    ],
    members: &[
        part("member_access_expression", "object", "name"),
        part("nullsafe_member_access_expression", "object", "name"),
        part("scoped_property_access_expression", "scope", "name"),
        part("class_constant_access_expression", "", ""),
    ],
    subscripts: &[part("subscript_expression", "", "")],
    blocks: &["program", "compound_statement", "case_statement", "default_statement"],
    branches: &[
        "if_statement",
        "else_clause",
        "else_if_clause",
        "switch_statement",
        "match_expression",
        "conditional_expression",
    ],
    loops: &["for_statement", "foreach_statement", "while_statement", "do_statement"],
    tries: &["try_statement"],
    catches: &["catch_clause"],
    returns: &["return_statement"],
    yields: &["yield_expression"],
    throws: &["throw_expression"],
    imports: &["namespace_use_declaration"],
    classes: &["class_declaration", "interface_declaration", "trait_declaration", "enum_declaration"],
    words: &[("catch_clause", "catch"), ("error_suppression_expression", "@"), ("echo_statement", "echo")],
    metavariables: &[("$mv", "mv"), ("mv", "mv")],
    contexts: &["<?php @;", "<?php @", "<?php class C { @ }", "@"],
    ..EMPTY
};

static BASH: Spec = Spec {
    name: "bash",
    extension: "sh",
    identifiers: &["variable_name", "special_variable_name"],
    strings: &["string", "raw_string", "ansi_c_string", "translated_string"],
    interpolations: &["simple_expansion", "expansion", "command_substitution", "process_substitution"],
    literals: &["number"],
    comments: &["comment"],
    calls: &[call("command", "name", "")],
    functions: &[function("function_definition", "name", "", "body")],
    assignments: &[
        assign("variable_assignment", "name", "value"),
        assign("for_statement", "variable", "value"),
    ],
    subscripts: &[part("subscript", "name", "index")],
    blocks: &["program", "compound_statement", "do_group", "subshell"],
    branches: &["if_statement", "elif_clause", "else_clause", "case_statement", "case_item", "list"],
    loops: &["for_statement", "while_statement", "c_style_for_statement"],
    ..EMPTY
};

static YAML: Spec = Spec {
    name: "yaml",
    extension: "yml",
    strings: &["plain_scalar", "single_quote_scalar", "double_quote_scalar", "block_scalar"],
    literals: &["integer_scalar", "float_scalar", "boolean_scalar", "null_scalar", "timestamp_scalar"],
    comments: &["comment"],
    assignments: &[assign("block_mapping_pair", "key", "value"), assign("flow_pair", "key", "value")],
    blocks: &["stream", "document", "block_mapping", "block_sequence"],
    ..EMPTY
};

static DOCKERFILE: Spec = Spec {
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

static HCL: Spec = Spec {
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

static JSON: Spec = Spec {
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

static TOML: Spec = Spec {
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
