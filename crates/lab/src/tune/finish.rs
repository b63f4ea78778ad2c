//! The end of a search: the winner's network, measured.

use caviar_tune::{Space, TrialState};

use super::{FOLDS, Hunt};
use crate::board::Board;
use crate::error::{Divergence, LabError};
use crate::experiment::View;
use crate::finished::{Best, CurvePoint, Finished, Validated};
use crate::judge::{Judged, judge};
use crate::network::Weights;
use crate::options::Interrupt;
use crate::recipe::Recipe;
use crate::run::{End, Limits, run};

/// The winner's network.
struct Winner {
    place: usize,
    view: View,
    recipe: Recipe,
    weights: Weights,
    refit: Vec<CurvePoint>,
    refit_steps: u64,
}

impl Hunt<'_> {
    /// Trains the winner on all rows where trials were cross-validated, and measures it.
    pub(super) fn finish(self, space: Space, _board: &mut dyn Board) -> Result<Finished, LabError> {
        let winner = self.winner()?;
        let interrupted = self.workers.interrupt.is_set();
        let Winner { place, view, recipe, weights, refit, refit_steps } = winner;
        let judged = judge(self.experiment, &view, &recipe, weights, self.workers.threads)?;
        let record = &self.records[place].record;
        let epochs = record.best_epoch.map_or(record.epochs, |epoch| epoch + 1);
        let of_folds = || {
            let best = record.best_epoch?;
            record.curve.iter().find(|point| point.epoch == best)?.validation.clone()
        };
        let folded = self.ground.folds.is_some();
        let Judged { train, held_out, test, baseline, confusion, surface, model } = judged;
        Ok(Finished {
            best: Best { trial: record.number, params: record.params.clone(), recipe, epochs, score: record.score },
            train,
            validation: if folded { of_folds() } else { held_out },
            validated: if folded { Validated::Folds(FOLDS) } else { Validated::HeldOut },
            test,
            metric: self.options.base.metric,
            steps: self.records.iter().map(|candidate| candidate.record.steps).sum::<u64>() + refit_steps,
            refit,
            baseline,
            confusion,
            surface,
            model,
            data: self.experiment.report().clone(),
            space: Some(space),
            interrupted,
            seconds: self.elapsed().as_secs_f64(),
            trials: self.records.into_iter().map(|candidate| candidate.record).collect(),
        })
    }

    fn winner(&self) -> Result<Winner, LabError> {
        let Some((rows, _)) = &self.ground.folds else { return self.kept() };
        let whole = self.experiment.view_of(rows, &[])?;
        for place in self.ranked() {
            let candidate = &self.records[place];
            let epochs = candidate.record.best_epoch.map_or(candidate.record.epochs, |epoch| epoch + 1);
            let horizon = candidate.recipe.horizon.or(Some(candidate.recipe.epochs));
            let recipe = Recipe { epochs, horizon, patience: None, ..candidate.recipe.clone() };
            // Even a run that is being ended trains its winner: it is short, and without it nothing is kept.
            let never = Interrupt::default();
            let limits = Limits { epochs, patience: None, deadline: None, interrupt: &never };
            let views = std::slice::from_ref(&whole);
            let seeds = [recipe.seed];
            let order_seed = self.experiment.seed();
            let run = run(views, &recipe, &seeds, order_seed, self.workers.threads, limits, &mut |_, _| true)?;
            if let (End::Complete | End::Cut, Some(weights)) = (&run.end, run.weights) {
                let (refit, refit_steps) = (run.curve, run.steps);
                return Ok(Winner { place, view: whole, recipe, weights, refit, refit_steps });
            }
        }
        Err(self.no_trial())
    }

    /// The network that was kept while trials ran.
    fn kept(&self) -> Result<Winner, LabError> {
        let (Some(best), Some(view)) = (&self.best, &self.ground.held_out) else { return Err(self.no_trial()) };
        let place = self.records.iter().position(|candidate| candidate.record.number == best.number);
        let Some(place) = place else { return Err(self.no_trial()) };
        let recipe = self.records[place].recipe.clone();
        let recipe = Recipe { patience: self.patience(), ..recipe };
        let (view, weights) = (view.clone(), best.weights.clone());
        Ok(Winner { place, view, recipe, weights, refit: Vec::new(), refit_steps: 0 })
    }

    fn no_trial(&self) -> LabError {
        let diverged = |state: TrialState| state == TrialState::Diverged;
        let first: Option<Divergence> = self.records.iter().find_map(|candidate| candidate.divergence.clone());
        LabError::NoTrial {
            trials: self.records.len() as u64,
            diverged: self.records.iter().filter(|candidate| diverged(candidate.record.state)).count() as u64,
            first,
        }
    }
}
