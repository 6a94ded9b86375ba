//! The arithmetic of the encoder: products with quantised matrices, attention, normalisation.
//!
//! Written for vectors of the processor it runs on, found at run time, without unsafe code. Shapes are
//! the caller's duty: slices of other lengths give other numbers, never undefined behaviour.

use super::weights::{PANEL, Quantised};
use fearless_simd::{Level, dispatch, f32x16, prelude::*};
use rayon::prelude::*;

/// Rows of the left side that are multiplied at once: as many sums as vector registers hold.
const TILE: usize = 6;

/// `x` (m x columns) times the transpose of `weights`, plus `bias`: m x rows.
pub(super) fn linear(level: Level, x: &[f32], m: usize, weights: &Quantised, bias: &[f32]) -> Vec<f32> {
    let mut tall = vec![0f32; weights.rows * m];
    tall.par_chunks_mut(m * PANEL).enumerate().with_min_len(weights.panels().div_ceil(8)).for_each_init(
        || vec![0f32; weights.columns * PANEL],
        |panel, (number, out)| {
            dispatch!(level, simd => panel_product(simd, x, m, weights, number, panel, out));
        },
    );
    let mut out = vec![0f32; m * weights.rows];
    for (number, (panel, bias)) in tall.chunks_exact(m * PANEL).zip(bias.chunks_exact(PANEL)).enumerate() {
        for (row, values) in panel.chunks_exact(PANEL).enumerate() {
            let start = row * weights.rows + number * PANEL;
            for ((out, value), bias) in out[start..start + PANEL].iter_mut().zip(values).zip(bias) {
                *out = value + bias;
            }
        }
    }
    out
}

#[inline(always)]
fn panel_product<S: Simd>(
    simd: S,
    x: &[f32],
    m: usize,
    weights: &Quantised,
    number: usize,
    panel: &mut [f32],
    out: &mut [f32],
) {
    weights.panel(number, panel);
    let columns = weights.columns;
    let mut row = 0;
    while row + TILE <= m {
        tile::<S, TILE>(simd, &x[row * columns..], columns, panel, &mut out[row * PANEL..]);
        row += TILE;
    }
    while row + 2 <= m {
        tile::<S, 2>(simd, &x[row * columns..], columns, panel, &mut out[row * PANEL..]);
        row += 2;
    }
    if row < m {
        tile::<S, 1>(simd, &x[row * columns..], columns, panel, &mut out[row * PANEL..]);
    }
}

#[inline(always)]
fn tile<S: Simd, const R: usize>(simd: S, x: &[f32], columns: usize, panel: &[f32], out: &mut [f32]) {
    let rows: [&[f32]; R] = std::array::from_fn(|r| &x[r * columns..(r + 1) * columns]);
    let mut sums = [f32x16::splat(simd, 0.0); R];
    for (column, weights) in panel.chunks_exact(PANEL).enumerate().take(columns) {
        let weights = f32x16::from_slice(simd, weights);
        for r in 0..R {
            sums[r] = f32x16::splat(simd, rows[r][column]).mul_add(weights, sums[r]);
        }
    }
    for (r, sum) in sums.iter().enumerate() {
        sum.store_slice(&mut out[r * PANEL..(r + 1) * PANEL]);
    }
}

/// Scaled dot-product attention of all heads. `qkv` is m x 3·width: queries, keys, values.
pub(super) fn attention(level: Level, qkv: &[f32], m: usize, width: usize, heads: usize) -> Vec<f32> {
    let size = width / heads;
    let mut out = vec![0f32; m * width];
    let mut keys = vec![0f32; size * m];
    let mut scores = vec![0f32; m];
    for head in 0..heads {
        for (j, token) in qkv.chunks_exact(3 * width).enumerate() {
            for (d, key) in token[width + head * size..width + (head + 1) * size].iter().enumerate() {
                keys[d * m + j] = *key;
            }
        }
        for i in 0..m {
            let start = i * 3 * width + head * size;
            let query = &qkv[start..start + size];
            let target = i * width + head * size;
            let values = (qkv, 2 * width + head * size, 3 * width);
            let out = &mut out[target..target + size];
            dispatch!(level, simd => attend(simd, query, &keys, values, &mut scores, out));
        }
    }
    out
}

