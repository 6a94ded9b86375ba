//! Who may come in: the user's own processes over the socket, holders of a token over TCP.

use crate::tls::Tls;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Connections that are open at once, at each door.
const MOST: usize = 512;
/// Handshakes that are under way at once.
const MOST_HANDSHAKES: usize = 128;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long somebody over TCP may take to show a token that is good.
const STRANGER: Duration = Duration::from_secs(10);

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
    Remote(Arc<Remote>),
}

/// One connection over TCP. Dropped when it is closed.
#[derive(Debug)]
pub struct Remote {
    /// The certificate that was shown to them.
    pub tls: Option<Arc<Tls>>,
    known: Arc<AtomicBool>,
    _place: OwnedSemaphorePermit,
}

impl Remote {
    fn peer(tls: Option<Arc<Tls>>, known: &Arc<AtomicBool>, place: OwnedSemaphorePermit) -> Peer {
        Peer::Remote(Arc::new(Self { tls, known: known.clone(), _place: place }))
    }

    /// They have shown a good token: the connection may stay open.
    pub fn is_known(&self) {
        self.known.store(true, Ordering::Relaxed);
    }
}

/// A connection over TCP that ends when whoever made it does not become known: places are few, and anyone can take
/// one without saying anything.
#[derive(Debug)]
pub struct Patient<S> {
    stream: S,
    known: Arc<AtomicBool>,
    until: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    fn new(stream: S, patience: Duration) -> Self {
        Self { stream, known: Arc::default(), until: Box::pin(tokio::time::sleep(patience)) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.known.load(Ordering::Relaxed) && self.until.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
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
pub struct RemoteDoor {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl RemoteDoor {
    pub fn new(listener: TcpListener) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(MOST)) }
    }
}

impl Listener for RemoteDoor {
    type Io = Patient<TcpStream>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Patient<TcpStream>, Peer) {
        loop {
            let Ok(place) = self.places.clone().acquire_owned().await else { continue };
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    let _ = stream.set_nodelay(true);
                    tracing::debug!(%address, "connected");
                    let stream = Patient::new(stream, STRANGER);
                    let peer = Remote::peer(None, &stream.known, place);
                    return (stream, peer);
                }
                Err(error) => rest(&error).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Err(io::Error::other("a door has no name"))
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
    ready: mpsc::Receiver<(Secured, OwnedSemaphorePermit)>,
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

async fn handshakes(
    listener: TcpListener,
    tls: Arc<Tls>,
    give: mpsc::Sender<(Secured, OwnedSemaphorePermit)>,
) {
    let (places, hands) = (Arc::new(Semaphore::new(MOST)), Arc::new(Semaphore::new(MOST_HANDSHAKES)));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok(hand) = hands.clone().acquire_owned().await else { return };
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
            drop(hand);
            match shaken {
                Ok(Ok(stream)) => {
                    tracing::debug!(%address, "connected");
                    let _ = give.send((stream, place)).await;
                }
                Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS came about"),
                Err(_) => tracing::debug!(%address, "a handshake took too long"),
            }
        });
    }
}

impl Listener for SecureDoor {
    type Io = Patient<Secured>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Patient<Secured>, Peer) {
        match self.ready.recv().await {
            Some((stream, place)) => {
                let stream = Patient::new(stream, STRANGER);
                let peer = Remote::peer(Some(self.tls.clone()), &stream.known, place);
                (stream, peer)
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    fn run(future: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
    }

    #[test]
    fn over_tcp_only_so_many_are_let_in_until_one_has_gone() {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut door = RemoteDoor { places: Arc::new(Semaphore::new(1)), ..RemoteDoor::new(listener) };
            let _first = TcpStream::connect(address).await.unwrap();
            let (_, peer) = door.accept().await;
            let _second = TcpStream::connect(address).await.unwrap();
            assert!(timeout(Duration::from_millis(50), door.accept()).await.is_err());
            drop(peer);
            assert!(timeout(Duration::from_secs(10), door.accept()).await.is_ok());
        });
    }

    /// What becomes of reading from somebody who says nothing, whom we wait 20 ms for.
    async fn silence(known: bool) -> Option<io::Result<()>> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut ours = Patient::new(listener.accept().await.unwrap().0, Duration::from_millis(20));
        ours.known.store(known, Ordering::Relaxed);
        let mut bytes = [0; 8];
        let read = std::future::poll_fn(|context| {
            Pin::new(&mut ours).poll_read(context, &mut ReadBuf::new(&mut bytes))
        });
        timeout(Duration::from_millis(if known { 80 } else { 10_000 }), read).await.ok()
    }

    #[test]
    fn who_does_not_become_known_is_not_waited_for() {
        run(async {
            let ended = silence(false).await.map(|read| read.unwrap_err().kind());
            assert_eq!(ended, Some(io::ErrorKind::TimedOut));
            assert!(silence(true).await.is_none(), "it is waited for");
        });
    }
}
