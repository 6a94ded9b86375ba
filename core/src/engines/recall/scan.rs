//! Vectors in 8 bits for a fast scan, with a bound on the error, so that a re-rank of the few that may
//! still win gives exactly the ranking of the full vectors.
//!
//! With v = scale·code + e: |⟨q, v⟩ − scale·⟨q, code⟩| ≤ ‖q‖·‖e‖ (Cauchy and Schwarz), and ‖e‖ is kept.

use fearless_simd::{Level, dispatch};

/// Largest number of a query in 16 bits: the sum of 1,024 products with a byte still fits 32 bits.
const QUERY_MAX: f32 = 8191.0;

/// A vector in 8 bits a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantised {
    /// What a code is multiplied with.
    pub scale: f32,
    /// At least the length of what was lost.
    pub error: f32,
    pub codes: Vec<i8>,
}

pub fn quantise(vector: &[f32]) -> Quantised {
    let highest = vector.iter().fold(0f32, |m, v| m.max(v.abs()));
    let scale = if highest > 0.0 { highest / 127.0 } else { 1.0 };
    let codes: Vec<i8> = vector.iter().map(|v| (v / scale).round().clamp(-127.0, 127.0) as i8).collect();
    let lost = vector.iter().zip(&codes).map(|(v, c)| f64::from(*v) - f64::from(scale) * f64::from(*c));
    let error = lost.map(|e| e * e).sum::<f64>().sqrt() as f32 * 1.000_1;
    Quantised { scale, error, codes }
}

/// A query made ready for a scan.
#[derive(Debug, Clone)]
pub struct Query {
    level: Level,
    scale: f32,
    error: f32,
    length: f32,
    codes: Vec<i16>,
}

impl Query {
    pub fn new(vector: &[f32]) -> Self {
        let highest = vector.iter().fold(0f32, |m, v| m.max(v.abs()));
        let scale = if highest > 0.0 { highest / QUERY_MAX } else { 1.0 };
        let codes = vector.iter().map(|v| (v / scale).round().clamp(-QUERY_MAX, QUERY_MAX) as i16).collect();
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        // half a step in each number, at most
        let error = 0.5 * scale * (vector.len() as f32).sqrt() * 1.000_1;
        Self { level: Level::new(), scale, error, length, codes }
    }

    /// Calls `found` for each record: its place, and the sum of the products of the codes. A record is
    /// `header` bytes and then the codes; `records` holds whole records.
    pub fn scan(&self, records: &[u8], header: usize, mut found: impl FnMut(usize, &[u8], i32)) {
        let stride = header + self.codes.len();
        dispatch!(self.level, _simd => for (place, record) in records.chunks_exact(stride).enumerate() {
            let (header, codes) = record.split_at(header);
            found(place, header, product(&self.codes, codes));
        });
    }

    /// The product of the query with a vector of this scale, from the sum that [`Query::scan`] gives.
    pub fn product(&self, scale: f32, sum: i32) -> f32 {
        self.scale * scale * sum as f32
    }

    /// How far [`Query::product`] can be from the product of the full vectors, of at most unit length.
    pub fn bound(&self, error: f32) -> f32 {
        self.length * error + self.error * (1.0 + error) + 1e-6
    }
}

#[inline(always)]
fn product(query: &[i16], codes: &[u8]) -> i32 {
    query.iter().zip(codes).map(|(q, c)| i32::from(*q) * i32::from(c.cast_signed())).sum()
}

/// The product of two full vectors, summed in 64 bits.
pub fn exact(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit(mut v: Vec<f32>) -> Vec<f32> {
        let length = v.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length > 0.0 {
            v.iter_mut().for_each(|x| *x /= length);
        }
        v
    }

    proptest! {
        #[test]
        fn the_bound_holds(
            a in proptest::collection::vec(-1f32..1.0, 64),
            b in proptest::collection::vec(-1f32..1.0, 64),
            spike in 0usize..64,
        ) {
            let (a, mut b) = (unit(a), b);
            b[spike] *= 50.0;
            let b = unit(b);
            let (query, stored) = (Query::new(&a), quantise(&b));
            let bytes: Vec<u8> = [0u8; 4].into_iter().chain(stored.codes.iter().map(|c| c.cast_unsigned())).collect();
            let mut sum = None;
            query.scan(&bytes, 4, |_, _, s| sum = Some(s));
            let about = query.product(stored.scale, sum.expect("one record"));
            prop_assert!((f64::from(about) - exact(&a, &b)).abs() <= f64::from(query.bound(stored.error)));
        }
    }

    #[test]
    fn a_vector_of_zeros_is_itself() {
        assert_eq!(quantise(&[0.0; 8]), Quantised { scale: 1.0, error: 0.0, codes: vec![0; 8] });
    }
}
