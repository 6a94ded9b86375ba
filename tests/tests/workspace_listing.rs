//! What is listed and read in repositories of every odd kind.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]
#![allow(clippy::single_range_in_vec_init, reason = "one range of lines is what is expected")]

use ecoops_core::ports::workspace::{Listing, Selection, View, Workspace, WorkspaceError};
use ecoops_plugins::workspace::git::{GitWorkspace, Settings};
use ecoops_tests::repository::{Repo, path};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

fn names(listing: &Listing) -> Vec<&str> {
    listing.entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn why<'l>(listing: &'l Listing, name: &str) -> Option<&'l str> {
    listing.skipped.iter().find(|s| s.path == name).map(|s| s.why.as_str())
}

fn list(repo: &Repo) -> Listing {
    repo.open().list(&Selection::default()).unwrap()
}

fn view(view: View) -> Selection {
    Selection { view, ..Selection::default() }
}

#[test]
fn ignore_rules_of_git_and_ours() {
    let repo = Repo::with(&[
        (".gitignore", "*.log\nbuild/\n"),
        ("a.py", ""),
        ("gen/x.py", ""),
        ("sub/.gitignore", "!keep.log\n"),
    ]);
    repo.write("tracked.log", "");
    repo.write("gen/tracked.log", "");
    repo.git(&["add", "-f", "tracked.log", "gen/tracked.log"]);
    for name in ["x.log", "build/x", "sub/keep.log", "sub/no.log", "excluded", "new.py", ".hidden/y"] {
        repo.write(name, "");
    }
    repo.write(".git/info/exclude", "excluded\n");
    repo.write(".ecoopsignore", "gen/\n");
    let expected = [
        ".ecoopsignore",
        ".gitignore",
        ".hidden/y",
        "a.py",
        "new.py",
        "sub/.gitignore",
        "sub/keep.log",
        "tracked.log",
    ];
    let listing = list(&repo);
    assert_eq!(names(&listing), expected);
    let tracked: Vec<&str> = listing.entries.iter().filter(|e| e.tracked).map(|e| e.path.as_str()).collect();
    assert_eq!(tracked, [".gitignore", "a.py", "sub/.gitignore", "tracked.log"]);
    repo.git(&["add", ".ecoopsignore"]);
    let index = repo.open().list(&view(View::Index)).unwrap();
    assert_eq!(names(&index), [".ecoopsignore", ".gitignore", "a.py", "sub/.gitignore", "tracked.log"]);
}

