//! A series as trend, seasons and remainder, for looking back at one that is complete.
//!
//! STL: Cleveland, Cleveland, McRae & Terpenning, "STL: a seasonal-trend decomposition procedure based on
//! loess" (1990); several seasons: Bandara, Hyndman & Bergmeir, "MSTL" (2021). Looks ahead by its nature, so
//! it never scores: the detector compares with past cycles instead.

use super::season::shortest;
use super::spikes::{generalized_esd, mad};
use thiserror::Error;

/// Seasons that are told apart at most.
const MOST: usize = 3;
/// Outliers looked for: at most this share of the values.
const OUTLIERS: f64 = 0.02;

/// Why a series was not decomposed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DecomposeError {
    /// Fewer than two cycles of the shortest season.
    #[error("{values} values are fewer than two cycles of {period}")]
    TooShort {
        /// How many there are.
        values: usize,
        /// The period in values.
        period: usize,
    },
    /// A value is not finite.
    #[error("value {index} is not a finite number")]
    NotFinite {
        /// Its index from 0.
        index: usize,
    },
    /// Values so large that sums of them are not numbers.
    #[error("the values are too large to decompose")]
    TooLarge,
}

/// The parts of a series; they add up to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// The slow part.
    pub trend: Vec<f64>,
    /// One for each period, with its period in values, the shortest first.
    pub seasons: Vec<(usize, Vec<f64>)>,
    /// What is left.
    pub remainder: Vec<f64>,
}

impl Decomposition {
    /// Indices of values that stand out of the remainder (generalised ESD at the error level `alpha`), the
    /// farthest first.
    pub fn outliers(&self, alpha: f64) -> Vec<usize> {
        let most = ((self.remainder.len() as f64 * OUTLIERS).ceil() as usize).max(1);
        generalized_esd(&self.remainder, most, alpha)
    }

    /// The robust standard deviation of the remainder.
    pub fn noise(&self) -> f64 {
        mad(&self.remainder).unwrap_or(0.0)
    }
}

/// The seasons of `values`, the shortest first: each is looked for in what the ones before leave. Empty if
/// there are none or a value is not finite.
pub fn seasons(values: &[f64]) -> Vec<usize> {
    let mut left = values.to_vec();
    let mut found: Vec<usize> = Vec::new();
    if values.iter().any(|v| !v.is_finite()) {
        return found;
    }
    while found.len() < MOST {
        let Some(next) = shortest(&left, 0.0).map(|p| p.round() as usize) else { break };
        if found.iter().any(|f| next <= *f) {
            break;
        }
        found.push(next);
        for phase in 0..next {
            let mean = left.iter().skip(phase).step_by(next).sum::<f64>()
                / left.iter().skip(phase).step_by(next).count().max(1) as f64;
            left.iter_mut().skip(phase).step_by(next).for_each(|v| *v -= mean);
        }
    }
    found
}

/// Decomposes `values` with the given `periods` (in values, each at least 2), robustly. Without periods
/// everything but the median is remainder.
///
/// # Errors
/// If a value is not finite, or there are fewer than two cycles of a period.
pub fn decompose(values: &[f64], periods: &[usize]) -> Result<Decomposition, DecomposeError> {
    if let Some(index) = values.iter().position(|v| !v.is_finite()) {
        return Err(DecomposeError::NotFinite { index });
    }
    let mut periods = periods.to_vec();
    periods.sort_unstable();
    periods.dedup();
    if let Some(period) = periods.iter().copied().find(|p| *p < 2 || values.len() < 2 * *p) {
        return Err(DecomposeError::TooShort { values: values.len(), period });
    }
    let middle = super::spikes::median(values).unwrap_or(0.0);
    let scale = values.iter().map(|v| (v - middle).abs()).fold(0.0, f64::max);
    if scale > 1e120 {
        return Err(DecomposeError::TooLarge);
    }
    let (trend, seasons) = if scale == 0.0 || periods.is_empty() {
        (vec![middle; values.len()], periods.iter().map(|p| (*p, vec![0.0; values.len()])).collect())
    } else {
        fitted(values, &periods)?
    };
    let rest =
        |i: usize| values[i] - trend[i] - seasons.iter().map(|(_, s): &(usize, Vec<f64>)| s[i]).sum::<f64>();
    let remainder = (0..values.len()).map(rest).collect();
    Ok(Decomposition { trend, seasons, remainder })
}

