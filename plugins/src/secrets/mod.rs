//! Adapters of the secrets port: where credentials live. None keeps one in plain text.

pub mod confirmed;
mod envelope;
pub mod file;
pub mod keyring;
pub mod layered;
pub mod openbao;
pub mod sealed;
