//! A few connections, opened when needed and used again.
//!
//! Hands a connection to one caller at a time, and throws away one that was lost.

use super::{PostgresError, PostgresSettings, Session, migrate};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// A connection that lay idle so long is asked whether it still is one.
const FRESH: Duration = Duration::from_secs(2);
/// For that question.
const PING: Duration = Duration::from_secs(2);

/// See the module.
pub struct Pool {
    settings: PostgresSettings,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<(Session, Instant)>,
    out: usize,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Pool {
    /// Connects to nothing yet.
    pub fn new(settings: PostgresSettings) -> Self {
        Self { settings, state: Mutex::default(), given_back: Condvar::new() }
    }

    /// Runs an operation that does no harm when it is done twice: it is tried again, once, on a new connection
    /// when an old one was lost.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn again<T>(
        &self,
        operation: impl AsyncFn(&mut Client) -> Result<T, PostgresError>,
    ) -> Result<T, PostgresError> {
        let until = Instant::now() + self.settings.operation;
        let mut out = self.take(until)?;
        let used = out.used;
        match out.run(until, &operation) {
            Err(PostgresError::Away(_)) if used && out.is_lost() && !left(until).is_zero() => {
                drop(out);
                self.take(until)?.run(until, &operation)
            }
            answer => answer,
        }
    }

    /// Runs an operation once.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn once<T>(
        &self,
        operation: impl AsyncFn(&mut Client) -> Result<T, PostgresError>,
    ) -> Result<T, PostgresError> {
        let until = Instant::now() + self.settings.operation;
        self.take(until)?.run(until, &operation)
    }

    fn take(&self, until: Instant) -> Result<Out<'_>, PostgresError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.out >= self.settings.connections.max(1) {
            let left = left(until);
            if left.is_zero() {
                return Err(PostgresError::Away(
                    "is busy: every connection of this process is in use".into(),
                ));
            }
            state = self.given_back.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.out += 1;
        let idle = state.idle.pop();
        drop(state);
        let mut out = Out { pool: self, session: None, used: false };
        if let Some((mut session, since)) = idle {
            // Half the time is left for a new one.
            let ping = || left(until).min(PING * 2) / 2;
            let alive = !session.is_lost()
                && (since.elapsed() < FRESH
                    || session.run(ping(), async |c| Ok(c.simple_query("").await?)).is_ok());
            if alive {
                (out.session, out.used) = (Some(session), true);
                return Ok(out);
            }
            self.forget_idle();
        }
        let mut session = Session::open(&self.settings, left(until))?;
        session.run(left(until), async |client| migrate::check(client, &self.settings.org).await)?;
        out.session = Some(session);
        Ok(out)
    }

    /// When one was lost, so were the others, most likely.
    fn forget_idle(&self) {
        let old = std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).idle);
        drop(old);
    }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

/// A connection in use; goes back by itself.
struct Out<'p> {
    pool: &'p Pool,
    session: Option<Session>,
    used: bool,
}

impl Out<'_> {
    fn run<T>(
        &mut self,
        until: Instant,
        operation: impl AsyncFn(&mut Client) -> Result<T, PostgresError>,
    ) -> Result<T, PostgresError> {
        let Some(session) = &mut self.session else { return Err(PostgresError::Away("was lost".into())) };
        let answer = session.run(left(until), async |client| operation(client).await);
        if matches!(answer, Err(PostgresError::Away(_))) {
            // At a deadline the server may still be busy with it. The idle ones are as lost, most likely, and each
            // would cost a whole deadline to find out.
            self.session = None;
            self.pool.forget_idle();
        }
        answer
    }

    fn is_lost(&self) -> bool {
        self.session.is_none()
    }
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.out -= 1;
        if let Some(session) = self.session.take().filter(|session| !session.is_lost()) {
            state.idle.push((session, Instant::now()));
        }
        self.pool.given_back.notify_one();
    }
}
