use super::*;
use crate::domain::RepoPath;
use crate::engines::code::matching::Matching;
use crate::engines::code::syntax::Source;
use serde_json::{Value as Json, json};

fn source(language: Language, text: &str) -> Source {
    Source::parse(RepoPath::new("a").unwrap(), language, text.to_owned()).unwrap()
}

/// The texts of what a taint rule finds.
fn taints(language: Language, rule: &Json, text: &str) -> Vec<String> {
    let rule: rule::Taint = serde_json::from_value(rule.clone()).unwrap();
    let rule = TaintRule::compile(&rule, language).unwrap();
    let source = source(language, text);
    let mut on = Matching::new(&source);
    rule.find(&source, &mut on).into_iter().map(|raw| source.text[raw.range].to_owned()).collect()
}

fn resources(language: Language, rule: &Json, text: &str) -> Vec<String> {
    let rule: rule::Resource = serde_json::from_value(rule.clone()).unwrap();
    let rule = ResourceRule::compile(&rule, language).unwrap();
    let source = source(language, text);
    let mut on = Matching::new(&source);
    rule.find(&source, &mut on).into_iter().map(|raw| source.text[raw.range].to_owned()).collect()
}

fn check(language: Language, rule: Json, cases: &[(&str, bool)]) {
    for (text, expected) in cases {
        let found = taints(language, &rule, text);
        assert_eq!(!found.is_empty(), *expected, "{}: {text}\n{found:?}", language.name());
    }
}

#[test]
fn python_taint() {
    let rule = json!({
        "sources": [{"pattern": "request.args"}, {"pattern": "input()"}],
        "sinks": [{"pattern": "run($X)", "at": "X"}],
        "sanitizers": [{"pattern": "safe($_)"}],
        "parameters": "^untrusted",
    });
    check(
        Language::Python,
        rule,
        &[
            ("run(request.args.get('q'))", true),
            ("x = request.args['q']\nrun(x)", true),
            ("x = request.args['q']\nx = 'const'\nrun(x)", false),
            ("x = safe(request.args['q'])\nrun(x)", false),
            ("x = request.args['q']\nrun(safe(x))", false),
            ("x = int(request.args['q'])\nrun(x)", false),
            ("x = request.args['q']\nrun('a' + x)", true),
            ("x = request.args['q']\nrun(f'a {x}')", true),
            ("x = request.args['q']\nrun('a %s' % x)", true),
            ("x = request.args['q']\nrun('a {}'.format(x))", true),
            ("x = request.args['q']\nrun(','.join([x, 'b']))", true),
            ("x = request.args['q']\nrun(x == 'a')", false),
            ("x = request.args['q']\nrun(lookup(x))", false),
            ("x = request.args['q']\nrun(x.strip().lower())", true),
            ("a, b = request.args['q'], 1\nrun(b)", false),
            ("a, b = request.args['q'], 1\nrun(a)", true),
            ("a, b = request.args['q']\nrun(b)", true),
            ("x = 'select '\nx += request.args['q']\nrun(x)", true),
            ("x = ''\nfor i in y:\n  run(x)\n  x = request.args['q']", true),
            ("for i in request.args:\n  run(i)", true),
            ("if a:\n  x = request.args['q']\nelse:\n  x = 'b'\nrun(x)", true),
            ("x = request.args['q']\nif a:\n  x = 'a'\nelse:\n  x = 'b'\nrun(x)", false),
            ("x = request.args['q']\nif a:\n  x = 'a'\nrun(x)", true),
            ("x = 1\nif a:\n  x = request.args['q']\n  raise E\nrun(x)", false),
            ("x = request.args['q']\nif x not in ALLOWED:\n  raise E\nrun(x)", false),
            ("d = {}\nd['k'] = request.args['q']\nrun(d)", true),
            ("l = []\nl.append(request.args['q'])\nrun(l)", true),
            ("o.q = request.args['q']\nrun(o.q)", true),
            ("o.q = request.args['q']\nrun(o.r)", false),
            ("def f(untrusted_name):\n  run(untrusted_name)", true),
            ("def f(name):\n  run(name)", false),
            ("x = input()\ndef f():\n  run(x)", true),
            ("x = input()\ndef f(x):\n  run(x)", false),
            ("try:\n  x = input()\nexcept E:\n  x = 'a'\nrun(x)", true),
            ("if (x := input()):\n  run(x)", true),
            ("with open(input()) as f:\n  run(1)", false),
            ("run([i for i in input()])", true),
            ("return run(input()) if a else None", true),
        ],
    );
}

