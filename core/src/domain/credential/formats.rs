//! The table of known credential formats.

use super::Check;

/// One format. Group 1 of `regex`, if there is one, is the secret; else the whole match is.
///
/// Every expression is linear, matches no line of prose, and never matches `‹` or `›`, the brackets of a
/// redacted token.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Kebab case, letters only.
    pub kind: &'static str,
    pub regex: &'static str,
    /// Lower case; one of them stands in every match.
    pub keywords: &'static [&'static str],
    pub check: Check,
    /// Bits a character, at least.
    pub min_entropy: f64,
    /// A format that no other text has by chance: only plain placeholders are excepted.
    pub known: bool,
}

/// The format of that kind.
pub fn format(kind: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.kind == kind)
}

const fn known(kind: &'static str, keywords: &'static [&'static str], regex: &'static str) -> Format {
    Format { kind, regex, keywords, check: Check::None, min_entropy: 2.5, known: true }
}

const fn checked(
    kind: &'static str,
    check: Check,
    keywords: &'static [&'static str],
    regex: &'static str,
) -> Format {
    Format { kind, regex, keywords, check, min_entropy: 2.5, known: true }
}

const fn contextual(
    kind: &'static str,
    check: Check,
    min_entropy: f64,
    keywords: &'static [&'static str],
    regex: &'static str,
) -> Format {
    Format { kind, regex, keywords, check, min_entropy, known: false }
}

