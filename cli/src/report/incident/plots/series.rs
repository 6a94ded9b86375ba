//! One series over time: what was expected, what was measured, when it left, what was changed.

use super::scale::{Scale, percent, time_ticks};
use super::{anchor_at, short};
use crate::report::incident::facts;
use ecoops_core::domain::incident::TimeRange;
use std::fmt::Write;

/// A vertical line with a label.
#[derive(Debug, Clone)]
pub struct Mark {
    pub time: f64,
    /// HTML.
    pub label: String,
    /// Characters of the label as it is shown.
    pub width: usize,
    /// Whether it has to do with this series; others are only hinted at.
    pub close: bool,
}

#[derive(Debug)]
pub struct SeriesPlot<'a> {
    /// Unique in the page.
    pub id: &'a str,
    /// HTML, for those who do not see the picture.
    pub title: &'a str,
    pub description: &'a str,
    pub range: TimeRange,
    pub window: TimeRange,
    pub points: &'a [(f64, f64)],
    /// The same measure of other instances.
    pub others: Vec<&'a [(f64, f64)]>,
    pub expected: (f64, f64),
    pub anomaly: TimeRange,
    pub detected: f64,
    pub marks: Vec<Mark>,
    pub unit: Option<&'a str>,
}

/// Pixels.
const HEIGHT: f64 = 210.0;
const ROW: f64 = 16.0;
const BOTTOM: f64 = 24.0;
/// The narrowest picture for which labels are kept apart, and a character's width.
const NARROW: f64 = 330.0;
const LETTER: f64 = 7.2;
/// Units of the stretched coordinates.
const WIDE: f64 = 1000.0;
/// More points than this are drawn as their extremes.
const MOST_POINTS: usize = 600;