#[test]
fn javascript_and_typescript_taint() {
    let rule = json!({
        "sources": [{"pattern": "req.query"}],
        "sinks": [{"pattern": "db.query($X, $$$)", "at": "X"}],
    });
    let cases = [
        ("const x = req.query.id; db.query('a' + x)", true),
        ("const {id} = req.query; db.query(`a ${id}`)", true),
        ("const {id: key} = req.query; db.query(`a ${key}`)", true),
        ("const x = req.query.id; db.query('a $1', [x])", false),
        ("const x = parseInt(req.query.id); db.query('a' + x)", false),
        ("let x = req.query.id; x = 'b'; db.query(x)", false),
        ("app.get('/', (req, res) => { db.query(req.query.id) })", true),
        ("function f() { const x = req.query.id; items.forEach(() => { db.query(x) }) }", true),
        ("const x = a ? req.query.id : 'b'; db.query(x)", true),
        ("const x = req.query.id ? 'a' : 'b'; db.query(x)", false),
        ("const x = req.query.id || 'b'; db.query(x)", true),
        ("if (!ALLOWED.includes(req.query.id)) { return }\nconst y = 'a'; db.query(y)", false),
        ("const x = req.query.id; if (!ALLOWED.includes(x)) { return }\ndb.query(x)", false),
        ("const x = req.query.id.length; db.query(x)", false),
    ];
    check(Language::JavaScript, rule.clone(), &cases);
    check(Language::TypeScript, rule.clone(), &cases);
    check(Language::TypeScript, rule, &[("const x = req.query.id as string; db.query(x)", true)]);
}

