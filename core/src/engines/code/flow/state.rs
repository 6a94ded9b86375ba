//! What is tainted at one point of a function.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

/// Steps that a report shows.
const MAX_STEPS: usize = 6;

/// Where a value came from, and through which assignments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taint {
    pub source: Range<usize>,
    pub steps: Vec<Range<usize>>,
}

impl Taint {
    pub(super) fn from(source: Range<usize>) -> Rc<Self> {
        Rc::new(Self { source, steps: Vec::new() })
    }

    /// The same, having been assigned at `place`.
    pub(super) fn through(self: &Rc<Self>, place: Range<usize>) -> Rc<Self> {
        if self.steps.len() >= MAX_STEPS || self.steps.contains(&place) {
            return Rc::clone(self);
        }
        let mut longer = (**self).clone();
        longer.steps.push(place);
        Rc::new(longer)
    }
}

/// Tainted variables (`x`) and properties (`x.y`) by their text; what is not here is clean.
#[derive(Debug, Clone, Default)]
pub(super) struct State<'t> {
    tainted: HashMap<&'t str, Rc<Taint>>,
}

impl<'t> State<'t> {
    pub(super) fn get(&self, name: &str) -> Option<Rc<Taint>> {
        self.tainted.get(name).map(Rc::clone)
    }

    pub(super) fn taint(&mut self, name: &'t str, taint: Rc<Taint>) {
        self.tainted.insert(name, taint);
    }

    /// Also forgets the properties of `name`.
    pub(super) fn clean(&mut self, name: &str) {
        self.tainted.retain(|known, _| {
            *known != name
                && !known.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '-', '[', '?']))
        });
    }

    /// Whether a name is tainted here that is clean in `other`.
    pub(super) fn has_more_than(&self, other: &State<'t>) -> bool {
        self.tainted.keys().any(|name| !other.tainted.contains_key(name))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tainted.is_empty()
    }

    /// What is tainted on either way.
    pub(super) fn join(&mut self, other: &State<'t>) {
        for (name, taint) in &other.tainted {
            self.tainted.entry(name).or_insert_with(|| Rc::clone(taint));
        }
    }
}
