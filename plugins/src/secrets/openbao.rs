//! Credentials in OpenBao: its key-value store, version 2, behind a login by token, AppRole, JWT or a Kubernetes
//! service account; and certificates of its PKI.
//!
//! The token of a login is renewed after two thirds of its life and revoked when this is dropped. Neither it nor
//! what is read is ever written down.

use crate::http::{Answer, Client, HttpError, Limits, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::secrets::{About, Secret, SecretName, Secrets, SecretsError, Terms, check};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroize;

/// Bytes of the longest JWT file.
const LONGEST_JWT: u64 = 64 << 10;
/// How long who stops waits for what is given back.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Entries of the largest folder that is listed.
const MOST_ENTRIES: usize = 10_000;

/// How to log in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// A token from elsewhere; it is renewed, and not revoked.
    Token(Secret),
    AppRole {
        role_id: String,
        secret_id: Secret,
    },
    /// The JWT is read anew at each login, as its file is replaced from time to time.
    Jwt {
        role: String,
        file: PathBuf,
    },
    /// As [`Auth::Jwt`], with a service account's token.
    Kubernetes {
        role: String,
        file: PathBuf,
    },
}

impl Auth {
    fn method(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::AppRole { .. } => "approle",
            Self::Jwt { .. } => "jwt",
            Self::Kubernetes { .. } => "kubernetes",
        }
    }
}

#[derive(Debug, Clone)]
pub struct OpenBaoSettings {
    pub address: String,
    pub ca_file: Option<PathBuf>,
    pub auth: Auth,
    /// Where the method is mounted; empty for its own name.
    pub auth_mount: String,
    /// Where the key-value store is mounted, and the folder in it.
    pub mount: String,
    pub folder: String,
}

/// A token and its life.
struct Lease {
    token: Secret,
    /// Milliseconds of the host when it was given.
    given: u64,
    /// Milliseconds; 0 for ever.
    life: u64,
    renewable: bool,
}

impl Lease {
    fn age(&self, now: u64) -> u64 {
        now.saturating_sub(self.given)
    }

    fn is_fresh(&self, now: u64) -> bool {
        self.life == 0 || self.age(now) < self.life / 3 * 2
    }

    fn holds(&self, now: u64) -> bool {
        self.life == 0 || self.age(now) < self.life
    }
}

pub struct OpenBao {
    client: Client,
    settings: OpenBaoSettings,
    host: Arc<dyn Host>,
    lease: Mutex<Option<Lease>>,
}

impl std::fmt::Debug for OpenBao {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenBao").field("address", &self.client.shown()).finish_non_exhaustive()
    }
}

/// What a login or a renewal gives.
#[derive(Deserialize)]
struct Granted {
    client_token: String,
    lease_duration: u64,
    #[serde(default)]
    renewable: bool,
}

/// A certificate of the PKI, with its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// PEM, with the chain above it.
    pub certificates: String,
    /// PEM.
    pub private_key: Secret,
    /// Seconds since 1970.
    pub made: i64,
    pub expires: i64,
    pub serial: String,
}

impl Certificate {
    /// Seconds since 1970 at which two thirds of its life are over.
    pub fn due(&self) -> i64 {
        self.made.saturating_add(self.expires.saturating_sub(self.made).max(0) * 2 / 3)
    }

    pub fn is_due(&self, now: i64) -> bool {
        now >= self.due()
    }
}

/// What is to be certified, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateRequest {
    /// Where the PKI is mounted.
    pub mount: String,
    pub role: String,
    /// DNS names and addresses; the first is the common name, unless it is an address.
    pub names: Vec<String>,
    pub seconds: u64,
}

impl CertificateRequest {
    fn body(&self) -> Value {
        let is_address = |name: &&String| name.parse::<std::net::IpAddr>().is_ok();
        let (addresses, names): (Vec<&String>, Vec<&String>) = self.names.iter().partition(is_address);
        let listed = |all: &[&String]| all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(",");
        json!({
            "common_name": names.first().or(addresses.first()), "alt_names": listed(&names),
            "ip_sans": listed(&addresses), "ttl": format!("{}s", self.seconds),
        })
    }
}

