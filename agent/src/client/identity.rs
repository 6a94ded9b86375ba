//! Whoever logged in, by the word of the daemon, which renews the login: the command needs no credential and asks no
//! issuer. What it asks for is signed with the key of this installation.

use super::{Client, ClientError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::domain::Actor;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::{Bearer, Identity, IdentityError, Token};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// Opens the identity in this process.
pub type Own = dyn Fn() -> Result<Box<dyn Identity>, String> + Send + Sync;

/// See the module.
pub struct AgentIdentity {
    client: Arc<Client>,
    /// Of this installation's key alone.
    local: Box<dyn Identity>,
    host: Arc<dyn Host>,
    own: Box<Own>,
    opened: OnceLock<Box<dyn Identity>>,
}

impl std::fmt::Debug for AgentIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AgentIdentity")
    }
}

/// What is signed of a request for a token.
pub fn token_request(seconds: u32, asked: i64) -> Vec<u8> {
    format!("login token\n{seconds}\n{asked}\n").into_bytes()
}

impl AgentIdentity {
    /// `own` is what is used when the daemon is lost, or too old to know of logins.
    pub fn new(client: Arc<Client>, local: Box<dyn Identity>, host: Arc<dyn Host>, own: Box<Own>) -> Self {
        Self { client, local, host, own, opened: OnceLock::new() }
    }

    fn own(&self) -> Result<&dyn Identity, IdentityError> {
        if self.opened.get().is_none() {
            let _ = self.opened.set((self.own)().map_err(IdentityError::Login)?);
        }
        let opened = self.opened.get().map(AsRef::as_ref);
        opened.ok_or_else(|| IdentityError::Login("it could not be opened".to_owned()))
    }
}

impl Identity for AgentIdentity {
    fn login(&self, seconds: u32) -> Result<Token, IdentityError> {
        let asked = self.host.now().as_second();
        let signature = STANDARD.encode(self.local.sign(&token_request(seconds, asked))?);
        let body = json!({ "seconds": seconds, "asked": asked, "signature": signature });
        match self.client.ask("POST", "/v1/login/token", None, Some(&body)) {
            Ok(reply) => {
                let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
                let token = answer.get("token").and_then(Value::as_str).unwrap_or_default();
                let token = Token(token.to_owned());
                self.local.verify(&token)?;
                Ok(token)
            }
            Err(ClientError::Refused { status: 404 | 405, .. } | ClientError::Lost(_)) => {
                self.own()?.login(seconds)
            }
            Err(ClientError::Refused { detail, .. }) => Err(IdentityError::Login(detail)),
        }
    }

    fn verify(&self, token: &Token) -> Result<Actor, IdentityError> {
        self.local.verify(token)
    }

    fn verify_bearer(&self, token: &Token) -> Result<Bearer, IdentityError> {
        self.own()?.verify_bearer(token)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        self.local.sign(message)
    }

    fn verify_signature(&self, message: &[u8], signature: &[u8]) -> Result<(), IdentityError> {
        self.local.verify_signature(message, signature)
    }
}
