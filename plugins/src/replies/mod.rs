//! Answers kept by idempotency key.

pub mod embedded;
