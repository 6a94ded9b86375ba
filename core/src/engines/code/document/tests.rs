use super::edit::Editor;
use super::*;
use crate::domain::Edit;
use crate::engines::code::rule;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tree_sitter::Parser;

fn parse(syntax: Syntax, text: &str) -> Documents {
    let language = match syntax {
        Syntax::Yaml => tree_sitter_yaml::LANGUAGE.into(),
        Syntax::Json => tree_sitter_json::LANGUAGE.into(),
        Syntax::Toml => tree_sitter_toml_ng::LANGUAGE.into(),
        Syntax::Hcl => tree_sitter_hcl::LANGUAGE.into(),
    };
    let mut parser = Parser::new();
    parser.set_language(&language).unwrap();
    let tree = parser.parse(text, None).unwrap();
    read(syntax, tree.root_node(), text)
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = text.to_owned();
    for edit in edits.iter().rev() {
        out.replace_range(edit.range.clone(), &edit.text);
    }
    out
}

fn set(syntax: Syntax, text: &str, path: &str, value: Json) -> Option<String> {
    let documents = parse(syntax, text);
    let mut editor = Editor::new(documents.roots.first()?, text, syntax);
    editor.set(&vec![], &Path::parse(path).unwrap(), &value)?;
    Some(apply(text, &editor.finish()?))
}

fn remove(syntax: Syntax, text: &str, path: &str) -> Option<String> {
    let documents = parse(syntax, text);
    let mut editor = Editor::new(documents.roots.first()?, text, syntax);
    editor.remove(&vec![], &Path::parse(path).unwrap())?;
    Some(apply(text, &editor.finish()?))
}

#[test]
fn values_are_read() {
    for (syntax, text, expected) in [
        (Syntax::Yaml, "a: 1\nb: [x, 'y''z', \"q\\n\"]\n", json!({"a": 1, "b": ["x", "y'z", "q\n"]})),
        (
            Syntax::Yaml,
            "a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  j: 2\n",
            json!({"a": {"k": 1}, "b": {"k": 1}, "c": {"j": 2, "k": 1}}),
        ),
        (
            Syntax::Yaml,
            "a: |\n  x\n   y\nb: >-\n  p\n  q\nc:\n",
            json!({"a": "x\n y\n", "b": "p q", "c": null}),
        ),
        (
            Syntax::Yaml,
            "- 0x1f\n- 1e3\n- 1.2.3\n- yes\n- True\n- ~\n- 012\n",
            json!([31, 1000.0, "1.2.3", "yes", true, null, 12]),
        ),
        (Syntax::Json, r#"{"a": [1, "x\u0041", null], "b": {}}"#, json!({"a": [1, "xA", null], "b": {}})),
        (
            Syntax::Toml,
            "a = 1 # c\nb.c = 'x'\n[t.u]\nk = [1, true]\ni = { x = 1 }\n[[arr]]\nz = 1\n[[arr]]\nz = 2\n",
            json!({"a": 1, "b": {"c": "x"}, "t": {"u": {"k": [1, true], "i": {"x": 1}}}, "arr": [{"z": 1}, {"z": 2}]}),
        ),
        (
            Syntax::Hcl,
            "a = 1\nresource \"s3\" \"b\" {\n  acl = \"public\"\n  n { x = [1, 2] }\n  t = { k = \"v\" }\n}\n",
            json!({"a": 1, "resource": {"s3": {"b": {"acl": "public", "n": {"x": [1, 2]}, "t": {"k": "v"}}}}}),
        ),
    ] {
        assert_eq!(parse(syntax, text).roots[0].to_json(), expected, "{text}");
    }
}

#[test]
fn templates_and_broken_documents_are_not_judged() {
    for (text, roots, unread) in [
        ("a: {{ .Values.x }}\n", 0, Some(Unread::Template)),
        ("{{- if .x }}\na: 1\n{{- end }}\n", 0, Some(Unread::Template)),
        ("a: \"{{ x }}\"\nb: ${{ secrets.X }}\n", 1, None),
        ("a: 1\n---\nb: [\n", 0, Some(Unread::Errors(1))),
        ("", 0, None),
    ] {
        let documents = parse(Syntax::Yaml, text);
        assert_eq!(
            (documents.unread.is_some(), documents.roots.len() >= roots),
            (unread.is_some(), true),
            "{text} {documents:?}"
        );
        if unread == Some(Unread::Template) {
            assert_eq!(documents.unread, unread, "{text}");
        }
    }
}

#[test]
fn aliases_cannot_explode() {
    let mut text = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(9);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(", ")));
    }
    assert!(parse(Syntax::Yaml, &text).roots[0].size() < 200_000);
}