/// What we write; what others write needs only `value`.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// For what is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
    #[serde(flatten)]
    terms: Terms,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.value.zeroize();
        self.value_base64.zeroize();
    }
}

impl OpenBao {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`SecretsError::Unavailable`] for an address that cannot be used.
    pub fn new(settings: OpenBaoSettings, host: Arc<dyn Host>) -> Result<Self, SecretsError> {
        let limits = Limits {
            request: Duration::from_secs(5),
            whole: Duration::from_secs(15),
            answer: 4 << 20,
            ..Limits::default()
        };
        let server = Server {
            url: settings.address.clone(),
            // Makes the client refuse to send credentials in clear to another machine.
            headers: vec![("X-Vault-Request".to_owned(), "true".to_owned())],
            ca_file: settings.ca_file.clone(),
            limits,
            ..Server::default()
        };
        let client = Client::new(server)
            .map_err(|e| SecretsError::Unavailable { place: "OpenBao".into(), why: e.to_string() })?;
        Ok(Self { client, settings, host, lease: Mutex::new(None) })
    }

    fn unavailable(&self, why: impl ToString) -> SecretsError {
        SecretsError::Unavailable { place: self.shown(), why: why.to_string() }
    }

    fn shown(&self) -> String {
        format!("OpenBao at {}", self.client.shown())
    }

    fn http(&self, error: HttpError) -> SecretsError {
        self.unavailable(error)
    }

    /// What an answer that is no success means.
    fn refused(&self, answer: &Answer) -> SecretsError {
        let errors = answer.json::<Value>().ok().and_then(|body| {
            let list = body.get("errors")?.as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>();
            (!list.is_empty())
                .then(|| list.join("; ").chars().filter(|c| !c.is_control()).take(300).collect::<String>())
        });
        let why = errors.unwrap_or_else(|| format!("it answered {}", answer.status));
        match answer.status {
            400 | 401 | 403 => SecretsError::Locked { place: self.shown(), why },
            _ => self.unavailable(why),
        }
    }

    fn granted(&self, answer: &Answer) -> Result<Lease, SecretsError> {
        if !answer.is_success() {
            return Err(self.refused(answer));
        }
        let mut body: Value = answer.json().map_err(|e| self.http(e))?;
        let auth: Granted = serde_json::from_value(body["auth"].take())
            .map_err(|_| self.unavailable("its login gives no token"))?;
        Ok(Lease {
            token: auth.client_token.into(),
            given: self.host.monotonic_millis(),
            life: auth.lease_duration.saturating_mul(1000),
            renewable: auth.renewable,
        })
    }

    fn login(&self) -> Result<Lease, SecretsError> {
        let mount = match self.settings.auth_mount.as_str() {
            "" => self.settings.auth.method(),
            mount => mount,
        };
        let jwt = |file: &PathBuf| {
            let read = || -> std::io::Result<String> {
                use std::io::Read;
                let mut text = String::new();
                std::fs::File::open(file)?.take(LONGEST_JWT).read_to_string(&mut text)?;
                Ok(text.trim().to_owned())
            };
            read().map_err(|e| self.unavailable(format!("the token {}: {e}", file.display())))
        };
        let body = match &self.settings.auth {
            Auth::Token(token) => return self.adopt(token),
            Auth::AppRole { role_id, secret_id } => {
                json!({ "role_id": role_id, "secret_id": secret_id.text().unwrap_or_default() })
            }
            Auth::Jwt { role, file } | Auth::Kubernetes { role, file } => {
                json!({ "role": role, "jwt": jwt(file)? })
            }
        };
        let path = format!("/v1/auth/{}/login", path(mount));
        let answer = self.client.post(&path).json(&body).send().map_err(|e| self.http(e))?;
        self.granted(&answer)
    }

    /// How long a token from elsewhere lives still.
    fn adopt(&self, token: &Secret) -> Result<Lease, SecretsError> {
        let text = token.text().unwrap_or_default();
        let asked = self.client.get("/v1/auth/token/lookup-self").secret_header("X-Vault-Token", text).send();
        let answer = asked.map_err(|e| self.http(e))?;
        if !answer.is_success() {
            return Err(self.refused(&answer));
        }
        let body: Value = answer.json().map_err(|e| self.http(e))?;
        Ok(Lease {
            token: token.clone(),
            given: self.host.monotonic_millis(),
            life: body["data"]["ttl"].as_u64().unwrap_or(0).saturating_mul(1000),
            renewable: body["data"]["renewable"].as_bool().unwrap_or(false),
        })
    }

    fn renew(&self, lease: &Lease) -> Result<Lease, SecretsError> {
        let text = lease.token.text().unwrap_or_default();
        let request = self.client.post("/v1/auth/token/renew-self").secret_header("X-Vault-Token", text);
        let answer = request.json(&json!({})).repeatable().send().map_err(|e| self.http(e))?;
        self.granted(&answer)
    }

    /// A token that holds for another third of its life at least, as far as OpenBao lets us.
    fn token(&self) -> Result<Secret, SecretsError> {
        let mut kept = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.host.monotonic_millis();
        if let Some(lease) = kept.as_ref().filter(|lease| lease.is_fresh(now)) {
            return Ok(lease.token.clone());
        }
        if let Some(lease) = kept.as_ref().filter(|lease| lease.renewable && lease.holds(now)) {
            match self.renew(lease) {
                // What comes back short has reached the end that no renewal moves.
                Ok(renewed) if renewed.life >= lease.life / 2 => {
                    return Ok(kept.insert(renewed).token.clone());
                }
                Ok(_) | Err(SecretsError::Locked { .. }) => {}
                Err(_) => return Ok(lease.token.clone()),
            }
        }
        let lease = self.login()?;
        Ok(kept.insert(lease).token.clone())
    }

    /// Asks with the token; one that was revoked meanwhile is replaced once.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, SecretsError> {
        for last in [false, true] {
            let token = self.token()?;
            let request = match method {
                "GET" => self.client.get(path),
                "DELETE" => self.client.delete(path),
                _ => self.client.post(path),
            };
            let request = request.secret_header("X-Vault-Token", token.text().unwrap_or_default());
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            let answer = request.send().map_err(|e| self.http(e))?;
            let own_token = !matches!(self.settings.auth, Auth::Token(_));
            if answer.status != 403 || last || !own_token {
                return Ok(answer);
            }
            *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Err(self.unavailable("it gave no answer"))
    }

    fn place_of(&self, kind: &str, name: &str) -> String {
        let whole: Vec<String> =
            [self.settings.folder.as_str(), name].into_iter().filter(|p| !p.is_empty()).map(path).collect();
        format!("/v1/{}/{kind}/{}", path(&self.settings.mount), whole.join("/"))
    }

    /// The entry and when it was made.
    fn read(&self, name: &SecretName) -> Result<Option<(Entry, Option<Timestamp>)>, SecretsError> {
        let answer = self.ask("GET", &self.place_of("data", name.as_str()), None)?;
        if answer.status == 404 {
            return Ok(None);
        }
        if !answer.is_success() {
            return Err(self.refused(&answer));
        }
        let mut body: Value = answer.json().map_err(|e| self.http(e))?;
        let made = body["data"]["metadata"]["created_time"].as_str().and_then(|t| t.parse().ok());
        let damaged = |why: &str| SecretsError::Damaged {
            place: format!("{name} in {}", self.shown()),
            why: why.into(),
        };
        let entry: Entry = serde_json::from_value(body["data"]["data"].take())
            .map_err(|_| damaged("its fields are none of ours: it needs `value`"))?;
        Ok(Some((entry, made)))
    }

    fn about_of(&self, name: &SecretName, terms: &Terms, made: Option<Timestamp>) -> About {
        About { name: name.clone(), place: self.place(), made, terms: terms.clone() }
    }

    /// The names below `folder`, which ends with `/` or is empty.
    fn names(&self, folder: &str, found: &mut Vec<SecretName>, depth: usize) -> Result<(), SecretsError> {
        let place = format!("{}?list=true", self.place_of("metadata", folder.trim_end_matches('/')));
        let answer = self.ask("GET", &place, None)?;
        if answer.status == 404 {
            return Ok(());
        }
        if !answer.is_success() {
            return Err(self.refused(&answer));
        }
        let body: Value = answer.json().map_err(|e| self.http(e))?;
        for key in body["data"]["keys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let whole = format!("{folder}{key}");
            if found.len() >= MOST_ENTRIES {
                return Err(self.unavailable("it holds too many entries to list"));
            }
            if key.ends_with('/') && depth < 8 {
                self.names(&whole, found, depth + 1)?;
            } else if let Ok(name) = whole.parse() {
                found.push(name);
            }
        }
        Ok(())
    }

    /// A certificate of the PKI.
    ///
    /// # Errors
    /// [`SecretsError`] when the role does not allow it, or it cannot be asked for.
    pub fn issue(&self, request: &CertificateRequest) -> Result<Certificate, SecretsError> {
        let place = format!("/v1/{}/issue/{}", path(&request.mount), path(&request.role));
        let answer = self.ask("POST", &place, Some(&request.body()))?;
        if !answer.is_success() {
            return Err(self.refused(&answer));
        }
        let body: Value = answer.json().map_err(|e| self.http(e))?;
        let data = &body["data"];
        let text = |name: &str| data[name].as_str().map(str::to_owned);
        let missing = || self.unavailable("its answer is no certificate");
        let mut certificates = text("certificate").ok_or_else(missing)?;
        for above in data["ca_chain"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            certificates = format!("{}\n{above}", certificates.trim_end());
        }
        Ok(Certificate {
            certificates,
            private_key: text("private_key").ok_or_else(missing)?.into(),
            made: self.host.now().as_second(),
            expires: data["expiration"].as_i64().ok_or_else(missing)?,
            serial: text("serial_number").unwrap_or_default(),
        })
    }

    /// Ends a certificate's life before its time. Its key proves that it is ours, so that no right to revoke others'
    /// is needed.
    ///
    /// # Errors
    /// [`SecretsError`] when OpenBao does not answer in time or does not allow it.
    pub fn revoke_certificate(&self, mount: &str, certificate: &Certificate) -> Result<(), SecretsError> {
        let place = format!("/v1/{}/revoke-with-key", path(mount));
        let key = certificate.private_key.text().unwrap_or_default();
        let body = json!({ "serial_number": certificate.serial, "private_key": key });
        let asked = crate::http::deadline::until(std::time::Instant::now() + LAST_WORDS, || {
            self.ask("POST", &place, Some(&body))
        });
        match asked? {
            answer if answer.is_success() => Ok(()),
            answer => Err(self.refused(&answer)),
        }
    }

    /// Ends the token of our own login. Called when this is dropped, too.
    ///
    /// # Errors
    /// [`SecretsError`] when OpenBao does not answer in time; the token then ends by itself.
    pub fn revoke(&self) -> Result<(), SecretsError> {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(lease) = lease.filter(|_| !matches!(self.settings.auth, Auth::Token(_))) else {
            return Ok(());
        };
        let text = lease.token.text().unwrap_or_default();
        let request = self.client.post("/v1/auth/token/revoke-self").secret_header("X-Vault-Token", text);
        let answer = request.json(&json!({})).once().within(LAST_WORDS).send();
        match answer.map_err(|e| self.http(e))? {
            answer if answer.is_success() => Ok(()),
            answer => Err(self.refused(&answer)),
        }
    }
}

