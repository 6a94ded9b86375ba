//! Two network namespaces with a pair of virtual interfaces between them, for root and for everybody who may make user
//! namespaces. The test runs again within the near one, as a process of its own.
//!
//! Addresses on the far side begin with 127.7, so that adapters take them for this machine's, as they do with the
//! servers of all other tests: the kernel is told to route them (`route_localnet`).

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Says to the process within that it is.
const WITHIN: &str = "ECOOPS_TEST_NEAR";
/// The near end's own address, from which it speaks.
const NEAR: &str = "127.8.0.1";
const HARDWARE: &str = "02:00:00:00:00:07";
/// What a process says by its exit status whose room could not be furnished.
const UNFURNISHED: i32 = 77;

/// What became of the wish to run in namespaces.
pub enum Entered {
    /// It has run there.
    Ran,
    /// This is the near side.
    Near(Far),
    /// Why it cannot be.
    Refused(String),
}

/// The far side, for as long as this is kept.
#[derive(Debug)]
pub struct Far {
    keeper: Child,
    namespace: File,
    ip: PathBuf,
}

impl Drop for Far {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

/// # Panics
/// When the test fails within.
pub fn enter(test: &str) -> Entered {
    if std::env::var_os(WITHIN).is_some() {
        return match furnish() {
            Ok(far) => Entered::Near(far),
            Err(why) => unfurnished(&why),
        };
    }
    let Some(unshare) = tool("unshare") else { return Entered::Refused("unshare is not installed".into()) };
    if tool("ip").is_none() {
        return Entered::Refused("ip (iproute2) is not installed".into());
    }
    let mut command = Command::new(unshare);
    // Everybody else is root of a user namespace without being told so: servers that refuse root are not bothered.
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--keep-caps", "--map-current-user"]);
    }
    command.arg("--net").arg("--").arg(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(WITHIN, "1").stdin(Stdio::null());
    let ran = command.output().expect("unshare starts");
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    show(&said);
    if ran.status.success() {
        assert!(said.contains("1 passed"), "no test is called {test}");
        return Entered::Ran;
    }
    // `unshare` itself ends with 1 and this word when the kernel refuses.
    let refused = said.lines().find(|line| line.starts_with("unshare: ") || line.starts_with("ROOM: "));
    match refused {
        Some(why) if ran.status.code() == Some(UNFURNISHED) || !said.contains("running 1 test") => {
            Entered::Refused(why.to_owned())
        }
        _ => panic!("{test} failed within its namespaces"),
    }
}

#[allow(clippy::print_stderr)]
fn show(said: &str) {
    eprint!("{said}");
}

#[allow(clippy::print_stderr)]
fn unfurnished(why: &str) -> ! {
    eprintln!("ROOM: {why}");
    std::process::exit(UNFURNISHED);
}

fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn run(program: &Path, arguments: &str) -> Result<(), String> {
    let ran = Command::new(program).args(arguments.split(' ')).output().map_err(|e| e.to_string())?;
    let why = || format!("ip {arguments}: {}", String::from_utf8_lossy(&ran.stderr).trim());
    ran.status.success().then_some(()).ok_or_else(why)
}

/// Interfaces, addresses and routes of both sides.
fn furnish() -> Result<Far, String> {
    let ip = tool("ip").ok_or("ip is not installed")?;
    let mut keeper = Command::new(tool("unshare").ok_or("unshare is not installed")?)
        .args(["--net", "--", "sh", "-c", "echo there; read end"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut there = String::new();
    let output = keeper.stdout.take().ok_or("it says nothing")?;
    BufReader::new(output).read_line(&mut there).map_err(|e| e.to_string())?;
    if there.trim() != "there" {
        return Err("a second namespace cannot be made".into());
    }
    let namespace = File::open(format!("/proc/{}/ns/net", keeper.id())).map_err(|e| e.to_string())?;
    run(&ip, "link add near type veth peer name far")?;
    run(&ip, &format!("link set far netns {}", keeper.id()))?;
    let far = Far { keeper, namespace, ip };
    side(&far.ip, "near")?;
    run(&far.ip, &format!("address add {NEAR}/32 dev near"))?;
    run(&far.ip, &format!("route add 127.7.0.0/16 dev near src {NEAR}"))?;
    far.within(|| {
        side(&far.ip, "far")?;
        // Nobody connects from there; the address is there for the answers' way back.
        run(&far.ip, "address add 127.9.0.1/32 dev far")?;
        run(&far.ip, &format!("route add {NEAR} dev far"))
    })?;
    Ok(far)
}

/// Of all loopback addresses 127.0.0.1 alone stays with `lo`.
fn side(ip: &Path, interface: &str) -> Result<(), String> {
    run(ip, "link set lo up")?;
    run(ip, "route del table local local 127.0.0.0/8 dev lo")?;
    // Both ends have one hardware address and ask nobody who is where: a cut is silence, not `no route to host` later.
    run(ip, &format!("link set {interface} address {HARDWARE} arp off up"))?;
    let setting = format!("/proc/sys/net/ipv4/conf/{interface}/route_localnet");
    std::fs::write(&setting, "1").map_err(|e| format!("{setting}: {e}"))
}

impl Far {
    /// On a thread of the far side; what it starts and binds is there too.
    pub fn within<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let moved = || {
            move_into_link_name_space(self.namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("the far side is there");
            act()
        };
        std::thread::scope(|scope| match scope.spawn(moved).join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    /// The far side answers for this address.
    pub fn add(&self, host: Ipv4Addr) {
        self.address("add", host);
    }

    /// Nobody does any more: what is sent there is dropped, and what was under way too.
    pub fn cut(&self, host: Ipv4Addr) {
        self.address("del", host);
    }

    pub fn mend(&self, host: Ipv4Addr) {
        self.address("add", host);
    }

    fn address(&self, act: &str, host: Ipv4Addr) {
        let done = self.within(|| run(&self.ip, &format!("address {act} {host}/32 dev far")));
        done.unwrap_or_else(|why| panic!("{why}"));
    }
}
