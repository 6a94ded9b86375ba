//! Spans of what the daemon does, from a caller's request down to what is asked of others: the place in the trace, a
//! span of `tracing` for the log, and where a collector is configured, a record for it.
//!
//! A request is `gateway`; within it stand `auth`, `rate_limit` and `backend` (the operation), and within that the calls
//! of ports, `store` or `external`, whose place goes along with what they send. Nothing is recorded of a trace that its
//! beginner does not sample.

mod context;
mod export;
mod otlp;

pub use context::Context;
pub use export::{Exporter, Finished, Part};

use std::sync::Arc;
use std::time::SystemTime;
use tracing::Instrument;

/// What a span is to its neighbours (OTLP's `SpanKind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Internal = 1,
    Server = 2,
    Client = 3,
}

/// Where this task is, and who is told.
#[derive(Debug, Clone)]
struct Here {
    context: Context,
    exporter: Option<Arc<Exporter>>,
}

tokio::task_local! {
    static HERE: Here;
}

/// A span under way; it ends when dropped.
#[derive(Debug)]
pub struct Span {
    here: Option<Here>,
    record: Option<Finished>,
    shown: tracing::Span,
}

/// The span of a request, the first of this process. `parent` is the caller's.
pub fn gateway(
    context: &Context,
    parent: Option<u64>,
    operation: &'static str,
    exporter: Option<Arc<Exporter>>,
    shown: tracing::Span,
) -> Span {
    let here = Here { context: context.clone(), exporter };
    let mut span = Span::begin(Some(here), parent, "gateway", Kind::Server, shown);
    span.note("rpc.method", operation);
    span
}

/// A span within the one that this task is in; outside of all it only shows in the log.
pub fn span(name: &'static str, kind: Kind) -> Span {
    let outer = HERE.try_with(Clone::clone).ok();
    let parent = outer.as_ref().map(|here| here.context.span);
    let here = outer.map(|here| Here { context: here.context.child(), ..here });
    Span::begin(here, parent, name, kind, tracing::debug_span!("span", name))
}

impl Span {
    fn begin(
        here: Option<Here>,
        parent: Option<u64>,
        name: &'static str,
        kind: Kind,
        shown: tracing::Span,
    ) -> Self {
        let told = here.as_ref().filter(|here| here.exporter.is_some() && here.context.sampled());
        let record = told.map(|here| Finished {
            trace: here.context.trace,
            span: here.context.span,
            parent,
            name,
            kind,
            begin: SystemTime::now(),
            end: SystemTime::UNIX_EPOCH,
            notes: Vec::new(),
            failed: None,
            state: here.context.state.clone(),
        });
        Self { here, record, shown }
    }

    /// An attribute; values must be fit for a log.
    pub fn note(&mut self, name: &'static str, value: impl ToString) {
        if let Some(record) = &mut self.record {
            record.notes.push((name, value.to_string()));
        }
    }

    /// It turned out to be something else.
    pub fn rename(&mut self, name: &'static str, kind: Kind) {
        if let Some(record) = &mut self.record {
            (record.name, record.kind) = (name, kind);
        }
    }

    pub fn fail(&mut self, why: &str) {
        if let Some(record) = &mut self.record {
            record.failed = Some(why.chars().take(200).collect());
        }
    }

    /// Does something within the span. It does not end with that: see [`Span`].
    pub async fn within<T>(&self, future: impl Future<Output = T>) -> T {
        let future = future.instrument(self.shown.clone());
        match &self.here {
            Some(here) => HERE.scope(here.clone(), future).await,
            None => future.await,
        }
    }

    /// The same for blocking work, on whatever thread: what it asks of others continues the trace.
    pub fn within_blocking<T>(&self, act: impl FnOnce() -> T) -> T {
        let _entered = self.shown.enter();
        let sent = self.here.as_ref().map(|here| ecoops_plugins::http::trace::Trace {
            traceparent: here.context.traceparent(),
            tracestate: here.context.state.clone(),
        });
        ecoops_plugins::http::trace::within(sent, act)
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let exporter = self.here.as_ref().and_then(|here| here.exporter.as_ref());
        if let (Some(mut record), Some(exporter)) = (self.record.take(), exporter) {
            record.end = SystemTime::now();
            exporter.take(record);
        }
    }
}
