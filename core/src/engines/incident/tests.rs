//! Incidents made up for the purpose, one claim each.

use super::*;
use crate::domain::ContentHash;
use crate::domain::incident::{
    CallEdge, CauseKind, ChangeKind, ChangeRecord, ClusterEvent, EdgeSource, Exemplar, Impact, IncidentBrief,
    LogCluster, LogLevel, Reporter, Series, SeriesKey, SpanRecord, TimeRange,
};

/// The window of all made-up incidents: 20 minutes, the reference the 40 minutes before.
pub(super) const START: f64 = 1_700_000_000.0;
pub(super) const STEP: f64 = 30.0;
pub(super) const BEFORE: usize = 80;
pub(super) const DURING: usize = 40;

/// A generator that gives the same numbers everywhere (xorshift64*).
struct Noise(u64);

impl Noise {
    /// Between -1 and 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

pub(super) fn empty() -> IncidentData {
    IncidentData {
        brief: IncidentBrief {
            title: "something is wrong".to_owned(),
            detected_at: START + 600.0,
            window: TimeRange { start: START, end: START + DURING as f64 * STEP },
            service: None,
            metric: None,
            baseline: Some(TimeRange { start: START - BEFORE as f64 * STEP, end: START }),
        },
        series: Vec::new(),
        logs: Vec::new(),
        spans: Vec::new(),
        events: Vec::new(),
        topology: Vec::new(),
        changes: Vec::new(),
        notes: Vec::new(),
    }
}

pub(super) fn key(service: &str, metric: &str) -> SeriesKey {
    SeriesKey { service: service.to_owned(), metric: metric.to_owned(), ..SeriesKey::default() }
}

/// A series that is `usual` with 2 % of noise, and `usual * factor(step of the window)` within the window.
pub(super) fn series(key: SeriesKey, unit: &str, usual: f64, factor: impl Fn(usize) -> f64) -> Series {
    let seed =
        key.service.len() as u64 * 977 + key.metric.len() as u64 * 31 + key.peer.iter().count() as u64 + 7;
    let mut noise = Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let points = (0..BEFORE + DURING)
        .map(|at| {
            let time = START + (at as f64 - BEFORE as f64) * STEP;
            let factor = at.checked_sub(BEFORE).map_or(1.0, &factor);
            let wobble = if unit == "percent" && usual == 100.0 { 0.0 } else { 0.02 * noise.next() };
            (time, usual * factor * (1.0 + wobble))
        })
        .collect();
    Series { key, unit: Some(unit.to_owned()), points }
}

/// From the step on, the factor.
pub(super) fn from(step: usize, factor: f64) -> impl Fn(usize) -> f64 {
    move |at| if at >= step { factor } else { 1.0 }
}

pub(super) fn calm(_: usize) -> f64 {
    1.0
}

pub(super) fn edge(caller: &str, callee: &str) -> CallEdge {
    CallEdge { caller: caller.to_owned(), callee: callee.to_owned(), source: EdgeSource::Given }
}

pub(super) fn noticed(data: &mut IncidentData, service: &str, metric: &str) {
    data.brief.service = Some(service.to_owned());
    data.brief.metric = Some(metric.to_owned());
}

/// Three services short of the processor, to different degrees.
fn contest() -> IncidentData {
    let mut data = empty();
    for (service, factor) in [("a", 3.0), ("bb", 20.0), ("ccc", 6.0), ("dddd", 1.0)] {
        data.series.push(series(key(service, "cpu_usage"), "percent", 5.0, from(5, factor)));
        data.series.push(series(key(service, "memory_usage"), "bytes", 3e8, calm));
    }
    data
}

/// web calls shop, shop calls store; each with latency and requests.
pub(super) fn chain(slow: [f64; 3]) -> IncidentData {
    let mut data = empty();
    for (service, usual, factor) in [("web", 0.2, slow[0]), ("shop", 0.1, slow[1]), ("store", 0.02, slow[2])]
    {
        data.series.push(series(key(service, "latency_average"), "seconds", usual, from(15, factor)));
        data.series.push(series(key(service, "requests"), "count", 1000.0, calm));
    }
    data.topology = vec![edge("web", "shop"), edge("shop", "store")];
    noticed(&mut data, "web", "latency_average");
    data
}

/// One service with instances a1 and a2 of v1, and b1 of v2 since step 10.
fn rollout(new: f64, old: f64, listed: bool) -> IncidentData {
    let mut data = empty();
    let since = START + 10.0 * STEP;
    for (instance, version, factor) in [("a1", "v1", old), ("a2", "v1", old), ("b1", "v2", new)] {
        let mut calls = key("pay", "success_rate");
        calls.instance = Some(instance.to_owned());
        calls.version = Some(version.to_owned());
        calls.peer = Some("web".to_owned());
        let mut calls = series(calls, "percent", 100.0, from(11, factor));
        if version == "v2" {
            calls.points.retain(|point| point.0 >= since);
        }
        data.series.push(calls);
    }
    if listed {
        data.changes.push(ChangeRecord {
            id: "chg-1".to_owned(),
            time: since,
            kind: ChangeKind::Deploy,
            service: "pay".to_owned(),
            from: Some("v1".to_owned()),
            to: Some("v2".to_owned()),
            instances: vec!["b1".to_owned()],
            author: None,
            reference: None,
        });
    }
    noticed(&mut data, "web", "success_rate");
    data
}

pub(super) fn cluster(
    service: &str,
    template: &str,
    level: LogLevel,
    before: u64,
    buckets: Vec<u64>,
) -> LogCluster {
    let text = template.replace("<*>", "7");
    LogCluster {
        id: format!("l-{service}-{template}"),
        service: service.to_owned(),
        template: template.to_owned(),
        level: Some(level),
        count: buckets.iter().sum(),
        baseline_count: before,
        first_seen: None,
        last_seen: None,
        novelty: if before == 0 { 1.0 } else { 0.0 },
        instances: Vec::new(),
        buckets,
        frames: Vec::new(),
        exemplars: vec![Exemplar {
            file: "logs/app.log".to_owned(),
            offset: 42,
            hash: ContentHash::of(text.as_bytes()),
            time: None,
            text,
        }],
        traces: Vec::new(),
        variants: vec![],
        parameters: vec![],
    }
}

/// Requests through web to shop, whose own span takes `own` seconds and which is reached after `gap` seconds.
fn requests(data: &mut IncidentData, from: f64, count: usize, own: f64, gap: f64) {
    for at in 0..count {
        let trace = format!("{:x}-{at:x}", from as i64);
        let start = from + at as f64 * 10.0;
        let span = |span: &str, parent: Option<&str>, service: &str, start: f64, duration: f64| SpanRecord {
            trace: trace.clone(),
            span: span.to_owned(),
            parent: parent.map(str::to_owned),
            service: service.to_owned(),
            instance: None,
            operation: format!("{service} {span}"),
            start,
            duration,
            error: false,
        };
        data.spans.push(span("1", None, "web", start, own + gap + 0.03));
        data.spans.push(span("2", Some("1"), "web", start + 0.01, own + gap + 0.01));
        data.spans.push(span("3", Some("2"), "shop", start + 0.01 + gap, own));
    }
}

pub(super) fn leading(analysis: &IncidentAnalysis) -> (&str, CauseKind) {
    let first = analysis.hypotheses.first().expect("a hypothesis");
    (first.service.as_str(), first.kind)
}

/// What holds for every analysis, whatever the data.
pub(super) fn sound(data: &IncidentData, analysis: &IncidentAnalysis) {
    let known: Vec<&str> = analysis.evidence.iter().map(|entry| entry.id.as_str()).collect();
    let cited = |ids: &[String]| ids.iter().all(|id| known.contains(&id.as_str()));
    let mut sum = 0.0;
    for hypothesis in &analysis.hypotheses {
        assert!(!hypothesis.support.is_empty(), "{} has no support", hypothesis.service);
        assert!(hypothesis.support.iter().all(|citation| !citation.evidence.is_empty()));
        for citation in hypothesis.support.iter().chain(&hypothesis.counter).chain(&hypothesis.missing) {
            assert!(cited(&citation.evidence), "{citation:?} cites what is not there");
        }
        assert!((0.0..=1.0).contains(&hypothesis.confidence));
        sum += hypothesis.confidence;
    }
    assert!(sum <= 1.0 + 1e-3);
    assert!(analysis.hypotheses.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
    assert!(analysis.anomalies.iter().all(|anomaly| known.contains(&anomaly.evidence.as_str())));
    assert!(analysis.blast_radius.services.iter().all(|service| cited(&service.evidence)));
    assert!(analysis.timeline.windows(2).all(|pair| pair[0].time <= pair[1].time));
    let again = serde_json::to_string(&analyze(data)).expect("JSON");
    assert_eq!(serde_json::to_string(analysis).expect("JSON"), again, "not the same twice");
}

/// The one who is to blame, found, and by what kind of cause.
pub(super) fn check(name: &str, data: &IncidentData, service: &str, kind: CauseKind) -> IncidentAnalysis {
    let analysis = analyze(data);
    sound(data, &analysis);
    assert_eq!(leading(&analysis), (service, kind), "{name}: {}", analysis.answer);
    assert_eq!(analysis.verdict, IncidentVerdict::CauseFound, "{name}: {}", analysis.answer);
    analysis
}

#[test]
fn each_kind_of_cause_is_found_by_its_own_kind_of_evidence() {
    let starved = check("processor", &contest(), "bb", CauseKind::Resource);
    let order: Vec<&str> = starved.hypotheses.iter().map(|hypothesis| hypothesis.service.as_str()).collect();
    assert_eq!(order, ["bb", "ccc", "a"]);

    check("slow at the end of the chain", &chain([1.5, 2.0, 6.0]), "store", CauseKind::Service);
    check("slow in the middle", &chain([1.5, 2.0, 1.0]), "shop", CauseKind::Service);

    let listed = check("rollout", &rollout(0.3, 1.0, true), "pay", CauseKind::Change);
    assert_eq!(listed.hypotheses[0].change_id.as_deref(), Some("chg-1"));
    let unlisted = check("unlisted rollout", &rollout(0.3, 1.0, false), "pay", CauseKind::Service);
    assert!(unlisted.hypotheses[0].statement.contains("unlisted rollout"), "{}", unlisted.answer);

    let mut branch = empty();
    let early: Vec<u64> = (0..40).map(|at| if at < 20 { 5 } else { 0 }).collect();
    let late: Vec<u64> = (0..40).map(|at| if at < 20 { 0 } else { 5 }).collect();
    branch.logs = vec![
        cluster("book", "request <*>", LogLevel::Info, 400, vec![5; 40]),
        cluster("book", "found <*>", LogLevel::Info, 400, early),
        cluster("book", "nothing found for <*>", LogLevel::Error, 0, late),
        cluster("mail", "sent <*>", LogLevel::Info, 400, vec![5; 40]),
    ];
    let turned = check("another branch", &branch, "book", CauseKind::Service);
    let quoted = turned.evidence.iter().find(|entry| entry.offset == Some(42)).expect("a quoted line");
    assert!(quoted.hash.is_some() && quoted.file.as_deref() == Some("logs/app.log"));

    let mut busy = empty();
    requests(&mut busy, START - 2000.0, 150, 0.05, 0.002);
    requests(&mut busy, START, 60, 0.05, 0.002);
    requests(&mut busy, START + 600.0, 60, 0.6, 0.002);
    check("time within traces", &busy, "shop", CauseKind::Service);

    let mut cut = empty();
    requests(&mut cut, START - 2000.0, 150, 0.05, 0.002);
    requests(&mut cut, START, 60, 0.05, 0.002);
    requests(&mut cut, START + 600.0, 60, 0.05, 1.0);
    let network = check("the way to it", &cut, "shop", CauseKind::Service);
    assert!(network.answer.contains("before shop answers"), "{}", network.answer);
}

#[test]
fn quiet_and_shuffled_data_blame_nobody() {
    let quiet = chain([1.0, 1.0, 1.0]);
    let analysis = analyze(&quiet);
    sound(&quiet, &analysis);
    assert_eq!(analysis.verdict, IncidentVerdict::NoCause, "{}", analysis.answer);
    assert!(analysis.blast_radius.services.is_empty());

    // Half of all rows are those of a fault, in the window and in the reference alike.
    let mut shuffled = empty();
    for service in ["a", "bb", "ccc"] {
        let mut noise = Noise(99 + service.len() as u64);
        let mut dealt = series(key(service, "cpu_usage"), "percent", 5.0, calm);
        if service == "bb" {
            dealt.points.iter_mut().for_each(|point| point.1 *= if noise.next() > 0.0 { 18.0 } else { 1.0 });
        }
        shuffled.series.push(dealt);
    }
    let analysis = analyze(&shuffled);
    sound(&shuffled, &analysis);
    assert_ne!(analysis.verdict, IncidentVerdict::CauseFound, "{}", analysis.answer);
}

#[test]
fn an_innocent_rollout_is_not_blamed() {
    let data = rollout(0.5, 0.5, true);
    let analysis = analyze(&data);
    sound(&data, &analysis);
    for hypothesis in &analysis.hypotheses {
        assert!(hypothesis.change_id.is_none() || hypothesis.confidence <= 0.5, "{}", hypothesis.statement);
    }
    let against = &analysis.hypotheses[0].counter;
    assert!(against.iter().any(|c| c.statement.contains("makes no difference")), "{against:?}");

    let why = why_not(&data, &analysis, "chg-1").expect("a known change");
    assert_eq!((why.rank, why.confidence), (None, 0.0));
    assert!(why.counter.iter().any(|c| c.statement.contains("makes no difference")));
}

#[test]
fn new_instances_that_never_report_tell_against_their_rollout() {
    let mut data = rollout(1.0, 1.0, true);
    data.series.retain(|series| series.key.version.as_deref() != Some("v2"));
    data.series.push(series(key("web", "success_rate"), "percent", 100.0, from(12, 0.6)));
    data.topology = vec![edge("web", "pay")];
    let analysis = check("silent", &data, "pay", CauseKind::Change);
    assert!(analysis.answer.contains("has reported since"), "{}", analysis.answer);
}

#[test]
fn the_blast_radius_walks_to_callers_and_tells_failing_from_suffering() {
    let analysis = check("chain", &chain([1.5, 2.0, 6.0]), "store", CauseKind::Service);
    let of = |name: &str| {
        analysis.blast_radius.services.iter().find(|s| s.service == name).map(|s| (s.impact, s.distance))
    };
    assert_eq!(of("store"), Some((Impact::Failing, 0)));
    assert_eq!(of("shop"), Some((Impact::Suffering, 1)));
    assert_eq!(of("web"), Some((Impact::Suffering, 2)));
    assert_eq!(analysis.blast_radius.objectives, ["latency_average of web"]);
    assert!(!analysis.blast_radius.learnt);
    let up = analyze(&chain([1.5, 2.0, 1.0]));
    assert!(up.blast_radius.services.iter().all(|service| service.service != "store"));
}

#[test]
fn why_not_answers_for_any_service_and_refuses_unknown_names() {
    let data = chain([1.5, 2.0, 6.0]);
    let analysis = analyze(&data);
    let web = why_not(&data, &analysis, "web").expect("a known service");
    assert!(web.counter.iter().any(|c| c.statement.contains("accounts for")), "{:?}", web.counter);
    assert!(web.counter.iter().any(|c| c.statement.contains("stronger")));
    let ids: Vec<&String> = web.evidence.iter().map(|entry| &entry.id).collect();
    for citation in web.support.iter().chain(&web.counter).chain(&web.missing) {
        assert!(citation.evidence.iter().all(|id| ids.contains(&id)), "{citation:?}");
    }
    assert_eq!(why_not(&data, &analysis, "store").map(|why| why.rank), Some(Some(1)));
    assert!(why_not(&data, &analysis, "nobody").is_none());
    let healthy = why_not(&chain([1.0; 3]), &analyze(&chain([1.0; 3])), "shop").expect("a known service");
    assert!(healthy.counter.iter().any(|c| c.statement.contains("Nothing that was measured")));
}

#[test]
fn a_cluster_event_and_silence_of_a_whole_service_count() {
    let mut data = chain([1.0, 1.0, 1.0]);
    data.events.push(ClusterEvent {
        time: START + 300.0,
        service: Some("shop".to_owned()),
        instance: None,
        reason: "OOMKilled".to_owned(),
        message: "memory limit reached".to_owned(),
        bad: true,
        line: 1,
        file: "events.json".to_owned(),
    });
    let analysis = analyze(&data);
    sound(&data, &analysis);
    assert_eq!(leading(&analysis).0, "shop");
    let mut gone = empty();
    for service in ["a", "bb"] {
        let mut latency = series(key(service, "latency"), "seconds", 0.1, calm);
        latency.points.retain(|point| service == "a" || point.0 < START);
        gone.series.push(latency);
    }
    let analysis = analyze(&gone);
    sound(&gone, &analysis);
    assert!(
        analysis.hypotheses.iter().any(|h| h.service == "bb" && h.statement.contains("stopped reporting"))
    );
}

fn event(service: &str, reason: &str, time: f64) -> ClusterEvent {
    ClusterEvent {
        time,
        service: Some(service.to_owned()),
        instance: None,
        reason: reason.to_owned(),
        message: String::new(),
        bad: true,
        line: 1,
        file: "events.json".to_owned(),
    }
}

#[test]
fn what_happens_to_others_or_happened_before_counts_less() {
    let mut data = chain([1.0, 1.0, 1.0]);
    let during = |n: usize| START + 10.0 * n as f64;
    data.events = vec![
        event("shop", "OOMKilled", during(1)),
        event("shop", "OOMKilled", during(2)),
        event("store", "OOMKilled", during(3)),
        event("web", "OOMKilled", START - 2000.0),
        ClusterEvent { service: None, ..event("", "Evicted", during(4)) },
        event("web", "Evicted", during(5)),
        ClusterEvent { bad: false, ..event("shop", "Evicted", during(6)) },
    ];
    let of = |name: &str, data: &IncidentData| {
        let (all, _) = strengths(data);
        let clues = all.into_iter().find(|(service, _)| service == name).map(|(_, clues)| clues);
        clues.into_iter().flatten().find(|(kind, _)| *kind == "event").map(|(_, strength)| strength)
    };
    let shares = [("shop", Some(0.8 * 2.0 / 4.0)), ("store", Some(0.8 / 4.0)), ("web", Some(0.8 / 2.0))];
    for (service, expected) in shares {
        assert_eq!(of(service, &data), expected, "{service}");
    }
    // As many as are read of one bundle: each is looked at as often as if it were alone.
    let (services, reasons) = (["web", "shop", "store"], ["OOMKilled", "Evicted", "Unhealthy", "BackOff"]);
    data.events = (0..200_000).map(|n| event(services[n % 3], reasons[n % 4], during(n % 60))).collect();
    assert!(of("shop", &data).is_some_and(|strength| (strength - 0.8 / 3.0).abs() < 1e-4));
}

/// Gives every service, and all that carries its name, another name, and turns the input round.
fn renamed(data: &IncidentData, name: impl Fn(&str) -> String) -> IncidentData {
    let mut data = data.clone();
    for series in &mut data.series {
        series.key.service = name(&series.key.service);
        series.key.peer = series.key.peer.as_deref().map(&name);
        series.key.instance = series.key.instance.as_deref().map(&name);
    }
    data.topology.iter_mut().for_each(|edge| {
        edge.caller = name(&edge.caller);
        edge.callee = name(&edge.callee);
    });
    data.spans.iter_mut().for_each(|span| span.service = name(&span.service));
    data.logs.iter_mut().for_each(|cluster| cluster.service = name(&cluster.service));
    data.changes.iter_mut().for_each(|change| {
        change.service = name(&change.service);
        change.instances.iter_mut().for_each(|instance| *instance = name(instance));
    });
    data.brief.service = data.brief.service.as_deref().map(&name);
    data.series.reverse();
    data.topology.reverse();
    data
}

#[test]
fn names_and_the_order_of_input_decide_nothing() {
    let backwards = |text: &str| format!("zq{}", text.chars().rev().collect::<String>());
    let mut traced = empty();
    requests(&mut traced, START - 2000.0, 150, 0.05, 0.002);
    requests(&mut traced, START, 100, 0.6, 0.002);
    let cases = [contest(), chain([1.5, 2.0, 6.0]), rollout(0.3, 1.0, true), rollout(0.5, 0.5, true), traced];
    for data in cases {
        let of = |analysis: IncidentAnalysis,
                  name: &dyn Fn(&str) -> String|
         -> Vec<(String, String, usize, usize)> {
            let line = |h: &CauseHypothesis| {
                let rest = format!("{:.4} {:?} {:?}", h.confidence, h.kind, h.change_id);
                (name(&h.service), rest, h.support.len(), h.counter.len())
            };
            analysis.hypotheses.iter().map(line).collect()
        };
        let plain = of(analyze(&data), &backwards);
        let other = of(analyze(&renamed(&data, backwards)), &|name| name.to_owned());
        assert_eq!(plain, other);
    }
}

#[test]
fn hostile_input_gives_an_answer_and_no_panic() {
    let nothing = empty();
    assert_eq!(analyze(&nothing).verdict, IncidentVerdict::Inconclusive);
    let mut odd = chain([1.5, 2.0, 6.0]);
    odd.brief.window = TimeRange { start: f64::NAN, end: f64::INFINITY };
    analyze(&odd);
    odd.brief.window = TimeRange { start: START, end: START };
    analyze(&odd);
    odd.brief.window = TimeRange { start: START + 100.0, end: START };
    analyze(&odd);
    let mut broken = chain([1.5, 2.0, 6.0]);
    for (at, series) in broken.series.iter_mut().enumerate() {
        series.points.push((START + 10.0, [f64::NAN, f64::INFINITY, 1e308, -1e308, 0.0, -0.0][at % 6]));
        series.points.push((f64::NAN, 1.0));
        series.points.extend_from_within(..5);
    }
    broken.topology.push(edge("store", "web"));
    broken.topology.push(edge("web", "web"));
    let analysis = analyze(&broken);
    sound(&broken, &analysis);
    let mut knotted = empty();
    requests(&mut knotted, START, 20, -1.0, f64::NAN);
    knotted.spans.iter_mut().for_each(|span| span.parent = Some(span.span.clone()));
    analyze(&knotted);
}

#[test]
fn a_reporter_of_calls_is_not_taken_for_their_receiver() {
    let mut data = empty();
    for (peer, factor) in [("web", 0.4), ("app", 1.0)] {
        let mut calls = key("pay", "success_rate");
        calls.peer = Some(peer.to_owned());
        calls.reporter = Reporter::Caller;
        data.series.push(series(calls, "percent", 100.0, from(10, factor)));
    }
    noticed(&mut data, "web", "success_rate");
    let analysis = check("only callers see it", &data, "pay", CauseKind::Dependency);
    let spared = &analysis.hypotheses[0].counter;
    assert!(spared.iter().any(|c| c.statement.contains("Calls from app are unaffected")), "{spared:?}");
    assert!(analysis.blast_radius.learnt);
}
