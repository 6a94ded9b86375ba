//! One record of a log on its way from a reader to whoever counts, groups or keeps it.

use super::LogLevel;

/// A log record, borrowed from its reader. What a stack trace or a wrapped message continues over several
/// lines is one record; it is cited by its first line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogLine<'a> {
    pub service: &'a str,
    pub instance: Option<&'a str>,
    /// Unix seconds, of the record or its carrier, else of the record before it in the same file.
    pub time: Option<f64>,
    pub level: Option<LogLevel>,
    /// Without time, level and other headers.
    pub message: &'a str,
    /// The exception or panic that it reports: type and text.
    pub error: Option<&'a str>,
    /// Frames of its stack trace, innermost first, without line numbers; empty when it has none.
    pub frames: &'a [String],
    /// Lower-case hexadecimal where it is that.
    pub trace: Option<&'a str>,
    /// Path within the bundle, or the name of the stream.
    pub file: &'a str,
    /// Of the first line's first byte in the file, decompressed.
    pub offset: u64,
    /// The first line's bytes without their end of line, as they stand in the file.
    pub raw: &'a [u8],
}

/// Takes records in the order in which files hold them, file after file.
pub type LineSink<'a> = dyn FnMut(&LogLine<'_>) + 'a;
