//! `ecoops events`: the event log for people: tail, replay, dead letters.

use crate::agent::{self, Found};
use crate::app::{App, Output};
use crate::credentials;
use crate::exit::{Exit, Failure};
use crate::interrupt::waiting;
use crate::open;
use clap::Subcommand;
use ecoops_agent::client::Client;
use ecoops_core::config::Use;
use ecoops_core::ports::events::{DeadLetter, Events, EventsError, Offset, Stored};
use ecoops_plugins::registry;
use std::collections::VecDeque;
use std::time::Duration;

/// Events that are fetched at once.
const PAGE: usize = 200;
/// How often `--follow` looks for new events.
const PAUSE: Duration = Duration::from_millis(200);
/// For one call of the shared events.
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  ecoops events tail -n 5 --follow\n  ecoops events dlq list")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The newest events, oldest of them first.
    #[command(after_help = "Example:\n  ecoops events tail --follow --output json")]
    Tail {
        /// How many.
        #[arg(short = 'n', default_value_t = 20, conflicts_with = "from")]
        count: u64,
        /// Start at this offset instead.
        #[arg(long, value_name = "OFFSET")]
        from: Option<Offset>,
        /// Go on with new events until interrupted.
        #[arg(long, short)]
        follow: bool,
        /// Those of everybody, as the event system of `events.adapter` has them.
        #[arg(long)]
        shared: bool,
    },
    /// Events again from an offset on.
    #[command(after_help = "Example:\n  ecoops events replay --from 1 --count 100 --output json")]
    Replay {
        #[arg(long, value_name = "OFFSET")]
        from: Offset,
        /// At most this many; all when not given.
        #[arg(long)]
        count: Option<u64>,
        /// Those of everybody, as the event system of `events.adapter` has them.
        #[arg(long)]
        shared: bool,
    },
    /// Events that a consumer group gave up on.
    #[command(after_help = "Example:\n  ecoops events dlq revive dashboards 17")]
    Dlq {
        #[command(subcommand)]
        action: DeadLetters,
    },
}

#[derive(Debug, Subcommand)]
enum DeadLetters {
    /// Lists them.
    List {
        /// Only this group's.
        #[arg(long)]
        group: Option<String>,
    },
    /// Gives one to its group again, as if new.
    Revive { group: String, offset: Offset },
    /// Gives one up; the event itself stays in the log.
    Drop { group: String, offset: Offset },
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let shared =
        matches!(args.action, Action::Tail { shared: true, .. } | Action::Replay { shared: true, .. });
    let events = if shared { outside(app)? } else { open(app)? };
    let log = Log { events: events.as_ref(), app, output: app.output, shared };
    match args.action {
        Action::Tail { count, from, follow, .. } => {
            let from = match from {
                Some(from) => from,
                None => log.newest(count)?,
            };
            // Nothing is begun that would have to be ended in order: a signal ends it at once.
            if follow { waiting(|| log.tail(from, u64::MAX, true)) } else { log.tail(from, u64::MAX, false) }
        }
        Action::Replay { from, count, .. } => log.tail(from, count.unwrap_or(u64::MAX), false),
        Action::Dlq { action } => log.dead_letters(action),
    }
}

fn open(app: &App) -> Result<Box<dyn Events>, Failure> {
    let next = || {
        let file = app.folders.state.join("events.sqlite");
        format!("check {}, or move it away to begin a new log", file.display())
    };
    open::events(app, open::host()?).map_err(|failure| failure.next(next()))
}

/// The event system that the settings name beside the local log.
fn outside(app: &App) -> Result<Box<dyn Events>, Failure> {
    let chosen = &app.settings().events;
    let password = credentials::text(app, &chosen.credential)?.map(Into::into);
    let choice = registry::OutsideEventsChoice::of(chosen, password, DEADLINE);
    let opened = registry::outside_events(&choice, open::host()?);
    let opened = opened.map_err(|e| Failure::new("the shared events cannot be read").because(&e))?;
    opened.ok_or_else(|| {
        Failure::new("no events are shared")
            .next("name a system that shares them: events.adapter, events.address")
    })
}

