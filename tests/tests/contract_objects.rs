//! What every object store promises: a folder, and SeaweedFS by the S3 protocol.

use ecoops_core::ports::host::Host;
use ecoops_core::ports::objects::{Bucket, MOST_BYTES, ObjectKey, Objects, ObjectsError};
use ecoops_plugins::http::Server;
use ecoops_plugins::objects::folder::FolderObjects;
use ecoops_plugins::objects::s3::{S3Objects, S3Settings};
use ecoops_plugins::registry;
use ecoops_tests::servers::s3::{self, ACCESS_KEY, SECRET_KEY};
use jiff::Timestamp;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

fn key(text: &str) -> ObjectKey {
    text.parse().expect("a key")
}

fn host() -> Arc<dyn Host> {
    registry::host("system").expect("a clock")
}

/// On a store that is empty.
fn suite(objects: &dyn Objects, now: Timestamp) {
    use Bucket::{Attachments, Reports};
    let names = |prefix: &str, limit: usize| -> Vec<String> {
        let found = objects.list(Reports, prefix, limit).expect("listed");
        found.iter().map(|entry| entry.key.to_string()).collect()
    };
    assert_eq!(names("", 10), [] as [&str; 0]);
    assert_eq!(objects.get(Reports, &key("none")).expect("asked"), None);
    objects.delete(Reports, &key("none")).expect("nothing to delete");

    let binary: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    for (name, bytes) in [
        ("2026/a.pdf", &binary[..]),
        ("2026/b.html", b"<html>"),
        ("2026", b"a key that is the beginning of others"),
        ("z-empty", b""),
    ] {
        objects.put(Reports, &key(name), bytes).expect("kept");
        assert_eq!(objects.get(Reports, &key(name)).expect("read").as_deref(), Some(bytes), "{name}");
    }
    objects.put(Reports, &key("2026/b.html"), b"newer").expect("replaced");
    assert_eq!(objects.get(Reports, &key("2026/b.html")).expect("read").as_deref(), Some(&b"newer"[..]));
    assert_eq!(objects.get(Attachments, &key("2026/b.html")).expect("read"), None, "each bucket is its own");

    assert_eq!(names("", 10), ["2026", "2026/a.pdf", "2026/b.html", "z-empty"]);
    assert_eq!(names("2026/", 10), ["2026/a.pdf", "2026/b.html"]);
    assert_eq!(names("", 1), ["2026"]);
    let entry = &objects.list(Reports, "2026/a", 10).expect("listed")[0];
    assert_eq!(entry.size, 300_000);
    assert!((entry.modified.as_second() - now.as_second()).abs() < 120, "{}", entry.modified);

    objects.delete(Reports, &key("2026/b.html")).expect("deleted");
    assert_eq!(objects.get(Reports, &key("2026/b.html")).expect("asked"), None);
    assert!(matches!(
        objects.put(Reports, &key("big"), &vec![0; MOST_BYTES + 1]),
        Err(ObjectsError::TooLarge(_))
    ));

    objects.put(Attachments, &key("upload.txt"), b"x").expect("kept");
    let days = |days: i64| Timestamp::from_second(now.as_second() + days * 86_400).expect("a time");
    assert_eq!(objects.expire(days(6)).expect("expired"), 0);
    assert_eq!(objects.expire(days(8)).expect("expired"), 1, "an attachment stays for a week");
    assert_eq!(objects.expire(days(89)).expect("expired"), 0);
    assert_eq!(names("", 10).len(), 3);
    assert_eq!(objects.expire(days(91)).expect("expired"), 3, "a report for 90 days");
    assert_eq!(names("", 10), [] as [&str; 0]);
}

#[test]
fn folder() {
    let folder = tempfile::tempdir().expect("folder");
    let root = folder.path().join("objects");
    suite(&FolderObjects::new(&root), host().now());
    let objects = FolderObjects::new(&root);
    objects.put(Bucket::Reports, &key("a/b"), b"x").expect("kept");
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&root.join("aiops-reports")), 0o700);
    assert_eq!(mode(&root.join("aiops-reports/a~b")), 0o600);
    std::os::unix::fs::symlink("/etc/passwd", root.join("aiops-reports/link")).expect("linked");
    assert!(objects.get(Bucket::Reports, &key("link")).is_err(), "a link is not followed");
    assert_eq!(objects.list(Bucket::Reports, "", 10).expect("listed").len(), 1);
}

fn of(url: &str, secret_key: &str) -> S3Objects {
    let settings = S3Settings {
        server: Server { url: url.into(), ..Server::default() },
        region: String::new(),
        access_key: ACCESS_KEY.into(),
        secret_key: secret_key.into(),
    };
    S3Objects::new(settings, host()).expect("an address")
}

#[test]
fn seaweedfs() {
    let Some(mut server) = s3::start() else { return };
    let url = format!("http://{}", server.address());
    let objects = of(&url, SECRET_KEY);
    let why = objects.list(Bucket::Reports, "", 1).expect_err("no bucket yet").to_string();
    assert!(why.contains("aiops-reports"), "{why}");
    for bucket in Bucket::ALL {
        s3::make_bucket(&server, bucket.name());
    }
    suite(&objects, host().now());

    // more than a page
    let many = |n: usize| key(&format!("many/{n:04}"));
    (0..1_003).for_each(|n| objects.put(Bucket::Attachments, &many(n), b"").expect("kept"));
    let found = objects.list(Bucket::Attachments, "many/", usize::MAX).expect("listed");
    assert_eq!(found.len(), 1_003);
    assert!(found.iter().enumerate().all(|(n, entry)| entry.key == many(n)));

    let wrong = of(&url, "another");
    for refused in [
        wrong.put(Bucket::Reports, &key("a"), b"x").expect_err("refused"),
        wrong.list(Bucket::Reports, "", 1).map(drop).expect_err("refused"),
        wrong.get(Bucket::Reports, &key("a")).map(drop).expect_err("refused"),
    ] {
        let why = refused.to_string();
        assert!(matches!(refused, ObjectsError::Storage(_)) && why.contains("403"), "{why}");
        assert!(!why.contains("another"), "{why}");
    }
    server.kill();
    assert!(matches!(objects.get(Bucket::Reports, &key("a")), Err(ObjectsError::Away(_))));
}
