//! Log clusters for people: wordings of one message are put together.
//!
//! Only within one service, one level and one kind of stack trace, and never what is new with what is not: a new
//! wording of an old message stays a cluster of its own. Never changes what causes are judged by.

use super::templates::{Embed, Likeness, variants};
use crate::domain::incident::{IncidentBrief, LogCluster, LogLevel, LogVariant, TimeRange};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Templates that are embedded at most; beyond them words alone decide. A sentence takes milliseconds.
const EMBEDDED: usize = 12;
/// Without the words that all lines share, little is left for a chance likeness.
const LIKENESS: Likeness = Likeness { jaccard: 0.6, cosine: 0.88 };
/// Lines quoted, and trace ids kept, of a merged cluster.
const EXEMPLARS: usize = 5;
const TRACES: usize = 8;

/// Turns texts into vectors of one model, one each in their order; none when it cannot.
pub type EmbedAll<'a> = &'a dyn Fn(&[&str]) -> Vec<Vec<f32>>;

/// Merges clusters whose templates are variants; the others stay as they are, all in their order. `reference` is the
/// time that baseline counts are of. The same clusters give the same result. `embed` is called once at most.
pub fn merged(
    clusters: Vec<LogCluster>,
    brief: &IncidentBrief,
    reference: TimeRange,
    embed: Option<EmbedAll<'_>>,
) -> Vec<LogCluster> {
    let into = match embed {
        Some(embed) => by_meaning(&clusters, embed),
        None => representatives(&clusters, None),
    };
    let mut members: BTreeMap<usize, Vec<LogCluster>> = BTreeMap::new();
    let mut first: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, cluster) in clusters.into_iter().enumerate() {
        first.entry(into[at]).or_insert(at);
        members.entry(into[at]).or_default().push(cluster);
    }
    let mut ordered: Vec<(usize, Vec<LogCluster>)> =
        members.into_iter().map(|(root, group)| (first.get(&root).copied().unwrap_or(root), group)).collect();
    ordered.sort_by_key(|(at, _)| *at);
    let rates = [brief.window.length().max(1.0), reference.length().max(1.0)];
    ordered.into_iter().filter_map(|(_, group)| joined(group, rates)).collect()
}

/// Which texts are asked for, and in which order, does not depend on their vectors: they are found first, and then
/// embedded together.
fn by_meaning(clusters: &[LogCluster], embed: EmbedAll<'_>) -> Vec<usize> {
    let asked: RefCell<Vec<String>> = RefCell::default();
    let note = |text: &str| {
        let mut asked = asked.borrow_mut();
        if asked.len() < EMBEDDED {
            asked.push(text.to_owned());
        }
        Vec::new()
    };
    let by_words = representatives(clusters, Some(&note));
    let texts = asked.into_inner();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    if texts.is_empty() {
        return by_words;
    }
    let vectors = RefCell::new(embed(&texts).into_iter());
    let given = |_: &str| vectors.borrow_mut().next().unwrap_or_default();
    representatives(clusters, Some(&given))
}

/// For each cluster the place of the one that it goes into.
fn representatives(clusters: &[LogCluster], embed: Option<Embed<'_>>) -> Vec<usize> {
    type Kind<'a> = (&'a str, Option<LogLevel>, Option<&'a str>, bool);
    let mut kinds: BTreeMap<Kind<'_>, Vec<usize>> = BTreeMap::new();
    for (at, cluster) in clusters.iter().enumerate() {
        let frame = cluster.frames.first().map(String::as_str);
        let kind = (cluster.service.as_str(), cluster.level, frame, cluster.baseline_count == 0);
        kinds.entry(kind).or_default().push(at);
    }
    let mut into: Vec<usize> = (0..clusters.len()).collect();
    for places in kinds.into_values().filter(|places| places.len() > 1) {
        let texts = telling(places.iter().map(|at| clusters[*at].template.as_str()).collect());
        let counts = places.iter().map(|at| clusters[*at].count + clusters[*at].baseline_count);
        let texts: Vec<(&str, u64)> = texts.iter().map(String::as_str).zip(counts).collect();
        // Of what nobody worries about, words alone decide: meaning costs time.
        let grave = clusters[places[0]].level.is_none_or(|level| level >= LogLevel::Warn);
        for (own, root) in variants(&texts, LIKENESS, embed.filter(|_| grave)).into_iter().enumerate() {
            into[places[own]] = places[root];
        }
    }
    into
}

/// Fewer templates than this do not show what is common to all of a service's lines.
const ENOUGH: usize = 4;

