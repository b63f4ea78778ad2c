//! A recipe checked, and turned into what the engine trains by.

use caviar_engine::nn::{BatchNorm, Loss, Mlp};
use caviar_engine::optim::{Minimizer, Settings};
use caviar_engine::schedule::Timetable;
use caviar_engine::train::{BatchSize, ClassWeight, Data, L2Divisor, Metric, Order, Targets, TrainSpec};

use super::arrays::{initialized, order};
use super::{BatchRows, ClassWeights, Recipe, Shuffle};
use crate::error::LabError;
use crate::experiment::Experiment;

const BELOW_ONE: &str = "at least 0 and below 1";
const NOT_NEGATIVE: &str = "at least 0 and finite";
const POSITIVE: &str = "above 0 and finite";

impl Recipe {
    /// Whether every setting is legal by itself.
    ///
    /// # Errors
    /// [`LabError::Setting`] or [`LabError::Settings`], with the flag.
    pub fn check(&self) -> Result<(), LabError> {
        let rule = |flag, got: f64, want, fits: bool| match fits {
            true => Ok(()),
            false => Err(LabError::Setting { flag, got: got.to_string(), want }),
        };
        let share = |flag, got: f64| rule(flag, got, BELOW_ONE, (0.0..1.0).contains(&got));
        let penalty = |flag, got: f64| rule(flag, got, NOT_NEGATIVE, got >= 0.0 && got.is_finite());
        let positive = |flag, got: f64| rule(flag, got, POSITIVE, got > 0.0 && got.is_finite());
        if self.hidden.contains(&0) {
            let got = self.hidden.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
            return Err(LabError::Setting { flag: "hidden", got, want: "none, or units of at least 1 per layer" });
        }
        positive("learning-rate", self.learning_rate)?;
        share("dropout", self.dropout)?;
        share("label-smoothing", self.label_smoothing)?;
        share("beta", self.beta)?;
        share("beta1", self.beta1)?;
        share("beta2", self.beta2)?;
        positive("epsilon", self.epsilon)?;
        penalty("warm-up", self.warm_up)?;
        penalty("l2", self.l2)?;
        penalty("weight-decay", self.weight_decay)?;
        self.clip_norm.map_or(Ok(()), |limit| positive("clip-norm", limit))?;
        self.clip_value.map_or(Ok(()), |limit| positive("clip-value", limit))?;
        rule("epochs", self.epochs as f64, "at least 1", self.epochs > 0)?;
        rule("batch-size", 0.0, "at least 1, or full", self.batch_size != BatchRows::Rows(0))?;
        rule("patience", 0.0, "at least 1", self.patience != Some(0))?;
        rule("horizon", 0.0, "at least 1", self.horizon != Some(0))?;
        if self.schedule.has_horizon() && self.warm_up >= self.horizon() as f64 {
            let rule = "the warm-up must be shorter than the run under a cosine or one-cycle schedule";
            return Err(LabError::Settings { flag: "warm-up", other: "epochs", rule });
        }
        if self.order.is_some() && self.shuffle != Shuffle::Random {
            let rule = "the file says the order of the rows";
            return Err(LabError::Settings { flag: "shuffle", other: "order", rule });
        }
        Ok(())
    }

    /// As [`Recipe::spec_for`], with what the recipe's files say: the first weights and the order of the rows.
    pub(crate) fn spec_with_files(
        &self,
        data: &Data,
        classes: &[String],
        order_seed: u64,
    ) -> Result<TrainSpec, LabError> {
        let mut spec = self.spec_for(data, classes, order_seed)?;
        if let Some(path) = &self.init_file {
            let ends = [[data.features().columns()], [data.targets().outputs()]];
            let widths = [&ends[0][..], &self.hidden, &ends[1]].concat();
            spec.network = initialized(spec.network, &widths, path, self.init_layout)?;
        }
        if let Some(path) = &self.order {
            spec.order = order(path, data.len(), self.epochs)?;
        }
        Ok(spec)
    }

    fn horizon(&self) -> u64 {
        self.horizon.unwrap_or(self.epochs)
    }

