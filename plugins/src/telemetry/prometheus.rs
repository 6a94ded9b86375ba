//! Prometheus over its HTTP API: series by configured queries and by discovery, and alerts that fired.
//!
//! Asks for ranges in a resolution that keeps answers small. Never writes, and never asks more metrics than a
//! bound; what was left out is a note.

mod plan;

use super::http::{Client, Conversation, Server};
use ecoops_core::domain::incident::{CallEdge, ClusterEvent, EdgeSource, LineSink, Series, TimeRange};
use ecoops_core::engines::signals::parse::events::service_of;
use ecoops_core::engines::signals::parse::json::Json;
use ecoops_core::engines::signals::parse::labels::{labelled, unit};
use ecoops_core::engines::signals::parse::metrics::{Bounds, SeriesSet};
use ecoops_core::engines::signals::parse::{Notes, quoted};
use ecoops_core::ports::telemetry::{Capabilities, Readings, Scope, Telemetry, TelemetryError};
use plan::{Question, questions, telling_though_constant};
use std::collections::{BTreeMap, BTreeSet};

/// What to ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct PrometheusSettings {
    /// Name of the metric and the expression that gives it; asked before what discovery finds.
    pub queries: Vec<(String, String)>,
    /// Whether metrics that are not configured are looked for.
    pub discover: bool,
    /// Metrics asked for by discovery at most.
    pub metrics: usize,
    /// Points of one series in one range.
    pub points: u32,
}

impl Default for PrometheusSettings {
    fn default() -> Self {
        Self { queries: Vec::new(), discover: true, metrics: 150, points: 240 }
    }
}

/// Takes the labels and the points of one series of an answer.
type Taker<'a> = dyn FnMut(&[(&str, &str)], &[Json<'_>]) + 'a;

#[derive(Debug)]
pub struct Prometheus {
    client: Client,
    settings: PrometheusSettings,
}

impl Prometheus {
    /// # Errors
    /// [`TelemetryError::Invalid`] for an address that is none.
    pub fn new(server: Server, settings: PrometheusSettings) -> Result<Self, TelemetryError> {
        Ok(Self { client: Client::new(server)?, settings })
    }

    fn questions(
        &self,
        talk: &Conversation<'_>,
        scope: &Scope,
        window: f64,
        notes: &mut Notes,
    ) -> Result<Vec<Question>, TelemetryError> {
        let configured = self.settings.queries.iter();
        let mut asked: Vec<Question> = configured
            .map(|(name, expression)| Question {
                metric: name.clone(),
                expression: expression.clone(),
                unit: String::new(),
            })
            .collect();
        if !self.settings.discover {
            return Ok(asked);
        }
        let ends = scope.ranges.iter().fold(None, |ends: Option<TimeRange>, range| {
            let ends = ends.unwrap_or(*range);
            Some(TimeRange { start: ends.start.min(range.start), end: ends.end.max(range.end) })
        });
        let (start, end) = ends.map(|e| (e.start.to_string(), e.end.to_string())).unwrap_or_default();
        let names = talk.get("/api/v1/label/__name__/values", &[("start", &start), ("end", &end)])?;
        let names = data(&names)?;
        let names: Vec<String> = names.list().iter().filter_map(|n| n.text().map(str::to_owned)).collect();
        let metadata = talk.get("/api/v1/metadata", &[("limit_per_metric", "1")]).unwrap_or_default();
        let metadata = Json::read(&metadata).unwrap_or(Json::Null);
        let fields = metadata.get("data").map(Json::fields).unwrap_or_default();
        let kind = |list: &Json<'_>| list.list().first()?.text_at(&["type"]).map(str::to_owned);
        let kinds: BTreeMap<String, String> =
            fields.iter().filter_map(|(name, list)| Some((name.to_string(), kind(list)?))).collect();
        let (mut found, left) = questions(&names, &kinds, window, self.settings.metrics);
        if left > 0 {
            let what = format!(
                "{left} of {} metrics are not asked for; configure queries for those that matter",
                names.len()
            );
            notes.add(&what, String::new);
        }
        found.retain(|question| !asked.iter().any(|a| a.metric == question.metric));
        asked.append(&mut found);
        Ok(asked)
    }

    /// Asks one question over one range.
    fn ask(
        &self,
        talk: &Conversation<'_>,
        question: &Question,
        range: TimeRange,
        step: f64,
        take: &mut Taker<'_>,
    ) -> Result<(), TelemetryError> {
        let query = [
            ("query", question.expression.as_str()),
            ("start", &range.start.to_string()),
            // Half-open here, closed there.
            ("end", &(range.end - step / 2.0).max(range.start).to_string()),
            ("step", &step.to_string()),
            ("timeout", "15s"),
        ];
        let body = talk.get("/api/v1/query_range", &query)?;
        let data = data(&body)?;
        for result in data.get("result").map(Json::list).unwrap_or_default() {
            let labels = result.get("metric").map(Json::fields).unwrap_or_default();
            let labels: Vec<(&str, &str)> =
                labels.iter().filter_map(|(name, value)| Some((name.as_ref(), value.text()?))).collect();
            take(&labels, result.get("values").map(Json::list).unwrap_or_default());
        }
        Ok(())
    }

    /// What never changes tells nothing, unless it was asked for or is a limit.
    fn is_worth_having(&self, series: &Series) -> bool {
        let bare = series.key.metric.split('{').next().unwrap_or_default();
        let mut values = series.points.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
        let first = values.next();
        let changes = first.is_some_and(|first| values.any(|value| value != first));
        changes
            || self.settings.queries.iter().any(|(name, _)| name == bare)
            || first.is_some_and(|value| value != 0.0) && bare.ends_with("_error_ratio")
            || first.is_some() && telling_though_constant(&series.key.metric)
    }

