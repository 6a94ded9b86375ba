//! The contract of the secrets port.

// A helper of a test fails by panicking, as the test itself does.
#![allow(clippy::unwrap_used)]

use ecoops_core::ports::host::Host;
use ecoops_core::ports::secrets::{Secret, SecretName, Secrets, SecretsError, Terms};
use ecoops_plugins::host::frozen::Frozen;
use ecoops_plugins::registry::{
    self, Certificate, CertificateRequest, OpenBao, OpenBaoAuth, OpenBaoSettings, SecretsChoice, Unlock,
};
use ecoops_plugins::secrets::confirmed::Confirmed;
use ecoops_plugins::secrets::file::FileSecrets;
use ecoops_plugins::secrets::layered::Layered;
use ecoops_tests::agent::Agent;
use ecoops_tests::http::Replay;
use ecoops_tests::servers::{oidc, openbao};
use ecoops_tests::tls::Authority;
use serde_json::json;
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn host() -> Arc<dyn Host> {
    registry::host("system").unwrap()
}

fn passphrase(phrase: &'static str) -> Unlock {
    Unlock::Passphrase(Arc::new(move |_| (!phrase.is_empty()).then(|| Secret::from(phrase))))
}

fn machine(folder: &Path) -> Unlock {
    Unlock::Machine { key_file: folder.join("keys/machine.key"), machine: "this one".into() }
}

fn choice(folder: &Path, unlock: Unlock) -> SecretsChoice {
    SecretsChoice {
        adapter: "file".into(),
        file: folder.join("credentials.json"),
        unlock,
        service: "ecoops".into(),
        openbao: None,
        confirm: Arc::new(|_| None),
    }
}

fn file(folder: &Path, unlock: Unlock) -> Box<dyn Secrets> {
    registry::secrets(&choice(folder, unlock), host()).unwrap()
}

/// What every adapter keeps; `open` opens the same store anew each time.
fn suite(open: &dyn Fn() -> Box<dyn Secrets>) {
    what_is_put_is_there(open);
    terms_are_kept(open);
    what_is_removed_is_gone(open);
    what_cannot_be_kept_changes_nothing(open);
}

fn what_is_put_is_there(open: &dyn Fn() -> Box<dyn Secrets>) {
    let store = open();
    assert_eq!(store.list().unwrap(), []);
    assert_eq!(store.get(&name("absent")).unwrap(), None);
    assert!(matches!(store.need(&name("absent")), Err(SecretsError::Missing(_))));
    let cases = [
        ("a", b"short".to_vec()),
        ("a/b.c-d_e", "Ünïcode ❤ \n\r\t\"'\\".as_bytes().to_vec()),
        ("bytes", (0..=255).collect()),
        ("large", vec![0xA5; Secret::LARGEST]),
    ];
    for (n, bytes) in &cases {
        let about = store.put(&name(n), &Secret::new(bytes.clone()), &Terms::default()).unwrap();
        assert_eq!((about.name.as_str(), about.place.is_empty()), (*n, false));
    }
    let again = open();
    for (n, bytes) in &cases {
        assert_eq!(again.get(&name(n)).unwrap().unwrap().expose(), bytes, "{n}");
    }
    let names: Vec<_> = again.list().unwrap().into_iter().map(|about| about.name.to_string()).collect();
    assert_eq!(names, ["a", "a/b.c-d_e", "bytes", "large"]);
    again.put(&name("a"), &"other".into(), &Terms::default()).unwrap();
    assert_eq!(
        store.get(&name("a")).unwrap().unwrap().text(),
        Some("other"),
        "the one that was open sees it"
    );
    assert_eq!(again.list().unwrap().len(), 4);
}

