//! Tokens that are signed here, and what must become of them.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p521::ecdsa::signature::Signer;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use serde_json::{Value, json};

/// A key that was made for these tests and is used nowhere else: 2048 bits, PKCS#1.
const RSA: &str = "\
MIIEpAIBAAKCAQEAtne0NLkPafD68turvCHBWzTwUA/ny0u3yWguVWfZPzHTTRWSxUbHkd2GyXf7XK8VPamNqo+eOPJL8BNt\
09+DhIgaQ90ryZyYTFJ+EYENQDKMVyZgeWMTELAfENRu3dwAg5dVjRqNnlyGFYPKPz+/hA8Oyjj6PpLz1HmvoK7iI3I+nDJ0\
mTlMB+pMZ+uNrLtFRT8B14Q1gUIa0NMA+Qjv7dysfKV+KiWx04y++vppY/HsqBxwP06fjBbCr4Lsb5XwfR0yre89sEHIwlmI\
QNEOXqnbQmx+d0NoPEWNQds9zuoLuRTvtIY6C/Jlcr9yxlsP7/60asis1kC6qqApxrm4ywIDAQABAoIBAADMD6zGFpcMylpC\
pmkcfQoNqaaxfLHXkCNGzrw1x24UvoqqkPXgQ/sgDIVkMX3R3MkxRlRCUcHuIQtli+6UhLBEB4u+jOeFEejapWbxkuHyA2K8\
4RTQReMmE2sRGoJ8NXTEHC4RH+3bE2tHPgKkhlnCPRTNRrgv3FvUKkKMvdUpmgP7bc/Dy6d2W4wc/mkuYV0yhROYQZFYNky0\
wDq6k+ZuMEfyvekY86qlXDkkBBxU/LCqJmD7yolVMQkGpHyab6IZsMC73xaqx9a02W2TLZyv6SJ1Uc/RBy0HpqeYPYP/ZkPB\
Ms8zofnFz1AVvg6uERGyYyyUXEI/n2bJFsj/+AUCgYEA2fcOxi+c81hZs+VC7IZItl6D4vFWtIvisuIC/xLsQevQgegJg9Ho\
Rc/IenHG6XDif/45w3TsDoAjtqGGYzXaefNIx4i8kWw4ZgdlxrpebbPh83EF4zbiO2ZfiwoLoyBuDxigbBZLkk1autzXJMxc\
k/pvNb8LpH6b44Zxz77s5pUCgYEA1k7m4jC8QFAOqibKfzG4zJ5oQTjb5ls8fnMao340FL2Qfib2xdJqsuyVcOLC97mRPN5t\
O2FY5EWwA12WUkhgUJfY138hII/6oHB6kMV7IkNOMKGDsZLJQ1EXM5/lgIm4d1j0aYIdWMjjaky3Fm3EaK2HkAwZRr9LYQO7\
NY7zKd8CgYEAvsh1chuy8X1f5wrBbW6MrrREFJzSG+5lW9ZgcQwLKBhUxaBo060j9hdNj3+PcD2SxB2uSdtJ09dtayovCx/U\
P/ImviB9jXyAUS4gc7YleTh+iitfz+X2V6/f6T+9t+dm7mfL41AQjdqPlAhBeMA4OH54YT773dvEb376l7Cyg5ECgYEAr1HR\
FA3mk35q4MvnMPMOSWb1xxWq3+KXtKKZklK2bJk/0dQyYVdoLoPZJYZ9FYfbxz33gnJ69BQGkFpJlXrcQFJY9MJt6WOgFwyt\
WC4WM8t39dTMFcMNn2KBZpxSdjs0i35cRMxLEc0WLmogBds6qJ/9nNwo+XWZRv50crZFO2UCgYBaZfLiiJpaPi6c27Qn6Kr+\
GkNikNeXcoRBccOgo6za3c3P184YOJmkOJuhiIWe2zs6qTS5igQXhwTEvQRImR+DzUYdk/DYDLZRsH6IELL7v60kegTn9h1M\
NBi3ykpvh+LvIf3j0FSoscoEKJ9SjXRK/MtIle7MMj2IKxMe3jZTwQ==\
";