#[test]
fn setting_keeps_every_other_byte() {
    for (syntax, text, path, value, expected) in [
        (Syntax::Yaml, "a: 'x' # why\nb: 2\n", "a", json!("y"), Some("a: 'y' # why\nb: 2\n")),
        (Syntax::Yaml, "a: \"x\"\n", "a", json!("y\""), Some("a: \"y\\\"\"\n")),
        (Syntax::Yaml, "a: x\n", "a", json!("yes"), Some("a: \"yes\"\n")),
        (Syntax::Yaml, "a: true\n", "a", json!(false), Some("a: false\n")),
        (
            Syntax::Yaml,
            "a: 1 # one\n# end\n",
            "b.c",
            json!("100m"),
            Some("a: 1 # one\nb:\n  c: 100m\n# end\n"),
        ),
        (
            Syntax::Yaml,
            "l:\n  - name: x # c\n    v: 1",
            "l[*].w",
            json!(true),
            Some("l:\n  - name: x # c\n    v: 1\n    w: true"),
        ),
        (Syntax::Yaml, "a:\n  b:\n    c: 1\n", "a.d", json!(2), Some("a:\n  b:\n    c: 1\n  d: 2\n")),
        (Syntax::Yaml, "a: {b: 1}\n", "a.c", json!("z"), Some("a: {b: 1, c: z}\n")),
        (Syntax::Yaml, "a: {}\n", "a.c.d", json!(1), Some("a: {c: {d: 1}}\n")),
        (
            Syntax::Yaml,
            "a:\n  b: # later\nc: 1\n",
            "a.b.x",
            json!(1),
            Some("a:\n  b: # later\n    x: 1\nc: 1\n"),
        ),
        (Syntax::Yaml, "a:\nc: 1\n", "a", json!("v"), Some("a: v\nc: 1\n")),
        (Syntax::Yaml, "a: [x]\n", "a", json!(["p", "z"]), Some("a: [p, z]\n")),
        (Syntax::Yaml, "a: &x 1\nb: *x\n", "b", json!(2), None),
        (Syntax::Yaml, "a: &x {k: 1}\nb: *x\n", "b.k", json!(2), None),
        (Syntax::Yaml, "a: |\n  x\n", "a", json!("y"), None),
        (Syntax::Json, "{\n  \"a\": 1\n}\n", "b", json!([1]), Some("{\n  \"a\": 1,\n  \"b\": [1]\n}\n")),
        (Syntax::Json, "{\"a\": {}}", "a.b", json!("x"), Some("{\"a\": {\"b\":\"x\"}}")),
        (
            Syntax::Toml,
            "a = 1 # c\n\n[t]\nk = 'v'\n\n[u]\n",
            "t.n",
            json!(true),
            Some("a = 1 # c\n\n[t]\nk = 'v'\nn = true\n\n[u]\n"),
        ),
        (Syntax::Toml, "a = 1 # c\n", "a", json!("x"), Some("a = \"x\" # c\n")),
        (
            Syntax::Hcl,
            "r \"a\" \"b\" {\n  x = 1 # c\n}\n",
            "r.a.b.y",
            json!(true),
            Some("r \"a\" \"b\" {\n  x = 1 # c\n  y = true\n}\n"),
        ),
        (Syntax::Hcl, "r \"a\" \"b\" {\n  x = var.q\n}\n", "r.a.b.x", json!(true), None),
    ] {
        let got = set(syntax, text, path, value.clone());
        // JSON's values are written without spaces.
        let got = got.map(|text| text.replace("{\"b\": ", "{\"b\":"));
        assert_eq!(got.as_deref(), expected, "{text:?} {path} {value}");
    }
}

