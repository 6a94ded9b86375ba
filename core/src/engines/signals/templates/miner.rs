//! The miner: lines in, one ticket a line; at the end the tickets' templates.
//!
//! A line is masked and looked up by the hash of what is left; nearly always that is all. Lines
//! never seen before become clusters, and clusters are refined when there are many, and at the end.
//! Memory is bounded by [`Config`], whatever comes: what is too much goes into the template `<*>`.
//! Never reads a file and never forgets a count.

use std::collections::HashMap;

use super::cluster::{Cluster, Seen};
use super::hash::{self, BuildHash};
use super::index::Index;
use super::mask::{Masked, VAR};
use super::refine::{Shape, refine};
use super::template::Template;
use super::words::{Word, Words};

/// The bounds of a miner. One setting serves all logs; smaller values save memory.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Clusters alive at once, at least 64. The rarest and longest unseen give way.
    pub clusters: usize,
    /// Bytes of a line that are looked at, at most `u32::MAX`; the rest is one `<*>`.
    pub line_bytes: usize,
    /// Tokens of a line that are told apart; the rest is one `<*>`.
    pub tokens: usize,
    /// Clusters made in the miner's life, four bytes each: then what is new goes into `<*>`.
    pub tickets: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { clusters: 16_384, line_bytes: 16_384, tokens: 256, tickets: 8 << 20 }
    }
}

/// What a line was told: [`Templates::of`] gives its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub u32);

/// The templates of all lines pushed.
#[derive(Debug)]
pub struct Templates {
    /// In the order of their first lines; `all[i].id == i + 1`.
    pub all: Vec<Template>,
    of: Vec<u32>,
}

impl Templates {
    /// The template of the line that got `ticket` from the same miner.
    pub fn of(&self, ticket: Ticket) -> Option<&Template> {
        self.all.get(*self.of.get(ticket.0 as usize)? as usize)
    }
}

/// Hashes of masked lines seen lately, in two generations.
#[derive(Debug, Default)]
struct Known {
    young: HashMap<u64, u32, BuildHash>,
    old: HashMap<u64, u32, BuildHash>,
}

impl Known {
    fn get(&mut self, signature: u64, most: usize) -> Option<u32> {
        if let Some(cluster) = self.young.get(&signature) {
            return Some(*cluster);
        }
        let cluster = *self.old.get(&signature)?;
        self.insert(signature, cluster, most);
        Some(cluster)
    }

    fn insert(&mut self, signature: u64, cluster: u32, most: usize) {
        if self.young.len() >= most {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(signature, cluster);
    }

    fn renumber(&mut self, new: &[Option<u32>]) {
        for map in [&mut self.young, &mut self.old] {
            map.retain(|_, cluster| match new.get(*cluster as usize) {
                Some(Some(number)) => {
                    *cluster = *number;
                    true
                }
                _ => false,
            });
        }
    }
}

/// A streaming template miner.
#[derive(Debug)]
pub struct Miner {
    config: Config,
    lines: u64,
    masked: Masked,
    words: Words,
    known: Known,
    exact: HashMap<Box<[Word]>, u32, BuildHash>,
    index: Index,
    clusters: Vec<Cluster>,
    /// Of each ticket, the ticket of the cluster that its own went into.
    parents: Vec<u32>,
    /// The number of clusters at which they are refined next.
    refine_at: usize,
    /// The tokens of all clusters together.
    tokens: usize,
    /// The number of different words at which those of no cluster are dropped next.
    tidy_at: usize,
    /// The bytes of words at which the same is done.
    tidy_bytes: usize,
    /// Signatures seen once, when new clusters must show themselves twice.
    doorkeeper: Vec<u64>,
}

/// Clusters before the first refinement.
const FIRST_REFINEMENT: usize = 4096;
const DOORS: usize = 1 << 16;
/// Different words, as a multiple of clusters, before those of no cluster are dropped.
const WORDS: usize = 16;
/// Tokens of all clusters together, as a multiple of clusters: long lines leave room for fewer.
const TOKENS: usize = 24;
/// Longer tokens keep their first half of this.
const LONGEST_TOKEN: usize = 256;
/// Bytes of words before those of no cluster are dropped.
const BYTES: usize = 16 << 20;

impl Miner {
    /// A miner that has seen nothing.
    pub fn new(config: Config) -> Self {
        let config = Config {
            clusters: config.clusters.max(64),
            line_bytes: config.line_bytes.clamp(64, u32::MAX as usize),
            tokens: config.tokens.max(4),
            tickets: config.tickets.clamp(64, u32::MAX as usize),
        };
        Self {
            refine_at: config.clusters.min(FIRST_REFINEMENT),
            config,
            lines: 0,
            masked: Masked::default(),
            words: Words::default(),
            known: Known::default(),
            exact: HashMap::default(),
            index: Index::default(),
            clusters: Vec::new(),
            parents: Vec::new(),
            tokens: 0,
            tidy_at: config.clusters * WORDS,
            tidy_bytes: BYTES,
            doorkeeper: Vec::new(),
        }
    }

