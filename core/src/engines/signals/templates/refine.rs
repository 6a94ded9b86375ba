//! Refinement: which masked lines that differ in words are one template.
//!
//! Masking leaves lines that still differ in names of users, hosts and classes. Here all of them
//! are seen at once: clusters that agree in everything but one column are tried together, and the
//! column's values say whether they are values of a parameter or parts of different messages.
//! Works on tokens and counts alone; never sees a line.

use std::collections::HashMap;

use super::column::{self, Column};
use super::hash::{self, BuildHash, mix};
use super::words::{Word, Words, key};

/// A cluster of lines: its tokens and how many lines it stands for.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    pub tokens: &'a [Word],
    pub count: u64,
}

/// Clusters that are one, by their places in the input, and the tokens of what they become.
#[derive(Debug)]
pub struct Merge {
    pub members: Vec<usize>,
    pub tokens: Box<[Word]>,
}

const ROUNDS: usize = 4;
/// Longer lines are lists or dumps: their columns say nothing.
const COLUMNS: usize = 128;

/// Finds what to merge among `shapes`, whose tokens are all different. Every shape is in at most
/// one of the results. Deterministic in the order of the input.
pub fn refine(shapes: &[Shape], words: &mut Words) -> Vec<Merge> {
    let mut live: Vec<Merge> =
        shapes.iter().enumerate().map(|(i, s)| Merge { members: vec![i], tokens: s.tokens.into() }).collect();
    let mut counts: Vec<u64> = shapes.iter().map(|s| s.count).collect();
    for _ in 0..ROUNDS {
        let mut union = Union::new(live.len());
        same_but_for_notation(&live, words, &mut union);
        one_column(&live, &counts, words, &mut union);
        several_columns(&live, words, &mut union);
        if !union.any {
            break;
        }
        (live, counts) = rebuild(live, &counts, words, &mut union);
    }
    live.retain(|m| m.members.len() > 1);
    live
}

fn place(column: usize, word: Word) -> u64 {
    mix(((column as u64) << 32) | u64::from(word.0) | 1 << 63)
}

fn signature(tokens: &[Word]) -> u64 {
    tokens.iter().enumerate().fold(mix(tokens.len() as u64), |sum, (c, w)| sum.wrapping_add(place(c, *w)))
}

/// A hash of `tokens` of which `kept` gives what counts of each; units that follow numbers count
/// by what they measure.
fn frame(tokens: &[Word], words: &Words, kept: impl Fn(Word) -> u64) -> u64 {
    tokens.iter().enumerate().fold(mix(tokens.len() as u64), |sum, (c, w)| {
        let before = c.checked_sub(1).and_then(|b| tokens.get(b));
        mix(sum ^ c as u64 ^ words.quantity(before, *w).unwrap_or_else(|| kept(*w)))
    })
}

/// Clusters that differ in how their numbers are written: `3` and `2.5`, `00:01` and `1:00:01`.
fn same_but_for_notation(live: &[Merge], words: &Words, union: &mut Union) {
    let mut first: HashMap<u64, usize, BuildHash> = HashMap::default();
    for (i, cluster) in live.iter().enumerate() {
        let key = frame(&cluster.tokens, words, |w| words.notation(w));
        match first.get(&key) {
            Some(other) => union.join(i, *other),
            None => drop(first.insert(key, i)),
        }
    }
}

