//! Opens the ports as the settings say, and puts in order what a killed run left. The composition root
//! of a command line without an agent.

use crate::agent;
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::host;
use crate::investigation::Room;
use ecoops_agent::client::{AgentAuditLog, AgentEvents, AgentMemory, Client, Lost};
use ecoops_agent::secret;
use ecoops_core::config::ConfiguredCheck;
use ecoops_core::domain::{Identifiers, RepoPath, Run, RunState};
use ecoops_core::engines::code::ruleset::RuleSet;
use ecoops_core::engines::redact::Redactor;
use ecoops_core::pipeline::validate::checks::{
    self, Cage, CheckLayer, CommandLine, NamedCommand, Surroundings, ValidateSettings,
};
use ecoops_core::pipeline::validate::tool_works;
use ecoops_core::pipeline::{self, Kind, PipelineError, Ports, Witnesses, journal};
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::cache::Cache;
use ecoops_core::ports::embedder::Embedder;
use ecoops_core::ports::events::Events;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::incidents::Incidents;
use ecoops_core::ports::memory::Memory;
use ecoops_core::ports::objects::Objects;
use ecoops_core::ports::plans::Plans;
use ecoops_core::ports::policy::Policy;
use ecoops_core::ports::runner::Runner;
use ecoops_core::ports::store::Store;
use ecoops_core::ports::telemetry::TelemetryError;
use ecoops_core::ports::workspace::{Selection, View, Workspace, WorkspaceError};
use ecoops_plugins::registry;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every port of a run. Opened once by the commands that need them all.
pub struct Kernel {
    pub store: Arc<dyn Store>,
    pub redactor: Redactor,
    host: Arc<dyn Host>,
    identity: Box<dyn Identity>,
    events: Box<dyn Events>,
    policy: Box<dyn Policy>,
    plans: Box<dyn Plans>,
    audit: Box<dyn AuditLog>,
    /// The daemon that this run works through; it knows of the run until this is dropped.
    _agent: Option<Arc<Client>>,
    memory: Option<Box<dyn Memory>>,
    pub runner: Box<dyn Runner>,
    identifiers: Identifiers,
}

impl Kernel {
    pub fn ports<'a>(
        &'a self,
        workspace: &'a dyn Workspace,
        redact: &'a dyn Fn(&str) -> String,
    ) -> Ports<'a> {
        Ports {
            workspace,
            store: self.store.as_ref(),
            host: self.host.as_ref(),
            policy: self.policy.as_ref(),
            plans: self.plans.as_ref(),
            memory: self.memory.as_deref(),
            runner: self.runner.as_ref(),
            witnesses: Witnesses {
                identity: self.identity.as_ref(),
                audit: self.audit.as_ref(),
                events: self.events.as_ref(),
                host: self.host.as_ref(),
                redact,
            },
            identifiers: &self.identifiers,
        }
    }

    /// Entries in the audit log.
    pub fn audit_size(&self) -> Result<u64, Failure> {
        self.audit.size().map_err(|e| failure(PipelineError::Audit(e)))
    }
}

/// The repository that the user stands in, or the plain folder.
pub fn workspace(app: &App) -> Result<Arc<dyn Workspace>, Failure> {
    let mut settings = registry::WorkspaceSettings::new(&app.folders.cache);
    settings.largest_file = app.settings().scan.max_file_size;
    settings.identities = host::git_identities();
    registry::workspace(&app.here, settings).map_err(|e| match e {
        WorkspaceError::NotARepository(path, why) => {
            Failure::new(format!("{} cannot be examined: {why}", path.display())).exit(Exit::Nothing)
        }
        other => Failure::new("the repository cannot be opened").because(&other),
    })
}

/// Results of earlier scans.
pub fn cache(app: &App) -> Box<dyn Cache> {
    registry::cache(&app.folders.cache.join("scan"))
}

/// Names this repository and this build of the program.
pub fn cache_scope(workspace: &dyn Workspace) -> String {
    format!("{}\n{}", workspace.about().repository, host::build())
}

pub fn store(app: &App) -> Result<Arc<dyn Store>, Failure> {
    let choice = registry::StoreChoice { adapter: "sqlite".into(), state: app.folders.state.clone() };
    registry::store(&choice).map_err(|e| unusable("the journal", &e))
}

