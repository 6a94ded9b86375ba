//! Changes that were put before whoever approves them, and what they said: approved is the effect, by its digest.

use crate::domain::{ContentHash, Plan, PlanApproval, PlanStatus};

pub trait Plans: Send + Sync {
    /// Keeps a plan, unless one of the same effect is kept that is not done yet: whoever looks at that looks at this.
    /// The id of the one that is kept.
    ///
    /// # Errors
    /// [`PlansError`]; then it is not kept.
    fn propose(&self, plan: &Plan) -> Result<String, PlansError>;

    /// The plan of this id, or the only one whose id begins so (at least 4 characters), with what was said of it, the
    /// oldest first.
    ///
    /// # Errors
    /// [`PlansError::Unknown`], [`PlansError::Ambiguous`], or the store's.
    fn plan(&self, id: &str) -> Result<(Plan, Vec<PlanApproval>), PlansError>;

    /// Newest first.
    ///
    /// # Errors
    /// [`PlansError`] when the store cannot be read.
    fn list(&self, status: Option<PlanStatus>, limit: usize) -> Result<Vec<Plan>, PlansError>;

    /// Keeps what somebody said of the plan `approval.plan`, by its whole id.
    ///
    /// # Errors
    /// [`PlansError::Moved`] when they looked at another digest than the plan's, [`PlansError::Executed`] when it is
    /// done already; then nothing is kept.
    fn decide(&self, approval: &PlanApproval) -> Result<(), PlansError>;

    /// The last word on the plans of this digest that are not done yet, when it is a yes.
    ///
    /// # Errors
    /// [`PlansError`] when the store cannot be read.
    fn standing(&self, digest: &ContentHash) -> Result<Option<PlanApproval>, PlansError>;

    /// Notes that a plan, by its whole id, was done; once done it stays so.
    ///
    /// # Errors
    /// [`PlansError::NotApproved`] unless the last word on it is a yes.
    fn execute(&self, id: &str) -> Result<(), PlansError>;
}

#[derive(Debug, thiserror::Error)]
pub enum PlansError {
    #[error("there is no plan {0}")]
    Unknown(String),
    #[error("several plans begin with {0}: {1}")]
    Ambiguous(String, String),
    #[error("plan {0} is not what was looked at")]
    Moved(String),
    #[error("plan {0} is done already")]
    Executed(String),
    #[error("plan {0} is not approved")]
    NotApproved(String),
    #[error("the store of plans cannot be used: {0}")]
    Storage(String),
    /// It may answer later.
    #[error("the store of plans is away: {0}")]
    Away(String),
}

/// The shortest beginning of an id that is looked up.
pub const SHORTEST: usize = 4;

/// The one of `found` that is meant by `id`: the plans whose ids begin so.
///
/// # Errors
/// [`PlansError::Unknown`] or [`PlansError::Ambiguous`].
pub fn meant(id: &str, mut found: Vec<Plan>) -> Result<Plan, PlansError> {
    let wanted = id.to_ascii_uppercase();
    if let Some(exact) = found.iter().position(|plan| plan.id == wanted) {
        return Ok(found.swap_remove(exact));
    }
    match found.len() {
        1 if wanted.len() >= SHORTEST => Ok(found.swap_remove(0)),
        0 | 1 => Err(PlansError::Unknown(id.to_owned())),
        _ if wanted.len() < SHORTEST => Err(PlansError::Unknown(id.to_owned())),
        _ => {
            let names: Vec<String> = found.into_iter().map(|plan| plan.id).collect();
            Err(PlansError::Ambiguous(id.to_owned(), names.join(", ")))
        }
    }
}
