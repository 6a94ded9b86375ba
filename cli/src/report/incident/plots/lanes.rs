//! What happened, on one axis of time with a lane for each kind of thing.

use super::scale::{percent, time_ticks};
use super::{anchor_at, short};
use crate::report::incident::facts;
use ecoops_core::domain::incident::TimeRange;
use std::fmt::Write;

/// One lane: its name, its class, and when something happened, with what (HTML).
#[derive(Debug)]
pub struct Lane {
    pub name: &'static str,
    pub class: &'static str,
    pub moments: Vec<(f64, String)>,
}

const LANE: f64 = 34.0;

pub fn lanes(lanes: &[Lane], range: TimeRange, detected: f64, title: &str) -> String {
    let bottom = LANE * lanes.len() as f64 + 4.0;
    let height = bottom + 24.0;
    let mut out = format!(
        r#"<svg class="chart lanes" role="img" aria-labelledby="lanes-t" height="{height}"><title id="lanes-t">{title}</title>"#
    );
    let days = facts::spans_days(range);
    for tick in time_ticks(range, if days { 3 } else { 5 }) {
        let x = percent(range, tick);
        let _ = write!(
            out,
            r#"<line class="grid" x1="{x}%" x2="{x}%" y1="0" y2="{bottom}"/><text class="tick" x="{x}%" y="{}" text-anchor="{}">{}</text>"#,
            bottom + 18.0,
            anchor_at(x),
            facts::minute(tick, days),
            x = short(x)
        );
    }
    if range.start <= detected && detected <= range.end {
        let x = short(percent(range, detected));
        let _ = write!(out, r#"<line class="detected" x1="{x}%" x2="{x}%" y1="0" y2="{bottom}"/>"#);
    }
    for (n, lane) in lanes.iter().enumerate() {
        let y = LANE * n as f64 + 24.0;
        let _ = write!(
            out,
            r#"<line class="base" x1="0" x2="100%" y1="{y}" y2="{y}"/><text class="tick halo" x="2" y="{}">{} ({})</text>"#,
            y - 9.0,
            lane.name,
            lane.moments.len()
        );
        for (time, what) in &lane.moments {
            // Everything before the axis begins is at its beginning.
            let x = short(percent(range, *time).clamp(0.6, 99.4));
            let _ = write!(
                out,
                r#"<circle class="dot {}" cx="{x}%" cy="{y}" r="5"><title>{what}</title></circle>"#,
                lane.class
            );
        }
    }
    out.push_str("</svg>");
    out
}
