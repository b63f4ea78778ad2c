//! Arguments of `caviar steer`.

use std::path::PathBuf;

use caviar_engine::optim::Optimizer;
use caviar_engine::schedule::Schedule;
use caviar_engine::train::Change;
use caviar_lab::Steer;
use clap::Args;

use super::{recipe, values};

/// Arguments of `caviar steer`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true, help_template = super::TEMPLATE, before_help = "\
Examples:
  caviar steer caviar-out/iris-1 --trial 0 --learning-rate 0.001 --dropout 0.2
  caviar steer caviar-out/iris-1 --trial 0 --undo
  caviar steer caviar-out/iris-1 --trial 0 --fork --learning-rate 0.01
")]
pub struct SteerArgs {
    /// The study: study.db of a run, or the folder it is in
    pub study: PathBuf,
    /// The network: the number of its trial; of a cross-validated one, the networks of all folds
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub trial: u64,
    /// The learning rate from the next step on, in place of the schedule
    #[arg(long, value_name = "RATE", help_heading = "Change")]
    pub learning_rate: Option<f64>,
    /// A schedule over the rate in force
    #[arg(long, value_name = "SCHEDULE", help_heading = "Change")]
    pub schedule: Option<Schedule>,
    /// The update rule, which begins with an empty memory
    #[arg(long, help_heading = "Change", value_parser = recipe::optimizer())]
    pub optimizer: Option<Optimizer>,
    /// Momentum's and RMSprop's beta
    #[arg(long, value_name = "BETA", help_heading = "Change")]
    pub beta: Option<f64>,
    /// Adam's beta1
    #[arg(long, value_name = "BETA", help_heading = "Change")]
    pub beta1: Option<f64>,
    /// Adam's beta2
    #[arg(long, value_name = "BETA", help_heading = "Change")]
    pub beta2: Option<f64>,
    /// What keeps a division from zero
    #[arg(long, value_name = "EPSILON", help_heading = "Change")]
    pub epsilon: Option<f64>,
    /// L2 penalty
    #[arg(long, value_name = "LAMBDA", help_heading = "Change")]
    pub l2: Option<f64>,
    /// Decoupled weight decay
    #[arg(long, value_name = "DECAY", help_heading = "Change")]
    pub weight_decay: Option<f64>,
    /// The largest norm of the gradient
    #[arg(long, value_name = "NORM", help_heading = "Change")]
    pub clip_norm: Option<f64>,
    /// The largest component of the gradient
    #[arg(long, value_name = "VALUE", help_heading = "Change")]
    pub clip_value: Option<f64>,
    /// The share of units dropped
    #[arg(long, value_name = "SHARE", help_heading = "Change")]
    pub dropout: Option<f64>,
    /// Rows of a batch
    #[arg(long, value_name = "ROWS", help_heading = "Change", value_parser = values::count)]
    pub batch_size: Option<u64>,
    /// Epochs in all
    #[arg(long, value_name = "EPOCHS", help_heading = "Change", value_parser = values::count)]
    pub epochs: Option<u64>,
    /// Go back to before the last change, as it was then
    #[arg(long, help_heading = "Course")]
    pub undo: bool,
    /// Wait
    #[arg(long, help_heading = "Course", conflicts_with_all = ["go_on", "stop"])]
    pub pause: bool,
    /// Go on after a pause
    #[arg(long = "continue", help_heading = "Course")]
    pub go_on: bool,
    /// End here, and keep the best epoch so far
    #[arg(long, help_heading = "Course")]
    pub stop: bool,
    /// Make a trial of its own that goes on from here with the changes; this one goes on as it is
    #[arg(long, help_heading = "Course", conflicts_with_all = ["undo", "pause", "go_on", "stop"])]
    pub fork: bool,
}

impl SteerArgs {
    /// What is asked for, in order.
    pub fn wishes(&self) -> Vec<Steer> {
        let changes = [
            self.learning_rate.map(Change::LearningRate),
            self.schedule.clone().map(Change::Schedule),
            self.optimizer.map(Change::Optimizer),
            self.beta.map(Change::Beta),
            self.beta1.map(Change::Beta1),
            self.beta2.map(Change::Beta2),
            self.epsilon.map(Change::Epsilon),
            self.l2.map(Change::L2),
            self.weight_decay.map(Change::WeightDecay),
            self.clip_norm.map(|norm| Change::ClipNorm(Some(norm))),
            self.clip_value.map(|value| Change::ClipValue(Some(value))),
            self.dropout.map(Change::Dropout),
            self.batch_size.and_then(|rows| usize::try_from(rows).ok()).map(Change::BatchSize),
            self.epochs.map(Change::Epochs),
        ];
        let changes = changes.into_iter().flatten();
        if self.fork {
            return vec![Steer::Fork(changes.collect())];
        }
        let asked = [(self.undo, Steer::Undo), (self.pause, Steer::Pause)];
        let before = asked.into_iter().filter_map(|(asked, wish)| asked.then_some(wish));
        let last = [(self.go_on, Steer::Continue), (self.stop, Steer::Stop)];
        let after = last.into_iter().filter_map(|(asked, wish)| asked.then_some(wish));
        before.chain(changes.map(Steer::Set)).chain(after).collect()
    }
}