impl Drop for OpenBao {
    fn drop(&mut self) {
        if let Err(why) = self.revoke() {
            tracing::warn!(%why, "a token of OpenBao was not revoked; it ends by itself");
        }
    }
}

/// Encodes each part of a path.
fn path(text: &str) -> String {
    text.split('/').filter(|part| !part.is_empty()).map(crate::http::path_part).collect::<Vec<_>>().join("/")
}

impl Secrets for OpenBao {
    fn place(&self) -> String {
        format!("{}, {}/{}", self.shown(), self.settings.mount, self.settings.folder)
    }

    fn get(&self, name: &SecretName) -> Result<Option<Secret>, SecretsError> {
        let Some((mut entry, _)) = self.read(name)? else { return Ok(None) };
        if let Some(text) = entry.value.take() {
            return Ok(Some(text.into()));
        }
        let bytes = entry.value_base64.as_deref().and_then(|text| STANDARD.decode(text).ok());
        let why = "it has no `value`".to_owned();
        bytes
            .map(|b| Some(Secret::new(b)))
            .ok_or(SecretsError::Damaged { place: format!("{name} in {}", self.shown()), why })
    }

    fn put(&self, name: &SecretName, secret: &Secret, terms: &Terms) -> Result<About, SecretsError> {
        check(secret)?;
        let entry = match secret.text() {
            Some(text) => Entry { value: Some(text.to_owned()), value_base64: None, terms: terms.clone() },
            None => Entry {
                value: None,
                value_base64: Some(STANDARD.encode(secret.expose())),
                terms: terms.clone(),
            },
        };
        let answer =
            self.ask("POST", &self.place_of("data", name.as_str()), Some(&json!({ "data": entry })))?;
        if !answer.is_success() {
            return Err(self.refused(&answer));
        }
        let body: Value = answer.json().map_err(|e| self.http(e))?;
        let made = body["data"]["created_time"].as_str().and_then(|t| t.parse().ok());
        Ok(self.about_of(name, terms, made))
    }

