//! Which settings there are, what values they take, and what an untrusted repository may do with them.

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Flag,
    /// A whole number within these bounds, inclusive.
    Count(u64, u64),
    /// Bytes: a number, or a text such as `2 MiB`.
    Size,
    /// Any text that is not empty.
    Text,
    /// Any text; an empty one means that there is none.
    Optional,
    /// `scheme://host…` without user and password; an empty text means that there is none.
    Address,
    OneOf(&'static [&'static str]),
    /// A list of texts.
    List,
    /// A table of lists of texts; every key of it is a setting of its own.
    Lists,
    /// A list of checks: `name`, `layer`, `command`.
    Checks,
}

/// What the repository's own file may do before it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untrusted {
    /// Set it: it cannot harm who runs ecoops.
    May,
    /// Only lower it. For `scan.threads`, where 0 means all, 0 is the highest.
    MayLower,
    MayNot,
}

#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted: `scan.persona`.
    pub name: &'static str,
    pub kind: Kind,
    pub untrusted: Untrusted,
    /// A variable of the kernel that sets it too, besides `ECOOPS_<SECTION>_<KEY>`.
    pub kernel_variable: Option<&'static str>,
}

const fn key(name: &'static str, kind: Kind, untrusted: Untrusted) -> Key {
    Key { name, kind, untrusted, kernel_variable: None }
}

use Kind::{Address, Checks, Count, Flag, List, Lists, OneOf, Optional, Size, Text};
use Untrusted::{May, MayLower, MayNot};

/// Every setting, by section; `defaults.toml` holds a value for each.
pub const KEYS: &[Key] = &[
    key("scan.persona", OneOf(&["default", "pedantic"]), May),
    key("scan.include", List, May),
    key("scan.exclude", List, May),
    key("scan.enable", List, May),
    key("scan.disable", List, May),
    key("scan.severity", OneOf(&["info", "low", "medium", "high", "critical"]), May),
    key("scan.max_file_size", Size, MayLower),
    key("scan.threads", Count(0, 1024), MayLower),
    key("scan.baseline", Text, May),
    key("scan.rules", List, MayNot),
    key("fix.unsafe", Flag, MayNot),
    key("fix.commit", Flag, MayNot),
    key("fix.branch_prefix", Text, May),
    key("validate.enabled", Flag, MayNot),
    key("validate.deadline", Count(1, 86_400), MayLower),
    key("validate.memory", Size, MayLower),
    key("validate.checks", Checks, MayNot),
    key("identity.adapter", OneOf(&["os_user", "auth_service"]), MayNot),
    key("identity.address", Address, MayNot),
    key("identity.credential", Optional, MayNot),
    key("identity.default_roles", List, MayNot),
    key("identity.roles", Lists, MayNot),
    key("identity.members", Lists, MayNot),
    key("secrets.store", OneOf(&["auto", "keyring", "file", "openbao"]), MayNot),
    key("secrets.unlock", OneOf(&["machine", "passphrase"]), MayNot),
    key("openbao.address", Address, MayNot),
    key("openbao.ca_file", Optional, MayNot),
    key("openbao.auth", OneOf(&["token", "approle", "jwt", "kubernetes"]), MayNot),
    key("openbao.auth_mount", Optional, MayNot),
    key("openbao.role", Optional, MayNot),
    key("openbao.credential", Text, MayNot),
    key("openbao.jwt_file", Text, MayNot),
    key("openbao.mount", Text, MayNot),
    key("openbao.folder", Text, MayNot),
    key("login.issuer", Address, MayNot),
    key("login.client_id", Text, MayNot),
    key("login.client_secret", Text, MayNot),
    key("login.scopes", List, MayNot),
    key("login.resource", Optional, MayNot),
    key("login.audiences", List, MayNot),
    key("login.ca_file", Optional, MayNot),
    key("login.skew", Count(0, 300), MayNot),
    key("login.required", Flag, MayNot),
    key("login.role_claims", List, MayNot),
    key("login.roles", Lists, MayNot),
    key("policy.compliance_mode", Text, MayNot),
    key("policy.extra", List, MayNot),
    key("policy.adapter", OneOf(&["embedded", "opa", "policy_audit"]), MayNot),
    key("policy.address", Address, MayNot),
    key("policy.credential", Optional, MayNot),
    key("policy.cache", Count(0, 3600), MayNot),
    key("memory.enabled", Flag, MayNot),
    key("memory.adapter", OneOf(&["embedded", "pgvector", "memory_hub"]), MayNot),
    key("memory.address", Address, MayNot),
    key("memory.credential", Optional, MayNot),
    key("memory.login", Optional, MayNot),
    key("memory.org", Optional, MayNot),
    key("memory.ca_file", Optional, MayNot),
    key("memory.embeddings", Address, MayNot),
    key("memory.embeddings_credential", Optional, MayNot),
    Key { name: "memory.model", kind: Text, untrusted: MayNot, kernel_variable: Some("ECO_EMBEDDING_MODEL") },
    key("incidents.adapter", OneOf(&["sqlite", "postgres"]), MayNot),
    key("incidents.address", Address, MayNot),
    key("incidents.login", Optional, MayNot),
    key("incidents.credential", Optional, MayNot),
    key("incidents.org", Optional, MayNot),
    key("incidents.ca_file", Optional, MayNot),
    key("objects.adapter", OneOf(&["folder", "s3"]), MayNot),
    key("objects.address", Address, MayNot),
    key("objects.region", Text, MayNot),
    key("objects.access_key", Optional, MayNot),
    key("objects.credential", Optional, MayNot),
    key("objects.ca_file", Optional, MayNot),
    key("events.max_attempts", Count(1, 100), MayNot),
    key("events.keep_days", Count(0, 36_500), MayNot),
    key("events.adapter", OneOf(&["embedded", "redis", "nats", "kafka"]), MayNot),
    key("events.address", Address, MayNot),
    key("events.stream", Text, MayNot),
    key("events.user", Optional, MayNot),
    key("events.credential", Optional, MayNot),
    key("events.ca_file", Optional, MayNot),
    key("events.sinks", Lists, MayNot),
    key("audit.origin", Text, MayNot),
    key("audit.mirror", Address, MayNot),
    key("audit.mirror_credential", Optional, MayNot),
    key("bus.adapter", OneOf(&["embedded", "redis", "event_bus"]), MayNot),
    key("bus.address", Address, MayNot),
    key("bus.user", Optional, MayNot),
    key("bus.credential", Optional, MayNot),
    key("bus.ca_file", Optional, MayNot),
    key("agent.use", OneOf(&["auto", "always", "never"]), MayNot),
    key("agent.rate_limit", Count(1, 1_000_000), MayNot),
    key("agent.limits_address", Address, MayNot),
    key("agent.limits_user", Optional, MayNot),
    key("agent.limits_credential", Optional, MayNot),
    key("agent.limits_ca_file", Optional, MayNot),
    key("agent.drain", Count(0, 300), MayNot),
    key("agent.tls_certificate", Optional, MayNot),
    key("agent.tls_key", Optional, MayNot),
    key("agent.tls_role", Optional, MayNot),
    key("agent.tls_mount", Text, MayNot),
    key("agent.tls_names", List, MayNot),
    key("agent.tls_life", Count(2, 31_536_000), MayNot),
    key("mcp.roots", List, MayNot),
    key("mcp.allow_write", Flag, MayNot),
    key("mcp.deadline", Count(1, 3600), MayNot),
    key("mcp.max_output", Size, MayNot),
    key("mcp.servers", Lists, MayNot),
    key("mcp.variables", Lists, MayNot),
    key("mcp.unasked", Lists, MayNot),
    key("delivery.applications", Lists, MayNot),
    key("delivery.adapter", OneOf(&["folder", "infra_manager"]), MayNot),
    key("delivery.address", Address, MayNot),
    key("delivery.credential", Optional, MayNot),
    key("telemetry.otlp", Address, MayNot),
    key("telemetry.credential", Optional, MayNot),
    key("ui.color", OneOf(&["auto", "always", "never"]), May),
    key("ui.progress", OneOf(&["auto", "never"]), May),
];

