//! Understand: what is wrong. Lists, reads and scans, and groups findings into problems.
//!
//! Reads only; a file that cannot be examined becomes a note, never an error.

pub mod incident;
pub mod kept;
pub mod relevance;
pub mod stored;

use crate::domain::{Finding, Note, NoteLevel, Problem, ProblemId, ProblemKind, RepoPath, SuppressedBy};
use crate::engines::code::dependencies::{self, Project};
use crate::engines::code::glob::compile_glob;
use crate::engines::code::ruleset::RuleSet;
use crate::engines::code::scan::{FileReport, SuppressedFinding, concerned, scan_concerned};
use crate::engines::code::text::{Decoded, NotText, decode};
use crate::ports::workspace::{Entry, Listing, Selection, Workspace, WorkspaceError};
use kept::{Earlier, Kept, Origin};
use regex::Regex;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What is examined beside the selection.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub selection: Selection,
    /// Only findings on lines that the merge base with this reference does not have.
    pub new_lines_since: Option<String>,
    /// Globs on paths that are left out, and, when there are any, that alone are taken in.
    pub exclude: Vec<String>,
    pub include: Vec<String>,
    /// Larger files are noted and not examined.
    pub max_file_bytes: u64,
    /// 0: one for each processor.
    pub threads: usize,
}

/// A file with something to say.
#[derive(Debug, Clone)]
pub struct ExaminedFile {
    pub path: RepoPath,
    pub bytes: Vec<u8>,
    pub decoded: Decoded,
    pub findings: Vec<Finding>,
    pub suppressed: Vec<(Finding, SuppressedBy)>,
}

#[derive(Debug, Clone, Default)]
pub struct Examined {
    /// Only files with findings or suppressed findings, by path.
    pub files: Vec<ExaminedFile>,
    pub notes: Vec<Note>,
    /// Files that were read.
    pub examined: u64,
    pub skipped: u64,
    pub bytes: u64,
    /// Files whose result was kept from an earlier scan.
    pub cached: u64,
}

/// Whatever there is to watch a scan by.
pub struct Watch<'a> {
    /// Called from many threads, with the number of files, when it is known, and then once a file.
    pub total: &'a (dyn Fn(u64) + Sync),
    pub step: &'a (dyn Fn(&RepoPath) + Sync),
    pub cancel: &'a AtomicBool,
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

/// Examines what the scope names, in parallel. With `kept`, results of earlier scans are used again.
///
/// # Errors
/// [`WorkspaceError`] when the repository cannot be listed or a reference is unknown. On cancellation
/// what was examined so far is given back; the caller knows its own flag.
pub fn examine(
    workspace: &dyn Workspace,
    rules: &RuleSet,
    scope: &Scope,
    watch: &Watch<'_>,
    kept: Option<Kept<'_>>,
) -> Result<Examined, WorkspaceError> {
    let mut listing = workspace.list(&scope.selection)?;
    let paths = Paths::new(&scope.include, &scope.exclude)?;
    listing.entries.retain(|e| paths.take(&e.path));
    let view = &scope.selection.view;
    let lines = match &scope.new_lines_since {
        Some(reference) => Some(workspace.changed_lines(view, reference)?),
        None => None,
    };
    let project = project(workspace, rules, scope, &listing)?;
    (watch.total)(listing.entries.len() as u64);
    let earlier = kept.map(|kept| Earlier::load(kept, rules));
    let looker =
        Looker { rules, limit: scope.max_file_bytes, project: project.as_ref(), earlier: earlier.as_ref() };
    let looked = largest_first(&listing.entries, scope.threads, |entry| {
        if watch.cancel.load(Ordering::Relaxed) {
            return Look::default();
        }
        let look = match workspace.read(view, &entry.path, scope.max_file_bytes) {
            Ok(file) => looker.look(&entry.path, file.bytes),
            Err(error) => Look::noted(&entry.path, NoteLevel::Warning, &reason(&error)),
        };
        (watch.step)(&entry.path);
        look
    });
    let mut examined = Examined::default();
    let mut origins = Vec::new();
    for skipped in listing.skipped {
        examined.skipped += 1;
        examined.notes.push(Note { level: NoteLevel::Note, path: Some(skipped.path), text: skipped.why });
    }
    for look in looked {
        examined.examined += u64::from(look.bytes.is_some());
        examined.skipped += u64::from(look.bytes.is_none());
        examined.bytes += look.bytes.unwrap_or_default();
        examined.notes.extend(look.notes);
        examined.files.extend(look.file);
        examined.cached += u64::from(matches!(look.origin, Some(Origin::Kept(_))));
        origins.extend(look.origin);
    }
    if let Some(Err(error)) = earlier.as_ref().map(|earlier| earlier.save(&origins)) {
        examined.notes.push(Note { level: NoteLevel::Note, path: None, text: error.to_string() });
    }
    if let Some(lines) = lines {
        keep_new(&mut examined.files, &lines);
    }
    Ok(examined)
}