#[test]
fn taint_in_the_other_languages() {
    for (language, source, sink, cases) in [
        (
            Language::Go,
            "r.FormValue($_)",
            "db.Query($X)",
            vec![
                ("package p\nfunc f() { x := r.FormValue(\"q\"); db.Query(\"a\" + x) }", true),
                ("package p\nfunc f() { x := fmt.Sprintf(\"a %s\", r.FormValue(\"q\")); db.Query(x) }", true),
                ("package p\nfunc f() { x, err := strconv.Atoi(r.FormValue(\"q\")); db.Query(x) }", false),
                ("package p\nfunc f() { x := r.FormValue(\"q\"); x = \"b\"; db.Query(x) }", false),
                ("package p\nfunc f() { x := r.FormValue(\"q\"); if ok { return }; db.Query(x) }", true),
            ],
        ),
        (
            Language::Java,
            "r.getParameter($_)",
            "s.executeQuery($X)",
            vec![
                (
                    "class C { void f() { String x = r.getParameter(\"q\"); s.executeQuery(\"a\" + x); } }",
                    true,
                ),
                (
                    "class C { void f() { String x = String.format(\"a %s\", r.getParameter(\"q\")); s.executeQuery(x); } }",
                    true,
                ),
                (
                    "class C { void f() { StringBuilder b = new StringBuilder(); b.append(r.getParameter(\"q\")); s.executeQuery(b.toString()); } }",
                    true,
                ),
                (
                    "class C { void f() { int x = Integer.parseInt(r.getParameter(\"q\")); s.executeQuery(\"a\" + x); } }",
                    false,
                ),
                (
                    "class C { void f() { String x = r.getParameter(\"q\"); x = \"a\"; s.executeQuery(x); } }",
                    false,
                ),
            ],
        ),
        (
            Language::Rust,
            "env::args()",
            "run($X)",
            vec![
                ("fn f() { let x = env::args().next(); run(x) }", true),
                ("fn f() { let x = env::args().next(); run(format!(\"a {}\", x)) }", true),
                ("fn f() { let x = env::args().next(); run(format!(\"a {x}\")) }", true),
                ("fn f() { let x = env::args().len(); run(x) }", false),
                ("fn f() { let mut x = env::args().next(); x = None; run(x) }", false),
            ],
        ),
        (
            Language::C,
            "getenv($_)",
            "system($X)",
            vec![
                ("void f(void) { char *x = getenv(\"q\"); system(x); }", true),
                ("void f(void) { char b[9]; sprintf(b, \"a %s\", getenv(\"q\")); system(b); }", true),
                ("void f(void) { char *x = getenv(\"q\"); x = \"ls\"; system(x); }", false),
                ("void f(void) { int n = atoi(getenv(\"q\")); system(n); }", false),
            ],
        ),
        (
            Language::Cpp,
            "getenv($_)",
            "system($X)",
            vec![
                ("void f() { std::string x = std::string(\"a\") + getenv(\"q\"); system(x.c_str()); }", true),
                ("void f() { auto x = getenv(\"q\"); x = \"ls\"; system(x); }", false),
            ],
        ),
        (
            Language::CSharp,
            "Request.Query[$_]",
            "Run($X)",
            vec![
                ("class C { void F() { var x = Request.Query[\"q\"]; Run(\"a\" + x); } }", true),
                ("class C { void F() { string x = Request.Query[\"q\"]; Run($\"a {x}\"); } }", true),
                ("class C { void F() { var x = int.Parse(Request.Query[\"q\"]); Run(\"a\" + x); } }", false),
                ("class C { void F() { var x = Request.Query[\"q\"]; x = \"b\"; Run(x); } }", false),
            ],
        ),
        (
            Language::Ruby,
            "params[$_]",
            "system($X)",
            vec![
                ("def f\n  x = params[:q]\n  system(\"a #{x}\")\nend", true),
                ("def f\n  x = params[:q].to_i\n  system(\"a #{x}\")\nend", false),
                ("def f\n  x = params[:q]\n  x = 'b'\n  system(x)\nend", false),
                ("def f\n  system('a' + params[:q])\nend", true),
            ],
        ),
        (
            Language::Php,
            "$_GET[$_]",
            "run($X)",
            vec![
                ("<?php $x = $_GET['q']; run('a' . $x);", true),
                ("<?php $x = $_GET['q']; run(\"a $x\");", true),
                ("<?php $x = $_GET['q']; run(\"a {$x}\");", true),
                ("<?php $x = intval($_GET['q']); run('a' . $x);", false),
                ("<?php $x = $_GET['q']; $x = 'b'; run($x);", false),
                ("<?php function f() { $x = $_GET['q']; run(sprintf('a %s', $x)); }", true),
            ],
        ),
    ] {
        check(
            language,
            json!({"sources": [{"pattern": source}], "sinks": [{"pattern": sink, "at": "X"}]}),
            &cases,
        );
    }
}

#[test]
fn a_report_names_the_source_and_the_way() {
    let rule = serde_json::from_value(json!({
        "sources": [{"pattern": "input()"}], "sinks": [{"pattern": "run($X)", "at": "X"}]
    }));
    let rule = TaintRule::compile(&rule.unwrap(), Language::Python).unwrap();
    let source = source(Language::Python, "a = input()\nb = a + 'x'\nrun(b)\n");
    let found = rule.find(&source, &mut Matching::new(&source));
    let related: Vec<&str> = found[0].related.iter().map(|(range, _)| &source.text[range.clone()]).collect();
    assert_eq!(related, ["input()", "a = input()", "b = a + 'x'"]);
}

