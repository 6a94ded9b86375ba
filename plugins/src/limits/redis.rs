//! Limits that several agents share, in the integration matrix's place for them: database 1 of a Redis, keys
//! `ratelimit:user:{user_id}:*`. Whoever asks it goes on with limits of its own when it is away.

use crate::broker::BrokerSettings;
use crate::redis_server::client::{Client, Database, RedisFailure};
use ecoops_core::ports::limits::{Left, Limits, LimitsError};
use redis::Script;
use std::sync::LazyLock;
use std::time::Duration;

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("take.lua")));

/// See the module.
#[derive(Debug)]
pub struct RedisLimits {
    client: Client,
    rate: u32,
}

impl From<RedisFailure> for LimitsError {
    fn from(failure: RedisFailure) -> Self {
        Self(failure.to_string())
    }
}

impl RedisLimits {
    /// Connects to nothing yet. `rate` in requests a second, at least 1.
    ///
    /// # Errors
    /// [`LimitsError`] when the address is none.
    pub fn new(settings: &BrokerSettings, rate: u32) -> Result<Self, LimitsError> {
        Ok(Self { client: Client::new(settings, Database::RateLimits)?, rate: rate.max(1) })
    }
}

impl Limits for RedisLimits {
    fn take(&self, user: &str, purpose: &str) -> Result<Left, LimitsError> {
        let (remaining, wait): (u64, i64) = self.client.call(|connection| {
            TAKE.key(format!("ratelimit:user:{user}:{purpose}")).arg(self.rate).invoke(connection)
        })?;
        let wait = u64::try_from(wait).ok().map(Duration::from_millis);
        Ok(Left { limit: u64::from(self.rate), remaining, wait })
    }
}
