//! Which functions a policy calls: recursion is refused before it can overflow the stack, as the Rego
//! language demands and the evaluator does not check, and costly built-ins are found by name.
//!
//! Reads the syntax tree as the evaluator publishes it, in JSON.

use super::rego::RegoError;
use regorus::Engine;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What some modules define and name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Of each function (`data.<package>.<name>`): the functions that its body names.
    functions: BTreeMap<String, BTreeSet<String>>,
    /// Every path that stands anywhere, as written: `numbers.range`, `input.actor`, …
    pub named: BTreeSet<String>,
    /// A part of some `deny` head that may be defined for one element and undefined for another; the
    /// evaluator would then lose the reasons that it had already found.
    pub fragile: Option<String>,
}

/// One function's body: who it is, and every path in it with all that the path may mean.
struct Body {
    function: String,
    meanings: BTreeSet<String>,
}

impl Calls {
    /// # Errors
    /// [`RegoError::Evaluation`] when the tree cannot be read, of too deep nesting for instance.
    pub fn of(engine: &Engine) -> Result<Self, RegoError> {
        let unreadable = |why: &dyn std::fmt::Display| {
            RegoError::Evaluation(format!("its syntax tree cannot be examined: {why}"))
        };
        let json = engine.get_ast_as_json().map_err(|e| unreadable(&e))?;
        let tree: Value = serde_json::from_str(&json).map_err(|e| unreadable(&e))?;
        let mut calls = Self::default();
        let mut bodies = Vec::new();
        for file in tree.as_array().into_iter().flatten() {
            calls.module(file, &mut bodies);
        }
        let known: BTreeSet<String> = bodies.iter().map(|body| body.function.clone()).collect();
        calls.fragile = tree.as_array().into_iter().flatten().find_map(|file| fragile_head(file, &known));
        for body in bodies {
            let called = body.meanings.intersection(&known).cloned();
            calls.functions.entry(body.function).or_default().extend(called);
        }
        Ok(calls)
    }

    fn module(&mut self, file: &Value, bodies: &mut Vec<Body>) {
        let module = &file["ast"];
        let contents =
            file["contents"].as_str().or_else(|| file["source"]["contents"].as_str()).unwrap_or("");
        let package = format!("data.{}", path(&module["package"]["refr"]).unwrap_or_default());
        let imports = imports(module, contents);
        for rule in module["rules"].as_array().into_iter().flatten() {
            let mut paths = BTreeSet::new();
            collect(rule, &mut paths);
            if let Some(name) = path(&rule["Spec"]["head"]["Func"]["refr"]) {
                // The head names the function itself.
                let mut inside = BTreeSet::new();
                collect(&rule["Spec"]["head"]["Func"]["assign"], &mut inside);
                collect(&rule["Spec"]["bodies"], &mut inside);
                let meanings = inside.iter().flat_map(|p| meanings(p, &package, &imports)).collect();
                bodies.push(Body { function: format!("{package}.{name}"), meanings });
            }
            self.named.append(&mut paths);
        }
    }

    /// A function that calls itself, by whatever way.
    pub fn recursive(&self) -> Option<&str> {
        self.functions.keys().map(String::as_str).find(|start| {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&str> = self.functions[*start].iter().map(String::as_str).collect();
            while let Some(next) = open.pop() {
                if next == *start {
                    return true;
                }
                if seen.insert(next) {
                    open.extend(self.functions.get(next).into_iter().flatten().map(String::as_str));
                }
            }
            false
        })
    }
}

fn contents(file: &Value) -> &str {
    file["source"]["contents"].as_str().unwrap_or_default()
}

/// The first part of a `deny contains …` head of this module that depends on an element and may be
/// undefined: a call of a function of ours, or a reference into a variable.
fn fragile_head(file: &Value, known: &BTreeSet<String>) -> Option<String> {
    let module = &file["ast"];
    let package = format!("data.{}", path(&module["package"]["refr"]).unwrap_or_default());
    let imports = imports(module, contents(file));
    module["rules"].as_array()?.iter().find_map(|rule| {
        let head = &rule["Spec"]["head"]["Set"];
        let named = path(&head["refr"]).is_some_and(|name| name == "deny");
        let found = if named { fragile_part(&head["key"], &package, &imports, known) } else { None };
        let span = &found?["span"];
        let side = |name: &str| span[name].as_u64().and_then(|at| usize::try_from(at).ok());
        Some(contents(file).get(side("start")?..side("end")?).unwrap_or("its head").to_owned())
    })
}

fn fragile_part<'a>(
    node: &'a Value,
    package: &str,
    imports: &BTreeMap<String, String>,
    known: &BTreeSet<String>,
) -> Option<&'a Value> {
    let inside = |node: &'a Value| fragile_part(node, package, imports, known);
    match node {
        Value::Array(items) => items.iter().find_map(inside),
        Value::Object(fields) => fields.iter().find_map(|(kind, node)| match kind.as_str() {
            "Call" => {
                let called = path(&node["fcn"]).unwrap_or_default();
                let ours = meanings(&called, package, imports).iter().any(|name| known.contains(name));
                if ours { Some(node) } else { inside(&node["params"]) }
            }
            "RefDot" | "RefBrack" => {
                let path = path_of(kind, node).unwrap_or_default();
                let root = path.split('.').next().unwrap_or_default();
                let fixed = matches!(root, "input" | "data") || imports.contains_key(root);
                if fixed { None } else { Some(node) }
            }
            _ => inside(node),
        }),
        _ => None,
    }
}

