use super::index::matches;
use super::mask::{Masked, VAR};
use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

fn mask(line: &str) -> String {
    let mut masked = Masked::default();
    masked.read(line.as_bytes());
    template::visible(&masked.text)
}

fn mine<'a>(lines: impl IntoIterator<Item = &'a str>) -> (Vec<Ticket>, Templates) {
    let mut miner = Miner::new(Config::default());
    let tickets = lines.into_iter().map(|l| miner.push(l.as_bytes(), None)).collect();
    (tickets, miner.templates())
}

fn texts(templates: &Templates) -> Vec<&str> {
    templates.all.iter().map(|t| t.text.as_str()).collect()
}

#[test]
fn values_are_told_by_their_form() {
    for (line, expected) in [
        ("took 12 ms", "took <*> ms"),
        ("took 12ms", "took <*>ms"),
        ("balance -3 of +4", "balance <*> of <*>"),
        ("a range 3-4 and a minus - 4", "a range <*>-<*> and a minus - <*>"),
        ("load 1.25, 0.5.", "load <*>.<*>, <*>.<*>."),
        ("16K of 2MiB in 3 files", "<*> of <*> in <*> files"),
        ("from 10.0.0.1:8080 to /10.0.0.2:443", "from <*>:<*> to /<*>:<*>"),
        ("via 10.0.0.1,10.0.0.2 now", "via <*> now"),
        ("fe80:0:0:0:202:b3ff:fe1e:8329 and 00:1b:44:11:3a:b7", "<*> and <*>"),
        ("id 550e8400-e29b-41d4-a716-446655440000 done", "id <*> done"),
        ("at 0xdeadBEEF, digest d41d8cd98f00b204", "at <*>, digest <*>"),
        ("blk_-77 and task_12_m_3 and part-0001", "blk_<*> and task_<*> and part-<*>"),
        ("shard-7-replica-2", "shard-<*>-replica-<*>"),
        ("jk2_init() of http2 and ext4", "jk2_init() of http2 and ext4"),
        ("open /var/lib/app/x.db: denied", "open <*>: denied"),
        ("open C:\\Windows\\x.dll.", "open <*>."),
        ("and/or, read/write", "and/or, read/write"),
        ("get https://shop.example/cart?id=1, then", "get https://<*>, then"),
        ("host db-3.eu.example.com down", "host <*> down"),
        (
            "java.lang.NullPointerException at com.shop.Cart",
            "java.lang.NullPointerException at com.shop.Cart",
        ),
        ("rack-web-041 answers", "<*> answers"),
        ("v2.10 is out", "v<*>.<*> is out"),
        ("\"GET /a/b?c=1 HTTP/1.1\" status: 200", "\"GET <*>\" status: <*>"),
        ("since Sat Jun 18 02:08:10 2005", "since <*>:<*>:<*> <*>"),
        ("since Jun  8 02:08:10", "since <*>:<*>:<*>"),
        ("dropped seg_1 seg_2 seg_33", "dropped seg_<*>"),
        ("pair 1 2", "pair <*> <*>"),
        ("uid=0, (gid=5) <mem:7>", "uid=<*>, (gid=<*>) <mem:<*>>"),
        ("Größe 5 für Jörg", "Größe <*> für Jörg"),
        ("two  spaces\tand a tab", "two  spaces\tand a tab"),
        ("", ""),
    ] {
        assert_eq!(mask(line), expected, "{line}");
    }
}

#[test]
fn words_are_values_when_their_column_says_so() {
    let users = ["ada", "grace", "linus", "ken", "barbara", "edsger"];
    let lines: Vec<String> = users.iter().map(|u| format!("Login refused to {u} after 3 attempts")).collect();
    assert_eq!(texts(&mine(lines.iter().map(String::as_str)).1), ["Login refused to <*> after <*> attempts"]);

    let states = ["started", "stopped", "paused", "resumed"];
    let lines: Vec<String> = states.iter().map(|s| format!("worker 7 has {s} its queue")).collect();
    assert_eq!(mine(lines.iter().map(String::as_str)).1.all.len(), 4, "states tell messages apart");

    let truths = ["cache enabled: true for all", "cache enabled: false for all"];
    assert_eq!(texts(&mine(truths).1), ["cache enabled: <*> for all"]);

    let few = ["queue of role=reader drained", "queue of role=writer drained"];
    assert_eq!(mine(few).1.all.len(), 2, "two values are not yet a parameter");

    let numbered = ["Mount failed on store11, slept", "Mount failed on store15, slept"];
    assert_eq!(texts(&mine(numbered).1), ["Mount failed on store<*>, slept"]);

    let once = ["session opened for user root by (uid=0)"];
    assert_eq!(texts(&mine(once).1), ["session opened for user <*> by (uid=<*>)"]);
}

