//! A home of its own for one test: folders, git without the machine's settings, and the binary.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The binary under test: `ECOOPS_BIN`, else built once from this workspace.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(given) = std::env::var_os("ECOOPS_BIN") {
            return PathBuf::from(given);
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo).args(["build", "--quiet", "--package", "ecoops"]).status();
        assert!(built.is_ok_and(|s| s.success()), "the binary could not be built");
        // Beside the test's own folder: target/<profile>/deps/<test>.
        let test = std::env::current_exe().expect("a test has a path");
        let profile = test.parent().and_then(Path::parent).expect("a test is in target/<profile>/deps");
        profile.join("ecoops")
    })
}

/// The workspace's top folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate is in the workspace").to_path_buf()
}

/// An empty home, gone when dropped.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("ecoops-").tempdir().expect("a temporary folder");
        std::fs::create_dir_all(folder.path().join("home")).expect("a home");
        Self { folder }
    }

    /// The folder that holds the home and the repositories.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The program with nothing of the machine's environment but the PATH.
    pub fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        let home = self.path().join("home");
        command.current_dir(folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &home).env("LANG", "C.UTF-8").env("ECOOPS_HOME", home.join("ecoops"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", home.join("gitconfig"));
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Tester")
                .env(format!("GIT_{who}_EMAIL"), "tester@example.org");
            command.env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z");
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs ecoops in a folder to its end.
    pub fn ecoops(&self, folder: &Path, arguments: &[&str]) -> Ran {
        Ran::of(self.command(binary(), folder).args(arguments))
    }

    /// Runs ecoops in a folder as a user to whom permissions apply. Root hands all that is here to `nobody`,
    /// and becomes `nobody` for it; another user is one already.
    pub fn ecoops_without_rights(&self, folder: &Path, arguments: &[&str]) -> Ran {
        if !rustix::process::geteuid().is_root() {
            return self.ecoops(folder, arguments);
        }
        const NOBODY: u32 = 65_534;
        // The binary may lie where nobody cannot go.
        let program = self.path().join("ecoops-of-nobody");
        if !program.exists() && std::fs::hard_link(binary(), &program).is_err() {
            std::fs::copy(binary(), &program).expect("a copy of the binary");
        }
        for entry in std::fs::read_dir(self.path()).expect("a folder").flatten() {
            if entry.path() != program {
                let given =
                    Command::new("chown").arg("-hR").arg(NOBODY.to_string()).arg(entry.path()).status();
                assert!(
                    given.is_ok_and(|status| status.success()),
                    "{} is given away",
                    entry.path().display()
                );
            }
        }
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(self.path(), open).expect("its mode");
        let mut command = self.command(program, folder);
        command.args(arguments).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        std::os::unix::process::CommandExt::uid(&mut command, NOBODY);
        Ran::of(&mut command)
    }

    /// Runs ecoops with some input and further variables.
    pub fn ecoops_with(
        &self,
        folder: &Path,
        arguments: &[&str],
        input: &str,
        variables: &[(&str, &str)],
    ) -> Ran {
        let mut command = self.command(binary(), folder);
        command.args(arguments).envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("ecoops starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // It may end without reading all of it.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Ran::from(child.wait_with_output().expect("ecoops ends"))
    }

    /// Runs git in a folder and expects it to work.
    pub fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let ran = Ran::of(self.command("git", folder).args(arguments));
        assert_eq!(ran.code, 0, "git {arguments:?}: {}", ran.stderr);
        ran.stdout.trim_end().to_owned()
    }

    /// A git repository with these files, committed.
    pub fn repo(&self, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.path().join("repo");
        std::fs::create_dir_all(&folder).expect("a folder");
        self.git(&folder, &["init", "--quiet", "--initial-branch=main"]);
        self.commit(&folder, files);
        folder
    }

    /// Writes files and commits them.
    pub fn commit(&self, folder: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            write(&folder.join(path), text);
        }
        self.git(folder, &["add", "--all"]);
        self.git(folder, &["commit", "--quiet", "--allow-empty", "--message=work"]);
    }
}

/// Writes a file, with the folders above it.
pub fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("its folder");
    std::fs::write(path, text).expect("a file");
}

/// How a program ended.
#[derive(Debug)]
pub struct Ran {
    /// -1 when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().expect("the program starts"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
