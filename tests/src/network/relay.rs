//! Hands bytes on between clients and a server of the far side, until it is told to do worse.

use super::namespace::Far;
use super::{Fault, Wrong};
use rustix::net::connect_unspec;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The pause after each byte of a trickle.
const DRIP: Duration = Duration::from_millis(20);
/// How long somebody else waits for a question before speaking first.
const QUESTION: Duration = Duration::from_millis(50);
/// Whoever takes so much of what never ends gets no more.
const MOST_POURED: u64 = 256 << 20;

/// See the module.
pub struct Relay {
    place: SocketAddr,
    far: Option<Arc<Far>>,
    target: AtomicU16,
    accepted: AtomicU64,
    poured: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    renames: bool,
    listening: bool,
    ended: bool,
    /// Connections older than this were forgotten by the other end.
    epoch: u64,
    /// Both ends of each connection.
    open: Vec<TcpStream>,
}

impl Relay {
    /// Listens there, on the far side if there is one.
    pub fn start(far: Option<Arc<Far>>, host: Ipv4Addr, port: u16) -> Arc<Self> {
        let relay = Arc::new(Self {
            place: SocketAddr::from((host, port)),
            far,
            target: AtomicU16::new(0),
            accepted: AtomicU64::new(0),
            poured: AtomicU64::new(0),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let listens = relay.clone();
        // A thread is on the side of the one that starts it.
        relay.beyond(|| drop(std::thread::spawn(move || listens.listen())));
        relay.until_listening(true);
        relay
    }

    fn beyond(&self, act: impl FnOnce() + Send) {
        match &self.far {
            Some(far) => far.within(act),
            None => act(),
        }
    }

    /// The listener looks up.
    fn wake(&self) {
        self.beyond(|| drop(TcpStream::connect(self.place)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn until_listening(&self, expected: bool) {
        let mut state = self.state();
        while state.listening != expected && !state.ended {
            state = self.wait(state);
        }
    }

    pub fn lead(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
    }

    pub fn rename(&self) {
        self.state().renames = true;
    }

    pub fn fault(&self) -> Option<Fault> {
        self.state().fault
    }

    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::SeqCst)
    }

    pub fn poured(&self) -> u64 {
        self.poured.load(Ordering::SeqCst)
    }

    /// Returns when it is so for everybody.
    pub fn fail(&self, fault: Option<Fault>) {
        let mut state = self.state();
        state.fault = fault;
        if fault == Some(Fault::HalfOpen) {
            state.epoch += 1;
        }
        self.changed.notify_all();
        let refuses = fault == Some(Fault::Refuse);
        if refuses {
            state.open.drain(..).for_each(|stream| reset(&stream));
        }
        drop(state);
        if refuses {
            self.wake();
        }
        self.until_listening(!refuses);
    }

    pub fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        self.changed.notify_all();
        state.open.drain(..).for_each(|stream| reset(&stream));
        drop(state);
        self.wake();
    }

    fn listen(self: Arc<Self>) {
        loop {
            let listener = TcpListener::bind(self.place).expect("the line's own place");
            self.set_listening(true);
            for client in listener.incoming() {
                let state = self.state();
                if state.ended || state.fault == Some(Fault::Refuse) {
                    break;
                }
                drop(state);
                let Ok(client) = client else { continue };
                self.accepted.fetch_add(1, Ordering::SeqCst);
                let relay = self.clone();
                std::thread::spawn(move || relay.connect(client));
            }
            drop(listener);
            self.set_listening(false);
            let mut state = self.state();
            while state.fault == Some(Fault::Refuse) && !state.ended {
                state = self.wait(state);
            }
            if state.ended {
                return;
            }
        }
    }

    fn set_listening(&self, listening: bool) {
        self.state().listening = listening;
        self.changed.notify_all();
    }

    fn keep(&self, stream: &TcpStream) {
        let mut state = self.state();
        match stream.try_clone() {
            Ok(stream) if !state.ended => state.open.push(stream),
            _ => reset(stream),
        }
    }

    /// Serves one client to its end.
    fn connect(self: Arc<Self>, mut client: TcpStream) {
        let _ = client.set_nodelay(true);
        self.keep(&client);
        match self.fault() {
            Some(Fault::HalfOpen) => return swallow(&mut client),
            Some(Fault::Wrong(wrong)) => {
                let _ = client.set_read_timeout(Some(QUESTION));
                let _ = client.read(&mut [0; 4096]);
                let _ = client.set_read_timeout(None);
                return self.say(wrong, client);
            }
            _ => {}
        }
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.target.load(Ordering::SeqCst))) else {
            return reset(&client);
        };
        let _ = server.set_nodelay(true);
        self.keep(&server);
        let (Ok(asks), Ok(answers)) = (client.try_clone(), server.try_clone()) else { return };
        let (relay, epoch) = (self.clone(), self.state().epoch);
        std::thread::spawn(move || relay.carry(asks, answers, Way::There, epoch));
        self.carry(server, client, Way::Back, epoch);
    }

