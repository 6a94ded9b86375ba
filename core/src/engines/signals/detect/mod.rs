//! Detection of the unusual in one series, as it comes: how strange a value is, what kind of event it is, and
//! whom it concerns.
//!
//! `Detector` takes values one by one; `detect` is the same over rows. [`table`] reads them from CSV. Looking
//! back at a complete series is for [`decompose`] and [`shift`]; [`views`] puts a service's series side by
//! side.
//!
//! Never looks ahead, never at a clock, and never at the name of a series: there is one configuration for
//! all.

mod arrivals;
mod channels;
pub mod decompose;
mod distribution;
mod explain;
mod history;
mod horizons;
mod look;
mod moment;
mod novelty;
mod refractory;
mod season;
pub mod shift;
pub mod spikes;
mod stream;
pub mod table;
mod tail;
pub mod views;

pub use explain::Kind;
pub use look::{Look, look};
pub use season::{Band, period};
pub use stream::{Detector, Level, Refusal, Settings, Verdict, detect};

#[cfg(test)]
mod tests;
