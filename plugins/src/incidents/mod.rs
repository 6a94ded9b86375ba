//! Where incidents that are being worked on are kept.

pub mod embedded;
pub mod postgres;
