//! Readers of the formats in which signals arrive: logs, metrics, traces, events, changes.
//!
//! Each takes bytes or text from outside, gives what it could read and notes for what it could not. Never
//! panics on any input, and never lets one bad record spoil the rest.
