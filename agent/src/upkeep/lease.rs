//! What the store of credentials was opened with at a server: renewed before it ends, and given back at the end.
//!
//! Never opens the store: a daemon that needs no credential has no lease.

use super::{Chore, locked};
use crate::credentials::Credentials;
use crate::deliver::pause;
use crate::kernel::Clock;
use std::sync::Mutex;
use std::time::Duration;

/// How often is looked whether something opened the store.
const LOOK: Duration = Duration::from_secs(10);

/// See the module.
pub struct Lease {
    credentials: Credentials,
    host: Clock,
    state: Mutex<(u32, Option<String>)>,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lease")
    }
}

impl Lease {
    pub fn new(credentials: Credentials, host: Clock) -> Self {
        Self { credentials, host, state: Mutex::default() }
    }
}

impl Chore for Lease {
    fn name(&self) -> &'static str {
        "lease"
    }

    fn round(&self) -> Duration {
        let Some(store) = self.credentials.opened() else { return LOOK };
        let kept = store.keep_open();
        let mut state = locked(&self.state);
        match kept {
            Ok(next) => {
                *state = Default::default();
                next.unwrap_or(LOOK).clamp(Duration::from_millis(200), LOOK)
            }
            Err(why) => {
                let failures = state.0.saturating_add(1);
                *state = (failures, Some(format!("the lease is not renewed: {why}")));
                pause::after(failures, None, &*self.host.0)
            }
        }
    }

    fn trouble(&self) -> Option<String> {
        locked(&self.state).1.clone()
    }

    fn end(&self) {
        self.credentials.close();
    }
}