impl SeriesPlot<'_> {
    pub fn svg(&self) -> String {
        let rows = self.rows();
        let top = 6.0 + ROW * rows.iter().map(|r| r + 1).max().unwrap_or(0) as f64;
        let area = Area { top, height: HEIGHT - BOTTOM - top, range: self.range, scale: self.scale() };
        let mut out = format!(
            r#"<svg class="chart" role="img" aria-labelledby="{id}-t {id}-d" height="{HEIGHT}"><title id="{id}-t">{}</title><desc id="{id}-d">{}</desc>"#,
            self.title,
            self.description,
            id = self.id
        );
        self.grounds(&area, &mut out);
        self.grid(&area, &mut out);
        self.marks(&area, &rows, &mut out);
        let _ = write!(
            out,
            r#"<svg y="{}" width="100%" height="{h}" viewBox="0 0 {WIDE} {h}" preserveAspectRatio="none">"#,
            short(area.top),
            h = short(area.height)
        );
        for other in &self.others {
            area.line(other, "other", &mut out);
        }
        area.line(self.points, "line", &mut out);
        out.push_str("</svg>");
        self.labels(&area, &mut out);
        out.push_str("</svg>");
        out
    }

    fn scale(&self) -> Scale {
        let seen = |(t, _): &&(f64, f64)| self.range.start <= *t && *t <= self.range.end;
        let all = self.others.iter().copied().chain([self.points]);
        let values = all.flat_map(|points| points.iter().filter(seen).map(|(_, v)| *v));
        Scale::of(values.chain([self.expected.0, self.expected.1]))
    }

    /// Tinted areas: what was out of the ordinary, and what was expected.
    fn grounds(&self, area: &Area, out: &mut String) {
        let mut tint = |class: &str, times: TimeRange, y: f64, height: f64| {
            let (from, to) = (percent(self.range, times.start), percent(self.range, times.end));
            let _ = write!(
                out,
                r#"<rect class="{class}" x="{}%" y="{}" width="{}%" height="{}"/>"#,
                short(from),
                short(y),
                short((to - from).max(0.3)),
                short(height)
            );
        };
        tint("odd", self.anomaly, area.top, area.height);
        tint("odd-edge", self.anomaly, area.top, 3.0);
        let (low, high) = self.expected;
        if low.is_finite() && high.is_finite() {
            let (y, bottom) = (area.y(high.max(low)), area.y(low.min(high)));
            tint("band", self.window, y, (bottom - y).max(1.5));
        }
        if self.window.start > self.range.start {
            let before = TimeRange { start: self.range.start, end: self.window.start };
            tint("before", before, area.top, area.height);
        }
    }

    fn grid(&self, area: &Area, out: &mut String) {
        for tick in area.scale.ticks(self.unit) {
            let y = short(area.y(tick));
            let _ = write!(out, r#"<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>"#);
        }
        let days = facts::spans_days(self.range);
        let y = short(HEIGHT - BOTTOM);
        let _ = write!(out, r#"<line class="base" x1="0" x2="100%" y1="{y}" y2="{y}"/>"#);
        for tick in time_ticks(self.range, if days { 3 } else { 5 }) {
            let x = percent(self.range, tick);
            let _ = write!(
                out,
                r#"<line class="base" x1="{x}%" x2="{x}%" y1="{y}" y2="{}"/><text class="tick" x="{x}%" y="{}" text-anchor="{}">{}</text>"#,
                HEIGHT - BOTTOM + 4.0,
                HEIGHT - 6.0,
                anchor_at(x),
                facts::minute(tick, days),
                x = short(x)
            );
        }
    }

    /// Values stand on their lines, inside, so that the picture needs no margin.
    fn labels(&self, area: &Area, out: &mut String) {
        for tick in area.scale.ticks(self.unit) {
            let y = area.y(tick) - 4.0;
            let _ = write!(
                out,
                r#"<text class="tick halo" x="2" y="{}">{}</text>"#,
                short(y.max(10.0)),
                facts::quantity(tick, self.unit)
            );
        }
    }

    fn marks(&self, area: &Area, rows: &[usize], out: &mut String) {
        let bottom = HEIGHT - BOTTOM;
        let mut rows = rows.iter();
        for mark in self.sorted() {
            let x = percent(self.range, mark.time);
            let (class, y) = match mark.close {
                true => ("mark close", 6.0 + ROW * *rows.next().unwrap_or(&0) as f64),
                false => ("mark", area.top + area.height - 10.0),
            };
            let _ = write!(
                out,
                r#"<line class="{class}" x1="{x}%" x2="{x}%" y1="{}" y2="{bottom}"/>"#,
                short(y + if mark.close { ROW - 2.0 } else { 0.0 }),
                x = short(x)
            );
            if mark.close {
                let _ = write!(
                    out,
                    r#"<text class="label" x="{}%" y="{}" text-anchor="{}">{}</text>"#,
                    short(x),
                    short(y + 10.0),
                    anchor_of(x, mark.width),
                    mark.label
                );
            }
        }
        let inside = self.range.start <= self.detected && self.detected <= self.range.end;
        if inside {
            let x = short(percent(self.range, self.detected));
            let _ = write!(
                out,
                r#"<line class="detected" x1="{x}%" x2="{x}%" y1="{}" y2="{bottom}"/>"#,
                short(area.top)
            );
        }
    }

    fn sorted(&self) -> Vec<&Mark> {
        let inside = |m: &&Mark| self.range.start <= m.time && m.time <= self.range.end;
        let mut marks: Vec<&Mark> = self.marks.iter().filter(inside).collect();
        marks.sort_by(|a, b| a.time.total_cmp(&b.time));
        marks
    }

    /// A row for each label such that none overlaps another, first fit.
    fn rows(&self) -> Vec<usize> {
        let mut ends: Vec<f64> = Vec::new();
        let mut rows = Vec::new();
        for mark in self.sorted().into_iter().filter(|m| m.close) {
            let x = percent(self.range, mark.time) / 100.0 * NARROW;
            let width = mark.width as f64 * LETTER + 8.0;
            let start = match anchor_of(x / NARROW * 100.0, mark.width) {
                "start" => x,
                "end" => x - width,
                _ => x - width / 2.0,
            };
            let row = ends.iter().position(|end| *end <= start).unwrap_or(ends.len());
            if row == ends.len() {
                ends.push(0.0);
            }
            ends[row] = start + width;
            rows.push(row);
        }
        rows
    }
}

/// Keeps a label of so many characters inside even the narrowest picture.
fn anchor_of(x: f64, width: usize) -> &'static str {
    let half = width as f64 * LETTER / 2.0 / NARROW * 100.0;
    match x {
        x if x < half => "start",
        x if x > 100.0 - half => "end",
        _ => "middle",
    }
}

