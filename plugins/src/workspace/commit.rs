//! Making a commit that holds exactly the fix's own lines and nothing of the user's uncommitted work.
//!
//! Writes objects only; the reference and the index are replaced when the set is settled.

use super::author;
use super::copy::sync_folder;
use super::git::{GitWorkspace, git};
use super::lock::storage;
use super::refs::NO_COMMIT;
use ecoops_core::domain::{RepoPath, WriteSet};
use ecoops_core::engines::code::diff::{self, Hunk};
use ecoops_core::ports::workspace::{CommitRequest, Keep, WorkspaceError};
use git2::build::TreeUpdateBuilder;
use git2::{
    AttrCheckFlags, AttrValue, Blob, FileMode, Index, IndexEntry, IndexTime, Oid, Repository,
    RepositoryState, Tree,
};
use std::fs;
use std::io::Write;
use std::path::Path;

/// One file with its bytes on disk before and after the fix.
pub(super) struct Fixed<'a> {
    pub path: &'a RepoPath,
    pub before: Vec<u8>,
    pub after: &'a [u8],
}

/// Adds reference, index and HEAD to the set.
pub(super) fn plan(
    ws: &GitWorkspace,
    files: &[Fixed<'_>],
    request: &CommitRequest,
    keep: Keep<'_>,
    set: &mut WriteSet,
) -> Result<(), WorkspaceError> {
    let repository = ws.repository()?;
    if repository.state() != RepositoryState::Clean {
        return refuse("a merge, rebase or similar is in progress; finish it first");
    }
    let Ok(head) = repository.head().and_then(|head| head.peel_to_commit()) else {
        return refuse("there is no commit yet to build on");
    };
    let index_path = repository.path().join("index");
    let index_before = fs::read(&index_path).map_err(|e| storage(&index_path, &e))?;
    let tree = head.tree().map_err(git)?;
    let mut updates = TreeUpdateBuilder::new();
    let mut staged = Vec::new();
    {
        let index = read_index(&repository)?;
        for file in files {
            let (committed, mode, entry) = combine(&repository, &tree, &index, file)?;
            updates.upsert(file.path.as_str(), committed, mode);
            staged.push(entry);
        }
    }
    let fixed = updates.create_updated(&repository, &tree).map_err(git)?;
    if fixed == tree.id() {
        return refuse("the fix changes nothing that git would commit");
    }
    let tree = repository.find_tree(fixed).map_err(git)?;
    let (author, committer) =
        author::signatures(&repository, &ws.settings.identities, seconds(&request.timestamp)?)?;
    let mut message = request.message.trim_end().to_owned();
    message.push('\n');
    let commit = repository.commit(None, &author, &committer, &message, &tree, &[&head]).map_err(git)?;
    let mut written: Vec<Oid> = staged.iter().map(|entry| entry.id).collect();
    written.extend([commit, fixed]);
    for file in files {
        let path: &Path = file.path.as_str().as_ref();
        let above = path.ancestors().filter(|p| !p.as_os_str().is_empty());
        written.extend(above.filter_map(|p| Some(tree.get_path(p).ok()?.id())));
    }
    persist(&repository, &written)?;

    let index_after = rewrite_index(&index_before, &staged)?;
    set.index = Some((keep(&index_before)?, keep(&index_after)?));
    let (reference, switch) = references(&repository, request, head.id())?;
    set.reference = Some((reference.0, reference.1, commit.to_string()));
    set.head = switch;
    Ok(())
}

fn refuse<T>(why: &str) -> Result<T, WorkspaceError> {
    Err(WorkspaceError::Git(why.to_owned()))
}

fn read_index(repository: &Repository) -> Result<Index, WorkspaceError> {
    let index = repository.index().map_err(|error| {
        WorkspaceError::Git(format!(
            "the index cannot be rewritten (split and sparse indexes cannot; `git update-index \
             --no-split-index` or `git sparse-checkout reapply --no-sparse-index` help): {}",
            error.message()
        ))
    })?;
    if index.has_conflicts() {
        return refuse("the index holds merge conflicts; resolve them first");
    }
    Ok(index)
}

/// The blob to commit, its mode, and the index entry with the fix's lines added to what is staged.
fn combine(
    repository: &Repository,
    tree: &Tree<'_>,
    index: &Index,
    file: &Fixed<'_>,
) -> Result<(Oid, FileMode, IndexEntry), WorkspaceError> {
    let entangled = || WorkspaceError::Entangled(file.path.clone());
    let place: &Path = file.path.as_str().as_ref();
    let head = tree.get_path(place).map_err(|_| entangled())?;
    let mut entry = index.get_path(place, 0).ok_or_else(entangled)?;
    if entry.flags_extended & git2::IndexEntryExtendedFlag::INTENT_TO_ADD.bits() != 0 {
        return Err(entangled());
    }
    refuse_filters(repository, file.path)?;
    let before = clean(repository, file.path, &file.before)?;
    let after = clean(repository, file.path, file.after)?;
    let (before, after) = (before.content(), after.content());
    let fix = diff::hunks(before, after);

    let committed = repository.find_blob(head.id()).map_err(git)?;
    let committed = project(committed.content(), before, after, &fix).ok_or_else(entangled)?;
    let committed = repository.blob(&committed).map_err(git)?;
    let staged = if entry.id == head.id() {
        committed
    } else {
        let staged = repository.find_blob(entry.id).map_err(git)?;
        let staged = project(staged.content(), before, after, &fix).ok_or_else(entangled)?;
        repository.blob(&staged).map_err(git)?
    };
    entry.id = staged;
    let mode = if head.filemode() & 0o111 == 0 { FileMode::Blob } else { FileMode::BlobExecutable };
    Ok((committed, mode, entry))
}

/// A filter program or another encoding in the repository makes blobs that only git could make.
fn refuse_filters(repository: &Repository, path: &RepoPath) -> Result<(), WorkspaceError> {
    for name in ["filter", "working-tree-encoding"] {
        let value = repository
            .get_attr_bytes(path.as_str().as_ref(), name, AttrCheckFlags::FILE_THEN_INDEX)
            .map_err(git)?;
        if let AttrValue::String(_) | AttrValue::Bytes(_) = AttrValue::from_bytes(value) {
            return refuse(&format!(
                "{path} has the git attribute `{name}`, which ecoops does not apply; fix without --commit"
            ));
        }
    }
    Ok(())
}

/// The blob that git would store for bytes on disk: line endings as the attributes say.
fn clean<'r>(repository: &'r Repository, path: &RepoPath, bytes: &[u8]) -> Result<Blob<'r>, WorkspaceError> {
    let mut writer = repository.blob_writer(Some(path.as_str().as_ref())).map_err(git)?;
    writer.write_all(bytes).map_err(|e| WorkspaceError::Git(e.to_string()))?;
    let id = writer.commit().map_err(git)?;
    repository.find_blob(id).map_err(git)
}

