//! The detector: a value and its time go in, a verdict comes out, in bounded memory.
//!
//! A batch is the same detector over the rows, so that a prefix of a file has the same scores as in the file:
//! nothing here knows what comes later, how much is still to come, or what time it is.

use super::arrivals::{Arrival, Arrivals};
use super::channels::{Channels, Surprise};
use super::explain::{Kind, earlier_band, explain, saturated};
use super::horizons::{Horizons, SPANS};
use super::refractory::Refractory;
use super::season::Band;

/// Values remembered by default: eight weeks of one in five minutes, 1 MB a series.
const MEMORY: usize = 16_384;
/// The surprise, as −log10 of a probability, that is scored 0.5 and makes a notice.
const NOTICE: f64 = 1.85;
/// From this score on a verdict gives its reason.
const REASON: f64 = 0.35;
/// What a gap counts: a reason to look, not an alarm.
const GAP: f64 = 1.0;

/// What may be told to the detector; the default fits every series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How many of the newest values are remembered; at least 256. Time for each value and memory grow with
    /// it.
    pub memory: usize,
    /// The lowest and the highest value there can be, in the unit of the values, if that is known (0 and 100
    /// of a percentage); values that stay at the high end are then saturated.
    pub limits: Option<(f64, f64)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { memory: MEMORY, limits: None }
    }
}

/// Whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Level {
    /// Nobody.
    #[default]
    None,
    /// Who looks.
    Notice,
    /// Who has to be woken: there was a notice, and 5 minutes, 30 minutes and 6 hours agree.
    Page,
}

/// Why a value was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// Its time is before the newest one.
    Late,
    /// It came before, with the same time.
    Repeated,
    /// Its time is not a finite number.
    Timeless,
    /// It is not a finite number.
    NotANumber,
}

/// What the detector says of one value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Verdict {
    /// From 0 to 1; 0.5 is worth a notice. After an alarm only what is stranger still is scored higher than
    /// 0.36.
    pub score: f64,
    /// The same without regard to alarms before: how strange the value is by itself.
    pub strangeness: f64,
    /// What it is, where the strangeness is above 0.35 or something else is to be said.
    pub kind: Option<Kind>,
    /// Whom it concerns.
    pub level: Level,
    /// Where the value was expected, once that is known.
    pub band: Option<Band>,
    /// Steps that were left out before it.
    pub missing: u64,
    /// Why it was not taken in; then the score is 0.
    pub refused: Option<Refusal>,
}

/// One series under watch.
#[derive(Debug, Clone)]
pub struct Detector {
    settings: Settings,
    arrivals: Arrivals,
    channels: Channels,
    refractory: Refractory,
    horizons: Horizons,
    alarm: Option<f64>,
    was_saturated: bool,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Detector {
    /// Knows nothing yet.
    pub fn new(settings: Settings) -> Self {
        let memory = settings.memory.max(256);
        let limits = settings.limits.filter(|(low, high)| low < high && (high - low).is_finite());
        Self {
            settings: Settings { memory, limits },
            arrivals: Arrivals::default(),
            channels: Channels::new(memory),
            refractory: Refractory::default(),
            horizons: Horizons::default(),
            alarm: None,
            was_saturated: false,
        }
    }

    /// The period of the season in force, in values.
    pub fn period(&self) -> Option<f64> {
        self.channels.season().period()
    }

    /// The usual step in seconds, once it is known.
    pub fn step(&self) -> Option<f64> {
        self.arrivals.step()
    }

    /// Takes in a value at a time, in seconds since any fixed moment. What cannot be taken in is refused,
    /// with the reason in the verdict, and changes nothing.
    pub fn push(&mut self, at: f64, value: f64) -> Verdict {
        let refused = |why| Verdict { refused: Some(why), ..Verdict::default() };
        if !value.is_finite() {
            return Verdict { kind: Some(Kind::Missing), ..refused(Refusal::NotANumber) };
        }
        match self.arrivals.push(at, value) {
            Arrival::Timeless => refused(Refusal::Timeless),
            Arrival::Repeated => refused(Refusal::Repeated),
            Arrival::Late => refused(Refusal::Late),
            Arrival::Next { missing, unusual } => self.judge(at, value, missing, unusual),
        }
    }

    fn judge(&mut self, at: f64, value: f64, missing: u64, unusual: bool) -> Verdict {
        // so far from zero that squares overflow; no measure is
        let value = value.clamp(-1e120, 1e120);
        let surprise = self.channels.push(value);
        let history = self.channels.history();
        let season = self.channels.season().band(history);
        let saturated = self.settings.limits.is_some() && saturated(history, self.settings.limits);
        let saturates = saturated && !self.was_saturated;
        self.was_saturated = saturated;
        let mut joined = surprise.joined();
        if saturates {
            joined = joined.max(NOTICE);
        }
        if unusual {
            joined = joined.max(GAP);
        }
        let band = season.or_else(|| earlier_band(history));
        let score = scored(self.refractory.news(joined));
        let strangeness = scored(joined);
        let level = self.level(at, value, score, season);
        let kind = self.kind(&surprise, season, strangeness, level, unusual);
        Verdict { score, strangeness, kind, level, band, missing, refused: None }
    }

    fn level(&mut self, at: f64, value: f64, score: f64, season: Option<Band>) -> Level {
        let agreed = self.horizons.push(at, value, season.map(|band| band.expected()));
        let notice = score >= scored(NOTICE);
        if notice {
            self.alarm = Some(at);
        }
        let recent = self.alarm.is_some_and(|alarm| (0.0..=SPANS[2]).contains(&(at - alarm)));
        match (agreed && recent, notice) {
            (true, _) => Level::Page,
            (false, true) => Level::Notice,
            (false, false) => Level::None,
        }
    }

    fn kind(
        &self,
        surprise: &Surprise,
        season: Option<Band>,
        strangeness: f64,
        level: Level,
        gap: bool,
    ) -> Option<Kind> {
        if gap && surprise.joined() <= GAP {
            return Some(Kind::Missing);
        }
        let told = strangeness > REASON || level != Level::None;
        told.then(|| explain(self.channels.history(), surprise, season, self.settings.limits))
    }
}

/// From −log10 of a probability to 0..1.
fn scored(surprise: f64) -> f64 {
    surprise / (surprise + NOTICE)
}

/// The verdict on each of `rows` (seconds, value), as a detector gives it one by one.
pub fn detect(rows: impl IntoIterator<Item = (f64, f64)>, settings: Settings) -> Vec<Verdict> {
    let mut detector = Detector::new(settings);
    rows.into_iter().map(|(at, value)| detector.push(at, value)).collect()
}
