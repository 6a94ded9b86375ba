//! Deploys from git history: tags within the time, else merges, else commits of the main line.
//!
//! Never runs a hook or a command, and never writes to the repository.

use super::CaptureError;
use ecoops_core::domain::incident::{ChangeKind, ChangeRecord, IncidentBrief, TimeRange};
use ecoops_core::ports::telemetry::Readings;
use git2::{Commit, Oid, Repository, Sort};
use std::path::PathBuf;

/// Commits looked at.
const COMMITS: usize = 20_000;
/// Changes taken of one repository.
const CHANGES: usize = 2_000;

/// A repository whose history tells of deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHistory {
    pub repository: PathBuf,
    /// What it is deployed as; without it the repository's folder names it.
    pub service: Option<String>,
}

/// A tag and the commit that it names.
struct Tag {
    name: String,
    time: f64,
    author: Option<String>,
    commit: Oid,
}

/// Adds the changes of a repository between the earliest time of the incident and the end of its window.
pub fn take(
    history: &GitHistory,
    brief: &IncidentBrief,
    readings: &mut Readings,
) -> Result<(), CaptureError> {
    let failed = |error: git2::Error| CaptureError::Input {
        path: history.repository.clone(),
        why: format!("no history can be read: {}", error.message()),
    };
    let repository = Repository::open(&history.repository).map_err(failed)?;
    let named = repository.workdir().unwrap_or_else(|| repository.path()).file_name();
    let name =
        named.map(|n| n.to_string_lossy().trim_end_matches(".git").to_owned()).filter(|n| !n.is_empty());
    let service = history.service.clone().or(name).unwrap_or_else(|| "repository".to_owned());
    let range = reach(brief);
    let mut tags = tags(&repository).map_err(failed)?;
    tags.sort_by(|a, b| a.time.total_cmp(&b.time).then_with(|| a.name.cmp(&b.name)));
    let mut changes = of_tags(&repository, &tags, &service, range);
    let mut kind = "tags";
    if changes.is_empty() {
        let commits = main_line(&repository, range).map_err(failed)?;
        let merges: Vec<&Commit<'_>> = commits.iter().filter(|c| c.parent_count() > 1).collect();
        kind = if merges.is_empty() { "commits" } else { "merges" };
        let chosen = if merges.is_empty() { commits.iter().collect() } else { merges };
        changes = chosen.into_iter().map(|commit| of_commit(&repository, commit, &service)).collect();
    }
    if changes.len() > CHANGES {
        changes.drain(..changes.len() - CHANGES);
        readings.notes.push(format!("git: of {service} only the latest {CHANGES} {kind} are taken"));
    }
    if changes.is_empty() {
        readings.notes.push(format!("git: {service} did not change in the time of the incident"));
    } else {
        readings.notes.push(format!("git: {} {kind} of {service} are taken as deploys", changes.len()));
    }
    readings.changes.append(&mut changes);
    Ok(())
}

/// From as long before the window as it lasts, an hour at least, to its end.
fn reach(brief: &IncidentBrief) -> TimeRange {
    let before = brief.window.length().max(3600.0);
    let close =
        brief.baseline.filter(|b| b.start < brief.window.start && brief.window.start - b.start < 86_400.0);
    let start = close.map_or(f64::INFINITY, |b| b.start).min(brief.window.start - before);
    TimeRange { start, end: brief.window.end }
}

fn tags(repository: &Repository) -> Result<Vec<Tag>, git2::Error> {
    let mut found = Vec::new();
    repository.tag_foreach(|id, name| {
        let name = String::from_utf8_lossy(name).trim_start_matches("refs/tags/").to_owned();
        let tag = repository.find_tag(id).ok();
        let commit = repository.find_object(id, None).and_then(|object| object.peel_to_commit());
        if let Ok(commit) = commit {
            let tagger = tag.as_ref().and_then(|t| t.tagger());
            let seconds = tagger.as_ref().map_or_else(|| commit.time().seconds(), |t| t.when().seconds());
            let author = tagger.as_ref().and_then(|t| t.name().ok().map(str::to_owned));
            found.push(Tag { name, time: seconds_of(seconds), author, commit: commit.id() });
        }
        found.len() < COMMITS
    })?;
    Ok(found)
}

#[allow(clippy::cast_precision_loss, reason = "times are far below 2^52")]
fn seconds_of(seconds: i64) -> f64 {
    seconds as f64
}

