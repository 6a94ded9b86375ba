//! What every keeper of answers promises.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::ports::replies::{Known, Replies, Reply};
use ecoops_plugins::registry;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

const DAY: i64 = 86_400_000;
const NOW: i64 = 1_800_000_000_000;

fn reply(text: &str) -> Reply {
    Reply { status: 201, content_type: "application/json".into(), body: text.into() }
}

fn begin(replies: &dyn Replies, key: &str, print: u8, now: i64) -> Known {
    replies.begin(key, [print; 32], now, DAY, 1000).unwrap()
}

fn suite(make: impl Fn(&Path) -> Box<dyn Replies> + Sync) {
    let folder = tempfile::tempdir().unwrap();
    let replies = make(folder.path());
    assert_eq!(begin(&*replies, "a", 1, NOW), Known::New);
    assert_eq!(begin(&*replies, "a", 1, NOW), Known::Busy);
    assert_eq!(begin(&*replies, "b", 1, NOW), Known::New, "keys are apart");
    replies.finish("a", &reply("done")).unwrap();
    assert_eq!(begin(&*replies, "a", 1, NOW), Known::Answered(reply("done")));
    assert_eq!(begin(&*replies, "a", 2, NOW), Known::Other);

    replies.release("b").unwrap();
    replies.release("never taken").unwrap();
    assert_eq!(begin(&*replies, "b", 2, NOW), Known::New, "what came to nothing is free");
    replies.release("a").unwrap();
    assert_eq!(begin(&*replies, "a", 1, NOW), Known::Answered(reply("done")), "an answer is not taken back");

    // Times: an answer lives a day, a taking as long as its patience, whichever way the clock goes.
    for (key, now, expected) in [
        ("a", NOW + DAY, Known::Answered(reply("done"))),
        ("a", NOW - DAY, Known::Answered(reply("done"))),
        ("b", NOW + 1000, Known::Other),
        ("b", NOW + 1001, Known::New),
        ("a", NOW + DAY + 1, Known::New),
    ] {
        assert_eq!(begin(&*replies, key, 1, now), expected, "{key} {}", now - NOW);
    }
    replies.finish("a", &reply("future")).unwrap();
    assert_eq!(begin(&*replies, "a", 1, NOW), Known::New, "an answer of a far future is none");

    assert!(replies.begin("", [0; 32], NOW, DAY, 1000).is_err());
    assert!(replies.begin(&"x".repeat(2000), [0; 32], NOW, DAY, 1000).is_err());

    let won = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let replies = make(folder.path());
                won.fetch_add(usize::from(begin(&*replies, "race", 1, NOW) == Known::New), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(won.into_inner(), 1, "of all who come at once, one has it");
}

#[test]
fn what_a_dead_process_had_begun_may_have_been_done() {
    let folder = tempfile::tempdir().unwrap();
    let replies = registry::replies(&folder.path().join("replies.sqlite")).unwrap();
    for key in ["same", "other", "done", "late"] {
        assert_eq!(begin(&*replies, key, 1, NOW), Known::New);
    }
    replies.finish("done", &reply("done")).unwrap();
    assert_eq!(begin(&*replies, "late", 1, NOW + 1001), Known::Unsure, "it was never finished");
    replies.abandon().unwrap();
    assert_eq!(begin(&*replies, "same", 1, NOW), Known::Unsure);
    assert_eq!(begin(&*replies, "same", 1, NOW), Known::Busy, "and is taken again");
    assert_eq!(begin(&*replies, "other", 2, NOW), Known::New);
    assert_eq!(begin(&*replies, "done", 1, NOW), Known::Answered(reply("done")));
}

#[test]
fn embedded_passes() {
    suite(|folder| registry::replies(&folder.join("replies.sqlite")).unwrap());
}
