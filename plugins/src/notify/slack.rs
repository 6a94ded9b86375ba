//! A chat that takes Slack's incoming webhooks (Slack, Mattermost, Rocket.Chat): one message an event, as text
//! and as blocks.
//!
//! The webhook's address is the credential: it is in no message, error or log. Slack knows no idempotency key,
//! so that a crash between a message and its record shows the message twice.

use super::answer;
use crate::http::{Client, Server};
use ecoops_core::domain::{EventData, RemediationEvent};
use ecoops_core::ports::events::Stored;
use ecoops_core::ports::notify::{Notify, NotifyError, Told};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// Slack's limit of a section's text is 3000 characters.
const LONGEST: usize = 2_800;

pub struct Slack {
    client: Client,
    path: Zeroizing<String>,
}

impl std::fmt::Debug for Slack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slack").field("place", &self.client.shown()).finish_non_exhaustive()
    }
}

impl Slack {
    /// `address` is the whole address of the webhook.
    ///
    /// # Errors
    /// When it is none; the address is not told.
    pub fn new(server: Server, address: &str) -> Result<Self, String> {
        let none = || "the credential is no address of a webhook (https://…)".to_owned();
        let address = address.trim();
        let (scheme, rest) = address.split_once("://").ok_or_else(none)?;
        let (host, path) = rest.split_once('/').ok_or_else(none)?;
        if host.contains('@') || path.is_empty() || path.contains(char::is_whitespace) {
            return Err(none());
        }
        let url = format!("{scheme}://{host}");
        if scheme != "https" && !crate::http::is_loopback(&url) {
            return Err("a webhook's address is a secret and goes over https only".to_owned());
        }
        let client = Client::new(Server { url, ..server }).map_err(|_| none())?;
        Ok(Self { client, path: Zeroizing::new(format!("/{path}")) })
    }

    fn send(&self, stored: &Stored) -> Result<(), NotifyError> {
        let sent = self.client.post(&self.path).once().json(&message(stored)).send();
        answer::judge(sent).map_err(|error| self.hidden(error))
    }

    /// The error without the address.
    fn hidden(&self, error: NotifyError) -> NotifyError {
        let hide = |text: String| text.replace(self.path.as_str(), "/…");
        match error {
            NotifyError::Unavailable { why, retry_after } => {
                NotifyError::Unavailable { why: hide(why), retry_after }
            }
            NotifyError::Failed(why) => NotifyError::Failed(hide(why)),
            NotifyError::Refused(why) => NotifyError::Refused(hide(why)),
        }
    }
}

impl Notify for Slack {
    fn tell(&self, events: &[Stored]) -> Told {
        answer::one_by_one(events, |stored| self.send(stored))
    }

    fn place(&self) -> String {
        self.client.shown().to_owned()
    }
}

fn message(stored: &Stored) -> Value {
    let event = &stored.event;
    let headline = headline(event);
    let context = format!("{} · event {} · trace {}", event.timestamp, stored.offset, event.trace_id);
    json!({
        "text": escape(&headline),
        "blocks": [
            { "type": "section", "text": { "type": "mrkdwn", "text": format!("*{}*", escape(&headline)) } },
            { "type": "context", "elements": [{ "type": "mrkdwn", "text": escape(&context) }] },
        ],
    })
}

fn headline(event: &RemediationEvent) -> String {
    match &event.data {
        EventData::Started { problem_id, target_path, actor } => {
            format!("{actor} began to repair {target_path} ({problem_id})")
        }
        EventData::Analyzed { root_causes, severity } => {
            let severity = serde_json::to_value(severity).unwrap_or_default();
            let severity = severity.as_str().unwrap_or_default();
            format!("Analyzed ({severity}): {}", root_causes.join("; "))
        }
        EventData::Fixed { commit_sha, patch_diff } => {
            format!("Fixed in {} ({} lines of patch)", commit_sha, patch_diff.lines().count())
        }
        EventData::Validated { success_rate, .. } => format!("Validated: {:.0} %", success_rate * 100.0),
        EventData::Rollback { reason, .. } => format!("Rolled back: {reason}"),
        EventData::Completed { .. } => "Completed".to_owned(),
    }
}

/// Slack's control characters are taken out of play, so that no text mentions a channel or hides a link.
fn escape(text: &str) -> String {
    let clean: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_stays_secret_is_taken() {
        for (address, good) in [
            ("https://hooks.example.org/services/T0/B0/xyz", true),
            ("http://127.0.0.1:1/services/x", true),
            ("http://hooks.example.org/services/x", false),
            ("https://hooks.example.org", false),
            ("https://hooks.example.org/", false),
            ("https://me:pass@hooks.example.org/x", false),
            ("hooks", false),
            ("", false),
        ] {
            match Slack::new(Server::default(), address) {
                Ok(slack) => assert!(good && !format!("{slack:?}{}", slack.place()).contains("services")),
                Err(why) => assert!(!good && !why.contains("hooks.example"), "{address}: {why}"),
            }
        }
    }

    #[test]
    fn text_mentions_nobody() {
        assert_eq!(escape("<!channel> a&b\n"), "&lt;!channel&gt; a&amp;b ");
    }
}
