//! The kernel's event bus.

pub mod embedded;
pub mod event_bus;
pub mod redis;

use ecoops_core::ports::bus::BusError;

/// The longest name of a stream and the longest key, in bytes.
const LONGEST_NAME: usize = 512;

fn check_name(what: &str, name: &str) -> Result<(), BusError> {
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(BusError::Refused(format!(
            "the {what} must have 1 to {LONGEST_NAME} bytes and no control characters"
        )));
    }
    Ok(())
}
