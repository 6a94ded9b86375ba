//! The doors to the outside: one trait a file, in plain types.
//!
//! Calls block; an adapter that speaks a network owns its own runtime. Adapters are in the crate
//! `ecoops-plugins`, and each passes its port's contract suite.

pub mod audit_log;
pub mod bus;
pub mod cache;
pub mod delivery;
pub mod embedder;
pub mod events;
pub mod host;
pub mod identity;
pub mod incidents;
pub mod limits;
pub mod memory;
pub mod notify;
pub mod objects;
pub mod plans;
pub mod policy;
pub mod replies;
pub mod runner;
pub mod secrets;
pub mod store;
pub mod telemetry;
pub mod workspace;
