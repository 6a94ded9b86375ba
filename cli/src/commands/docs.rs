//! `ecoops docs`: keep runbooks, postmortems and manuals in memory, so that answers can cite them.

use super::memory::{Kind, name};
use crate::app::{App, Output};
use crate::documents::{self, parts};
use crate::exit::{Exit, Failure};
use crate::open;
use crate::ui::brief;
use clap::{Args as ClapArgs, Subcommand};
use ecoops_core::domain::ContentHash;
use ecoops_core::ports::memory::{Document, DocumentKind, Memory};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
#[command(after_help = "Markdown, text, HTML and PDF. HTML and PDF are read in a cage of their own.\n\n\
    Example:\n  ecoops docs add runbooks/*.md handbook.pdf\n  ecoops ask \"the connection pool is exhausted\"")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Keep documents; one that was kept before is replaced
    #[command(after_help = "Example:\n  ecoops docs add postmortems/2026-03.html --type postmortem")]
    Add {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = Kind::Runbook)]
        kind: Kind,
        /// The title of the document; by default its first heading, else the name of the file
        #[arg(long)]
        title: Option<String>,
    },
    /// Show what is kept
    #[command(after_help = "Example:\n  ecoops docs list --output json")]
    List,
    /// Remove a document, its text and its vectors from the disk
    #[command(after_help = "Example:\n  ecoops docs forget doc-3f2a9c0b1d4e5f60")]
    Forget {
        /// As `ecoops docs list` shows it
        id: String,
    },
}

/// Documents that one listing looks at.
const MOST: usize = 1_000_000;

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let memory = open::the_memory(app)?;
    match args.verb {
        Verb::Add { files, kind, title } => add(&*memory, &files, kind.into(), title.as_deref(), app),
        Verb::List => list(&*memory, app),
        Verb::Forget { id } => forget(&*memory, &id, app),
    }
}

/// One document to be kept, cut into its parts.
struct Ready {
    id: String,
    title: String,
    source: String,
    parts: Vec<Document>,
}

fn add(
    memory: &dyn Memory,
    files: &[PathBuf],
    kind: DocumentKind,
    title: Option<&str>,
    app: &App,
) -> Result<Exit, Failure> {
    if title.is_some() && files.len() > 1 {
        return Err(Failure::new("one title was given for several files").next("add them one by one"));
    }
    let redactor = open::redactor(app)?;
    let mut ready = Vec::new();
    let bar = app.ui.bar("reading", files.len() as u64);
    for file in files {
        app.interrupt.check()?;
        let path = app.here.join(file);
        let path = path.canonicalize().unwrap_or(path);
        let mut read = documents::read(app, &path, title)?;
        // Memory is shared with whoever searches it, so no secret goes in.
        read.title = redactor.redact(&read.title).text;
        read.text = redactor.redact(&read.text).text;
        let source = path.display().to_string();
        let hash = ContentHash::of(source.as_bytes());
        let id = format!("doc-{}", hash.hex().get(..16).unwrap_or_default());
        let parts = parts::documents(&read, kind, &source, &id);
        ready.push(Ready { id, title: read.title, source, parts });
        bar.inc(1);
    }
    bar.finish_and_clear();
    keep(memory, &ready, app)?;
    let shown = ready.iter().map(|r| {
        let value = json!({ "id": r.id, "title": r.title, "source": r.source, "parts": r.parts.len() });
        (value, format!("{}  {}", r.id, brief(&r.title, 54)))
    });
    show("added", shown.collect(), app);
    Ok(Exit::Clean)
}

fn keep(memory: &dyn Memory, ready: &[Ready], app: &App) -> Result<(), Failure> {
    let before = kept(memory)?;
    let bar = app.ui.bar("keeping", ready.iter().map(|r| r.parts.len() as u64).sum());
    for one in ready {
        let failed = |e| Failure::new(format!("{} was not kept", one.source)).because(&e);
        let mut ids = Vec::new();
        for part in &one.parts {
            app.interrupt.check()?;
            ids.push(memory.ingest(part).map_err(failed)?);
            bar.inc(1);
        }
        // What it said before and says no more.
        for (old, _) in before.get(&one.id).into_iter().flatten().filter(|(old, _)| !ids.contains(old)) {
            memory.forget(old).map_err(failed)?;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The parts that `docs add` kept, by document.
fn kept(memory: &dyn Memory) -> Result<BTreeMap<String, Vec<(String, Document)>>, Failure> {
    let all = memory.list(&[], MOST).map_err(|e| Failure::new("the memory cannot be read").because(&e))?;
    let mut documents: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (id, document) in all {
        if let Some(name) = document.metadata.get("document").and_then(Value::as_str) {
            documents.entry(name.to_owned()).or_default().push((id, document));
        }
    }
    Ok(documents)
}

fn list(memory: &dyn Memory, app: &App) -> Result<Exit, Failure> {
    let documents = kept(memory)?;
    let shown: Vec<_> =
        documents.iter().filter_map(|(id, parts)| Some(row(id, parts.first()?, parts))).collect();
    if shown.is_empty() {
        app.ui.note("no document is kept yet: `ecoops docs add FILE`");
        return Ok(Exit::Nothing);
    }
    show("documents", shown, app);
    Ok(Exit::Clean)
}

fn row(id: &str, (_, first): &(String, Document), parts: &[(String, Document)]) -> (Value, String) {
    let bytes: usize = parts.iter().map(|(_, d)| d.text.len()).sum();
    let format = first.metadata.get("format").and_then(Value::as_str).unwrap_or("text");
    let value = json!({
        "id": id, "type": first.kind, "title": first.title, "source": first.source, "format": format,
        "parts": parts.len(), "bytes": bytes,
    });
    (value, format!("{id}  {:<10}  {}", name(first.kind), brief(&first.title, 44)))
}

fn show(what: &str, rows: Vec<(Value, String)>, app: &App) {
    match app.output {
        Output::Json => {
            let values: Vec<Value> = rows.into_iter().map(|(value, _)| value).collect();
            app.ui.result(&format!("{:#}", json!({ what: values })));
        }
        Output::Jsonl => rows.iter().for_each(|(value, _)| app.ui.result(&value.to_string())),
        _ => rows.iter().for_each(|(_, line)| app.ui.result(line)),
    }
}

fn forget(memory: &dyn Memory, id: &str, app: &App) -> Result<Exit, Failure> {
    let Some(parts) = kept(memory)?.remove(id) else {
        return Err(Failure::new(format!("there is no document {id}"))
            .exit(Exit::Nothing)
            .next("run `ecoops docs list` to see what there is"));
    };
    for (part, _) in parts {
        memory.forget(&part).map_err(|e| Failure::new(format!("{id} was not forgotten")).because(&e))?;
    }
    app.ui.note(&format!("forgot {id}"));
    Ok(Exit::Clean)
}
