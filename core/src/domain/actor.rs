//! Who acts, and what they may do.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// What a phase of the pipeline demands of its actor. The names are the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Permission {
    /// Understand, Retrieve, Analyze, Reason.
    #[serde(rename = "remediation:read")]
    Read,
    /// Consolidate, Integrate.
    #[serde(rename = "remediation:write")]
    Write,
    /// Validate in production, Audit.
    #[serde(rename = "remediation:deploy")]
    Deploy,
    /// Override policies, force-push.
    #[serde(rename = "remediation:admin")]
    Admin,
}

impl Permission {
    pub const ALL: [Permission; 4] = [Self::Read, Self::Write, Self::Deploy, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "remediation:read",
            Self::Write => "remediation:write",
            Self::Deploy => "remediation:deploy",
            Self::Admin => "remediation:admin",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A named set of permissions, as the configuration defines it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub name: String,
    pub permissions: BTreeSet<Permission>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    User,
    Service,
    System,
}

/// Who acts. Only the identity port makes one, from a verified token; holding an `Actor` proves
/// nothing by itself, so each action verifies the token again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub id: String,
    pub kind: ActorKind,
    pub roles: Vec<String>,
    pub permissions: BTreeSet<Permission>,
}

/// The actor may not do this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{actor} lacks the permission {permission}")]
pub struct PermissionDenied {
    pub actor: String,
    pub permission: Permission,
}

impl Actor {
    /// # Errors
    /// [`PermissionDenied`] when the actor does not hold `permission`. No permission implies another.
    pub fn require(&self, permission: Permission) -> Result<(), PermissionDenied> {
        if self.permissions.contains(&permission) {
            Ok(())
        } else {
            Err(PermissionDenied { actor: self.id.clone(), permission })
        }
    }
}
