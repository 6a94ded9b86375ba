//! Support for the tests of this crate: hermetic homes, real repositories, real parts.

pub mod agent;
pub mod binary;
pub mod home;
pub mod parts;
pub mod project;
pub mod repository;
pub mod source;
