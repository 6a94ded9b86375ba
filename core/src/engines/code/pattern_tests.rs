//! What patterns match, language by language.

use super::*;
use crate::domain::RepoPath;
use crate::engines::code::syntax::Source;
use crate::engines::code::walk;

fn source(language: Language, code: &str) -> Source {
    Source::parse(RepoPath::new("a").unwrap(), language, code.into()).unwrap()
}

/// The texts of the nodes of `code` that match.
fn found(language: Language, pattern: &str, code: &str) -> Vec<String> {
    let pattern = CompiledPattern::compile(&rule::Pattern::Code(pattern.into()), language).unwrap();
    let source = source(language, code);
    let mut on = Matching::new(&source);
    let mut texts = Vec::new();
    walk::each_node(&source, &mut on, |node, on| {
        if pattern.matches(node, on, &mut Captures::default()) {
            texts.push(source.text_of(node).to_owned());
        }
    });
    texts
}

#[test]
fn patterns_match_in_every_language() {
    use Language::*;
    for (language, pattern, code, expected) in [
        (Python, "f($$$, x=True, $$$)", "f(x=True)", true),
        (Python, "f($$$, x=True, $$$)", "f(1, 2, y=3, x=True, z=4,)", true),
        (Python, "f($$$, x=True, $$$)", "f(1, x=False)", false),
        (Python, "f($X)", "f(a, b)", false),
        (Python, "f($X)", "f(a,)", true),
        (Python, "f($X)", "f(  # why\n  a  # what\n)", true),
        (Python, "f()", "f()", true),
        (Python, "f()", "f(1)", false),
        (Python, "f($$$)", "f()", true),
        (Python, "$X == $X", "a.b == a.b", true),
        (Python, "$X == $X", "a.b == a.c", false),
        (Python, "$X == None", "a != None", false),
        (Python, "open($F, \"w\")", "open(p, 'w')", true),
        (Python, "open($F, \"w\")", "open(p, 'wb')", false),
        (Python, "open($F, \"w\")", "open(p, b'w')", false),
        (Python, "f(\"$S\")", "f('a')", true),
        (Python, "f(\"$S\")", "f(f'{a}')", false),
        (Python, "f(\"$S\")", "f(a)", false),
        (Python, "$A.$B($$$)", "x.y.z(1)", true),
        (Python, "import $M", "import os.path", true),
        (Python, "try:\n  $$$\nexcept:\n  pass", "try:\n    a()\n    b()\nexcept:\n    pass\n", true),
        (Python, "def $F($$$):\n  $$$BODY", "def f(a, b=1):\n    # x\n    return 1\n", true),
        (JavaScript, "eval($X)", "eval(a + b);", true),
        (JavaScript, "$E.innerHTML = $V", "el.innerHTML = v;", true),
        (JavaScript, "f(\"a\")", "f(`a`)", true),
        (JavaScript, "f(\"a\")", "f(`a${b}`)", false),
        (JavaScript, "new Buffer($$$)", "x = new Buffer(3, 'utf8')", true),
        (JavaScript, "({rejectUnauthorized: false})", "({a: 1, rejectUnauthorized: false})", false),
        (TypeScript, "$X as any", "const y = x as any;", true),
        (Tsx, "eval($X)", "const a = <p>{eval(b)}</p>", true),
        (Go, "exec.Command($$$, $X)", "package p\nfunc f() { exec.Command(\"sh\", \"-c\", x) }", true),
        (Go, "$R, _ := $F($$$)", "package p\nfunc f() { r, _ := g(1) }", true),
        (Go, "if err != nil { return nil }", "package p\nfunc f() { if err != nil { return nil } }", true),
        (Go, "defer $X.Close()", "package p\nfunc f() { defer r.Body.Close() }", true),
        (
            Go,
            "tls.Config{$$$, InsecureSkipVerify: true, $$$}",
            "package p\nvar c = tls.Config{A: 1, InsecureSkipVerify: true}",
            true,
        ),
        (Rust, "$X.unwrap()", "fn f() { a.b().unwrap(); }", true),
        (Rust, "let $X = $Y", "fn f() { let a = 1; }", true),
        (Rust, "println!($$$)", "fn f() { println!(\"{}\", a); }", true),
        (Rust, "unsafe { $$$ }", "fn f() { unsafe { g(); h() } }", true),
        (Java, "$X.equals($Y)", "class A { void f() { a.equals(b); } }", true),
        (Java, "new Random()", "class A { Object o = new Random(); }", true),
        (
            Java,
            "Runtime.getRuntime().exec($C)",
            "class A { void f() { Runtime.getRuntime().exec(c); } }",
            true,
        ),
        (Java, "$A == $B", "class A { void f() { if (a == b) {} } }", true),
        (C, "gets($X)", "int main(void) { gets(buf); }", true),
        (C, "strcpy($D, $S)", "void f(void) { if (a) strcpy(a, b); }", true),
        (C, "$X = malloc($N)", "void f(void) { p = malloc(3); }", true),
        (Cpp, "std::rand()", "int f() { return std::rand(); }", true),
        (Cpp, "new $T[$N]", "void f() { auto x = new int[3]; }", true),
        (CSharp, "new Random()", "class A { void F() { var r = new Random(); } }", true),
        (CSharp, "Process.Start($X)", "class A { void F() { Process.Start(x); } }", true),
        (Ruby, "eval($X)", "eval(params[:x])", true),
        (Ruby, "$M.find_by_sql($X)", "User.find_by_sql(\"a\")", true),
        (Php, "eval($X)", "<?php eval($code);", true),
        (Php, "$X = $_GET[$K]", "<?php $a = $_GET['x'];", true),
        (Php, "$X->query($SQL)", "<?php $db->query($q);", true),
        (Php, "md5($X)", "<?php $h = md5($a . 'x');", true),
        (Bash, "rm -rf $X", "rm -rf /tmp/x", true),
        (Bash, "eval $X", "eval \"$cmd\"", true),
        (Yaml, "privileged: true", "a:\n  privileged: true\n", true),
        (Yaml, "image: $I", "- image: nginx\n", true),
        (Dockerfile, "FROM $I", "FROM debian\nRUN a\n", true),
        (Hcl, "acl = \"public-read\"", "resource \"a\" \"b\" {\n  acl = \"public-read\"\n}\n", true),
        (Json, "\"strict\": false", "{\"a\": {\"strict\": false}}", true),
        (Json, "\"a\": $X", "{\"a\": [1]}", true),
        (Toml, "debug = true", "[a]\ndebug = true\n", true),
        (Toml, "version = $V", "[a]\nversion = \"1\"\n", true),
    ] {
        assert_eq!(
            !found(language, pattern, code).is_empty(),
            expected,
            "{}: `{pattern}` in `{code}`",
            language.name()
        );
    }
}

