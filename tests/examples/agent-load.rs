//! Loads a daemon's socket as several clients do, and prints rows of markdown.
//!
//! `agent-load SOCKET latency RATE SECONDS CLIENTS [NAME]`: requests at fixed moments, whatever becomes of those
//! before; a time runs from the moment at which a request was due, so that a slow answer is not left out of the
//! figures by making the next request late (Tene, How NOT to Measure Latency, 2015). The last column runs from when
//! it was sent: the difference is what this program's own sleep and scheduling add.
//! `agent-load SOCKET publish SECONDS CLIENTS BATCH`: durable events a second.
//! `agent-load SOCKET many COUNT CLIENTS`: so many requests of every kind that changes nothing, as fast as they go.
//! `agent-load SOCKET echo`: answers whatever comes with the same bytes, to show what the machine alone takes.
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
) -> Result<Vec<(Duration, Duration)>, Failed> {
    let mut line = Line::open(socket)?;
    let mut took = Vec::new();
    for (number, due) in dues {
        let request = make(number);
        if let Some(left) = due.checked_sub(begin.elapsed()) {
            std::thread::sleep(left);
        }
        let sent = begin.elapsed();
        line.ask(&request)?;
        let answered = begin.elapsed();
        took.push((answered.saturating_sub(due), answered.saturating_sub(sent)));
    }
    Ok(took)
}

type Make = Box<dyn Fn(usize) -> Vec<u8> + Sync>;

/// What is asked for, and whether it changes nothing.
fn questions() -> Vec<(&'static str, bool, Make)> {
    let undo =
        r#"{"actor":"a","action":"undo","resource":"x","severity":"low","compliance_mode":"standard"}"#;
    let run = std::process::id();
    let publish = move |n| request("POST", "/v1/events", &event(&format!("l-{run}-{n}")));
    let search = r#"{"query":"pool","top_k":3}"#;
    vec![
        ("hello", true, Box::new(|_| request("GET", "/v1/hello", ""))),
        ("status", true, Box::new(|_| request("GET", "/v1/status", ""))),
        ("policy decision", true, Box::new(|_| request("POST", "/v1/policy/decide", undo))),
        ("page of 10 events", true, Box::new(|_| request("GET", "/v1/events?limit=10", ""))),
        ("memory search", false, Box::new(|_| request("POST", "/v1/memory/search", search))),
        ("publish, durable", false, Box::new(publish)),
    ]
}

fn latency(
    socket: &str,
    rate: usize,
    seconds: usize,
    clients: usize,
    only: Option<&str>,
) -> Result<(), Failed> {
    println!(
        "| round trip at {rate}/s for {seconds} s, ms | p50 | p90 | p99 | p99.9 | slowest | p99 from sending |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, _, make) in questions().iter().filter(|(name, ..)| only.is_none_or(|only| only == *name)) {
        let begin = Instant::now() + Duration::from_millis(50);
        let gap = Duration::from_secs(1) / rate as u32;
        let mut both: Vec<(Duration, Duration)> = Vec::new();
        std::thread::scope(|scope| -> Result<(), Failed> {
            let work = |client: usize| {
                let dues = (client..rate * seconds).step_by(clients).map(|n| (n, gap * n as u32));
                share(socket, begin, dues, make)
            };
            let handles: Vec<_> = (0..clients).map(|client| scope.spawn(move || work(client))).collect();
            for handle in handles {
                both.extend(handle.join().map_err(|_| "a client failed")??);
            }
            Ok(())
        })?;
        let (mut took, mut alone): (Vec<Duration>, Vec<Duration>) = both.into_iter().unzip();
        took.sort_unstable();
        alone.sort_unstable();
        let p: Vec<String> =
            [0.5, 0.9, 0.99, 0.999, 1.0].iter().map(|s| format!("{:.3}", percentile(&took, *s))).collect();
        println!("| {name} | {} | {:.3} |", p.join(" | "), percentile(&alone, 0.99));
    }
    Ok(())
}

/// As many as that, and how many a second it were.
fn many(socket: &str, count: usize, clients: usize) -> Result<(), Failed> {
    let begin = Instant::now();
    std::thread::scope(|scope| -> Result<(), Failed> {
        let work = |client: usize| -> Result<(), Failed> {
            let mut line = Line::open(socket)?;
            let kinds: Vec<Make> =
                questions().into_iter().filter(|(_, harmless, _)| *harmless).map(|(.., make)| make).collect();
            for number in (client..count).step_by(clients) {
                // A connection that ends and one that is new are part of it.
                if number / clients % 1000 == 999 {
                    line = Line::open(socket)?;
                }
                let make = kinds.get(number / clients % kinds.len()).ok_or("no question")?;
                line.ask(&make(number))?;
            }
            Ok(())
        };
        let handles: Vec<_> = (0..clients).map(|client| scope.spawn(move || work(client))).collect();
        handles.into_iter().try_for_each(|handle| handle.join().map_err(|_| "a client failed")?)
    })?;
    println!(
        "| {count} requests, {clients} clients | {:.0}/s |",
        count as f64 / begin.elapsed().as_secs_f64()
    );
    Ok(())
}

/// An answer as long as a hello's, to each request.
const ECHO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n";

fn echo(socket: &str) -> Result<(), Failed> {
    let answer = format!("{ECHO}{}", "x".repeat(200));
    for stream in std::os::unix::net::UnixListener::bind(socket)?.incoming() {
        let (mut reader, answer) = (BufReader::new(stream?), answer.clone());
        std::thread::spawn(move || {
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|length| length > 0) {
                if line == "\r\n" && reader.get_mut().write_all(answer.as_bytes()).is_err() {
                    return;
                }
                line.clear();
            }
        });
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
        Some("latency") => {
            latency(socket, number(2)?, number(3)?, number(4)?, arguments.get(5).map(String::as_str))
        }
        Some("many") => many(socket, number(2)?, number(3)?),
        Some("echo") => echo(socket),
        Some("publish") => publish(socket, number(2)? as u64, number(3)?, number(4)?),
        _ => Err("latency, publish, many or echo".into()),
    }
}
