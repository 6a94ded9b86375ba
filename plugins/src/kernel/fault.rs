//! Why a service of the kernel did not do what it was asked.

use crate::http::HttpError;
use std::fmt;

/// What a service said when it said no.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    pub service: &'static str,
    pub status: u16,
    /// The service's own, such as `VALIDATION_ERROR`; empty when it gave none.
    pub code: String,
    pub message: String,
    /// Under which its log has this request.
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (", self.service, self.message)?;
        if !self.code.is_empty() {
            write!(f, "{}, ", self.code)?;
        }
        write!(f, "HTTP {}", self.status)?;
        match self.request_id.as_ref().or(self.trace_id.as_ref()) {
            Some(id) => write!(f, ", request {id})"),
            None => f.write_str(")"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KernelError {
    /// No answer.
    #[error(transparent)]
    Http(HttpError),
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// It said yes, but not what it had to say.
    #[error("{0} answered what was not to be expected: {1}")]
    Odd(&'static str, String),
}

impl KernelError {
    /// The status of a refusal; 0 when there was no answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status,
            _ => 0,
        }
    }

    /// Whether the same may go well later, with nothing mended: nobody answered or was asked, somebody else did, or the
    /// service has no time. What was kept of earlier answers may serve.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Http(why) => !matches!(why, HttpError::Invalid(_)),
            other => matches!(other.status(), 429 | 502..=504),
        }
    }

    /// Whether the request itself is at fault, so that it would be refused again. A 500 is not counted in, although
    /// the services use it for bad input too: it cannot be told.
    pub fn is_our_fault(&self) -> bool {
        matches!(self.status(), 400 | 404..=406 | 409 | 410 | 413..=422)
    }
}
