//! Who decides whether an action is allowed.

pub mod embedded;
pub mod files;