    /// What the engine trains by; the order of the rows comes from the experiment's seed.
    ///
    /// # Errors
    /// Those of [`Recipe::check`]; settings that do not fit the data.
    pub fn spec(&self, experiment: &Experiment) -> Result<TrainSpec, LabError> {
        self.spec_for(experiment.train_data(), experiment.classes(), experiment.seed())
    }

    /// What the engine trains by on training rows that come from elsewhere, with the names of their classes.
    ///
    /// # Errors
    /// As [`Recipe::spec`].
    pub fn spec_for(&self, data: &Data, classes: &[String], order_seed: u64) -> Result<TrainSpec, LabError> {
        self.check()?;
        self.check_fit(data.targets())?;
        let usual = match data.targets() {
            Targets::Classes { .. } => Loss::CrossEntropy,
            Targets::Values { .. } => Loss::Squared,
        };
        let timetable = Timetable::new(self.schedule.clone(), self.horizon() as f64)?;
        let timetable = timetable.with_warm_up(self.warm_up)?.with_shift(self.schedule_shift);
        Ok(TrainSpec {
            network: self.network(data.features().columns(), data.targets().outputs()),
            loss: self.loss.unwrap_or(usual),
            label_smoothing: self.label_smoothing,
            minimizer: Minimizer::new(self.optimizer, self.settings())?,
            timetable,
            epochs: self.epochs,
            batch_size: match self.batch_size {
                BatchRows::Rows(rows) => BatchSize::Rows(rows),
                BatchRows::Full => BatchSize::Full,
            },
            order: match self.shuffle {
                Shuffle::Random => Order::Random,
                Shuffle::Stratified => Order::Stratified,
                Shuffle::None => Order::InOrder,
            },
            l2: self.l2,
            l2_divisor: L2Divisor::TrainingRows,
            drop_prob: self.dropout,
            class_weight: self.class_weights(classes)?,
            patience: self.patience,
            metric: self.metric,
            restore_best: true,
            seed: self.seed,
            order_seed,
        })
    }

    /// The network.
    pub fn network(&self, inputs: usize, outputs: usize) -> Mlp {
        let mlp = Mlp::new(inputs, &self.hidden, outputs).with_activation(self.activation).with_init(self.init.clone());
        let mlp =
            if self.batch_norm && !self.hidden.is_empty() { mlp.with_batch_norm(BatchNorm::default()) } else { mlp };
        if self.dropout > 0.0 && !self.hidden.is_empty() { mlp.with_dropout() } else { mlp }
    }

    /// What a person should know about these settings on so many training rows: a batch size that is cut.
    pub fn notes(&self, rows: usize) -> Vec<String> {
        match self.batch_size {
            BatchRows::Rows(size) if size > rows => vec![format!("batch size {size} cut to the {rows} training rows")],
            BatchRows::Rows(_) | BatchRows::Full => Vec::new(),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            learning_rate: self.learning_rate,
            beta: self.beta,
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            l2: 0.0,
            weight_decay: self.weight_decay,
            clip_norm: self.clip_norm,
            clip_value: self.clip_value,
        }
    }

    /// The first setting that is for the other kind of target.
    fn check_fit(&self, targets: &Targets) -> Result<(), LabError> {
        let misfit = |flag, got: &dyn ToString, rule| Err(LabError::Misfit { flag, got: got.to_string(), rule });
        let for_classes = matches!(self.metric, Metric::Accuracy | Metric::Auc | Metric::F1);
        let for_values = matches!(self.metric, Metric::Rmse | Metric::Mae | Metric::R2);
        match targets {
            Targets::Classes { .. } => match self.loss {
                Some(loss) if loss != Loss::CrossEntropy => misfit("loss", &loss, "the target is one of classes"),
                _ if for_values => misfit("metric", &self.metric, "the target is one of classes"),
                _ => Ok(()),
            },
            Targets::Values { .. } => {
                let rule = "the target is a number, not one of classes";
                match self.loss {
                    Some(loss) if loss == Loss::CrossEntropy => misfit("loss", &loss, rule),
                    Some(loss) if matches!(loss, Loss::Poisson | Loss::Binary) => {
                        misfit("loss", &loss, "it is for targets as they are, and those of a table are scaled")
                    }
                    _ if for_classes => misfit("metric", &self.metric, rule),
                    _ if self.label_smoothing > 0.0 => misfit("label-smoothing", &self.label_smoothing, rule),
                    _ if self.class_weight != ClassWeights::None => misfit("class-weight", &self.class_weight, rule),
                    _ if self.shuffle == Shuffle::Stratified => misfit("shuffle", &self.shuffle, rule),
                    _ => Ok(()),
                }
            }
        }
    }

