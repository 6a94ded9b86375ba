//! `ecoops signals templates`: which template each line of a log has.
//!
//! One pass over the file. What a line's template is, is known at the end: until then each line's ticket waits in
//! a temporary file, so that memory does not grow with the log.

use super::cell;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::report::Look;
use crate::ui::{brief, harmless};
use crate::{input, open};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::engines::signals::parse::decoded;
use ecoops_core::engines::signals::templates::{Config, Layout, Miner, SAMPLE, Template, Templates, Ticket};
use ecoops_plugins::registry::capture::readable;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "As CSV, one row a line: its number, the id of its template, and the template, with `<*>` for what \
    varies. Time, level and the like before the message are left out, where most lines have them.\n\n\
    Example:\n  ecoops signals templates app.log --output csv > templates.csv"
)]
pub struct Args {
    /// A log; `-` is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many templates are shown as text
    #[arg(long, default_value_t = 40, value_name = "N")]
    top: usize,
}

/// Bytes of a line that are kept; the miner looks at fewer.
const LINE: usize = 64 << 10;
/// Lines between looks at whether to stop.
const STEP: u64 = 16_384;

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let failed = |e: &dyn std::error::Error| {
        Failure::new(format!("{} cannot be read", args.file.display())).because(e)
    };
    let mut file = input::open(app, &args.file)?;
    let file = readable(&args.file.to_string_lossy(), &mut file);
    std::fs::create_dir_all(&app.folders.cache).map_err(|e| failed(&e))?;
    let mut tickets = match app.output {
        Output::Csv => {
            Some(BufWriter::new(tempfile::tempfile_in(&app.folders.cache).map_err(|e| failed(&e))?))
        }
        _ => None,
    };
    let bar = app.ui.bar("lines", 0);
    let mut miner = Miner::new(Config::default());
    let mut lines = Lines {
        input: BufReader::with_capacity(1 << 20, file),
        miner: &mut miner,
        layout: None,
        first: Vec::new(),
    };
    let span = tracing::info_span!("signal.ingest").entered();
    loop {
        let many = lines.take(STEP, &mut |Ticket(ticket)| match &mut tickets {
            Some(file) => file.write_all(&ticket.to_le_bytes()),
            None => Ok(()),
        });
        bar.inc(STEP);
        app.interrupt.check()?;
        if !many.map_err(|e| failed(&e))? {
            break;
        }
    }
    drop(span);
    bar.finish_and_clear();
    let templates = miner.templates();
    if miner.lines() == 0 {
        return Err(Failure::new(format!("{} is empty", args.file.display())).exit(Exit::Nothing));
    }
    let redactor = open::redactor(app)?;
    match tickets {
        Some(file) => rows(app, file, &templates, &redactor).map_err(|e| failed(&e))?,
        None => show(app, &templates, &redactor, miner.lines(), args.top),
    }
    Ok(Exit::Clean)
}

/// Reads lines and gives them to the miner. What the lines begin with is told from the first of them.
struct Lines<'a, R> {
    input: BufReader<R>,
    miner: &'a mut Miner,
    layout: Option<Layout>,
    first: Vec<Vec<u8>>,
}

type Keep<'a> = &'a mut dyn FnMut(Ticket) -> std::io::Result<()>;

impl<R: Read> Lines<'_, R> {
    /// Takes up to `most` lines; whether there may be more.
    fn take(&mut self, most: u64, keep: Keep<'_>) -> std::io::Result<bool> {
        let mut line = Vec::new();
        for _ in 0..most {
            if !next(&mut self.input, &mut line)? {
                self.settle(keep)?;
                return Ok(false);
            }
            match self.layout {
                Some(layout) => keep(self.miner.push(layout.message(decoded(&line).as_bytes()), None))?,
                None => {
                    self.first.push(line.clone());
                    if self.first.len() >= SAMPLE {
                        self.settle(keep)?;
                    }
                }
            }
        }
        Ok(true)
    }

    fn settle(&mut self, keep: Keep<'_>) -> std::io::Result<()> {
        let layout = *self.layout.get_or_insert_with(|| Layout::of(self.first.iter().map(Vec::as_slice)));
        for line in std::mem::take(&mut self.first) {
            keep(self.miner.push(layout.message(decoded(&line).as_bytes()), None))?;
        }
        Ok(())
    }
}

