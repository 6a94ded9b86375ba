//! What holds of the detector as a whole, on generated series.

use super::*;
use proptest::prelude::*;

const STEP: f64 = 300.0;

type Value = Box<dyn Fn(usize) -> f64>;

/// A texture without a season: the same for the same index.
fn noise(i: usize) -> f64 {
    let x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x ^ (x >> 29)) >> 11) as f64 / (1u64 << 53) as f64 - 0.5
}

fn daily(i: usize) -> f64 {
    50.0 + 20.0 * (i as f64 * std::f64::consts::TAU / 288.0).sin() + 2.0 * noise(i)
}

fn rows(values: impl IntoIterator<Item = f64>) -> Vec<(f64, f64)> {
    values.into_iter().enumerate().map(|(i, v)| (i as f64 * STEP, v)).collect()
}

fn verdicts(values: impl IntoIterator<Item = f64>) -> Vec<Verdict> {
    detect(rows(values), Settings::default())
}

/// The first notice from `start` on, as its distance from it.
fn noticed(verdicts: &[Verdict], start: usize) -> Option<(usize, Kind)> {
    let at = verdicts[start..].iter().position(|v| v.level >= Level::Notice)?;
    verdicts[start + at].kind.map(|kind| (at, kind))
}

#[test]
fn events_are_noticed_soon_and_named() {
    let texture = |i: usize| 50.0 + 4.0 * noise(i);
    let series: [(&str, Value, usize, &[Kind]); 6] = [
        ("spike", Box::new(move |i| if i == 2000 { 90.0 } else { texture(i) }), 0, &[Kind::Spike]),
        ("dip", Box::new(move |i| if i == 2000 { 0.0 } else { texture(i) }), 0, &[Kind::Spike]),
        ("shift", Box::new(move |i| texture(i) + if i >= 2000 { 12.0 } else { 0.0 }), 2, &[Kind::Spike]),
        (
            "climb",
            Box::new(move |i| texture(i) + i.saturating_sub(2000) as f64 * 0.3),
            40,
            &[Kind::TrendShift, Kind::LevelShift, Kind::Spike, Kind::Novelty],
        ),
        (
            "no morning",
            Box::new(|i| if (2000..2144).contains(&i) { daily(1995 + i % 5) } else { daily(i) }),
            100,
            &[Kind::Seasonal, Kind::Novelty, Kind::Spike],
        ),
        (
            "stuck",
            Box::new(move |i| if i >= 2000 { texture(1999) } else { texture(i) }),
            60,
            &[Kind::Flatline, Kind::Novelty],
        ),
    ];
    for (name, value, within, kinds) in series {
        let verdicts = verdicts((0..2200).map(value));
        let (after, kind) = noticed(&verdicts, 2000).unwrap_or_else(|| panic!("{name} is not noticed"));
        assert!(after <= within && kinds.contains(&kind), "{name}: after {after}, {kind:?}");
    }
}

#[test]
fn quiet_series_stay_quiet() {
    let series: [Value; 4] = [
        Box::new(|_| 7.0),
        Box::new(daily),
        Box::new(noise),
        Box::new(|i| f64::from(u8::from(i % 288 > 200))),
    ];
    for (number, value) in series.iter().enumerate() {
        let verdicts = verdicts((0..4000).map(value));
        let notices = verdicts[600..].iter().filter(|v| v.level >= Level::Notice).count();
        assert!(notices <= 4, "series {number}: {notices} notices");
        let page = verdicts.iter().position(|v| v.level == Level::Page);
        assert_eq!(page, None, "series {number}: a page");
    }
}

#[test]
fn what_lasts_becomes_a_page_and_what_passes_does_not() {
    let paged = |value: &dyn Fn(usize) -> f64| {
        let verdicts = verdicts((0..2300).map(value));
        verdicts.iter().position(|v| v.level == Level::Page)
    };
    let shift = |i: usize| daily(i) + if i >= 2000 { 60.0 } else { 0.0 };
    let page = paged(&shift);
    assert!(page.is_some_and(|at| (2000..2072).contains(&at)), "{page:?}");
    let kind = verdicts((0..2300).map(shift))[page.unwrap_or_default()].kind;
    assert!(kind.is_some());
    assert_eq!(paged(&|i| daily(i) + if i == 2000 { 60.0 } else { 0.0 }), None);
}

#[test]
fn one_event_is_one_alarm() {
    let verdicts = verdicts((0..2100).map(|i| if i >= 2000 { 90.0 + noise(i) } else { 50.0 + noise(i) }));
    let alarms = verdicts[2000..].iter().filter(|v| v.score >= 0.5).count();
    assert!((1..=3).contains(&alarms), "{alarms} alarms");
    assert!(verdicts[2010].strangeness >= verdicts[2010].score);
}

#[test]
fn limits_tell_saturation() {
    let value = |i: usize| if i >= 1500 { 99.5 } else { 60.0 + 39.0 * noise(i).abs() };
    let settings = Settings { limits: Some((0.0, 100.0)), ..Settings::default() };
    let verdicts = detect(rows((0..1520).map(value)), settings);
    assert!(
        verdicts[1500..1510].iter().any(|v| v.kind == Some(Kind::Saturation) && v.level >= Level::Notice)
    );
    // limits that are none are as good as not given
    for limits in [(1.0, 0.0), (0.0, f64::INFINITY), (f64::NAN, 1.0)] {
        let settings = Settings { limits: Some(limits), ..Settings::default() };
        assert_eq!(detect(rows((0..300).map(value)), settings), self::verdicts((0..300).map(value)));
    }
}