/// Clusters that differ in one column only.
fn one_column(live: &[Merge], counts: &[u64], words: &Words, union: &mut Union) {
    let mut holes = Twice::new(live.iter().map(|c| c.tokens.len()).sum());
    for pass in [Pass::Mark, Pass::Collect] {
        for (i, cluster) in live.iter().enumerate().filter(|(_, c)| c.tokens.len() <= COLUMNS) {
            let whole = signature(&cluster.tokens);
            for (c, word) in cluster.tokens.iter().enumerate() {
                let rest = mix(whole.wrapping_sub(place(c, *word)) ^ c as u64);
                match pass {
                    Pass::Mark => holes.mark(rest),
                    Pass::Collect => holes.collect(rest, i as u32, c as u32),
                }
            }
        }
    }
    for group in holes.groups() {
        let column = group[0].column as usize;
        let value = |m: &Member| (live[m.cluster as usize].tokens[column], counts[m.cluster as usize]);
        let values: Vec<(Word, u64)> = group.iter().map(value).collect();
        let tokens = &live[group[0].cluster as usize].tokens;
        if Column::read(tokens, column, &values, words).is_parameter() {
            for pair in group.windows(2) {
                union.join(pair[0].cluster as usize, pair[1].cluster as usize);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Pass {
    Mark,
    Collect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    key: u64,
    cluster: u32,
    column: u32,
}

/// Finds keys that occur more than once without a table of all keys: nearly all occur once.
struct Twice {
    once: Vec<u64>,
    twice: Vec<u64>,
    members: Vec<Member>,
}

impl Twice {
    fn new(keys: usize) -> Self {
        let words = (keys / 4 + 1).next_power_of_two();
        Self { once: vec![0; words], twice: vec![0; words], members: Vec::new() }
    }

    fn bit(&self, key: u64) -> (usize, u64) {
        (key as usize % self.once.len(), 1 << (key >> 58))
    }

    fn mark(&mut self, key: u64) {
        let (word, bit) = self.bit(key);
        self.twice[word] |= self.once[word] & bit;
        self.once[word] |= bit;
    }

    fn collect(&mut self, key: u64, cluster: u32, column: u32) {
        let (word, bit) = self.bit(key);
        if self.twice[word] & bit != 0 {
            self.members.push(Member { key, cluster, column });
        }
    }

    /// The members of each key that has several, keys in the order of their first members.
    fn groups(mut self) -> Vec<Vec<Member>> {
        self.members.sort_unstable();
        let same = |a: &Member, b: &Member| (a.key, a.column) == (b.key, b.column);
        let mut groups: Vec<Vec<Member>> =
            self.members.chunk_by(same).filter(|g| g.len() > 1).map(<[Member]>::to_vec).collect();
        groups.sort_by_key(|g| (g[0].cluster, g[0].column));
        groups
    }
}

/// Clusters that differ in several columns, all of which look like values of a parameter.
fn several_columns(live: &[Merge], words: &Words, union: &mut Union) {
    let mut groups: HashMap<u64, Vec<usize>, BuildHash> = HashMap::default();
    let mut order = Vec::new();
    for (i, cluster) in live.iter().enumerate() {
        if cluster.tokens.len() > COLUMNS || cluster.tokens.len() < 4 {
            continue;
        }
        let strong = |w: &Word| words.is_identifier(*w);
        let open = cluster.tokens.iter().filter(|w| strong(w)).count();
        let plain = cluster.tokens.iter().filter(|w| words.is_plain(**w)).count();
        if open < 2 || plain < 2 || plain * 2 < cluster.tokens.len() - open {
            continue;
        }
        let key = frame(&cluster.tokens, words, |w| {
            let text = words.text(w);
            hash::bytes(if strong(&w) { key(text) } else { text })
        });
        let group = groups.entry(key).or_default();
        if group.is_empty() {
            order.push(key);
        }
        group.push(i);
    }
    for key in order {
        let group = &groups[&key];
        if group.len() < 2 || !column::vary_together(group, live, words) {
            continue;
        }
        for pair in group.windows(2) {
            union.join(pair[0], pair[1]);
        }
    }
}

/// Joins what was found to be one, and the tokens of it.
fn rebuild(live: Vec<Merge>, counts: &[u64], words: &mut Words, union: &mut Union) -> (Vec<Merge>, Vec<u64>) {
    let mut at: HashMap<usize, usize> = HashMap::new();
    let (mut joined, mut sums): (Vec<Merge>, Vec<u64>) = (Vec::new(), Vec::new());
    for (i, cluster) in live.into_iter().enumerate() {
        let root = union.root(i);
        match at.get(&root) {
            Some(place) => {
                let into = &mut joined[*place];
                into.members.extend(cluster.members);
                for (a, b) in into.tokens.iter_mut().zip(cluster.tokens) {
                    *a = words.generalise(*a, b);
                }
                sums[*place] += counts[i];
            }
            None => {
                at.insert(root, joined.len());
                joined.push(cluster);
                sums.push(counts[i]);
            }
        }
    }
    unite_equal(joined, sums)
}

/// What became equal by generalising is one.
fn unite_equal(joined: Vec<Merge>, sums: Vec<u64>) -> (Vec<Merge>, Vec<u64>) {
    let mut at: HashMap<Box<[Word]>, usize> = HashMap::new();
    let (mut out, mut counts): (Vec<Merge>, Vec<u64>) = (Vec::new(), Vec::new());
    for (cluster, count) in joined.into_iter().zip(sums) {
        if let Some(place) = at.get(&cluster.tokens) {
            out[*place].members.extend(cluster.members);
            counts[*place] += count;
        } else {
            at.insert(cluster.tokens.clone(), out.len());
            out.push(cluster);
            counts.push(count);
        }
    }
    (out, counts)
}

/// Disjoint sets (Tarjan 1975), the smaller number the root: so that results keep the input's order.
struct Union {
    parent: Vec<usize>,
    any: bool,
}

impl Union {
    fn new(length: usize) -> Self {
        Self { parent: (0..length).collect(), any: false }
    }

    fn root(&mut self, mut of: usize) -> usize {
        while self.parent[of] != of {
            self.parent[of] = self.parent[self.parent[of]];
            of = self.parent[of];
        }
        of
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.any = true;
            self.parent[a.max(b)] = a.min(b);
        }
    }
}
