//! One connection to a Kafka cluster, and the few ways of asking it: append a record, look through a topic, follow
//! it as a group.

use crate::broker::BrokerSettings;
use crate::egress;
use crate::http::tls::trusted;
use ecoops_core::ports::events::EventsError;
use krafka::Kafka;
use krafka::Record;
use krafka::auth::{AuthConfig, TlsConfig};
use krafka::consumer::{AutoOffsetReset, Consumer, ConsumerRecord};
use krafka::producer::Producer;
use std::collections::BTreeMap;
use std::time::Duration;

/// Records that one poll of a consumer gives.
const POLLED: i32 = 100;
/// How long a broker may wait for more before it answers a fetch.
const FETCH_WAIT: Duration = Duration::from_millis(50);
/// A member that was not heard of for so long is dead: its partitions go to others.
const MISSED: Duration = Duration::from_secs(10);
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How often a topic is looked for that is being made.
const TRIES: usize = 10;
/// The largest record that is taken: an event and its headers.
const LARGEST: usize = (8 << 20) + (64 << 10);

/// By partition.
pub type Places = BTreeMap<i32, i64>;

/// A connection that can append.
pub struct Session {
    kafka: Kafka,
    producer: Producer,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

fn said(error: krafka::error::KrafkaError) -> EventsError {
    EventsError::Storage(error.to_string())
}

/// The brokers, and whether they speak TLS.
///
/// # Errors
/// What is wrong with the address, without what may be a password.
pub fn brokers(address: &str) -> Result<(String, bool), String> {
    const FORM: &str = "the address is none; write HOST:PORT, kafka://HOST:PORT or kafka+tls://HOST:PORT";
    let (tls, rest) = match address.split_once("://") {
        None => (false, address),
        Some(("kafka", rest)) => (false, rest),
        Some(("kafka+tls", rest)) => (true, rest),
        Some(_) => return Err(FORM.to_owned()),
    };
    if rest.contains('@') {
        return Err(
            "the address holds a user or password; a credential is named in a setting of its own".into()
        );
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let whole = |broker: &str| {
        broker.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
    };
    let plain = !rest.contains(|c: char| c.is_whitespace() || c.is_control() || "/?#".contains(c));
    (plain && rest.split(',').all(whole)).then(|| (rest.to_owned(), tls)).ok_or_else(|| FORM.to_owned())
}

impl Session {
    /// The address is `HOST:PORT`, `kafka://HOST:PORT`, or for TLS `kafka+tls://HOST:PORT`; further brokers behind
    /// commas. A user logs in by SCRAM-SHA-512.
    ///
    /// # Errors
    /// [`EventsError::Storage`].
    pub async fn open(settings: BrokerSettings) -> Result<Self, EventsError> {
        let (brokers, tls) = brokers(&settings.address).map_err(EventsError::Storage)?;
        egress::permit(&format!("Kafka at {}", settings.address))
            .map_err(|closed| EventsError::Storage(closed.to_string()))?;
        let security = match &settings.user {
            Some(user) => AuthConfig::sasl_scram_sha512(
                user.clone(),
                settings.password.as_ref().map(|p| p.as_str()).unwrap_or_default(),
            ),
            None => AuthConfig::plaintext(),
        };
        let security = match tls {
            true => {
                let file = trusted(settings.ca_file.as_deref());
                let pem = file
                    .map_err(|e| e.to_string())
                    .and_then(|file| std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display())));
                security.with_tls(TlsConfig::new().with_ca_cert_pem(pem.map_err(EventsError::Storage)?))
            }
            false => security,
        };
        let kafka = Kafka::builder(brokers)
            .client_id("ecoops")
            .security(security)
            .connect_timeout(settings.deadline)
            .request_timeout(settings.deadline)
            .allow_auto_create_topics(true)
            .connect()
            .await
            .map_err(said)?;
        let producer = kafka
            .producer()
            .linger(Duration::ZERO)
            .delivery_timeout(settings.deadline)
            .max_block(settings.deadline)
            .max_request_size(LARGEST)
            .metrics_push(false)
            .build()
            .await
            .map_err(said)?;
        Ok(Self { kafka, producer })
    }

    /// Appends, and gives partition and offset when all in-sync replicas have it.
    pub async fn append(&self, record: Record) -> Result<(i32, i64), EventsError> {
        let done = self.producer.send(record).await.map_err(said)?;
        match done.offset {
            offset @ 0.. => Ok((done.partition, offset)),
            _ => Err(EventsError::Storage("the broker did not say where the record is".to_owned())),
        }
    }

    /// Appends nothing more.
    pub async fn close(&self) {
        let _ = self.producer.close().await;
    }

