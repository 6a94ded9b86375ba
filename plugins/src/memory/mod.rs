//! What we saw before, one file a system.

pub mod embedded;
pub mod intake;
pub mod pgvector;
pub mod remembered;