pub fn host() -> Result<Arc<dyn Host>, Failure> {
    registry::host("system").map_err(|e| unusable("the clock", &e))
}

pub fn audit_log(app: &App) -> Result<Box<dyn AuditLog>, Failure> {
    let origin = &app.settings().audit.origin;
    registry::audit_log(&app.folders.state, origin)
        .map_err(|e| unusable("the audit log", &e).exit(Exit::AuditBroken))
}

pub fn policy(app: &App) -> Result<Box<dyn Policy>, Failure> {
    let repository = app.root.join(".ecoops/policies");
    let settings = registry::PolicySettings {
        default: true,
        user: Some(app.folders.config.join("policies")),
        extra: app.settings().policy.extra.iter().map(|path| app.root.join(path)).collect(),
        repository: repository.is_dir().then_some((repository, app.configuration.trusted)),
    };
    let chosen = &app.settings().policy;
    let choice = registry::PolicyChoice::embedded(settings);
    let choice = match chosen.adapter.as_str() {
        "embedded" => choice,
        adapter => registry::PolicyChoice {
            adapter: adapter.to_owned(),
            service: policy_service(app)?,
            good_for: std::time::Duration::from_secs(chosen.cache),
            redactor: Some(redactor(app)?),
            ..choice
        },
    };
    registry::policy(&choice).map_err(|e| unusable("the policy", &e))
}

/// The policy outside. One that cannot be asked is no reason to go on without it.
fn policy_service(app: &App) -> Result<registry::ServiceChoice, Failure> {
    let chosen = &app.settings().policy;
    if chosen.address.is_empty() {
        return Err(Failure::new("policy.adapter names a policy outside, and policy.address is empty")
            .next("set policy.address, or policy.adapter to embedded"));
    }
    // OPA is no service of the kernel and never gets the kernel's own key.
    let token = match chosen.adapter.as_str() {
        "opa" => crate::credentials::text(app, &chosen.credential)?,
        _ => crate::credentials::of_service(app, &chosen.credential)?,
    };
    let deadline = std::time::Duration::from_secs(10);
    Ok(registry::ServiceChoice {
        address: chosen.address.clone(),
        token: token.map(Into::into),
        deadline,
        ..registry::ServiceChoice::default()
    })
}

pub fn embedder(app: &App) -> Result<Arc<dyn Embedder>, Failure> {
    registry::embedder(&embedder_choice(app)?).map_err(|e| {
        unusable("the embedding model", &e).next(
            "set memory.model (or ECO_EMBEDDING_MODEL) to one of these, memory.embeddings to a server that has it, \
             or memory.enabled to false",
        )
    })
}

fn embedder_choice(app: &App) -> Result<registry::EmbedderChoice, Failure> {
    let settings = &app.settings().memory;
    let key = crate::credentials::text(app, &settings.embeddings_credential)?;
    let redactor = (!settings.embeddings.is_empty()).then(|| redactor(app)).transpose()?;
    Ok(registry::EmbedderChoice::of(settings, &app.folders.state, key, redactor))
}

fn memory_choice(app: &App) -> Result<registry::MemoryChoice, Failure> {
    let settings = &app.settings().memory;
    let password = crate::credentials::text(app, &settings.credential)?;
    let redactor = (settings.adapter != "embedded").then(|| redactor(app)).transpose()?;
    Ok(registry::MemoryChoice::of(settings, &app.folders.state, password, redactor))
}

pub fn memory(app: &App) -> Result<Option<Box<dyn Memory>>, Failure> {
    if !app.settings().memory.enabled {
        return Ok(None);
    }
    the_memory(app).map(Some)
}

/// The memory, for commands that are about it: whether the pipeline uses it or not.
pub fn the_memory(app: &App) -> Result<Box<dyn Memory>, Failure> {
    registry::memory(&memory_choice(app)?, embedder(app)?, host()?).map_err(|e| unusable("the memory", &e))
}

pub fn events(app: &App, host: Arc<dyn Host>) -> Result<Box<dyn Events>, Failure> {
    registry::events(&events_choice(app), host).map_err(|e| unusable("the event log", &e))
}

