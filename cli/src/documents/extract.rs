//! Turns HTML and PDF into text, in a process of its own: caged, without a network, with limits of time
//! and memory. What a hostile document does to its reader ends with that process.

use super::{Format, cannot};
use crate::app::App;
use crate::exit::Failure;
use crate::{host, open};
use ecoops_core::ports::runner::{Check, End};
use std::path::Path;
use std::process::ExitCode;

/// The hidden first argument with which the command line calls [`main`].
pub const SUBCOMMAND: &str = "__text-of";

/// Seconds and bytes of memory that one document may take.
const DEADLINE_SECONDS: u64 = 60;
const MEMORY: u64 = 1 << 30;
/// Bytes of text that one document may become.
const MOST_TEXT: usize = 32 << 20;
/// Columns at which HTML is wrapped.
const COLUMNS: usize = 100;

const INPUT: &str = "document";
const OUTPUT: &str = "text";

/// Converts in a cage.
///
/// # Errors
/// [`Failure`] when the document is damaged, encrypted, or takes more than it may.
pub fn caged(app: &App, path: &Path, format: Format, bytes: &[u8]) -> Result<String, Failure> {
    let failed = |e: &dyn std::error::Error| cannot(path).because(e);
    let program = host::program().map_err(|e| failed(&e))?;
    std::fs::create_dir_all(&app.folders.cache).map_err(|e| failed(&e))?;
    let folder = tempfile::tempdir_in(&app.folders.cache).map_err(|e| failed(&e))?;
    std::fs::write(folder.path().join(INPUT), bytes).map_err(|e| failed(&e))?;
    let runner = open::runner(app, vec![program.clone()])?;
    let check = Check {
        program: program.display().to_string(),
        arguments: vec![SUBCOMMAND.to_owned(), format.name().to_owned()],
        environment: Default::default(),
        folder: folder.path().to_owned(),
        writable: vec![folder.path().to_owned()],
        network: false,
        deadline_seconds: DEADLINE_SECONDS,
        memory_bytes: MEMORY,
    };
    let ran = runner.run(&check, &app.interrupt.flag).map_err(|e| failed(&e))?;
    let why = match ran.end {
        End::Exited(0) => {
            let text = std::fs::read(folder.path().join(OUTPUT)).map_err(|e| failed(&e))?;
            return String::from_utf8(text).map_err(|e| failed(&e));
        }
        End::Cancelled => return Err(app.interrupt.failure()),
        End::Deadline => format!("reading it takes more than {DEADLINE_SECONDS} s"),
        End::Memory => format!("reading it takes more than {} MiB of memory", MEMORY >> 20),
        End::Exited(_) => {
            let said = String::from_utf8_lossy(&ran.stderr);
            said.lines().last().filter(|l| !l.is_empty()).unwrap_or("it is damaged").to_owned()
        }
        End::Signalled(_) => "it is damaged: its reader broke down".to_owned(),
    };
    let failure = cannot(path).next("save it as text or Markdown, and add that");
    Err(Failure { causes: vec![why], ..failure })
}

/// The caged half: reads one file of its folder and writes another.
pub fn main() -> ExitCode {
    let format = std::env::args_os().nth(2).unwrap_or_default();
    match crate::exit::guarded(|| convert(&format.to_string_lossy())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let why = failure.causes.first().unwrap_or(&failure.what);
            crate::ui::complain(why);
            ExitCode::from(2)
        }
    }
}

fn convert(format: &str) -> Result<(), Failure> {
    let failed = |e: &dyn std::error::Error| Failure::new("not converted").because(e);
    let bytes = std::fs::read(INPUT).map_err(|e| failed(&e))?;
    let text = if format == Format::Pdf.name() { pdf(&bytes)? } else { html(&bytes)? };
    let end = text.floor_char_boundary(MOST_TEXT);
    std::fs::write(OUTPUT, text.get(..end).unwrap_or_default()).map_err(|e| failed(&e))
}

/// Each page's text, ended by a form feed.
fn pdf(bytes: &[u8]) -> Result<String, Failure> {
    let pages = pdf_extract::extract_text_from_mem_by_pages(bytes)
        .map_err(|e| Failure::new("not converted").because(&e))?;
    Ok(pages.iter().map(|page| format!("{}\n\x0c", page.replace(['\x0c', '\0'], " ").trim())).collect())
}

/// Headings become those of Markdown; scripts, styles and the addresses of links are left out.
fn html(bytes: &[u8]) -> Result<String, Failure> {
    let text = html2text::config::plain_no_decorate()
        .no_table_borders()
        .string_from_read(bytes, COLUMNS)
        .map_err(|e| Failure::new("not converted").because(&e))?;
    Ok(text.replace('\0', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_keeps_what_is_read() {
        let page = b"<title>T</title><style>x{}</style><h1>Pool</h1><p>a &amp; b</p><script>no()</script>\
            <h2>Steps</h2><ol><li>one</ol><table><tr><td>1<td>2</table><pre>kubectl  get</pre>";
        let text = html(page).unwrap();
        for part in ["# Pool\n", "a & b", "## Steps\n", "1. one", "1 2", "kubectl  get"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("no()") && !text.contains("x{}"));
        assert!(html(b"\xff\xfe<p>caf\xe9").is_ok());
    }
}
