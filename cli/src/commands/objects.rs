//! `ecoops objects`: the reports that were kept and the files that were attached.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::objects::failure;
use crate::open;
use crate::ui::brief;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use ecoops_core::ports::objects::{Bucket, ObjectEntry, ObjectKey};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Reports stay for 90 days, attachments for 7. They are in a folder of yours, or in a store\nthat speaks the S3 protocol (objects.adapter).\n\nExamples:\n  ecoops incident export 01KAF3 --format html --keep\n  ecoops objects list\n  ecoops objects get incidents/01KAF3Z5QH3V5T1N7E2B8M4C6D/20261120T101500Z.html -o incident.html"
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what is kept, by name
    #[command(after_help = "Example:\n  ecoops objects list incidents/ --in attachments")]
    List {
        /// Only names that begin so
        #[arg(default_value = "", hide_default_value = true)]
        prefix: String,
        /// Only these; without it, both
        #[arg(long = "in", value_name = "WHICH")]
        bucket: Option<Which>,
        #[arg(long, short = 'n', default_value_t = 1_000, value_name = "N")]
        limit: usize,
    },
    /// Write one to a file or to stdout, byte for byte
    #[command(after_help = "Example:\n  ecoops objects get audit/20261120T101500Z-soc2.md -o soc2.md")]
    Get {
        /// As `ecoops objects list` shows it
        name: String,
        /// Write to this file instead of stdout
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
        #[arg(long = "in", value_name = "WHICH")]
        bucket: Option<Which>,
    },
    /// Delete one
    #[command(after_help = "Example:\n  ecoops objects delete audit/20261120T101500Z-soc2.md")]
    Delete {
        /// As `ecoops objects list` shows it
        name: String,
        #[arg(long = "in", value_name = "WHICH")]
        bucket: Option<Which>,
    },
    /// Let go of what is older than its time, as keeping something does by itself
    #[command(after_help = "Example:\n  ecoops objects expire")]
    Expire,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Reports,
    Attachments,
}

impl Which {
    /// The buckets that are looked in.
    fn of(which: Option<Self>) -> Vec<Bucket> {
        match which {
            None => Bucket::ALL.to_vec(),
            Some(Self::Reports) => vec![Bucket::Reports],
            Some(Self::Attachments) => vec![Bucket::Attachments],
        }
    }
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.verb {
        Verb::List { prefix, bucket, limit } => list(&prefix, &Which::of(bucket), limit, app),
        Verb::Get { name, out, bucket } => get(&name, out.as_ref(), &Which::of(bucket), app),
        Verb::Delete { name, bucket } => delete(&name, &Which::of(bucket), app),
        Verb::Expire => {
            let gone = open::objects(app)?.expire(open::host()?.now()).map_err(|e| failure(&e))?;
            app.ui.note(&format!("{gone} were let go"));
            Ok(Exit::Clean)
        }
    }
}

fn list(prefix: &str, buckets: &[Bucket], limit: usize, app: &App) -> Result<Exit, Failure> {
    let objects = open::objects(app)?;
    let mut found: Vec<(Bucket, ObjectEntry)> = Vec::new();
    for bucket in buckets {
        let left = limit.saturating_sub(found.len());
        let entries = objects.list(*bucket, prefix, left).map_err(|e| failure(&e))?;
        found.extend(entries.into_iter().map(|entry| (*bucket, entry)));
    }
    let one = |(bucket, entry): &(Bucket, ObjectEntry)| json!({ "in": bucket, "name": entry.key, "size": entry.size, "modified": entry.modified.to_string() });
    match app.output {
        Output::Json => {
            let all: Vec<_> = found.iter().map(one).collect();
            app.ui.result(&format!("{:#}", json!({ "objects": all })));
        }
        Output::Jsonl => found.iter().for_each(|entry| app.ui.result(&one(entry).to_string())),
        _ if found.is_empty() => {
            app.ui.note("nothing is kept here: `ecoops incident export --keep` keeps a report")
        }
        _ => {
            for (bucket, entry) in &found {
                let which = if *bucket == Bucket::Reports { "report" } else { "attachment" };
                let when = entry.modified.strftime("%Y-%m-%d %H:%M");
                let line = format!("{which:<10}  {when}  {:>10}  {}", entry.size, entry.key);
                // a name that was cut would be no name
                app.ui.result(&line);
            }
        }
    }
    Ok(if found.is_empty() { Exit::Nothing } else { Exit::Clean })
}

/// The object of this name, and where it is.
fn find(name: &str, buckets: &[Bucket], app: &App) -> Result<(Bucket, ObjectKey, Vec<u8>), Failure> {
    let key: ObjectKey = name.parse().map_err(|e| failure(&e))?;
    let objects = open::objects(app)?;
    for bucket in buckets {
        if let Some(bytes) = objects.get(*bucket, &key).map_err(|e| failure(&e))? {
            return Ok((*bucket, key, bytes));
        }
    }
    Err(Failure::new(format!("there is no {}", brief(name, 80)))
        .exit(Exit::Nothing)
        .next("`ecoops objects list` shows what there is"))
}

fn get(name: &str, out: Option<&PathBuf>, buckets: &[Bucket], app: &App) -> Result<Exit, Failure> {
    let (_, _, bytes) = find(name, buckets, app)?;
    match out {
        Some(file) => {
            open::write_whole(&app.here.join(file), &bytes)?;
            app.ui.note(&format!("wrote {}", file.display()));
        }
        None => app.ui.raw(&bytes),
    }
    Ok(Exit::Clean)
}

fn delete(name: &str, buckets: &[Bucket], app: &App) -> Result<Exit, Failure> {
    let (bucket, key, _) = find(name, buckets, app)?;
    open::objects(app)?.delete(bucket, &key).map_err(|e| failure(&e))?;
    app.ui.note(&format!("deleted {key}"));
    Ok(Exit::Clean)
}
