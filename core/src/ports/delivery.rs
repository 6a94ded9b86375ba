//! What is deployed and what should be: applications, each with a desired state in git.

use crate::domain::ContentHash;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sync {
    /// What is there is what the desired revision says.
    Synced,
    OutOfSync,
    /// It could not be told.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Healthy,
    /// Changing, or changed by somebody else.
    Degraded,
    /// Not deployed.
    Missing,
    Unknown,
}

/// One application as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    pub name: String,
    pub sync_status: Sync,
    pub health_status: Health,
    /// What should be deployed.
    pub desired_revision: String,
    /// What was deployed last; `None` before the first time.
    pub deployed_revision: Option<String>,
    /// What differs from what was deployed: paths, at most a hundred.
    pub drifted: Vec<String>,
    /// Deployments, the newest last.
    pub history: Vec<Deployed>,
    /// Why something is unknown or degraded; empty when all is well.
    pub message: String,
}

impl Application {
    /// One that is there and cannot be read.
    pub fn unknown(name: String, why: &DeliveryError) -> Self {
        Self {
            name,
            sync_status: Sync::Unknown,
            health_status: Health::Unknown,
            desired_revision: String::new(),
            deployed_revision: None,
            drifted: Vec::new(),
            history: Vec::new(),
            message: why.to_string(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// From 1; 0 where the system does not number what it was told to deploy.
    pub number: u64,
    pub revision: String,
    /// RFC 3339, UTC.
    pub at: String,
}

/// What a sync would do, to the byte: two that are equal would do the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    pub application: String,
    /// What was deployed last; `None` before the first time.
    pub deployed: Option<Deployed>,
    /// What would be deployed.
    pub revision: String,
    pub prune: bool,
    /// What is not as it was deployed: paths, at most a hundred.
    pub drifted: Vec<String>,
    /// Every file that would change; `None` where the system does not tell.
    pub changes: Option<Vec<Change>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub path: String,
    /// The hash of its bytes; `None` where there is none.
    pub before: Option<String>,
    /// `None` when it is removed.
    pub after: Option<String>,
}

impl Effect {
    /// What an approval names.
    pub fn digest(&self) -> ContentHash {
        // A struct of texts and flags can always be written.
        ContentHash::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

pub trait Delivery: Send + std::marker::Sync {
    /// The applications by name.
    ///
    /// # Errors
    /// [`DeliveryError::Failed`] when they cannot be listed; that is not the same as none.
    fn applications(&self) -> Result<Vec<String>, DeliveryError>;

    /// # Errors
    /// [`DeliveryError::NoSuchApplication`]. What cannot be told is in the answer.
    fn state(&self, name: &str) -> Result<Application, DeliveryError>;

    /// What [`Delivery::sync`] would do now.
    ///
    /// # Errors
    /// [`DeliveryError`] when there is no such application or revision, or it cannot be told.
    fn effect(&self, name: &str, revision: Option<&str>, prune: bool) -> Result<Effect, DeliveryError> {
        let Application { desired_revision, deployed_revision, drifted, mut history, .. } =
            self.state(name)?;
        let known = |revision| Deployed { number: 0, revision, at: String::new() };
        Ok(Effect {
            application: name.to_owned(),
            deployed: history.pop().or(deployed_revision.map(known)),
            revision: revision.map_or(desired_revision, str::to_owned),
            prune,
            drifted,
            changes: None,
        })
    }

    /// Deploys `revision`, by default the desired one. With `prune`, what it does not name is removed.
    ///
    /// # Errors
    /// [`DeliveryError`]; then the application is as it was.
    fn sync(&self, name: &str, revision: Option<&str>, prune: bool) -> Result<Deployed, DeliveryError>;

    /// Deploys again what the deployment of this number did.
    ///
    /// # Errors
    /// As [`Delivery::sync`], or [`DeliveryError::Refused`] when there is no such deployment.
    fn rollback(&self, name: &str, number: u64) -> Result<Deployed, DeliveryError>;
}

#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error("there is no application `{0}`")]
    NoSuchApplication(String),
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Failed(String),
}
