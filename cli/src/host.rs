//! The only place of the command line that reads the environment: folders, terminal, variables.

use ecoops_agent::Places;
use ecoops_plugins::registry;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where ecoops keeps its things, after the XDG base directory specification.
#[derive(Debug, Clone)]
pub struct Folders {
    /// User configuration: `config.toml`, `trust.toml`.
    pub config: PathBuf,
    /// Journal, audit log, events, memory, keys. Losing it loses undo and the record.
    pub state: PathBuf,
    /// Result cache, isolated worktrees, build caches. May be deleted at any time.
    pub cache: PathBuf,
    /// The machine's configuration file.
    pub system_config: PathBuf,
    /// Sockets, for as long as the user is logged in.
    pub runtime: PathBuf,
}

impl Folders {
    /// `ECOOPS_HOME` puts all of them under one folder. `None` when there is no home folder at all.
    pub fn find() -> Option<Self> {
        if let Some(home) = var_os("ECOOPS_HOME") {
            let home = std::path::absolute(PathBuf::from(home)).ok()?;
            return Some(Self {
                config: home.join("config"),
                state: home.join("state"),
                cache: home.join("cache"),
                system_config: home.join("system.toml"),
                runtime: home.join("run"),
            });
        }
        let state = dirs::state_dir().or_else(dirs::data_local_dir)?.join("ecoops");
        Some(Self {
            config: dirs::config_dir()?.join("ecoops"),
            runtime: dirs::runtime_dir().map_or_else(|| state.join("run"), |folder| folder.join("ecoops")),
            state,
            cache: dirs::cache_dir()?.join("ecoops"),
            system_config: PathBuf::from("/etc/ecoops/config.toml"),
        })
    }
}

impl Folders {
    /// Where the daemon has its things.
    pub fn agent(&self) -> Places {
        Places { state: self.state.clone(), config: self.config.clone(), runtime: self.runtime.clone() }
    }
}

/// `ECOOPS_HOME`, when it is set.
pub fn own_home() -> Option<PathBuf> {
    std::path::absolute(PathBuf::from(var_os("ECOOPS_HOME")?)).ok()
}

/// Where programs keep the user's configuration.
pub fn config_home(home: &Path) -> PathBuf {
    dirs::config_dir().unwrap_or_else(|| home.join(".config"))
}

/// Leaves the terminal's session, so that closing it does not end this process.
pub fn detach() {
    // Refused to the leader of a group, who has no terminal to lose.
    let _ = rustix::process::setsid();
}

/// The folder for what need not last.
pub fn temporary() -> PathBuf {
    std::env::temp_dir()
}

/// Interrupts a process, as Ctrl-C does.
///
/// # Errors
/// When there is no such process, or it is not ours.
pub fn interrupt(process: i32) -> std::io::Result<()> {
    send(process, rustix::process::Signal::INT)
}

/// Asks a process to end.
///
/// # Errors
/// When there is no such process, or it is not ours.
pub fn terminate(process: i32) -> std::io::Result<()> {
    send(process, rustix::process::Signal::TERM)
}

/// Ends a process at once.
///
/// # Errors
/// As [`terminate`].
pub fn kill(process: i32) -> std::io::Result<()> {
    send(process, rustix::process::Signal::KILL)
}

fn send(process: i32, signal: rustix::process::Signal) -> std::io::Result<()> {
    let process = rustix::process::Pid::from_raw(process).ok_or(std::io::ErrorKind::NotFound)?;
    Ok(rustix::process::kill_process(process, signal)?)
}

/// The folder that the process was started in.
///
/// # Errors
/// When it is gone or cannot be read.
pub fn here() -> std::io::Result<PathBuf> {
    std::env::current_dir()
}

/// The nearest folder upwards of `from` with a `.git`, else with an `ecoops.toml`, else `from`.
pub fn repository_root(from: &Path) -> PathBuf {
    let up = |name: &str| from.ancestors().find(|f| f.join(name).exists()).map(Path::to_path_buf);
    up(".git").or_else(|| up("ecoops.toml")).unwrap_or_else(|| from.to_path_buf())
}

/// A variable that is set and not empty.
fn var_os(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|v| !v.is_empty())
}

/// A variable that is set, not empty and UTF-8.
pub fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// Who git's own variables say that a commit is by.
pub fn git_identities() -> registry::Identities {
    let of = |role: &str| registry::IdentityVariables {
        name: var(&format!("GIT_{role}_NAME")),
        email: var(&format!("GIT_{role}_EMAIL")),
        date: var(&format!("GIT_{role}_DATE")),
    };
    registry::Identities { author: of("AUTHOR"), committer: of("COMMITTER") }
}

