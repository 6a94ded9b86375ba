//! When a whole set of fixes fails, finds which of them are guilty, so that the rest can still land.
//!
//! A greedy form of delta debugging (Zeller, Hildebrandt: "Simplifying and isolating failure-inducing
//! input", IEEE TSE 2002): chunks are added to what is known to pass, and halved where that fails.

/// Positions in the list that was searched, each ascending; together they are the whole list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bisected {
    /// This set as a whole was tested and passed, or is empty.
    pub innocent: Vec<usize>,
    /// Each failed when it was added to those found innocent by then.
    pub guilty: Vec<usize>,
    /// Not decided within the number of runs; to be left out.
    pub undecided: Vec<usize>,
    pub runs: usize,
}

struct Search<'a> {
    passes: &'a mut dyn FnMut(&[usize]) -> bool,
    most: usize,
    found: Bisected,
}

/// Searches `0..count` with at most `most_runs` calls of `passes`, which is given ascending positions.
/// The whole list is taken to have failed already. With `k` guilty that do not depend on each other
/// it needs about `2 k log2(count / k)` runs.
pub fn bisect(count: usize, most_runs: usize, passes: &mut dyn FnMut(&[usize]) -> bool) -> Bisected {
    let mut search = Search { passes, most: most_runs, found: Bisected::default() };
    let all: Vec<usize> = (0..count).collect();
    search.split(&all);
    let mut found = search.found;
    for list in [&mut found.innocent, &mut found.guilty, &mut found.undecided] {
        list.sort_unstable();
    }
    found
}

impl Search<'_> {
    /// Adds `chunk` to the innocent if it passes with them, else looks inside.
    fn add(&mut self, chunk: &[usize]) {
        if chunk.is_empty() {
            return;
        }
        if self.found.runs >= self.most {
            self.found.undecided.extend(chunk);
            return;
        }
        let mut together: Vec<usize> = self.found.innocent.iter().chain(chunk).copied().collect();
        together.sort_unstable();
        self.found.runs += 1;
        if (self.passes)(&together) {
            self.found.innocent = together;
        } else {
            self.split(chunk);
        }
    }

    /// `chunk` is known to fail together with the innocent.
    fn split(&mut self, chunk: &[usize]) {
        if let [one] = chunk {
            self.found.guilty.push(*one);
            return;
        }
        let (left, right) = chunk.split_at(chunk.len() / 2);
        let before = self.found.innocent.len();
        self.add(left);
        if self.found.innocent.len() == before + left.len() {
            // All of the left is in, so testing the right would repeat the test that just failed.
            self.split_unless_empty(right);
        } else {
            self.add(right);
        }
    }

    fn split_unless_empty(&mut self, chunk: &[usize]) {
        if !chunk.is_empty() {
            self.split(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn small_lists() {
        for (count, guilty) in [(0, vec![]), (1, vec![0]), (2, vec![1]), (5, vec![0, 4]), (8, vec![3])] {
            let found = bisect(count, 100, &mut |set| !set.iter().any(|i| guilty.contains(i)));
            assert_eq!(found.guilty, guilty, "{count}");
            assert_eq!(found.innocent.len(), count - guilty.len());
        }
    }

    #[test]
    fn two_that_only_fail_together_lose_one() {
        let found = bisect(6, 100, &mut |set| !(set.contains(&1) && set.contains(&4)));
        assert_eq!(found.guilty, vec![4]);
        assert_eq!(found.innocent, vec![0, 1, 2, 3, 5]);
    }

    proptest! {
        #[test]
        fn the_guilty_are_found_and_nothing_is_lost(
            count in 1usize..60,
            guilty in proptest::collection::btree_set(0usize..60, 1..6),
            most in 0usize..200,
        ) {
            let guilty: BTreeSet<usize> = guilty.into_iter().filter(|g| *g < count).collect();
            prop_assume!(!guilty.is_empty());
            let mut runs = 0;
            let mut test = |set: &[usize]| {
                runs += 1;
                !set.iter().any(|i| guilty.contains(i))
            };
            let found = bisect(count, most, &mut test);
            prop_assert!(runs <= most && runs == found.runs);
            prop_assert!(found.guilty.iter().all(|g| guilty.contains(g)));
            prop_assert!(!found.innocent.iter().any(|i| guilty.contains(i)));
            let mut all = [found.innocent, found.guilty.clone(), found.undecided.clone()].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
            if found.undecided.is_empty() {
                prop_assert_eq!(found.guilty.len(), guilty.len());
            }
            prop_assert!(most < 2 * count || found.undecided.is_empty());
        }
    }
}
