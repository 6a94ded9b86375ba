//! `ecoops database`: what an administrator of a PostgreSQL server does for the orgs that keep something there.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::open;
use clap::{Args as ClapArgs, Subcommand};
use ecoops_plugins::registry::{self, PostgresSettings, database};
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "An org's rows are seen by its own logins alone; the server sees to that. Set memory.adapter to \
    pgvector, with memory.address and memory.login, to keep the memory there.\n\nExamples:\n  \
    ecoops database prepare --address postgres://db.example/ecoops --login postgres --credential db-admin\n  \
    ecoops database org acme acme_ecoops --new-credential db-acme"
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the tables, or the steps of them that are missing
    #[command(after_help = "Example:\n  ecoops database prepare --login postgres --credential db-admin")]
    Prepare {
        #[command(flatten)]
        server: Server,
    },
    /// Add an org, and give it a login
    #[command(after_help = "Example:\n  ecoops database org acme acme_ecoops --new-credential db-acme")]
    Org {
        /// What the org is called
        name: String,
        /// The org's login, made when it is not there
        org_login: String,
        /// The credential, by its name, that holds the password that the org's login gets
        #[arg(long, value_name = "NAME")]
        new_credential: Option<String>,
        #[command(flatten)]
        server: Server,
    },
    /// Rewrite the memory's tables, so that nothing forgotten is left in the server's files
    #[command(
        after_help = "`ecoops memory forget` hides a document from everybody at once; the server overwrites its\ntext when it needs the place. This rewrites the tables now; each is locked meanwhile. The\nserver's write-ahead log and backups keep what they have.\n\nExample:\n  ecoops database vacuum --login postgres --credential db-admin"
    )]
    Vacuum {
        #[command(flatten)]
        server: Server,
    },
    /// Copy what is new in the audit log to the server of incidents.address
    #[command(
        after_help = "The agent does this by itself while incidents.adapter is postgres. The signed log stays\nthe proof; the copy is for searching.\n\nExample:\n  ecoops database copy-audit"
    )]
    CopyAudit,
}

/// The server, and who administers it.
#[derive(Debug, ClapArgs)]
struct Server {
    /// The server and database; by default memory.address
    #[arg(long, value_name = "postgres://HOST/DATABASE")]
    address: Option<String>,
    /// A login that may make tables and logins
    #[arg(long, default_value = "postgres")]
    login: String,
    /// The credential, by its name, that holds this login's password
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,
    /// Certificates to trust instead of the system's, in PEM; by default memory.ca_file
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.verb {
        Verb::Prepare { server } => {
            let done = database::prepare(&settings(server, app)?);
            let done = done.map_err(|e| Failure::new("the tables could not be made").because(&e))?;
            app.ui.note(&match done.as_slice() {
                [] => "every table is there".to_owned(),
                steps => format!("made {}", steps.join(", ")),
            });
        }
        Verb::Org { name, org_login, new_credential, server } => {
            let password = crate::credentials::text(app, new_credential.as_deref().unwrap_or_default())?;
            let added = database::add_org(&settings(server, app)?, &name, &org_login, password.as_deref());
            added.map_err(|e| Failure::new("the org could not be added").because(&e))?;
            app.ui.note(&format!("{org_login} is a login of {name}"));
        }
        Verb::Vacuum { server } => {
            let done = database::vacuum(&settings(server, app)?);
            done.map_err(|e| Failure::new("the tables could not be rewritten").because(&e))?;
            app.ui.note("the memory's tables are rewritten; nothing forgotten is left in them");
        }
        Verb::CopyAudit => {
            let log = open::audit_log(app)?;
            let copied = registry::copy_audit_log(&open::incidents_choice(app)?, &*log);
            let copied = copied.map_err(|e| Failure::new("the audit log could not be copied").because(&e))?;
            app.ui.note(&format!("{copied} entries copied"));
        }
    }
    Ok(Exit::Clean)
}

fn settings(server: Server, app: &App) -> Result<PostgresSettings, Failure> {
    let address = server.address.unwrap_or_else(|| app.settings().memory.address.clone());
    if address.is_empty() {
        return Err(Failure::new("no server is named").next("give --address, or set memory.address"));
    }
    let configured = Some(&app.settings().memory.ca_file).filter(|file| !file.is_empty());
    Ok(PostgresSettings {
        address,
        ca_file: server.ca_file.map(|file| app.here.join(file)).or(configured.map(PathBuf::from)),
        login: server.login,
        password: crate::credentials::text(app, server.credential.as_deref().unwrap_or_default())?,
        ..PostgresSettings::default()
    })
}
