//! For a terminal: the answer in one line, then when, why, who else, what it rests on, and what is not known.

pub mod course;

#[cfg(test)]
mod samples;
mod tables;

use super::facts::next_steps;
use crate::report::Look;
use crate::report::paint::Paint;
use crate::report::snippet::wrap;
use crate::ui::{brief, harmless};
use anstyle::{AnsiColor, Style};
use course::{Plot, Plots, sparkline};
use ecoops_core::domain::incident::{
    CauseHypothesis, CauseKind, Citation, Impact, IncidentAnalysis, IncidentBrief, IncidentData,
    IncidentEvidence, IncidentEvidenceKind, IncidentVerdict, Moment, MomentKind, TimeRange, WhyNot,
};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How much of each part is shown; all of it is in JSON.
const MOMENTS: usize = 16;
const HYPOTHESES: usize = 3;
const CITATIONS: usize = 4;
const EVIDENCE: usize = 14;
const NOTES: usize = 12;

/// What a report shows, redacted.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// When and where it was noticed, where that is known.
    pub brief: Option<&'a IncidentBrief>,
    pub analysis: &'a IncidentAnalysis,
    pub plots: &'a Plots,
    /// What to do, and what would settle what is open.
    pub steps: &'a [String],
}

/// What to do, in sentences; not redacted.
pub fn steps(analysis: &IncidentAnalysis, data: &IncidentData) -> Vec<String> {
    next_steps(analysis, data).into_iter().map(|step| step.text).collect()
}

impl Shown<'_> {
    /// The time that is shown: the window, else what the timeline spans.
    fn range(&self) -> Option<TimeRange> {
        if let Some(brief) = self.brief {
            return Some(brief.window);
        }
        let times = || self.analysis.timeline.iter().map(|m| m.time).filter(|t| t.is_finite());
        let (start, end) = (times().reduce(f64::min)?, times().reduce(f64::max)?);
        Some(TimeRange { start, end })
    }
}

/// The whole analysis.
pub fn analysis(shown: &Shown<'_>, look: Look) -> String {
    let page = Page { shown, paint: Paint { color: look.color }, width: look.width.max(40) };
    let mut out = String::new();
    page.answer(&mut out);
    page.timeline(&mut out);
    page.hypotheses(&mut out);
    page.steps(&mut out);
    page.blast_radius(&mut out);
    page.services(&mut out);
    page.logs(&mut out);
    page.evidence(&mut out);
    page.memory(&mut out);
    page.notes(&mut out);
    out
}

/// The answer to "why not X?".
pub fn why_not(answer: &WhyNot, look: Look) -> String {
    let paint = Paint { color: look.color };
    let subject = harmless(&answer.subject, false);
    let place = match answer.rank {
        Some(rank) => format!("{subject} is hypothesis {rank}, {}", percent(answer.confidence)),
        None => format!("{subject} is no hypothesis, {}", percent(answer.confidence)),
    };
    let mut out = format!("{}\n", paint.bold(&brief(&place, look.width)));
    citations(&mut out, paint, look.width, "against it", &answer.counter, '−', usize::MAX);
    citations(&mut out, paint, look.width, "for it", &answer.support, '+', usize::MAX);
    citations(&mut out, paint, look.width, "what would settle it", &answer.missing, '?', usize::MAX);
    if !answer.evidence.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("Evidence"));
        answer.evidence.iter().for_each(|e| out.push_str(&evidence(e, paint, look.width)));
    }
    out
}

struct Page<'a> {
    shown: &'a Shown<'a>,
    paint: Paint,
    width: usize,
}

