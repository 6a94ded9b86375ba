//! The algorithms, each usable alone, on plain data.
//!
//! Never imports a port, the pipeline or another engine's insides.

pub mod code;
pub mod compliance;
pub mod embed;
pub mod imports;
pub mod incident;
pub mod jose;
pub mod ledger;
pub mod policy;
pub mod recall;
pub mod redact;
pub mod rehearsal;
pub mod resilience;
pub mod signals;
