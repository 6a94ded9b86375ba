//! What ran out: a resource that hit its ceiling, or errors that say so.
//!
//! Says which resource a service is short of and what shows it; never how likely the service is to blame, and it
//! knows no system by name. The rules, in the order in which they are believed:
//!
//! | sign | rule |
//! |---|---|
//! | text | a log line that has risen and holds a phrase of [`PHRASES`], in the service's own log, or in that of a caller whose losses it accounts for |
//! | event | the cluster killed, evicted or refused it for want of something |
//! | share | a resource in percent or as a ratio stays at 95 % and above |
//! | limit | a resource reaches 95 % of a steady series of the same service that is named as a limit and is of the same class |
//! | spare | what is free, available or remaining falls to a twentieth of the usual |
//!
//! A service whose callees account for its losses may log of *their* limits: what its log says is then theirs.

use super::correlate::Source;
use super::measures::Measure;
use super::picture::Picture;
use super::track::median;
use crate::domain::incident::{Direction, LogCluster, LogLevel, MetricClass, UnitKind};

/// What there was too little of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scarce {
    Connections,
    Memory,
    Disk,
    Files,
    Threads,
    Queue,
    Quota,
    Processor,
    Unnamed,
}

impl Scarce {
    /// As in "runs out of …".
    pub fn name(self) -> &'static str {
        match self {
            Scarce::Connections => "connections",
            Scarce::Memory => "memory",
            Scarce::Disk => "disk space",
            Scarce::Files => "file descriptors",
            Scarce::Threads => "threads",
            Scarce::Queue => "room in a queue",
            Scarce::Quota => "its quota",
            Scarce::Processor => "processor time",
            Scarce::Unnamed => "a resource",
        }
    }
}

/// What a service ran out of, and what shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhaustion {
    pub scarce: Scarce,
    pub source: Source,
}

/// Phrases of common runtimes, databases and kernels, in lower case, with what they say is gone.
const PHRASES: &[(Scarce, &[&str])] = &[
    (
        Scarce::Connections,
        &[
            "too many connections",
            "too many clients",
            "connection slots are reserved",
            "max number of clients reached",
            "maximum number of connections",
            "connection limit exceeded",
            "connection limit reached",
            "connection pool exhausted",
            "connection pool is exhausted",
            "connection pool timeout",
            "exhausted connection pool",
            "no available connection",
            "no free connection",
            "out of connections",
            "pool is exhausted",
            "pool exhausted",
        ],
    ),
    (
        Scarce::Memory,
        &[
            "out of memory",
            "outofmemory",
            "oom command not allowed",
            "'maxmemory'",
            "oom-kill",
            "oomkill",
            "oom kill",
            "cannot allocate memory",
            "memory allocation failed",
            "memory allocation of",
            "memory limit exceeded",
            "java heap space",
            "gc overhead limit exceeded",
            "heap out of memory",
        ],
    ),
    (
        Scarce::Disk,
        &[
            "no space left on device",
            "disk full",
            "disk is full",
            "enospc",
            "not enough disk space",
            "insufficient disk space",
            "disk quota exceeded",
            "flood-stage watermark",
        ],
    ),
    (
        Scarce::Files,
        &["too many open files", "emfile", "enfile", "file descriptors exhausted", "out of file descriptors"],
    ),
    (
        Scarce::Threads,
        &[
            "unable to create new native thread",
            "unable to create native thread",
            "can't start new thread",
            "thread pool exhausted",
            "thread pool is exhausted",
            "threadpool exhausted",
            "no threads available",
            "rejectedexecutionexception",
        ],
    ),
    (
        Scarce::Queue,
        &[
            "queue is full",
            "queue full",
            "queue limit exceeded",
            "queue overflow",
            "backlog is full",
            "buffer is full",
        ],
    ),
    (
        Scarce::Quota,
        &[
            "quota exceeded",
            "exceeded quota",
            "over quota",
            "resource_exhausted",
            "resource exhausted",
            "resourceexhausted",
        ],
    ),
];

/// What a text says is gone.
pub(super) fn said(text: &str) -> Option<Scarce> {
    let text = text.to_lowercase();
    // A disk's quota is no other quota, and a thread pool no connection pool: the more particular wins.
    let found =
        PHRASES.iter().flat_map(|(scarce, phrases)| phrases.iter().map(move |phrase| (*scarce, *phrase)));
    found
        .filter(|(_, phrase)| holds(&text, phrase))
        .max_by_key(|(_, phrase)| phrase.len())
        .map(|(scarce, _)| scarce)
}

/// Codes stand alone; anything longer is taken as part of longer words too (`OutOfMemoryError`).
const CODES: [&str; 3] = ["enospc", "emfile", "enfile"];

