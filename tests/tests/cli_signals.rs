//! `ecoops signals`: templates, scores and a live watch, as a user meets them.

use ecoops_tests::home::{Home, binary, write};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// Seconds from 0 as the time of a log line.
fn at(second: u32) -> String {
    format!("2026-03-02T10:{:02}:{:02}Z", second / 60, second % 60)
}

#[test]
fn templates_are_one_row_a_physical_line() {
    let home = Home::new();
    let folder = home.path().join("logs");
    let mut log = String::new();
    for n in 0..300 {
        log.push_str(&format!("served \"item {n}\", in {} ms\r\n", n * 3));
    }
    log.push_str("\n漢字 started\nno end");
    write(&folder.join("app.log"), &log);
    let ran = home.ecoops(&folder, &["signals", "templates", "app.log", "--output", "csv"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rows: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(rows.len(), 1 + 303);
    assert_eq!(rows[0], "line,template_id,template");
    assert_eq!(rows[1], "1,1,\"served \"\"item <*>\"\", in <*> ms\"");
    assert!(
        rows[1..=300].iter().all(|row| row.split_once(',').unwrap().1 == rows[1].split_once(',').unwrap().1)
    );
    assert!(rows[302].ends_with(",漢字 started") && rows[303].ends_with(",no end"), "{:?}", &rows[301..]);
    let whole = json(&home.ecoops(&folder, &["signals", "templates", "app.log", "--output", "json"]).stdout);
    assert_eq!((&whole["lines"], &whole["templates"][0]["count"]), (&303.into(), &300.into()));
    let text = home.ecoops(&folder, &["signals", "templates", "app.log"]).stdout;
    assert!(text.starts_with("303 lines, ") && text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

/// The same messages, however their file is encoded or packed.
#[test]
fn encodings_and_packing_change_no_template() {
    let home = Home::new();
    let text: String = (0..300).map(|n| format!("opened café {n} in {} ms\n", n * 7 % 31)).collect();
    let put = |name: &str, bytes: &[u8]| std::fs::write(home.path().join(name), bytes).unwrap();
    put("plain.log", text.as_bytes());
    put("western.log", &text.chars().map(|c| c as u8).collect::<Vec<u8>>());
    let wide = || std::iter::once(0xFEFF).chain(text.encode_utf16());
    put("little.log", &wide().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    put("big.log", &wide().flat_map(u16::to_be_bytes).collect::<Vec<u8>>());
    let packed =
        std::process::Command::new("gzip").args(["--keep"]).arg(home.path().join("plain.log")).status();
    assert!(packed.is_ok_and(|status| status.success()));
    let rows =
        |name: &str| home.ecoops(home.path(), &["signals", "templates", name, "--output", "csv"]).stdout;
    let wanted = rows("plain.log");
    assert!(wanted.lines().count() == 301 && wanted.contains("opened café <*> in <*> ms"), "{wanted}");
    for name in ["western.log", "little.log", "big.log", "plain.log.gz"] {
        assert!(rows(name) == wanted, "{name}");
    }
}

#[test]
fn odd_logs_are_no_problem() {
    let home = Home::new();
    let folder = home.path().join("logs");
    std::fs::create_dir_all(&folder).unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    let mut long = b"begin ".to_vec();
    long.resize(10 << 20, b'x');
    long.extend_from_slice(b"\nnext\n");
    put("long.log", &long);
    put("bytes.log", b"\xfb\xff\xfe\x00\n\x80\x81 \x1b[2J\n");
    let distinct: String =
        (0..100_000u64).map(|n| format!("{:x} says {:x}{:x}\n", n * 7919, n * n, n)).collect();
    put("distinct.log", distinct.as_bytes());
    put("empty.log", b"");
    for (file, code, rows) in [
        ("long.log", 0, 2),
        ("bytes.log", 0, 2),
        ("distinct.log", 0, 100_000),
        ("empty.log", 3, 0),
        ("missing.log", 3, 0),
        (".", 2, 0),
    ] {
        let ran = home.ecoops(&folder, &["signals", "templates", file, "--output", "csv"]);
        assert_eq!(ran.code, code, "{file}: {}", ran.stderr);
        assert_eq!(ran.stdout.lines().skip(1).count(), rows, "{file}");
        let text = home.ecoops(&folder, &["signals", "templates", file]);
        assert!(!text.stdout.contains('\x1b') && !text.stderr.contains("panicked"));
    }
}

#[test]
fn a_series_is_scored_row_by_row() {
    let home = Home::new();
    let folder = home.path().join("series");
    let mut csv = String::from("timestamp,value\n");
    for n in 0..600 {
        let value = if n == 550 { 900.0 } else { 10.0 + f64::from(n * 7 % 13) / 10.0 };
        csv.push_str(&format!("2026-03-02 {:02}:{:02}:00,{value}\n", n / 60, n % 60));
    }
    write(&folder.join("latency.csv"), &csv);
    let ran = home.ecoops(&folder, &["signals", "detect", "latency.csv", "--output", "csv"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut rows = ran.stdout.lines();
    assert_eq!(rows.next(), Some("timestamp,value,anomaly_score"));
    let scores: Vec<f64> = rows.map(|row| row.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(scores.len(), 600);
    let most = (0..600).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
    assert_eq!(most, 550, "{}", scores[550]);
    assert!(scores[550] >= 0.5);
    let text = home.ecoops(&folder, &["signals", "detect", "latency.csv"]).stdout;
    assert!(text.contains("2026-03-02 09:10:00") && text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

#[test]
fn odd_series_are_scored_or_refused_in_words() {
    let home = Home::new();
    let folder = home.path().join("series");
    for (name, text, code) in [
        ("constant.csv", "timestamp,value\n1,5\n2,5\n3,5\n".to_owned(), 0),
        ("one.csv", "timestamp,value\n1,5\n".to_owned(), 0),
        ("back.csv", "timestamp,value\n3,5\n1,5\n99999999999,5\n".to_owned(), 0),
        (
            "newest-first.csv",
            "value,timestamp\n3,03.03.2024 10:00\n2,02.03.2024 10:00\n1,01.03.2024 10:00\n".to_owned(),
            0,
        ),
        ("untimed.csv", "when,value\nmorning,5\nnoon,6\n".to_owned(), 0),
        ("nan.csv", "timestamp,value\n1,NaN\n2,NaN\n".to_owned(), 3),
        ("empty.csv", String::new(), 3),
        ("words.csv", "a,b\nc,d\n".to_owned(), 3),
    ] {
        write(&folder.join(name), &text);
        let ran = home.ecoops(&folder, &["signals", "detect", name, "--output", "csv"]);
        assert_eq!(ran.code, code, "{name}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"));
        if code == 0 {
            assert_eq!(ran.stdout.lines().count(), text.lines().count(), "{name}");
        }
    }
    let ran = home.ecoops(&folder, &["scan", "--output", "csv"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("only signals and incidents"), "{}", ran.stderr);
}

/// A column of times is one however it is written, and wherever it stands.
#[test]
fn the_same_series_has_the_same_scores_however_it_is_written() {
    type Row = (u32, u32, u32, f64);
    let home = Home::new();
    let folder = home.path().join("series");
    // Every five minutes of April 2014; one value of many is far out.
    let value = |n: u32| if n == 700 { 900.0 } else { 20.0 + f64::from(n * 7919 % 31) };
    let row = |n: u32| (1 + n / 288, n / 12 % 24, n % 12 * 5, value(n));
    let rows: Vec<Row> = (0..900).map(row).collect();
    let write_all = |name: &str, head: &str, line: &dyn Fn(&Row) -> String| {
        write(&folder.join(name), &(head.to_owned() + &rows.iter().map(line).collect::<String>()));
    };
    let iso = |(d, h, m, v): &Row| format!("2014-04-{d:02} {h:02}:{m:02}:00,{v}\n");
    write_all("iso.csv", "timestamp,value\n", &iso);
    write_all("us.csv", "timestamp,value\n", &|(d, h, m, v)| format!("04/{d:02}/2014 {h:02}:{m:02},{v}\n"));
    write_all("behind.csv", "load;when\n", &|(d, h, m, v)| {
        format!("{};{d:02}.04.2014 {h:02}:{m:02}\n", v.to_string().replace('.', ","))
    });
    write_all("zone.csv", "# exported\nvalue,date_time\n", &|(d, h, m, v)| {
        format!("{v},2014-04-{d:02} {h:02}:{m:02}:00 UTC\n")
    });
    let back: String = rows.iter().rev().map(iso).collect();
    write(&folder.join("newest-first.csv"), &format!("timestamp,value\n{back}"));
    let scores = |name: &str| {
        let ran = home.ecoops(&folder, &["signals", "detect", name, "--output", "csv"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let of = |line: &str| line.rsplit_once(',').unwrap().1.to_owned();
        ran.stdout.lines().skip(1).map(of).collect::<Vec<String>>()
    };
    let wanted = scores("iso.csv");
    assert!(wanted.len() == 900 && wanted[700].parse::<f64>().unwrap() > 0.5, "{}", wanted[700]);
    for name in ["us.csv", "behind.csv", "zone.csv"] {
        assert_eq!(scores(name), wanted, "{name}");
    }
    let back: Vec<String> = scores("newest-first.csv").into_iter().rev().collect();
    assert_eq!(back, wanted);
}

/// Two minutes of ordinary talk, then an error never seen, in a flood.
fn talk() -> String {
    let mut log = String::new();
    for n in 0..2_400u32 {
        log.push_str(&format!("{} INFO served request {n} in {} ms\n", at(n / 20), n % 41));
    }
    for n in 0..600u32 {
        log.push_str(&format!("{} ERROR cannot reach 10.0.0.{}:5432 \x1b[31m\n", at(120 + n / 100), n % 9));
    }
    log
}

#[test]
fn a_watch_tells_what_is_unusual() {
    let home = Home::new();
    let folder = home.path().join("logs");
    write(&folder.join("shop.log"), &talk());
    let ran = home
        .ecoops(&folder, &["signals", "watch", "shop.log", "--output", "jsonl", "--metrics", "watch.prom"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told: Vec<Value> = ran.stdout.lines().map(json).collect();
    let kinds: Vec<&str> = told.iter().filter_map(|v| v["kind"].as_str()).collect();
    assert!(kinds.starts_with(&["new_error"]), "{kinds:?}");
    assert!(kinds.contains(&"error_share"), "{kinds:?}");
    assert!(told.iter().filter(|v| v["type"] == "anomaly").all(|v| v["service"] == "shop"));
    let summary = told.last().unwrap();
    assert_eq!(
        (&summary["type"], &summary["records"], &summary["shed"]),
        (&"summary".into(), &3_000.into(), &0.into())
    );
    let measured = std::fs::read_to_string(folder.join("watch.prom")).unwrap();
    assert!(
        measured.contains("ecoops_signal_records_total 3000") && measured.contains("kind=\"new_error\""),
        "{measured}"
    );

    let text = home.ecoops_with(&folder, &["signals", "watch", "-", "--service", "api"], &talk(), &[]);
    assert!(text.stdout.contains("new error") && text.stdout.contains("cannot reach"), "{}", text.stdout);
    assert!(text.stdout.lines().all(|l| l.chars().count() <= 80) && !text.stdout.contains('\x1b'));
    assert!(text.stderr.contains("3000 records of 1 services"), "{}", text.stderr);
}

#[test]
fn a_quiet_stream_and_an_empty_one() {
    let home = Home::new();
    let calm: String = (0..2_000u32).map(|n| format!("{} INFO served {n}\n", at(n / 10))).collect();
    let ran = home.ecoops_with(home.path(), &["signals", "watch", "-"], &calm, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let ran = home.ecoops_with(home.path(), &["signals", "watch", "-"], "", &[]);
    assert_eq!(ran.code, 3);
}

#[test]
fn an_interrupted_watch_ends_with_a_summary() {
    let home = Home::new();
    let mut child = home
        .command(binary(), home.path())
        .args(["signals", "watch", "-", "--output", "jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(talk().as_bytes()).unwrap();
    stdin.flush().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    // It tells while the stream is still open.
    out.read_line(&mut first).unwrap();
    assert_eq!(json(&first)["kind"], "new_error");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let last = out.lines().map(Result::unwrap).last().unwrap();
    assert_eq!(json(&last)["type"], "summary");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(stdin);
}
