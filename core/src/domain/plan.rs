//! What Reason decided to do, before anything is done.

use super::{Diagnosis, Problem, Remediation};
use serde::Serialize;

/// How one problem is to be answered: the candidates, in the order in which they are tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Strategy {
    pub problem: Problem,
    pub diagnosis: Diagnosis,
    /// One list a finding that can be fixed; the first candidate that passes the gate wins.
    pub candidates: Vec<Vec<Remediation>>,
}

/// The strategies of a run, most severe and best understood first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    pub strategies: Vec<Strategy>,
}