/// The aliases of a module's imports and what they stand for.
fn imports(module: &Value, contents: &str) -> BTreeMap<String, String> {
    let mut aliases = BTreeMap::new();
    for import in module["imports"].as_array().into_iter().flatten() {
        let Some(target) = path(&import["refr"]) else { continue };
        let bound = |side: &str| import["as"][side].as_u64().and_then(|at| usize::try_from(at).ok());
        let alias = match (bound("start"), bound("end")) {
            (Some(start), Some(end)) => contents.get(start..end).unwrap_or_default(),
            _ => target.rsplit('.').next().unwrap_or_default(),
        };
        aliases.insert(alias.to_owned(), target);
    }
    aliases
}

/// All that a path may mean where it stands.
fn meanings(written: &str, package: &str, imports: &BTreeMap<String, String>) -> Vec<String> {
    let mut all = vec![written.to_owned(), format!("{package}.{written}")];
    let (first, rest) = written.split_once('.').map_or((written, ""), |(first, rest)| (first, rest));
    if let Some(target) = imports.get(first) {
        all.push(if rest.is_empty() { target.clone() } else { format!("{target}.{rest}") });
    }
    all
}

/// The dotted path of a variable or reference with constant parts.
fn path(node: &Value) -> Option<String> {
    node.as_object()?.iter().find_map(|(kind, inner)| path_of(kind, inner))
}

fn path_of(kind: &str, node: &Value) -> Option<String> {
    let last = match kind {
        "Var" => return node["value"].as_str().map(str::to_owned),
        "RefDot" => node["field"][1].as_str()?,
        "RefBrack" => {
            let index = &node["index"];
            index["String"]["value"].as_str().or_else(|| index["RawString"]["value"].as_str())?
        }
        _ => return None,
    };
    Some(format!("{}.{last}", path(&node["refr"])?))
}

fn collect(node: &Value, found: &mut BTreeSet<String>) {
    found.extend(path(node));
    match node {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(modules: &[&str]) -> Calls {
        let mut engine = Engine::new();
        for (i, text) in modules.iter().enumerate() {
            engine.add_policy(format!("{i}.rego"), (*text).to_owned()).unwrap();
        }
        Calls::of(&engine).unwrap()
    }

    #[test]
    fn recursion_is_found_however_it_is_written() {
        for (modules, expected) in [
            (vec!["package p\nf(x) := x + 1\ng(x) := f(f(x))"], None),
            (vec!["package p\nf(x) := f(x + 1)"], Some("data.p.f")),
            (vec!["package p\nf(x) if data.p.f(x)"], Some("data.p.f")),
            (vec!["package p\nf(x) if data[\"p\"].f(x)"], Some("data.p.f")),
            (vec!["package p\nf(x) := 1 if x > 1 else := f(x)"], Some("data.p.f")),
            (vec!["package p\nf(x) := [y | y := g(x)]\ng(x) := h(x)\nh(x) := f(x)"], Some("data.p.f")),
            (
                vec![
                    "package p\nimport data.q as other\nf(x) := other.g(x)",
                    "package q\ng(x) := data.p.f(x)",
                ],
                Some("data.p.f"),
            ),
            (
                vec!["package p\nimport data.q.g\nf(x) := g(x)", "package q\nimport data.p\ng(x) := p.f(x)"],
                Some("data.p.f"),
            ),
            (vec!["package p\nh(x) := g(x)\ng(x) := x\nf(x) if h(x) with data.p.g as f"], Some("data.p.f")),
            (vec!["package p\nf(x) := data.q.f(x)", "package q\nf(x) := x"], None),
            (vec!["package p\nallow if f(1)\nf(x) := x\nf(x) := 2 if x > 9"], None),
        ] {
            assert_eq!(calls(&modules).recursive(), expected, "{modules:?}");
        }
    }

    #[test]
    fn a_deny_head_that_may_be_undefined_is_found() {
        for (rule, expected) in [
            ("deny contains \"x\" if input.a", None),
            ("deny contains why if why := f(input.a)", None),
            ("deny contains sprintf(\"%s\", [input.details.a]) if input.a", None),
            ("deny contains {\"msg\": upper(input.resource)} if input.a", None),
            ("deny contains f(x) if some x in input.a", Some("f(x)")),
            ("deny contains sprintf(\"%s\", [f(x)]) if some x in input.a", Some("f(x)")),
            ("deny contains sprintf(\"%s\", [x.name]) if some x in input.a", Some("x.name")),
            ("deny contains {\"msg\": input.a[i]} if some i in input.b", Some("input.a[i]")),
            ("other contains x.name if some x in input.a", None),
        ] {
            let calls = calls(&[&format!("package remediation\nf(x) := x if x > 1\n{rule}")]);
            assert_eq!(calls.fragile.as_deref(), expected, "{rule}");
        }
    }

    #[test]
    fn built_ins_are_named_however_they_are_written() {
        let text = "package p\na := numbers.range(1, 2)\nb := bits[\"lsh\"](1, 2)\nc := upper(input.x)";
        let named = calls(&[text]).named;
        for path in ["numbers.range", "bits.lsh", "upper", "input.x"] {
            assert!(named.contains(path), "{path}: {named:?}");
        }
    }
}
