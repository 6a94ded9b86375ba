//! Groups log records: one pass, each into the group of its service, template, level and stack trace.
//!
//! Memory is bounded whatever comes: groups beyond [`Bounds`] are put together, the rarest first. Never keeps
//! a record beyond the few that are quoted, and never reads a file. The same records give the same groups.

use super::templates::{self, Miner, Template, Templates, Ticket};
use crate::domain::ContentHash;
use crate::domain::incident::{Exemplar, LogCluster, LogLevel, LogLine, LogParameter, TimeRange};
use std::collections::{BTreeMap, HashMap};

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Equal parts of the window in which lines are counted, at least 1.
    pub buckets: usize,
    /// Groups alive at once.
    pub groups: usize,
    /// Records quoted, trace ids and instances kept of a group.
    pub exemplars: usize,
    pub traces: usize,
    pub instances: usize,
    /// Bytes of a quotation.
    pub quoted: usize,
    pub miner: templates::Config,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            buckets: 60,
            groups: 32_768,
            exemplars: 3,
            traces: 8,
            instances: 256,
            quoted: 1_000,
            miner: templates::Config::default(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    service: u32,
    ticket: u32,
    level: Option<LogLevel>,
    /// Of the innermost frame; 0 without a stack trace.
    stack: u64,
}

#[derive(Debug, Default)]
struct Group {
    /// Number of its first record.
    order: u64,
    count: u64,
    baseline_count: u64,
    first: Option<f64>,
    last: Option<f64>,
    buckets: Vec<u64>,
    instances: BTreeMap<u32, (u64, u64)>,
    /// Those that all its stack traces begin with.
    frames: Vec<String>,
    exemplars: Vec<Exemplar>,
    traces: Vec<String>,
}

/// Names as numbers.
#[derive(Debug, Default)]
struct Names {
    all: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.all.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn name(&self, number: u32) -> &str {
        self.all.get(number as usize).map_or("", String::as_str)
    }
}

/// The ticket of what was put together because it was too much.
const REST: u32 = u32::MAX;
/// Different names of services and of instances that are told apart.
const NAMES: usize = 65_536;

/// Takes records and groups them.
#[derive(Debug)]
pub struct Groups {
    bounds: Bounds,
    window: TimeRange,
    reference: TimeRange,
    miner: Miner,
    services: Names,
    instances: Names,
    groups: HashMap<Key, Group>,
    records: u64,
    text: Vec<u8>,
}

impl Groups {
    /// Counts apart what lies within `window` and within `reference`; a record without a time counts as
    /// one of the window, and one outside of both is left out.
    pub fn new(window: TimeRange, reference: TimeRange, bounds: Bounds) -> Self {
        Self {
            bounds,
            window,
            reference,
            miner: Miner::new(bounds.miner),
            services: Names::default(),
            instances: Names::default(),
            groups: HashMap::new(),
            records: 0,
            text: Vec::new(),
        }
    }

    /// Records that were taken in.
    pub fn records(&self) -> u64 {
        self.records
    }

    pub fn push(&mut self, line: &LogLine<'_>) {
        let within = line.time.is_none_or(|t| self.window.contains(t));
        let before = !within && line.time.is_some_and(|t| self.reference.contains(t));
        if !within && !before {
            return;
        }
        self.records += 1;
        self.text.clear();
        self.text.extend_from_slice(line.message.as_bytes());
        if let Some(error) = line.error.filter(|error| !line.message.contains(*error)) {
            self.text.extend_from_slice(if line.message.is_empty() { b"" } else { b": " });
            self.text.extend_from_slice(error.lines().next().unwrap_or_default().as_bytes());
        }
        let Ticket(ticket) = self.miner.push(&self.text, None);
        let stack = line.frames.first().map_or(0, |frame| fnv(frame.as_bytes()) | 1);
        let service = known(&mut self.services, line.service);
        let instance = line.instance.map(|name| known(&mut self.instances, name));
        let key = Key { service, ticket, level: line.level, stack };
        if self.groups.len() >= self.bounds.groups && !self.groups.contains_key(&key) {
            self.tidy();
        }
        let (order, bounds, window) = (self.records, &self.bounds, self.window);
        let group = self.groups.entry(key).or_insert_with(|| Group {
            order,
            frames: line.frames.to_vec(),
            ..Group::default()
        });
        group.count(line, instance, within, bounds, window);
    }

