//! Keeps the last part of a stream in bounded memory.

use std::io::Read;

/// Bytes kept of each stream: 1 MiB.
pub const LIMIT: usize = 1 << 20;

/// The last [`LIMIT`] bytes of what was pushed; holds at most twice as many.
#[derive(Debug, Default)]
pub struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    pub fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        if self.bytes.len() > 2 * LIMIT {
            self.trim();
        }
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.trim();
        self.bytes
    }

    fn trim(&mut self) {
        let surplus = self.bytes.len().saturating_sub(LIMIT);
        self.bytes.drain(..surplus);
    }
}

/// Reads to the end (or to an error, which ends a pipe as well) and keeps the tail.
pub fn drain(mut stream: impl Read) -> Vec<u8> {
    let mut tail = Tail::default();
    let mut chunk = [0u8; 16 * 1024];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => tail.push(chunk.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    tail.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_exactly_the_end() {
        for total in [0usize, 1, LIMIT - 1, LIMIT, LIMIT + 1, 5 * LIMIT + 7] {
            let all: Vec<u8> = (0..total).map(|i| (i % 251) as u8).collect();
            let kept = drain(all.as_slice());
            assert_eq!(kept.len(), total.min(LIMIT), "{total}");
            assert!(all.ends_with(&kept), "{total}");
        }
    }
}
