//! Signals: reading what systems say about themselves, and finding in it what is out of the ordinary.
//!
//! Plain data in, plain data out. Never opens a file or a socket, and never reads a clock.

pub mod detect;
pub mod groups;
pub mod merge;
pub mod parse;
pub mod templates;
pub mod watch;