    /// Alerts that began to fire within a range.
    fn alerts(
        &self,
        talk: &Conversation<'_>,
        range: TimeRange,
        step: f64,
    ) -> Result<Vec<ClusterEvent>, TelemetryError> {
        let question = Question {
            metric: "ALERTS".into(),
            expression: "ALERTS{alertstate=\"firing\"}".into(),
            unit: String::new(),
        };
        let mut events = Vec::new();
        self.ask(talk, &question, range, step, &mut |labels, values| {
            let find =
                |name: &str| labels.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
            let json =
                Json::Object(labels.iter().map(|(n, v)| ((*n).into(), Json::Text((*v).into()))).collect());
            let Some((time, _)) = values.first().and_then(point) else { return };
            events.push(ClusterEvent {
                time,
                service: service_of(&json).map(str::to_owned),
                instance: find("pod").or_else(|| find("instance")),
                reason: find("alertname").unwrap_or_else(|| "alert".into()),
                message: "fires".into(),
                bad: !matches!(find("severity").as_deref(), Some("info" | "none")),
                line: 0,
                file: "prometheus".into(),
            });
        })?;
        Ok(events)
    }
}

impl Telemetry for Prometheus {
    fn name(&self) -> String {
        format!("prometheus {}", self.client.shown())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { series: true, events: true, topology: true, ..Capabilities::default() }
    }

    fn health(&self) -> Result<String, TelemetryError> {
        let body = self.client.conversation().get("/api/v1/status/buildinfo", &[])?;
        let data = data(&body)?;
        Ok(format!("Prometheus {}", data.text_at(&["version"]).unwrap_or("of an unknown version")))
    }

    fn read(&self, scope: &Scope, _: &mut LineSink<'_>) -> Result<Readings, TelemetryError> {
        if scope.ranges.is_empty() {
            return Err(TelemetryError::Invalid("Prometheus must be asked for a range of time".into()));
        }
        let talk = self.client.conversation();
        let mut notes = Notes::default();
        let mut set = SeriesSet::new(Bounds::default());
        let mut readings = Readings::default();
        let shortest = scope.ranges.iter().map(TimeRange::length).fold(f64::INFINITY, f64::min);
        let step = (shortest / f64::from(self.settings.points.max(2))).clamp(1.0, 300.0).round();
        let questions = self.questions(&talk, scope, (4.0 * step).max(60.0), &mut notes)?;
        for range in &scope.ranges {
            // A range that is far longer than the shortest is asked for more coarsely, within what servers allow.
            let step = step.max((range.length() / 5000.0).ceil());
            for question in &questions {
                if !talk.has_time() {
                    notes.add("there was no time left for all metrics", || quoted(&question.metric));
                    break;
                }
                let outcome = self.ask(&talk, question, *range, step, &mut |labels, values| {
                    let found = labelled(&question.metric, labels);
                    if !scope.services.is_empty() && !scope.services.contains(&found.service) {
                        return;
                    }
                    let keys = [&found.service, &found.metric, &found.instance, &found.version, &found.peer];
                    let unit = if question.unit.is_empty() { unit(&question.metric) } else { &question.unit };
                    for (ts, value) in values.iter().filter_map(point) {
                        set.add(keys.map(String::as_str), found.reporter, unit, ts, value);
                    }
                });
                if let Err(error) = outcome {
                    notes.add("a query failed", || format!("{}: {error}", quoted(&question.metric)));
                }
            }
            match self.alerts(&talk, *range, step) {
                Ok(events) => readings.events.extend(events),
                Err(error) => notes.add("alerts could not be asked for", || error.to_string()),
            }
        }
        let (series, thinned) = set.finish();
        readings.series = series;
        readings.series.retain(|series| self.is_worth_having(series));
        readings.topology = edges(&readings.series);
        readings.notes = notes.sentences("prometheus");
        readings.notes.extend(thinned.into_iter().map(|note| format!("prometheus: {note}")));
        Ok(readings)
    }
}

/// Who calls whom, as series of calls tell it.
fn edges(series: &[Series]) -> Vec<CallEdge> {
    let calls = series.iter().filter_map(|one| Some((one.key.peer.clone()?, one.key.service.clone())));
    let distinct: BTreeSet<(String, String)> = calls.collect();
    distinct
        .into_iter()
        .map(|(caller, callee)| CallEdge { caller, callee, source: EdgeSource::Calls })
        .collect()
}

/// `[1435781430.781, "1"]`.
fn point(value: &Json<'_>) -> Option<(f64, f64)> {
    let [ts, value] = value.list() else { return None };
    let value = match value.text()? {
        "NaN" | "+Inf" | "-Inf" => f64::NAN,
        text => text.parse().ok()?,
    };
    Some((ts.number()?, value))
}

/// The data of an answer that says success.
fn data(body: &str) -> Result<Json<'_>, TelemetryError> {
    let json = Json::read(body).map_err(|_| {
        TelemetryError::Invalid("the answer is not JSON: is this address Prometheus'?".into())
    })?;
    if json.text_at(&["status"]) != Some("success") {
        let why = json.text_at(&["error"]).unwrap_or("it does not say success");
        return Err(TelemetryError::Invalid(format!("Prometheus: {why}")));
    }
    match json {
        Json::Object(fields) => {
            let data = fields.into_iter().find(|(name, _)| name == "data").map(|(_, value)| value);
            Ok(data.unwrap_or(Json::Null))
        }
        _ => Ok(Json::Null),
    }
}
