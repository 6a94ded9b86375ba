//! What every event log takes: bounds of names and events, and the id that an event gets outside.

use ecoops_core::domain::RemediationEvent;
use ecoops_core::ports::events::EventsError;
use sha2::{Digest, Sha256};

/// The longest key, group or consumer name, in bytes.
const LONGEST_NAME: usize = 512;
/// The largest event, in bytes of JSON.
pub const LARGEST_EVENT: usize = 8 << 20;

/// # Errors
/// [`EventsError::Storage`] for a name that is empty, too long or has a NUL.
pub fn check_name(what: &str, name: &str) -> Result<(), EventsError> {
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains('\0') {
        return Err(EventsError::Storage(format!(
            "the {what} must have 1 to {LONGEST_NAME} bytes and no NUL"
        )));
    }
    Ok(())
}

/// The event as JSON.
///
/// # Errors
/// [`EventsError::Storage`] when it is too large.
pub fn check_event(event: &RemediationEvent) -> Result<String, EventsError> {
    let body = serde_json::to_string(event).map_err(|e| EventsError::Storage(e.to_string()))?;
    if body.len() > LARGEST_EVENT {
        return Err(EventsError::Storage(format!(
            "the event has {} bytes; the limit is {LARGEST_EVENT}",
            body.len()
        )));
    }
    Ok(body)
}

/// The id of the event with this key: the same for every attempt to publish it. A UUID of version 8
/// (RFC 9562 §5.8) of the key's SHA-256.
pub fn event_id(idempotency_key: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(idempotency_key)[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
