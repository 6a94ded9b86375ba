//! `--commit`: the fix's own lines are committed, and the user's staged and unstaged work stays as it was.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::{ContentHash, WriteSet};
use ecoops_core::ports::workspace::{CommitRequest, Side, Workspace, WorkspaceError};
use ecoops_plugins::workspace::git::GitWorkspace;
use ecoops_tests::repository::{Blobs, Repo, path, replacements, run_id};

const NONE: [String; 0] = [];

fn request(branch: Option<&str>) -> CommitRequest {
    CommitRequest {
        message: "Fix it".into(),
        branch: branch.map(str::to_owned),
        timestamp: "2026-01-02T03:04:05Z".into(),
    }
}

fn prepare(
    repo: &Repo,
    workspace: &GitWorkspace,
    blobs: &Blobs,
    files: &[(&str, &str)],
    branch: Option<&str>,
) -> Result<WriteSet, WorkspaceError> {
    workspace.prepare(&run_id(), &replacements(repo, files), Some(&request(branch)), &|b| blobs.keep(b))
}

/// `a.py` with a staged line at its end and an unstaged one below, and other staged files.
fn busy() -> Repo {
    let repo = Repo::with(&[("a.py", "bad\n1\n2\n3\nlast\n"), ("b.py", "b\n"), ("c.py", "c\n")]);
    repo.write("a.py", "bad\n1\n2\n3\nstaged\n");
    repo.write("new.py", "new\n");
    repo.git(&["rm", "-q", "c.py"]);
    repo.git(&["add", "-A"]);
    repo.write("a.py", "bad\n1\n2\n3\nstaged\nunstaged\n");
    repo.write("b.py", "unstaged\n");
    repo.write("untracked.py", "");
    repo
}

const FIXED: &[(&str, &str)] = &[("a.py", "good\n1\n2\n3\nstaged\nunstaged\n")];

