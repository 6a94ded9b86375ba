//! The values seen, up to a bound, as one slice.
//!
//! Never holds anything that is not finite.

/// The newest values of a series.
#[derive(Debug, Clone)]
pub struct History {
    values: Vec<f64>,
    capacity: usize,
}

impl History {
    /// Keeps the newest `capacity` values (at least 1).
    pub fn new(capacity: usize) -> Self {
        Self { values: Vec::new(), capacity: capacity.max(1) }
    }

    /// Adds a finite value, and lets the oldest go.
    pub fn push(&mut self, value: f64) {
        // moved once in `capacity` pushes, so that the slice stays whole at a constant cost
        if self.values.len() >= 2 * self.capacity {
            self.values.drain(..=self.capacity);
        }
        self.values.push(value);
    }

    /// Oldest first.
    pub fn values(&self) -> &[f64] {
        &self.values[self.values.len().saturating_sub(self.capacity)..]
    }
}

/// The newest `width` of `values`, if there are as many.
pub fn newest(values: &[f64], width: usize) -> Option<&[f64]> {
    values.len().checked_sub(width).map(|start| &values[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay() {
        let mut history = History::new(5);
        for i in 0..40 {
            history.push(f64::from(i));
            let expected: Vec<f64> = (0.max(i - 4)..=i).map(f64::from).collect();
            assert_eq!(history.values(), expected);
        }
        assert_eq!(newest(history.values(), 2), Some(&[38.0, 39.0][..]));
        assert_eq!(newest(history.values(), 6), None);
    }
}