/// The variables that can hold settings: `ECOOPS_…` and the kernel's `ECO_…`.
pub fn setting_variables() -> BTreeMap<String, String> {
    let utf8 = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    utf8.filter(|(k, _)| k.starts_with("ECOOPS_") || k.starts_with("ECO_")).collect()
}

/// What the streams can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    /// Columns, 40 to 400; 80 when unknown.
    pub width: usize,
    /// What the environment says about colour: `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`,
    /// `TERM=dumb`. `None` when it says nothing.
    pub color: Option<bool>,
}

impl Terminal {
    pub fn find() -> Self {
        Self {
            stdin: std::io::stdin().is_terminal(),
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
            width: width().clamp(40, 400),
            color: color(&var),
        }
    }
}

fn width() -> usize {
    let typed = var("COLUMNS").and_then(|c| c.parse().ok());
    let asked = || {
        let size = rustix::termios::tcgetwinsize(std::io::stdout());
        let size = size.or_else(|_| rustix::termios::tcgetwinsize(std::io::stderr()));
        size.ok().map(|s| usize::from(s.ws_col)).filter(|c| *c > 0)
    };
    typed.or_else(asked).unwrap_or(80)
}

/// After <https://no-color.org>, <https://force-color.org> and <https://bixense.com/clicolors>.
fn color(var: &dyn Fn(&str) -> Option<String>) -> Option<bool> {
    let on = |name: &str| var(name).is_some_and(|v| v != "0" && v != "false");
    if var("NO_COLOR").is_some() {
        Some(false)
    } else if on("FORCE_COLOR") || on("CLICOLOR_FORCE") {
        Some(true)
    } else if var("CLICOLOR").as_deref() == Some("0") || var("TERM").as_deref() == Some("dumb") {
        Some(false)
    } else {
        None
    }
}

/// Where a command runs when nobody watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Automation {
    /// `base`: the branch that a pull request goes to; `event`: the file that describes the event.
    GitHub {
        base: Option<String>,
        event: Option<PathBuf>,
    },
    /// `base`: the commit or branch that a merge request is compared with, or the commit before a push.
    GitLab {
        base: Option<String>,
    },
    Plain,
}

impl Automation {
    pub fn find() -> Self {
        automation(&var)
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::GitHub { .. } => "GitHub Actions",
            Self::GitLab { .. } => "GitLab CI",
            Self::Plain => "no known CI",
        }
    }
}

fn automation(var: &dyn Fn(&str) -> Option<String>) -> Automation {
    let zero = |sha: &String| !sha.bytes().all(|b| b == b'0');
    if var("GITHUB_ACTIONS").as_deref() == Some("true") {
        let base = var("GITHUB_BASE_REF").map(|branch| format!("origin/{branch}"));
        Automation::GitHub { base, event: var("GITHUB_EVENT_PATH").map(PathBuf::from) }
    } else if var("GITLAB_CI").is_some() {
        let base = var("CI_MERGE_REQUEST_DIFF_BASE_SHA")
            .or_else(|| var("CI_MERGE_REQUEST_TARGET_BRANCH_NAME").map(|b| format!("origin/{b}")))
            .or_else(|| var("CI_COMMIT_BEFORE_SHA").filter(zero));
        Automation::GitLab { base }
    } else {
        Automation::Plain
    }
}

/// What the project's own checks need to find their tools; nothing else of the environment reaches them.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    /// Variables that name a tool's home, with their values: `CARGO_HOME`, `GOPATH`, …
    pub homes: BTreeMap<String, PathBuf>,
}

/// Variables that name folders of tools, and where the tool has it below the home folder when unset.
const TOOL_HOMES: &[(&str, &str)] = &[
    ("CARGO_HOME", ".cargo"),
    ("RUSTUP_HOME", ".rustup"),
    ("GOPATH", "go"),
    ("GOMODCACHE", "go/pkg/mod"),
    ("PYENV_ROOT", ".pyenv"),
    ("VIRTUAL_ENV", ""),
    ("NVM_DIR", ".nvm"),
    ("VOLTA_HOME", ".volta"),
    ("PNPM_HOME", ".local/share/pnpm"),
    ("npm_config_cache", ".npm"),
    ("M2_HOME", ""),
    ("MAVEN_USER_HOME", ".m2"),
    ("GRADLE_USER_HOME", ".gradle"),
    ("JAVA_HOME", ""),
    ("RBENV_ROOT", ".rbenv"),
    ("BUNDLE_PATH", ""),
    ("COMPOSER_HOME", ".config/composer"),
    ("DOTNET_ROOT", ".dotnet"),
    ("NUGET_PACKAGES", ".nuget/packages"),
];

impl Tools {
    /// Only folders that exist are named.
    pub fn find() -> Self {
        let home = dirs::home_dir();
        let folder = |(name, below): &(&str, &str)| {
            let unset = || home.as_ref().filter(|_| !below.is_empty()).map(|h| h.join(below));
            let folder = var_os(name).map(PathBuf::from).or_else(unset)?;
            folder.is_dir().then(|| ((*name).to_owned(), folder))
        };
        Self { homes: TOOL_HOMES.iter().filter_map(folder).collect() }
    }
}

