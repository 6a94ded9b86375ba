//! The order of an investigation: Understand → Retrieve → Analyze → Reason over an incident. The other order, that
//! of a fix, is in `mod.rs`. Reads and concludes; changes nothing but the record and the events.

use super::{Note, Phase, PipelineError, Session, Witnesses, analyze, reason, retrieve, understand};
use crate::domain::incident::{IncidentAnalysis, IncidentBrief, IncidentData, IncidentVerdict};
use crate::domain::{ContentHash, EventData, Identifiers, Problem, Severity};
use crate::engines::signals::merge::EmbedAll;
use crate::ports::embedder::Embedder;
use crate::ports::host::{self, Host};
use crate::ports::memory::{Hit, Memory};
use crate::ports::telemetry::Telemetry;
use std::sync::atomic::{AtomicBool, Ordering};

/// What an investigation needs of the outside.
pub struct Investigators<'a> {
    pub host: &'a dyn Host,
    /// `None` when memory is switched off.
    pub memory: Option<&'a dyn Memory>,
    /// By which wordings of one message are told; without it words alone decide.
    pub embedder: Option<&'a dyn Embedder>,
    pub witnesses: Witnesses<'a>,
    pub identifiers: &'a Identifiers,
}

/// What is investigated.
pub struct Case<'a> {
    pub sources: &'a [&'a dyn Telemetry],
    /// Instead of what the sources say themselves.
    pub brief: Option<IncidentBrief>,
    /// For the record: the bundle's name or the incident's id.
    pub resource: &'a str,
    /// `file:` URI of where it was asked.
    pub uri: &'a str,
    /// Called with the number of log records that were just grouped, from another thread.
    pub step: &'a (dyn Fn(u64) + Sync),
    pub cancel: &'a AtomicBool,
}

impl std::fmt::Debug for Investigators<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Investigators")
    }
}
impl std::fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("resource", &self.resource).finish_non_exhaustive()
    }
}

/// How long each phase took and how much went through, for operators; never part of the analysis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Milliseconds by phase, in their order.
    pub phases: Vec<(Phase, u64)>,
    pub records: u64,
    pub points: u64,
    /// Batches of log records that waited at most.
    pub queue_depth: u64,
    /// Share of the statements that cite evidence which is there, 0 to 1.
    pub citation_coverage: f64,
}

/// What came of it.
#[derive(Debug)]
pub struct Investigated {
    pub analysis: IncidentAnalysis,
    /// What `fix` takes over.
    pub problem: Option<Problem>,
    /// What was judged, for plots and further questions.
    pub data: IncidentData,
    pub recalled: Vec<Hit>,
    pub measured: Measured,
}

/// Runs the investigation.
///
/// # Errors
/// [`PipelineError`] when an actor may not look, no source can be read, or nothing can be recorded.
pub fn investigate(ports: &Investigators<'_>, case: &Case<'_>) -> Result<Investigated, PipelineError> {
    let now = ports.host.now();
    let run = host::new_run_id(ports.identifiers, ports.host)?;
    let trace = ports.identifiers.trace_id(now);
    let session = Session::open(run, trace, case.uri.to_owned(), &ports.witnesses)?;
    let steps = Steps { ports, case, session: &session, started: ports.host.monotonic_millis() };
    let mut measured = Measured::default();
    let understood = steps.understand(&mut measured)?;
    let recalled = steps.retrieve(&understood.data, &mut measured)?;
    let (mut analysis, severity) = steps.analyze(&understood.data, &mut measured)?;
    let problem = steps.reason(&mut analysis, &recalled, severity, &mut measured)?;
    measured.records = understood.records;
    measured.points = understood.data.series.iter().map(|s| s.points.len() as u64).sum();
    measured.queue_depth = understood.queue_depth;
    measured.citation_coverage = coverage(&analysis);
    Ok(Investigated { analysis, problem, data: understood.data, recalled, measured })
}

struct Steps<'a> {
    ports: &'a Investigators<'a>,
    case: &'a Case<'a>,
    session: &'a Session<'a>,
    started: u64,
}

