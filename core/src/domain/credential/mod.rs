//! What credentials look like: one table of known formats, and the checks that tell a real one from a
//! placeholder. Both the redactor and the `secret` rules read it.
//!
//! Data and pure functions. Never searches a text and never keeps a value.

mod check;
mod formats;

pub use check::{Check, crc32, entropy, is_opaque, is_placeholder};
pub use formats::{FORMATS, Format, format};
