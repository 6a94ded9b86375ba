//! Group commit at a part's desk: what is brought while the part writes is handed to it together, as one call.
//!
//! One call of the part is under way at a time; whoever comes meanwhile goes with the next. So a flush of the disk is
//! shared by as many as there are, and a crowd takes one of the part's places instead of all. A lone caller waits for
//! nobody. (The group commit of Gawlick and Kinkade, Varieties of Concurrency Control in IMS/VS Fast Path, 1985.)

use crate::component::{Desk, Unavailable};
use crate::trace;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Items that one call hands over at most, unless a single caller brings more.
const MOST: usize = 4096;

/// Stores items, all or none, and gives a result for each in their order.
type Act<P, T, R, E> = fn(&P, &[T]) -> Result<Vec<R>, E>;
type Answer<R, E> = Result<Result<Vec<R>, E>, Unavailable>;

/// See the module.
pub struct Gather<P: ?Sized, T, R, E> {
    desk: Arc<Desk<P>>,
    act: Act<P, T, R, E>,
    queue: Mutex<Queue<T, R, E>>,
}

struct Queue<T, R, E> {
    /// A task hands over what waits.
    led: bool,
    waiting: Vec<Call<T, R, E>>,
}

/// What one caller brought.
struct Call<T, R, E> {
    items: Vec<T>,
    answer: oneshot::Sender<Answer<R, E>>,
}

impl<P: ?Sized, T, R, E> fmt::Debug for Gather<P, T, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("desk", &self.desk).finish_non_exhaustive()
    }
}

impl<P, T, R, E> Gather<P, T, R, E>
where
    P: ?Sized + Send + Sync + 'static,
    T: Send + 'static,
    R: Clone + Send + 'static,
    E: Clone + Send + 'static,
{
    pub fn new(desk: Arc<Desk<P>>, act: Act<P, T, R, E>) -> Arc<Self> {
        Arc::new(Self { desk, act, queue: Mutex::new(Queue { led: false, waiting: Vec::new() }) })
    }

    /// Hands the items over, with those of others, all of them or none. What is late may be stored all the same; what
    /// nobody waits for when its turn comes is not.
    ///
    /// # Errors
    /// [`Unavailable`] as the desk has it; else what the port says of these items alone.
    pub async fn ask(self: &Arc<Self>, items: Vec<T>) -> Answer<R, E> {
        let mut span = trace::span("store", trace::Kind::Internal);
        span.note("component", self.desk.name());
        let (answer, answered) = oneshot::channel();
        let first = {
            let mut queue = self.locked();
            queue.waiting.push(Call { items, answer });
            !std::mem::replace(&mut queue.led, true)
        };
        if first {
            tokio::spawn(self.clone().lead());
        }
        let deadline = self.desk.deadline();
        let answer = match span.within(tokio::time::timeout(deadline, answered)).await {
            Ok(Ok(answer)) => answer,
            // The task is gone with the daemon.
            Ok(Err(_)) => Err(Unavailable::Stopped(self.desk.name())),
            Err(_) => Err(Unavailable::Late(self.desk.name(), deadline.as_millis())),
        };
        if let Err(why) = &answer {
            span.fail(&why.to_string());
        }
        answer
    }

    fn locked(&self) -> MutexGuard<'_, Queue<T, R, E>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over until nothing waits.
    async fn lead(self: Arc<Self>) {
        while let Some(calls) = self.next() {
            let (mut items, mut counts, mut answers) = (Vec::new(), Vec::new(), Vec::new());
            for call in calls {
                counts.push(call.items.len());
                items.extend(call.items);
                answers.push(call.answer);
            }
            let act = self.act;
            let results = self.desk.ask(move |port| together(port, act, &items, &counts)).await;
            let mut results = results.map(Vec::into_iter);
            for answer in answers {
                let result = match &mut results {
                    Ok(results) => results.next().ok_or(Unavailable::Stopped(self.desk.name())),
                    Err(why) => Err(why.clone()),
                };
                // Whoever waits no longer is not told.
                let _ = answer.send(result);
            }
        }
    }

    /// What goes next; none ends the lead.
    fn next(&self) -> Option<Vec<Call<T, R, E>>> {
        let mut queue = self.locked();
        // A part that hangs must not pile up what nobody waits for any more.
        queue.waiting.retain(|call| !call.answer.is_closed());
        let mut sum = 0;
        let fits = |call: &&Call<T, R, E>| {
            let fits = sum < MOST;
            sum += call.items.len();
            fits
        };
        let count = queue.waiting.iter().take_while(fits).count();
        queue.led = count > 0;
        queue.led.then(|| queue.waiting.drain(..count).collect())
    }
}

