//! The command line as a whole: global flags, the grouped help, and what they make: the `App`.

use super::Command;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::host::{self, Folders, Terminal};
use crate::interrupt::Interrupt;
use crate::settings;
use crate::ui::Ui;
use clap::{Args, CommandFactory, FromArgMatches, Parser};
use ecoops_core::config::Choice;
use std::fmt::Write;
use std::path::PathBuf;

#[derive(Debug, Parser)]
#[command(
    name = "ecoops",
    version,
    about = "Turns a problem in code into a fix with a proof.",
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Line {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Work as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// How results are written [default: text]
    #[arg(long, value_enum, global = true, hide_possible_values = true, value_name = "FORMAT")]
    pub output: Option<Output>,
    /// No progress and no notes
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// auto, always or never
    #[arg(long, value_name = "WHEN", global = true, hide_possible_values = true, value_parser = ["auto", "always", "never"])]
    pub color: Option<String>,
    /// As --color never
    #[arg(long, global = true, conflicts_with = "color")]
    pub no_color: bool,
    /// Ask no server, on this machine neither
    #[arg(long, global = true)]
    pub offline: bool,
    /// Stop after SECONDS, with exit code 124
    #[arg(long, value_name = "SECONDS", global = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub deadline: Option<u64>,
    /// Set a setting, as scan.persona=pedantic
    #[arg(long = "config", value_name = "KEY=VALUE", global = true, value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// Write a log to stderr, as debug or ecoops_core=trace
    #[arg(long, value_name = "FILTER", global = true)]
    pub log: Option<String>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as scan.persona=pedantic")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// The commands by what they are for, in the order of the help.
const GROUPS: &[(&str, &[&str])] = &[
    ("Find and fix", &["scan", "fix", "plan", "runs", "resume", "undo"]),
    ("When it runs badly", &["incident", "signals", "infra"]),
    ("Where code moves", &["hook", "ci"]),
    ("What is known and proved", &["audit", "policy", "events", "memory", "docs", "ask", "objects"]),
    ("Who you are", &["login", "logout", "whoami", "credential"]),
    ("Set up", &["agent", "database", "mcp", "dev", "config", "trust", "doctor", "completions", "man"]),
];

const EXAMPLES: &str = "\
Examples:
  ecoops scan                  what is wrong here
  ecoops fix --diff            what would be changed
  ecoops help fix              everything about one command

Exit codes:
  0 clean or all fixed   1 findings remain       2 usage or internal error
  3 nothing to examine   4 policy denied         5 validation failed, restored
  6 approval required    7 inconclusive          8 audit log broken
  124 deadline           130 interrupted";

/// The definition that help, completions and manual pages come from.
pub fn command() -> clap::Command {
    let command = Line::command().after_help(EXAMPLES).disable_help_subcommand(false);
    let groups = groups(&command);
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{groups}\n{{options}}{{after-help}}"
    ))
}

/// The list of commands, by group; one that is in no group comes last.
fn groups(command: &clap::Command) -> String {
    let mut text = String::new();
    let shown = |c: &&clap::Command| !c.is_hide_set();
    let mut list = |heading: &str, names: &mut dyn Iterator<Item = &clap::Command>| {
        for (index, c) in names.enumerate() {
            if index == 0 {
                let _ = write!(text, "\n{heading}:\n");
            }
            let about = c.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {:<12} {about}", c.get_name());
        }
    };
    for (heading, names) in GROUPS {
        list(heading, &mut names.iter().filter_map(|n| command.find_subcommand(n)).filter(shown));
    }
    let grouped = |c: &&clap::Command| GROUPS.iter().any(|(_, names)| names.contains(&c.get_name()));
    list("More", &mut command.get_subcommands().filter(|c| !grouped(c)).filter(shown));
    text
}

