//! The login of `ecoops login`: its token is renewed when a third of its life is left, spread by chance, by one process
//! at a time. The login itself lives among the credentials, so it outlives this process.
//!
//! Never logs anybody in, and never shows a token.

use super::{Chore, locked};
use crate::credentials::Credentials;
use crate::deliver::pause;
use crate::kernel::Clock;
use ecoops_plugins::registry::{Oidc, OidcError, Session, SessionStore};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often the credentials are looked at for a login that another process began or ended.
const LOOK: Duration = Duration::from_secs(60);

/// See the module.
pub struct Login {
    oidc: Arc<Oidc>,
    credentials: Credentials,
    lock: PathBuf,
    host: Clock,
    state: Mutex<State>,
}

/// How it stands. Times are seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The issuer's own identifier; none when nobody is logged in.
    pub subject: Option<String>,
    pub name: Option<String>,
    pub issuer: String,
    /// As the issuer names them.
    pub roles: BTreeSet<String>,
    pub token_ends: Option<i64>,
    /// Whether it goes on after that.
    pub renews: bool,
    /// When this process renewed it last.
    pub renewed: Option<i64>,
    pub next_renewal: Option<i64>,
    pub trouble: Option<String>,
}

#[derive(Default)]
struct State {
    shown: Standing,
    failures: u32,
    /// The end of the token that the issuer renews no more: it is not asked again for that one.
    ended: Option<i64>,
    /// Chosen once for each token.
    due: Option<(i64, i64)>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login")
    }
}

impl Login {
    pub fn new(oidc: Arc<Oidc>, credentials: Credentials, lock: PathBuf, host: Clock) -> Self {
        let state = State {
            shown: Standing { issuer: oidc.settings().issuer.clone(), ..Standing::default() },
            ..State::default()
        };
        Self { oidc, credentials, lock, host, state: Mutex::new(state) }
    }

    pub fn standing(&self) -> Standing {
        locked(&self.state).shown.clone()
    }

    fn failed(&self, why: &OidcError) -> Duration {
        let text = said(why);
        let mut state = locked(&self.state);
        state.failures = state.failures.saturating_add(1);
        let last = matches!(why, OidcError::Refused { error, .. } if error == "invalid_grant")
            || matches!(why, OidcError::Ended | OidcError::Foreign(_));
        if last {
            state.ended = state.shown.token_ends;
            state.shown.next_renewal = None;
        }
        let next = if last { "; log in again with `ecoops login`" } else { "" };
        let trouble = format!("the login is not renewed: {text}{next}");
        if state.shown.trouble.as_ref() != Some(&trouble) {
            tracing::warn!(trouble, "the login");
        }
        state.shown.trouble = Some(trouble);
        if last { LOOK } else { pause::after(state.failures, None, &*self.host.0) }
    }

    /// Takes note of a login, and when it is to be renewed.
    fn note(&self, session: &Session, renewed: bool) -> Option<i64> {
        let mut state = locked(&self.state);
        let now = self.host.0.now().as_second();
        let due = match state.due {
            Some((ends, due)) if ends == session.access_ends => due,
            _ => {
                let early = session.life() / 12 * i64::from(self.chance()) / 255;
                let due = session.renewal_due().saturating_sub(early);
                state.due = Some((session.access_ends, due));
                due
            }
        };
        let another = state.shown.subject.as_ref() != Some(&session.person.subject)
            || state.ended.is_some_and(|ended| ended != session.access_ends);
        if renewed || another {
            (state.failures, state.ended, state.shown.trouble) = (0, None, None);
        }
        if renewed || another {
            state.shown.renewed = renewed.then_some(now);
        }
        let ended = state.ended.is_some();
        let shown = &mut state.shown;
        shown.subject = Some(session.person.subject.clone());
        (shown.name, shown.roles) = (session.person.name.clone(), session.person.roles.clone());
        (shown.token_ends, shown.renews) = (Some(session.access_ends), session.renews());
        shown.next_renewal = (session.renews() && !ended).then_some(due);
        shown.next_renewal
    }

    /// Without randomness the middle: renewals are merely less spread.
    fn chance(&self) -> u8 {
        let mut byte = [128];
        let _ = self.host.0.random(&mut byte);
        byte[0]
    }

    fn nobody(&self) {
        let mut state = locked(&self.state);
        let shown = Standing { issuer: state.shown.issuer.clone(), ..Standing::default() };
        *state = State { shown, ..State::default() };
    }

    fn until(&self, due: i64) -> Duration {
        let left = due.saturating_sub(self.host.0.now().as_second()).max(0);
        Duration::from_secs(left.unsigned_abs()).min(LOOK)
    }
}

/// An error with its reasons.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Chore for Login {
    fn name(&self) -> &'static str {
        "login"
    }

    fn round(&self) -> Duration {
        let secrets = match self.credentials.open() {
            Ok(secrets) => secrets,
            Err(why) => return self.failed(&OidcError::Unusable(said(&why))),
        };
        let store = SessionStore { secrets: secrets.as_ref(), lock: self.lock.clone() };
        let session = match self.oidc.kept(&store) {
            Ok(session) => session,
            Err(OidcError::LoggedOut) => {
                self.nobody();
                return LOOK;
            }
            Err(why) => return self.failed(&why),
        };
        let Some(due) = self.note(&session, false) else { return LOOK };
        if self.host.0.now().as_second() < due {
            return self.until(due);
        }
        let early = session.access_ends.saturating_sub(due).saturating_add(1);
        match self.oidc.renew(&store, early) {
            Ok(renewed) => {
                tracing::info!(subject = %renewed.person.subject, "the login was renewed");
                let next = self.note(&renewed, true);
                // An issuer whose tokens are over at once must not be asked without a pause.
                next.map_or(LOOK, |due| self.until(due).max(Duration::from_secs(1)))
            }
            Err(OidcError::LoggedOut) => {
                self.nobody();
                LOOK
            }
            Err(why) => self.failed(&why),
        }
    }

    fn trouble(&self) -> Option<String> {
        locked(&self.state).shown.trouble.clone()
    }
}