/// What `work` gives for each entry, in the order of the entries. Large files are begun first, so that
/// none is left over at the end with all other threads idle.
fn largest_first<T: Send>(entries: &[Entry], threads: usize, work: impl Fn(&Entry) -> T + Sync) -> Vec<T> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(entries.get(*at).map_or(0, |e| e.size)));
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        while let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.extend(entries.get(at).map(|entry| (at, work(entry))));
        }
        done
    };
    let shares = match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) if threads > 0 => pool.broadcast(|_| share()),
        _ => rayon::broadcast(|_| share()),
    };
    let mut all: Vec<(usize, T)> = shares.into_iter().flatten().collect();
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

/// What the whole project declares, when a rule in force asks for it.
fn project(
    workspace: &dyn Workspace,
    rules: &RuleSet,
    scope: &Scope,
    listing: &Listing,
) -> Result<Option<Project>, WorkspaceError> {
    if rules.rule(dependencies::RULE).is_none() {
        return Ok(None);
    }
    let view = &scope.selection.view;
    // A part of the repository is judged by what the whole of it declares.
    let part = !scope.selection.paths.is_empty() || scope.selection.from_ref.is_some();
    let whole = if part {
        workspace.list(&Selection { view: view.clone(), ..Selection::default() })?
    } else {
        listing.clone()
    };
    let manifests: Vec<(&RepoPath, String)> = whole
        .entries
        .iter()
        .filter(|e| dependencies::is_manifest(e.path.as_str()))
        .filter_map(|e| {
            let file = workspace.read(view, &e.path, scope.max_file_bytes).ok()?;
            Some((&e.path, String::from_utf8(file.bytes).ok()?))
        })
        .collect();
    Ok(Some(Project::new(
        whole.entries.iter().map(|e| e.path.as_str()),
        manifests.iter().map(|(path, text)| (path.as_str(), text.as_str())),
    )))
}

/// Findings of one rule in one file are one problem. `id` makes a new id for each. Most severe first,
/// then by path and place.
pub fn problems(findings: Vec<Finding>, id: &dyn Fn() -> ProblemId) -> Vec<Problem> {
    let mut groups: Vec<Vec<Finding>> = Vec::new();
    let mut place: BTreeMap<(String, RepoPath), usize> = BTreeMap::new();
    for finding in findings {
        let key = (finding.rule.clone(), finding.location.path.clone());
        match place.get(&key).and_then(|i| groups.get_mut(*i)) {
            Some(group) => group.push(finding),
            None => {
                place.insert(key, groups.len());
                groups.push(vec![finding]);
            }
        }
    }
    let problem = |findings: Vec<Finding>| {
        let first = findings.first()?;
        Some(Problem {
            id: id(),
            kind: ProblemKind::Finding,
            title: first.title.clone(),
            severity: findings.iter().map(|f| f.severity).max()?,
            target_path: first.location.path.clone(),
            findings,
        })
    };
    let mut problems: Vec<Problem> = groups.into_iter().filter_map(problem).collect();
    problems.sort_by_key(|p| std::cmp::Reverse(p.severity));
    problems
}

#[derive(Default)]
struct Look {
    file: Option<ExaminedFile>,
    notes: Vec<Note>,
    /// Size of the file, when it was examined.
    bytes: Option<u64>,
    origin: Option<Origin>,
}

