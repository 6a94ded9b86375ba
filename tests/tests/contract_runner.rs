//! What every adapter of `ports::runner` must do, told once and run on each of them.

// Helpers of tests are tests, which clippy does not see.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use ecoops_core::ports::runner::{Check, End, Ran, Runner, RunnerError};
use ecoops_plugins::runner::local::{LocalRunner, Settings};
use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A runner, the folder that its checks may write to, and one that they may not even read.
struct Ground {
    runner: Box<dyn Runner>,
    work: TempDir,
    secret: TempDir,
    _scratch: TempDir,
}

fn local() -> Ground {
    let scratch = tempfile::tempdir().unwrap();
    let settings = Settings {
        launcher: env!("CARGO_BIN_EXE_ecoops-sandbox").into(),
        path: "/usr/local/bin:/usr/bin:/bin".into(),
        scratch: scratch.path().to_path_buf(),
        ..Settings::default()
    };
    let runner = Box::new(LocalRunner::new(settings));
    Ground {
        runner,
        work: tempfile::tempdir().unwrap(),
        secret: tempfile::tempdir().unwrap(),
        _scratch: scratch,
    }
}

/// Every adapter of the port.
const ADAPTERS: &[fn() -> Ground] = &[local];

/// Tells a story on each adapter.
fn suite(story: impl Fn(Ground)) {
    for make in ADAPTERS {
        story(make());
    }
}

impl Ground {
    fn check(&self, program: &str, arguments: &[&str]) -> Check {
        Check {
            program: program.into(),
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
            environment: BTreeMap::new(),
            folder: self.work.path().to_path_buf(),
            writable: vec![self.work.path().to_path_buf()],
            network: false,
            deadline_seconds: 20,
            memory_bytes: 1 << 30,
        }
    }

    fn run(&self, check: &Check) -> Ran {
        self.runner.run(check, &AtomicBool::new(false)).unwrap()
    }

    fn bash(&self, script: &str) -> Ran {
        self.run(&self.check("bash", &["-c", script]))
    }
}

fn out(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

/// Living processes whose command line holds `mark`.
fn alive(mark: &str) -> usize {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = pids.filter_map(|e| std::fs::read(e.path().join("cmdline")).ok());
    lines.filter(|l| String::from_utf8_lossy(l).contains(mark)).count()
}

/// A word that no other process has in its command line.
fn mark(name: &str) -> String {
    format!("mark-{name}-{}", std::process::id())
}

#[test]
fn the_end_is_the_programs_own() {
    suite(|ground| {
        for (script, expected) in [
            ("exit 0", End::Exited(0)),
            ("exit 7", End::Exited(7)),
            ("kill -TERM $$", End::Signalled(15)),
            ("kill -SEGV $$", End::Signalled(11)),
        ] {
            assert_eq!(ground.bash(script).end, expected, "{script}");
        }
        let ran = ground.bash("echo to stdout; echo to stderr >&2");
        assert_eq!((out(&ran), ran.stderr), ("to stdout".into(), b"to stderr\n".to_vec()));
    });
}

#[test]
fn what_cannot_be_started_is_an_error() {
    suite(|ground| {
        let cancel = AtomicBool::new(false);
        let run = |check: &Check| ground.runner.run(check, &cancel);
        for program in ["no-such-program-anywhere", "./not-here", "/etc/passwd"] {
            let got = run(&ground.check(program, &[]));
            assert!(
                matches!(&got, Err(RunnerError::NotFound(name)) if name == program),
                "{program}: {got:?}"
            );
        }
        let mut check = ground.check("true", &[]);
        check.folder = ground.work.path().join("missing");
        assert!(matches!(run(&check), Err(RunnerError::Start { .. })));
        std::fs::write(ground.work.path().join("garbage"), "\u{1}\u{2}").unwrap();
        Command::new("chmod").arg("+x").arg(ground.work.path().join("garbage")).status().unwrap();
        assert!(matches!(run(&ground.check("./garbage", &[])), Err(RunnerError::Start { .. })));
    });
}

#[test]
fn the_deadline_kills_the_whole_tree() {
    suite(|ground| {
        let mark = mark("deadline");
        // A child in a session of its own, deaf to SIGTERM, whose parent is gone; and one in the group.
        let script = format!(
            "trap '' TERM HUP INT; (trap '' TERM; setsid bash -c 'trap \"\" TERM; cat /dev/zero >/dev/null; : {mark}' &) ; \
         bash -c 'tail -f /dev/null; : {mark}' & wait; : {mark}"
        );
        let mut check = ground.check("bash", &["-c", &script]);
        check.deadline_seconds = 1;
        let begun = Instant::now();
        assert_eq!(ground.run(&check).end, End::Deadline);
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        assert_eq!(alive(&mark), 0);
    });
}

#[test]
fn what_a_finished_program_leaves_behind_dies() {
    suite(|ground| {
        let mark = mark("left");
        let ran =
            ground.bash(&format!("setsid bash -c 'tail -f /dev/null; : {mark}' >/dev/null 2>&1 & exit 3"));
        assert_eq!(ran.end, End::Exited(3));
        assert_eq!(alive(&mark), 0);
    });
}

#[test]
fn too_much_memory_ends_it() {
    suite(|ground| {
        // A grandchild takes it: the tree counts.
        let script = "x = bytearray(300 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport sys; sys.stdin.read(); import signal; signal.pause()";
        let mut check = ground.check("bash", &["-c", "/usr/bin/python3 -c \"$1\"; true", "x", script]);
        check.memory_bytes = 64 << 20;
        assert_eq!(ground.run(&check).end, End::Memory);
        check.memory_bytes = 2 << 30;
        check.deadline_seconds = 1;
        assert_eq!(ground.run(&check).end, End::Deadline, "within its limit it is left alone");
    });
}

#[test]
fn cancelling_is_quick() {
    suite(|ground| {
        let mark = mark("cancel");
        let fifo = ground.work.path().join("started");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let check = ground.check("bash", &["-c", &format!("echo go > started; tail -f /dev/null; : {mark}")]);
        let cancel = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let run = scope.spawn(|| ground.runner.run(&check, &cancel).unwrap());
            let mut said = String::new();
            std::fs::File::open(&fifo).unwrap().read_to_string(&mut said).unwrap();
            let asked = Instant::now();
            cancel.store(true, Ordering::Relaxed);
            assert_eq!(run.join().unwrap().end, End::Cancelled);
            // Seen within 100 ms; the rest is for a busy machine.
            assert!(asked.elapsed() < Duration::from_millis(1000), "{:?}", asked.elapsed());
        });
        assert_eq!(alive(&mark), 0);
        let ran = ground.runner.run(&check, &AtomicBool::new(true)).unwrap();
        assert_eq!(ran.end, End::Cancelled, "cancelled before it begins");
    });
}

