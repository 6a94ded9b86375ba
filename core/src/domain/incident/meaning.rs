//! What a metric means and which direction is bad, by documented rules on its name and unit.
//!
//! Never looks at values: where the rules say nothing, behaviour has to tell. The rules, first match wins, on
//! the words of the name (split at anything but letters and digits, and at a change of case), lower-case:
//!
//! | words in the name | class | bad |
//! |---|---|---|
//! | error, errors, failure(s), failed, exception(s), fault, 5xx, 4xx, timeout(s), drop(s), dropped, reject(ed), throttle(s), throttled | errors | up |
//! | availability, success, healthy, ready, up, uptime, apdex | availability | down |
//! | restart(s), oom, crash(es), evict(ed), evictions | restarts | up |
//! | free, available, idle, remaining, headroom | spare | down |
//! | latency, duration, rt, elapsed, response + time, delay, wait, lag, p50 … p999 with a unit of time | latency | up |
//! | cpu, load, utilisation, usage with a unit of percent or ratio, throttling | compute | up |
//! | memory, mem, heap, rss, swap, working + set | memory | up |
//! | disk, filesystem, fs, storage, inode(s), volume | storage | up |
//! | connections, pool, queue, backlog, threads, sessions, inflight, pending, saturation, handles, fds | queue | up |
//! | network, net, bytes, packets, receive, transmit, syscall(s), read(s), write(s), io, iops | transfer | none |
//! | request(s), rps, qps, throughput, calls, hits, ops, count, rate, traffic, messages | traffic | none |
//!
//! With no word known the unit decides: a unit of time is latency; anything else is unknown, either direction
//! counting half. A first word of `node` or `host` marks what is shared with other services; one of `client`,
//! `upstream`, `outbound`, `outgoing` or `egress` what a service sees of those that it calls.

/// What a metric measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MetricClass {
    /// Time that a request takes.
    Latency,
    /// Share of requests that succeed, or of instances that are up.
    Availability,
    /// Requests or operations that fail.
    Errors,
    /// Processor time or its utilisation.
    Compute,
    Memory,
    /// Room on disks.
    Storage,
    /// What waits or is held: connections, queues, threads.
    Queue,
    /// What is left of a resource.
    Spare,
    /// Restarts, kills, evictions.
    Restarts,
    /// Requests, whatever their outcome.
    Traffic,
    /// Bytes and operations moved.
    Transfer,
    Unknown,
}

/// What a unit counts, as far as judging a change needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitKind {
    /// Of a unit of time; the value in seconds is the number times this many.
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    /// 0 to 100.
    Percent,
    /// 0 to 1.
    Ratio,
    Bytes,
    Other,
}

/// The judgement on one metric's name and unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Meaning {
    pub class: MetricClass,
    pub unit: UnitKind,
    /// Measured on what services share, a node or a host.
    pub shared: bool,
    /// By its name, a counter that only grows until it resets.
    pub counter: bool,
    /// Measured where a service calls others, so that it speaks of them too.
    pub outgoing: bool,
}

impl Meaning {
    /// Of a metric by its name and unit.
    pub fn of(metric: &str, unit: Option<&str>) -> Self {
        let words = words(metric);
        let unit = unit_kind(unit.unwrap_or(""), &words);
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        let class = RULES
            .iter()
            .find(|(_, list)| has(list))
            .map(|(class, _)| *class)
            .or_else(|| percentile(&words, unit))
            .unwrap_or(if unit.is_time() { MetricClass::Latency } else { MetricClass::Unknown });
        let class = refine(class, &words, unit);
        Self {
            class,
            unit,
            shared: words.first().is_some_and(|word| word == "node" || word == "host"),
            counter: words.last().is_some_and(|word| word == "total"),
            outgoing: words.first().is_some_and(|word| {
                matches!(word.as_str(), "client" | "upstream" | "outbound" | "outgoing" | "egress")
            }),
        }
    }

