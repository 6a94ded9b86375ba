//! The one HTTP client of all adapters, against servers of this process: what is repeated and what never is, what
//! is followed, bounded, given up, and sent along.

use ecoops_core::engines::resilience::{BreakerSettings, BreakerState};
use ecoops_plugins::http::trace::{Trace, within};
use ecoops_plugins::http::{Client, HttpError, Limits, Server, deadline};
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::servers::free_port;
use std::io::Read;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn server(url: &str) -> Server {
    let limits =
        Limits { request: Duration::from_secs(2), whole: Duration::from_secs(8), answer: 1 << 16, tries: 3 };
    let never = BreakerSettings { failure_threshold: 1000, ..BreakerSettings::default() };
    Server { url: url.to_owned(), limits, breaker: never, ..Server::default() }
}

fn client(url: &str) -> Client {
    Client::new(server(url)).expect("a client")
}

/// Answers with these statuses, one after the other; the last for ever.
fn answering(statuses: &'static [u16]) -> Replay {
    let asked = AtomicUsize::new(0);
    Replay::start(move |_: &Request| {
        let number = asked.fetch_add(1, Ordering::SeqCst).min(statuses.len() - 1);
        (statuses[number], format!("answer {number}"))
    })
}

#[test]
fn what_may_pass_is_asked_again_and_what_may_have_had_an_effect_is_not() {
    // method, repeatable, what the server answers, what comes back, how often it was asked
    let cases: &[(&str, bool, &'static [u16], u16, usize)] = &[
        ("GET", false, &[503, 429, 200], 200, 3),
        ("GET", false, &[503, 503, 503, 200], 503, 3),
        ("GET", false, &[500, 200], 500, 1),
        ("GET", false, &[404, 200], 404, 1),
        ("POST", false, &[503, 200], 503, 1),
        ("POST", true, &[502, 200], 200, 2),
        ("PUT", false, &[504, 200], 200, 2),
        ("DELETE", false, &[503, 204], 204, 2),
    ];
    for (method, repeatable, statuses, expected, asked) in cases {
        let replay = answering(statuses);
        let client = client(&replay.url());
        let request = match *method {
            "GET" => client.get("/a"),
            "POST" => client.post("/a").json(&serde_json::json!({"b": 1})),
            "PUT" => client.put("/a").body("text/plain", b"x".to_vec()),
            _ => client.delete("/a"),
        };
        let request = if *repeatable { request.repeatable() } else { request };
        let answer = request.send().expect("an answer");
        assert_eq!((answer.status, replay.requests().len()), (*expected, *asked), "{method} {statuses:?}");
    }
}

#[test]
fn nobody_there_is_said_with_the_address_and_without_the_password() {
    let url = format!("http://me:hunter2@127.0.0.1:{}", free_port());
    let error = client(&url).post("/a").send().expect_err("nobody is there").to_string();
    assert!(error.contains("127.0.0.1") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_breaker_opens_and_then_nobody_is_asked() {
    let replay = answering(&[503]);
    let breaker = BreakerSettings { failure_threshold: 2, ..BreakerSettings::default() };
    let client = Client::new(Server { breaker, ..server(&replay.url()) }).expect("a client");
    assert_eq!(client.get("/").send().expect("an answer").status, 503);
    assert_eq!(client.breaker(), BreakerState::Open);
    assert!(matches!(client.get("/").send(), Err(HttpError::Broken(..))));
    assert_eq!(replay.requests().len(), 2);
    // A refusal is an answer, not a failure.
    let refusing = answering(&[404]);
    let client = Client::new(Server { breaker, ..server(&refusing.url()) }).expect("a client");
    assert!((0..9).all(|_| client.get("/").send().is_ok()));
    assert_eq!(client.breaker(), BreakerState::Closed);
}

/// Whether a server that does not answer is held to be broken, asked in each of these ways.
#[test]
fn a_breaker_opens_for_one_that_is_away_or_silent_however_it_is_asked() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://{}", silent.local_addr().expect("its address"));
    let away = format!("http://127.0.0.1:{}", free_port());
    let breaker = BreakerSettings { failure_threshold: 1, ..BreakerSettings::default() };
    let short = Duration::from_millis(300);
    for url in [&away, &silent] {
        for once in [true, false] {
            let mut server = Server { breaker, ..server(url) };
            (server.limits.request, server.limits.whole) = (short, short);
            let client = Client::new(server).expect("a client");
            let request = if once { client.get("/").once() } else { client.get("/").within(short) };
            assert!(request.send().is_err());
            assert_eq!(client.breaker(), BreakerState::Open, "{url}, once: {once}");
        }
    }
    // Somebody who waits less than such a request may take has learnt nothing of the server.
    let client = Client::new(Server { breaker, ..server(&silent) }).expect("a client");
    assert!(deadline::until(Instant::now() + short, || client.get("/").once().send()).is_err());
    assert_eq!(client.breaker(), BreakerState::Closed);
}

#[test]
fn one_that_never_answers_is_given_up_and_one_that_answers_too_much_too() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut slow = server(&format!("http://{}", silent.local_addr().expect("its address")));
    slow.limits.request = Duration::from_millis(200);
    let begun = Instant::now();
    let result = Client::new(slow).expect("a client").get("/").once().send();
    assert!(matches!(result, Err(HttpError::Unreachable(..))) && begun.elapsed() < Duration::from_secs(2));
    let large = Replay::start(|_| (200, "x".repeat(1 << 17)));
    assert!(matches!(client(&large.url()).get("/").send(), Err(HttpError::TooLarge(..))));
}

/// Sends a redirect to `to`, and keeps what it was asked.
fn redirecting(to: String) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a caller");
        let mut request = [0; 1024];
        let _ = stream.read(&mut request);
        let answer =
            format!("HTTP/1.1 302 X\r\nLocation: {to}/b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
    });
    (url, thread)
}

#[test]
fn a_redirect_is_followed_without_credentials_only() {
    let target = answering(&[200]);
    let (url, thread) = redirecting(target.url());
    assert_eq!(client(&url).get("/a").send().expect("an answer").status, 200);
    thread.join().expect("it answered");
    for secret_header in [false, true] {
        let target = answering(&[200]);
        let (url, thread) = redirecting(target.url());
        let token = (!secret_header).then(|| "hunter2".to_owned());
        let client = Client::new(Server { token, ..server(&url) }).expect("a client");
        let request = client.get("/a");
        let request = if secret_header { request.secret_header("X-Key", "hunter2") } else { request };
        assert_eq!(request.send().expect("an answer").status, 302);
        thread.join().expect("it answered");
        assert!(target.requests().is_empty());
    }
}

#[test]
fn the_trace_goes_along_and_headers_cannot_be_smuggled() {
    let replay = answering(&[200]);
    let client = client(&replay.url());
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let trace = Trace { traceparent: traceparent.into(), tracestate: Some("a=b".into()) };
    within(Some(trace), || client.get("/a").query("q", "a b&c=d\r\n").send()).expect("an answer");
    client.get("/a").send().expect("an answer");
    let seen = replay.requests();
    assert_eq!((seen[0].header("traceparent"), seen[0].header("tracestate")), (traceparent, "a=b"));
    assert_eq!(seen[1].header("traceparent"), "");
    assert_eq!(seen[0].parameter("q"), "a b&c=d\r\n");
    assert!(matches!(client.get("/a").header("X-A", "b\r\nX-C: d").send(), Err(HttpError::Invalid(_))));
    assert!(client.get("/a b\r\nX-C: d").send().is_err());
    assert_eq!(replay.requests().len(), 2);
}
