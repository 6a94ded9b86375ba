//! Where and when the trouble was noticed, as a profile over the window against which others are held.
//!
//! Never looks for causes.

use super::measures::{Measure, badness};
use super::services::Services;
use super::shift::Shift;
use super::track::Track;
use crate::domain::incident::{IncidentData, MetricClass, TimeRange};

/// What the incident's head says was noticed, found again in the measurements.
#[derive(Debug, Default)]
pub(super) struct Notice {
    pub service: Option<usize>,
    /// The class of the metric in which it was noticed.
    pub class: Option<MetricClass>,
    /// Measures in which it shows, the strongest first; empty where nothing that was measured confirms it.
    pub confirmed: Vec<usize>,
    /// 0 to 1: how strongly.
    pub strength: f64,
    /// Cells of equal length over the window: 0 ordinary, towards 1 far out.
    cells: Vec<f64>,
    window: Option<TimeRange>,
}

impl Notice {
    pub fn of(data: &IncidentData, services: &Services, measures: &[Measure]) -> Self {
        let service = data.brief.service.as_deref().and_then(|name| services.number(name));
        let Some(number) = service else { return Self::default() };
        let mut notice = Self { service, ..Self::default() };
        let metric = data.brief.metric.as_deref();
        let speaks = |m: &Measure| m.service == number || m.peer == Some(number);
        let named: Vec<usize> = (0..measures.len())
            .filter(|at| speaks(&measures[*at]) && Some(measures[*at].metric.as_str()) == metric)
            .collect();
        notice.class = named.first().map(|at| measures[*at].meaning.class);
        let of_class: Vec<usize> = (0..measures.len())
            .filter(|at| {
                let m = &measures[*at];
                speaks(m)
                    && notice.class.map_or(m.meaning.felt_by_callers(), |class| class == m.meaning.class)
            })
            .collect();
        let shows = |about: Vec<usize>| -> Vec<(usize, f64)> {
            about
                .into_iter()
                .filter_map(|at| measures[at].worst().map(|(_, strength)| (at, strength)))
                .collect()
        };
        // Where the very metric shows nothing, others of its kind may: an average hides what a percentile shows.
        let mut shown = shows(named);
        if shown.iter().all(|(_, strength)| *strength <= 0.0) {
            shown = shows(of_class);
        }
        shown.sort_by(|a, b| b.1.total_cmp(&a.1));
        notice.strength = shown.first().map_or(0.0, |best| best.1);
        // What hardly shows beside the strongest would only blur when it happened.
        shown.retain(|(_, strength)| *strength >= notice.strength / 3.0);
        notice.confirmed = shown.iter().map(|(at, _)| *at).collect();
        notice.lay_out(data, measures);
        notice
    }

    fn lay_out(&mut self, data: &IncidentData, measures: &[Measure]) {
        let rows = self.confirmed.iter().map(|at| measures[*at].window.len()).max().unwrap_or(0);
        if rows == 0 {
            return;
        }
        self.window = Some(data.brief.window);
        let mut cells = vec![0.0_f64; rows.min(60)];
        for at in &self.confirmed {
            let measure = &measures[*at];
            if let Some((shift, _)) = measure.worst() {
                for (cell, value) in cells.iter_mut().zip(self.spread(measure, shift, rows.min(60))) {
                    *cell = cell.max(value.unwrap_or(0.0));
                }
            }
        }
        self.cells = cells;
    }

    /// A shift's profile over cells of the window; none where there is no point.
    fn spread(&self, measure: &Measure, shift: &Shift, cells: usize) -> Vec<Option<f64>> {
        let mut spread: Vec<Option<f64>> = vec![None; cells];
        let Some(window) = self.window else { return spread };
        for (time, value) in measure.window.times.iter().zip(&shift.profile) {
            let at = ((time - window.start) / window.length().max(1e-9) * cells as f64) as usize;
            if let Some(cell) = spread.get_mut(at.min(cells - 1)) {
                let value = value / (value + 1.0);
                *cell = Some(cell.map_or(value, |kept: f64| kept.max(value)));
            }
        }
        spread
    }

    /// 0 to 1: how much of a shift happened when the trouble did and not besides; none where nothing tells.
    pub fn coincides(&self, measure: &Measure, shift: &Shift) -> Option<f64> {
        if self.cells.is_empty() {
            return None;
        }
        let spread = self.spread(measure, shift, self.cells.len());
        let (mut inside, mut outside) = ((0.0, 0.0), (0.0, 0.0));
        for (noticed, own) in self.cells.iter().zip(&spread) {
            let Some(own) = own else { continue };
            if *noticed > 0.0 {
                inside = (inside.0 + noticed * own, inside.1 + noticed);
            } else {
                outside = (outside.0 + own, outside.1 + 1.0);
            }
        }
        if inside.1 == 0.0 || inside.0 == 0.0 {
            return Some(0.0);
        }
        let (inside, outside) =
            (inside.0 / inside.1, if outside.1 > 0.0 { outside.0 / outside.1 } else { 0.0 });
        Some(((inside - outside) / inside).clamp(0.0, 1.0))
    }

    /// The points of a track at moments when the noticed series was in order; none where nothing was noticed.
    pub fn quiet(&self, track: &Track) -> Track {
        let mut quiet = Track::default();
        let Some(window) = self.window else { return quiet };
        for (time, value) in track.times.iter().zip(&track.values) {
            let at = ((time - window.start) / window.length().max(1e-9) * self.cells.len() as f64) as usize;
            if self.cells.get(at).is_some_and(|noticed| *noticed == 0.0) {
                quiet.times.push(*time);
                quiet.values.push(*value);
            }
        }
        quiet
    }

    /// Moments at which the noticed series is out of the ordinary.
    pub fn range(&self, measures: &[Measure]) -> Option<TimeRange> {
        self.confirmed
            .iter()
            .filter_map(|at| measures[*at].worst().map(|(shift, _)| shift.range))
            .reduce(|a, b| TimeRange { start: a.start.min(b.start), end: a.end.max(b.end) })
    }

    /// Whether a measure is of the kind in which it was noticed; true where that is unknown.
    pub fn same_kind(&self, measure: &Measure) -> bool {
        let failing = |class| matches!(class, MetricClass::Availability | MetricClass::Errors);
        match self.class {
            None => true,
            Some(class) => {
                class == measure.meaning.class || (failing(class) && failing(measure.meaning.class))
            }
        }
    }
}

/// Whether a shift is in a bad direction at all.
pub(super) fn is_bad(measure: &Measure, shift: &Shift) -> bool {
    badness(&measure.meaning, shift.direction) >= 0.5
}
