//! The trace that what this thread asks of others belongs to (W3C trace context). Never makes one.

use std::cell::{Cell, RefCell};

/// What goes along with a request: `traceparent` and, when there is one, `tracestate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub traceparent: String,
    pub tracestate: Option<String>,
}

thread_local! {
    static CURRENT: RefCell<Option<Trace>> = const { RefCell::new(None) };
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `act` as part of `trace`; what was before is there again afterwards, after a panic too.
pub fn within<T>(trace: Option<Trace>, act: impl FnOnce() -> T) -> T {
    struct Back(Option<Trace>);
    impl Drop for Back {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _back = Back(CURRENT.replace(trace));
    act()
}

/// Runs `act`; whether another system was asked meanwhile, by this thread.
pub fn watched<T>(act: impl FnOnce() -> T) -> (T, bool) {
    let before = ASKED.replace(false);
    let done = act();
    let asked = ASKED.get();
    ASKED.set(before || asked);
    (done, asked)
}

/// Another system is asked.
pub(super) fn asks() {
    ASKED.set(true);
}

/// The trace of what this thread does.
pub fn current() -> Option<Trace> {
    CURRENT.with_borrow(Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_ends_with_what_it_belongs_to() {
        let trace = |name: &str| Some(Trace { traceparent: name.into(), tracestate: None });
        within(trace("a"), || {
            let inner = std::panic::catch_unwind(|| within(trace("b"), || panic!("{:?}", current())));
            assert!(inner.is_err());
            assert_eq!(current(), trace("a"));
        });
        assert_eq!(current(), None);
    }
}
