//! Remediate: what is decided becomes one change set, and the granted change set becomes files.

pub mod consolidate;
pub mod integrate;
