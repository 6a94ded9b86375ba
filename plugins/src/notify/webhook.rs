//! A webhook: one POST an event, signed as Standard Webhooks has it (github.com/standard-webhooks, 1.0.0).
//!
//! `webhook-id` names the event, the same at every attempt, and is the `Idempotency-Key` too;
//! `webhook-timestamp` is the attempt's time in seconds; `webhook-signature` is `v1,` and the base64 of
//! HMAC-SHA256 over `<id>.<timestamp>.<body>`. A receiver that compares the two times refuses replays.
//! The key is the credential's bytes, or what `whsec_` encodes in base64.

use super::answer;
use crate::http::{Client, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::domain::ContentHash;
use ecoops_core::ports::events::Stored;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::notify::{Notify, NotifyError, Told};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use std::sync::Arc;
use zeroize::Zeroizing;

pub struct Webhook {
    client: Client,
    key: Zeroizing<Vec<u8>>,
    host: Arc<dyn Host>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("place", &self.client.shown()).finish_non_exhaustive()
    }
}

impl Webhook {
    /// # Errors
    /// When the address is none, or the secret is too short to sign with (16 bytes at least).
    pub fn new(server: Server, secret: &str, host: Arc<dyn Host>) -> Result<Self, String> {
        let key = match secret.strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| "the credential is no whsec_ key")?,
            None => secret.as_bytes().to_vec(),
        };
        if key.len() < 16 {
            return Err("the credential that signs must have 16 bytes at least".to_owned());
        }
        let client = Client::new(server).map_err(|e| e.to_string())?;
        Ok(Self { client, key: Zeroizing::new(key), host })
    }

    fn send(&self, stored: &Stored) -> Result<(), NotifyError> {
        let mut data =
            serde_json::to_value(&stored.event).map_err(|e| NotifyError::Refused(e.to_string()))?;
        data["offset"] = json!(stored.offset);
        data["idempotency_key"] = json!(stored.idempotency_key);
        let body = json!({ "type": stored.event.kind(), "timestamp": stored.event.timestamp, "data": data });
        let body = body.to_string();
        let id = id(&stored.idempotency_key);
        let time = self.host.now().as_second().to_string();
        let signature = sign(&self.key, &id, &time, &body);
        // One try: who calls this tries again, in order and with the pauses of the log.
        let request = self.client.post("").once().header("webhook-id", &id).header("idempotency-key", &id);
        let request = request.header("webhook-timestamp", &time).header("webhook-signature", &signature);
        answer::judge(request.body("application/json", body.into_bytes()).send())
    }
}

impl Notify for Webhook {
    fn tell(&self, events: &[Stored]) -> Told {
        answer::one_by_one(events, |stored| self.send(stored))
    }

    fn place(&self) -> String {
        self.client.shown().to_owned()
    }
}

/// An event's id for receivers: printable and short, whatever its key is.
fn id(key: &str) -> String {
    let hash = ContentHash::of(key.as_bytes());
    format!("evt_{}", hash.hex().get(..32).unwrap_or_default())
}

fn sign(key: &[u8], id: &str, time: &str, body: &str) -> String {
    // HMAC takes keys of any length (RFC 2104, section 3).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks libraries.
    #[test]
    fn it_signs_as_others_do() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_id_is_printable_and_of_the_key_alone() {
        assert_eq!(id("a\u{0}ü"), id("a\u{0}ü"));
        assert_ne!(id("a"), id("b"));
        assert!(id(&"x".repeat(512)).bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    }
}
