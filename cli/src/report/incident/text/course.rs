//! The course of what was out of the ordinary, thinned out for plots.

use ecoops_core::domain::incident::{Anomaly, IncidentAnalysis, IncidentData, Series, TimeRange};
use std::collections::BTreeMap;

/// Points of one plot.
const POINTS: usize = 48;

/// Means of equal parts of a time; `None` where nothing was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    pub range: TimeRange,
    pub values: Vec<Option<f64>>,
}

/// Plots by the id of an anomaly or a log cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plots(pub BTreeMap<String, Plot>);

impl Plots {
    /// The series of each anomaly, and the counts of each log cluster, over the window.
    pub fn of(analysis: &IncidentAnalysis, data: &IncidentData) -> Self {
        let window = data.brief.window;
        let series = analysis.anomalies.iter().filter_map(|anomaly| {
            let of: Vec<&Series> = data.series.iter().filter(|s| is_of(s, anomaly)).collect();
            let plots: Vec<Plot> = of.iter().map(|series| thinned(&series.points, window)).collect();
            (!plots.is_empty()).then(|| (anomaly.id.clone(), joined(&plots, window)))
        });
        let counts = analysis.log_clusters.iter().map(|cluster| {
            let values = cluster.buckets.iter().map(|n| Some(*n as f64)).collect();
            (cluster.id.clone(), Plot { range: window, values })
        });
        Self(series.chain(counts).collect())
    }

    /// The plot of an anomaly by the evidence that it is cited as.
    pub fn by_evidence<'a>(
        &'a self,
        analysis: &'a IncidentAnalysis,
        evidence: &str,
    ) -> Option<(&'a Anomaly, &'a Plot)> {
        let anomaly = analysis.anomalies.iter().find(|a| a.evidence == evidence)?;
        Some((anomaly, self.0.get(&anomaly.id)?))
    }
}

fn is_of(series: &Series, anomaly: &Anomaly) -> bool {
    let key = &series.key;
    // What is said of all instances is of each of them.
    let fits = |of: &Option<String>, wanted: &Option<String>| wanted.is_none() || of == wanted;
    key.service == anomaly.service
        && key.metric == anomaly.metric
        && key.peer == anomaly.peer
        && fits(&key.instance, &anomaly.instance)
        && fits(&key.version, &anomaly.version)
}

/// The mean of several courses.
fn joined(plots: &[Plot], range: TimeRange) -> Plot {
    let mean = |at: usize| {
        let there: Vec<f64> =
            plots.iter().filter_map(|plot| plot.values.get(at).copied().flatten()).collect();
        (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
    };
    Plot { range, values: (0..POINTS).map(mean).collect() }
}

fn thinned(points: &[(f64, f64)], range: TimeRange) -> Plot {
    let mut sums = vec![(0.0, 0_u32); POINTS];
    for (time, value) in points.iter().filter(|(t, v)| range.contains(*t) && v.is_finite()) {
        let at = ((time - range.start) / range.length().max(f64::MIN_POSITIVE) * POINTS as f64) as usize;
        if let Some((sum, count)) = sums.get_mut(at) {
            *sum += value;
            *count += 1;
        }
    }
    let values = sums.into_iter().map(|(sum, n)| (n > 0).then(|| sum / f64::from(n))).collect();
    Plot { range, values }
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One line of `width` columns; a blank where nothing was measured.
pub fn sparkline(values: &[Option<f64>], width: usize) -> String {
    let width = width.min(values.len());
    let part = |i: usize| values.get(i * values.len() / width.max(1)..(i + 1) * values.len() / width.max(1));
    let mean = |part: &[Option<f64>]| {
        let there: Vec<f64> = part.iter().flatten().copied().filter(|v| v.is_finite()).collect();
        (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
    };
    let means: Vec<Option<f64>> = (0..width).map(|i| part(i).and_then(mean)).collect();
    let low = means.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: &Option<f64>| match value {
        None => ' ',
        Some(_) if high / 2.0 - low / 2.0 <= f64::EPSILON * high.abs() => BARS[0],
        // Halved, so that the difference of any two numbers is one.
        Some(value) => {
            BARS[(((value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) * 7.0).round() as usize).min(7)]
        }
    };
    means.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_shows_the_course() {
        let some = |values: &[f64]| values.iter().map(|v| Some(*v)).collect::<Vec<_>>();
        for (values, width, expected) in [
            (some(&[0.0, 1.0, 2.0, 7.0]), 4, "▁▂▃█"),
            (some(&[0.0, 0.0, 8.0, 8.0]), 2, "▁█"),
            (some(&[5.0; 3]), 3, "▁▁▁"),
            (some(&[1.0]), 9, "▁"),
            (vec![Some(1.0), None, Some(2.0)], 3, "▁ █"),
            (vec![None, Some(f64::NAN)], 2, "  "),
            (Vec::new(), 5, ""),
            (some(&[1e308, -1e308]), 2, "█▁"),
        ] {
            assert_eq!(sparkline(&values, width), expected, "{values:?}");
        }
    }

    #[test]
    fn points_are_thinned_by_their_time() {
        let range = TimeRange { start: 0.0, end: 48.0 };
        let points = [(-1.0, 9.0), (0.0, 1.0), (0.5, 3.0), (47.9, 5.0), (48.0, 9.0), (3.0, f64::NAN)];
        let plot = thinned(&points, range);
        assert_eq!((plot.values[0], plot.values[3], plot.values[47]), (Some(2.0), None, Some(5.0)));
    }
}
