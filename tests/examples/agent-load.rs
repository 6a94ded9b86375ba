//! Loads a daemon's socket as several clients do, and prints rows of markdown.
//!
//! `agent-load SOCKET latency RATE SECONDS CLIENTS`: requests at fixed moments, whatever becomes of those before;
//! a time runs from the moment at which a request was due, so that a slow answer is not left out of the figures by
//! making the next request late (Tene, How NOT to Measure Latency, 2015).
//! `agent-load SOCKET publish SECONDS CLIENTS BATCH`: durable events a second.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

type Failed = Box<dyn Error + Send + Sync>;

/// One connection that is kept.
struct Line {
    reader: BufReader<UnixStream>,
}

impl Line {
    fn open(socket: &str) -> Result<Self, Failed> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    fn ask(&mut self, request: &[u8]) -> Result<(), Failed> {
        self.reader.get_mut().write_all(request)?;
        let (mut line, mut length, mut status) = (String::new(), 0, 0);
        loop {
            line.clear();
            if self.reader.read_line(&mut line)? == 0 {
                return Err("the daemon closed".into());
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if let Some(rest) = text.strip_prefix("HTTP/1.1 ") {
                status = rest.get(..3).unwrap_or_default().parse()?;
            } else if let Some((name, value)) = text.split_once(": ")
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.parse()?;
            }
        }
        let copied = std::io::copy(&mut self.reader.by_ref().take(length), &mut std::io::sink())?;
        match copied == length && status < 400 {
            true => Ok(()),
            false => Err(format!("status {status}").into()),
        }
    }
}

fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

fn event(key: &str) -> String {
    format!(
        r#"{{"event":{{"event_type":"remediation.completed","source":"bench","timestamp":"2026-11-20T08:00:00Z","trace_id":"5b2c7f30-0a53-11f1-8d4e-0242ac120002","data":{{"trace_id":"{key}","compliance_tags":[]}}}},"idempotencyKey":"{key}"}}"#
    )
}

fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, Duration::as_secs_f64) * 1e3
}

/// One client's share of the requests at their moments.
fn share(
    socket: &str,
    begin: Instant,
    dues: impl Iterator<Item = (usize, Duration)>,
    make: &(dyn Fn(usize) -> Vec<u8> + Sync),
) -> Result<Vec<Duration>, Failed> {
    let mut line = Line::open(socket)?;
    let mut took = Vec::new();
    for (number, due) in dues {
        let request = make(number);
        if let Some(left) = due.checked_sub(begin.elapsed()) {
            std::thread::sleep(left);
        }
        line.ask(&request)?;
        took.push(begin.elapsed().saturating_sub(due));
    }
    Ok(took)
}

fn latency(socket: &str, rate: usize, seconds: usize, clients: usize) -> Result<(), Failed> {
    let undo =
        r#"{"actor":"a","action":"undo","resource":"x","severity":"low","compliance_mode":"standard"}"#;
    let run = std::process::id();
    type Make = Box<dyn Fn(usize) -> Vec<u8> + Sync>;
    let publish = move |n| request("POST", "/v1/events", &event(&format!("l-{run}-{n}")));
    let kinds: Vec<(&str, Make)> = vec![
        ("hello", Box::new(|_| request("GET", "/v1/hello", ""))),
        ("status", Box::new(|_| request("GET", "/v1/status", ""))),
        ("policy decision", Box::new(|_| request("POST", "/v1/policy/decide", undo))),
        ("page of 10 events", Box::new(|_| request("GET", "/v1/events?limit=10", ""))),
        (
            "memory search",
            Box::new(|_| request("POST", "/v1/memory/search", r#"{"query":"pool","top_k":3}"#)),
        ),
        ("publish, durable", Box::new(publish)),
    ];
    println!("| round trip at {rate}/s for {seconds} s, ms | p50 | p90 | p99 | p99.9 | slowest |");
    println!("|---|---|---|---|---|---|");
    for (name, make) in &kinds {
        let begin = Instant::now() + Duration::from_millis(50);
        let gap = Duration::from_secs(1) / rate as u32;
        let mut took: Vec<Duration> = Vec::new();
        std::thread::scope(|scope| -> Result<(), Failed> {
            let work = |client: usize| {
                let dues = (client..rate * seconds).step_by(clients).map(|n| (n, gap * n as u32));
                share(socket, begin, dues, make)
            };
            let handles: Vec<_> = (0..clients).map(|client| scope.spawn(move || work(client))).collect();
            for handle in handles {
                took.extend(handle.join().map_err(|_| "a client failed")??);
            }
            Ok(())
        })?;
        took.sort_unstable();
        let p: Vec<String> =
            [0.5, 0.9, 0.99, 0.999, 1.0].iter().map(|s| format!("{:.3}", percentile(&took, *s))).collect();
        println!("| {name} | {} |", p.join(" | "));
    }
    Ok(())
}

fn publish(socket: &str, seconds: u64, clients: usize, batch: usize) -> Result<(), Failed> {
    let begin = Instant::now();
    let run = std::process::id();
    let work = |client: usize| -> Result<usize, Failed> {
        let mut line = Line::open(socket)?;
        let mut count = 0;
        while begin.elapsed() < Duration::from_secs(seconds) {
            let key = |n: usize| format!("p-{run}-{clients}-{batch}-{client}-{n}");
            let body = match batch {
                1 => event(&key(count)),
                _ => {
                    let events: Vec<String> = (count..count + batch).map(|n| event(&key(n))).collect();
                    format!(r#"{{"events":[{}]}}"#, events.join(","))
                }
            };
            line.ask(&request("POST", "/v1/events", &body))?;
            count += batch;
        }
        Ok(count)
    };
    let total = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..clients).map(|client| scope.spawn(move || work(client))).collect();
        handles
            .into_iter()
            .try_fold(0, |sum, handle| Ok::<_, Failed>(sum + handle.join().map_err(|_| "a client failed")??))
    })?;
    let rate = total as f64 / begin.elapsed().as_secs_f64();
    println!("| {clients} clients, {batch} a request | {rate:.0} |");
    Ok(())
}

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize| -> Result<usize, Failed> { Ok(arguments.get(at).ok_or("too few arguments")?.parse()?) };
    let socket = arguments.first().ok_or("no socket")?;
    match arguments.get(1).map(String::as_str) {
        Some("latency") => latency(socket, number(2)?, number(3)?, number(4)?),
        Some("publish") => publish(socket, number(2)? as u64, number(3)?, number(4)?),
        _ => Err("latency or publish".into()),
    }
}
