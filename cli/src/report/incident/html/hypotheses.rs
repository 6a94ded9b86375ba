//! What may be to blame, in order, each with what speaks for it, against it, and what would settle it.

use super::{Page, folded, more};
use crate::report::incident::facts;
use ecoops_core::domain::incident::{CauseHypothesis, Citation};

/// Hypotheses that are shown unfolded, and how likely all but the first must be for it.
const FIRST: usize = 4;
const LIKELY: f64 = 0.1;
/// Sentences of one side that are shown.
const SENTENCES: usize = 8;

impl Page<'_> {
    pub(super) fn hypotheses(&self) -> String {
        let all = &self.analysis.hypotheses;
        if all.is_empty() {
            return String::new();
        }
        let cards: Vec<String> = all.iter().enumerate().map(|(n, h)| self.hypothesis(n + 1, h)).collect();
        let likely = 1 + all.iter().skip(1).take_while(|h| h.confidence >= LIKELY).count();
        let (first, rest) = cards.split_at(FIRST.min(likely).min(cards.len()));
        format!(
            "<p class=\"lead\">Each argues against itself; the numbers in brackets lead to the evidence.</p>\n\
             <div class=\"stack\">{}</div>\n{}",
            first.concat(),
            folded(
                &more(rest.len(), "hypothesis that is less likely", "hypotheses that are less likely"),
                &if rest.is_empty() {
                    String::new()
                } else {
                    format!("<div class=\"stack\">{}</div>", rest.concat())
                }
            ),
        )
    }

    fn hypothesis(&self, rank: usize, h: &CauseHypothesis) -> String {
        let change = h.change_id.as_ref().map(|c| format!(" {}", self.words.name(c))).unwrap_or_default();
        let mut tags = vec![
            format!("service <strong>{}</strong>", self.words.name(&h.service)),
            format!("kind <strong>{}{change}</strong>", facts::cause(h.kind)),
        ];
        if let Some(metric) = &h.metric {
            tags.push(format!("metric <strong>{}</strong>", self.words.name(metric)));
        }
        let tags: String = tags.into_iter().map(|t| format!("<span>{t}</span>")).collect();
        let sides = [
            self.side("for", "Speaks for it", &h.support),
            self.side("against", "Speaks against it", &h.counter),
            self.side("missing", "Missing", &h.missing),
        ];
        format!(
            "<article class=\"card hypothesis\" id=\"hypothesis-{rank}\"><header><span class=\"rank\">{rank}</span>\
             <h3>{}</h3><div class=\"tags\">{tags}</div>{}</header><div class=\"sides\">{}</div></article>\n",
            self.words.sentence(&h.statement),
            self.sure(h.confidence),
            sides.concat(),
        )
    }

    fn side(&self, class: &str, name: &str, said: &[Citation]) -> String {
        if said.is_empty() {
            return String::new();
        }
        let item = |c: &Citation| {
            format!("<li>{}{}</li>", self.words.sentence(&c.statement), self.cites(&c.evidence))
        };
        let mut items: String = said.iter().take(SENTENCES).map(item).collect();
        if said.len() > SENTENCES {
            items.push_str(&format!("<li class=\"quiet\">and {} more</li>", said.len() - SENTENCES));
        }
        format!("<div class=\"{class}\"><h4>{name}</h4><ul>{items}</ul></div>")
    }
}