fn terms_are_kept(open: &dyn Fn() -> Box<dyn Secrets>) {
    let terms = Terms { rotates_by: Some("2027-02-18T08:00:00Z".parse().unwrap()), confirm: false };
    open().put(&name("k/terms"), &"x".into(), &terms).unwrap();
    let about = open().about(&name("k/terms")).unwrap().unwrap();
    assert_eq!(about.terms, terms);
    assert!(about.made.is_some());
    open().put(&name("k/terms"), &"x".into(), &Terms::default()).unwrap();
    assert_eq!(
        open().about(&name("k/terms")).unwrap().unwrap().terms,
        Terms::default(),
        "the new ones count"
    );
}

fn what_is_removed_is_gone(open: &dyn Fn() -> Box<dyn Secrets>) {
    let store = open();
    store.put(&name("gone"), &"x".into(), &Terms::default()).unwrap();
    assert!(store.remove(&name("gone")).unwrap());
    assert!(!store.remove(&name("gone")).unwrap());
    assert_eq!(open().get(&name("gone")).unwrap(), None);
    assert!(open().about(&name("gone")).unwrap().is_none());
}

fn what_cannot_be_kept_changes_nothing(open: &dyn Fn() -> Box<dyn Secrets>) {
    let store = open();
    store.put(&name("kept"), &"old".into(), &Terms::default()).unwrap();
    assert!(matches!(store.put(&name("kept"), &"".into(), &Terms::default()), Err(SecretsError::Empty)));
    let large = Secret::new(vec![0; Secret::LARGEST + 1]);
    assert!(matches!(store.put(&name("kept"), &large, &Terms::default()), Err(SecretsError::TooLarge(_))));
    assert_eq!(store.get(&name("kept")).unwrap().unwrap().text(), Some("old"));
}

#[test]
fn a_file_under_the_machines_key_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    suite(&|| file(folder.path(), machine(folder.path())));
}

#[test]
fn a_file_under_a_passphrase_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    suite(&|| file(folder.path(), passphrase("correct horse battery staple")));
}

#[test]
fn auto_without_a_desktop_is_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = registry::secrets(
        &SecretsChoice { adapter: "auto".into(), ..choice(folder.path(), machine(folder.path())) },
        host(),
    )
    .unwrap();
    if store.place().contains("keyring") {
        ecoops_tests::parts::skipped(
            "a machine without a keyring",
            "env -u DBUS_SESSION_BUS_ADDRESS tests/run",
        );
        return;
    }
    store.put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    assert!(store.place().contains("encrypted by this machine's key"), "{}", store.place());
    assert!(folder.path().join("credentials.json").exists());
}

/// The file beside a desktop's keyring may be locked or damaged; what the keyring has can be used all the same.
#[test]
fn a_second_store_that_cannot_be_opened_keeps_nothing_of_the_first_back() {
    let folder = tempfile::tempdir().unwrap();
    let open =
        |file: &str| Box::new(FileSecrets::new(folder.path().join(file), machine(folder.path()), host()));
    let both = || {
        let layered = Layered::new(open("first.json"), open("second.json"));
        Confirmed::new(Box::new(layered), Arc::new(|_| None))
    };
    open("second.json").put(&name("old"), &"o".into(), &Terms::default()).unwrap();
    both().put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    assert_eq!(both().get(&name("old")).unwrap().unwrap().text(), Some("o"), "either is looked at");
    assert!(both().about(&name("old")).unwrap().is_some() && both().about(&name("none")).unwrap().is_none());
    std::fs::write(folder.path().join("second.json"), "rubbish").unwrap();
    assert_eq!(both().get(&name("a")).unwrap().unwrap().text(), Some("x"));
    assert!(both().about(&name("a")).unwrap().is_some());
    both().put(&name("a"), &"y".into(), &Terms::default()).expect("it is kept in the first");
    assert_eq!(both().get(&name("a")).unwrap().unwrap().text(), Some("y"));
    // Whether the second has it cannot be told.
    for error in [both().get(&name("old")).unwrap_err(), both().remove(&name("a")).unwrap_err()] {
        assert!(matches!(error, SecretsError::Damaged { .. }), "{error}");
    }
}

