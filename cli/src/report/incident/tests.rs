//! What must hold for any analysis, hostile ones included; the page is read back tag by tag.

use super::samples::{HOSTILE, analysis, data, hostile};
use super::{html, markdown};
use ecoops_core::domain::incident::*;
use std::collections::{BTreeMap, BTreeSet};

const SECRET: &str = "hunter2secret";

fn redact(text: &str) -> String {
    text.replace(SECRET, "‹secret›")
}

fn empty() -> (IncidentAnalysis, IncidentData) {
    let brief = IncidentBrief {
        title: String::new(),
        detected_at: f64::NAN,
        window: TimeRange { start: 0.0, end: 0.0 },
        service: None,
        metric: None,
        baseline: None,
    };
    let data = IncidentData {
        brief,
        series: vec![],
        logs: vec![],
        spans: vec![],
        events: vec![],
        topology: vec![],
        changes: vec![],
        notes: vec![],
    };
    let analysis = IncidentAnalysis {
        verdict: IncidentVerdict::NoCause,
        answer: String::new(),
        hypotheses: vec![],
        anomalies: vec![],
        log_clusters: vec![],
        views: vec![],
        blast_radius: BlastRadius::default(),
        timeline: vec![],
        evidence: vec![],
        notes: vec![],
        problem: None,
    };
    (analysis, data)
}

/// A graph with cycles and loops, more services than are drawn, and many of everything else.
fn large() -> (IncidentAnalysis, IncidentData) {
    let (mut a, mut d) = (analysis(), data());
    for n in 0..300 {
        let (caller, callee) = (format!("s{}", n % 97), format!("s{}", (n * 31 + 7) % 97));
        d.topology.push(CallEdge { caller, callee, source: EdgeSource::Calls });
    }
    let repeat = |n: usize, x: &Anomaly| Anomaly { id: format!("b{n}"), ..x.clone() };
    a.anomalies = (0..400).map(|n| repeat(n, &a.anomalies[n % 3])).collect();
    let repeat = |n: usize, x: &LogCluster| LogCluster { id: format!("m{n}"), ..x.clone() };
    a.log_clusters = (0..100).map(|n| repeat(n, &a.log_clusters[0])).collect();
    a.timeline = (0..900).map(|n| a.timeline[n % 3].clone()).collect();
    a.hypotheses = (0..9).map(|n| a.hypotheses[n % 2].clone()).collect();
    (a, d)
}

fn all() -> [(&'static str, (IncidentAnalysis, IncidentData)); 4] {
    [("small", (analysis(), data())), ("hostile", hostile()), ("empty", empty()), ("large", large())]
}

/// A start or an end tag with its attributes.
struct Tag {
    name: String,
    end: bool,
    closed: bool,
    attributes: BTreeMap<String, String>,
}

/// Reads a page strictly: what a lenient reader would mend is an error here.
fn tags(page: &str) -> Vec<Tag> {
    // A style sheet is not markup.
    let (head, after) = page.split_once("<style>").expect("a style sheet");
    let (_, body) = after.split_once("</style>").expect("the end of the style sheet");
    let page = format!("{head}<style></style>{body}");
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a document type");
    let mut tags = Vec::new();
    while let Some(at) = rest.find('<') {
        let before = &rest[..at];
        assert!(!before.contains('>'), "a bare >: {before}");
        let end = rest[at..].find('>').map(|e| at + e).expect("an open tag");
        let inside = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let (closed, inside) = inside.strip_suffix('/').map_or((false, inside), |i| (true, i));
        let (is_end, inside) = inside.strip_prefix('/').map_or((false, inside), |i| (true, i));
        let (name, mut left) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "<{inside}>");
        let mut attributes = BTreeMap::new();
        while !left.trim_start().is_empty() {
            let (key, value) = left.trim_start().split_once("=\"").expect("a quoted value");
            let (value, after) = value.split_once('"').expect("the end of a value");
            assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{key}");
            assert!(
                attributes.insert(key.to_owned(), value.to_owned()).is_none(),
                "{key} twice in <{inside}>"
            );
            left = after;
        }
        tags.push(Tag { name: name.into(), end: is_end, closed, attributes });
    }
    tags
}

const VOID: [&str; 4] = ["meta", "br", "wbr", "link"];