#[test]
fn hostile_nesting_ends_in_an_answer() {
    let rule = json!({"sources": [{"pattern": "input()"}], "sinks": [{"pattern": "run($X)", "at": "X"}]});
    for text in [
        format!("x = input()\nrun({}x{})", "(".repeat(3000), ")".repeat(3000)),
        format!("x = input()\nrun(x{})", " + x".repeat(3000)),
        format!("x = input()\n{}", "run(x)\n".repeat(2000)),
    ] {
        let _ = taints(Language::Python, &rule, &text);
    }
    let nested: String = (0..80).map(|depth| format!("{}for i{depth} in x:\n", " ".repeat(depth))).collect();
    let _ = taints(Language::Python, &rule, &format!("x = input()\n{nested}{}run(x)\n", " ".repeat(80)));
}

#[test]
fn python_resources() {
    let rule = json!({"acquire": [{"pattern": "$V = open($$$)"}], "release": [{"pattern": "$V.close()"}]});
    for (text, found) in [
        ("def f():\n  h = open('a')\n  h.read()", true),
        ("def f():\n  h = open('a')\n  return h.read()", true),
        ("def f():\n  h = open('a')\n  h.close()", false),
        ("def f():\n  h = open('a')\n  return h", false),
        ("def f():\n  h = open('a')\n  yield h", false),
        ("def f():\n  h = open('a')\n  use(h)", false),
        ("def f():\n  h = open('a')\n  self.h = h", false),
        ("def f():\n  h = open('a')\n  l = [h]", false),
        ("def f():\n  h = open('a')\n  with h:\n    pass", false),
        ("def f():\n  h = open('a')\n  def g():\n    h.read()", false),
        ("def f():\n  global h\n  h = open('a')", false),
        ("def f():\n  self.h = open('a')", false),
        ("def f(h=None):\n  if h is None:\n    h = open('a')\n  h.read()", false),
        ("def f():\n  with open('a') as h:\n    h.read()", false),
        ("def f():\n  h = open('a')\n  if h:\n    pass", true),
        ("def f():\n  h = open('a')\n  for line in h:\n    pass", true),
    ] {
        assert_eq!(!resources(Language::Python, &rule, text).is_empty(), found, "{text}");
    }
}

#[test]
fn every_path_looks_at_early_exits() {
    let rule = json!({"acquire": [{"pattern": "$V = open($$$)"}], "release": [{"pattern": "$V.close()"}], "every-path": true});
    for (text, found) in [
        ("def f():\n  h = open('a')\n  if a:\n    return 1\n  h.close()", true),
        ("def f():\n  h = open('a')\n  if a:\n    raise E\n  h.close()", true),
        ("def f():\n  h = open('a')\n  try:\n    if a:\n      return 1\n  finally:\n    h.close()", false),
        ("def f():\n  h = open('a')\n  if not h:\n    return 1\n  h.close()", false),
        ("def f():\n  h = open('a')\n  h.close()\n  return 1", false),
    ] {
        assert_eq!(!resources(Language::Python, &rule, text).is_empty(), found, "{text}");
    }
}

