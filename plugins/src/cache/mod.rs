//! Adapters of the cache port.

pub mod embedded;
