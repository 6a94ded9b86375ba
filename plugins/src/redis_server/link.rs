//! One connection to a Redis: RESP over TCP or TLS, every byte of it within a deadline.
//!
//! The client library bounds each read by itself: a server that drips would be listened to for ever, and one that
//! pours would fill the memory. Here a call ends with its deadline whatever comes, and a reply has an end. Knows no
//! commands but those that begin a connection.

use redis::{Cmd, ConnectionLike, Parser, RedisError, RedisResult, Value};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Bytes of the largest reply.
const LARGEST: usize = 128 << 20;

/// Where a link leads, and who asks there.
#[derive(Clone)]
pub struct Destination {
    pub host: String,
    pub port: u16,
    pub tls: Option<Arc<ClientConfig>>,
    pub user: Option<String>,
    pub password: Option<Zeroizing<String>>,
    pub database: i64,
}

/// See the module.
pub struct Link {
    wire: Wire,
    parser: Parser,
    database: i64,
    broken: bool,
}

impl Link {
    /// Connects, and says who asks for which database.
    pub fn open(to: &Destination, until: Instant) -> RedisResult<Self> {
        let socket = Paced { stream: connect(&to.host, to.port, until)?, until, room: LARGEST };
        let wire = match &to.tls {
            None => Wire::Plain(socket),
            Some(config) => {
                let name = ServerName::try_from(to.host.clone()).map_err(io::Error::other)?;
                let tls = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
                Wire::Secure(Box::new(StreamOwned::new(tls, socket)))
            }
        };
        let mut link = Self { wire, parser: Parser::new(), database: to.database, broken: false };
        if let Some(password) = &to.password {
            let mut auth = redis::cmd("AUTH");
            if let Some(user) = &to.user {
                auth.arg(user);
            }
            auth.arg(password.as_str()).query::<()>(&mut link)?;
        }
        if to.database != 0 {
            redis::cmd("SELECT").arg(to.database).query::<()>(&mut link)?;
        }
        Ok(link)
    }

    /// Everything from now on ends by then.
    pub fn until(&mut self, until: Instant) {
        self.wire.socket().until = until;
    }

    fn send(&mut self, bytes: &[u8]) -> RedisResult<()> {
        let sent = self.wire.write_all(bytes).and_then(|()| self.wire.flush());
        self.broken |= sent.is_err();
        Ok(sent?)
    }

    fn reply(&mut self) -> RedisResult<Value> {
        self.wire.socket().room = LARGEST;
        let read = self.parser.parse_value(&mut self.wire);
        // After half a reply nobody knows where the next one begins.
        self.broken |= read.is_err();
        read
    }
}

impl ConnectionLike for Link {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        self.send(command)?;
        self.reply()
    }

    fn req_packed_commands(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        self.send(commands)?;
        // All are read, whatever one of them says: the next call must not find the rest.
        let replies: Vec<Value> = (0..offset + count).map(|_| self.reply()).collect::<RedisResult<_>>()?;
        let mut replies = replies.into_iter();
        for queued in replies.by_ref().take(offset) {
            queued.extract_error()?;
        }
        Ok(replies.collect())
    }

    fn req_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.req_packed_command(&command.get_packed_command())
    }

    fn get_db(&self) -> i64 {
        self.database
    }

    fn check_connection(&mut self) -> bool {
        redis::cmd("PING").query::<String>(self).is_ok()
    }

    fn is_open(&self) -> bool {
        !self.broken
    }
}

/// The first of the host's addresses that answers.
fn connect(host: &str, port: u16, until: Instant) -> RedisResult<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(until)?) {
            Ok(stream) => {
                // A script's call is one small packet; nothing is gained by waiting for more.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(why) => last = why,
        }
    }
    Err(RedisError::from(last))
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(late()) } else { Ok(left) }
}

fn late() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "no answer in time")
}

enum Wire {
    Plain(Paced),
    Secure(Box<StreamOwned<ClientConnection, Paced>>),
}

impl Wire {
    fn socket(&mut self) -> &mut Paced {
        match self {
            Self::Plain(socket) => socket,
            Self::Secure(secure) => &mut secure.sock,
        }
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(bytes),
            Self::Secure(secure) => secure.read(bytes),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Secure(secure) => secure.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Secure(secure) => secure.flush(),
        }
    }
}

/// A socket of which every use ends by one time, and of which so much may still be read.
struct Paced {
    stream: TcpStream,
    until: Instant,
    room: usize,
}

/// What a timeout of the socket is called depends on the system.
fn named(why: io::Error) -> io::Error {
    if why.kind() == ErrorKind::WouldBlock { late() } else { why }
}

impl Read for Paced {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.until)?))?;
        let most = bytes.len().min(self.room);
        if most == 0 && !bytes.is_empty() {
            let why = format!("the answer is larger than {} MiB", LARGEST >> 20);
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        let count = self.stream.read(&mut bytes[..most]).map_err(named)?;
        self.room -= count;
        Ok(count)
    }
}

impl Write for Paced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.until)?))?;
        self.stream.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
