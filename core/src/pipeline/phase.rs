//! The phases by name, and what each demands.

use crate::domain::Permission;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Understand,
    Retrieve,
    Analyze,
    Reason,
    Consolidate,
    /// The policy's decision on each remediation, before and after validation.
    Gate,
    Integrate,
    Validate,
    Audit,
}

impl Phase {
    pub const ALL: [Phase; 9] = [
        Self::Understand,
        Self::Retrieve,
        Self::Analyze,
        Self::Reason,
        Self::Consolidate,
        Self::Gate,
        Self::Integrate,
        Self::Validate,
        Self::Audit,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Understand => "understand",
            Self::Retrieve => "retrieve",
            Self::Analyze => "analyze",
            Self::Reason => "reason",
            Self::Consolidate => "consolidate",
            Self::Gate => "gate",
            Self::Integrate => "integrate",
            Self::Validate => "validate",
            Self::Audit => "audit",
        }
    }

    /// What the actor must hold. Validating in an isolated worktree needs no more than writing;
    /// validating in production, which a delivery will do, needs `remediation:deploy`.
    pub fn permission(self) -> Permission {
        match self {
            Self::Understand | Self::Retrieve | Self::Analyze | Self::Reason => Permission::Read,
            Self::Consolidate | Self::Gate | Self::Integrate | Self::Validate => Permission::Write,
            Self::Audit => Permission::Deploy,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_those_of_the_kernel() {
        for (phase, permission) in [
            (Phase::Understand, "remediation:read"),
            (Phase::Retrieve, "remediation:read"),
            (Phase::Analyze, "remediation:read"),
            (Phase::Reason, "remediation:read"),
            (Phase::Consolidate, "remediation:write"),
            (Phase::Gate, "remediation:write"),
            (Phase::Integrate, "remediation:write"),
            (Phase::Validate, "remediation:write"),
            (Phase::Audit, "remediation:deploy"),
        ] {
            assert_eq!(phase.permission().as_str(), permission, "{phase}");
        }
    }
}
