//! What a report says in its own words: names of kinds, times, quantities, and what to do next.
//!
//! Derives sentences from the analysis; never judges anything anew.

use ecoops_core::domain::incident::{
    AnomalyKind, CauseHypothesis, CauseKind, ChangeKind, ChangeRecord, Direction, Impact, IncidentAnalysis,
    IncidentData, IncidentEvidenceKind, IncidentVerdict, LogCluster, LogLevel, MomentKind, TimeRange,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub fn verdict(verdict: IncidentVerdict) -> &'static str {
    match verdict {
        IncidentVerdict::CauseFound => "Cause found",
        IncidentVerdict::NoCause => "Nothing out of the ordinary",
        IncidentVerdict::Inconclusive => "Inconclusive",
    }
}

pub fn cause(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::Change => "change",
        CauseKind::Service => "service",
        CauseKind::Dependency => "dependency",
        CauseKind::Resource => "resource",
    }
}

pub fn anomaly(kind: AnomalyKind, direction: Direction) -> &'static str {
    match (kind, direction) {
        (AnomalyKind::Spike, Direction::Up) => "spike",
        (AnomalyKind::Spike, Direction::Down) => "dip",
        (AnomalyKind::LevelShift, Direction::Up) => "level rose",
        (AnomalyKind::LevelShift, Direction::Down) => "level fell",
        (AnomalyKind::TrendShift, Direction::Up) => "began to rise",
        (AnomalyKind::TrendShift, Direction::Down) => "began to fall",
        (AnomalyKind::Missing, _) => "measurements missing",
        (AnomalyKind::Saturation, _) => "at its limit",
        (AnomalyKind::Divergence, Direction::Up) => "above its peers",
        (AnomalyKind::Divergence, Direction::Down) => "below its peers",
    }
}

pub fn impact(impact: Impact) -> &'static str {
    match impact {
        Impact::Failing => "failing",
        Impact::Suffering => "suffering",
        Impact::Exposed => "exposed",
    }
}

pub fn moment(kind: MomentKind) -> &'static str {
    match kind {
        MomentKind::Change => "change",
        MomentKind::Anomaly => "anomaly",
        MomentKind::Log => "log",
        MomentKind::Event => "event",
        MomentKind::Detected => "detected",
    }
}

pub fn evidence(kind: IncidentEvidenceKind) -> &'static str {
    match kind {
        IncidentEvidenceKind::Metric => "metric",
        IncidentEvidenceKind::Log => "log",
        IncidentEvidenceKind::Trace => "trace",
        IncidentEvidenceKind::Event => "event",
        IncidentEvidenceKind::Change => "change",
        IncidentEvidenceKind::Topology => "topology",
        IncidentEvidenceKind::Memory => "memory",
    }
}

pub fn level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
        LogLevel::Fatal => "fatal",
    }
}

/// A probability as people say it: never 0 or 100 percent, which nothing here is.
pub fn percent(probability: f64) -> String {
    match probability {
        p if !p.is_finite() => "unknown".into(),
        p if p < 0.01 => "under 1%".into(),
        p if p > 0.99 => "over 99%".into(),
        p => format!("{:.0}%", p * 100.0),
    }
}

fn written(seconds: f64, pattern: &str) -> String {
    let time = Timestamp::from_second(seconds.floor() as i64).ok().filter(|_| seconds.is_finite());
    time.map_or_else(|| "?".into(), |t| t.to_zoned(TimeZone::UTC).strftime(pattern).to_string())
}

/// `2026-11-20 11:35:02 UTC`
pub fn time(seconds: f64) -> String {
    written(seconds, "%Y-%m-%d %H:%M:%S UTC")
}

/// RFC 3339, for machines.
pub fn machine_time(seconds: f64) -> String {
    written(seconds, "%Y-%m-%dT%H:%M:%SZ")
}

/// `11:35:02`, with the day where the report spans more than one.
pub fn clock(seconds: f64, days: bool) -> String {
    written(seconds, if days { "%m-%d %H:%M:%S" } else { "%H:%M:%S" })
}

/// `11:35`
pub fn minute(seconds: f64, days: bool) -> String {
    written(seconds, if days { "%m-%d %H:%M" } else { "%H:%M" })
}

