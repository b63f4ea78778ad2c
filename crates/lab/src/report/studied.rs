//! What a study alone tells, as a report: its trials, their curves, what mattered, who worked when.

use super::{Report, TrialLine};
use crate::finished::TrialRecord;
use crate::study::{StudyView, TrialView};

impl Report {
    /// What is known of a study without its data and its model; also while it is running.
    pub fn of_study(study: &StudyView) -> Report {
        let mattered = study.importance.iter().map(|(name, share)| (name.replace('_', "-"), *share)).collect();
        Report {
            title: study.path.display().to_string(),
            summary: String::new(),
            asked: Vec::new(),
            data: Vec::new(),
            checkup: Vec::new(),
            metric: study.metric().name().to_owned(),
            is_folded: study.trials.iter().any(|trial| trial.folds > 1),
            higher_is_better: study.metric().higher_is_better(),
            metrics: Vec::new(),
            scores: Vec::new(),
            rivals: Vec::new(),
            trials: study.trials.iter().map(line).collect(),
            mattered,
            spans: study.spans.clone(),
            best: study.best.as_ref().map(|best| best.trial),
            best_settings: Vec::new(),
            answers: None,
            answered: String::new(),
            importance: Vec::new(),
            calibration: Vec::new(),
            roc: Vec::new(),
            precision_recall: Vec::new(),
            boundary: None,
            command: study.command.clone(),
            version: String::new(),
        }
    }
}

fn line(trial: &TrialView) -> TrialLine {
    super::gather::trial_line(&TrialRecord {
        number: trial.number,
        params: trial.params.clone(),
        state: trial.state,
        score: trial.score,
        epochs: trial.epochs,
        best_epoch: None,
        folds: trial.folds,
        steps: 0,
        seconds: 0.0,
        curve: trial.curve.clone(),
        diverged: trial.diverged.clone(),
        parent: trial.parent,
        repeats: trial.repeats.clone(),
        turns: trial.turns.clone(),
    })
}