fn holds(text: &str, phrase: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    text.match_indices(phrase).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + phrase.len()..]);
        !CODES.contains(&phrase) || !letter(before.chars().next_back()) && !letter(after.chars().next())
    })
}

/// Names of series that are limits.
const LIMITS: [&str; 7] = ["max", "maximum", "limit", "limits", "capacity", "quota", "maxmemory"];
/// From this part of a limit on there is no room left.
const FULL: f64 = 0.95;
/// What is left of a spare resource, of the usual, when it is as good as gone.
const GONE: f64 = 0.05;
/// Shifts fainter than this are no sign of anything.
const FAINT: f64 = 0.03;

/// What a service ran out of, if anything shows it.
pub(super) fn exhaustion(picture: &Picture<'_>, service: usize) -> Option<Exhaustion> {
    in_logs(picture, service)
        .or_else(|| in_events(picture, service))
        .or_else(|| in_measures(picture, service))
}

fn in_logs(picture: &Picture<'_>, service: usize) -> Option<Exhaustion> {
    let own = !accounted_by_callees(picture, service, None);
    let speakers = |number: usize| {
        (number == service && own)
            || (picture.graph.callers(service).contains(&number)
                && accounted_by_callees(picture, number, Some(service)))
    };
    let clusters = picture.data.logs.iter().enumerate().filter(|(_, cluster)| risen(picture, cluster));
    let found = clusters.filter_map(|(at, cluster)| {
        let number = picture.services.number(&cluster.service).filter(|number| speakers(*number))?;
        let quoted = cluster.exemplars.first().map(|exemplar| exemplar.text.as_str());
        let scarce = said(&cluster.template).or_else(|| quoted.and_then(said))?;
        Some((number == service, cluster.count, Exhaustion { scarce, source: Source::Said(at) }))
    });
    // The service's own word first, then what is said most often.
    found.max_by_key(|(own, count, _)| (*own, *count)).map(|(.., exhaustion)| exhaustion)
}

/// Whether callees account for most of what a service loses: any of them, or `through` the most.
fn accounted_by_callees(picture: &Picture<'_>, service: usize, through: Option<usize>) -> bool {
    [&picture.failing, &picture.slow].into_iter().filter_map(|accounts| accounts.get(&service)).any(
        |account| {
            account.strength > 0.1
                && account.own_share() < 0.5
                && (through.is_none() || account.through == through)
        },
    )
}

/// Whether it is said more often than before: twice as often, or newly as an error where nothing is known of before.
fn risen(picture: &Picture<'_>, cluster: &LogCluster) -> bool {
    let known =
        picture.data.logs.iter().any(|other| other.service == cluster.service && other.baseline_count > 0);
    let severe = cluster.level.is_some_and(|level| level >= LogLevel::Error) || !cluster.frames.is_empty();
    cluster.count > 0 && if known { cluster.novelty >= 0.5 } else { severe }
}

fn in_events(picture: &Picture<'_>, service: usize) -> Option<Exhaustion> {
    let window = &picture.data.brief.window;
    let events = picture.data.events.iter().enumerate().filter(|(_, event)| {
        let named = event.service.as_deref().and_then(|name| picture.services.number(name));
        event.bad && named == Some(service) && window.contains(event.time)
    });
    events
        .filter_map(|(at, event)| {
            let scarce = said(&event.reason).or_else(|| said(&event.message))?;
            Some(Exhaustion { scarce, source: Source::Event(at) })
        })
        .next()
}

fn in_measures(picture: &Picture<'_>, service: usize) -> Option<Exhaustion> {
    let mut best: Option<(f64, Exhaustion)> = None;
    for (at, measure) in picture.measures.iter().enumerate().filter(|(_, m)| m.service == service) {
        let Some((_, strength)) = measure.worst() else { continue };
        let strength = strength * picture.timing(measure);
        let full = strength >= FAINT && !measure.meaning.shared && saturated(picture, measure);
        if full && best.is_none_or(|(most, _)| strength > most) {
            best = Some((strength, Exhaustion { scarce: of_measure(measure), source: Source::Measure(at) }));
        }
    }
    best.map(|(_, exhaustion)| exhaustion)
}

fn of_measure(measure: &Measure) -> Scarce {
    let name = measure.metric.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match measure.meaning.class {
        _ if has(&["connection", "client", "backend", "session"]) => Scarce::Connections,
        _ if has(&["fds", "file_desc", "open_files", "handles"]) => Scarce::Files,
        _ if has(&["thread", "worker"]) => Scarce::Threads,
        MetricClass::Compute => Scarce::Processor,
        MetricClass::Memory => Scarce::Memory,
        MetricClass::Storage => Scarce::Disk,
        MetricClass::Queue => Scarce::Queue,
        _ if has(&["mem"]) => Scarce::Memory,
        _ if has(&["disk", "space", "volume", "inode", "filesystem"]) => Scarce::Disk,
        _ => Scarce::Unnamed,
    }
}

