//! Runs a check as a process on this machine, in a cage (see `launcher`), and watches over it:
//! deadline, memory of the whole tree, and the cancel flag.
//!
//! Never gives the check this process's environment, standard input or home folder.

use super::wire::{Report, Spec, line};
use super::{capture, tree};
use ecoops_core::ports::runner::{Check, End, Ran, Runner, RunnerError};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often deadline and cancel flag are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How often the tree's memory is measured.
const MEASURE: Duration = Duration::from_millis(100);
/// How long the launcher may take to kill its tree before this process does it.
const GRACE: Duration = Duration::from_secs(3);

/// What the composition root knows of the machine.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The program whose `launcher::main` is called when it gets `launcher_arguments`.
    pub launcher: PathBuf,
    pub launcher_arguments: Vec<String>,
    /// `PATH`, as it is on this machine; its folders become readable.
    pub path: String,
    /// A folder of ours, one for each repository: HOME of the checks (kept, so that tools find their
    /// caches again) and their temporary files (removed after each run).
    pub scratch: PathBuf,
    /// Tool homes and borrowed folders that may be read and executed.
    pub readable: Vec<PathBuf>,
    /// Where tools find their homes (`CARGO_HOME`, …); see `tools::find`.
    pub environment: BTreeMap<String, String>,
}

#[derive(Debug)]
pub struct LocalRunner {
    settings: Settings,
}

impl LocalRunner {
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// The cage for one run: HOME and TMPDIR below the scratch folder are added to what is writable.
    fn spec(&self, check: &Check, temporary: &Path) -> Result<Spec, RunnerError> {
        let home = self.settings.scratch.join("home");
        std::fs::create_dir_all(&home).map_err(|e| cannot(check, format!("{}: {e}", home.display())))?;
        let mut environment = BTreeMap::from([
            ("PATH".to_owned(), self.settings.path.clone()),
            ("HOME".to_owned(), text(check, &home)?),
            ("TMPDIR".to_owned(), text(check, temporary)?),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("CI".to_owned(), "1".to_owned()),
        ]);
        environment.extend(self.settings.environment.clone());
        environment.extend(check.environment.clone());
        let program = self.find_program(check)?;
        let path_folders = std::env::split_paths(&self.settings.path).filter(|p| p.is_absolute());
        let mut readable: Vec<PathBuf> = path_folders.chain(self.settings.readable.iter().cloned()).collect();
        readable.extend([program.clone(), check.folder.clone()]);
        let mut writable = check.writable.clone();
        writable.extend([home, temporary.to_path_buf()]);
        Ok(Spec {
            program,
            arguments: check.arguments.clone(),
            environment,
            folder: check.folder.clone(),
            readable,
            writable,
            network: check.network,
            memory_bytes: check.memory_bytes,
        })
    }

    fn find_program(&self, check: &Check) -> Result<PathBuf, RunnerError> {
        let runnable =
            |p: &PathBuf| p.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
        let found = if check.program.contains('/') {
            Some(check.folder.join(&check.program)).filter(runnable)
        } else {
            std::env::split_paths(&self.settings.path)
                .filter(|folder| folder.is_absolute())
                .map(|folder| folder.join(&check.program))
                .find(runnable)
        };
        found.ok_or_else(|| RunnerError::NotFound(check.program.clone()))
    }

    fn launch(&self, check: &Check, socket: UnixStream) -> Result<Child, RunnerError> {
        Command::new(&self.settings.launcher)
            .args(&self.settings.launcher_arguments)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(socket)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|e| cannot(check, format!("the sandbox {}: {e}", self.settings.launcher.display())))
    }
}

