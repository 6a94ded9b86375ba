//! Our patches, taken by git itself.

use ecoops_core::engines::code::diff;
use ecoops_tests::repository::{Repo, path};
use std::fs;

#[test]
fn git_applies_every_patch() {
    let long: String = (0..50).map(|n| format!("line {n}\n")).collect();
    let changed = long.replace("line 3\n", "").replace("line 40\n", "forty\nand more\n");
    for (name, before, after) in [
        ("a.py", &b"a\nb\n"[..], &b"a\nc\n"[..]),
        ("crlf.py", b"a\r\nb\r\n", b"a\r\nc\r\n"),
        ("mixed.py", b"a\r\nb\nc\rd\n", b"a\r\nB\nc\rD\n"),
        ("no newline", b"a\nb", b"a\nc"),
        ("newline comes", b"a\nb", b"a\nb\n"),
        ("newline goes", b"a\nb\n", b"a\nb"),
        ("empty", b"", b"a\n"),
        ("emptied", b"a\n", b""),
        ("latin1.py", b"# coding: latin-1\n\xE9\n", b"# coding: latin-1\n\xE9\xE8\n"),
        ("odd\n\"na\\me\t", b"a\n", b"b\n"),
        ("d\u{fc}r/\u{20ac} x", b"a\n", b"b\n"),
        ("long", long.as_bytes(), changed.as_bytes()),
    ] {
        let repo = Repo::new();
        repo.write(name, before);
        repo.git(&["add", "-A"]);
        repo.git(&["commit", "-qm", "first"]);
        let patch = repo.outside().join("patch");
        fs::write(&patch, diff::unified(&path(name), before, after)).unwrap();
        repo.git(&["apply", "--index", "--whitespace=nowarn", patch.to_str().unwrap()]);
        assert_eq!(fs::read(repo.root.join(name)).unwrap(), after, "{name:?}");
    }
}
