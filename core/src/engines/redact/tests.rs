use super::*;
use proptest::prelude::*;

const KEY: &[u8] = b"an installation's own key";

fn redact(text: &str) -> Redacted {
    Redactor::new(KEY).redact(text)
}

/// Samples are put together here so that no scanner, ours included, takes this file for a leak.
fn samples() -> Vec<(&'static str, String)> {
    let word =
        |n: usize| "a8Fk3Lz9Qw7Er5Ty1Ui2Op4As6Df0Gh8Jk3Lx5Cv7Bn9Mq1We2Rt4Yu6Pz8Xd".repeat(3)[..n].to_owned();
    let hex = |n: usize| "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"[..n].to_owned();
    let pem =
        format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n{}\n-----END RSA PRIVATE KEY-----", word(64), word(30));
    vec![
        ("private-key", pem.clone()),
        ("private-key", pem.replace('\n', "\\n")),
        (
            "age-key",
            format!(
                "AGE-SECRET-KEY-1{}",
                "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".repeat(2).get(..58).unwrap_or_default()
            ),
        ),
        ("aws-access-key", "AKIA".to_owned() + "QYLPMN5HHHFPZAM2"),
        ("github-token", "ghp_".to_owned() + &word(36)),
        ("github-fine-grained-token", format!("github_pat_{}_{}", word(22), word(59))),
        ("gitlab-token", "glpat-".to_owned() + &word(20)),
        ("slack-token", "xoxb-".to_owned() + "263594206564-2343594206574-" + &word(24)),
        ("stripe-key", "sk_live_".to_owned() + &word(24)),
        ("google-api-key", "AIza".to_owned() + &word(35)),
        ("npm-token", "npm_".to_owned() + &word(36)),
        ("pypi-token", "pypi-AgEIcHlwaS5vcmc".to_owned() + &word(70)),
        ("sendgrid-key", format!("SG.{}.{}", word(22), word(43))),
        ("anthropic-key", "sk-ant-api03-".to_owned() + &word(80)),
        ("openai-key", "sk-proj-".to_owned() + &word(48)),
        ("huggingface-token", "hf_".to_owned() + &word(34)),
        ("telegram-token", "123456789:AA".to_owned() + &word(33)),
        ("jwt", format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.{}", word(43))),
        ("shopify-token", "shpat_".to_owned() + &hex(32)),
        ("digitalocean-token", "dop_v1_".to_owned() + &hex(64)),
    ]
}

#[test]
fn known_formats_are_hidden_and_put_back() {
    for (kind, secret) in samples() {
        let text = format!("before {secret} after");
        let redacted = redact(&text);
        assert!(!redacted.text.contains(&secret), "{kind}: {}", redacted.text);
        assert!(redacted.text.contains(&format!("‹secret:{kind}:")), "{kind}: {}", redacted.text);
        assert!(
            redacted.text.starts_with("before ") && redacted.text.ends_with(" after"),
            "{}",
            redacted.text
        );
        assert_eq!(Redactor::restore(&redacted.text, &redacted.tokens), text);
    }
}

#[test]
fn secrets_in_context_are_hidden() {
    for (text, secret) in [
        ("postgres://app:s3cr3tPw@db:5432/x", "s3cr3tPw"),
        ("https://bob:hunTer77@git.internal/x.git", "hunTer77"),
        ("Authorization: Bearer abcDEF123456789xyz", "abcDEF123456789xyz"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZDE=", "dXNlcjpwYXNzd29yZDE="),
        ("DB_PASSWORD=kP9s2xLq0Zr7", "kP9s2xLq0Zr7"),
        ("{\"password\": \"correct-horse\"}", "correct-horse"),
        ("api_key: 9f86d081884c7d659a2feaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"),
        ("const token: string = 'q8Zt7Lm2Xc9Vb4'", "q8Zt7Lm2Xc9Vb4"),
        ("AccountKey=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZg9fK2vQ8sT1xLw3==;", "Zm9vYmFyYmF6cXV4"),
        (
            "aws_secret_access_key = wJa8rXUtnFEMI2K7MDENG3bPxRfiCY9qLtZvWk1o",
            "wJa8rXUtnFEMI2K7MDENG3bPxRfiCY9qLtZvWk1o",
        ),
        (r#"{"u":"postgres:\/\/app:s3cr3tPw@db"}"#, "s3cr3tPw"),
        (r#"{"k":"secret_key\u003dwJa8rXUtnFEMI2K7MDENG3bPxRfiCY9qLtZvWk1o"}"#, "wJa8rXUtnFEMI"),
    ] {
        let redacted = redact(text);
        assert!(!redacted.text.contains(secret), "{text} -> {}", redacted.text);
        assert_eq!(Redactor::restore(&redacted.text, &redacted.tokens), text);
    }
}

#[test]
fn ordinary_text_stays() {
    for text in [
        "",
        "token = get_token(request)",
        "password = os.environ['DB_PASSWORD']",
        "password: changeme",
        "secret: ${VAULT_SECRET}",
        "api_key = '<your-api-key>'",
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
        "secretName: db-credentials",
        "https://example.com/a:b@c",
        "http://localhost:8080/@scope/pkg",
        "the token is sent in the header",
        "-----BEGIN PRIVATE KEY-----",
        "sk-learn and task-force",
        "tokens: 4096",
        "\"integrity\": \"sha512-abc\"",
        "git@github.com:owner/repo.git",
    ] {
        assert_eq!(redact(text).text, text);
    }
}

#[test]
fn equal_secrets_have_equal_tokens_under_one_key_only() {
    let secret = "glpat-a8Fk3Lz9Qw7Er5Ty1Ui2";
    let twice = redact(&format!("{secret} {secret}"));
    let (a, b) = twice.text.split_once(' ').unwrap();
    assert_eq!(a, b);
    assert_eq!(twice.tokens.len(), 1);
    assert_ne!(Redactor::new(*b"another key").redact(secret).text, a);
    assert!(!format!("{:?} {:?}", twice, Redactor::new(KEY)).contains("a8Fk3"));
}

#[test]
fn hostile_lines_take_linear_time() {
    for unit in ["eyJhbGciOi", "-----BEGIN PRIVATE KEY-----", "password=\"", "a://b:", "token: x", "ghp_ab"] {
        let text = unit.repeat(1_000_000 / unit.len());
        let redacted = redact(&text);
        assert!(redacted.text.len() <= text.len() + 100);
    }
}

fn fragment() -> impl Strategy<Value = String> {
    let pieces: Vec<String> = samples()
        .into_iter()
        .map(|(_, sample)| sample)
        .chain(
            [
                "password",
                "token",
                "=",
                ": ",
                "\"",
                "'",
                "\\n",
                "\\/",
                "\\u003d",
                "://u:",
                "@",
                "‹secret:",
                "›",
                " ",
                "é",
                "Bearer ",
            ]
            .map(str::to_owned),
        )
        .collect();
    prop_oneof![proptest::sample::select(pieces), "[a-zA-Z0-9:=._-]{0,12}", any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn redacting_twice_changes_nothing_and_restores(parts in proptest::collection::vec(fragment(), 0..8)) {
        let text = parts.concat();
        let once = redact(&text);
        let twice = redact(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.tokens.is_empty());
        prop_assert_eq!(Redactor::restore(&once.text, &once.tokens), text);
    }
}
