use super::*;
use proptest::prelude::*;

const NEAR: f64 = 1_674_981_729.0;

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    service: String,
    time: Option<f64>,
    level: Option<LogLevel>,
    message: String,
    error: Option<String>,
    frames: usize,
    trace: Option<String>,
    offset: u64,
    raw: Vec<u8>,
}

fn source() -> LogSource {
    LogSource { file: "logs/shop.log".into(), service: "shop".into(), instance: None, near: NEAR, shift: 0.0 }
}

fn read_in(bytes: &[u8], chunk: usize) -> (Vec<Seen>, LogFacts) {
    let mut seen = Vec::new();
    let mut sink = |line: &crate::domain::incident::LogLine<'_>| {
        seen.push(Seen {
            service: line.service.into(),
            time: line.time,
            level: line.level,
            message: line.message.into(),
            error: line.error.map(str::to_owned),
            frames: line.frames.len(),
            trace: line.trace.map(str::to_owned),
            offset: line.offset,
            raw: line.raw.to_vec(),
        });
    };
    let mut reader = LogReader::new(source());
    for piece in bytes.chunks(chunk.max(1)) {
        reader.feed(piece, &mut sink);
    }
    let facts = reader.finish(&mut sink);
    (seen, facts)
}

fn read(text: &str) -> (Vec<Seen>, LogFacts) {
    read_in(text.as_bytes(), usize::MAX)
}

#[test]
fn a_trace_is_one_record() {
    let (seen, facts) = read(
        "2023-01-29 08:42:09,000 INFO [main] Started\n\
         2023-01-29 08:42:10,000 ERROR [http-1] Order failed\n\
         java.lang.IllegalStateException: no stock\n\
         \tat com.shop.Cart.add(Cart.java:12)\n\
         Caused by: java.io.IOException: gone\n\
         \tat com.shop.Db.read(Db.java:3)\n\
         \t... 2 more\n\
         2023-01-29 08:42:11,000 INFO [main] Going on\n",
    );
    assert_eq!(
        seen.iter().map(|s| s.message.as_str()).collect::<Vec<_>>(),
        ["Started", "Order failed", "Going on"]
    );
    assert_eq!(seen[1].error.as_deref(), Some("java.io.IOException: gone"));
    assert_eq!((seen[1].frames, seen[1].time), (2, Some(NEAR + 1.0)));
    assert_eq!((facts.lines, facts.records, facts.joined), (8, 3, 5));
}

#[test]
fn a_trace_without_a_head_is_not_put_on_a_bystander() {
    let (seen, _) = read(
        "2023-01-29 08:42:09 INFO fine\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1\n2023-01-29 08:42:10 INFO on\n",
    );
    assert_eq!(seen.len(), 3);
    assert_eq!((seen[0].level, seen[0].error.clone()), (Some(LogLevel::Info), None));
    assert_eq!((seen[1].level, seen[1].error.as_deref()), (Some(LogLevel::Error), Some("KeyError: 1")));
    assert_eq!(seen[1].time, Some(NEAR));
}

#[test]
fn carriers_know_the_time_better() {
    let docker = r#"{"log":"16:42:09.495 INFO  f.m.c.Basic#45 TraceID: 6f3cbf058c2765548a39ad724905d6a1 SpanID: d5 x\n","stream":"stdout","time":"2023-01-29T08:42:09.496534518Z"}"#;
    let (seen, facts) = read(&format!("{docker}\n"));
    assert_eq!(seen[0].time, time::moment("2023-01-29T08:42:09.496534518Z"));
    assert_eq!(seen[0].level, Some(LogLevel::Info));
    assert_eq!(seen[0].trace.as_deref(), Some("6f3cbf058c2765548a39ad724905d6a1"));
    assert_eq!(seen[0].raw, docker.as_bytes());
    assert!((facts.leads[0] - 28_800.0).abs() < 0.01);
    let (seen, _) = read(
        "2023-01-29T08:42:09.5Z stderr P {\"level\":\"error\",\n2023-01-29T08:42:09.6Z stderr F \"msg\":\"m\",\"service\":\"other\"}\n\
         2023-01-29T08:42:10.5Z stdout F plain\n",
    );
    assert_eq!((seen[0].message.as_str(), seen[0].service.as_str(), seen[0].offset), ("m", "other", 0));
    assert_eq!((seen[0].level, seen[0].time), (Some(LogLevel::Error), Some(NEAR + 0.6)));
    assert_eq!(seen[1].message, "plain");
}

