//! A network that fails on purpose: a room whose far side holds the servers, and lines that lead there and break.
//!
//! Where the kernel lets us, near and far are two network namespaces with a pair of virtual interfaces between them,
//! and a line that is cut drops packets: nobody is told. All else that goes wrong with a line happens in a relay on
//! the far side. Where no namespace may be made the relay is all there is, and what is then not exercised is said by
//! name. (This kernel's traffic control may lack netem, so delays are the relay's too.)

mod namespace;
mod relay;
pub mod trial;
pub mod wrong;

use crate::servers;
use namespace::Far;
use relay::Relay;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
pub use wrong::Wrong;

/// What becomes of a line. What was connected before meets it as well as what connects afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Packets are dropped; nobody is told. Namespaces only.
    Cut,
    /// Nobody listens, and connections are reset.
    Refuse,
    /// Everything arrives so much later.
    Delay(Duration),
    /// The other end has forgotten its connections and says nothing: what is sent is swallowed, for ever on those
    /// connections, and nothing is closed.
    HalfOpen,
    /// Byte by byte, both ways.
    Trickle,
    /// Requests arrive and are done; the answer does not, and the connection is reset.
    LostAnswer,
    /// The first half of what is answered first, and then the end.
    Truncated,
    /// Somebody else answers.
    Wrong(&'static Wrong),
}

/// Where servers are beyond a network that can fail.
#[derive(Debug)]
pub struct Room {
    far: Option<Arc<Far>>,
    lines: AtomicU8,
}

impl Room {
    /// For the test of this name (`module::name` as the harness has it), which must return at once on `None`: it has
    /// run, and passed, in namespaces of its own.
    ///
    /// # Panics
    /// When it failed there.
    pub fn open(test: &str) -> Option<Self> {
        match namespace::enter(test) {
            namespace::Entered::Ran => None,
            namespace::Entered::Near(far) => Some(Self { far: Some(Arc::new(far)), lines: AtomicU8::new(0) }),
            namespace::Entered::Refused(why) => {
                not_exercised(test, &why);
                Some(Self::here())
            }
        }
    }

    /// Without namespaces, whatever could be had: for tests that refuse, delay and answer wrongly, and cut nothing.
    pub fn here() -> Self {
        Self { far: None, lines: AtomicU8::new(0) }
    }

    /// Whether a line can be cut so that packets are dropped.
    pub fn cuts(&self) -> bool {
        self.far.is_some()
    }

    /// Does it on the far side: a server that is started there listens there.
    pub fn beyond<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        match &self.far {
            Some(far) => far.within(act),
            None => act(),
        }
    }

    /// A line that leads nowhere yet; its address is known, so that a server can be told what it is called.
    ///
    /// # Panics
    /// When there are too many.
    pub fn line(&self) -> Line {
        let host = match &self.far {
            Some(far) => {
                let number = self.lines.fetch_add(1, Ordering::SeqCst);
                assert!(number < 90, "a room has ninety lines");
                // As long as 127.0.0.1: see [`Line::renaming`].
                let host = Ipv4Addr::new(127, 7, number / 10, number % 10);
                far.add(host);
                host
            }
            None => Ipv4Addr::LOCALHOST,
        };
        let port = self.beyond(servers::free_port);
        Line { relay: Relay::start(self.far.clone(), host, port), host, port, far: self.far.clone() }
    }

    /// A line to a server of the far side.
    pub fn line_to(&self, port: u16) -> Line {
        let line = self.line();
        line.lead(port);
        line
    }
}

#[allow(clippy::print_stderr)]
fn not_exercised(test: &str, why: &str) {
    eprintln!(
        "NOT EXERCISED in {test}: cut (packets dropped on the way, no reset): a network namespace is needed, and {why}"
    );
}

/// A way to one server.
pub struct Line {
    relay: Arc<Relay>,
    host: Ipv4Addr,
    port: u16,
    far: Option<Arc<Far>>,
}

impl Line {
    /// `127.…:PORT`, for clients.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// From now on it leads to this port of the far side.
    pub fn lead(&self, port: u16) {
        self.relay.lead(port);
    }

    /// Writes its own address over the server's in what the server says, in binary (a port in two or four bytes): a
    /// Kafka broker tells its clients where it is.
    pub fn renaming(self) -> Self {
        self.relay.rename();
        self
    }

    pub fn fail(&self, fault: Fault) {
        if fault == Fault::Cut {
            self.far.as_ref().expect("cuts are for rooms that can: Room::cuts").cut(self.host);
        }
        self.relay.fail(Some(fault));
    }

    pub fn heal(&self) {
        if self.relay.fault() == Some(Fault::Cut)
            && let Some(far) = &self.far
        {
            far.mend(self.host);
        }
        self.relay.fail(None);
    }

    /// Connections that were accepted so far.
    pub fn connections(&self) -> u64 {
        self.relay.accepted()
    }

    /// Bytes that clients took from a [`Wrong`] that never ends.
    pub fn poured(&self) -> u64 {
        self.relay.poured()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.relay.end();
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("address", &self.address()).finish_non_exhaustive()
    }
}
