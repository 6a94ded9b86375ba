//! `ecoops audit`: shows, verifies, proves, judges and copies the signed record.

mod report;

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::objects;
use crate::ui::harmless;
use ecoops_core::domain::{AuditEntry, AuditFilter, AuditResult};
use ecoops_core::engines::ledger::{LogProof, VerifierKey, entry};
use ecoops_core::ports::audit_log::{AuditError, AuditLog, Page};
use ecoops_core::ports::objects::Bucket;
use ecoops_plugins::registry;
use std::path::{Path, PathBuf};

/// Entries read at a time.
const PAGE: usize = 1024;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The record is a C2SP transparency log: anyone who has its public key can check it.\n\nExamples:\n  ecoops audit log --limit 5           what was done last\n  ecoops audit verify                  recompute everything; exit code 8 when it does not hold\n  ecoops audit proof 12 -o fix.proof   a proof of entry 12 that stands alone\n  ecoops audit report soc2             what it shows for the controls of SOC 2"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show entries, the newest last
    Log(LogArgs),
    /// Recompute every hash from the entries up, and check the signature
    Verify(VerifyArgs),
    /// Prove that an entry is in the log, or check such a proof
    Proof(ProofArgs),
    /// Judge a period for the controls of SOC 2 or ISO 27001
    Report(report::Args),
    /// Copy the log: to a new folder in the tlog-tiles layout, or to stdout as JSON lines
    Export(ExportArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --from the log is read from its end, and no further than it takes.\n\nExamples:\n  ecoops audit log --from 100 --limit 20 --output json\n  ecoops audit log --action integrate --result failure --since 2026-01-31T00:00:00Z"
)]
struct LogArgs {
    /// How many entries at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// The first entry's index; without it, the last N entries
    #[arg(long, value_name = "INDEX", conflicts_with_all = ["actor", "action", "resource", "result", "trace", "since", "until"])]
    from: Option<u64>,
    /// Only what this actor did
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// Only this action, such as `integrate`
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what was done to this resource
    #[arg(long, value_name = "RESOURCE")]
    resource: Option<String>,
    /// Only what ended like this
    #[arg(long, value_enum, value_name = "RESULT")]
    result: Option<Ended>,
    /// Only entries of this trace
    #[arg(long, value_name = "ID")]
    trace: Option<String>,
    /// Only entries since this time, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<jiff::Timestamp>,
    /// Only entries until this time
    #[arg(long, value_name = "TIME")]
    until: Option<jiff::Timestamp>,
}

/// How what was done ended.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Ended {
    Success,
    Failure,
    Denied,
}

impl LogArgs {
    fn filter(&self) -> AuditFilter {
        AuditFilter {
            since: self.since,
            until: self.until,
            actor: self.actor.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
            result: self.result.map(|ended| match ended {
                Ended::Success => AuditResult::Success,
                Ended::Failure => AuditResult::Failure,
                Ended::Denied => AuditResult::Denied,
            }),
            trace: self.trace.iter().cloned().collect(),
            ..AuditFilter::default()
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  ecoops audit verify ./copy --key 'ecoops.local/audit/…+1a2b3c4d+AX…'")]
struct VerifyArgs {
    /// The log's public key (a C2SP vkey); without it, this machine's own
    #[arg(long, value_name = "VKEY")]
    key: Option<String>,
    /// The folder of a log or of a copy; without it, this machine's own
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ecoops audit proof 12 -o fix.tlog-proof\n  ecoops audit proof --check fix.tlog-proof --key 'ecoops.local/audit/…+1a2b3c4d+AX…'"
)]
struct ProofArgs {
    /// The entry's index
    #[arg(required_unless_present = "check", conflicts_with = "check")]
    index: Option<u64>,
    /// Write the proof to a file instead of stdout
    #[arg(long, short, value_name = "FILE", conflicts_with = "check")]
    out: Option<PathBuf>,
    /// Check this proof
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// The log's public key; without it, this machine's own
    #[arg(long, value_name = "VKEY", requires = "check")]
    key: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ecoops audit export ./copy\n  ecoops audit export - > record.jsonl\n  ecoops audit export --keep"
)]
struct ExportArgs {
    /// A new or empty folder, or `-` for JSON lines on stdout
    #[arg(value_name = "DIR|-", required_unless_present = "keep")]
    to: Option<PathBuf>,
    /// Keep the entries as JSON lines among the reports, where `ecoops objects` finds them
    #[arg(long)]
    keep: bool,
}

/// # Errors
/// [`Failure`]; with exit code 8 when the log or a proof does not hold.
pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.action {
        Action::Log(args) => log(&args, app),
        Action::Verify(args) => verify(&args, app),
        Action::Proof(args) => match &args.check {
            Some(file) => check(file, args.key.as_deref(), app),
            None => prove(&args, app),
        },
        Action::Report(args) => report::run(&args, app),
        Action::Export(args) => export(args.to.as_deref(), args.keep, app),
    }
}