/// The next line without its end, cut when it is very long. False at the end of the input.
fn next(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if chunk.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = chunk.iter().position(|b| *b == b'\n');
        let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        let room = LINE.saturating_sub(line.len()).min(part.len());
        line.extend_from_slice(part.get(..room).unwrap_or_default());
        let used = end.map_or(chunk.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

fn rows(
    app: &App,
    tickets: BufWriter<std::fs::File>,
    templates: &Templates,
    redactor: &Redactor,
) -> std::io::Result<()> {
    let mut file = tickets.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.rewind()?;
    let cells: Vec<String> = templates
        .all
        .iter()
        .map(|t| format!(",{},{}\n", t.id, cell(&redactor.redact(&t.text).text)))
        .collect();
    let mut input = BufReader::with_capacity(1 << 20, file);
    let mut out = String::from("line,template_id,template\n");
    let mut ticket = [0; 4];
    let mut number = 0_u64;
    while input.read_exact(&mut ticket).is_ok() {
        number += 1;
        let template = templates.of(Ticket(u32::from_le_bytes(ticket)));
        out.push_str(&number.to_string());
        out.push_str(template.and_then(|t| cells.get(t.id as usize - 1)).map_or(",0,\n", String::as_str));
        if out.len() >= 1 << 20 {
            app.ui.raw(out.as_bytes());
            out.clear();
            if app.interrupt.check().is_err() {
                break;
            }
        }
    }
    app.ui.raw(out.as_bytes());
    Ok(())
}

fn show(app: &App, templates: &Templates, redactor: &Redactor, lines: u64, top: usize) {
    let mut all: Vec<&Template> = templates.all.iter().collect();
    let clean = |text: &str| redactor.redact(text).text;
    match app.output {
        Output::Json => {
            let values: Vec<Value> = all.iter().map(|t| value(t, &clean)).collect();
            app.ui.result(&format!("{:#}", json!({ "lines": lines, "templates": values })));
        }
        Output::Jsonl => all.iter().for_each(|t| app.ui.result(&value(t, &clean).to_string())),
        _ => {
            all.sort_by_key(|t| (std::cmp::Reverse(t.count), t.id));
            let look = Look::of(&app.ui);
            let more = all.len().saturating_sub(top);
            app.ui.result(&format!("{lines} lines, {} templates", all.len()));
            for t in all.into_iter().take(top) {
                app.ui
                    .result(&brief(&format!("{:>9}  #{:<5} {}", t.count, t.id, clean(&t.text)), look.width));
            }
            if more > 0 {
                app.ui.result(&format!("… and {more} more (--top N, or --output json)"));
            }
        }
    }
}

fn value(template: &Template, clean: &dyn Fn(&str) -> String) -> Value {
    json!({
        "id": template.id, "count": template.count, "template": clean(&template.text),
        "first_line": template.first.line + 1, "last_line": template.last.line + 1,
        "examples": template.exemplars.iter().map(|e| harmless(&clean(e), false)).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mined(text: &[u8]) -> (u64, Vec<(u32, String)>) {
        let mut miner = Miner::new(Config::default());
        let mut tickets = Vec::new();
        let input = BufReader::with_capacity(7, text);
        let mut lines = Lines { input, miner: &mut miner, layout: None, first: Vec::new() };
        while lines
            .take(3, &mut |ticket| {
                tickets.push(ticket);
                Ok(())
            })
            .unwrap()
        {}
        let templates = miner.templates();
        let rows =
            tickets.into_iter().map(|t| templates.of(t).map(|t| (t.id, t.text.clone())).unwrap()).collect();
        (miner.lines(), rows)
    }

    #[test]
    fn one_row_a_physical_line() {
        let (lines, rows) = mined(b"got 1 items\n\ngot 22 items\r\n\xff\xfe\nlast without an end");
        assert_eq!((lines, rows.len()), (5, 5));
        assert_eq!(rows[0], rows[2]);
        assert_eq!(rows[0].1, "got <*> items");
        assert_eq!(mined(b"caf\xe9 1 opened\ncaf\xe9 2 opened").1[1].1, "café <*> opened");
        assert_eq!(mined(b"").0, 0);
        assert_eq!(mined(b"\n").0, 1);
    }

    #[test]
    fn a_line_of_ten_megabytes_is_one_row() {
        let mut text = b"begin ".to_vec();
        text.resize(10 << 20, b'x');
        text.extend_from_slice(b"\nshort\n");
        assert_eq!(mined(&text).1.len(), 2);
    }
}
