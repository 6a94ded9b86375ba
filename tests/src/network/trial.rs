//! An adapter before each fault, each on a line of its own and all at once: it answers in its time and says what is
//! wrong, nothing counts that was not done, and when the line is whole again everything is done once.

use super::{Fault, Line, Room, Wrong};
use crate::servers::until;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What a busy machine may add to a deadline.
const SLACK: Duration = Duration::from_millis(2_500);
/// An adapter is well again so soon after its line.
const RECOVERY: Duration = Duration::from_secs(12);
/// What may be taken of an answer without end before it is given up.
const MOST_TAKEN: u64 = 160 << 20;
/// A delay that every deadline allows.
const DELAY: Duration = Duration::from_millis(15);

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// It may be asked again: nothing is lost.
    Passing(String),
    /// It would never be asked again.
    ForGood(String),
}

/// Does what `key` names, once however often it is asked.
pub type Act<'a> = Box<dyn FnMut(&str) -> Result<(), Undone> + Send + 'a>;

/// An adapter and its server.
pub struct Subject<'a> {
    pub name: &'static str,
    /// For one call, as the adapter was told.
    pub deadline: Duration,
    pub wrong: Vec<&'static Wrong>,
    /// Opens it at the end of a line.
    pub open: &'a (dyn Fn(&Line) -> Act<'a> + Sync),
    /// What the server holds of these: how often each key was done; `None` where asking changes nothing.
    pub done: Option<&'a (dyn Fn() -> BTreeMap<String, usize> + Sync)>,
    /// The port of the server.
    pub port: u16,
    /// Whether the server tells clients its own place: see [`Line::renaming`].
    pub renaming: bool,
    /// Faults that are no failure for it.
    pub bears: &'a [Fault],
}

/// What was seen of one fault, for the table.
#[derive(Debug)]
struct Seen {
    fault: String,
    took: Duration,
    well_again: Duration,
    said: String,
}

fn label(fault: Fault) -> String {
    match fault {
        Fault::Wrong(wrong) => wrong.name.to_owned(),
        Fault::Delay(_) => "delay".to_owned(),
        Fault::HalfOpen => "half-open".to_owned(),
        Fault::LostAnswer => "lost answer".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// # Panics
/// When the adapter fails one of them; all are tried before, and the table is printed.
#[allow(clippy::print_stderr)]
pub fn try_all(room: &Room, subject: &Subject<'_>) {
    let mut faults = vec![
        Fault::Refuse,
        Fault::Delay(DELAY),
        Fault::HalfOpen,
        Fault::Trickle,
        Fault::LostAnswer,
        Fault::Truncated,
    ];
    faults.extend(room.cuts().then_some(Fault::Cut));
    faults.extend(subject.wrong.iter().map(|&wrong| Fault::Wrong(wrong)));
    let begun = Instant::now();
    let seen: Vec<Result<Seen, String>> = std::thread::scope(|scope| {
        let tried: Vec<_> =
            faults.iter().map(|&fault| (fault, scope.spawn(move || one(room, subject, fault)))).collect();
        let ended = tried.into_iter().map(|(fault, thread)| {
            let tried = thread.join().unwrap_or_else(|panic| Err(said(&*panic)));
            tried.map_err(|why| format!("{}: {}: {why}", subject.name, label(fault)))
        });
        ended.collect()
    });
    let mut table = format!("{} ({:.1} s):\n", subject.name, begun.elapsed().as_secs_f64());
    let mut failures = Vec::new();
    for one in seen {
        match one {
            Ok(Seen { fault, took, well_again, said }) => {
                let (took, again) = (took.as_millis(), well_again.as_millis());
                let _ = writeln!(table, "  {fault:22} {took:5} ms, well again in {again:5} ms  {said:.110}");
            }
            Err(why) => failures.push(why),
        }
    }
    eprint!("{table}");
    if let Some(done) = subject.done {
        let all = done();
        for key in faults.iter().flat_map(|fault| ["before", "during", "after"].map(|when| key(when, *fault)))
        {
            let times = all.get(&key).copied().unwrap_or(0);
            // One that failed otherwise may not have come so far.
            if times > 1 || (times == 0 && failures.is_empty()) {
                failures.push(format!("{}: `{key}` was done {times} times", subject.name));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn key(when: &str, fault: Fault) -> String {
    format!("{when} {}", label(fault))
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|t| (*t).to_owned())).unwrap_or_default()
}

fn one(room: &Room, subject: &Subject<'_>, fault: Fault) -> Result<Seen, String> {
    let line = room.line_to(subject.port);
    let line = if subject.renaming { line.renaming() } else { line };
    let mut act = (subject.open)(&line);
    let key = |when: &str| key(when, fault);
    until(&format!("{} works at first", subject.name), || act(&key("before")).ok());
    line.fail(fault);
    let begun = Instant::now();
    let during = act(&key("during"));
    let took = begun.elapsed();
    if took > subject.deadline + SLACK {
        return Err(format!("{took:?} is longer than {:?}: {during:?}", subject.deadline));
    }
    let bounded = matches!(fault, Fault::Wrong(wrong) if wrong.bounded);
    if bounded && line.poured() > MOST_TAKEN {
        return Err(format!("it took {} MiB of an answer without end", line.poured() >> 20));
    }
    let bears = subject.bears.contains(&fault) || matches!(fault, Fault::Delay(_));
    let said = match &during {
        Ok(()) if bears || fault == Fault::Trickle => String::new(),
        Ok(()) => return Err("it said that it was done".to_owned()),
        Err(Undone::Passing(why)) if bears => return Err(format!("it does not bear it: {why}")),
        Err(Undone::Passing(why)) => why.clone(),
        Err(Undone::ForGood(why)) => return Err(format!("it would never be done: {why}")),
    };
    // The same again while it lasts: bounded too, whatever the first left behind.
    let begun = Instant::now();
    let again = act(&key("during"));
    if begun.elapsed() > subject.deadline + SLACK {
        return Err(format!("the second time {:?}: {again:?}", begun.elapsed()));
    }
    line.heal();
    let healed = Instant::now();
    until(&format!("{} works again", subject.name), || act(&key("during")).ok());
    act(&key("after")).map_err(|why| format!("well, and then not: {why:?}"))?;
    let well_again = healed.elapsed();
    if well_again > RECOVERY {
        return Err(format!("well again after {well_again:?} only"));
    }
    Ok(Seen { fault: label(fault), took, well_again, said: said.replace('\n', " ") })
}