#[test]
fn removing_takes_the_lines_along() {
    for (syntax, text, path, expected) in [
        (Syntax::Yaml, "a: 1\nb: 2 # c\nd: 3\n", "b", Some("a: 1\nd: 3\n")),
        (Syntax::Yaml, "s:\n  p: true\nx: 1\n", "s.p", Some("s: {}\nx: 1\n")),
        (Syntax::Yaml, "l:\n  - a: 1\n    b: 2\n  - c\n", "l[0].a", Some("l:\n  - b: 2\n  - c\n")),
        (Syntax::Yaml, "l:\n  - a\n  - b\n", "l[1]", Some("l:\n  - a\n")),
        (Syntax::Yaml, "a: [x, y, z]\n", "a[1]", Some("a: [x, z]\n")),
        (Syntax::Yaml, "a: [x, y]\n", "a[1]", Some("a: [x]\n")),
        (Syntax::Json, "{\"a\": 1, \"b\": 2}", "a", Some("{\"b\": 2}")),
        (Syntax::Toml, "a = 1\nb = 2\n", "a", Some("b = 2\n")),
        (Syntax::Hcl, "r {\n  x = 1\n  y = 2\n}\n", "r.x", Some("r {\n  y = 2\n}\n")),
    ] {
        assert_eq!(remove(syntax, text, path).as_deref(), expected, "{text:?} {path}");
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: a # first
          image: nginx:latest
        - name: b
          image: nginx@sha256:abc
          resources:
            limits:
              memory: 64Mi
              cpu: 500m
";

fn findings(rule: Json, path: &str, text: &str) -> (Vec<String>, String) {
    let rule: rule::Document = serde_json::from_value(rule).unwrap();
    let rule = DocumentRule::compile(&rule).unwrap();
    let found = rule.find(path, Syntax::Yaml, &parse(Syntax::Yaml, text), text);
    let edits: Vec<Edit> = found.iter().flat_map(|f| f.edits.clone()).collect();
    (found.iter().map(|f| text[f.range.clone()].to_owned()).collect(), apply(text, &edits))
}

#[test]
fn rules_judge_documents() {
    let (found, fixed) = findings(
        json!({"of": "kubernetes", "each": ["$pod.containers[*]", "$pod.initContainers[*]"],
            "unless": [{"path": "resources.limits.memory", "present": true}],
            "fix": [{"set": "resources.limits.memory", "to": "256Mi"}, {"set": "resources.limits.cpu", "to": "500m"}]}),
        "x.yaml",
        DEPLOYMENT,
    );
    assert_eq!(found, ["name: a"]);
    let wanted = "          image: nginx:latest\n          resources:\n            limits:\n              cpu: 500m\n              memory: 256Mi\n        - name: b\n";
    assert!(fixed.contains(wanted), "{fixed}");

    for (rule, path, text, expected) in [
        (json!({"of": "kubernetes", "kinds": ["Pod"]}), "x.yaml", DEPLOYMENT, vec![]),
        (
            json!({"of": "kubernetes", "each": ["$pod.containers[*].image"], "when": [{"regex": ":latest$"}]}),
            "x.yaml",
            DEPLOYMENT,
            vec!["image: nginx:latest"],
        ),
        (
            json!({"of": "kubernetes", "each": ["$pod.containers[*]"], "when": [{"path": "resources.limits.memory", "less-than": 134217728.0}], "report": "image"}),
            "x.yaml",
            DEPLOYMENT,
            vec!["image: nginx@sha256:abc"],
        ),
        (
            json!({"of": "kubernetes", "each": ["**.image"], "when": [{"path": "/metadata.name", "equals": "web"}, {"path": "../name", "equals": "b"}]}),
            "x.yaml",
            DEPLOYMENT,
            vec!["image: nginx@sha256:abc"],
        ),
        (
            json!({"of": "workflow", "each": ["jobs.*.steps[*].uses"]}),
            ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    steps:\n      - uses: a/b@v1\n",
            vec!["uses: a/b@v1"],
        ),
        (
            json!({"of": "compose", "each": ["services.*"], "when": [{"path": "privileged", "equals": true}]}),
            "docker-compose.yml",
            "services:\n  a:\n    image: x\n    privileged: true\n",
            vec!["a"],
        ),
        (
            json!({"of": "kubernetes", "each": ["$pod"]}),
            "a.yaml",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  spec: {containers: []}\n",
            vec!["spec"],
        ),
        (
            json!({"of": "any", "each": ["image"], "when": [{"any": [{"equals": "x"}, {"regex": "^y"}]}]}),
            "a.yaml",
            "image: yes-y\n",
            vec!["image: yes-y"],
        ),
        (json!({"of": "any", "each": ["image"]}), "a.yaml", "image: \"{{ x }}\"\n", vec![]),
    ] {
        assert_eq!(findings(rule.clone(), path, text).0, expected, "{rule}");
    }
}

#[test]
fn quantities_are_numbers() {
    for (text, expected) in [
        ("500m", Some(0.5)),
        ("64Mi", Some(67_108_864.0)),
        ("2k", Some(2000.0)),
        ("x", None),
        ("1y", None),
        ("", None),
    ] {
        assert_eq!(super::condition::quantity(text), expected, "{text}");
    }
}

fn json_value() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        Just("yes"),
        Just("1.5"),
        Just("a: b"),
        Just("# no"),
        Just("- x"),
        Just("x:y"),
        Just(""),
        Just("~"),
        Just("'q'"),
        Just("é\n")
    ];
    prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        text.prop_map(Json::from),
        "[ -~]{1,12}".prop_map(Json::from)
    ]
}

