//! Findings and fixes of other tools: SARIF, Clippy, Ruff, ESLint.
//!
//! What a report says is material to judge: places are checked against the files as they are, paths
//! must lie inside the repository, and a fix is only as safe as its tool calls it. A report that
//! cannot be understood is an error that names the place; one finding that does not fit is left out
//! and told.

mod clippy;
mod draft;
mod eslint;
mod paths;
mod ruff;
mod sarif;

use crate::domain::{Finding, RepoPath, RuleInfo};

/// Bytes of a report that are read at most.
pub const MOST_BYTES: usize = 64 << 20;
/// Findings that are taken from one report at most.
pub const MOST_FINDINGS: usize = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Sarif,
    /// `cargo clippy --message-format=json`, and any other of cargo's messages.
    Clippy,
    /// `ruff check --output-format json`
    Ruff,
    /// `eslint -f json`
    Eslint,
}

/// The repository that a report is about.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// Its absolute location, `/`-separated, for reports with absolute paths.
    pub root: &'a str,
    /// A file's text decoded to UTF-8 without a byte order mark; `None` when there is no such file.
    pub read: &'a dyn Fn(&RepoPath) -> Option<String>,
}

impl std::fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("root", &self.root).finish_non_exhaustive()
    }
}

/// What a report held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imported {
    pub findings: Vec<Finding>,
    /// Those that the findings name.
    pub rules: Vec<RuleInfo>,
    /// What was left out, and why; a sentence each.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("the report has {0} bytes; the limit is {MOST_BYTES}")]
    TooLarge(usize),
    #[error("the report is not UTF-8 text (byte {0})")]
    NotText(usize),
    #[error("the report is of no known format (SARIF, or the JSON of cargo clippy, ruff, eslint)")]
    Unknown,
    #[error("the report is not valid {format}: {why}")]
    Malformed { format: &'static str, why: String },
}

/// Reads a report in whatever of the formats it is.
///
/// # Errors
/// [`ImportError`]; then nothing was taken.
pub fn import(report: &[u8], sources: Sources<'_>) -> Result<Imported, ImportError> {
    if report.len() > MOST_BYTES {
        return Err(ImportError::TooLarge(report.len()));
    }
    let text = std::str::from_utf8(report).map_err(|e| ImportError::NotText(e.valid_up_to()))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let format = detect(text).ok_or(ImportError::Unknown)?;
    import_as(format, text, sources)
}

/// Reads a report of a known format.
///
/// # Errors
/// [`ImportError::Malformed`]; then nothing was taken.
pub fn import_as(format: Format, text: &str, sources: Sources<'_>) -> Result<Imported, ImportError> {
    let mut drafts = draft::Drafts::new(sources);
    let (name, read) = match format {
        Format::Sarif => ("SARIF", sarif::read(text, &mut drafts)),
        Format::Clippy => ("output of cargo", clippy::read(text, &mut drafts)),
        Format::Ruff => ("output of ruff", ruff::read(text, &mut drafts)),
        Format::Eslint => ("output of eslint", eslint::read(text, &mut drafts)),
    };
    read.map_err(|e| ImportError::Malformed { format: name, why: e.to_string() })?;
    Ok(drafts.finish())
}