/// Somebody thinks about a passphrase, or a process hangs: others are told, and do not wait for ever.
#[test]
fn others_are_not_kept_waiting_while_somebody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let asking = Unlock::Passphrase({
        let folder = folder.path().to_owned();
        Arc::new(move |_| {
            let lock = std::fs::File::create(folder.join("credentials.lock")).unwrap();
            lock.try_lock().expect("nobody holds the lock while the passphrase is asked for");
            Some(Secret::from("right"))
        })
    });
    let store = file(folder.path(), asking.clone());
    store.put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    let again = file(folder.path(), asking.clone());
    again.put(&name("b"), &"x".into(), &Terms::default()).unwrap();
    assert!(file(folder.path(), asking).remove(&name("a")).unwrap());
    assert_eq!(again.list().unwrap().len(), 1);
}

#[test]
fn nothing_of_a_file_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = file(folder.path(), machine(folder.path()));
    store.put(&name("production/database"), &"hunter2hunter2".into(), &Terms::default()).unwrap();
    for entry in ["credentials.json", "keys/machine.key"] {
        let path = folder.path().join(entry);
        let bytes = std::fs::read(&path).unwrap();
        let shows = |what: &str| bytes.windows(what.len()).any(|w| w == what.as_bytes());
        // Base64 of it at each offset too.
        assert!(
            !shows("hunter2") && !shows("database") && !shows("aHVudGVy") && !shows("h1bnRlc"),
            "{entry}"
        );
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "no temporary file is left: {left:?}");
}

#[test]
fn a_wrong_key_is_told_from_damage_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials.json");
    file(folder.path(), passphrase("right")).put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    let before = std::fs::read(&path).unwrap();
    for (unlock, why) in [
        (passphrase("wrong"), "the passphrase is not the right one"),
        (passphrase(""), "asked for at a terminal"),
        (machine(folder.path()), "it wants a passphrase"),
    ] {
        let store = file(folder.path(), unlock);
        for error in [
            store.get(&name("a")).unwrap_err(),
            store.list().unwrap_err(),
            store.put(&name("b"), &"y".into(), &Terms::default()).unwrap_err(),
            store.remove(&name("a")).unwrap_err(),
        ] {
            assert!(matches!(&error, SecretsError::Locked { .. }), "{error}");
            assert!(error.to_string().contains(why), "{error}");
        }
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // Cut short, changed, emptied, replaced.
    let text = String::from_utf8(before.clone()).unwrap();
    let content = text.rfind("\"text\":\"").unwrap() + 12;
    let mut changed = before.clone();
    changed[content] = if changed[content] == b'A' { b'B' } else { b'A' };
    for damaged in [&before[..before.len() / 2], &changed, b"", b"{}", b"\0\xFF rubbish"] {
        std::fs::write(&path, damaged).unwrap();
        let store = file(folder.path(), passphrase("right"));
        let error = store.put(&name("b"), &"y".into(), &Terms::default()).unwrap_err();
        assert!(matches!(error, SecretsError::Damaged { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), damaged, "it is left as it is");
    }
    std::fs::write(&path, &before).unwrap();
    assert!(file(folder.path(), passphrase("right")).get(&name("a")).unwrap().is_some());
}

#[test]
fn the_machines_key_opens_nothing_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), machine(folder.path())).put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    let key_file = folder.path().join("keys/machine.key");
    let elsewhere = Unlock::Machine { key_file: key_file.clone(), machine: "another".into() };
    let error = file(folder.path(), elsewhere).get(&name("a")).unwrap_err();
    assert!(matches!(error, SecretsError::Locked { .. }), "{error}");
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = file(folder.path(), machine(folder.path())).get(&name("a")).unwrap_err();
    assert!(error.to_string().contains("others may use it"), "{error}");
    // A lost key is not replaced: that would seem to lose the credentials.
    std::fs::remove_file(&key_file).unwrap();
    assert!(file(folder.path(), machine(folder.path())).get(&name("a")).is_err());
    assert!(
        file(folder.path(), machine(folder.path())).put(&name("b"), &"x".into(), &Terms::default()).is_err()
    );
    assert!(!key_file.exists());
}

