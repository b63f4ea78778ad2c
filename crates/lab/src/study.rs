//! A study as it is looked at: its trials, the best one, and what mattered.

mod forest;
pub(crate) mod importance;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use caviar_engine::train::Metric;
use caviar_store::study::{DataFile, StudyReader, StudyState};
use caviar_tune::{Params, TrialState};
use serde::Serialize;

use crate::error::LabError;
use crate::finished::{CurvePoint, Parent};
use crate::ledger::{Ledger, Span, StudyAbout, TrialDetails};
use crate::recipe::Recipe;
use crate::standing::{Repeats, order};
use crate::turn::Turn;

/// The command of a study whose trials are done by whoever asks.
pub(crate) const ASKED: &str = "ask";
/// The file of a study in its folder.
const FILE: &str = "study.db";

/// A study at a moment; also of one that another process works on.
///
/// As JSON, `{"study":..,"state":..,"trials":[{"trial":..,"state":..,"params":{..},"score":..,"epochs":..}],
/// "importance":{..},"best":..}`, trials by number.
#[derive(Clone, Debug, Serialize)]
pub struct StudyView {
    /// Its file.
    #[serde(rename = "study")]
    pub path: PathBuf,
    /// What it is doing; one that says running without a process that works on it was killed, and is stopped.
    #[serde(serialize_with = "word")]
    pub state: StudyState,
    /// All trials by number.
    pub trials: Vec<TrialView>,
    /// The share of the differences between the scores that each searched setting explains alone, the largest first.
    #[serde(serialize_with = "as_map")]
    pub importance: Vec<(String, f64)>,
    /// The best trial.
    pub best: Option<BestView>,
    /// What it is about.
    #[serde(skip)]
    pub about: StudyAbout,
    /// The command that repeats it.
    #[serde(skip)]
    pub command: String,
    /// All settings, as `config.toml` has them.
    #[serde(skip)]
    pub config: String,
    /// The files that it was made from.
    #[serde(skip)]
    pub files: Vec<DataFile>,
    /// Seconds of work so far.
    #[serde(skip)]
    pub seconds: f64,
    /// Which thread worked on which trial when, in the order of beginning.
    #[serde(skip)]
    pub spans: Vec<Span>,
    /// The event by which it ended, as JSON.
    #[serde(skip)]
    pub result: Option<String>,
}

/// A trial of a study.
#[derive(Clone, Debug, Serialize)]
pub struct TrialView {
    /// Its number, from 0.
    #[serde(rename = "trial")]
    pub number: u64,
    /// What it is doing, or how it ended.
    pub state: TrialState,
    /// Its configuration.
    pub params: Params,
    /// What it is chosen by.
    pub score: Option<f64>,
    /// Epochs trained.
    pub epochs: u64,
    /// The trial that it was forked from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Its scores with several seeds, if it is a leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
    /// What a person did to it while it trained for the first time and has not taken back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
    /// All its settings.
    #[serde(skip)]
    pub recipe: Recipe,
    /// The networks that its score is the mean of.
    #[serde(skip)]
    pub folds: usize,
    /// Where it diverged, or why it failed, in words.
    #[serde(skip)]
    pub diverged: Option<String>,
    /// How its loss fell, in its longest run.
    #[serde(skip)]
    pub curve: Vec<CurvePoint>,
}

/// The best trial of a study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BestView {
    /// Its number.
    pub trial: u64,
    /// Its configuration.
    pub params: Params,
    /// What it is chosen by.
    pub score: Option<f64>,
}

impl TrialView {
    /// Whether it is several networks, one for each fold, and its screening is over: nothing that is asked of it is done any
    /// more, while one that waits at a rung may go on.
    pub fn is_settled(&self) -> bool {
        self.folds > 1 && self.state != TrialState::Running
    }
}

impl StudyView {
    /// The file of a study that is named by itself or by its folder.
    pub fn file(study: &Path) -> PathBuf {
        if study.is_dir() { study.join(FILE) } else { study.to_owned() }
    }