impl Look {
    fn noted(path: &RepoPath, level: NoteLevel, text: &str) -> Self {
        Self {
            notes: vec![Note { level, path: Some(path.to_string()), text: text.to_owned() }],
            ..Self::default()
        }
    }
}

/// All that a file is examined with.
struct Looker<'a> {
    rules: &'a RuleSet,
    limit: u64,
    project: Option<&'a Project>,
    earlier: Option<&'a Earlier<'a>>,
}

impl Looker<'_> {
    fn look(&self, path: &RepoPath, bytes: Vec<u8>) -> Look {
        let decoded = match decode(&bytes, usize::try_from(self.limit).unwrap_or(usize::MAX)) {
            Ok(decoded) => decoded,
            Err(NotText::Binary) => return Look::noted(path, NoteLevel::Note, "binary"),
            Err(error) => return Look::noted(path, NoteLevel::Warning, &error.to_string()),
        };
        let project = concerned(self.rules, path, &decoded.text, self.project);
        let scan = || scan_concerned(self.rules, path, &decoded.text, project);
        let (report, origin) = match self.earlier {
            None => (scan(), None),
            Some(earlier) => {
                let (report, origin) = earlier.result(kept::key(path, &bytes, project), scan);
                (report, Some(origin))
            }
        };
        Look { origin, ..reported(path, bytes, decoded, report) }
    }
}

fn reported(path: &RepoPath, bytes: Vec<u8>, decoded: Decoded, report: FileReport) -> Look {
    // The engine's notes name their file themselves; here it is a field of its own.
    let prefix = format!("{path}: ");
    let note = |text: String| {
        let text = text.strip_prefix(&prefix).map_or(text.clone(), str::to_owned);
        Note { level: NoteLevel::Warning, path: Some(path.to_string()), text }
    };
    let mut look = Look {
        file: None,
        notes: report.notes.into_iter().map(note).collect(),
        bytes: Some(bytes.len() as u64),
        origin: None,
    };
    if !report.findings.is_empty() || !report.suppressed.is_empty() {
        let inline = |one: SuppressedFinding| {
            (one.finding, SuppressedBy::Inline { line: one.line, reason: one.reason })
        };
        look.file = Some(ExaminedFile {
            path: path.clone(),
            bytes,
            decoded,
            findings: report.findings,
            suppressed: report.suppressed.into_iter().map(inline).collect(),
        });
    }
    look
}

fn reason(error: &WorkspaceError) -> String {
    match error {
        WorkspaceError::File { why, .. } => why.clone(),
        other => other.to_string(),
    }
}

/// Leaves only findings that touch a line of the change.
fn keep_new(files: &mut Vec<ExaminedFile>, lines: &BTreeMap<RepoPath, Vec<Range<u32>>>) {
    for file in files.iter_mut() {
        let changed = lines.get(&file.path).map(Vec::as_slice).unwrap_or_default();
        let new = |f: &Finding| {
            let (first, last) = (f.location.start.0, f.location.end.0.max(f.location.start.0));
            changed.iter().any(|range| range.start <= last && first < range.end)
        };
        file.findings.retain(new);
        file.suppressed.retain(|(f, _)| new(f));
    }
    files.retain(|f| !f.findings.is_empty() || !f.suppressed.is_empty());
}

/// The include and exclude globs.
struct Paths {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
}

impl Paths {
    fn new(include: &[String], exclude: &[String]) -> Result<Self, WorkspaceError> {
        let compile = |globs: &[String]| {
            globs
                .iter()
                .map(|g| compile_glob(g))
                .collect::<Result<Vec<_>, _>>()
                .map_err(WorkspaceError::Storage)
        };
        Ok(Self { include: compile(include)?, exclude: compile(exclude)? })
    }

    fn take(&self, path: &RepoPath) -> bool {
        let hit = |globs: &[Regex]| globs.iter().any(|g| g.is_match(path.as_str()));
        (self.include.is_empty() || hit(&self.include)) && !hit(&self.exclude)
    }
}
