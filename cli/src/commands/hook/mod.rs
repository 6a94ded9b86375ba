//! `ecoops hook`: what is about to be pushed is checked before it leaves.

mod install;
mod push;
mod script;

use crate::app::App;
use crate::exit::{Exit, Failure};
use clap::Subcommand;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The hook reads the pushed commits, never the files on disk, and only what the remote does not\nhave yet. It lives beside other hooks and hook managers.\n\nExamples:\n  ecoops hook install      from now on, look at each push\n  git push --no-verify     push without looking, once\n  ecoops hook uninstall    never again"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Put the pre-push hook beside those that are there
    Install {
        /// Also when other repositories share the folder of hooks
        #[arg(long)]
        shared: bool,
    },
    /// Take it out and leave the others as they were
    Uninstall,
    /// Tell whether it is installed (exit 1 when not)
    Status,
    /// Look at what is pushed; git calls this
    Run(push::Args),
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.what {
        What::Install { shared } => install::install(app, shared),
        What::Uninstall => install::uninstall(app),
        What::Status => install::status(app),
        What::Run(args) => push::run(&args, app),
    }
}

/// Where the hook is installed, for `ecoops doctor`.
///
/// # Errors
/// [`Failure`] outside of a repository.
pub fn installed(app: &App) -> Result<Option<std::path::PathBuf>, Failure> {
    install::installed(app)
}
