//! What happened when: lanes to see it, a table to read it.

use super::{Page, folded};
use crate::report::incident::plots::Lane;
use crate::report::incident::{facts, plots};
use ecoops_core::domain::incident::{Moment, MomentKind, TimeRange};
use std::collections::{HashMap, HashSet};

/// Rows that are shown unfolded: those that tell most.
const FIRST: usize = 16;
/// Rows that are shown at all.
const MOST: usize = 400;

const LANES: [(MomentKind, &str); 4] = [
    (MomentKind::Change, "changes"),
    (MomentKind::Anomaly, "anomalies"),
    (MomentKind::Log, "logs"),
    (MomentKind::Event, "events"),
];

impl Page<'_> {
    pub(super) fn timeline(&self) -> String {
        let moments = &self.analysis.timeline;
        if moments.is_empty() {
            return String::new();
        }
        let first: String = self.telling_moments().into_iter().map(|m| self.moment(m)).collect();
        let left_out = match moments.len().saturating_sub(MOST) {
            0 => String::new(),
            n => format!("<p class=\"quiet small\">{n} later moments are left out.</p>"),
        };
        let all = match moments.len() > FIRST {
            true => table(&moments.iter().take(MOST).map(|m| self.moment(m)).collect::<String>()) + &left_out,
            false => String::new(),
        };
        format!(
            "<div class=\"card\"><figure>{}</figure>{}{}</div>\n",
            self.lanes(),
            table(&first),
            folded(&format!("All {} moments", moments.len()), &all),
        )
    }

    /// When it was noticed, what was changed, and what the leading hypothesis and the strongest evidence say;
    /// in the order of time.
    fn telling_moments(&self) -> Vec<&Moment> {
        let scores: HashMap<&str, f64> =
            self.analysis.evidence.iter().map(|e| (e.id.as_str(), e.score)).collect();
        let leading = self.analysis.hypotheses.first();
        let cited: HashSet<&str> = leading
            .into_iter()
            .flat_map(|h| h.support.iter().chain(&h.counter))
            .flat_map(|c| c.evidence.iter().map(String::as_str))
            .collect();
        let worth = |m: &Moment| {
            let id = m.evidence.as_deref().unwrap_or("");
            let kind = match m.kind {
                MomentKind::Detected => 4.0,
                MomentKind::Change => 2.0,
                _ => 0.0,
            };
            let score = scores.get(id).copied().filter(|s| s.is_finite()).unwrap_or(0.0);
            kind + score + if cited.contains(id) { 1.5 } else { 0.0 }
        };
        let mut ranked: Vec<(f64, usize, &Moment)> =
            self.analysis.timeline.iter().enumerate().map(|(n, m)| (worth(m), n, m)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(FIRST);
        ranked.sort_by_key(|r| r.1);
        ranked.into_iter().map(|r| r.2).collect()
    }

    fn lanes(&self) -> String {
        let brief = &self.data.brief;
        // Changes shortly before the window matter; what is older stands at the beginning.
        let times = self.analysis.timeline.iter().map(|m| m.time).filter(|t| t.is_finite());
        let earliest =
            times.fold(brief.window.start, f64::min).max(brief.window.start - brief.window.length() / 3.0);
        let range = TimeRange { start: earliest, end: brief.window.end };
        let told = |m: &Moment| {
            let service = m.service.as_deref().unwrap_or("");
            let text = self.words.name(&m.text);
            format!("{} {} {text}", facts::clock(m.time, false), self.words.name(service))
        };
        let lanes: Vec<Lane> = LANES
            .iter()
            .map(|(kind, name)| {
                let of_kind = self.analysis.timeline.iter().filter(|m| m.kind == *kind).take(MOST);
                Lane {
                    name,
                    class: facts::moment(*kind),
                    moments: of_kind.map(|m| (m.time, told(m))).collect(),
                }
            })
            .filter(|lane| !lane.moments.is_empty())
            .collect();
        let title = "What happened, by time and kind; the table below says the same. The dotted line is when it was noticed.";
        plots::lanes(&lanes, range, brief.detected_at, title)
    }

    fn moment(&self, m: &Moment) -> String {
        let sign = match m.kind {
            MomentKind::Change => "◆",
            MomentKind::Anomaly => "▲",
            MomentKind::Log => "≡",
            MomentKind::Event => "●",
            MomentKind::Detected => "◎",
        };
        let cites = m.evidence.as_ref().map(|e| self.cites(std::slice::from_ref(e))).unwrap_or_default();
        let days = facts::spans_days(self.data.brief.window);
        format!(
            "<tr><td class=\"time\"><time datetime=\"{}\">{}</time></td><td class=\"kind\">\
             <span class=\"sign\" aria-hidden=\"true\">{sign}</span> {}</td><td>{}</td><td class=\"wide\">{}{cites}</td></tr>",
            facts::machine_time(m.time),
            facts::clock(m.time, days),
            facts::moment(m.kind),
            self.words.cell(m.service.as_deref().unwrap_or("")),
            self.words.sentence(&m.text),
        )
    }
}

fn table(rows: &str) -> String {
    format!(
        "<table class=\"fold\"><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Kind</th>\
         <th scope=\"col\">Service</th><th scope=\"col\">What</th></tr></thead><tbody>{rows}</tbody></table>"
    )
}
