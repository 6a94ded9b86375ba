//! Rate limits.

pub mod embedded;
pub mod redis;
