//! Killing the process at every step of applying and of undoing a change: right after, each file is
//! its old or its new self; then going back, and going forward, gives exactly that side.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::{ContentHash, Run, RunState};
use ecoops_core::ports::store::{Store, StoreError};
use ecoops_core::ports::workspace::{CommitRequest, Side, Workspace, WorkspaceError};
use ecoops_plugins::store::sqlite::SqliteStore;
use ecoops_plugins::workspace::git::{GitWorkspace, Settings};
use ecoops_tests::repository::{Repo, path, run_id};
use std::cell::Cell;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

const OLD: &[(&str, &str)] = &[
    ("a.py", "import os\nx = 1\n"),
    ("sub dir/b.py", "one\ntwo\nthree\nfour\nfive\n"),
    ("run.sh", "#!/bin/sh\r\necho\r\n"),
];
const NEW: &[(&str, &str)] = &[
    ("a.py", "import os\nx = 2\n"),
    ("sub dir/b.py", "ONE\ntwo\nthree\nfour\nmine\n"),
    ("run.sh", "#!/bin/bash\r\necho\r\n"),
];

fn storage(error: StoreError) -> WorkspaceError {
    WorkspaceError::Storage(error.to_string())
}

struct Helper {
    workspace: GitWorkspace,
    store: SqliteStore,
}

impl Helper {
    fn open(root: &Path, state: &Path) -> Self {
        Self {
            workspace: GitWorkspace::open(root, Settings::new(state.join("cache"))).unwrap(),
            store: SqliteStore::open(state).unwrap(),
        }
    }

    fn put(&self, run: &mut Run, state: RunState) {
        run.state = state;
        self.store.put_run(run).unwrap();
    }

    /// As the landing of a run does it.
    fn apply(&self, root: &Path, how: &str, step: &dyn Fn(&str)) -> Result<(), WorkspaceError> {
        let _lease = self.store.lease(&self.workspace.about().repository).unwrap();
        let files: Vec<_> = NEW
            .iter()
            .map(|(name, new)| {
                let old = fs::read(root.join(name)).unwrap();
                (path(name), ContentHash::of(&old), new.as_bytes().to_vec())
            })
            .collect();
        let request = (how != "plain").then(|| CommitRequest {
            message: "Fix it".into(),
            branch: (how == "branch").then(|| "fixes/one".into()),
            timestamp: "2026-01-02T03:04:05Z".into(),
        });
        let keep = |bytes: &[u8]| {
            step("keep");
            self.store.put_blob(bytes).map_err(storage)
        };
        let set = self.workspace.prepare(&run_id(), &files, request.as_ref(), &keep)?;
        let mut run = journal(&self.workspace);
        run.write_set = set;
        self.put(&mut run, RunState::Applying);
        self.settle(&run, Side::After, step)?;
        self.put(&mut run, RunState::Applied);
        step("applied");
        Ok(())
    }

    fn undo(&self, step: &dyn Fn(&str)) -> Result<(), WorkspaceError> {
        let mut run = self.store.run(&run_id()).unwrap().unwrap();
        self.put(&mut run, RunState::Undoing);
        self.settle(&run, Side::Before, step)
    }

    fn settle(&self, run: &Run, side: Side, step: &dyn Fn(&str)) -> Result<(), WorkspaceError> {
        let contents = |hash: &ContentHash| self.store.blob(hash).map_err(storage);
        let done = self.workspace.settle(&run.write_set, side, &contents, step)?;
        assert_eq!(done.conflicts, []);
        self.workspace.sweep(&run.id, &run.write_set)
    }
}

fn journal(workspace: &GitWorkspace) -> Run {
    let about = workspace.about();
    Run {
        id: run_id(),
        repository: about.repository.clone(),
        location: about.location.display().to_string(),
        state: RunState::Started,
        started: "2026-01-02T03:04:05Z".into(),
        updated: "2026-01-02T03:04:05Z".into(),
        actor: "tester".into(),
        trace_id: String::new(),
        request: serde_json::Value::Null,
        write_set: Default::default(),
        unrecorded: None,
        verdict: None,
        note: String::new(),
        patch: String::new(),
    }
}

/// Not a test of its own: what the tests below start again as a process to be killed.
#[test]
fn helper_process() {
    let Some(root) = std::env::var_os("KILL_ROOT").map(PathBuf::from) else { return };
    let variable = |name| std::env::var(name).unwrap();
    let (how, act) = (variable("KILL_HOW"), variable("KILL_ACT"));
    let at: usize = variable("KILL_STEP").parse().unwrap();
    let helper = Helper::open(&root, Path::new(&variable("KILL_STATE")));
    let count = Cell::new(0);
    let step = |name: &str| {
        if act == "full" && name == "write a.py" {
            limit_file_size(64 << 10);
        }
        count.set(count.get() + 1);
        if count.get() == at {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
        }
    };
    match act.as_str() {
        "apply" => helper.apply(&root, &how, &step).unwrap(),
        "undo" => helper.undo(&step).unwrap(),
        "full" => {
            let error = helper.apply_large(&root, &step).unwrap_err();
            assert!(error.to_string().contains("larger than the system allows"), "{error}");
            let run = helper.store.run(&run_id()).unwrap().unwrap();
            helper.settle(&run, Side::Before, &|_| ()).unwrap();
        }
        other => panic!("{other}"),
    }
}