    /// With all its versions.
    fn remove(&self, name: &SecretName) -> Result<bool, SecretsError> {
        if self.read(name)?.is_none() {
            return Ok(false);
        }
        let answer = self.ask("DELETE", &self.place_of("metadata", name.as_str()), None)?;
        if answer.is_success() { Ok(true) } else { Err(self.refused(&answer)) }
    }

    fn list(&self) -> Result<Vec<About>, SecretsError> {
        let mut names = Vec::new();
        self.names("", &mut names, 0)?;
        names.sort();
        let mut all = Vec::new();
        for name in names {
            if let Some((entry, made)) = self.read(&name)? {
                all.push(self.about_of(&name, &entry.terms, made));
            }
        }
        Ok(all)
    }

    /// The token is renewed after two thirds of its life, and replaced when it cannot be. The first login is not begun.
    fn keep_open(&self) -> Result<Option<Duration>, SecretsError> {
        let due = |kept: &Option<Lease>| {
            let lease = kept.as_ref().filter(|lease| lease.life > 0)?;
            let wait = (lease.life / 3 * 2).saturating_sub(lease.age(self.host.monotonic_millis()));
            Some(Duration::from_millis(wait))
        };
        let next = due(&self.lease.lock().unwrap_or_else(PoisonError::into_inner));
        if next.is_none_or(|wait| !wait.is_zero()) {
            return Ok(next);
        }
        self.token()?;
        let next = due(&self.lease.lock().unwrap_or_else(PoisonError::into_inner));
        // One that could not be renewed and still holds is tried again soon.
        Ok(next.map(|wait| wait.max(Duration::from_secs(1))))
    }

    fn close(&self) -> Result<(), SecretsError> {
        self.revoke()
    }

    fn about(&self, name: &SecretName) -> Result<Option<About>, SecretsError> {
        Ok(self.read(name)?.map(|(entry, made)| self.about_of(name, &entry.terms, made)))
    }
}
