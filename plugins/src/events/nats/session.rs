//! One connection to NATS, the streams that the log needs there, and the few ways of asking them.

use super::super::OutsideSettings;
use super::subjects;
use crate::broker::BrokerSettings;
use crate::egress;
use crate::http::{is_loopback_host, tls};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};
use async_nats::jetstream::{Context, Message};
use async_nats::{ConnectOptions, HeaderMap, ServerAddr};
use ecoops_core::ports::events::EventsError;
use futures_util::StreamExt;
use std::time::Duration;

/// The server finds a publishing again by its key for so long.
const DUPLICATES_KNOWN: Duration = Duration::from_secs(24 * 60 * 60);
/// Dead letters that are kept.
const MOST_LETTERS: i64 = 10_000;
/// A consumer that only looks through a stream is gone after so long.
const LOOKING: Duration = Duration::from_secs(30);
/// How often the server is asked whether it still is there.
const SHORTEST_PING: Duration = Duration::from_millis(100);
const LONGEST_PING: Duration = Duration::from_secs(5);
/// Events that one group may have in flight.
const MOST_IN_FLIGHT: i64 = 10_000;

/// A connection whose streams are there.
#[derive(Debug)]
pub struct Session {
    pub context: Context,
    pub events: Stream,
    pub letters: Stream,
}

/// An error with its causes, without the address.
pub fn said(error: &dyn std::error::Error) -> EventsError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    EventsError::Storage(text)
}

/// Where the server is, when the address is one and whoever asks may be told to it.
///
/// # Errors
/// What is wrong with it, without what may be a password.
pub fn place(server: &BrokerSettings) -> Result<ServerAddr, String> {
    let text = &server.address;
    let place: ServerAddr = text.parse().map_err(|_| "the address is none; write HOST:PORT".to_owned())?;
    if text.contains('@') || place.has_user_pass() {
        return Err(
            "the address holds a user or password; a credential is named in a setting of its own".into()
        );
    }
    if !["nats", "tls"].contains(&place.scheme()) || place.host().is_empty() {
        return Err("the address is none; write HOST:PORT, nats://HOST:PORT or tls://HOST:PORT".into());
    }
    let known_here = is_loopback_host(place.host().trim_matches(['[', ']']));
    if (server.user.is_some() || server.password.is_some()) && !place.tls_required() && !known_here {
        return Err(format!(
            "NATS at {text}: a password is sent over TLS only, or to this machine: write tls://"
        ));
    }
    Ok(place)
}

impl Session {
    /// Connects, and makes the streams that are not there. The address is `HOST:PORT`, `nats://HOST:PORT` or, for TLS,
    /// `tls://HOST:PORT`; a password without a user is a token.
    ///
    /// # Errors
    /// [`EventsError::Storage`].
    pub async fn open(settings: OutsideSettings) -> Result<Self, EventsError> {
        let place = place(&settings.server).map_err(EventsError::Storage)?;
        let BrokerSettings { address, user, password, ca_file, deadline } = &settings.server;
        egress::permit(&format!("NATS at {address}")).map_err(|e| said(&e))?;
        let mut options = ConnectOptions::new()
            .name("ecoops")
            .connection_timeout(*deadline)
            // A peer that forgot the connection is found out after three of these; messages in flight hang on it.
            .ping_interval((*deadline / 4).clamp(SHORTEST_PING, LONGEST_PING))
            .request_timeout(Some(*deadline));
        if place.tls_required() {
            let config = tls::plain_config(ca_file.as_deref()).map_err(|e| said(&e))?;
            options = options.require_tls(true).tls_client_config((*config).clone());
        }
        options = match (user, password) {
            (Some(user), password) => options.user_and_password(
                user.clone(),
                password.as_ref().map(|p| p.to_string()).unwrap_or_default(),
            ),
            (None, Some(token)) => options.token(token.to_string()),
            (None, None) => options,
        };
        let client = options.connect(place).await.map_err(|e| said(&e))?;
        let context = ContextBuilder::new().timeout(*deadline).ack_timeout(*deadline).build(client);
        let events = context.get_or_create_stream(events_config(&settings)).await.map_err(|e| said(&e))?;
        let letters = context.get_or_create_stream(letters_config(&settings)).await.map_err(|e| said(&e))?;
        Ok(Self { context, events, letters })
    }

