//! Stopping early: SIGINT, SIGTERM and `--deadline` set one flag that long work looks at.
//!
//! The first signal asks; a second one, or a grace period after the deadline, ends the process at
//! once. The journal makes that safe.

use crate::exit::{Exit, Failure};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// How long after its deadline a command may still take to stop by itself.
const GRACE: Duration = Duration::from_secs(3);

/// True while a person or a pipe is waited for: then a signal ends the process at once.
static WAITING: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Waits for input, with nothing begun that would have to be ended in order.
pub fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    WAITING.store(true, Ordering::SeqCst);
    let done = wait();
    WAITING.store(false, Ordering::SeqCst);
    done
}

#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// Stop as soon as you can; for ports that take a flag.
    pub flag: Arc<AtomicBool>,
    expired: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to listen for signals, and to count when there is a deadline.
    ///
    /// # Errors
    /// [`Failure`] when the system refuses a signal handler or a thread.
    pub fn listen(deadline: Option<u64>) -> Result<Self, Failure> {
        let this = Self::default();
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // Handlers run in the order of their registration: the second signal finds the flag set.
            signal_hook::flag::register_conditional_shutdown(
                signal,
                Exit::Interrupted as i32,
                this.flag.clone(),
            )
            .and_then(|_| {
                let waiting = WAITING.clone();
                signal_hook::flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, waiting)
            })
            .and_then(|_| signal_hook::flag::register(signal, this.flag.clone()))
            .map_err(|e| Failure::new("signals cannot be handled").because(&e))?;
        }
        if let Some(seconds) = deadline {
            let (flag, expired) = (this.flag.clone(), this.expired.clone());
            let watch = move || {
                std::thread::sleep(Duration::from_secs(seconds));
                expired.store(true, Ordering::SeqCst);
                flag.store(true, Ordering::SeqCst);
                std::thread::sleep(GRACE);
                std::process::exit(Exit::Deadline as i32);
            };
            let thread = std::thread::Builder::new().name("deadline".to_owned()).spawn(watch);
            thread.map_err(|e| Failure::new("the deadline cannot be watched").because(&e))?;
        }
        Ok(this)
    }

    /// Whether the work has been asked to stop.
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// # Errors
    /// [`Failure`] with exit 130 or 124 once the work has been asked to stop.
    pub fn check(&self) -> Result<(), Failure> {
        if self.flag.load(Ordering::SeqCst) { Err(self.failure()) } else { Ok(()) }
    }

    /// Why the work stopped early.
    pub fn failure(&self) -> Failure {
        if self.expired.load(Ordering::SeqCst) {
            Failure::new("the deadline has passed").exit(Exit::Deadline)
        } else {
            Failure::new("interrupted").exit(Exit::Interrupted)
        }
    }
}
