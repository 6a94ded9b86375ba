//! When a complete series moved: shifts of its level, and whether it climbs.
//!
//! Looks at all values at once, so it never scores a stream; incident analysis asks it when something began.

use super::spikes::{mad, median, normal_tail};

/// The shortest stretch that has a level of its own.
const STRETCH: usize = 6;
/// How many standard errors apart two stretches must be: the CUSUM statistic of noise without any change
/// stays below 5 in series of up to a million values.
const APART: f64 = 5.0;
/// Slopes are taken of no more values than this, evenly chosen.
const PLACES: usize = 256;

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The index of the first value of the new level.
    pub at: usize,
    /// The median of the stretch before it, in the unit of the values.
    pub before: f64,
    /// The median of the stretch after it.
    pub after: f64,
    /// How many standard deviations of the noise the level moved.
    pub deviations: f64,
}

/// A climb or a fall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The median slope of all pairs (Theil 1950, Sen 1968), in units of the values for each value.
    pub slope: f64,
    /// The probability of as many ordered pairs without a trend (Mann 1945, Kendall 1975), of independent
    /// values.
    pub chance: f64,
}

/// The shifts of level in `values`, in their order, at most `most`: binary segmentation (Scott & Knott, "A
/// cluster analysis method for grouping means in the analysis of variance", 1974) by the largest CUSUM
/// statistic, against the noise from one value to the next. Values that are not finite are passed over.
pub fn level_shifts(values: &[f64], most: usize) -> Vec<Shift> {
    let (places, values): (Vec<usize>, Vec<f64>) =
        values.iter().copied().enumerate().filter(|(_, v)| v.is_finite() && v.abs() < 1e120).unzip();
    let noise = noise(&values);
    let mut edges = vec![0, values.len()];
    while edges.len() < most + 2 {
        let splits = edges.windows(2).filter_map(|edge| split(&values, edge[0], edge[1], noise));
        let Some((at, _)) = splits.max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        edges.insert(edges.partition_point(|edge| *edge < at), at);
    }
    settle(&values, &mut edges, noise);
    let shift = |edge: &[usize]| {
        let (before, after) = (median(&values[edge[0]..edge[1]])?, median(&values[edge[1]..edge[2]])?);
        Some(Shift { at: places[edge[1]], before, after, deviations: (after - before).abs() / noise })
    };
    edges.windows(3).filter_map(shift).collect()
}

/// An edge was found while others were not known: each is looked for once more between its neighbours, and
/// goes if it is none there.
fn settle(values: &[f64], edges: &mut Vec<usize>, noise: f64) {
    let mut place = 1;
    while place + 1 < edges.len() {
        match split(values, edges[place - 1], edges[place + 1], noise) {
            Some((at, _)) => {
                edges[place] = at;
                place += 1;
            }
            None => {
                edges.remove(place);
            }
        }
    }
}

/// From one value to the next, so that levels do not count; of all values where most steps are nothing.
fn noise(values: &[f64]) -> f64 {
    let steps: Vec<f64> = values.windows(2).map(|w| w[1] - w[0]).collect();
    let between = mad(&steps).unwrap_or(0.0) / std::f64::consts::SQRT_2;
    if between > 0.0 {
        return between;
    }
    let mean = steps.iter().map(|s| s.abs()).sum::<f64>() / steps.len().max(1) as f64;
    mean.max(f64::MIN_POSITIVE)
}

/// The best place to divide `from..to`, with its statistic.
fn split(values: &[f64], from: usize, to: usize, noise: f64) -> Option<(usize, f64)> {
    let stretch = &values[from..to];
    let n = stretch.len() as f64;
    if stretch.len() < 2 * STRETCH {
        return None;
    }
    let mean = stretch.iter().sum::<f64>() / n;
    let mut sum = 0.0;
    let mut best = None;
    for (i, value) in stretch.iter().enumerate().take(stretch.len() - STRETCH) {
        sum += value - mean;
        let left = (i + 1) as f64;
        let statistic = sum.abs() * (n / (left * (n - left))).sqrt() / noise;
        if i + 1 >= STRETCH && statistic > APART && best.is_none_or(|(_, most)| statistic > most) {
            best = Some((from + i + 1, statistic));
        }
    }
    best
}

