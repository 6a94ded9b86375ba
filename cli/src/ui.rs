//! The only place that prints: results on stdout, progress and messages on stderr.
//!
//! A reader that goes away (`ecoops scan | head`) ends the output quietly.

use crate::exit::Failure;
use crate::host::Terminal;
use crate::interrupt::waiting;
use ecoops_core::config::Choice;
use ecoops_core::ports::secrets::Secret;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The two streams and what they can show. Cheap to copy; holds no state of the run.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// No progress and no notes.
    pub quiet: bool,
    /// Colour on stdout.
    pub color: bool,
    /// Colour on stderr.
    pub stderr_color: bool,
    /// Progress bars on stderr.
    pub progress: bool,
    /// Someone can be asked: stdin and stderr are terminals.
    pub interactive: bool,
    /// Columns.
    pub width: usize,
}

/// Set once the reader of stdout has gone; nothing more is written to it.
static CLOSED: AtomicBool = AtomicBool::new(false);

impl Ui {
    /// A flag's choice wins over the environment's, which wins over whether it is a terminal.
    pub fn new(terminal: Terminal, color: Choice, progress: Choice, quiet: bool) -> Self {
        let colored = |is_terminal: bool| match color {
            Choice::Always => true,
            Choice::Never => false,
            Choice::Auto => terminal.color.unwrap_or(is_terminal),
        };
        Self {
            quiet,
            color: colored(terminal.stdout),
            stderr_color: colored(terminal.stderr),
            progress: terminal.stderr && !quiet && progress != Choice::Never,
            interactive: terminal.stdin && terminal.stderr,
            width: terminal.width,
        }
    }

    /// Writes a result to stdout, with a line end unless it has one.
    pub fn result(&self, text: &str) {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.raw(format!("{text}{end}").as_bytes());
    }

    /// Writes bytes to stdout as they are.
    pub fn raw(&self, bytes: &[u8]) {
        if CLOSED.load(Ordering::Relaxed) {
            return;
        }
        let mut out = std::io::stdout().lock();
        if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
            CLOSED.store(true, Ordering::Relaxed);
        }
    }

    /// Writes a message for people to stderr.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.always(text);
        }
    }

    /// Writes to stderr even when quiet: warnings and errors.
    pub fn always(&self, text: &str) {
        complain(text);
    }

    /// The stream of results, for a protocol that has it to itself.
    pub fn stdout(&self) -> Box<dyn Write + Send> {
        Box::new(std::io::stdout())
    }

    /// The stream of messages, for a log that somebody watches.
    pub fn stderr(&self) -> Box<dyn Write + Send> {
        Box::new(std::io::stderr())
    }

    /// A bar on stderr for work of `total` steps (0: unknown); invisible where bars are not wanted.
    /// Finish it with `finish_and_clear`.
    pub fn bar(&self, what: &str, total: u64) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(
            (total > 0).then_some(total),
            ProgressDrawTarget::stderr_with_hz(10),
        );
        let template = if total > 0 { "{msg} {wide_bar} {pos}/{len}" } else { "{spinner} {msg} {pos}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.with_message(what.to_owned())
    }

    /// Sends the program's own log to stderr; `filter` as in `debug` or `ecoops_core=trace`.
    ///
    /// # Errors
    /// [`Failure`] when the filter cannot be understood.
    pub fn log(&self, filter: &str) -> Result<(), Failure> {
        let filter = tracing_subscriber::EnvFilter::try_new(filter)
            .map_err(|e| Failure::new("the log filter cannot be understood").because(&e))?;
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(self.stderr_color);
        let _ = log.with_writer(std::io::stderr).try_init();
        Ok(())
    }

    /// Asks on the terminal; `None` when nobody can be asked or the input has ended.
    pub fn ask(&self, question: &str) -> Option<String> {
        if !self.interactive {
            return None;
        }
        let _ = write!(std::io::stderr().lock(), "{question} ");
        let mut answer = String::new();
        let read = waiting(|| std::io::stdin().read_line(&mut answer)).ok()?;
        (read > 0).then(|| answer.trim().to_owned())
    }

    /// Asks on the terminal for what must not be seen; `None` when nobody can be asked, or nothing was typed.
    pub fn ask_hidden(&self, question: &str) -> Option<Secret> {
        if !self.interactive {
            return None;
        }
        let _ = write!(std::io::stderr().lock(), "{question} ");
        let typed = crate::host::read_hidden();
        let _ = writeln!(std::io::stderr().lock());
        typed.ok().flatten().filter(|bytes| !bytes.is_empty()).map(Secret::new)
    }
}

/// Writes a line to stderr, for a process that has no settings.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// One line of at most `width` columns, harmless in a terminal; `…` stands for what was cut off.
pub fn brief(text: &str, width: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let clean = harmless(spaced.trim_end(), false);
    if clean.width() <= width {
        return clean;
    }
    let (mut out, mut used) = (String::new(), 1);
    for c in clean.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// Makes text that came from outside harmless in a terminal or a log: control characters, among them
/// the escape that begins ANSI sequences, and characters that reorder text (Unicode bidi controls,
/// CVE-2021-42574) become visible escapes. Tabs stay, line ends stay when `lines`.
pub fn harmless(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(c),
            '\n' if lines => out.push(c),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}' => {
                out.extend(c.escape_unicode());
            }
            c if c.is_control() || c == '\u{FEFF}' || c == '\u{2028}' || c == '\u{2029}' => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMINAL: Terminal = Terminal { stdin: true, stdout: true, stderr: true, width: 80, color: None };

    #[test]
    fn flags_win_over_the_environment_over_the_terminal() {
        for (choice, environment, stdout, expected) in [
            (Choice::Auto, None, true, true),
            (Choice::Auto, None, false, false),
            (Choice::Auto, Some(false), true, false),
            (Choice::Auto, Some(true), false, true),
            (Choice::Always, Some(false), false, true),
            (Choice::Never, Some(true), true, false),
        ] {
            let terminal = Terminal { stdout, color: environment, ..TERMINAL };
            assert_eq!(
                Ui::new(terminal, choice, Choice::Auto, false).color,
                expected,
                "{choice:?} {environment:?}"
            );
        }
    }

    #[test]
    fn text_from_outside_cannot_drive_the_terminal() {
        for (text, expected) in [
            ("plain é 漢\t", "plain é 漢\t"),
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("a\rb\x07\x08\x7f", "a\\u{d}b\\u{7}\\u{8}\\u{7f}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("x\u{202E}y", "x\\u{202e}y"),
            ("a\nb", "a\\u{a}b"),
        ] {
            assert_eq!(harmless(text, false), expected);
        }
        assert_eq!(harmless("a\nb", true), "a\nb");
    }

    #[test]
    fn a_brief_is_one_line_of_its_width() {
        for (text, width, expected) in [
            ("a\nb\tc ", 9, "a b c"),
            ("漢字漢字", 8, "漢字漢字"),
            ("漢字漢字", 7, "漢字漢…"),
            ("abcd", 3, "ab…"),
            ("\u{1b}[2J", 20, "\\u{1b}[2J"),
        ] {
            assert_eq!(brief(text, width), expected, "{text:?}");
        }
    }
}
