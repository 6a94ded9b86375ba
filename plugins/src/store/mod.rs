//! Adapters of the store port: the journal of runs.

pub mod sqlite;