/// A log of which the truth is known: each message with its values, in an order that mixes them.
fn generated(lines: usize) -> (Vec<String>, Vec<usize>) {
    let name = |n: usize| {
        let parts = ["ba", "do", "ki", "lu", "me", "ra", "so", "tu", "ve", "zi"];
        format!("{}{}{}", parts[n % 10], parts[n / 10 % 10], parts[n / 100 % 10])
    };
    let mut state = 7usize;
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 33
    };
    let (mut out, mut truth) = (Vec::new(), Vec::new());
    for _ in 0..lines {
        let (kind, a, b) = (next() % 10, next(), next());
        truth.push(kind);
        out.push(match kind {
            0 => format!("Accepted order {a} of customer {} in {}.{} s", name(a), b % 9, b % 1000),
            1 => format!("Rejected order {a} of customer {} in {}.{} s", name(a), b % 9, b % 1000),
            2 => format!("Connection from 10.{}.{}.4:{} closed", a % 256, b % 256, a % 65536),
            3 => format!("GC pause {}ms, heap {}M -> {}M", a % 500, a % 4096, b % 4096),
            4 => format!("shard={} state=RED reason=\"node left\"", a % 64),
            5 => format!("shard={} state=GREEN reason=\"node left\"", a % 64),
            6 => format!("Lease 0x{a:08x} renewed for user {}", name(b)),
            7 => "checkpoint complete".to_owned(),
            8 => format!("wrote /data/{}/seg-{b}.log ({} bytes)", name(a), b),
            _ => format!("Retry {} of upload to {}.example.com", a % 5, name(b)),
        });
    }
    (out, truth)
}

#[test]
fn a_generated_log_gives_its_templates_back() {
    let (lines, truth) = generated(6000);
    let (tickets, templates) = mine(lines.iter().map(String::as_str));
    let mut of_kind: HashMap<usize, u32> = HashMap::new();
    for ((ticket, kind), line) in tickets.iter().zip(&truth).zip(&lines) {
        let template = templates.of(*ticket).expect("every ticket has a template");
        let id = *of_kind.entry(*kind).or_insert(template.id);
        assert_eq!(template.id, id, "{line} is in {}", template.text);
    }
    assert_eq!(
        texts(&templates).into_iter().collect::<std::collections::BTreeSet<_>>(),
        [
            "Accepted order <*> of customer <*> in <*>.<*> s",
            "Rejected order <*> of customer <*> in <*>.<*> s",
            "Connection from <*>:<*> closed",
            "GC pause <*>ms, heap <*> -> <*>",
            "shard=<*> state=RED reason=\"node left\"",
            "shard=<*> state=GREEN reason=\"node left\"",
            "Lease <*> renewed for user <*>",
            "checkpoint complete",
            "wrote <*> (<*> bytes)",
            "Retry <*> of upload to <*>",
        ]
        .into_iter()
        .collect()
    );
    let counted: u64 = templates.all.iter().map(|t| t.count).sum();
    assert_eq!(counted, lines.len() as u64);
    for template in &templates.all {
        assert!(!template.exemplars.is_empty() && template.exemplars.len() <= 3);
        let first = template.first.line as usize;
        assert_eq!(templates.of(tickets[first]).map(|t| t.id), Some(template.id));
        assert!(
            (first + 1..lines.len()).rev().all(|l| l as u64 <= template.last.line
                || templates.of(tickets[l]).map(|t| t.id) != Some(template.id))
        );
    }
}

#[test]
fn what_a_parameter_held_is_known() {
    let lines: Vec<String> = (0..200).map(|i| format!("job {} ended with {} for ada", i, i % 2)).collect();
    let (_, templates) = mine(lines.iter().map(String::as_str));
    let [job, code] = &templates.all[0].parameters[..] else { panic!("two parameters") };
    let mut codes = code.top();
    codes.sort();
    assert_eq!(codes.iter().map(|(v, _)| v.as_str()).collect::<Vec<_>>(), ["0", "1"]);
    assert!(codes.iter().all(|(_, n)| n * 4 > code.seen()), "what is looked at has no rhythm: {codes:?}");
    assert_eq!((code.distinct(), job.seen()), (2, code.seen()));
    let (least, _, greatest) = job.range().expect("numbers");
    assert!(least == 0.0 && greatest > 100.0);

    let lines: Vec<String> =
        ["ada", "grace", "linus", "ken"].iter().map(|u| format!("hello to {u}, welcome")).collect();
    let (_, templates) = mine(lines.iter().map(String::as_str));
    let mut names: Vec<String> = templates.all[0].parameters[0].top().into_iter().map(|(v, _)| v).collect();
    names.sort();
    assert_eq!(names, ["ada", "grace", "ken", "linus"]);
}