    /// Puts groups of one template together, and the rarest into the rest when that makes too little room.
    fn tidy(&mut self) {
        let templates = self.miner.templates();
        let mut representative: HashMap<u32, u32> = HashMap::new();
        let mut tickets: Vec<u32> = self.groups.keys().map(|k| k.ticket).filter(|t| *t != REST).collect();
        tickets.sort_unstable();
        for ticket in tickets {
            let template = template(&templates, ticket);
            representative.entry(template).or_insert(ticket);
        }
        let renamed = |ticket: u32| match ticket {
            REST => REST,
            ticket => representative.get(&template(&templates, ticket)).copied().unwrap_or(ticket),
        };
        self.rekey(|key, _| Key { ticket: renamed(key.ticket), ..key });
        let most = self.bounds.groups / 2;
        if self.groups.len() > most {
            let mut counts: Vec<(u64, u64)> = self.groups.values().map(|g| (g.weight(), g.order)).collect();
            counts.sort_unstable();
            let least = counts.get(self.groups.len() - most).copied().unwrap_or_default();
            self.rekey(|key, group| match (group.weight(), group.order) < least {
                true => Key { ticket: REST, stack: 0, ..key },
                false => key,
            });
        }
    }

    fn rekey(&mut self, new: impl Fn(Key, &Group) -> Key) {
        let mut old: Vec<(Key, Group)> = std::mem::take(&mut self.groups).into_iter().collect();
        old.sort_unstable_by_key(|(_, group)| group.order);
        for (key, group) in old {
            let key = new(key, &group);
            match self.groups.entry(key) {
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(group);
                }
                std::collections::hash_map::Entry::Occupied(mut entry) => {
                    entry.get_mut().absorb(group, &self.bounds)
                }
            }
        }
    }

    /// The groups by service, then in the order of their templates; `l1`, `l2`, … And what could not be told.
    pub fn finish(mut self) -> (Vec<LogCluster>, Vec<String>) {
        let templates = self.miner.templates();
        // Templates are named by their numbers from here on; the rest comes last.
        self.rekey(|key, _| match key.ticket {
            REST => key,
            ticket => Key { ticket: template(&templates, ticket), ..key },
        });
        let mut groups: Vec<(Key, Group)> = std::mem::take(&mut self.groups).into_iter().collect();
        groups.sort_by(|(a, _), (b, _)| {
            let name = |key: &Key| self.services.name(key.service);
            name(a).cmp(name(b)).then((a.ticket, a.level, a.stack).cmp(&(b.ticket, b.level, b.stack)))
        });
        let mut referred: BTreeMap<u32, u64> = BTreeMap::new();
        for (key, group) in &groups {
            *referred.entry(key.service).or_default() += group.baseline_count;
        }
        let mut clusters = Vec::with_capacity(groups.len());
        for (key, group) in groups {
            let number = clusters.len() + 1;
            let known = referred.get(&key.service).is_some_and(|n| *n > 0);
            let template = templates.all.get(key.ticket as usize);
            clusters.push(self.cluster(number, key, group, template, known));
        }
        let unknown: Vec<&str> = referred
            .iter()
            .filter(|(_, n)| **n == 0)
            .map(|(service, _)| self.services.name(*service))
            .collect();
        (clusters, note(&unknown, referred.len()))
    }

    fn cluster(
        &self,
        number: usize,
        key: Key,
        group: Group,
        template: Option<&Template>,
        known: bool,
    ) -> LogCluster {
        let mut instances: Vec<(String, u64, u64)> = group
            .instances
            .iter()
            .map(|(name, (now, before))| (self.instances.name(*name).to_owned(), *now, *before))
            .collect();
        instances.sort_unstable();
        let rate = |count: u64, range: TimeRange| count as f64 / range.length().max(1.0);
        let (now, before) = (rate(group.count, self.window), rate(group.baseline_count, self.reference));
        let novelty = if !known || now <= 0.0 { 0.0 } else { 1.0 - (before / now).min(1.0) };
        let buckets =
            if group.buckets.is_empty() { vec![0; self.bounds.buckets.max(1)] } else { group.buckets };
        LogCluster {
            id: format!("l{number}"),
            service: self.services.name(key.service).to_owned(),
            template: template.map_or(templates::WILDCARD, |template| &template.text).to_owned(),
            level: key.level,
            count: group.count,
            baseline_count: group.baseline_count,
            first_seen: group.first,
            last_seen: group.last,
            novelty,
            instances,
            buckets,
            frames: group.frames,
            exemplars: group.exemplars,
            traces: group.traces,
            variants: Vec::new(),
            parameters: template.map(parameters).unwrap_or_default(),
        }
    }
}

/// Parameters that are told of a template, and values of each.
const PARAMETERS: usize = 8;
const VALUES: usize = 3;

fn parameters(template: &Template) -> Vec<LogParameter> {
    let told = template.parameters.iter().enumerate().filter(|(_, values)| values.seen() > 0);
    told.take(PARAMETERS)
        .map(|(place, values)| {
            let mut top = values.top();
            top.truncate(VALUES);
            LogParameter { place, distinct: values.distinct(), top, range: values.range() }
        })
        .collect()
}

