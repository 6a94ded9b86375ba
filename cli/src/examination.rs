//! What `scan`, `fix`, `hook` and `ci` share: which files and rules are meant, the findings in scope,
//! and a report of them. Never changes a file.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::open;
use ecoops_core::domain::{
    Category, Finding, Persona, Reported, RuleInfo, ScanReport, Severity, Stats, Suppressed, SuppressedBy,
};
use ecoops_core::engines::code::fingerprint::Baseline;
use ecoops_core::engines::code::present::present;
use ecoops_core::engines::code::ruleset::{self, RuleSet};
use ecoops_core::engines::redact::Fragments;
use ecoops_core::pipeline::understand::kept::Kept;
use ecoops_core::pipeline::understand::{self, Examined, ExaminedFile, Scope, Watch};
use ecoops_core::ports::workspace::{Selection, View, Workspace};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// The arguments by which a user says what is meant.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct ScopeArgs {
    /// Files or folders; everything when none is given
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only lines that are new since the merge base with this commit or branch
    #[arg(long, value_name = "REF")]
    pub from_ref: Option<String>,
    /// What is staged instead of what is on disk
    #[arg(long, conflicts_with = "revision")]
    pub staged: bool,
    /// The files of this commit instead of those on disk
    #[arg(long, value_name = "REF")]
    pub revision: Option<String>,
    /// Look into submodules as well
    #[arg(long)]
    pub submodules: bool,
    /// Only these rules (ids, `*` allowed, commas between)
    #[arg(long = "rule", value_name = "ID", value_delimiter = ',')]
    pub rules: Vec<String>,
    /// Only rules of these kinds
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',', value_parser = category)]
    pub category: Vec<Category>,
    /// Only findings at least this severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub severity: Option<Severity>,
    /// Whose remarks: default, or pedantic for all of them
    #[arg(long, value_name = "PERSONA", value_parser = persona)]
    pub persona: Option<Persona>,
    /// Leave out what this file knows (see `ecoops scan --write-baseline`)
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Scan every file anew, and keep nothing for the next time
    #[arg(long)]
    pub no_cache: bool,
    /// Add the findings of other tools: SARIF, or the JSON of clippy, ruff or eslint
    #[arg(long = "from", value_name = "REPORT")]
    pub from: Vec<PathBuf>,
    /// Only what these words mean, nearest first: "memory leak in connection pool"
    #[arg(long, value_name = "WORDS")]
    pub problem: Option<String>,
}

fn named<T: serde::de::DeserializeOwned>(text: &str, known: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|_| format!("one of {known}"))
}

fn severity(text: &str) -> Result<Severity, String> {
    named(text, "info, low, medium, high, critical")
}

fn persona(text: &str) -> Result<Persona, String> {
    named(text, "default, pedantic")
}

fn category(text: &str) -> Result<Category, String> {
    named(text, "security, reliability, generated, kubernetes, ci, technology")
}

/// What was examined, ready to be reported or fixed.
#[derive(Debug)]
pub struct Examination {
    pub rules: RuleSet,
    pub examined: Examined,
    pub millis: u64,
}

impl ScopeArgs {
    /// The part of the repository that is meant, in words, for the record.
    pub fn words(&self) -> String {
        let mut words: Vec<String> = self.paths.iter().map(|p| p.display().to_string()).collect();
        words.extend(self.from_ref.as_ref().map(|r| format!("new since {r}")));
        if words.is_empty() { ".".to_owned() } else { words.join(" ") }
    }

    fn selection(&self, app: &App, workspace: &dyn Workspace) -> Result<Selection, Failure> {
        let view = match (&self.revision, self.staged, workspace.about().bare) {
            (Some(revision), ..) => View::Commit(revision.clone()),
            (None, true, _) => View::Index,
            (None, false, true) => View::Commit("HEAD".to_owned()),
            _ => View::WorkingTree,
        };
        let inside = |p: &PathBuf| open::inside(app, workspace, p);
        let paths: Vec<_> = self.paths.iter().map(inside).collect::<Result<Vec<_>, _>>()?;
        Ok(Selection {
            view,
            paths: paths.into_iter().flatten().collect(),
            from_ref: self.from_ref.clone(),
            submodules: self.submodules,
        })
    }
}

