//! Telemetry: incident bundles on disk, and the servers that hold signals.
//!
//! Never judges what it reads.

pub mod files;
