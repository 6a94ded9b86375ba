//! The series that left what was expected: the most telling ones as plots, all of them as numbers.

use super::{Page, folded, more};
use crate::report::incident::facts;
use crate::report::incident::plots::{Mark, SeriesPlot};
use crate::report::incident::words::{anchor, cut};
use ecoops_core::domain::incident::{Anomaly, AnomalyKind, Series, TimeRange};
use std::collections::{HashMap, HashSet};

/// Plots that are shown unfolded, and folded; the others are rows of a table.
const FIRST: usize = 8;
const FOLDED: usize = 16;
/// Lines of other instances behind a plot's own.
const OTHERS: usize = 8;
/// Rows of the table below a plot.
const ROWS: usize = 12;
/// Rows of the table of all the others.
const LISTED: usize = 300;
/// Characters of a change's name in a plot.
const LABEL: usize = 14;

const LEGEND: &str = r#"<ul class="legend" aria-label="Legend"><li><svg aria-hidden="true"><line class="line" x1="0" x2="26" y1="6" y2="6"/></svg>measured</li><li><svg aria-hidden="true"><line class="other" x1="0" x2="26" y1="6" y2="6"/></svg>other instances</li><li><svg aria-hidden="true"><rect class="band" width="26" height="12"/></svg>expected</li><li><svg aria-hidden="true"><rect class="odd" width="26" height="12"/></svg>out of the ordinary</li><li><svg aria-hidden="true"><rect class="before" width="26" height="12"/></svg>before the window</li><li><svg aria-hidden="true"><line class="mark close" x1="0" x2="26" y1="6" y2="6"/></svg>change</li><li><svg aria-hidden="true"><line class="detected" x1="0" x2="26" y1="6" y2="6"/></svg>noticed</li></ul>"#;

