//! The issuer's keys, fetched when they are needed and again when it has new ones.

use super::discovery::Endpoint;
use super::{OidcError, OidcSettings};
use ecoops_core::engines::jose::{KeySet, Reading};
use ecoops_core::ports::host::Host;
use std::sync::{Arc, Mutex, PoisonError};

/// Milliseconds after which keys are fetched again even if nothing asks for new ones.
const FRESH: u64 = 3_600_000;
/// Milliseconds that keys are used when the issuer cannot be asked for newer ones.
const STALE: u64 = 24 * FRESH;
/// How often unknown keys may make us ask within [`WINDOW`]: who sends tokens with invented keys must not
/// make us a hammer.
const MOST_FETCHES: usize = 3;
const WINDOW: u64 = 60_000;

pub(super) struct KeyCache {
    host: Arc<dyn Host>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: Option<(Arc<KeySet>, u64)>,
    /// When it was asked lately.
    asked: Vec<u64>,
}

impl KeyCache {
    pub(super) fn new(host: Arc<dyn Host>) -> Self {
        Self { host, state: Mutex::default() }
    }

    /// The keys, with the one of this name when the issuer has it. One that is not known is asked for once.
    pub(super) fn for_kid(
        &self,
        kid: Option<&str>,
        endpoint: &Endpoint,
        settings: &OidcSettings,
    ) -> Result<Arc<KeySet>, OidcError> {
        self.with(kid, &|| fetch(endpoint, settings))
    }

    fn with(
        &self,
        kid: Option<&str>,
        fetch: &dyn Fn() -> Result<KeySet, OidcError>,
    ) -> Result<Arc<KeySet>, OidcError> {
        // Held while it fetches: many tokens at once are one question.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.host.monotonic_millis();
        let age = |at: u64| now.saturating_sub(at);
        if let Some((keys, at)) = &state.kept
            && age(*at) < FRESH
            && kid.is_none_or(|kid| keys.knows(kid))
        {
            return Ok(keys.clone());
        }
        state.asked.retain(|at| age(*at) < WINDOW);
        let kept = state.kept.as_ref().filter(|(_, at)| age(*at) < STALE).map(|(keys, _)| keys.clone());
        if state.asked.len() >= MOST_FETCHES
            && let Some(kept) = kept
        {
            return Ok(kept);
        }
        state.asked.push(now);
        match (fetch(), kept) {
            (Ok(keys), _) => {
                let keys = Arc::new(keys);
                state.kept = Some((keys.clone(), now));
                Ok(keys)
            }
            (Err(_), Some(kept)) => Ok(kept),
            (Err(why), None) => Err(why),
        }
    }
}

fn fetch(endpoint: &Endpoint, settings: &OidcSettings) -> Result<KeySet, OidcError> {
    let answer = endpoint.client.get(&endpoint.path).send()?;
    if !answer.is_success() {
        let why = format!("its keys are answered with {}: {}", answer.status, answer.excerpt());
        return Err(OidcError::Issuer { issuer: settings.issuer.clone(), why });
    }
    KeySet::parse(&answer.body, Reading::Strict).map_err(OidcError::Keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::frozen::Frozen;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn set(kid: &str) -> KeySet {
        let text =
            format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{}"}}]}}"#, "A".repeat(43));
        KeySet::parse(text.as_bytes(), Reading::Strict).unwrap()
    }

    #[test]
    fn new_keys_are_asked_for_within_bounds() {
        let host = Arc::new(Frozen::at("2026-11-20T08:00:00Z".parse().unwrap(), 1));
        let cache = KeyCache::new(host.clone());
        let asked = AtomicUsize::new(0);
        let ask = |kid: &str, current: &str| {
            cache
                .with(Some(kid), &|| {
                    asked.fetch_add(1, Ordering::Relaxed);
                    Ok(set(current))
                })
                .map(|keys| keys.knows(kid))
                .unwrap()
        };
        assert!(ask("a", "a") && ask("a", "a") && ask("a", "b"), "what is known is not asked for again");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(ask("b", "b"), "a rotation shows at once");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        for n in 0..1000 {
            assert!(!ask(&format!("invented-{n}"), "b"));
        }
        assert_eq!(asked.load(Ordering::Relaxed), MOST_FETCHES, "invented keys make no hammer");
        host.advance(WINDOW);
        assert!(ask("c", "c"), "and a real one is found a minute later");
        host.advance(FRESH);
        assert!(ask("c", "c"));
        assert_eq!(asked.load(Ordering::Relaxed), MOST_FETCHES + 2);
    }

    #[test]
    fn an_issuer_that_is_away_does_not_log_everybody_out() {
        let host = Arc::new(Frozen::at("2026-11-20T08:00:00Z".parse().unwrap(), 1));
        let cache = KeyCache::new(host.clone());
        let away = || Err(OidcError::Unusable("away".into()));
        assert!(cache.with(Some("a"), &away).is_err());
        assert!(cache.with(Some("a"), &|| Ok(set("a"))).unwrap().knows("a"));
        host.advance(FRESH);
        assert!(cache.with(Some("a"), &away).unwrap().knows("a"));
        host.advance(STALE);
        assert!(cache.with(Some("a"), &away).is_err(), "but not for ever");
    }
}
