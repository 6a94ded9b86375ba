//! The answer in a sentence, how sure it is, and what to do about it.

use super::Page;
use crate::report::incident::{facts, plots};
use ecoops_core::domain::incident::{Citation, IncidentVerdict};

impl Page<'_> {
    pub(super) fn answer(&self) -> String {
        let (class, badge) = match self.analysis.verdict {
            IncidentVerdict::CauseFound => ("found", "bad"),
            IncidentVerdict::NoCause => ("calm", "good"),
            IncidentVerdict::Inconclusive => ("open", "warn"),
        };
        // That nothing is wrong is no hypothesis' doing.
        let first =
            self.analysis.hypotheses.first().filter(|_| self.analysis.verdict != IncidentVerdict::NoCause);
        let sure = first.map(|h| self.sure(h.confidence)).unwrap_or_default();
        let said = |c: &&Citation| self.analysis.answer.contains(&c.statement);
        let cited = first.and_then(|h| h.support.iter().find(said).or(h.support.first()));
        let cites = cited.map(|c| self.cites(&c.evidence)).unwrap_or_default();
        format!(
            "<div class=\"card answer {class}\"><span class=\"badge {badge}\">{}</span>\
             <p class=\"say\">{}{cites}</p>{sure}</div>\n",
            facts::verdict(self.analysis.verdict),
            self.words.sentence(&self.analysis.answer),
        )
    }

    /// A confidence as a bar and in words.
    pub(super) fn sure(&self, confidence: f64) -> String {
        format!(
            "<div class=\"sure\"><span>Confidence</span>{}<strong>{}</strong></div>",
            plots::confidence(confidence),
            facts::percent(confidence)
        )
    }

    pub(super) fn next(&self) -> String {
        let steps: String = facts::next_steps(self.analysis, self.data)
            .iter()
            .map(|s| format!("<li>{}{}</li>", self.words.sentence(&s.text), self.cites(&s.evidence)))
            .collect();
        if steps.is_empty() { String::new() } else { format!("<ol class=\"steps\">{steps}</ol>\n") }
    }
}
