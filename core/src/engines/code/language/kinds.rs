//! Sets of node kinds by the grammar's numbers.
//!
//! Never changes after it is made.

use super::Language;

/// A set of a grammar's kind numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindSet {
    words: Vec<u64>,
}

impl KindSet {
    /// The kinds of `names` that the grammar has.
    pub fn named<'a>(language: Language, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut set = Self::default();
        if let Some(grammar) = language.grammar() {
            for name in names {
                match grammar.id_for_node_kind(name, true) {
                    0 => {}
                    id => set.insert(id),
                }
            }
        }
        set
    }

    pub fn insert(&mut self, kind: u16) {
        let word = usize::from(kind) / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (kind % 64);
    }

    #[inline]
    pub fn contains(&self, kind: u16) -> bool {
        self.words.get(usize::from(kind) / 64).is_some_and(|w| w >> (kind % 64) & 1 == 1)
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    /// What is in both.
    pub fn intersection(&self, other: &Self) -> Self {
        Self { words: self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect() }
    }

    pub fn union_with(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine |= theirs;
        }
    }

    /// In rising order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.words.iter().enumerate().flat_map(|(i, word)| {
            (0..64u16).filter(move |bit| word >> bit & 1 == 1).map(move |bit| i as u16 * 64 + bit)
        })
    }
}

/// The lists of a [`super::Spec`] as sets.
#[derive(Debug)]
pub struct Kinds {
    pub identifiers: KindSet,
    pub strings: KindSet,
    pub interpolations: KindSet,
    pub literals: KindSet,
    pub comments: KindSet,
    pub calls: KindSet,
    pub functions: KindSet,
    pub assignments: KindSet,
    pub members: KindSet,
    pub subscripts: KindSet,
    pub blocks: KindSet,
    pub branches: KindSet,
    pub loops: KindSet,
    pub tries: KindSet,
    pub catches: KindSet,
    pub scopes: KindSet,
    pub returns: KindSet,
    pub yields: KindSet,
    pub awaits: KindSet,
    pub throws: KindSet,
    pub imports: KindSet,
    pub classes: KindSet,
}

impl Kinds {
    pub(super) fn of(language: Language) -> Self {
        let spec = language.spec();
        let set = |names: &[&'static str]| KindSet::named(language, names.iter().copied());
        Self {
            identifiers: set(spec.identifiers),
            strings: set(spec.strings),
            interpolations: set(spec.interpolations),
            literals: set(spec.literals),
            comments: set(spec.comments),
            calls: KindSet::named(language, spec.calls.iter().map(|c| c.kind)),
            functions: KindSet::named(language, spec.functions.iter().map(|f| f.kind)),
            assignments: KindSet::named(language, spec.assignments.iter().map(|a| a.kind)),
            members: KindSet::named(language, spec.members.iter().map(|m| m.kind)),
            subscripts: KindSet::named(language, spec.subscripts.iter().map(|m| m.kind)),
            blocks: set(spec.blocks),
            branches: set(spec.branches),
            loops: set(spec.loops),
            tries: set(spec.tries),
            catches: set(spec.catches),
            scopes: set(spec.scopes),
            returns: set(spec.returns),
            yields: set(spec.yields),
            awaits: set(spec.awaits),
            throws: set(spec.throws),
            imports: set(spec.imports),
            classes: set(spec.classes),
        }
    }
}