impl Page<'_> {
    pub(super) fn measures(&self) -> String {
        let ranked = self.telling();
        if ranked.is_empty() {
            return String::new();
        }
        let (by_service, range) = (self.by_service(), self.range(&ranked));
        let drawn: Vec<(&Anomaly, String)> = ranked
            .iter()
            .take(FIRST + FOLDED)
            .enumerate()
            .filter_map(|(n, a)| Some((*a, self.figure(a, &by_service, range, n < FIRST)?)))
            .collect();
        let figures: Vec<&str> = drawn.iter().map(|(_, figure)| figure.as_str()).collect();
        let (first, folded_plots) = figures.split_at(FIRST.min(figures.len()));
        let seen: HashSet<&str> = drawn.iter().map(|(a, _)| a.id.as_str()).collect();
        let rest: Vec<&&Anomaly> = ranked.iter().filter(|a| !seen.contains(a.id.as_str())).collect();
        let lead = match ranked.len() {
            1 => "One series left what was expected of it.".to_owned(),
            n => format!("{n} series left what was expected of them; the most telling first."),
        };
        let grid = |figures: &[&str]| match figures.is_empty() {
            true => String::new(),
            false => format!("<div class=\"plots\">{}</div>", figures.concat()),
        };
        let table = if rest.is_empty() { String::new() } else { self.listed(&rest) };
        format!(
            "<p class=\"lead\">{lead}</p>{LEGEND}\n{}\n{}{}",
            grid(first),
            folded(&more(folded_plots.len(), "plot", "plots"), &grid(folded_plots)),
            folded(&more(rest.len(), "series as numbers", "series as numbers"), &table),
        )
    }

    /// All anomalies: those that the leading hypotheses cite first, then bad and strong ones, with a service
    /// or metric that was shown already giving way to others.
    fn telling(&self) -> Vec<&Anomaly> {
        let cited: HashSet<&str> = self
            .analysis
            .hypotheses
            .iter()
            .take(2)
            .flat_map(|h| &h.support)
            .flat_map(|c| c.evidence.iter().map(String::as_str))
            .collect();
        let worth = |a: &Anomaly| {
            let cited = if cited.contains(a.evidence.as_str()) { 2.0 } else { 1.0 };
            let score = if a.score.is_finite() { a.score.clamp(0.0, 1.0) } else { 0.0 };
            cited * (if a.bad { 1.0 } else { 0.4 }) * (0.05 + score)
        };
        let mut left: Vec<(f64, &Anomaly)> = self.analysis.anomalies.iter().map(|a| (worth(a), a)).collect();
        left.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut shown, mut order): (HashMap<(&str, &str), i32>, Vec<&Anomaly>) =
            (HashMap::new(), Vec::new());
        for _ in 0..left.len().min(FIRST + FOLDED) {
            let worth = |(n, (w, a)): &(usize, &(f64, &Anomaly))| {
                let same = shown.get(&(a.service.as_str(), a.metric.as_str())).copied().unwrap_or(0);
                // The earlier of equals, since `max_by` takes the last.
                (*w * 0.3f64.powi(same), std::cmp::Reverse(*n))
            };
            let best = left.iter().enumerate().max_by(|a, b| {
                let (a, b) = (worth(a), worth(b));
                a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
            });
            let Some((at, _)) = best else { break };
            let (_, chosen) = left.remove(at);
            *shown.entry((&chosen.service, &chosen.metric)).or_default() += 1;
            order.push(chosen);
        }
        order.extend(left.into_iter().map(|(_, a)| a));
        order
    }

    fn by_service(&self) -> HashMap<&str, Vec<&Series>> {
        let mut map: HashMap<&str, Vec<&Series>> = HashMap::new();
        for series in &self.data.series {
            map.entry(series.key.service.as_str()).or_default().push(series);
        }
        map
    }

    fn figure(
        &self,
        a: &Anomaly,
        by_service: &HashMap<&str, Vec<&Series>>,
        range: TimeRange,
        rich: bool,
    ) -> Option<String> {
        let of_service = by_service.get(a.service.as_str())?;
        let series = of_service.iter().find(|s| is_of(a, s))?;
        let alike = |s: &&&Series| {
            let (k, own) = (&s.key, &series.key);
            k.instance != own.instance
                && k.instance.is_some() == own.instance.is_some()
                && (&k.metric, &k.peer, k.reporter) == (&own.metric, &own.peer, own.reporter)
        };
        let others = of_service.iter().filter(alike).take(if rich { OTHERS } else { 0 });
        let id = anchor("plot", &a.id);
        let (title, told) = (self.title(a), self.told(a, series.unit.as_deref()));
        let (head, of) = (self.heading(a), self.of(a));
        let of = if of.is_empty() { of } else { format!("<span class=\"mono\">{of}</span><br>") };
        let plot = SeriesPlot {
            id: &id,
            title: &title,
            description: &told,
            range,
            window: self.data.brief.window,
            points: &series.points,
            others: others.map(|s| s.points.as_slice()).collect(),
            expected: a.expected,
            anomaly: a.range,
            detected: self.data.brief.detected_at,
            marks: self.marks(&a.service),
            unit: series.unit.as_deref(),
        };
        Some(format!(
            "<figure class=\"card\" id=\"{id}\"><figcaption><h3>{head}</h3>{of}{told}{}</figcaption>{}{}</figure>\n",
            self.cites(std::slice::from_ref(&a.evidence)),
            plot.svg(),
            folded("As numbers", &numbers(series, range)),
        ))
    }

    /// The window, and what was measured right before it; the same for all plots.
    fn range(&self, ranked: &[&Anomaly]) -> TimeRange {
        let brief = &self.data.brief;
        let window = brief.window;
        let reach = match brief.baseline {
            Some(b) if b.end <= window.start + 1.0 && window.start - b.end < window.length() => b.start,
            Some(_) => window.start,
            None => window.start - window.length() / 2.0,
        };
        let reach = reach.max(window.start - 1.5 * window.length());
        let services: HashSet<&str> = ranked.iter().map(|a| a.service.as_str()).collect();
        let of_them = self.data.series.iter().filter(|s| services.contains(s.key.service.as_str()));
        let starts = of_them.filter_map(|s| s.points.iter().map(|p| p.0).find(|t| *t >= reach));
        TimeRange { start: starts.fold(window.start, f64::min), end: window.end }
    }

    fn title(&self, a: &Anomaly) -> String {
        let of = self.of(a);
        if of.is_empty() { self.heading(a) } else { format!("{}, {of}", self.heading(a)) }
    }

    /// The same for a row of a table.
    fn row_title(&self, a: &Anomaly) -> String {
        let of = [&a.instance, &a.version, &a.peer].into_iter().flatten().map(|name| self.words.cell(name));
        let head = [&a.service, &a.metric].into_iter().map(|name| self.words.cell(name));
        head.chain(of).collect::<Vec<_>>().join(" · ")
    }

    fn heading(&self, a: &Anomaly) -> String {
        format!("{} · {}", self.words.name(&a.service), self.words.name(&a.metric))
    }

    /// Of which instance, version or caller.
    fn of(&self, a: &Anomaly) -> String {
        let mut parts = Vec::new();
        if let Some(instance) = &a.instance {
            parts.push(self.words.name(instance));
        }
        if let Some(version) = &a.version {
            parts.push(self.words.name(version));
        }
        if let Some(peer) = &a.peer {
            parts.push(format!("called by {}", self.words.name(peer)));
        }
        parts.join(" · ")
    }

    fn told(&self, a: &Anomaly, unit: Option<&str>) -> String {
        let days = facts::spans_days(self.data.brief.window);
        let season = match a.season {
            Some(season) => format!(" at this time of its cycle of {}", facts::duration(season)),
            None => String::new(),
        };
        format!(
            "{} from {} to {}: {} where {} to {} was expected{season}",
            capital(facts::anomaly(a.kind, a.direction)),
            facts::minute(a.range.start, days),
            facts::minute(a.range.end, days),
            if a.kind == AnomalyKind::Missing { "nothing".into() } else { facts::quantity(a.observed, unit) },
            facts::quantity(a.expected.0, unit),
            facts::quantity(a.expected.1, unit),
        )
    }

    /// Every change as a line; those of this service and of the leading hypothesis by name.
    fn marks(&self, service: &str) -> Vec<Mark> {
        let blamed = self.analysis.hypotheses.first().and_then(|h| h.change_id.as_deref());
        let mark = |c: &ecoops_core::domain::incident::ChangeRecord| {
            let label = cut(&self.words.plain(&c.id, LABEL), LABEL);
            Mark {
                time: c.time,
                width: label.chars().count(),
                label: crate::report::incident::words::escape(&label),
                close: c.service == service || Some(c.id.as_str()) == blamed,
            }
        };
        self.data.changes.iter().take(200).map(mark).collect()
    }

    fn listed(&self, rest: &[&&Anomaly]) -> String {
        let row = |a: &&&Anomaly| {
            let unit = self.data.series.iter().find(|s| is_of(a, s)).and_then(|s| s.unit.as_deref());
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"time\">{} to {}</td><td class=\"num\">{}</td>\
                 <td class=\"num\">{} to {}</td><td>{}</td></tr>",
                self.row_title(a),
                facts::anomaly(a.kind, a.direction),
                facts::clock(a.range.start, false),
                facts::clock(a.range.end, false),
                facts::quantity(a.observed, unit),
                facts::quantity(a.expected.0, unit),
                facts::quantity(a.expected.1, unit),
                self.cites(std::slice::from_ref(&a.evidence)),
            )
        };
        let rows: String = rest.iter().take(LISTED).map(row).collect();
        let left_out = match rest.len().saturating_sub(LISTED) {
            0 => String::new(),
            n => format!("<p class=\"quiet small\">{n} weaker ones are left out.</p>"),
        };
        format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"More series\"><table><thead><tr>\
             <th scope=\"col\">Series</th><th scope=\"col\">What</th><th scope=\"col\">When</th>\
             <th scope=\"col\" class=\"num\">Observed</th><th scope=\"col\" class=\"num\">Expected</th>\
             <th scope=\"col\">Evidence</th></tr></thead><tbody>{rows}</tbody></table></div>{left_out}"
        )
    }
}

