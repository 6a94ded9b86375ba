//! `ecoops ask`: what memory says to a question, each snippet with where it stands. No model is asked:
//! what is shown is what somebody wrote.

use super::memory::{Kind, name};
use crate::app::{App, Output};
use crate::documents::parts;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::report::paint::Paint;
use crate::report::{Look, safe_json};
use crate::ui::{brief, harmless};
use ecoops_core::ports::memory::{Filters, Hit, Query};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each snippet is cited: document, place, and how near it is by meaning and by words. \
    Nothing is made up: without a document that fits, it says so.\n\n\
    Example:\n  ecoops ask \"how do we drain a node?\"\n  ecoops ask \"has this happened before?\" --incident 01KAF3"
)]
pub struct Args {
    /// In your own words
    question: String,
    /// Ask about this incident: its title and conclusion are added to the question
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Only these kinds of documents, separated by commas
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// How many snippets to show, 1 to 100
    #[arg(long, default_value_t = 5, value_name = "N")]
    top_k: usize,
}

/// Below this cosine, and without a word in common, a text is about something else.
const NEAR: f64 = 0.25;

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let memory = open::the_memory(app)?;
    let question = match &args.incident {
        Some(id) => format!("{} {}", args.question, super::incident::about(app, id)?),
        None => args.question.clone(),
    };
    let kinds = args.kinds.into_iter().map(Into::into).collect();
    let query =
        Query { query: question, top_k: args.top_k, filters: Filters { kinds, ..Filters::default() } };
    let _span = tracing::info_span!("rag.search").entered();
    let mut hits = memory.search(&query).map_err(|e| Failure::new("the search failed").because(&e))?;
    super::memory::note_stale(&hits, app);
    hits.retain(|hit| hit.text_rank.is_some() || hit.cosine >= NEAR);
    let redactor = open::redactor(app)?;
    hits.iter_mut().for_each(|hit| hit.snippet = redactor.redact(&hit.snippet).text);
    match app.output {
        Output::Json => {
            let snippets: Vec<_> = hits.iter().map(|hit| cited(hit, &args.question)).collect();
            let value = json!({ "question": args.question, "snippets": snippets });
            app.ui.result(&safe_json(&format!("{value:#}")));
        }
        Output::Jsonl => {
            hits.iter().for_each(|hit| app.ui.result(&safe_json(&cited(hit, &args.question).to_string())))
        }
        _ if hits.is_empty() => {
            app.ui.note("nothing that is remembered answers this (`ecoops docs add FILE`)")
        }
        _ => {
            let look = Look::of(&app.ui);
            let texts: Vec<String> =
                hits.iter().enumerate().map(|(i, hit)| shown(i + 1, hit, &args.question, look)).collect();
            app.ui.result(&texts.join("\n"));
        }
    }
    Ok(if hits.is_empty() { Exit::Nothing } else { Exit::Clean })
}

fn cited(hit: &Hit, question: &str) -> Value {
    let mut cited = json!({
        "document": hit.document.metadata.get("document").unwrap_or(&json!(hit.id)),
        "type": hit.document.kind, "title": hit.document.title, "source": hit.document.source,
        "place": parts::place(hit, question), "snippet": hit.snippet,
        "score": hit.score, "cosine": hit.cosine, "text_rank": hit.text_rank,
    });
    if let Some(stale) = hit.stale {
        cited["stale"] = json!(stale);
    }
    cited
}

fn shown(number: usize, hit: &Hit, question: &str, look: Look) -> String {
    let paint = Paint { color: look.color };
    let title = if hit.document.title.is_empty() { "(no title)" } else { &hit.document.title };
    let head =
        format!("[{number}] {} ({})", brief(title, look.width.saturating_sub(18)), name(hit.document.kind));
    let place = parts::place(hit, question).map(|place| format!(", {}", place.words())).unwrap_or_default();
    let place = brief(&place, look.width / 2);
    let source = tail(&hit.document.source, look.width.saturating_sub(6 + place.chars().count()));
    let words = hit.text_rank.map_or("no word in common".to_owned(), |rank| format!("words: rank {rank}"));
    let score = format!("score {:.2} (meaning {:.2}, {words})", hit.score, hit.cosine);
    let mut lines =
        vec![paint.bold(&head), format!("    {source}{place}"), format!("    {}", paint.dim(&score))];
    let text = hit.snippet.lines().map(str::trim_end).filter(|l| !l.trim().is_empty());
    let mut rest = text.clone().skip(8);
    lines.extend(text.take(8).map(|line| format!("    {} {}", paint.dim("│"), brief(line, look.width - 6))));
    if rest.next().is_some() {
        lines.push(format!("    {}", paint.dim("│ …")));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The end of a path, which tells more than its beginning.
fn tail(path: &str, width: usize) -> String {
    let path = harmless(path, false);
    let count = path.chars().count();
    if count <= width {
        path
    } else {
        format!("…{}", path.chars().skip(count + 1 - width).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecoops_core::ports::memory::{Document, DocumentKind};

    #[test]
    fn a_snippet_fits_80_columns_and_cannot_drive_the_terminal() {
        let hit = Hit {
            id: "runbook-0123456789abcdef".into(),
            document: Document {
                kind: DocumentKind::Postmortem,
                title: "a\u{1b}[2Jb 漢字".repeat(40),
                text: String::new(),
                source: "/a/very/long/path\u{202e}".repeat(9),
                metadata: serde_json::Map::new(),
            },
            snippet: "\u{7}long line ".repeat(30),
            score: 1.0,
            cosine: 1.0,
            text_rank: None,
            model: String::new(),
            stale: None,
        };
        let text = shown(10, &hit, "what", Look { color: false, width: 80, suppressed: false });
        let width = |line: &str| unicode_width::UnicodeWidthStr::width(line);
        assert!(text.lines().all(|line| width(line) <= 80), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']));
    }
}
