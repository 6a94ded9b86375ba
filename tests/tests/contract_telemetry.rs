//! What every source of telemetry promises, on bundles: read whole, in part, damaged and hostile.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::incident::{IncidentBrief, LogLevel, TimeRange};
use ecoops_core::ports::telemetry::{Scope, Telemetry, TelemetryError};
use ecoops_plugins::telemetry::files::{BundleBounds, FileBundle};
use ecoops_tests::parts;
use ecoops_tests::telemetry::{START, contract, read, write};
use std::fs;
use std::path::Path;
use std::process::Command;

const HEAD: &str = r#"{"title":"Checkout fails","detected_at":"2024-03-05T10:20:00Z","window":{"start":"2024-03-05T10:15:00Z","end":"2024-03-05T10:30:00Z"},"baseline":{"start":"2024-03-05T10:00:00Z","end":"2024-03-05T10:15:00Z"},"service":"web","owner":"me"}"#;

fn bundle(folder: &Path) {
    write(folder, "incident.json", HEAD);
    let mut metrics = String::from("ts,service,metric,value,instance,unit,peer,reporter,colour\n");
    for minute in 0..30 {
        let ts = START + f64::from(minute) * 60.0;
        metrics.push_str(&format!("{ts},web,latency,{},web-1,seconds,,,red\n", 0.1 + f64::from(minute / 15)));
        metrics.push_str(&format!("{ts},cart,calls,NaN,,,web,caller,\n"));
    }
    write(folder, "metrics.csv", metrics);
    let plain = "2024-03-05 10:16:00,000 ERROR [main] shop.Cart: failed trace_id=463ac35c9f6413ad48485a3953bb6124\n\
                 java.io.IOException: gone\n\tat shop.Db.read(Db.java:1)\n2024-03-05 10:17:00,000 INFO [main] on\n";
    write(folder, "logs/cart.cart-1.log", plain);
    // Local time, eight hours ahead, and no zone to say so.
    write(folder, "logs/pay.log", "2024-03-05 18:16:00,000 WARN slow\n2024-03-05 18:29:00,000 INFO done\n");
    let docker = r#"{"log":"18:20:00.500 INFO hello\n","stream":"stdout","time":"2024-03-05T10:20:00.5Z"}"#;
    write(folder, "logs/a%2Eb.jsonl", format!("{docker}\n{docker}\n{docker}\n{{\"log\":\"half"));
    write(folder, "topology.csv", "caller,callee\nweb,cart\ncart,web\n");
    write(
        folder,
        "changes.jsonl",
        "{\"id\":\"c1\",\"time\":\"2024-03-05T10:14:00Z\",\"kind\":\"deploy\",\"service\":\"cart\"}\nnot json\n",
    );
    write(
        folder,
        "events.jsonl",
        "{\"time\":\"2024-03-05T10:18:00Z\",\"reason\":\"OOMKilled\",\"service\":\"cart\",\"severity\":\"warning\"}\n",
    );
    write(
        folder,
        "traces.json",
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeSpans":[{"spans":[{"traceId":"463ac35c9f6413ad48485a3953bb6124","spanId":"00f067aa0ba902b7","name":"GET","startTimeUnixNano":"1709633760000000000","endTimeUnixNano":"1709633761000000000"}]}]}]}"#,
    );
    write(folder, "README.txt", "what is this?");
}

fn pack(folder: &Path, to: &Path, prefix: &str) {
    let status = Command::new("tar")
        .args(["--create", "--file"])
        .arg(to)
        .args(["--transform", &format!("s,^\\./,{prefix},"), "--directory"])
        .arg(folder)
        .arg(".")
        .status()
        .unwrap();
    assert!(status.success());
}

fn open(path: &Path) -> FileBundle {
    FileBundle::open(path, BundleBounds::default()).unwrap()
}