/// The setting of this name. The keys of a [`Kind::Lists`] table are found by the table's name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|k| k.name == name).or_else(|| {
        let (table, _) = name.rsplit_once('.')?;
        KEYS.iter().find(|k| k.kind == Lists && k.name == table)
    })
}

/// True when settings begin with `prefix` and a dot.
pub fn is_section(prefix: &str) -> bool {
    KEYS.iter().any(|k| k.name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.')))
}

/// The environment variable of a setting: `scan.max_file_size` is `ECOOPS_SCAN_MAX_FILE_SIZE`.
pub fn variable(name: &str) -> String {
    format!("ECOOPS_{}", name.replace('.', "_").to_uppercase())
}

/// The known name nearest to `wrong`, when it is near enough to have been meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near =
        |name: &str| distance(wrong, name.rsplit('.').next().unwrap_or(name)).min(distance(wrong, name));
    let best = known.into_iter().min_by_key(|name| near(name))?;
    let limit = (wrong.chars().count() / 3).clamp(1, 4);
    (near(best) <= limit).then_some(best)
}

/// Levenshtein's distance in characters, with the swap of neighbours as one step (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(80).collect(), b.chars().take(80).collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_the_meant_one() {
        let names = || KEYS.iter().map(|k| k.name);
        for (wrong, meant) in [
            ("scan.perona", Some("scan.persona")),
            ("scan.pesrona", Some("scan.persona")),
            ("persona", Some("scan.persona")),
            ("validate.deadlin", Some("validate.deadline")),
            ("entirely.different", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, names()), meant, "{wrong}");
        }
    }

    #[test]
    fn variables_are_unambiguous() {
        let mut names: Vec<_> = KEYS.iter().map(|k| variable(k.name)).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), KEYS.len());
    }
}