/// The formats, the more telling first: where two overlap, the first gives the name.
pub const FORMATS: &[Format] = &[
    checked(
        "private-key",
        Check::Pem,
        &["private key"],
        r#"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:-{0,4}[A-Za-z0-9+/=\s\\"',:.()|_])*(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"#,
    ),
    known("age-key", &["age-secret-key-"], r"\b(?i:AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})"),
    checked(
        "aws-access-key",
        Check::AwsKey,
        &["akia", "asia", "abia", "acca"],
        r"(?-u:\b)((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})(?-u:\b)",
    ),
    Format {
        kind: "aws-secret-key",
        regex: r#"(?i:secret[_-]?(?:access[_-]?)?key)["']?\]?[ \t]{0,8}(?:=>|:=|[:=])[ \t]{0,8}["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
        keywords: &["secretkey", "secret_key", "secret-key", "accesskey", "access_key", "access-key"],
        check: Check::None,
        min_entropy: 3.8,
        known: true,
    },
    checked(
        "github-token",
        Check::Github,
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        r"(?-u:\b)(gh[pousr]_[A-Za-z0-9]{36,251})(?-u:\b)",
    ),
    known(
        "github-fine-grained-token",
        &["github_pat_"],
        r"(?-u:\b)(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})(?-u:\b)",
    ),
    known(
        "gitlab-token",
        &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-"],
        r"(?-u:\b)(gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[A-Za-z0-9_.-]{20,300})",
    ),
    known(
        "slack-token",
        &["xox", "xapp-"],
        r"(?-u:\b)((?:xox[abceoprs]|xapp|xoxe\.xox[bp])-[A-Za-z0-9-]{10,250})",
    ),
    known(
        "slack-webhook",
        &["hooks.slack.com"],
        r"hooks\.slack\.com/((?:services|workflows)/T[A-Za-z0-9_]{6,}/[A-Z][A-Za-z0-9_]{6,}/[A-Za-z0-9_]{16,})",
    ),
    known(
        "stripe-key",
        &["_live_", "whsec_"],
        r"(?-u:\b)((?:[sr]k_live_|whsec_)[A-Za-z0-9+/]{16,250}={0,2})",
    ),
    known("google-api-key", &["aiza"], r"(?-u:\b)(AIza[A-Za-z0-9_-]{35})"),
    known(
        "google-oauth-secret",
        &["gocspx-", "ya29."],
        r"(?-u:\b)(GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{20,500})",
    ),
    known("npm-token", &["npm_"], r"(?-u:\b)(npm_[A-Za-z0-9]{36})(?-u:\b)"),
    known("pypi-token", &["pypi-age"], r"(?-u:\b)(pypi-AgE[A-Za-z0-9_-]{50,1000})"),
    known("rubygems-token", &["rubygems_"], r"(?-u:\b)(rubygems_[a-f0-9]{48})(?-u:\b)"),
    known("docker-token", &["dckr_pat_", "dckr_oat_"], r"(?-u:\b)(dckr_[po]at_[A-Za-z0-9_-]{24,64})"),
    known("sendgrid-key", &["sg."], r"(?-u:\b)(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64})"),
    contextual(
        "twilio-key",
        Check::Opaque,
        2.8,
        &["twilio"],
        r#"(?i:twilio[a-z_ .-]{0,30})["']?\s{0,4}[:=]{1,2}\s{0,4}["']?((?:SK)?[0-9a-f]{32})(?-u:\b)"#,
    ),
    known("anthropic-key", &["sk-ant-"], r"(?-u:\b)(sk-ant-[A-Za-z0-9_-]{20,250})"),
    known(
        "openai-key",
        &["sk-"],
        r"(?-u:\b)(sk-(?:proj|svcacct|admin|or-v1)-[A-Za-z0-9_-]{20,250}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|sk-[A-Za-z0-9]{32,64})(?-u:\b)",
    ),
    known("huggingface-token", &["hf_"], r"(?-u:\b)(hf_[A-Za-z0-9]{34,40})(?-u:\b)"),
    known("telegram-token", &[":aa"], r"(?-u:\b)([0-9]{8,10}:AA[A-Za-z0-9_-]{33})"),
    known("digitalocean-token", &["dop_v", "doo_v", "dor_v"], r"(?-u:\b)(do[opr]_v1_[a-f0-9]{64})(?-u:\b)"),
    known("vault-token", &["hvs.", "hvb."], r"(?-u:\b)(hv[sb]\.[A-Za-z0-9_-]{24,300})"),
    known("terraform-token", &[".atlasv"], r"(?-u:\b)([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70})"),
    known(
        "shopify-token",
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        r"(?-u:\b)(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})(?-u:\b)",
    ),
    known("databricks-token", &["dapi"], r"(?-u:\b)(dapi[a-f0-9]{32}(?:-[0-9])?)(?-u:\b)"),
    known(
        "grafana-token",
        &["glsa_", "glc_ey"],
        r"(?-u:\b)(glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_ey[A-Za-z0-9+/]{32,400}={0,2})",
    ),
    known("atlassian-token", &["atatt"], r"(?-u:\b)(ATATT3[A-Za-z0-9_=-]{100,250})"),
    known("linear-key", &["lin_api_"], r"(?-u:\b)(lin_api_[A-Za-z0-9]{40})(?-u:\b)"),
    known("sentry-token", &["sntrys_", "sntryu_"], r"(?-u:\b)(sntry[su]_[A-Za-z0-9+/=_-]{40,400})"),
    known("mailgun-key", &["key-"], r"(?-u:\b)(key-[0-9a-f]{32})(?-u:\b)"),
    known(
        "azure-storage-key",
        &["accountkey=", "sharedaccesskey="],
        r"(?i:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{42,90}={1,2})",
    ),
    known("azure-sas-signature", &["sig="], r"[?&](?i:sig)=([A-Za-z0-9%+/]{42,90}(?:%3[dD]|=))"),
    checked(
        "jwt",
        Check::Jwt,
        &["eyj"],
        r"(?-u:\b)(eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{2,8000}\.[A-Za-z0-9_-]{10,2000})",
    ),
    contextual(
        "database-password",
        Check::None,
        0.0,
        &["://"],
        r#"(?-u:\b)(?i:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|clickhouse|cockroachdb|nats|ldaps?|jdbc:[a-z]{2,16})(?:\+[a-z0-9]{1,16})?://[^\s/:@"'<>‹›]{0,128}:([^\s/@"'<>‹›]{3,256})@"#,
    ),
    contextual(
        "url-password",
        Check::None,
        0.0,
        &["://"],
        r#"(?-u:\b)[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@"'<>‹›]{0,128}:([^\s/@"'<>‹›]{3,256})@"#,
    ),
    contextual(
        "authorization-header",
        Check::None,
        2.5,
        &["authorization"],
        r#"(?i:authorization)["']?\s{0,4}[:=,]\s{0,4}["']?(?i:bearer|basic|token|apikey|digest)?[ \t]{1,4}([A-Za-z0-9+/=._~-]{12,4096})"#,
    ),
    contextual(
        "bearer-token",
        Check::Opaque,
        3.0,
        &["bearer"],
        r"(?-u:\b)(?i:bearer)[ \t]{1,4}([A-Za-z0-9+/_.~-]{20,4096}={0,2})",
    ),
    contextual(
        "password",
        Check::None,
        2.0,
        &["passw", "pwd", "passphrase"],
        r#"(?i:passwo?r?d|passwd|pwd|passphrase)[A-Za-z0-9_]{0,24}["'`]?\]?[ \t]{0,8}(?::[ \t]{0,4}[A-Za-z&]{1,16}[ \t]{0,4}=|=>|:=|={1,3}|:)[ \t]{0,8}["'`]([^\s"'`‹›]{6,256})["'`]"#,
    ),
    contextual(
        "generic-secret",
        Check::Opaque,
        3.0,
        &[
            "secret",
            "token",
            "apikey",
            "api_key",
            "api-key",
            "access_key",
            "accesskey",
            "private_key",
            "privatekey",
            "credential",
            "auth_key",
            "authkey",
            "encryption_key",
        ],
        r#"(?i:secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|encryption[_-]?key|credentials?)[A-Za-z0-9_-]{0,24}["'`]?\]?[ \t]{0,8}(?::[ \t]{0,4}[A-Za-z&]{1,16}[ \t]{0,4}=|=>|:=|={1,3}|:)[ \t]{0,8}["'`]([^\s"'`‹›]{8,512})["'`]"#,
    ),
    contextual(
        "secret-assignment",
        Check::Opaque,
        3.0,
        &[
            "passw",
            "pwd",
            "passphrase",
            "secret",
            "token",
            "apikey",
            "api_key",
            "api-key",
            "access_key",
            "accesskey",
            "private_key",
            "credential",
            "auth_key",
            "encryption_key",
        ],
        r#"(?i:passwo?r?d|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|encryption[_-]?key|credentials?)[A-Za-z0-9_-]{0,24}[ \t]{0,4}[=:][ \t]{0,4}([A-Za-z0-9+/_.~@!#$%^&*=-]{8,512})"#,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let mut kinds = std::collections::BTreeSet::new();
        for format in FORMATS {
            assert!(kinds.insert(format.kind), "{} twice", format.kind);
            assert!(format.kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", format.kind);
            assert!(regex::Regex::new(format.regex).is_ok(), "{}", format.kind);
            assert!(!format.keywords.is_empty(), "{}", format.kind);
            for keyword in format.keywords {
                assert_eq!(*keyword, keyword.to_ascii_lowercase(), "{}", format.kind);
            }
        }
    }
}
