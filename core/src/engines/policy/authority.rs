//! Who may say what: layers of policies, of which some are trusted.
//!
//! A layer is compiled on its own, so that no file can add to or shadow the rules of another layer.
//! An action is allowed when a trusted layer allows it and no layer at all denies it. A layer that is
//! not trusted (the repository's own) is therefore only ever able to add denials; its `allow` is not heard.

use super::rego::{Answer, Bundle, ENGINE, RegoError, Source, guarded};
use sha2::{Digest, Sha256};

/// The largest input, in bytes of JSON.
pub const LARGEST_INPUT: usize = 1 << 20;
/// Built-ins that an untrusted policy may not use: they take memory or time outside the engine's
/// deadline, or tell of the machine.
const NOT_FOR_UNTRUSTED: [&str; 7] = [
    "numbers.range",
    "numbers.range_step",
    "bits.lsh",
    "http.send",
    "opa.runtime",
    "rand.intn",
    "time.now_ns",
];

/// A layer before it is compiled.
#[derive(Debug, Clone, Default)]
pub struct LayerSource {
    /// For people: `default`, `user`, `repository`.
    pub name: String,
    pub trusted: bool,
    pub sources: Vec<Source>,
    /// The data document, a JSON object.
    pub data: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug)]
struct Layer {
    name: String,
    trusted: bool,
    bundle: Bundle,
}

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    pub allow: bool,
    /// Never empty.
    pub reasons: Vec<String>,
}

/// All layers in force.
#[derive(Debug)]
pub struct Authority {
    layers: Vec<Layer>,
    /// Why nothing can be allowed at all.
    broken: Vec<String>,
    version: String,
    policies: Vec<String>,
}

impl Authority {
    /// Compiles every layer. One that cannot be compiled makes every decision a denial that says so,
    /// and so do the `problems` that the caller had in reading the layers.
    pub fn new(sources: &[LayerSource], problems: Vec<String>) -> Self {
        let mut authority =
            Self { layers: Vec::new(), broken: problems, version: version(sources), policies: Vec::new() };
        for source in sources.iter().filter(|layer| !layer.sources.is_empty()) {
            match guarded(|| compile(source)) {
                Ok(layer) => {
                    let names = source.sources.iter().map(|file| format!("{}/{}", source.name, file.name));
                    authority.policies.extend(names);
                    authority.layers.push(layer);
                }
                Err(why) => {
                    authority.broken.push(format!("The {} policy cannot be used: {why}.", source.name))
                }
            }
        }
        authority
    }

    /// `sha256:` over the engine's version and every layer, file and data document.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The files in force, as `<layer>/<file>`.
    pub fn policies(&self) -> &[String] {
        &self.policies
    }

    /// Why every decision is a denial; empty when the layers are usable.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// Decides on an input document (what stands under `input` in OPA's request).
    pub fn decide(&self, input: &serde_json::Value) -> Ruling {
        let mut denials = self.broken.clone();
        if self.layers.is_empty() {
            denials.push("No policy is in force (0 policies), so nothing is allowed.".to_owned());
        }
        let size = serde_json::to_vec(input).map_or(usize::MAX, |json| json.len());
        if size > LARGEST_INPUT {
            denials
                .push(format!("The input has {size} bytes; a policy is asked with at most {LARGEST_INPUT}."));
        }
        if !denials.is_empty() {
            return Ruling { allow: false, reasons: denials };
        }
        let document = regorus::Value::from(input.clone());
        let answers = self.layers.iter().map(|layer| (layer, layer.bundle.ask(document.clone())));
        rule(answers, input)
    }
}

