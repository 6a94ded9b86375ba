//! Fixed reports with hostile content, and a snapshot of each format of them.

use super::{Look, fix, notes, scan};
use crate::app::Output;
use ecoops_core::domain::*;
use ecoops_core::engines::code::present::present;

const LOOK: Look = Look { color: false, width: 80, suppressed: true };
const FORMATS: [(&str, Output); 8] = [
    ("text", Output::Text),
    ("json", Output::Json),
    ("jsonl", Output::Jsonl),
    ("sarif", Output::Sarif),
    ("github", Output::Github),
    ("gitlab", Output::Gitlab),
    ("junit", Output::Junit),
    ("markdown", Output::Markdown),
];

/// Code that tries to drive a terminal, to end a script, a CDATA section, a table cell and a code
/// fence, to give a workflow command, and to look like another text.
fn hostile() -> String {
    let long = "x".repeat(5_000);
    format!(
        "first = 1\n\
         \tquery(\"漢字 \x1b[31m%0A::error::owned</script>]]>|```\u{202E}\u{9b}2J\" + name)\n\
         {long} = eval(data) # {long}\n"
    )
}

fn finding(
    rule: &str,
    path: &str,
    text: &str,
    needle: &str,
    severity: Severity,
    fix: Option<&str>,
) -> Reported {
    let at = text.find(needle).unwrap();
    let bytes = at..at + needle.len();
    let lines = Lines::new(text);
    let finding = Finding {
        rule: rule.into(),
        tool: "ecoops".into(),
        title: "Query built from \x1b[2Jpieces".into(),
        message:
            "`$X` reaches <b>query</b>\r\n::error::owned %0A | ``` @someone, in a sentence that is long \
                  enough to be broken at the width of the terminal."
                .into(),
        severity,
        confidence: Confidence::High,
        tier: if fix.is_some() { Tier::Safe } else { Tier::Manual },
        persona: Persona::Default,
        category: Category::Security,
        location: Location {
            path: RepoPath::new(path).unwrap(),
            start: lines.place(bytes.start),
            end: lines.place(bytes.end),
            bytes: bytes.clone(),
        },
        related: vec![(
            Location { path: RepoPath::new(path).unwrap(), bytes: 0..5, start: (1, 1), end: (1, 6) },
            "the value comes\nfrom here".into(),
        )],
        fingerprint: format!("{rule}-fingerprint"),
        fix: fix.map(|f| Edit { range: bytes, text: f.into() }).into_iter().collect(),
    };
    present(finding, text, &str::to_owned)
}

fn rule(id: &str) -> RuleInfo {
    RuleInfo {
        id: id.into(),
        title: "Query built from pieces".into(),
        severity: Severity::High,
        confidence: Confidence::High,
        tier: Tier::Safe,
        persona: Persona::Default,
        category: Category::Security,
        cwe: vec![89],
        owasp: vec!["A03:2021".into()],
        why: "Whoever controls a piece controls the query.".into(),
        remedy: "Pass values as parameters.".into(),
        link: "https://cwe.mitre.org/data/definitions/89.html".into(),
    }
}

pub fn sample() -> ScanReport {
    let text = hostile();
    let path = "src/a b,c:d%é.py";
    let note =
        |level, path: Option<&str>, text: &str| Note { level, path: path.map(Into::into), text: text.into() };
    ScanReport {
        findings: vec![
            finding("python-sql", path, &text, "query(", Severity::Critical, Some("safe_query(\x1b]0;")),
            finding("python-eval", path, &text, "eval(data)", Severity::Medium, None),
        ],
        suppressed: vec![Suppressed {
            reported: finding("python-sql", "tests/t.py", &text, "first", Severity::Low, None),
            suppressed: SuppressedBy::Inline { line: 1, reason: Some("only a \x1btest".into()) },
        }],
        notes: vec![
            note(NoteLevel::Note, Some("logo.png"), "binary"),
            note(NoteLevel::Warning, Some("big\x1b.js"), "has 9000000 bytes; the limit is 2097152"),
            note(NoteLevel::Error, Some("secret.py"), "permission denied"),
            note(NoteLevel::Error, None, "the rule `x` failed: ]]> & more"),
        ],
        rules: vec![rule("python-eval"), rule("python-sql")],
        stats: Stats { files: 12, skipped: 3, bytes: 4096, rules: 200, cached: 5, millis: 42 },
    }
}

