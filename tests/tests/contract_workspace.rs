//! What every workspace promises, on each kind of place that can be one.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::{ContentHash, RepoPath, WriteSet};
use ecoops_core::ports::workspace::{Selection, Side, View, Workspace, WorkspaceError};
use ecoops_tests::repository::{Blobs, Repo, path, replacements, run_id};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

const FILES: &[(&str, &str)] =
    &[("a.py", "a = 1\n"), ("sub dir/ü.py", "b = 2\r\n"), ("run.sh", "#!/bin/sh\n")];

const NONE: [String; 0] = [];

struct Place {
    repo: Repo,
    workspace: Box<dyn Workspace>,
}

fn plain() -> Place {
    let repo = Repo::plain();
    FILES.iter().for_each(|(name, text)| repo.write(name, text));
    let workspace = Box::new(repo.open());
    Place { repo, workspace }
}

fn repository() -> Place {
    let repo = Repo::with(FILES);
    // From a folder inside, the whole repository is meant.
    let workspace = Box::new(repo.open_at(&repo.root.join("sub dir")));
    Place { repo, workspace }
}

fn linked_worktree() -> Place {
    let mut repo = Repo::with(FILES);
    let linked = repo.outside().canonicalize().unwrap().join("linked");
    repo.git(&["worktree", "add", "-q", "-b", "other", linked.to_str().unwrap()]);
    repo.root = linked;
    let workspace = Box::new(repo.open());
    Place { repo, workspace }
}

fn submodule() -> Place {
    let mut repo = Repo::with(FILES);
    let outer = repo.outside().canonicalize().unwrap().join("outer");
    fs::create_dir(&outer).unwrap();
    repo.git_in(&outer, &["init", "-q", "."]);
    repo.git_in(&outer, &["submodule", "--quiet", "add", repo.root.to_str().unwrap(), "inner"]);
    repo.root = outer.join("inner");
    let workspace = Box::new(repo.open());
    Place { repo, workspace }
}

#[test]
fn every_kind_of_place_keeps_the_contract() {
    for (name, make) in [
        ("plain folder", plain as fn() -> Place),
        ("repository", repository),
        ("linked worktree", linked_worktree),
        ("submodule", submodule),
    ] {
        eprintln!("{name}");
        suite(make);
    }
}

fn suite(make: impl Fn() -> Place) {
    lists_and_reads(&make());
    replaces_and_restores(&make());
    leaves_what_is_on_neither_side(&make());
    refuses_what_moved(&make());
    refuses_what_cannot_be_taken_back(&make());
    isolates(&make());
}

fn lists_and_reads(place: &Place) {
    symlink("/etc/passwd", place.repo.root.join("link.py")).unwrap();
    symlink("..", place.repo.root.join("up")).unwrap();
    let listing = place.workspace.list(&Selection::default()).unwrap();
    let names: Vec<&str> = listing.entries.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(names, ["a.py", "run.sh", "sub dir/ü.py"]);
    let skipped: Vec<&str> = listing.skipped.iter().map(|s| s.path.as_str()).collect();
    assert_eq!(skipped, ["link.py", "up"], "links are named, never followed");

    let some = Selection { paths: vec![path("sub dir")], ..Selection::default() };
    assert_eq!(place.workspace.list(&some).unwrap().entries.len(), 1);

    let read = |name: &str, limit| place.workspace.read(&View::WorkingTree, &path(name), limit);
    assert_eq!(read("sub dir/ü.py", 7).unwrap().bytes, b"b = 2\r\n");
    assert!(matches!(read("a.py", 5), Err(WorkspaceError::TooLarge { size: 6, limit: 5, .. })));
    for name in ["link.py", "up/a.py", "up/work tree/a.py", "missing", "sub dir"] {
        assert!(matches!(read(name, 100), Err(WorkspaceError::File { .. })), "{name}");
    }
}

fn prepared(place: &Place, blobs: &Blobs, files: &[(&str, &str)]) -> WriteSet {
    let files = replacements(&place.repo, files);
    place.workspace.prepare(&run_id(), &files, None, &|b| blobs.keep(b)).unwrap()
}

