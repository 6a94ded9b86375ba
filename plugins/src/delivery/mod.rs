//! Where applications are deployed to.

mod files;
pub mod folder;
