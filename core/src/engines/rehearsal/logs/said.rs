//! What services say: templates whose braces are filled line by line.
//!
//! `{noun}` what the service is about, `{id}` one of them, `{ms}` how long it took, `{n}` a small number,
//! `{user}` a customer, `{callee}` the service that was called.

use super::super::cast::Dialect;
use super::super::random::Random;
use super::super::script::Fault;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    Error,
}

/// What a line reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    Ordinary,
    Odd,
    /// A process began; the number is its line of the greeting.
    Start(usize),
    /// New in an innocent version.
    Novelty,
    /// A failure that is the service's own fault.
    Fault(Fault),
    /// A sign of the fault that fails nothing yet.
    Symptom(Fault),
    /// A call failed.
    Callee,
    /// Too many requests.
    Crowded,
}

pub const GREETING: usize = 4;

const HANDLED: &[&str] = &[
    "handled GET /{noun}s/{id} with 200 in {ms} ms",
    "handled GET /{noun}s/{id} with 200 in {ms} ms",
    "handled POST /{noun}s with 201 in {ms} ms",
    "cache hit for {noun} {id}",
    "cache miss for {noun} {id}, reading {n} rows",
    "{noun} {id} updated by customer {user}",
    "health check ok, {n} connections open",
];
const LOADED: &[&str] = &[
    "request finished method=GET path=/{noun}s/{id} status=200 took={ms}ms",
    "request finished method=GET path=/{noun}s/{id} status=200 took={ms}ms",
    "request finished method=PUT path=/{noun}s/{id} status=204 took={ms}ms",
    "loaded {noun} {id} in {ms} ms",
    "published {noun} change {id} to {n} subscribers",
    "refreshed index of {noun}s: {n} new, {n} gone",
];
const VALIDATED: &[&str] = &[
    "Completed 200 OK for {noun} {id} in {ms} ms",
    "Completed 200 OK for {noun} {id} in {ms} ms",
    "Validated {n} fields of {noun} {id}",
    "Customer {user} opened {noun} {id}",
    "Scheduled task for {noun}s ran in {ms} ms",
    "Connection pool statistics: active={n}, waiting=0",
];
const STATEMENTS: &[&str] = &[
    "duration: {ms} ms  execute <unnamed>: SELECT * FROM {noun} WHERE id = $1",
    "duration: {ms} ms  execute <unnamed>: SELECT * FROM {noun} WHERE id = $1",
    "duration: {ms} ms  execute <unnamed>: UPDATE {noun} SET changed_at = now() WHERE id = $1",
    "duration: {ms} ms  execute <unnamed>: SELECT count(*) FROM {noun} WHERE owner = $1",
    "checkpoint complete: wrote {n} buffers; write={ms} ms",
    "automatic vacuum of table {noun}: index scans: 1, removed {n} rows",
];
const SAVING: &[&str] = &[
    "{n} changes in 60 seconds. Saving...",
    "Background saving started by pid {n}",
    "Background saving terminated with success",
    "DB saved on disk",
];

pub fn level(matter: Matter) -> Level {
    match matter {
        Matter::Ordinary | Matter::Start(_) | Matter::Novelty => Level::Info,
        Matter::Odd | Matter::Symptom(_) => Level::Warn,
        Matter::Fault(_) | Matter::Callee | Matter::Crowded => Level::Error,
    }
}

pub fn template(matter: Matter, dialect: Dialect, random: &mut Random) -> &'static str {
    let from: &[&'static str] = match matter {
        Matter::Ordinary => ordinary(dialect),
        Matter::Odd => &[
            "{noun} {id} is older than {n} s, refreshing it",
            "client closed the connection before {noun} {id} was sent",
        ],
        Matter::Start(line) => match line {
            0 => &["starting, reading configuration"],
            1 => &["connected to {n} upstreams in {ms} ms"],
            2 => &["listening on port 8080"],
            _ => &["ready after {ms} ms"],
        },
        Matter::Novelty => &["preview of {noun}s is on for {n} percent of customers"],
        Matter::Fault(fault) => failed(fault),
        Matter::Symptom(fault) => symptom(fault),
        Matter::Callee => &[
            "call to {callee} failed: status 503 after {ms} ms",
            "call to {callee} failed: deadline exceeded after {ms} ms",
        ],
        Matter::Crowded => match dialect {
            Dialect::Postgres => &["remaining connection slots are reserved for superusers"],
            _ => &["rejected request for {noun} {id}: {n} others are waiting"],
        },
    };
    random.pick(from).unwrap_or("")
}

