//! Running a project's own checks: `local` on this machine, in a cage built by `launcher`.
//!
//! Never decides what is run or what its output means; that is the pipeline's.

pub mod borrow;
mod capture;
pub mod confine;
pub mod launcher;
pub mod local;
mod namespace;
mod privilege;
pub mod tools;
mod tree;
mod wire;
