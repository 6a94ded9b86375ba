//! Joins the ports, the terminal and the pipeline for a fix: asks, shows progress, and makes a report
//! of what the pipeline did. Decides nothing about fixes.

use crate::app::App;
use crate::commands::fix::How;
use crate::examination::{self, Examination};
use crate::exit::Failure;
use crate::open;
use crate::report::{self, Look};
use ecoops_core::domain::{AuditPlace, FixReport, Fixed, Left, PolicyStamp, Reported, Suppressed};
use ecoops_core::engines::code::present::present;
use ecoops_core::engines::redact::Fragments;
use ecoops_core::pipeline::remediate::consolidate::Consolidated;
use ecoops_core::pipeline::{
    self, Approval, Dialog, Done, Ending, Outcome, Progress, Proposal, Request, Work,
};
use ecoops_core::ports::workspace::Workspace;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Runs the pipeline on what was examined.
pub fn fix(
    app: &App,
    workspace: &dyn Workspace,
    examination: Examination,
    request: Request,
    how: &How,
    asked: serde_json::Value,
) -> Result<Outcome, Failure> {
    let kernel = open::kernel(app, open::borrowed(workspace))?;
    let Examination { rules, examined, millis } = examination;
    let texts: BTreeMap<_, _> =
        examined.files.iter().map(|f| (f.path.clone(), f.decoded.text.clone())).collect();
    let fragments = Fragments::of(&kernel.redactor, texts.values().map(String::as_str));
    let redact = |text: &str| kernel.redactor.redact(&fragments.hide(text)).text;
    let suppressed: Vec<Suppressed> = examined
        .files
        .iter()
        .flat_map(|file| {
            file.suppressed.iter().map(|(f, by)| Suppressed {
                reported: present(f.clone(), &file.decoded.text, &redact),
                suppressed: by.clone(),
            })
        })
        .collect();
    let notes = examined.notes.clone();
    let stats = examination::stats(&rules, &examined, millis);
    let tags = |rule: &str| match rules.rule(rule) {
        Some(loaded) => {
            let cwe = loaded.rule.cwe.iter().map(|n| format!("CWE-{n}"));
            cwe.chain(loaded.rule.owasp.iter().map(|o| format!("OWASP-{o}"))).collect()
        }
        None => Vec::new(),
    };
    let checks = open::plan_checks(app, workspace, &kernel);
    let work = Work { rules: &rules, examined, request, asked, checks: checks.as_ref(), tags: &tags };
    let talk = Talk::new(app, how);
    let dialog = Dialog {
        progress: &|p| talk.progress(&p),
        choose: &|c| talk.choose(c, &redact),
        approve: &|p| talk.approve(p, &redact),
        cancel: &app.interrupt.flag,
        step: &open::step,
    };
    let done = pipeline::fix(&kernel.ports(workspace, &redact), &work, &dialog);
    talk.end();
    let done = done.map_err(open::failure)?;
    for limit in &done.unenforced {
        app.ui.note(&format!("note: the sandbox could not enforce: {limit}"));
    }
    done.warnings.iter().for_each(|w| app.ui.always(&format!("warning: {w}")));
    for hit in &done.related {
        app.ui.note(&format!("see also: {} ({})", hit.document.title, hit.document.source));
    }
    let mut report = tell(&done, &texts, &redact, kernel.audit_size()?);
    report.suppressed = suppressed;
    report.notes = notes;
    report.stats = stats;
    let named = report.fixed.iter().map(|f| &f.reported).chain(report.left.iter().map(|l| &l.reported));
    report.rules = examination::rule_infos(&rules, named);
    report.redact(&redact);
    Ok(Outcome { ending: done.ending, report })
}