    async fn looker(&self, topic: &str) -> Result<(Consumer, Vec<i32>), EventsError> {
        let consumer = self
            .kafka
            .consumer_without_group()
            .auto_offset_reset(AutoOffsetReset::Earliest)
            .fetch_max_wait(FETCH_WAIT)
            .max_poll_records(POLLED)
            .metrics_push(false)
            .build()
            .await
            .map_err(said)?;
        // A topic that is made by being asked for is there a moment later.
        for _ in 0..TRIES {
            let found = consumer.fetch_metadata(Some(topic)).await.map_err(said)?;
            let found = found.topics.iter().filter(|t| t.name == topic);
            let mut partitions: Vec<i32> = found.flat_map(|t| t.partitions.keys().copied()).collect();
            if !partitions.is_empty() {
                partitions.sort_unstable();
                return Ok((consumer, partitions));
            }
            tokio::time::sleep(FETCH_WAIT).await;
        }
        Err(EventsError::Storage(format!("there is no topic `{topic}`, and the cluster does not make it")))
    }

    /// The places behind the last record of each partition.
    pub async fn ends(&self, topic: &str) -> Result<Places, EventsError> {
        let (consumer, partitions) = self.looker(topic).await?;
        let mut ends = Places::new();
        for partition in partitions {
            ends.insert(partition, consumer.fetch_watermarks(topic, partition).await.map_err(said)?.1);
        }
        let _ = consumer.close().await;
        Ok(ends)
    }

    /// Shows `each` record from these places on (a partition that is not named: from its beginning) up to the ends at
    /// this moment, each partition in its order, until it has enough of the partition. Gives the places behind what
    /// was shown.
    pub async fn look(
        &self,
        topic: &str,
        from: Places,
        mut each: impl FnMut(&ConsumerRecord) -> bool + Send,
    ) -> Result<Places, EventsError> {
        let (consumer, partitions) = self.looker(topic).await?;
        let (mut next, mut ends) = (from, Places::new());
        for partition in partitions {
            let (low, high) = consumer.fetch_watermarks(topic, partition).await.map_err(said)?;
            let start = next.get(&partition).copied().unwrap_or(low).max(low);
            next.insert(partition, start);
            if start < high {
                ends.insert(partition, high);
            }
        }
        consumer.assign(topic, ends.keys().copied().collect()).await.map_err(said)?;
        for partition in ends.keys() {
            let start = next.get(partition).copied().unwrap_or(0);
            consumer.seek(topic, *partition, start).await.map_err(said)?;
        }
        while !ends.is_empty() {
            for record in consumer.poll(FETCH_WAIT).await.map_err(said)? {
                if ends.contains_key(&record.partition) {
                    next.insert(record.partition, record.offset + 1);
                    if each(&record) {
                        ends.remove(&record.partition);
                    }
                }
            }
            let mut over = Vec::new();
            for (partition, end) in &ends {
                // Markers of transactions and compacted records are passed without being shown.
                let at = consumer.position(topic, *partition).await.unwrap_or(0);
                let at = at.max(next.get(partition).copied().unwrap_or(0));
                if at >= *end {
                    over.push((*partition, at));
                }
            }
            for (partition, at) in over {
                ends.remove(&partition);
                next.insert(partition, at);
            }
        }
        let _ = consumer.close().await;
        Ok(next)
    }

    /// Joins the group as a member; which partitions it gets, the group decides.
    pub async fn join(&self, topic: &str, group: &str) -> Result<Consumer, EventsError> {
        let consumer = self
            .kafka
            .consumer(group)
            .auto_offset_reset(AutoOffsetReset::Earliest)
            .enable_auto_commit(false)
            .session_timeout(MISSED)
            .heartbeat_interval(HEARTBEAT)
            .fetch_max_wait(FETCH_WAIT)
            .max_poll_records(POLLED)
            .metrics_push(false)
            .build()
            .await
            .map_err(said)?;
        consumer.subscribe([topic]).await.map_err(said)?;
        Ok(consumer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_bad_ones_refused_without_showing_a_password() {
        for (address, expected) in [
            ("127.0.0.1:9092", Some(("127.0.0.1:9092", false))),
            ("kafka://a:1,b:2", Some(("a:1,b:2", false))),
            ("kafka+tls://a:1/", Some(("a:1", true))),
            ("", None),
            ("a", None),
            ("a:x", None),
            ("http://a:1", None),
            ("kafka://ana:hunter2@a:1", None),
        ] {
            let read = brokers(address);
            let (text, tls) = expected.unwrap_or_default();
            assert_eq!(
                read.as_ref().ok().map(|(t, s)| (t.as_str(), *s)),
                expected.map(|_| (text, tls)),
                "{address}"
            );
            assert!(!read.err().is_some_and(|e| e.contains("hunter2")));
        }
    }
}