#[test]
fn resources_in_the_other_languages() {
    for (language, acquire, release, every_path, cases) in [
        (
            Language::Go,
            "$V, $_ := os.Open($$$)",
            "$V.Close()",
            true,
            vec![
                (
                    "package p\nfunc f() { h, err := os.Open(\"a\"); if err != nil { return }; h.Read(b) }",
                    true,
                ),
                (
                    "package p\nfunc f() { h, err := os.Open(\"a\"); if err != nil { return }; defer h.Close(); if x { return } }",
                    false,
                ),
                (
                    "package p\nfunc f() { h, err := os.Open(\"a\"); if err != nil { return }; if x { return }; h.Close() }",
                    true,
                ),
                ("package p\nfunc f() *os.File { h, _ := os.Open(\"a\"); return h }", false),
                ("package p\nfunc f() { h, _ := os.Open(\"a\"); use(h) }", false),
                ("package p\nfunc f() { h, _ := os.Open(\"a\"); s.h = h }", false),
            ],
        ),
        (
            Language::Java,
            "$_ $V = new FileInputStream($$$);",
            "$V.close()",
            false,
            vec![
                ("class C { void f() { FileInputStream h = new FileInputStream(p); h.read(); } }", true),
                ("class C { void f() { FileInputStream h = new FileInputStream(p); h.close(); } }", false),
                (
                    "class C { FileInputStream f() { FileInputStream h = new FileInputStream(p); return h; } }",
                    false,
                ),
                (
                    "class C { void f() { try (FileInputStream h = new FileInputStream(p)) { h.read(); } } }",
                    false,
                ),
            ],
        ),
        (
            Language::JavaScript,
            "$V = setInterval($$$)",
            "clearInterval($V)",
            false,
            vec![
                ("function f() { const t = setInterval(g, 1); log(1) }", true),
                ("function f() { const t = setInterval(g, 1); clearInterval(t) }", false),
                ("function f() { const t = setInterval(g, 1); return () => clearInterval(t) }", false),
                ("let t; function f() { t = setInterval(g, 1) }", false),
            ],
        ),
        (
            Language::C,
            "$V = fopen($$$)",
            "fclose($V)",
            true,
            vec![
                ("void f(void) { FILE *h = fopen(p, \"r\"); if (!h) return; x = 1; }", true),
                ("void f(void) { FILE *h = fopen(p, \"r\"); if (!h) return; fclose(h); }", false),
                ("int f(void) { FILE *h = fopen(p, \"r\"); if (x) return 1; fclose(h); return 0; }", true),
            ],
        ),
        (
            Language::CSharp,
            "$V = new FileStream($$$)",
            "$V.Dispose()",
            false,
            vec![
                ("class C { void F() { var h = new FileStream(p); h.Read(); } }", true),
                ("class C { void F() { using var h = new FileStream(p); h.Read(); } }", false),
                ("class C { void F() { using (var h = new FileStream(p)) { h.Read(); } } }", false),
            ],
        ),
        (
            Language::Ruby,
            "$V = File.open($$$)",
            "$V.close",
            false,
            vec![
                ("def f\n  h = File.open('a')\n  h.read\n  1\nend", true),
                ("def f\n  h = File.open('a')\n  h.close\nend", false),
                ("def f\n  h = File.open('a')\n  h\nend", false),
            ],
        ),
        (
            Language::Php,
            "$V = fopen($$$)",
            "fclose($V)",
            false,
            vec![
                ("<?php function f() { $h = fopen('a', 'r'); $h->x(); }", true),
                ("<?php function f() { $h = fopen('a', 'r'); fclose($h); }", false),
                ("<?php function f() { $h = fopen('a', 'r'); return $h; }", false),
            ],
        ),
    ] {
        let mut acquires = vec![json!({"pattern": acquire})];
        if let Some(rest) = acquire.strip_prefix("$V = ") {
            // The grammars have a node of its own for a declaration with a value.
            let declared = match language {
                Language::JavaScript => Some(("variable_declarator", format!("const $V = {rest}"))),
                Language::C => Some(("init_declarator", format!("FILE *$V = {rest};"))),
                Language::CSharp => {
                    Some(("variable_declarator", format!("class C {{ void F() {{ var $V = {rest}; }} }}")))
                }
                _ => None,
            };
            if let Some((selector, context)) = declared {
                acquires = vec![json!({"pattern": {"context": context, "selector": selector}})];
            }
        }
        let rule = json!({"acquire": acquires, "release": [{"pattern": release}], "every-path": every_path});
        for (text, found) in cases {
            let got = resources(language, &rule, text);
            assert_eq!(!got.is_empty(), found, "{}: {text}\n{got:?}", language.name());
        }
    }
}

#[test]
fn wrong_rules_are_refused() {
    for rule in [
        json!({"sources": [], "sinks": [{"pattern": "run($X)"}]}),
        json!({"sources": [{"pattern": "a()"}], "sinks": []}),
        json!({"sources": [{"pattern": "a()"}], "sinks": [{"pattern": "run($X)", "at": "Y"}]}),
        json!({"sources": [{"pattern": "a()"}], "sinks": [{"pattern": "run($X)"}], "parameters": "("}),
    ] {
        let parsed: rule::Taint = serde_json::from_value(rule.clone()).unwrap();
        assert!(TaintRule::compile(&parsed, Language::Python).is_err(), "{rule}");
    }
}
