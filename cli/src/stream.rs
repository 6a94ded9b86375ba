//! A file, pipe or terminal that is read until it ends or the command is asked to stop.
//!
//! A pipe that nobody writes to is waited for in short turns, so that a signal ends the wait in order: what was
//! begun is taken back. Never waits in `open`, as a pipe without a writer would have it.

use crate::interrupt::Interrupt;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How long is waited before it is looked whether to stop; nanoseconds.
const TURN: i64 = 50_000_000;

/// What is read from.
#[derive(Debug)]
pub struct Stream {
    file: File,
    interrupt: Interrupt,
    /// A plain file is always ready.
    plain: bool,
}

impl Stream {
    /// # Errors
    /// As the system says; a pipe without a writer is no error.
    pub fn open(path: &Path, interrupt: &Interrupt) -> io::Result<Self> {
        #[allow(clippy::cast_possible_wrap, reason = "flags of the kernel")]
        let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits() as i32;
        Self::of(File::options().read(true).custom_flags(flags).open(path)?, interrupt)
    }

    /// # Errors
    /// When the process has no stdin.
    pub fn stdin(interrupt: &Interrupt) -> io::Result<Self> {
        Self::of(File::from(io::stdin().as_fd().try_clone_to_owned()?), interrupt)
    }

    fn of(file: File, interrupt: &Interrupt) -> io::Result<Self> {
        let plain = file.metadata()?.is_file();
        Ok(Self { file, interrupt: interrupt.clone(), plain })
    }

    /// # Errors
    /// As the system says.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// Returns when there is something to read, or the end.
    fn ready(&self) -> io::Result<()> {
        loop {
            if self.interrupt.is_set() {
                return Err(io::Error::other("interrupted"));
            }
            if self.plain {
                return Ok(());
            }
            let mut asked = [PollFd::new(&self.file, PollFlags::IN)];
            match poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: TURN })) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.ready()?;
            match self.file.read(buffer) {
                // Somebody else took what was there.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }
}