#[test]
fn distributions_count_merge_and_stay_small() {
    let fill = |range: std::ops::Range<u64>| {
        let mut one = Distribution::default();
        range.for_each(|i| one.add(format!("{i}").as_bytes()));
        one
    };
    for (values, least, most) in [(1, 1, 1), (8, 8, 8), (100, 90, 110), (1000, 900, 1100)] {
        let distinct = fill(0..values).distinct();
        assert!((least..=most).contains(&distinct), "{values} values counted as {distinct}");
    }
    let mut halves = fill(0..300);
    halves.merge(&fill(200..500));
    assert_eq!(halves.seen(), 600);
    assert!((450..=550).contains(&halves.distinct()), "{}", halves.distinct());
    assert_eq!(halves.range().map(|r| (r.0, r.2)), Some((0.0, 499.0)));
    let mut words = Distribution::default();
    (0..50).for_each(|i| words.add(if i % 5 == 0 { b"rare" } else { b"often" }));
    assert_eq!(words.top(), [("often".to_owned(), 40), ("rare".to_owned(), 10)]);
    assert_eq!(words.range(), None);
}

#[test]
fn memory_is_bounded_and_nothing_is_uncounted() {
    let config = Config { clusters: 256, tickets: 4096, ..Config::default() };
    let word = |mut n: u64| {
        n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (0..7).map(|i| char::from(b'a' + (n >> (i * 5) & 15) as u8)).collect::<String>()
    };
    let mut miner = Miner::new(config);
    let tickets: Vec<Ticket> = (0..40_000u64)
        .map(|i| {
            let line = (0..5).map(|k| word(i * 5 + k)).collect::<Vec<_>>().join(" ");
            miner.push(line.as_bytes(), Some(i as i64))
        })
        .collect();
    let templates = miner.templates();
    assert!(templates.all.len() <= 257, "{} templates", templates.all.len());
    assert_eq!(templates.all.iter().map(|t| t.count).sum::<u64>(), 40_000);
    assert!(tickets.iter().all(|t| templates.of(*t).is_some()));
    assert!(templates.all.iter().any(|t| t.text == WILDCARD && t.count > 30_000));
}

#[test]
fn lines_that_break_others_do_not_break_it() {
    let long = format!("begin {}", "x".repeat(10 << 20));
    let numbers = "1 a2,".repeat(2 << 20);
    let slashes = "/".repeat(1 << 20);
    let addresses = "/1.2.3.4".repeat(1 << 17);
    let colons = "1:".repeat(1 << 20);
    let mut miner = Miner::new(Config::default());
    let awkward: [&[u8]; 12] = [
        long.as_bytes(),
        numbers.as_bytes(),
        slashes.as_bytes(),
        addresses.as_bytes(),
        colons.as_bytes(),
        b"",
        b"   \t ",
        b"\xff\xfe\x00 caf\xe9 \x80\xff12",
        b"G\x00r\x00u\x00n\x00",
        b"half a line without its e",
        b"<*> literally <*>",
        b"HTTP/1.1 HTTP/ \"GET / HTTP/1.1",
    ];
    let tickets: Vec<Ticket> = awkward.iter().map(|l| miner.push(l, None)).collect();
    let templates = miner.templates();
    for (ticket, line) in tickets.iter().zip(awkward) {
        let template = templates.of(*ticket).expect("a template");
        assert!(template.text.len() < 64 << 10, "{:?}", &line[..line.len().min(20)]);
    }
}

#[test]
fn mining_goes_on_after_a_look() {
    let mut miner = Miner::new(Config::default());
    let users = ["ada", "grace", "linus", "ken", "barbara", "edsger", "donald"];
    let early: Vec<Ticket> =
        users.iter().map(|u| miner.push(format!("{u} says bye to all").as_bytes(), None)).collect();
    assert_eq!(miner.templates().all.len(), users.len(), "a first column's values may be messages");
    for (i, u) in ["tony", "john", "leslie", "niklaus", "alan"].iter().enumerate() {
        let late = miner.push(format!("call from {u} ended").as_bytes(), None);
        assert_eq!(late.0 as usize, users.len() + i);
    }
    let templates = miner.templates();
    let known = miner.push(b"call from margaret ended", None);
    let after = miner.templates();
    assert_eq!(after.of(known).map(|t| t.text.as_str()), Some("call from <*> ended"));
    assert!(early.iter().all(|t| templates.of(*t).is_some()));
    assert_eq!(after.all.len(), templates.all.len());
}

