//! Receivers of events, stores of objects and secrets, issuers and models: all that speaks HTTP and is no service of
//! the kernel.

use super::{DEADLINE, http, hurried, passing, system};
use ecoops_core::ports::embedder::{Embedder, EmbedderError};
use ecoops_core::ports::events::Stored;
use ecoops_core::ports::notify::{Notify, NotifyError};
use ecoops_core::ports::objects::{Bucket, ObjectKey, Objects};
use ecoops_core::ports::secrets::{SecretName, Secrets, Terms};
use ecoops_plugins::embedder::openai::OpenAiEmbedder;
use ecoops_plugins::notify::slack::Slack;
use ecoops_plugins::notify::webhook::Webhook;
use ecoops_plugins::objects::s3::{S3Objects, S3Settings};
use ecoops_plugins::registry::{Oidc, OidcSettings, OpenBaoAuth, OpenBaoSettings};
use ecoops_plugins::secrets::openbao::OpenBao;
use ecoops_tests::events;
use ecoops_tests::http::Replay;
use ecoops_tests::network::trial::{Act, Subject, Undone, try_all};
use ecoops_tests::network::{Line, Room, wrong};
use ecoops_tests::servers::{oidc, openbao, s3};
use std::collections::BTreeMap;

/// Most that is served here: what is done is done by name, and counts once.
fn subject<'a>(name: &'static str, port: u16, open: &'a (dyn Fn(&Line) -> Act<'a> + Sync)) -> Subject<'a> {
    let (deadline, wrong) = (DEADLINE, wrong::HTTP.to_vec());
    Subject { name, deadline, wrong, open, done: None, port, renaming: false, bears: &[] }
}

/// One event, told to a receiver.
fn tell(notify: &dyn Notify, key: &str) -> Result<(), Undone> {
    let stored =
        Stored { offset: 1, idempotency_key: key.to_owned(), event: events::completed(key), attempt: 1 };
    match notify.tell(&[stored]).stopped {
        None => Ok(()),
        Some(NotifyError::Refused(why)) => Err(Undone::ForGood(why)),
        Some(why) => Err(Undone::Passing(why.to_string())),
    }
}

#[test]
fn webhooks_and_chats() {
    let Some(room) = Room::open("servers::webhooks_and_chats") else { return };
    let receiver = room.beyond(|| Replay::start(|_| (200, "ok".into())));
    let port = receiver.address().port();
    let open = |line: &Line| -> Act<'_> {
        let webhook = Webhook::new(http(line), "0123456789abcdef", system()).unwrap();
        Box::new(move |key| tell(&webhook, key))
    };
    // A receiver knows a delivery by its id: each counts once.
    let done = || {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for request in receiver.requests().iter().filter(|r| !r.header("webhook-id").is_empty()) {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let key = body["data"]["idempotency_key"].as_str().unwrap_or_default().to_owned();
            let id = request.header("webhook-id").to_owned();
            assert_eq!(all.entry(key).or_insert_with(|| id.clone()), &id, "the same event, another id");
        }
        all.into_keys().map(|key| (key, 1)).collect()
    };
    // What a receiver says with its 200 is its own business, unless it is a page for people.
    let wrong = || wrong::HTTP.into_iter().filter(|wrong| **wrong != wrong::OTHER_JSON).collect();
    try_all(&room, &Subject { done: Some(&done), wrong: wrong(), ..subject("webhook", port, &open) });
    let open = |line: &Line| -> Act<'_> {
        let slack = Slack::new(http(line), &format!("{}/services/T0/B0/x", line.url())).unwrap();
        Box::new(move |key| tell(&slack, key))
    };
    try_all(&room, &Subject { wrong: wrong(), ..subject("Slack", port, &open) });
}

