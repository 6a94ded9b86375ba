//! Whether `ecoops fix --problem "…"` keeps what its words mean, over the texts of the rules that ecoops brings along.
#![allow(clippy::unwrap_used)]

use ecoops_core::domain::{Category, Confidence, Finding, Location, Persona, RepoPath, Severity, Tier};
use ecoops_core::engines::code::ruleset::RuleSet;
use ecoops_core::engines::redact::Redactor;
use ecoops_core::pipeline::understand::relevance::narrow;
use ecoops_core::ports::embedder::{Embedder, EmbedderError};
use ecoops_plugins::http::Server;
use ecoops_plugins::packs::PACKS;
use ecoops_plugins::registry;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The rules that found something in a repository of many languages.
const FOUND: &[&str] = &[
    "bash-rm-empty-variable",
    "docker-image-latest",
    "docker-no-user",
    "docker-root-user",
    "go-defer-in-loop",
    "javascript-nan-equal",
    "kubernetes-image-latest",
    "kubernetes-memory-limit-missing",
    "python-bare-except",
    "python-cached-method",
    "python-compare-none",
    "python-connection-never-closed",
    "python-debugger-left",
    "python-django-query-in-loop",
    "python-except-pass",
    "python-executor-never-shut-down",
    "python-file-never-closed",
    "python-mutable-default",
    "python-password-fast-hash",
    "python-path-traversal",
    "python-pool-connection-leak",
    "python-print-debugging",
    "python-requests-no-timeout",
    "python-sql-injection",
    "python-subprocess-shell",
    "python-tls-verify-off",
    "python-utcnow",
    "python-yaml-load",
    "secret-aws-access-key",
    "secret-hardcoded",
    "technology-elastic-log-image",
    "terraform-public-bucket",
    "workflow-unpinned-action",
];

/// Wording, rules that it means, and rules besides that may stay. All others must go.
const WORDINGS: &[(&str, &[&str], &[&str])] = &[
    ("memory leak in connection pool", &["python-pool-connection-leak"], &[]),
    ("connection pool exhausted", &["python-pool-connection-leak"], &[]),
    ("requests hang forever", &["python-requests-no-timeout"], &[]),
    ("sql injection in the orders query", &["python-sql-injection"], &[]),
    (
        "passwords are stored insecurely",
        &["python-password-fast-hash"],
        &["secret-hardcoded", "python-tls-verify-off"],
    ),
    ("too many open files", &["python-file-never-closed"], &[]),
    ("leaked AWS credentials", &["secret-aws-access-key"], &["secret-hardcoded"]),
    ("container runs as root", &["docker-root-user", "docker-no-user"], &[]),
    ("errors are swallowed silently", &["python-except-pass"], &["python-bare-except"]),
    ("page is slow because of N+1 queries", &["python-django-query-in-loop"], &[]),
    ("image tag latest is not reproducible", &["docker-image-latest", "kubernetes-image-latest"], &[]),
    ("certificate verification is disabled", &["python-tls-verify-off"], &[]),
    ("pod killed, out of memory", &["kubernetes-memory-limit-missing"], &[]),
    ("S3 bucket is public", &["terraform-public-bucket"], &[]),
    ("command injection through the shell", &["python-subprocess-shell"], &[]),
    ("timestamps have the wrong timezone", &["python-utcnow"], &[]),
    ("remote code execution when parsing yaml", &["python-yaml-load"], &[]),
    ("debug output left in production", &["python-print-debugging"], &["python-debugger-left"]),
    ("default argument shared between calls", &["python-mutable-default"], &[]),
    ("files are deleted by accident", &["bash-rm-empty-variable"], &["python-file-never-closed"]),
    ("the coffee machine is broken", &[], &[]),
    ("translate the user interface into French", &[], &[]),
    ("invoice totals are rounded wrongly", &[], &[]),
];

/// Embeds each text once: every wording is compared with the same rules.
#[derive(Default)]
struct Remembered(Mutex<BTreeMap<String, Vec<f32>>>);

impl Embedder for Remembered {
    fn model(&self) -> &str {
        "remembered"
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let mut known = self.0.lock().unwrap();
        let new: Vec<&str> = texts.iter().filter(|t| !known.contains_key(**t)).copied().collect();
        let vectors = registry::embedder(&builtin()).unwrap().embed(&new)?;
        known.extend(new.into_iter().map(str::to_owned).zip(vectors));
        Ok(texts.iter().map(|t| known[*t].clone()).collect())
    }
}

fn finding(rule: &str) -> Finding {
    let path = RepoPath::new("src/app").unwrap();
    Finding {
        rule: rule.into(),
        tool: "ecoops".into(),
        title: String::new(),
        message: String::new(),
        severity: Severity::High,
        confidence: Confidence::High,
        tier: Tier::Manual,
        persona: Persona::Default,
        category: Category::Reliability,
        location: Location { path, bytes: 0..0, start: (1, 1), end: (1, 1) },
        related: Vec::new(),
        fingerprint: String::new(),
        fix: Vec::new(),
    }
}

#[test]
fn keeps_what_the_words_mean() {
    let rules = RuleSet::load(PACKS).unwrap();
    let about = |f: &Finding| {
        let rule = &rules.rule(&f.rule).unwrap().rule;
        format!("{}. {} {}", rule.title, rule.why, rule.remedy)
    };
    let embedder = Remembered::default();
    let mut wrong = Vec::new();
    for (wording, meant, may) in WORDINGS {
        let findings = FOUND.iter().map(|rule| finding(rule)).collect();
        let kept = narrow(&embedder, wording, findings, &about, &|_| String::new()).unwrap();
        let kept: Vec<&str> = kept.iter().map(|f| f.rule.as_str()).collect();
        let lost = meant.iter().any(|rule| !kept.contains(rule));
        if lost || kept.iter().any(|rule| !meant.contains(rule) && !may.contains(rule)) {
            wrong.push(format!("{wording:?} kept {kept:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Words in the place of a finding count too: its path, and the code itself.
#[test]
fn what_is_written_there_counts() {
    let rules = RuleSet::load(PACKS).unwrap();
    let about = |f: &Finding| rules.rule(&f.rule).unwrap().rule.title.clone();
    let mut there = finding("python-mutable-default");
    there.location.path = RepoPath::new("src/invoice/rounding.py").unwrap();
    let findings = vec![finding("docker-image-latest"), there.clone()];
    let near = |f: &Finding| f.location.path.to_string();
    let kept = narrow(&*registry::embedder(&builtin()).unwrap(), "invoice rounding", findings, &about, &near)
        .unwrap();
    assert_eq!(kept, [there]);
}

/// The server of the usual model is away: the built-in one reads the words.
#[test]
fn words_are_understood_while_the_server_is_away() {
    let rules = RuleSet::load(PACKS).unwrap();
    let about = |f: &Finding| rules.rule(&f.rule).unwrap().rule.title.clone();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{}", ecoops_tests::agent::free_port());
    let away = registry::embedder(&registry::EmbedderChoice {
        server: Some(Server { url, ..Server::default() }),
        state: folder.path().to_owned(),
        redactor: Some(Redactor::new(vec![7; 32])),
        ..builtin()
    });
    let findings = vec![finding("docker-image-latest"), finding("python-sql-injection")];
    let kept =
        narrow(&*away.unwrap(), "sql injection in the orders query", findings, &about, &|_| String::new());
    assert_eq!(kept.unwrap(), [finding("python-sql-injection")]);
}

fn builtin() -> registry::EmbedderChoice {
    registry::EmbedderChoice { model: "builtin".into(), ..registry::EmbedderChoice::default() }
}
