//! Who runs this process, and the signed tokens that prove it to every action.

pub mod accounts;
pub mod auth_service;
pub mod by_service;
pub mod key;
pub mod logged_in;
pub mod oidc;
pub mod os_user;
pub mod settings;