/// # Errors
/// The exit code, once help, version or the usage error has been shown.
pub fn parse() -> Result<Line, Exit> {
    let parsed = command().try_get_matches().and_then(|mut m| Line::from_arg_matches_mut(&mut m));
    parsed.map_err(|error| {
        let ui = Ui::new(Terminal::find(), Choice::Auto, Choice::Never, false);
        let styled = error.render();
        let text = |color: bool| if color { styled.ansi().to_string() } else { styled.to_string() };
        if error.use_stderr() {
            ui.always(text(ui.stderr_color).trim_end());
            Exit::Error
        } else {
            ui.result(&text(ui.color));
            Exit::Clean
        }
    })
}

fn color(global: &Global) -> Option<Choice> {
    match (global.no_color, global.color.as_deref()) {
        (true, _) | (_, Some("never")) => Some(Choice::Never),
        (_, Some("always")) => Some(Choice::Always),
        (_, Some(_)) => Some(Choice::Auto),
        (_, None) => None,
    }
}

/// For messages before the settings are known.
pub fn first_ui(global: &Global) -> Ui {
    Ui::new(Terminal::find(), color(global).unwrap_or_default(), Choice::Auto, global.quiet)
}

/// Reads the settings and listens for signals.
///
/// # Errors
/// [`Failure`] when a folder, a setting or the log filter cannot be used.
///
/// `own_log`: the command sets up the log itself. `forgiving`: settings that cannot be used do not keep it from its
/// work, as it helps to mend them or has no need of them.
pub fn open(global: &Global, ui: Ui, own_log: bool, forgiving: bool) -> Result<App, Failure> {
    if global.offline {
        ecoops_plugins::egress::close();
    }
    if let Some(filter) = &global.log
        && !own_log
    {
        ui.log(filter)?;
    }
    let folders = Folders::find().ok_or_else(|| {
        Failure::new("there is no home folder").next("set ECOOPS_HOME to a folder of yours")
    })?;
    let here = here(global)?;
    let root = host::repository_root(&here);
    let flags: Vec<_> =
        global.settings.iter().map(|(k, v)| (format!("--config {k}={v}"), k.clone(), v.clone())).collect();
    let (configuration, unusable) = match settings::load(&folders, &root, &flags) {
        Err(failure) if forgiving => (settings::of_flags(&flags)?, Some(failure.in_one_line())),
        loaded => (loaded?, None),
    };
    let chosen = &configuration.settings.ui;
    let ui = Ui::new(Terminal::find(), color(global).unwrap_or(chosen.color), chosen.progress, global.quiet);
    for ignored in &configuration.ignored {
        ui.note(&format!(
            "note: {}: `{}` needs trust and was ignored (`ecoops trust`)",
            ignored.origin, ignored.name
        ));
    }
    let interrupt = Interrupt::listen(global.deadline)?;
    let output = global.output.unwrap_or_default();
    let (offline, log) = (global.offline, global.log.clone());
    let credentials = Default::default();
    Ok(App {
        ui,
        folders,
        here,
        root,
        configuration,
        unusable,
        output,
        interrupt,
        offline,
        flags,
        credentials,
        log,
    })
}

fn here(global: &Global) -> Result<PathBuf, Failure> {
    let here = host::here().map_err(|e| Failure::new("the current folder is gone").because(&e))?;
    let Some(directory) = &global.directory else { return Ok(here) };
    let folder = here.join(directory);
    let found = folder
        .canonicalize()
        .map_err(|e| Failure::new(format!("{} cannot be entered", directory.display())).because(&e))?;
    if found.is_dir() {
        Ok(found)
    } else {
        Err(Failure::new(format!("{} is not a folder", directory.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_explains_itself_with_an_example() {
        for sub in command().get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
            assert!(sub.get_about().is_some(), "{}", sub.get_name());
            let after = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("Example"), "{} has no example", sub.get_name());
        }
    }

    #[test]
    fn help_fits_80_columns() {
        let mut root = command().term_width(80);
        let text = root.render_help().to_string();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
