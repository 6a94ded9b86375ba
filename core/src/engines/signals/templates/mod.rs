//! Log templates: which lines are the same message with other values.
//!
//! [`Miner`] takes lines as they come and answers each with a [`Ticket`]; [`Miner::templates`] tells
//! what each ticket's template finally is. Never reads files, and never needs a line twice.

mod cluster;
mod column;
mod hash;
mod index;
mod mask;
mod miner;
mod refine;
mod template;
mod values;
mod words;

pub use cluster::Seen;
pub use miner::{Config, Miner, Templates, Ticket};
pub use template::{Template, WILDCARD};
pub use values::Distribution;
