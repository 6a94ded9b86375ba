//! An incident's analysis for people, one file a format. Takes finished data and gives text; decides nothing.

pub mod plots;
pub mod text;

#[cfg(test)]
mod samples;

use ecoops_core::domain::incident::{IncidentAnalysis, IncidentBrief, TimeRange};
use plots::Plots;

/// What a report shows, redacted.
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
