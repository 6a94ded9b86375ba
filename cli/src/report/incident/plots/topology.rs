//! The call graph with who fails, who suffers and who is exposed.

use super::layout::{Layout, Place, layout};
use super::short;
use std::fmt::Write;

#[derive(Debug, Clone)]
pub struct Node {
    /// HTML, cut to fit; and in full.
    pub label: String,
    pub full: String,
    /// `failing`, `suffering`, `exposed` or empty.
    pub state: &'static str,
    /// To jump to when the node is chosen, without `#`.
    pub link: Option<String>,
}

#[derive(Debug)]
pub struct Topology {
    pub nodes: Vec<Node>,
    /// Caller, callee.
    pub edges: Vec<(usize, usize)>,
}

const BOX: (f64, f64) = (156.0, 30.0);
const COLUMN: f64 = 224.0;
const ROW: f64 = 46.0;
const MARGIN: f64 = 12.0;
/// Pixels up to which a picture is fitted into the page.
const WIDE: f64 = 1400.0;

impl Topology {
    /// `title` is HTML.
    pub fn svg(&self, title: &str) -> String {
        let layout = layout(self.nodes.len(), &self.edges);
        let width = layout.layers.saturating_sub(1) as f64 * COLUMN + BOX.0 + 2.0 * MARGIN;
        let height = layout.height * ROW + BOX.1 + 2.0 * MARGIN;
        // What would be too small to read is scrolled instead.
        let wide = if width > WIDE { " wide" } else { "" };
        let mut out = format!(
            r#"<svg class="graph{wide}" role="img" aria-labelledby="graph-t" width="{w}" height="{h}" viewBox="0 0 {w} {h}"><title id="graph-t">{title}</title>"#,
            w = short(width),
            h = short(height)
        );
        for (id, class) in [("tip", "tip"), ("tip-hot", "tip hot")] {
            let _ = write!(
                out,
                r#"<marker id="{id}" class="{class}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.5L8 4L0 7.5Z"/></marker>"#
            );
        }
        // Calls on which trouble travels are drawn last, above the others.
        let mut numbers: Vec<usize> = (0..self.edges.len()).collect();
        numbers.sort_by_key(|n| self.hot(*n));
        for n in numbers {
            self.edge(n, &layout, &mut out);
        }
        for (node, place) in self.nodes.iter().zip(&layout.places) {
            draw(node, *place, &mut out);
        }
        out.push_str("</svg>");
        out
    }

    /// Whether trouble goes from the callee to the caller.
    fn hot(&self, edge: usize) -> bool {
        let state = |n: usize| self.nodes.get(n).map_or("", |n| n.state);
        let (caller, callee) = self.edges[edge];
        matches!(state(callee), "failing" | "suffering") && matches!(state(caller), "failing" | "suffering")
    }

    fn edge(&self, number: usize, layout: &Layout, out: &mut String) {
        let (caller, callee) = self.edges[number];
        let (Some(from), Some(to)) = (layout.places.get(caller), layout.places.get(callee)) else { return };
        if caller == callee {
            return;
        }
        let back = from.layer > to.layer;
        let side =
            |place: &Place, right: bool| (x(place) + if right { BOX.0 } else { 0.0 }, y(place) + BOX.1 / 2.0);
        let mut points = vec![side(from, !back)];
        for bend in layout.bends.get(number).into_iter().flatten() {
            let (left, right) = (side(bend, false), side(bend, true));
            points.extend(if back { [right, left] } else { [left, right] });
        }
        points.push(side(to, back));
        let mut path = format!("M{} {}", short(points[0].0), short(points[0].1));
        for pair in points.windows(2) {
            let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
            let middle = short((x1 + x2) / 2.0);
            let _ =
                write!(path, "C{middle} {} {middle} {} {} {}", short(y1), short(y2), short(x2), short(y2));
        }
        let (class, tip) = if self.hot(number) { ("call hot", "tip-hot") } else { ("call", "tip") };
        let turned = if back { " back" } else { "" };
        let _ = write!(out, r##"<path class="{class}{turned}" d="{path}" marker-end="url(#{tip})"/>"##);
    }
}

fn x(place: &Place) -> f64 {
    MARGIN + place.layer as f64 * COLUMN
}

fn y(place: &Place) -> f64 {
    MARGIN + place.height * ROW
}

fn draw(node: &Node, place: Place, out: &mut String) {
    let (x, y) = (x(&place), y(&place));
    // Not by colour alone: each state has its own sign.
    let sign = match node.state {
        "failing" => "✕ ",
        "suffering" => "▲ ",
        "exposed" => "◇ ",
        _ => "",
    };
    let told = if node.state.is_empty() { String::new() } else { format!(": {}", node.state) };
    if let Some(link) = &node.link {
        let _ = write!(out, r##"<a href="#{link}">"##);
    }
    let _ = write!(
        out,
        r#"<g class="node {}"><title>{}{told}</title><rect x="{}" y="{}" width="{}" height="{}" rx="6"/><text x="{}" y="{}" text-anchor="middle">{sign}{}</text></g>"#,
        node.state,
        node.full,
        short(x),
        short(y),
        BOX.0,
        BOX.1,
        short(x + BOX.0 / 2.0),
        short(y + BOX.1 / 2.0 + 4.5),
        node.label
    );
    if node.link.is_some() {
        out.push_str("</a>");
    }
}
