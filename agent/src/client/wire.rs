//! HTTP/1.1 over a Unix socket, as little of it as one's own daemon needs (RFC 9112): one request at a
//! time, answers with a length. Every wait has an end.

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use std::fmt::Write as _;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// The largest answer, in bytes.
const LARGEST: usize = 64 << 20;
const LONGEST_HEAD: usize = 64 << 10;

#[derive(Debug)]
pub struct Wire {
    stream: UnixStream,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// The connection can be used again.
    pub(super) keep: bool,
}

impl Wire {
    /// Connects, within so long, to a socket that a process of this user listens on.
    pub fn open(socket: &Path, within: Duration) -> Result<Self> {
        let descriptor =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        // Connecting waits when the daemon's queue is full; this bounds it (socket(7), SO_SNDTIMEO).
        sockopt::set_socket_timeout(&descriptor, sockopt::Timeout::Send, Some(within))?;
        rustix::net::connect(&descriptor, &SocketAddrUnix::new(socket)?)?;
        #[cfg(target_os = "linux")]
        if sockopt::socket_peercred(&descriptor)?.uid != rustix::process::geteuid() {
            return Err(ErrorKind::PermissionDenied.into());
        }
        Ok(Self { stream: UnixStream::from(descriptor) })
    }

    /// The line itself, for what is no exchange of one request and one answer.
    pub(super) fn into_stream(self) -> UnixStream {
        self.stream
    }

    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        within: Duration,
    ) -> Result<Reply> {
        let until = Instant::now() + within;
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.stream.set_write_timeout(Some(left(until)?))?;
        self.stream.write_all(&request)?;
        self.answer(until)
    }

    fn answer(&mut self, until: Instant) -> Result<Reply> {
        let mut bytes = Vec::with_capacity(4096);
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut response = httparse::Response::new(&mut headers);
            match response.parse(&bytes) {
                Ok(httparse::Status::Complete(head)) => {
                    let status = response.code.unwrap_or_default();
                    let length = length(response.headers)?;
                    let close = response.headers.iter().any(|h| {
                        h.name.eq_ignore_ascii_case("connection") && h.value.eq_ignore_ascii_case(b"close")
                    });
                    let body = self.body(bytes.split_off(head), length, until)?;
                    return Ok(Reply { status, body, keep: !close });
                }
                Ok(httparse::Status::Partial) if bytes.len() < LONGEST_HEAD => {
                    self.more(&mut bytes, until)?
                }
                _ => return Err(Error::new(ErrorKind::InvalidData, "the answer is no HTTP")),
            }
        }
    }

    fn body(&mut self, mut body: Vec<u8>, length: usize, until: Instant) -> Result<Vec<u8>> {
        while body.len() < length {
            self.more(&mut body, until)?;
        }
        match body.len() == length {
            true => Ok(body),
            false => Err(Error::new(ErrorKind::InvalidData, "the answer is longer than it says")),
        }
    }

    fn more(&mut self, bytes: &mut Vec<u8>, until: Instant) -> Result<()> {
        let mut buffer = [0; 16 << 10];
        self.stream.set_read_timeout(Some(left(until)?))?;
        match self.stream.read(&mut buffer)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
                Ok(())
            }
        }
    }
}

fn left(until: Instant) -> Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn length(headers: &[httparse::Header<'_>]) -> Result<usize> {
    let found = headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"));
    let text = found.and_then(|h| std::str::from_utf8(h.value).ok());
    let length = text.and_then(|t| t.trim().parse::<usize>().ok()).filter(|n| *n <= LARGEST);
    length.ok_or_else(|| Error::new(ErrorKind::InvalidData, "the answer does not say how long it is"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// What a client makes of a server that says just this, and then keeps the line open or not.
    fn answered(says: &'static [u8], hang: bool) -> Result<Reply> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(says);
            hang.then_some(stream)
        });
        let mut wire = Wire::open(&path, Duration::from_secs(5)).unwrap();
        let reply = wire.ask("GET", "/", &[], b"", Duration::from_millis(300));
        drop(server.join().unwrap());
        reply
    }

    #[test]
    fn whatever_answers_is_read_or_refused_in_time() {
        let reply = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true).unwrap();
        assert_eq!((reply.status, reply.body.as_slice(), reply.keep), (200, &b"hi"[..], true));
        let closed =
            answered(b"HTTP/1.1 404 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", false).unwrap();
        assert_eq!((closed.status, closed.keep), (404, false));
        for (says, hang, kind) in [
            (&b""[..], false, ErrorKind::UnexpectedEof),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", false, ErrorKind::UnexpectedEof),
            (b"SSH-2.0-OpenSSH_9\r\n\r\n", true, ErrorKind::InvalidData),
            (b"HTTP/1.1 200 OK\r\n\r\n", true, ErrorKind::InvalidData),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n", true, ErrorKind::InvalidData),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nhi", true, ErrorKind::InvalidData),
        ] {
            assert_eq!(answered(says, hang).unwrap_err().kind(), kind, "{}", String::from_utf8_lossy(says));
        }
        let late = answered(b"HTTP/1.1 200 OK\r\n", true).unwrap_err().kind();
        assert!(matches!(late, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{late}");
    }
}
