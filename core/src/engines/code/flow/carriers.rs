//! What calls do to taint, by the last name of what is called. Data only.
//!
//! A call of anything else takes no taint from its arguments: what an unknown function makes of them
//! is unknown, and saying otherwise would accuse too much.

/// Functions (and macros and constructors) whose result is made of their arguments.
const CARRIERS: &[&str] = &[
    // formatting and joining
    "format",
    "sprintf",
    "vsprintf",
    "Sprintf",
    "Sprint",
    "Sprintln",
    "Format",
    "formatted",
    "concat",
    "Concat",
    "join",
    "Join",
    "join_paths",
    "implode",
    "printf",
    "asprintf",
    "strformat",
    "format_args",
    "interpolate",
    "template",
    // conversion between texts
    "str",
    "String",
    "string",
    "bytes",
    "bytearray",
    "unicode",
    "repr",
    "ToString",
    "toString",
    "to_string",
    "to_s",
    "strval",
    "valueOf",
    "from",
    "decode",
    "encode",
    "unquote",
    "unquote_plus",
    "urldecode",
    "rawurldecode",
    "b64decode",
    "base64_decode",
    "decodeURIComponent",
    "decodeURI",
    "unescape",
    "atob",
    "stripslashes",
    "html_entity_decode",
    "trim",
    "ltrim",
    "rtrim",
    "strip",
    "lower",
    "upper",
    "strtolower",
    "strtoupper",
    "ucfirst",
    "substr",
    "mb_substr",
    "substring",
    "str_replace",
    "preg_replace",
    "replace",
    "Replace",
    "ReplaceAll",
    "TrimSpace",
    "Trim",
    "ToLower",
    "ToUpper",
    "QueryUnescape",
    "PathUnescape",
    "strdup",
    "strndup",
    "nl2br",
    "sprintf_s",
    "f",
    "c_str",
    // paths and addresses
    "resolve",
    "normalize",
    "normpath",
    "abspath",
    "expanduser",
    "Clean",
    "Combine",
    "Path",
    "PurePath",
    "File",
    "URL",
    "URI",
    "Uri",
    "Paths",
    "Request",
    "HttpGet",
    "HttpPost",
    // containers and parsing
    "list",
    "tuple",
    "dict",
    "set",
    "sorted",
    "reversed",
    "iter",
    "next",
    "zip",
    "map",
    "filter",
    "enumerate",
    "vec",
    "array",
    "Array",
    "array_merge",
    "array_values",
    "append",
    "loads",
    "parse",
    "literal",
    "json_decode",
    "asList",
    "of",
    "Of",
    "StringBuilder",
    "StringBuffer",
    "strings",
    "byte",
    "Some",
    "Ok",
    "Box",
    "to_owned",
    "clone",
    "copy",
    "deepcopy",
    "assign",
    "fromEntries",
];

/// Methods that put their arguments into the receiver.
const COLLECTORS: &[&str] = &[
    "append",
    "add",
    "push",
    "push_str",
    "extend",
    "insert",
    "put",
    "set",
    "unshift",
    "update",
    "write",
    "WriteString",
    "Append",
    "AppendLine",
    "AppendFormat",
    "Add",
    "concat",
    "setdefault",
    "appendleft",
    "<<",
    "addAll",
    "offer",
];

/// C functions that write their later arguments into the first.
const FILLERS: &[&str] = &[
    "sprintf",
    "snprintf",
    "vsprintf",
    "vsnprintf",
    "strcpy",
    "strncpy",
    "strcat",
    "strncat",
    "strlcpy",
    "strlcat",
    "memcpy",
    "memmove",
    "stpcpy",
];

/// Functions and methods whose result says something about a value without holding it, or cannot hold an attack.
const CLEANERS: &[&str] = &[
    "len",
    "int",
    "float",
    "bool",
    "isinstance",
    "type",
    "hash",
    "id",
    "ord",
    "abs",
    "round",
    "count",
    "index",
    "find",
    "Number",
    "parseInt",
    "parseFloat",
    "Boolean",
    "isNaN",
    "indexOf",
    "lastIndexOf",
    "length",
    "size",
    "isEmpty",
    "equals",
    "equalsIgnoreCase",
    "startsWith",
    "endsWith",
    "startswith",
    "endswith",
    "includes",
    "contains",
    "Contains",
    "HasPrefix",
    "HasSuffix",
    "hashCode",
    "compareTo",
    "Atoi",
    "ParseInt",
    "ParseFloat",
    "ParseBool",
    "parseLong",
    "parseDouble",
    "TryParse",
    "Parse",
    "intval",
    "floatval",
    "boolval",
    "is_numeric",
    "strlen",
    "strcmp",
    "atoi",
    "atol",
    "strtol",
    "strtoul",
    "to_i",
    "to_f",
    "to_sym",
    "nil?",
    "empty?",
    "include?",
    "start_with?",
    "end_with?",
    "match?",
    "is_empty",
    "starts_with",
    "ends_with",
    "isdigit",
    "isalnum",
    "isalpha",
    "isnumeric",
    "isidentifier",
    "exists",
    "isfile",
    "isdir",
    "test",
    "Count",
    "Any",
    "UUID",
    "fromString",
    "Decimal",
    "hexdigest",
    "digest",
    "md5",
    "sha1",
    "sha256",
    "bcrypt",
    "md5_hex",
    "Sum256",
    "getClass",
    "typeof",
    "as_bytes_len",
    "isset",
    "empty",
    "in_array",
    "array_key_exists",
    "filter_var",
    "escape",
    "quote",
    "escapeshellarg",
    "escapeshellcmd",
    "htmlspecialchars",
    "htmlentities",
    "encodeURIComponent",
    "secure_filename",
    "basename",
    "Base",
    "getFileName",
];

/// Properties that are numbers or truth values.
const MEASURES: &[&str] = &[
    "length",
    "size",
    "Length",
    "Count",
    "count",
    "byteLength",
    "ok",
    "status",
    "statusCode",
    "status_code",
];

pub(super) fn carries(name: &str) -> bool {
    CARRIERS.contains(&name)
}

pub(super) fn collects(name: &str) -> bool {
    COLLECTORS.contains(&name)
}

pub(super) fn fills(name: &str) -> bool {
    FILLERS.contains(&name)
}

pub(super) fn cleans(name: &str) -> bool {
    CLEANERS.contains(&name)
}

pub(super) fn measures(name: &str) -> bool {
    MEASURES.contains(&name)
}

/// Calls in a condition that show that the value was held against a list or a pattern.
pub(super) fn vets(name: &str) -> bool {
    matches!(
        name,
        "includes"
            | "contains"
            | "Contains"
            | "has"
            | "include?"
            | "in_array"
            | "ContainsKey"
            | "containsKey"
            | "match"
            | "fullmatch"
            | "matches"
            | "Matches"
            | "MatchString"
            | "match?"
            | "preg_match"
            | "test"
            | "is_match"
            | "IsMatch"
            | "isdigit"
            | "isalnum"
            | "isidentifier"
            | "is_relative_to"
            | "ctype_alnum"
            | "ctype_digit"
            | "is_numeric"
            | "isNaN"
            | "isLocal"
            | "IsLocal"
    )
}

/// Comparisons and negations: their result is a truth value.
pub(super) fn is_predicate(operator: &str) -> bool {
    matches!(
        operator,
        "==" | "!="
            | "==="
            | "!=="
            | "<"
            | ">"
            | "<="
            | ">="
            | "<=>"
            | "in"
            | "not in"
            | "is"
            | "is not"
            | "instanceof"
            | "!"
            | "not"
            | "=~"
            | "!~"
    )
}