#[test]
fn pages_are_well_formed() {
    for (what, (a, d)) in all() {
        let page = html(&a, &d, &redact);
        let mut open: Vec<String> = Vec::new();
        for tag in tags(&page) {
            if tag.end {
                assert_eq!(open.pop().as_deref(), Some(tag.name.as_str()), "{what}: {open:?}");
            } else if !tag.closed && !VOID.contains(&tag.name.as_str()) {
                open.push(tag.name);
            }
        }
        assert!(open.is_empty(), "{what}: {open:?}");
    }
}

#[test]
fn ids_are_unique_and_links_lead_somewhere() {
    for (what, (a, d)) in all() {
        let page = html(&a, &d, &redact);
        let tags = tags(&page);
        let ids: Vec<&str> = tags.iter().filter_map(|t| t.attributes.get("id")).map(String::as_str).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, unique.iter().copied().collect::<Vec<_>>(), "{what}");
        for tag in &tags {
            let links =
                tag.attributes.get("href").map(|h| h.strip_prefix('#').expect("a link within the page"));
            let labels = tag.attributes.get("aria-labelledby").map(|l| l.split(' ')).into_iter().flatten();
            for id in links.into_iter().chain(labels) {
                assert!(unique.contains(id), "{what}: {id}");
            }
        }
    }
}

#[test]
fn pages_hold_nothing_that_acts_or_fetches() {
    const ELEMENTS: [&str; 54] = [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "a",
        "div",
        "header",
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "dl",
        "dt",
        "dd",
        "nav",
        "ul",
        "ol",
        "li",
        "main",
        "section",
        "article",
        "span",
        "strong",
        "time",
        "svg",
        "rect",
        "line",
        "path",
        "circle",
        "text",
        "g",
        "desc",
        "marker",
        "figure",
        "figcaption",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "pre",
        "code",
        "br",
        "wbr",
        "footer",
        "b",
        "i",
        "em",
    ];
    for (what, (a, d)) in all() {
        let page = html(&a, &d, &redact);
        for tag in tags(&page) {
            assert!(ELEMENTS.contains(&tag.name.as_str()), "{what}: <{}>", tag.name);
            for (key, value) in &tag.attributes {
                assert!(
                    !key.starts_with("on")
                        && !["style", "src", "srcset", "xlink-href"].contains(&key.as_str()),
                    "{key}"
                );
                assert!(!value.contains("//") && !value.contains("javascript:"), "{what}: {key}={value}");
                assert!(!value.contains("url(") || value.starts_with("url(#"), "{what}: {key}={value}");
            }
        }
        let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("//"));
    }
}

/// Numbers that are no numbers would make a picture invalid.
#[test]
fn pictures_have_numbers_only() {
    for (what, (a, d)) in all() {
        let page = html(&a, &d, &redact);
        for tag in tags(&page) {
            for key in ["x", "y", "x1", "x2", "y1", "y2", "width", "height", "cx", "cy", "r"] {
                let Some(value) = tag.attributes.get(key) else { continue };
                let number: f64 = value.trim_end_matches('%').parse().unwrap_or(f64::NAN);
                assert!(number.is_finite(), "{what}: <{} {key}={value}>", tag.name);
                assert!(number >= 0.0 || !["width", "height", "r"].contains(&key), "{what}: {key}={value}");
            }
            let path = tag.attributes.get("d").map_or("", String::as_str);
            assert!(!path.contains("NaN") && !path.contains("inf"), "{what}: {path}");
        }
    }
}

