//! How a request to S3 is signed: AWS Signature Version 4
//! (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
//!
//! Signs the host, the date and the hash of the body; HMAC is RFC 2104 over SHA-256.

use ecoops_core::domain::hex;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

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
            query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
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
            key = hmac(&key, part.as_bytes()).to_vec();
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

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut block = [0u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(Sha256::digest(key).as_slice());
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pass = |pad: u8, text: &[u8]| -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(block.map(|b| b ^ pad));
        hash.update(text);
        hash.finalize().into()
    };
    pass(0x5c, &pass(0x36, text))
}

fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, cases 1, 2 and 6.
    #[test]
    fn hmac_is_the_one_of_the_rfc() {
        for (key, text, starts) in [
            (&[0x0b; 20][..], &b"Hi There"[..], "b0344c61d8db38535ca8afceaf0bf12b"),
            (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7"),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f",
            ),
        ] {
            assert!(hex(hmac(key, text)).starts_with(starts));
        }
    }

    #[test]
    fn a_time_is_written_as_s3_wants_it() {
        assert_eq!(time(Timestamp::UNIX_EPOCH), "19700101T000000Z");
    }
}
