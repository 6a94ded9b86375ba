//! The services side by side, and what their logs say, a line each.

use super::{Page, columns, hanging};
use crate::report::incident::facts;
use crate::ui::brief;
use ecoops_core::domain::incident::{AnomalyLevel, LogCluster, LogLevel, ServiceView, ViewCell};
use std::fmt::Write;

/// Services and messages that are shown; all of them are in JSON.
const SERVICES: usize = 8;
const MESSAGES: usize = 6;
/// Services in which nothing is stranger than this are not shown.
const STRANGE: f64 = 0.03;
/// From this width on there is room for a table.
const TABLE: usize = 72;
/// Columns of a number with its mark.
const CELL: usize = 10;
const HEADS: [&str; 6] = ["rate", "errors", "duration", "used", "waiting", "breaking"];

impl Page<'_> {
    /// RED and USE: what is out of the ordinary is marked.
    pub(super) fn services(&self, out: &mut String) {
        let views: Vec<&ServiceView> =
            self.shown.analysis.views.iter().filter(|view| view.strangeness() >= STRANGE).collect();
        if views.is_empty() {
            return;
        }
        let name = self.width.saturating_sub(2 + CELL * HEADS.len()).min(28);
        if self.width >= TABLE {
            let heads: String = HEADS.iter().map(|head| format!("{head:>CELL$}")).collect();
            let _ = writeln!(
                out,
                "\n{}{}",
                self.paint.bold("Services"),
                self.paint.dim(&format!("{}{heads}", " ".repeat(name - 6)))
            );
            views.iter().take(SERVICES).for_each(|view| out.push_str(&self.row(view, name)));
            let _ = writeln!(
                out,
                "  {}",
                self.paint.dim("▲ out of the ordinary, ‼ for hours; – nobody measures it")
            );
        } else {
            self.head("Services", out);
            for view in views.iter().take(SERVICES) {
                let odd = view.cells().into_iter().zip(HEADS).filter_map(|(cell, head)| {
                    let cell = cell.filter(|cell| !mark(cell).is_empty())?;
                    Some(format!("{head} {}", number(cell)))
                });
                let odd: Vec<String> = odd.collect();
                let text = format!("{}: {}", brief(&view.service, name.max(16)), odd.join(", "));
                out.push_str(&hanging(&text, "  ", self.width));
            }
        }
        self.more(views.len().saturating_sub(SERVICES), "service", out);
    }

    fn row(&self, view: &ServiceView, name: usize) -> String {
        let service = brief(&view.service, name - 1);
        let mut line = format!("  {service}{}", " ".repeat(name.saturating_sub(columns(&service))));
        for cell in view.cells() {
            let Some(cell) = cell else {
                line.push_str(&format!("{}{} ", " ".repeat(CELL - 2), self.paint.dim("–")));
                continue;
            };
            let mark = mark(cell);
            let text = brief(&number(cell), CELL - 2);
            let pad = " ".repeat((CELL - 1).saturating_sub(columns(&text)));
            match mark {
                "" => line.push_str(&format!("{pad}{text} ")),
                mark => line.push_str(&format!("{pad}{}", self.paint.bad(&format!("{text}{mark}")))),
            }
        }
        format!("{}\n", line.trim_end())
    }

    /// What is new and what is worse first.
    pub(super) fn logs(&self, out: &mut String) {
        let telling = |c: &&LogCluster| {
            c.count > 0 && c.novelty >= 0.2 && c.level.is_none_or(|level| level >= LogLevel::Warn)
        };
        let ranked = facts::ranked_clusters(&self.shown.analysis.log_clusters);
        let told: Vec<&LogCluster> = ranked.into_iter().filter(telling).collect();
        if told.is_empty() {
            return;
        }
        self.head("Logs", out);
        for cluster in told.iter().take(MESSAGES) {
            out.push_str(&self.message(cluster));
        }
        self.more(told.len().saturating_sub(MESSAGES), "message", out);
    }

    fn message(&self, cluster: &LogCluster) -> String {
        let level = cluster.level.map_or("", facts::level);
        let before = match cluster.baseline_count {
            0 => "new".to_owned(),
            n => format!("{} before", facts::count(n)),
        };
        let wordings = match cluster.variants.len() {
            0 | 1 => String::new(),
            n => format!(", {n} wordings"),
        };
        let frames = cluster.frames.first().map(|frame| format!(" at {frame}")).unwrap_or_default();
        let head = format!(
            "{} {level} {}×, {before}{wordings}{}",
            brief(&cluster.service, 24),
            facts::count(cluster.count),
            cluster
                .first_seen
                .zip(cluster.last_seen)
                .map(|(first, last)| format!(
                    ", {} to {}",
                    facts::clock(first, false),
                    facts::clock(last, false)
                ))
                .unwrap_or_default()
        );
        let text = brief(&format!("{}{frames}", cluster.template), self.width.saturating_sub(4));
        format!("  {}\n    {text}\n", self.paint.dim(&brief(&head, self.width.saturating_sub(2))))
    }
}

fn number(cell: &ViewCell) -> String {
    cell.now.map_or_else(|| "–".to_owned(), |now| facts::quantity(now, cell.unit.as_deref()))
}

fn mark(cell: &ViewCell) -> &'static str {
    match cell.level {
        AnomalyLevel::None => "",
        AnomalyLevel::Notice => "▲",
        AnomalyLevel::Page => "‼",
    }
}
