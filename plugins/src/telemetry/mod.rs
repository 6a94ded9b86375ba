//! Telemetry: incident bundles on disk, and the servers that hold signals.
//!
//! Never judges what it reads.

pub mod alertmanager;
pub mod capture;
pub mod files;
pub mod http;
pub mod loki;
pub mod prometheus;
pub mod role;
pub mod tempo;