impl Runner for LocalRunner {
    fn run(&self, check: &Check, cancel: &AtomicBool) -> Result<Ran, RunnerError> {
        let begun = Instant::now();
        if !check.folder.is_dir() {
            return Err(cannot(check, format!("{} is not a folder", check.folder.display())));
        }
        std::fs::create_dir_all(&self.settings.scratch)
            .map_err(|e| cannot(check, format!("{}: {e}", self.settings.scratch.display())))?;
        let temporary = tempfile::Builder::new()
            .prefix("run-")
            .tempdir_in(&self.settings.scratch)
            .map_err(|e| cannot(check, format!("no temporary folder: {e}")))?;
        let spec = line(&self.spec(check, temporary.path())?).map_err(|e| cannot(check, e))?;
        let (ours, theirs) = UnixStream::pair().map_err(|e| cannot(check, e.to_string()))?;
        let mut child = self.launch(check, theirs)?;
        let stdout = child.stdout.take().map(|s| std::thread::spawn(move || capture::drain(s)));
        let stderr = child.stderr.take().map(|s| std::thread::spawn(move || capture::drain(s)));
        let sent = (&ours).write_all(&spec);
        let mut watch =
            Watch { check, cancel, begun, root: child.id() as i32, measured: begun, stopped: None };
        let (report, unenforced) = match sent {
            Ok(()) => watch.follow(ours),
            Err(e) => (Report::Failed { why: format!("the sandbox did not start: {e}") }, Vec::new()),
        };
        watch.clear_up(&mut child);
        let join =
            |t: Option<std::thread::JoinHandle<Vec<u8>>>| t.and_then(|t| t.join().ok()).unwrap_or_default();
        let (stdout, stderr) = (join(stdout), join(stderr));
        let end = match (watch.stopped, report) {
            (Some(end), _) => end,
            (None, Report::Exited(code)) => End::Exited(code),
            (None, Report::Signalled(signal)) => End::Signalled(signal),
            (None, Report::Failed { why }) => return Err(cannot(check, with_last_line(why, &stderr))),
            (None, Report::Started { .. }) => return Err(cannot(check, "its sandbox was killed".into())),
        };
        Ok(Ran { end, stdout, stderr, millis: begun.elapsed().as_millis() as u64, unenforced })
    }
}

/// One run under watch.
struct Watch<'a> {
    check: &'a Check,
    cancel: &'a AtomicBool,
    begun: Instant,
    /// The launcher, to which orphans return.
    root: i32,
    measured: Instant,
    /// Why we ended it, when we did.
    stopped: Option<End>,
}

impl Watch<'_> {
    /// Reads reports until the last; stops the run when it must. Returns the last report and what the
    /// kernel could not enforce.
    fn follow(&mut self, socket: UnixStream) -> (Report, Vec<String>) {
        let mut last = Report::Failed { why: "the sandbox did not start".into() };
        let mut unenforced = Vec::new();
        let _ = socket.set_read_timeout(Some(TICK));
        let Ok(closer) = socket.try_clone() else { return (last, unenforced) };
        let mut reader = BufReader::new(socket);
        let mut text = Vec::new();
        let mut stopped_at: Option<Instant> = None;
        loop {
            match reader.read_until(b'\n', &mut text) {
                Ok(0) => break,
                Ok(_) if text.ends_with(b"\n") => {
                    if let Ok(report) = serde_json::from_slice(&text) {
                        if let Report::Started { unenforced: gaps } = &report {
                            unenforced.clone_from(gaps);
                        }
                        last = report;
                    }
                    text.clear();
                }
                Ok(_) => {}
                Err(e)
                    if matches!(
                        e.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(_) => break,
            }
            if matches!(last, Report::Exited(_) | Report::Signalled(_)) {
                break;
            }
            match stopped_at {
                None => {
                    self.stopped = self.must_stop();
                    if self.stopped.is_some() {
                        let _ = closer.shutdown(Shutdown::Write);
                        stopped_at = Some(Instant::now());
                    }
                }
                Some(since) if since.elapsed() > GRACE => break,
                Some(_) => {}
            }
        }
        (last, unenforced)
    }

    fn must_stop(&mut self) -> Option<End> {
        if self.cancel.load(Ordering::Relaxed) {
            return Some(End::Cancelled);
        }
        if self.begun.elapsed() >= Duration::from_secs(self.check.deadline_seconds) {
            return Some(End::Deadline);
        }
        if self.measured.elapsed() >= MEASURE {
            self.measured = Instant::now();
            if tree::memory_bytes(&tree::members(self.root)) > self.check.memory_bytes {
                return Some(End::Memory);
            }
        }
        None
    }

    /// Leaves nothing alive, whatever the launcher did or did not do.
    fn clear_up(&self, child: &mut Child) {
        let patience = Instant::now();
        while patience.elapsed() < GRACE {
            match child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(1)),
                _ => break,
            }
        }
        tree::kill_below(self.root);
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn text(check: &Check, path: &Path) -> Result<String, RunnerError> {
    path.to_str().map(str::to_owned).ok_or_else(|| cannot(check, format!("{} is not UTF-8", path.display())))
}

fn cannot(check: &Check, why: String) -> RunnerError {
    RunnerError::Start { program: check.program.clone(), why }
}

/// What the launcher said on its way down helps when it is not the launcher that was started.
fn with_last_line(why: String, stderr: &[u8]) -> String {
    match String::from_utf8_lossy(stderr).trim().lines().last() {
        Some(said) if !said.is_empty() => format!("{why} ({said})"),
        _ => why,
    }
}