impl Page<'_> {
    fn head(&self, text: &str, out: &mut String) {
        let _ = writeln!(out, "\n{}", self.paint.bold(text));
    }

    fn answer(&self, out: &mut String) {
        let analysis = self.shown.analysis;
        let (word, color) = match analysis.verdict {
            IncidentVerdict::CauseFound => ("CAUSE FOUND", AnsiColor::Red),
            IncidentVerdict::NoCause => ("NO CAUSE FOUND", AnsiColor::Green),
            IncidentVerdict::Inconclusive => ("INCONCLUSIVE", AnsiColor::Magenta),
        };
        let answer = harmless(&analysis.answer, false);
        let text = wrap(&format!("{word}: {answer}"), "", self.width);
        let painted = self.paint.with(Style::new().bold().fg_color(Some(color.into())), word);
        out.push_str(&text.replacen(word, &painted, 1));
        if let Some(about) = self.shown.brief {
            let place = about.service.as_ref().map(|s| format!(", noticed in {s}")).unwrap_or_default();
            let line = format!("{}{place}", about.title);
            let _ = writeln!(out, "{}", self.paint.dim(&brief(&line, self.width)));
        }
    }

    fn timeline(&self, out: &mut String) {
        let moments = &self.shown.analysis.timeline;
        if moments.is_empty() {
            return;
        }
        let range = self.shown.range().map(|r| format!("  {} – {} UTC", stamp(r.start), clock(r.end)));
        let _ = writeln!(
            out,
            "\n{}{}",
            self.paint.bold("Timeline"),
            self.paint.dim(&brief(&range.unwrap_or_default(), self.width - 8))
        );
        let shown = self.pick(moments);
        for moment in &shown {
            out.push_str(&self.moment(moment));
        }
        self.more(moments.len() - shown.len(), "moment", out);
    }

    /// The moments that are shown, in their order: those that the leading hypothesis cites or is about first,
    /// then changes and the one of noticing, anomalies, logs, and what the cluster reported.
    fn pick<'m>(&self, moments: &'m [Moment]) -> Vec<&'m Moment> {
        let leading = self.shown.analysis.hypotheses.first();
        let cited: BTreeSet<&str> = leading.map(cited).unwrap_or_default();
        let weight = |m: &Moment| {
            let own = leading.is_some_and(|h| m.service.as_ref() == Some(&h.service));
            let is_cited = m.evidence.as_deref().is_some_and(|e| cited.contains(e));
            let by_kind = match m.kind {
                MomentKind::Detected => 9,
                MomentKind::Change => 4,
                MomentKind::Anomaly => 3,
                MomentKind::Log => 2,
                MomentKind::Event => 0,
            };
            by_kind + if is_cited { 6 } else { 0 } + if own { 2 } else { 0 }
        };
        let mut order: Vec<usize> = (0..moments.len()).collect();
        order.sort_by_key(|at| (std::cmp::Reverse(moments.get(*at).map_or(0, weight)), *at));
        order.truncate(MOMENTS);
        order.sort_unstable();
        order.into_iter().filter_map(|at| moments.get(at)).collect()
    }

    fn moment(&self, moment: &Moment) -> String {
        let (mark, style) = match moment.kind {
            MomentKind::Change => ("change", AnsiColor::Cyan.on_default()),
            MomentKind::Anomaly => ("anomaly", AnsiColor::Red.on_default()),
            MomentKind::Log => ("log", AnsiColor::Magenta.on_default()),
            MomentKind::Event => ("event", AnsiColor::Blue.on_default()),
            MomentKind::Detected => ("noticed", Style::new().bold()),
        };
        let cited = moment.evidence.as_deref().map(|e| format!(" [{}]", brief(e, 8))).unwrap_or_default();
        let plot = moment.evidence.as_deref().and_then(|e| self.plot(e));
        let bars = plot
            .map(|plot| sparkline(&plot.values, if self.width >= 120 { 32 } else { 12 }))
            .unwrap_or_default();
        let service = moment.service.as_deref().unwrap_or("");
        let room =
            self.width.saturating_sub(21 + columns(&cited) + columns(&bars) + usize::from(!bars.is_empty()));
        // A sentence that begins with the service need not name it twice.
        let text = if moment.text.contains(service) {
            moment.text.clone()
        } else {
            format!("{service}: {}", moment.text)
        };
        let text = brief(&text, room);
        let gap = " ".repeat(room.saturating_sub(columns(&text)));
        let bars = if bars.is_empty() { String::new() } else { format!(" {}", self.paint.bad(&bars)) };
        let mark = self.paint.with(style, &format!("{mark:<7}"));
        let line = format!("  {}  {mark}  {text}{gap}{bars}{}", clock(moment.time), self.paint.dim(&cited));
        format!("{}\n", line.trim_end())
    }

    fn plot(&self, evidence: &str) -> Option<&Plot> {
        self.shown.plots.by_evidence(self.shown.analysis, evidence).map(|(_, plot)| plot)
    }

    fn hypotheses(&self, out: &mut String) {
        let all = &self.shown.analysis.hypotheses;
        if all.is_empty() {
            return;
        }
        self.head("Hypotheses", out);
        for (index, one) in all.iter().take(HYPOTHESES).enumerate() {
            self.hypothesis(index, one, out);
        }
        self.more(all.len().saturating_sub(HYPOTHESES), "hypothesis", out);
    }

    fn hypothesis(&self, index: usize, one: &CauseHypothesis, out: &mut String) {
        let bar = bar(one.confidence);
        let bar = if index == 0 { self.paint.bad(&bar) } else { bar };
        let kind = match one.kind {
            CauseKind::Change => "change",
            CauseKind::Service => "service",
            CauseKind::Dependency => "dependency",
            CauseKind::Resource => "resource",
        };
        let change = one.change_id.as_ref().map(|c| format!(", change {c}")).unwrap_or_default();
        let name = brief(&format!("{} ({kind}{change})", one.service), self.width.saturating_sub(21));
        let number = format!("{:>2}", index + 1);
        let _ = writeln!(out, "{number} {bar} {:>4}  {}", percent(one.confidence), self.paint.bold(&name));
        out.push_str(&wrap(&harmless(&one.statement, false), "   ", self.width));
        let most = if index == 0 { CITATIONS * 2 } else { CITATIONS / 2 };
        citations(out, self.paint, self.width, "", &one.support, '+', most);
        citations(out, self.paint, self.width, "", &one.counter, '−', most);
    }

    fn steps(&self, out: &mut String) {
        // Saying that there is nothing to do is no news.
        if self.shown.steps.is_empty() || self.shown.analysis.verdict == IncidentVerdict::NoCause {
            return;
        }
        self.head("What to do", out);
        for step in self.shown.steps {
            out.push_str(&hanging(&format!("→ {}", harmless(step, false)), "  ", self.width));
        }
    }

    fn blast_radius(&self, out: &mut String) {
        let radius = &self.shown.analysis.blast_radius;
        if radius.services.is_empty() && radius.objectives.is_empty() {
            return;
        }
        let learnt = if radius.learnt { "  (calls are learnt)" } else { "" };
        let _ = writeln!(out, "\n{}{}", self.paint.bold("Who is affected"), self.paint.dim(learnt));
        for (impact, word) in
            [(Impact::Failing, "failing"), (Impact::Suffering, "suffering"), (Impact::Exposed, "exposed")]
        {
            let names: Vec<&str> =
                radius.services.iter().filter(|s| s.impact == impact).map(|s| s.service.as_str()).collect();
            self.named(word, &names, out);
        }
        let objectives: Vec<&str> = radius.objectives.iter().map(String::as_str).collect();
        self.named("objectives", &objectives, out);
    }

    /// `word  a, b, c`, wrapped under its first name.
    fn named(&self, word: &str, names: &[&str], out: &mut String) {
        if names.is_empty() {
            return;
        }
        let text = wrap(&harmless(&names.join(", "), false), "              ", self.width);
        let text = text.get(14..).unwrap_or_default();
        let _ = write!(out, "  {}{text}", self.paint.dim(&format!("{word:<12}")));
    }

    fn evidence(&self, out: &mut String) {
        let analysis = self.shown.analysis;
        let observed = || analysis.evidence.iter().filter(|e| e.kind != IncidentEvidenceKind::Memory);
        // What the first hypothesis cites, then what the others do, then the rest.
        let ranks: Vec<BTreeSet<&str>> = analysis.hypotheses.iter().take(HYPOTHESES).map(cited).collect();
        let rank =
            |e: &IncidentEvidence| ranks.iter().position(|r| r.contains(e.id.as_str())).unwrap_or(HYPOTHESES);
        let mut shown: Vec<&IncidentEvidence> = observed().collect();
        shown.sort_by_key(|e| rank(e));
        shown.truncate(EVIDENCE);
        if shown.is_empty() {
            return;
        }
        self.head("Evidence", out);
        shown.iter().for_each(|one| out.push_str(&evidence(one, self.paint, self.width)));
        self.more(observed().count() - shown.len(), "observation", out);
    }

    fn memory(&self, out: &mut String) {
        let all = &self.shown.analysis.evidence;
        let remembered: Vec<_> = all.iter().filter(|e| e.kind == IncidentEvidenceKind::Memory).collect();
        if remembered.is_empty() {
            return;
        }
        self.head("Seen before", out);
        for one in remembered {
            let text = format!("[{}] {} (likeness {:.2})", one.id, one.excerpt, one.score);
            out.push_str(&hanging(&harmless(&text, false), "  ", self.width));
        }
    }

    fn notes(&self, out: &mut String) {
        let notes = &self.shown.analysis.notes;
        if notes.is_empty() {
            return;
        }
        self.head("What could not be known", out);
        for note in notes.iter().take(NOTES) {
            out.push_str(&hanging(&format!("· {}", harmless(note, false)), "  ", self.width));
        }
        self.more(notes.len().saturating_sub(NOTES), "note", out);
    }

    fn more(&self, n: usize, what: &str, out: &mut String) {
        let what = match (n, what) {
            (0, _) => return,
            (1, what) => format!("1 more {what}"),
            (n, "hypothesis") => format!("{n} more hypotheses"),
            (n, what) => format!("{n} more {what}s"),
        };
        let _ = writeln!(
            out,
            "  {}",
            self.paint.dim(&brief(&format!("… {what} (--output json has all)"), self.width - 2))
        );
    }
}

