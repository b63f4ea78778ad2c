//! Training: the loop, batches, events out, commands in, snapshots.

mod control;
mod data;
mod evaluate;
mod event;
pub mod metric;
mod order;
mod snapshot;
mod spec;
mod trainer;

pub use control::{Change, Command, Refusal};
pub use data::{Data, DataError, Targets};
pub use evaluate::Evaluation;
pub use event::{EpochReport, Event, Flow, Observer, Outcome, Silent, Watch};
pub use metric::{Metric, MetricError};
pub use order::Order;
pub use snapshot::{Best, Progress, Snapshot, SnapshotError};
pub use spec::{BatchSize, ClassWeight, L2Divisor, TrainError, TrainOptions, TrainSpec};
pub use trainer::Trainer;
