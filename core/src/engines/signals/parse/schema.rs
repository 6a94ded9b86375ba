//! The published format of the incident bundle.

/// JSON Schema (draft 2020-12) of the bundle's files.
pub const SCHEMA: &str = include_str!("format/bundle.schema.json");

/// The page that explains the format.
pub const PAGE: &str = include_str!("format/README.md");
