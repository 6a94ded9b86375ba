//! Where applications are deployed to.

mod files;
pub mod folder;
pub mod infra_manager;
