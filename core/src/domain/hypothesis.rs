//! A claim about the cause, which cannot exist without evidence.

use super::Evidence;
use serde::Serialize;

/// A claim with its support, what speaks against it, and what is missing to settle it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hypothesis {
    statement: String,
    confidence: f64,
    support: Vec<Evidence>,
    pub counter: Vec<Evidence>,
    pub missing: Vec<String>,
}

/// Nobody may claim without evidence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unsupported {
    #[error("the hypothesis \"{0}\" cites no evidence")]
    NoEvidence(String),
    #[error("the confidence {0} is outside 0..=1")]
    Confidence(f64),
}

impl Hypothesis {
    /// `confidence` is a probability, 0 to 1.
    ///
    /// # Errors
    /// [`Unsupported`] when `support` is empty or the confidence is not a probability.
    pub fn new(
        statement: impl Into<String>,
        confidence: f64,
        support: Vec<Evidence>,
    ) -> Result<Self, Unsupported> {
        let statement = statement.into();
        if support.is_empty() {
            return Err(Unsupported::NoEvidence(statement));
        }
        if !(0.0..=1.0).contains(&confidence) {
            return Err(Unsupported::Confidence(confidence));
        }
        Ok(Self { statement, confidence, support, counter: Vec::new(), missing: Vec::new() })
    }

    pub fn statement(&self) -> &str {
        &self.statement
    }

    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    pub fn support(&self) -> &[Evidence] {
        &self.support
    }
}

/// What Analyze and Reason conclude. That nothing was found is an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "diagnosis", rename_all = "snake_case")]
pub enum Diagnosis {
    CauseFound { hypotheses: Vec<Hypothesis> },
    NoCauseFound,
    Inconclusive { missing: Vec<String> },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ContentHash, EvidenceKind};

    fn evidence() -> Evidence {
        Evidence {
            id: "e1".into(),
            kind: EvidenceKind::Check,
            location: None,
            excerpt: "exit 1".into(),
            content: ContentHash::of(b"exit 1"),
        }
    }

    #[test]
    fn a_hypothesis_needs_evidence() {
        assert!(matches!(Hypothesis::new("x", 0.5, vec![]), Err(Unsupported::NoEvidence(_))));
        assert!(Hypothesis::new("x", 0.5, vec![evidence()]).is_ok());
    }

    #[test]
    fn confidence_is_a_probability() {
        for c in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Hypothesis::new("x", c, vec![evidence()]).is_err(), "{c}");
        }
    }
}
