//! When which trial was trained by whom: told beside the rest, and looked at by nothing that decides.

use caviar_store::study::{Entry, RunRow};
use serde::{Deserialize, Serialize};

use super::{Ledger, Stage, json};

/// A stretch of work on a trial by one thread, without a pause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The trial.
    pub trial: u64,
    /// What it was for: `screen` for the first time, `full` on all folds, `repeat` on a further deal of the rows, `leader`
    /// with a further seed, `refit` for what is kept, `train`, `longer`.
    pub stage: String,
    /// The thread, from 0.
    pub worker: usize,
    /// Seconds of the study's work when it began.
    pub from: f64,
    /// And when it ended.
    pub to: f64,
    /// Epochs of the trial before it and after it.
    pub epochs: [u64; 2],
}

impl Span {
    /// From a row of the study; nothing where it is none.
    pub(crate) fn of(row: &RunRow) -> Option<Span> {
        (row.key.stage == Stage::Span.name()).then(|| serde_json::from_str(row.details.as_ref()?).ok())?
    }
}

impl Ledger {
    /// Seconds of work on the study so far, those of earlier processes among them.
    pub(super) fn clock(&self) -> f64 {
        self.0.as_ref().map_or(0.0, |book| (book.elapsed + book.opened.elapsed()).as_secs_f64())
    }

    /// The work so far, in the order in which it ended; empty where nothing is written down.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let Some(book) = &self.0 else { return Vec::new() };
        // A poisoned lock means that another worker has panicked; what it knows is only told.
        book.spans.lock().map_or_else(|_| Vec::new(), |spans| spans.clone())
    }

    /// Notes a stretch of work.
    pub(super) fn span(&self, span: Span) -> Option<Entry> {
        let mut spans = self.0.as_ref()?.spans.lock().ok()?;
        let key = Stage::Span.key(span.trial, spans.len() as u64);
        let (steps, seconds, details) = (span.epochs[1], span.to - span.from, Some(json(&span)));
        spans.push(span);
        Some(Entry::Run(RunRow { key, ended: "complete".to_owned(), steps, seconds, details }))
    }
}