type Parts = (Vec<f64>, Vec<(usize, Vec<f64>)>);

fn fitted(values: &[f64], periods: &[usize]) -> Result<Parts, DecomposeError> {
    let failed = |_| DecomposeError::TooShort { values: values.len(), period: periods[0] };
    if let [period] = periods {
        let fit = stlrs::Stl::params().robust(true).fit(values, *period).map_err(failed)?;
        return Ok((fit.trend().to_vec(), vec![(*period, fit.seasonal().to_vec())]));
    }
    let mut robust = stlrs::Stl::params();
    robust.robust(true);
    let fit = stlrs::Mstl::params().stl_params(robust).fit(values, periods).map_err(failed)?;
    let seasons = periods.iter().copied().zip(fit.seasonal().iter().cloned()).collect();
    Ok((fit.trend().to_vec(), seasons))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn two_seasons(n: usize) -> Vec<f64> {
        let noise = |i: usize| (i * i % 1009 * 31 % 997) as f64 / 997.0;
        let day = |i: usize| 10.0 * (i as f64 * TAU / 24.0).sin();
        let week = |i: usize| 8.0 * (i as f64 * TAU / 168.0).sin();
        (0..n).map(|i| 1e6 + i as f64 / 100.0 + day(i) + week(i) + noise(i)).collect()
    }

    #[test]
    fn parts_add_up_and_outliers_stay_in_the_remainder() {
        let mut values = two_seasons(1000);
        values[500] += 40.0;
        for periods in [&[24, 168][..], &[24], &[]] {
            let parts = decompose(&values, periods).unwrap();
            assert_eq!(parts.seasons.iter().map(|s| s.0).collect::<Vec<_>>(), periods);
            for (i, value) in values.iter().enumerate() {
                let seasons: f64 = parts.seasons.iter().map(|s| s.1[i]).sum();
                assert!((parts.trend[i] + parts.remainder[i] + seasons - value).abs() < 1e-6);
            }
        }
        let mut values: Vec<f64> =
            (0..1000).map(|i| 10.0 * (f64::from(i) * TAU / 24.0).sin() + f64::from(i % 7)).collect();
        values[500] += 40.0;
        let parts = decompose(&values, &[24]).unwrap();
        assert_eq!(parts.outliers(0.01).first(), Some(&500));
        assert!(parts.noise() < 4.0, "{}", parts.noise());
    }

    #[test]
    fn seasons_are_found_one_in_the_other() {
        let found = seasons(&two_seasons(1500));
        assert!(matches!(found[..], [24, 166..=170]), "{found:?}");
        assert_eq!(seasons(&[3.0; 500]), Vec::<usize>::new());
        assert_eq!(seasons(&[f64::NAN; 500]), Vec::<usize>::new());
    }

    #[test]
    fn what_cannot_be_decomposed() {
        let short = DecomposeError::TooShort { values: 10, period: 24 };
        assert_eq!(decompose(&[1.0; 10], &[24]), Err(short.clone()));
        assert_eq!(short.to_string(), "10 values are fewer than two cycles of 24");
        assert!(matches!(decompose(&[1.0; 10], &[0]), Err(DecomposeError::TooShort { .. })));
        assert_eq!(decompose(&[1.0, f64::NAN], &[]), Err(DecomposeError::NotFinite { index: 1 }));
        assert_eq!(decompose(&[], &[]).unwrap().remainder, Vec::<f64>::new());
        assert_eq!(decompose(&[f64::MAX, f64::MIN, f64::MAX], &[]), Err(DecomposeError::TooLarge));
        assert_eq!(decompose(&[7.0; 60], &[12]).unwrap().remainder, [0.0; 60]);
    }
}
