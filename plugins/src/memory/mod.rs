//! What we saw before, one file a system.

pub mod embedded;
pub mod intake;
pub mod memory_hub;
pub mod pgvector;
pub mod redacted;
pub mod remembered;
mod waiting;