fn ordinary(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Java => VALIDATED,
        Dialect::Go | Dialect::Logfmt => LOADED,
        Dialect::Postgres => STATEMENTS,
        Dialect::Redis => SAVING,
        Dialect::Json | Dialect::Python | Dialect::Nginx => HANDLED,
    }
}

fn failed(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::ErrorResponses => &["unhandled error while serving {noun} {id}"],
        Fault::Slowdown => &["{noun} {id} was not ready within {ms} ms"],
        Fault::MemoryLeak => &["could not allocate a buffer for {noun} {id}"],
        Fault::ConnectionLeak => {
            &["no connection within 1500 ms: pool exhausted, active=50, idle=0, waiting={n}"]
        }
        Fault::RetryStorm => &["giving up on {callee} for {noun} {id} after 8 attempts"],
        Fault::BusyLoop => &["{noun} {id} was cancelled after {ms} ms in the queue"],
    }
}

fn symptom(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::ErrorResponses => &["{noun} {id} has no rate, using none"],
        Fault::Slowdown => &["slow: {noun} {id} took {ms} ms and {n} statements"],
        Fault::MemoryLeak => &["garbage collection took {ms} ms, old generation is {n} percent full"],
        Fault::ConnectionLeak => &["pool is filling up: {n} of 50 connections are in use, none came back"],
        Fault::RetryStorm => {
            &["call to {callee} took more than 20 ms, attempt {n} of 8, trying again at once"]
        }
        Fault::BusyLoop => &["scheduler lag of {ms} ms, {n} requests are waiting"],
    }
}

/// The exception behind a failure, if its language shows one: its head and its frames, innermost first.
pub fn exception(matter: Matter, dialect: Dialect) -> Option<(&'static str, &'static [&'static str])> {
    let pool = matches!(matter, Matter::Fault(Fault::ConnectionLeak));
    if !pool && !matches!(matter, Matter::Fault(Fault::ErrorResponses | Fault::MemoryLeak)) {
        return None;
    }
    let null = matches!(matter, Matter::Fault(Fault::ErrorResponses));
    Some(match dialect {
        Dialect::Java if pool => ("java.sql.SQLTransientConnectionException: request timed out", JAVA),
        Dialect::Java if null => ("java.lang.NullPointerException: rate is null", JAVA),
        Dialect::Java => ("java.lang.OutOfMemoryError: Java heap space", JAVA),
        Dialect::Python if pool => ("sqlalchemy.exc.TimeoutError: pool limit of size 50 reached", PYTHON),
        Dialect::Python if null => ("KeyError: 'rate'", PYTHON),
        Dialect::Python => ("MemoryError", PYTHON),
        Dialect::Go if null => {
            ("panic: runtime error: invalid memory address or nil pointer dereference", GO)
        }
        Dialect::Json if null => ("TypeError: Cannot read properties of undefined (reading 'rate')", NODE),
        _ => return None,
    })
}

/// `{Class}` is the service's name as a class.
const JAVA: &[&str] = &[
    "com.shop.{svc}.{Class}Rates.of({Class}Rates.java:88)",
    "com.shop.{svc}.{Class}Service.load({Class}Service.java:141)",
    "com.shop.{svc}.{Class}Controller.get({Class}Controller.java:57)",
    "org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)",
    "java.base/java.lang.Thread.run(Thread.java:1583)",
];
const PYTHON: &[&str] = &[
    "File \"/app/{svc}/rates.py\", line 88, in rate_of",
    "File \"/app/{svc}/service.py\", line 141, in load",
    "File \"/app/{svc}/api.py\", line 57, in get",
];
const GO: &[&str] = &["shop/{svc}.rateOf /app/rates.go:88", "shop/{svc}.(*Server).load /app/server.go:141"];
const NODE: &[&str] = &["rateOf (/app/rates.js:88:17)", "load (/app/service.js:141:9)"];
