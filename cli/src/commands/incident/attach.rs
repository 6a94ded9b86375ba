//! `ecoops incident attach`: files that belong to an incident, such as a screenshot or a heap dump's summary.

use super::failure;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::{objects, open};
use ecoops_core::ports::objects::{Bucket, MOST_BYTES};
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Secrets are taken out of texts; other files are kept as they are. They stay for 7 days.\n\nExample:\n  ecoops incident attach 01KAF3 screenshot.png thread-dump.txt"
)]
pub struct Args {
    /// As `ecoops incident list` shows it, or its beginning
    id: String,
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let incident = open::incidents(app)?.incident(&args.id).map_err(|e| failure(&e))?;
    // all are read before the first is kept
    let read: Vec<(String, Vec<u8>)> =
        args.files.iter().map(|file| read(&app.here.join(file))).collect::<Result<_, _>>()?;
    let mut kept = Vec::new();
    for (name, bytes) in read {
        let key = objects::key(&["incidents", &incident.id, &name])?;
        objects::keep(app, Bucket::Attachments, &key, &objects::clean(app, &bytes)?)?;
        kept.push(key);
    }
    match app.output {
        Output::Json => app.ui.result(&format!("{:#}", json!({ "incident": incident.id, "attached": kept }))),
        Output::Jsonl => kept.iter().for_each(|key| app.ui.result(&json!({ "name": key }).to_string())),
        _ => kept.iter().for_each(|key| app.ui.result(key.as_str())),
    }
    Ok(Exit::Clean)
}

fn read(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let failed = || Failure::new(format!("{} cannot be attached", path.display()));
    let about = std::fs::metadata(path).map_err(|e| failed().because(&e))?;
    if !about.is_file() {
        return Err(failed().next("name files: it is not one"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| failed().because(&e))?;
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| failed().because(&e))?;
    if bytes.len() > MOST_BYTES {
        return Err(failed().next(format!("an attachment has at most {MOST_BYTES} bytes: cut it")));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((name, bytes))
}
