//! Policies in Rego: compiled once, asked with limits, failing closed.
//!
//! Never reads a file and never reaches the network; the built-ins that would are not compiled in.

pub mod authority;
pub mod calls;
pub mod rego;
pub mod testing;
