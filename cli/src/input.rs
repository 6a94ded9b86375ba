//! Reading a file, or stdin, that was named on the command line.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::interrupt::waiting;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Opens a file to be read; `-` is stdin.
///
/// # Errors
/// [`Failure`] when there is none (exit 3), or it is a folder or may not be read.
pub fn open(app: &App, path: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let failed = || Failure::new(format!("{} cannot be read", path.display()));
    let path = app.here.join(path);
    let file = File::open(&path).map_err(|e| {
        let failure = failed().because(&e);
        if e.kind() == std::io::ErrorKind::NotFound { failure.exit(Exit::Nothing) } else { failure }
    })?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(failed().next("name a file: it is a folder"));
    }
    Ok(Box::new(file))
}

/// All of a file, up to `most` bytes.
///
/// # Errors
/// As [`open`], or when it is longer.
pub fn read_whole(app: &App, path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let failed = || Failure::new(format!("{} cannot be read", path.display()));
    let file = open(app, path)?;
    let mut bytes = Vec::new();
    waiting(|| file.take(most + 1).read_to_end(&mut bytes)).map_err(|e| failed().because(&e))?;
    if bytes.len() as u64 > most {
        return Err(Failure::new(format!("{} is longer than {} MiB", path.display(), most >> 20))
            .next("give a part of it"));
    }
    Ok(bytes)
}
