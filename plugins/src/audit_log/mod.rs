//! Adapters of the audit-log port.

pub mod embedded;
pub mod policy_audit;
pub mod postgres;