fn of_tags(repository: &Repository, tags: &[Tag], service: &str, range: TimeRange) -> Vec<ChangeRecord> {
    let mut changes = Vec::new();
    for (at, tag) in tags.iter().enumerate().filter(|(_, tag)| range.contains(tag.time)) {
        let before = at.checked_sub(1).and_then(|at| tags.get(at));
        let kind = repository.find_commit(tag.commit).map_or(ChangeKind::Deploy, |commit| {
            let from = before.and_then(|b| repository.find_commit(b.commit).ok());
            kind_of(repository, from.as_ref(), &commit)
        });
        changes.push(ChangeRecord {
            id: tag.name.clone(),
            time: tag.time,
            kind,
            service: service.to_owned(),
            from: before.map(|b| b.name.clone()),
            to: Some(tag.name.clone()),
            instances: Vec::new(),
            author: tag.author.clone(),
            reference: Some(tag.commit.to_string()),
        });
    }
    changes
}

/// Commits of the first parents of HEAD within the range, the oldest first.
fn main_line(repository: &Repository, range: TimeRange) -> Result<Vec<Commit<'_>>, git2::Error> {
    if repository.is_empty()? {
        return Ok(Vec::new());
    }
    let mut walk = repository.revwalk()?;
    walk.push_head()?;
    walk.simplify_first_parent()?;
    walk.set_sorting(Sort::TOPOLOGICAL)?;
    let mut found = Vec::new();
    for id in walk.take(COMMITS) {
        let commit = repository.find_commit(id?)?;
        let time = seconds_of(commit.time().seconds());
        if range.contains(time) {
            found.push(commit);
        } else if time < range.start - 30.0 * 86_400.0 {
            // Times of commits may be out of order, but not by a month.
            break;
        }
    }
    found.reverse();
    Ok(found)
}

fn of_commit(repository: &Repository, commit: &Commit<'_>, service: &str) -> ChangeRecord {
    let before = commit.parent(0).ok();
    let short = |id: Oid| id.to_string().chars().take(12).collect::<String>();
    ChangeRecord {
        id: short(commit.id()),
        time: seconds_of(commit.time().seconds()),
        kind: kind_of(repository, before.as_ref(), commit),
        service: service.to_owned(),
        from: before.as_ref().map(|b| short(b.id())),
        to: Some(short(commit.id())),
        instances: Vec::new(),
        author: commit.author().name().ok().map(str::to_owned),
        reference: Some(commit.id().to_string()),
    }
}

/// Configuration or infrastructure when nothing else was touched.
fn kind_of(repository: &Repository, from: Option<&Commit<'_>>, to: &Commit<'_>) -> ChangeKind {
    let before = from.and_then(|commit| commit.tree().ok());
    let diff = repository.diff_tree_to_tree(before.as_ref(), to.tree().ok().as_ref(), None);
    let Ok(diff) = diff else { return ChangeKind::Deploy };
    let kinds: Vec<ChangeKind> = diff
        .deltas()
        .take(5000)
        .filter_map(|delta| {
            delta
                .new_file()
                .path()
                .or_else(|| delta.old_file().path())
                .map(|p| file_kind(&p.to_string_lossy()))
        })
        .collect();
    let all = |kind: ChangeKind| !kinds.is_empty() && kinds.iter().all(|k| *k == kind);
    if all(ChangeKind::Config) {
        ChangeKind::Config
    } else if !kinds.is_empty() && kinds.iter().all(|k| *k != ChangeKind::Deploy) {
        ChangeKind::Infra
    } else {
        ChangeKind::Deploy
    }
}

fn file_kind(path: &str) -> ChangeKind {
    let lower = path.to_lowercase();
    const INFRA: [&str; 9] = [
        "terraform/",
        "helm/",
        "charts/",
        "k8s/",
        "kubernetes/",
        "deploy/",
        "manifests/",
        "ansible/",
        "infra/",
    ];
    const CONFIG: [&str; 10] =
        [".yaml", ".yml", ".toml", ".ini", ".conf", ".cfg", ".env", ".properties", ".json", ".xml"];
    let infra = INFRA.iter().any(|i| lower.starts_with(i) || lower.contains(&format!("/{i}")));
    if infra || lower.ends_with(".tf") || lower.ends_with(".tfvars") {
        ChangeKind::Infra
    } else if CONFIG.iter().any(|end| lower.ends_with(end)) {
        ChangeKind::Config
    } else {
        ChangeKind::Deploy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_what_was_touched() {
        for (path, kind) in [
            ("src/main.rs", ChangeKind::Deploy),
            ("config/app.yaml", ChangeKind::Config),
            ("env/terraform/main.tf", ChangeKind::Infra),
            ("k8s/cart.yaml", ChangeKind::Infra),
        ] {
            assert_eq!(file_kind(path), kind, "{path}");
        }
    }
}
