//! Does this value hold together as a credential of its kind?

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A test that a value of one kind passes and a look-alike does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The format alone decides.
    None,
    /// The last six characters are the CRC-32 of the rest (without prefix) in base 62.
    /// Source: "Behind GitHub's new authentication token formats", GitHub engineering blog, 2021.
    Github,
    /// Luhn's checksum over its digits (ISO/IEC 7812-1).
    Luhn,
    /// The first part is base64url of a JSON object with `alg` (RFC 7519, RFC 7515).
    Jwt,
    /// Holds a run of at least 40 characters of base 64 (RFC 7468).
    Pem,
    /// Base 64 between its marks that is one whole key: DER as long as it says (X.690, 8.1.3), what OpenSSH
    /// writes, or at least 300 bytes of another kind. A key with a part left out, as documentation has it, is none.
    PemWhole,
    /// The base-32 part decodes to a 12-digit account number; keys of before 2019 hold none.
    AwsKey,
    /// Looks drawn at random rather than written as words or code, see [`is_opaque`].
    Opaque,
}

impl Check {
    /// By its name in a rule: `github`, `luhn`, `jwt`, `pem`, `pem-whole`, `aws-key`, `opaque`, `none`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "none" => Self::None,
            "github" => Self::Github,
            "luhn" => Self::Luhn,
            "jwt" => Self::Jwt,
            "pem" => Self::Pem,
            "pem-whole" => Self::PemWhole,
            "aws-key" => Self::AwsKey,
            "opaque" => Self::Opaque,
            _ => return None,
        })
    }

    pub fn passes(self, value: &str) -> bool {
        match self {
            Self::None => true,
            Self::Github => github(value),
            Self::Luhn => luhn(value),
            Self::Jwt => jwt(value),
            Self::Pem => longest_base64_run(value) >= 40,
            Self::PemWhole => pem_whole(value),
            Self::AwsKey => aws_key(value),
            Self::Opaque => is_opaque(value),
        }
    }
}

/// Shannon entropy of the value's bytes, in bits a character: 0 for a repeated one, 6 at most for base 64.
pub fn entropy(value: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| f64::from(count) / total)
        .map(|p| -p * p.log2())
        .sum()
}

/// CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320).
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

fn github(value: &str) -> bool {
    let Some((_, body)) = value.rsplit_once('_') else { return false };
    let Some(at) = body.len().checked_sub(6).filter(|&at| at > 0 && body.is_char_boundary(at)) else {
        return false;
    };
    let (random, sum) = body.split_at(at);
    base62(crc32(random.as_bytes())) == sum
}

fn base62(mut number: u32) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for slot in digits.iter_mut().rev() {
        *slot = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

fn luhn(value: &str) -> bool {
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &d)| if i % 2 == 0 { d } else { (d * 2) / 10 + (d * 2) % 10 })
        .sum();
    digits.len() >= 12 && sum.is_multiple_of(10)
}

fn jwt(value: &str) -> bool {
    let header = value.split('.').next().unwrap_or_default();
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(header).or_else(|_| STANDARD_NO_PAD.decode(header)) else {
        return false;
    };
    serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|header| header.get("alg").is_some())
}

fn longest_base64_run(value: &str) -> usize {
    value
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '+' || c == '/'))
        .map(|run| run.len())
        .max()
        .unwrap_or(0)
}

/// Also of a key that stands in code: line by line in quotes, or in one string with `\n`.
fn pem_whole(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("KEY") else { return false };
    let Some((body, end)) = rest.split_once("-----END") else { return false };
    if !end.contains("KEY") {
        return false;
    }
    let body = body.replace("\\r", "\n").replace("\\n", "\n");
    let mut encoded = String::with_capacity(body.len());
    let mut headers = false;
    for line in body.lines().skip(1) {
        // Dots alone stand for what was left out.
        if line.contains('.') && line.trim().chars().all(|c| c == '.') {
            return false;
        }
        let line =
            line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '\\' | '.'));
        let line =
            line.strip_suffix('+').filter(|l| l.is_empty() || l.ends_with(['"', '\'', ' '])).unwrap_or(line);
        let line = line.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        if line.contains(':') {
            headers = true;
        } else if !line.starts_with('=') {
            encoded.push_str(line);
        }
    }
    let Ok(bytes) = STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')) else { return false };
    der_length(&bytes) == Some(bytes.len())
        || bytes.starts_with(b"openssh-key-v1\0") && bytes.len() >= 150
        || (headers || value.contains("PGP")) && bytes.len() >= 300
}

