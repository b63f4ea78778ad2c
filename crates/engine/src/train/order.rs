//! The order in which an epoch takes the rows.

use super::data::{Data, Targets};
use super::spec::TrainError;
use crate::rng::{Purpose, Stream};
use std::sync::Arc;

/// How the rows of an epoch are ordered; each is a function of the seed and the epoch alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Shuffled anew for each epoch.
    Random,
    /// Shuffled so that every stretch of rows has about the proportions of the classes of the whole.
    Stratified,
    /// As they stand.
    InOrder,
    /// Given: for each epoch, a permutation of the rows.
    Given(Arc<Vec<Vec<u32>>>),
}

impl Order {
    pub(super) fn check(&self, data: &Data, epochs: u64) -> Result<(), TrainError> {
        match self {
            Order::Random | Order::InOrder => Ok(()),
            Order::Stratified => match data.targets() {
                Targets::Classes { .. } => Ok(()),
                Targets::Values { .. } => Err(TrainError::StratifiedValues),
            },
            Order::Given(orders) => {
                if (orders.len() as u64) < epochs {
                    return Err(TrainError::OrderEpochs { got: orders.len(), want: epochs });
                }
                match orders.iter().position(|order| !is_permutation(order, data.len())) {
                    Some(epoch) => Err(TrainError::Order { epoch, got: orders[epoch].len(), rows: data.len() }),
                    None => Ok(()),
                }
            }
        }
    }

    /// Fills `rows` with the order of an epoch; it has the length of the data, and `scratch` any.
    pub(super) fn fill(
        &self,
        seed: u64,
        epoch: u64,
        targets: &Targets,
        rows: &mut [u32],
        scratch: &mut Vec<(u64, u32)>,
    ) {
        rows.iter_mut().zip(0..).for_each(|(row, index)| *row = index);
        let stream = Stream::new(seed, Purpose::Shuffle, epoch);
        match (self, targets) {
            (Order::InOrder, _) => {}
            (Order::Given(orders), _) => {
                let order = orders.get(epoch as usize).or(orders.last());
                rows.iter_mut().zip(order.into_iter().flatten()).for_each(|(row, &index)| *row = index);
            }
            (Order::Stratified, Targets::Classes { labels, classes }) => {
                stream.shuffle(rows);
                spread_classes(labels, *classes, rows, scratch);
            }
            (Order::Random | Order::Stratified, _) => stream.shuffle(rows),
        }
    }
}

/// Row number `i` of the `n` of its class goes to the place `(2i + 1)/(2n)` of the epoch; ties keep the shuffled order.
fn spread_classes(labels: &[i64], classes: usize, rows: &mut [u32], scratch: &mut Vec<(u64, u32)>) {
    let mut counts = vec![0u64; classes];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    let mut seen = vec![0u64; classes];
    scratch.clear();
    for &row in rows.iter() {
        let class = labels[row as usize] as usize;
        // A fraction of 2^32, so that integers decide.
        let place = ((2 * seen[class] + 1) << 32) / (2 * counts[class]);
        seen[class] += 1;
        scratch.push((place, row));
    }
    scratch.sort_by_key(|(place, _)| *place);
    rows.iter_mut().zip(scratch.iter()).for_each(|(row, (_, index))| *row = *index);
}

fn is_permutation(order: &[u32], rows: usize) -> bool {
    let mut seen = vec![false; rows];
    let fresh = |&row: &u32| seen.get_mut(row as usize).is_some_and(|seen| !std::mem::replace(seen, true));
    order.len() == rows && order.iter().all(fresh)
}

#[cfg(test)]
mod tests {
    use super::{Order, is_permutation};
    use crate::train::Targets;

    fn ordered(order: &Order, epoch: u64, targets: &Targets) -> Vec<u32> {
        let mut rows = vec![0; targets.len()];
        order.fill(7, epoch, targets, &mut rows, &mut Vec::new());
        rows
    }

    #[test]
    fn every_epoch_is_another_permutation() {
        let targets = Targets::Values { values: vec![0.0; 103], columns: 1 };
        let (first, second) = (ordered(&Order::Random, 0, &targets), ordered(&Order::Random, 1, &targets));
        assert!(is_permutation(&first, 103) && is_permutation(&second, 103));
        assert_ne!(first, second);
        assert_eq!(first, ordered(&Order::Random, 0, &targets));
    }

    #[test]
    fn a_stratified_batch_has_the_proportions_of_the_whole() {
        let labels: Vec<i64> = (0..120).map(|row| i64::from(row >= 90)).collect();
        let targets = Targets::Classes { labels: labels.clone(), classes: 2 };
        let rows = ordered(&Order::Stratified, 3, &targets);
        assert!(is_permutation(&rows, 120));
        for batch in rows.chunks(20) {
            assert_eq!(batch.iter().filter(|&&row| labels[row as usize] == 1).count(), 5);
        }
    }
}