#[test]
fn the_commit_holds_the_fix_and_nothing_else() {
    let repo = busy();
    let (blobs, workspace) = (Blobs::default(), repo.open());
    let get = |hash: &ContentHash| blobs.get(hash);
    let (staged, unstaged) = (repo.git(&["diff", "--cached"]), repo.git(&["diff"]));
    let before = repo.snapshot(true);
    let set = prepare(&repo, &workspace, &blobs, FIXED, None).unwrap();
    assert_eq!(repo.changes_since(&before), NONE, "preparing writes only objects");
    workspace.settle(&set, Side::After, &get, &|_| ()).unwrap();

    let shown = repo.git(&["show", "--format=%an|%s|%at", "-U0", "HEAD"]);
    assert!(shown.starts_with("A U Thor|Fix it|1767323045\n"), "{shown}");
    let changed: Vec<&str> = shown.lines().filter(|l| l.starts_with(['-', '+'])).collect();
    assert_eq!(changed, ["--- a/a.py", "+++ b/a.py", "-bad", "+good"]);
    // What is staged and what is not is as before, but for the line that is now committed on both sides.
    let without = |text: String| -> Vec<String> {
        text.lines()
            .filter(|l| !l.starts_with("index ") && !l.contains("bad") && !l.contains("good"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(without(repo.git(&["diff", "--cached"])), without(staged));
    assert_eq!(without(repo.git(&["diff"])), without(unstaged));
    assert!(repo.git(&["reflog"]).contains("ecoops: commit fixes"));
    assert!(repo.git(&["fsck", "--strict"]).lines().all(|l| l.starts_with("dangling")), "sound");

    // git status refreshes the index; undo still knows it.
    repo.git(&["status"]);
    workspace.settle(&set, Side::Before, &get, &|_| ()).unwrap();
    assert_eq!(repo.changes_since(&before), NONE, "files, index and branch byte for byte");
}

#[test]
fn a_new_branch_is_made_and_taken_back() {
    let repo = busy();
    let (blobs, workspace) = (Blobs::default(), repo.open());
    let get = |hash: &ContentHash| blobs.get(hash);
    let before = repo.snapshot(true);
    let set = prepare(&repo, &workspace, &blobs, FIXED, Some("fixes/one")).unwrap();
    workspace.settle(&set, Side::After, &get, &|_| ()).unwrap();
    assert_eq!(repo.git(&["branch", "--show-current"]), "fixes/one\n");
    assert_eq!(repo.git(&["log", "--format=%s", "main..fixes/one"]), "Fix it\n");
    workspace.settle(&set, Side::Before, &get, &|_| ()).unwrap();
    assert_eq!(repo.changes_since(&before), NONE);
    for name in ["main", "main/x", "-x", "a..b", ""] {
        let refused = prepare(&repo, &workspace, &blobs, FIXED, Some(name));
        assert!(matches!(refused, Err(WorkspaceError::Git(_))), "{name}");
    }
}

#[test]
fn what_cannot_be_told_apart_is_not_committed() {
    type Make = fn(&Repo);
    let cases: [(&str, Make, &str); 8] = [
        ("an uncommitted line", |r| r.write("a.py", "mine\n2\n3\n"), "not committed"),
        ("next to an uncommitted line", |r| r.write("a.py", "mine\n1\n2\n3\n"), ""),
        (
            "a staged line",
            |r| {
                r.write("a.py", "staged\n2\n3\n");
                r.git(&["add", "a.py"]);
                r.write("a.py", "1\n2\n3\n");
            },
            "not committed",
        ),
        ("an untracked file", |r| drop(r.git(&["rm", "-q", "--cached", "a.py"])), "not committed"),
        (
            "a filter",
            |r| {
                r.write(".gitattributes", "*.py filter=lfs\n");
            },
            "attribute `filter`",
        ),
        (
            "a merge under way",
            |r| {
                let head = r.git(&["rev-parse", "HEAD"]);
                r.write(".git/MERGE_HEAD", head);
            },
            "in progress",
        ),
        ("a split index", |r| drop(r.git(&["update-index", "--split-index"])), "split"),
        ("no author", |r| drop(r.git(&["config", "user.email", ""])), "user.email"),
    ];
    for (name, make, why) in cases {
        let repo = Repo::with(&[("a.py", "1\n2\n3\n")]);
        make(&repo);
        let fixed = repo.read("a.py").replacen(if name.starts_with("next") { "1" } else { "" }, "X", 1);
        let before = repo.snapshot(true);
        let got = prepare(&repo, &repo.open(), &Blobs::default(), &[("a.py", &fixed)], None);
        match got {
            Ok(_) => assert_eq!(why, "", "{name}"),
            Err(error) => assert!(!why.is_empty() && error.to_string().contains(why), "{name}: {error}"),
        }
        assert_eq!(repo.changes_since(&before), NONE, "{name}");
    }
    let repo = Repo::with(&[("a.py", "1\n")]);
    for files in [&[][..], &[("a.py", "1\n")]] {
        let refused = prepare(&repo, &repo.open(), &Blobs::default(), files, None);
        assert!(refused.unwrap_err().to_string().contains("changes nothing"));
    }
    let unborn = Repo::new();
    unborn.write("a.py", "1\n");
    let refused = prepare(&unborn, &unborn.open(), &Blobs::default(), &[("a.py", "2\n")], None);
    assert!(refused.unwrap_err().to_string().contains("no commit yet"));
}

#[test]
fn undo_does_not_take_more_than_its_own() {
    type Make = fn(&Repo);
    let cases: [(&str, Make, &str); 4] = [
        ("an amended commit", |r| drop(r.git(&["commit", "-q", "--amend", "-m", "mine"])), "git revert"),
        (
            "a commit on top",
            |r| {
                r.write("new.py", "");
                r.git(&["add", "."]);
                r.git(&["commit", "-qm", "mine"]);
            },
            "git revert",
        ),
        (
            "something staged",
            |r| {
                r.write("new.py", "");
                r.git(&["add", "."]);
            },
            "index has changed",
        ),
        ("the commit is gone already", |r| drop(r.git(&["reset", "-q", "--hard", "HEAD~1"])), ""),
    ];
    for (name, make, why) in cases {
        let repo = Repo::with(&[("a.py", "1\n")]);
        let (blobs, workspace) = (Blobs::default(), repo.open());
        let get = |hash: &ContentHash| blobs.get(hash);
        let set = prepare(&repo, &workspace, &blobs, &[("a.py", "2\n")], None).unwrap();
        workspace.settle(&set, Side::After, &get, &|_| ()).unwrap();
        make(&repo);
        let before = repo.snapshot(true);
        match workspace.settle(&set, Side::Before, &get, &|_| ()) {
            Ok(done) => assert!(why.is_empty() && done.conflicts.is_empty(), "{name}"),
            Err(error) => assert!(!why.is_empty() && error.to_string().contains(why), "{name}: {error}"),
        }
        assert_eq!(repo.changes_since(&before), NONE, "{name}");
    }
}

#[test]
fn detached_heads_packed_references_and_line_endings() {
    let repo =
        Repo::with(&[(".gitattributes", "*.txt text eol=crlf\n"), ("a.txt", "bad\nx\n"), ("s.sh", "bad\n")]);
    repo.git(&["rm", "-q", "--cached", "a.txt"]);
    repo.git(&["reset", "-q", "--hard"]);
    repo.chmod("s.sh", 0o755);
    repo.git(&["commit", "-qam", "mode"]);
    repo.git(&["pack-refs", "--all"]);
    assert_eq!(repo.read("a.txt"), "bad\r\nx\r\n");
    for detached in [false, true] {
        if detached {
            repo.git(&["checkout", "-q", "--detach"]);
        }
        let (blobs, workspace) = (Blobs::default(), repo.open());
        let get = |hash: &ContentHash| blobs.get(hash);
        let head = repo.git(&["rev-parse", "HEAD"]);
        let files = [("a.txt", "good\r\nx\r\n"), ("s.sh", "good\n")];
        let set = prepare(&repo, &workspace, &blobs, &files, None).unwrap();
        workspace.settle(&set, Side::After, &get, &|_| ()).unwrap();
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "committed as git would have");
        assert_eq!(repo.git(&["show", "HEAD:a.txt"]), "good\nx\n");
        assert!(repo.git(&["ls-tree", "HEAD", "s.sh"]).starts_with("100755"));
        workspace.settle(&set, Side::Before, &get, &|_| ()).unwrap();
        assert_eq!(repo.git(&["rev-parse", "HEAD"]), head);
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
        assert_eq!(set.writes[0].path, path("a.txt"));
    }
}

#[test]
fn another_process_with_the_lock_is_respected() {
    let repo = Repo::with(&[("a.py", "1\n")]);
    let (blobs, workspace) = (Blobs::default(), repo.open());
    let get = |hash: &ContentHash| blobs.get(hash);
    let set = prepare(&repo, &workspace, &blobs, &[("a.py", "2\n")], None).unwrap();
    repo.write(".git/index.lock", "");
    let before = repo.snapshot(true);
    let refused = workspace.settle(&set, Side::After, &get, &|_| ()).unwrap_err();
    assert!(refused.to_string().contains("another git process"), "{refused}");
    workspace.settle(&set, Side::Before, &get, &|_| ()).unwrap();
    workspace.sweep(&run_id(), &set).unwrap();
    assert_eq!(repo.changes_since(&before), NONE, "the lock is not ours to remove");
}