fn events_choice(app: &App) -> registry::EventsChoice {
    registry::EventsChoice {
        adapter: "embedded".into(),
        file: app.folders.state.join("events.sqlite"),
        retention: registry::Retention {
            days: app.settings().events.keep_days,
            attempts: app.settings().events.max_attempts,
            ..registry::Retention::default()
        },
        outboxes: app.settings().events.groups(),
    }
}

pub fn identity(app: &App, host: Arc<dyn Host>) -> Result<Box<dyn Identity>, Failure> {
    crate::credentials::identity(app, host)
}

/// All ports of a run.
///
/// `borrowed` are folders outside the copy that checks may read besides.
pub fn kernel(app: &App, borrowed: Vec<PathBuf>) -> Result<Kernel, Failure> {
    let host = host()?;
    let mut seed = [0; 8];
    host.random(&mut seed).map_err(|e| Failure::new("no identifiers can be made").because(&e))?;
    let identifiers = Identifiers::new(seed);
    let (agent, (audit, events, memory)) = recorders(app, &host, &identifiers)?;
    Ok(Kernel {
        store: store(app)?,
        redactor: redactor(app)?,
        identity: identity(app, host.clone())?,
        events,
        policy: policy(app)?,
        plans: plans(app)?,
        audit,
        _agent: agent,
        memory,
        runner: runner(app, borrowed)?,
        identifiers,
        host,
    })
}

/// What an investigation needs: no journal, no runner, no policy.
pub fn room(app: &App) -> Result<Room, Failure> {
    let host = host()?;
    let identifiers = ecoops_core::ports::host::identifiers(host.as_ref())
        .map_err(|e| Failure::new("no identifiers can be made").because(&e))?;
    let (agent, (audit, events, memory)) = recorders(app, &host, &identifiers)?;
    Ok(Room {
        identity: identity(app, host.clone())?,
        events,
        audit,
        _agent: agent,
        memory,
        embedder: match app.settings().memory.enabled {
            true => Some(embedder(app)?),
            false => None,
        },
        identifiers,
        host,
    })
}

pub fn incidents_choice(app: &App) -> Result<registry::IncidentsChoice, Failure> {
    let settings = &app.settings().incidents;
    let password = crate::credentials::text(app, &settings.credential)?;
    Ok(registry::IncidentsChoice::of(settings, &app.folders.state, password))
}

/// The incidents that are worked on.
pub fn incidents(app: &App) -> Result<Box<dyn Incidents>, Failure> {
    registry::incidents(&incidents_choice(app)?).map_err(|e| unusable("the store of incidents", &e))
}

/// Changes that wait for a yes, or got one.
pub fn plans(app: &App) -> Result<Box<dyn Plans>, Failure> {
    registry::plans(&incidents_choice(app)?).map_err(|e| unusable("the store of plans", &e))
}

/// Where reports and attachments are kept.
pub fn objects(app: &App) -> Result<Box<dyn Objects>, Failure> {
    let settings = &app.settings().objects;
    let key = match settings.adapter.as_str() {
        "folder" => None,
        _ => crate::credentials::text(app, &settings.credential)?,
    };
    let choice = registry::ObjectsChoice::of(settings, &app.folders.state, key);
    registry::objects(&choice, host()?).map_err(|e| {
        unusable("the store of reports and attachments", &e)
            .next("see the settings of [objects]: `ecoops config show`")
    })
}

type Recorders = (Box<dyn AuditLog>, Box<dyn Events>, Option<Box<dyn Memory>>);

/// What a run or an investigation writes to: through the daemon where there is one, which knows of it until the client
/// is dropped, else in this process.
fn recorders(
    app: &App,
    host: &Arc<dyn Host>,
    identifiers: &Identifiers,
) -> Result<(Option<Arc<Client>>, Recorders), Failure> {
    // A daemon that cannot take note of the run is none to work through.
    let agent = agent::reach(app).filter(|agent| agent.begin_run().is_ok());
    let recorders = match &agent {
        Some(agent) => through(app, agent, host, identifiers)?,
        None => (audit_log(app)?, events(app, host.clone())?, memory(app)?),
    };
    Ok((agent, recorders))
}

