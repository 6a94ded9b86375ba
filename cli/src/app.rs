//! What every command is given: settings, where things are kept, how to talk to the user, and the
//! ports, each opened when a command first asks for it.

use crate::host::Folders;
use crate::interrupt::Interrupt;
use crate::ui::Ui;
use ecoops_agent::credentials::Credentials;
use ecoops_core::config::{Configuration, Settings};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Built once by `commands::main`. Holds settings and folders, never the state of a run.
#[derive(Debug)]
pub struct App {
    pub ui: Ui,
    pub folders: Folders,
    /// Where the user stands, or `-C DIR`.
    pub here: PathBuf,
    /// The top of the repository that `here` is in; `here` itself outside of one.
    pub root: PathBuf,
    pub configuration: Configuration,
    /// Why the settings could not be used, where a command goes on with the defaults.
    pub unusable: Option<String>,
    pub output: Output,
    /// Asked to stop: look at it in long work.
    pub interrupt: Interrupt,
    /// Nothing leaves this process: the gate of `ecoops_plugins::egress` is closed.
    pub offline: bool,
    /// `--config` as typed: flag, setting, value.
    pub flags: Vec<(String, String, String)>,
    /// Opened when something first needs one; a passphrase is asked for once.
    pub credentials: OnceLock<Credentials>,
    /// `--log`.
    pub log: Option<String>,
}

impl App {
    pub fn settings(&self) -> &Settings {
        &self.configuration.settings
    }
}

/// How results are written. The format never changes the exit code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
    /// One JSON document a line
    Jsonl,
    /// SARIF 2.1.0
    Sarif,
    /// GitHub workflow commands (annotations)
    Github,
    /// GitLab code quality
    Gitlab,
    /// JUnit XML
    Junit,
    Markdown,
    /// Comma-separated values, of signals
    Csv,
    /// One self-contained page, of incidents
    Html,
}
