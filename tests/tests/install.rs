//! `install.sh`, with a stub in place of Cargo: what it checks, what it says, what it leaves behind.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A machine with nothing but the system's tools, and stubs of what `tools` names.
struct Machine {
    folder: tempfile::TempDir,
    /// Folders of programs behind the stubs.
    beside: String,
}

const EVERYWHERE: [&str; 22] = [
    "sh",
    "cat",
    "cut",
    "sort",
    "head",
    "mktemp",
    "mkdir",
    "cp",
    "chmod",
    "mv",
    "rm",
    "rmdir",
    "dirname",
    "basename",
    "sha256sum",
    "uname",
    "grep",
    "sed",
    "env",
    "touch",
    "ln",
    "git",
];
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
        let beside = "/usr/local/bin:/usr/bin:/bin".to_owned();
        let machine = Self { folder: tempfile::tempdir().unwrap(), beside };
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

    /// A machine with no compiler, no Rust and nothing that could get them but what `tools` names: of the
    /// system's tools only those that every system has. Its user is not root.
    fn bare(tools: &[(&str, &str)]) -> Self {
        let mut machine = Self::new(&[tools, &[("id", "echo 1000")]].concat());
        machine.beside = machine.path("system").display().to_string();
        fs::create_dir_all(machine.path("system")).unwrap();
        for name in EVERYWHERE {
            let of = |folder: &&&str| Path::new(**folder).join(name).exists();
            let found = ["/usr/bin", "/bin", "/usr/local/bin"].iter().find(of).unwrap();
            std::os::unix::fs::symlink(Path::new(found).join(name), machine.path("system").join(name))
                .unwrap();
        }
        machine
    }

    /// What a stub wrote down in its `log`, line by line.
    fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("home/log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
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
            .env("PATH", format!("{}:{}", self.path("stubs").display(), self.beside))
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

/// Writes what it is asked to `log`; gives what `serve` holds.
const CURL: &str = r#"
echo "curl $*" >>"$HOME/log"
while [ $# -gt 1 ]; do
    if [ "$1" = -o ]; then cp "$HOME/serve" "$2" || exit 22; fi
    shift
done
"#;
/// Runs what it is asked to run.
const SUDO: &str = "echo \"sudo $*\" >>\"$HOME/log\"\nexec \"$@\"";
/// Stands for rustup-init: installs Cargo and a compiler where the real one does.
const RUSTUP_INIT: &str = r#"#!/bin/sh
echo "rustup-init $*" >>"$HOME/log"
mkdir -p "$HOME/.cargo/bin"
cp "$HOME/cargo" "$HOME/rustc" "$HOME/.cargo/bin/"
"#;
/// Stands for apt-get: what it installs appears.
const APT_GET: &str = r#"
for word in "$@"; do
    case $word in
        build-essential) ln -s "$HOME/works" "$HOME/../stubs/cc" ;;
        cargo-1.96) mkdir -p "$HOME/of-packages"; cp "$HOME/cargo" "$HOME/rustc" "$HOME/../stubs/" ;;
        python3) ln -s "$HOME/works" "$HOME/../stubs/python3" ;;
        curl) cp "$HOME/curl" "$HOME/../stubs/curl" ;;
    esac
done
"#;