/// The ports that the daemon serves. Each goes on in this process when the daemon is lost.
fn through(
    app: &App,
    agent: &Arc<Client>,
    host: &Arc<dyn Host>,
    identifiers: &Identifiers,
) -> Result<Recorders, Failure> {
    let ui = app.ui;
    let say = move || {
        Box::new(move |why: &str| ui.always(&format!("note: {why}"))) as Box<dyn Fn(&str) + Send + Sync>
    };
    let (state, origin) = (app.folders.state.clone(), app.settings().audit.origin.clone());
    let audit = Lost {
        open: Box::new(move || registry::audit_log(&state, &origin).map_err(|e| e.to_string())),
        say: say(),
    };
    let (choice, clock) = (events_choice(app), host.clone());
    let events = Lost {
        open: Box::new(move || registry::events(&choice, clock.clone()).map_err(|e| e.to_string())),
        say: say(),
    };
    let memory = || -> Result<AgentMemory, Failure> {
        let (choice, clock, embedder) = (memory_choice(app)?, host.clone(), embedder(app)?);
        let open =
            move || registry::memory(&choice, embedder.clone(), clock.clone()).map_err(|e| e.to_string());
        Ok(AgentMemory::new(agent.clone(), Lost { open: Box::new(open), say: say() }))
    };
    let memory = app.settings().memory.enabled.then(memory).transpose()?;
    let identity: Arc<dyn Identity> = Arc::from(identity(app, host.clone())?);
    let session = identifiers.trace_id(host.now());
    Ok((
        Box::new(AgentAuditLog::new(agent.clone(), identity, session, audit)),
        Box::new(AgentEvents::new(agent.clone(), events)),
        memory.map(|memory| Box::new(memory) as Box<dyn Memory>),
    ))
}

/// The runner of the project's checks, in its cage.
pub fn runner(app: &App, borrowed: Vec<PathBuf>) -> Result<Box<dyn Runner>, Failure> {
    let launcher =
        host::program().map_err(|e| Failure::new("this program cannot find itself").because(&e))?;
    let home = host::home().unwrap_or_default();
    let tools = registry::tools::find(&home, &host::var);
    let name = ecoops_core::domain::ContentHash::of(app.root.display().to_string().as_bytes());
    let scratch = app.folders.cache.join("checks").join(name.hex().get(..16).unwrap_or_default());
    let mut readable = tools.readable;
    readable.extend(borrowed);
    let settings = registry::RunnerSettings {
        launcher,
        launcher_arguments: vec![registry::launcher::SUBCOMMAND.into()],
        path: host::var("PATH").unwrap_or_default(),
        scratch,
        readable,
        environment: tools.environment,
    };
    Ok(registry::runner(settings))
}

/// What isolated copies borrow of the user's tree: installed dependencies and git's objects.
pub fn borrowed(workspace: &dyn Workspace) -> Vec<PathBuf> {
    let root = &workspace.about().location;
    let listing = workspace.list(&Selection::default()).unwrap_or_default();
    let paths: Vec<RepoPath> = listing.entries.into_iter().map(|e| e.path).collect();
    let mut folders: Vec<PathBuf> = checks::borrowed_folders(&paths, &|name| root.join(name).is_dir())
        .iter()
        .map(|folder| root.join(folder.as_str()))
        .collect();
    folders.push(root.join(".git/objects"));
    folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect()
}

/// The redactor under this installation's own key.
pub fn redactor(app: &App) -> Result<Redactor, Failure> {
    secret::redactor(&app.folders.state, &*host()?).map_err(|e| {
        let file = app.folders.agent().redactor_key();
        Failure::new(format!("the redactor's key {} cannot be used", file.display()))
            .because(&e)
            .next("make the folder writable; without the key nothing is shown")
    })
}

/// Replaces a file as a whole, or leaves it as it was.
pub fn write_whole(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed =
        |e: &dyn std::error::Error| Failure::new(format!("{} cannot be written", file.display())).because(e);
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&e))?;
    temporary.write_all(bytes).map_err(|e| failed(&e))?;
    temporary.as_file().sync_all().map_err(|e| failed(&e))?;
    temporary.persist(file).map_err(|e| failed(&e.error))?;
    Ok(())
}

/// All rules: the packs, and the rule files that trusted settings name.
pub fn rules(app: &App) -> Result<RuleSet, Failure> {
    let mut files = Vec::new();
    for path in &app.settings().scan.rules {
        collect(&app.root.join(path), &mut files)?;
    }
    load(ecoops_plugins::packs::PACKS, &files)
}