fn replaces_and_restores(place: &Place) {
    let blobs = Blobs::default();
    let get = |hash: &ContentHash| blobs.get(hash);
    place.repo.chmod("run.sh", 0o750);
    let before = place.repo.snapshot(true);
    let set = prepared(place, &blobs, &[("a.py", "a = 9\n"), ("run.sh", "#!/bin/bash\n")]);
    assert_eq!(place.repo.changes_since(&before), NONE, "preparing changes nothing");

    for _ in 0..2 {
        place.workspace.settle(&set, Side::After, &get, &|_| ()).unwrap();
        assert_eq!(place.repo.read("a.py"), "a = 9\n");
        assert_eq!(place.repo.read("run.sh"), "#!/bin/bash\n");
        let mode = fs::metadata(place.repo.root.join("run.sh")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o750);
    }
    let done = place.workspace.settle(&set, Side::Before, &get, &|_| ()).unwrap();
    assert_eq!(done.restored.len(), 2);
    assert_eq!(place.repo.changes_since(&before), NONE, "every byte and mode, the index too");
    let again = place.workspace.settle(&set, Side::Before, &get, &|_| ()).unwrap();
    assert!(again.restored.is_empty() && again.conflicts.is_empty());
    place.workspace.sweep(&run_id(), &set).unwrap();
}

fn leaves_what_is_on_neither_side(place: &Place) {
    let blobs = Blobs::default();
    let get = |hash: &ContentHash| blobs.get(hash);
    let set = prepared(place, &blobs, &[("a.py", "a = 9\n"), ("run.sh", "x\n"), ("sub dir/ü.py", "y\n")]);
    place.workspace.settle(&set, Side::After, &get, &|_| ()).unwrap();
    place.repo.write("a.py", "mine\n");
    fs::remove_file(place.repo.root.join("run.sh")).unwrap();
    let done = place.workspace.settle(&set, Side::Before, &get, &|_| ()).unwrap();
    assert_eq!(done.conflicts, [path("a.py"), path("run.sh")]);
    assert_eq!(done.restored, [path("sub dir/ü.py")]);
    assert_eq!(place.repo.read("a.py"), "mine\n");
    assert!(!place.repo.root.join("run.sh").exists());
}

fn refuses_what_moved(place: &Place) {
    let blobs = Blobs::default();
    let get = |hash: &ContentHash| blobs.get(hash);
    let stale: Vec<(RepoPath, ContentHash, Vec<u8>)> = vec![(path("a.py"), ContentHash::of(b"old"), vec![])];
    let refused = place.workspace.prepare(&run_id(), &stale, None, &|b| blobs.keep(b));
    assert!(matches!(refused, Err(WorkspaceError::Moved(_))));

    // Between preparing and settling: nothing is written at all.
    let set = prepared(place, &blobs, &[("a.py", "a = 9\n"), ("run.sh", "x\n")]);
    place.repo.write("run.sh", "mine\n");
    let before = place.repo.snapshot(true);
    let refused = place.workspace.settle(&set, Side::After, &get, &|_| ());
    assert!(matches!(refused, Err(WorkspaceError::Moved(p)) if p == path("run.sh")));
    assert_eq!(place.repo.changes_since(&before), NONE);

    // In the very last moment: what was written is taken back by the caller, the user's stays.
    place.repo.write("run.sh", "#!/bin/sh\n");
    let save = |step: &str| {
        if step == "check run.sh" {
            place.repo.write("run.sh", "mine\n");
        }
    };
    let refused = place.workspace.settle(&set, Side::After, &get, &save);
    assert!(matches!(refused, Err(WorkspaceError::Moved(p)) if p == path("run.sh")));
    let done = place.workspace.settle(&set, Side::Before, &get, &|_| ()).unwrap();
    assert_eq!((done.restored, done.conflicts), (vec![path("a.py")], vec![path("run.sh")]));
    assert_eq!(place.repo.changes_since(&before), NONE);
}

