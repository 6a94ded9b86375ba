//! Findings of other tools, joined to what was scanned. Changes nothing; what cannot be placed is noted.

use crate::app::App;
use crate::exit::Failure;
use ecoops_core::domain::{Finding, Note, NoteLevel, RepoPath};
use ecoops_core::engines::code::text::decode;
use ecoops_core::engines::imports::{Sources, import};
use ecoops_core::pipeline::understand::{Examined, ExaminedFile};
use ecoops_core::ports::workspace::{View, Workspace};
use std::path::PathBuf;

/// Reads each report and adds its findings to the files that they are in.
///
/// # Errors
/// [`Failure`] when a report cannot be read or is of no known format.
pub fn add(
    app: &App,
    workspace: &dyn Workspace,
    reports: &[PathBuf],
    examined: &mut Examined,
) -> Result<(), Failure> {
    let limit = app.settings().scan.max_file_size;
    let read = |path: &RepoPath| workspace.read(&View::WorkingTree, path, limit).ok();
    let text = |path: &RepoPath| decode(&read(path)?.bytes, usize::MAX).ok().map(|d| d.text);
    let root = workspace.about().location.display().to_string();
    for report in reports {
        let bytes = std::fs::read(app.here.join(report))
            .map_err(|e| Failure::new(format!("{} cannot be read", report.display())).because(&e))?;
        let imported = import(&bytes, Sources { root: &root, read: &text })
            .map_err(|e| Failure::new(format!("{} cannot be imported", report.display())).because(&e))?;
        examined.notes.extend(imported.notes.into_iter().map(|text| Note {
            level: NoteLevel::Warning,
            path: Some(report.display().to_string()),
            text,
        }));
        for finding in imported.findings {
            place(finding, &read, examined);
        }
    }
    examined.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(())
}

fn place(
    finding: Finding,
    read: &dyn Fn(&RepoPath) -> Option<ecoops_core::ports::workspace::File>,
    examined: &mut Examined,
) {
    let path = finding.location.path.clone();
    if let Some(file) = examined.files.iter_mut().find(|f| f.path == path) {
        file.findings.push(finding);
        return;
    }
    let Some(file) = read(&path) else { return };
    let Ok(decoded) = decode(&file.bytes, usize::MAX) else { return };
    let suppressed = Vec::new();
    examined.files.push(ExaminedFile {
        path,
        bytes: file.bytes,
        decoded,
        findings: vec![finding],
        suppressed,
    });
    // What another tool found was examined, even if nothing else was.
    examined.examined = examined.examined.max(1);
}
