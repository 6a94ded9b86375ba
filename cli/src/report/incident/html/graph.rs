//! Who calls whom, and how far trouble reaches.

use super::{Page, folded};
use crate::report::incident::facts;
use crate::report::incident::plots::{Node, Topology};
use crate::report::incident::words::{cut, escape};
use ecoops_core::domain::incident::{EdgeSource, Impact, ImpactedService};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// More services than this cannot be told apart in a picture.
const MOST: usize = 60;
const LABEL: usize = 18;

impl Page<'_> {
    pub(super) fn topology(&self) -> String {
        let impacts: HashMap<&str, &ImpactedService> =
            self.analysis.blast_radius.services.iter().map(|s| (s.service.as_str(), s)).collect();
        let edges: BTreeSet<(&str, &str)> =
            self.data.topology.iter().map(|e| (e.caller.as_str(), e.callee.as_str())).collect();
        if edges.is_empty() && impacts.is_empty() {
            return String::new();
        }
        let shown = shown(&edges, &impacts);
        let picture = if edges.is_empty() { String::new() } else { self.picture(&shown, &edges, &impacts) };
        format!(
            "<p class=\"lead\">{}</p>\n<div class=\"card\">{picture}{}</div>\n",
            self.reach(&shown, &edges),
            self.impacted()
        ) + &folded("Every call as a table", &self.calls(&edges))
    }

    /// How the picture came about, in words.
    fn reach(&self, shown: &BTreeSet<&str>, edges: &BTreeSet<(&str, &str)>) -> String {
        let radius = &self.analysis.blast_radius;
        let count = |impact| radius.services.iter().filter(|s| s.impact == impact).count();
        let mut words = format!(
            "{} failing, {} suffering, {} exposed. Callers are on the left of what they call.",
            count(Impact::Failing),
            count(Impact::Suffering),
            count(Impact::Exposed)
        );
        if radius.learnt || self.data.topology.iter().any(|e| e.source != EdgeSource::Given) {
            words.push_str(" Calls that nobody listed were learnt from metrics and traces.");
        }
        let all: BTreeSet<&str> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
        if all.len() > shown.len() {
            words.push_str(&format!(" {} services further away are not drawn.", all.len() - shown.len()));
        }
        if !radius.objectives.is_empty() {
            let named: Vec<String> = radius.objectives.iter().take(8).map(|o| self.words.name(o)).collect();
            words.push_str(&format!(" Objectives violated or at risk: {}.", named.join(", ")));
        }
        words
    }

    fn picture(
        &self,
        shown: &BTreeSet<&str>,
        edges: &BTreeSet<(&str, &str)>,
        impacts: &HashMap<&str, &ImpactedService>,
    ) -> String {
        let names: Vec<&str> = shown.iter().copied().collect();
        let number: HashMap<&str, usize> = names.iter().enumerate().map(|(n, name)| (*name, n)).collect();
        let node = |name: &&str| {
            let state = impacts.get(name).map_or("", |s| facts::impact(s.impact));
            Node {
                label: escape(&cut(&self.words.plain(name, 200), LABEL)),
                full: self.words.name(name),
                state,
                link: impacts.get(name).map(|_| super::anchor("impact", name)),
            }
        };
        let both = |(a, b): &(&str, &str)| Some((*number.get(a)?, *number.get(b)?));
        let graph = Topology {
            nodes: names.iter().map(node).collect(),
            edges: edges.iter().filter_map(both).collect(),
        };
        let title = "The services and their calls. Failing, suffering and exposed services are marked; the table below says the same.";
        format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Call graph\">{}</div>",
            graph.svg(title)
        )
    }

    fn impacted(&self) -> String {
        let services = &self.analysis.blast_radius.services;
        if services.is_empty() {
            return "<p class=\"quiet\">No service is known to be affected.</p>".into();
        }
        let row = |s: &ImpactedService| {
            let (class, sign) = match s.impact {
                Impact::Failing => ("bad", "✕"),
                Impact::Suffering => ("warn", "▲"),
                Impact::Exposed => ("", "◇"),
            };
            let distance = match s.distance {
                0 => "here".to_owned(),
                1 => "1 call".to_owned(),
                n => format!("{n} calls"),
            };
            format!(
                "<tr id=\"{}\"><th scope=\"row\">{}</th><td><span class=\"badge {class}\">\
                 <span aria-hidden=\"true\">{sign}</span> {}</span></td><td>{distance}</td><td>{}</td></tr>",
                super::anchor("impact", &s.service),
                self.words.cell(&s.service),
                facts::impact(s.impact),
                self.cites(&s.evidence),
            )
        };
        let rows: String = services.iter().take(200).map(row).collect();
        format!(
            "<table class=\"fold\"><thead><tr><th scope=\"col\">Service</th><th scope=\"col\">Is</th>\
             <th scope=\"col\">Distance</th><th scope=\"col\">Evidence</th></tr></thead><tbody>{rows}</tbody></table>"
        )
    }

    fn calls(&self, edges: &BTreeSet<(&str, &str)>) -> String {
        let mut callees: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        edges.iter().for_each(|(a, b)| callees.entry(a).or_default().push(b));
        let row = |(caller, callees): (&&str, &Vec<&str>)| {
            let named: Vec<String> = callees.iter().take(60).map(|c| self.words.cell(c)).collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                self.words.cell(caller),
                named.join(", ")
            )
        };
        let rows: String = callees.iter().take(400).map(row).collect();
        match rows.is_empty() {
            true => String::new(),
            false => format!(
                "<table><thead><tr><th scope=\"col\">Caller</th><th scope=\"col\">Calls</th></tr></thead><tbody>{rows}</tbody></table>"
            ),
        }
    }
}

/// All services of the graph, or those that are affected and what is nearest to them.
fn shown<'a>(
    edges: &BTreeSet<(&'a str, &'a str)>,
    impacts: &HashMap<&'a str, &'a ImpactedService>,
) -> BTreeSet<&'a str> {
    let all: BTreeSet<&str> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
    if all.len() <= MOST {
        return all;
    }
    let mut affected: Vec<&&ImpactedService> = impacts.values().collect();
    affected.sort_by(|a, b| (a.impact, a.distance, &a.service).cmp(&(b.impact, b.distance, &b.service)));
    let mut shown: BTreeSet<&str> =
        affected.iter().map(|s| s.service.as_str()).filter(|s| all.contains(s)).take(MOST).collect();
    while shown.len() < MOST {
        let near = |(a, b): &(&'a str, &'a str)| match (shown.contains(a), shown.contains(b)) {
            (true, false) => Some(*b),
            (false, true) => Some(*a),
            _ => None,
        };
        match edges.iter().find_map(near).or_else(|| all.iter().find(|s| !shown.contains(*s)).copied()) {
            Some(next) => shown.insert(next),
            None => break,
        };
    }
    shown
}
