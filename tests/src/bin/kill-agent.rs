//! Kills a daemon under load so often, and prints what was seen as one line of JSON. `kill-agent ROUNDS SEED`

use ecoops_tests::kill_agent;
use std::error::Error;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().ok_or("no number of rounds")?.parse()?;
    let seed = arguments.next().ok_or("no seed")?.parse()?;
    let report = kill_agent::run(rounds, seed, &|text| {
        let _ = writeln!(std::io::stderr(), "{text}");
    });
    let rate = report.seconds / report.kills.max(1) as f64;
    writeln!(
        std::io::stdout(),
        "{} kills in {:.0} s ({rate:.2} s each): {} events and {} entries acknowledged and found once, in order, \
         {} requests asked again, {} entries in the audit log, which verified each time",
        report.kills,
        report.seconds,
        report.events,
        report.entries,
        report.asked_again,
        report.audit_log
    )?;
    Ok(())
}
