//! Made-up credentials, one of each format that is known: they hold together as real ones do, and open nothing.
//!
//! They are put together here, so that none stands in a source file.

use ecoops_core::domain::credential::crc32;

/// A secret in the text that it is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// As in `domain::credential::FORMATS`.
    pub kind: &'static str,
    /// One or more lines, without quotes of its own but double ones.
    pub text: String,
    /// What must be shown nowhere; of a key of several lines each.
    pub secrets: Vec<String>,
}

/// Drawn at random from `alphabet`, the same for the same `seed` (a linear congruential generator, Knuth's MMIX).
fn drawn(alphabet: &str, seed: usize, count: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        letters[(state >> 33) as usize % letters.len()]
    };
    (0..count).map(|_| draw()).collect()
}

fn letters(seed: usize, count: usize) -> String {
    drawn("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", seed, count)
}

fn hex(seed: usize, count: usize) -> String {
    drawn("0123456789abcdef", seed, count)
}

/// 36 characters of which the last six are the CRC-32 of the others in base 62.
fn github(seed: usize) -> String {
    let random = letters(seed, 30);
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut rest = crc32(random.as_bytes()) as usize;
    let mut sum = String::new();
    for _ in 0..6 {
        sum.insert(0, digits[rest % 62]);
        rest /= 62;
    }
    format!("ghp_{random}{sum}")
}

/// One of every format.
pub fn canaries() -> Vec<Canary> {
    let mut all: Vec<Canary> = Vec::new();
    let mut add = |kind: &'static str, before: &str, secret: String, after: &str| {
        all.push(Canary { kind, text: format!("{before}{secret}{after}"), secrets: vec![secret] });
    };
    let bech = drawn("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 0, 58);
    add("age-key", "", format!("AGE-SECRET-KEY-1{bech}"), "");
    add("aws-access-key", "", format!("AKIA{}", "QWERTYUIOP234567"), "");
    add("aws-secret-key", "aws_secret_access_key = \"", letters(1, 40), "\"");
    add("github-token", "", github(2), "");
    add("github-fine-grained-token", "", format!("github_pat_{}_{}", letters(3, 22), letters(4, 59)), "");
    add("gitlab-token", "", format!("glpat-{}", letters(5, 20)), "");
    add("slack-token", "", format!("xoxb-{}-{}-{}", "263594206564", "2343594206574", letters(6, 24)), "");
    let hook = format!("services/T0{}/B0{}/{}", "ABCDEF12", "ABCDEF34", letters(7, 24));
    add("slack-webhook", "https://hooks.slack.com/", hook, "");
    add("stripe-key", "", format!("sk_live_{}", letters(8, 24)), "");
    add("google-api-key", "", format!("AIza{}", letters(9, 35)), "");
    add("google-oauth-secret", "", format!("GOCSPX-{}", letters(10, 28)), "");
    add("npm-token", "", format!("npm_{}", letters(11, 36)), "");
    add("pypi-token", "", format!("pypi-AgE{}", letters(12, 60)), "");
    add("rubygems-token", "", format!("rubygems_{}", hex(13, 48)), "");
    add("docker-token", "", format!("dckr_pat_{}", letters(14, 27)), "");
    add("sendgrid-key", "", format!("SG.{}.{}", letters(15, 22), letters(16, 43)), "");
    add("twilio-key", "twilio_auth = \"", hex(17, 32), "\"");
    add("anthropic-key", "", format!("sk-ant-{}", letters(18, 40)), "");
    add("openai-key", "", format!("sk-proj-{}", letters(19, 40)), "");
    add("huggingface-token", "", format!("hf_{}", letters(20, 34)), "");
    add("telegram-token", "", format!("{}:AA{}", "5839201746", letters(21, 33)), "");
    add("digitalocean-token", "", format!("dop_v1_{}", hex(22, 64)), "");
    add("vault-token", "", format!("hvs.{}", letters(23, 24)), "");
    add("terraform-token", "", format!("{}.atlasv1.{}", letters(24, 14), letters(25, 64)), "");
    add("shopify-token", "", format!("shpat_{}", hex(26, 32)), "");
    add("databricks-token", "", format!("dapi{}", hex(27, 32)), "");
    add("grafana-token", "", format!("glsa_{}_{}", letters(28, 32), hex(28, 8)), "");
    add("atlassian-token", "", format!("ATATT3{}", letters(29, 110)), "");
    add("linear-key", "", format!("lin_api_{}", letters(30, 40)), "");
    add("sentry-token", "", format!("sntrys_{}", letters(31, 50)), "");
    add("mailgun-key", "", format!("key-{}", hex(32, 32)), "");
    add("azure-storage-key", "AccountName=a;AccountKey=", format!("{}==", letters(33, 86)), ";");
    add("azure-sas-signature", "https://a.blob.example/c?sv=1&sig=", format!("{}%3D", letters(34, 43)), "");
    let header = format!("eyJ{}", "hbGciOiJIUzI1NiJ9");
    add("jwt", "", format!("{header}.eyJ{}.{}", "zdWIiOiJjYW5hcnkifQ", letters(35, 43)), "");
    add("database-password", "postgres://app:", letters(36, 16), "@db.internal/shop");
    add("url-password", "ftp://deploy:", letters(37, 16), "@files.internal/");
    add("authorization-header", "Authorization: Basic ", letters(38, 32), "");
    add("bearer-token", "bearer ", letters(39, 40), "");
    add("password", "password = \"", letters(40, 14), "\"");
    add("generic-secret", "client_secret = \"", letters(41, 24), "\"");
    add("secret-assignment", "API_TOKEN=", letters(42, 24), "");
    let body = [letters(43, 64), letters(44, 64), letters(45, 64)];
    let (begin, end) =
        (format!("-----BEGIN RSA {} KEY-----", "PRIVATE"), format!("-----END RSA {} KEY-----", "PRIVATE"));
    let text = format!("{begin}\n{}\n{end}", body.join("\n"));
    all.push(Canary { kind: "private-key", text, secrets: body.to_vec() });
    all
}
