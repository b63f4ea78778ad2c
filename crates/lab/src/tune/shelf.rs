//! The best networks of a search so far.

use std::sync::Mutex;

use caviar_formats::Array;
use caviar_store::study::{Entry, RunKey, SnapshotKind};

use super::leaders::LEADERS;
use crate::error::LabError;
use crate::ledger::{Ledger, Stage};
use crate::network::Weights;

/// At most so many networks are kept, to choose an average from.
const MOST: usize = 20;
/// Of those beyond the leaders only as many as all of them together take so many bytes.
const MOST_BYTES: usize = 32 << 20;

/// One of the best networks so far.
pub(super) struct Keeper {
    pub(super) number: u64,
    /// Its score, as something to be made small.
    pub(super) cost: f64,
    pub(super) score: f64,
    pub(super) best_epoch: Option<u64>,
    pub(super) weights: Weights,
}

impl Keeper {
    fn key(&self) -> RunKey {
        Stage::Screen.key(self.number, 0)
    }

    fn bytes(&self) -> usize {
        let bytes = |array: &Array| array.elements().len() * array.elements().kind().bytes();
        self.weights.values().map(bytes).sum()
    }
}

/// Keeps the best networks, one of a trial and of equal ones that of the lower number, whichever came first. The weights
/// of a new one are written with what else there is to write, those of the ones that it drives out are forgotten.
pub(super) fn keep(
    shelf: &Mutex<Vec<Keeper>>,
    new: Keeper,
    ledger: &Ledger,
    mut entries: Vec<Entry>,
) -> Result<(), LabError> {
    // A poisoned lock means that another worker has panicked.
    let mut shelf = shelf.lock().map_err(|_| LabError::Worker)?;
    let order = |a: &Keeper, b: &Keeper| a.cost.total_cmp(&b.cost).then(a.number.cmp(&b.number));
    // The same trial again has gone on, or is told again.
    let old = shelf.iter().position(|old| old.number == new.number);
    if old.is_none_or(|old| order(&new, &shelf[old]).is_le()) {
        let number = new.number;
        shelf.retain(|old| old.number != number);
        let place = shelf.partition_point(|old| order(old, &new).is_lt());
        shelf.insert(place, new);
        let room = room(&shelf);
        if ledger.is_kept() {
            if let Some(new) = shelf[..room].get(place) {
                entries.push(ledger.weights_entry(&new.key(), &new.weights)?);
            }
            let driven_out = shelf[room..].iter().filter(|keeper| keeper.number != number);
            entries.extend(driven_out.map(|keeper| Entry::Forget(keeper.key(), SnapshotKind::Weights)));
        }
        shelf.truncate(room);
    }
    // Before another one can be better.
    ledger.put(entries)
}

/// How many of the networks are kept, the best first: a better one more makes no other one stay, so that it does not
/// matter in which order they come.
fn room(shelf: &[Keeper]) -> usize {
    let mut bytes = 0;
    let fits = |(rank, keeper): &(usize, &Keeper)| {
        bytes += keeper.bytes();
        *rank < LEADERS || (*rank < MOST && bytes <= MOST_BYTES)
    };
    shelf.iter().enumerate().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use caviar_formats::{Array, Elements};

    use super::{Keeper, LEADERS, MOST, MOST_BYTES, keep};
    use crate::ledger::Ledger;
    use crate::network::Weights;

    fn keeper(number: u64, cost: f64, floats: usize) -> Keeper {
        let array = Array::new(vec![floats], Elements::F32(vec![0.0; floats])).unwrap();
        let weights = Weights::from([("dense1/bias".to_owned(), array)]);
        Keeper { number, cost, score: cost, best_epoch: None, weights }
    }

    fn kept(keepers: Vec<Keeper>) -> Vec<(u64, f64)> {
        let shelf = Mutex::new(Vec::new());
        keepers.into_iter().try_for_each(|new| keep(&shelf, new, &Ledger::default(), Vec::new())).unwrap();
        shelf.into_inner().unwrap().iter().map(|keeper| (keeper.number, keeper.cost)).collect()
    }

    #[test]
    fn the_best_are_kept_whatever_the_order_in_which_they_come() {
        // Costs 0, 0, 1, 1, 2, ...: of equal ones the lower number.
        let all = |order: &dyn Fn(u64) -> u64| (0..30).map(order).map(|n| keeper(n, (n / 2) as f64, 1)).collect();
        let expected: Vec<(u64, f64)> = (0..MOST as u64).map(|n| (n, (n / 2) as f64)).collect();
        assert_eq!(kept(all(&|n| n)), expected);
        assert_eq!(kept(all(&|n| 29 - n)), expected);
        assert_eq!(kept(all(&|n| n * 7 % 30)), expected);
    }

    #[test]
    fn a_trial_that_goes_on_is_kept_at_its_best() {
        let told = [(0, 3.0), (1, 2.0), (0, 1.0), (1, 5.0)].map(|(number, cost)| keeper(number, cost, 1));
        assert_eq!(kept(told.into()), [(0, 1.0), (1, 2.0)]);
    }

    #[test]
    fn large_networks_are_kept_of_leaders_alone() {
        let floats = MOST_BYTES / 4 / 6;
        let all = |order: &dyn Fn(u64) -> u64| (0..9).map(order).map(|n| keeper(n, n as f64, floats)).collect();
        for kept in [kept(all(&|n| n)), kept(all(&|n| 8 - n))] {
            assert_eq!(kept.len(), 6);
        }
        let larger = (0..9).map(|n| keeper(n, n as f64, floats * 3)).collect();
        assert_eq!(kept(larger).len(), LEADERS);
    }
}