impl Machine {
    /// Puts what the stubs install or serve into the home.
    fn stock(&self, serve: Option<&str>) {
        let rustc = format!("#!/bin/sh\n{RUSTC}\n");
        let (cargo, curl) = (format!("#!/bin/sh\n{CARGO}"), format!("#!/bin/sh\n{CURL}"));
        for (name, text) in [
            ("rustc", Some(rustc.as_str())),
            ("cargo", Some(cargo.as_str())),
            ("curl", Some(curl.as_str())),
            ("works", Some("#!/bin/sh\nexit 0\n")),
            ("serve", serve),
        ] {
            let Some(text) = text else { continue };
            let file = self.path("home").join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

const APT: [(&str, &str); 2] = [("sudo", SUDO), ("apt-get", APT_GET)];

#[test]
fn the_toolchain_is_got_and_a_download_that_is_not_the_pinned_one_is_not_run() {
    // The machine's own sha256sum: nothing but the real rustup-init passes.
    let forged = Machine::bare(&[APT[0], APT[1], ("curl", CURL)]);
    forged.stock(Some(RUSTUP_INIT));
    let output = forged.install(&["--with-toolchain"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("is not rustup 1."), "{}", said(&output));
    assert!(said(&output).contains("its SHA-256 is"), "{}", said(&output));
    assert!(!forged.log().iter().any(|l| l.starts_with("rustup-init")), "it was run: {:?}", forged.log());
    assert!(!forged.path("home/.cargo").exists() && !forged.installed() && forged.leaves_no_scratch());

    // What the pinned one would do, behind a sum that is right.
    let sum = include_str!("../../install.sh").lines();
    let sum = sum.filter_map(|l| l.strip_prefix("rustup_sha256_x86_64=")).next().unwrap().to_owned();
    let said_sum = format!("echo \"{sum}  $1\"");
    let machine = Machine::bare(&[APT[0], APT[1], ("sha256sum", &said_sum), ("uname", "echo x86_64")]);
    machine.stock(Some(RUSTUP_INIT));
    let output = machine.install(&["--with-toolchain"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(machine.installed() && machine.leaves_no_scratch());
    let log = machine.log();
    let asked = |what: &str| log.iter().any(|l| l.contains(what));
    assert!(asked("install -y -q --no-install-recommends build-essential"), "{log:?}");
    assert!(
        asked("install -y -q --no-install-recommends curl ca-certificates"),
        "no curl was there: {log:?}"
    );
    assert!(asked("install -y -q --no-install-recommends python3"), "for the demonstration: {log:?}");
    assert!(asked("curl --proto =https --tlsv1.2 -fsSL"), "by TLS alone: {log:?}");
    assert!(
        asked("rustup-init -y -q --no-modify-path --profile minimal --default-toolchain 1.95.0"),
        "{log:?}"
    );
    assert_eq!(log.iter().filter(|l| l.contains("apt-get update")).count(), 1, "{log:?}");
    assert!(machine.path("home/ran").exists(), "the main job was shown");
}

#[test]
fn without_a_download_the_systems_packages_are_tried_and_else_it_says_what_to_do() {
    let cache = r#"
case $1 in
    pkgnames) printf 'cargo-1.80\ncargo-1.96\ncargo-1.96-doc\n' ;;
    policy) printf '%s:\n  Candidate: 1.63.0+ds1-2\n' "$2" ;;
esac
"#;
    let machine = Machine::bare(&[APT[0], APT[1], ("curl", CURL), ("apt-cache", cache)]);
    machine.stock(None);
    let output = machine.install(&["--with-toolchain", "--no-demo"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(machine.installed());
    let log = machine.log();
    assert!(log.iter().any(|l| l.ends_with("cargo-1.96 rustc-1.96")), "{log:?}");
    assert!(!log.iter().any(|l| l.contains("python3")), "no demonstration, nothing for it: {log:?}");

    let older = cache.replace("1.96", "1.81");
    for (tools, expected) in [
        (&[APT[0], APT[1], ("curl", CURL), ("apt-cache", older.as_str())][..], "https://rustup.rs"),
        (&[("apt-get", APT_GET), ("curl", CURL)], "there is no sudo"),
        (&[("curl", CURL)], "on Debian and Ubuntu only"),
    ] {
        let machine = Machine::bare(tools);
        machine.stock(None);
        let output = machine.install(&["--with-toolchain"]);
        assert_eq!(output.status.code(), Some(1), "{expected}: {}", said(&output));
        assert!(said(&output).contains(expected), "{expected}: {}", said(&output));
        assert!(!machine.installed() && machine.leaves_no_scratch(), "{expected}");
    }
}

#[test]
fn a_machine_without_python_is_told_what_the_demonstration_lacks() {
    let machine = Machine::bare(ALL);
    let output = machine.install(&[]);
    assert!(output.status.success() && machine.installed(), "{}", said(&output));
    assert!(said(&output).contains("sudo apt-get install python3"), "{}", said(&output));
    assert!(
        machine.log().is_empty()
            && fs::read_to_string(machine.path("home/ran")).unwrap() == "ran --version\n"
    );
}