/// The report of what was done.
fn tell(
    done: &Done,
    texts: &BTreeMap<ecoops_core::domain::RepoPath, String>,
    redact: &dyn Fn(&str) -> String,
    size: u64,
) -> FixReport {
    let show = |finding: &ecoops_core::domain::Finding| -> Reported {
        present(finding.clone(), texts.get(&finding.location.path).map_or("", String::as_str), redact)
    };
    let policy = |id: &ecoops_core::domain::RemediationId| {
        let ruling = done.rulings.iter().rev().find(|r| r.remediation == *id);
        ruling.map_or_else(
            || PolicyStamp { version: String::new(), decision: "deny".into(), reason: "not asked".into() },
            |r| PolicyStamp {
                version: r.decision.version.clone(),
                decision: if r.decision.allow { "allow" } else { "deny" }.to_owned(),
                reason: r.decision.reasons.join("; "),
            },
        )
    };
    let fixed = done
        .consolidated
        .answered
        .iter()
        .map(|a| Fixed {
            remediation: a.remediation.id.clone(),
            source: a.remediation.source,
            tier: a.remediation.tier,
            reported: show(&a.finding),
            policy: policy(&a.remediation.id),
        })
        .collect();
    let left = done
        .consolidated
        .left
        .iter()
        .map(|u| Left { reported: show(&u.finding), because: u.because, detail: u.detail.clone() })
        .collect();
    FixReport {
        run: Some(done.run.clone()),
        applied: done.applied,
        fixed,
        left,
        verdict: done.verdict.clone(),
        patch: done.consolidated.set.patch.clone(),
        files: match done.consolidated.answered.is_empty() {
            true => Vec::new(),
            false => done.consolidated.set.files.iter().map(|f| f.path.clone()).collect(),
        },
        branch: done.branch.clone(),
        commit: done.commit.clone(),
        audit: done.record.map(|index| AuditPlace { index, size }),
        plan: done.plan.clone().filter(|_| done.ending == Ending::ApprovalRequired),
        ..FixReport::default()
    }
}

/// The terminal's side of a run.
struct Talk<'a> {
    app: &'a App,
    how: &'a How,
    bar: indicatif::ProgressBar,
    /// Nothing more is asked once the user has said "all" or "done".
    rest: RefCell<Option<bool>>,
}

impl<'a> Talk<'a> {
    fn new(app: &'a App, how: &'a How) -> Self {
        Self { app, how, bar: app.ui.bar("fixing", 0), rest: RefCell::new(None) }
    }

    fn progress(&self, progress: &Progress) {
        self.bar.set_message(progress.what.clone());
        self.bar.tick();
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// As `git add -p`: y this one, n not this one, a this and all others, d none of the others, q none at all.
    fn choose(&self, consolidated: &Consolidated, redact: &dyn Fn(&str) -> String) -> Vec<String> {
        if !self.how.interactive {
            return Vec::new();
        }
        let total = consolidated.answered.len();
        let mut declined = Vec::new();
        for (index, answered) in consolidated.answered.iter().enumerate() {
            let rest = *self.rest.borrow();
            let wanted = match rest {
                Some(all) => all,
                None => self.ask_one(index + 1, total, answered, redact),
            };
            if !wanted {
                declined.push(answered.remediation.id.0.clone());
            }
        }
        declined
    }

    fn ask_one(
        &self,
        number: usize,
        total: usize,
        answered: &pipeline::remediate::consolidate::Answered,
        redact: &dyn Fn(&str) -> String,
    ) -> bool {
        let finding = &answered.finding;
        self.app.ui.always(&crate::ui::harmless(
            &redact(&format!(
                "{}:{}: {} [{}]",
                finding.location.path, finding.location.start.0, finding.title, finding.rule
            )),
            false,
        ));
        if let Some((before, after)) = &answered.place {
            let lines =
                |sign: char, text: &str| text.lines().map(|l| format!("{sign} {l}\n")).collect::<String>();
            let diff = redact(&format!("{}{}", lines('-', before), lines('+', after)));
            self.app.ui.always(report::paint_diff(&diff, Look::of(&self.app.ui)).trim_end());
        }
        loop {
            let answer = self.app.ui.ask(&format!("({number}/{total}) fix this [y,n,a,d,q,?]"));
            match answer.as_deref() {
                Some("y" | "Y") => return true,
                Some("n" | "N") => return false,
                Some("a") => {
                    self.rest.replace(Some(true));
                    return true;
                }
                Some("d" | "q") | None => {
                    self.rest.replace(Some(false));
                    return false;
                }
                _ => self.app.ui.always(
                    "y this fix · n not this one · a this and all that follow · d or q none of the rest",
                ),
            }
        }
    }

    fn approve(&self, proposal: &Proposal<'_>, redact: &dyn Fn(&str) -> String) -> Approval {
        if self.how.yes {
            return Approval::Standing;
        }
        self.bar.finish_and_clear();
        if !self.app.ui.interactive {
            return Approval::Nobody;
        }
        let patch = redact(proposal.patch);
        self.app.ui.always(report::paint_diff(&patch, Look::of(&self.app.ui)).trim_end());
        self.app.ui.always(report::verdict(proposal.verdict, Look::of(&self.app.ui)).trim_end());
        let count = proposal.remediations.len();
        let question = format!("Apply {count} fix{}? [y/N]", if count == 1 { "" } else { "es" });
        match self.app.ui.ask(&question).as_deref() {
            Some("y" | "Y" | "yes") => Approval::Yes,
            Some(_) => Approval::No,
            None => Approval::Nobody,
        }
    }
}
