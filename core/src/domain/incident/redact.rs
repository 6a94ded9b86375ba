//! Takes secrets out of a conclusion before anybody sees it. Ids, names of kinds and numbers stay.

use super::{Citation, IncidentAnalysis, IncidentEvidence, LogCluster, LogParameter, WhyNot};

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
    values(one, redactor);
    clean(&mut one.template, redactor);
    one.variants.iter_mut().for_each(|variant| clean(&mut variant.template, redactor));
    one.exemplars.iter_mut().for_each(|exemplar| clean(&mut exemplar.text, redactor));
}

/// What is no secret by itself may be one where it stood: each value is judged within its line, with the most frequent
/// values at the other places, and is only shown as it is where it is still there afterwards.
fn values(one: &mut LogCluster, redactor: Redact<'_>) {
    let line = |place: usize, value: &str, parameters: &[LogParameter]| {
        let mut parts = one.template.split(WILDCARD);
        let mut line = parts.next().unwrap_or_default().to_owned();
        for (at, part) in parts.enumerate() {
            let usual = parameters.iter().find(|p| p.place == at).and_then(|p| p.top.first());
            line.push_str(if at == place { value } else { usual.map_or(WILDCARD, |(text, _)| text) });
            line.push_str(part);
        }
        line
    };
    let judged: Vec<Vec<String>> = one
        .parameters
        .iter()
        .map(|parameter| {
            let shown = |value: &String| {
                let whole = line(parameter.place, value, &one.parameters);
                let cleaned = redactor(&whole);
                if cleaned == whole || redactor(value) == *value && cleaned.contains(value.as_str()) {
                    value.clone()
                } else {
                    HIDDEN.to_owned()
                }
            };
            parameter.top.iter().map(|(value, _)| shown(value)).collect()
        })
        .collect();
    for (parameter, values) in one.parameters.iter_mut().zip(judged) {
        if values.iter().any(|value| value == HIDDEN) {
            parameter.range = None;
        }
        parameter.top.iter_mut().zip(values).for_each(|((old, _), new)| *old = new);
    }
}

/// The wildcard of templates, and what stands for a value that may be a secret.
const WILDCARD: &str = "<*>";
const HIDDEN: &str = "[redacted]";

fn evidence(one: &mut IncidentEvidence, redactor: Redact<'_>) {
    clean(&mut one.excerpt, redactor);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster_of(template: &str, values: &[&str]) -> LogCluster {
        let parameter = |(place, value): (usize, &&str)| LogParameter {
            place,
            distinct: 1,
            top: vec![((*value).to_owned(), 9)],
            range: None,
        };
        LogCluster {
            id: "l1".into(),
            service: "pay".into(),
            template: template.into(),
            level: None,
            count: 9,
            baseline_count: 0,
            first_seen: None,
            last_seen: None,
            novelty: 1.0,
            instances: vec![],
            buckets: vec![],
            frames: vec![],
            exemplars: vec![],
            traces: vec![],
            variants: vec![],
            parameters: values.iter().enumerate().map(parameter).collect(),
        }
    }

    #[test]
    fn a_value_is_judged_where_it_stood() {
        // What follows `key=` is a secret, and so is `tok` anywhere.
        let redactor = |text: &str| match text.split_once("key=") {
            Some((before, after)) => {
                let end = after.find(' ').unwrap_or(after.len());
                format!("{before}key=‹secret›{}", &after[end..])
            }
            None => text.replace("tok", "‹secret›"),
        };
        for (template, values, expected) in [
            ("user <*> took <*> ms", &["ann", "31"][..], &["ann", "31"][..]),
            ("login key=<*> of <*>", &["hunter2", "ann"], &[HIDDEN, "ann"]),
            ("<*><*> of <*>", &["key=", "hunter2", "ann"], &[HIDDEN, HIDDEN, "ann"]),
            ("sent <*>", &["tok"], &[HIDDEN]),
        ] {
            let mut one = cluster_of(template, values);
            cluster(&mut one, &redactor);
            let shown: Vec<&str> = one.parameters.iter().map(|p| p.top[0].0.as_str()).collect();
            assert_eq!(shown, expected, "{template}");
        }
    }
}
