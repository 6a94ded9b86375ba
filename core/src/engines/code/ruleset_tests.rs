//! What is refused at load, what a selection keeps, and what a scan reports.

use super::*;
use crate::engines::code::scan::{FileReport, scan_text};

fn rule(id: &str, more: &str) -> String {
    format!(
        "  - id: {id}\n    title: t\n    severity: high\n    confidence: high\n    tier: safe\n    category: security\n\
         \x20   why: w\n    remedy: r\n    link: https://example.org\n    examples: [{{bad: a}}, {{good: b}}]\n{more}"
    )
}

fn load(rules: &[String]) -> Result<RuleSet, RuleError> {
    RuleSet::load(&[("test.yml", format!("rules:\n{}", rules.concat()))])
}

const EVAL: &str = "    languages: [python]\n    match: {pattern: eval($X)}\n";

fn scan(rules: &RuleSet, path: &str, text: &str) -> FileReport {
    scan_text(rules, &RepoPath::new(path).unwrap(), text)
}

#[test]
fn what_is_wrong_is_named() {
    for (more, expected) in [
        ("    languages: [cobol]\n    match: {kind: call}\n", "`cobol` is not known"),
        ("    languages: []\n    match: {kind: call}\n", "names no language"),
        ("    languages: [python]\n", "0 ways of finding"),
        ("    languages: [python]\n    match: {kind: call}\n    builtin: x\n", "2 ways of finding"),
        ("    languages: [python]\n    match: {kind: cal}\n", "no kind of node `cal`"),
        ("    languages: [python]\n    match: {pattern: 'f('}\n", "`f(` does not parse as python"),
        ("    languages: [python]\n    match: {kind: call, regex: '('}\n", "regular expression"),
        ("    languages: [python]\n    match: {}\n", "at least one of"),
        ("    languages: [python]\n    match: {knd: call}\n", "knd"),
        ("    languages: [python]\n    match: {has: {kind: call, dirct: true}}\n", "dirct"),
        ("    languages: [python]\n    match: {has: {kind: call, field: nope}}\n", "no field `nope`"),
        ("    languages: [any]\n    match: {kind: call}\n", "only `regex`"),
        ("    languages: [any]\n    match: {regex: a, not: {regex: b}}\n", "only `regex`"),
        ("    languages: [python]\n    match: {pattern: f($X)}\n    fix: [{replace: $Y}]\n", "$Y is used"),
        ("    languages: [python]\n    match: {pattern: f($X)}\n    fix: [{target: X}]\n", "exactly one of"),
        (
            "    languages: [python]\n    match: {pattern: f($X)}\n    fix: [{target: Y, remove: true}]\n",
            "$Y is used",
        ),
        (
            "    languages: [python]\n    match: {any: [{pattern: f($X)}, {pattern: g($Y)}]}\n    fix: [{replace: h($X)}]\n",
            "$X, which not every alternative captures",
        ),
        (
            "    languages: [python]\n    match: {pattern: f($X), not: {pattern: f($Y)}}\n    fix: [{replace: h($Y)}]\n",
            "$Y is used",
        ),
        (
            "    languages: [python]\n    taint: {sources: [{pattern: f()}], sinks: [{pattern: g($X)}, {pattern: h($Y)}]}\n    fix: [{replace: h($X)}]\n",
            "$X, which not every alternative captures",
        ),
        (
            "    languages: [python]\n    resource: {acquire: [{pattern: $V = f()}], release: [{pattern: $V.close()}]}\n    fix: [{replace: $W}]\n",
            "$W is used",
        ),
        ("    languages: [python]\n    match: {kind: call}\n    files: ['{a']\n", "brace"),
    ] {
        let error = load(&[rule("a", more)]).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("test.yml"), "{more}: {error}");
    }
    let twice = load(&[rule("a", EVAL), rule("a", EVAL)]).unwrap_err();
    assert!(matches!(twice, RuleError::Twice { .. }), "{twice}");
    let link = rule("a", EVAL).replace("https://example.org", "http://example.org");
    assert!(load(&[link]).is_err());
    let big = format!("rules:\n{}# {}\n", rule("a", EVAL), "x".repeat(2 << 20));
    let big = RuleSet::load(&[("big.yml", big)]).unwrap_err().to_string();
    assert!(big.contains("more than 1048576 bytes"), "{big}");
    assert!(RuleSet::load(&[("deep.yml", "[".repeat(10_000))]).is_err());
    assert!(RuleSet::load(&[("empty.yml", "")]).is_err());
}

#[test]
fn a_selection_keeps_what_is_asked_for() {
    let pedantic = rule("b-two", EVAL).replace("    why", "    persona: pedantic\n    why");
    let low = rule("c", EVAL).replace("severity: high", "severity: low");
    let all = load(&[rule("a-one", EVAL), pedantic, low]).unwrap();
    let ids = |selection: Selection| -> String {
        let set = all.select(&selection).unwrap();
        set.rules().iter().map(|r| r.rule.id.as_str()).collect::<Vec<_>>().join(" ")
    };
    let base = Selection::default;
    for (selection, expected) in [
        (base(), "a-one c"),
        (Selection { persona: Persona::Pedantic, ..base() }, "a-one b-two c"),
        (Selection { only: vec!["b-*".into()], ..base() }, "b-two"),
        (Selection { also: vec!["b-*".into()], ..base() }, "a-one b-two c"),
        (Selection { without: vec!["a-*".into()], ..base() }, "c"),
        (Selection { at_least: Some(Severity::Medium), ..base() }, "a-one"),
        (Selection { categories: vec![Category::Ci], ..base() }, ""),
    ] {
        assert_eq!(ids(selection.clone()), expected, "{selection:?}");
    }
    assert_ne!(all.hash(), all.select(&base()).unwrap().hash());
}

