//! `ecoops incident demo`: makes up an incident, analyses it, and says what had really happened.

use super::analyze;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::investigation::{self, About, Target};
use crate::report::incident::text::stamp;
use ecoops_core::engines::rehearsal::{Fault, Listed, Plot, Rehearsal, Script, Truth};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A shop of so many services, an hour, four rollouts, one of them bad. The same seed gives the same bytes.\n\n\
    Example:\n  ecoops incident demo\n  ecoops incident demo --seed 7 --keep demo"
)]
pub struct Args {
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
    /// Keep the bundle in this folder, new or empty
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Only make it up, and say what really happened
    #[arg(long, requires = "keep")]
    no_analysis: bool,
}

/// As it is written on the command line.
fn name(fault: &Fault) -> Option<String> {
    Some(serde_json::to_value(fault).ok()?.as_str()?.replace('_', "-"))
}

fn fault(text: &str) -> Result<Fault, String> {
    let known: Vec<String> = Fault::ALL.iter().filter_map(name).collect();
    let found = Fault::ALL.into_iter().find(|fault| name(fault).as_deref() == Some(text));
    found.ok_or_else(|| format!("one of {}", known.join(", ")))
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let cannot = |folder: &Path, e: &dyn std::error::Error| {
        Failure::new(format!("{} cannot be written", folder.display())).because(e)
    };
    let cache = &app.folders.cache;
    std::fs::create_dir_all(cache).map_err(|e| cannot(cache, &e))?;
    let temporary = tempfile::tempdir_in(cache).map_err(|e| cannot(cache, &e))?;
    let folder = args.keep.as_ref().map_or_else(|| temporary.path().to_owned(), |keep| app.here.join(keep));
    if folder.read_dir().is_ok_and(|mut inside| inside.next().is_some()) {
        return Err(Failure::new(format!("{} is not empty", folder.display())).next("name a new folder"));
    }
    let truth = make_up(args, app, &folder)?;
    if args.no_analysis {
        match app.output {
            Output::Json | Output::Jsonl => {
                app.ui.result(&serde_json::to_value(&truth).unwrap_or_default().to_string());
            }
            _ => app.ui.result(&words(&truth)),
        }
        return Ok(Exit::Clean);
    }
    let finished = investigation::investigate(app, &Target::Bundle(folder), &About::default())?;
    analyze::show(app, &finished);
    app.ui.note(&format!("\nwhat had really happened: {}", words(&truth)));
    if let Some(keep) = &args.keep {
        app.ui.note(&format!("kept: ecoops incident analyze {}", keep.display()));
    }
    Ok(Exit::Clean)
}

/// Writes the bundle, and gives what really happened.
fn make_up(args: &Args, app: &App, folder: &Path) -> Result<Truth, Failure> {
    let listed = if args.unlisted { Listed::No } else { Listed::Yes };
    let plot = if args.healthy { Plot::Healthy } else { Plot::BadRollout { fault: args.fault, listed } };
    let script = Script { services: args.services, lines: args.lines, plot, ..Script::new(args.seed) };
    let rehearsal =
        Rehearsal::new(&script).map_err(|e| Failure::new("this cannot be rehearsed").because(&e))?;
    let mut writer = Writer { folder, name: String::new(), file: None };
    let written = rehearsal
        .write(|name, bytes| match app.interrupt.check() {
            Ok(()) => writer.take(name, bytes),
            Err(_) => Err(std::io::Error::other("interrupted")),
        })
        .and_then(|()| writer.close());
    app.interrupt.check()?;
    written.map_err(|e| Failure::new(format!("{} cannot be written", folder.display())).because(&e))?;
    Ok(rehearsal.truth())
}

fn words(truth: &Truth) -> String {
    let (Some(fault), Some(service)) = (truth.fault, &truth.service) else {
        return "nothing; all rollouts were good".to_owned();
    };
    let fault = name(&fault).unwrap_or_default().replace('-', " ");
    let rollout =
        truth.change.as_ref().map_or("a rollout that is not listed".to_owned(), |id| format!("rollout {id}"));
    let began = truth.began_at.map(|at| format!(" at {} UTC", stamp(at))).unwrap_or_default();
    format!("{rollout} of {service} brought trouble of the kind \u{201c}{fault}\u{201d}{began}")
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
