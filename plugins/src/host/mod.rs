//! The machine's clock and randomness, and a frozen stand-in for tests and replay.

pub mod frozen;
pub mod system;
