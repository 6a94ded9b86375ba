//! What we saw before, one file a system.

pub mod embedded;
pub mod memory_hub;
