//! A policy outside, asked besides the one in this process: what either denies is denied.
//!
//! Fails closed: a policy that gives no decision denies, with the reason. It is asked only for what the policy here
//! allows; what it said is good for a few seconds, its errors never.

use super::embedded::{Embedded, PolicySettings};
use super::kept::{Kept, Key};
use super::opa::Opa;
use super::policy_audit::PolicyAudit;
use crate::http::{HttpError, Server};
use ecoops_core::domain::ContentHash;
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::policy::{Decision, Policy, PolicyInput};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where the policy outside is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Opa,
    PolicyAudit,
}

/// How to ask it.
pub struct Remote {
    pub system: System,
    pub server: Server,
    /// How long a decision is good for; zero asks every time.
    pub good_for: Duration,
    /// Takes the secrets out of what leaves.
    pub redactor: Option<Redactor>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("system", &self.system).field("server", &self.server).finish()
    }
}

/// What a policy outside decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ruling {
    pub allow: bool,
    /// Never empty.
    pub reasons: Vec<String>,
    /// As the system names it; empty when it names none.
    pub version: String,
}

#[derive(Debug)]
enum There {
    Opa(Opa),
    PolicyAudit(PolicyAudit),
}

impl There {
    fn ask(&self, input: &Value) -> Result<Ruling, String> {
        match self {
            Self::Opa(opa) => opa.ask(input),
            Self::PolicyAudit(service) => service.ask(input),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Opa(opa) => format!("OPA at {}", opa.shown()),
            Self::PolicyAudit(service) => format!("policy-audit at {}", service.shown()),
        }
    }
}

/// See the module.
pub struct Asked {
    here: Embedded,
    there: There,
    redactor: Option<Redactor>,
    kept: Mutex<Kept>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("there", &self.there).finish_non_exhaustive()
    }
}

impl Asked {
    /// # Errors
    /// [`HttpError::Invalid`] when the address is none.
    pub fn new(settings: &PolicySettings, remote: Remote) -> Result<Self, HttpError> {
        let there = match remote.system {
            System::Opa => There::Opa(Opa::new(remote.server)?),
            System::PolicyAudit => There::PolicyAudit(PolicyAudit::new(remote.server)?),
        };
        let kept = Mutex::new(Kept::new(remote.good_for));
        Ok(Self { here: Embedded::new(settings), there, redactor: remote.redactor, kept })
    }

    fn ask(&self, input: &PolicyInput) -> Result<Ruling, String> {
        let mut document = serde_json::to_value(input).map_err(|why| why.to_string())?;
        if let Some(redactor) = &self.redactor {
            redactor.redact_all(&mut document);
        }
        let key: Key = Sha256::digest(document.to_string()).into();
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ruling) = kept().get(&key, Instant::now()) {
            return Ok(ruling);
        }
        // From before the question: an answer that was long under way is not fresher for it.
        let asked = Instant::now();
        let ruling = self.there.ask(&document)?;
        kept().put(key, &ruling, asked);
        Ok(ruling)
    }
}

impl Policy for Asked {
    fn decide(&self, input: &PolicyInput) -> Decision {
        let here = self.here.decide(input);
        let policies = here.policies + 1;
        if !here.allow {
            return Decision { policies, ..here };
        }
        match self.ask(input) {
            Ok(Ruling { allow, reasons, version }) => {
                let both = format!("{}\n{}\n{version}", here.version, self.there.name());
                let reasons = if allow { [here.reasons, reasons].concat() } else { reasons };
                let version = ContentHash::of(both.as_bytes()).as_str().to_owned();
                Decision { allow, reasons, version, policies }
            }
            Err(why) => {
                let name = self.there.name();
                tracing::warn!(policy = name, why, "a policy could not be evaluated: denied");
                let reason = format!("The policy of {name} could not be evaluated, so it is denied: {why}");
                Decision { allow: false, reasons: vec![reason], policies, ..here }
            }
        }
    }

    fn list(&self) -> Vec<String> {
        let mut names = self.here.list();
        names.push(self.there.name());
        names
    }
}
