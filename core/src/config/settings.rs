//! The settings as the program uses them.

use super::credentials::{Login, Openbao, Secrets};
use crate::domain::{Permission, Persona, Severity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All settings, after all layers. `defaults.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub scan: Scan,
    pub fix: Fix,
    pub validate: Validate,
    pub identity: Identity,
    pub secrets: Secrets,
    pub openbao: Openbao,
    pub login: Login,
    pub policy: Policy,
    pub memory: Memory,
    pub incidents: Incidents,
    pub objects: Objects,
    pub events: Events,
    pub audit: Audit,
    pub bus: Bus,
    pub agent: Agent,
    pub mcp: Mcp,
    pub delivery: Delivery,
    pub telemetry: Telemetry,
    pub ui: Ui,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    pub persona: Persona,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    pub enable: Vec<String>,
    pub disable: Vec<String>,
    pub severity: Severity,
    /// Bytes.
    pub max_file_size: u64,
    /// 0: one for each processor.
    pub threads: usize,
    pub baseline: String,
    pub rules: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    #[serde(rename = "unsafe")]
    pub unsafe_fixes: bool,
    pub commit: bool,
    pub branch_prefix: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validate {
    pub enabled: bool,
    /// Seconds for all checks together.
    pub deadline: u64,
    /// Bytes for one check.
    pub memory: u64,
    /// Empty: those that are found by themselves.
    pub checks: Vec<ConfiguredCheck>,
}

/// A check of the project's own; `command` is program and arguments, without a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfiguredCheck {
    pub name: String,
    /// `build`, `lint` or `test`.
    pub layer: String,
    pub command: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// `os_user` or `auth_service`.
    pub adapter: String,
    pub address: String,
    /// The name of a credential; empty: `ECO_AUTH_API_KEY`, or whoever logged in.
    pub credential: String,
    pub default_roles: Vec<String>,
    pub roles: BTreeMap<String, BTreeSet<Permission>>,
    pub members: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub compliance_mode: String,
    pub extra: Vec<String>,
    /// `embedded`, `opa` or `policy_audit`.
    pub adapter: String,
    pub address: String,
    /// The name of a credential; empty: none.
    pub credential: String,
    /// Seconds that a decision from outside is good for.
    pub cache: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    pub enabled: bool,
    /// `embedded`, `pgvector` or `memory_hub`.
    pub adapter: String,
    pub address: String,
    pub login: String,
    pub credential: String,
    pub org: String,
    /// Certificates to trust, in PEM; empty: those that the system trusts.
    pub ca_file: String,
    pub model: String,
    pub embeddings: String,
    pub embeddings_credential: String,
}

/// Where incidents and what was concluded of them are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incidents {
    /// `sqlite` or `postgres`.
    pub adapter: String,
    pub address: String,
    pub login: String,
    pub credential: String,
    pub org: String,
    /// As that of [`Memory`].
    pub ca_file: String,
}

/// Where reports and attachments are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objects {
    /// `folder` or `s3`.
    pub adapter: String,
    pub address: String,
    pub region: String,
    pub access_key: String,
    /// The name of a credential, which holds the secret key.
    pub credential: String,
    /// A file; empty: what the system trusts.
    pub ca_file: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Events {
    pub max_attempts: u32,
    /// 0: for ever.
    pub keep_days: u32,
    /// The event system that the local log is carried to; `embedded` for none.
    pub adapter: String,
    /// Empty: none.
    pub address: String,
    /// The stream or topic there.
    pub stream: String,
    /// Empty: nobody.
    pub user: String,
    /// The name of a credential; empty: none.
    pub credential: String,
    /// Certificates to trust; empty: the system's.
    pub ca_file: String,
    /// Who is told of events, by name; read by [`super::Sink::parse`].
    pub sinks: BTreeMap<String, Vec<String>>,
}

impl Events {
    /// The groups of the local log that carry it elsewhere: it keeps events until these have them.
    pub fn groups(&self) -> Vec<String> {
        let outside = (self.adapter != "embedded").then(|| self.outside());
        self.sinks.keys().map(|name| super::Sink::group(name)).chain(outside).collect()
    }

    /// The group that carries the local log to the event system outside.
    pub fn outside(&self) -> String {
        format!("outside:{}", self.adapter)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    pub origin: String,
    /// Where entries are written as well; empty: nowhere.
    pub mirror: String,
    /// The name of a credential; empty: none.
    pub mirror_credential: String,
}

/// The kernel's event bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bus {
    /// `embedded`, `redis` or `event_bus`.
    pub adapter: String,
    pub address: String,
    /// Of a Redis; empty: nobody.
    pub user: String,
    /// The name of a credential; empty: none.
    pub credential: String,
    /// Of a Redis: certificates to trust; empty: the system's.
    pub ca_file: String,
}

/// Where what the daemon does is told as traces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Telemetry {
    /// A collector of OpenTelemetry; empty: nowhere.
    pub otlp: String,
    /// The name of a credential; empty: none.
    pub credential: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    #[serde(rename = "use")]
    pub when: Use,
    /// Requests a second that one caller may make.
    pub rate_limit: u32,
    /// A Redis that counts requests; empty: each agent its own.
    pub limits_address: String,
    pub limits_user: String,
    pub limits_credential: String,
    pub limits_ca_file: String,
    /// Seconds that a stop waits for what is under way.
    pub drain: u64,
    /// A file; empty: no TLS.
    pub tls_certificate: String,
    /// A file.
    pub tls_key: String,
    /// A role of OpenBao's PKI that issues the certificate instead; empty: none does.
    pub tls_role: String,
    /// Where that PKI is mounted.
    pub tls_mount: String,
    /// What the certificate is for.
    pub tls_names: Vec<String>,
    /// Seconds that it lives.
    pub tls_life: u64,
}

/// Tools for others, and tools of others, by the Model Context Protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mcp {
    /// Folders that tools of the agent may read.
    pub roots: Vec<String>,
    pub allow_write: bool,
    /// Seconds for one call.
    pub deadline: u64,
    /// Bytes of one answer.
    pub max_output: u64,
    /// By name: a command and its arguments, or an address and the name of a credential.
    pub servers: BTreeMap<String, Vec<String>>,
    /// By name of the server: variables of the environment that it may see.
    pub variables: BTreeMap<String, Vec<String>>,
    /// By name of the server: read-only tools that are called without asking.
    pub unasked: BTreeMap<String, Vec<String>>,
}

/// When commands work through the agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// When it is up.
    #[default]
    Auto,
    /// Always: it is started when it is not up.
    Always,
    Never,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// By name: repository, revision, folder in it, folder to deploy to.
    pub applications: BTreeMap<String, Vec<String>>,
    /// `folder` or `infra_manager`.
    pub adapter: String,
    pub address: String,
    /// The name of a credential; empty: none.
    pub credential: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ui {
    pub color: Choice,
    pub progress: Choice,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    #[default]
    Auto,
    Always,
    Never,
}
