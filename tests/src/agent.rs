//! A daemon under test in a home of its own, and a client that sends it just the bytes it is told to.

use crate::binary;
use ecoops_plugins::registry::ServiceChoice;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take that is waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until `found` gives something.
///
/// # Panics
/// When it never does.
pub fn wait<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        // Asking without a pause would use up the rate that the daemon allows.
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// A home with or without a daemon. What still runs is killed when it is dropped.
#[derive(Debug)]
pub struct Agent {
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Default for Agent {
    fn default() -> Self {
        Self::new()
    }
}

impl Agent {
    /// A home without a daemon.
    pub fn new() -> Self {
        Self { folder: tempfile::Builder::new().prefix("eco-").tempdir().expect("a folder"), child: None }
    }

    /// A home with a daemon that has said hello.
    pub fn up() -> Self {
        let mut agent = Self::new();
        agent.run(&[]);
        agent
    }

    /// A home with a daemon over TCP, and how a client of the kernel's services speaks to it.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn serving(settings: &str) -> (Self, ServiceChoice) {
        let mut agent = Self::new();
        agent.configure(settings);
        let port = free_port();
        agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
        let made = agent.ecoops(&["agent", "token", "--scope", "*"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        let service = ServiceChoice {
            address: format!("http://127.0.0.1:{port}"),
            token: Some(token.into()),
            deadline: Duration::from_secs(30),
            ..ServiceChoice::default()
        };
        (agent, service)
    }

    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    pub fn state(&self) -> PathBuf {
        self.home().join("ecoops/state")
    }

    pub fn socket(&self) -> PathBuf {
        self.home().join("ecoops/run/agent.sock")
    }

    /// Writes the user's settings.
    pub fn configure(&self, text: &str) {
        let folder = self.home().join("ecoops/config");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("config.toml"), text).expect("settings");
    }

    pub fn command(&self) -> Command {
        binary::command(self.home())
    }

    /// Runs ecoops to its end.
    pub fn ecoops(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).stdin(Stdio::null()).output().expect("ecoops starts")
    }

    /// Keeps a credential.
    pub fn keep(&self, name: &str, secret: &str) {
        let mut command = self.command();
        let mut add =
            command.args(["credential", "add", name]).stdin(Stdio::piped()).spawn().expect("ecoops starts");
        add.stdin.take().expect("its input").write_all(secret.as_bytes()).expect("it reads");
        assert!(add.wait().expect("its end").success(), "the credential {name} is kept");
    }

    /// Runs a daemon in the foreground and waits for its hello.
    pub fn run(&mut self, arguments: &[&str]) {
        let mut command = self.command();
        command.args(["agent", "run"]).args(arguments);
        self.launch(command);
    }

    /// Starts a daemon and waits for nothing.
    pub fn spawn(&mut self) {
        let mut command = self.command();
        command.args(["agent", "run"]);
        self.begin(command);
    }

    /// As [`Agent::run`], with a command of the caller's own.
    pub fn launch(&mut self, command: Command) {
        self.begin(command);
        wait("a hello", || self.hello());
    }

    fn begin(&mut self, mut command: Command) {
        let log = std::fs::File::create(self.home().join("stderr")).expect("a file");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().expect("the daemon starts"));
    }

    pub fn stderr(&self) -> String {
        std::fs::read_to_string(self.home().join("stderr")).unwrap_or_default()
    }

    /// What the daemon says of itself, if one is there.
    pub fn hello(&self) -> Option<Value> {
        let mut stream = UnixStream::connect(self.socket()).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let reply = exchange(&mut stream, &request("GET", "/v1/hello", &[], b"")).ok()?;
        (reply.status == 200).then(|| reply.json())
    }

    pub fn pid(&self) -> i32 {
        self.hello().and_then(|hello| hello["pid"].as_i64()).expect("a daemon") as i32
    }

    /// Sends a signal to the daemon that this started.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.as_ref().expect("a daemon").id() as i32;
        let pid = rustix::process::Pid::from_raw(id).expect("a process");
        rustix::process::kill_process(pid, signal).expect("a signal");
    }

    /// Waits for the daemon that this started to end.
    pub fn ended(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().expect("a daemon");
        wait("the daemon's end", || child.try_wait().ok().flatten())
    }

    pub fn kill(&mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.ended();
    }

    /// One request on a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut stream = UnixStream::connect(self.socket()).expect("the daemon listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        exchange(&mut stream, &request(method, path, headers, body.as_bytes())).expect("an answer")
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, &[("content-type", "application/json")], &body.to_string())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        // One that was started in the background.
        if self.socket().exists() {
            let _ = self.ecoops(&["agent", "stop", "--force"]);
        }
    }
}

#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// # Panics
    /// When the body is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head.push_str("host: localhost\r\n");
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    [head.into_bytes(), body.to_vec()].concat()
}

/// Sends bytes, and reads an answer until the other side closes.
///
/// # Errors
/// When the line breaks.
pub fn exchange(stream: &mut (impl Read + Write), bytes: &[u8]) -> std::io::Result<Reply> {
    // It may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    parse(&answer).ok_or_else(|| read.err().unwrap_or_else(|| std::io::Error::other("no HTTP")))
}

fn parse(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Reply { status, headers, body: answer[end + 4..].to_vec() })
}

/// One request over TCP.
///
/// # Panics
/// When nobody answers.
pub fn ask_tcp(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the daemon listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    exchange(&mut stream, &request(method, path, headers, body.as_bytes())).expect("an answer")
}

/// A port that was free a moment ago.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("a port").port()
}
