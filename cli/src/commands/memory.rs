//! `ecoops memory`: search, add, list and forget what we saw before.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::open;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use ecoops_core::engines::recall::chunk::{Limits, MOST_EMBEDDED, chunks};
use ecoops_core::ports::memory::{
    Document, DocumentKind, Filters, Hit, Kept, MOST_BYTES, MOST_TITLE_BYTES, Memory, Query,
};
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  ecoops memory add docs/runbooks/*.md --type runbook\n  \
    ecoops memory search \"memory leak in connection pool\" --type fix,runbook")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Find documents by meaning and by words
    #[command(
        after_help = "Example:\n  ecoops memory search \"pool exhausted\" --type fix,runbook --top-k 3"
    )]
    Search {
        /// What to look for, in your own words
        query: String,
        /// Only these kinds of documents, separated by commas
        #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
        kinds: Vec<Kind>,
        /// How many documents to show, 1 to 100
        #[arg(long, default_value_t = 10, value_name = "N")]
        top_k: usize,
    },
    /// Keep Markdown or text files
    #[command(
        after_help = "Example:\n  ecoops memory add RUNBOOK.md --type runbook --title \"Disk is full\""
    )]
    Add {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = Kind::Runbook)]
        kind: Kind,
        /// The title of the document; by default its first heading, else the name of the file
        #[arg(long)]
        title: Option<String>,
    },
    /// Show what is kept, newest first
    #[command(after_help = "Example:\n  ecoops memory list --type fix --limit 20")]
    List {
        #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
        kinds: Vec<Kind>,
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: usize,
    },
    /// Remove a document, its text and its vectors, so that nobody finds them any more
    #[command(after_help = "Example:\n  ecoops memory forget fix-3f2a9c0b1d4e5f60")]
    Forget {
        /// As `ecoops memory list` shows it
        id: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Fix,
    Incident,
    Runbook,
    Postmortem,
}

impl From<Kind> for DocumentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Fix => DocumentKind::Fix,
            Kind::Incident => DocumentKind::Incident,
            Kind::Runbook => DocumentKind::Runbook,
            Kind::Postmortem => DocumentKind::Postmortem,
        }
    }
}

pub(super) fn name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Fix => "fix",
        DocumentKind::Incident => "incident",
        DocumentKind::Runbook => "runbook",
        DocumentKind::Postmortem => "postmortem",
    }
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let memory = open::the_memory(app)?;
    match args.verb {
        Verb::Search { query, kinds, top_k } => {
            let kinds = kinds.into_iter().map(Into::into).collect();
            let query = Query { query, top_k, filters: Filters { kinds, ..Filters::default() } };
            search(&*memory, &query, app.output, app)
        }
        Verb::Add { files, kind, title } => {
            let documents = redacted(read_all(&files, kind.into(), title.as_deref(), app)?, app)?;
            add(&*memory, &documents, app.output, app)
        }
        Verb::List { kinds, limit } => {
            let kinds: Vec<DocumentKind> = kinds.into_iter().map(Into::into).collect();
            list(&*memory, &kinds, limit, app.output, app)
        }
        Verb::Forget { id } => forget(&*memory, &id, app),
    }
}

/// Memory is shared with whoever searches it, so no secret goes in.
fn redacted(mut documents: Vec<Document>, app: &App) -> Result<Vec<Document>, Failure> {
    let redactor = open::redactor(app)?;
    for document in &mut documents {
        document.title = redactor.redact(&document.title).text;
        document.text = redactor.redact(&document.text).text;
    }
    Ok(documents)
}

fn search(memory: &dyn Memory, query: &Query, output: Output, app: &App) -> Result<Exit, Failure> {
    let hits = memory.search(query).map_err(|e| Failure::new("the search failed").because(&e))?;
    note_stale(&hits, app);
    match output {
        Output::Jsonl => hits.iter().for_each(|hit| app.ui.result(&hit_json(hit).to_string())),
        Output::Json => {
            let results: Vec<_> = hits.iter().map(hit_json).collect();
            app.ui.result(&format!("{:#}", json!({ "query": query.query, "results": results })));
        }
        _ if hits.is_empty() => app.ui.note("nothing found"),
        _ => {
            let texts: Vec<String> = hits.iter().enumerate().map(|(i, hit)| hit_text(i + 1, hit)).collect();
            app.ui.result(&texts.join("\n\n"));
        }
    }
    Ok(if hits.is_empty() { Exit::Nothing } else { Exit::Clean })
}

/// Says so when the memory is away and these are its last words.
pub(super) fn note_stale(hits: &[Hit], app: &App) {
    if let Some(stale) = hits.iter().find_map(|hit| hit.stale) {
        let age = match stale.age_seconds {
            seconds @ 0..120 => format!("{seconds} seconds"),
            seconds @ 120..7_200 => format!("{} minutes", seconds / 60),
            seconds => format!("{} hours", seconds / 3_600),
        };
        app.ui.always(&format!("note: the memory is away; this is what it answered {age} ago"));
    }
}

/// Says so when documents are not there yet, whatever the output's format.
pub(super) fn note_waiting(waiting: usize, app: &App) {
    if waiting > 0 {
        let what =
            if waiting == 1 { "the document waits".into() } else { format!("{waiting} documents wait") };
        app.ui.always(&format!(
            "note: the memory is away; {what} on this machine, until the agent, or the next command that reaches the \
             memory, brings it there"
        ));
    }
}

fn hit_json(hit: &Hit) -> serde_json::Value {
    let mut shown = json!({
        "id": hit.id, "type": hit.document.kind, "title": hit.document.title, "source": hit.document.source,
        "score": hit.score, "cosine": hit.cosine, "text_rank": hit.text_rank, "model": hit.model,
        "snippet": hit.snippet, "metadata": hit.document.metadata,
    });
    if let Some(stale) = hit.stale {
        shown["stale"] = json!(stale);
    }
    shown
}

fn hit_text(place: usize, hit: &Hit) -> String {
    let title = if hit.document.title.is_empty() { "(no title)" } else { &hit.document.title };
    let rank = hit.text_rank.map_or("no word in common".into(), |rank| format!("words: rank {rank}"));
    let head = format!("{place:>2}. {} [{}]", plain(title, 60), name(hit.document.kind));
    let source = plain(&hit.document.source, 30);
    let facts = format!("    {:.2} (meaning {:.2}, {rank}) · {source}", hit.score, hit.cosine);
    let mut lines = vec![head, facts, format!("    {}", hit.id)];
    let snippet = hit.snippet.lines().map(str::trim_end).filter(|l| !l.trim().is_empty()).take(4);
    lines.extend(snippet.map(|line| format!("    | {}", plain(line, 72))));
    lines.join("\n")
}

/// One line of at most `width` characters without control characters, so that a text that was kept
/// cannot move the cursor of a terminal.
fn plain(text: &str, width: usize) -> String {
    let mut clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut out: String = clean.by_ref().take(width).collect();
    if clean.next().is_some() {
        out.pop();
        out.push('…');
    }
    out
}

fn read_all(
    files: &[PathBuf],
    kind: DocumentKind,
    title: Option<&str>,
    app: &App,
) -> Result<Vec<Document>, Failure> {
    if title.is_some() && files.len() > 1 {
        return Err(Failure::new("one title was given for several files").next("add them one by one"));
    }
    files.iter().map(|file| read(&app.here.join(file), kind, title)).collect()
}

fn read(path: &Path, kind: DocumentKind, title: Option<&str>) -> Result<Document, Failure> {
    let failed = || Failure::new(format!("{} cannot be kept", path.display()));
    let about = std::fs::metadata(path).map_err(|e| failed().because(&e))?;
    if !about.is_file() {
        return Err(failed().next("name files: it is not one"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| failed().because(&e))?;
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| failed().because(&e))?;
    if bytes.len() > MOST_BYTES {
        let what = format!("{} is longer than {MOST_BYTES} bytes", path.display());
        return Err(Failure::new(what).next("keep the part that matters in a smaller file"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|e| failed().because(&e).next("only text in UTF-8 is kept: convert the file first"))?;
    if text.contains('\0') {
        return Err(failed().next("it is not a text file"));
    }
    let text = text.trim_start_matches('\u{feff}').to_owned();
    let heading = text.lines().find_map(|line| line.strip_prefix("# ")).map(str::trim);
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
    let mut title = title.or(heading).map_or_else(|| stem.unwrap_or_default(), str::to_owned);
    title.truncate(title.floor_char_boundary(MOST_TITLE_BYTES));
    let source = path.display().to_string();
    Ok(Document { kind, title, text, source, metadata: serde_json::Map::new() })
}

fn add(memory: &dyn Memory, documents: &[Document], output: Output, app: &App) -> Result<Exit, Failure> {
    let (mut added, mut waiting) = (Vec::new(), 0);
    for document in documents {
        let Kept { id, waits } = memory
            .keep(document)
            .map_err(|e| Failure::new(format!("{} was not kept", document.source)).because(&e))?;
        waiting += usize::from(waits);
        let one = json!({ "id": id, "title": document.title, "source": document.source, "waits": waits });
        match output {
            Output::Json => added.push(one),
            Output::Jsonl => app.ui.result(&one.to_string()),
            _ => app.ui.result(&format!("{id}  {}", plain(&document.title, 54))),
        }
        if chunks(&document.text, Limits::default()).len() > MOST_EMBEDDED {
            app.ui.note(&format!(
                "{} is long: {MOST_EMBEDDED} parts of it are found by meaning, all of it by its words",
                document.source
            ));
        }
    }
    if output == Output::Json {
        app.ui.result(&format!("{:#}", json!({ "added": added })));
    }
    note_waiting(waiting, app);
    Ok(Exit::Clean)
}

fn list(
    memory: &dyn Memory,
    kinds: &[DocumentKind],
    limit: usize,
    output: Output,
    app: &App,
) -> Result<Exit, Failure> {
    let found =
        memory.list(kinds, limit).map_err(|e| Failure::new("the memory cannot be read").because(&e))?;
    let one = |(id, d): &(String, Document)| json!({ "id": id, "type": d.kind, "title": d.title, "source": d.source, "metadata": d.metadata });
    match output {
        Output::Jsonl => found.iter().for_each(|document| app.ui.result(&one(document).to_string())),
        Output::Json => {
            let documents: Vec<_> = found.iter().map(one).collect();
            app.ui.result(&format!("{:#}", json!({ "documents": documents })));
        }
        _ if found.is_empty() => app.ui.note("nothing is kept yet"),
        _ => {
            let lines = found.iter().map(|(id, d)| format!("{id:<27}  {}", plain(&d.title, 50)));
            app.ui.result(&lines.collect::<Vec<_>>().join("\n"));
        }
    }
    Ok(if found.is_empty() { Exit::Nothing } else { Exit::Clean })
}

fn forget(memory: &dyn Memory, id: &str, app: &App) -> Result<Exit, Failure> {
    let found = memory.forget(id).map_err(|e| Failure::new(format!("{id} was not forgotten")).because(&e))?;
    if !found {
        return Err(Failure::new(format!("there is no document {id}"))
            .exit(Exit::Nothing)
            .next("run `ecoops memory list` to see what there is"));
    }
    app.ui.note(&format!("forgot {id}"));
    if app.settings().memory.adapter == "pgvector" {
        app.ui.note(
            "nobody finds it any more; on the server's disk its text is overwritten in time, or at once when an \
             administrator runs `ecoops database vacuum`",
        );
    }
    Ok(Exit::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_fits_80_columns_and_cannot_drive_the_terminal() {
        let hit = Hit {
            id: "postmortem-0123456789abcdef".into(),
            document: Document {
                kind: DocumentKind::Postmortem,
                title: "a\u{1b}[2Jb".repeat(40),
                text: String::new(),
                source: "/a/very/long/path".repeat(9),
                metadata: serde_json::Map::new(),
            },
            snippet: "\u{7}long line ".repeat(30),
            score: 1.0,
            cosine: 1.0,
            text_rank: None,
            model: String::new(),
            stale: None,
        };
        let text = hit_text(100, &hit);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'));
    }
}
