//! Who is told of events: one entry of `events.sinks`, a list of `word=value`.

use std::collections::BTreeSet;

/// What kind of receiver it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkKind {
    /// A POST for each event, signed.
    Webhook,
    /// An incoming webhook that takes Slack's messages.
    Slack,
    /// Another event log, in a file.
    Log,
}

/// One receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    pub name: String,
    pub kind: SinkKind,
    /// Of a webhook; a Slack webhook's address is a secret, and `secret` names it.
    pub url: String,
    /// The name of the credential.
    pub secret: String,
    /// The file of a log.
    pub path: String,
    /// Types of events that it gets; empty: all.
    pub events: BTreeSet<String>,
}

impl Sink {
    /// Reads `name = ["type=webhook", "url=https://…", "secret=…", "events=remediation.rollback,…"]`.
    ///
    /// # Errors
    /// What is wrong with it, in words for people.
    pub fn parse(name: &str, words: &[String]) -> Result<Self, String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            return Err(format!("`{name:.80}` is no name: letters, digits, `-` and `_`, 64 at most"));
        }
        let mut kind = None;
        let mut sink = Self {
            name: name.to_owned(),
            kind: SinkKind::Log,
            url: String::new(),
            secret: String::new(),
            path: String::new(),
            events: BTreeSet::new(),
        };
        for word in words {
            let (key, value) =
                word.split_once('=').ok_or_else(|| format!("`{word:.80}` is not word=value"))?;
            match (key, value) {
                ("type", "webhook") => kind = Some(SinkKind::Webhook),
                ("type", "slack") => kind = Some(SinkKind::Slack),
                ("type", "log") => kind = Some(SinkKind::Log),
                ("type", other) => {
                    return Err(format!("there is no type `{other:.40}`: webhook, slack, log"));
                }
                ("url", url) => sink.url = url.to_owned(),
                ("secret", secret) => sink.secret = secret.to_owned(),
                ("path", path) => sink.path = path.to_owned(),
                ("events", list) => sink.events = list.split(',').map(|e| e.trim().to_owned()).collect(),
                _ => return Err(format!("`{key:.40}` is not known: type, url, secret, path, events")),
            }
        }
        sink.kind = kind.ok_or("it has no type: type=webhook, type=slack or type=log")?;
        sink.whole()?;
        Ok(sink)
    }

    fn whole(&self) -> Result<(), String> {
        let secure = self.url.starts_with("https://") || self.url.starts_with("http://");
        match self.kind {
            SinkKind::Webhook if !secure => Err("a webhook needs url=https://…".to_owned()),
            SinkKind::Webhook if self.secret.is_empty() => {
                Err("a webhook needs secret=<name of the credential that signs>".to_owned())
            }
            SinkKind::Slack if self.secret.is_empty() || !self.url.is_empty() => {
                Err("the address of a Slack webhook is a secret: secret=<name of the credential>, no url"
                    .to_owned())
            }
            SinkKind::Log if self.path.is_empty() => Err("a log needs path=<file>".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether it gets events of this type.
    pub fn wants(&self, kind: &str) -> bool {
        self.events.is_empty() || self.events.contains(kind)
    }

    /// The group of the local log that the sink of this name reads as.
    pub fn group(name: &str) -> String {
        format!("sink:{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_or_refused_with_a_reason() {
        for (words, expected) in [
            (&["type=webhook", "url=https://h/x?a=b", "secret=k"][..], Ok(SinkKind::Webhook)),
            (&["type=slack", "secret=k", "events=remediation.rollback"], Ok(SinkKind::Slack)),
            (&["type=log", "path=/tmp/x"], Ok(SinkKind::Log)),
            (&[], Err("no type")),
            (&["type=mail"], Err("webhook, slack, log")),
            (&["type=webhook", "url=https://h"], Err("needs secret")),
            (&["type=webhook", "url=ftp://h", "secret=k"], Err("https://")),
            (&["type=slack", "url=https://h", "secret=k"], Err("is a secret")),
            (&["type=log"], Err("path=")),
            (&["type"], Err("word=value")),
            (&["kind=log"], Err("not known")),
        ] {
            let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
            match (Sink::parse("ops", &words), expected) {
                (Ok(sink), Ok(kind)) => assert_eq!(sink.kind, kind),
                (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
                (got, _) => panic!("{words:?}: {got:?}"),
            }
        }
        assert!(Sink::parse("a b", &["type=log".to_owned(), "path=x".to_owned()]).is_err());
    }

    #[test]
    fn a_sink_gets_what_it_asked_for() {
        let words = |events: &str| vec!["type=log".to_owned(), "path=x".to_owned(), events.to_owned()];
        let some = Sink::parse("s", &words("events=remediation.rollback, remediation.fixed")).unwrap();
        assert!(some.wants("remediation.fixed") && !some.wants("remediation.started"));
        assert!(Sink::parse("s", &words("path=y")).unwrap().wants("remediation.started"));
    }
}