#[test]
fn a_bundle_as_a_folder_and_as_an_archive() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("b");
    bundle(&folder);
    let archive = home.path().join("b.tar");
    pack(&folder, &archive, "incident-7/");
    for path in [&folder, &archive] {
        let source = open(path);
        let brief = source.brief().unwrap().unwrap();
        assert_eq!((brief.title.as_str(), brief.window.start), ("Checkout fails", START + 900.0));
        contract(&source, &Scope::of(&brief));
        let (readings, mut lines) = read(&source, &Scope::default()).unwrap();
        lines.sort_by(|a, b| a.0.cmp(&b.0).then(a.2.total_cmp_option(&b.2)));
        assert_eq!((readings.series.len(), readings.spans.len(), readings.events.len()), (2, 1, 1));
        assert_eq!((readings.topology.len(), readings.changes.len()), (2, 1));
        let messages: Vec<&str> = lines.iter().map(|line| line.4.as_str()).collect();
        assert_eq!(messages[..3], ["hello", "hello", "hello"]);
        let cart = lines.iter().find(|line| line.0 == "cart").unwrap();
        assert_eq!(
            (cart.1.as_deref(), cart.3, cart.2),
            (Some("cart-1"), Some(LogLevel::Error), Some(START + 960.0))
        );
        assert_eq!(cart.5.as_deref(), Some("463ac35c9f6413ad48485a3953bb6124"));
        let pay = lines.iter().find(|line| line.0 == "pay").unwrap();
        assert_eq!(pay.2, Some(START + 960.0));
        for part in [
            "unknown field `owner`",
            "unknown column `colour`",
            "not JSON is ignored",
            "`README.txt`",
            "moved by -8 h",
            "+8 h off its carrier's",
            "half-written",
        ] {
            assert!(readings.notes.iter().any(|note| note.contains(part)), "{part}: {:#?}", readings.notes);
        }
    }
}

/// Orders optional times.
trait TotalCmp {
    fn total_cmp_option(&self, other: &Self) -> std::cmp::Ordering;
}

impl TotalCmp for Option<f64> {
    fn total_cmp_option(&self, other: &Self) -> std::cmp::Ordering {
        self.unwrap_or(f64::MIN).total_cmp(&other.unwrap_or(f64::MIN))
    }
}

#[test]
fn a_cited_line_is_found_again() {
    let home = tempfile::tempdir().unwrap();
    bundle(home.path());
    let source = open(home.path());
    let mut cited = Vec::new();
    source
        .read(&Scope::default(), &mut |line| {
            cited.push((line.file.to_owned(), line.offset, line.raw.to_vec()))
        })
        .unwrap();
    assert!(cited.len() > 6);
    for (file, offset, raw) in cited {
        assert_eq!(source.line(&file, offset).unwrap(), raw, "{file} {offset}");
    }
    assert!(matches!(source.line("logs/pay.log", 1 << 40), Err(TelemetryError::Missing(_))));
}

#[test]
fn bundles_with_missing_parts_are_read_as_far_as_they_go() {
    let home = tempfile::tempdir().unwrap();
    for missing in ["incident.json", "metrics.csv", "logs", "topology.csv", "changes.jsonl", "traces.json"] {
        let folder = home.path().join(missing);
        bundle(&folder);
        let gone = folder.join(missing);
        if gone.is_dir() {
            fs::remove_dir_all(gone).unwrap()
        } else {
            fs::remove_file(gone).unwrap()
        }
        let source = open(&folder);
        let brief = source.brief().unwrap().unwrap();
        assert!(brief.window.start < brief.window.end);
        let (readings, _) = read(&source, &Scope::default()).unwrap();
        if missing == "incident.json" {
            assert!(readings.notes[0].contains("incident.json is missing"), "{:?}", readings.notes);
            assert!(brief.window.start > START && brief.window.end > START + 29.0 * 60.0);
        }
    }
}