/// How long a DER sequence says that it is, its own header included.
fn der_length(bytes: &[u8]) -> Option<usize> {
    let (&0x30, rest) = bytes.split_first()? else { return None };
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return Some(2 + usize::from(first));
    }
    let count = usize::from(first & 0x7f);
    let digits = rest.get(..count).filter(|digits| (1..=3).contains(&digits.len()))?;
    Some(2 + count + digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)))
}

fn aws_key(value: &str) -> bool {
    let Some(body) = value.get(4..20) else { return false };
    if body.starts_with(['I', 'J']) {
        return true;
    }
    let mut bits: u64 = 0;
    for c in body.bytes().take(10) {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => return false,
        };
        bits = (bits << 5) | u64::from(digit);
    }
    // The account is the 40 bits after the top one, of 48.
    let account = (bits >> 2 & 0x7fff_ffff_ff80) >> 7;
    (1..1_000_000_000_000).contains(&account)
}

/// Whether a value looks drawn at random: a letter and a digit, several kinds of character, and not a
/// dotted or slashed path of words, a version, a date or an address.
pub fn is_opaque(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    if value.len() < 8 || digits == 0 || letters == 0 || entropy(value) < 2.7 {
        return false;
    }
    // `config2`, `v1` and `2024` are words; `a8f3k` is not.
    let is_mixed = |word: &&str| {
        let inner = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if word.len() < 8 { inner.bytes().any(|b| b.is_ascii_digit()) } else { is_random_word(word) }
    };
    let words = value.split(|c: char| !c.is_ascii_alphanumeric());
    let mixed: usize = words.filter(is_mixed).map(str::len).sum();
    mixed * 2 >= value.len()
}

/// A long word that changes case or kind of character often.
fn is_random_word(word: &str) -> bool {
    let kinds: Vec<u8> = word
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            _ => 3,
        })
        .collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let digit = word.bytes().any(|b| b.is_ascii_digit());
    let hex = word.len() >= 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
    // Of random base 62 six neighbours in ten differ in kind; of `CamelCase2Words` three.
    let restless = if word.len() < 12 { changes >= 3 } else { changes * 5 >= (word.len() - 1) * 2 };
    word.len() >= 8 && digit && (hex || restless)
}

const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "your",
    "dummy",
    "sample",
    "todo",
    "fixme",
    "redacted",
    "replace",
    "insert",
    "not-a-real",
    "notreal",
    "fake",
    "foobar",
    "lorem",
    "<",
    "{{",
    "${",
    "$(",
    "%(",
    "#{",
    "****",
    "....",
    "process.env",
    "os.environ",
    "getenv",
    "secretref",
    "keyref",
    "mysecret",
    "my-secret",
    "my_secret",
    "mypassword",
    "my_password",
    "my-password",
    "p4ssw0rd",
    "passw0rd",
    "secret123",
    "password123",
    "test123",
    "hunter2",
    "xyz123",
    "abc123",
];
/// Values that specifications print (RFC 6749).
const PUBLISHED: &[&str] =
    &["2yotnfzfejr1zcsicmwpaa", "tgzv3jokf0xg5qx2tlkwia", "gx1fbat3bv", "7fjfp0zbr1ktdrbnfvdmiw"];
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "null",
    "none",
    "nil",
    "undefined",
    "true",
    "false",
    "string",
    "admin",
    "root",
    "user",
    "username",
    "postgres",
    "guest",
    "default",
    "test",
    "testing",
    "empty",
    "bearer",
    "basic",
    "credentials",
    "auth",
];

/// Whether a value stands for a credential rather than being one: `changeme`, `<your-token>`, `${VAR}`,
/// a run of one character, a documented example. `known` is true for a value in a known format, where only
/// what cannot be chance counts.
pub fn is_placeholder(value: &str, known: bool) -> bool {
    let lower = value.to_ascii_lowercase();
    let body = lower.rsplit(['_', '-', '.']).next().unwrap_or(&lower);
    if lower.contains("example") || lower.contains("xxxx") || lower.contains("0000000000") || is_run(body) {
        return true;
    }
    if lower.contains("abcdefghij") || lower.contains("1234567890") {
        return true;
    }
    if known {
        return ["placeholder", "redacted", "<", "${", "{{"].iter().any(|mark| lower.contains(mark));
    }
    let bare = lower.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    PLACEHOLDERS.iter().any(|mark| lower.contains(mark))
        || PUBLISHED.contains(&bare)
        || WORDS.contains(&bare)
        || lower.starts_with('$')
        || lower.starts_with('%') && lower.ends_with('%')
}

