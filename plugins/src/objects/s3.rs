//! Objects in a store that speaks the S3 protocol, by addresses of the form `server/bucket/key`.
//!
//! The buckets must be there: making them, and who may read them, is their owner's. Never sends the secret key; each
//! request is signed with it (see `signature`).

mod listing;
mod signature;

use crate::http::{Answer, Client, HttpError, Request, Server};
use ecoops_core::ports::host::Host;
use ecoops_core::ports::objects::{Bucket, MOST_BYTES, ObjectEntry, ObjectKey, Objects, ObjectsError, check};
use signature::{Parts, Signer, sha256};
use std::sync::Arc;

/// Keys of one page of a listing, as S3 allows.
const PAGE: usize = 1_000;

/// Where the store is and with which keys it is spoken to.
#[derive(Clone, Default)]
pub struct S3Settings {
    /// Without token and headers.
    pub server: Server,
    /// `us-east-1` when empty.
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
}

impl std::fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Settings").field("server", &self.server).finish_non_exhaustive()
    }
}

/// See the module.
pub struct S3Objects {
    client: Client,
    /// As the `Host` header says it.
    authority: String,
    /// What the address has before the bucket.
    base: String,
    signer: Signer,
    host: Arc<dyn Host>,
}

impl std::fmt::Debug for S3Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Objects").field("client", &self.client).finish_non_exhaustive()
    }
}

impl S3Objects {
    /// # Errors
    /// [`ObjectsError::Storage`] for what is no address, or without keys.
    pub fn new(settings: S3Settings, host: Arc<dyn Host>) -> Result<Self, ObjectsError> {
        let S3Settings { mut server, region, access_key, secret_key } = settings;
        if access_key.is_empty() || secret_key.is_empty() {
            return Err(ObjectsError::Storage("an S3 store needs an access key and a secret key".into()));
        }
        server.limits.answer = server.limits.answer.max(MOST_BYTES as u64 + 1);
        let (authority, base) = parts(&server.url);
        let client = Client::new(server).map_err(|e| ObjectsError::Storage(e.to_string()))?;
        let region = if region.is_empty() { "us-east-1".to_owned() } else { region };
        Ok(Self { client, authority, base, signer: Signer { region, access_key, secret_key }, host })
    }

    fn ask(
        &self,
        method: &'static str,
        bucket: Bucket,
        key: &str,
        query: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ObjectsError> {
        let path =
            if key.is_empty() { format!("/{}", bucket.name()) } else { format!("/{}/{key}", bucket.name()) };
        let mut request: Request<'_> = match method {
            "PUT" => self.client.put(&path).body("application/octet-stream", body.to_vec()),
            "DELETE" => self.client.delete(&path),
            _ => self.client.get(&path),
        };
        for (name, value) in query {
            request = request.query(name, value);
        }
        let (time, hash) = (signature::time(self.host.now()), sha256(body));
        let whole = format!("{}{path}", self.base);
        let parts =
            Parts { method, authority: &self.authority, path: &whole, query, hash: &hash, time: &time };
        request
            .header("x-amz-date", &time)
            .header("x-amz-content-sha256", &hash)
            .secret_header("Authorization", &self.signer.authorization(&parts))
            .send()
            .map_err(|error| match error {
                HttpError::Offline(_) => ObjectsError::Away(error.to_string()),
                e if e.may_pass() => ObjectsError::Away(e.to_string()),
                e => ObjectsError::Storage(e.to_string()),
            })
    }

    /// Every store marks what it keeps and gives (`ETag`); a portal that answers 200 in its place does not.
    fn own(&self, answer: &Answer) -> Result<(), ObjectsError> {
        if answer.header("etag").is_some() { Ok(()) } else { Err(self.foreign()) }
    }

    fn foreign(&self) -> ObjectsError {
        ObjectsError::Away(format!("{}: the answer is not an S3 store's", self.client.shown()))
    }

    fn refused(&self, bucket: Bucket, answer: &Answer) -> ObjectsError {
        let (shown, name, text) = (self.client.shown(), bucket.name(), answer.text());
        let why = listing::text_of(&text, "Code").unwrap_or_else(|| answer.excerpt());
        let said = format!("{shown} said {} to {name}: {why}", answer.status);
        match answer.status {
            404 => ObjectsError::Storage(format!("{shown} has no bucket {name}: its owner must make it")),
            429 | 500..=599 => ObjectsError::Away(said),
            _ => ObjectsError::Storage(said),
        }
    }
}

/// The authority as a client sends it, and the path.
fn parts(url: &str) -> (String, String) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(usual).unwrap_or(authority);
    (authority.to_owned(), path.trim_end_matches('/').to_owned())
}

impl Objects for S3Objects {
    fn put(&self, bucket: Bucket, key: &ObjectKey, bytes: &[u8]) -> Result<(), ObjectsError> {
        check(bytes)?;
        let answer = self.ask("PUT", bucket, key.as_str(), &[], bytes)?;
        if answer.is_success() { self.own(&answer) } else { Err(self.refused(bucket, &answer)) }
    }

    fn get(&self, bucket: Bucket, key: &ObjectKey) -> Result<Option<Vec<u8>>, ObjectsError> {
        let answer = self.ask("GET", bucket, key.as_str(), &[], &[])?;
        match answer.status {
            404 if listing::text_of(&answer.text(), "Code").as_deref() != Some("NoSuchBucket") => Ok(None),
            _ if answer.is_success() => self.own(&answer).map(|()| Some(answer.body)),
            _ => Err(self.refused(bucket, &answer)),
        }
    }

    fn list(&self, bucket: Bucket, prefix: &str, limit: usize) -> Result<Vec<ObjectEntry>, ObjectsError> {
        let mut found: Vec<ObjectEntry> = Vec::new();
        let mut from: Option<String> = None;
        while found.len() < limit {
            let page = (limit - found.len()).min(PAGE).to_string();
            // in the order that the signature wants
            let mut query: Vec<(&str, &str)> = Vec::new();
            if let Some(token) = &from {
                query.push(("continuation-token", token));
            }
            query.extend([("list-type", "2"), ("max-keys", &page), ("prefix", prefix)]);
            let answer = self.ask("GET", bucket, "", &query, &[])?;
            if !answer.is_success() {
                return Err(self.refused(bucket, &answer));
            }
            let page = listing::read(&answer.text())
                .ok_or_else(|| ObjectsError::Storage(format!("{}: no listing came", self.client.shown())))?;
            found.extend(page.entries);
            if page.next.is_none() || page.next == from {
                break;
            }
            from = page.next;
        }
        found.truncate(limit);
        Ok(found)
    }

    fn delete(&self, bucket: Bucket, key: &ObjectKey) -> Result<(), ObjectsError> {
        let answer = self.ask("DELETE", bucket, key.as_str(), &[], &[])?;
        let absent = answer.status == 404
            && listing::text_of(&answer.text(), "Code").as_deref() != Some("NoSuchBucket");
        match answer.status {
            _ if absent => Ok(()),
            200..=299 if answer.body.is_empty() => Ok(()),
            200..=299 => Err(self.foreign()),
            _ => Err(self.refused(bucket, &answer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn the_authority_is_as_a_client_sends_it() {
        for (url, authority, base) in [
            ("http://127.0.0.1:9000", "127.0.0.1:9000", ""),
            ("https://s3.example:443/", "s3.example", ""),
            ("http://s3.example:80/a/b/", "s3.example", "/a/b"),
            ("https://s3.example:80", "s3.example:80", ""),
        ] {
            assert_eq!(parts(url), (authority.to_owned(), base.to_owned()), "{url}");
        }
    }
}
