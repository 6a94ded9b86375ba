//! Who decides whether an action is allowed.

pub mod asked;
pub mod embedded;
pub mod files;
mod kept;
mod opa;
mod policy_audit;
