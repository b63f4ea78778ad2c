//! Batch normalization taken into the dense layers before it, for prediction.

use super::batch_norm::{BatchNorm, Running};
use super::init::Init;
use super::mlp::Mlp;
use crate::tensor::{Tensor, TensorError};
use thiserror::Error;

/// Weights that cannot be folded.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum FoldError {
    /// A weight of the network that is not there.
    #[error("folding: {name} is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A weight with another number of elements than the network has.
    #[error("folding: {name} has {got} elements, the network needs {want}")]
    Elements {
        /// Its name.
        name: String,
        /// How many it has.
        got: usize,
        /// How many it should have.
        want: usize,
    },
    /// Sizes beyond the machine.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

impl Mlp {
    /// The network without batch normalization that predicts the same: dense layers that scale and shift by themselves,
    /// their values given.
    ///
    /// ```text
    /// s = γ/√(σ² + ε)     W′ = W·diag(s)     b′ = β − μ·s       μ, σ² the running averages as prediction uses them
    /// ```
    ///
    /// `weight` gives the values of a variable by its name (`dense1/weight`, `batch_norm1/gamma`, ...). They are folded
    /// in f64; in f32 outputs differ from the unfolded ones by rounding alone. A network without batch normalization
    /// comes back with its values given.
    ///
    /// # Errors
    /// [`FoldError::Missing`] and [`FoldError::Elements`] for weights that are not those of this network.
    pub fn folded(&self, weight: impl Fn(&str) -> Option<Vec<f64>>) -> Result<Mlp, FoldError> {
        let value = |name: String, want: usize| -> Result<Vec<f64>, FoldError> {
            let values = weight(&name).ok_or_else(|| FoldError::Missing { name: name.clone() })?;
            let got = values.len();
            if got == want { Ok(values) } else { Err(FoldError::Elements { name, got, want }) }
        };
        let mut folded = Mlp { batch_norm: None, given: Vec::new(), ..self.clone() };
        let mut inputs = self.inputs;
        let widths = self.hidden.iter().map(|layer| layer.units).chain([self.outputs]);
        for (number, units) in (1..).zip(widths) {
            let mut weights = value(format!("dense{number}/weight"), inputs.saturating_mul(units))?;
            let bias = match &self.batch_norm {
                Some(norm) if number <= self.hidden.len() => {
                    let of = |name: &str| value(format!("batch_norm{number}/{name}"), units);
                    let past = value(format!("batch_norm{number}/past_weight"), 1)?;
                    let means = norm.used(of("running_mean")?, &past, 0.0);
                    let variances = norm.used(of("running_variance")?, &past, 1.0);
                    let scales: Vec<f64> = of("gamma")?
                        .iter()
                        .zip(&variances)
                        .map(|(gamma, var)| gamma / (var + norm.epsilon).sqrt())
                        .collect();
                    for row in weights.chunks_exact_mut(units.max(1)) {
                        row.iter_mut().zip(&scales).for_each(|(weight, scale)| *weight *= scale);
                    }
                    let shift = |((beta, mean), scale): ((f64, &f64), &f64)| beta - mean * scale;
                    of("beta")?.into_iter().zip(&means).zip(&scales).map(shift).collect()
                }
                _ => value(format!("dense{number}/bias"), units)?,
            };
            folded = folded
                .with_values(&format!("dense{number}/weight"), Init::values(Tensor::new((inputs, units), weights)?));
            folded = folded.with_values(&format!("dense{number}/bias"), Init::values(Tensor::from(bias)));
            inputs = units;
        }
        Ok(folded)
    }
}