/// Applies the hunks of a fix (of `before`, to `after`) to another version of the file. `None` when a
/// hunk replaces lines in which the two versions differ, or inserts next to such.
fn project(base: &[u8], before: &[u8], after: &[u8], fix: &[Hunk]) -> Option<Vec<u8>> {
    let user = diff::hunks(base, before);
    let (base, after) = (diff::lines(base), diff::lines(after));
    let (mut result, mut from) = (Vec::new(), 0);
    for hunk in fix {
        let at = place(&user, hunk)?;
        result.extend(base.get(from..at)?.concat());
        result.extend(after.get(hunk.new.clone())?.concat());
        from = at + hunk.old.len();
    }
    result.extend(base.get(from..)?.concat());
    Some(result)
}

/// The line of the base at which a hunk's first line is.
fn place(user: &[Hunk], hunk: &Hunk) -> Option<usize> {
    let (start, end) = (hunk.old.start, hunk.old.end);
    let mut at = start;
    for theirs in user {
        let (s, e) = (theirs.new.start, theirs.new.end);
        let meets = if start == end {
            s <= start && start <= e
        } else if s == e {
            start < s && s < end
        } else {
            s < end && start < e
        };
        if meets {
            return None;
        }
        if e <= start {
            at = at + theirs.old.len() - (e - s);
        }
    }
    Some(at)
}

/// The index file with some entries replaced; all else that it says stays.
fn rewrite_index(before: &[u8], entries: &[IndexEntry]) -> Result<Vec<u8>, WorkspaceError> {
    let storage = |e: std::io::Error| WorkspaceError::Storage(format!("a copy of the index: {e}"));
    let mut file = tempfile::NamedTempFile::new().map_err(storage)?;
    file.write_all(before).map_err(storage)?;
    let mut index = Index::open(file.path()).map_err(git)?;
    for entry in entries {
        // Nothing is known about the file on disk: git will look.
        let (ctime, mtime) = (IndexTime::new(0, 0), IndexTime::new(0, 0));
        let path = entry.path.clone();
        let entry = IndexEntry { ctime, mtime, dev: 0, ino: 0, uid: 0, gid: 0, file_size: 0, path, ..*entry };
        index.add(&entry).map_err(git)?;
    }
    index.write().map_err(git)?;
    fs::read(file.path()).map_err(storage)
}