/// Only the rules of these files and folders.
pub fn rules_in(paths: &[PathBuf]) -> Result<RuleSet, Failure> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    load(&[], &files)
}

fn load(known: &[(&str, &str)], files: &[(String, String)]) -> Result<RuleSet, Failure> {
    RuleSet::load_beside(known, files).map_err(|e| {
        Failure::new("a rule cannot be used").because(&e).next("see plugins/packs/README.md for the format")
    })
}

fn collect(path: &Path, files: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let failed = |e: &dyn std::error::Error| {
        Failure::new(format!("rules in {} cannot be read", path.display())).because(e)
    };
    if path.is_dir() {
        let mut inside: Vec<PathBuf> =
            std::fs::read_dir(path).map_err(|e| failed(&e))?.flatten().map(|e| e.path()).collect();
        inside.sort();
        let rules = |p: &PathBuf| p.is_dir() || p.extension().is_some_and(|e| e == "yml" || e == "yaml");
        return inside.iter().filter(|p| rules(p)).try_for_each(|p| collect(p, files));
    }
    let text = std::fs::read_to_string(path).map_err(|e| failed(&e))?;
    files.push((path.display().to_string(), text));
    Ok(())
}

/// A path that the user typed, as the repository names it; `None` for its root.
pub fn inside(app: &App, workspace: &dyn Workspace, path: &Path) -> Result<Option<RepoPath>, Failure> {
    let root = &workspace.about().location;
    let outside = || {
        Failure::new(format!("{} is not inside {}", path.display(), root.display()))
            .next("give paths inside the repository, or use -C to go to another one")
    };
    let absolute = app.here.join(path);
    let real = match absolute.canonicalize() {
        Ok(real) => real,
        // In a bare repository, or for a staged file, there need not be anything on disk.
        Err(_) if workspace.about().bare => root.join(path),
        Err(e) => {
            return Err(Failure::new(format!("{} cannot be examined", path.display()))
                .because(&e)
                .exit(Exit::Nothing));
        }
    };
    let relative = real.strip_prefix(root).map_err(|_| outside())?;
    let text = relative.to_str().ok_or_else(outside)?;
    if text.is_empty() {
        return Ok(None);
    }
    RepoPath::new(text).map(Some).map_err(|_| outside())
}

/// Puts in order what a killed run left in this repository, and says what was done.
pub fn recover(app: &App, workspace: &dyn Workspace) -> Result<(), Failure> {
    if !app.folders.state.join("runs.sqlite").is_file() {
        return Ok(());
    }
    let store = store(app)?;
    let host = host()?;
    let recovered = journal::recover(store.as_ref(), workspace, host.as_ref(), &step).map_err(failure)?;
    for one in recovered {
        let mut run = one.run;
        if matches!(run.state, RunState::Applied | RunState::Undoing) {
            let kernel = kernel(app, Vec::new())?;
            let redact = |text: &str| kernel.redactor.redact(text).text;
            let finished = pipeline::finish(&kernel.ports(workspace, &redact), &mut run, &step);
            finished.map_err(failure)?.iter().for_each(|w| app.ui.always(&format!("warning: {w}")));
        }
        let what = match run.state {
            RunState::Completed => "had landed; its record is written now",
            RunState::Undone => "was being undone; it is undone now",
            RunState::Applied | RunState::Undoing => "is being recorded by another process",
            _ => "was interrupted; what it had begun was taken back (`ecoops resume` does it again)",
        };
        app.ui.always(&format!("note: run {} {what}", run.id.0));
        for path in one.left {
            app.ui.always(&format!(
                "warning: {path} was changed by someone else meanwhile; it was left as it is"
            ));
        }
    }
    Ok(())
}

/// The run that `wanted` begins the id of, or the last one that is `fit`; `none` says that there is none.
pub fn find_run(
    store: &dyn Store,
    workspace: &dyn Workspace,
    wanted: Option<&str>,
    fit: &dyn Fn(&Run) -> bool,
    none: &str,
) -> Result<Run, Failure> {
    let repository = &workspace.about().repository;
    let runs = store
        .runs(Some(repository), 1000)
        .map_err(|e| Failure::new("the journal cannot be read").because(&e))?;
    let next = "`ecoops runs` lists the runs of this repository";
    match wanted {
        None => {
            runs.into_iter().find(|r| fit(r)).ok_or_else(|| Failure::new(none).exit(Exit::Nothing).next(next))
        }
        Some(id) => {
            let mut found = runs.into_iter().filter(|r| !id.is_empty() && r.id.0.starts_with(id));
            match (found.next(), found.next()) {
                (Some(run), None) => Ok(run),
                (None, _) => Err(Failure::new(format!("there is no run {id} in this repository")).next(next)),
                _ => Err(Failure::new(format!("several runs begin with {id}")).next(next)),
            }
        }
    }
}

