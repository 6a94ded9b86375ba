//! Reads a folder of policies: `*.rego` and the data document `data.json`.
//!
//! What cannot be read is a problem that the caller must not pass over: a policy that is not heard
//! might have denied.

use ecoops_core::engines::policy::rego::{LARGEST_POLICY, Source};
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// More files than this are a problem.
const MOST_FILES: usize = 200;

/// A folder's policies, their tests apart.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    pub policies: Vec<Source>,
    /// `*_test.rego`.
    pub tests: Vec<Source>,
    pub data: serde_json::Map<String, serde_json::Value>,
    /// Sentences on what could not be read.
    pub problems: Vec<String>,
}

/// Reads the files directly in `folder`, in order of name. No such folder is an empty one.
pub fn read(folder: &Path) -> Folder {
    let mut found = Folder::default();
    let mut names = match names(folder) {
        Ok(names) => names,
        Err(why) => {
            found.problems.push(format!("The policies in {} cannot be read: {why}.", folder.display()));
            return found;
        }
    };
    names.sort();
    if names.len() > MOST_FILES {
        found.problems.push(format!("{} has more than {MOST_FILES} policies.", folder.display()));
        return found;
    }
    for name in names {
        match text(&folder.join(&name)) {
            Err(why) => found.problems.push(format!("The policy {name} cannot be read: {why}.")),
            Ok(text) if name == "data.json" => match serde_json::from_str(&text) {
                Ok(data) => found.data = data,
                Err(why) => found.problems.push(format!("{name} is no JSON object: {why}.")),
            },
            Ok(text) if name.ends_with("_test.rego") => found.tests.push(Source { name, text }),
            Ok(text) => found.policies.push(Source { name, text }),
        }
    }
    found
}

/// Reads a folder or a single file that someone named: that it is not there is a problem, and so is a folder
/// without a policy.
pub fn read_named(path: &Path) -> Folder {
    if path.is_dir() {
        let mut found = read(path);
        if found.problems.is_empty() && found.policies.is_empty() {
            found.problems.push(format!("There is no policy in {}.", path.display()));
        }
        return found;
    }
    let mut found = Folder::default();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match text(path) {
        Ok(text) => found.policies.push(Source { name, text }),
        Err(why) => found.problems.push(format!("The policy {} cannot be read: {why}.", path.display())),
    }
    found
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if name.as_encoded_bytes().ends_with(b".rego") || name == "data.json" {
            let text = name.into_string().map_err(|name| {
                std::io::Error::other(format!("the name {} is not UTF-8", name.to_string_lossy()))
            })?;
            names.push(text);
        }
    }
    Ok(names)
}

/// A regular file's text; opening a pipe does not block.
fn text(path: &Path) -> std::io::Result<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_POLICY as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LARGEST_POLICY {
        return Err(std::io::Error::other(format!("it is larger than {LARGEST_POLICY} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| std::io::Error::other("it is not UTF-8"))
}