    /// Looks at a study, named by its file or its folder; nothing is written.
    ///
    /// # Errors
    /// A file that is no study, is damaged, or newer than this program.
    pub fn open(study: &Path) -> Result<StudyView, LabError> {
        let path = StudyView::file(study);
        let reader = StudyReader::open(&path)?;
        let head = reader.head()?;
        let about: StudyAbout = serde_json::from_str(&head.details)
            .map_err(|error| Ledger::damaged_at(&path, &format!("what it is about: {error}")))?;
        let mut curves = BTreeMap::new();
        for slice in reader.slices()? {
            Ledger::show(&mut curves, &slice).map_err(|what| Ledger::damaged_at(&path, &what))?;
        }
        let mut trials = Vec::new();
        for row in reader.trials()? {
            let damaged =
                |error: serde_json::Error| Ledger::damaged_at(&path, &format!("trial {}: {error}", row.number));
            let details: TrialDetails = serde_json::from_str(&row.details).map_err(damaged)?;
            trials.push(TrialView {
                number: row.number,
                state: serde_json::from_value(row.state.into()).map_err(damaged)?,
                params: serde_json::from_str(&row.params).map_err(damaged)?,
                score: row.score,
                epochs: row.epochs,
                recipe: details.recipe,
                folds: details.folds,
                diverged: details.diverged,
                parent: details.parent,
                repeats: details.repeats,
                turns: details.turns,
                curve: Ledger::longest(&curves, row.number),
            });
        }
        let mut spans: Vec<Span> = reader.runs()?.iter().filter_map(Span::of).collect();
        spans.sort_by(|a, b| a.from.total_cmp(&b.from));
        let state = match head.state {
            StudyState::Running if !reader.is_owned() => StudyState::Stopped,
            state => state,
        };
        if state != StudyState::Running {
            let running = |trial: &&mut TrialView| trial.state == TrialState::Running;
            trials.iter_mut().filter(running).for_each(|trial| trial.state = TrialState::Paused);
        }
        // A fork is no draw of the search.
        let drawn = trials.iter().filter(|trial| trial.parent.is_none());
        let mut view = StudyView {
            importance: importance::of(drawn.map(|trial| (&trial.params, trial.score)), about.metric),
            path,
            state,
            trials,
            best: None,
            about,
            command: head.command,
            config: head.config,
            files: reader.files()?,
            seconds: head.seconds,
            spans,
            result: head.result,
        };
        view.best = view.leaderboard().first().map(|best| BestView {
            trial: best.number,
            params: best.params.clone(),
            score: best.score,
        });
        Ok(view)
    }

    /// The trials that have a score, the best first: leaders by their means, complete ones, then those that were pruned, paused or run.
    pub fn leaderboard(&self) -> Vec<&TrialView> {
        let mut leaders: Vec<&TrialView> = self.trials.iter().filter(|trial| trial.score.is_some()).collect();
        let score = |trial: &TrialView| trial.score.unwrap_or(f64::NAN);
        leaders.sort_by(|a, b| {
            let complete = |trial: &TrialView| trial.state != TrialState::Complete;
            let rank = order(self.about.metric, a.repeats.as_ref(), b.repeats.as_ref());
            let rank = rank.then(complete(a).cmp(&complete(b)));
            rank.then_with(|| self.about.metric.better_first(score(a), score(b))).then(a.number.cmp(&b.number))
        });
        leaders
    }

    /// The heading of what is said of the leaders' seeds; none where no trial has several.
    pub fn seeds_heading(&self) -> Option<String> {
        let several = self.trials.iter().filter_map(|trial| Some((trial.repeats.as_ref()?.scores.len(), trial.folds)));
        let (seeds, folds) = several.max()?;
        Some(format!("mean of {seeds} {}, 95 %", if folds > 1 { "deals" } else { "seeds" }))
    }

    /// How a study goes on that was begun from Python; nothing for one of the program.
    pub fn goes_on_in_python(&self) -> Option<String> {
        let call = match self.command.as_str() {
            ASKED => "ask()",
            "fit" => "resume(X, y)",
            _ => return None,
        };
        Some(format!("caviar.Study({:?}).{call}", self.path.display().to_string()))
    }

    /// What a score is called: one that somebody else measures has no other name.
    pub fn score_name(&self) -> &'static str {
        if self.about.command == ASKED { "score" } else { self.metric().name() }
    }

    /// What is chosen by.
    pub fn metric(&self) -> Metric {
        self.about.metric
    }
}

fn word<S: serde::Serializer>(state: &StudyState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.name())
}

fn as_map<S: serde::Serializer>(pairs: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}
