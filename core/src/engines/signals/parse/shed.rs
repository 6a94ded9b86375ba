//! Sampling under a bound: what is kept when more comes in than can be kept.
//!
//! Keeps all of the first half of the bound, then every second of the next quarter, every fourth of the next
//! eighth, and so on. The last places go to records ever farther apart, so that they last for any number.

/// Places of which each is given to a record twice as far off as the one before.
const LAST: u64 = 40;

/// Counts of one class of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shed {
    bound: u64,
    seen: u64,
    kept: u64,
    /// One in so many is kept now, and until so many are kept.
    stride: u64,
    until: u64,
}

impl Shed {
    /// `bound` is the most that is ever kept, at least 2.
    pub fn new(bound: u64) -> Self {
        let bound = bound.max(2);
        Self { bound, seen: 0, kept: 0, stride: 1, until: bound / 2 }
    }

    /// Whether the next record is kept.
    pub fn keep(&mut self) -> bool {
        self.seen += 1;
        if self.kept + 1 >= self.bound || !self.seen.is_multiple_of(self.stride) {
            return false;
        }
        self.kept += 1;
        if self.kept >= self.until {
            self.stride = self.stride.saturating_mul(2);
            let left = self.bound - self.kept;
            self.until += if left <= LAST { 1 } else { left / 2 };
        }
        true
    }

    /// How many were not kept.
    pub fn lost(&self) -> u64 {
        self.seen - self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stays_below_the_bound_and_keeps_late_ones(bound in 0u64..2000, count in 0u64..200_000) {
            let mut shed = Shed::new(bound);
            let kept: Vec<u64> = (0..count).filter(|_| shed.keep()).collect();
            prop_assert!((kept.len() as u64) < bound.max(2));
            prop_assert_eq!(shed.lost(), count - kept.len() as u64);
            if count < bound / 2 {
                prop_assert_eq!(shed.lost(), 0);
            }
            if bound > 100 && count > bound {
                prop_assert!((kept.last().unwrap() + 1) * 4 >= count, "{:?} of {}", kept.last(), count);
            }
        }
    }
}
