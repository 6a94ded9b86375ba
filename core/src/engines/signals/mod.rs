//! Logs, metrics and what they say together: the algorithms on signals, each usable alone.
//!
//! Never fetches a signal and never reads a file.

pub mod templates;