impl Steps<'_> {
    fn took(&self, phase: Phase, measured: &mut Measured) -> Result<(), PipelineError> {
        let before: u64 = measured.phases.iter().map(|(_, millis)| millis).sum();
        let now = self.ports.host.monotonic_millis().saturating_sub(self.started);
        measured.phases.push((phase, now.saturating_sub(before)));
        if self.case.cancel.load(Ordering::Relaxed) { Err(PipelineError::Interrupted(phase)) } else { Ok(()) }
    }

    fn understand(&self, measured: &mut Measured) -> Result<understand::incident::Understood, PipelineError> {
        let problem = host::new_problem_id(self.ports.identifiers, self.ports.host)?;
        let actor = self.session.actor(Phase::Understand)?;
        let case = self.case;
        let work = || {
            let _span = tracing::info_span!("signal.ingest").entered();
            Ok(understand::incident::understand(case.sources, case.brief.clone(), case.step, case.cancel)?)
        };
        let done = self.session.phase(Phase::Understand, case.resource, work, |_| Note {
            event: Some(EventData::Started {
                problem_id: problem.0.clone(),
                target_path: case.resource.to_owned(),
                actor,
            }),
            ..Note::default()
        })?;
        self.took(Phase::Understand, measured)?;
        Ok(done)
    }

    fn retrieve(&self, data: &IncidentData, measured: &mut Measured) -> Result<Vec<Hit>, PipelineError> {
        let work = || {
            let _span = tracing::info_span!("rag.search").entered();
            match self.ports.memory {
                Some(memory) => Ok(retrieve::incident::recall(memory, data)?),
                None => Ok(Vec::new()),
            }
        };
        let hits = self.session.phase(Phase::Retrieve, self.case.resource, work, |_| Note::default())?;
        self.took(Phase::Retrieve, measured)?;
        Ok(hits)
    }

    fn analyze(
        &self,
        data: &IncidentData,
        measured: &mut Measured,
    ) -> Result<(IncidentAnalysis, Severity), PipelineError> {
        let work = || {
            let embed = |texts: &[&str]| {
                let embedder = self.ports.embedder.filter(|_| !self.case.cancel.load(Ordering::Relaxed));
                let named = embedder.and_then(|embedder| embedder.embed_named(texts).ok());
                named.map(|(_, vectors)| vectors).unwrap_or_default()
            };
            let by_meaning = self.ports.embedder.map(|_| &embed as EmbedAll<'_>);
            let analysis = analyze::incident::analyze(data, by_meaning, self.case.cancel)
                .ok_or(PipelineError::Interrupted(Phase::Analyze))?;
            let severity = reason::incident::severity(&analysis);
            Ok((analysis, severity))
        };
        let done = self.session.phase(Phase::Analyze, self.case.resource, work, |(analysis, severity)| {
            Note { event: Some(analyzed(analysis, *severity)), ..Note::default() }
        })?;
        self.took(Phase::Analyze, measured)?;
        Ok(done)
    }

    fn reason(
        &self,
        analysis: &mut IncidentAnalysis,
        recalled: &[Hit],
        severity: Severity,
        measured: &mut Measured,
    ) -> Result<Option<Problem>, PipelineError> {
        let id = host::new_problem_id(self.ports.identifiers, self.ports.host)?;
        let work = || {
            reason::incident::remember(analysis, recalled);
            let content = serde_json::to_vec(&*analysis).ok();
            Ok((reason::incident::problem(id, analysis, severity), content))
        };
        let (problem, _) = self.session.phase(Phase::Reason, self.case.resource, work, |(_, content)| {
            Note { content: content.as_ref().map(|bytes| ContentHash::of(bytes)), ..Note::default() }
        })?;
        self.took(Phase::Reason, measured)?;
        Ok(problem)
    }
}

fn analyzed(analysis: &IncidentAnalysis, severity: Severity) -> EventData {
    let causes =
        analysis.hypotheses.iter().take(1).filter(|_| analysis.verdict == IncidentVerdict::CauseFound);
    EventData::Analyzed { root_causes: causes.map(|h| h.statement.clone()).collect(), severity }
}

/// The share of citations whose evidence is all there; 1 when nothing was said.
fn coverage(analysis: &IncidentAnalysis) -> f64 {
    let there = |ids: &[String]| {
        !ids.is_empty() && ids.iter().all(|id| analysis.evidence.iter().any(|e| e.id == *id))
    };
    let said = analysis.hypotheses.iter().flat_map(|h| h.support.iter().chain(&h.counter));
    let (mut all, mut cited) = (0_u32, 0_u32);
    for citation in said {
        all += 1;
        cited += u32::from(there(&citation.evidence));
    }
    if all == 0 { 1.0 } else { f64::from(cited) / f64::from(all) }
}
