//! What an HTTP answer says about a telling.

use crate::http::{Answer, HttpError};
use ecoops_core::ports::events::Stored;
use ecoops_core::ports::notify::{NotifyError, Told};

/// A receiver with a wrong address or credential is asked again after ten minutes.
const MISCONFIGURED_MILLIS: u64 = 10 * 60 * 1000;

/// One request an event, up to the first that fails.
pub fn one_by_one(events: &[Stored], send: impl Fn(&Stored) -> Result<(), NotifyError>) -> Told {
    for (count, stored) in events.iter().enumerate() {
        if let Err(error) = send(stored) {
            return Told::until(count, error);
        }
    }
    Told::all(events.len())
}

/// 408, 429, 502 to 504 and a lost connection are the receiver's; any other 5xx may be the event's, and is worth
/// another attempt; any other 4xx is the event's for good. Who is sent away (401, 403, 404, 410, a redirect)
/// has the wrong address or credential, which no event can help.
pub fn judge(result: Result<Answer, HttpError>) -> Result<(), NotifyError> {
    let answer = match result {
        Ok(answer) => answer,
        Err(HttpError::Broken(who, seconds)) => {
            let why = format!("{who} failed too often");
            return Err(NotifyError::Unavailable { why, retry_after: Some(seconds.saturating_mul(1000)) });
        }
        Err(HttpError::TooLarge(..) | HttpError::Unreadable(..)) => {
            return Err(NotifyError::Failed("the answer cannot be read".to_owned()));
        }
        Err(error) => return Err(NotifyError::unavailable(error.to_string())),
    };
    let why = || format!("it answered {}: {}", answer.status, answer.excerpt());
    let seconds = || answer.header("retry-after").and_then(|text| text.trim().parse::<u64>().ok());
    match answer.status {
        // Nobody has been told but a portal on the way.
        200..=299 if answer.is_page() => Err(NotifyError::unavailable("a page for people was answered")),
        200..=299 => Ok(()),
        408 | 429 | 502..=504 => {
            let retry_after = seconds().map(|s| s.saturating_mul(1000));
            Err(NotifyError::Unavailable { why: why(), retry_after })
        }
        500..=599 => Err(NotifyError::Failed(why())),
        300..=399 | 401 | 403 | 404 | 410 => {
            Err(NotifyError::Unavailable { why: why(), retry_after: Some(MISCONFIGURED_MILLIS) })
        }
        _ => Err(NotifyError::Refused(why())),
    }
}
