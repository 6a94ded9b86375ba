//! Tests for single values that do not belong: the generalised extreme Studentised deviate and a kernel
//! density.
//!
//! Never scores a stream by itself: it says, of values at hand, which stand out.

use std::f64::consts::{PI, SQRT_2};

/// Makes the median absolute deviation of normal values their standard deviation.
const NORMAL: f64 = 1.4826;

/// The middle value, or the mean of both; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    let n = values.len();
    if n == 0 {
        return None;
    }
    let (below, middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return Some(*middle);
    }
    let below = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(below + (*middle - below) / 2.0)
}

/// The median absolute deviation from the median, scaled to a standard deviation; `None` of nothing.
pub fn mad(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
    Some(NORMAL * median(&deviations)?)
}

/// Which of `values` are outliers, by index, the farthest first: Rosner, "Percentage points for a generalized
/// ESD many-outlier procedure" (1983). Looks for at most `most` of them; `alpha` is the error level, in (0,
/// 1). The values are taken as roughly normal besides the outliers; fewer than 15 give none.
pub fn generalized_esd(values: &[f64], most: usize, alpha: f64) -> Vec<usize> {
    let n = values.len();
    if n < 15 || !(alpha > 0.0 && alpha < 1.0) {
        return Vec::new();
    }
    let mut left: Vec<usize> = (0..n).filter(|i| values[*i].is_finite()).collect();
    let (mut removed, mut outliers) = (Vec::new(), 0);
    for round in 1..=most.min(n / 2) {
        let Some((place, extreme)) = most_extreme(values, &left) else { break };
        removed.push(left.swap_remove(place));
        if extreme > critical(n, round, alpha) {
            outliers = round;
        }
    }
    removed.truncate(outliers);
    removed
}

fn most_extreme(values: &[f64], left: &[usize]) -> Option<(usize, f64)> {
    let n = left.len() as f64;
    let mean = left.iter().map(|i| values[*i]).sum::<f64>() / n;
    let variance = left.iter().map(|i| (values[*i] - mean).powi(2)).sum::<f64>() / (n - 1.0);
    if variance <= 0.0 || !variance.is_finite() {
        return None;
    }
    let far = |i: &usize| (values[*i] - mean).abs();
    let place = (0..left.len()).max_by(|a, b| far(&left[*a]).total_cmp(&far(&left[*b])))?;
    Some((place, far(&left[place]) / variance.sqrt()))
}

fn critical(n: usize, round: usize, alpha: f64) -> f64 {
    let n_left = (n - round + 1) as f64;
    let freedom = n_left - 2.0;
    let t = student_quantile(1.0 - alpha / (2.0 * n_left), freedom);
    (n_left - 1.0) * t / ((freedom + t * t) * n_left).sqrt()
}

/// Cornish–Fisher expansion of Student's quantile (Abramowitz & Stegun 26.7.5), good to three digits from
/// eleven degrees of freedom on.
fn student_quantile(p: f64, freedom: f64) -> f64 {
    let z = normal_quantile(p);
    let (z3, z5, z7) = (z.powi(3), z.powi(5), z.powi(7));
    z + (z3 + z) / (4.0 * freedom)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * freedom.powi(2))
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * freedom.powi(3))
}

/// By Newton's method on the tail, from Abramowitz & Stegun 26.2.23; `p` in (0, 1).
fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p);
    let t = (-2.0 * tail.ln()).sqrt();
    let mut z = t
        - (2.515_517 + 0.802_853 * t + 0.010_328 * t * t)
            / (1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t);
    for _ in 0..2 {
        let density = (-z * z / 2.0).exp() / (2.0 * PI).sqrt();
        z += (normal_tail(z) - tail) / density;
    }
    if p < 0.5 { -z } else { z }
}

