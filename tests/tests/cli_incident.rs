//! `ecoops incident`: what people meet of an incident, from signals to a closed record.

use ecoops_tests::home::{Home, Ran, binary, write};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn ok(home: &Home, arguments: &[&str]) -> Ran {
    let ran = home.ecoops(home.path(), arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {} {}", ran.stdout, ran.stderr);
    ran
}

/// A small incident that was made up, and what really happened in it.
fn rehearsed(home: &Home, seed: &str, more: &[&str]) -> (PathBuf, Value) {
    let name = format!("bundle-{seed}-{}", more.len());
    let mut arguments = vec![
        "incident",
        "demo",
        "--no-analysis",
        "--keep",
        name.as_str(),
        "--seed",
        seed,
        "--services",
        "8",
        "--lines",
        "20000",
        "--output",
        "json",
    ];
    arguments.extend_from_slice(more);
    let truth = json(&ok(home, &arguments).stdout);
    (home.path().join(name), truth)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_bad_rollout_is_found_and_the_answer_is_the_same_every_time() {
    let home = Home::new();
    let (bundle, truth) = rehearsed(&home, "7", &["--fault", "error-responses"]);
    let first = ok(&home, &["incident", "analyze", path(&bundle), "--output", "json"]);
    let analysis = json(&first.stdout);
    for field in ["verdict", "hypotheses", "anomalies", "log_clusters", "blast_radius", "timeline"] {
        assert!(!analysis[field].is_null(), "{field} is not there");
    }
    assert_eq!(analysis["verdict"], "cause_found", "{}", analysis["answer"]);
    assert_eq!(analysis["hypotheses"][0]["service"], truth["service"], "{}", analysis["answer"]);
    let evidence: Vec<&str> =
        analysis["evidence"].as_array().unwrap().iter().filter_map(|e| e["id"].as_str()).collect();
    for hypothesis in analysis["hypotheses"].as_array().unwrap() {
        let support = hypothesis["support"].as_array().unwrap();
        assert!(!support.is_empty());
        for cited in support.iter().flat_map(|c| c["evidence"].as_array().unwrap()) {
            assert!(evidence.contains(&cited.as_str().unwrap()), "{cited} is not there");
        }
    }
    assert!(!first.stdout.contains(path(home.path())), "no path of this machine");
    // Again, on one processor, from an archive, in another home.
    let again = ok(&home, &["incident", "analyze", path(&bundle), "--output", "json"]);
    assert_eq!(first.stdout, again.stdout);
    let mut single = Command::new("taskset");
    let template = home.command(binary(), home.path());
    single
        .args(["-c", "0"])
        .arg(binary())
        .args(["incident", "analyze", path(&bundle), "--output", "json"])
        .env_clear();
    single.current_dir(home.path()).envs(template.get_envs().filter_map(|(k, v)| Some((k, v?))));
    if let Ok(output) = single.output() {
        assert_eq!(String::from_utf8_lossy(&output.stdout), first.stdout, "on one processor");
    }
    let archive = home.path().join("bundle.tar");
    let packed = Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(&bundle).arg(".").status();
    if packed.is_ok_and(|s| s.success()) {
        let of_archive =
            json(&ok(&home, &["incident", "analyze", path(&archive), "--output", "json"]).stdout);
        assert_eq!(of_archive["answer"], analysis["answer"]);
    }
}

#[test]
fn a_terminal_shows_the_answer_first() {
    let home = Home::new();
    let (bundle, truth) = rehearsed(&home, "7", &["--fault", "slowdown"]);
    let text = ok(&home, &["incident", "analyze", path(&bundle)]).stdout;
    assert!(text.starts_with("CAUSE FOUND: ") && text.contains(truth["service"].as_str().unwrap()), "{text}");
    for head in ["Timeline", "Hypotheses", "Evidence"] {
        assert!(text.lines().any(|l| l.starts_with(head)), "{head} is not in {text}");
    }
    assert!(text.contains('█') && text.lines().all(|l| l.chars().count() <= 80), "{text}");
    assert!(!text.contains('\x1b'));
    for (format, begins) in [("markdown", "#"), ("html", "<!"), ("jsonl", "{\"answer\"")] {
        let text = ok(&home, &["incident", "analyze", path(&bundle), "--output", format]).stdout;
        assert!(text.starts_with(begins), "{format}: {}", text.get(..80).unwrap_or(&text));
    }
    for format in ["json", "markdown", "html"] {
        let out = home.path().join(format!("out.{format}"));
        ok(&home, &["incident", "export", path(&bundle), "--format", format, "--out", path(&out)]);
        assert!(std::fs::metadata(out).unwrap().len() > 500);
    }
    let measured = home.path().join("m.prom");
    ok(&home, &["incident", "analyze", path(&bundle), "--output", "json", "--metrics", path(&measured)]);
    let measured = std::fs::read_to_string(measured).unwrap();
    assert!(
        measured.contains("ecoops_phase_seconds{phase=\"understand\"}")
            && measured.contains("ecoops_citation_coverage_ratio 1"),
        "{measured}"
    );
}

#[test]
fn the_demonstration_tells_what_had_happened() {
    let home = Home::new();
    let ran = ok(&home, &["incident", "demo", "--seed", "7", "--services", "8", "--lines", "20000"]);
    assert!(ran.stdout.starts_with("CAUSE FOUND: "), "{}", ran.stdout);
    assert!(ran.stderr.contains("what had really happened: rollout "), "{}", ran.stderr);
    let again = ok(&home, &["incident", "demo", "--seed", "7", "--services", "8", "--lines", "20000"]);
    assert_eq!(ran.stdout, again.stdout);
}

#[test]
fn nothing_wrong_is_no_cause() {
    let home = Home::new();
    let (bundle, _) = rehearsed(&home, "1", &["--healthy"]);
    let ran = ok(&home, &["incident", "analyze", path(&bundle), "--output", "json"]);
    let verdict = json(&ran.stdout)["verdict"].as_str().unwrap().to_owned();
    assert_ne!(verdict, "cause_found");
    let code = home.ecoops(home.path(), &["incident", "analyze", path(&bundle), "--exit-code"]).code;
    assert_eq!(code, if verdict == "inconclusive" { 7 } else { 0 });
}

#[test]
fn a_bundle_with_missing_or_broken_parts_is_analysed_as_far_as_it_goes() {
    let home = Home::new();
    let (bundle, _) = rehearsed(&home, "7", &["--fault", "error-responses"]);
    for part in [
        "incident.json",
        "metrics.csv",
        "logs",
        "traces.json",
        "events.jsonl",
        "topology.csv",
        "changes.jsonl",
    ] {
        let copy = home.path().join(format!("without-{part}"));
        assert!(Command::new("cp").arg("-r").arg(&bundle).arg(&copy).status().unwrap().success());
        let gone = copy.join(part);
        if gone.is_dir() {
            std::fs::remove_dir_all(&gone).unwrap()
        } else {
            std::fs::remove_file(&gone).unwrap()
        };
        let ran = ok(&home, &["incident", "analyze", path(&copy), "--output", "json"]);
        assert!(json(&ran.stdout)["verdict"].is_string(), "{part}");
        // Half-written.
        if part != "logs" {
            std::fs::write(&gone, std::fs::read(bundle.join(part)).unwrap().get(..300).unwrap_or_default())
                .unwrap();
            let ran = home.ecoops(home.path(), &["incident", "analyze", path(&copy), "--output", "json"]);
            assert!(
                !ran.stderr.contains("panicked") && !ran.stderr.contains("internal error"),
                "{part}: {}",
                ran.stderr
            );
            assert!(ran.code == 0 || ran.code == 2, "{part}: {} {}", ran.code, ran.stderr);
        }
    }
    write(&home.path().join("empty/readme.txt"), "nothing\n");
    for target in ["empty", "missing"] {
        let ran = home.ecoops(home.path(), &["incident", "analyze", target]);
        assert_eq!(ran.code, 3, "{target}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"));
    }
}

#[test]
fn nothing_to_examine_is_told_apart_from_what_cannot_be_used() {
    let home = Home::new();
    let file = |name: &str, text: &str| write(&home.path().join(name), text);
    std::fs::write(home.path().join("bin.log"), b"\x7fELF\x02\x00\x01\xff\xfe\x80".repeat(200)).unwrap();
    file("empty.log", "");
    file("blank.log", "\n\n\n");
    file("head.csv", "ts,service,metric,value\n");
    file("bad.csv", "ts,service,metric,value\nyesterday,a,b,c\n");
    file("other.csv", "a,b\n1,2\n");
    file("untimed.log", "something broke\nand again\n");
    file("timed.log", "2026-03-02T10:00:00Z ERROR broke\n2026-03-02T10:20:00Z ERROR broke\n");
    file("changes.jsonl", "{}\n");
    std::fs::create_dir_all(home.path().join("nothing")).unwrap();
    file("strange/readme.txt", "nothing\n");
    file("only/metrics.csv", "ts,service,metric,value\n");
    for (arguments, code, says) in [
        (&["empty.log"][..], 3, "empty.log: logs/empty.log is empty"),
        (&["blank.log"], 3, "nothing to examine in blank.log"),
        (&["bin.log"], 3, "is no text"),
        (&["head.csv"], 3, "nothing to examine in head.csv"),
        (&["bad.csv"], 3, "row 2"),
        (&["other.csv"], 3, "the column `service` is missing"),
        (&["changes.jsonl"], 3, "nothing to examine in changes.jsonl"),
        (&["empty.log", "head.csv"], 3, "empty.log, head.csv"),
        (&["empty.log", "--at", "2026-03-02T10:10:00Z"], 3, "nothing to examine in empty.log"),
        (&["timed.log", "--at", "2031-01-01T00:00:00Z"], 3, "time in question"),
        (&["untimed.log"], 2, "--at TIME"),
        (&["untimed.log", "--at", "2026-03-02T10:10:00Z"], 0, ""),
        (&["timed.log"], 0, ""),
        (&["timed.log", "empty.log"], 0, ""),
        (&["missing.log"], 3, "missing.log"),
        (&["timed.log", "missing.log"], 3, "missing.log"),
        (&["timed.log", "nothing"], 2, "it is a folder"),
        (&["nothing"], 3, "nothing holds nothing of an incident bundle"),
        (&["strange"], 3, "holds nothing"),
        (&["only"], 3, "nothing to examine in"),
    ] {
        let all: Vec<&str> = ["incident", "analyze"].iter().chain(arguments).copied().collect();
        let ran = home.ecoops(home.path(), &all);
        assert_eq!(ran.code, code, "{arguments:?}: {} {}", ran.stdout, ran.stderr);
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(says), "{arguments:?}: {}", ran.stderr);
        assert!(!said.contains(".tmp") && !said.contains("panicked"), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn packed_logs_and_several_exports_are_read_as_one() {
    let home = Home::new();
    let row = |at: u32, service: &str, value: f64| {
        format!("{},{service},latency,{value},seconds\n", 1_772_445_600 + at * 15)
    };
    let table = |service: &str, slow: f64| {
        let rows =
            (0..240).map(|at| row(at, service, if at > 200 { slow } else { 0.1 + f64::from(at % 7) / 1e3 }));
        format!("ts,service,metric,value,unit\n{}", rows.collect::<String>())
    };
    write(&home.path().join("one/export.csv"), &table("front", 0.9));
    write(&home.path().join("two/export.csv"), &table("store", 0.8));
    let lines: String = (0..240)
        .map(|at| {
            format!(
                "2026-03-02T{:02}:{:02}:{:02}Z ERROR page {at} is torn\n",
                10 + at / 240,
                at / 4,
                at % 4 * 15
            )
        })
        .collect();
    write(&home.path().join("store.log"), &lines);
    let packed = Command::new("gzip").arg(home.path().join("store.log")).status();
    if !packed.is_ok_and(|status| status.success()) {
        return;
    }
    let ran = ok(
        &home,
        &["incident", "analyze", "one/export.csv", "two/export.csv", "store.log.gz", "--output", "json"],
    );
    let analysis = json(&ran.stdout);
    let services: Vec<&str> =
        analysis["anomalies"].as_array().unwrap().iter().filter_map(|a| a["service"].as_str()).collect();
    assert!(services.contains(&"front") && services.contains(&"store"), "{services:?}");
    let clusters = analysis["log_clusters"].as_array().unwrap();
    assert_eq!(clusters.len(), 1, "{clusters:?}");
    assert_eq!(clusters[0]["service"], "store");
    // Cut in the middle: what came before is used, and said.
    let bytes = std::fs::read(home.path().join("store.log.gz")).unwrap();
    std::fs::write(home.path().join("store.log.gz"), &bytes[..bytes.len() / 2]).unwrap();
    let ran = ok(&home, &["incident", "analyze", "one/export.csv", "store.log.gz", "--output", "json"]);
    assert!(ran.stdout.contains("cannot be unpacked to its end"), "{}", json(&ran.stdout)["notes"]);
}

#[test]
fn logs_and_metrics_of_a_collector_are_read() {
    let home = Home::new();
    let resource = r#""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"pay"}}]}"#;
    let nanos = |at: u64| (1_772_445_600 + at * 15) * 1_000_000_000;
    let points: Vec<String> = (0..240)
        .map(|at| {
            let value = if at > 200 { 0.9 } else { 0.1 + (at % 7) as f64 / 1e3 };
            format!(r#"{{"timeUnixNano":"{}","asDouble":{value}}}"#, nanos(at))
        })
        .collect();
    let metrics = format!(
        r#"{{"resourceMetrics":[{{{resource},"scopeMetrics":[{{"metrics":[{{"name":"latency","unit":"s","gauge":{{"dataPoints":[{}]}}}}]}}]}}]}}"#,
        points.join(",")
    );
    let record = |at: u64| {
        format!(
            r#"{{"resourceLogs":[{{{resource},"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"{}","severityNumber":17,"body":{{"stringValue":"charge {at} failed"}}}}]}}]}}]}}"#,
            nanos(at)
        )
    };
    write(&home.path().join("collected.json"), &metrics);
    write(&home.path().join("said.jsonl"), &(201..240).map(|at| record(at) + "\n").collect::<String>());
    let ran = ok(&home, &["incident", "analyze", "collected.json", "said.jsonl", "--output", "json"]);
    let analysis = json(&ran.stdout);
    assert_eq!(analysis["anomalies"][0]["metric"], "latency", "{analysis}");
    let clusters = analysis["log_clusters"].as_array().unwrap();
    assert_eq!((clusters.len(), clusters[0]["count"].as_u64()), (1, Some(39)), "{clusters:?}");
    assert_eq!(clusters[0]["service"], "pay");
    // The same from a captured bundle.
    ok(&home, &["incident", "capture", "kept", "collected.json", "said.jsonl"]);
    let again = json(&ok(&home, &["incident", "analyze", "kept", "--output", "json"]).stdout);
    assert_eq!(again["anomalies"][0]["metric"], "latency");
    assert_eq!(again["log_clusters"][0]["count"], clusters[0]["count"]);
}

/// What Prometheus' text format holds is told by its first bytes, whatever the file is called.
#[test]
fn an_exposition_is_no_log() {
    let home = Home::new();
    let sample = |at: u32, value: f64| {
        format!("queue_length{{job=\"store\"}} {value} {}\n", (1_772_445_600 + u64::from(at) * 15) * 1000)
    };
    let rows: String =
        (0..240).map(|at| sample(at, if at > 200 { 90.0 } else { 3.0 + f64::from(at % 5) })).collect();
    let dump = format!("# HELP queue_length How much waits.\n# TYPE queue_length gauge\n{rows}");
    let file = |name: &str, text: &str| write(&home.path().join(name), text);
    for name in ["store.prom", "metrics.txt", "metrics", "export.log"] {
        file(name, &dump);
        let analysis = json(&ok(&home, &["incident", "analyze", name, "--output", "json"]).stdout);
        let first = &analysis["anomalies"][0];
        assert_eq!(
            (&first["metric"], &first["service"]),
            (&"queue_length".into(), &"store".into()),
            "{name}"
        );
        assert_eq!(analysis["log_clusters"].as_array().unwrap().len(), 0, "{name}");
    }
    // Captured and ingested it is the same.
    ok(&home, &["incident", "capture", "kept", "metrics"]);
    assert!(std::fs::read_to_string(home.path().join("kept/metrics.csv")).unwrap().contains("queue_length"));
    assert!(!home.path().join("kept/logs").exists());
    let opened = ok(&home, &["incident", "open", "t", "metrics"]);
    assert!(opened.stderr.contains("took in 0 log records, 240 points"), "{}", opened.stderr);

    // One scrape without times is of the time that somebody tells, or of the end of what is beside it.
    file("now.prom", "# TYPE queue_length gauge\nqueue_length{job=\"store\"} 9\n");
    let alone = home.ecoops(home.path(), &["incident", "analyze", "now.prom"]);
    assert!(alone.code == 2 && alone.stderr.contains("--at TIME"), "{}", alone.stderr);
    ok(&home, &["incident", "analyze", "now.prom", "--at", "2026-03-02T10:59:00Z"]);
    let both = ok(&home, &["incident", "analyze", "now.prom", "metrics.txt", "--output", "json"]);
    let notes = json(&both.stdout)["notes"].to_string();
    assert!(notes.contains("samples without a time"), "{notes}");
}

/// A symbolic link that is named is meant; so are packed files of every kind, and bundles whatever they are called.
#[test]
fn what_is_named_is_read_however_it_is_packed() {
    let home = Home::new();
    let (bundle, _) = rehearsed(&home, "7", &["--fault", "error-responses"]);
    let wanted = ok(&home, &["incident", "analyze", path(&bundle), "--output", "json"]).stdout;
    let pack = |name: &str, program: &str| {
        let script = format!("tar --create --directory {} . | {program} > {name}", path(&bundle));
        let status = Command::new("sh").args(["-c", &script]).current_dir(home.path()).status();
        assert!(status.is_ok_and(|status| status.success()), "{script}");
    };
    for (name, program) in
        [("a.tar.gz", "gzip"), ("b.tgz", "gzip"), ("c", "gzip"), ("d.tar", "cat"), ("e", "cat")]
    {
        pack(name, program);
        let analysis = ok(&home, &["incident", "analyze", name, "--output", "json"]).stdout;
        assert_eq!(json(&analysis)["hypotheses"], json(&wanted)["hypotheses"], "{name}");
    }
    write(
        &home.path().join("real/a.log"),
        "2026-03-02T10:00:00Z ERROR broke\n2026-03-02T10:20:00Z ERROR broke\n",
    );
    std::os::unix::fs::symlink(home.path().join("real/a.log"), home.path().join("a.log")).unwrap();
    let linked = ok(&home, &["incident", "analyze", "a.log", "--output", "json"]).stdout;
    assert_eq!(json(&linked)["log_clusters"][0]["service"], "a", "{linked}");
}

#[test]
fn loose_files_do_as_well() {
    let home = Home::new();
    let (bundle, _) = rehearsed(&home, "7", &["--fault", "error-responses"]);
    let logs: Vec<PathBuf> = bundle.join("logs").read_dir().unwrap().map(|e| e.unwrap().path()).collect();
    let (metrics, changes) = (bundle.join("metrics.csv"), bundle.join("changes.jsonl"));
    let mut arguments = vec!["incident", "analyze", path(&metrics), path(&changes), "--output", "json"];
    arguments.extend(logs.iter().map(|p| path(p)));
    let analysis = json(&ok(&home, &arguments).stdout);
    assert!(analysis["verdict"].is_string() && !analysis["anomalies"].as_array().unwrap().is_empty());
}

#[test]
fn an_incident_is_opened_filled_judged_asked_replayed_and_closed() {
    let home = Home::new();
    let (bundle, truth) = rehearsed(&home, "7", &["--fault", "error-responses"]);
    let run = |arguments: &[&str]| ok(&home, arguments);
    write(
        &home.path().join("runbook.md"),
        "# Orders fail after a rollout\n\nRoll back first, then look at the flag.\n",
    );
    run(&["docs", "add", "runbook.md"]);
    let opened = json(
        &run(&[
            "incident",
            "open",
            "Orders fail after a rollout",
            "--severity",
            "sev1",
            path(&bundle),
            "--output",
            "json",
        ])
        .stdout,
    );
    let id = opened["id"].as_str().unwrap().to_owned();
    let list = run(&["incident", "list"]).stdout;
    assert!(
        list.contains(&id) && list.contains("open") && list.lines().all(|l| l.chars().count() <= 80),
        "{list}"
    );
    // Nothing twice.
    let again = json(&run(&["incident", "ingest", &id, path(&bundle), "--output", "json"]).stdout);
    assert!(again["ingested"]["known"].as_u64().unwrap() > 0, "{again}");

    let analysis = json(&run(&["incident", "analyze", &id, "--output", "json"]).stdout);
    assert_eq!(analysis["hypotheses"][0]["service"], truth["service"], "{}", analysis["answer"]);
    let memory = |a: &Value| a["evidence"].as_array().unwrap().iter().any(|e| e["kind"] == "memory");
    assert!(memory(&analysis), "the runbook is cited");
    assert!(analysis["problem"].is_null(), "no id of a run in the answer");
    let shown = run(&["incident", "show", &id]).stdout;
    let kept = json(&run(&["incident", "show", &id, "--output", "json"]).stdout);
    let problem = kept["analysis"]["problem"]["id"].as_str().unwrap();
    assert!(shown.contains("Orders fail") && shown.contains(problem), "{shown}");
    assert_eq!(kept["analysis"]["problem"]["target_path"], truth["service"]);
    assert!(run(&["incident", "replay", &id]).stdout.contains("byte for byte"));
    let short = id.get(..id.len() - 1).unwrap();
    let rows = json(&run(&["incident", "evidence", short, "--output", "json"]).stdout);
    let log =
        rows["evidence"].as_array().unwrap().iter().find(|e| e["kind"] == "log" && !e["hash"].is_null());
    if let Some(log) = log {
        let one = json(
            &run(&["incident", "evidence", &id, log["id"].as_str().unwrap(), "--output", "json"]).stdout,
        );
        assert!(!one["raw"].as_str().unwrap().is_empty());
    }
    let other =
        analysis["blast_radius"]["services"].as_array().unwrap().last().unwrap()["service"].as_str().unwrap();
    let why = run(&["incident", "why-not", &id, other]).stdout;
    assert!(why.starts_with(other), "{why}");
    assert_eq!(home.ecoops(home.path(), &["incident", "why-not", &id, "no-such-service"]).code, 3);

    run(&["incident", "close", &id, "--resolution", "rolled back to the version before"]);
    assert_ne!(home.ecoops(home.path(), &["incident", "ingest", &id, path(&bundle)]).code, 0, "it is closed");
    let asked = run(&["ask", "has this happened before?", "--incident", &id, "--output", "json"]);
    assert!(asked.stdout.contains("rolled back to the version before"), "{}", asked.stdout);
    let record = run(&["audit", "log", "--limit", "50"]).stdout;
    assert!(record.contains("analyze") && record.contains("reason"), "{record}");
    let events = run(&["events", "replay", "--from", "1", "--output", "jsonl"]).stdout;
    assert!(events.contains("remediation.analyzed"), "{events}");
}

#[test]
fn what_is_not_there_is_said_in_words() {
    let home = Home::new();
    for (arguments, code, says) in [
        (&["incident", "list"][..], 3, ""),
        (&["incident", "show", "01KAF3"], 3, "no incident"),
        (&["incident", "analyze", "nowhere"], 3, "neither a bundle nor an incident"),
        (&["incident", "demo", "--fault", "bad"], 2, "busy-loop"),
        (&["incident", "analyze", "x.log", "--at", "yesterday"], 2, "2026-03-02T10:31:00Z"),
    ] {
        let ran = home.ecoops(home.path(), arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains(says) && !ran.stderr.contains("panicked"),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
}
