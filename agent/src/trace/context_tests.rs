//! The cases of the W3C's test suite for trace context that are about what is read and passed on
//! (<https://github.com/w3c/trace-context>, test/test.py), as a table; named as there.

use super::*;
use axum::http::{HeaderName, HeaderValue};

const TRACE: &str = "12345678901234567890123456789012";
const PARENT: &str = "1234567890123456";

fn read(headers: &[(&str, &str)]) -> Option<Context> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(name.to_ascii_lowercase()).unwrap();
        // As a server hands them on: without white space around.
        map.append(name, HeaderValue::from_str(value.trim_matches([' ', '\t'])).unwrap());
    }
    Context::of(&map)
}

/// How many `traceparent`s are continued and how many begin anew, as each says.
fn parents(cases: &[(&str, &[&str], bool)]) -> usize {
    for (name, lines, continued) in cases {
        let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("traceparent", *line)).collect();
        let found = read(&headers);
        assert_eq!(found.is_some(), *continued, "{name}: {lines:?}");
        if let Some(found) = found {
            assert_eq!(format!("{:032x}", found.trace), TRACE, "{name}");
            let child = found.child();
            assert!(child.span != found.span && child.span != 0 && child.trace == found.trace, "{name}");
        }
    }
    cases.len()
}

#[test]
fn traceparent_as_the_suite_has_it() {
    let whole = format!("00-{TRACE}-{PARENT}-01");
    let with =
        |version: &str, trace: &str, parent: &str, flags: &str| format!("{version}-{trace}-{parent}-{flags}");
    let zeros = ("0".repeat(32), "0".repeat(16));
    let texts: Vec<(&str, String, bool)> = vec![
        ("test_both_traceparent_and_tracestate_missing", String::new(), false),
        ("test_traceparent_included_tracestate_missing", whole.clone(), true),
        ("test_traceparent_header_name", whole.clone(), true),
        ("test_traceparent_version_0x00", format!("{whole}."), false),
        ("test_traceparent_version_0x00", format!("{whole}-what-the-future-will-be-like"), false),
        ("test_traceparent_version_0xcc", with("cc", TRACE, PARENT, "01"), true),
        ("test_traceparent_version_0xcc", with("cc", TRACE, PARENT, "01-what-the-future-will-be-like"), true),
        (
            "test_traceparent_version_0xcc",
            with("cc", TRACE, PARENT, "01.what-the-future-will-be-like"),
            false,
        ),
        ("test_traceparent_version_0xff", with("ff", TRACE, PARENT, "01"), false),
        ("test_traceparent_version_illegal_characters", with(".0", TRACE, PARENT, "01"), false),
        ("test_traceparent_version_illegal_characters", with("0.", TRACE, PARENT, "01"), false),
        ("test_traceparent_version_too_long", with("000", TRACE, PARENT, "01"), false),
        ("test_traceparent_version_too_long", with("0000", TRACE, PARENT, "01"), false),
        ("test_traceparent_version_too_short", with("0", TRACE, PARENT, "01"), false),
        ("test_traceparent_trace_id_all_zero", with("00", &zeros.0, PARENT, "01"), false),
        (
            "test_traceparent_trace_id_illegal_characters",
            with("00", &TRACE.replacen('1', ".", 1), PARENT, "01"),
            false,
        ),
        (
            "test_traceparent_trace_id_illegal_characters",
            with("00", &format!("{}.", &TRACE[..31]), PARENT, "01"),
            false,
        ),
        ("test_traceparent_trace_id_too_long", with("00", &format!("{TRACE}3"), PARENT, "01"), false),
        ("test_traceparent_trace_id_too_short", with("00", &TRACE[..31], PARENT, "01"), false),
        ("test_traceparent_parent_id_all_zero", with("00", TRACE, &zeros.1, "01"), false),
        (
            "test_traceparent_parent_id_illegal_characters",
            with("00", TRACE, &PARENT.replacen('1', ".", 1), "01"),
            false,
        ),
        (
            "test_traceparent_parent_id_illegal_characters",
            with("00", TRACE, &format!("{}.", &PARENT[..15]), "01"),
            false,
        ),
        ("test_traceparent_parent_id_too_long", with("00", TRACE, &format!("{PARENT}7"), "01"), false),
        ("test_traceparent_parent_id_too_short", with("00", TRACE, &PARENT[..15], "01"), false),
        ("test_traceparent_trace_flags_illegal_characters", with("00", TRACE, PARENT, ".0"), false),
        ("test_traceparent_trace_flags_illegal_characters", with("00", TRACE, PARENT, "0."), false),
        ("test_traceparent_trace_flags_too_long", with("00", TRACE, PARENT, "001"), false),
        ("test_traceparent_trace_flags_too_short", with("00", TRACE, PARENT, "1"), false),
        ("test_traceparent_ows_handling", format!(" {whole}"), true),
        ("test_traceparent_ows_handling", format!("\t{whole}"), true),
        ("test_traceparent_ows_handling", format!("{whole} "), true),
        ("test_traceparent_ows_handling", format!("\t {whole} \t"), true),
        ("upper case is not hex here", with("00", "ABCDEF78901234567890123456789012", PARENT, "01"), false),
    ];
    let lines: Vec<(&str, [&str; 1], bool)> = texts.iter().map(|(n, t, c)| (*n, [t.as_str()], *c)).collect();
    let mut cases: Vec<(&str, &[&str], bool)> = lines.iter().map(|(n, t, c)| (*n, &t[..], *c)).collect();
    let other = format!("00-{}-{PARENT}-01", TRACE.replace('1', "2"));
    let (twice, same) = ([whole.as_str(), other.as_str()], [whole.as_str(), whole.as_str()]);
    cases.push(("test_multiple_header_included", &twice, false));
    cases.push(("test_multiple_header_included", &same, false));
    assert_eq!(parents(&cases), 35, "cases of traceparent");
}