/// What a hypothesis cites, for and against.
fn cited(hypothesis: &CauseHypothesis) -> BTreeSet<&str> {
    let said = hypothesis.support.iter().chain(&hypothesis.counter);
    said.flat_map(|c| c.evidence.iter().map(String::as_str)).collect()
}

fn citations(
    out: &mut String,
    paint: Paint,
    width: usize,
    head: &str,
    all: &[Citation],
    mark: char,
    most: usize,
) {
    if !head.is_empty() && !all.is_empty() {
        let _ = writeln!(out, "{}", paint.dim(head));
    }
    for one in all.iter().take(most) {
        let cited = one.evidence.iter().map(|e| brief(e, 8)).collect::<Vec<_>>().join(" ");
        let cited = if cited.is_empty() { String::new() } else { format!(" [{cited}]") };
        let text = hanging(&format!("{mark} {}{cited}", harmless(&one.statement, false)), "     ", width);
        let painted = match mark {
            '+' => paint.good("+"),
            '−' => paint.bad("−"),
            _ => paint.dim("?"),
        };
        out.push_str(&text.replacen(mark, &painted, 1));
    }
    if all.len() > most {
        let _ = writeln!(out, "     {}", paint.dim(&format!("{mark} … {} more", all.len() - most)));
    }
}

