//! Log templates: which lines are the same message with other values.
//!
//! [`Miner`] takes lines as they come and answers each with a [`Ticket`]; [`Miner::templates`] tells
//! what each ticket's template finally is: its text with `<*>` for each parameter and all else as in
//! the line, its lines' number, first and last, some of them, and how each parameter's values are
//! distributed. One configuration serves all systems.
//!
//! A line is masked (`mask`): numbers, addresses, identifiers and paths are told by their form. What
//! is left is looked up by its hash. Lines never seen before become clusters, and clusters that
//! differ only in words are judged together (`refine`, `column`): many values, evenly spread, or
//! announced by what stands before them are a parameter; a few states are different messages.
//!
//! The miner takes messages. Of a raw line give it what [`Layout`] leaves when time, level, host,
//! thread and component are taken off, or what a parser of the format gives: a template is of the
//! message, so that the same message from two hosts is one. A file whose lines have no such header
//! is mined as it is, every byte of it.
//!
//! Memory is bounded by [`Config`] whatever the input: long lines, bytes in no encoding, a million
//! different templates. Never reads files, and never needs a line twice.

mod bytes;
mod cluster;
mod column;
mod forms;
mod hash;
mod header;
mod index;
mod mask;
mod miner;
mod novelty;
mod refine;
mod stack;
mod template;
mod token;
mod values;
mod variants;
mod words;

pub use cluster::Seen;
pub use header::{Layout, SAMPLE};
pub use miner::{Config, Miner, Templates, Ticket};
pub use novelty::{Change, Novelty, novelty};
pub use stack::{TraceGroup, Traces, fingerprint, frame};
pub use template::{Template, WILDCARD};
pub use values::Distribution;
pub use variants::{Embed, Likeness, variants};

#[cfg(test)]
mod tests;
