//! How the values of one parameter are distributed, in a few hundred bytes whatever their number.
//!
//! Counts distinct values by linear counting (Whang, Vander-Zanden and Taylor 1990), keeps the most
//! frequent by space-saving (Metwally, Agrawal and El Abbadi 2005), and the range of numbers. Exact
//! for up to [`TOP`] different values. Never keeps a whole history.

use super::hash;

/// How many values are kept with their counts.
pub const TOP: usize = 8;
/// Longer values are cut, in bytes.
const LONGEST: usize = 48;
const BITMAP: usize = 1024;

/// The distribution of one parameter.
#[derive(Debug, Clone, Default)]
pub struct Distribution {
    seen: u64,
    numbers: u64,
    sum: f64,
    least: f64,
    greatest: f64,
    top: Vec<(Box<[u8]>, u64)>,
    /// Bits of the hashes seen, once there are more values than `top` keeps.
    bitmap: Option<Box<[u64; BITMAP / 64]>>,
}

impl Distribution {
    /// Takes in one value.
    pub fn add(&mut self, value: &[u8]) {
        self.add_times(value, 1);
    }

    pub(super) fn add_times(&mut self, value: &[u8], times: u64) {
        let value = &value[..value.len().min(LONGEST)];
        self.seen += times;
        if let Some(number) = number(value) {
            self.count_number(number, number, number * times as f64, times);
        }
        if let Some(kept) = self.top.iter_mut().find(|(text, _)| **text == *value) {
            kept.1 += times;
            return;
        }
        if self.top.len() < TOP {
            self.top.push((value.into(), times));
            return;
        }
        self.mark(value);
        // Space-saving: the rarest gives its place, and its count, to the newcomer.
        if let Some(rarest) = self.top.iter_mut().min_by_key(|(_, count)| *count) {
            *rarest = (value.into(), rarest.1 + times);
        }
    }

    fn count_number(&mut self, least: f64, greatest: f64, sum: f64, times: u64) {
        self.least = if self.numbers == 0 { least } else { self.least.min(least) };
        self.greatest = if self.numbers == 0 { greatest } else { self.greatest.max(greatest) };
        self.numbers += times;
        self.sum += sum;
    }

    fn mark(&mut self, value: &[u8]) {
        if self.bitmap.is_none() {
            let mut bits = Box::new([0u64; BITMAP / 64]);
            for (kept, _) in &self.top {
                set(&mut bits, hash::bytes(kept));
            }
            self.bitmap = Some(bits);
        }
        if let Some(bits) = &mut self.bitmap {
            set(bits, hash::bytes(value));
        }
    }

    /// Takes in what `other` has seen.
    pub fn merge(&mut self, other: &Distribution) {
        let before = (self.numbers, self.sum, self.least, self.greatest);
        let seen = self.seen + other.seen;
        for (value, times) in &other.top {
            self.add_times(value, *times);
        }
        (self.numbers, self.sum, self.least, self.greatest) = before;
        if other.numbers > 0 {
            self.count_number(other.least, other.greatest, other.sum, other.numbers);
        }
        self.seen = seen;
        if let Some(theirs) = &other.bitmap {
            if self.bitmap.is_none() {
                let kept: Vec<Box<[u8]>> = self.top.iter().map(|(text, _)| text.clone()).collect();
                kept.iter().for_each(|text| self.mark(text));
            }
            if let Some(ours) = &mut self.bitmap {
                ours.iter_mut().zip(theirs.iter()).for_each(|(a, b)| *a |= b);
            }
        }
    }

    /// How many values were looked at.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How many different values there were: exact up to [`TOP`], then within a few percent up to
    /// about 5,000, which is the most it can tell.
    pub fn distinct(&self) -> u64 {
        match &self.bitmap {
            None => self.top.len() as u64,
            Some(bits) => {
                let ones: u32 = bits.iter().map(|b| b.count_ones()).sum();
                let zeros = (BITMAP as f64 - f64::from(ones)).max(1.0);
                (-(BITMAP as f64) * (zeros / BITMAP as f64).ln()).round() as u64
            }
        }
    }

    /// The most frequent values with their counts, the most frequent first; upper bounds once more
    /// than [`TOP`] values were seen.
    pub fn top(&self) -> Vec<(String, u64)> {
        let mut top: Vec<(String, u64)> = self
            .top
            .iter()
            .map(|(text, count)| (String::from_utf8_lossy(text).into_owned(), *count))
            .collect();
        top.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        top
    }

    /// Least, mean and greatest, when every value was a decimal number.
    pub fn range(&self) -> Option<(f64, f64, f64)> {
        (self.numbers > 0 && self.numbers == self.seen)
            .then(|| (self.least, self.sum / self.numbers as f64, self.greatest))
    }
}

fn set(bits: &mut [u64; BITMAP / 64], hash: u64) {
    let bit = (hash >> 32) as usize % BITMAP;
    bits[bit / 64] |= 1 << (bit % 64);
}

fn number(value: &[u8]) -> Option<f64> {
    let first = *value.first()?;
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+')) || value.len() > 24 {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok().filter(|n: &f64| n.is_finite())
}