    /// Takes in one line, without its line end, in any encoding; `at` is its time in whatever unit
    /// the caller wants to get back. White space around the line does not count.
    pub fn push(&mut self, line: &[u8], at: Option<i64>) -> Ticket {
        let seen = Seen { line: self.lines, at };
        self.lines += 1;
        let whole = line.trim_ascii();
        let line = &whole[..whole.len().min(self.config.line_bytes)];
        self.masked.read(line);
        if line.len() < whole.len() {
            self.masked.rest(line.len());
        }
        let signature = hash::bytes(&self.masked.text);
        let most = self.config.clusters * 2;
        let number = match self.known.get(signature, most) {
            Some(number) => number,
            None => {
                let number = self.place(signature, seen);
                self.known.insert(signature, number, most);
                number
            }
        };
        let cluster = &mut self.clusters[number as usize];
        if cluster.count(seen) {
            cluster.look(line, &self.masked, &self.words);
        }
        Ticket(cluster.ticket)
    }

    /// How many lines were pushed.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Refines once more and gives all templates. The miner can go on afterwards; tickets stay
    /// valid, and templates may then merge further.
    pub fn templates(&mut self) -> Templates {
        self.refine();
        let mut order: Vec<usize> = (0..self.clusters.len()).collect();
        order.sort_by_key(|i| self.clusters[*i].first.line);
        let mut number_of_ticket: HashMap<u32, u32, BuildHash> = HashMap::default();
        let mut all = Vec::with_capacity(order.len());
        for (number, i) in order.into_iter().enumerate() {
            let cluster = &self.clusters[i];
            number_of_ticket.insert(cluster.ticket, number as u32);
            all.push(Template::of(cluster, &self.words, number as u32 + 1));
        }
        let tickets = self.parents.len() as u32;
        let of =
            (0..tickets).map(|t| number_of_ticket.get(&self.root(t)).copied().unwrap_or(u32::MAX)).collect();
        Templates { all, of }
    }

    /// The cluster of a line that is not known by its signature: an old one that fits, or a new one.
    fn place(&mut self, signature: u64, seen: Seen) -> u32 {
        if self.words.len() > self.tidy_at || self.words.bytes() > self.tidy_bytes {
            self.tidy();
        }
        let (tokens, gaps) = self.split();
        if let Some(number) = self.exact.get(&tokens[..]) {
            return *number;
        }
        if let Some(number) = self.index.find(&tokens, &self.words, |n| &self.clusters[n as usize].tokens) {
            return number;
        }
        if !self.admits(signature) {
            return self.overflow(seen);
        }
        if self.clusters.len() >= self.refine_at {
            self.refine();
            self.give_way(seen);
            self.refine_at = (self.clusters.len() * 2)
                .clamp(FIRST_REFINEMENT.min(self.config.clusters), self.config.clusters);
            // The words were renumbered, and what is new may fit now.
            return self.place(signature, seen);
        }
        self.create(tokens, gaps, seen)
    }

    fn create(&mut self, tokens: Box<[Word]>, gaps: Option<Box<[Word]>>, seen: Seen) -> u32 {
        let number = self.clusters.len() as u32;
        let ticket = self.parents.len() as u32;
        self.parents.push(ticket);
        self.tokens += tokens.len();
        self.exact.insert(tokens.clone(), number);
        self.clusters.push(Cluster::new(tokens, gaps, seen, ticket));
        number
    }

    /// The tokens of the masked line and, unless all are single spaces, the gaps between them.
    fn split(&mut self) -> (Box<[Word]>, Option<Box<[Word]>>) {
        let (mut tokens, mut gaps, mut odd) = (Vec::new(), Vec::new(), false);
        let text = &self.masked.text;
        let mut at = 0;
        while at < text.len() {
            let gap = at;
            while at < text.len() && text[at].is_ascii_whitespace() {
                at += 1;
            }
            let begin = at;
            while at < text.len() && !text[at].is_ascii_whitespace() {
                at += 1;
            }
            if begin == at {
                break;
            }
            if !tokens.is_empty() {
                odd |= text[gap..begin] != *b" ";
                gaps.push(self.words.intern(&text[gap..begin]));
            }
            if tokens.len() + 1 == self.config.tokens && at < text.len() {
                tokens.push(self.words.intern(&[VAR]));
                break;
            }
            let token = &text[begin..at];
            tokens.push(if token.len() <= LONGEST_TOKEN {
                self.words.intern(token)
            } else {
                self.words.intern(&[&token[..LONGEST_TOKEN / 2], &[VAR]].concat())
            });
        }
        self.name_users(&mut tokens);
        (tokens.into(), odd.then(|| gaps.into()))
    }

    /// `for user NAME`: what stands there is a name, however often it is the same one.
    fn name_users(&mut self, tokens: &mut [Word]) {
        for at in 2..tokens.len() {
            let [before, noun, name] = [at - 2, at - 1, at].map(|i| self.words.text(tokens[i]));
            if before == b"for" && noun == b"user" && name.first().is_some_and(u8::is_ascii_alphanumeric) {
                let end = name.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |e| e + 1);
                let named = [&[VAR], &name[end..]].concat();
                tokens[at] = self.words.intern(&named);
            }
        }
    }

