//! What an analysis of an incident concluded, one file a format.
//!
//! Takes the finished analysis and the data it came from and gives text. Never judges, never prints. Words
//! from outside go through one door, [`words`], and come out redacted, harmless and no markup.

mod facts;
mod html;
mod markdown;
mod plots;
pub mod sparks;
pub mod text;
mod words;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;

pub use html::html;
pub use markdown::markdown;

use ecoops_core::domain::incident::{IncidentAnalysis, IncidentBrief, TimeRange};
use sparks::Plots;

/// What the terminal shows, redacted.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// When and where it was noticed, where that is known.
    pub brief: Option<&'a IncidentBrief>,
    pub analysis: &'a IncidentAnalysis,
    pub plots: &'a Plots,
}

impl Shown<'_> {
    /// The time that is shown: the window, else what the timeline spans.
    fn range(&self) -> Option<TimeRange> {
        if let Some(brief) = self.brief {
            return Some(brief.window);
        }
        let times = || self.analysis.timeline.iter().map(|m| m.time).filter(|t| t.is_finite());
        let (start, end) = (times().reduce(f64::min)?, times().reduce(f64::max)?);
        Some(TimeRange { start, end })
    }
}
