//! What was seen before, and what embeds it.

use super::{PostgresSettings, RegistryError, ServiceChoice, named_file, open_error, unknown};
use crate::embedder::cached::{CachedEmbedder, ENTRIES};
use crate::embedder::embedded::EmbeddedEmbedder;
use crate::embedder::openai::OpenAiEmbedder;
use crate::embedder::redacted::RedactedEmbedder;
use crate::embedder::standby::StandbyEmbedder;
use crate::memory::embedded::EmbeddedMemory;
use crate::memory::memory_hub::MemoryHub;
use crate::memory::pgvector::PgMemory;
use crate::memory::redacted::RedactedMemory;
use crate::memory::remembered::RememberedMemory;
use ecoops_core::config;
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::embedder::Embedder;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::memory::Memory;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// The kernel's memory-hub.
///
/// # Errors
/// [`RegistryError`] when the address is none.
pub fn memory_hub(service: &ServiceChoice) -> Result<Box<dyn Memory>, RegistryError> {
    let opened = MemoryHub::new(service.server());
    Ok(Box::new(opened.map_err(|e| open_error("memory", "memory_hub")(e.into()))?))
}

/// The model that a server of the OpenAI protocol is asked for when no other is named.
pub const DEFAULT_MODEL: &str = "text-embedding-3-small";

/// What embeds.
#[derive(Debug, Clone, Default)]
pub struct EmbedderChoice {
    /// `builtin`, which works offline, or a model of `server`, where `builtin` stands for [`DEFAULT_MODEL`].
    pub model: String,
    /// A server of the OpenAI protocol.
    pub server: Option<crate::http::Server>,
    /// Holds `vectors.sqlite`, what the server made.
    pub state: PathBuf,
    /// Takes secrets out of what the server gets; without one nothing is sent.
    pub redactor: Option<Redactor>,
}

impl EmbedderChoice {
    /// As the settings say it; `key` is the credential that they name.
    pub fn of(
        settings: &config::Memory,
        state: &Path,
        key: Option<String>,
        redactor: Option<Redactor>,
    ) -> Self {
        let server = crate::http::Server {
            url: settings.embeddings.clone(),
            token: key,
            ..crate::http::Server::default()
        };
        let server = (!settings.embeddings.is_empty()).then_some(server);
        Self { model: settings.model.clone(), server, state: state.to_owned(), redactor }
    }
}

/// The embedding model. One of a server is asked once for each text, and the built-in one stands in while it is away.
///
/// # Errors
/// [`RegistryError`] when there is none of this name, or the server's address is none.
pub fn embedder(choice: &EmbedderChoice) -> Result<Arc<dyn Embedder>, RegistryError> {
    let failed = open_error("embedder", &choice.model);
    let builtin = Arc::new(EmbeddedEmbedder::new());
    let Some(server) = &choice.server else {
        return match choice.model.as_str() {
            "builtin" => Ok(builtin),
            name => Err(unknown("embedder", name, &["builtin", "any of a server: set memory.embeddings"])),
        };
    };
    let model = if choice.model == "builtin" { DEFAULT_MODEL } else { &choice.model };
    let asked = OpenAiEmbedder::new(server.clone(), model).map_err(|e| failed(e.into()))?;
    let redactor = choice.redactor.clone().ok_or_else(|| failed(NO_REDACTOR.into()))?;
    let clean = RedactedEmbedder::new(Arc::new(asked), redactor);
    let file = choice.state.join("vectors.sqlite");
    let cached = CachedEmbedder::open(&file, Arc::new(clean), ENTRIES).map_err(|e| failed(e.into()))?;
    Ok(Arc::new(StandbyEmbedder::new(Arc::new(cached), builtin)))
}

/// Where the memory is.
#[derive(Debug, Clone, Default)]
pub struct MemoryChoice {
    /// `embedded`, `pgvector` or `memory_hub`.
    pub adapter: String,
    /// Holds `memory.sqlite`, or `answers.sqlite` of a memory that is elsewhere.
    pub state: PathBuf,
    /// Takes secrets out of what a memory elsewhere gets; without one nothing is sent.
    pub redactor: Option<Redactor>,
    pub postgres: PostgresSettings,
    /// For `memory_hub`.
    pub service: ServiceChoice,
}

impl MemoryChoice {
    /// As the settings say it; `password` is the credential that they name.
    pub fn of(
        settings: &config::Memory,
        state: &Path,
        password: Option<String>,
        redactor: Option<Redactor>,
    ) -> Self {
        let ca_file = named_file(&settings.ca_file);
        let service = ServiceChoice {
            address: settings.address.clone(),
            token: password.clone().map(Zeroizing::new),
            ca_file: ca_file.clone(),
            deadline: Duration::ZERO,
        };
        let postgres = PostgresSettings {
            address: settings.address.clone(),
            login: settings.login.clone(),
            password,
            ca_file,
            org: settings.org.clone(),
            ..PostgresSettings::default()
        };
        let (adapter, state) = (settings.adapter.clone(), state.to_owned());
        Self { adapter, state, redactor, postgres, service }
    }
}

const NO_REDACTOR: &str = "nothing is sent to another machine without a redactor";

/// # Errors
/// [`RegistryError`] when the name is unknown or a file cannot be used. A server is asked when it is first needed.
pub fn memory(
    choice: &MemoryChoice,
    embedder: Arc<dyn Embedder>,
    host: Arc<dyn Host>,
) -> Result<Box<dyn Memory>, RegistryError> {
    let failed = open_error("memory", &choice.adapter);
    match choice.adapter.as_str() {
        "embedded" => {
            let opened = EmbeddedMemory::open(&choice.state.join("memory.sqlite"), embedder);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        "pgvector" => {
            let settings = &choice.postgres;
            let whose = format!("{} {} {}", settings.address, settings.login, settings.org);
            let remote = Box::new(PgMemory::new(settings.clone(), embedder));
            let file = choice.state.join("answers.sqlite");
            let redactor = choice.redactor.clone().ok_or_else(|| failed(NO_REDACTOR.into()))?;
            let remote = Box::new(RedactedMemory::new(remote, redactor));
            let opened = RememberedMemory::open(&file, remote, &whose, host);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        "memory_hub" => {
            let remote = memory_hub(&choice.service)?;
            let redactor = choice.redactor.clone().ok_or_else(|| failed(NO_REDACTOR.into()))?;
            let remote = Box::new(RedactedMemory::new(remote, redactor));
            let whose = format!("memory-hub {}", choice.service.address);
            let opened = RememberedMemory::open(&choice.state.join("answers.sqlite"), remote, &whose, host);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        name => Err(unknown("memory", name, &["embedded", "pgvector", "memory_hub"])),
    }
}