/// Whether a time of day alone would be ambiguous.
pub fn spans_days(range: TimeRange) -> bool {
    range.length() > 20.0 * 3600.0
}

/// `5 min`, `1 h 30 min`
pub fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..120 => format!("{s} s"),
        120..7200 => format!("{} min", (s + 30) / 60),
        _ if s % 3600 < 60 => format!("{} h", s / 3600),
        7200..172_800 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d", s / 86_400),
    }
}

/// A value with its unit, to three digits: `1.2 s`, `340 MiB`, `12.5%`.
pub fn quantity(value: f64, unit: Option<&str>) -> String {
    if !value.is_finite() {
        return "unknown".into();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    match unit.unwrap_or("") {
        "seconds" | "s" if size < 1e-3 => format!("{} µs", digits(value * 1e6)),
        "seconds" | "s" if size < 1.0 => format!("{} ms", digits(value * 1e3)),
        "seconds" | "s" => format!("{} s", digits(value)),
        "milliseconds" | "ms" => format!("{} ms", digits(value)),
        "ratio" => format!("{}%", digits(value * 100.0)),
        "percent" | "%" => format!("{}%", digits(value)),
        "bytes" => bytes(value),
        "bytes_per_second" => format!("{}/s", bytes(value)),
        "requests_per_second" => format!("{}/s", scaled(value)),
        _ => scaled(value),
    }
}

fn bytes(value: f64) -> String {
    let (mut value, mut unit) = (value, "B");
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value.abs() < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    format!("{} {unit}", digits(value))
}

fn scaled(value: f64) -> String {
    match value.abs() {
        s if s >= 1e9 => format!("{}G", digits(value / 1e9)),
        s if s >= 1e6 => format!("{}M", digits(value / 1e6)),
        s if s >= 1e4 => format!("{}k", digits(value / 1e3)),
        _ => digits(value),
    }
}

/// Three significant digits, without an exponent where it can be helped.
fn digits(value: f64) -> String {
    let size = value.abs();
    let places = match size {
        _ if size == 0.0 => 0,
        s if s >= 1e15 => return format!("{value:.1e}"),
        s if s >= 100.0 => 0,
        s if s >= 10.0 => 1,
        s if s >= 1.0 => 2,
        s if s >= 0.1 => 3,
        s if s >= 0.001 => 4,
        _ => return format!("{value:.1e}"),
    };
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// A whole number in groups of three.
pub fn count(number: u64) -> String {
    let plain = number.to_string();
    let mut out = String::new();
    for (n, c) in plain.chars().enumerate() {
        if n > 0 && (plain.len() - n).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

/// Clusters in the order in which they tell most: what is severe, new and frequent first.
pub fn ranked_clusters(clusters: &[LogCluster]) -> Vec<&LogCluster> {
    let worth = |c: &LogCluster| {
        let severe = match c.level {
            Some(LogLevel::Error | LogLevel::Fatal) => 3.0,
            Some(LogLevel::Warn) => 2.0,
            _ => 1.0,
        };
        let novelty = if c.novelty.is_finite() { c.novelty.clamp(0.0, 1.0) } else { 0.0 };
        severe * (0.02 + novelty) * (1.0 + c.count as f64).ln()
    };
    let mut ranked: Vec<(f64, &LogCluster)> = clusters.iter().map(|c| (worth(c), c)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.into_iter().map(|(_, c)| c).collect()
}

/// A step that a person can take; holds words from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub text: String,
    pub evidence: Vec<String>,
}

/// What to do, and what would settle what is open: the leading hypothesis first.
pub fn next_steps(analysis: &IncidentAnalysis, data: &IncidentData) -> Vec<Step> {
    let step = |text: String| Step { text, evidence: Vec::new() };
    let mut steps = Vec::new();
    match (analysis.verdict, analysis.hypotheses.first()) {
        (IncidentVerdict::NoCause, _) | (_, None) if analysis.verdict == IncidentVerdict::NoCause => {
            steps.push(step(
                "Nothing in these data calls for action. If people still complain, analyse a wider window, \
                 or add what they see: its logs, its metrics, its traces."
                    .into(),
            ));
        }
        (IncidentVerdict::CauseFound, Some(first)) => steps.push(action(first, data)),
        (_, Some(first)) => steps.push(step(format!(
            "Do not act on this yet: {} is only the likeliest of what was found ({}).",
            first.service,
            percent(first.confidence)
        ))),
        (_, None) => {
            steps.push(step("Add data: nothing that was given could be tied to the incident.".into()));
        }
    }
    for missing in analysis.hypotheses.iter().take(2).flat_map(|h| &h.missing).take(5) {
        let text = format!("Missing so far: {}", missing.statement);
        if !steps.iter().any(|s| s.text == text) {
            steps.push(Step { text, evidence: missing.evidence.clone() });
        }
    }
    steps
}

fn action(first: &CauseHypothesis, data: &IncidentData) -> Step {
    let change = first.change_id.as_ref().and_then(|id| data.changes.iter().find(|c| c.id == *id));
    let text = match (change, first.kind) {
        (Some(c), _) => {
            let back = c.from.as_ref().map(|v| format!(", back to {v}")).unwrap_or_default();
            let reach = match c.instances.len() {
                0 => String::new(),
                1 => " (1 instance runs it)".into(),
                n => format!(" ({n} instances run it)"),
            };
            format!("Take back the {} {} of {}{back}{reach}.", change_word(c.kind), c.id, c.service)
        }
        (None, CauseKind::Resource) => {
            let what = first.metric.as_deref().unwrap_or("the resource");
            format!(
                "Relieve {} of {}: more of it, less load, or a restart of what holds it.",
                what, first.service
            )
        }
        (None, CauseKind::Dependency) => format!(
            "Ask whoever runs {}; shield its callers meanwhile (fewer retries, shorter timeouts, a fallback).",
            first.service
        ),
        (None, _) => {
            let window = data.brief.window;
            let near = |c: &&ChangeRecord| {
                c.service == first.service && c.time < window.end && c.time > window.start - window.length()
            };
            let why = match data.changes.iter().filter(near).max_by(|a, b| a.time.total_cmp(&b.time)) {
                Some(c) => format!(
                    "its {} {} at {} is the nearest change",
                    change_word(c.kind),
                    c.id,
                    clock(c.time, false)
                ),
                None => "no change of it is listed".to_owned(),
            };
            format!("Look at {} itself first: {why}.", first.service)
        }
    };
    let evidence = first.support.iter().flat_map(|c| c.evidence.clone()).take(3).collect();
    Step { text, evidence }
}

fn change_word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Deploy => "rollout",
        ChangeKind::Flag => "flag change",
        ChangeKind::Config => "configuration change",
        ChangeKind::Infra => "infrastructure change",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_three_digits_and_a_unit() {
        for (value, unit, expected) in [
            (0.0, Some("seconds"), "0"),
            (0.0123, Some("seconds"), "12.3 ms"),
            (0.000_045, Some("seconds"), "45 µs"),
            (2.226_7, Some("seconds"), "2.23 s"),
            (0.125, Some("ratio"), "12.5%"),
            (0.0004, Some("ratio"), "0.04%"),
            (356_515_840.0, Some("bytes"), "340 MiB"),
            (1_234_567.0, None, "1.23M"),
            (1_234.0, Some("count"), "1234"),
            (0.000_02, None, "2.0e-5"),
            (-3.5, None, "-3.5"),
            (1e300, Some("ratio"), "1.0e302%"),
            (2e300, Some("seconds"), "2.0e300 s"),
            (f64::NAN, None, "unknown"),
        ] {
            assert_eq!(quantity(value, unit), expected);
        }
    }

    #[test]
    fn probabilities_are_never_certain() {
        for (p, expected) in
            [(0.0, "under 1%"), (0.5, "50%"), (0.994, "over 99%"), (1.0, "over 99%"), (f64::NAN, "unknown")]
        {
            assert_eq!(percent(p), expected);
        }
    }

    #[test]
    fn times_and_durations_are_words() {
        assert_eq!(time(1_700_000_000.9), "2023-11-14 22:13:20 UTC");
        assert_eq!(time(f64::NAN), "?");
        assert_eq!(time(1e300), "?");
        assert_eq!(minute(1_700_000_000.0, true), "11-14 22:13");
        for (seconds, expected) in [
            (5.0, "5 s"),
            (300.0, "5 min"),
            (3600.0, "60 min"),
            (7200.0, "2 h"),
            (9000.0, "2 h 30 min"),
            (-1.0, "0 s"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
