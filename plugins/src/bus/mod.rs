//! The kernel's event bus.

pub mod embedded;