    fn class_weights(&self, classes: &[String]) -> Result<ClassWeight, LabError> {
        let given = match &self.class_weight {
            ClassWeights::None => return Ok(ClassWeight::None),
            ClassWeights::Balanced => return Ok(ClassWeight::Balanced),
            ClassWeights::Given(given) => given,
        };
        let mut weights = vec![1.0; classes.len()];
        for (class, weight) in given {
            let Some(place) = classes.iter().position(|known| known == class) else {
                let nearest = caviar_table::nearest(class, classes.iter().map(String::as_str)).map(str::to_owned);
                return Err(LabError::UnknownClass { class: class.clone(), nearest, classes: classes.to_vec() });
            };
            weights[place] = *weight;
        }
        Ok(ClassWeight::Given(weights))
    }
}

#[cfg(test)]
mod tests {
    use crate::error::{ErrorKind, LabError};
    use crate::recipe::{BatchRows, Recipe};

    #[test]
    fn every_illegal_setting_is_named_by_its_flag() {
        let good = Recipe::default;
        let cases = [
            ("learning-rate", Recipe { learning_rate: 0.0, ..good() }),
            ("learning-rate", Recipe { learning_rate: -1.0, ..good() }),
            ("learning-rate", Recipe { learning_rate: f64::NAN, ..good() }),
            ("dropout", Recipe { dropout: 1.0, ..good() }),
            ("beta", Recipe { beta: 1.0, ..good() }),
            ("beta1", Recipe { beta1: 1.0, ..good() }),
            ("beta2", Recipe { beta2: -0.1, ..good() }),
            ("epsilon", Recipe { epsilon: 0.0, ..good() }),
            ("hidden", Recipe { hidden: vec![8, 0], ..good() }),
            ("epochs", Recipe { epochs: 0, ..good() }),
            ("batch-size", Recipe { batch_size: BatchRows::Rows(0), ..good() }),
            ("l2", Recipe { l2: f64::INFINITY, ..good() }),
            ("weight-decay", Recipe { weight_decay: -1.0, ..good() }),
            ("clip-norm", Recipe { clip_norm: Some(0.0), ..good() }),
            ("label-smoothing", Recipe { label_smoothing: 1.0, ..good() }),
            ("patience", Recipe { patience: Some(0), ..good() }),
        ];
        for (expected, recipe) in cases {
            let error = recipe.check().unwrap_err();
            assert!(matches!(&error, LabError::Setting { flag, .. } if *flag == expected), "{error}");
            assert_eq!(error.kind(), ErrorKind::Usage);
        }
        assert!(good().check().is_ok());
    }

    #[test]
    fn a_recipe_survives_json() {
        let recipe = Recipe {
            hidden: vec![],
            batch_size: BatchRows::Full,
            class_weight: "a=2,b=0.5".parse().unwrap(),
            loss: Some("huber:1.5".parse().unwrap()),
            schedule: "inverse-time:1:10".parse().unwrap(),
            clip_norm: Some(1.0),
            ..Recipe::default()
        };
        let text = serde_json::to_string(&recipe).unwrap();
        assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
        assert!(serde_json::from_str::<Recipe>(r#"{"learning_rate":1}"#).is_err());
        let read: Recipe = serde_json::from_str(r#"{"batch-size":16}"#).unwrap();
        assert_eq!(read.batch_size, BatchRows::Rows(16));
    }
}
