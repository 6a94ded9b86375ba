//! For people: findings by file with their source, fixes as diffs, and what to do next.

use super::paint::Paint;
use super::snippet::{snippet, wrap};
use super::{Look, count};
use crate::ui::harmless;
use ecoops_core::domain::{
    FixReport, Layer, LayerOutcome, Left, LeftBecause, Location, Reported, ScanReport, Severity,
    SuppressedBy, Tier, Verdict,
};
use std::fmt::Write;

pub fn scan(report: &ScanReport, look: Look) -> String {
    let paint = Paint { color: look.color };
    let mut out = String::new();
    findings(&report.findings, paint, look.width, &mut out);
    if look.suppressed {
        for one in &report.suppressed {
            let why = match &one.suppressed {
                SuppressedBy::Inline { line, reason } => {
                    format!(
                        "by a comment on line {line}{}",
                        reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default()
                    )
                }
                SuppressedBy::Baseline => "by the baseline".to_owned(),
            };
            let text = format!(
                "{}: {} suppressed {why}",
                place(&one.reported.finding.location),
                one.reported.finding.rule
            );
            let _ = writeln!(out, "{}", paint.dim(&harmless(&text, false)));
        }
    }
    out.push_str(&summary(report, paint));
    out
}

fn findings(findings: &[Reported], paint: Paint, width: usize, out: &mut String) {
    let mut path = None;
    for one in findings {
        if path != Some(&one.finding.location.path) {
            path = Some(&one.finding.location.path);
            let _ = writeln!(out, "{}", paint.bold(&harmless(one.finding.location.path.as_str(), false)));
        }
        finding(one, paint, width, out);
        out.push('\n');
    }
}

fn finding(one: &Reported, paint: Paint, width: usize, out: &mut String) {
    let f = &one.finding;
    let severity = paint.severity(f.severity, f.severity.as_str());
    let (line, column) = f.location.start;
    let title = harmless(&f.title, false);
    let _ = writeln!(
        out,
        "  {line}:{column} {severity}: {title} {}",
        paint.dim(&format!("[{}]", harmless(&f.rule, false)))
    );
    out.push_str(&snippet(one, paint, width));
    if f.message != f.title {
        out.push_str(&wrap(&harmless(&f.message, false), "    ", width));
    }
    for (location, label) in &f.related {
        let text = format!("{}: {label}", place(location));
        out.push_str(&wrap(&harmless(&text, false), "    ", width));
    }
    if !one.diff.is_empty() {
        let _ = writeln!(out, "    {}", paint.bold(tier(f.tier)));
        out.push_str(&paint.diff(&one.diff, "    ", width));
    }
}

fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Safe => "fix:",
        Tier::Unsafe => "fix (may change what the code does):",
        Tier::Manual => "suggestion:",
    }
}

fn place(location: &Location) -> String {
    format!("{}:{}:{}", location.path, location.start.0, location.start.1)
}

fn summary(report: &ScanReport, paint: Paint) -> String {
    let examined = format!("{} examined", count(report.stats.files as usize, "file"));
    let known = if report.suppressed.is_empty() {
        String::new()
    } else {
        format!(", {} suppressed", report.suppressed.len())
    };
    if report.findings.is_empty() {
        return format!("{} {examined}{known}\n", paint.good("clean:"));
    }
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let number = |s: Severity| report.findings.iter().filter(|f| f.finding.severity == s).count();
    let by = all.into_iter().map(|s| (s, number(s))).filter(|(_, n)| *n > 0);
    let by: Vec<_> = by.map(|(s, n)| paint.severity(s, &format!("{n} {}", s.as_str()))).collect();
    let total = paint.bold(&count(report.findings.len(), "finding"));
    let mut out = format!("{total} ({}), {examined}{known}\n", by.join(", "));
    let fixable =
        |t: Tier| report.findings.iter().filter(|f| f.finding.tier == t && !f.diff.is_empty()).count();
    let hint = match (fixable(Tier::Safe), fixable(Tier::Unsafe)) {
        (0, 0) => return out,
        (safe, 0) => format!("`ecoops fix` can fix {safe}"),
        (0, risky) => format!("`ecoops fix --unsafe-fixes` can fix {risky}"),
        (safe, risky) => format!("`ecoops fix` can fix {safe}, with `--unsafe-fixes` {risky} more"),
    };
    let _ = writeln!(out, "{hint}");
    out
}