/// The rules in force: the packs, the settings' own files, what the settings and arguments select.
pub fn rules(app: &App, scope: &ScopeArgs) -> Result<RuleSet, Failure> {
    let settings = &app.settings().scan;
    let all = open::rules(app)?;
    let selection = ruleset::Selection {
        persona: scope.persona.unwrap_or(settings.persona),
        only: scope.rules.clone(),
        also: settings.enable.clone(),
        without: settings.disable.clone(),
        categories: scope.category.clone(),
        at_least: Some(scope.severity.unwrap_or(settings.severity)),
    };
    all.select(&selection).map_err(|e| Failure::new("the rules cannot be selected").because(&e))
}

/// Examines what the arguments name: scans, adds imported findings, takes out what the baseline knows,
/// and narrows to the words of `--problem`.
pub fn examine(app: &App, workspace: &dyn Workspace, scope: &ScopeArgs) -> Result<Examination, Failure> {
    let selection = scope.selection(app, workspace)?;
    let ask = Ask { new_lines_since: scope.from_ref.clone(), selection, cache: !scope.no_cache };
    let mut examination = examine_selection(app, workspace, &ask, rules(app, scope)?)?;
    crate::imported::add(app, workspace, &scope.from, &mut examination.examined)?;
    match &scope.baseline {
        Some(file) => apply_baseline(&mut examination.examined, file)?,
        None => settings_baseline(app, &mut examination)?,
    }
    if let Some(words) = &scope.problem {
        narrow(app, &mut examination, words)?;
    }
    Ok(examination)
}

/// A selection and what of its findings counts.
#[derive(Debug, Clone)]
pub struct Ask {
    pub selection: Selection,
    pub new_lines_since: Option<String>,
    /// Use and keep results of earlier scans.
    pub cache: bool,
}

/// Scans a selection with a progress bar.
pub fn examine_selection(
    app: &App,
    workspace: &dyn Workspace,
    ask: &Ask,
    rules: RuleSet,
) -> Result<Examination, Failure> {
    let settings = &app.settings().scan;
    let scope = Scope {
        selection: ask.selection.clone(),
        new_lines_since: ask.new_lines_since.clone(),
        exclude: settings.exclude.clone(),
        include: settings.include.clone(),
        max_file_bytes: settings.max_file_size,
        threads: settings.threads,
    };
    let started = Instant::now();
    let bar = app.ui.bar("scanning", 0);
    let watch = Watch { total: &|n| bar.set_length(n), step: &|_| bar.inc(1), cancel: &app.interrupt.flag };
    let cache = ask.cache.then(|| open::cache(app));
    let name = open::cache_scope(workspace);
    let kept = cache.as_deref().map(|cache| Kept { cache, scope: &name });
    let examined = understand::examine(workspace, &rules, &scope, &watch, kept);
    bar.finish_and_clear();
    app.interrupt.check()?;
    let examined = examined.map_err(|e| Failure::new("the repository cannot be scanned").because(&e))?;
    Ok(Examination { rules, examined, millis: started.elapsed().as_millis() as u64 })
}

/// Takes out what the baseline that the settings name knows; without such a file nothing.
pub fn settings_baseline(app: &App, examination: &mut Examination) -> Result<(), Failure> {
    let name = &app.settings().scan.baseline;
    let file = app.root.join(name);
    if name.is_empty() || !file.is_file() {
        return Ok(());
    }
    apply_baseline(&mut examination.examined, &file)
}

fn apply_baseline(examined: &mut Examined, file: &std::path::Path) -> Result<(), Failure> {
    let broken = |e: &dyn std::error::Error| {
        Failure::new(format!("the baseline {} cannot be read", file.display()))
            .because(e)
            .next("write a new one with `ecoops scan --write-baseline FILE`")
    };
    let text = std::fs::read_to_string(file).map_err(|e| broken(&e))?;
    let baseline = Baseline::from_json(&text).map_err(|e| broken(&e))?;
    let all: Vec<Finding> = examined.files.iter_mut().flat_map(|f| std::mem::take(&mut f.findings)).collect();
    let split = baseline.split(all);
    let mut by_path: BTreeMap<_, &mut ExaminedFile> =
        examined.files.iter_mut().map(|f| (f.path.clone(), f)).collect();
    for finding in split.new {
        if let Some(file) = by_path.get_mut(&finding.location.path) {
            file.findings.push(finding);
        }
    }
    for finding in split.known {
        if let Some(file) = by_path.get_mut(&finding.location.path) {
            file.suppressed.push((finding, SuppressedBy::Baseline));
        }
    }
    Ok(())
}

