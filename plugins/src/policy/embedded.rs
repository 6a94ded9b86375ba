//! Rego in this process: the default policy that comes with ecoops, the user's own, the repository's.
//!
//! The user's files, and what the settings name besides, are trusted: they may allow more actions and set limits in `data.json`, but what
//! the default policy denies stays denied. The repository's are not, until the user trusts it: they
//! can only add denials. See `ecoops_core::engines::policy::authority` for how layers are joined.

use super::files;
use ecoops_core::engines::policy::authority::{Authority, LayerSource, Ruling};
use ecoops_core::engines::policy::rego::Source;
use ecoops_core::ports::policy::{Decision, Policy, PolicyInput};
use std::path::{Path, PathBuf};

/// The default policy's file and its tests.
pub const DEFAULT: (&str, &str) = ("remediation.rego", include_str!("../../packs/policy/remediation.rego"));
pub const DEFAULT_TEST: (&str, &str) =
    ("remediation_test.rego", include_str!("../../packs/policy/remediation_test.rego"));

/// Where policies are.
#[derive(Debug, Clone)]
pub struct PolicySettings {
    /// Whether the default policy takes part. Without it and without others, everything is denied.
    pub default: bool,
    /// The user's: `<config>/policies`.
    pub user: Option<PathBuf>,
    /// Further folders or files that the settings name; each is a layer of its own, as trusted as the user's.
    pub extra: Vec<PathBuf>,
    /// The repository's, and whether the user trusts it.
    pub repository: Option<(PathBuf, bool)>,
}

impl Default for PolicySettings {
    fn default() -> Self {
        Self { default: true, user: None, extra: Vec::new(), repository: None }
    }
}

#[derive(Debug)]
pub struct Embedded {
    authority: Authority,
}

impl Embedded {
    /// Reads and compiles all policies once. What cannot be read or compiled makes every decision a
    /// denial that says so.
    pub fn new(settings: &PolicySettings) -> Self {
        let mut problems = Vec::new();
        let user = settings.user.as_deref().map(files::read).unwrap_or_default();
        problems.extend(user.problems);
        let mut layers = Vec::new();
        if settings.default {
            let (name, text) = DEFAULT;
            let sources = vec![Source { name: name.to_owned(), text: text.to_owned() }];
            // The limits are the user's to set; nothing of a repository reaches this document.
            layers.push(layer("default", true, sources, user.data.clone()));
        }
        layers.push(layer("user", true, user.policies, user.data));
        for path in &settings.extra {
            let extra = files::read_named(path);
            problems.extend(extra.problems);
            layers.push(layer(&path.display().to_string(), true, extra.policies, extra.data));
        }
        if let Some((folder, trusted)) = &settings.repository {
            let repository = read_repository(folder, &mut problems);
            layers.push(layer("repository", *trusted, repository.policies, repository.data));
        }
        Self { authority: Authority::new(&layers, problems) }
    }

    /// Decides on any JSON document as the input, for `ecoops policy eval`.
    pub fn decide_document(&self, input: &serde_json::Value) -> Decision {
        let Ruling { allow, reasons } = self.authority.decide(input);
        Decision {
            allow,
            reasons,
            version: self.authority.version().to_owned(),
            policies: self.authority.policies().len(),
        }
    }

    /// Why nothing can be allowed; empty when all policies are usable.
    pub fn problems(&self) -> &[String] {
        self.authority.broken()
    }
}

fn layer(
    name: &str,
    trusted: bool,
    sources: Vec<Source>,
    data: serde_json::Map<String, serde_json::Value>,
) -> LayerSource {
    LayerSource { name: name.to_owned(), trusted, sources, data }
}

fn read_repository(folder: &Path, problems: &mut Vec<String>) -> files::Folder {
    let mut found = files::read(folder);
    problems.append(&mut found.problems);
    found
}

impl Policy for Embedded {
    fn decide(&self, input: &PolicyInput) -> Decision {
        match serde_json::to_value(input) {
            Ok(document) => self.decide_document(&document),
            Err(why) => Decision {
                allow: false,
                reasons: vec![format!("The input cannot be written as JSON: {why}.")],
                version: self.authority.version().to_owned(),
                policies: self.authority.policies().len(),
            },
        }
    }

    fn list(&self) -> Vec<String> {
        self.authority.policies().to_vec()
    }
}
