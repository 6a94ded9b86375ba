//! What an analysis of an incident concluded, one file a format.
//!
//! Takes the finished analysis and the data it came from and gives text. Never judges, never prints. Words
//! from outside go through one door, [`words`], and come out redacted, harmless and no markup.

mod facts;
mod html;
mod markdown;
mod plots;
pub mod text;
mod words;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use html::html;
pub use markdown::markdown;
