//! GitOps for one machine: an application's desired state is a folder of a git revision, and what runs
//! is a folder of this machine. The history of what was deployed is kept in the state folder.
//!
//! Never writes outside an application's own folder, and follows no symbolic link in it.

use super::files::{self, Wanted};
use ecoops_core::ports::delivery::{Application, Delivery, DeliveryError, Deployed, Effect, Health, Sync};
use ecoops_core::ports::host::Host;
use git2::{Oid, Repository};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Differences that an answer names at most.
const MOST_NAMED: usize = 100;
/// Deployments that are remembered.
const MOST_KEPT: usize = 200;

/// Where an application comes from and goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub repository: PathBuf,
    /// A branch, tag or commit.
    pub revision: String,
    /// Folder in the repository; empty for its top.
    pub folder: String,
    pub target: PathBuf,
}

impl Place {
    /// Of a setting's four texts.
    fn read(name: &str, texts: &[String]) -> Result<Self, DeliveryError> {
        let bad = |why: &str| DeliveryError::Refused(format!("delivery.applications.{name}: {why}"));
        let [repository, revision, folder, target] = texts else {
            return Err(bad("write [repository, revision, folder in it, folder to deploy to]"));
        };
        let plain =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !plain || name.starts_with('.') {
            return Err(bad("a name has letters, digits, `-`, `_` and `.` only"));
        }
        if !Path::new(repository).is_absolute() || !Path::new(target).is_absolute() {
            return Err(bad("the repository and the folder to deploy to must be absolute paths"));
        }
        Ok(Self {
            repository: repository.into(),
            revision: revision.clone(),
            folder: folder.trim_matches('/').to_owned(),
            target: target.into(),
        })
    }
}

/// See the module.
pub struct FolderDelivery {
    places: BTreeMap<String, Place>,
    /// `<state>/delivery`: a history file an application.
    history: PathBuf,
    host: Arc<dyn Host>,
    /// One deployment at a time.
    turn: Mutex<()>,
}

impl std::fmt::Debug for FolderDelivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FolderDelivery").field("places", &self.places).finish_non_exhaustive()
    }
}

impl FolderDelivery {
    /// `applications` are the texts of the setting `delivery.applications`.
    ///
    /// # Errors
    /// [`DeliveryError::Refused`] names the setting that cannot be used.
    pub fn new(
        applications: &BTreeMap<String, Vec<String>>,
        state: &Path,
        host: Arc<dyn Host>,
    ) -> Result<Self, DeliveryError> {
        let place = |(name, texts): (&String, &Vec<String>)| Ok((name.clone(), Place::read(name, texts)?));
        let places = applications.iter().map(place).collect::<Result<_, DeliveryError>>()?;
        Ok(Self { places, history: state.join("delivery"), host, turn: Mutex::new(()) })
    }

    fn place(&self, name: &str) -> Result<&Place, DeliveryError> {
        self.places.get(name).ok_or_else(|| DeliveryError::NoSuchApplication(name.to_owned()))
    }

    fn history_file(&self, name: &str) -> PathBuf {
        self.history.join(format!("{name}.json"))
    }

    fn history_of(&self, name: &str) -> Result<Vec<Deployed>, DeliveryError> {
        let file = self.history_file(name);
        match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| DeliveryError::Failed(format!("{} is damaged: {e}", file.display()))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(DeliveryError::Failed(format!("{}: {e}", file.display()))),
        }
    }

    /// The files come first and the history after them: a deployment that was killed in between shows
    /// as drift, and the next one mends it.
    fn deploy(&self, name: &str, revision: &str, prune: bool) -> Result<Deployed, DeliveryError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.place(name)?;
        let (commit, wanted) = desired(place, revision)?;
        let mut history = self.history_of(name)?;
        let before = match history.last() {
            Some(last) => desired(place, &last.revision).map(|(_, wanted)| wanted).unwrap_or_default(),
            None => Wanted::default(),
        };
        let number = history.last().map_or(1, |last| last.number + 1);
        let deployed = Deployed { number, revision: commit.to_string(), at: self.host.now().to_string() };
        files::deploy(&place.target, &wanted, &before, prune)
            .map_err(|why| DeliveryError::Failed(format!("{}: {why}", place.target.display())))?;
        history.push(deployed.clone());
        if history.len() > MOST_KEPT {
            history.drain(..history.len() - MOST_KEPT);
        }
        let file = self.history_file(name);
        let text = serde_json::to_vec(&history).map_err(|e| DeliveryError::Failed(e.to_string()))?;
        files::replace(&file, &text, false)
            .map_err(|e| DeliveryError::Failed(format!("{}: {e}", file.display())))?;
        Ok(deployed)
    }
}