/// One query: `keys` are size x m, transposed; `values` are `(all, offset, stride)`.
#[inline(always)]
fn attend<S: Simd>(
    _: S,
    query: &[f32],
    keys: &[f32],
    (all, offset, stride): (&[f32], usize, usize),
    scores: &mut [f32],
    out: &mut [f32],
) {
    scores.fill(0.0);
    let scale = 1.0 / (query.len() as f32).sqrt();
    for (q, keys) in query.iter().zip(keys.chunks_exact(scores.len())) {
        let q = q * scale;
        for (score, key) in scores.iter_mut().zip(keys) {
            *score += q * key;
        }
    }
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut total = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        total += *score;
    }
    for (j, score) in scores.iter().enumerate() {
        let share = score / total;
        let start = j * stride + offset;
        for (out, value) in out.iter_mut().zip(&all[start..start + query.len()]) {
            *out += share * value;
        }
    }
}

/// Layer normalisation of each row of `x + residue`, in place in `x`.
pub(super) fn add_and_normalise(level: Level, x: &mut [f32], residue: &[f32], weight: &[f32], bias: &[f32]) {
    for (x, residue) in x.iter_mut().zip(residue) {
        *x += residue;
    }
    normalise(level, x, weight, bias);
}

/// Layer normalisation (Ba et al., 2016) of each row of `x`.
pub(super) fn normalise(level: Level, x: &mut [f32], weight: &[f32], bias: &[f32]) {
    const EPSILON: f32 = 1e-12;
    let width = weight.len();
    dispatch!(level, _simd => for row in x.chunks_exact_mut(width) {
        let mean = row.iter().sum::<f32>() / width as f32;
        let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / width as f32;
        let scale = 1.0 / (variance + EPSILON).sqrt();
        for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
            *value = (*value - mean) * scale * weight + bias;
        }
    });
}

/// The Gaussian error linear unit (Hendrycks and Gimpel, 2016), exact form, in place.
pub(super) fn gelu(level: Level, x: &mut [f32]) {
    dispatch!(level, _simd => for value in x.iter_mut() {
        *value *= 0.5 * (1.0 + erf(*value * std::f32::consts::FRAC_1_SQRT_2));
    });
}

/// The error function to within 4e-7, as a quotient of polynomials (the one that the Eigen library uses).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let s = x * x;
    let mut top = -2.726_142_3e-10;
    for c in [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_6e-3, -1.609_603_3e-2] {
        top = top * s + c;
    }
    let mut bottom = -1.456_607_2e-5;
    for c in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_474e-2] {
        bottom = bottom * s + c;
    }
    x * top / bottom
}

/// Scales `x` to unit length; a vector of zeros stays one.
pub(super) fn to_unit_length(x: &mut [f32]) {
    let length = x.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
    if length > 0.0 {
        for value in x {
            *value = (f64::from(*value) / length) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_is_close_to_the_tables() {
        for (x, expected) in [
            (0.0, 0.0),
            (0.1, 0.112_462_916),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (-1.5, -0.966_105_1),
            (2.0, 0.995_322_3),
            (3.0, 0.999_977_9),
            (9.0, 1.0),
        ] {
            assert!((erf(x) - expected).abs() < 1e-6, "erf({x}) = {}", erf(x));
        }
    }

    #[test]
    fn unit_length_of_nothing_is_nothing() {
        let mut zero = [0.0; 3];
        to_unit_length(&mut zero);
        assert_eq!(zero, [0.0; 3]);
        let mut x = [3.0, 4.0];
        to_unit_length(&mut x);
        assert_eq!(x, [0.6, 0.8]);
    }
}