#[test]
fn files_without_a_rule_s_words_are_not_parsed() {
    let rules = load(&[rule("a", EVAL)]).unwrap();
    for (path, text, parsed, found) in [
        ("a.py", "eval(x)\n", true, 1),
        ("a.py", "evil(x)\n", false, 0),
        ("a.py", "# eval\n", true, 0),
        ("a.rb", "eval(x)\n", false, 0),
        ("a.py", "", false, 0),
        ("a.py", "eval(x)\neval(y)\n", true, 2),
    ] {
        let report = scan(&rules, path, text);
        assert_eq!((report.parsed, report.findings.len()), (parsed, found), "{path} {text:?}");
    }
}

#[test]
fn relations_and_constraints_hold() {
    for (matcher, text, expected) in [
        ("{pattern: f(), inside: {kind: for_statement, within: [function]}}", "for a in b:\n  f()\n", 1),
        (
            "{pattern: f(), inside: {kind: for_statement, within: [function]}}",
            "for a in b:\n  def g():\n    f()\n",
            0,
        ),
        (
            "{pattern: f(), inside: {kind: if_statement, field: condition, direct: true}}",
            "if f():\n  f()\n",
            1,
        ),
        ("{kind: function_definition, has: {pattern: f()}}", "def g():\n  if x:\n    f()\n", 1),
        ("{kind: function_definition, not: {has: {pattern: f()}}}", "def g():\n  f()\n", 0),
        ("{pattern: $X = open($F), precedes: {pattern: $X.close()}}", "a = open(b)\nc()\na.close()\n", 0),
        (
            "{kind: expression_statement, has: {pattern: $X = open($F)}, precedes: {has: {pattern: $X.close()}}}",
            "a = open(b)\nc()\na.close()\n",
            1,
        ),
        (
            "{kind: expression_statement, has: {pattern: f()}, follows: {direct: true, has: {pattern: g()}}}",
            "g()\n# x\nf()\n",
            1,
        ),
        (
            "{kind: expression_statement, has: {pattern: f()}, follows: {direct: true, has: {pattern: g()}}}",
            "g()\nh()\nf()\n",
            0,
        ),
        (
            "{pattern: f($X), where: [{var: X, constant: true}]}",
            "f('a' + 'b')\nf([1, -2])\nf(a)\nf(f'{a}')\n",
            2,
        ),
        ("{pattern: f($X), where: [{var: X, less-than: 1024}]}", "f(512)\nf(0x400)\nf(n)\n", 1),
        ("{pattern: f($X), where: [{var: X, min-entropy: 3}]}", "f('aaaaaaaa')\nf('abcdefghij')\n", 1),
        ("{pattern: f($X), where: [{var: X, kind: [string]}]}", "f('a')\nf(a)\n", 1),
        (
            "{pattern: 'f($$$A)', where: [{var: A, not-matches: {kind: dictionary_splat}}]}",
            "f(**a)\nf(a)\n",
            1,
        ),
        (
            "{any: [{pattern: f($X)}, {pattern: g($X)}], where: [{var: X, regex: ^a$}]}",
            "f(a)\ng(a)\ng(b)\n",
            2,
        ),
    ] {
        let rules = load(&[rule("a", &format!("    languages: [python]\n    match: {matcher}\n"))]).unwrap();
        assert_eq!(scan(&rules, "a.py", text).findings.len(), expected, "{matcher} in {text:?}");
    }
}

#[test]
fn findings_say_what_and_where() {
    let why = rule("a", EVAL).replace("why: w", "why: runs $X");
    let rules = load(&[why]).unwrap();
    let report = scan(&rules, "a.py", "ä = 1; eval(b)\n");
    let finding = &report.findings[0];
    assert_eq!(finding.message, "runs b");
    assert_eq!((finding.location.start, finding.location.end), ((1, 8), (1, 15)));
    assert_eq!(finding.tier, Tier::Manual);
}

#[test]
fn text_rules_look_at_every_file() {
    let rules =
        load(&[rule("a", "    languages: [any]\n    match: {regex: 'TOKEN-(?P<N>[0-9]+)'}\n")]).unwrap();
    for (path, found) in [("a.py", 1), ("a.txt", 1), ("README", 1)] {
        assert_eq!(scan(&rules, path, "x TOKEN-12\n").findings.len(), found, "{path}");
    }
}

#[test]
fn suppressed_findings_are_kept_apart() {
    let rules = load(&[rule("a", EVAL)]).unwrap();
    let report = scan(&rules, "a.py", "eval(x)  # ecoops: ignore[a] ours\neval(y)\n");
    assert_eq!((report.findings.len(), report.suppressed.len()), (1, 1));
}

#[test]
fn a_file_that_costs_too_much_ends_with_a_note() {
    let matcher = "    languages: [python]\n    match: {kind: call, regex: 'never (here|there)$'}\n";
    let rules = load(&[rule("a", matcher)]).unwrap();
    let nested = format!("x = {}{}\n", "f(".repeat(60_000), ")".repeat(60_000));
    let report = scan(&rules, "a.py", &nested);
    assert!(report.findings.is_empty());
    assert!(report.notes.iter().any(|n| n.contains("limit")), "{:?}", report.notes);
}