#[test]
fn what_is_no_bundle_is_refused_with_a_reason() {
    let home = tempfile::tempdir().unwrap();
    let here = |name: &str| home.path().join(name);
    let refused = |path: &Path| -> String {
        match FileBundle::open(path, BundleBounds::default()) {
            Ok(source) => read(&source, &Scope::default()).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    };
    fs::create_dir(here("empty")).unwrap();
    fs::write(here("text"), "hello").unwrap();
    fs::write(here("cut.tar.zst"), [0x28, 0xB5, 0x2F, 0xFD, 0, 1, 2]).unwrap();
    write(&here("bad"), "incident.json", r#"{"window":{"start":"soon","end":5}}"#);
    for (name, why) in [
        ("nowhere", "is not there"),
        ("empty", "holds nothing of an incident bundle"),
        ("text", "a folder or a .tar.zst archive"),
        ("cut.tar.zst", "cut.tar.zst: "),
        ("bad", "`window.start` must be an RFC 3339 time"),
    ] {
        let text = refused(&here(name));
        assert!(text.contains(why), "{name}: {text}");
    }
}

#[test]
fn a_hostile_archive_does_no_harm() {
    let home = tempfile::tempdir().unwrap();
    let secret = home.path().join("secret");
    fs::write(&secret, "INFO: the secret\n").unwrap();
    let archive = home.path().join("hostile.tar");
    // Names that lead outside, a link, a device: written by Python, since tar would refuse.
    let script = format!(
        "import tarfile, io\nt = tarfile.open({archive:?}, 'w')\n\
         def add(name, body=b'', **kind):\n    i = tarfile.TarInfo(name); i.size = len(body)\n    for k, v in kind.items(): setattr(i, k, v)\n    t.addfile(i, io.BytesIO(body))\n\
         add('incident.json', {HEAD:?}.encode())\nadd('../escaped.log', b'x')\nadd('/absolute.log', b'x')\n\
         add('logs/link.log', type=tarfile.SYMTYPE, linkname={secret:?})\nadd('logs/hard.log', type=tarfile.LNKTYPE, linkname='/etc/passwd')\n\
         add('logs/dev.log', type=tarfile.CHRTYPE)\nadd('logs/ok.log', b'2024-03-05 10:16:00 INFO fine\\n')\nt.close()\n"
    );
    if !Command::new("python3").args(["-c", &script]).status().is_ok_and(|s| s.success()) {
        return parts::skipped("python3", "apt-get install python3");
    }
    let (readings, lines) = read(&open(&archive), &Scope::default()).unwrap();
    assert_eq!(lines.iter().map(|l| l.4.as_str()).collect::<Vec<_>>(), ["fine"]);
    assert!(readings.notes.iter().any(|n| n.contains("leads outside")), "{:?}", readings.notes);
    // The same through a link in a folder.
    let folder = home.path().join("folder");
    write(&folder, "incident.json", HEAD);
    fs::create_dir(folder.join("logs")).unwrap();
    std::os::unix::fs::symlink(&secret, folder.join("logs/link.log")).unwrap();
    let (readings, lines) = read(&open(&folder), &Scope::default()).unwrap();
    assert!(lines.is_empty() && readings.notes.iter().any(|n| n.contains("symbolic link")));
}

#[test]
fn damaged_archives_and_files_are_read_or_refused_but_never_fatal() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("b");
    bundle(&folder);
    let archive = home.path().join("b.tar");
    pack(&folder, &archive, "");
    let whole = fs::read(&archive).unwrap();
    let damaged = home.path().join("damaged.tar");
    // A generator of its own, so that a failure can be repeated.
    let mut state = 88_172_645_463_325_252u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let mut read_some = 0;
    for _ in 0..150 {
        let mut bytes = whole.clone();
        for _ in 0..=random(20) {
            let at = random(bytes.len());
            bytes[at] = u8::try_from(random(256)).unwrap();
        }
        if random(3) == 0 {
            bytes.truncate(random(bytes.len()));
        }
        fs::write(&damaged, &bytes).unwrap();
        let outcome =
            FileBundle::open(&damaged, BundleBounds::default()).and_then(|b| read(&b, &Scope::default()));
        match outcome {
            Ok((readings, _)) => read_some += usize::from(!readings.notes.is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(read_some > 20, "{read_some}");
}

#[test]
fn an_archive_that_unpacks_to_too_much_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("b");
    bundle(&folder);
    write(&folder, "logs/big.log", vec![b'x'; 3 << 20]);
    let archive = home.path().join("b.tar");
    pack(&folder, &archive, "");
    let mut bounds = BundleBounds::default();
    bounds.caps.bytes = 1 << 20;
    let outcome = FileBundle::open(&archive, bounds).and_then(|source| read(&source, &Scope::default()));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("unpacks to more than 1 MiB"), "{error}");
}

#[test]
fn a_scope_is_the_window_and_its_reference() {
    let range = |start: f64, end: f64| TimeRange { start, end };
    let mut brief = IncidentBrief {
        title: String::new(),
        detected_at: 5.0,
        window: range(100.0, 160.0),
        service: None,
        metric: None,
        baseline: None,
    };
    assert_eq!(Scope::of(&brief).ranges, [range(100.0, 160.0), range(40.0, 100.0)]);
    brief.baseline = Some(range(900.0, 910.0));
    assert_eq!(Scope::of(&brief).ranges, [range(100.0, 160.0), range(900.0, 910.0)]);
}

#[test]
fn reading_ends_soon_after_it_was_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let line = "2026-03-02T10:00:00Z INFO served a page\n";
    for name in ["a", "b", "c"] {
        write(folder.path(), &format!("logs/{name}.log"), line.repeat(100_000));
    }
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let bundle = open(folder.path()).until(stop.clone());
    let mut seen = 0;
    let range = TimeRange { start: 1_772_445_000.0, end: 1_772_446_000.0 };
    write(
        folder.path(),
        "incident.json",
        r#"{"title":"t","detected_at":1772445600,"window":{"start":1772445000,"end":1772446000}}"#,
    );
    let scope = Scope { ranges: vec![range], services: Vec::new() };
    let outcome = bundle.read(&scope, &mut |_| {
        seen += 1;
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(outcome.is_ok() && seen > 0 && seen < 100_000, "{seen}");
}