#[test]
fn missing_late_and_repeated_values_are_told() {
    let mut detector = Detector::default();
    for i in 0..300 {
        detector.push(f64::from(i) * STEP, noise(i as usize));
    }
    assert_eq!((detector.step(), detector.period()), (Some(STEP), None));
    let refused = |verdict: Verdict| (verdict.refused, verdict.score);
    assert_eq!(refused(detector.push(0.0, 1.0)), (Some(Refusal::Late), 0.0));
    assert_eq!(refused(detector.push(299.0 * STEP, noise(299))), (Some(Refusal::Repeated), 0.0));
    assert_eq!(refused(detector.push(f64::NAN, 1.0)), (Some(Refusal::Timeless), 0.0));
    assert_eq!(refused(detector.push(300.0 * STEP, f64::INFINITY)), (Some(Refusal::NotANumber), 0.0));
    let late = detector.push(320.0 * STEP, 0.0);
    assert_eq!((late.missing, late.kind), (20, Some(Kind::Missing)));
    assert!((0.3..0.5).contains(&late.score));
    let next = detector.push(321.0 * STEP, 0.1);
    assert_eq!((next.missing, next.refused), (0, None));
}

#[test]
fn refused_values_change_nothing() {
    let clean = rows((0..900).map(daily));
    let mut dirty = Vec::new();
    for (i, row) in clean.iter().enumerate() {
        dirty.push(*row);
        match i % 4 {
            0 => dirty.push(*row),
            1 => dirty.push((row.0, f64::NAN)),
            2 => dirty.push((f64::INFINITY, 4.0)),
            _ => dirty.push((row.0 - 1.0, 1e9)),
        }
    }
    let taken: Vec<Verdict> =
        detect(dirty, Settings::default()).into_iter().filter(|v| v.refused.is_none()).collect();
    assert_eq!(taken, detect(clean, Settings::default()));
}

#[test]
fn degenerate_series() {
    assert_eq!(verdicts([]), []);
    assert_eq!(verdicts([3.0])[0].score, 0.0);
    assert!(verdicts([f64::NAN; 50]).iter().all(|v| v.refused == Some(Refusal::NotANumber)));
    assert!(verdicts([5.0; 1000]).iter().all(|v| v.score == 0.0 && v.level == Level::None));
    let huge = verdicts((0..400).map(|i| if i % 2 == 0 { f64::MAX } else { f64::MIN }));
    assert!(huge.iter().all(|v| (0.0..=1.0).contains(&v.score)));
}

#[test]
fn memory_is_bounded_and_the_past_is_forgotten() {
    let settings = Settings { memory: 256, limits: None };
    let verdicts = detect(rows((0..5000).map(|i| noise(i) + if i == 100 { 50.0 } else { 0.0 })), settings);
    assert!(verdicts.iter().all(|v| (0.0..1.0).contains(&v.score)));
}

#[test]
fn a_prefix_of_a_long_series_has_the_same_verdicts() {
    let series = |i: usize| daily(i) + if (2600..2700).contains(&i) { 30.0 } else { 0.0 };
    let whole = verdicts((0..3000).map(series));
    for cut in [1, 64, 201, 2000, 2650, 2999] {
        assert_eq!(verdicts((0..cut).map(series)), whole[..cut], "{cut}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// No look-ahead: what comes later changes nothing, to the last bit.
    #[test]
    fn a_prefix_has_the_same_verdicts(
        values in prop::collection::vec(prop_oneof![-1e3..1e3f64, Just(0.0), Just(f64::NAN), -1e30..1e30f64], 2..700),
        steps in prop::collection::vec(prop_oneof![4 => Just(300.0), 1 => -900.0..9000.0f64], 700),
        cut in 0.0..1.0f64,
    ) {
        let mut at = 0.0;
        let rows: Vec<(f64, f64)> = values.iter().zip(steps).map(|(v, step)| { at += step; (at, *v) }).collect();
        let cut = (cut * rows.len() as f64) as usize;
        let whole = detect(rows.iter().copied(), Settings::default());
        let part = detect(rows[..cut].iter().copied(), Settings::default());
        prop_assert_eq!(format!("{:?}", &whole[..cut]), format!("{part:?}"));
        for verdict in whole {
            prop_assert!((0.0..=1.0).contains(&verdict.score) && verdict.score <= verdict.strangeness);
            prop_assert!(verdict.band.is_none_or(|band| band.low <= band.high));
        }
    }

    /// The unit and the zero of a series change nothing that matters.
    #[test]
    fn scores_do_not_depend_on_the_unit(seed in 0usize..1000, exponent in -8i32..9, spike in 3.0..50.0f64) {
        let value = |i: usize| noise(i + seed) + if i == 700 { spike } else { 0.0 };
        let unit = f64::from(exponent).exp2();
        let scores = |values: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
            verdicts(values).iter().map(|v| v.score).collect()
        };
        // a power of two is exact
        prop_assert_eq!(scores(&mut (0..800).map(value)), scores(&mut (0..800).map(|i| value(i) * unit)));
    }
}
