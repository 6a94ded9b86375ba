//! What ecoops knows: the nouns, the pipeline that joins them, the ports to the outside, and the
//! engines that do the thinking.
//!
//! This crate never opens a file or a socket, never reads the environment or the clock, and never
//! prints: everything from outside comes in through a port.

pub mod config;
pub mod domain;
pub mod engines;
pub mod pipeline;
pub mod ports;
