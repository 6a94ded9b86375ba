//! Files that are too large for a row, one file a system.

pub mod folder;
pub mod s3;
