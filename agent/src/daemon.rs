//! The life of the daemon: lock, key, socket, ready, and a stop that drains.
//!
//! The lock is taken before anything is touched, so that what lies at the socket's place is either
//! another daemon's, and then the lock is refused, or left by a dead one, and then it is removed.

use crate::api::{App, router};
use crate::component::Component;
use crate::door::{LocalDoor, Peer, RemoteDoor, Runs, SecureDoor};
use crate::kernel::Kernel;
use crate::mcp::tools::Program;
use crate::tls::{Tls, TlsError};
use crate::upkeep::certificate::IssuedError;
use crate::{Places, boot};
use axum::Router;
use axum::serve::Listener;
use ecoops_core::config::Settings;
use std::fs::{File, Permissions, TryLockError};
use std::io::{Seek, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Linux's limit of a socket's path, with its closing zero (unix(7)).
const LONGEST_PATH: usize = 107;
const WORKERS: usize = 2;
const BLOCKING: usize = 64;
/// How often the files of the certificate are looked at.
const RENEWAL: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error("an agent is running already (process {0})")]
    Running(String),
    #[error("{0} cannot be used")]
    Place(String, #[source] std::io::Error),
    #[error(
        "the socket's path {0} is longer than the {LONGEST_PATH} bytes that the system allows; set XDG_RUNTIME_DIR to a shorter folder"
    )]
    PathTooLong(String),
    #[error("{0} belongs to another user or can be entered by one")]
    Exposed(String),
    #[error(
        "{0} is reachable from other machines, and no TLS is configured: listen on 127.0.0.1 or [::1], or set agent.tls_certificate and agent.tls_key, or agent.tls_role"
    )]
    NotLoopback(SocketAddr),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Issued(#[from] IssuedError),
    #[error("{0}")]
    Kernel(String),
}

/// How to run.
#[derive(Debug)]
pub struct Options {
    pub places: Places,
    pub settings: Settings,
    /// Also over TCP.
    pub listen: Option<SocketAddr>,
    /// Tells builds of the program apart; shown by `hello`.
    pub build: String,
    /// This program, for the tools of the MCP server.
    pub program: Program,
}

fn place(path: &Path) -> impl Fn(std::io::Error) -> DaemonError {
    let path = path.display().to_string();
    move |e| DaemonError::Place(path.clone(), e)
}

/// Runs until it is told to stop. Returns once everything under way has been answered or given up.
///
/// # Errors
/// [`DaemonError`] when it cannot start.
pub fn run(options: Options) -> Result<(), DaemonError> {
    let agent = &options.settings.agent;
    let tls = Tls::open(&agent.tls_certificate, &agent.tls_key)?;
    if tls.is_some() && !agent.tls_role.is_empty() {
        return Err(TlsError::Twice.into());
    }
    let in_clear = tls.is_none() && agent.tls_role.is_empty();
    if let Some(address) = options.listen.filter(|address| !address.ip().is_loopback() && in_clear) {
        return Err(DaemonError::NotLoopback(address));
    }
    let _lock = lock(&options.places)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .thread_stack_size(1 << 20)
        .enable_all()
        .build()
        .map_err(|e| DaemonError::Kernel(format!("no runtime: {e}")))?;
    let result = runtime.block_on(serve(options, tls));
    // A call that hangs must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(200));
    result
}

/// The one daemon of a state folder; given up by the kernel when the process dies.
fn lock(places: &Places) -> Result<File, DaemonError> {
    let path = places.lock();
    let folder = places.own();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(place(&folder))?;
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(place(&path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = std::fs::read_to_string(&path).unwrap_or_default();
            return Err(DaemonError::Running(holder.trim().to_owned()));
        }
        Err(TryLockError::Error(e)) => return Err(place(&path)(e)),
    }
    // For people; a full disk must not keep the daemon from starting.
    let _ =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

/// The socket that systemd holds for us, or one of our own (true). Only the user can reach it.
fn bind(places: &Places) -> Result<(StdListener, bool), DaemonError> {
    let path = places.socket();
    if let Some(inherited) = boot::inherited().map_err(place(&path))? {
        return Ok((inherited, false));
    }
    if path.as_os_str().len() > LONGEST_PATH {
        return Err(DaemonError::PathTooLong(path.display().to_string()));
    }
    let folder = &places.runtime;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(place(folder))?;
    let about = std::fs::symlink_metadata(folder).map_err(place(folder))?;
    if about.uid() != rustix::process::geteuid().as_raw() || !about.is_dir() {
        return Err(DaemonError::Exposed(folder.display().to_string()));
    }
    if about.mode() & 0o077 != 0 {
        std::fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(place(folder))?;
    }
    // We hold the lock: whoever left this is dead.
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(place(&path)(e)),
        _ => {}
    }
    let listener = StdListener::bind(&path).map_err(place(&path))?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(place(&path))?;
    Ok((listener, true))
}

