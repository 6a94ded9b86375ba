//! `ecoops mcp`: this program's tools for editors and other agents, and theirs for this program. The protocol
//! itself is `ecoops_agent::mcp`.

mod outside;

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::interrupt::waiting;
use crate::{host, open};
use clap::Subcommand;
use ecoops_agent::mcp::stdio;
use ecoops_agent::mcp::tools::{Options, Program, Tools};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "An editor starts `ecoops mcp serve` itself; the agent serves the same at /mcp.\n\nExample:\n  ecoops mcp serve --root ~/src/shop"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Serve tools over stdin and stdout, until stdin ends
    #[command(
        after_help = "The tools only read, unless --allow-write is given; fixes then pass the policy as always.\n\nExample, for an editor's settings:\n  { \"mcpServers\": { \"ecoops\": { \"command\": \"ecoops\", \"args\": [\"mcp\", \"serve\"] } } }"
    )]
    Serve {
        /// A folder that tools may read; repeatable. Where it was started, by default
        #[arg(long, value_name = "DIR")]
        root: Vec<PathBuf>,
        /// Offer the tools that change something too: fix, undo, memory_add
        #[arg(long)]
        allow_write: bool,
    },
    /// List the servers of others that the settings name
    #[command(after_help = "Example:\n  ecoops mcp list")]
    List,
    /// Show what a server offers
    #[command(after_help = "Example:\n  ecoops mcp tools tracker")]
    Tools {
        /// Its name in the settings
        server: String,
    },
    /// Call a tool of a server; asks first, unless the settings allow it and the tool only reads
    #[command(
        after_help = "What the tool says is shown as it is, without secrets; it is data and no advice.\n\nExamples:\n  ecoops mcp call tracker search query=pool limit=3\n  ecoops mcp call tracker search '{\"query\": \"pool\"}'"
    )]
    Call {
        /// Its name in the settings
        server: String,
        tool: String,
        /// KEY=VALUE, or one JSON object
        arguments: Vec<String>,
        /// Call it without being asked
        #[arg(long, short)]
        yes: bool,
    },
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.action {
        Action::Serve { root, allow_write } => serve(app, root, allow_write),
        Action::List => outside::list(app),
        Action::Tools { server } => outside::tools(app, &server),
        Action::Call { server, tool, arguments, yes } => {
            let arguments = outside::arguments(&arguments)?;
            outside::call(app, &outside::Call { server, tool, arguments, approved: yes })
        }
    }
}

/// This program, for tools that run its commands with the settings that were typed.
///
/// # Errors
/// [`Failure`] when it cannot be told where it is.
pub fn program(app: &App) -> Result<Program, Failure> {
    let path = host::program().map_err(|e| Failure::new("this program cannot be found").because(&e))?;
    let flags =
        app.flags.iter().flat_map(|(_, key, value)| ["--config".into(), format!("{key}={value}").into()]);
    let mut arguments: Vec<std::ffi::OsString> = flags.collect();
    if app.offline {
        arguments.push("--offline".into());
    }
    Ok(Program { path, arguments })
}

fn serve(app: &App, roots: Vec<PathBuf>, allow_write: bool) -> Result<Exit, Failure> {
    let settings = &app.settings().mcp;
    let roots = if roots.is_empty() { vec![app.here.clone()] } else { roots };
    let roots = roots.into_iter().map(|root| {
        let root = app.here.join(root);
        let real = root.canonicalize();
        real.map_err(|e| Failure::new(format!("{} cannot be opened to tools", root.display())).because(&e))
    });
    let options = Options {
        program: program(app)?,
        roots: roots.collect::<Result<_, _>>()?,
        allow_write,
        most: usize::try_from(settings.max_output).unwrap_or(usize::MAX),
    };
    let tools = Tools::new(options, open::redactor(app)?);
    let from = std::io::BufReader::new(std::io::stdin());
    let patience = Duration::from_secs(settings.deadline);
    waiting(|| stdio::serve(tools, from, app.ui.stdout(), patience))
        .map_err(|e| Failure::new("the client cannot be served").because(&e))?;
    Ok(Exit::Clean)
}
