//! `install.sh`, with a stub in place of Cargo: what it checks, what it says, what it leaves behind.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A machine with nothing but the system's tools, and stubs of what `tools` names.
struct Machine {
    folder: tempfile::TempDir,
}

const RUSTC: &str = "echo 'rustc 1.95.0 (0000000 2026-01-01)'";
/// Builds a program that does nothing, but undoes what `fix` does.
const CARGO: &str = r#"
mkdir -p "$CARGO_TARGET_DIR/release"
cat >"$CARGO_TARGET_DIR/release/ecoops" <<'STUB'
#!/bin/sh
echo "ran $*" >>"$HOME/ran"
case $1 in
    --version) echo "ecoops 0.0.0" ;;
    scan) exit 1 ;;
    fix) echo changed >Dockerfile ;;
    undo) git checkout -q Dockerfile ;;
esac
STUB
chmod 755 "$CARGO_TARGET_DIR/release/ecoops"
"#;

impl Machine {
    fn new(tools: &[(&str, &str)]) -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(machine.path("stubs")).unwrap();
        fs::create_dir_all(machine.path("home")).unwrap();
        fs::create_dir_all(machine.path("tmp")).unwrap();
        for (name, script) in tools {
            let file = machine.path("stubs").join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn install(&self, arguments: &[&str]) -> Output {
        Command::new("sh")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../install.sh"))
            .args(arguments)
            .current_dir(self.path("home"))
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.path("stubs").display()))
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap()
    }

    fn installed(&self) -> bool {
        self.path("home/.local/bin/ecoops").exists()
    }

    fn leaves_no_scratch(&self) -> bool {
        fs::read_dir(self.path("tmp")).unwrap().next().is_none()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const ALL: &[(&str, &str)] = &[("cc", "exit 0"), ("rustc", RUSTC), ("cargo", CARGO)];

#[test]
fn it_installs_shows_the_main_job_and_uninstalls() {
    let machine = Machine::new(ALL);
    for round in 0..2 {
        let output = machine.install(&[]);
        assert!(output.status.success(), "round {round}: {}", said(&output));
        assert!(machine.installed() && machine.leaves_no_scratch());
    }
    let ran = fs::read_to_string(machine.path("home/ran")).unwrap();
    let ran: Vec<&str> = ran.lines().collect();
    let once = ["ran --version", "ran scan", "ran fix --yes", "ran runs", "ran audit verify", "ran undo"];
    assert_eq!(ran, [once, once].concat());

    assert!(machine.install(&["--uninstall"]).status.success());
    assert!(!machine.installed() && !machine.path("home/.local/share/ecoops").exists());
    assert!(said(&machine.install(&["--uninstall"])).contains("not installed"));
}

#[test]
fn it_says_what_is_missing_and_changes_nothing() {
    let old = ("rustc", "echo 'rustc 1.70.0 (0000000 2023-01-01)'");
    for (tools, expected) in [
        (&[("cc", "exit 1"), ("rustc", RUSTC), ("cargo", CARGO)][..], "apt-get install build-essential"),
        (&[("cc", "exit 0"), old, ("cargo", CARGO)], "rustup"),
        (&[("cc", "exit 0"), old, ("cargo", CARGO)], "rustc 1.70.0"),
        (&[("cc", "exit 0"), ("rustc", RUSTC), ("cargo", "exit 101")], "Building"),
    ] {
        let machine = Machine::new(tools);
        let output = machine.install(&[]);
        assert!(!output.status.success());
        assert!(said(&output).contains(expected), "{expected}: {}", said(&output));
        assert!(!machine.installed() && machine.leaves_no_scratch(), "{expected}");
        assert!(!machine.path("home/.local").exists(), "{expected}");
    }
}

#[test]
fn another_prefix_no_demonstration_and_bad_options() {
    let machine = Machine::new(ALL);
    let output = machine.install(&["--prefix", "elsewhere", "--no-demo"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(machine.path("home/elsewhere/bin/ecoops").exists() && !machine.installed());
    assert!(said(&output).contains("is not in your PATH"));
    for arguments in [&["--nonsense"][..], &["--prefix"]] {
        assert_eq!(machine.install(arguments).status.code(), Some(1), "{arguments:?}");
    }
    let help = machine.install(&["--help"]);
    assert!(String::from_utf8_lossy(&help.stdout).contains("--with-toolchain"));
}

#[test]
fn a_demonstration_that_fails_says_so() {
    let broken = CARGO.replace("scan) exit 1", "scan) exit 2");
    let machine = Machine::new(&[("cc", "exit 0"), ("rustc", RUSTC), ("cargo", &broken)]);
    let output = machine.install(&[]);
    assert!(!output.status.success() && said(&output).contains("exit code 2"), "{}", said(&output));
    assert!(machine.leaves_no_scratch());
}