/// The number of a name; what is too many shares one.
fn known(names: &mut Names, name: &str) -> u32 {
    if names.all.len() >= NAMES && !names.numbers.contains_key(name) {
        names.number("…")
    } else {
        names.number(name)
    }
}

/// A template's place among all.
fn template(templates: &Templates, ticket: u32) -> u32 {
    templates.of(Ticket(ticket)).map_or(REST, |template| template.id - 1)
}

fn note(unknown: &[&str], services: usize) -> Vec<String> {
    let named = unknown.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    let more = unknown.len().saturating_sub(5);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    match unknown.len() {
        0 => Vec::new(),
        n if n == services => {
            vec!["no logs within the reference: what is new in them cannot be told".to_owned()]
        }
        _ => vec![format!(
            "no logs of {named}{more} within the reference: what is new in theirs cannot be told"
        )],
    }
}

impl Group {
    fn weight(&self) -> u64 {
        self.count + self.baseline_count
    }

    fn count(
        &mut self,
        line: &LogLine<'_>,
        instance: Option<u32>,
        within: bool,
        bounds: &Bounds,
        window: TimeRange,
    ) {
        let shared = self.frames.iter().zip(line.frames).take_while(|(a, b)| a == b).count();
        self.frames.truncate(shared);
        if let Some(name) = instance
            && (self.instances.len() < bounds.instances || self.instances.contains_key(&name))
        {
            let (now, before) = self.instances.entry(name).or_default();
            *now += u64::from(within);
            *before += u64::from(!within);
        }
        if !within {
            self.baseline_count += 1;
            return;
        }
        self.count += 1;
        if let Some(time) = line.time {
            self.first = Some(self.first.map_or(time, |t| t.min(time)));
            self.last = Some(self.last.map_or(time, |t| t.max(time)));
            self.buckets.resize(bounds.buckets.max(1), 0);
            let share = (time - window.start) / window.length().max(f64::MIN_POSITIVE);
            let at = ((share * self.buckets.len() as f64) as usize).min(self.buckets.len() - 1);
            self.buckets[at] += 1;
        }
        if let Some(trace) = line.trace
            && self.traces.len() < bounds.traces
            && !self.traces.iter().any(|t| t == trace)
        {
            self.traces.push(trace.to_owned());
        }
        if self.exemplars.len() < bounds.exemplars {
            self.exemplars.push(quote(line, bounds.quoted));
        }
    }

    /// Takes in a later group.
    fn absorb(&mut self, other: Self, bounds: &Bounds) {
        self.order = self.order.min(other.order);
        self.count += other.count;
        self.baseline_count += other.baseline_count;
        let joined = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(pick(a, b)),
            (a, b) => a.or(b),
        };
        self.first = joined(self.first, other.first, f64::min);
        self.last = joined(self.last, other.last, f64::max);
        if self.buckets.is_empty() {
            self.buckets = other.buckets;
        } else {
            self.buckets.iter_mut().zip(other.buckets).for_each(|(sum, count)| *sum += count);
        }
        for (name, (now, before)) in other.instances {
            if self.instances.len() < bounds.instances || self.instances.contains_key(&name) {
                let sum = self.instances.entry(name).or_default();
                *sum = (sum.0 + now, sum.1 + before);
            }
        }
        let shared = self.frames.iter().zip(&other.frames).take_while(|(a, b)| a == b).count();
        self.frames.truncate(shared);
        self.exemplars.extend(other.exemplars);
        self.exemplars.truncate(bounds.exemplars);
        self.traces.extend(other.traces);
        self.traces.truncate(bounds.traces);
    }
}

fn quote(line: &LogLine<'_>, most: usize) -> Exemplar {
    let mut text = String::from_utf8_lossy(line.raw.get(..most).unwrap_or(line.raw)).into_owned();
    if line.raw.len() > most {
        text.push('…');
    }
    Exemplar {
        file: line.file.to_owned(),
        offset: line.offset,
        hash: ContentHash::of(line.raw),
        time: line.time,
        text,
    }
}

