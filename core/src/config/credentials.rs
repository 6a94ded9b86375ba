//! The settings of credentials and logins. None of them holds a secret: they name credentials.

use crate::domain::Permission;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where credentials live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Secrets {
    /// `auto`, `keyring`, `file` or `openbao`.
    pub store: String,
    /// What opens the file: `machine` or `passphrase`.
    pub unlock: String,
}

/// An OpenBao server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Openbao {
    pub address: String,
    pub ca_file: String,
    /// `token`, `approle`, `jwt` or `kubernetes`.
    pub auth: String,
    /// Where the method is mounted; empty for the method's own name.
    pub auth_mount: String,
    /// The role's name; an AppRole's id.
    pub role: String,
    /// The credential with the token or the AppRole's secret id.
    pub credential: String,
    /// The file with the JWT.
    pub jwt_file: String,
    /// Where the key-value store (version 2) is mounted, and the folder in it.
    pub mount: String,
    pub folder: String,
}

/// The issuer that tells who somebody is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Login {
    pub issuer: String,
    pub client_id: String,
    /// The credential with the client's secret.
    pub client_secret: String,
    pub scopes: Vec<String>,
    pub resource: String,
    pub audiences: Vec<String>,
    pub ca_file: String,
    /// Seconds.
    pub skew: u32,
    /// Whether commands are refused to who has not logged in.
    pub required: bool,
    /// JSON pointers.
    pub role_claims: Vec<String>,
    /// The issuer's roles, and what each may do.
    pub roles: BTreeMap<String, BTreeSet<Permission>>,
}
