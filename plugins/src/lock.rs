//! The lock of a file between processes, waited for only so long: who holds it may hang, or ask a person.
//!
//! Knows nothing of what the file is for.

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How long another process may hold a lock before this one gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Locks a file until it is closed.
///
/// # Errors
/// [`ErrorKind::TimedOut`] when another process has held it for half a minute; otherwise what the system says.
pub(crate) fn exclusive(file: &File) -> io::Result<()> {
    exclusive_within(file, PATIENCE)
}

fn exclusive_within(file: &File, patience: Duration) -> io::Result<()> {
    let begin = Instant::now();
    let mut pause = Duration::from_micros(100);
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK | Errno::INTR) if begin.elapsed() < patience => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(20));
            }
            Err(Errno::WOULDBLOCK) => {
                let why = format!("another process has held its lock for {} s", patience.as_secs());
                return Err(io::Error::new(ErrorKind::TimedOut, why));
            }
            locked => return Ok(locked?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_waited_for_but_not_for_ever() {
        let folder = tempfile::tempdir().expect("folder");
        let open = || File::create(folder.path().join("lock")).expect("file");
        let (first, second) = (open(), open());
        exclusive(&first).expect("free");
        let refused = exclusive_within(&second, Duration::from_millis(30)).expect_err("held");
        assert_eq!(refused.kind(), ErrorKind::TimedOut);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| exclusive(&second));
            drop(first);
            waiting.join().expect("no panic").expect("it was given up");
        });
    }
}