enum Signing {
    Secret(Vec<u8>),
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    P521(p521::ecdsa::SigningKey),
    Ed25519(Ed25519KeyPair),
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signing {
    fn of(algorithm: Algorithm) -> Self {
        let random = SystemRandom::new();
        let ecdsa = |scheme| {
            let key = EcdsaKeyPair::generate_pkcs8(scheme, &random).unwrap();
            Self::Ecdsa(EcdsaKeyPair::from_pkcs8(scheme, key.as_ref(), &random).unwrap())
        };
        match algorithm {
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => Self::Secret(vec![7; 64]),
            Algorithm::Es256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::Es512 => Self::P521(p521::ecdsa::SigningKey::from_slice(&[1; 66]).unwrap()),
            Algorithm::EdDsa => {
                let key = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                Self::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
            }
            _ => Self::Rsa(Box::new(RsaKeyPair::from_der(&STANDARD.decode(RSA).unwrap()).unwrap())),
        }
    }

    fn jwk(&self) -> Value {
        match self {
            Self::Secret(bytes) => json!({ "kty": "oct", "k": encode(bytes) }),
            Self::Rsa(key) => {
                let parts: signature::RsaPublicKeyComponents<Vec<u8>> = key.public().into();
                let n = parts.n;
                json!({ "kty": "RSA", "n": encode(n), "e": "AQAB" })
            }
            Self::Ecdsa(key) => {
                let point = &key.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) })
            }
            Self::P521(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = point.as_bytes()[1..].split_at(66);
                json!({ "kty": "EC", "crv": "P-521", "x": encode(x), "y": encode(y) })
            }
            Self::Ed25519(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().as_ref()) })
            }
        }
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Secret(bytes) => {
                let hash = match algorithm {
                    Algorithm::Hs384 => ring::hmac::HMAC_SHA384,
                    Algorithm::Hs512 => ring::hmac::HMAC_SHA512,
                    _ => ring::hmac::HMAC_SHA256,
                };
                ring::hmac::sign(&ring::hmac::Key::new(hash, bytes), message).as_ref().to_vec()
            }
            Self::Rsa(key) => {
                let scheme: &dyn signature::RsaEncoding = match algorithm {
                    Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
                    Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(scheme, &random, message, &mut signature).unwrap();
                signature
            }
            Self::Ecdsa(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::P521(key) => {
                let signature: p521::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    fn token(&self, algorithm: Algorithm, header: &Value, payload: &[u8]) -> String {
        self.token_of(algorithm, header.to_string().as_bytes(), payload)
    }

    fn token_of(&self, algorithm: Algorithm, header: &[u8], payload: &[u8]) -> String {
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = self.sign(algorithm, signed.as_bytes());
        format!("{signed}.{}", encode(signature))
    }
}

/// A set of one key with these fields more.
fn set(jwk: &Value, more: &Value) -> KeySet {
    let mut jwk = jwk.clone();
    for (name, value) in more.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes(), Reading::Strict).unwrap()
}

#[test]
fn every_algorithm_verifies_its_own_and_nothing_else() {
    for algorithm in Algorithm::ALL {
        let key = Signing::of(algorithm);
        let keys = set(&key.jwk(), &json!({ "kid": "k", "alg": algorithm.name(), "use": "sig" }));
        let token = key.token(algorithm, &json!({ "alg": algorithm.name(), "kid": "k" }), b"{\"a\":1}");
        let verified = verify(&token, &keys, &Algorithm::ALL, Reading::Strict).unwrap();
        assert_eq!((verified.algorithm, verified.payload.as_slice()), (algorithm, &b"{\"a\":1}"[..]));
        // The caller did not allow it.
        let others: Vec<_> = Algorithm::ALL.into_iter().filter(|a| *a != algorithm).collect();
        let refused = verify(&token, &keys, &others, Reading::Strict);
        assert_eq!(refused, Err(JoseError::Algorithm(algorithm.name().into())));
        // One bit of the signature, of the payload, of the header.
        let bytes = token.as_bytes();
        for at in [2, token.find('.').unwrap() + 2, token.rfind('.').unwrap() + 2] {
            let mut changed = bytes.to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(
                verify(&changed, &keys, &Algorithm::ALL, Reading::Strict).is_err(),
                "{algorithm} at {at}"
            );
        }
        // A signature cut short or made longer.
        for spoilt in
            [&token[..token.len() - 2], &format!("{token}AA"), &format!("{token}="), &format!("{token}\n")]
        {
            assert!(verify(spoilt, &keys, &Algorithm::ALL, Reading::Strict).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn a_key_is_not_used_for_another_algorithm() {
    for own in Algorithm::ALL {
        let key = Signing::of(own);
        let keys = set(&key.jwk(), &json!({ "kid": "k", "alg": own.name() }));
        for other in Algorithm::ALL.into_iter().filter(|other| *other != own) {
            let token = key.token(other, &json!({ "alg": other.name(), "kid": "k" }), b"{}");
            assert!(verify(&token, &keys, &Algorithm::ALL, Reading::Strict).is_err(), "{own} as {other}");
        }
    }
}

#[test]
fn a_public_key_is_no_shared_secret() {
    // The classic: signed with HMAC, the public key's own text as the secret.
    let rsa = Signing::of(Algorithm::Rs256);
    let keys = set(&rsa.jwk(), &json!({ "kid": "k" }));
    let public = rsa.jwk();
    let modulus = URL_SAFE_NO_PAD.decode(public["n"].as_str().unwrap()).unwrap();
    for secret in [public.to_string().into_bytes(), modulus, b"AQAB".to_vec(), Vec::new()] {
        for name in ["HS256", "HS384", "HS512"] {
            let algorithm = Algorithm::named(name).unwrap();
            let forger = Signing::Secret(secret.clone());
            let token = forger.token(algorithm, &json!({ "alg": name, "kid": "k" }), b"{\"sub\":\"root\"}");
            for allowed in [&Algorithm::ALL[..], &Algorithm::ASYMMETRIC] {
                assert!(verify(&token, &keys, allowed, Reading::Strict).is_err(), "{name}");
            }
        }
    }
}

#[test]
fn none_is_no_algorithm() {
    let keys = set(&Signing::of(Algorithm::Rs256).jwk(), &json!({}));
    for name in ["none", "None", "NONE", "nOnE", "", " none", "null"] {
        let start = format!("{}.{}", encode(json!({ "alg": name }).to_string()), encode("{}"));
        for end in ["", ".", ".AA", "..", &format!(".{}", encode([0; 256]))] {
            let refused = verify(&format!("{start}{end}"), &keys, &Algorithm::ALL, Reading::Tolerant);
            assert!(refused.is_err(), "{name} {end}");
        }
    }
    for header in [json!({}), json!({ "alg": null }), json!({ "alg": ["RS256"] }), json!({ "alg": 1 })] {
        let token = format!("{}.{}.AA", encode(header.to_string()), encode("{}"));
        let refused = verify(&token, &keys, &Algorithm::ALL, Reading::Strict);
        assert_eq!(refused, Err(JoseError::HeaderField("alg")), "{header}");
    }
}

#[test]
fn a_kid_is_only_compared() {
    let key = Signing::of(Algorithm::EdDsa);
    let keys = set(&key.jwk(), &json!({ "kid": "k" }));
    for kid in [
        "../../../../dev/null",
        "/etc/passwd",
        "x' UNION SELECT 'AAAA' -- ",
        "https://evil.example/jwks.json",
        "k\0",
        "k ",
        "K",
        "",
        "| touch /tmp/x",
        "${jndi:ldap://evil.example}",
        &"k".repeat(512),
    ] {
        let token = key.token(Algorithm::EdDsa, &json!({ "alg": "EdDSA", "kid": kid }), b"{}");
        let refused = verify(&token, &keys, &Algorithm::ALL, Reading::Strict);
        assert_eq!(refused, Err(JoseError::NoKey(Some(kid.to_owned()))));
    }
    for kid in [json!(1), json!(null), json!(["k"]), json!({ "k": 1 }), json!("k".repeat(513))] {
        let token = key.token(Algorithm::EdDsa, &json!({ "alg": "EdDSA", "kid": kid }), b"{}");
        let refused = verify(&token, &keys, &Algorithm::ALL, Reading::Strict);
        assert_eq!(refused, Err(JoseError::HeaderField("kid")));
    }
    // Without one it is the only key that fits, never one of several.
    let token = key.token(Algorithm::EdDsa, &json!({ "alg": "EdDSA" }), b"{}");
    assert!(verify(&token, &keys, &Algorithm::ALL, Reading::Strict).is_ok());
    let other = Signing::of(Algorithm::EdDsa);
    let two = json!({ "keys": [key.jwk(), other.jwk()] }).to_string();
    let two = KeySet::parse(two.as_bytes(), Reading::Strict).unwrap();
    assert_eq!(verify(&token, &two, &Algorithm::ALL, Reading::Strict), Err(JoseError::NoKey(None)));
}

#[test]
fn a_token_brings_no_key_along() {
    let (ours, theirs) = (Signing::of(Algorithm::Es256), Signing::of(Algorithm::Es256));
    let keys = set(&ours.jwk(), &json!({ "kid": "k" }));
    for more in [
        json!({ "jwk": theirs.jwk() }),
        json!({ "jku": "https://evil.example/keys" }),
        json!({ "x5u": "https://evil.example/cert" }),
        json!({ "x5c": ["AAAA"] }),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": "k" });
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let forged = theirs.token(Algorithm::Es256, &header, b"{}");
        assert_eq!(verify(&forged, &keys, &Algorithm::ALL, Reading::Strict), Err(JoseError::Forged));
        // Not looked at: with our own signature it is one more field.
        let own = ours.token(Algorithm::Es256, &header, b"{}");
        assert!(verify(&own, &keys, &Algorithm::ALL, Reading::Strict).is_ok());
    }
}

#[test]
fn headers_that_ask_for_more_are_refused() {
    let key = Signing::of(Algorithm::EdDsa);
    let keys = set(&key.jwk(), &json!({}));
    for (header, expected) in [
        (r#"{"alg":"EdDSA","crit":["exp"],"exp":1}"#, JoseError::Critical("exp".into())),
        (r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#, JoseError::Critical("b64".into())),
        (r#"{"alg":"EdDSA","crit":[]}"#, JoseError::Critical(String::new())),
        (r#"{"alg":"EdDSA","crit":"exp"}"#, JoseError::HeaderField("crit")),
        (r#"{"alg":"EdDSA","typ":"logout+jwt"}"#, JoseError::Kind("logout+jwt".into())),
        (r#"{"alg":"EdDSA","typ":"secevent+jwt"}"#, JoseError::Kind("secevent+jwt".into())),
        (r#"{"alg":"EdDSA","typ":1}"#, JoseError::HeaderField("typ")),
    ] {
        let token = key.token_of(Algorithm::EdDsa, header.as_bytes(), b"{}");
        assert_eq!(verify(&token, &keys, &Algorithm::ALL, Reading::Strict), Err(expected), "{header}");
    }
    for header in [
        &br#"{"alg":"EdDSA","alg":"EdDSA"}"#[..],
        br#"{"alg":"none","alg":"EdDSA"}"#,
        br#"{"alg":"EdDSA","x":{"a":1,"a":2}}"#,
        br#"["EdDSA"]"#,
        b"{\"alg\":\"EdDSA\",\"x\":\"\xFF\"}",
        b"",
        b"{\"alg\":\"EdDSA\"}{}",
    ] {
        let token = key.token_of(Algorithm::EdDsa, header, b"{}");
        assert!(verify(&token, &keys, &Algorithm::ALL, Reading::Strict).is_err());
    }
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        let token = key.token(Algorithm::EdDsa, &json!({ "alg": "EdDSA", "typ": typ }), b"{}");
        assert!(verify(&token, &keys, &Algorithm::ALL, Reading::Strict).is_ok(), "{typ}");
    }
}

#[test]
fn what_has_not_the_form_is_refused() {
    let keys = set(&Signing::of(Algorithm::EdDsa).jwk(), &json!({}));
    let key = Signing::of(Algorithm::EdDsa);
    let nested = key.token(Algorithm::EdDsa, &json!({ "alg": "EdDSA" }), b"a.b.c");
    let huge = "A".repeat(LONGEST_TOKEN + 1);
    assert_eq!(
        verify(&huge, &keys, &Algorithm::ALL, Reading::Strict),
        Err(JoseError::TooLong(LONGEST_TOKEN + 1))
    );
    for text in [
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "a.b.",
        ".b.c",
        "a.b.c.d",
        "a.b.c.d.e",
        "a..",
        " a.b.c",
        "ä.ö.ü",
        "\0.\0.\0",
        r#"{"payload":"","signatures":[]}"#,
        r#"{"payload":"e30","protected":"e30","signature":"AA"}"#,
        &format!("{nested}.{nested}"),
    ] {
        assert!(verify(text, &keys, &Algorithm::ALL, Reading::Strict).is_err(), "{text}");
        assert!(verify(text, &keys, &Algorithm::ALL, Reading::Tolerant).is_err(), "{text}");
    }
}

#[test]
fn only_the_tolerant_reading_drops_characters() {
    let key = Signing::of(Algorithm::Hs256);
    let jwk = key.jwk();
    let keys = set(&jwk, &json!({}));
    let token = key.token(Algorithm::Hs256, &json!({ "alg": "HS256" }), b"{}");
    let (header, rest) = token.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    for (spoilt, tolerated) in [
        (format!("{header}?.{payload}.{signature}"), true),
        (format!("{header}.#{payload}.{signature}"), true),
        (format!("{header}.{payload}.{signature}?"), false),
        (format!("{header}=.{payload}.{signature}"), false),
        (format!("{header}.{payload}=.{signature}"), false),
    ] {
        assert!(verify(&spoilt, &keys, &Algorithm::ALL, Reading::Strict).is_err(), "{spoilt}");
        let tolerant = verify(&spoilt, &keys, &Algorithm::ALL, Reading::Tolerant);
        assert_eq!(tolerant.is_ok(), tolerated, "{spoilt}");
        // What is given back is what was signed.
        assert!(tolerant.map_or(true, |verified| verified.payload == b"{}"));
    }
}

#[test]
fn weak_and_wrong_keys_verify_nothing() {
    let rsa = Signing::of(Algorithm::Rs256).jwk();
    let ec = Signing::of(Algorithm::Es256).jwk();
    let okp = Signing::of(Algorithm::EdDsa).jwk();
    let with = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    for (jwk, expected) in [
        (with(&rsa, "n", json!(encode([0xFF; 128]))), KeyError::RsaSize(1024)),
        (with(&rsa, "n", json!(encode([0xFF; 2048]))), KeyError::RsaSize(16_384)),
        (with(&rsa, "n", json!("")), KeyError::RsaSize(0)),
        (with(&rsa, "e", json!("AQ")), KeyError::RsaExponent),
        (with(&rsa, "e", json!("")), KeyError::RsaExponent),
        (with(&rsa, "e", json!("AAAB")), KeyError::RsaExponent),
        (with(&rsa, "e", json!("AQAA")), KeyError::RsaExponent),
        (with(&rsa, "e", json!(3)), KeyError::Field("e")),
        (with(&rsa, "n", json!("not base64!")), KeyError::Field("n")),
        (with(&rsa, "use", json!("enc")), KeyError::Purpose),
        (with(&rsa, "key_ops", json!(["encrypt", "wrapKey"])), KeyError::Purpose),
        (with(&rsa, "key_ops", json!("verify")), KeyError::Field("key_ops")),
        (with(&rsa, "alg", json!("RSA-OAEP")), KeyError::Algorithm("RSA-OAEP".into())),
        (with(&rsa, "alg", json!("ES256")), KeyError::Mismatch(Algorithm::Es256)),
        (with(&rsa, "kty", json!("EC")), KeyError::Field("crv")),
        (with(&rsa, "kty", json!("rsa")), KeyError::Type("rsa".into())),
        (with(&ec, "crv", json!("P-384")), KeyError::Point),
        (with(&ec, "crv", json!("secp256k1")), KeyError::Curve("secp256k1".into())),
        (with(&ec, "alg", json!("ES521")), KeyError::Algorithm("ES521".into())),
        (with(&ec, "alg", json!("ES512")), KeyError::Mismatch(Algorithm::Es512)),
        (with(&okp, "crv", json!("X25519")), KeyError::Curve("X25519".into())),
        (with(&okp, "x", json!("AAAA")), KeyError::Point),
        (
            json!({ "kty": "oct", "k": encode([1; 31]), "alg": "HS256" }),
            KeyError::ShortSecret(Algorithm::Hs256, 32),
        ),
        (
            json!({ "kty": "oct", "k": encode([1; 47]), "alg": "HS384" }),
            KeyError::ShortSecret(Algorithm::Hs384, 48),
        ),
        (json!({ "kty": "oct", "k": "" }), KeyError::ShortSecret(Algorithm::Hs256, 32)),
        (
            json!({ "kty": "oct", "k": encode([1; 32]), "alg": "A256GCM" }),
            KeyError::Algorithm("A256GCM".into()),
        ),
        (json!({}), KeyError::Field("kty")),
    ] {
        let read = Key::from_jwk(jwk.as_object().unwrap(), Reading::Strict);
        assert_eq!(read.err(), Some(expected), "{jwk}");
    }
    // A point that is not on its curve verifies nothing.
    let (key, mut off) = (Signing::of(Algorithm::Es256), ec);
    off["y"] = json!(encode([1; 32]));
    let token = key.token(Algorithm::Es256, &json!({ "alg": "ES256" }), b"{}");
    assert_eq!(
        verify(&token, &set(&off, &json!({})), &Algorithm::ALL, Reading::Strict),
        Err(JoseError::Forged)
    );
    // A token says why its key is not used.
    let weak = set(&rsa, &json!({ "kid": "old", "e": "AQ" }));
    let signer = Signing::of(Algorithm::Rs256);
    let token = signer.token(Algorithm::Rs256, &json!({ "alg": "RS256", "kid": "old" }), b"{}");
    let refused = verify(&token, &weak, &Algorithm::ALL, Reading::Strict);
    assert_eq!(refused, Err(JoseError::UnusableKey("old".into(), KeyError::RsaExponent)));
}

#[test]
fn a_set_that_cannot_be_told_apart_is_refused() {
    let (rsa, ec) = (Signing::of(Algorithm::Rs256).jwk(), Signing::of(Algorithm::Es256).jwk());
    let named = |jwk: &Value, kid: &str| {
        let mut jwk = jwk.clone();
        jwk["kid"] = json!(kid);
        jwk
    };
    let oct = json!({ "kty": "oct", "k": encode([1; 32]), "kid": "s" });
    let parse = |keys: Value| KeySet::parse(keys.to_string().as_bytes(), Reading::Strict);
    assert_eq!(parse(json!({ "keys": [named(&rsa, "a"), named(&ec, "b")] })).unwrap().len(), 2);
    for (keys, expected) in [
        (json!({ "keys": [named(&rsa, "a"), named(&ec, "a")] }), KeySetError::DuplicateKid("a".into())),
        (json!({ "keys": [named(&rsa, "a"), oct.clone()] }), KeySetError::Mixed),
        (json!({ "keys": {} }), KeySetError::NoKeys),
        (json!({ "keys": ["a"] }), KeySetError::NoKeys),
        (json!({}), KeySetError::NoKeys),
        (json!({ "keys": vec![json!({}); 257] }), KeySetError::TooLarge),
    ] {
        assert_eq!(parse(keys.clone()).err(), Some(expected), "{keys:.100}");
    }
    for text in ["", "[]", "<html>", r#"{"keys":[],"keys":[]}"#] {
        assert!(
            matches!(KeySet::parse(text.as_bytes(), Reading::Strict), Err(KeySetError::Json(_))),
            "{text}"
        );
    }
    let huge = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(LARGEST_SET));
    assert_eq!(KeySet::parse(huge.as_bytes(), Reading::Strict).err(), Some(KeySetError::TooLarge));
    // What issuers publish beside their signature keys does not spoil them.
    let mut encryption = named(&rsa, "enc");
    encryption["use"] = json!("enc");
    let set = parse(json!({ "keys": [encryption, named(&ec, "sig"), { "kty": "new" }] })).unwrap();
    assert_eq!((set.len(), set.knows("enc"), set.knows("sig"), set.knows("x")), (1, true, true, false));
}

const NOW: i64 = 1_800_000_000;

fn claims(more: Value) -> Result<Claims, ClaimsError> {
    let mut fields = json!({ "iss": "https://id.example", "aud": "ecoops", "sub": "ana", "exp": NOW + 300 });
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(fields.as_object_mut().unwrap().remove(name)),
            value => fields[name] = value.clone(),
        }
    }
    let expected =
        Expected { issuer: "https://id.example", audiences: &["ecoops", "api"], now: NOW, skew: 30 };
    Claims::check(fields.to_string().as_bytes(), &expected)
}

#[test]
fn claims_hold_for_us_and_now() {
    for fine in [
        json!({}),
        json!({ "aud": ["other", "api"] }),
        json!({ "nbf": NOW, "iat": NOW - 5 }),
        json!({ "exp": NOW - 29 }),
        json!({ "nbf": NOW + 30, "iat": NOW + 30 }),
        json!({ "exp": 1_800_000_000.5 }),
    ] {
        assert!(claims(fine.clone()).is_ok(), "{fine}");
    }
    for (more, expected) in [
        (json!({ "iss": "https://id.example/" }), ClaimsError::Issuer("https://id.example/".into())),
        (json!({ "iss": "https://ID.example" }), ClaimsError::Issuer("https://ID.example".into())),
        (json!({ "iss": null }), ClaimsError::Claim("iss")),
        (json!({ "iss": ["https://id.example"] }), ClaimsError::Claim("iss")),
        (json!({ "aud": "other" }), ClaimsError::Audience("other".into())),
        (json!({ "aud": ["a", "b"] }), ClaimsError::Audience("a, b".into())),
        (json!({ "aud": [] }), ClaimsError::Audience(String::new())),
        (json!({ "aud": null }), ClaimsError::Claim("aud")),
        (json!({ "aud": ["ecoops", 1] }), ClaimsError::Claim("aud")),
        (json!({ "sub": "" }), ClaimsError::Claim("sub")),
        (json!({ "sub": 7 }), ClaimsError::Claim("sub")),
        (json!({ "exp": null }), ClaimsError::Claim("exp")),
        (json!({ "exp": "never" }), ClaimsError::Claim("exp")),
        (json!({ "exp": NOW.to_string() }), ClaimsError::Claim("exp")),
        (json!({ "exp": -1 }), ClaimsError::Claim("exp")),
        (json!({ "exp": 1e18 }), ClaimsError::Claim("exp")),
        (json!({ "exp": NOW - 30 }), ClaimsError::Expired(30)),
        (json!({ "exp": 0 }), ClaimsError::Expired(NOW)),
        (json!({ "nbf": NOW + 31 }), ClaimsError::NotYetValid(31)),
        (json!({ "iat": NOW + 31 }), ClaimsError::NotYetValid(31)),
        (json!({ "nbf": "soon" }), ClaimsError::Claim("nbf")),
    ] {
        assert_eq!(claims(more.clone()).err(), Some(expected), "{more}");
    }
    let expected = Expected { issuer: "i", audiences: &["a"], now: NOW, skew: 30 };
    for text in ["", "[]", r#"{"iss":"i","iss":"i"}"#, "not json"] {
        assert!(matches!(Claims::check(text.as_bytes(), &expected), Err(ClaimsError::Json(_))), "{text}");
    }
    // A skew of hours is no skew.
    let loose = Expected { skew: 86_400, ..expected };
    let old = json!({ "iss": "i", "aud": "a", "sub": "s", "exp": NOW - 300 }).to_string();
    assert_eq!(Claims::check(old.as_bytes(), &loose).err(), Some(ClaimsError::Expired(300)));
}

#[test]
fn an_id_token_answers_our_own_request() {
    for (more, nonce, expected) in [
        (json!({ "nonce": "n" }), Some("n"), None),
        (json!({}), None, None),
        (json!({}), Some("n"), Some(ClaimsError::Nonce)),
        (json!({ "nonce": "m" }), Some("n"), Some(ClaimsError::Nonce)),
        (json!({ "nonce": ["n"] }), Some("n"), Some(ClaimsError::Nonce)),
        (json!({ "azp": "ecoops" }), None, None),
        (json!({ "azp": "other" }), None, Some(ClaimsError::Party("other".into()))),
        (json!({ "aud": ["ecoops", "x"] }), None, Some(ClaimsError::Claim("azp"))),
        (json!({ "aud": ["ecoops", "x"], "azp": "ecoops" }), None, None),
        (json!({ "aud": ["ecoops"] }), None, None),
    ] {
        let checked = claims(more.clone()).unwrap().check_id_token("ecoops", nonce);
        assert_eq!(checked.err(), expected, "{more}");
    }
}
