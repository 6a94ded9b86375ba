//! Markdown, for a pull request's comment or a job's summary.

use super::{count, text};
use crate::ui::harmless;
use ecoops_core::domain::{Finding, FixReport, Reported, ScanReport};
use std::fmt::Write;

pub fn scan(report: &ScanReport) -> String {
    let mut out = format!("## ecoops: {}\n\n", count(report.findings.len(), "finding"));
    if !report.findings.is_empty() {
        out.push_str("| severity | place | finding | rule |\n|---|---|---|---|\n");
        for f in report.findings.iter().map(|f| &f.finding) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                f.severity.as_str(),
                code(&place(f)),
                escape(&f.title),
                code(&f.rule)
            );
        }
        out.push('\n');
        report.findings.iter().for_each(|f| details(f, &mut out));
    }
    let _ = writeln!(
        out,
        "{} examined, {} suppressed.",
        count(report.stats.files as usize, "file"),
        report.suppressed.len()
    );
    out
}

fn place(finding: &Finding) -> String {
    format!("{}:{}", finding.location.path, finding.location.start.0)
}

fn details(one: &Reported, out: &mut String) {
    let f = &one.finding;
    let _ = writeln!(out, "**{}** {}: {}\n", escape(&f.title), code(&place(f)), escape(&f.message));
    if one.diff.is_empty() {
        let lines: Vec<_> = one.source.iter().map(|l| harmless(&l.text, false)).collect();
        out.push_str(&fenced("", &lines.join("\n")));
    } else {
        out.push_str(&fenced("diff", &harmless(&one.diff, true)));
    }
}

pub fn fix(report: &FixReport) -> String {
    let verb = if report.applied { "fixed" } else { "can be fixed" };
    let mut out = format!("## ecoops: {} {verb}, {} left\n\n", report.fixed.len(), report.left.len());
    for fixed in &report.fixed {
        let f = &fixed.reported.finding;
        let (decision, reason) = (escape(&fixed.policy.decision), escape(&fixed.policy.reason));
        let _ = writeln!(
            out,
            "- {} {} ({}); policy: {decision}, {reason}",
            code(&place(f)),
            escape(&f.title),
            code(&f.rule)
        );
    }
    for left in &report.left {
        let f = &left.reported.finding;
        let why = escape(&format!("{} {}", text::because(left.because), left.detail));
        let _ = writeln!(
            out,
            "- left: {} {} ({}): {}",
            code(&place(f)),
            escape(&f.title),
            code(&f.rule),
            why.trim()
        );
    }
    if let Some(verdict) = &report.verdict {
        out.push_str("\n| check | outcome | why |\n|---|---|---|\n");
        for layer in &verdict.layers {
            let (_, word, why) = text::outcome(&layer.outcome);
            let _ = writeln!(out, "| {} | {word} | {} |", escape(&layer.name), escape(why));
        }
    }
    if !report.patch.is_empty() {
        out.push('\n');
        out.push_str(&fenced("diff", &harmless(&report.patch, true)));
    }
    if let Some(run) = &report.run {
        let _ = writeln!(out, "Run {}.", code(&run.0));
    }
    out
}

/// Text in which nothing is markup, on one line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in harmless(&text.replace(['\n', '\r', '\t'], " "), false).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A mention of someone in a comment would send a mail.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Inline code; fences longer than any run of backticks in it.
fn code(text: &str) -> String {
    let text = harmless(&text.replace('|', "¦"), false);
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

fn fenced(language: &str, text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n\n", text.trim_end_matches('\n'))
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}