#[test]
fn a_flood_of_output_is_bounded_and_its_end_is_kept() {
    suite(|ground| {
        let ran =
            ground.bash("head -c 20000000 /dev/zero | tr '\\0' x; echo END; head -c 3000000 /dev/zero >&2");
        assert_eq!(ran.end, End::Exited(0));
        assert_eq!((ran.stdout.len(), ran.stderr.len()), (1 << 20, 1 << 20));
        assert!(ran.stdout.ends_with(b"xEND\n"));
    });
}

#[test]
fn standard_input_is_empty() {
    suite(|ground| assert_eq!(out(&ground.bash("cat; echo done; [ -t 0 ] && echo terminal")), "done"));
}

#[test]
fn the_environment_is_small_and_fixed() {
    suite(|ground| {
        let mut check = ground.check("/usr/bin/env", &[]);
        check.environment.insert("EXTRA".into(), "given".into());
        let said = out(&ground.run(&check));
        let mut names: Vec<&str> = said.lines().filter_map(|l| Some(l.split_once('=')?.0)).collect();
        names.sort_unstable();
        // Cargo gives this very test CARGO_MANIFEST_DIR and more: the canaries.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert_eq!(names, ["CI", "EXTRA", "HOME", "LANG", "PATH", "TMPDIR"]);
        assert_eq!(out(&ground.bash("touch $HOME/a $TMPDIR/b && ls $HOME $TMPDIR | grep -c '^[ab]$'")), "2");
    });
}

/// Tests that need Landlock say so when the machine has none.
fn protected(ran: &Ran) -> bool {
    let gap = ran.unenforced.iter().any(|u| u.contains("files are not protected"));
    if gap {
        eprintln!("not tested: {:?}", ran.unenforced);
    }
    !gap
}

#[test]
fn nothing_is_written_outside() {
    suite(|ground| {
        let victim = ground.secret.path().join("victim");
        std::fs::write(&victim, "before").unwrap();
        let place = ground.secret.path().display();
        let script = format!(
            "echo in > inside; echo x > {place}/new; echo x >> {place}/victim; rm {place}/victim; mkdir {place}/d; \
         ln -s {place}/victim link; echo x > link; ln {place}/victim hard; mv {place}/victim moved; \
         truncate -s 0 {place}/victim; cat inside; true"
        );
        let ran = ground.bash(&script);
        assert_eq!(out(&ran), "in");
        if protected(&ran) {
            assert_eq!(std::fs::read_to_string(&victim).unwrap(), "before");
            assert_eq!(std::fs::read_dir(ground.secret.path()).unwrap().count(), 1);
        }
    });
}

