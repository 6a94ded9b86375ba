//! What logs said: templates, how often now and before, when, and lines that anyone can look up.

use super::{Page, folded, more};
use crate::report::incident::{facts, plots};
use ecoops_core::domain::incident::{Exemplar, LogCluster, LogLevel};
use std::collections::HashSet;

/// Clusters that are shown unfolded, and at all.
const FIRST: usize = 8;
const MOST: usize = 60;
const EXEMPLARS: usize = 3;
const FRAMES: usize = 12;

impl Page<'_> {
    pub(super) fn logs(&self) -> String {
        let clusters = self.ranked_clusters();
        if clusters.is_empty() {
            return String::new();
        }
        let cards: Vec<String> = clusters.iter().take(MOST).map(|c| self.cluster(c)).collect();
        let (first, rest) = cards.split_at(FIRST.min(cards.len()));
        let left_out = match clusters.len().saturating_sub(MOST) {
            0 => String::new(),
            n => format!("<p class=\"quiet small\">{n} clusters that say less are left out.</p>"),
        };
        let lead = format!(
            "{} templates; what is new and what is worse first. Bars show when, over the window; the dotted line is when it was noticed.",
            facts::count(clusters.len() as u64)
        );
        let rest = if rest.is_empty() { String::new() } else { rest.concat() + &left_out };
        format!(
            "<p class=\"lead\">{lead}</p>\n<div class=\"card\">{}{}</div>\n",
            first.concat(),
            folded(&more(clusters.len() - first.len(), "cluster", "clusters"), &rest)
        )
    }

    /// Those that were concluded from first, then new, severe and frequent ones.
    fn ranked_clusters(&self) -> Vec<&LogCluster> {
        let chosen = match self.analysis.log_clusters.is_empty() {
            true => &self.data.logs,
            false => &self.analysis.log_clusters,
        };
        let worth = |c: &LogCluster| {
            let severe = match c.level {
                Some(LogLevel::Error | LogLevel::Fatal) => 3.0,
                Some(LogLevel::Warn) => 2.0,
                _ => 1.0,
            };
            let novelty = if c.novelty.is_finite() { c.novelty.clamp(0.0, 1.0) } else { 0.0 };
            severe * (0.02 + novelty) * (1.0 + c.count as f64).ln()
        };
        let mut seen = HashSet::new();
        let mut ranked: Vec<(f64, &LogCluster)> =
            chosen.iter().filter(|c| seen.insert(c.id.as_str())).map(|c| (worth(c), c)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        ranked.into_iter().map(|(_, c)| c).collect()
    }

    fn cluster(&self, c: &LogCluster) -> String {
        let window = self.data.brief.window;
        let noticed = match window.contains(self.data.brief.detected_at) && window.length() > 0.0 {
            true => Some((self.data.brief.detected_at - window.start) / window.length()),
            false => None,
        };
        let title = format!(
            "{} lines within the window, {} before",
            facts::count(c.count),
            facts::count(c.baseline_count)
        );
        let badge = match c.level {
            Some(level @ (LogLevel::Error | LogLevel::Fatal)) => {
                format!("<span class=\"badge bad\">{}</span>", facts::level(level))
            }
            Some(level @ LogLevel::Warn) => {
                format!("<span class=\"badge warn\">{}</span>", facts::level(level))
            }
            Some(level) => format!("<span class=\"badge\">{}</span>", facts::level(level)),
            None => String::new(),
        };
        format!(
            "<article class=\"cluster\" id=\"{}\"><div class=\"top\"><div><h3>{} {badge}</h3>\
             <p class=\"said\"><code>{}</code></p><p class=\"numbers\">{}</p></div>{}</div>{}</article>\n",
            super::anchor("cluster", &c.id),
            self.words.name(&c.service),
            self.words.sentence(&c.template),
            self.numbers(c),
            plots::sparkline(&c.buckets, noticed, &title),
            folded("Lines", &self.lines(c)),
        )
    }

    fn numbers(&self, c: &LogCluster) -> String {
        let new = match c.novelty {
            n if c.baseline_count == 0 && n > 0.5 => "new".to_owned(),
            n if n.is_finite() => format!("novelty {:.2}", n.clamp(0.0, 1.0)),
            _ => "novelty unknown".to_owned(),
        };
        let mut parts = vec![
            format!("<strong>{}</strong> now", facts::count(c.count)),
            format!("<strong>{}</strong> before", facts::count(c.baseline_count)),
            new,
        ];
        let days = facts::spans_days(self.data.brief.window);
        if let (Some(first), Some(last)) = (c.first_seen, c.last_seen) {
            parts.push(format!("{} to {}", facts::clock(first, days), facts::clock(last, days)));
        }
        if c.instances.len() > 1 {
            let speaking = c.instances.iter().filter(|(_, now, _)| *now > 0).count();
            parts.push(format!("{speaking} of {} instances", c.instances.len()));
        }
        parts.into_iter().map(|p| format!("<span>{p}</span>")).collect()
    }

    fn lines(&self, c: &LogCluster) -> String {
        let mut out: String = c.exemplars.iter().take(EXEMPLARS).map(|e| self.exemplar(e)).collect();
        if !c.frames.is_empty() {
            let frames: Vec<String> = c.frames.iter().take(FRAMES).map(|f| self.words.sentence(f)).collect();
            out.push_str(&format!("<h4>Shared frames</h4><pre tabindex=\"0\">{}</pre>", frames.join("\n")));
        }
        if !c.traces.is_empty() {
            let ids: Vec<String> =
                c.traces.iter().take(5).map(|t| format!("<code>{}</code>", self.words.name(t))).collect();
            out.push_str(&format!("<p class=\"small quiet\">Traces: {}</p>", ids.join(", ")));
        }
        out
    }

    fn exemplar(&self, e: &Exemplar) -> String {
        format!(
            "<p class=\"small quiet\"><code>{}:{}</code></p><pre tabindex=\"0\">{}</pre>",
            self.words.name(&e.file),
            e.offset,
            self.words.quote(&e.text)
        )
    }
}