#[test]
fn captures_hold_what_names_stand_for() {
    let pattern = rule::Pattern::Code("f($A, $$$REST, \"$S\")".into());
    let pattern = CompiledPattern::compile(&pattern, Language::Python).unwrap();
    let source = source(Language::Python, "f(1, 2, g(3), 'x')");
    let mut on = Matching::new(&source);
    let call = source.root().named_child(0).and_then(|n| n.named_child(0)).unwrap();
    let mut captures = Captures::default();
    assert!(pattern.matches(call, &mut on, &mut captures));
    for (name, text) in [("A", "1"), ("REST", "2, g(3)"), ("S", "x")] {
        assert_eq!(captures.text(name, &source), text);
    }
}

#[test]
fn a_pattern_that_cannot_be_is_refused() {
    for (language, pattern) in [
        (Language::Python, "f("),
        (Language::Python, "$X"),
        (Language::Python, "a = 1\nb = 2"),
        (Language::Go, "func ("),
        (Language::Rust, "let ="),
    ] {
        assert!(
            CompiledPattern::compile(&rule::Pattern::Code(pattern.into()), language).is_err(),
            "{pattern}"
        );
    }
}

#[test]
fn a_context_selects_what_cannot_stand_alone() {
    let pattern = rule::Pattern::Selected(rule::Selected {
        context: "({rejectUnauthorized: false})".into(),
        selector: "pair".into(),
    });
    let pattern = CompiledPattern::compile(&pattern, Language::JavaScript).unwrap();
    let source =
        source(Language::JavaScript, "f({a: 1, 'rejectUnauthorized': false, rejectUnauthorized: false})");
    let mut on = Matching::new(&source);
    let mut count = 0;
    walk::each_node(&source, &mut on, |node, on| {
        count += usize::from(pattern.matches(node, on, &mut Captures::default()));
    });
    assert_eq!(count, 1);
}

#[test]
fn words_are_what_a_file_must_hold() {
    let pattern = rule::Pattern::Code("subprocess.run($X, shell=True)".into());
    let pattern = CompiledPattern::compile(&pattern, Language::Python).unwrap();
    assert_eq!(pattern.words(), ["subprocess", "shell", "True"]);
}
