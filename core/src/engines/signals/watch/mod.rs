//! Watches a stream of log records and says at once what is out of the ordinary: errors never seen before, bursts,
//! a rising share of errors, and silence.
//!
//! Time is that of the records, as far as they tell it; where nothing comes, the caller tells how much has
//! passed. Memory is bounded by [`Bounds`]. Never reads a stream and never reads a clock.

mod clock;
mod rate;

use super::templates::{self, Miner};
use crate::domain::incident::{LogLevel, LogLine};
use clock::Clock;
use rate::{Burst, Rate};
use serde::Serialize;
use std::collections::HashMap;

/// What was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// An error whose template was never seen.
    NewError,
    /// Many more records of one template than usual.
    TemplateBurst,
    /// Many more records of a service than usual.
    ServiceBurst,
    /// A larger share of errors among a service's records.
    ErrorShare,
    /// A service that said much says nothing.
    Silence,
}

/// One thing that is out of the ordinary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    pub kind: AlertKind,
    pub service: String,
    /// Unix seconds, by the clock of the records.
    pub time: f64,
    /// Of a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<LogLevel>,
    /// Records a second; of [`AlertKind::ErrorShare`] a share, 0 to 1; of [`AlertKind::Silence`] seconds without one.
    pub observed: f64,
    /// What the past led to expect, in the same unit.
    pub expected: f64,
    /// How far it is out, 0 to 1.
    pub score: f64,
    /// Number of the record that settled it, from 1; 0 when it was the lack of records.
    pub record: u64,
}

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub services: usize,
    pub templates: usize,
    /// Alerts a service may give within ten seconds; further ones are counted.
    pub alerts: u32,
    pub miner: templates::Config,
}

impl Default for Bounds {
    fn default() -> Self {
        let miner = templates::Config { clusters: 8_192, tickets: 4 << 20, ..templates::Config::default() };
        Self { services: 4_096, templates: 16_384, alerts: 5, miner }
    }
}

/// Seconds, and records, from which on what is new is news.
const LEARNING: f64 = 30.0;
const LEARNT: u64 = 200;
/// Seconds over which alerts of a service are limited.
const LIMITED: f64 = 10.0;

#[derive(Debug)]
struct Service {
    name: String,
    all: Rate,
    errors: Rate,
    first: f64,
    /// Time of its last record.
    last: f64,
    silent: bool,
    shared: bool,
    /// Alerts since the time.
    alerts: (f64, u32),
}

#[derive(Debug)]
struct Watched {
    ticket: u32,
    level: Option<LogLevel>,
    rate: Rate,
    last: f64,
    example: String,
}

/// The watcher of one stream.
#[derive(Debug)]
pub struct Watcher {
    bounds: Bounds,
    miner: Miner,
    clock: Clock,
    began: Option<f64>,
    services: Vec<Service>,
    names: HashMap<String, u32>,
    templates: HashMap<(u32, u32), Watched>,
    /// Tickets below this were given before.
    next_ticket: u32,
    records: u64,
    suppressed: u64,
}

