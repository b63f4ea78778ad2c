//! Curves of any length in little memory: means over equal stretches of epochs.

/// Stretches that are kept; a picture is not wider.
const MOST: usize = 512;

/// What is drawn of an epoch, or of several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The training loss.
    pub train: f64,
    /// The validation loss, NaN without validation rows.
    pub validation: f64,
    /// The chosen metric on the validation rows, NaN without them.
    pub metric: f64,
    /// The learning rate.
    pub rate: f64,
}

/// The curves of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// Epochs of a stretch.
    stride: u64,
    /// Sums over stretches; only the last one may be short.
    sums: Vec<Sample>,
    /// Epochs in all.
    epochs: u64,
}

impl Curves {
    /// Without epochs.
    pub fn new() -> Self {
        Curves { stride: 1, sums: Vec::new(), epochs: 0 }
    }

    /// One epoch more.
    pub fn push(&mut self, sample: Sample) {
        if self.epochs.is_multiple_of(self.stride) {
            if self.sums.len() == MOST {
                self.sums =
                    self.sums.chunks(2).map(|pair| pair.iter().copied().reduce(added).unwrap_or(pair[0])).collect();
                self.stride *= 2;
            }
            self.sums.push(sample);
        } else if let Some(last) = self.sums.last_mut() {
            *last = added(*last, sample);
        }
        self.epochs += 1;
    }

    /// Forgets all epochs from this one on; a stretch that is cut keeps its mean.
    pub fn truncate(&mut self, epochs: u64) {
        if epochs >= self.epochs {
            return;
        }
        let whole = epochs.div_ceil(self.stride);
        let rest = epochs - whole.saturating_sub(1) * self.stride;
        let before = self.length(whole.saturating_sub(1));
        self.sums.truncate(whole as usize);
        self.epochs = epochs;
        if let Some(last) = self.sums.last_mut() {
            *last = scaled(*last, rest as f64 / before);
        }
    }

    /// Epochs in all.
    pub fn epochs(&self) -> u64 {
        self.epochs
    }

    /// One curve: the middle of each stretch and its mean, those left out that are not finite.
    pub fn points(&self, of: impl Fn(&Sample) -> f64) -> Vec<(f64, f64)> {
        let point = |(at, sum): (u64, &Sample)| {
            let length = self.length(at);
            ((at * self.stride) as f64 + (length - 1.0) / 2.0, of(sum) / length)
        };
        (0..).zip(&self.sums).map(point).filter(|(_, y)| y.is_finite()).collect()
    }

    /// Epochs of a stretch.
    fn length(&self, at: u64) -> f64 {
        self.epochs.saturating_sub(at * self.stride).min(self.stride) as f64
    }
}

fn added(a: Sample, b: Sample) -> Sample {
    Sample {
        train: a.train + b.train,
        validation: a.validation + b.validation,
        metric: a.metric + b.metric,
        rate: a.rate + b.rate,
    }
}

fn scaled(a: Sample, factor: f64) -> Sample {
    Sample {
        train: a.train * factor,
        validation: a.validation * factor,
        metric: a.metric * factor,
        rate: a.rate * factor,
    }
}

#[cfg(test)]
mod tests {
    use super::{Curves, MOST, Sample};

    fn line(epochs: u64) -> Curves {
        let mut curves = Curves::new();
        for epoch in 0..epochs {
            curves.push(Sample { train: epoch as f64, validation: f64::NAN, metric: 1.0, rate: 0.5 });
        }
        curves
    }

    /// The mean over a stretch of a straight line is its value in the middle.
    #[test]
    fn a_straight_line_stays_one_however_long() {
        for epochs in [1, 2, 511, 512, 513, 1024, 1025, 5000, 100_000] {
            let curves = line(epochs);
            let points = curves.points(|sample| sample.train);
            assert!(points.len() <= MOST && points.len() as u64 >= epochs.min(MOST as u64 / 2));
            assert!(points.iter().all(|(x, y)| (x - y).abs() < 1e-9), "{epochs}");
            assert_eq!(curves.points(|sample| sample.validation), []);
            assert!(curves.points(|sample| sample.rate).iter().all(|(_, y)| (y - 0.5).abs() < 1e-12));
        }
    }

    #[test]
    fn what_is_forgotten_can_be_drawn_anew() {
        for (epochs, kept) in [(10, 4), (600, 301), (5000, 1), (5000, 0), (5000, 4999)] {
            let mut curves = line(epochs);
            curves.truncate(kept);
            assert_eq!(curves.epochs(), kept);
            for epoch in kept..epochs {
                curves.push(Sample { train: epoch as f64, validation: f64::NAN, metric: 1.0, rate: 0.5 });
            }
            assert_eq!(curves.epochs(), epochs);
            assert_eq!(curves.points(|sample| sample.rate), line(epochs).points(|sample| sample.rate));
        }
    }
}
