//! Appends a second to a fresh audit log, flushed and signed, and the time to verify a large one.
//!
//! `cargo run --release -p ecoops-plugins --example audit-bench -- [DIR] [ENTRIES]`; DIR decides the
//! disk (default: a temporary folder in the current one), ENTRIES the log to verify (default 1,000,000).
#![allow(clippy::print_stdout)]

use ecoops_core::domain::{AuditEntry, AuditResult, ContentHash, PolicyStamp};
use ecoops_core::ports::audit_log::{AuditError, AuditLog};
use ecoops_plugins::audit_log::embedded::{EmbeddedAuditLog, ORIGIN};
use std::path::Path;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let entries: usize = arguments.next().map_or(Ok(1_000_000), |n| n.parse())?;
    let scratch = tempfile::tempdir_in(folder)?;
    for threads in [1, 8, 32, 64] {
        appends(scratch.path(), threads)?;
    }
    verification(scratch.path(), entries)?;
    Ok(())
}

/// Single entries from several threads for two seconds.
fn appends(folder: &Path, threads: usize) -> Result<(), AuditError> {
    let log = EmbeddedAuditLog::in_state(&folder.join(threads.to_string()), ORIGIN)?;
    let begin = Instant::now();
    let counts: Vec<Result<usize, AuditError>> = std::thread::scope(|scope| {
        let work = |thread: usize| {
            let mut count = 0;
            while begin.elapsed() < Duration::from_secs(2) {
                log.append(&[entry(thread, count)])?;
                count += 1;
            }
            Ok(count)
        };
        let handles: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).collect()
    });
    let mut total = 0;
    for count in counts {
        total += count?;
    }
    let rate = total as f64 / begin.elapsed().as_secs_f64();
    println!("{threads:>3} threads: {rate:>9.0} durable appends/s (one entry a call)");
    Ok(())
}

fn verification(folder: &Path, count: usize) -> Result<(), AuditError> {
    let log = EmbeddedAuditLog::in_state(&folder.join("large"), ORIGIN)?;
    let begin = Instant::now();
    for batch in 0..count.div_ceil(10_000) {
        let size = (count - batch * 10_000).min(10_000);
        let entries: Vec<AuditEntry> = (0..size).map(|i| entry(batch, i)).collect();
        log.append(&entries)?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("batches of 10,000: {:>9.0} durable appends/s", count as f64 / seconds);
    let begin = Instant::now();
    let verified = log.verify()?;
    println!("verified {} entries in {:.2} s", verified.entries, begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    let last = log.prove(verified.entries - 1)?;
    println!("a proof of {} hashes in {:.2} ms", last.hashes.len(), begin.elapsed().as_secs_f64() * 1e3);
    let begin = Instant::now();
    drop(log);
    EmbeddedAuditLog::in_state(&folder.join("large"), ORIGIN)?;
    println!("opened in {:.2} ms", begin.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

fn entry(thread: usize, count: usize) -> AuditEntry {
    AuditEntry {
        timestamp: "2026-01-02T03:04:05.678Z".into(),
        trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
        run: format!("run-{thread}"),
        actor: "user:1000".into(),
        action: "validate".into(),
        resource: format!("src/module_{count}.py"),
        result: AuditResult::Success,
        policy: Some(PolicyStamp {
            version: "sha256:0123456789abcdef".into(),
            decision: "allow".into(),
            reason: "a safe fix of a high finding".into(),
        }),
        content_hash: Some(ContentHash::of(&count.to_be_bytes())),
        urn: format!("urn:ecoops:run:{thread}"),
        uri: "file:///repository".into(),
        signer: String::new(),
        asked: None,
        details: None,
    }
}
