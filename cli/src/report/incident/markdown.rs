//! The report as Markdown, for a ticket, a chat or a pull request.

use super::facts;
use super::words::{NAME, SENTENCE, Words};
use ecoops_core::domain::incident::{
    AnomalyLevel, CauseHypothesis, Citation, IncidentAnalysis, IncidentData, LogCluster, LogLevel, Moment,
    ServiceView,
};
use std::fmt::Write;

const HYPOTHESES: usize = 5;
const MOMENTS: usize = 40;
const ANOMALIES: usize = 25;
const SERVICES: usize = 20;
const CLUSTERS: usize = 15;
const EVIDENCE: usize = 100;

struct Sheet<'a> {
    analysis: &'a IncidentAnalysis,
    data: &'a IncidentData,
    words: Words<'a>,
    out: String,
}

/// The whole document. `redact` takes secrets out of a text.
pub fn markdown(analysis: &IncidentAnalysis, data: &IncidentData, redact: &dyn Fn(&str) -> String) -> String {
    let mut sheet = Sheet { analysis, data, words: Words::new(redact), out: String::new() };
    sheet.answer();
    sheet.hypotheses();
    sheet.timeline();
    sheet.measures();
    sheet.reach();
    sheet.services();
    sheet.logs();
    sheet.evidence();
    sheet.notes();
    sheet.out
}

