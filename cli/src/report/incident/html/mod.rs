//! The report as one page: HTML with its style and pictures inside, nothing from elsewhere, no scripts.
//!
//! Everything from outside passes [`Words`]; the page's own policy forbids whatever would slip through.

mod answer;
mod evidence;
mod graph;
mod hypotheses;
mod logs;
mod measures;
mod services;
mod timeline;

use super::facts;
use super::words::{Words, anchor, escape};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::domain::ContentHash;
use ecoops_core::domain::incident::{IncidentAnalysis, IncidentData};
use std::collections::HashSet;

const STYLE: &str = include_str!("style.css");

/// What every section draws on.
struct Page<'a> {
    analysis: &'a IncidentAnalysis,
    data: &'a IncidentData,
    words: Words<'a>,
    /// Ids of evidence that there is.
    known: HashSet<&'a str>,
}

/// The whole document. `redact` takes secrets out of a text.
pub fn html(analysis: &IncidentAnalysis, data: &IncidentData, redact: &dyn Fn(&str) -> String) -> String {
    let known = analysis.evidence.iter().map(|e| e.id.as_str()).collect();
    let page = Page { analysis, data, words: Words::new(redact), known };
    let sections = [
        ("answer", "Answer", page.answer()),
        ("next", "What to do", page.next()),
        ("timeline", "Timeline", page.timeline()),
        ("hypotheses", "Hypotheses", page.hypotheses()),
        ("measures", "Measurements", page.measures()),
        ("services", "Services", page.services()),
        ("topology", "Topology", page.topology()),
        ("logs", "Logs", page.logs()),
        ("evidence", "Evidence", page.evidence()),
        ("notes", "What could not be known", page.notes()),
        ("reproduce", "Reproduce", page.reproduce()),
    ];
    let shown = || sections.iter().filter(|(_, _, body)| !body.is_empty());
    let links: String =
        shown().skip(1).map(|(id, name, _)| format!(r##"<li><a href="#{id}">{name}</a></li>"##)).collect();
    let bodies: String = shown()
        .map(|(id, name, body)| {
            format!("<section id=\"{id}\" aria-labelledby=\"{id}-h\"><h2 id=\"{id}-h\">{name}</h2>\n{body}</section>\n")
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n{head}</head>\n<body>\n\
         <a class=\"skip\" href=\"#answer\">Skip to the answer</a>\n<div class=\"frame\">\n{top}\
         <nav aria-label=\"Contents\"><ul>{links}</ul></nav>\n<main>\n{bodies}</main>\n{foot}</div>\n</body>\n</html>\n",
        head = page.head(),
        top = page.top(),
        foot = FOOT,
    )
}

const FOOT: &str = "<footer>Made by ecoops from the incident's own data. Times are UTC. Texts quoted from logs, \
                    events and people are shown as they are, without secrets; they are no advice.</footer>\n";

impl Page<'_> {
    fn head(&self) -> String {
        let hash = ContentHash::of(STYLE.as_bytes());
        let bytes: Vec<u8> = (0..hash.hex().len() / 2)
            .filter_map(|n| u8::from_str_radix(hash.hex().get(2 * n..2 * n + 2)?, 16).ok())
            .collect();
        format!(
            "<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
             base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>Incident: {}</title>\n<style>{STYLE}</style>\n",
            STANDARD.encode(bytes),
            self.words.name(&self.data.brief.title),
        )
    }

    fn top(&self) -> String {
        let brief = &self.data.brief;
        let mut facts: Vec<(&str, String)> = vec![
            ("Noticed", stamp(brief.detected_at)),
            (
                "Window",
                format!(
                    "{} to {} ({})",
                    stamp(brief.window.start),
                    facts::clock(brief.window.end, true),
                    facts::duration(brief.window.length())
                ),
            ),
        ];
        let place: Vec<String> =
            brief.service.iter().chain(&brief.metric).map(|w| self.words.name(w)).collect();
        if !place.is_empty() {
            facts.push(("Seen in", place.join(" · ")));
        }
        let services: HashSet<&str> = self.data.series.iter().map(|s| s.key.service.as_str()).collect();
        let lines: u64 = self.data.logs.iter().map(|l| l.count + l.baseline_count).sum();
        facts.push((
            "Read",
            format!(
                "{} series of {} services, {} log lines, {} changes",
                facts::count(self.data.series.len() as u64),
                services.len(),
                facts::count(lines),
                self.data.changes.len()
            ),
        ));
        let facts: String = facts
            .into_iter()
            .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>"))
            .collect();
        format!(
            "<header class=\"top\"><p class=\"kicker\">Incident report</p><h1>{}</h1><dl class=\"facts\">{facts}</dl></header>\n",
            self.words.sentence(&brief.title)
        )
    }

    /// Links to evidence, in the order given; ids that lead nowhere stay words.
    fn cites(&self, ids: &[String]) -> String {
        const MOST: usize = 6;
        let link = |id: &String| {
            let name = self.words.name(id);
            match self.known.contains(id.as_str()) {
                true => format!(r##"<a href="#{}">{name}</a>"##, anchor("evidence", id)),
                false => name,
            }
        };
        if ids.is_empty() {
            return String::new();
        }
        let links: Vec<String> = ids.iter().take(MOST).map(link).collect();
        let more = ids.len().saturating_sub(MOST);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!(r#" <span class="cites">[{}{more}]</span>"#, links.join(" "))
    }

    fn notes(&self) -> String {
        let notes: Vec<&String> = self.analysis.notes.iter().chain(&self.data.notes).collect();
        let mut seen = HashSet::new();
        let items: String = notes
            .into_iter()
            .filter(|n| seen.insert(n.as_str()))
            .map(|n| format!("<li>{}</li>", self.words.sentence(n)))
            .collect();
        if items.is_empty() { String::new() } else { format!("<ul class=\"plain\">{items}</ul>\n") }
    }

    fn reproduce(&self) -> String {
        "<p>The same data give the same report, byte for byte. With the incident's bundle in a folder:</p>\n\
         <pre tabindex=\"0\"><code>ecoops incident analyze BUNDLE\necoops incident why-not SERVICE_OR_CHANGE\n\
         ecoops incident export --format html</code></pre>\n"
            .into()
    }
}

/// A time for people and machines.
fn stamp(seconds: f64) -> String {
    format!(r#"<time datetime="{}">{}</time>"#, facts::machine_time(seconds), facts::time(seconds))
}

/// What is folded away until somebody wants it.
fn folded(summary: &str, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    format!("<details><summary>{}</summary>{body}</details>\n", escape(summary))
}

/// `1 more`, `2 more`.
fn more(number: usize, one: &str, many: &str) -> String {
    format!("{number} more {}", if number == 1 { one } else { many })
}