#[test]
fn what_is_not_examined_says_why() {
    let repo = Repo::with(&[("gone.py", "x\n"), ("removed.py", "x\n"), ("a.py", "x\n")]);
    repo.git(&["rm", "-q", "--cached", "removed.py"]);
    fs::remove_file(repo.root.join("gone.py")).unwrap();
    repo.write("intent.py", "");
    repo.git(&["add", "-N", "intent.py"]);
    repo.write("large.txt", "x".repeat(100));
    repo.write("nested/x.py", "");
    repo.git_in(&repo.root.join("nested"), &["init", "-q"]);
    repo.write(".gitattributes", "*.bin filter=lfs\n");
    repo.write("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    fs::write(repo.root.join(OsStr::from_bytes(b"bad\xFF.py")), "").unwrap();
    assert!(Command::new("mkfifo").arg(repo.root.join("fifo")).status().unwrap().success());
    let settings = Settings { largest_file: 99, ..Settings::new(repo.outside().join("cache")) };
    let workspace = GitWorkspace::open(&repo.root, settings).unwrap();
    let listing = workspace.list(&Selection::default()).unwrap();
    assert_eq!(names(&listing), [".gitattributes", "a.py", "intent.py"]);
    for (name, reason) in [
        ("removed.py", "staged as removed"),
        ("large.txt", "it has 100 bytes"),
        ("nested", "repository of its own"),
        ("model.bin", "git-lfs"),
        ("bad\u{FFFD}.py", "not UTF-8"),
        ("fifo", "no regular file"),
    ] {
        assert!(why(&listing, name).is_some_and(|why| why.contains(reason)), "{name}: {:?}", listing.skipped);
    }
    assert_eq!(why(&listing, "gone.py"), None);
    assert!(workspace.read(&View::WorkingTree, &path("fifo"), 10).is_err(), "and does not hang");
}

#[test]
fn conflicts_are_left_alone() {
    let repo = Repo::with(&[("a.py", "x\n"), ("b.py", "")]);
    repo.git(&["checkout", "-q", "-b", "other"]);
    repo.write("a.py", "y\n");
    repo.git(&["commit", "-qam", "y"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("a.py", "z\n");
    repo.git(&["commit", "-qam", "z"]);
    assert!(!repo.try_git(&repo.root, &["merge", "other"]).0);
    let listing = list(&repo);
    assert_eq!(names(&listing), ["b.py"]);
    assert_eq!(why(&listing, "a.py"), Some("it is in a merge conflict"));
}

#[test]
fn any_name_and_depth() {
    let deep = format!("{}x.py", "folder/".repeat(200));
    let odd = ["a b.py", "line\nbreak.py", "quote\".py", "ünï/ç.py", "-dash", "back\\slash", deep.as_str()];
    let repo = Repo::with(&odd.map(|name| (name, "1\n")));
    let mut expected = odd.to_vec();
    expected.sort_unstable();
    for kind in [View::WorkingTree, View::Index, View::Commit("HEAD".into())] {
        let workspace = repo.open();
        assert_eq!(names(&workspace.list(&view(kind.clone())).unwrap()), expected);
        for name in odd {
            assert_eq!(workspace.read(&kind, &path(name), 9).unwrap().bytes, b"1\n");
        }
    }
}

#[test]
fn sparse_checkouts_and_other_indexes() {
    let files = [("in/a.py", "a\n"), ("out/b.py", "b\n"), ("out/deep/c.py", "c\n"), ("top.py", "t\n")];
    let repo = Repo::with(&files);
    repo.git(&["sparse-checkout", "set", "--no-sparse-index", "in"]);
    assert_eq!(names(&list(&repo)), ["in/a.py", "top.py"]);
    assert_eq!(names(&repo.open().list(&view(View::Index)).unwrap()).len(), 4);
    for command in [&["sparse-checkout", "reapply", "--sparse-index"][..], &["update-index", "--split-index"]]
    {
        if command.contains(&"--split-index") {
            repo.git(&["sparse-checkout", "disable"]);
        }
        repo.git(command);
        let listing = list(&repo);
        assert!(listing.entries.iter().all(|e| e.tracked), "{command:?}");
        assert!(names(&listing).contains(&"in/a.py"), "{command:?}");
    }
}

#[test]
fn submodules_only_when_asked() {
    let inner = Repo::with(&[("x.py", "x\n"), (".gitignore", "*.log\n")]);
    let repo = Repo::with(&[("a.py", "")]);
    repo.git(&["submodule", "--quiet", "add", inner.root.to_str().unwrap(), "lib"]);
    repo.write("lib/x.log", "");
    assert_eq!(names(&list(&repo)), [".gitmodules", "a.py"]);
    let all = Selection { submodules: true, ..Selection::default() };
    let listing = repo.open().list(&all).unwrap();
    assert_eq!(names(&listing), [".gitmodules", "a.py", "lib/.gitignore", "lib/x.py"]);
}

#[test]
fn bare_unborn_and_detached() {
    let repo = Repo::with(&[("a.py", "x\n"), ("d/b.py", "y\n")]);
    let bare = repo.outside().join("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let workspace = repo.open_at(&bare);
    assert!(workspace.about().bare);
    assert!(workspace.about().head.is_some());
    assert_eq!(names(&workspace.list(&view(View::Commit("main".into()))).unwrap()), ["a.py", "d/b.py"]);
    let read = workspace.read(&View::Commit("HEAD".into()), &path("d/b.py"), 9).unwrap();
    assert_eq!((read.bytes.as_slice(), read.mode), (&b"y\n"[..], 0o644));
    assert!(matches!(workspace.list(&Selection::default()), Err(WorkspaceError::Git(_))));
    let unknown = workspace.list(&view(View::Commit("nothing".into())));
    assert!(matches!(unknown, Err(WorkspaceError::UnknownReference(name)) if name == "nothing"));

    repo.git(&["checkout", "-q", "--detach"]);
    let workspace = repo.open();
    assert_eq!(workspace.about().branch, None);
    assert_eq!(workspace.about().head.as_deref(), Some(repo.git(&["rev-parse", "HEAD"]).trim()));

    let unborn = Repo::new();
    unborn.write("a.py", "");
    let workspace = unborn.open();
    assert_eq!((workspace.about().head.clone(), workspace.about().branch.as_deref()), (None, Some("main")));
    assert_eq!(names(&workspace.list(&Selection::default()).unwrap()), ["a.py"]);
}

#[test]
fn what_changed_since_a_reference() {
    let repo =
        Repo::with(&[("a.py", "1\n2\n3\n4\n"), ("same.py", "x\n"), ("moved.py", "a\nb\nc\nd\ne\nf\n")]);
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("a.py", "1\ntwo\n3\n4\n");
    repo.git(&["mv", "moved.py", "new place.py"]);
    repo.git(&["commit", "-qam", "topic"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("same.py", "changed on main only\n");
    repo.git(&["commit", "-qam", "main"]);
    repo.git(&["checkout", "-q", "topic"]);
    repo.write("a.py", "1\ntwo\n3\n4\n5\n6\n");
    repo.write("untracked.py", "1\n2\n");
    let workspace = repo.open();
    let lines = |kind: View| -> Vec<(String, Vec<std::ops::Range<u32>>)> {
        let changed = workspace.changed_lines(&kind, "main").unwrap();
        changed.into_iter().map(|(path, lines)| (path.as_str().to_owned(), lines)).collect()
    };
    assert_eq!(
        lines(View::WorkingTree),
        [("a.py".to_owned(), vec![2..3, 5..7]), ("untracked.py".to_owned(), vec![1..3])]
    );
    assert_eq!(lines(View::Commit("HEAD".into())), [("a.py".to_owned(), vec![2..3])]);
    assert_eq!(lines(View::Index), [("a.py".to_owned(), vec![2..3])]);
    let from = Selection { from_ref: Some("main".into()), ..Selection::default() };
    assert_eq!(names(&workspace.list(&from).unwrap()), ["a.py", "new place.py", "untracked.py"]);
    let unknown = workspace.changed_lines(&View::WorkingTree, "nowhere");
    assert!(matches!(unknown, Err(WorkspaceError::UnknownReference(_))));
}

#[test]
fn another_users_repository_is_refused() {
    let repo = Repo::with(&[("a.py", "")]);
    let given = Command::new("chown").args(["-R", "54321"]).arg(&repo.root).status().unwrap().success();
    if !given {
        eprintln!("not tried: only root can give files away");
        return;
    }
    let refused = GitWorkspace::open(&repo.root, Settings::new("cache")).unwrap_err();
    assert!(refused.to_string().contains("safe.directory"), "{refused}");
    for place in ["no such folder", "work tree/a.py"] {
        let refused = GitWorkspace::open(&repo.outside().join(place), Settings::new("cache"));
        assert!(matches!(refused, Err(WorkspaceError::NotARepository(..))));
    }
}

#[test]
fn nothing_that_the_repository_configures_is_run() {
    let repo = Repo::with(&[("a.py", "x\n"), (".gitattributes", "*.py filter=evil diff=evil\n")]);
    let mark = repo.outside().join("mark");
    let touch = format!("touch '{}'", mark.display());
    for key in [
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "core.sshCommand",
        "core.pager",
    ] {
        repo.git(&["config", key, &touch]);
    }
    repo.write("a.py", "y\n");
    let workspace = repo.open();
    workspace.list(&Selection { from_ref: Some("HEAD".into()), ..Selection::default() }).unwrap();
    workspace.changed_lines(&View::WorkingTree, "HEAD").unwrap();
    drop(workspace.isolate(&ecoops_tests::repository::run_id()).unwrap());
    assert!(!mark.exists());
}