fn failure(what: &str, error: &AuditError) -> Failure {
    let failure = Failure::new(what).because(error);
    match error {
        AuditError::Broken(_) => failure
            .exit(Exit::AuditBroken)
            .next("keep the folder as it is, and compare it with a copy or with proofs given out earlier"),
        AuditError::NoSuchEntry(_) => failure.next("`ecoops audit log` shows which entries there are"),
        _ => failure,
    }
}

/// The own log, if there is one.
fn own(app: &App) -> Result<Option<Box<dyn AuditLog>>, Failure> {
    if !registry::has_audit_log(&app.folders.state) {
        return Ok(None);
    }
    registry::audit_log(&app.folders.state, &app.settings().audit.origin)
        .map(Some)
        .map_err(|e| failure("the audit log could not be opened", &e))
}

fn required(app: &App) -> Result<Box<dyn AuditLog>, Failure> {
    own(app)?.ok_or_else(|| {
        Failure::new("there is no audit log yet").exit(Exit::Nothing).next("`ecoops fix` begins one")
    })
}

fn log(args: &LogArgs, app: &App) -> Result<Exit, Failure> {
    let Some(log) = own(app)? else {
        app.ui.note("the audit log is empty");
        if app.output == Output::Json {
            app.ui.result("[]");
        }
        return Ok(Exit::Clean);
    };
    if app.output == Output::Json {
        let mut all = Vec::new();
        each(&*log, args, &mut |index, entry| all.push(as_json(index, entry)))?;
        app.ui.result(&serde_json::Value::Array(all).to_string());
        return Ok(Exit::Clean);
    }
    each(&*log, args, &mut |index, entry| match app.output {
        Output::Jsonl => app.ui.result(&as_json(index, entry).to_string()),
        _ => app.ui.result(&as_line(index, entry)),
    })?;
    Ok(Exit::Clean)
}

/// The entries that were asked for, the newest last, a page at a time.
fn each(log: &dyn AuditLog, args: &LogArgs, take: &mut dyn FnMut(u64, &AuditEntry)) -> Result<(), Failure> {
    let unread = |e: AuditError| failure("the audit log could not be read", &e);
    let filter = args.filter();
    if !filter.is_empty() {
        let page = Page { skip: 0, most: args.limit, count: false };
        let found = log.find(&filter, page).map_err(unread)?;
        found.entries.iter().rev().for_each(|(index, entry)| take(*index, entry));
        return Ok(());
    }
    let mut start = match args.from {
        Some(from) => from,
        None => log.size().map_err(unread)?.saturating_sub(args.limit as u64),
    };
    let end = start.saturating_add(args.limit as u64);
    while start < end {
        let count = usize::try_from(end - start).unwrap_or(PAGE).min(PAGE);
        let entries = log.entries(start, count).map_err(unread)?;
        entries.iter().for_each(|(index, entry)| take(*index, entry));
        start += entries.len() as u64;
        if entries.len() < count {
            break;
        }
    }
    Ok(())
}

fn as_json(index: u64, entry: &AuditEntry) -> serde_json::Value {
    serde_json::json!({ "index": index, "entry": entry })
}

fn as_line(index: u64, entry: &AuditEntry) -> String {
    let result = match entry.result {
        AuditResult::Success => "success",
        AuditResult::Failure => "failure",
        AuditResult::Denied => "denied",
    };
    let policy =
        entry.policy.as_ref().map_or(String::new(), |p| format!("  [policy: {}, {}]", p.decision, p.reason));
    let text = format!(
        "{index:>6}  {}  {:<12} {result:<8} {}  {}{policy}",
        entry.timestamp, entry.action, entry.actor, entry.resource
    );
    harmless(&text, false)
}

fn verify(args: &VerifyArgs, app: &App) -> Result<Exit, Failure> {
    let own_folder = registry::audit_folder(&app.folders.state);
    let (verified, key) = match (&args.folder, &args.key) {
        (None, None) => {
            let log = match own(app) {
                Ok(Some(log)) => log,
                Ok(None) => return required(app).map(|_| Exit::Nothing),
                Err(failure) => return Err(report_broken(failure, app)),
            };
            (log.verify(), log.verifier_key())
        }
        (folder, key) => {
            let key = match key {
                Some(key) => key.clone(),
                None => required(app)?.verifier_key(),
            };
            let folder = folder.as_ref().map_or(own_folder, |folder| app.here.join(folder));
            (registry::verify_audit_folder(&folder, &key), key)
        }
    };
    let verified = verified.map_err(|e| report_broken(failure("the audit log does not hold", &e), app))?;
    if app.output == Output::Json {
        let root = ecoops_core::domain::hex(verified.root);
        let (entries, origin) = (verified.entries, verified.origin);
        app.ui.result(
            &serde_json::json!({ "whole": true, "entries": entries, "root": root, "origin": origin, "key": key })
                .to_string(),
        );
    } else {
        app.ui.result(&format!(
            "whole: {} entries, every hash recomputed, signed by {}",
            verified.entries, verified.origin
        ));
        app.ui.note(&format!("anyone can check a copy with the key {key}"));
    }
    Ok(Exit::Clean)
}

