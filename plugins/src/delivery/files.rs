//! The files of a git tree against the files of a folder: what differs, and how the folder is made equal.
//!
//! Each file is replaced as a whole. Symbolic links are neither made nor followed.

use ecoops_core::domain::ContentHash;
use ecoops_core::ports::delivery::Change;
use git2::{ObjectType, Repository, Tree, TreeWalkMode, TreeWalkResult};
use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// The most that one application may hold, in files and in bytes.
const MOST_FILES: usize = 50_000;
const MOST_BYTES: usize = 512 << 20;

/// A file's bytes and whether it can be run, by path.
pub type Wanted = BTreeMap<String, (Vec<u8>, bool)>;

/// The files of a tree; links and submodules are refused.
pub fn of_tree(repository: &Repository, tree: &Tree<'_>) -> Result<Wanted, String> {
    let mut wanted = Wanted::new();
    let mut bytes = 0;
    let mut wrong = None;
    let walked = tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
        let name = String::from_utf8_lossy(entry.name_bytes());
        let path = format!("{folder}{name}");
        let refused = match entry.kind() {
            Some(ObjectType::Tree) => return TreeWalkResult::Ok,
            Some(ObjectType::Blob) if entry.filemode() != 0o120_000 => None,
            _ => Some(format!("{path} is a link or a submodule, which cannot be deployed")),
        };
        let refused =
            refused.or_else(|| (!is_inside(&path)).then(|| format!("{path} is no path to write to")));
        let content = match refused {
            Some(why) => Err(why),
            None => repository.find_blob(entry.id()).map_err(|e| e.message().to_owned()),
        };
        match content {
            Ok(blob) => {
                bytes += blob.size();
                wanted.insert(path, (blob.content().to_vec(), entry.filemode() & 0o111 != 0));
            }
            Err(why) => wrong = Some(why),
        }
        if wanted.len() > MOST_FILES || bytes > MOST_BYTES {
            wrong = Some(format!("it has more than {MOST_FILES} files or {MOST_BYTES} bytes"));
        }
        if wrong.is_some() { TreeWalkResult::Abort } else { TreeWalkResult::Ok }
    });
    match (wrong, walked) {
        (Some(why), _) => Err(why),
        (None, Err(e)) => Err(e.message().to_owned()),
        (None, Ok(())) => Ok(wanted),
    }
}

fn is_inside(path: &str) -> bool {
    let plain = |c: Component<'_>| matches!(c, Component::Normal(_));
    !path.is_empty() && Path::new(path).components().all(plain) && !path.contains('\\')
}

/// Paths that differ: changed, missing, or there and not wanted.
pub fn differences(folder: &Path, wanted: &Wanted) -> Result<Vec<String>, String> {
    let mut there = Vec::new();
    list(folder, "", &mut there)?;
    let differs = |path: &str, (bytes, run): &(Vec<u8>, bool)| {
        let file = folder.join(path);
        let Ok(about) = fs::symlink_metadata(&file) else { return true };
        let same = about.is_file()
            && about.len() == bytes.len() as u64
            && (about.permissions().mode() & 0o100 != 0) == *run
            && fs::read(&file).is_ok_and(|found| found == *bytes);
        !same
    };
    let mut found: Vec<String> =
        wanted.iter().filter(|(path, file)| differs(path, file)).map(|(path, _)| path.clone()).collect();
    found.extend(there.into_iter().filter(|path| !wanted.contains_key(path)));
    found.sort();
    Ok(found)
}

/// Every file below a folder; a folder that is not there has none.
fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) -> Result<(), String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(format!("{}: {e}", folder.display())),
    };
    for entry in entries {
        let entry = entry.map_err(|e| e.to_string())?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if found.len() > MOST_FILES {
            return Err(format!("{} holds more than {MOST_FILES} files", folder.display()));
        }
        if entry.file_type().map_err(|e| e.to_string())?.is_dir() {
            list(&entry.path(), &format!("{path}/"), found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Makes the folder hold what is wanted. What only `before` named is removed; with `prune`, all else too.
/// When a file cannot be written, those written already get the bytes back that they had.
pub fn deploy(folder: &Path, wanted: &Wanted, before: &Wanted, prune: bool) -> Result<(), String> {
    let mut undo = Undo::new();
    let written = change(folder, wanted, before, prune, &mut undo);
    if written.is_err() {
        for (file, old) in undo.into_iter().rev() {
            let _ = match old {
                Some((bytes, run)) => replace(&file, &bytes, run),
                None => fs::remove_file(&file),
            };
        }
    }
    written
}

/// What [`deploy`] would do.
pub fn changes(folder: &Path, wanted: &Wanted, before: &Wanted, prune: bool) -> Result<Vec<Change>, String> {
    let hash = |bytes: &[u8], run: bool| {
        let mark = if run { " executable" } else { "" };
        format!("{}{mark}", ContentHash::of(bytes).as_str())
    };
    let mut found = Vec::new();
    for path in differences(folder, wanted)? {
        let after = wanted.get(&path).map(|(bytes, run)| hash(bytes, *run));
        if after.is_none() && !(prune || before.contains_key(&path)) {
            continue;
        }
        let old = there(&safe(folder, &path)?);
        found.push(Change { path, before: old.map(|(bytes, run)| hash(&bytes, run)), after });
    }
    Ok(found)
}

/// A file's bytes, and whether it can be run.
fn there(file: &Path) -> Option<(Vec<u8>, bool)> {
    let bytes = fs::read(file).ok()?;
    Some((bytes, fs::metadata(file).is_ok_and(|m| m.permissions().mode() & 0o100 != 0)))
}

/// What stood in each file that was changed, and whether it was executable; `None` where there was none.
type Undo = Vec<(PathBuf, Option<(Vec<u8>, bool)>)>;

fn change(
    folder: &Path,
    wanted: &Wanted,
    before: &Wanted,
    prune: bool,
    undo: &mut Undo,
) -> Result<(), String> {
    let unwanted = |path: &String| !wanted.contains_key(path) && (prune || before.contains_key(path));
    for path in differences(folder, wanted)? {
        let file = safe(folder, &path)?;
        let old = there(&file);
        let failed = |e: std::io::Error| format!("{path}: {e}");
        if let Some((bytes, run)) = wanted.get(&path) {
            replace(&file, bytes, *run).map_err(failed)?;
        } else if unwanted(&path) {
            fs::remove_file(&file).map_err(failed)?;
        } else {
            continue;
        }
        undo.push((file, old));
    }
    Ok(())
}

/// The path below the folder, when nothing on the way is a link.
fn safe(folder: &Path, path: &str) -> Result<PathBuf, String> {
    let mut at = folder.to_owned();
    for part in Path::new(path).components() {
        let Component::Normal(part) = part else { return Err(format!("{path} is no path to write to")) };
        if fs::symlink_metadata(&at).is_ok_and(|about| about.is_symlink()) && at != folder {
            return Err(format!("{} is a link", at.display()));
        }
        at.push(part);
    }
    Ok(at)
}

/// Replaces a file as a whole.
pub fn replace(file: &Path, bytes: &[u8], run: bool) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().set_permissions(fs::Permissions::from_mode(if run { 0o755 } else { 0o644 }))?;
    temporary.as_file().sync_all()?;
    temporary.persist(file).map(drop).map_err(|e| e.error)
}