pub fn fix(report: &FixReport, look: Look) -> String {
    let paint = Paint { color: look.color };
    let mut out = String::new();
    for fixed in &report.fixed {
        let f = &fixed.reported.finding;
        let head = if report.applied { "fixed" } else { "would fix" };
        let text = harmless(&format!("{} {} [{}]", place(&f.location), f.title, f.rule), false);
        let _ = writeln!(out, "{} {text}", paint.good(head));
        out.push_str(&paint.diff(&fixed.reported.diff, "  ", look.width));
        let policy = &fixed.policy;
        let text = format!("policy {}: {} ({})", policy.decision, policy.reason, short(&policy.version));
        let _ = writeln!(out, "  {}\n", paint.dim(&harmless(&text, false)));
    }
    left(&report.left, paint, look.width, &mut out);
    if let Some(verdict) = &report.verdict {
        let _ = writeln!(out, "{}", paint.bold("checks"));
        verdict.layers.iter().for_each(|l| layer(l, paint, look.width, &mut out));
        out.push('\n');
    }
    fix_summary(report, paint, &mut out);
    out
}

pub fn verdict(verdict: &Verdict, look: Look) -> String {
    let paint = Paint { color: look.color };
    let mut out = String::new();
    verdict.layers.iter().for_each(|l| layer(l, paint, look.width, &mut out));
    out
}

fn left(left: &[Left], paint: Paint, width: usize, out: &mut String) {
    for one in left {
        let f = &one.reported.finding;
        let severity = paint.severity(f.severity, f.severity.as_str());
        let text = harmless(&format!("{} {} [{}]", place(&f.location), f.title, f.rule), false);
        let _ = writeln!(out, "left {severity} {text}");
        let why = if one.detail.is_empty() {
            because(one.because).to_owned()
        } else {
            format!("{}: {}", because(one.because), brief(&one.detail))
        };
        out.push_str(&wrap(&harmless(&why, false), "  ", width));
    }
    if !left.is_empty() {
        out.push('\n');
    }
}

/// The beginning of a reason, on one line; all of it is in the other formats.
fn brief(detail: &str) -> String {
    const MOST: usize = 240;
    let line = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line,
    }
}

/// In words.
pub fn because(because: LeftBecause) -> &'static str {
    match because {
        LeftBecause::NoFix => "no automatic fix",
        LeftBecause::NotSafe => "the fix may change what the code does (--unsafe-fixes)",
        LeftBecause::Conflict => "overlaps another fix; run again",
        LeftBecause::PolicyDenied => "denied by policy",
        LeftBecause::ValidationFailed => "the fix failed its checks",
        LeftBecause::Inconclusive => "the checks told nothing",
        LeftBecause::Declined => "declined",
        LeftBecause::NotApproved => "not approved",
        LeftBecause::Moved => "the file changed meanwhile",
    }
}

/// A check's outcome: mark, word, and why when there is a reason.
pub fn outcome(outcome: &LayerOutcome) -> (bool, &'static str, &str) {
    match outcome {
        LayerOutcome::Passed => (true, "passed", ""),
        LayerOutcome::Failed { why } => (false, "failed", why),
        LayerOutcome::FailedBefore { why } => (true, "failed before too", why),
        LayerOutcome::Skipped { why } => (true, "skipped", why),
        LayerOutcome::Inconclusive { why } => (false, "inconclusive", why),
    }
}

fn layer(layer: &Layer, paint: Paint, width: usize, out: &mut String) {
    let (good, word, why) = outcome(&layer.outcome);
    let word = if good { paint.good(word) } else { paint.bad(word) };
    let seconds = layer.millis as f64 / 1000.0;
    let command = layer.command.as_ref().map(|c| format!(" ({c})")).unwrap_or_default();
    let _ = writeln!(
        out,
        "  {} {word} {seconds:.1} s{}",
        harmless(&layer.name, false),
        harmless(&command, false)
    );
    out.push_str(&wrap(&harmless(&brief(why), false), "    ", width));
}

fn fix_summary(report: &FixReport, paint: Paint, out: &mut String) {
    let verb = if report.applied { "fixed" } else { "can be fixed" };
    let files = count(report.files.len(), "file");
    let _ = writeln!(
        out,
        "{} {verb} in {files}, {} left",
        paint.bold(&report.fixed.len().to_string()),
        report.left.len()
    );
    if let Some(commit) = &report.commit {
        let branch = report.branch.as_ref().map(|b| format!(" on {b}")).unwrap_or_default();
        let _ = writeln!(out, "commit {}{}", short(commit), harmless(&branch, false));
    }
    if let Some(audit) = &report.audit {
        let _ = writeln!(
            out,
            "recorded as entry {} of the audit log (`ecoops audit proof {}`)",
            audit.index, audit.index
        );
    }
    if let (Some(run), true) = (&report.run, report.applied) {
        let _ = writeln!(out, "run {}: `ecoops undo` takes it back", run.0);
    }
}

/// The first digits of a hash.
fn short(hash: &str) -> String {
    let digits = hash.strip_prefix("sha256:").unwrap_or(hash);
    digits.chars().take(12).collect()
}
