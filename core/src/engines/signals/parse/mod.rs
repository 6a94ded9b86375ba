//! Readers of the formats in which signals arrive: logs, metrics, traces, events, changes.
//!
//! Each takes bytes or text from outside, gives what it could read and notes for what it could not. Never
//! panics on any input, and never lets one bad record spoil the rest.

pub mod clock;
mod csv;
mod encoding;
pub mod events;
pub mod exposition;
mod fields;
pub mod head;
mod header;
mod ids;
pub mod json;
pub mod labels;
mod level;
mod logfmt;
pub mod logs;
pub mod metrics;
mod notes;
pub mod otlp;
pub mod otlp_records;
mod record;
pub mod rollouts;
mod schema;
mod shed;
mod stack;
mod stamp;
pub mod time;

pub use encoding::decoded;
pub use logs::{LONGEST_LINE, LogFacts, LogReader, LogSource};
pub use notes::{Notes, quoted};
pub use schema::{PAGE as FORMAT_PAGE, SCHEMA as FORMAT_SCHEMA};
pub use shed::Shed;
