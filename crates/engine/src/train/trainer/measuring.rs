//! Measuring and predicting with the weights as they are.

use super::{Trainer, stage};
use crate::real::Real;
use crate::rows::Rows;
use crate::train::data::Data;
use crate::train::evaluate::{self, Evaluation, Tally};
use crate::train::metric::Metric;
use crate::train::spec::TrainError;

/// Rows measured at a time; no result depends on it.
const EVALUATED_AT_ONCE: usize = 256;

impl<T: Real> Trainer<T> {
    /// The network's figures on rows: the loss, the usual ones and those asked for.
    ///
    /// # Errors
    /// Rows with other columns or targets than the network's.
    pub fn evaluate(&mut self, data: &Data, wanted: &[Metric]) -> Result<Evaluation, TrainError> {
        check_alike(data, &self.data)?;
        let weights = self.spec.row_weights(data, &self.data)?;
        self.measure(data, weights.as_deref(), wanted)
    }

    pub(super) fn measure(
        &mut self,
        data: &Data,
        weights: Option<&[f64]>,
        wanted: &[Metric],
    ) -> Result<Evaluation, TrainError> {
        let mut tally = Tally::new(data.targets(), self.spec.loss, wanted);
        let mut outputs = Vec::with_capacity(EVALUATED_AT_ONCE * self.network_outputs());
        let (mut loss_sum, mut weight_sum) = (0.0, 0.0);
        let mut indices = [0; EVALUATED_AT_ONCE];
        for start in (0..data.len()).step_by(EVALUATED_AT_ONCE) {
            let part = &mut indices[..EVALUATED_AT_ONCE.min(data.len() - start)];
            part.iter_mut().zip(start as u32..).for_each(|(index, row)| *index = row);
            stage(&mut self.session, &self.network, data, None, part);
            self.session.execute_both(self.network.outputs, self.network.row_losses)?;
            outputs.clear();
            outputs.extend(self.session.value(self.network.outputs)?.data().iter().map(|x| x.to_f64()));
            tally.add(&outputs, part.len());
            for (row, loss) in (start..).zip(self.session.value(self.network.row_losses)?.data()) {
                let weight = weights.map_or(1.0, |weights| weights[row]);
                loss_sum += loss.to_f64() * weight;
                weight_sum += weight;
            }
        }
        Ok(tally.evaluation(loss_sum / weight_sum))
    }

    /// The network's outputs on rows, row-major: logits, or values. A row's outputs do not depend on the other rows.
    ///
    /// # Errors
    /// Rows with other columns than the network has inputs.
    pub fn predict(&mut self, rows: &Rows) -> Result<Vec<f64>, TrainError> {
        self.check_columns(rows)?;
        let mut outputs = Vec::with_capacity(rows.len() * self.network_outputs());
        let all = rows.len() as u32;
        for start in (0..all).step_by(EVALUATED_AT_ONCE) {
            let part: Vec<u32> = (start..all.min(start + EVALUATED_AT_ONCE as u32)).collect();
            self.session.start(part.len());
            self.session.stage_rows(self.network.features, rows, &part);
            self.session.execute_both(self.network.outputs, self.network.outputs)?;
            outputs.extend(self.session.value(self.network.outputs)?.data().iter().map(|x| x.to_f64()));
        }
        Ok(outputs)
    }

    /// The probability of each class on rows, row-major, two columns where the network has one output.
    ///
    /// # Errors
    /// As [`Trainer::predict`].
    pub fn predict_probabilities(&mut self, rows: &Rows) -> Result<Vec<f64>, TrainError> {
        Ok(evaluate::probabilities(&self.predict(rows)?, rows.len()))
    }

    fn check_columns(&self, rows: &Rows) -> Result<(), TrainError> {
        if rows.columns() == self.spec.network.inputs {
            return Ok(());
        }
        Err(TrainError::Columns { network: self.spec.network.inputs, data: rows.columns() })
    }

    fn network_outputs(&self) -> usize {
        self.spec.network.outputs
    }
}

/// Whether a network trained on `data` can be measured on `rows`.
pub(super) fn check_alike(rows: &Data, data: &Data) -> Result<(), TrainError> {
    let (own, other) = (data.features().columns(), rows.features().columns());
    if own != other {
        return Err(TrainError::Columns { network: own, data: other });
    }
    if data.targets().are_like(rows.targets()) { Ok(()) } else { Err(TrainError::Targets) }
}