#[test]
fn many_writers_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let folder = folder.path();
            scope.spawn(move || {
                let store = file(folder, machine(folder));
                for n in 0..5 {
                    store.put(&name(&format!("w{writer}/{n}")), &"x".into(), &Terms::default()).unwrap();
                }
            });
        }
    });
    assert_eq!(file(folder.path(), machine(folder.path())).list().unwrap().len(), 40);
}

#[test]
fn a_use_is_confirmed_when_its_owner_wants_that() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let with = |answer: Option<bool>| {
        let asked = asked.clone();
        let confirm = Arc::new(move |_: &_| {
            asked.fetch_add(1, Ordering::Relaxed);
            answer
        });
        let choice = SecretsChoice { confirm, ..choice(folder.path(), machine(folder.path())) };
        registry::secrets(&choice, host()).unwrap()
    };
    let guarded = Terms { confirm: true, rotates_by: None };
    with(None).put(&name("guarded"), &"x".into(), &guarded).unwrap();
    with(None).put(&name("open"), &"y".into(), &Terms::default()).unwrap();
    for (answer, expected) in [(Some(true), true), (Some(false), false), (None, false)] {
        let store = with(answer);
        match store.get(&name("guarded")) {
            Ok(secret) => assert_eq!((secret.is_some(), expected), (true, true)),
            Err(error) => {
                assert!(!expected && matches!(error, SecretsError::Unconfirmed { .. }), "{error}");
            }
        }
        assert!(store.get(&name("open")).unwrap().is_some());
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3, "each use is asked for, the others are not");
}

#[test]
fn times_are_the_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let now = "2026-11-20T08:00:00Z".parse().unwrap();
    let store =
        registry::secrets(&choice(folder.path(), machine(folder.path())), Arc::new(Frozen::at(now, 1)))
            .unwrap();
    assert_eq!(store.put(&name("a"), &"x".into(), &Terms::default()).unwrap().made, Some(now));
}