#[test]
fn tracestate_as_the_suite_has_it() {
    let parent = format!("00-{TRACE}-{PARENT}-00");
    let many = |count: usize| (1..=count).map(|n| format!("bar{n:02}={n:02}")).collect::<Vec<_>>().join(",");
    let (longest_key, too_long_key) = (format!("{}=1", "z".repeat(256)), format!("{}=1", "z".repeat(257)));
    let tenant = format!("{}@{}=1", "t".repeat(241), "v".repeat(14));
    let (long_tenant, long_vendor) = (format!("{}@v=1", "t".repeat(242)), format!("t@{}=1", "v".repeat(15)));
    let (longest_value, too_long_value) =
        (format!("foo={}", "x".repeat(256)), format!("foo={}", "x".repeat(257)));
    let characters: String = (0x20..=0x7eu8).map(char::from).filter(|c| !",= ".contains(*c)).collect();
    let all_values = format!("foo={characters}");
    let keys = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let all_keys = format!("{keys}=1,{keys}@a-z0-9_-*/=2");
    let (m32, m33) = (many(32), many(33));
    let cases: Vec<(&str, Vec<&str>, Option<&str>)> = vec![
        ("test_tracestate_included_traceparent_included", vec!["foo=1,bar=2"], Some("foo=1,bar=2")),
        ("test_tracestate_empty_header", vec![""], None),
        ("test_tracestate_empty_header", vec!["foo=1", ""], Some("foo=1")),
        ("test_tracestate_empty_header", vec!["", "foo=1"], Some("foo=1")),
        (
            "test_tracestate_multiple_headers_different_keys",
            vec!["foo=1,bar=2", "rojo=1,congo=2", "baz=3"],
            Some("foo=1,bar=2,rojo=1,congo=2,baz=3"),
        ),
        ("test_tracestate_duplicated_keys", vec!["foo=1,foo=1"], Some("foo=1")),
        ("test_tracestate_duplicated_keys", vec!["foo=1,foo=2"], Some("foo=1")),
        ("test_tracestate_duplicated_keys", vec!["foo=1", "foo=2"], Some("foo=1")),
        ("test_tracestate_all_allowed_characters", vec![&all_keys], Some(&all_keys)),
        ("test_tracestate_all_allowed_characters", vec![&all_values], Some(&all_values)),
        ("test_tracestate_ows_handling", vec!["foo=1 \t , \t bar=2, \t baz=3"], Some("foo=1,bar=2,baz=3")),
        ("test_tracestate_ows_handling", vec!["foo=1\t \t,\t \tbar=2,\t \tbaz=3"], Some("foo=1,bar=2,baz=3")),
        ("test_tracestate_ows_handling", vec![" foo=1"], Some("foo=1")),
        ("test_tracestate_ows_handling", vec!["\t foo=1 \t"], Some("foo=1")),
        ("test_tracestate_trailing_comma", vec!["foo=1,"], Some("foo=1")),
        ("test_tracestate_key_illegal_characters", vec!["foo =1"], None),
        ("test_tracestate_key_illegal_characters", vec!["FOO=1"], None),
        ("test_tracestate_key_illegal_characters", vec!["foo.bar=1"], None),
        ("test_tracestate_key_illegal_vendor_format", vec!["foo@=1,bar=2"], None),
        ("test_tracestate_key_illegal_vendor_format", vec!["@foo=1,bar=2"], None),
        ("test_tracestate_key_illegal_vendor_format", vec!["foo@@bar=1,bar=2"], None),
        ("test_tracestate_key_illegal_vendor_format", vec!["foo@bar@baz=1,bar=2"], None),
        ("test_tracestate_member_count_limit", vec![&m32], Some(&m32)),
        ("test_tracestate_member_count_limit", vec![&m33], None),
        ("test_tracestate_key_length_limit", vec![&longest_key], Some(&longest_key)),
        ("test_tracestate_key_length_limit", vec![&tenant], Some(&tenant)),
        ("test_tracestate_key_length_limit", vec![&too_long_key], None),
        ("test_tracestate_key_length_limit", vec![&long_tenant], None),
        ("test_tracestate_key_length_limit", vec![&long_vendor], None),
        ("test_tracestate_value_illegal_characters", vec!["foo=bar=baz"], None),
        ("test_tracestate_value_illegal_characters", vec!["foo=,bar=3"], None),
        ("the length of a value", vec![&longest_value], Some(&longest_value)),
        ("the length of a value", vec![&too_long_value], None),
        ("test_tracestate_missing_value", vec!["foo"], None),
    ];
    for (name, lines, expected) in &cases {
        let mut headers = vec![("traceparent", parent.as_str())];
        headers.extend(lines.iter().map(|line| ("tracestate", *line)));
        let found = read(&headers).unwrap();
        assert_eq!(found.state.as_deref(), *expected, "{name}: {lines:?}");
        assert!(!found.sampled(), "{name}");
        assert_eq!(found.child().state, found.state, "{name}: it goes on as it came");
    }
    // test_tracestate_included_traceparent_missing, and with an invalid one.
    assert_eq!(read(&[("tracestate", "foo=1")]), None);
    assert_eq!(read(&[("traceparent", "00-x"), ("tracestate", "foo=1")]), None);
    assert_eq!(cases.len() + 2, 36, "cases of tracestate");
}

#[test]
fn flags_go_on_as_far_as_they_are_known() {
    for (flags, expected, sampled) in
        [("00", "00", false), ("01", "01", true), ("ff", "03", true), ("fe", "02", false)]
    {
        let found = read(&[("traceparent", &format!("00-{TRACE}-{PARENT}-{flags}"))]).unwrap();
        assert_eq!(found.sampled(), sampled, "{flags}");
        assert!(found.traceparent().ends_with(&format!("-{expected}")), "{flags}");
    }
}

#[test]
fn a_long_state_loses_its_long_members_first() {
    let long = format!("long={}", "x".repeat(200));
    let short: Vec<String> = (0..30).map(|n| format!("k{n:02}={}", "y".repeat(64))).collect();
    let line = format!("{},{long},{}", short[..2].join(","), short[2..].join(","));
    let found = read(&[("traceparent", &format!("00-{TRACE}-{PARENT}-01")), ("tracestate", &line)]).unwrap();
    let state = found.state.unwrap();
    assert!(state.len() <= LONGEST && state.len() >= 512 && !state.contains("long="), "{}", state.len());
    assert!(state.starts_with("k00="));
}