fn refuses_what_cannot_be_taken_back(place: &Place) {
    let blobs = Blobs::default();
    let root = &place.repo.root;
    for name in ["twice", "locked", "folder/in", "d/e"] {
        place.repo.write(name, "x\n");
    }
    fs::hard_link(root.join("twice"), root.join("again")).unwrap();
    place.repo.chmod("locked", 0o444);
    place.repo.chmod("folder", 0o555);
    symlink("a.py", root.join("link")).unwrap();
    symlink("d", root.join("way")).unwrap();
    for (name, why) in [
        ("twice", "hard links"),
        ("locked", "read-only"),
        ("folder/in", "folder is read-only"),
        ("link", "symbolic link"),
        ("way/e", "symbolic link"),
        ("d", "not a regular file"),
        ("gone", "no such file"),
        ("a.py/x", "no folder"),
    ] {
        let files = vec![(path(name), ContentHash::of(b"x\n"), b"y\n".to_vec())];
        let refused = place.workspace.prepare(&run_id(), &files, None, &|b| blobs.keep(b)).unwrap_err();
        assert!(refused.to_string().contains(why), "{name}: {refused}");
    }
    // A folder that becomes a link after preparing is not followed either.
    let set = prepared(place, &blobs, &[("d/e", "y\n")]);
    fs::rename(root.join("d"), root.join("moved")).unwrap();
    symlink("moved", root.join("d")).unwrap();
    let refused = place.workspace.settle(&set, Side::After, &|h| blobs.get(h), &|_| ());
    assert!(matches!(refused, Err(WorkspaceError::Moved(_))));
    assert_eq!(place.repo.read("moved/e"), "x\n");
    place.repo.chmod("folder", 0o755);
}

fn isolates(place: &Place) {
    place.repo.write("new.py", "n = 1\n");
    place.repo.write("node_modules/x/index.js", "x\n");
    place.repo.chmod("run.sh", 0o755);
    symlink("a.py", place.repo.root.join("inside")).unwrap();
    symlink("/etc", place.repo.root.join("outside")).unwrap();
    let before = place.repo.snapshot(true);
    let copy = place.workspace.isolate(&run_id()).unwrap();
    let folder = copy.folder().to_path_buf();
    for name in ["a.py", "sub dir/ü.py", "new.py", "node_modules/x/index.js"] {
        assert_eq!(fs::read(folder.join(name)).unwrap(), fs::read(place.repo.root.join(name)).unwrap());
    }
    assert_eq!(fs::read_link(folder.join("inside")).unwrap().to_str(), Some("a.py"));
    assert!(folder.join("outside").symlink_metadata().is_err());
    assert!(copy.borrowed().contains(&place.repo.root.join("node_modules")));
    if place.workspace.about().git {
        let links = ["inside", "outside"];
        let head = ["rev-parse", "HEAD", "--abbrev-ref", "HEAD"];
        assert_eq!(place.repo.git_in(&folder, &head), place.repo.git(&head));
        let status = |text: String| -> Vec<String> {
            let other =
                |line: &&str| !links.iter().any(|l| line.ends_with(l)) && !line.contains("node_modules");
            text.lines().filter(other).map(str::to_owned).collect()
        };
        assert_eq!(
            status(place.repo.git_in(&folder, &["status", "--porcelain"])),
            status(place.repo.git(&["--no-optional-locks", "status", "--porcelain"]))
        );
    }
    copy.write(&path("a.py"), b"changed\n").unwrap();
    copy.write(&path("made/here.py"), b"new\n").unwrap();
    copy.write(&path("run.sh"), b"x\n").unwrap();
    assert_eq!(fs::read(folder.join("a.py")).unwrap(), b"changed\n");
    assert_eq!(fs::metadata(folder.join("run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(copy.write(&path("node_modules/x/index.js"), b"evil").is_err(), "never through a link");
    assert!(copy.write(&path("inside"), b"evil").is_err());
    assert_eq!(place.repo.changes_since(&before), NONE, "nothing reaches the original");

    let second = place.workspace.isolate(&run_id()).unwrap();
    assert_ne!(second.folder(), folder);
    second.remove();
    drop(copy);
    assert!(!folder.exists());
    // A kill leaves copies; the sweep removes them.
    std::mem::forget(place.workspace.isolate(&run_id()).unwrap());
    place.workspace.sweep(&run_id(), &WriteSet::default()).unwrap();
    assert_eq!(fs::read_dir(place.repo.outside().join("cache/isolated")).unwrap().count(), 0);
}
