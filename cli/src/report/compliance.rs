//! A compliance report as a document that an auditor reads from top to bottom: what was looked at, each control with
//! its evidence, the exceptions one by one, the changes to sample from, and what the report cannot show.

use crate::ui::harmless;
use ecoops_core::engines::compliance::{Change, Finding, Framework, LIMITS, Status};
use ecoops_core::pipeline::audit::compliance::Judged;
use jiff::Timestamp;
use std::fmt::Write;

/// Characters of a hash that are enough to tell policies apart.
const SHORT: usize = 19;

pub fn markdown(judged: &Judged, now: Timestamp) -> String {
    let report = &judged.report;
    let framework = match report.framework {
        Framework::Soc2 => "SOC 2 (Trust Services Criteria 2017, revised 2022)",
        Framework::Iso27001 => "ISO/IEC 27001:2022, Annex A",
    };
    let mut out = format!("# Compliance report: {framework}\n\n");
    let score = match report.compliance_score {
        Some(score) => format!("{score} % of the tested controls"),
        None => "no control was tested".to_owned(),
    };
    let count = |status: Status| report.controls.iter().filter(|control| control.status == status).count();
    let _ = writeln!(out, "- Period: {} to {}", judged.start, judged.end);
    let _ = writeln!(out, "- Made: {now}, from {} entries of the audit log", report.entries);
    let _ = writeln!(
        out,
        "- Result: {} passed, {} failed, {} not tested; {score}",
        count(Status::Pass),
        count(Status::Fail),
        count(Status::NotTested)
    );
    integrity(judged, &mut out);
    controls(&report.controls, &mut out);
    exceptions(&report.controls, &mut out);
    activity(judged, &mut out);
    changes(judged, &mut out);
    out.push_str("\n## What this report cannot show\n\n");
    for limit in LIMITS {
        let _ = writeln!(out, "- {limit}");
    }
    out
}

fn integrity(judged: &Judged, out: &mut String) {
    let _ = match &judged.log {
        Ok(log) => writeln!(
            out,
            "- Log: {}, {} entries, every hash recomputed, signature verified; root {}",
            cell(&log.origin),
            log.entries,
            judged.root()
        ),
        Err(why) => writeln!(out, "- Log: **does not hold**: {}", cell(why)),
    };
    let _ = writeln!(out, "- Check it yourself: `ecoops audit verify --key '{}'`", judged.key);
}

fn controls(controls: &[Finding], out: &mut String) {
    out.push_str("\n## Controls\n\n| control | what it asks for | how it was tested | result | looked at | exceptions |\n|---|---|---|---|---:|---:|\n");
    for control in controls {
        let result = match control.status {
            Status::Pass => "pass",
            Status::Fail => "**FAIL**",
            Status::NotTested => "not tested",
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {result} | {} | {} |",
            control.id, control.name, control.test, control.population, control.exceptions
        );
    }
}

fn exceptions(controls: &[Finding], out: &mut String) {
    let failed: Vec<&Finding> = controls.iter().filter(|control| control.exceptions > 0).collect();
    if failed.is_empty() {
        return;
    }
    out.push_str("\n## Exceptions\n");
    for control in failed {
        let _ = writeln!(
            out,
            "\n{} {}: {} of {}\n",
            control.id, control.name, control.exceptions, control.population
        );
        out.push_str("| entry | time | actor | action | resource | run |\n|---:|---|---|---|---|---|\n");
        for case in &control.cases {
            let (actor, action, resource) = (cell(&case.actor), cell(&case.action), cell(&case.resource));
            let _ = writeln!(
                out,
                "| {} | {} | {actor} | {action} | {resource} | {} |",
                case.index,
                cell(&case.timestamp),
                cell(&case.run)
            );
        }
        if control.exceptions > control.cases.len() {
            let _ = writeln!(out, "\nand {} more", control.exceptions - control.cases.len());
        }
    }
}

fn activity(judged: &Judged, out: &mut String) {
    let summary = &judged.report.summary;
    let _ = writeln!(
        out,
        "\n## Activity\n\n- Entries: {} success, {} failure, {} denied",
        summary.success, summary.failure, summary.denied
    );
    for (signer, count) in &summary.signers {
        let meaning = match signer.as_str() {
            "self" => " (the process that acted signed it itself: no separation of duties)",
            "agent" => " (the agent signed it for who asked)",
            _ => "",
        };
        let _ = writeln!(out, "- Signed by {}: {count}{meaning}", cell(signer));
    }
    for (actor, count) in &summary.actors {
        let _ = writeln!(
            out,
            "- Actor {}: {count}",
            if actor.is_empty() { "(none)".into() } else { cell(actor) }
        );
    }
    for version in &summary.policy_versions {
        let short: String = version.chars().take(SHORT).collect();
        let _ = writeln!(out, "- Policy in force: {}", cell(&short));
    }
}

fn changes(judged: &Judged, out: &mut String) {
    let summary = &judged.report.summary;
    let _ = writeln!(out, "\n## Changes ({})\n", summary.changes);
    if summary.changes == 0 {
        out.push_str("None in the period.\n");
        return;
    }
    out.push_str("Numbers are entries of the log: `ecoops audit proof N` proves each.\n\n");
    out.push_str("| entry | time | actor | resource | allowed | validated | approved | undone |\n|---:|---|---|---|---:|---:|---:|---:|\n");
    summary.listed.iter().for_each(|change| row(change, out));
    if summary.changes > summary.listed.len() {
        let _ = writeln!(out, "\nand {} more", summary.changes - summary.listed.len());
    }
}

fn row(change: &Change, out: &mut String) {
    let entry = |index: Option<u64>| index.map_or("-".to_owned(), |index| index.to_string());
    let _ = writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {} |",
        change.index,
        cell(&change.timestamp),
        cell(&change.actor),
        place(change),
        entry(change.allowed),
        entry(change.validated),
        entry(change.approved),
        entry(change.undone)
    );
}

/// The resource, and where it is.
fn place(change: &Change) -> String {
    match change.uri.as_str() {
        "" => cell(&change.resource),
        uri => format!("{} in {}", cell(&change.resource), cell(uri)),
    }
}

/// A text of somebody else's in a cell of a table: on one line, and no markup of its own.
fn cell(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in harmless(text, false).chars().take(200) {
        if "|\\`*_<>[]".contains(c) {
            shown.push('\\');
        }
        shown.push(if c.is_control() { ' ' } else { c });
    }
    shown
}