#[test]
fn a_raw_line_s_message_is_told() {
    let cases = [
        ("2024-05-01 10:00:00,123 INFO [main] org.shop.cart.Cart: Added 3 items", "Added 3 items"),
        ("2024-05-01T10:00:00.123Z WARN cart.checkout.Flow: slow", "slow"),
        ("[Wed May 01 10:00:00 2024] [error] [client 1.2.3.4] denied", "[client 1.2.3.4] denied"),
        ("May  1 10:00:00 web1 sshd[123]: Accepted key", "Accepted key"),
        ("24/05/01 10:00:00 INFO storage.Store: Block 3 stored", "Block 3 stored"),
        ("2024-05-01 10:00:00,123 - INFO  [Thread-1:Quorum@77] - Up", "Up"),
        ("20240501-10:00:00:123|Steps|300|onChange 3", "onChange 3"),
        ("05-01 10:00:00.123  170  239 D Window: opened", "opened"),
        ("x.log 2024-05-01 10:00:00.008 25 INFO api.wsgi.server [req-7 - -] hi", "hi"),
        ("20240501-10:0:9:7|Report|300|TOTAL : 5 of 7", "TOTAL : 5 of 7"),
        ("20240501-10:00:09:7|Report|300|45 steps", "45 steps"),
        ("2024-05-01 10:00:00 INFO 45 blocks moved", "45 blocks moved"),
        ("2024-05-01 10:00:00.123  INFO 4711 --- [main] org.shop.Cart : Added 3", "Added 3"),
        ("no header here", "no header here"),
        ("2024-05-01 10:00:00 just a message", "just a message"),
    ];
    for (line, message) in cases {
        let got = Layout::Headed.message(line.as_bytes());
        assert_eq!(String::from_utf8_lossy(got), message, "{line}");
    }
    let headed: Vec<&[u8]> = cases.iter().map(|(l, _)| l.as_bytes()).collect();
    assert_eq!(Layout::of(headed), Layout::Headed);
    let bare = [
        &b"ERROR in module 7"[..],
        b"took 2024 ms",
        b"client: gone",
        b"connection from 10.0.0.1 () at Sun Jun 19 02:05:24 2005",
        b"call from 10.0.0.1 at 2005-06-19 02:05:24",
    ];
    assert_eq!(Layout::of(bare), Layout::Bare);
    let mixed = [cases[0].0.as_bytes(), bare[0], bare[1]];
    assert_eq!(Layout::of(mixed), Layout::Bare, "one time in three is no header");
    assert_eq!(Layout::Bare.message(bare[0]), bare[0]);
}

#[test]
fn variants_are_found_by_words_and_by_meaning() {
    let (_, templates) = mine([
        "Connection to broker 7 was lost after 3 retries",
        "Connection to broker 7 was lost after 3 attempts",
        "Connection to broker 7 was lost after 3 attempts",
        "Disk full on volume 3",
        "No space left on volume 3",
    ]);
    let texts: Vec<(&str, u64)> = templates.all.iter().map(|t| (t.text.as_str(), t.count)).collect();
    let groups = variants(&texts, Likeness::default(), None);
    assert_eq!(groups, [1, 1, 2, 3], "the more frequent stands for its variants");
    let same = |text: &str| if text.contains("volume") { vec![1.0, 0.0] } else { vec![0.0, 1.0] };
    let likeness = Likeness { jaccard: 0.4, ..Likeness::default() };
    let groups = variants(&texts, likeness, Some(&same));
    assert_eq!(groups[2], groups[3], "the embedding joins what shares few words");
}

#[test]
fn novelty_weighs_rates() {
    let found = novelty(&[1000, 0, 10, 500, 0, 1000], &[100, 10, 0, 500, 0, 20], 10.0, 1.0);
    let changes: Vec<Change> = found.iter().map(|n| n.change).collect();
    assert_eq!(changes, [Change::Same, Change::New, Change::Gone, Change::More, Change::Same, Change::Less]);
    assert!(found[1].surprise > 40.0 && found[0].surprise < 1.0);
    assert!((found[3].ratio - 10.0).abs() < 0.1);
    assert!(novelty(&[1], &[1], 0.0, 0.0).iter().all(|n| n.surprise.is_finite()));
}

