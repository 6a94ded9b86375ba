//! Files, and stdin, that were named on the command line: opened, read, or put together as a bundle.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::stream::Stream;
use ecoops_plugins::registry::capture::{place, role_of};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Opens a file, pipe or device to be read until it ends or the command is asked to stop; `-` is stdin.
///
/// # Errors
/// [`Failure`] when there is none (exit 3), or it is a folder or may not be read.
pub fn open(app: &App, path: &Path) -> Result<Stream, Failure> {
    let failed = || Failure::new(format!("{} cannot be read", path.display()));
    if path == Path::new("-") {
        return Stream::stdin(&app.interrupt).map_err(|e| failed().because(&e));
    }
    let stream = Stream::open(&app.here.join(path), &app.interrupt).map_err(|e| {
        let failure = failed().because(&e);
        if e.kind() == std::io::ErrorKind::NotFound { failure.exit(Exit::Nothing) } else { failure }
    })?;
    if stream.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(failed().next("name a file: it is a folder"));
    }
    Ok(stream)
}

/// All of a file, up to `most` bytes.
///
/// # Errors
/// As [`open`], or when it is longer.
pub fn read_whole(app: &App, path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let failed = || Failure::new(format!("{} cannot be read", path.display()));
    let file = open(app, path)?;
    let mut bytes = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut bytes);
    app.interrupt.check()?;
    read.map_err(|e| failed().because(&e))?;
    if bytes.len() as u64 > most {
        return Err(Failure::new(format!("{} is longer than {} MiB", path.display(), most >> 20))
            .next("give a part of it"));
    }
    Ok(bytes)
}

/// Loose files, put together as a bundle for as long as this lives.
#[derive(Debug)]
pub struct Loose {
    pub folder: TempDir,
    /// The files as the user named them.
    pub label: String,
}

/// Puts loose files together as a bundle, each as what it is told to be. The files are linked where that is possible.
///
/// # Errors
/// [`Failure`] naming the file that cannot be read, is no plain file, or could be several things.
pub fn bundle(app: &App, names: &[PathBuf]) -> Result<Loose, Failure> {
    let failed = |name: &Path, e: &dyn std::error::Error| {
        Failure::new(format!("{} cannot be read", name.display())).because(e)
    };
    std::fs::create_dir_all(&app.folders.cache).map_err(|e| failed(&app.folders.cache, &e))?;
    let folder = tempfile::tempdir_in(&app.folders.cache).map_err(|e| failed(&app.folders.cache, &e))?;
    std::fs::create_dir(folder.path().join("logs")).map_err(|e| failed(folder.path(), &e))?;
    for name in names {
        if name == Path::new("-") {
            copy(app, open(app, name)?, name, &folder.path().join("logs/stream.log"))?;
            continue;
        }
        let file = open(app, name)?;
        if !file.metadata().is_ok_and(|about| about.is_file()) {
            return Err(Failure::new(format!("{} cannot be read", name.display()))
                .because_of("it is no plain file".to_owned())
                .next("name files that end; what a stream gives is read from stdin, as `-`"));
        }
        // What a symbolic link leads to is meant: a bundle's reader follows none.
        let path = app.here.join(name).canonicalize().map_err(|e| failed(name, &e))?;
        let role = role_of(&path).map_err(|e| failed(name, &e))?.ok_or_else(|| {
            Failure::new(format!("{} cannot be used", name.display()))
                .because_of("what it is cannot be told from what it holds".to_owned())
                .next("name it events.json, changes.jsonl, traces.json or the like")
        })?;
        let called = name.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut place = folder.path().join(place(role, &called));
        // Two files of one name are two instances.
        let mut number = 1;
        while place.exists() {
            number += 1;
            let name = place.file_name().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            let (stem, suffix) = name.split_once('.').unwrap_or((&name, ""));
            let suffix = suffix.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('.');
            let numbered = format!("{stem}.{number}.{suffix}");
            place.set_file_name(numbered);
        }
        let linked = std::fs::hard_link(&path, &place);
        if linked.is_err() {
            copy(app, file, name, &place)?;
        }
    }
    Ok(Loose { folder, label: label(names) })
}

/// Copies what is read to a new file.
fn copy(app: &App, mut from: Stream, name: &Path, to: &Path) -> Result<(), Failure> {
    let copied = File::create(to).and_then(|mut to| std::io::copy(&mut from, &mut to));
    app.interrupt.check()?;
    copied.map(drop).map_err(|e| Failure::new(format!("{} cannot be read", name.display())).because(&e))
}

/// The files as a message names them: the first three.
fn label(names: &[PathBuf]) -> String {
    let shown = names.iter().take(3).map(|name| match name == Path::new("-") {
        true => "stdin".to_owned(),
        false => name.display().to_string(),
    });
    let mut shown: Vec<String> = shown.collect();
    if names.len() > shown.len() {
        shown.push(format!("{} more", names.len() - shown.len()));
    }
    shown.join(", ")
}
