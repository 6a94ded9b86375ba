//! Takes a stream in on a thread of its own, so that a slow reader never holds up who writes it.
//!
//! What waits is bounded. The fuller it is, the fewer lines are kept: one in two, four, eight, … A regular
//! file can wait, so nothing of it is shed.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Whole lines that were read together.
#[derive(Debug)]
pub struct Block {
    /// Lines with their ends.
    pub bytes: Vec<u8>,
    /// Each line stands for so many.
    pub one_in: u32,
    /// Lines that were not kept.
    pub shed: u64,
    pub arrived: Instant,
}

/// How much is read at a time, may wait, and a line is long at most; bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub read: usize,
    pub waiting: usize,
    pub line: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { read: 64 << 10, waiting: 32 << 20, line: 1 << 20 }
    }
}

/// The receiving end.
#[derive(Debug)]
pub struct Intake {
    /// The last may be why it could not be read on.
    pub blocks: Receiver<std::io::Result<Block>>,
    waiting: Arc<AtomicUsize>,
}

impl Intake {
    /// Begins to read. `patient` input waits instead of being shed; `stop` ends the reading.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn begin(
        input: Box<dyn Read + Send>,
        bounds: Bounds,
        patient: bool,
        stop: Arc<AtomicBool>,
    ) -> std::io::Result<Self> {
        let (sender, blocks) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let reader = Reader {
            bounds,
            patient,
            stop,
            sender,
            waiting: waiting.clone(),
            carry: Vec::new(),
            overlong: false,
            turn: 0,
        };
        std::thread::Builder::new().name("intake".to_owned()).spawn(move || reader.run(input))?;
        Ok(Self { blocks, waiting })
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A block was worked off.
    pub fn done(&self, block: &Block) {
        self.waiting.fetch_sub(block.bytes.len(), Ordering::Relaxed);
    }
}

struct Reader {
    bounds: Bounds,
    patient: bool,
    stop: Arc<AtomicBool>,
    sender: Sender<std::io::Result<Block>>,
    waiting: Arc<AtomicUsize>,
    /// The beginning of a line whose end has not come.
    carry: Vec<u8>,
    /// Dropping the rest of a line that is too long.
    overlong: bool,
    /// Lines since one was kept.
    turn: u32,
}