#[test]
fn traces_with_the_same_frames_are_one() {
    let java = |line: u32, id: u32| {
        format!(
            "java.lang.IllegalStateException: cart {id}\n\tat shop.Cart.total(Cart.java:{line})\n\t\
             at shop.Till$$Lambda${id}.run(Unknown Source)\n\tat java.base/java.lang.Thread.run(Thread.java:840)"
        )
    };
    let python = "Traceback (most recent call last):\n  File \"/srv/app.py\", line 9, in handle\n    total()\nValueError: 3";
    let mut traces = Traces::default();
    for (number, trace) in [java(3, 1), java(4, 2), python.to_owned(), java(3, 9)].iter().enumerate() {
        assert!(traces.add(trace, number as u64).is_some());
    }
    let groups = traces.groups();
    assert_eq!(groups.iter().map(|g| (g.count, g.first, g.last)).collect::<Vec<_>>(), [(3, 0, 3), (1, 2, 2)]);
    assert_eq!(groups[0].frames, ["shop.Cart.total", "shop.Till$$Lambda$#.run", "java.lang.Thread.run"]);
    assert!(traces.add("no trace at all\nat noon we ate", 9).is_none());
    for (line, function) in [
        ("\tat shop.Cart.total(Cart.java:12)", "shop.Cart.total"),
        ("    at handle (/srv/app.js:3:14)", "handle"),
        ("    at async Till.run (file:///srv/till.mjs:9:1)", "Till.run"),
        ("    at /srv/app.js:3:14", "/srv/app.js:#:#"),
        ("   at Shop.Cart.Total(Int32 n) in /src/Cart.cs:line 12", "Shop.Cart.Total"),
        ("  File \"app.py\", line 12, in handle", "handle"),
        ("main.handle(0xc000010000, 0x2)", "main.handle"),
        ("created by net/http.(*Server).Serve in goroutine 1", "net/http.(*Server).Serve"),
        ("\tfrom app.rb:12:in 'total'", "total"),
        ("app.rb:3:in `block in run'", "block in run"),
        ("  12: shop::cart::total", "shop::cart::total"),
        (" 3: 0x55d0c - shop::total::h0123456789abcdef", "shop::total"),
    ] {
        assert_eq!(frame(line).as_deref(), Some(function), "{line}");
    }
    for line in ["at noon (again)x", "12: lunch", "goroutine 1 [running]:", "handle(3)", ""] {
        let found = frame(line);
        assert!(found.is_none() || line.starts_with("at noon"), "{line}: {found:?}");
    }
}

/// Text as it may stand in a log, in any mix.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[A-Z][a-z]{1,6}",
        "[0-9]{1,6}",
        "[a-z]{1,4}[_=:.-][0-9a-f]{1,8}",
        "/[a-z]{1,4}/[a-z0-9.]{1,6}",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
        "[ -~]{0,8}",
        "\\PC{0,3}",
    ]
}

fn unspaced(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect()
}

proptest! {
    #[test]
    fn a_template_says_what_its_lines_say(lines in prop::collection::vec(prop::collection::vec(piece(), 0..6), 1..30)) {
        let lines: Vec<String> = lines.into_iter().map(|l| l.join(" ")).collect();
        let (tickets, templates) = mine(lines.iter().map(String::as_str));
        prop_assert_eq!(templates.all.iter().map(|t| t.count).sum::<u64>(), lines.len() as u64);
        for (ticket, line) in tickets.iter().zip(&lines) {
            let text = templates.of(*ticket).map(|t| t.text.clone()).unwrap_or_default();
            let pattern = text.replace(WILDCARD, "\u{1}").into_bytes();
            let pattern: Vec<u8> = unspaced(&pattern).into_iter().map(|b| if b == 1 { VAR } else { b }).collect();
            prop_assert!(matches(&pattern, &unspaced(line.as_bytes())), "{text:?} is not {line:?}");
        }
        let (again, same) = mine(lines.iter().map(String::as_str));
        prop_assert_eq!((again, texts(&same)), (tickets, texts(&templates)));
    }

    #[test]
    fn any_bytes_are_a_line(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..40)) {
        let mut miner = Miner::new(Config { clusters: 64, line_bytes: 64, tokens: 8, tickets: 64 });
        let layout = Layout::of(lines.iter().map(Vec::as_slice));
        let tickets: Vec<Ticket> = lines.iter().map(|l| miner.push(layout.message(l), None)).collect();
        let headed: usize = lines.iter().map(|l| Layout::Headed.message(l).len()).sum();
        prop_assert!(headed <= lines.iter().map(Vec::len).sum());
        let templates = miner.templates();
        prop_assert!(tickets.iter().all(|t| templates.of(*t).is_some()));
        let trace: Vec<String> = lines.iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect();
        let _ = fingerprint(trace.iter().map(String::as_str));
    }
}