    /// Whether a rise is bad (1), a fall is (-1), or neither by itself (0).
    pub fn bad_direction(&self) -> i8 {
        use MetricClass::*;
        match self.class {
            Availability | Spare => -1,
            Traffic | Transfer | Unknown => 0,
            Latency | Errors | Compute | Memory | Storage | Queue | Restarts => 1,
        }
    }

    /// Whether callers feel it, rather than the machine.
    pub fn felt_by_callers(&self) -> bool {
        matches!(self.class, MetricClass::Latency | MetricClass::Availability | MetricClass::Errors)
    }

    /// Whether it is the part of calls that fail, the other face of availability.
    pub fn is_failure_share(&self) -> bool {
        self.class == MetricClass::Errors && matches!(self.unit, UnitKind::Ratio | UnitKind::Percent)
    }

    /// Whether it is something that runs out.
    pub fn is_resource(&self) -> bool {
        use MetricClass::*;
        matches!(self.class, Compute | Memory | Storage | Queue | Spare)
    }
}

impl UnitKind {
    fn is_time(self) -> bool {
        self.seconds().is_some()
    }

    /// How many seconds one of it is, for a unit of time.
    pub fn seconds(self) -> Option<f64> {
        match self {
            UnitKind::Seconds => Some(1.0),
            UnitKind::Milliseconds => Some(1e-3),
            UnitKind::Microseconds => Some(1e-6),
            UnitKind::Nanoseconds => Some(1e-9),
            _ => None,
        }
    }
}

/// In the order in which they are asked.
const RULES: &[(MetricClass, &[&str])] = &[
    (
        MetricClass::Errors,
        &[
            "error",
            "errors",
            "failure",
            "failures",
            "failed",
            "exception",
            "exceptions",
            "fault",
            "faults",
            "5xx",
            "4xx",
            "timeout",
            "timeouts",
            "drop",
            "drops",
            "dropped",
            "reject",
            "rejected",
            "throttle",
            "throttles",
            "throttled",
        ],
    ),
    (MetricClass::Availability, &["availability", "success", "healthy", "ready", "up", "uptime", "apdex"]),
    (
        MetricClass::Restarts,
        &["restart", "restarts", "oom", "crash", "crashes", "evict", "evicted", "evictions"],
    ),
    (MetricClass::Spare, &["free", "available", "idle", "remaining", "headroom"]),
    (MetricClass::Latency, &["latency", "duration", "rt", "elapsed", "delay", "wait", "lag", "response"]),
    (MetricClass::Compute, &["cpu", "load", "utilisation", "utilization", "throttling", "gpu"]),
    (MetricClass::Memory, &["memory", "mem", "heap", "rss", "swap"]),
    (MetricClass::Storage, &["disk", "filesystem", "fs", "storage", "inode", "inodes", "volume"]),
    (
        MetricClass::Queue,
        &[
            "connections",
            "pool",
            "queue",
            "backlog",
            "threads",
            "sessions",
            "inflight",
            "pending",
            "saturation",
            "handles",
            "fds",
        ],
    ),
    (
        MetricClass::Transfer,
        &[
            "network", "net", "bytes", "packets", "receive", "transmit", "syscall", "syscalls", "read",
            "reads", "write", "writes", "io", "iops",
        ],
    ),
    (
        MetricClass::Traffic,
        &[
            "request",
            "requests",
            "rps",
            "qps",
            "throughput",
            "calls",
            "hits",
            "ops",
            "count",
            "rate",
            "traffic",
            "messages",
        ],
    ),
];