impl Reader {
    fn run(mut self, mut input: Box<dyn Read + Send>) {
        let mut chunk = vec![0; self.bounds.read];
        let mut failed = None;
        while !self.stop.load(Ordering::Relaxed) {
            match input.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => {
                    if !self.take(chunk.get(..n).unwrap_or_default()) {
                        return;
                    }
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        if !self.carry.is_empty() {
            let mut last = std::mem::take(&mut self.carry);
            last.push(b'\n');
            self.send(&last);
        }
        if let Some(error) = failed {
            // Nobody who takes it is no error of its own.
            let _ = self.sender.send(Err(error));
        }
    }

    fn take(&mut self, chunk: &[u8]) -> bool {
        let Some(end) = chunk.iter().rposition(|b| *b == b'\n') else {
            self.keep(chunk);
            return true;
        };
        let (whole, rest) = chunk.split_at(end + 1);
        let mut lines = std::mem::take(&mut self.carry);
        if std::mem::take(&mut self.overlong) {
            // What is left of the long line, up to its end.
            let end = whole.iter().position(|b| *b == b'\n').unwrap_or(0);
            lines.extend_from_slice(whole.get(end..).unwrap_or_default());
        } else {
            lines.extend_from_slice(whole);
        }
        self.keep(rest);
        self.send(&lines)
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = self.bounds.line.saturating_sub(self.carry.len()).min(piece.len());
        self.carry.extend_from_slice(piece.get(..room).unwrap_or_default());
        self.overlong |= room < piece.len();
    }

    /// Hands lines over, thinned out as there is room. False when nobody takes them any more.
    fn send(&mut self, lines: &[u8]) -> bool {
        if self.patient {
            while self.waiting.load(Ordering::Relaxed) > self.bounds.waiting / 4 {
                if self.stop.load(Ordering::Relaxed) {
                    return false;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let one_in = one_in(self.waiting.load(Ordering::Relaxed), self.bounds.waiting);
        let (bytes, shed) = self.thinned(lines, one_in);
        self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
        let block = Block { bytes, one_in: one_in.unwrap_or(1), shed, arrived: Instant::now() };
        self.sender.send(Ok(block)).is_ok()
    }

    fn thinned(&mut self, lines: &[u8], one_in: Option<u32>) -> (Vec<u8>, u64) {
        if one_in == Some(1) {
            return (lines.to_vec(), 0);
        }
        let (mut kept, mut shed) = (Vec::new(), 0);
        for line in lines.split_inclusive(|b| *b == b'\n') {
            self.turn += 1;
            if one_in.is_some_and(|n| self.turn >= n) {
                self.turn = 0;
                kept.extend_from_slice(line);
            } else {
                shed += 1;
            }
        }
        (kept, shed)
    }
}

/// Of how many lines one is kept; `None` when there is no room at all.
fn one_in(waiting: usize, most: usize) -> Option<u32> {
    match waiting.saturating_mul(16) / most.max(1) {
        0..8 => Some(1),
        8..10 => Some(2),
        10..12 => Some(4),
        12..13 => Some(8),
        13..14 => Some(16),
        14..15 => Some(64),
        15 => Some(256),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bounds: Bounds) -> (Reader, Intake) {
        let (sender, blocks) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let reader = Reader {
            bounds,
            patient: false,
            stop: Arc::default(),
            sender,
            waiting: waiting.clone(),
            carry: Vec::new(),
            overlong: false,
            turn: 0,
        };
        (reader, Intake { blocks, waiting })
    }

    #[test]
    fn every_line_comes_whole() {
        let text: String = (0..1_000).map(|n| format!("line {n} {}\n", "x".repeat(n % 91))).collect();
        for read in [1, 7, 64, 10_000] {
            let (reader, intake) = reader(Bounds { read, ..Bounds::default() });
            reader.run(Box::new(std::io::Cursor::new(format!("{text}without an end").into_bytes())));
            let blocks: Vec<Block> = intake.blocks.iter().map(Result::unwrap).collect();
            assert!(blocks.iter().all(|b| b.bytes.ends_with(b"\n") && b.one_in == 1 && b.shed == 0));
            let all: Vec<u8> = blocks.iter().flat_map(|b| b.bytes.clone()).collect();
            assert_eq!(String::from_utf8(all).unwrap(), format!("{text}without an end\n"));
        }
    }

    #[test]
    fn nobody_who_takes_bounds_what_waits_and_every_line_is_accounted_for() {
        let bounds = Bounds { read: 1_000, waiting: 100_000, line: 1_000 };
        let (reader, intake) = reader(bounds);
        let lines = 100_000_u64;
        let text: String = (0..lines).map(|n| format!("line {n:06}\n")).collect();
        reader.run(Box::new(std::io::Cursor::new(text.into_bytes())));
        assert!(intake.waiting() <= bounds.waiting + bounds.read, "{}", intake.waiting());
        let blocks: Vec<Block> = intake.blocks.iter().map(Result::unwrap).collect();
        let kept: usize = blocks.iter().map(|b| b.bytes.split_inclusive(|c| *c == b'\n').count()).sum();
        let shed: u64 = blocks.iter().map(|b| b.shed).sum();
        assert_eq!(kept as u64 + shed, lines);
        assert!(shed > lines / 2 && blocks.iter().any(|b| b.one_in == 4));
    }

    #[test]
    fn a_long_line_is_cut() {
        let bounds = Bounds { read: 100, waiting: 1 << 20, line: 1_000 };
        let (reader, intake) = reader(bounds);
        let text = format!("{}\nshort\n{}", "x".repeat(50_000), "y".repeat(50_000));
        reader.run(Box::new(std::io::Cursor::new(text.into_bytes())));
        let all: Vec<u8> = intake.blocks.iter().flat_map(|b| b.unwrap().bytes).collect();
        let lines: Vec<usize> = all.split(|b| *b == b'\n').map(<[u8]>::len).collect();
        assert_eq!(lines, [1_000, 5, 1_000, 0]);
    }
}
