//! Support for the tests of this crate: hermetic homes, real repositories, real parts.

pub mod agent;
pub mod audit;
pub mod auth_service;
pub mod binary;
pub mod canary;
pub mod events;
pub mod home;
pub mod http;
pub mod kill_agent;
pub mod memory;
pub mod network;
pub mod parts;
pub mod project;
pub mod repository;
pub mod servers;
pub mod source;
pub mod telemetry;
pub mod tls;