    /// Carries bytes one way until the end.
    fn carry(&self, mut from: TcpStream, mut into: TcpStream, way: Way, epoch: u64) {
        let mut bytes = [0; 16_384];
        loop {
            let count = from.read(&mut bytes).unwrap_or(0);
            let (fault, now) = {
                let state = self.state();
                (state.fault, state.epoch)
            };
            if now != epoch {
                // Neither side hears of the other again.
                return swallow(&mut from);
            }
            if count == 0 {
                let _ = into.shutdown(Shutdown::Write);
                return;
            }
            let renamed = (way == Way::Back).then(|| self.renamed(&bytes[..count])).flatten();
            let piece = renamed.as_deref().unwrap_or(&bytes[..count]);
            let handed = match (fault, way) {
                (Some(Fault::Delay(pause)), _) => {
                    std::thread::sleep(pause);
                    into.write_all(piece)
                }
                (Some(Fault::Trickle), _) => drip(&mut into, piece, || self.fault() == Some(Fault::Trickle)),
                (Some(Fault::LostAnswer), Way::Back) => {
                    reset(&into);
                    return reset(&from);
                }
                (Some(Fault::Truncated), Way::Back) => {
                    let _ = into.write_all(&piece[..piece.len() / 2]);
                    let _ = into.shutdown(Shutdown::Both);
                    return reset(&from);
                }
                // Who asked is answered by somebody else; the server never hears of it.
                (Some(Fault::Wrong(wrong)), Way::There) => return self.say(wrong, from),
                (Some(Fault::Wrong(_)), Way::Back) => return swallow(&mut from),
                _ => into.write_all(piece),
            };
            if handed.is_err() {
                reset(&from);
                return reset(&into);
            }
        }
    }

    fn say(&self, wrong: &Wrong, mut client: TcpStream) {
        if client.write_all(wrong.first).is_err() {
            return;
        }
        while !wrong.forever.is_empty() && self.poured() < MOST_POURED {
            if client.write_all(wrong.forever).is_err() {
                return;
            }
            self.poured.fetch_add(wrong.forever.len() as u64, Ordering::SeqCst);
        }
        swallow(&mut client);
    }

    /// With this line's place where the server told its own, if it did; both are as long.
    fn renamed(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !self.state().renames {
            return None;
        }
        let (ours, theirs) = (self.place, self.target.load(Ordering::SeqCst));
        let place = |host: &str, port: u16| [host.as_bytes(), &u32::from(port).to_be_bytes()].concat();
        let (old, new) = (place("127.0.0.1", theirs), place(&ours.ip().to_string(), ours.port()));
        let mut renamed = None;
        for at in 0..bytes.len().saturating_sub(old.len() - 1) {
            if bytes[at..].starts_with(&old) {
                renamed.get_or_insert_with(|| bytes.to_vec())[at..at + new.len()].copy_from_slice(&new);
            }
        }
        renamed
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

/// The other end is told that the connection is gone, at once.
fn reset(stream: &TcpStream) {
    let _ = connect_unspec(stream);
}

/// Takes what comes and says nothing, until the other end gives up.
fn swallow(stream: &mut TcpStream) {
    let mut bytes = [0; 16_384];
    while matches!(stream.read(&mut bytes), Ok(1..)) {}
}

fn drip(into: &mut TcpStream, bytes: &[u8], slow: impl Fn() -> bool) -> std::io::Result<()> {
    for (at, byte) in bytes.iter().enumerate() {
        if !slow() {
            return into.write_all(&bytes[at..]);
        }
        into.write_all(&[*byte])?;
        std::thread::sleep(DRIP);
    }
    Ok(())
}
