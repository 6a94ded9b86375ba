//! Text to vectors, one file a system.

pub mod embedded;
