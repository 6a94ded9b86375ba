//! Who may come in: the user's own processes over the socket, holders of a token over TCP.

use crate::tls::Tls;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Connections that are open at once.
const MOST: usize = 512;
/// Handshakes that are under way at once.
const MOST_HANDSHAKES: usize = 128;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Counts runs that are under way: a connection that began one counts until it ends.
#[derive(Debug, Default)]
pub struct Runs(AtomicUsize);

impl Runs {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// One connection. Dropped when it is closed, however that happens.
#[derive(Debug)]
pub struct Connection {
    runs: Arc<Runs>,
    running: AtomicBool,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    pub fn begin_run(&self) {
        if !self.running.swap(true, Ordering::SeqCst) {
            self.runs.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub fn end_run(&self) {
        if self.running.swap(false, Ordering::SeqCst) {
            self.runs.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.end_run();
    }
}

/// Where a request came from.
#[derive(Debug, Clone)]
pub enum Peer {
    /// A process of this user, by the kernel's word.
    Local(Arc<Connection>),
    /// Somebody on the network, who must show a token; with the certificate that was shown to them.
    Remote(Option<Arc<Tls>>),
}

/// Listens on the socket and turns other users away.
#[derive(Debug)]
pub struct LocalDoor {
    listener: UnixListener,
    runs: Arc<Runs>,
    places: Arc<Semaphore>,
}

impl LocalDoor {
    pub fn new(listener: UnixListener, runs: Arc<Runs>) -> Self {
        Self { listener, runs, places: Arc::new(Semaphore::new(MOST)) }
    }

    fn admit(&self, stream: &UnixStream, place: OwnedSemaphorePermit) -> Option<Peer> {
        let peer = stream.peer_cred().ok()?;
        let own = rustix::process::geteuid().as_raw();
        if peer.uid() != own {
            tracing::warn!(uid = peer.uid(), "another user was turned away");
            return None;
        }
        let connection =
            Connection { runs: self.runs.clone(), running: AtomicBool::new(false), _place: place };
        tracing::debug!(process = peer.pid().unwrap_or_default(), "connected");
        Some(Peer::Local(Arc::new(connection)))
    }
}

/// After a failure to accept: out of descriptors, usually. Those who wait are served when some are free.
async fn rest(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

impl Listener for LocalDoor {
    type Io = UnixStream;
    type Addr = Peer;

    async fn accept(&mut self) -> (UnixStream, Peer) {
        loop {
            // Never closed, so there always comes a place.
            let Ok(place) = self.places.clone().acquire_owned().await else { continue };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    if let Some(peer) = self.admit(&stream, place) {
                        return (stream, peer);
                    }
                }
                Err(error) => rest(&error).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Err(io::Error::other("a door has no name"))
    }
}

impl Connected<IncomingStream<'_, LocalDoor>> for Peer {
    fn connect_info(stream: IncomingStream<'_, LocalDoor>) -> Self {
        stream.remote_addr().clone()
    }
}

/// Listens on TCP, in clear.
#[derive(Debug)]
pub struct RemoteDoor(pub TcpListener);

impl Listener for RemoteDoor {
    type Io = TcpStream;
    type Addr = Peer;

    async fn accept(&mut self) -> (TcpStream, Peer) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => {
                    let _ = stream.set_nodelay(true);
                    tracing::debug!(%address, "connected");
                    return (stream, Peer::Remote(None));
                }
                Err(error) => rest(&error).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        self.0.local_addr().map(|_| Peer::Remote(None))
    }
}

impl Connected<IncomingStream<'_, RemoteDoor>> for Peer {
    fn connect_info(stream: IncomingStream<'_, RemoteDoor>) -> Self {
        stream.remote_addr().clone()
    }
}

type Secured = TlsStream<TcpStream>;

/// Listens on TCP with TLS. Handshakes go on beside each other, each for a while and only so many: one that
/// says nothing keeps nobody out for long.
#[derive(Debug)]
pub struct SecureDoor {
    tls: Arc<Tls>,
    ready: mpsc::Receiver<Secured>,
    task: tokio::task::JoinHandle<()>,
}

impl SecureDoor {
    pub fn new(listener: TcpListener, tls: Arc<Tls>) -> Self {
        let (give, ready) = mpsc::channel(1);
        let task = tokio::spawn(handshakes(listener, tls.clone(), give));
        Self { tls, ready, task }
    }
}

impl Drop for SecureDoor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn handshakes(listener: TcpListener, tls: Arc<Tls>, give: mpsc::Sender<Secured>) {
    let places = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                rest(&error).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let (acceptor, give) = (TlsAcceptor::from(tls.config()), give.clone());
        tokio::spawn(async move {
            let shaken = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
            drop(place);
            match shaken {
                Ok(Ok(stream)) => {
                    tracing::debug!(%address, "connected");
                    let _ = give.send(stream).await;
                }
                Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS came about"),
                Err(_) => tracing::debug!(%address, "a handshake took too long"),
            }
        });
    }
}

impl Listener for SecureDoor {
    type Io = Secured;
    type Addr = Peer;

    async fn accept(&mut self) -> (Secured, Peer) {
        match self.ready.recv().await {
            Some(stream) => (stream, Peer::Remote(Some(self.tls.clone()))),
            // Only when the door is being dropped.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Err(io::Error::other("a door has no name"))
    }
}

impl Connected<IncomingStream<'_, SecureDoor>> for Peer {
    fn connect_info(stream: IncomingStream<'_, SecureDoor>) -> Self {
        stream.remote_addr().clone()
    }
}