fn fixed_sample() -> FixReport {
    let found = sample();
    let layer = |name: &str, command: Option<&str>, outcome| Layer {
        name: name.into(),
        command: command.map(Into::into),
        outcome,
        millis: 1500,
    };
    FixReport {
        plan: None,
        run: Some(RunId("01J00000000000000000000000".into())),
        applied: true,
        fixed: vec![Fixed {
            remediation: RemediationId("f1".into()),
            source: FixSource::Rule,
            tier: Tier::Safe,
            reported: found.findings[0].clone(),
            policy: PolicyStamp {
                version: "sha256:0123456789abcdef0123".into(),
                decision: "allow".into(),
                reason: "safe fixes are allowed\x1b[0m".into(),
            },
        }],
        left: vec![Left {
            reported: found.findings[1].clone(),
            because: LeftBecause::ValidationFailed,
            detail: "`make test` failed: \x1b[31mboom".into(),
        }],
        suppressed: found.suppressed,
        notes: found.notes,
        rules: found.rules,
        verdict: Some(Verdict {
            layers: vec![
                layer("rescan", None, LayerOutcome::Passed),
                layer(
                    "test",
                    Some("make test"),
                    LayerOutcome::FailedBefore { why: "2 of 9 failed\x07".into() },
                ),
            ],
        }),
        patch: "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-query(\x1b\n+safe_query(```\n".into(),
        files: vec![RepoPath::new("src/a b,c:d%é.py").unwrap()],
        branch: Some("ecoops/fix".into()),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        audit: Some(AuditPlace { index: 7, size: 8 }),
        stats: found.stats,
    }
}

fn neutral(name: &str, text: &str) {
    for c in text.chars() {
        let harmless = !c.is_control() || c == '\n' || c == '\t';
        assert!(harmless, "{name} holds the control character {c:?}");
        assert!(c != '\u{202E}', "{name} holds a bidi override");
    }
}

#[test]
fn every_format_of_a_scan() {
    for (name, output) in FORMATS {
        let text = scan(&sample(), output, LOOK);
        neutral(name, &text);
        insta::assert_snapshot!(format!("scan_{name}"), text);
    }
}

#[test]
fn every_format_of_a_fix() {
    for (name, output) in [FORMATS[0], FORMATS[1], FORMATS[2], FORMATS[7]] {
        let text = fix(&fixed_sample(), output, LOOK);
        neutral(name, &text);
        insta::assert_snapshot!(format!("fix_{name}"), text);
    }
    let sarif: serde_json::Value = serde_json::from_str(&fix(&fixed_sample(), Output::Sarif, LOOK)).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "python-eval", "only what is left");
}

#[test]
fn nothing_found_says_little() {
    let clean = ScanReport { stats: sample().stats, ..ScanReport::default() };
    for (output, expected) in [
        (Output::Text, "clean: 12 files examined\n"),
        (Output::Github, ""),
        (Output::Gitlab, "[]\n"),
        (Output::Markdown, "## ecoops: 0 findings\n\n12 files examined, 0 suppressed.\n"),
    ] {
        assert_eq!(scan(&clean, output, LOOK), expected, "{output:?}");
    }
    assert!(scan(&clean, Output::Junit, LOOK).contains("no findings"));
}

#[test]
fn suppressed_findings_are_no_results_unless_asked_for() {
    for (suppressed, expected) in [(false, 2), (true, 3)] {
        let text = scan(&sample(), Output::Sarif, Look { suppressed, ..LOOK });
        let sarif: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), expected);
    }
}

#[test]
fn text_keeps_to_80_columns() {
    use unicode_width::UnicodeWidthStr;
    let plain = scan(&sample(), Output::Text, LOOK);
    // A diff is shown whole, so that it can be read; everything else is cut or broken.
    let diff = |l: &&str| {
        !l.trim_start().starts_with(['+', '-', '@'])
            && !l.contains("xxxxxxxxxxxx…")
            && !l.starts_with("     ")
    };
    for line in plain.lines().filter(diff) {
        assert!(line.width() <= 80, "{line}");
    }
    let colored = scan(&sample(), Output::Text, Look { color: true, ..LOOK });
    assert!(colored.contains("\x1b[1m") && !colored.contains("\x1b[2J"), "our colour, not the code's");
}

#[test]
fn lines_of_json_are_json() {
    for text in [scan(&sample(), Output::Jsonl, LOOK), fix(&fixed_sample(), Output::Jsonl, LOOK)] {
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(value["type"].is_string(), "{line}");
        }
    }
}

#[test]
fn skipped_files_and_errors_are_told() {
    assert_eq!(
        notes(&sample().notes),
        [
            "warning: big\\u{1b}.js: has 9000000 bytes; the limit is 2097152",
            "error: secret.py: permission denied",
            "error: the rule `x` failed: ]]> & more",
            "note: 1 file was not examined (binary, a link or a git-lfs pointer)",
        ]
    );
}
