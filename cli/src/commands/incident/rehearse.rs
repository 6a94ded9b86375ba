//! `ecoops incident rehearse`: writes the bundle of an incident that never was, to try things out on.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::open;
use ecoops_core::engines::rehearsal::{Fault, Listed, Plot, Rehearsal, Script};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A shop of so many services, an hour, four rollouts, one of them bad. The same seed gives the same bytes.\n\n\
    Example:\n  ecoops incident rehearse demo --seed 7 --truth truth.json\n  ecoops incident analyze demo"
)]
pub struct Args {
    /// A new or empty folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    #[arg(long, default_value_t = 20, value_name = "N")]
    services: usize,
    /// Log lines, all together
    #[arg(long, default_value_t = 200_000, value_name = "N")]
    lines: u64,
    /// Nothing is wrong
    #[arg(long, conflicts_with_all = ["fault", "unlisted"])]
    healthy: bool,
    /// error-responses, slowdown, memory-leak, connection-leak, retry-storm or busy-loop; by default the seed chooses
    #[arg(long, value_parser = fault)]
    fault: Option<Fault>,
    /// Leave the bad rollout out of the list of changes
    #[arg(long)]
    unlisted: bool,
    /// Write what really happened to this file
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

fn fault(text: &str) -> Result<Fault, String> {
    let name = |fault: &Fault| {
        serde_json::to_value(fault).ok().and_then(|v| v.as_str().map(|s| s.replace('_', "-")))
    };
    let known: Vec<String> = Fault::ALL.iter().filter_map(name).collect();
    let found = Fault::ALL.into_iter().find(|fault| name(fault).as_deref() == Some(text));
    found.ok_or_else(|| format!("one of {}", known.join(", ")))
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let folder = app.here.join(&args.folder);
    let failed = |e: &dyn std::error::Error| {
        Failure::new(format!("{} cannot be written", args.folder.display())).because(e)
    };
    if folder.read_dir().is_ok_and(|mut inside| inside.next().is_some()) {
        return Err(Failure::new(format!("{} is not empty", args.folder.display())).next("name a new folder"));
    }
    let listed = if args.unlisted { Listed::No } else { Listed::Yes };
    let plot = if args.healthy { Plot::Healthy } else { Plot::BadRollout { fault: args.fault, listed } };
    let script = Script { services: args.services, lines: args.lines, plot, ..Script::new(args.seed) };
    let rehearsal =
        Rehearsal::new(&script).map_err(|e| Failure::new("this cannot be rehearsed").because(&e))?;
    let mut writer = Writer { folder: &folder, name: String::new(), file: None };
    rehearsal
        .write(|name, bytes| {
            if app.interrupt.check().is_err() {
                return Err(std::io::Error::other("interrupted"));
            }
            writer.take(name, bytes)
        })
        .and_then(|()| writer.close())
        .map_err(|e| app.interrupt.check().err().unwrap_or_else(|| failed(&e)))?;
    let truth = serde_json::to_string_pretty(&rehearsal.truth()).unwrap_or_default();
    if let Some(file) = &args.truth {
        open::write_whole(&app.here.join(file), truth.as_bytes())?;
    }
    match app.output {
        Output::Json | Output::Jsonl => app.ui.result(&truth),
        _ => app.ui.note(&format!(
            "wrote {}; next: ecoops incident analyze {}",
            args.folder.display(),
            args.folder.display()
        )),
    }
    Ok(Exit::Clean)
}

/// Writes one file after another.
struct Writer<'a> {
    folder: &'a Path,
    name: String,
    file: Option<BufWriter<File>>,
}

impl Writer<'_> {
    fn take(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        if self.name != name {
            self.close()?;
            let path = self.folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(self.folder))?;
            self.file = Some(BufWriter::with_capacity(1 << 20, File::create(path)?));
            name.clone_into(&mut self.name);
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }

    fn close(&mut self) -> std::io::Result<()> {
        self.file.take().map_or(Ok(()), |mut file| file.flush())
    }
}