fn set_json(target: &mut Json, keys: &[&str], value: Json) {
    let mut at = target;
    for key in keys {
        if at.is_null() {
            *at = json!({});
        }
        at = &mut at[*key];
    }
    *at = value;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_set_is_read_and_the_rest_stays(value in json_value(), file in 0..5usize, path in 0..8usize) {
        let (syntax, text) = [
            (Syntax::Yaml, "# top\na: {b: 1, c: [1, 2]} # x\nd:\n  e: 'one' # keep\n  f:\n    - g\n# mid\nh:\n"),
            (Syntax::Yaml, "d: # c\n    e: |\n      text\n    f: {}\nh: \"x\"\na: {}"),
            (Syntax::Json, "{\n  \"a\": {\"b\": 1},\n  \"d\": {\n    \"e\": \"x\"\n  }\n}"),
            (Syntax::Toml, "# top\nh = 1 # one\na = { b = 1 }\n\n[d] # table\ne = 'x'\n\n[z]\n"),
            (Syntax::Hcl, "h = 1 # one\na = { b = 1 }\nd {\n  e = \"x\" # y\n}\n"),
        ][file];
        let path = ["a.b", "a.c.x", "d.e", "d.new", "d.new.deep", "h", "other", "d.f.k"][path];
        let keys: Vec<&str> = path.split('.').collect();
        if let Some(after) = set(syntax, text, path, value.clone()) {
            let documents = parse(syntax, &after);
            prop_assert!(documents.unread.is_none(), "{after}");
            let mut expected = parse(syntax, text).roots[0].to_json();
            set_json(&mut expected, &keys, value);
            prop_assert_eq!(documents.roots[0].to_json(), expected, "{}", after);
            for comment in text.lines().filter_map(|line| line.find('#').map(|at| &line[at..])) {
                prop_assert!(after.contains(comment), "{after}");
            }
        }
    }
}
