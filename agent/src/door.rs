//! Who may come in: the user's own processes over the socket, holders of a token over TCP.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that are open at once.
const MOST: usize = 512;

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
    /// Somebody on the network, who must show a token.
    Remote,
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

/// Listens on TCP.
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
                    return (stream, Peer::Remote);
                }
                Err(error) => rest(&error).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        self.0.local_addr().map(|_| Peer::Remote)
    }
}

impl Connected<IncomingStream<'_, RemoteDoor>> for Peer {
    fn connect_info(stream: IncomingStream<'_, RemoteDoor>) -> Self {
        stream.remote_addr().clone()
    }
}