fn unusable(error: EventsError) -> Failure {
    Failure::new("the event log cannot be used").because(&error)
}

struct Log<'a> {
    events: &'a dyn Events,
    app: &'a App,
    output: Output,
    /// The agent tells of this machine's events only.
    shared: bool,
}

impl Log<'_> {
    /// Writes events from `from` on. A damaged one is told on stderr and passed over; the exit code
    /// then says that not all was well.
    fn tail(&self, mut from: Offset, mut count: u64, follow: bool) -> Result<Exit, Failure> {
        let mut exit = Exit::Clean;
        if follow
            && !self.shared
            && let Some(client) = self.agent()
        {
            from = self.through(&client, from)?;
        }
        loop {
            self.app.interrupt.check()?;
            let page = usize::try_from(count).unwrap_or(PAGE).min(PAGE);
            match self.events.replay(from, page) {
                Ok(page) if page.is_empty() && follow && count > 0 => std::thread::sleep(PAUSE),
                Ok(page) if page.is_empty() => return Ok(exit),
                Ok(page) => {
                    for stored in &page {
                        self.write(stored);
                        from = stored.offset + 1;
                        count = count.saturating_sub(1);
                    }
                }
                Err(error @ EventsError::Damaged(offset, _)) => {
                    self.app.ui.always(&format!("warning: {error}"));
                    from = offset.saturating_add(1);
                    exit = Exit::Error;
                }
                Err(error) => return Err(unusable(error)),
            }
        }
    }

    /// Where the newest `count` events begin. Places outside have gaps, so that the span is doubled until it holds
    /// as many, or all.
    fn newest(&self, count: u64) -> Result<Offset, Failure> {
        let latest = self.events.latest().map_err(unusable)?;
        let begin = latest.saturating_sub(count).saturating_add(1);
        if !self.shared || latest == 0 {
            return Ok(begin);
        }
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let mut span = count.max(1);
        loop {
            let from = latest.saturating_sub(span).saturating_add(1);
            let places = self.places(from, wanted)?;
            if places.len() >= wanted || from <= 1 {
                return Ok(places.front().copied().unwrap_or(from));
            }
            span = span.saturating_mul(2);
        }
    }

    /// The places of the last events from `from` on, at most `most` of them.
    fn places(&self, mut from: Offset, most: usize) -> Result<VecDeque<Offset>, Failure> {
        let mut places = VecDeque::new();
        loop {
            let page = self.events.replay(from, PAGE).map_err(unusable)?;
            let Some(last) = page.last() else { return Ok(places) };
            from = last.offset + 1;
            places.extend(page.iter().map(|stored| stored.offset));
            places.drain(..places.len().saturating_sub(most));
        }
    }

    /// The daemon, which tells of events as they come; without it the log is looked at now and then.
    fn agent(&self) -> Option<Client> {
        match (self.app.settings().agent.when, agent::find(self.app)) {
            (Use::Never, _) | (_, Found::Not(_)) => None,
            (_, Found::Up(client)) => Some(client),
        }
    }

    /// Writes what the daemon tells until it is lost; gives the place to go on from.
    fn through(&self, client: &Client, mut from: Offset) -> Result<Offset, Failure> {
        let mut follow = match client.follow(from) {
            Ok(follow) => follow,
            Err(_) => return Ok(from),
        };
        loop {
            let said = match follow.read() {
                Ok(said) => said,
                Err(_) => {
                    self.app.ui.note("note: the agent is gone; going on without it");
                    return Ok(from);
                }
            };
            match (said.kind.as_str(), said.id) {
                ("gap" | "damaged", id) => {
                    self.app.ui.always(&format!("warning: {} in the event log: {}", said.kind, said.data));
                    from = id.map_or(from, |id| id.saturating_add(1));
                }
                (_, Some(offset)) => {
                    self.write(&stored(offset, &said.data)?);
                    from = offset.saturating_add(1);
                }
                (_, None) => {}
            }
        }
    }

    fn write(&self, stored: &Stored) {
        self.app.ui.result(&match self.output {
            Output::Json | Output::Jsonl => json(stored).to_string(),
            _ => text(stored),
        });
    }

    fn dead_letters(&self, action: DeadLetters) -> Result<Exit, Failure> {
        let done = match &action {
            DeadLetters::List { group } => return self.list(group.as_deref()),
            DeadLetters::Revive { group, offset } => {
                self.events.revive(group, *offset).map(|()| format!("{group} gets event {offset} again"))
            }
            DeadLetters::Drop { group, offset } => self
                .events
                .discard(group, *offset)
                .map(|()| format!("{group} never gets event {offset} again")),
        };
        match done {
            Ok(note) => {
                self.app.ui.note(&note);
                Ok(Exit::Clean)
            }
            Err(EventsError::NotInFlight { group, offset }) => {
                Err(Failure::new(format!("event {offset} is no dead letter of the group `{group}`"))
                    .next("list them with `ecoops events dlq list`"))
            }
            Err(error) => Err(unusable(error)),
        }
    }

    fn list(&self, group: Option<&str>) -> Result<Exit, Failure> {
        let letters = self.events.dead_letters(group).map_err(unusable)?;
        for letter in &letters {
            self.app.ui.result(&match self.output {
                Output::Json | Output::Jsonl => {
                    let mut value = json(&letter.stored);
                    value["group"] = letter.group.clone().into();
                    value["attempts"] = letter.stored.attempt.into();
                    value["reason"] = letter.reason.clone().into();
                    value.to_string()
                }
                _ => dead_text(letter),
            });
        }
        if letters.is_empty() {
            self.app.ui.note("0 dead letters");
        }
        Ok(Exit::Clean)
    }
}

