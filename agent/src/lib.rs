//! The daemon: one process of the user's that holds what must not be in every command — connections,
//! keys, caches — and serves the kernel's contracts on this machine.
//!
//! A composition root: it opens the ports as the settings say and puts them behind an API. Decides
//! nothing about problems and fixes. Never needed: with settings that name nothing outside this
//! machine, the command line does everything in its own process.

pub mod api;
pub mod boot;
pub mod client;
mod component;
pub mod credentials;
pub mod daemon;
mod deliver;
mod door;
mod gather;
pub mod identity;
pub mod install;
mod kernel;
pub mod log;
pub mod mcp;
mod mirror;
mod places;
pub mod secret;
mod tls;
pub mod token;
mod trace;
mod upkeep;
mod waiting;

pub use places::Places;

/// The version of the hello that client and daemon must share.
pub const PROTOCOL: u32 = 1;

/// The name of this service in headers, events and health.
pub const SERVICE: &str = "ecoops-agent";