impl Helper {
    fn apply_large(&self, root: &Path, step: &dyn Fn(&str)) -> Result<(), WorkspaceError> {
        let large = vec![b'x'; 256 << 10];
        let hash = |name| ContentHash::of(&fs::read(root.join(name)).unwrap());
        let files =
            vec![(path("a.py"), hash("a.py"), b"x\n".to_vec()), (path("run.sh"), hash("run.sh"), large)];
        let keep = |bytes: &[u8]| self.store.put_blob(bytes).map_err(storage);
        let mut run = journal(&self.workspace);
        run.write_set = self.workspace.prepare(&run_id(), &files, None, &keep)?;
        self.put(&mut run, RunState::Applying);
        self.settle(&run, Side::After, step)
    }
}

fn limit_file_size(bytes: u64) {
    let limit = rustix::process::Rlimit { current: Some(bytes), maximum: Some(bytes) };
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
}

/// A repository with the user's staged and unstaged work, ready to be copied.
fn template() -> Repo {
    let repo = Repo::with(OLD);
    repo.chmod("run.sh", 0o755);
    repo.git(&["commit", "-qam", "executable"]);
    repo.write("sub dir/b.py", "one\ntwo\nthree\nfour\nstaged\n");
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "-A"]);
    repo.write("sub dir/b.py", "one\ntwo\nthree\nfour\nmine\n");
    repo.write("untracked.txt", "mine\n");
    repo
}

struct Case {
    repo: Repo,
    state: PathBuf,
}

impl Case {
    fn new() -> Self {
        let repo = Repo::plain();
        let state = repo.outside().join("state");
        fs::create_dir(&state).unwrap();
        Self { repo, state }
    }

    fn with(template: &Repo) -> Self {
        let case = Self::new();
        copy(&template.root, &case.repo.root);
        case
    }

    fn copied(&self) -> Self {
        let case = Self::with(&self.repo);
        copy(&self.state, &case.state);
        case
    }

    fn run(&self, how: &str, act: &str, step: usize) -> ExitStatus {
        // A full disk must be an error and no signal.
        Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "helper_process", "--quiet"])
            .envs([("KILL_HOW", how), ("KILL_ACT", act), ("KILL_STEP", &step.to_string())])
            .env("KILL_ROOT", &self.repo.root)
            .env("KILL_STATE", &self.state)
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap()
    }

    fn each_file_is_old_or_new(&self) {
        for ((name, old), (_, new)) in OLD.iter().zip(NEW) {
            let now = self.repo.read(name);
            let old = if *name == "sub dir/b.py" { "one\ntwo\nthree\nfour\nmine\n" } else { old };
            assert!(now == old || now == *new, "{name}: {now:?}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap().success());
}

fn killed(status: ExitStatus) -> bool {
    assert!(status.success() || status.signal() == Some(9), "{status}");
    !status.success()
}

/// Kills `act` at each step, then settles to both sides.
fn every_step(how: &str, act: &str) {
    let whole = Case::with(&template());
    let start = whole.copied();
    let before = whole.repo.snapshot(true);
    assert!(whole.run(how, "apply", 0).success());
    let after = whole.repo.snapshot(true);
    assert!(!whole.repo.changes_since(&before).is_empty());
    let start = if act == "undo" { &whole } else { &start };
    for step in 1.. {
        let case = start.copied();
        let status = case.run(how, act, step);
        case.each_file_is_old_or_new();
        for side in [Side::Before, Side::After] {
            let case = case.copied();
            let helper = Helper::open(&case.repo.root, &case.state);
            let run = helper.store.run(&run_id()).unwrap();
            let expected = match (&run, side) {
                (Some(_), Side::After) => &after,
                // Killed while preparing, nothing was begun.
                _ => &before,
            };
            if let Some(run) = run {
                helper.settle(&run, side, &|_| ()).unwrap();
            }
            assert_eq!(case.repo.changes_since(expected), [""; 0], "{how} {act} step {step} {side:?}");
        }
        let helper = Helper::open(&case.repo.root, &case.state);
        assert!(helper.store.lease(&helper.workspace.about().repository).is_ok(), "the kernel frees it");
        if !killed(status) {
            assert!(step > 12, "{how} {act}: only {step} steps");
            break;
        }
    }
}

#[test]
fn applying_files_survives_every_kill() {
    every_step("plain", "apply");
}

#[test]
fn undoing_files_survives_every_kill() {
    every_step("plain", "undo");
}

#[test]
fn committing_survives_every_kill() {
    every_step("commit", "apply");
}

#[test]
fn undoing_a_commit_survives_every_kill() {
    every_step("commit", "undo");
}

#[test]
fn committing_to_a_new_branch_survives_every_kill() {
    every_step("branch", "apply");
}

#[test]
fn undoing_a_new_branch_survives_every_kill() {
    every_step("branch", "undo");
}

#[test]
fn a_full_disk_restores_everything() {
    let case = Case::with(&template());
    let before = case.repo.snapshot(true);
    assert!(case.run("plain", "full", 0).success());
    assert_eq!(case.repo.changes_since(&before), [""; 0]);
}
