//! Adapters of the plans port.

pub mod embedded;
pub mod postgres;