/// For a machine that reads stdout, a broken log is a result too.
fn report_broken(failure: Failure, app: &App) -> Failure {
    if app.output == Output::Json && failure.exit == Exit::AuditBroken {
        app.ui.result(&serde_json::json!({ "whole": false, "why": failure.causes }).to_string());
    }
    failure
}

fn prove(args: &ProofArgs, app: &App) -> Result<Exit, Failure> {
    let index = args.index.unwrap_or_default();
    let log = required(app)?;
    let what = format!("entry {index} could not be proved");
    let proof = log.prove(index).map_err(|e| failure(&what, &e))?;
    let entries = log.entries(index, 1).map_err(|e| failure(&what, &e))?;
    let (_, found) = entries.first().ok_or_else(|| failure(&what, &AuditError::NoSuchEntry(index)))?;
    let bytes = entry::encode(found).map_err(|e| Failure::new(&what).because(&e))?;
    let proof =
        LogProof { entry: bytes, index: proof.index, hashes: proof.hashes, checkpoint: proof.checkpoint };
    let key = parse_key(&log.verifier_key())?;
    proof.check(&key).map_err(|e| Failure::new(&what).because(&e).exit(Exit::AuditBroken))?;
    match &args.out {
        None => app.ui.raw(proof.to_string().as_bytes()),
        Some(file) => {
            let path = app.here.join(file);
            std::fs::write(&path, proof.to_string())
                .map_err(|e| Failure::new(format!("{} could not be written", path.display())).because(&e))?;
            app.ui.note(&format!("{} proves entry {index}; check it with the key {key}", path.display()));
        }
    }
    Ok(Exit::Clean)
}

fn parse_key(key: &str) -> Result<VerifierKey, Failure> {
    VerifierKey::parse(key).map_err(|e| {
        Failure::new("that is no public key of a log")
            .because(&e)
            .next("give the key that `ecoops audit verify` shows, in quotes")
    })
}

fn check(file: &Path, key: Option<&str>, app: &App) -> Result<Exit, Failure> {
    let key = match key {
        Some(key) => parse_key(key)?,
        None => parse_key(&required(app)?.verifier_key())?,
    };
    let path = app.here.join(file);
    let text = std::fs::read_to_string(&path)
        .map_err(|e| Failure::new(format!("{} could not be read", path.display())).because(&e))?;
    let wrong = |e: &dyn std::error::Error| {
        Failure::new(format!("{} proves nothing", path.display())).because(e).exit(Exit::AuditBroken)
    };
    let proof = LogProof::parse(&text).map_err(|e| wrong(&e))?;
    let checkpoint = proof.check(&key).map_err(|e| wrong(&e))?;
    let read = entry::decode(&proof.entry).map_err(|e| wrong(&e))?;
    if app.output == Output::Json {
        let mut answer = as_json(proof.index, &read);
        answer["size"] = checkpoint.size.into();
        answer["origin"] = checkpoint.origin.into();
        app.ui.result(&answer.to_string());
    } else {
        app.ui.result(&as_line(proof.index, &read));
        app.ui.note(&format!(
            "proved: entry {} of the {} that {} signed",
            proof.index, checkpoint.size, checkpoint.origin
        ));
    }
    Ok(Exit::Clean)
}

/// Gives every entry as a line of JSON, the oldest first.
fn lines(log: &dyn AuditLog, mut give: impl FnMut(String)) -> Result<(), Failure> {
    let mut start = 0;
    loop {
        let page = log.entries(start, PAGE).map_err(|e| failure("the audit log could not be read", &e))?;
        page.iter().for_each(|(index, entry)| give(as_json(*index, entry).to_string()));
        start += page.len() as u64;
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

fn export(to: Option<&Path>, keep: bool, app: &App) -> Result<Exit, Failure> {
    let log = required(app)?;
    if keep {
        let mut text = String::new();
        lines(&*log, |line| {
            text.push_str(&line);
            text.push('\n');
        })?;
        let key = objects::key(&["audit", &format!("{}.jsonl", objects::stamp()?)])?;
        objects::keep(app, Bucket::Reports, &key, text.as_bytes())?;
    }
    let Some(to) = to else { return Ok(Exit::Clean) };
    if to == Path::new("-") {
        lines(&*log, |line| app.ui.result(&line))?;
        return Ok(Exit::Clean);
    }
    let path = app.here.join(to);
    let verified = registry::export_audit_log(&app.folders.state, &path)
        .map_err(|e| failure("the audit log could not be copied", &e))?;
    app.ui.note(&format!(
        "{} entries in {}; verify them with the key {}",
        verified.entries,
        path.display(),
        log.verifier_key()
    ));
    Ok(Exit::Clean)
}
