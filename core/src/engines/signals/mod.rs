//! What telemetry says: the algorithms on metrics, logs and traces, each usable alone on plain data.
//!
//! Never fetches telemetry and never reads the clock: points, lines and spans come in, findings go out.

pub mod detect;
