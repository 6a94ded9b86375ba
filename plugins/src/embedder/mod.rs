//! Text to vectors, one file a system.

pub mod cached;
pub mod embedded;
pub mod openai;
pub mod redacted;
pub mod standby;