/// A step of the pipeline that changes the user's tree: where tests stop it.
pub fn step(name: &str) {
    host::stop_here(name);
}

/// A pipeline error as a command's end.
pub fn failure(error: PipelineError) -> Failure {
    let exit = match error.kind() {
        Kind::AuditBroken => Exit::AuditBroken,
        Kind::Interrupted => Exit::Interrupted,
        Kind::Denied => Exit::PolicyDenied,
        Kind::Nothing => Exit::Nothing,
        _ => Exit::Error,
    };
    let next = match &error {
        PipelineError::Audit(_) => Some("run `ecoops audit verify` to see what does not hold"),
        PipelineError::ChangedSince { .. } => {
            Some("put your own changes aside (`git stash`, or a commit), then undo again")
        }
        PipelineError::Identity { .. } => Some("see `ecoops config show` for the roles of [identity]"),
        PipelineError::Telemetry(TelemetryError::Offline(_)) => Some("leave --offline out, or give a bundle"),
        PipelineError::Telemetry(TelemetryError::Untimed(_)) => Some("say when it was: --at TIME"),
        PipelineError::Workspace(WorkspaceError::Moved(_)) => {
            Some("run it again on the files as they are now")
        }
        PipelineError::Workspace(WorkspaceError::Entangled(_)) => {
            Some("commit or stash your own changes first, or fix without --commit")
        }
        _ => None,
    };
    let failure = Failure::new(error.to_string()).exit(exit);
    let failure = match std::error::Error::source(&error) {
        Some(source) => failure.because(source),
        None => failure,
    };
    match next {
        Some(next) => failure.next(next),
        None => failure,
    }
}

fn unusable(what: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("{what} cannot be used")).because(error)
}

/// Plans the project's checks for an isolated copy: looks at the repository's files, and asks the
/// copy's cage which tools work.
pub fn plan_checks<'a>(
    app: &'a App,
    workspace: &'a dyn Workspace,
    kernel: &'a Kernel,
) -> Box<pipeline::PlanChecks<'a>> {
    Box::new(move |folder, changed| {
        let settings = &app.settings().validate;
        let cage = Cage {
            root: folder.to_owned(),
            writable: Vec::new(),
            deadline_seconds: settings.deadline,
            memory_bytes: settings.memory,
        };
        let listing = workspace.list(&Selection::default()).unwrap_or_default();
        let paths: Vec<RepoPath> = listing.entries.into_iter().map(|e| e.path).collect();
        let text = |path: &RepoPath| {
            let file = workspace.read(&View::WorkingTree, path, 1 << 20).ok()?;
            String::from_utf8(file.bytes).ok()
        };
        let works =
            |command: &[&str]| tool_works(kernel.runner.as_ref(), &cage, command, &app.interrupt.flag);
        let exists = |name: &str| folder.join(name).exists();
        let around = Surroundings { paths: &paths, read: &text, works: &works, exists: &exists };
        let commands = settings.checks.iter().map(named).collect();
        let wanted =
            ValidateSettings { commands, deadline_seconds: settings.deadline, memory_bytes: settings.memory };
        let detected = checks::plan(&wanted, &around, changed, &cage);
        pipeline::Planned { checks: detected.checks, unchecked: detected.unchecked }
    })
}

fn named(check: &ConfiguredCheck) -> NamedCommand {
    NamedCommand {
        layer: match check.layer.as_str() {
            "build" => CheckLayer::Build,
            "lint" => CheckLayer::Lint,
            _ => CheckLayer::Test,
        },
        command: CommandLine::Words(check.command.clone()),
        folder: String::new(),
        environment: Default::default(),
        network: false,
        deadline_seconds: None,
        memory_bytes: None,
    }
}