    /// Whether a new cluster may be made: always, until half of all tickets are used; then when it
    /// is seen twice; never, when none are left.
    fn admits(&mut self, signature: u64) -> bool {
        if self.parents.len() * 2 < self.config.tickets {
            return true;
        }
        if self.parents.len() + 1 >= self.config.tickets {
            return false;
        }
        self.doorkeeper.resize(DOORS, 0);
        let door = &mut self.doorkeeper[signature as usize % DOORS];
        std::mem::replace(door, signature) == signature
    }

    /// The cluster of everything that is too much.
    fn overflow(&mut self, seen: Seen) -> u32 {
        let tokens: Box<[Word]> = [self.words.intern(&[VAR])].into();
        match self.exact.get(&tokens) {
            Some(number) => *number,
            None => self.create(tokens, None, seen),
        }
    }

    /// Merges what is one template.
    fn refine(&mut self) {
        let shapes: Vec<Shape> =
            self.clusters.iter().map(|c| Shape { tokens: &c.tokens, count: c.count }).collect();
        let merges = refine(&shapes, &mut self.words);
        let mut clusters: Vec<Option<Cluster>> =
            std::mem::take(&mut self.clusters).into_iter().map(Some).collect();
        let mut into: Vec<Option<u32>> = (0..clusters.len() as u32).map(Some).collect();
        for merge in merges {
            let Some((first, others)) = merge.members.split_first() else { continue };
            let Some(mut base) = clusters[*first].take() else { continue };
            for other in others {
                if let Some(cluster) = clusters[*other].take() {
                    self.parents[cluster.ticket as usize] = base.ticket;
                    base.absorb(cluster, &self.words, &merge.tokens);
                    into[*other] = Some(*first as u32);
                }
            }
            clusters[*first] = Some(base);
        }
        self.renumber(clusters, into);
    }

    /// Puts the rarest clusters into the one of everything, when refining has not made room.
    fn give_way(&mut self, seen: Seen) {
        let room = self.config.clusters * TOKENS;
        if self.clusters.len() * 4 < self.config.clusters * 3 && self.tokens * 4 < room * 3 {
            return;
        }
        let everything = self.overflow(seen);
        let mut order: Vec<u32> = (0..self.clusters.len() as u32).filter(|n| *n != everything).collect();
        order.sort_by_key(|n| {
            let cluster = &self.clusters[*n as usize];
            (cluster.count, cluster.last.line)
        });
        let mut clusters: Vec<Option<Cluster>> =
            std::mem::take(&mut self.clusters).into_iter().map(Some).collect();
        let mut into: Vec<Option<u32>> = (0..clusters.len() as u32).map(Some).collect();
        let Some(mut all) = clusters[everything as usize].take() else { return };
        let (mut live, mut tokens) = (clusters.len(), self.tokens);
        for number in order {
            if live * 2 <= self.config.clusters && tokens * 2 <= room {
                break;
            }
            if let Some(cluster) = clusters[number as usize].take() {
                self.parents[cluster.ticket as usize] = all.ticket;
                all.count += cluster.count;
                live -= 1;
                tokens -= cluster.tokens.len();
                into[number as usize] = None;
            }
        }
        clusters[everything as usize] = Some(all);
        self.renumber(clusters, into);
    }

    /// Closes the gaps in the numbers of clusters; `into` says which cluster each went into.
    fn renumber(&mut self, clusters: Vec<Option<Cluster>>, into: Vec<Option<u32>>) {
        let mut numbers: Vec<Option<u32>> = Vec::with_capacity(clusters.len());
        let mut live = 0;
        for cluster in &clusters {
            numbers.push(cluster.is_some().then_some(live));
            live += u32::from(cluster.is_some());
        }
        let new: Vec<Option<u32>> = into.iter().map(|i| i.and_then(|i| numbers[i as usize])).collect();
        self.known.renumber(&new);
        self.clusters = clusters.into_iter().flatten().collect();
        self.tidy();
    }

    /// Keeps only the words of live clusters, and files all clusters anew.
    fn tidy(&mut self) {
        let old = std::mem::take(&mut self.words);
        self.exact.clear();
        self.index = Index::default();
        self.tokens = self.clusters.iter().map(|c| c.tokens.len()).sum();
        for (number, cluster) in self.clusters.iter_mut().enumerate() {
            for word in cluster.tokens.iter_mut().chain(cluster.gaps.iter_mut().flat_map(|g| g.iter_mut())) {
                *word = self.words.intern(old.text(*word));
            }
            self.exact.insert(cluster.tokens.clone(), number as u32);
            if !cluster.open.is_empty() {
                self.index.insert(&cluster.tokens, &cluster.open, number as u32);
            }
        }
        self.tidy_at = (self.words.len() * 2).max(self.config.clusters * WORDS);
        self.tidy_bytes = (self.words.bytes() * 2).max(BYTES);
    }

    fn root(&mut self, mut ticket: u32) -> u32 {
        while self.parents[ticket as usize] != ticket {
            let above = self.parents[self.parents[ticket as usize] as usize];
            self.parents[ticket as usize] = above;
            ticket = above;
        }
        ticket
    }
}