/// The commit that `revision` names, and the files that it wants in the application's folder.
fn desired(place: &Place, revision: &str) -> Result<(Oid, Wanted), DeliveryError> {
    let failed = |e: git2::Error| {
        DeliveryError::Failed(format!("{} at {revision}: {}", place.repository.display(), e.message()))
    };
    let repository = Repository::open(&place.repository).map_err(failed)?;
    let object = repository
        .revparse_single(revision)
        .map_err(|_| DeliveryError::Refused(format!("`{revision}` names no commit")))?;
    let commit = object.peel_to_commit().map_err(failed)?;
    let root = commit.tree().map_err(failed)?;
    let tree = match place.folder.is_empty() {
        true => root,
        false => {
            let entry = root.get_path(Path::new(&place.folder)).map_err(failed)?;
            entry.to_object(&repository).and_then(|o| o.peel_to_tree()).map_err(failed)?
        }
    };
    let wanted = files::of_tree(&repository, &tree).map_err(DeliveryError::Failed)?;
    Ok((commit.id(), wanted))
}

impl Delivery for FolderDelivery {
    fn applications(&self) -> Result<Vec<String>, DeliveryError> {
        Ok(self.places.keys().cloned().collect())
    }

    fn state(&self, name: &str) -> Result<Application, DeliveryError> {
        let place = self.place(name)?;
        let history = self.history_of(name)?;
        let deployed_revision = history.last().map(|last| last.revision.clone());
        let mut state = Application {
            name: name.to_owned(),
            sync_status: Sync::Unknown,
            health_status: Health::Unknown,
            desired_revision: place.revision.clone(),
            deployed_revision: deployed_revision.clone(),
            drifted: Vec::new(),
            history,
            message: String::new(),
        };
        let (commit, wanted) = match desired(place, &place.revision) {
            Ok(found) => found,
            Err(why) => {
                state.message = why.to_string();
                return Ok(state);
            }
        };
        state.desired_revision = commit.to_string();
        let Some(deployed) = deployed_revision else {
            state.sync_status = Sync::OutOfSync;
            state.health_status = Health::Missing;
            state.message = "it was never deployed".into();
            return Ok(state);
        };
        let is_desired = deployed == commit.to_string();
        let there = if is_desired { Ok(wanted) } else { desired(place, &deployed).map(|(_, wanted)| wanted) };
        match there.map_err(|e| e.to_string()).and_then(|there| files::differences(&place.target, &there)) {
            Ok(mut drifted) => {
                let clean = drifted.is_empty();
                if !clean {
                    state.message = format!("{} files are not as they were deployed", drifted.len());
                    drifted.truncate(MOST_NAMED);
                }
                state.drifted = drifted;
                state.sync_status = if is_desired && clean { Sync::Synced } else { Sync::OutOfSync };
                state.health_status = if clean { Health::Healthy } else { Health::Degraded };
            }
            Err(why) => state.message = why,
        }
        Ok(state)
    }

    fn effect(&self, name: &str, revision: Option<&str>, prune: bool) -> Result<Effect, DeliveryError> {
        let place = self.place(name)?;
        let (commit, wanted) = desired(place, revision.unwrap_or(&place.revision))?;
        let deployed = self.history_of(name)?.pop();
        let before = match &deployed {
            Some(last) => desired(place, &last.revision).map(|(_, wanted)| wanted).unwrap_or_default(),
            None => Wanted::default(),
        };
        let changes = files::changes(&place.target, &wanted, &before, prune)
            .map_err(|why| DeliveryError::Failed(format!("{}: {why}", place.target.display())))?;
        Ok(Effect {
            application: name.to_owned(),
            deployed,
            revision: commit.to_string(),
            prune,
            drifted: self.state(name)?.drifted,
            changes: Some(changes),
        })
    }

    fn sync(&self, name: &str, revision: Option<&str>, prune: bool) -> Result<Deployed, DeliveryError> {
        let revision = revision.unwrap_or(&self.place(name)?.revision).to_owned();
        self.deploy(name, &revision, prune)
    }

    fn rollback(&self, name: &str, number: u64) -> Result<Deployed, DeliveryError> {
        self.place(name)?;
        let history = self.history_of(name)?;
        let wanted = history.iter().find(|d| d.number == number).ok_or_else(|| {
            DeliveryError::Refused(format!("{name} has no deployment {number} to go back to"))
        })?;
        self.deploy(name, &wanted.revision, true)
    }
}
