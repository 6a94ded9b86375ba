//! The contract of the identity port.

// A helper of a test fails by panicking, as the test itself does.
#![allow(clippy::unwrap_used)]

use ecoops_core::domain::Permission;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::{Identity, IdentityError, Token};
use ecoops_core::ports::secrets::{Secrets, Terms};
use ecoops_plugins::host::frozen::Frozen;
use ecoops_plugins::identity::settings::IdentitySettings;
use ecoops_plugins::registry::{
    self, AuthError, IdentityChoice, Login, Oidc, OidcError, OidcSettings, Polled, ServiceChoice,
    SessionStore, Showing, Standing, Unlock,
};
use ecoops_plugins::secrets::file::FileSecrets;
use ecoops_tests::agent::{Agent, free_port};
use ecoops_tests::auth_service::as_seen;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::servers::oidc::{self, Issuer};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Bench {
    identity: Box<dyn Identity>,
    host: Arc<Frozen>,
    /// What the actor holds, which gives everything but `remediation:admin`.
    role: &'static str,
    _folder: tempfile::TempDir,
}

fn frozen() -> Arc<Frozen> {
    Arc::new(Frozen::at("2026-11-20T08:00:00Z".parse().unwrap(), 7))
}

fn open(folder: &Path, host: Arc<dyn Host>) -> Result<Box<dyn Identity>, registry::RegistryError> {
    let choice = IdentityChoice {
        adapter: "os_user".to_owned(),
        folder: folder.join("identity"),
        settings: IdentitySettings::default(),
    };
    registry::identity(&choice, host)
}

fn os_user() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let host = frozen();
    let identity = open(folder.path(), host.clone()).unwrap();
    Bench { identity, host, role: "developer", _folder: folder }
}

/// Somebody who logged in at the issuer as `operator`.
fn logged_in(issuer: &Issuer) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    // As the issuer has it; from here on it stands still.
    let host = Arc::new(Frozen::at(registry::host("system").unwrap().now(), 7));
    let settings = OidcSettings {
        issuer: issuer.url(),
        client_id: "ecoops".into(),
        scopes: ["openid", "profile", "offline_access"].map(str::to_owned).to_vec(),
        role_claims: vec!["/realm_access/roles".into()],
        skew: 30,
        ..OidcSettings::default()
    };
    let oidc = Arc::new(Oidc::public(settings, host.clone()));
    let secrets: Arc<dyn Secrets> = Arc::new(FileSecrets::new(
        folder.path().join("credentials.json"),
        Unlock::Machine { key_file: folder.path().join("key"), machine: String::new() },
        host.clone(),
    ));
    let lock = folder.path().join("login.lock");
    let store = SessionStore { secrets: secrets.as_ref(), lock: lock.clone() };
    let mut waiting = oidc.start_device().unwrap();
    assert!(matches!(oidc.poll_device(&mut waiting).unwrap(), Polled::Pending));
    issuer.browse(&waiting.page, "operator", &waiting.user_code);
    let Polled::Done(tokens) = oidc.poll_device(&mut waiting).unwrap() else { panic!("it was approved") };
    oidc.begin(tokens, None, false, &store).unwrap();
    let choice = IdentityChoice {
        adapter: "os_user".to_owned(),
        folder: folder.path().join("identity"),
        settings: IdentitySettings::default().with_issuer_roles(&BTreeMap::from([(
            "platform-operator".to_owned(),
            BTreeSet::from([Permission::Read, Permission::Write, Permission::Deploy]),
        )])),
    };
    let login = Some(Login { secrets, lock, required: true });
    let identity = registry::identity_with_issuer(&choice, oidc, login, host.clone()).unwrap();
    Bench { identity, host, role: "oidc:platform-operator", _folder: folder }
}

/// Roles of an issuer, of which one gives everything but `remediation:admin`.
fn with_roles(role: &str) -> IdentitySettings {
    let may = BTreeSet::from([Permission::Read, Permission::Write, Permission::Deploy]);
    IdentitySettings::default().with_issuer_roles(&BTreeMap::from([(role.to_owned(), may)]))
}

