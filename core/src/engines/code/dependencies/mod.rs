//! Imports that no manifest and no lock file of the project declares: typical of generated code, and an
//! opening for whoever registers the invented name.
//!
//! Works on texts that it is given; never reads a file and never asks a registry. Says nothing of a
//! language whose manifests the project does not have, and nothing where it is in doubt.

mod guess;
mod imports;
mod judge;
mod manifests;
mod names;

pub use guess::guess;
pub use imports::{Import, imports};
pub use judge::{Project, Undeclared};
pub use manifests::is_manifest;

/// The rule's id.
pub const RULE: &str = "undeclared-dependency";

/// A language with its way of naming packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    Python,
    JavaScript,
    Go,
    Rust,
    Ruby,
}

#[cfg(test)]
mod tests;