fn evidence(one: &IncidentEvidence, paint: Paint, width: usize) -> String {
    let kind = match one.kind {
        IncidentEvidenceKind::Metric => "metric",
        IncidentEvidenceKind::Log => "log",
        IncidentEvidenceKind::Trace => "trace",
        IncidentEvidenceKind::Event => "event",
        IncidentEvidenceKind::Change => "change",
        IncidentEvidenceKind::Topology => "calls",
        IncidentEvidenceKind::Memory => "memory",
    };
    let place = match (&one.file, one.offset) {
        (Some(file), Some(offset)) => format!(" {file}:{offset}"),
        (Some(file), None) => format!(" {file}"),
        (None, _) => String::new(),
    };
    let service = one.service.as_ref().map(|s| format!(" {s}")).unwrap_or_default();
    let id = format!("[{}]", brief(&one.id, 8));
    let head = brief(&format!("{id:<5} {kind:<6}{service}{place}"), width.saturating_sub(2));
    let mut out = format!("  {}\n", paint.dim(&head));
    let room = width.saturating_sub(8);
    let _ = writeln!(out, "        {}", brief(&one.excerpt, room));
    out
}

/// Wrapped text whose further lines stand two columns further in.
fn hanging(text: &str, indent: &str, width: usize) -> String {
    let (mark, rest) = text.split_once(' ').unwrap_or((text, ""));
    let width = width.saturating_sub(columns(mark).saturating_sub(1));
    let inner = wrap(rest, &format!("{indent}  "), width);
    inner.replacen(&format!("{indent}  "), &format!("{indent}{mark} "), 1)
}

fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share.clamp(0.0, 1.0) * 100.0)
}

/// Ten columns.
fn bar(share: f64) -> String {
    let full = (share.clamp(0.0, 1.0) * 10.0).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(10 - full))
}

/// `2026-03-02 10:05:00`, UTC; seconds as they are when they are no such time.
pub fn stamp(time: f64) -> String {
    let micros = (time * 1e6).clamp(i64::MIN as f64, i64::MAX as f64) as i64;
    match jiff::Timestamp::from_microsecond(micros) {
        Ok(stamp) if time.is_finite() => stamp.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        _ => format!("{time:.0}"),
    }
}

/// `10:05:00`, UTC.
pub fn clock(time: f64) -> String {
    let stamp = stamp(time);
    stamp.split_once(' ').map_or(format!("{stamp:>8}"), |(_, clock)| clock.to_owned())
}