#[test]
fn secrets_cannot_be_read() {
    suite(|ground| {
        let key = ground.secret.path().join("id_ed25519");
        std::fs::write(&key, "CANARY-KEY").unwrap();
        let mut files = vec![key.display().to_string(), format!("/proc/{}/environ", std::process::id())];
        files.extend(["/etc/shadow", "/root/.gitconfig", "/root/.bashrc"].map(String::from));
        let ran = ground.bash(&format!("cat {} ; ls {}", files.join(" "), ground.secret.path().display()));
        if protected(&ran) {
            assert_eq!(ran.stdout.len(), 0, "something could be read");
        }
        let system =
            ground.bash("cat /etc/passwd | head -c 5 | wc -c; test -r /proc/self/status && echo proc");
        assert_eq!(out(&system), "5\nproc");
    });
}

#[test]
fn other_processes_cannot_be_signalled() {
    suite(|ground| {
        let mut bystander = Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let ran = ground.bash(&format!("kill -9 {} $PPID 2>/dev/null; echo $?", bystander.id()));
        let spared = bystander.try_wait().unwrap().is_none();
        let _ = bystander.kill();
        let _ = bystander.wait();
        if !ran.unenforced.iter().any(|u| u.contains("signalled")) {
            assert!(spared);
            assert_eq!((ran.end, String::from_utf8_lossy(&ran.stdout).trim()), (End::Exited(0), "1"));
        }
    });
}

#[test]
fn the_network_is_cut_off_and_loopback_works() {
    suite(|ground| {
        let outside = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = outside.local_addr().unwrap().port();
        let reach = format!("(: > /dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo reached || echo refused");
        let ran = ground.bash(&reach);
        if !ran.unenforced.iter().any(|u| u.contains("the network is not cut off")) {
            assert_eq!(out(&ran), "refused");
        }
        let mut open = ground.check("bash", &["-c", &reach]);
        open.network = true;
        assert_eq!(out(&ground.run(&open)), "reached", "only when it is asked for");
        let own = "import socket\ns = socket.create_server(('127.0.0.1', 0))\nc = socket.create_connection(s.getsockname())\nprint('own')";
        let ran = ground.run(&ground.check("/usr/bin/python3", &["-c", own]));
        if !ran.unenforced.iter().any(|u| u.contains("network namespace")) {
            assert_eq!(out(&ran), "own", "{}", String::from_utf8_lossy(&ran.stderr));
        }
    });
}

#[test]
fn runs_in_parallel_do_not_disturb_each_other() {
    suite(|ground| {
        std::thread::scope(|scope| {
            let ground = &ground;
            let runs: Vec<_> = (0..8)
                .map(|i| scope.spawn(move || (i, ground.bash(&format!("echo {i}; exit {i}")))))
                .collect();
            for run in runs {
                let (i, ran) = run.join().unwrap();
                assert_eq!((ran.end, out_of(&ran.stdout)), (End::Exited(i), i.to_string()));
            }
        });
    });
}

fn out_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[test]
fn nothing_is_left_in_the_scratch_folder_but_the_home() {
    let ground = local();
    ground.bash("touch $TMPDIR/left");
    let names: Vec<_> =
        std::fs::read_dir(ground._scratch.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["home"]);
}

/// A killed ecoops closes the launcher's input; that alone must end everything.
#[test]
fn the_tree_dies_with_ecoops() {
    let (work, mark) = (tempfile::tempdir().unwrap(), mark("orphan"));
    let fifo = work.path().join("started");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut launcher = Command::new(env!("CARGO_BIN_EXE_ecoops-sandbox"))
        .stdin(std::os::fd::OwnedFd::from(theirs))
        .spawn()
        .unwrap();
    let script = format!("echo go > started; tail -f /dev/null; : {mark}");
    let spec = serde_json::json!({
        "program": Path::new("/bin/bash"), "arguments": ["-c", script], "environment": {"PATH": "/usr/bin:/bin"},
        "folder": work.path(), "readable": [], "writable": [work.path()], "network": false, "memory_bytes": 1u64 << 30,
    });
    std::io::Write::write_all(&mut &ours, format!("{spec}\n").as_bytes()).unwrap();
    let mut said = String::new();
    std::fs::File::open(&fifo).unwrap().read_to_string(&mut said).unwrap();
    assert!(alive(&mark) > 0);
    drop(ours);
    launcher.wait().unwrap();
    assert_eq!(alive(&mark), 0);
}

#[test]
fn a_launcher_that_is_none_is_an_error_that_says_so() {
    let ground = local();
    let check = ground.check("true", &[]);
    for launcher in ["/no/such/launcher", "/bin/true", "/bin/false"] {
        let settings = Settings {
            launcher: launcher.into(),
            path: "/usr/bin:/bin".into(),
            scratch: ground._scratch.path().to_path_buf(),
            ..Settings::default()
        };
        match LocalRunner::new(settings).run(&check, &AtomicBool::new(false)) {
            Err(RunnerError::Start { why, .. }) => assert!(why.contains("sandbox"), "{why}"),
            other => panic!("{launcher}: {other:?}"),
        }
    }
}