#[test]
fn objects_in_s3() {
    let Some(room) = Room::open("servers::objects_in_s3") else { return };
    let server = room.beyond(|| {
        let server = s3::start()?;
        s3::make_bucket(&server, Bucket::Reports.name());
        Some(server)
    });
    let Some(server) = server else { return };
    let objects = |line: &Line| {
        let (access_key, secret_key) = (s3::ACCESS_KEY.into(), s3::SECRET_KEY.into());
        let settings = S3Settings { server: http(line), region: String::new(), access_key, secret_key };
        S3Objects::new(settings, system()).unwrap()
    };
    let open = |line: &Line| -> Act<'_> {
        let (objects, line) = (objects(line), line.address());
        Box::new(move |key| {
            let key: ObjectKey = format!("{line}/{key}").replace([' ', ':', '\''], "-").parse().unwrap();
            passing(objects.put(Bucket::Reports, &key, b"what it says"))
        })
    };
    try_all(&room, &subject("S3, writing", server.port(), &open));
    let open = |line: &Line| -> Act<'_> {
        let objects = objects(line);
        let key: ObjectKey = "there".parse().unwrap();
        Box::new(move |_| {
            if passing(objects.get(Bucket::Reports, &key))?.is_none() {
                passing(objects.put(Bucket::Reports, &key, b"what it says"))?;
            }
            // What comes is what was put there, or nothing comes.
            let read = passing(objects.get(Bucket::Reports, &key))?;
            assert_eq!(read.as_deref(), Some(&b"what it says"[..]));
            Ok(())
        })
    };
    let reading = subject("S3, reading", server.port(), &open);
    try_all(&room, &Subject { deadline: DEADLINE * 3, ..reading });
    let open = |line: &Line| -> Act<'_> {
        let objects = objects(line);
        Box::new(move |_| passing(objects.delete(Bucket::Reports, &"none".parse().unwrap())))
    };
    try_all(&room, &subject("S3, deleting", server.port(), &open));
}

#[test]
fn secrets_in_openbao() {
    let Some(room) = Room::open("servers::secrets_in_openbao") else { return };
    let Some(server) = room.beyond(openbao::start) else { return };
    let open = |line: &Line| -> Act<'_> {
        let settings = OpenBaoSettings {
            address: line.url(),
            ca_file: None,
            auth: OpenBaoAuth::Token(openbao::ROOT.into()),
            auth_mount: String::new(),
            mount: "secret".into(),
            folder: "ecoops".into(),
        };
        let name: SecretName = "a/b".parse().unwrap();
        // The breaker stays open for half a minute: each question here has its own.
        Box::new(move |_| {
            let store = OpenBao::new(settings.clone(), system()).unwrap();
            passing(hurried(|| store.put(&name, &"x".into(), &Terms::default())))?;
            let read = passing(hurried(|| store.get(&name)))?;
            assert_eq!(read.unwrap().text(), Some("x"));
            Ok(())
        })
    };
    try_all(&room, &Subject { deadline: DEADLINE * 2, ..subject("OpenBao", server.port(), &open) });
}

#[test]
fn an_issuer_of_tokens() {
    let Some(room) = Room::open("servers::an_issuer_of_tokens") else { return };
    let Some(issuer) = room.beyond(|| oidc::start(600)) else { return };
    // It signs and publishes under its own name, which is not the line's: whoever asks by another is told so.
    let own = issuer.url();
    let open = |line: &Line| -> Act<'_> {
        let settings =
            OidcSettings { issuer: line.url(), client_id: "ecoops".into(), ..OidcSettings::default() };
        let own = own.clone();
        Box::new(move |_| {
            let oidc = Oidc::public(settings.clone(), system());
            match hurried(|| oidc.start_device()) {
                // The answer came whole; that it is another's is what it says.
                Err(why) if why.to_string().contains(&own) => Ok(()),
                Err(why) => Err(Undone::Passing(why.to_string())),
                Ok(_) => Ok(()),
            }
        })
    };
    try_all(&room, &subject("OIDC, discovery", issuer.server.port(), &open));
}

#[test]
fn a_model_that_embeds() {
    let Some(room) = Room::open("servers::a_model_that_embeds") else { return };
    // By the protocol's documentation: a real model takes seconds for the questions of all faults at once. (The
    // contract suite of the embedders asks one.)
    let answer = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]}]}"#;
    let server = room.beyond(|| Replay::start(move |_| (200, answer.into())));
    let open = |line: &Line| -> Act<'_> {
        let embedder = OpenAiEmbedder::new(http(line), "smollm2").unwrap();
        Box::new(move |_| match hurried(|| embedder.embed(&["x"])) {
            Ok(vectors) => {
                assert_eq!(vectors.len(), 1);
                Ok(())
            }
            Err(EmbedderError::Away(why)) => Err(Undone::Passing(why)),
            // The built-in model does not stand in for what is not away.
            Err(other) => Err(Undone::ForGood(other.to_string())),
        })
    };
    try_all(&room, &subject("embeddings (documented answers)", server.address().port(), &open));
}