/// The templates without the words that most of them share: a logger's prefix makes no two messages alike.
fn telling(templates: Vec<&str>) -> Vec<String> {
    let mut often: BTreeMap<&str, usize> = BTreeMap::new();
    for template in &templates {
        let words: BTreeSet<&str> = template.split_whitespace().collect();
        words.into_iter().for_each(|word| *often.entry(word).or_default() += 1);
    }
    let common =
        |word: &str| templates.len() >= ENOUGH && often.get(word).is_some_and(|n| n * 2 > templates.len());
    let rare = |template: &str| {
        let kept: Vec<&str> = template.split_whitespace().filter(|word| !common(word)).collect();
        if kept.is_empty() { template.to_owned() } else { kept.join(" ") }
    };
    templates.iter().map(|template| rare(template)).collect()
}

/// One cluster of several; the most frequent wording gives its name, its id and its parameters.
fn joined(mut group: Vec<LogCluster>, [window, reference]: [f64; 2]) -> Option<LogCluster> {
    group.sort_by_key(|cluster| std::cmp::Reverse(cluster.count + cluster.baseline_count));
    let mut group = group.into_iter();
    let mut whole = group.next()?;
    let said = |one: &LogCluster| LogVariant {
        template: one.template.clone(),
        count: one.count,
        baseline_count: one.baseline_count,
    };
    let mut wordings = vec![said(&whole)];
    for other in group {
        wordings.push(said(&other));
        absorb(&mut whole, other);
    }
    if wordings.len() > 1 {
        let known = whole.baseline_count > 0;
        let (now, before) = (whole.count as f64 / window, whole.baseline_count as f64 / reference);
        whole.novelty = match known {
            true if now > 0.0 => 1.0 - (before / now).min(1.0),
            true => 0.0,
            false => whole.novelty,
        };
        wordings.sort_by_key(|variant| std::cmp::Reverse(variant.count + variant.baseline_count));
        whole.variants = wordings;
    }
    Some(whole)
}