async fn serve(options: Options, tls: Option<Arc<Tls>>) -> Result<(), DaemonError> {
    let Options { places, settings, listen, build, program } = options;
    let drain = Duration::from_secs(settings.agent.drain);
    let mut kernel = Kernel::new(&places, settings).map_err(DaemonError::Kernel)?;
    // Before anyone can know that we are there, and tell us to go.
    let signals = Signals::listen().map_err(|e| DaemonError::Kernel(format!("no signals: {e}")))?;
    let (stop, stopping) = watch::channel(false);
    let runs = Arc::new(Runs::default());
    let (listener, ours) = bind(&places)?;
    listener.set_nonblocking(true).map_err(place(&places.socket()))?;
    let listener = UnixListener::from_std(listener).map_err(place(&places.socket()))?;
    let (remote, tls) = match listen {
        Some(address) => (Some(remote(address).await?), tls.or(kernel.certify()?)),
        None => (None, None),
    };
    let app = App::new(kernel, runs.clone(), (build, program), stopping);
    let router = router(app.clone());
    let mut doors = tokio::task::JoinSet::new();
    let local = LocalDoor::new(listener, runs);
    if let Some((listener, address)) = remote {
        tracing::info!(%address, tls = tls.is_some(), "listens on TCP");
        let _ = app.listens.set(address);
        match tls {
            Some(tls) => {
                let renewing = renewing(tls.clone(), signals.hangups()?, stop.subscribe());
                tokio::spawn(renewing);
                doors.spawn(open(SecureDoor::new(listener, tls), router.clone(), stop.subscribe()))
            }
            None => doors.spawn(open(RemoteDoor::new(listener), router.clone(), stop.subscribe())),
        };
    }
    // The last: who is answered here may count on the other doors.
    doors.spawn(open(local, router, stop.subscribe()));
    tracing::info!(socket = %places.socket().display(), pid = std::process::id(), "ready");
    boot::notify("READY=1");
    let early = app.clone();
    tokio::task::spawn_blocking(move || early.kernel.components().iter().for_each(|part| part.start()));
    asked_to_stop(&app, signals).await;
    tracing::info!(drain = drain.as_secs(), "stops");
    boot::notify("STOPPING=1");
    let _ = stop.send(true);
    app.mcp.end();
    let drained = tokio::time::timeout(drain, async { while doors.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("what was still under way is given up");
        doors.abort_all();
    }
    app.kernel.components().iter().rev().for_each(|part: &&dyn Component| part.stop());
    // What systemd made stays.
    if ours {
        let _ = std::fs::remove_file(places.socket());
    }
    tracing::info!("stopped");
    Ok(())
}

async fn remote(address: SocketAddr) -> Result<(TcpListener, SocketAddr), DaemonError> {
    let named = |e| DaemonError::Place(address.to_string(), e);
    let listener = TcpListener::bind(address).await.map_err(named)?;
    let address = listener.local_addr().map_err(named)?;
    Ok((listener, address))
}

async fn open<L>(door: L, router: Router, mut stopping: watch::Receiver<bool>)
where
    L: Listener<Addr = Peer>,
    for<'a> Peer: axum::extract::connect_info::Connected<axum::serve::IncomingStream<'a, L>>,
{
    let service = router.into_make_service_with_connect_info::<Peer>();
    let stopped = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(door, service).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "a door closed by itself");
    }
}

struct Signals {
    term: Signal,
    int: Signal,
}

/// Takes new certificates in: at SIGHUP, and when the files have changed.
async fn renewing(tls: Arc<Tls>, mut hangups: Signal, mut stopping: watch::Receiver<bool>) {
    loop {
        let forced = tokio::select! {
            _ = hangups.recv() => true,
            () = tokio::time::sleep(RENEWAL) => false,
            _ = stopping.changed() => return,
        };
        let files = tls.clone();
        match tokio::task::spawn_blocking(move || files.renew(forced)).await {
            Ok(Ok(true)) => tracing::info!("a new certificate is in use"),
            Ok(Ok(false)) | Err(_) => {}
            Ok(Err(why)) => tracing::error!(%why, "the new certificate is not used; the old one stays"),
        }
    }
}

impl Signals {
    /// SIGHUP, which ends a process that does not listen for it.
    fn hangups(&self) -> Result<Signal, DaemonError> {
        signal(SignalKind::hangup()).map_err(|e| DaemonError::Kernel(format!("no signals: {e}")))
    }

    fn listen() -> std::io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }
}

/// Returns at the first SIGTERM, SIGINT or request to stop.
async fn asked_to_stop(app: &App, mut signals: Signals) {
    tokio::select! {
        _ = signals.term.recv() => tracing::info!("SIGTERM"),
        _ = signals.int.recv() => tracing::info!("SIGINT"),
        () = app.stop.notified() => tracing::info!("asked to stop"),
    }
}