impl Watcher {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            miner: Miner::new(bounds.miner),
            clock: Clock::default(),
            began: None,
            services: Vec::new(),
            names: HashMap::new(),
            templates: HashMap::new(),
            next_ticket: 0,
            records: 0,
            suppressed: 0,
        }
    }

    /// Records taken in.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Alerts that were not given because their service gave too many.
    pub fn suppressed(&self) -> u64 {
        self.suppressed
    }

    pub fn services(&self) -> usize {
        self.services.len()
    }

    /// Templates told apart, and seen lately.
    pub fn templates(&self) -> usize {
        self.templates.len()
    }

    /// Takes in a record that stands for `weight` of them (more than 1 where load was shed); `arrived` is when it
    /// came, in Unix seconds, for records without a time.
    pub fn push(&mut self, line: &LogLine<'_>, weight: u32, arrived: f64, alerts: &mut Vec<Alert>) {
        self.records += 1;
        if let Some(second) = self.clock.told(line.time.unwrap_or(arrived)) {
            self.close(second, alerts);
        }
        let now = self.clock.now();
        let began = *self.began.get_or_insert(now);
        let error = line.level.is_some_and(|l| l >= LogLevel::Error) || line.error.is_some();
        let Some(number) = self.service(line.service, now) else { return };
        let ticket = self.miner.push(line.message.as_bytes(), None).0;
        let new = ticket >= self.next_ticket;
        self.next_ticket = self.next_ticket.max(ticket.saturating_add(1));
        let Some(service) = self.services.get_mut(number as usize) else { return };
        service.last = now;
        service.silent = false;
        service.all.count(weight);
        service.errors.count(if error { weight } else { 0 });
        let known = now - began >= LEARNING && self.records >= LEARNT;
        if new && error && known {
            let rate = f64::from(weight);
            self.alert(
                number,
                AlertKind::NewError,
                Some((line.message, line.level)),
                (rate, 0.0, 1.0),
                alerts,
            );
        }
        self.count_template((number, ticket), line, weight, now);
    }

    /// Nothing has come for so many seconds.
    pub fn idle(&mut self, seconds: f64, alerts: &mut Vec<Alert>) {
        if let Some(second) = self.clock.passed(seconds) {
            self.close(second, alerts);
        }
    }

    fn service(&mut self, name: &str, now: f64) -> Option<u32> {
        if let Some(number) = self.names.get(name) {
            return Some(*number);
        }
        if self.services.len() >= self.bounds.services {
            return None;
        }
        let number = self.services.len() as u32;
        self.services.push(Service {
            name: name.to_owned(),
            all: Rate::default(),
            errors: Rate::default(),
            first: now,
            last: now,
            silent: false,
            shared: false,
            alerts: (now, 0),
        });
        self.names.insert(name.to_owned(), number);
        Some(number)
    }

    fn count_template(&mut self, key: (u32, u32), line: &LogLine<'_>, weight: u32, now: f64) {
        if self.templates.len() >= self.bounds.templates && !self.templates.contains_key(&key) {
            self.forget();
        }
        let watched = self.templates.entry(key).or_insert_with(|| Watched {
            ticket: key.1,
            level: line.level,
            rate: Rate::default(),
            last: now,
            example: cut(line.message),
        });
        watched.last = now;
        watched.rate.count(weight);
    }

    /// Forgets the half of the templates that were seen longest ago.
    fn forget(&mut self) {
        let mut last: Vec<(f64, u32)> = self.templates.values().map(|w| (w.last, w.ticket)).collect();
        last.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let Some(middle) = last.get(last.len() / 2).copied() else { return };
        self.templates.retain(|_, w| (w.last, w.ticket) >= middle);
    }

    /// Ends seconds up to `second`, and looks at what they brought.
    fn close(&mut self, seconds: u32, alerts: &mut Vec<Alert>) {
        for step in 0..seconds.min(rate::LONGEST) {
            let now = self.clock.now() - f64::from(seconds.min(rate::LONGEST) - step - 1);
            self.close_one(now, alerts);
        }
    }

    fn close_one(&mut self, now: f64, alerts: &mut Vec<Alert>) {
        for number in 0..self.services.len() as u32 {
            self.judge_service(number, now, alerts);
        }
        let mut bursts: Vec<((u32, u32), Burst)> =
            self.templates.iter_mut().filter_map(|(key, w)| Some((*key, w.rate.close()?))).collect();
        bursts.sort_unstable_by_key(|(key, _)| *key);
        for (key, burst) in bursts {
            let Some(watched) = self.templates.get(&key) else { continue };
            let text = (watched.example.clone(), watched.level);
            let quoted = Some((text.0.as_str(), text.1));
            let found = (burst.observed, burst.expected, burst.score);
            self.alert(key.0, AlertKind::TemplateBurst, quoted, found, alerts);
        }
        // A rate that has gone to nothing takes no room.
        self.templates.retain(|_, w| !w.rate.is_forgotten());
    }

    fn judge_service(&mut self, number: u32, now: f64, alerts: &mut Vec<Alert>) {
        let Some(service) = self.services.get_mut(number as usize) else { return };
        let usual = service.all.usual();
        let share = rate::share(&service.errors, &service.all);
        let burst = service.all.close();
        service.errors.close();
        let quiet = now - service.last;
        let mut found = Vec::new();
        if let Some(burst) = burst {
            found.push((AlertKind::ServiceBurst, (burst.observed, burst.expected, burst.score)));
        }
        match share {
            Some(share) if !service.shared => {
                service.shared = true;
                found.push((AlertKind::ErrorShare, (share.observed, share.expected, share.score)));
            }
            Some(_) => {}
            None => service.shared = false,
        }
        if !service.silent && now - service.first > LEARNING && service.all.is_too_quiet(usual, quiet) {
            service.silent = true;
            found.push((AlertKind::Silence, (quiet, 1.0 / usual.max(1e-9), 1.0)));
        }
        for (kind, values) in found {
            self.alert(number, kind, None, values, alerts);
        }
    }

    fn alert(
        &mut self,
        number: u32,
        kind: AlertKind,
        quoted: Option<(&str, Option<LogLevel>)>,
        (observed, expected, score): (f64, f64, f64),
        alerts: &mut Vec<Alert>,
    ) {
        let time = self.clock.now();
        let Some(service) = self.services.get_mut(number as usize) else { return };
        if time - service.alerts.0 > LIMITED {
            service.alerts = (time, 0);
        }
        service.alerts.1 += 1;
        if service.alerts.1 > self.bounds.alerts {
            self.suppressed += 1;
            return;
        }
        let record = if kind == AlertKind::Silence { 0 } else { self.records };
        let template = quoted.map(|(text, _)| cut(text));
        let level = quoted.and_then(|(_, level)| level);
        let service = service.name.clone();
        alerts.push(Alert { kind, service, time, template, level, observed, expected, score, record });
    }
}

/// Bytes of a message that are quoted.
const QUOTED: usize = 300;

fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.get(..line.floor_char_boundary(QUOTED)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