impl BatchNorm {
    /// A running average as prediction uses it; `unseen` before the first step.
    fn used(&self, average: Vec<f64>, past_weight: &[f64], unseen: f64) -> Vec<f64> {
        let past = past_weight.first().copied().unwrap_or(1.0);
        match self.running {
            Running::Torch | Running::Keras => average,
            Running::Corrected if past == 1.0 => vec![unseen; average.len()],
            Running::Corrected => average.into_iter().map(|value| value / (1.0 - past)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FoldError;
    use crate::nn::{BatchNorm, Init, Mlp, Running};
    use crate::optim::Adam;
    use crate::rng::{Purpose, Stream};
    use crate::rows::Rows;
    use crate::train::{BatchSize, Data, Silent, Targets, TrainSpec, Trainer};
    use crate::{Real, Tensor};
    use std::sync::Arc;

    fn wine() -> Arc<Data> {
        let stream = Stream::new(5, Purpose::Noise(0), 0);
        let features: Vec<f64> = (0..300 * 4).map(|i| 3.0 * stream.normal(i) + (i % 4) as f64).collect();
        let labels = features.chunks_exact(4).map(|row| i64::from(row[0] > row[1]) + i64::from(row[2] > 4.0)).collect();
        Arc::new(Data::new(Rows::from_f64(features, 4).unwrap(), Targets::Classes { labels, classes: 3 }).unwrap())
    }

    /// The outputs of a trained network for all rows, and of the folded one.
    fn outputs<T: Real>(norm: BatchNorm, epochs: u64) -> (Vec<f64>, Vec<f64>) {
        let data = wine();
        let network = Mlp::new(4, &[16, 8], 3).with_batch_norm(norm);
        let mut spec = TrainSpec::new(network.clone(), data.targets(), Adam::new(0.01).unwrap().into(), 20).unwrap();
        spec.batch_size = BatchSize::Rows(32);
        let mut trainer = Trainer::<T>::new(spec.clone(), data.clone(), None).unwrap();
        trainer.run_until(epochs, &mut Silent).unwrap();
        let weight = |name: &str| Some(trainer.weights(name)?.data().iter().map(|value| value.to_f64()).collect());
        spec.network = network.folded(weight).unwrap();
        assert!(spec.network.batch_norm.is_none());
        let mut folded = Trainer::<T>::new(spec, data.clone(), None).unwrap();
        (trainer.predict(data.features()).unwrap(), folded.predict(data.features()).unwrap())
    }

    #[test]
    fn a_folded_network_predicts_the_same() {
        for running in [Running::Corrected, Running::Torch, Running::Keras] {
            for epochs in [0, 20] {
                let norm = BatchNorm { running, ..BatchNorm::default() };
                let (plain, folded) = outputs::<f32>(norm, epochs);
                let size = plain.iter().fold(1.0, |size: f64, value| size.max(value.abs()));
                assert!(plain.iter().zip(&folded).all(|(a, b)| (a - b).abs() <= 1e-6 * size), "{running:?} {epochs}");
                let (plain, folded) = outputs::<f64>(norm, epochs);
                assert!(plain.iter().zip(&folded).all(|(a, b)| (a - b).abs() <= 1e-13 * size), "{running:?} {epochs}");
            }
        }
    }

    #[test]
    fn one_unit_is_folded_as_by_hand() {
        // γ = 3, β = 5, μ = 2, σ² + ε = 4: s = 3/2, W′ = 1.5·W, b′ = 5 − 2·1.5.
        let network =
            Mlp::new(1, &[1], 1).with_batch_norm(BatchNorm { epsilon: 1.0, decay: 0.9, running: Running::Keras });
        let weight = |name: &str| {
            let value = match name {
                "dense1/weight" => 7.0,
                "batch_norm1/gamma" | "batch_norm1/running_variance" => 3.0,
                "batch_norm1/beta" => 5.0,
                "batch_norm1/running_mean" => 2.0,
                _ => 1.0,
            };
            Some(vec![value])
        };
        let given = network.folded(weight).unwrap().given;
        let values = |value: f64| Init::values(Tensor::from([value]));
        assert_eq!(given[1], ("dense1/bias".to_owned(), values(2.0)));
        assert_eq!(given[0], ("dense1/weight".to_owned(), Init::values(Tensor::from([[10.5]]))));
        assert_eq!(given[3], ("dense2/bias".to_owned(), values(1.0)));
    }

    #[test]
    fn weights_of_another_network_are_refused() {
        let network = Mlp::new(2, &[3], 1).with_batch_norm(BatchNorm::default());
        let missing = network.folded(|name| {
            (name != "batch_norm1/beta").then(|| {
                vec![
                    1.0;
                    if name.ends_with("past_weight") {
                        1
                    } else if name == "dense1/weight" {
                        6
                    } else {
                        3
                    }
                ]
            })
        });
        assert_eq!(missing, Err(FoldError::Missing { name: "batch_norm1/beta".to_owned() }));
        let short = network.folded(|_| Some(vec![0.0; 5]));
        assert_eq!(short, Err(FoldError::Elements { name: "dense1/weight".to_owned(), got: 5, want: 6 }));
    }
}