/// Joins the layers' answers: denials of all, permission of the trusted.
fn rule<'a>(
    answers: impl Iterator<Item = (&'a Layer, Result<Answer, RegoError>)>,
    input: &serde_json::Value,
) -> Ruling {
    let (mut denials, mut reasons, mut granted) = (Vec::new(), Vec::new(), Vec::new());
    for (layer, answer) in answers {
        match answer {
            Err(why) => {
                denials
                    .push(format!("The {} policy could not be evaluated, so it denies: {why}.", layer.name));
            }
            Ok(answer) => {
                denials.extend(answer.denials);
                if layer.trusted && answer.allow {
                    granted.push(layer.name.as_str());
                    reasons.extend(answer.reasons);
                }
            }
        }
    }
    if denials.is_empty() && granted.is_empty() {
        let field = |name: &str| input.get(name).and_then(|value| value.as_str()).unwrap_or("?").to_owned();
        denials.push(format!("No rule allows the action `{}` on `{}`.", field("action"), field("resource")));
    }
    if denials.is_empty() && reasons.is_empty() {
        reasons.push(format!("Allowed by the {} policy.", granted.join(" and the ")));
    }
    let allow = denials.is_empty();
    Ruling { allow, reasons: without_repeats(if allow { reasons } else { denials }) }
}

fn without_repeats(mut list: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    list.retain(|text| seen.insert(text.clone()));
    list
}

fn compile(source: &LayerSource) -> Result<Layer, RegoError> {
    let forbidden: &[&str] = if source.trusted { &[] } else { &NOT_FOR_UNTRUSTED };
    let data = serde_json::Value::Object(source.data.clone());
    let bundle = Bundle::compile(&source.sources, &data, forbidden)?;
    Ok(Layer { name: source.name.clone(), trusted: source.trusted, bundle })
}

