//! Colour: puts ANSI styles around text, or leaves it alone.

use anstyle::{AnsiColor, Style};
use ecoops_core::domain::Severity;

#[derive(Debug, Clone, Copy)]
pub struct Paint {
    pub color: bool,
}

impl Paint {
    pub fn with(self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    pub fn severity(self, severity: Severity, text: &str) -> String {
        let color = match severity {
            Severity::Critical | Severity::High => AnsiColor::Red,
            Severity::Medium => AnsiColor::Yellow,
            Severity::Low => AnsiColor::Cyan,
            Severity::Info => AnsiColor::Blue,
        };
        let style = color.on_default();
        self.with(if severity == Severity::Critical { style.bold() } else { style }, text)
    }

    pub fn good(self, text: &str) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    pub fn bad(self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default(), text)
    }

    /// A unified diff, by its lines' first characters. Changed lines are shown whole, the others cut.
    pub fn diff(self, text: &str, indent: &str, width: usize) -> String {
        let mut out = String::new();
        for line in text.lines() {
            let line = crate::ui::harmless(line, false);
            let painted = match line.as_bytes().first() {
                Some(b'+') => self.good(&line),
                Some(b'-') => self.bad(&line),
                Some(b'@') => self.dim(&line),
                _ => line.chars().take(width.saturating_sub(indent.len())).collect(),
            };
            out.push_str(format!("{indent}{painted}").trim_end());
            out.push('\n');
        }
        out
    }
}