/// Tells the format by names that only it has. An empty list is one without findings.
fn detect(text: &str) -> Option<Format> {
    let text = text.trim_start();
    let head: String = text.chars().take(20_000).collect();
    match text.as_bytes().first()? {
        b'{' if head.contains("\"reason\"") => Some(Format::Clippy),
        b'{' if head.contains("\"runs\"") || head.contains("sarif") => Some(Format::Sarif),
        b'[' if head.contains("\"filePath\"") => Some(Format::Eslint),
        b'[' if head.contains("\"filename\"") || text.trim_end() == "[]" => Some(Format::Ruff),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Severity, Tier};

    const PYTHON: &str =
        "# é 漢\nimport os, sys\nx = \"é\" ; y = None == x\nassert (1, 2)\nprint(\"%s\" % x)\n";
    const RUST: &str = "pub fn f(v: &Vec<u8>) -> bool {\n    let s = \"é漢\"; let _t = s.to_string().to_string();\n    return v.len() == 0;\n}\n";
    const JAVASCRIPT: &str = "var s = \"😀é\"; if (s == null) { ; }\nlet y = 1;;\nexport {s};\n";

    fn read(path: &RepoPath) -> Option<String> {
        let text = match path.as_str() {
            "py/a.py" => PYTHON,
            "rs/src/lib.rs" => RUST,
            "js/a.mjs" => JAVASCRIPT,
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn take(report: &str) -> Imported {
        import(report.as_bytes(), Sources { root: "/tmp/imp", read: &read }).unwrap()
    }

    /// `rule tier "what is marked" -> "the line after its fix"`
    fn shown(imported: &Imported) -> Vec<String> {
        let one = |f: &Finding| {
            let text = read(&f.location.path).unwrap();
            let marked = &text[f.location.bytes.clone()];
            let mut fixed = text.clone();
            let mut edits = f.fix.clone();
            edits.sort_by_key(|e| std::cmp::Reverse(e.range.start));
            for edit in edits {
                fixed.replace_range(edit.range, &edit.text);
            }
            let changed = fixed.lines().find(|l| !text.lines().any(|t| t == *l));
            format!("{} {:?} {marked:?} -> {:?}", f.rule, f.tier, changed.unwrap_or_default())
        };
        imported.findings.iter().map(one).collect()
    }

    #[test]
    fn reports_of_real_tools_are_understood() {
        for (report, expected) in [
            (include_str!("samples/ruff.json"), RUFF),
            (include_str!("samples/ruff.sarif"), RUFF_SARIF),
            (include_str!("samples/clippy.json"), CLIPPY),
            (include_str!("samples/eslint.json"), ESLINT),
        ] {
            let imported = take(report);
            assert_eq!(shown(&imported).join("\n"), expected.trim());
            assert!(imported.notes.is_empty(), "{:?}", imported.notes);
            let mut fingerprints: Vec<_> = imported.findings.iter().map(|f| &f.fingerprint).collect();
            fingerprints.sort();
            fingerprints.dedup();
            assert_eq!(fingerprints.len(), imported.findings.len(), "fingerprints are unique");
            for f in &imported.findings {
                assert!(imported.rules.iter().any(|r| r.id == f.rule));
                assert_eq!(f.rule.split('/').next(), Some(f.tool.as_str()));
            }
        }
    }

    const RUFF: &str = r#"
ruff/E401 Safe "import os, sys" -> "import os"
ruff/F401 Safe "os" -> ""
ruff/F401 Safe "sys" -> ""
ruff/E203 Safe " " -> "x = \"é\"; y = None == x"
ruff/E702 Manual ";" -> ""
ruff/E711 Unsafe "None" -> "x = \"é\" ; y = None is x"
ruff/F631 Manual "assert (1, 2)" -> ""
ruff/UP031 Unsafe "\"%s\" % x" -> "print(\"{}\".format(x))"
"#;
    const RUFF_SARIF: &str = r#"
ruff/E401 Unsafe "import os, sys" -> "import os"
ruff/F401 Unsafe "os" -> ""
ruff/F401 Unsafe "sys" -> ""
ruff/E702 Manual ";" -> ""
ruff/E711 Unsafe "None" -> "x = \"é\" ; y = None is x"
ruff/F631 Manual "assert (1, 2)" -> ""
ruff/UP031 Unsafe "\"%s\" % x" -> "print(\"{}\".format(x))"
"#;
    const CLIPPY: &str = r#"
clippy/needless_return Safe "return v.len() == 0" -> "    v.len() == 0"
clippy/ptr_arg Unsafe "&Vec<u8>" -> "pub fn f(v: &[u8]) -> bool {"
clippy/len_zero Safe "v.len() == 0" -> "    return v.is_empty();"
"#;
    const ESLINT: &str = r#"
eslint/no-var Safe "var s = \"😀é\";" -> "let s = \"😀é\"; if (s == null) { ; }"
eslint/eqeqeq Manual "==" -> ""
eslint/no-extra-semi Safe ";" -> "var s = \"😀é\"; if (s == null) {  }"
eslint/prefer-const Safe "y" -> "const y = 1;;"
eslint/no-extra-semi Safe ";" -> "let y = 1;"
"#;

    #[test]
    fn hostile_reports_are_refused_or_harmless() {
        let sources = Sources { root: "/tmp/imp", read: &read };
        for (report, expected) in [
            (&b""[..], "no known format"),
            (b"\xff\xfe", "not UTF-8 text (byte 0)"),
            (b"null", "no known format"),
            (b"[{\"filename\": 7}]", "not valid output of ruff: invalid type: integer `7`"),
            (b"[{\"filePath\": \"a\", \"messages\": {}}]", "not valid output of eslint"),
            (b"{\"runs\": [{\"results\": 3}]}", "not valid SARIF: invalid type: integer `3`"),
            (b"{\"runs\": [", "not valid SARIF: EOF"),
            (b"{\"reason\":\"compiler-message\"\n", "line 1"),
        ] {
            let error = import(report, sources).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let deep = format!("{{\"runs\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(import(deep.as_bytes(), sources).is_err());
    }

    #[test]
    fn places_outside_the_repository_or_the_file_are_left_out() {
        let ruff = |path: &str, row: u32, column: u32| {
            format!(
                r#"[{{"code":"F401","message":"m","filename":{path:?},"location":{{"row":{row},"column":{column}}},
                "end_location":{{"row":{row},"column":{column}}},"fix":null,"url":null}}]"#
            )
        };
        for (path, row, column, left_out) in [
            ("/tmp/imp/py/a.py", 1, 1, false),
            ("py/a.py", 1, 1, false),
            ("./py/../py/a.py", 1, 1, false),
            ("file:///tmp/imp/py/a.py", 1, 1, false),
            ("/etc/passwd", 1, 1, true),
            ("../../etc/passwd", 1, 1, true),
            ("/tmp/imp/../../etc/passwd", 1, 1, true),
            ("file:///etc/passwd", 1, 1, true),
            ("file://evil.example/tmp/imp/py/a.py", 1, 1, true),
            ("/tmp/imp/.git/config", 1, 1, true),
            ("/tmp/imp/py/gone.py", 1, 1, true),
            ("/tmp/impostor/py/a.py", 1, 1, true),
            ("py/a.py", 999, 1, true),
            ("py/a.py", 0, 0, true),
        ] {
            let imported = take(&ruff(path, row, column));
            assert_eq!(imported.findings.is_empty(), left_out, "{path} {row}:{column}");
            assert_eq!(imported.notes.len(), usize::from(left_out), "{path}");
        }
    }

    #[test]
    fn sarif_in_all_its_forms() {
        let report = r#"{"version":"2.1.0","runs":[{
          "tool":{"driver":{"name":"Some Tool","rules":[
            {"id":"A","shortDescription":{"text":"title"},"defaultConfiguration":{"level":"error"},
             "properties":{"security-severity":"9.8","tags":["external/cwe/cwe-089"]},"helpUri":"https://example.org/a"},
            {"id":"B"}]}},
          "originalUriBaseIds":{"ROOT":{"uri":"file:///tmp/imp/"},"PY":{"uri":"py/","uriBaseId":"ROOT"}},
          "artifacts":[{"location":{"uri":"a.py","uriBaseId":"PY"}}],
          "columnKind":"utf16CodeUnits",
          "results":[
            {"ruleIndex":0,"message":{"text":"by index"},
             "locations":[{"physicalLocation":{"artifactLocation":{"index":0},"region":{"startLine":2,"startColumn":8,"endColumn":10}}}]},
            {"ruleId":"B","level":"note","message":{"text":"whole line"},
             "locations":[{"physicalLocation":{"artifactLocation":{"uri":"py/a.py"},"region":{"startLine":4}}}]},
            {"rule":{"id":"B"},"message":{"text":"by characters"},
             "locations":[{"physicalLocation":{"artifactLocation":{"uri":"js/a.mjs"},"region":{"charOffset":9,"charLength":2}}}]},
            {"ruleId":"B","kind":"pass","message":{"text":"not a finding"}},
            {"ruleId":"B","suppressions":[{"kind":"inSource"}],"message":{"text":"suppressed"}},
            {"ruleId":"B","baselineState":"absent","message":{"text":"gone"}},
            {"ruleId":"B","message":{"text":"no place"}}
          ]}]}"#;
        let imported = take(report);
        assert_eq!(
            shown(&imported).join("\n"),
            "some-tool/A Manual \"os\" -> \"\"\n\
             some-tool/B Manual \"assert (1, 2)\" -> \"\"\n\
             some-tool/B Manual \"😀\" -> \"\""
        );
        assert_eq!(imported.findings[0].severity, Severity::Critical);
        assert_eq!(imported.rules[0].cwe, [89]);
        assert_eq!(imported.rules[0].title, "title");
        assert_eq!(imported.notes, ["some-tool/B: the result names no place"]);
    }

    #[test]
    fn a_fix_of_sarif_is_never_safe_by_its_own_word() {
        let imported = take(include_str!("samples/ruff.sarif"));
        assert!(imported.findings.iter().any(|f| !f.fix.is_empty()));
        assert!(imported.findings.iter().all(|f| f.tier != Tier::Safe));
    }
}