/// An event as the daemon tells it.
fn stored(offset: Offset, data: &str) -> Result<Stored, Failure> {
    let unread = |e: &dyn std::error::Error| Failure::new("the agent's event cannot be read").because(e);
    let value: serde_json::Value = serde_json::from_str(data).map_err(|e| unread(&e))?;
    let idempotency_key = value["idempotency_key"].as_str().unwrap_or_default().to_owned();
    let event = serde_json::from_value(value).map_err(|e| unread(&e))?;
    Ok(Stored { offset, idempotency_key, event, attempt: 0 })
}

/// The event's own fields, with its place in the log.
fn json(stored: &Stored) -> serde_json::Value {
    let mut value = serde_json::to_value(&stored.event).unwrap_or_default();
    value["offset"] = stored.offset.into();
    value["idempotency_key"] = stored.idempotency_key.clone().into();
    value
}

/// One line: offset, time, type, trace and the payload's fields, without control characters.
fn text(stored: &Stored) -> String {
    let value = json(stored);
    let kind = value["event_type"].as_str().unwrap_or("?");
    let fields: Vec<String> = value["data"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, field)| {
            let shown = field.as_str().map_or_else(|| field.to_string(), str::to_owned);
            format!("{name}={}", short(&shown))
        })
        .collect();
    let (event, offset) = (&stored.event, stored.offset);
    plain(&format!("{offset:>6}  {}  {kind:<22}  {}  {}", event.timestamp, event.trace_id, fields.join(" ")))
}

fn dead_text(letter: &DeadLetter) -> String {
    let line = format!(
        "{}  {}\n        {} attempts; {}",
        letter.group,
        text(&letter.stored),
        letter.stored.attempt,
        letter.reason
    );
    line.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

fn short(text: &str) -> String {
    const MOST: usize = 80;
    let one_line = plain(text);
    if one_line.chars().count() <= MOST {
        return one_line;
    }
    one_line.chars().take(MOST - 1).chain(['…']).collect()
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