/// Somebody whom an auth-service knows by a token.
fn by_service(url: &str, token: Option<&str>, role: &'static str, required: bool) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let host = Arc::new(Frozen::at(registry::host("system").unwrap().now(), 7));
    let settings = with_roles(role.strip_prefix("oidc:").unwrap());
    let folder_of_key = folder.path().join("identity");
    let choice = IdentityChoice { adapter: "os_user".into(), folder: folder_of_key, settings };
    let token = token.map(str::to_owned);
    let showing = Showing { token: Arc::new(move || Ok(token.as_deref().map(Into::into))), required };
    let service = registry::auth_service(&at(url)).unwrap();
    let identity = registry::identity_by_service(&choice, service, Some(showing), host.clone()).unwrap();
    Bench { identity, host, role, _folder: folder }
}

fn at(url: &str) -> ServiceChoice {
    let deadline = std::time::Duration::from_secs(10);
    ServiceChoice { address: url.to_owned(), deadline, ..ServiceChoice::default() }
}

/// What every identity adapter keeps.
fn suite(make: impl Fn() -> Bench) {
    a_token_proves_its_actor(&make());
    permissions_are_checked(&make());
    tokens_end(&make());
    a_clock_set_back_is_told(&make());
    anything_else_is_refused(&make());
}

fn a_token_proves_its_actor(bench: &Bench) {
    let token = bench.identity.login(60).unwrap();
    let actor = bench.identity.verify(&token).unwrap();
    assert!(!actor.id.is_empty());
    assert_eq!(actor.roles, [bench.role]);
    assert_ne!(bench.identity.login(60).unwrap().0, token.0, "two logins give two tokens");
    for seconds in [0, 3601, u32::MAX] {
        assert!(bench.identity.login(seconds).is_err(), "{seconds}");
    }
    assert!(!format!("{token:?}").contains(&token.0), "a token must not be printed by accident");
}

fn permissions_are_checked(bench: &Bench) {
    let token = bench.identity.login(60).unwrap();
    for (permission, allowed) in [
        (Permission::Read, true),
        (Permission::Write, true),
        (Permission::Deploy, true),
        (Permission::Admin, false),
    ] {
        assert_eq!(bench.identity.check(&token, permission).is_ok(), allowed, "{permission}");
    }
    let error = bench.identity.check(&token, Permission::Admin).unwrap_err();
    assert!(error.to_string().contains("lacks the permission remediation:admin"), "{error}");
}

fn tokens_end(bench: &Bench) {
    let token = bench.identity.login(60).unwrap();
    bench.host.advance(89_000);
    assert!(bench.identity.verify(&token).is_ok(), "within the skew of 30 s");
    bench.host.advance(1_000);
    assert!(matches!(bench.identity.verify(&token), Err(IdentityError::Expired(30))));
}

fn a_clock_set_back_is_told(bench: &Bench) {
    let token = bench.identity.login(60).unwrap();
    let back = |seconds: i64| Timestamp::from_second(bench.host.now().as_second() - seconds).unwrap();
    bench.host.set(back(30));
    assert!(bench.identity.verify(&token).is_ok(), "within the skew of 30 s");
    bench.host.set(back(3570));
    let error = bench.identity.verify(&token).unwrap_err();
    assert!(matches!(error, IdentityError::NotYetValid(3600)));
    assert!(error.to_string().contains("was the clock set back?"), "{error}");
}

fn anything_else_is_refused(bench: &Bench) {
    let token = bench.identity.login(60).unwrap().0;
    // Every single changed character, the last bits of the last one too.
    for at in 0..token.len() {
        for with in ["A", "B", "_", "=", ".", " ", "\n"] {
            let mut other = token.clone();
            other.replace_range(at..=at, with);
            assert!(other == token || bench.identity.verify(&Token(other)).is_err(), "{with:?} at {at}");
        }
    }
    let (body, signature) = token.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIn0";
    for other in [
        String::new(),
        ".".to_owned(),
        body.to_owned(),
        format!("{body}."),
        format!(".{signature}"),
        format!("{token}="),
        format!("{token}."),
        format!(" {token}"),
        format!("{none}.{token}"),
        format!("{none}.{body}."),
        format!("{body}.{}", "A".repeat(86)),
        format!("{}.{signature}", "A".repeat(9_000)),
        "\u{0}\u{1F512}".to_owned(),
    ] {
        assert!(bench.identity.verify(&Token(other.clone())).is_err(), "{other:?}");
    }
}

#[test]
fn os_user_keeps_the_contract() {
    suite(os_user);
}