/// A server with a role that may use `secret/ecoops` and issue certificates, for logins by AppRole.
fn openbao_with_role() -> Option<(ecoops_tests::servers::Server, OpenBaoSettings)> {
    let server = openbao::start()?;
    let policy = r#"path "secret/*" { capabilities = ["create","read","update","delete","list"] } path "pki/issue/*" { capabilities = ["update"] } path "pki/revoke-with-key" { capabilities = ["update"] }"#;
    openbao::set(&server, "PUT", "/v1/sys/policies/acl/ecoops", &json!({ "policy": policy }).to_string());
    openbao::set(&server, "POST", "/v1/sys/auth/approle", r#"{"type":"approle"}"#);
    let role = r#"{"token_policies":["ecoops"],"token_ttl":"60s","token_max_ttl":"150s"}"#;
    openbao::set(&server, "POST", "/v1/auth/approle/role/ecoops", role);
    let id = openbao::set(&server, "GET", "/v1/auth/approle/role/ecoops/role-id", "");
    let secret = openbao::set(&server, "POST", "/v1/auth/approle/role/ecoops/secret-id", "{}");
    let settings = OpenBaoSettings {
        address: format!("http://{}", server.address()),
        ca_file: None,
        auth: OpenBaoAuth::AppRole {
            role_id: id["data"]["role_id"].as_str().unwrap().to_owned(),
            secret_id: secret["data"]["secret_id"].as_str().unwrap().into(),
        },
        auth_mount: String::new(),
        mount: "secret".into(),
        folder: "ecoops".into(),
    };
    Some((server, settings))
}

fn tokens(server: &ecoops_tests::servers::Server) -> usize {
    let (_, body) = openbao::ask(server.port(), "GET", "/v1/auth/token/accessors?list=true", "");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    body["data"]["keys"].as_array().map_or(0, Vec::len)
}

#[test]
fn openbao_keeps_the_contract() {
    let Some((server, settings)) = openbao_with_role() else { return };
    let before = tokens(&server);
    suite(&|| {
        let folder = std::env::temp_dir();
        let openbao = Some(settings.clone());
        let choice =
            SecretsChoice { adapter: "openbao".into(), openbao, ..choice(&folder, machine(&folder)) };
        registry::secrets(&choice, host()).unwrap()
    });
    assert_eq!(tokens(&server), before, "each login's token was revoked at its end");
    // What somebody else put there with the usual tools is found too.
    openbao::set(&server, "POST", "/v1/secret/data/ecoops/by/hand", r#"{"data":{"value":"typed"}}"#);
    let store = OpenBao::new(settings.clone(), host()).unwrap();
    assert_eq!(store.get(&name("by/hand")).unwrap().unwrap().text(), Some("typed"));
    openbao::set(&server, "POST", "/v1/secret/data/ecoops/odd", r#"{"data":{"password":"x"}}"#);
    assert!(matches!(store.get(&name("odd")), Err(SecretsError::Damaged { .. })));
    let wrong = OpenBaoAuth::AppRole { role_id: "no".into(), secret_id: "no".into() };
    let store = OpenBao::new(OpenBaoSettings { auth: wrong, ..settings.clone() }, host()).unwrap();
    let error = store.get(&name("a")).unwrap_err();
    assert!(matches!(error, SecretsError::Locked { .. }), "{error}");
    drop(server);
    let store = OpenBao::new(settings, host()).unwrap();
    assert!(matches!(store.get(&name("a")), Err(SecretsError::Unavailable { .. })));
    let far = OpenBaoSettings { address: "http://bao.example:8200".into(), ..store_settings() };
    assert!(OpenBao::new(far, host()).is_err(), "never in clear to another machine");
}

fn store_settings() -> OpenBaoSettings {
    OpenBaoSettings {
        address: String::new(),
        ca_file: None,
        auth: OpenBaoAuth::Token("x".into()),
        auth_mount: String::new(),
        mount: "secret".into(),
        folder: "ecoops".into(),
    }
}

#[test]
fn a_lease_is_renewed_and_in_the_end_revoked() {
    let Some((server, settings)) = openbao_with_role() else { return };
    let before = tokens(&server);
    let clock = Arc::new(Frozen::at("2026-11-20T08:00:00Z".parse().unwrap(), 1));
    let store = OpenBao::new(settings, clock.clone()).unwrap();
    assert_eq!(tokens(&server), before, "nothing is asked before it must be");
    let get = || store.get(&name("a")).unwrap();
    get();
    get();
    assert_eq!(tokens(&server), before + 1);
    // After two thirds of 60 s it is renewed, and stays the same token.
    clock.advance(45_000);
    get();
    assert_eq!(tokens(&server), before + 1);
    // A token whose end has passed is replaced.
    clock.advance(3_600_000);
    get();
    assert_eq!(tokens(&server), before + 2);
    // One that somebody revoked, too.
    let (_, list) = openbao::ask(server.port(), "GET", "/v1/auth/token/accessors?list=true", "");
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    for accessor in list["data"]["keys"].as_array().unwrap() {
        let body = json!({ "accessor": accessor }).to_string();
        let (_, about) = openbao::ask(server.port(), "POST", "/v1/auth/token/lookup-accessor", &body);
        if about.contains("approle") {
            openbao::set(&server, "POST", "/v1/auth/token/revoke-accessor", &body);
        }
    }
    get();
    let own = tokens(&server);
    drop(store);
    assert_eq!(tokens(&server), own - 1, "revoked when it stops");
}

#[test]
fn certificates_live_as_long_as_was_asked() {
    let Some((server, settings)) = openbao_with_role() else { return };
    openbao::set(&server, "POST", "/v1/sys/mounts/pki", r#"{"type":"pki"}"#);
    openbao::set(
        &server,
        "POST",
        "/v1/pki/root/generate/internal",
        r#"{"common_name":"test root","ttl":"87600h"}"#,
    );
    let role = r#"{"allowed_domains":["example.org"],"allow_subdomains":true,"max_ttl":"72h"}"#;
    openbao::set(&server, "POST", "/v1/pki/roles/agent", role);
    let store = OpenBao::new(settings, host()).unwrap();
    let request = |name: &str| CertificateRequest {
        mount: "pki".into(),
        role: "agent".into(),
        names: vec![name.to_owned(), "two.example.org".into(), "127.0.0.1".into()],
        seconds: 3600,
    };
    let made = store.issue(&request("one.example.org")).unwrap();
    assert!(
        made.certificates.contains("BEGIN CERTIFICATE")
            && made.private_key.text().unwrap().contains("PRIVATE KEY")
    );
    let life = made.expires - made.made;
    assert!((3590..=3610).contains(&life), "{life}");
    assert!(!made.is_due(made.made + 2300) && made.is_due(made.made + 2450));
    assert!(!format!("{made:?}").contains("PRIVATE KEY"));
    let error = store.issue(&request("one.example.com")).unwrap_err();
    assert!(error.to_string().contains("not allowed"), "{error}");
    let revoked = || {
        let found = openbao::set(&server, "GET", &format!("/v1/pki/cert/{}", made.serial), "");
        found["data"]["revocation_time"].as_i64().unwrap_or(0)
    };
    assert_eq!(revoked(), 0);
    // Whoever has not its key cannot end it.
    let stolen = Certificate {
        private_key: store.issue(&request("one.example.org")).unwrap().private_key,
        ..made.clone()
    };
    assert!(store.revoke_certificate("pki", &stolen).is_err());
    assert_eq!(revoked(), 0);
    store.revoke_certificate("pki", &made).unwrap();
    assert!(revoked() > 0);
}

#[test]
fn openbao_lets_in_by_jwt() {
    let (Some((server, settings)), Some(issuer)) = (openbao_with_role(), oidc::start(600)) else { return };
    openbao::set(&server, "POST", "/v1/sys/auth/jwt", r#"{"type":"jwt"}"#);
    let config = json!({ "jwks_url": format!("{}/jwks", issuer.url()), "bound_issuer": issuer.url() });
    openbao::set(&server, "POST", "/v1/auth/jwt/config", &config.to_string());
    let role = json!({ "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["urn:bao"], "token_policies": ["ecoops"] });
    openbao::set(&server, "POST", "/v1/auth/jwt/role/ecoops", &role.to_string());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwt");
    std::fs::write(&file, issuer.service_token("urn:bao") + "\n").unwrap();
    let auth = OpenBaoAuth::Jwt { role: "ecoops".into(), file: file.clone() };
    let with =
        |auth: OpenBaoAuth| OpenBao::new(OpenBaoSettings { auth, ..settings.clone() }, host()).unwrap();
    with(auth.clone()).put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    assert_eq!(with(auth.clone()).get(&name("a")).unwrap().unwrap().text(), Some("x"));
    // For somebody else; then none at all.
    std::fs::write(&file, issuer.service_token("urn:other")).unwrap();
    assert!(matches!(with(auth.clone()).get(&name("a")), Err(SecretsError::Locked { .. })));
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(with(auth).get(&name("a")), Err(SecretsError::Unavailable { .. })));
}

/// The two requests of a Kubernetes API server that a login takes, over TLS: it knows the tokens that it gave out, for
/// whom each is, and who may ask it about them. No cluster, but nothing that OpenBao sees of one is left out.
struct Cluster {
    tokens: Arc<Mutex<HashMap<String, (String, String)>>>,
    api: Replay,
    ca: String,
    _folder: tempfile::TempDir,
}

const REVIEWER: &str = "the reviewer's own token";

impl Cluster {
    fn up() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let tokens: Arc<Mutex<HashMap<String, (String, String)>>> = Arc::default();
        let known = tokens.clone();
        let api = Replay::secure(authority.server(&["127.0.0.1"]), move |request| {
            if request.header("authorization") != format!("Bearer {REVIEWER}") {
                return (401, json!({ "kind": "Status", "status": "Failure", "code": 401 }).to_string());
            }
            if request.path != "/apis/authentication.k8s.io/v1/tokenreviews" {
                return (404, json!({ "kind": "Status", "status": "Failure", "code": 404 }).to_string());
            }
            let asked: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let token = asked["spec"]["token"].as_str().unwrap_or_default();
            let status = match known.lock().unwrap().get(token) {
                Some((account, uid)) => json!({
                    "authenticated": true, "audiences": asked["spec"]["audiences"],
                    "user": { "username": account, "uid": uid, "groups": ["system:serviceaccounts"] },
                }),
                None => json!({ "authenticated": false, "error": "invalid bearer token" }),
            };
            let review =
                json!({ "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "status": status });
            (201, review.to_string())
        });
        let ca = std::fs::read_to_string(&authority.file).unwrap();
        Self { tokens, api, ca, _folder: folder }
    }

    /// A token for a service account, as a pod finds it in its file.
    fn token(&self, namespace: &str, name: &str) -> String {
        use base64::Engine;
        let encode = |value: serde_json::Value| {
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
        };
        let uid = format!("uid-{}", self.tokens.lock().unwrap().len());
        let (account, now) = (json!({ "name": name, "uid": uid }), jiff::Timestamp::now().as_second());
        let claims = json!({
            "iss": "kubernetes/serviceaccount", "sub": format!("system:serviceaccount:{namespace}:{name}"),
            "kubernetes.io": { "namespace": namespace, "serviceaccount": account }, "jti": uid,
            "iat": now - 60, "nbf": now - 60, "exp": now + 3600,
        });
        let token = format!("{}.{}.AAAA", encode(json!({ "alg": "RS256", "kid": "k" })), encode(claims));
        let whose = (format!("system:serviceaccount:{namespace}:{name}"), uid);
        self.tokens.lock().unwrap().insert(token.clone(), whose);
        token
    }
}

#[test]
fn openbao_lets_in_a_service_account() {
    let Some((server, settings)) = openbao_with_role() else { return };
    let cluster = Cluster::up();
    openbao::set(&server, "POST", "/v1/sys/auth/kubernetes", r#"{"type":"kubernetes"}"#);
    let configure = |reviewer: &str, ca: &str| {
        let config = json!({
            "kubernetes_host": cluster.api.url(), "kubernetes_ca_cert": ca,
            "token_reviewer_jwt": reviewer, "disable_local_ca_jwt": true,
        });
        openbao::set(&server, "POST", "/v1/auth/kubernetes/config", &config.to_string());
    };
    configure(REVIEWER, &cluster.ca);
    let role = json!({ "bound_service_account_names": ["ecoops"], "bound_service_account_namespaces": ["ops"], "token_policies": ["ecoops"], "token_ttl": "60s" });
    openbao::set(&server, "POST", "/v1/auth/kubernetes/role/ecoops", &role.to_string());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let with = |role: &str| {
        let auth = OpenBaoAuth::Kubernetes { role: role.into(), file: file.clone() };
        OpenBao::new(OpenBaoSettings { auth, ..settings.clone() }, host()).unwrap()
    };
    let good = cluster.token("ops", "ecoops");
    std::fs::write(&file, format!("{good}\n")).unwrap();
    let before = tokens(&server);
    let store = with("ecoops");
    store.put(&name("a"), &"x".into(), &Terms::default()).unwrap();
    assert_eq!(store.get(&name("a")).unwrap().unwrap().text(), Some("x"));
    assert_eq!((cluster.api.requests().len(), tokens(&server)), (1, before + 1), "one login, reviewed once");
    drop(store);
    assert_eq!(tokens(&server), before, "revoked at its end");
    let locked = |role: &str, why: &str| {
        let error = with(role).get(&name("a")).unwrap_err();
        assert!(
            matches!(error, SecretsError::Locked { .. } | SecretsError::Unavailable { .. }),
            "{why}: {error}"
        );
        assert_eq!(tokens(&server), before, "{why}");
    };
    locked("other", "a role that there is not");
    for (namespace, account) in [("ops", "another"), ("elsewhere", "ecoops")] {
        std::fs::write(&file, cluster.token(namespace, account)).unwrap();
        locked("ecoops", "a service account that the role is not for");
    }
    // One that the cluster has taken back; one that it never gave.
    cluster.tokens.lock().unwrap().remove(&good);
    std::fs::write(&file, &good).unwrap();
    locked("ecoops", "a token that is worth nothing any more");
    std::fs::write(&file, cluster.token("ops", "ecoops")).unwrap();
    configure("somebody else", &cluster.ca);
    locked("ecoops", "a reviewer whom the cluster does not know");
    let stranger = tempfile::tempdir().unwrap();
    let stranger = Authority::new(stranger.path());
    configure(REVIEWER, &std::fs::read_to_string(&stranger.file).unwrap());
    locked("ecoops", "a cluster that is not the one that it says");
    configure(REVIEWER, &cluster.ca);
    assert!(with("ecoops").get(&name("a")).unwrap().is_some());
}

#[test]
fn what_a_store_was_opened_with_is_kept_and_given_back() {
    let Some((server, settings)) = openbao_with_role() else { return };
    let before = tokens(&server);
    let clock = Arc::new(Frozen::at("2026-11-20T08:00:00Z".parse().unwrap(), 1));
    let store = OpenBao::new(settings, clock.clone()).unwrap();
    assert_eq!((store.keep_open().unwrap(), tokens(&server)), (None, before), "nothing is opened for it");
    store.get(&name("a")).unwrap();
    assert_eq!(store.keep_open().unwrap(), Some(Duration::from_secs(40)), "two thirds of 60 s");
    clock.advance(41_000);
    assert_eq!(store.keep_open().unwrap(), Some(Duration::from_secs(40)), "renewed");
    assert_eq!(tokens(&server), before + 1, "the same token");
    store.close().unwrap();
    assert_eq!((store.keep_open().unwrap(), tokens(&server)), (None, before));
    store.get(&name("a")).unwrap();
    assert_eq!(tokens(&server), before + 1, "using it again opens it anew");
}

#[test]
fn what_the_daemon_opened_is_given_back_when_it_stops() {
    let Some((server, settings)) = openbao_with_role() else { return };
    let OpenBaoAuth::AppRole { role_id, secret_id } = &settings.auth else { panic!("the role is one") };
    openbao::set(&server, "POST", "/v1/secret/data/ecoops/opa/token", r#"{"data":{"value":"swordfish"}}"#);
    let mut agent = Agent::new();
    let mut add = agent.command();
    add.args(["credential", "add", "openbao/secret-id"]).stdin(std::process::Stdio::piped());
    let mut add = add.spawn().unwrap();
    std::io::Write::write_all(&mut add.stdin.take().unwrap(), secret_id.expose()).unwrap();
    assert!(add.wait().unwrap().success());
    agent.configure(&format!(
        "[secrets]\nstore = \"openbao\"\n[openbao]\naddress = {:?}\nrole = {role_id:?}\n\
         [policy]\nadapter = \"opa\"\naddress = \"http://127.0.0.1:9\"\ncredential = \"opa/token\"\n",
        settings.address
    ));
    let before = tokens(&server);
    agent.run(&[]);
    ecoops_tests::servers::until("the daemon's login", || (tokens(&server) == before + 1).then_some(()));
    agent.signal(rustix::process::Signal::TERM);
    agent.ended();
    assert_eq!(tokens(&server), before);
    // A command's, too.
    let listed = agent.ecoops(&["credential", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("opa/token"));
    assert_eq!(tokens(&server), before);
}