fn absorb(whole: &mut LogCluster, other: LogCluster) {
    whole.count += other.count;
    whole.baseline_count += other.baseline_count;
    whole.novelty = whole.novelty.max(other.novelty);
    let earlier = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
        (Some(a), Some(b)) => Some(pick(a, b)),
        (a, b) => a.or(b),
    };
    whole.first_seen = earlier(whole.first_seen, other.first_seen, f64::min);
    whole.last_seen = earlier(whole.last_seen, other.last_seen, f64::max);
    whole.buckets.iter_mut().zip(&other.buckets).for_each(|(sum, count)| *sum += count);
    for (name, now, before) in other.instances {
        match whole.instances.iter_mut().find(|(known, ..)| *known == name) {
            Some(instance) => (instance.1, instance.2) = (instance.1 + now, instance.2 + before),
            None => whole.instances.push((name, now, before)),
        }
    }
    whole.instances.sort_unstable();
    let shared = whole.frames.iter().zip(&other.frames).take_while(|(a, b)| a == b).count();
    whole.frames.truncate(shared);
    // A line of each wording says more than three of one.
    let room = EXEMPLARS.saturating_sub(whole.exemplars.len()).max(1);
    whole.exemplars.truncate(EXEMPLARS - 1);
    whole.exemplars.extend(other.exemplars.into_iter().take(room.min(EXEMPLARS - whole.exemplars.len())));
    whole.traces.extend(other.traces);
    whole.traces.truncate(TRACES);
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: TimeRange = TimeRange { start: 100.0, end: 200.0 };
    const REFERENCE: TimeRange = TimeRange { start: 0.0, end: 100.0 };

    fn brief() -> IncidentBrief {
        IncidentBrief {
            title: String::new(),
            detected_at: 150.0,
            window: WINDOW,
            service: None,
            metric: None,
            baseline: None,
        }
    }

    fn cluster(id: &str, service: &str, template: &str, count: u64, before: u64) -> LogCluster {
        LogCluster {
            id: id.to_owned(),
            service: service.to_owned(),
            template: template.to_owned(),
            level: Some(LogLevel::Error),
            count,
            baseline_count: before,
            first_seen: Some(100.0 + count as f64),
            last_seen: Some(150.0 + count as f64),
            novelty: if before == 0 { 1.0 } else { 0.0 },
            instances: vec![("i1".to_owned(), count, before)],
            buckets: vec![count, 0],
            frames: Vec::new(),
            exemplars: Vec::new(),
            traces: Vec::new(),
            variants: Vec::new(),
            parameters: Vec::new(),
        }
    }

    fn ids(clusters: Vec<LogCluster>, embed: Option<EmbedAll<'_>>) -> Vec<(String, u64, usize)> {
        let shown = |c: LogCluster| (c.id, c.count + c.baseline_count, c.variants.len());
        merged(clusters, &brief(), REFERENCE, embed).into_iter().map(shown).collect()
    }

    #[test]
    fn wordings_of_one_message_become_one_cluster() {
        let (a, b) = (
            "could not reach upstream host <*> after <*> retries",
            "could not reach upstream host <*> after <*> retries, giving up",
        );
        let one = cluster("l1", "web", a, 10, 0);
        for (other, expected) in [
            (cluster("l2", "web", b, 30, 0), vec![("l2", 40, 2)]),
            (cluster("l2", "web", b, 5, 0), vec![("l1", 15, 2)]),
            (cluster("l2", "db", b, 30, 0), vec![("l1", 10, 0), ("l2", 30, 0)]),
            // Known wordings never hide a new one.
            (cluster("l2", "web", b, 30, 30), vec![("l1", 10, 0), ("l2", 60, 0)]),
            (cluster("l2", "web", "user <*> logged in", 30, 0), vec![("l1", 10, 0), ("l2", 30, 0)]),
            (
                LogCluster { level: Some(LogLevel::Info), ..cluster("l2", "web", b, 30, 0) },
                vec![("l1", 10, 0), ("l2", 30, 0)],
            ),
        ] {
            let found = ids(vec![one.clone(), other], None);
            let found: Vec<_> = found.iter().map(|(id, count, n)| (id.as_str(), *count, *n)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_merged_keeps_its_counts_times_and_novelty() {
        let (a, b) = ("slow query on table <*> took <*> ms", "slow query on table <*> took <*> ms again");
        let whole = merged(
            vec![cluster("l1", "db", a, 30, 10), cluster("l2", "db", b, 10, 10)],
            &brief(),
            REFERENCE,
            None,
        );
        assert_eq!(whole.len(), 1);
        let whole = &whole[0];
        assert_eq!((whole.count, whole.baseline_count, whole.novelty), (40, 20, 0.5));
        assert_eq!((whole.first_seen, whole.last_seen), (Some(110.0), Some(180.0)));
        assert_eq!((whole.buckets[0], &whole.instances[..]), (40, &[("i1".to_owned(), 40, 20)][..]));
        assert_eq!(whole.variants.iter().map(|v| v.count).collect::<Vec<_>>(), [30, 10]);
    }

    #[test]
    fn a_prefix_that_all_lines_share_makes_no_two_alike() {
        let prefix = "<*> --- [exec-<*>] com.shop.cart.CartController : ";
        let texts = [
            "Completed <*> OK in <*> ms",
            "Customer <*> opened cart <*>",
            "Cache evicted",
            "Rates reloaded from <*>",
        ];
        let clusters = texts
            .iter()
            .enumerate()
            .map(|(n, text)| cluster(&format!("l{n}"), "cart", &format!("{prefix}{text}"), 9, 9));
        assert_eq!(ids(clusters.collect(), None).len(), texts.len());
    }

    #[test]
    fn meaning_decides_where_words_are_near_and_its_cost_is_bounded() {
        let (a, b) = ("cannot open connection to the database <*>", "cannot open a link to the database <*>");
        let asked = RefCell::new(Vec::new());
        let same = |texts: &[&str]| {
            asked.borrow_mut().push(texts.len());
            vec![vec![1.0_f32]; texts.len()]
        };
        let clusters = || vec![cluster("l1", "web", a, 10, 0), cluster("l2", "web", b, 5, 0)];
        assert_eq!(ids(clusters(), None).len(), 2);
        assert_eq!(ids(clusters(), Some(&same)).len(), 1);
        let none = |_: &[&str]| Vec::new();
        assert_eq!(ids(clusters(), Some(&none)).len(), 2, "no vectors are no likeness");
        let opposite = |_: &[&str]| vec![vec![1.0], vec![-1.0]];
        assert_eq!(ids(clusters(), Some(&opposite)).len(), 2, "each text has its own vector");
        let words = ["open", "close", "drop", "reset", "probe", "drain"];
        let many = (0..400).map(|n| {
            let text = format!(
                "cannot {} {} connection to the {} database <*>",
                words[n % 6],
                words[n / 6 % 6],
                words[n / 36 % 6]
            );
            cluster(&format!("l{n}"), "web", &text, 1, 0)
        });
        merged(many.collect(), &brief(), REFERENCE, Some(&same));
        assert_eq!(asked.into_inner(), [2, EMBEDDED], "all at once, in one question");
    }
}
