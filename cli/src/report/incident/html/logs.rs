//! What logs said: templates, how often now and before, when, and lines that anyone can look up.

use super::{Page, folded, more};
use crate::report::incident::{facts, plots};
use ecoops_core::domain::incident::{Exemplar, LogCluster, LogLevel, LogParameter, LogVariant};
use std::collections::HashSet;

/// Clusters that are shown unfolded, and at all.
const FIRST: usize = 8;
const MOST: usize = 60;
const EXEMPLARS: usize = 5;
const FRAMES: usize = 12;
const WORDINGS: usize = 8;

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
        let mut seen = HashSet::new();
        facts::ranked_clusters(chosen).into_iter().filter(|c| seen.insert(c.id.as_str())).collect()
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
            folded("Lines and values", &self.lines(c)),
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
        if c.variants.len() > 1 {
            parts.push(format!("{} wordings", c.variants.len()));
        }
        parts.into_iter().map(|p| format!("<span>{p}</span>")).collect()
    }

    fn lines(&self, c: &LogCluster) -> String {
        let mut out: String = c.exemplars.iter().take(EXEMPLARS).map(|e| self.exemplar(e)).collect();
        out.push_str(&self.wordings(c));
        out.push_str(&self.parameters(c));
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

    fn wordings(&self, c: &LogCluster) -> String {
        if c.variants.len() < 2 {
            return String::new();
        }
        let row = |v: &LogVariant| {
            format!(
                "<tr><td class=\"wide\"><code>{}</code></td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
                self.words.sentence(&v.template),
                facts::count(v.count),
                facts::count(v.baseline_count)
            )
        };
        let rows: String = c.variants.iter().take(WORDINGS).map(row).collect();
        format!(
            "<h4>Wordings</h4><table><thead><tr><th scope=\"col\">Template</th><th scope=\"col\" class=\"num\">Now</th>\
             <th scope=\"col\" class=\"num\">Before</th></tr></thead><tbody>{rows}</tbody></table>"
        )
    }

    /// What stood at each `<*>`.
    fn parameters(&self, c: &LogCluster) -> String {
        if c.parameters.is_empty() {
            return String::new();
        }
        let row = |p: &LogParameter| {
            let top: Vec<String> = p
                .top
                .iter()
                .map(|(value, n)| format!("<code>{}</code> {}×", self.words.name(value), facts::count(*n)))
                .collect();
            let spread = match p.range {
                Some((least, mean, greatest)) => format!(
                    "{} to {}, {} in the mean",
                    facts::quantity(least, None),
                    facts::quantity(greatest, None),
                    facts::quantity(mean, None)
                ),
                None => top.join(", "),
            };
            format!(
                "<tr><th scope=\"row\" class=\"id\">{}</th><td class=\"num\">{}</td><td class=\"wide\">{spread}</td></tr>",
                p.place + 1,
                facts::count(p.distinct),
            )
        };
        let rows: String = c.parameters.iter().map(row).collect();
        format!(
            "<h4>Values of &lt;*&gt;</h4><table><thead><tr><th scope=\"col\">Place</th>\
             <th scope=\"col\" class=\"num\">Different</th><th scope=\"col\">Values</th></tr></thead><tbody>{rows}</tbody></table>"
        )
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