impl Sheet<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        let _ = write!(self.out, "\n## {text}\n\n");
    }

    fn row(&mut self, cells: &[&str]) {
        let _ = writeln!(self.out, "| {} |", cells.join(" | "));
    }

    fn head(&mut self, cells: &[&str]) {
        self.row(cells);
        self.row(&vec!["---"; cells.len()]);
    }

    fn name(&self, text: &str) -> String {
        escape(&self.words.plain(text, NAME))
    }

    fn sentence(&self, text: &str) -> String {
        escape(&self.words.plain(text, SENTENCE))
    }

    fn cited(&self, c: &Citation) -> String {
        format!("{}{}", self.sentence(&c.statement), self.cites(&c.evidence))
    }

    fn cites(&self, ids: &[String]) -> String {
        if ids.is_empty() {
            return String::new();
        }
        let ids: Vec<String> = ids.iter().take(6).map(|id| self.name(id)).collect();
        format!(" ({})", ids.join(", "))
    }

    fn answer(&mut self) {
        let (brief, analysis) = (&self.data.brief, self.analysis);
        let title = self.sentence(&brief.title);
        self.line(&format!("# Incident: {title}\n"));
        let sure = analysis.hypotheses.first().map(|h| format!(" ({})", facts::percent(h.confidence)));
        let answer = self.sentence(&analysis.answer);
        let verdict = facts::verdict(analysis.verdict);
        self.line(&format!("**{verdict}**{}: {answer}\n", sure.unwrap_or_default()));
        self.line(&format!(
            "Noticed {}; window {} to {}.",
            facts::time(brief.detected_at),
            facts::time(brief.window.start),
            facts::time(brief.window.end)
        ));
        self.heading("What to do");
        for (n, step) in facts::next_steps(analysis, self.data).iter().enumerate() {
            let text = format!("{}. {}{}", n + 1, self.sentence(&step.text), self.cites(&step.evidence));
            self.line(&text);
        }
    }

    fn hypotheses(&mut self) {
        if self.analysis.hypotheses.is_empty() {
            return;
        }
        self.heading("Hypotheses");
        for (n, h) in self.analysis.hypotheses.iter().take(HYPOTHESES).enumerate() {
            self.hypothesis(n + 1, h);
        }
        let more = self.analysis.hypotheses.len().saturating_sub(HYPOTHESES);
        if more > 0 {
            self.line(&format!("{more} more were less likely."));
        }
    }

    fn hypothesis(&mut self, rank: usize, h: &CauseHypothesis) {
        let change = h.change_id.as_ref().map(|c| format!(", change {}", self.name(c))).unwrap_or_default();
        let head = format!(
            "### {rank}. {} ({}: {} {}{change})\n",
            self.sentence(&h.statement),
            facts::percent(h.confidence),
            facts::cause(h.kind),
            self.name(&h.service)
        );
        self.line(&head);
        for (side, said) in [("for", &h.support), ("against", &h.counter), ("missing", &h.missing)] {
            for citation in said.iter().take(8) {
                let text = format!("- *{side}*: {}", self.cited(citation));
                self.line(&text);
            }
        }
        self.out.push('\n');
    }

    fn timeline(&mut self) {
        if self.analysis.timeline.is_empty() {
            return;
        }
        self.heading("Timeline");
        self.head(&["time (UTC)", "kind", "service", "what"]);
        let days = facts::spans_days(self.data.brief.window);
        let analysis = self.analysis;
        for m in analysis.timeline.iter().take(MOMENTS) {
            self.moment(m, days);
        }
        self.more(analysis.timeline.len(), MOMENTS);
    }

    fn moment(&mut self, m: &Moment, days: bool) {
        let cites = m.evidence.as_ref().map(|e| self.cites(std::slice::from_ref(e))).unwrap_or_default();
        let (service, text) = (self.name(m.service.as_deref().unwrap_or("")), self.sentence(&m.text));
        self.row(&[&facts::clock(m.time, days), facts::moment(m.kind), &service, &format!("{text}{cites}")]);
    }

    fn more(&mut self, all: usize, shown: usize) {
        if all > shown {
            self.line(&format!("\n{} more are in the other formats.", all - shown));
        }
    }

    fn measures(&mut self) {
        let analysis = self.analysis;
        if analysis.anomalies.is_empty() {
            return;
        }
        self.heading("Measurements out of the ordinary");
        self.head(&["service", "metric", "of", "what", "observed", "expected", "evidence"]);
        for a in analysis.anomalies.iter().take(ANOMALIES) {
            let of = a.instance.as_ref().or(a.peer.as_ref()).map(|w| self.name(w)).unwrap_or_default();
            let unit =
                self.data.series.iter().find(|s| s.key.service == a.service && s.key.metric == a.metric);
            let unit = unit.and_then(|s| s.unit.as_deref());
            let (service, metric, evidence) =
                (self.name(&a.service), self.name(&a.metric), self.name(&a.evidence));
            let (low, high) = (facts::quantity(a.expected.0, unit), facts::quantity(a.expected.1, unit));
            self.row(&[
                &service,
                &metric,
                &of,
                facts::anomaly(a.kind, a.direction),
                &facts::quantity(a.observed, unit),
                &format!("{low} to {high}"),
                &evidence,
            ]);
        }
        self.more(analysis.anomalies.len(), ANOMALIES);
    }

    fn reach(&mut self) {
        let analysis = self.analysis;
        if analysis.blast_radius.services.is_empty() {
            return;
        }
        self.heading("Who is affected");
        self.head(&["service", "is", "calls away", "evidence"]);
        for s in analysis.blast_radius.services.iter().take(60) {
            let (service, cites) = (self.name(&s.service), self.cites(&s.evidence));
            self.row(&[&service, facts::impact(s.impact), &s.distance.to_string(), cites.trim()]);
        }
    }

    fn services(&mut self) {
        let odd =
            |view: &&ServiceView| view.cells().into_iter().flatten().any(|c| c.level != AnomalyLevel::None);
        let views: Vec<&ServiceView> = self.analysis.views.iter().filter(odd).collect();
        if views.is_empty() {
            return;
        }
        self.heading("Services");
        self.head(&["service", "rate", "errors", "duration", "used", "waiting", "breaking"]);
        for view in views.iter().take(SERVICES) {
            let cells = view.cells().map(|cell| match cell.and_then(|c| Some((c, c.now?))) {
                None => "–".to_owned(),
                Some((cell, now)) => {
                    let now = escape(&facts::quantity(now, cell.unit.as_deref()));
                    if cell.level == AnomalyLevel::None { now } else { format!("**{now}**") }
                }
            });
            let name = self.name(&view.service);
            let row: Vec<&str> =
                std::iter::once(name.as_str()).chain(cells.iter().map(String::as_str)).collect();
            self.row(&row);
        }
        self.more(views.len(), SERVICES);
    }

    fn logs(&mut self) {
        let analysis = self.analysis;
        if analysis.log_clusters.is_empty() {
            return;
        }
        self.heading("Logs");
        self.head(&["service", "level", "template", "now", "before", "at"]);
        for c in facts::ranked_clusters(&analysis.log_clusters).into_iter().take(CLUSTERS) {
            self.cluster(c);
        }
        self.more(analysis.log_clusters.len(), CLUSTERS);
    }

    fn cluster(&mut self, c: &LogCluster) {
        let at =
            c.exemplars.first().map(|e| format!("{}:{}", self.name(&e.file), e.offset)).unwrap_or_default();
        let level: Option<LogLevel> = c.level;
        let (service, template) = (self.name(&c.service), self.sentence(&c.template));
        self.row(&[
            &service,
            level.map_or("", facts::level),
            &template,
            &c.count.to_string(),
            &c.baseline_count.to_string(),
            &at,
        ]);
    }

    fn evidence(&mut self) {
        let analysis = self.analysis;
        if analysis.evidence.is_empty() {
            return;
        }
        self.heading("Evidence");
        self.head(&["id", "kind", "service", "observation", "at"]);
        for e in analysis.evidence.iter().take(EVIDENCE) {
            let at = match (&e.file, e.offset) {
                (Some(file), Some(offset)) => format!("{}:{offset}", self.name(file)),
                (Some(file), None) => self.name(file),
                _ => String::new(),
            };
            let (id, service) = (self.name(&e.id), self.name(e.service.as_deref().unwrap_or("")));
            let excerpt = self.sentence(&e.excerpt);
            self.row(&[&id, facts::evidence(e.kind), &service, &excerpt, &at]);
        }
        self.more(analysis.evidence.len(), EVIDENCE);
    }

    fn notes(&mut self) {
        let mut notes: Vec<&String> = self.analysis.notes.iter().chain(&self.data.notes).collect();
        notes.dedup();
        if notes.is_empty() {
            return;
        }
        self.heading("What could not be known");
        for note in notes {
            let text = format!("- {}", self.sentence(note));
            self.line(&text);
        }
    }
}

/// Text in which nothing is markup, not even at the beginning of a line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A mention would send somebody a mail.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // An address would become a link.
    out.replace("://", ":&#47;/")
}