/// At most two different characters, or an ascending run such as `12345678`.
fn is_run(value: &str) -> bool {
    let bytes = value.as_bytes();
    let mut distinct = [false; 256];
    bytes.iter().for_each(|&b| distinct[usize::from(b)] = true);
    let ascending = bytes.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    bytes.len() >= 6 && (distinct.iter().filter(|&&seen| seen).count() <= 2 || ascending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_tell_real_from_look_alike() {
        // The GitHub token is the one in GitHub's documentation, long revoked.
        for (check, value, passes) in [
            (Check::Github, concat!("ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"), true),
            (Check::Github, concat!("ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18"), false),
            (Check::Github, "ghp_é", false),
            (Check::Luhn, "4111 1111 1111 1111", true),
            (Check::Luhn, "4111 1111 1111 1112", false),
            (Check::Jwt, "eyJhbGciOiJIUzI1NiJ9.e30.x", true),
            (Check::Jwt, "eyJhIjoxfQ.e30.x", false),
            (Check::AwsKey, "ASIAQNZGKIQY56JQ7WML", true),
            (Check::AwsKey, "AKIAé", false),
            (Check::Pem, "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", false),
            (Check::Opaque, "get_token2", false),
            (Check::Opaque, "self.config2.token", false),
            (Check::Opaque, "v1.29.3-alpine", false),
            (Check::Opaque, "list[V1LocalObjectReference]", false),
            (Check::Opaque, "OAuth2TokenEndpointHandler", false),
            (Check::Opaque, "9f8a7b6c5d4e3f2a", true),
            (Check::Opaque, "kP9s!x2Lq0Zr", true),
        ] {
            assert_eq!(check.passes(value), passes, "{check:?} {value}");
        }
    }

    #[test]
    fn a_key_with_a_part_left_out_is_no_whole_one() {
        let body = STANDARD_NO_PAD.encode([[0x30, 0x2e].as_slice(), &[0x5a; 46]].concat());
        let pem =
            |kind: &str, body: &str| format!("-----BEGIN {kind} KEY-----\n{body}\n-----END {kind} KEY-----");
        let (first, last) = body.split_at(32);
        let ssh = STANDARD_NO_PAD.encode([b"openssh-key-v1\0".as_slice(), &[7; 200]].concat());
        let pgp = STANDARD_NO_PAD.encode([0x95; 400]);
        for (text, whole) in [
            (pem("PRIVATE", &body), true),
            (pem("PRIVATE", &format!("    {first}\n    {last}")), true),
            (pem("PRIVATE", &format!("{first}\\n{last}")), true),
            (pem("PRIVATE", &format!("{first}\\n\" +\n  \"{last}")), true),
            (pem("OPENSSH PRIVATE", &ssh), true),
            (pem("PGP PRIVATE", &format!("Version: 1\n\n{pgp}\n=abcd")), true),
            (pem("PRIVATE", first), false),
            (pem("PRIVATE", &format!("{first}\n...\n{last}{last}")), false),
            (pem("PGP PRIVATE", &format!("Version: 1\n\n{first}\n.\n.\n{last}")), false),
            (format!("-----BEGIN PRIVATE KEY-----\n{body}"), false),
            ("-----BEGIN PRIVATE KEY-----".to_owned(), false),
        ] {
            assert_eq!(Check::PemWhole.passes(&text), whole, "{text}");
        }
    }

    #[test]
    fn placeholders_are_no_secrets() {
        for (value, known, placeholder) in [
            ("AKIAIOSFODNN7EXAMPLE", true, true),
            ("changeme123", false, true),
            ("<your-token>", false, true),
            ("${DB_PASSWORD}", false, true),
            ("xxxxxxxxxxxx", true, true),
            ("********", false, true),
            ("12345678", false, true),
            ("password", false, true),
            ("9f8a7b6c5d4e", false, false),
            (concat!("ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"), true, false),
        ] {
            assert_eq!(is_placeholder(value, known), placeholder, "{value}");
        }
    }
}