/// Waits until objects are on disk: libgit2 does not, and a branch must not come to name a commit that
/// a power failure then loses. Those in packs were there before.
fn persist(repository: &Repository, ids: &[Oid]) -> Result<(), WorkspaceError> {
    let objects = repository.commondir().join("objects");
    for id in ids {
        let name = id.to_string();
        let (folder, file) = name.split_at(2);
        let folder = objects.join(folder);
        let path = folder.join(file);
        match fs::File::open(&path) {
            Ok(file) => {
                file.sync_all().and_then(|()| sync_folder(&folder)).map_err(|e| storage(&path, &e))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(storage(&path, &error)),
        }
    }
    sync_folder(&objects).map_err(|e| storage(&objects, &e))
}

/// Seconds since 1970.
fn seconds(timestamp: &str) -> Result<i64, WorkspaceError> {
    let at: jiff::Timestamp = timestamp
        .parse()
        .map_err(|_| WorkspaceError::Git(format!("`{timestamp}` is no RFC 3339 timestamp")))?;
    Ok(at.as_second())
}

type Reference = (String, String);

/// The reference to move with its old value, and what HEAD says before and after when it is switched.
fn references(
    repository: &Repository,
    request: &CommitRequest,
    head: Oid,
) -> Result<(Reference, Option<(String, String)>), WorkspaceError> {
    let path = repository.path().join("HEAD");
    let content = fs::read_to_string(&path).map_err(|e| storage(&path, &e))?;
    if let Some(branch) = &request.branch {
        let name = format!("refs/heads/{branch}");
        if !git2::Reference::is_valid_name(&name) || branch.starts_with('-') || branch == "HEAD" {
            return refuse(&format!("`{branch}` is no name for a branch"));
        }
        if is_taken(repository, &name)? {
            return refuse(&format!("the branch `{branch}` (or one above or below it) exists already"));
        }
        let switched = format!("ref: {name}\n");
        return Ok(((name, NO_COMMIT.into()), Some((content, switched))));
    }
    let symbolic = repository.find_reference("HEAD").map_err(git)?;
    let name = symbolic.symbolic_target().map_err(git)?.unwrap_or("HEAD").to_owned();
    if repository.find_reference(&name).map_err(git)?.target() != Some(head) {
        return refuse(&format!("{name} is itself a symbolic reference"));
    }
    Ok(((name, head.to_string()), None))
}

/// Git keeps references as files: `a` and `a/b` cannot both be.
fn is_taken(repository: &Repository, name: &str) -> Result<bool, WorkspaceError> {
    for reference in repository.references().map_err(git)?.flatten() {
        let Ok(other) = reference.name() else { continue };
        let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
        if other == name || below(other, name) || below(name, other) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_is_carried_over_exactly_when_it_is_clear_where_to() {
        for (base, before, after, expected) in [
            // nothing of the user's
            ("a\nb\nc\n", "a\nb\nc\n", "a\nB\nc\n", Some("a\nB\nc\n")),
            // the user's lines elsewhere
            ("a\nb\nc\n", "x\na\nb\nc\n", "x\na\nB\nc\n", Some("a\nB\nc\n")),
            ("a\nb\nc\n", "b\nc\n", "b\nC\n", Some("a\nb\nC\n")),
            ("a\nb\nc\n", "a\nb\nc\ny\n", "A\nb\nc\ny\n", Some("A\nb\nc\n")),
            // replaced lines that touch the user's
            ("a\nb\nc\n", "a\nx\nb\nc\n", "a\nx\nB\nc\n", Some("a\nB\nc\n")),
            // the user's own line
            ("a\nb\nc\n", "a\nx\nc\n", "a\nX\nc\n", None),
            // across a line that the user deleted
            ("a\nb\nc\n", "a\nc\n", "A\nC\n", None),
            // an insertion next to the user's
            ("a\nb\n", "a\nx\nb\n", "a\ny\nx\nb\n", None),
            ("a\nb\n", "x\na\nb\n", "x\na\ny\nb\n", Some("a\ny\nb\n")),
            // without a final line end
            ("a\nb", "x\na\nb", "x\na\nc", Some("a\nc")),
        ] {
            let fix = diff::hunks(before.as_bytes(), after.as_bytes());
            let got = project(base.as_bytes(), before.as_bytes(), after.as_bytes(), &fix);
            assert_eq!(got.as_deref(), expected.map(str::as_bytes), "{base:?} {before:?} {after:?}");
        }
    }
}
