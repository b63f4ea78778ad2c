//! An experiment: table, engine, tune and store joined.
//!
//! [`Experiment::prepare`] reads a table and deals out its rows; [`train`] trains one network by a [`Recipe`], [`tune`]
//! many and keeps the best; both tell a [`Board`] what happens and end with [`Finished`], which holds the [`Model`].

mod arrays;
mod asked;
mod assessment;
mod baselines;
mod batch_size;
pub mod bench;
mod board;
mod committee;
mod company;
mod crew;
mod encoded;
mod error;
mod evaluate;
mod experiment;
mod figures;
mod fingerprint;
mod finished;
mod folds;
mod guard;
mod helm;
mod inspect;
mod judge;
mod ledger;
mod measure;
mod model;
mod network;
mod options;
pub mod picture;
mod pieces;
mod recipe;
pub mod report;
mod report_data;
mod run;
mod sample;
mod settings;
mod share;
mod source;
mod space;
mod standing;
mod steering;
mod study;
mod surface;
mod train;
mod tune;
mod turn;

pub use asked::{AskPlan, AskedStudy, Order};
pub use assessment::{Calibration, CalibrationBin, ColumnImportance, Curve};
pub use batch_size::{BatchTrial, BatchTrials, batch_sizes};
pub use board::{BestEvent, Board, EpochEvent, Event, FinishedEvent, Flow, Quiet, Started, TrainFigures, TrialEvent};
pub use error::{Divergence, ErrorKind, LabError};
pub use evaluate::{ClassFigures, EvaluateOptions, Evaluated, Figure, Interval, evaluate};
pub use experiment::Experiment;
pub use figures::Figures;
pub use fingerprint::{fingerprint, same_files};
pub use finished::{
    Baseline, Best, Confusion, CurvePoint, Finished, Parent, Rival, Surface, SurfacePoint, TrialRecord, Validated,
};
pub use guard::is_guarded;
pub use inspect::{ArraySummary, ColumnSummary, FileKind, file_kind, inspect_arrays, inspect_table};
pub use ledger::{Ledger, Span, StudyAbout, read_snapshot, write_snapshot};
pub use model::{Model, Network, Predictions, Weighting};
pub use options::{DataOptions, Interrupt, Keep, Method, Part, TuneOptions, Workers};
pub use pieces::answer_in_pieces;
pub use recipe::{
    ArraysError, BatchRows, ClassWeights, InitLayout, Precision, Recipe, Shuffle, WordError, parse_layers,
};
pub use report_data::DataReport;
pub use settings::{Difference, Settings, differences};
pub use source::{read_table, read_table_with_target};
pub use space::{SpaceError, SpaceFile};
pub use standing::{Repeats, Standing};
pub use steering::{Halt, Script, Steer, Steered, SteeredEvent, Steering, Unsteered, Wishes};
pub use study::{StudyView, TrialView};
pub use train::{train, train_steered};
pub use tune::{Bytes, Forecast, Longer, Searched, forecast, train_longer, tune};
pub use turn::{Answer, Turn};
