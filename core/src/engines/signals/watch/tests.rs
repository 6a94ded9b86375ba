use super::*;

fn line<'a>(service: &'a str, time: f64, level: LogLevel, message: &'a str) -> LogLine<'a> {
    LogLine {
        service,
        instance: None,
        time: Some(time),
        level: Some(level),
        message,
        error: None,
        frames: &[],
        trace: None,
        file: "-",
        offset: 0,
        raw: message.as_bytes(),
    }
}

/// A minute and a half of ordinary talk of two services, then what `then` adds.
fn watched(then: impl FnOnce(&mut Watcher, &mut Vec<Alert>)) -> Vec<(AlertKind, String)> {
    let mut watcher = Watcher::new(Bounds::default());
    let mut alerts = Vec::new();
    for n in 0..900 {
        let time = 1_000.0 + f64::from(n) / 10.0;
        let message = format!("served request {n} in {} ms", n % 37);
        watcher.push(&line("web", time, LogLevel::Info, &message), 1, time, &mut alerts);
        if n % 5 == 0 {
            watcher.push(&line("db", time, LogLevel::Info, "checkpoint complete"), 1, time, &mut alerts);
        }
        if n % 100 == 3 {
            watcher.push(&line("web", time, LogLevel::Error, "client gave up"), 1, time, &mut alerts);
        }
    }
    assert_eq!(alerts, [], "nothing is out of the ordinary yet");
    then(&mut watcher, &mut alerts);
    alerts.into_iter().map(|a| (a.kind, a.service)).collect()
}

#[test]
fn an_error_never_seen_is_told_at_once() {
    let found = watched(|watcher, alerts| {
        for n in 0..3 {
            let message = format!("cannot reach 10.0.0.{n}:5432");
            watcher.push(&line("web", 1_090.1, LogLevel::Error, &message), 1, 0.0, alerts);
        }
    });
    assert_eq!(found, [(AlertKind::NewError, "web".to_owned())]);
}

#[test]
fn a_burst_is_told_of_its_template_and_its_service() {
    let found = watched(|watcher, alerts| {
        for n in 0..2_000 {
            let time = 1_090.0 + f64::from(n) / 500.0;
            watcher.push(&line("db", time, LogLevel::Info, "checkpoint complete"), 1, time, alerts);
        }
    });
    assert!(found.contains(&(AlertKind::TemplateBurst, "db".to_owned())), "{found:?}");
    assert!(found.contains(&(AlertKind::ServiceBurst, "db".to_owned())), "{found:?}");
    assert!(found.len() <= 3, "{found:?}");
}

#[test]
fn more_errors_of_a_known_kind_are_told_as_a_share() {
    let found = watched(|watcher, alerts| {
        for n in 0..100 {
            let time = 1_090.0 + f64::from(n) / 10.0;
            let level = if n % 2 == 0 { LogLevel::Error } else { LogLevel::Info };
            let message =
                if n % 2 == 0 { "client gave up".to_owned() } else { format!("served request {n} in 1 ms") };
            watcher.push(&line("web", time, level, &message), 1, time, alerts);
            if n % 5 == 0 {
                watcher.push(&line("db", time, LogLevel::Info, "checkpoint complete"), 1, time, alerts);
            }
        }
    });
    assert!(found.contains(&(AlertKind::ErrorShare, "web".to_owned())), "{found:?}");
    assert!(found.iter().all(|(_, service)| service == "web"), "{found:?}");
}

#[test]
fn silence_is_told_once_and_ends() {
    let found = watched(|watcher, alerts| (0..60).for_each(|_| watcher.idle(1.0, alerts)));
    assert_eq!(found, [(AlertKind::Silence, "web".to_owned()), (AlertKind::Silence, "db".to_owned())]);
}

#[test]
fn memory_and_alerts_are_bounded() {
    let bounds = Bounds { services: 8, templates: 64, ..Bounds::default() };
    let mut watcher = Watcher::new(bounds);
    let mut alerts = Vec::new();
    for n in 0..20_000u32 {
        let word: String = (0..4).map(|k| char::from(b'a' + (n / 26_u32.pow(k) % 26) as u8)).collect();
        let (service, message) = (format!("s{}", n % 20), format!("{word} broke {word}{word}"));
        let time = 1_000.0 + f64::from(n) / 100.0;
        watcher.push(&line(&service, time, LogLevel::Error, &message), 1, time, &mut alerts);
        assert!(watcher.services.len() <= 8 && watcher.templates.len() <= 64);
    }
    // 200 seconds of eight services, five alerts in ten seconds each.
    assert!(alerts.len() <= 8 * 21 * 5 && watcher.suppressed() > 0, "{}", alerts.len());
}

#[test]
fn odd_times_are_no_problem() {
    let mut watcher = Watcher::new(Bounds::default());
    let mut alerts = Vec::new();
    for time in [f64::NAN, f64::INFINITY, -1e300, 1e300, 0.0, 5e9] {
        watcher.push(&line("web", time, LogLevel::Info, "x"), u32::MAX, time, &mut alerts);
        watcher.idle(1e12, &mut alerts);
    }
    assert_eq!(watcher.records(), 6);
}