/// A line from the terminal that it does not show; `None` when the user gives up (Ctrl-C, Ctrl-D). The terminal is as
/// it was afterwards, also when this process is asked to end meanwhile: the key that would ask for it is read here.
///
/// # Errors
/// When standard input is no terminal.
pub fn read_hidden() -> std::io::Result<Option<Vec<u8>>> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    use std::io::Read;
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
    let mut typed = Some(Vec::new());
    for byte in stdin.lock().bytes() {
        match (byte, typed.as_mut()) {
            (Ok(b'\n' | b'\r'), _) | (Err(_), _) => break,
            (Ok(3 | 4), _) => {
                typed = None;
                break;
            }
            (Ok(8 | 127), Some(line)) => {
                // A whole character, whose first byte is none of 10xxxxxx.
                while line.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
            }
            (Ok(byte), Some(line)) => line.push(byte),
            (Ok(_), None) => break,
        }
    }
    tcsetattr(&stdin, OptionalActions::Flush, &before)?;
    Ok(typed)
}

/// Whether the user sits at a graphical desktop.
pub fn has_desktop() -> bool {
    cfg!(target_os = "macos") || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| var_os(name).is_some())
}

/// Opens a page in the user's browser, if there is one; who has none opens it by hand.
pub fn open_page(url: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let Some(program) = which(program) else { return };
    let quiet = std::process::Stdio::null;
    let _ =
        std::process::Command::new(program).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
}

/// The user's home folder.
pub fn home() -> Option<PathBuf> {
    dirs::home_dir()
}

/// Ends the process by SIGKILL when `ECOOPS_TEST_STOP_AT` names this step, or its number as `#7`: how
/// the tests kill a run at every step of its journal and of what changes the user's tree.
pub fn stop_here(step: &str) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let Some(wanted) = var("ECOOPS_TEST_STOP_AT") else { return };
    let number = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    if wanted == step || wanted.strip_prefix('#').is_some_and(|n| n == number.to_string()) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// The absolute path of this program.
///
/// # Errors
/// When the system does not tell.
pub fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Tells builds of this program apart, so that none uses what another one worked out.
pub fn build() -> String {
    let about = program().and_then(std::fs::metadata);
    let changed = about.as_ref().ok().and_then(|a| a.modified().ok());
    let changed = changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
    let size = about.map(|a| a.len()).unwrap_or_default();
    format!("{} {size} {}", env!("CARGO_PKG_VERSION"), changed.as_nanos())
}

/// What the pre-commit framework pushes, from and to; it gives no refs on stdin.
///
/// <https://pre-commit.com/#pre-push>
pub fn pre_commit_refs() -> Option<(String, String)> {
    Some((var("PRE_COMMIT_FROM_REF")?, var("PRE_COMMIT_TO_REF")?))
}

/// A program of the search path.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = var_os("PATH")?;
    std::env::split_paths(&path).map(|f| f.join(program)).find(|p| p.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned())
    }

    #[test]
    fn colour_follows_the_conventions() {
        for (pairs, expected) in [
            (&[][..], None),
            (&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], Some(false)),
            (&[("FORCE_COLOR", "3")], Some(true)),
            (&[("FORCE_COLOR", "0")], None),
            (&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], Some(true)),
            (&[("CLICOLOR", "0")], Some(false)),
            (&[("CLICOLOR", "1")], None),
            (&[("TERM", "dumb")], Some(false)),
        ] {
            assert_eq!(color(&vars(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn automation_is_told_by_its_variables() {
        let zeros = "0".repeat(40);
        for (pairs, name, base) in [
            (vec![], "no known CI", None),
            (
                vec![("GITHUB_ACTIONS", "true"), ("GITHUB_BASE_REF", "main")],
                "GitHub Actions",
                Some("origin/main"),
            ),
            (vec![("GITHUB_ACTIONS", "true")], "GitHub Actions", None),
            (
                vec![("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "abc")],
                "GitLab CI",
                Some("abc"),
            ),
            (
                vec![("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "dev")],
                "GitLab CI",
                Some("origin/dev"),
            ),
            (vec![("GITLAB_CI", "true"), ("CI_COMMIT_BEFORE_SHA", &zeros)], "GitLab CI", None),
        ] {
            let found = automation(&vars(&pairs));
            assert_eq!(found.name(), name, "{pairs:?}");
            let (Automation::GitHub { base: b, .. } | Automation::GitLab { base: b }) = found else {
                assert_eq!(base, None);
                continue;
            };
            assert_eq!(b.as_deref(), base, "{pairs:?}");
        }
    }
}