/// Whether a measure reached the end of what there is.
pub(super) fn saturated(picture: &Picture<'_>, measure: &Measure) -> bool {
    let Some((shift, _)) = measure.worst() else { return false };
    let (class, unit) = (measure.meaning.class, measure.meaning.unit);
    if class == MetricClass::Spare {
        return shift.direction == Direction::Down && shift.usual > 0.0 && shift.level <= GONE * shift.usual;
    }
    if shift.direction == Direction::Down {
        return false;
    }
    let share = match unit {
        UnitKind::Percent => Some(100.0),
        UnitKind::Ratio => Some(1.0),
        _ => None,
    };
    match share {
        Some(whole) => measure.meaning.is_resource() && shift.level >= FULL * whole,
        None => limit(picture, measure).is_some_and(|limit| {
            shift.level >= FULL * limit && shift.level <= limit / FULL && shift.usual < FULL * limit
        }),
    }
}

/// The limit of a measure: the least steady series of the same service and class, named as a limit, that the measure
/// does not exceed.
fn limit(picture: &Picture<'_>, measure: &Measure) -> Option<f64> {
    if is_limit(&measure.metric) {
        return None;
    }
    let highest = measure.window.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let limits = picture.measures.iter().filter(|other| {
        other.service == measure.service
            && other.peer == measure.peer
            && is_limit(&other.metric)
            && alike(measure, other)
    });
    let level = |other: &Measure| {
        let level = median(&other.window.values).filter(|level| *level > 0.0 && level.is_finite())?;
        let steady = other.window.values.iter().all(|value| (value - level).abs() <= 0.01 * level);
        (steady && highest <= level / FULL).then_some(level)
    };
    limits.filter_map(level).min_by(f64::total_cmp)
}

/// Whether a limit may be that of a measure: of the same class of resource; a plain count has no class of its own.
fn alike(measure: &Measure, limit: &Measure) -> bool {
    use MetricClass::{Compute, Memory, Queue, Storage, Unknown};
    match (measure.meaning.class, limit.meaning.class) {
        (Unknown, Queue) => measure.meaning.unit == UnitKind::Other,
        (Compute | Memory | Storage | Queue, limit) => measure.meaning.class == limit,
        _ => false,
    }
}

fn is_limit(metric: &str) -> bool {
    let name = metric.split('{').next().unwrap_or(metric).to_lowercase();
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| LIMITS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_exhaustion_are_told_apart() {
        for (text, expected) in [
            ("FATAL: sorry, too many clients already", Some(Scarce::Connections)),
            ("ERROR 1040 (HY000): Too many connections", Some(Scarce::Connections)),
            ("QueuePool limit: connection pool exhausted, timeout 30", Some(Scarce::Connections)),
            ("java.lang.OutOfMemoryError: Java heap space", Some(Scarce::Memory)),
            ("java.lang.OutOfMemoryError: unable to create new native thread", Some(Scarce::Threads)),
            ("OOM command not allowed when used memory > 'maxmemory'.", Some(Scarce::Memory)),
            ("OOMKilled", Some(Scarce::Memory)),
            ("Memory cgroup out of memory: Killed process 4711", Some(Scarce::Memory)),
            ("write /data/x: no space left on device", Some(Scarce::Disk)),
            ("ENOSPC: no room", Some(Scarce::Disk)),
            ("setattr: Disk quota exceeded", Some(Scarce::Disk)),
            ("accept4: too many open files", Some(Scarce::Files)),
            ("EMFILE", Some(Scarce::Files)),
            ("rpc error: code = ResourceExhausted desc = x", Some(Scarce::Quota)),
            ("Quota exceeded for metric reads", Some(Scarce::Quota)),
            ("java.util.concurrent.RejectedExecutionException: Task rejected", Some(Scarce::Threads)),
            ("dropping message: queue is full", Some(Scarce::Queue)),
            ("no room left", None),
            ("connection reset by peer", None),
            ("remembered", None),
            ("temfiles cleaned", None),
            ("", None),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn limits_are_told_by_their_names() {
        for (metric, expected) in [
            ("redis_memory_max_bytes", true),
            ("pg_settings_max_connections", true),
            ("container_memory_limit_bytes", true),
            ("memory_used_bytes{tier=\"max\"}", false),
            ("climax_bytes", false),
        ] {
            assert_eq!(is_limit(metric), expected, "{metric}");
        }
    }
}