struct Area {
    top: f64,
    height: f64,
    range: TimeRange,
    scale: Scale,
}

impl Area {
    /// Pixels from the picture's upper edge.
    fn y(&self, value: f64) -> f64 {
        self.top + (1.0 - self.scale.share(value)) * self.height
    }

    /// A path in stretched coordinates; gaps stay gaps.
    fn line(&self, points: &[(f64, f64)], class: &str, out: &mut String) {
        let inside = |(t, v): &&(f64, f64)| self.range.start <= *t && *t <= self.range.end && v.is_finite();
        let kept: Vec<(f64, f64)> = points.iter().filter(inside).copied().collect();
        let gap = 3.5 * usual_step(&kept);
        let kept = thinned(kept);
        let mut path = String::new();
        let mut last = f64::NEG_INFINITY;
        for (n, (time, value)) in kept.iter().enumerate() {
            let next = kept.get(n + 1).map_or(f64::INFINITY, |p| p.0);
            let (x, y) = (percent(self.range, *time) * WIDE / 100.0, self.y(*value) - self.top);
            let broken = gap > 0.0 && time - last > gap;
            let _ = write!(path, "{}{} {}", if broken { "M" } else { "L" }, short(x), short(y));
            // A lone point would not be seen.
            if broken && next - time > gap {
                let _ = write!(path, "h2");
            }
            last = *time;
        }
        if let Some(rest) = path.strip_prefix('L') {
            path = format!("M{rest}");
        }
        if !path.is_empty() {
            let _ = write!(out, r#"<path class="{class}" d="{path}"/>"#);
        }
    }
}

/// The median time between points; 0 for fewer than three.
fn usual_step(points: &[(f64, f64)]) -> f64 {
    let mut steps: Vec<f64> = points.windows(2).map(|w| w[1].0 - w[0].0).filter(|s| *s > 0.0).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().filter(|_| steps.len() >= 2).unwrap_or(0.0)
}

/// The lowest and the highest of each stretch, in the order of time, where there are too many to see.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points;
    }
    let stretch = points.len().div_ceil(MOST_POINTS / 2);
    let mut out = Vec::with_capacity(MOST_POINTS);
    for part in points.chunks(stretch) {
        let low = part.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
        let high = part.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let mut both: Vec<(f64, f64)> = low.into_iter().chain(high).collect();
        both.sort_by(|a, b| a.0.total_cmp(&b.0));
        both.dedup();
        out.extend(both);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area() -> Area {
        Area {
            top: 0.0,
            height: 100.0,
            range: TimeRange { start: 0.0, end: 1000.0 },
            scale: Scale { low: 0.0, high: 1.0 },
        }
    }

    #[test]
    fn gaps_and_what_is_no_number_break_the_line() {
        for (points, expected) in [
            (vec![(0.0, 0.0), (10.0, 0.5), (20.0, 1.0)], "M0 100L10 50L20 0"),
            (
                vec![(0.0, 0.0), (10.0, 0.0), (20.0, 0.0), (90.0, 0.0), (100.0, 0.0)],
                "M0 100L10 100L20 100M90 100L100 100",
            ),
            (vec![(0.0, 0.0), (10.0, f64::NAN), (20.0, 0.0), (30.0, 9.0)], "M0 100L20 100L30 0"),
            (vec![(-5.0, 0.0), (5.0, 0.5)], "M5 50"),
            (vec![], ""),
        ] {
            let mut out = String::new();
            area().line(&points, "line", &mut out);
            let path = out.split("d=\"").nth(1).map_or("", |d| d.trim_end_matches("\"/>"));
            assert_eq!(path.trim_end_matches("h2"), expected, "{points:?}");
        }
    }

    #[test]
    fn thinning_keeps_the_extremes() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|n| (f64::from(n), 1.0)).collect();
        points[5_432].1 = 99.0;
        points[777].1 = -99.0;
        let thin = thinned(points);
        assert!(thin.len() <= MOST_POINTS + 2);
        assert!(thin.contains(&(5_432.0, 99.0)) && thin.contains(&(777.0, -99.0)));
        assert!(thin.is_sorted_by(|a, b| a.0 <= b.0));
    }
}