#[test]
fn who_logged_in_keeps_the_contract() {
    let Some(issuer) = oidc::start(600) else { return };
    suite(|| logged_in(&issuer));
    let tokens = issuer.seen("/token");
    let bench = logged_in(&issuer);
    assert_eq!(bench.identity.login(60).and_then(|t| bench.identity.verify(&t)).unwrap().id, "operator");
    assert_eq!(issuer.seen("/token"), tokens + 2, "what holds is not asked for again");
    // The same issuer's bearer tokens count for their own holders, when they are for us.
    let error = bench.identity.verify_bearer(&Token(issuer.service_token("urn:other"))).unwrap_err();
    assert!(matches!(error, IdentityError::Malformed(_)), "{error}");
}

/// An ID token that says nothing, by the key `k`, which signed it never.
const ID_TOKEN: &str = "eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.e30";

/// An issuer that renews a login once, in this process, and what it says when it is asked for its keys.
fn renewing(keys: (u16, String)) -> Replay {
    Replay::start(move |request| {
        let base = format!("http://{}", request.header("host"));
        let (token, jwks) = (format!("{base}/token"), format!("{base}/keys"));
        match request.path.as_str() {
            "/.well-known/openid-configuration" => {
                (200, json!({ "issuer": base, "token_endpoint": token, "jwks_uri": jwks }).to_string())
            }
            "/token" if request.text().contains("refresh_token=first") => {
                let id_token = format!("{ID_TOKEN}.{}", "A".repeat(86));
                let tokens = json!({ "access_token": "new", "refresh_token": "second", "id_token": id_token,
                    "token_type": "Bearer", "expires_in": 600 });
                (200, tokens.to_string())
            }
            "/keys" => keys.clone(),
            _ => (400, json!({ "error": "invalid_grant" }).to_string()),
        }
    })
}

/// A refresh token counts once: the next one must be kept whatever else fails.
#[test]
fn a_login_is_renewed_while_the_issuers_keys_are_away() {
    let ours = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "A".repeat(43) }] });
    let cases = [
        (503, "{}".to_owned(), true),
        (200, json!({ "keys": [] }).to_string(), true),
        (200, "rubbish".to_owned(), true),
        (200, ours.to_string(), false),
    ];
    for (status, keys, good) in cases {
        let issuer = renewing((status, keys.clone()));
        let (folder, host) = (tempfile::tempdir().unwrap(), frozen());
        let unlock = Unlock::Machine { key_file: folder.path().join("key"), machine: String::new() };
        let secrets = FileSecrets::new(folder.path().join("credentials.json"), unlock, host.clone());
        let person = json!({ "subject": "ana", "name": null, "kind": "user", "roles": ["r"], "expires": 0,
            "token_id": null });
        let session = json!({ "issuer": issuer.url(), "client": "c", "access_ends": 0, "person": person,
            "tokens": { "access_token": "old", "refresh_token": "first" } });
        let name = "login/session".parse().unwrap();
        secrets.put(&name, &session.to_string().into(), &Terms::default()).unwrap();
        let store = SessionStore { secrets: &secrets, lock: folder.path().join("login.lock") };
        let settings =
            OidcSettings { issuer: issuer.url(), client_id: "c".into(), ..OidcSettings::default() };
        let current = Oidc::public(settings, host).current(&store);
        if !good {
            // What does not verify is no login.
            assert!(matches!(current, Err(OidcError::Token(_))), "{current:?}");
            continue;
        }
        let current = current.unwrap_or_else(|e| panic!("{status} {keys}: {e:?}"));
        assert_eq!((current.access_token(), current.person.subject.as_str()), ("new", "ana"));
        let kept = serde_json::to_value(store.read().unwrap().unwrap()).unwrap();
        assert_eq!(kept["tokens"]["refresh_token"], "second", "{status} {keys}");
    }
}

#[test]
fn without_an_issuer_no_bearer_is_known() {
    let error = os_user().identity.verify_bearer(&Token("a.b.c".into())).unwrap_err();
    assert!(error.to_string().contains("login.issuer"), "{error}");
}

#[test]
fn another_key_does_not_verify() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let hosts = [registry::host("system").unwrap(), registry::host("system").unwrap()];
    let one = open(folders[0].path(), hosts[0].clone()).unwrap();
    let other = open(folders[1].path(), hosts[1].clone()).unwrap();
    assert!(matches!(other.verify(&one.login(60).unwrap()), Err(IdentityError::Forged)));
    // The same folder opened again is the same key.
    let again = open(folders[0].path(), hosts[0].clone()).unwrap();
    assert!(again.verify(&one.login(60).unwrap()).is_ok());
}