#[test]
fn json_and_logfmt() {
    let (seen, _) = read(
        "{\"time\":\"2023-01-29T08:42:09Z\",\"level\":\"error\",\"msg\":\"m\",\"stack\":\"E: x\\n    at a (b.js:1:2)\"}\n\
         time=2023-01-29T08:42:10Z level=warn msg=\"slow disk\" err=late\n\
         {\"time\":1674981731,\"status\":503,\"path\":\"/\"}\n",
    );
    assert_eq!((seen[0].message.as_str(), seen[0].frames), ("m", 1));
    assert_eq!(
        (seen[1].message.as_str(), seen[1].level, seen[1].error.as_deref()),
        ("slow disk", Some(LogLevel::Warn), Some("late"))
    );
    assert_eq!((seen[2].level, seen[2].time), (Some(LogLevel::Error), Some(NEAR + 2.0)));
}

#[test]
fn bad_files_are_read_as_far_as_they_go() {
    let (seen, facts) = read_in(b"\0\0\0\0ERROR: caf\xE9\n{\"time\":\"2023-01-29T08:4", 7);
    assert_eq!((seen[0].message.as_str(), seen[0].offset), ("café", 4));
    assert_eq!((facts.zeroes, facts.undecoded, facts.half), (1, 1, true));
    let (seen, facts) = read_in(b"\x1F\x8B\x08\0\0\0\n\n\n", 3);
    assert!(seen.is_empty() && facts.binary);
    let utf16: Vec<u8> = [0xFEFFu16]
        .into_iter()
        .chain("ERROR: ü\r\nWARN: x\n".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for chunk in [1, 2, 3, 1000] {
        let (seen, _) = read_in(&utf16, chunk);
        assert_eq!(
            seen.iter().map(|s| (s.message.as_str(), s.offset)).collect::<Vec<_>>(),
            [("ü", 2), ("x", 22)]
        );
    }
    assert_eq!(read("").0, []);
    assert_eq!(read("\n\n  \n").0, []);
}

#[test]
fn a_line_of_many_megabytes() {
    let mut bytes = b"INFO: ".to_vec();
    bytes.resize(10 << 20, b'x');
    bytes.extend_from_slice(b"\nWARN: after\n");
    let (seen, facts) = read_in(&bytes, 1 << 16);
    assert_eq!((seen[0].raw.len(), seen[0].message.len() < 70_000, facts.cut), (10 << 20, true, 0));
    assert_eq!((seen[1].message.as_str(), seen[1].offset), ("after", (10 << 20) + 1));
    let mut bytes = vec![b'x'; 40 << 20];
    bytes.extend_from_slice(b"\nWARN: after\n");
    for chunk in [1 << 16, (1 << 20) + 7, usize::MAX] {
        let (seen, facts) = read_in(&bytes, chunk);
        assert_eq!((seen.len(), seen[0].raw.len(), facts.cut), (2, LONGEST_LINE, 1), "{chunk}");
        assert_eq!((seen[1].message.as_str(), seen[1].offset), ("after", (40 << 20) + 1));
    }
}

#[test]
fn times_that_lack_a_date_follow_the_record_before() {
    let (seen, facts) = read("08:42:08 INFO a\n23:59:59 INFO b\n00:00:01 INFO c\nINFO d\n");
    let times: Vec<f64> = seen.iter().filter_map(|s| s.time).collect();
    assert_eq!(times[2] - times[1], 2.0);
    assert_eq!(times[3], times[2]);
    assert!(!facts.zoned);
    assert_eq!(facts.untimed, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn never_panics_and_chunks_do_not_matter(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        like in "(2023-01-29 08:42:09|10:00:00|Z| |\n|\r\n|ERROR|\\{\"log\":\"|\\\\n\"|,\"time\":\"2023-01-29T08:42:09Z\"\\}|stdout [FP] |\tat a.b\\(c\\)|Error: x|Traceback \\(most recent call last\\)|ü|\0|level=|\\{|\\}){0,40}",
        chunk in 1usize..50,
    ) {
        for input in [&bytes[..], like.as_bytes()] {
            let (whole, facts) = read_in(input, usize::MAX);
            prop_assert_eq!(&(whole.clone(), facts), &read_in(input, chunk));
            for seen in whole {
                let at = usize::try_from(seen.offset).unwrap();
                if !like.is_empty() && input == like.as_bytes() {
                    prop_assert_eq!(&input[at..at + seen.raw.len()], &seen.raw[..]);
                }
            }
        }
    }
}
