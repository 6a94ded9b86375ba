//! Every observation that something above cites, with where to look it up.

use super::{Page, folded, more};
use crate::report::incident::facts;
use crate::report::incident::words::anchor;
use ecoops_core::domain::incident::IncidentEvidence;

/// Rows that are shown unfolded; those that are cited must all be there.
const FIRST: usize = 40;

impl Page<'_> {
    pub(super) fn evidence(&self) -> String {
        let all = &self.analysis.evidence;
        if all.is_empty() {
            return String::new();
        }
        let rows: Vec<String> = all.iter().map(|e| self.observation(e)).collect();
        let (first, rest) = rows.split_at(FIRST.min(rows.len()));
        let rest = if rest.is_empty() { String::new() } else { table(&rest.concat()) };
        format!(
            "<div class=\"card\">{}{}</div>\n",
            table(&first.concat()),
            folded(&more(all.len() - first.len(), "observation", "observations"), &rest)
        )
    }

    fn observation(&self, e: &IncidentEvidence) -> String {
        let place = match (&e.file, e.offset) {
            (Some(file), Some(offset)) => format!("{}:{offset}", self.words.cell(file)),
            (Some(file), None) => self.words.cell(file),
            _ => String::new(),
        };
        let hash = e.hash.as_deref().map(|h| {
            let short: String = h.trim_start_matches("sha256:").chars().take(12).collect();
            format!(" <span class=\"quiet\">{}</span>", self.words.name(&short))
        });
        let place = match place.is_empty() {
            true => String::new(),
            false => format!("<br><code class=\"quiet\">{place}</code>{}", hash.unwrap_or_default()),
        };
        format!(
            "<tr id=\"{}\"><th scope=\"row\" class=\"id\">{}</th><td class=\"kind\">{}</td><td>{}</td><td class=\"wide\">{}{place}</td>\
             <td class=\"num\">{}</td></tr>",
            anchor("evidence", &e.id),
            self.words.name(&e.id),
            facts::evidence(e.kind),
            self.words.cell(e.service.as_deref().unwrap_or("")),
            self.words.sentence(&e.excerpt),
            if e.score.is_finite() { format!("{:.2}", e.score) } else { "unknown".into() },
        )
    }
}

fn table(rows: &str) -> String {
    format!(
        "<table class=\"fold\"><thead><tr><th scope=\"col\">Id</th><th scope=\"col\">Kind</th>\
         <th scope=\"col\">Service</th><th scope=\"col\">Observation</th><th scope=\"col\" class=\"num\">Weight</th>\
         </tr></thead><tbody>{rows}</tbody></table>"
    )
}