/// Whether `values` climb or fall as a whole; `None` of fewer than 6 finite values.
pub fn trend(values: &[f64]) -> Option<Trend> {
    let finite: Vec<(f64, f64)> =
        values.iter().enumerate().filter(|(_, v)| v.is_finite()).map(|(i, v)| (i as f64, *v)).collect();
    if finite.len() < STRETCH {
        return None;
    }
    let chosen: Vec<(f64, f64)> = finite.iter().copied().step_by(finite.len().div_ceil(PLACES)).collect();
    let pairs = || (0..chosen.len()).flat_map(|i| (i + 1..chosen.len()).map(move |j| (i, j)));
    let rise = |(i, j): (usize, usize)| chosen[j].1 - chosen[i].1;
    let slopes: Vec<f64> = pairs().map(|(i, j)| rise((i, j)) / (chosen[j].0 - chosen[i].0)).collect();
    let ordered: f64 = pairs()
        .map(rise)
        .map(|r| {
            if r > 0.0 {
                1.0
            } else if r < 0.0 {
                -1.0
            } else {
                0.0
            }
        })
        .sum();
    let n = chosen.len() as f64;
    let deviation = (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let z = (ordered.abs() - 1.0).max(0.0) / deviation;
    Some(Trend { slope: median(&slopes)?, chance: (2.0 * normal_tail(z)).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texture(i: usize) -> f64 {
        let x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let x = (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((x ^ (x >> 29)) >> 11) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn shifts_are_found_where_they_are() {
        let levels = |i: usize| match i {
            0..300 => 0.0,
            300..320 => 6.0,
            320..500 => 0.0,
            _ => 2.0,
        };
        let values: Vec<f64> = (0..700).map(|i| texture(i) + levels(i)).collect();
        let found = level_shifts(&values, 9);
        assert_eq!(found.iter().map(|s| s.at).collect::<Vec<_>>(), [300, 320, 500]);
        assert!(
            (found[0].after - found[0].before - 6.0).abs() < 0.5 && found[0].deviations > 5.0,
            "{found:?}"
        );
        assert_eq!(level_shifts(&values, 1).len(), 1);
        let mut holes = values;
        holes[10] = f64::NAN;
        holes[400] = f64::MAX;
        assert_eq!(level_shifts(&holes, 9).iter().map(|s| s.at).collect::<Vec<_>>(), [300, 320, 500]);
    }

    #[test]
    fn no_shift_without_a_change() {
        for values in
            [vec![], vec![1.0; 3], vec![1.0; 300], vec![f64::NAN; 50], (0..900).map(texture).collect()]
        {
            assert_eq!(level_shifts(&values, 5), []);
        }
        let step: Vec<f64> = (0..100).map(|i| if i < 50 { 1.0 } else { 2.0 }).collect();
        assert_eq!(level_shifts(&step, 5).iter().map(|s| s.at).collect::<Vec<_>>(), [50]);
    }

    #[test]
    fn trends() {
        let climbing: Vec<f64> = (0..1000).map(|i| texture(i) + i as f64 * 0.01).collect();
        let found = trend(&climbing).unwrap();
        assert!((found.slope - 0.01).abs() < 1e-3 && found.chance < 1e-6, "{found:?}");
        let flat: Vec<f64> = (0..1000).map(texture).collect();
        assert!(trend(&flat).unwrap().chance > 0.01);
        assert_eq!(trend(&[1.0; 40]), Some(Trend { slope: 0.0, chance: 1.0 }));
        assert_eq!(trend(&[1.0; 5]), None);
    }

    proptest! {
        #[test]
        fn any_values(values in prop::collection::vec(any::<f64>(), 0..200), most in 0usize..5) {
            let found = level_shifts(&values, most);
            prop_assert!(found.len() <= most && found.is_sorted_by(|a, b| a.at < b.at));
            trend(&values);
        }
    }
}