    /// Publishes and waits until it is on the server's disk; gives its place.
    pub async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<u64, EventsError> {
        let sent = self.context.publish_with_headers(subject, headers, body.into()).await;
        let acknowledged = sent.map_err(|e| said(&e))?.await.map_err(|e| said(&e))?;
        Ok(acknowledged.sequence)
    }

    /// The durable consumer of a group over one subject or all (`""`).
    pub async fn consumer(
        stream: &Stream,
        name: &str,
        subject: &str,
        lease: Duration,
        attempts: u32,
    ) -> Result<PullConsumer, EventsError> {
        let config = pull::Config {
            durable_name: Some(name.to_owned()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: lease,
            // The reader makes the dead letter when it is given one time too often; were it to die at that, the
            // next one does.
            max_deliver: i64::from(attempts).saturating_add(16),
            max_ack_pending: MOST_IN_FLIGHT,
            filter_subject: subject.to_owned(),
            ..pull::Config::default()
        };
        stream.create_consumer(config).await.map_err(|e| said(&e))
    }

    /// What the consumer has now, at most `count`, without waiting for more.
    pub async fn fetch(consumer: &PullConsumer, count: usize) -> Result<Vec<Message>, EventsError> {
        let mut batch = consumer.fetch().max_messages(count).messages().await.map_err(|e| said(&e))?;
        let mut found = Vec::new();
        while let Some(message) = batch.next().await {
            found.push(message.map_err(|e| EventsError::Storage(e.to_string()))?);
        }
        Ok(found)
    }

    /// Up to `count` messages from that place on, for nobody in particular, and the last place of the stream.
    pub async fn look(
        stream: &Stream,
        subject: &str,
        from: u64,
        count: usize,
    ) -> Result<(Vec<Message>, u64), EventsError> {
        let last = stream.get_info().await.map_err(|e| said(&e))?.state.last_sequence;
        if from > last || count == 0 {
            return Ok((Vec::new(), last));
        }
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from.max(1) },
            ack_policy: AckPolicy::None,
            filter_subject: subject.to_owned(),
            inactive_threshold: LOOKING,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer: PullConsumer = stream.create_consumer(config).await.map_err(|e| said(&e))?;
        let found = Self::fetch(&consumer, count).await;
        let _ = stream.delete_consumer(&consumer.cached_info().name).await;
        Ok((found?, last))
    }
}

fn events_config(settings: &OutsideSettings) -> Config {
    Config {
        name: settings.stream.clone(),
        subjects: subjects::ALL.iter().map(|&s| s.to_owned()).collect(),
        max_messages: i64::try_from(settings.keep).unwrap_or(i64::MAX),
        discard: DiscardPolicy::Old,
        storage: StorageType::File,
        duplicate_window: DUPLICATES_KNOWN,
        ..Config::default()
    }
}

/// Dead letters, and what was revived, one message each.
fn letters_config(settings: &OutsideSettings) -> Config {
    let stream = &settings.stream;
    Config {
        name: format!("{stream}_DEAD"),
        subjects: vec![format!("ecoops.{stream}.dead.>"), format!("ecoops.{stream}.again.>")],
        max_messages: MOST_LETTERS,
        max_messages_per_subject: 1,
        discard: DiscardPolicy::Old,
        storage: StorageType::File,
        ..Config::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_bad_ones_refused_without_showing_a_password() {
        for (text, password, good) in [
            ("127.0.0.1:4222", false, true),
            ("nats://nats.example", false, true),
            ("tls://nats.example:4443", false, true),
            ("", false, false),
            ("http://nats.example", false, false),
            ("nats://ana:hunter2@nats.example", false, false),
            ("nats://nats.example", true, false),
            ("10.0.0.7:4222", true, false),
            ("tls://nats.example", true, true),
            ("localhost:4222", true, true),
            ("nats://[::1]:4222", true, true),
        ] {
            let password_given = password.then(|| "hunter2".to_owned().into());
            let server = BrokerSettings {
                address: text.into(),
                password: password_given,
                ..BrokerSettings::default()
            };
            let read = place(&server);
            assert_eq!(read.is_ok(), good, "{text} {password}: {read:?}");
            assert!(!read.err().is_some_and(|e| e.contains("hunter2")));
        }
    }
}
