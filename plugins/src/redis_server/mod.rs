//! What every adapter of Redis shares: connections with a deadline, the kernel's form of a stream's entry,
//! and the channels on which events are announced.
//!
//! Never knows a port; never logs or shows a password.

pub mod channels;
pub mod client;
pub mod entry;
mod link;
pub mod publish;