#[test]
fn the_policy_allows_this_style_and_nothing_else() {
    use base64::Engine;
    let page = html(&analysis(), &data(), &redact);
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = ecoops_core::domain::ContentHash::of(style.as_bytes());
    let bytes: Vec<u8> =
        (0..32).map(|n| u8::from_str_radix(&hash.hex()[2 * n..2 * n + 2], 16).unwrap()).collect();
    let hash = base64::engine::general_purpose::STANDARD.encode(bytes);
    assert!(page.contains(&format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'")));
}

#[test]
fn hostile_words_are_harmless_everywhere() {
    let (a, d) = hostile();
    for text in [html(&a, &d, &redact), markdown(&a, &d, &redact)] {
        assert!(!text.contains(SECRET));
        assert!(text.contains("‹secret›"));
        let bad = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.chars().any(bad));
        assert!(text.len() < 1_000_000, "{}", text.len());
    }
    // The words are still there for people to read.
    assert!(html(&a, &d, &redact).contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(HOSTILE.contains(SECRET));
}

#[test]
fn hostile_words_are_no_markdown() {
    let (a, d) = hostile();
    let text = markdown(&a, &d, &redact);
    let bare = text.replace("\\]", "");
    assert!(!bare.contains('<') && !bare.contains("](") && !bare.contains('@') && !bare.contains("://"));
    let headings: Vec<&str> = text.lines().filter(|l| l.starts_with('#')).collect();
    assert!(headings.iter().all(|h| !h.starts_with("# heading")), "{headings:?}");
    // Rows of one table have as many cells as its head.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut width = None;
    for line in text.lines() {
        match line.starts_with('|') {
            true => assert_eq!(*width.get_or_insert(cells(line)), cells(line), "{line}"),
            false => width = None,
        }
    }
}

#[test]
fn what_is_there_is_shown_and_what_is_not_is_left_out() {
    let page = html(&analysis(), &data(), &redact);
    for words in [
        "The rollout chg-1 of pay makes a third of its requests fail.",
        "Take back the rollout chg-1 of pay, back to v1 (2 instances run it).",
        "New instances fail, old ones do not",
        "href=\"#evidence-e1\"",
        "logs/pay.pay-b.log:4711",
        "charge &lt;*&gt; failed: rate is null",
        "com.shop.Rates.of(Rates.java:88)",
        "2 lines of metrics.csv were ignored",
        "class=\"node failing\"",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let (a, d) = empty();
    let page = html(&a, &d, &redact);
    for section in ["timeline", "hypotheses", "measures", "topology", "logs", "evidence", "notes"] {
        assert!(!page.contains(&format!("id=\"{section}\"")), "{section}");
    }
    assert!(page.contains("Nothing out of the ordinary"));
}

/// Relative luminance and contrast as WCAG 2.2 defines them.
fn contrast(a: &str, b: &str) -> f64 {
    let light = |color: &str| {
        let channel = |n: usize| {
            let digits = color.trim_start_matches('#');
            let wide =
                if digits.len() == 3 { digits[n..=n].repeat(2) } else { digits[2 * n..2 * n + 2].to_owned() };
            let c = f64::from(u8::from_str_radix(&wide, 16).unwrap()) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2)
    };
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn colours_can_be_told_apart_in_light_dark_and_print() {
    let style = include_str!("html/style.css");
    let themes: Vec<BTreeMap<&str, &str>> = style
        .split(":root {")
        .skip(1)
        .map(|block| {
            let block = block.split('}').next().unwrap();
            block.split(';').filter_map(|d| d.split_once(':')).map(|(k, v)| (k.trim(), v.trim())).collect()
        })
        .collect();
    assert_eq!(themes.len(), 3);
    for theme in themes {
        for (front, back, least) in [
            ("--ink", "--page", 7.0),
            ("--ink", "--card", 7.0),
            ("--ink", "--code", 7.0),
            ("--quiet", "--page", 4.5),
            ("--quiet", "--card", 4.5),
            ("--quiet", "--code", 4.5),
            ("--link", "--page", 4.5),
            ("--link", "--card", 4.5),
            ("--bad", "--bad-soft", 4.5),
            ("--bad", "--card", 4.5),
            ("--warn", "--warn-soft", 4.5),
            ("--warn", "--card", 4.5),
            ("--good", "--good-soft", 4.5),
            ("--good", "--card", 4.5),
            ("--mark", "--card", 4.5),
            ("--line", "--card", 3.0),
            ("--line", "--odd", 3.0),
            ("--line", "--band", 3.0),
            ("--other", "--card", 3.0),
        ] {
            let found = contrast(theme[front], theme[back]);
            assert!(found >= least, "{front} on {back}: {found:.2} in {:?}", theme["--page"]);
        }
    }
}

#[test]
fn a_small_report_as_a_page() {
    let page = html(&analysis(), &data(), &redact);
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    let head = head.split("style-src").next().unwrap();
    insta::assert_snapshot!(format!("{head}…{body}"));
}

#[test]
fn a_small_report_as_markdown() {
    insta::assert_snapshot!(markdown(&analysis(), &data(), &redact));
}
