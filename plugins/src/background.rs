//! A runtime on one thread of its own, for clients that only know asynchronous calls. It starts with the first
//! call and ends with its owner; an adapter that is not used costs nothing.

use std::future::Future;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// What a call may take beyond its own deadline before it is given up.
const GRACE: Duration = Duration::from_millis(250);

/// Why a call gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("no thread could be started")]
    NoThread,
}

/// See the module.
pub struct Background {
    name: &'static str,
    running: Mutex<Option<Running>>,
}

struct Running {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Background").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Background {
    /// Starts nothing yet. The thread will have this name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, running: Mutex::new(None) }
    }

    /// Runs the future on the thread and waits for it, `deadline` long; then it is dropped.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub fn run<T: Send + 'static>(
        &self,
        deadline: Duration,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Unanswered> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.handle()?.spawn(async move {
            if let Ok(value) = tokio::time::timeout(deadline, future).await {
                let _ = answer.send(value);
            }
        });
        answered.recv_timeout(deadline + GRACE).map_err(|_| Unanswered::Late(deadline))
    }

    /// Runs the future on the thread and waits for nothing.
    pub fn later(&self, future: impl Future<Output = ()> + Send + 'static) {
        if let Ok(handle) = self.handle() {
            handle.spawn(future);
        }
    }

    fn handle(&self) -> Result<Handle, Unanswered> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*running {
            return Ok(running.handle.clone());
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|_| Unanswered::NoThread)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let body = move || {
            let _ = runtime.block_on(stopped);
        };
        let thread = std::thread::Builder::new().name(self.name.to_owned()).spawn(body);
        let thread = thread.map_err(|_| Unanswered::NoThread)?;
        *running = Some(Running { handle: handle.clone(), stop: Some(stop), thread: Some(thread) });
        Ok(handle)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_answered_or_late_and_the_thread_ends() {
        let background = Background::new("test");
        assert_eq!(background.run(Duration::from_secs(5), async { 7 }), Ok(7));
        let late = Duration::from_millis(20);
        assert_eq!(background.run(late, std::future::pending::<()>()), Err(Unanswered::Late(late)));
        assert_eq!(background.run(Duration::from_secs(5), async { 8 }), Ok(8));
    }
}