#[test]
fn the_key_is_private_and_made_once_by_many() {
    let folder = tempfile::tempdir().unwrap();
    let identities: Vec<_> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| open(folder.path(), registry::host("system").unwrap()).unwrap()))
            .collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    let token = identities[0].login(60).unwrap();
    assert!(identities.iter().all(|identity| identity.verify(&token).is_ok()), "one key for all");
    let files: Vec<_> =
        std::fs::read_dir(folder.path().join("identity")).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_unusable_key_is_an_error_and_stays_as_it_is() {
    type Spoil = fn(&Path);
    let cases: [(&str, Spoil); 5] = [
        ("is not a PKCS#8 Ed25519 key", |key| std::fs::write(key, "rubbish").unwrap()),
        ("is not a PKCS#8 Ed25519 key", |key| std::fs::write(key, "").unwrap()),
        ("others may use it", |key| {
            std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("symbolic link", |key| {
            let real = key.with_extension("real");
            std::fs::rename(key, &real).unwrap();
            std::os::unix::fs::symlink(real, key).unwrap();
        }),
        ("not a regular file", |key| {
            std::fs::remove_file(key).unwrap();
            std::fs::create_dir(key).unwrap();
        }),
    ];
    for (expected, spoil) in cases {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path(), frozen()).unwrap());
        let key = folder.path().join("identity/ed25519.pem");
        spoil(&key);
        let before = std::fs::read(&key).ok();
        let error = open(folder.path(), frozen()).err().unwrap();
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(why.contains(expected), "{why}");
        assert_eq!(std::fs::read(&key).ok(), before);
    }
}

/// A daemon as the auth-service, over TCP, and a token that it made.
fn agent() -> (Agent, String, String) {
    let mut agent = Agent::new();
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    let made = agent.ecoops(&["agent", "token", "--scope", "*"]);
    let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    (agent, format!("http://127.0.0.1:{port}"), token)
}

#[test]
fn the_agent_as_auth_service_keeps_the_contract() {
    let (_agent, url, token) = agent();
    let service = registry::auth_service(&at(&url)).unwrap();
    let holder = service.verify(&token).unwrap();
    assert_eq!(holder.roles, ["developer"]);
    assert!(matches!(service.introspect(&token), Ok(Standing::Active(Some(end))) if end == holder.expires));
    for (permission, allowed) in [
        ("memory:read", true),
        ("remediation:write", true),
        ("remediation:admin", false),
        ("fly:high", false),
    ] {
        assert_eq!(service.authorize(&token, permission).map(|d| d.allowed), Ok(allowed), "{permission}");
    }
    for wrong in ["", "a.b.c", "nonsense", "a\r\nb", &format!("{token}x"), &"x".repeat(100_000)] {
        assert!(service.verify(wrong).is_err(), "{wrong:.20}");
        assert_ne!(service.introspect(wrong), Ok(Standing::Active(None)), "{wrong:.20}");
    }
    suite(|| by_service(&url, Some(&token), "oidc:developer", true));
    let bench = by_service(&url, Some(&token), "oidc:developer", true);
    let bearer = bench.identity.verify_bearer(&Token(token.clone())).unwrap();
    assert_eq!((bearer.actor.roles, bearer.expires), (vec!["oidc:developer".to_owned()], holder.expires));
    assert!(bench.identity.verify_bearer(&Token(format!("{token}x"))).is_err());
}