/// FNV-1a, 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: TimeRange = TimeRange { start: 100.0, end: 200.0 };
    const REFERENCE: TimeRange = TimeRange { start: 0.0, end: 100.0 };

    fn line<'a>(service: &'a str, time: f64, level: LogLevel, message: &'a str) -> LogLine<'a> {
        LogLine {
            service,
            instance: Some("i1"),
            time: Some(time),
            level: Some(level),
            message,
            error: None,
            frames: &[],
            trace: None,
            file: "app.log",
            offset: (time * 100.0) as u64,
            raw: message.as_bytes(),
        }
    }

    fn grouped(bounds: Bounds, feed: impl FnOnce(&mut Groups)) -> Vec<LogCluster> {
        let mut groups = Groups::new(WINDOW, REFERENCE, bounds);
        feed(&mut groups);
        groups.finish().0
    }

    #[test]
    fn counts_apart_by_service_level_template_and_time() {
        let clusters = grouped(Bounds::default(), |groups| {
            for n in 0..100 {
                let served = format!("served request {n} in {} ms", n * 7);
                groups.push(&line("web", f64::from(n) * 2.0, LogLevel::Info, &served));
            }
            for n in 0..10 {
                let failed = format!("cannot reach 10.0.0.{n}:5432");
                groups.push(&line("web", 150.0 + f64::from(n), LogLevel::Error, &failed));
            }
            groups.push(&line("db", 20.0, LogLevel::Info, "checkpoint complete"));
            groups.push(&line("db", 500.0, LogLevel::Info, "long after"));
        });
        let shown: Vec<_> =
            clusters.iter().map(|c| (c.id.as_str(), c.service.as_str(), c.count, c.baseline_count)).collect();
        assert_eq!(shown, [("l1", "db", 0, 1), ("l2", "web", 50, 50), ("l3", "web", 10, 0)]);
        let failed = &clusters[2];
        assert_eq!((failed.template.as_str(), failed.novelty), ("cannot reach <*>:<*>", 1.0));
        assert_eq!((failed.first_seen, failed.last_seen), (Some(150.0), Some(159.0)));
        assert_eq!(failed.buckets.iter().sum::<u64>(), 10);
        assert_eq!(failed.exemplars.len(), 3);
        assert_eq!(failed.exemplars[0].hash, ContentHash::of(b"cannot reach 10.0.0.0:5432"));
        assert_eq!(clusters[1].instances, [("i1".to_owned(), 50, 50)]);
    }

    #[test]
    fn stack_traces_are_told_apart_by_their_innermost_frame() {
        let frames = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let (a, b, c) =
            (frames(&["pool.get", "api.x"]), frames(&["pool.get", "api.y"]), frames(&["json.parse"]));
        let clusters = grouped(Bounds::default(), |groups| {
            for stack in [&a, &b, &c] {
                let error = Some("TimeoutError: no connection");
                groups.push(&LogLine {
                    frames: stack,
                    error,
                    ..line("web", 150.0, LogLevel::Error, "unhandled")
                });
            }
        });
        let mut shown: Vec<_> = clusters.iter().map(|c| (c.count, c.frames.clone())).collect();
        shown.sort();
        assert_eq!(shown, [(1, c.clone()), (2, frames(&["pool.get"]))]);
        assert!(clusters[0].template.contains("TimeoutError"), "{}", clusters[0].template);
    }

    #[test]
    fn memory_is_bounded_and_no_line_is_lost() {
        let bounds = Bounds {
            groups: 64,
            miner: templates::Config { clusters: 64, ..Default::default() },
            ..Bounds::default()
        };
        let word = |n: u32| {
            ["alpha", "beta", "gamma", "delta"]
                .iter()
                .map(|w| format!("{w}{}", (b'a' + (n % 26) as u8) as char))
                .collect::<String>()
        };
        let mut most = 0;
        let clusters = grouped(bounds, |groups| {
            for n in 0..5_000u32 {
                let message = format!("{} {} {}", word(n), word(n / 26), word(n / 676));
                let service = format!("s{}", n % 7);
                groups.push(&line(&service, 150.0, LogLevel::Info, &message));
                most = most.max(groups.groups.len());
            }
        });
        assert!(most <= 64, "{most}");
        assert_eq!(clusters.iter().map(|c| c.count).sum::<u64>(), 5_000);
    }

    #[test]
    fn without_a_reference_nothing_is_called_new() {
        let mut groups = Groups::new(WINDOW, REFERENCE, Bounds::default());
        groups.push(&line("web", 150.0, LogLevel::Error, "down"));
        let (clusters, notes) = groups.finish();
        assert_eq!((clusters[0].novelty, notes.len()), (0.0, 1));
    }

    #[test]
    fn odd_times_are_no_problem() {
        let clusters = grouped(Bounds::default(), |groups| {
            for time in [f64::NAN, f64::INFINITY, -1e300, 199.999_999_999, 100.0] {
                groups.push(&line("web", time, LogLevel::Info, "x y z"));
            }
            groups.push(&LogLine { time: None, ..line("web", 1.0, LogLevel::Info, "x y z") });
        });
        assert_eq!(clusters.iter().map(|c| c.count).sum::<u64>(), 3);
    }
}