/// All in one; when that is refused, each caller's alone, so that none answers for another's.
fn together<P: ?Sized, T, R: Clone, E: Clone>(
    port: &P,
    act: Act<P, T, R, E>,
    items: &[T],
    counts: &[usize],
) -> Vec<Result<Vec<R>, E>> {
    let each = |all: &mut dyn FnMut(usize, usize) -> Result<Vec<R>, E>| {
        let mut from = 0;
        let share = |count: &usize| {
            from += count;
            all(from - count, *count)
        };
        counts.iter().map(share).collect()
    };
    match act(port, items) {
        Ok(results) => each(&mut |from, count| Ok(results.iter().skip(from).take(count).cloned().collect())),
        Err(why) if counts.len() < 2 => each(&mut |_, _| Err(why.clone())),
        Err(_) => each(&mut |from, count| act(port, items.get(from..from + count).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Condvar;
    use std::time::Duration;

    /// Numbers its items; refuses 0. Calls wait until they may go.
    #[derive(Default)]
    struct Port {
        calls: Mutex<Vec<Vec<u64>>>,
        open: Mutex<bool>,
        changed: Condvar,
    }

    impl Port {
        fn act(&self, items: &[u64]) -> Result<Vec<u64>, String> {
            self.calls.lock().unwrap().push(items.to_vec());
            let open = self.open.lock().unwrap();
            drop(self.changed.wait_while(open, |open| !*open).unwrap());
            match items.contains(&0) {
                true => Err("zero".to_owned()),
                false => Ok(items.iter().map(|item| item * 10).collect()),
            }
        }

        fn open(&self) {
            *self.open.lock().unwrap() = true;
            self.changed.notify_all();
        }

        fn calls(&self) -> usize {
            self.calls.lock().unwrap().len()
        }
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    fn gather(port: &Arc<Port>, deadline: Duration) -> Arc<Gather<Port, u64, u64, String>> {
        let port = port.clone();
        Gather::new(Desk::new("part", deadline, move || Ok(port.clone())), Port::act)
    }

    #[test]
    fn those_who_come_meanwhile_go_together_and_none_answers_for_another() {
        let port = Arc::new(Port::default());
        let gather = gather(&port, Duration::from_secs(5));
        run(async {
            let ask = |items: Vec<u64>| {
                let gather = gather.clone();
                tokio::spawn(async move { gather.ask(items).await })
            };
            let first = ask(vec![1, 2]);
            while port.calls() == 0 {
                tokio::task::yield_now().await;
            }
            let asked = [vec![3], vec![4, 0], vec![], vec![5, 6]].map(ask);
            while gather.locked().waiting.len() < 4 {
                tokio::task::yield_now().await;
            }
            port.open();
            assert_eq!(first.await.unwrap(), Ok(Ok(vec![10, 20])));
            let mut answers = Vec::new();
            for one in asked {
                answers.push(one.await.unwrap().unwrap());
            }
            let zero = Err("zero".to_owned());
            assert_eq!(answers, [Ok(vec![30]), zero, Ok(vec![]), Ok(vec![50, 60])]);
            assert_eq!(port.calls.lock().unwrap()[..2], [vec![1, 2], vec![3, 4, 0, 5, 6]]);
            assert_eq!(ask(vec![7]).await.unwrap(), Ok(Ok(vec![70])), "and the next begins anew");
        });
    }

    #[test]
    fn what_nobody_waits_for_when_its_turn_comes_is_not_stored() {
        let port = Arc::new(Port::default());
        let gather = gather(&port, Duration::from_secs(5));
        run(async {
            let ask = |item: u64| {
                let gather = gather.clone();
                tokio::spawn(async move { gather.ask(vec![item]).await })
            };
            let first = ask(1);
            while port.calls() == 0 {
                tokio::task::yield_now().await;
            }
            let (gone, stays) = (ask(2), ask(3));
            while gather.locked().waiting.len() < 2 {
                tokio::task::yield_now().await;
            }
            gone.abort();
            assert!(gone.await.is_err_and(|e| e.is_cancelled()));
            port.open();
            assert_eq!(first.await.unwrap(), Ok(Ok(vec![10])));
            assert_eq!(stays.await.unwrap(), Ok(Ok(vec![30])));
            assert_eq!(*port.calls.lock().unwrap(), [vec![1], vec![3]]);
        });
    }

    #[test]
    fn a_part_that_hangs_makes_callers_late_and_is_asked_again() {
        let port = Arc::new(Port::default());
        let gather = gather(&port, Duration::from_millis(20));
        run(async {
            for number in 1..4 {
                assert_eq!(gather.ask(vec![number]).await, Err(Unavailable::Late("part", 20)));
            }
            port.open();
            while gather.ask(vec![9]).await != Ok(Ok(vec![90])) {}
        });
    }
}
