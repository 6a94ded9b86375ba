//! Looks at what a push adds to its remote, from git's objects, never from the files on disk.
//!
//! Input after githooks(5): a line for each ref, `<local ref> <local id> <remote ref> <remote id>`.

use crate::app::App;
use crate::commands::scan::{ScanOptions, examine};
use crate::exit::{Exit, Failure};
use crate::git::{Git, Outgoing};
use crate::host;
use crate::interrupt::waiting;
use crate::report::{self, Look};
use ecoops_core::domain::ScanReport;
use ecoops_core::ports::workspace::{Selection, View};
use std::collections::BTreeSet;
use std::io::Read;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The hook: pre-push
    #[arg(value_parser = ["pre-push"])]
    hook: String,
    /// The remote's name, as git gives it
    remote: Option<String>,
    /// The remote's URL, as git gives it
    url: Option<String>,
}

/// Bytes of refs that are read at most.
const MOST: u64 = 16 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Ref {
    name: String,
    /// `None`: the remote's ref is deleted.
    local: Option<String>,
    /// `None`: the remote has no such ref yet.
    remote: Option<String>,
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let refs = match host::pre_commit_refs() {
        Some((from, to)) => vec![Ref { name: to.clone(), local: Some(to), remote: Some(from) }],
        None => parse(&input()?)?,
    };
    let git = Git::at(&app.here);
    // Git gives the URL for the name when the remote has none; then no tracking branches are its own.
    let remote = args.remote.as_deref().filter(|r| args.url.as_deref() != Some(r));
    let mut ranges = BTreeSet::new();
    for pushed in &refs {
        ranges.extend(range(&git, pushed, remote)?);
    }
    let mut whole = ScanReport::default();
    for (commit, base) in ranges {
        app.interrupt.check()?;
        let selection =
            Selection { view: View::Commit(commit), from_ref: base.clone(), ..Selection::default() };
        let options = ScanOptions { new_lines_since: base, baseline: true };
        join(&mut whole, examine(app, &selection, &options)?);
    }
    report::notes(&whole.notes).iter().for_each(|n| app.ui.note(n));
    if whole.findings.is_empty() {
        return Ok(Exit::Clean);
    }
    app.ui.result(&report::scan(&whole, app.output, Look::of(&app.ui)));
    app.ui
        .always("the push was stopped; fix the findings, or push once without looking: git push --no-verify");
    Ok(Exit::Remaining)
}

fn input() -> Result<String, Failure> {
    let failure = || Failure::new("the pushed refs cannot be read");
    let mut text = String::new();
    let read = waiting(|| std::io::stdin().lock().take(MOST).read_to_string(&mut text));
    read.map_err(|e| failure().because(&e))?;
    if text.len() as u64 == MOST { Err(failure()) } else { Ok(text) }
}

fn parse(text: &str) -> Result<Vec<Ref>, Failure> {
    let id = |text: &str| -> Option<Option<String>> {
        let valid = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        valid.then(|| text.bytes().any(|b| b != b'0').then(|| text.to_owned()))
    };
    let line = |line: &str| {
        let parts: Vec<_> = line.split(' ').collect();
        let [name, local, _, remote] = parts.as_slice() else { return None };
        Some(Ref { name: (*name).to_owned(), local: id(local)?, remote: id(remote)? })
    };
    let wrong = |l: &str| {
        Failure::new(format!("`{l}` is no line that git gives to a pre-push hook"))
            .next("see githooks(5); to look at files, use `ecoops scan`")
    };
    text.lines().filter(|l| !l.is_empty()).map(|l| line(l).ok_or_else(|| wrong(l))).collect()
}

/// The commit to look at and what to compare it with (`None`: with nothing); nothing for a deleted
/// ref, for a tag of something that is no commit, and when the remote has all of it.
fn range(git: &Git, pushed: &Ref, remote: Option<&str>) -> Result<Option<(String, Option<String>)>, Failure> {
    let Some(local) = &pushed.local else { return Ok(None) };
    let Some(commit) = git.commit(local)? else { return Ok(None) };
    // What the remote has may be unknown here: someone else pushed, and it is now forced over.
    let known = match &pushed.remote {
        Some(id) => git.commit(id)?,
        None => None,
    };
    match known {
        Some(base) if base == commit => Ok(None),
        Some(base) => Ok(Some((commit, Some(base)))),
        None => Ok(match git.outgoing(&commit, remote)? {
            Outgoing::Nothing => None,
            Outgoing::Since(base) => Some((commit, Some(base))),
            Outgoing::Everything => Some((commit, None)),
        }),
    }
}

/// Adds what one ref brought; what two refs share counts once.
fn join(whole: &mut ScanReport, one: ScanReport) {
    let known: BTreeSet<_> = whole.findings.iter().map(|f| f.finding.fingerprint.clone()).collect();
    whole.findings.extend(one.findings.into_iter().filter(|f| !known.contains(&f.finding.fingerprint)));
    whole.suppressed.extend(one.suppressed);
    whole.notes.extend(one.notes.into_iter().filter(|n| !whole.notes.contains(n)).collect::<Vec<_>>());
    let named: BTreeSet<_> = whole.rules.iter().map(|r| r.id.clone()).collect();
    whole.rules.extend(one.rules.into_iter().filter(|r| !named.contains(&r.id)));
    whole.stats.files += one.stats.files;
    whole.stats.skipped += one.stats.skipped;
    whole.stats.bytes += one.stats.bytes;
    whole.stats.cached += one.stats.cached;
    whole.stats.millis += one.stats.millis;
    whole.stats.rules = whole.stats.rules.max(one.stats.rules);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_are_read_as_git_gives_them() {
        let (a, b, zero) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
        let line = |l: &str, r: &str| {
            parse(&format!("refs/heads/x {l} refs/heads/x {r}\n")).map(|mut v| v.remove(0))
        };
        for (local, remote, expected) in [
            (&a, &b, (Some(a.clone()), Some(b.clone()))),
            (&a, &zero, (Some(a.clone()), None)),
            (&zero, &b, (None, Some(b.clone()))),
        ] {
            let read = line(local, remote).unwrap();
            assert_eq!((read.local, read.remote), expected);
        }
        assert!(parse("").unwrap().is_empty());
        for wrong in ["x", "a b c d", "refs/heads/x --output=/x refs/heads/x HEAD"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let sha256 = "c".repeat(64);
        assert!(line(&sha256, &sha256).is_ok());
    }
}