/// Keeps the findings that the words mean. Files stay in the order of their nearest finding.
fn narrow(app: &App, examination: &mut Examination, words: &str) -> Result<(), Failure> {
    let embedder = open::embedder(app)?;
    let files = &mut examination.examined.files;
    let findings: Vec<Finding> = files.iter_mut().flat_map(|f| std::mem::take(&mut f.findings)).collect();
    let rules = &examination.rules;
    let about = |f: &Finding| match rules.rule(&f.rule) {
        Some(loaded) => format!("{}. {} {}", loaded.rule.title, loaded.rule.why, loaded.rule.remedy),
        None => format!("{}. {}", f.title, f.message),
    };
    let text: BTreeMap<_, _> = files.iter().map(|f| (f.path.clone(), f.decoded.text.clone())).collect();
    let near = |f: &Finding| {
        let code =
            text.get(&f.location.path).and_then(|t| t.get(f.location.bytes.clone())).unwrap_or_default();
        format!("{} {code}", f.location.path)
    };
    let kept = understand::relevance::narrow(embedder.as_ref(), words, findings, &about, &near)
        .map_err(|e| Failure::new("the problem cannot be understood").because(&e))?;
    let mut order: Vec<_> = Vec::new();
    for finding in kept {
        let path = finding.location.path.clone();
        if !order.contains(&path) {
            order.push(path.clone());
        }
        if let Some(file) = files.iter_mut().find(|f| f.path == path) {
            file.findings.push(finding);
        }
    }
    files.sort_by_key(|f| order.iter().position(|p| *p == f.path).unwrap_or(usize::MAX));
    Ok(())
}

/// A report of what was examined, redacted.
pub fn report(app: &App, examination: &Examination) -> Result<ScanReport, Failure> {
    let mut report = ScanReport::default();
    let redactor = open::redactor(app)?;
    let texts = examination.examined.files.iter().map(|file| file.decoded.text.as_str());
    let fragments = Fragments::of(&redactor, texts);
    let redact = |text: &str| redactor.redact(&fragments.hide(text)).text;
    for file in &examination.examined.files {
        let shown = |f: &Finding| present(f.clone(), &file.decoded.text, &redact);
        report.findings.extend(file.findings.iter().map(shown));
        report.suppressed.extend(
            file.suppressed.iter().map(|(f, by)| Suppressed { reported: shown(f), suppressed: by.clone() }),
        );
    }
    report.notes.clone_from(&examination.examined.notes);
    let named = report.findings.iter().chain(report.suppressed.iter().map(|s| &s.reported));
    report.rules = rule_infos(&examination.rules, named);
    report.stats = stats(&examination.rules, &examination.examined, examination.millis);
    report.redact(&redact);
    Ok(report)
}

pub fn stats(rules: &RuleSet, examined: &Examined, millis: u64) -> Stats {
    Stats {
        files: examined.examined,
        skipped: examined.skipped,
        bytes: examined.bytes,
        rules: rules.rules().len() as u64,
        cached: examined.cached,
        millis,
    }
}

/// What is known of the rules that these findings name, by id.
pub fn rule_infos<'r>(rules: &RuleSet, reported: impl Iterator<Item = &'r Reported>) -> Vec<RuleInfo> {
    let mut infos: BTreeMap<String, RuleInfo> = BTreeMap::new();
    for one in reported {
        let finding = &one.finding;
        infos.entry(finding.rule.clone()).or_insert_with(|| {
            let known = rules.rule(&finding.rule).map(|loaded| &loaded.rule);
            RuleInfo {
                id: finding.rule.clone(),
                title: finding.title.clone(),
                severity: finding.severity,
                confidence: finding.confidence,
                tier: finding.tier,
                persona: finding.persona,
                category: finding.category,
                cwe: known.map(|r| r.cwe.clone()).unwrap_or_default(),
                owasp: known.map(|r| r.owasp.clone()).unwrap_or_default(),
                why: known.map(|r| r.why.clone()).unwrap_or_default(),
                remedy: known.map(|r| r.remedy.clone()).unwrap_or_default(),
                link: known.map(|r| r.link.clone()).unwrap_or_default(),
            }
        });
    }
    infos.into_values().collect()
}

/// The exit code of a scan: by its findings alone.
pub fn exit(examination: &Examination) -> Exit {
    if examination.examined.files.iter().any(|f| !f.findings.is_empty()) {
        Exit::Remaining
    } else if examination.examined.examined == 0 {
        Exit::Nothing
    } else {
        Exit::Clean
    }
}