/// The probability that a standard normal value is larger than `z`; the error is below 1.2e-7 of it (Press et
/// al., "Numerical Recipes", erfc).
pub fn normal_tail(z: f64) -> f64 {
    const C: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let x = z.abs() / SQRT_2;
    let t = 1.0 / (1.0 + x / 2.0);
    let polynomial = C.iter().rev().fold(0.0, |sum, c| sum * t + c);
    let upper = t * (-x * x + polynomial).exp() / 2.0;
    if z >= 0.0 { upper } else { 1.0 - upper }
}

/// The probability under a Gaussian kernel density of `past` that a value lies as far out as `value`, on its
/// own side, doubled: at most 1. The bandwidth is Silverman's rule with the more robust of two spreads
/// ("Density estimation for statistics and data analysis", 1986). `None` of fewer than 15 values.
pub fn density_tail(past: &[f64], value: f64) -> Option<f64> {
    if past.len() < 15 || !value.is_finite() {
        return None;
    }
    let n = past.len() as f64;
    let mean = past.iter().sum::<f64>() / n;
    let deviation = (past.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let robust = mad(past).filter(|m| *m > 0.0).unwrap_or(deviation);
    let bandwidth = 0.9 * deviation.min(robust) * n.powf(-0.2);
    let above: f64 = if bandwidth > 0.0 {
        past.iter().map(|v| normal_tail((value - v) / bandwidth)).sum::<f64>() / n
    } else {
        past.iter()
            .map(|v| {
                if *v > value {
                    1.0
                } else if *v == value {
                    0.5
                } else {
                    0.0
                }
            })
            .sum::<f64>()
            / n
    };
    Some((2.0 * above.min(1.0 - above)).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        for (values, middle, deviation) in [
            (&[][..], None, None),
            (&[3.0], Some(3.0), Some(0.0)),
            (&[1.0, 9.0], Some(5.0), Some(4.0 * NORMAL)),
            (&[5.0, 1.0, 2.0, 100.0, 3.0], Some(3.0), Some(2.0 * NORMAL)),
        ] {
            assert_eq!((median(values), mad(values)), (middle, deviation));
        }
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959_964), (0.01, -2.326_348), (0.9999, 3.719_016)] {
            assert!((normal_quantile(p) - z).abs() < 1e-4, "{p}: {}", normal_quantile(p));
        }
        for (p, freedom, t) in [(0.975, 20.0, 2.085_96), (0.995, 30.0, 2.749_996), (0.9995, 60.0, 3.460_2)] {
            assert!((student_quantile(p, freedom) - t).abs() < 2e-3, "{p}, {freedom}");
        }
    }

    #[test]
    fn rosners_example() {
        // the 54 values of Rosner's paper: three outliers at the error level of 5 %
        let values = [
            -0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65,
            1.69, 1.70, 1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15, 2.23, 2.24,
            2.26, 2.35, 2.37, 2.40, 2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21, 3.26, 3.30, 3.59,
            3.68, 4.30, 4.64, 5.34, 5.42, 6.01,
        ];
        assert_eq!(generalized_esd(&values, 10, 0.05), [53, 52, 51]);
        assert!(generalized_esd(&values[..14], 10, 0.05).is_empty());
        assert!(generalized_esd(&[2.0; 40], 5, 0.05).is_empty());
        assert!(generalized_esd(&values, 10, 2.0).is_empty());
    }

    #[test]
    fn the_density_sees_both_tails_and_the_gap_between_two_modes_is_none() {
        let past: Vec<f64> =
            (0..100).map(|i| if i % 2 == 0 { f64::from(i) } else { 900.0 + f64::from(i) }).collect();
        let tail = |value| density_tail(&past, value).unwrap();
        assert!(tail(-900.0) < 1e-6 && tail(5000.0) < 1e-6);
        assert!(tail(950.0) > 0.3 && tail(500.0) > 0.9);
        assert_eq!(density_tail(&[1.0; 20], 1.0), Some(1.0));
        assert_eq!(density_tail(&[1.0; 20], 2.0), Some(0.0));
        assert_eq!(density_tail(&past[..9], 2.0), None);
    }
}