/// Lower-case words of a name: `HTTPErrorRate_p99` is `http error rate p99`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut previous = ' ';
    for (at, letter) in name.char_indices() {
        let next_is_lower = name[at + letter.len_utf8()..].chars().next().is_some_and(char::is_lowercase);
        let boundary = letter.is_uppercase()
            && (previous.is_lowercase()
                || previous.is_ascii_digit()
                || (previous.is_uppercase() && next_is_lower));
        if (!letter.is_alphanumeric() || boundary) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        previous = letter;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn percentile(words: &[String], unit: UnitKind) -> Option<MetricClass> {
    let is_percentile = |word: &String| {
        word.strip_prefix('p')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    (unit.is_time() && words.iter().any(is_percentile)).then_some(MetricClass::Latency)
}

/// A request's size is transfer, a usage in percent is compute, a response without a unit of time is traffic.
fn refine(class: MetricClass, words: &[String], unit: UnitKind) -> MetricClass {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    match class {
        MetricClass::Unknown if has("usage") && matches!(unit, UnitKind::Percent | UnitKind::Ratio) => {
            MetricClass::Compute
        }
        MetricClass::Latency
            if has("response") && !has("time") && !unit.is_time() && unit != UnitKind::Other =>
        {
            MetricClass::Traffic
        }
        MetricClass::Traffic if unit.is_time() => MetricClass::Latency,
        MetricClass::Transfer if unit.is_time() => MetricClass::Latency,
        MetricClass::Unknown if has("working") && has("set") => MetricClass::Memory,
        class => class,
    }
}

fn unit_kind(unit: &str, words: &[String]) -> UnitKind {
    let named = |text: &str| match text {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(UnitKind::Seconds),
        "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => Some(UnitKind::Milliseconds),
        "us" | "µs" | "usec" | "micros" | "microsecond" | "microseconds" => Some(UnitKind::Microseconds),
        "ns" | "nsec" | "nanos" | "nanosecond" | "nanoseconds" => Some(UnitKind::Nanoseconds),
        "%" | "percent" | "percentage" | "pct" => Some(UnitKind::Percent),
        "ratio" | "fraction" | "share" => Some(UnitKind::Ratio),
        "b" | "byte" | "bytes" | "kb" | "mb" | "gb" | "kib" | "mib" | "gib" => Some(UnitKind::Bytes),
        _ => None,
    };
    let unit = unit.trim().to_lowercase();
    if let Some(kind) = named(&unit) {
        return kind;
    }
    if !unit.is_empty() {
        return UnitKind::Other;
    }
    // A single letter within a name is too weak a sign for a unit.
    words.iter().rev().filter(|word| word.len() > 1).find_map(|word| named(word)).unwrap_or(UnitKind::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_say_what_is_measured_and_which_way_is_bad() {
        use MetricClass::*;
        let table: &[(&str, Option<&str>, MetricClass, i8)] = &[
            ("success_rate", Some("percent"), Availability, -1),
            ("http_request_duration_seconds", None, Latency, 1),
            ("latency_p99", Some("ms"), Latency, 1),
            ("p99", Some("seconds"), Latency, 1),
            ("errorRate", None, Errors, 1),
            ("HTTPErrors_total", None, Errors, 1),
            ("container_cpu_usage_seconds_total", None, Compute, 1),
            ("memory_usage", Some("bytes"), Memory, 1),
            ("node_memory_available_bytes", None, Spare, -1),
            ("usage", Some("percent"), Compute, 1),
            ("db_connections", None, Queue, 1),
            ("network_receive", Some("bytes_per_second"), Transfer, 0),
            ("requests_sum", Some("count"), Traffic, 0),
            ("requests", Some("seconds"), Latency, 1),
            ("pod_restarts_total", None, Restarts, 1),
            ("temperature", None, Unknown, 0),
            ("checkout", Some("seconds"), Latency, 1),
        ];
        for (metric, unit, class, bad) in table {
            let meaning = Meaning::of(metric, *unit);
            assert_eq!((meaning.class, meaning.bad_direction()), (*class, *bad), "{metric} {unit:?}");
        }
    }

    #[test]
    fn what_a_node_shares_and_what_only_grows_is_marked() {
        assert!(Meaning::of("node_cpu_usage", Some("percent")).shared);
        assert!(!Meaning::of("cpu_usage", Some("percent")).shared);
        assert!(Meaning::of("http_requests_total", None).counter);
        assert!(!Meaning::of("requests_sum", Some("count")).counter);
        assert_eq!(Meaning::of("x_milliseconds", None).unit.seconds(), Some(1e-3));
        assert_eq!(Meaning::of("", None).class, MetricClass::Unknown);
    }
}
