//! Everything that touches one outside system, one folder a port: `src/<port>/<system>.rs`.
//!
//! Never decides anything about problems and fixes; it carries out what a port promises.

pub mod audit_log;
mod background;
pub mod broker;
pub mod bus;
pub mod cache;
pub mod delivery;
pub mod egress;
pub mod embedder;
pub mod events;
pub mod host;
pub mod http;
pub mod identity;
pub mod incidents;
pub mod kernel;
pub mod limits;
mod lock;
pub mod memory;
pub mod notify;
pub mod objects;
pub mod packs;
pub mod plans;
pub mod policy;
pub mod postgres;
mod redis_server;
pub mod registry;
pub mod replies;
pub mod runner;
pub mod secrets;
mod sqlite;
pub mod store;
pub mod telemetry;
pub mod workspace;