#[test]
fn auth_service_as_seen_keeps_the_contract() {
    let stand_in = Replay::start(as_seen);
    let url = stand_in.url();
    suite(|| by_service(&url, Some("operator"), "oidc:platform-operator", true));
    let bench = by_service(&url, Some("service"), "oidc:platform-operator", true);
    let actor = bench.identity.login(60).and_then(|token| bench.identity.verify(&token)).unwrap();
    assert_eq!(actor.kind, ecoops_core::domain::ActorKind::Service, "told by its role");
    let held: Vec<_> = actor.permissions.iter().map(|p| p.as_str()).collect();
    assert!(!held.contains(&"remediation:admin"), "what a token says of permissions counts for nothing");
    let service = registry::auth_service(&at(&url)).unwrap();
    for permission in Permission::ALL {
        assert!(!service.authorize("operator", permission.as_str()).unwrap().allowed, "{permission}");
    }
    assert!(service.authorize("operator", "memory:read").unwrap().allowed);
    assert!(
        matches!(service.authorize("stranger", "memory:read"), Err(AuthError::Refused(why)) if why.contains("401"))
    );
    assert!(
        matches!(service.verify("stranger"), Err(AuthError::Refused(why)) if why.contains("INVALID_TOKEN"))
    );
    assert!(matches!(service.verify(""), Err(AuthError::Refused(why)) if why.contains("MISSING_TOKEN")));
    assert_eq!(service.introspect("operator"), Ok(Standing::Active(None)));
    assert_eq!(service.introspect("stranger"), Ok(Standing::Ended));
    // Whoever brings a token is asked about once a while, and never taken for somebody else.
    let asked = || stand_in.requests().len();
    let before = asked();
    for _ in 0..5 {
        assert_eq!(bench.identity.verify_bearer(&Token("operator".into())).unwrap().actor.id, "operator");
    }
    assert_eq!(asked(), before + 1);
    bench.host.advance(31_000);
    assert!(bench.identity.verify_bearer(&Token("operator".into())).is_ok());
    assert_eq!(asked(), before + 2);
    // Without a token it is this machine's user, unless one is demanded.
    let nobody = by_service(&url, None, "oidc:platform-operator", false);
    assert_eq!(
        nobody.identity.login(60).and_then(|t| nobody.identity.verify(&t)).unwrap().roles,
        ["developer"]
    );
    let error = by_service(&url, None, "oidc:platform-operator", true).identity.login(60).unwrap_err();
    assert!(error.to_string().contains("ECO_AUTH_API_KEY"), "{error}");
}

#[test]
fn what_an_auth_service_cannot_tell_is_nobody_and_no_500_is_asked_again() {
    let holder = |data: Value| json!({ "success": true, "data": data }).to_string();
    let good = json!({ "id": "a", "type": "user", "roles": [] });
    for (status, body, times, refused) in [
        (
            500,
            json!({ "success": false, "error": { "code": "INTERNAL_ERROR", "message": "m" } }).to_string(),
            1,
            false,
        ),
        (500, String::new(), 1, false),
        (404, json!({ "detail": "Not Found" }).to_string(), 1, false),
        (200, json!({ "success": false, "error": { "code": "X", "message": "no" } }).to_string(), 1, false),
        (200, holder(json!({})), 1, false),
        (200, holder(json!({ "actor": good })), 1, false),
        (200, holder(json!({ "actor": { "id": "" }, "expiresAt": "2099-01-01T00:00:00Z" })), 1, false),
        (200, holder(json!({ "valid": false, "actor": good, "expiresAt": "2099-01-01T00:00:00Z" })), 1, true),
        (200, "\u{0}\u{1}".into(), 1, false),
        (401, String::new(), 1, true),
        (403, json!({ "error": "no" }).to_string(), 1, true),
        (503, String::new(), 3, false),
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let shown = body.clone();
        let stand_in = Replay::start(move |_: &Request| {
            counted.fetch_add(1, Ordering::SeqCst);
            (status, shown.clone())
        });
        let service = registry::auth_service(&at(&stand_in.url())).unwrap();
        match service.verify("t").unwrap_err() {
            AuthError::Refused(why) => assert!(refused, "{status} {body}: {why}"),
            AuthError::Untold(why) => assert!(!refused, "{status} {body}: {why}"),
        }
        assert_eq!(asked.load(Ordering::SeqCst), times, "{status} {body}");
        let bench = by_service(&stand_in.url(), Some("t"), "oidc:platform-operator", false);
        assert!(matches!(bench.identity.login(60), Err(IdentityError::Login(_))), "{status} {body}");
    }
    // One that ended meanwhile.
    let over = holder(json!({ "actor": good, "expiresAt": 1_000_000_000 }));
    let stand_in = Replay::start(move |_: &Request| (200, over.clone()));
    let bench = by_service(&stand_in.url(), Some("t"), "oidc:platform-operator", true);
    assert!(matches!(bench.identity.verify_bearer(&Token("t".into())), Err(IdentityError::Expired(_))));
    // Nobody there; and nothing in clear to another machine.
    let nobody = registry::auth_service(&at(&format!("http://127.0.0.1:{}", free_port()))).unwrap();
    assert!(matches!(nobody.verify("t"), Err(AuthError::Untold(_))));
    let far = registry::auth_service(&at("http://auth.example:4001")).unwrap();
    assert!(matches!(far.verify("t"), Err(AuthError::Untold(why)) if why.contains("https only")));
}
