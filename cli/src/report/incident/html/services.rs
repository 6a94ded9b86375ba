//! The services side by side: how their requests fare and how their resources do.

use super::{Page, folded, more};
use crate::report::incident::facts;
use ecoops_core::domain::incident::{AnomalyLevel, ServiceView, ViewCell};

const MOST: usize = 60;

impl Page<'_> {
    pub(super) fn services(&self) -> String {
        let odd =
            |view: &&ServiceView| view.cells().into_iter().flatten().any(|c| c.level != AnomalyLevel::None);
        let (odd, calm): (Vec<&ServiceView>, Vec<&ServiceView>) =
            self.analysis.views.iter().take(MOST).partition(odd);
        if odd.is_empty() && calm.is_empty() {
            return String::new();
        }
        let left_out = match self.analysis.views.len().saturating_sub(MOST) {
            0 => String::new(),
            n => format!("<p class=\"quiet small\">{n} services in which less is strange are left out.</p>"),
        };
        let calm_ones = more(calm.len(), "service as usual", "services as usual");
        format!(
            "<p class=\"lead\">Requests by rate, errors and duration; resources by use, what waits and what breaks. Of \
             each the strangest series: what it is now, and what it usually is.</p>\n\
             <div class=\"card\">{}{}{left_out}</div>\n",
            self.side_by_side(&odd),
            folded(&calm_ones, &self.side_by_side(&calm))
        )
    }

    fn side_by_side(&self, views: &[&ServiceView]) -> String {
        if views.is_empty() {
            return String::new();
        }
        let rows: String = views.iter().map(|view| self.service(view)).collect();
        format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Services\">\
             <table class=\"views\"><thead><tr><th scope=\"col\">Service</th><th scope=\"col\">Rate</th>\
             <th scope=\"col\">Errors</th><th scope=\"col\">Duration</th><th scope=\"col\">Used</th>\
             <th scope=\"col\">Waiting</th><th scope=\"col\">Breaking</th></tr></thead><tbody>{rows}</tbody></table></div>"
        )
    }

    fn service(&self, view: &ServiceView) -> String {
        let cells: String = view.cells().into_iter().map(|cell| self.cell(cell)).collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>", self.words.cell(&view.service))
    }

    fn cell(&self, cell: Option<&ViewCell>) -> String {
        let Some(cell) = cell else { return "<td class=\"quiet\">not measured</td>".into() };
        let unit = cell.unit.as_deref();
        let says = |value: Option<f64>| value.map_or_else(|| "unknown".into(), |v| facts::quantity(v, unit));
        let (class, sign) = match cell.level {
            AnomalyLevel::None => ("", ""),
            AnomalyLevel::Notice => ("warn", "▲ "),
            AnomalyLevel::Page => ("bad", "‼ "),
        };
        let now = match class {
            "" => says(cell.now),
            class => format!("<span class=\"badge {class}\">{sign}{}</span>", says(cell.now)),
        };
        let cites = cell.evidence.as_ref().map(|e| self.cites(std::slice::from_ref(e))).unwrap_or_default();
        let peer =
            cell.peer.as_ref().map(|p| format!(", called by {}", self.words.cell(p))).unwrap_or_default();
        let more = if cell.series > 1 { format!(", worst of {}", cell.series) } else { String::new() };
        format!(
            "<td>{now}{cites}<br><span class=\"quiet small\">usually {}<br>{}{peer}{more}</span></td>",
            says(cell.usual),
            self.words.cell(&cell.metric),
        )
    }
}
