//! Kills a daemon under load so often, and prints what was seen. `kill-agent ROUNDS SEED [log|redis|http]`

use ecoops_tests::kill_agent::{self, Sink};
use std::error::Error;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().ok_or("no number of rounds")?.parse()?;
    let seed = arguments.next().ok_or("no seed")?.parse()?;
    let sink: Sink = arguments.next().as_deref().unwrap_or("log").parse()?;
    let say = |text: &str| {
        let _ = writeln!(std::io::stderr(), "{text}");
    };
    let report = kill_agent::run(rounds, seed, sink, &say).ok_or("the receiver is not installed")?;
    let rate = report.seconds / report.kills.max(1) as f64;
    writeln!(
        std::io::stdout(),
        "{} kills in {:.0} s ({rate:.2} s each), delivering to {sink:?}: {} events and {} entries acknowledged and \
         found once, each key's events in order and without a hole at the receiver ({} deliveries repeated, without \
         a second effect), {} requests asked again, {} entries in the audit log, which verified each time",
        report.kills,
        report.seconds,
        report.events,
        report.entries,
        report.repeated,
        report.asked_again,
        report.audit_log
    )?;
    Ok(())
}
