//! Takes secrets out of a conclusion before anybody sees it. Ids, names of kinds and numbers stay.

use super::{Citation, IncidentAnalysis, IncidentEvidence, LogCluster, WhyNot};

type Redact<'a> = &'a dyn Fn(&str) -> String;

impl IncidentAnalysis {
    /// Passes every text that stems from signals or memory through `redactor`.
    pub fn redact(&mut self, redactor: Redact<'_>) {
        clean(&mut self.answer, redactor);
        for hypothesis in &mut self.hypotheses {
            clean(&mut hypothesis.statement, redactor);
            let said = hypothesis.support.iter_mut().chain(&mut hypothesis.counter);
            said.chain(&mut hypothesis.missing).for_each(|c| citation(c, redactor));
        }
        self.log_clusters.iter_mut().for_each(|c| cluster(c, redactor));
        self.timeline.iter_mut().for_each(|moment| clean(&mut moment.text, redactor));
        self.evidence.iter_mut().for_each(|e| evidence(e, redactor));
        self.notes.iter_mut().for_each(|note| clean(note, redactor));
    }
}

impl WhyNot {
    /// Passes every text that stems from signals through `redactor`.
    pub fn redact(&mut self, redactor: Redact<'_>) {
        clean(&mut self.subject, redactor);
        let said = self.support.iter_mut().chain(&mut self.counter);
        said.chain(&mut self.missing).for_each(|c| citation(c, redactor));
        self.evidence.iter_mut().for_each(|e| evidence(e, redactor));
    }
}

fn clean(text: &mut String, redactor: Redact<'_>) {
    *text = redactor(text);
}

fn citation(one: &mut Citation, redactor: Redact<'_>) {
    clean(&mut one.statement, redactor);
}

fn cluster(one: &mut LogCluster, redactor: Redact<'_>) {
    clean(&mut one.template, redactor);
    one.exemplars.iter_mut().for_each(|exemplar| clean(&mut exemplar.text, redactor));
}

fn evidence(one: &mut IncidentEvidence, redactor: Redact<'_>) {
    clean(&mut one.excerpt, redactor);
}