/// Each part is preceded by its length, so that no two sets of files give the same bytes.
fn version(layers: &[LayerSource]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    add(ENGINE.as_bytes());
    for layer in layers {
        add(layer.name.as_bytes());
        add(&[u8::from(layer.trusted)]);
        add(serde_json::Value::Object(layer.data.clone()).to_string().as_bytes());
        add(&(layer.sources.len() as u64).to_be_bytes());
        for source in &layer.sources {
            add(source.name.as_bytes());
            add(source.text.as_bytes());
        }
    }
    format!("sha256:{}", crate::domain::hex(hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn layer(name: &str, trusted: bool, texts: &[&str]) -> LayerSource {
        let sources = texts
            .iter()
            .enumerate()
            .map(|(i, text)| Source {
                name: format!("{i}.rego"),
                text: format!("package remediation\n\nimport rego.v1\n\n{text}\n"),
            })
            .collect();
        LayerSource { name: name.to_owned(), trusted, sources, ..LayerSource::default() }
    }

    fn decide(layers: &[LayerSource]) -> Ruling {
        let input = json!({"actor": "a", "action": "apply-fix", "resource": "x", "severity": "low", "compliance_mode": "standard"});
        Authority::new(layers, Vec::new()).decide(&input)
    }

    const YES: &str = "allow if input.action == \"apply-fix\"";

    #[test]
    fn denials_are_united_and_only_the_trusted_may_allow() {
        let trusted = |text| layer("user", true, &[text]);
        let repository = |text| layer("repository", false, &[text]);
        for (layers, allow, reason) in [
            (vec![trusted(YES)], true, "Allowed by the user policy."),
            (vec![], false, "0 policies"),
            (vec![layer("user", true, &[])], false, "0 policies"),
            (vec![repository(YES)], false, "No rule allows the action `apply-fix` on `x`."),
            (vec![trusted(YES), repository("deny contains \"Not on Fridays.\"")], false, "Not on Fridays."),
            (vec![trusted(YES), repository("deny contains {\"msg\": \"As object.\"}")], false, "As object."),
            (vec![trusted(YES), repository("deny if true")], false, "deny is true"),
            (vec![trusted(YES), repository("deny := 7")], false, "not a set of reasons"),
            (vec![trusted(YES), repository("deny := set()")], true, "Allowed"),
            (vec![trusted(YES), repository("deny[\"x\"] := \"y\"")], false, "x"),
            (vec![trusted(YES), repository("deny.x := \"y\"")], false, "deny contains reason"),
            // What a repository defines cannot reach the rules of another layer.
            (vec![trusted("allow if helper"), repository("helper := true")], false, "cannot be used"),
            (vec![trusted("allow := false"), repository("allow := true")], false, "No rule allows"),
            (vec![trusted("allow := \"yes\"")], false, "No rule allows"),
            (vec![trusted(YES), repository("deny contains \"x\" if nonsense(")], false, "cannot be used"),
            (vec![trusted(YES), repository("deny contains \"x\" if no.such(input)")], false, "no.such"),
            (vec![trusted(YES), trusted("allow if to_number(\"x\") == 1")], false, "could not be evaluated"),
            (
                vec![
                    trusted(YES),
                    repository("deny contains \"x\" if strings.count(input.action, \"\") == 1"),
                ],
                false,
                "the evaluator broke down",
            ),
            (vec![trusted(YES), repository("deny contains \"\"")], false, "without a reason"),
            (vec![trusted(YES), repository("deny contains \"a\\u001b[2Jb\"")], false, "a [2Jb"),
            (
                vec![trusted(YES), repository("deny contains \"x\" if numbers[\"range\"](1, 9)")],
                false,
                "may not use `numbers.range`",
            ),
        ] {
            let ruling = decide(&layers);
            let said = ruling.reasons.join("\n");
            assert_eq!(ruling.allow, allow, "{layers:?}: {said}");
            assert!(said.contains(reason), "{layers:?}: {said}");
        }
    }

    #[test]
    fn an_endless_policy_meets_the_deadline() {
        for text in [
            "deny contains \"x\" if { some a in l; some b in l; some c in l; some d in l; a+b+c+d == -1 }\nl := [i | some i, _ in split(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"\")]",
            "f(x) := f(x + 1)\ndeny contains \"x\" if f(1) == 2",
            "p if q\nq if p\ndeny contains \"x\" if p",
        ] {
            let ruling = decide(&[layer("user", true, &[YES]), layer("repository", false, &[text])]);
            assert!(!ruling.allow, "{text}");
            assert!(ruling.reasons[0].contains("policy c"), "{:?}", ruling.reasons);
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        let deep = format!("deny contains \"x\" if {}1{} == 1", "(".repeat(400), ")".repeat(400));
        let arrays = format!("deny contains \"x\" if {}1{} == 1", "[".repeat(400), "]".repeat(400));
        for text in [deep, arrays] {
            assert!(!decide(&[layer("user", true, &[YES]), layer("repository", false, &[&text])]).allow);
        }
    }

    #[test]
    fn a_problem_or_too_large_an_input_denies() {
        let input = json!({"action": "apply-fix", "details": {"text": "x".repeat(LARGEST_INPUT)}});
        let authority = Authority::new(&[layer("user", true, &[YES])], Vec::new());
        assert!(authority.decide(&input).reasons[0].contains("bytes"));
        let unread = Authority::new(&[layer("user", true, &[YES])], vec!["p.rego: not UTF-8.".to_owned()]);
        assert_eq!(unread.decide(&json!({"action": "apply-fix"})).reasons, ["p.rego: not UTF-8."]);
    }

    #[test]
    fn the_version_names_everything_that_decides() {
        let base = vec![layer("user", true, &[YES])];
        let mut versions = vec![version(&base), version(&[layer("user", false, &[YES])])];
        versions.push(version(&[layer("user", true, &[YES, ""])]));
        versions.push(version(&[layer("default", true, &[YES])]));
        let mut data = base.clone();
        data[0].data.insert("limits".to_owned(), json!(1));
        versions.push(version(&data));
        assert_eq!(versions[0], version(&base));
        versions.sort();
        versions.dedup();
        assert_eq!(versions.len(), 5);
    }

    #[test]
    fn threads_share_one_authority() {
        let authority = Authority::new(&[layer("user", true, &["allow if input.n % 2 == 0"])], Vec::new());
        std::thread::scope(|scope| {
            for start in 0..8 {
                let authority = &authority;
                scope.spawn(move || {
                    for n in start..start + 50 {
                        assert_eq!(authority.decide(&json!({"n": n})).allow, n % 2 == 0);
                    }
                });
            }
        });
    }
}