/// Whether the anomaly is one of this series.
fn is_of(a: &Anomaly, s: &Series) -> bool {
    s.key.service == a.service
        && s.key.metric == a.metric
        && s.key.instance == a.instance
        && s.key.peer == a.peer
        && (a.version.is_none() || s.key.version == a.version)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// The plot in equal stretches of time: the lowest, the middle and the highest value.
fn numbers(series: &Series, range: TimeRange) -> String {
    let unit = series.unit.as_deref();
    let step = range.length() / ROWS as f64;
    let days = facts::spans_days(range);
    let row = |n: usize| {
        let start = range.start + n as f64 * step;
        let stretch = TimeRange { start, end: start + step };
        let mut values: Vec<f64> = series
            .points
            .iter()
            .filter(|(t, v)| stretch.contains(*t) && v.is_finite())
            .map(|p| p.1)
            .collect();
        values.sort_by(f64::total_cmp);
        let cell = |v: Option<&f64>| v.map_or_else(|| "none".into(), |v| facts::quantity(*v, unit));
        format!(
            "<tr><td class=\"time\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
            facts::clock(start, days),
            cell(values.first()),
            cell(values.get(values.len() / 2)),
            cell(values.last()),
        )
    };
    let rows: String = (0..ROWS).map(row).collect();
    format!(
        "<table><thead><tr><th scope=\"col\">From</th><th scope=\"col\" class=\"num\">Lowest</th>\
         <th scope=\"col\" class=\"num\">Median</th><th scope=\"col\" class=\"num\">Highest</th></tr></thead>\
         <tbody>{rows}</tbody></table>"
    )
}
