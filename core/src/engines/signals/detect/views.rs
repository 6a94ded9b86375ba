//! The series of a service as two questions: RED, how its requests fare (rate, errors, duration: Wilkie), and
//! USE, how its resources do (utilisation, saturation, errors: Gregg, "Thinking methodically about
//! performance", 2012).
//!
//! Never tells a series' meaning from its name: whoever calls knows it.

use super::explain::Kind;
use super::stream::{Level, Verdict};
use std::collections::BTreeMap;

/// What a series measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Meaning {
    /// Requests in a time.
    Rate,
    /// Requests that failed.
    RequestErrors,
    /// How long requests take.
    Duration,
    /// The busy part of a resource.
    Utilisation,
    /// Work that waits for a resource.
    Saturation,
    /// Errors of a resource.
    ResourceErrors,
}

impl Meaning {
    /// All, RED first.
    pub const ALL: [Self; 6] = [
        Self::Rate,
        Self::RequestErrors,
        Self::Duration,
        Self::Utilisation,
        Self::Saturation,
        Self::ResourceErrors,
    ];

    /// Whether it is asked about requests, and not about resources.
    pub fn is_red(self) -> bool {
        matches!(self, Self::Rate | Self::RequestErrors | Self::Duration)
    }
}

/// A series with a verdict on its present.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<'a> {
    /// The service that it belongs to.
    pub service: &'a str,
    /// What it measures.
    pub meaning: Meaning,
    /// Its name, for people.
    pub series: &'a str,
    /// What the detector says of its newest value.
    pub verdict: Verdict,
}

/// The worst of a service's series of one meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell<'a> {
    /// How many series were looked at.
    pub series: usize,
    /// The name of the worst.
    pub worst: &'a str,
    /// Its level, strangeness and kind.
    pub level: Level,
    /// From 0 to 1.
    pub strangeness: f64,
    /// If there is something to say.
    pub kind: Option<Kind>,
}

/// What is known of one service, by meaning; what nobody measures is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct View<'a> {
    /// Its name.
    pub service: &'a str,
    /// The worst of each meaning.
    pub cells: BTreeMap<Meaning, Cell<'a>>,
}

impl View<'_> {
    /// The highest level of its requests (`red`) or of its resources.
    pub fn level(&self, red: bool) -> Level {
        self.cells.iter().filter(|(m, _)| m.is_red() == red).map(|(_, c)| c.level).max().unwrap_or_default()
    }

    /// What nobody measures.
    pub fn unmeasured(&self) -> impl Iterator<Item = Meaning> + '_ {
        Meaning::ALL.into_iter().filter(|meaning| !self.cells.contains_key(meaning))
    }
}

/// A view for each service, by name.
pub fn views<'a>(readings: &[Reading<'a>]) -> Vec<View<'a>> {
    let mut services: BTreeMap<&str, BTreeMap<Meaning, Cell<'a>>> = BTreeMap::new();
    for reading in readings {
        let Verdict { level, strangeness, kind, .. } = reading.verdict;
        let new = Cell { series: 1, worst: reading.series, level, strangeness, kind };
        let cells = services.entry(reading.service).or_default();
        cells.entry(reading.meaning).and_modify(|old| *old = worse(old, &new)).or_insert(new);
    }
    services.into_iter().map(|(service, cells)| View { service, cells }).collect()
}

fn worse<'a>(old: &Cell<'a>, new: &Cell<'a>) -> Cell<'a> {
    let newer = (new.level, new.strangeness) > (old.level, old.strangeness);
    Cell { series: old.series + new.series, ..if newer { *new } else { *old } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading<'a>(
        service: &'a str,
        meaning: Meaning,
        series: &'a str,
        level: Level,
        strangeness: f64,
    ) -> Reading<'a> {
        Reading { service, meaning, series, verdict: Verdict { level, strangeness, ..Verdict::default() } }
    }

    #[test]
    fn the_worst_of_each_meaning_is_shown() {
        let readings = [
            reading("pay", Meaning::Duration, "p50", Level::None, 0.9),
            reading("pay", Meaning::Duration, "p99", Level::Notice, 0.6),
            reading("cart", Meaning::Utilisation, "cpu", Level::Page, 0.8),
            reading("cart", Meaning::Rate, "rps", Level::None, 0.1),
        ];
        let views = views(&readings);
        assert_eq!(views.iter().map(|v| v.service).collect::<Vec<_>>(), ["cart", "pay"]);
        assert_eq!((views[0].level(true), views[0].level(false)), (Level::None, Level::Page));
        let duration = &views[1].cells[&Meaning::Duration];
        assert_eq!((duration.worst, duration.series, duration.level), ("p99", 2, Level::Notice));
        assert_eq!(views[1].unmeasured().count(), 5);
        assert_eq!(super::views(&[]), []);
    }
}
