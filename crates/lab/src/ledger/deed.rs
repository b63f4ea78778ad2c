//! What was asked of a run and taken up, so that the run can be done again from its beginning.

use std::collections::{BTreeMap, VecDeque};

use caviar_store::study::{CommandRow, WishRow};

use super::inbox::steer_of;
use crate::steering::{Steer, Steered};

/// Something that was asked of a run and taken up.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Deed {
    /// Updates made before.
    pub(super) step: u64,
    pub(super) steer: Steer,
    /// The number of the wish, where it came through the study's file; from the keyboard it has none.
    pub(super) wish: Option<u64>,
}

impl Deed {
    /// A wish that was taken up; nothing for one that was not, or that a newer program has left.
    pub(super) fn of(wish: &WishRow) -> Option<Deed> {
        Some(Deed { step: wish.step?, steer: steer_of(wish)?, wish: Some(wish.id) })
    }

    /// Whether this is what became of it.
    fn has_become(&self, steered: &Steered) -> bool {
        match (&self.steer, steered) {
            (Steer::Set(asked), Steered::Changed { change, .. }) => asked == change,
            (Steer::Scale(_), Steered::Changed { .. })
            | (Steer::Undo, Steered::Undone { .. })
            | (Steer::Fork(_), Steered::Forked { .. })
            | (Steer::Set(_) | Steer::Scale(_) | Steer::Undo | Steer::Fork(_), Steered::Refused { .. }) => true,
            _ => false,
        }
    }

    /// What a change from the keyboard has asked for; nothing where nothing came of it.
    fn by_hand(step: u64, steered: &Steered) -> Option<Deed> {
        let steer = match steered {
            Steered::Changed { change, .. } => Steer::Set(change.clone()),
            Steered::Undone { .. } => Steer::Undo,
            Steered::Refused { .. }
            | Steered::Forked { .. }
            | Steered::Paused
            | Steered::Continued
            | Steered::Stopped => return None,
        };
        Some(Deed { step, steer, wish: None })
    }
}

/// How many changes are in force after all of these.
pub(super) fn in_force<'a>(deeds: impl Iterator<Item = &'a Deed>) -> usize {
    deeds.fold(0, |changes: usize, deed| match deed.steer {
        Steer::Set(_) | Steer::Scale(_) => changes + 1,
        Steer::Undo => changes.saturating_sub(1),
        Steer::Pause | Steer::Continue | Steer::Stop | Steer::Fork(_) => changes,
    })
}

/// What a study knows to have been asked of its trials and taken up, in order.
///
/// What came of it is written down in order, whoever asked; the wishes that came through the file are found among it, and
/// what is left was asked from the keyboard. Wishes of which nothing is written yet come last.
pub(super) fn deeds(commands: &[CommandRow], wishes: &[WishRow]) -> BTreeMap<u64, Vec<Deed>> {
    let mut deeds: BTreeMap<u64, Vec<Deed>> = BTreeMap::new();
    let mut waiting: BTreeMap<u64, VecDeque<Deed>> = BTreeMap::new();
    for wish in wishes {
        waiting.entry(wish.trial).or_default().extend(Deed::of(wish));
    }
    for command in commands {
        let Ok(steered) = serde_json::from_str::<Steered>(&command.change) else { continue };
        // Updates are counted from 1 there.
        let step = match steered {
            Steered::Undone { left, .. } => left,
            _ => command.step,
        };
        let step = step.saturating_sub(1);
        let is_it = |deed: &Deed| deed.step == step && deed.has_become(&steered);
        let (own, wishes) = (deeds.entry(command.trial).or_default(), waiting.entry(command.trial).or_default());
        match wishes.iter().position(is_it) {
            Some(at) => own.extend(wishes.drain(..=at)),
            // Another run of the trial, with another seed, tells of the same wish again.
            None if own.iter().any(|deed| deed.wish.is_some() && is_it(deed)) => {}
            None => own.extend(Deed::by_hand(step, &steered)),
        }
    }
    for (trial, rest) in waiting {
        deeds.entry(trial).or_default().extend(rest);
    }
    deeds
}

#[cfg(test)]
mod tests {
    use super::{Deed, deeds, in_force};
    use crate::steering::{Steer, Steered};
    use caviar_engine::train::Change;
    use caviar_store::study::{CommandRow, WishRow};

    fn rate(rate: f64) -> Change {
        Change::LearningRate(rate)
    }

    fn command(step: u64, steered: &Steered) -> CommandRow {
        CommandRow { trial: 0, step, change: serde_json::to_string(steered).unwrap() }
    }

    fn wish(id: u64, step: Option<u64>, steer: &Steer) -> WishRow {
        WishRow { id, trial: 0, wish: serde_json::to_string(steer).unwrap(), step, done: false }
    }

    #[test]
    fn what_no_wish_has_asked_for_was_asked_from_the_keyboard() {
        let changed = |step, to| command(step, &Steered::Changed { change: rate(to), from: rate(0.5) });
        let undone = Steered::Undone { change: rate(0.2), left: 31 };
        let commands = [changed(11, 0.1), changed(21, 0.2), command(21, &undone), changed(26, 0.3)];
        let wishes = [
            wish(4, Some(10), &Steer::Set(rate(0.1))),
            wish(5, Some(28), &Steer::Pause),
            wish(6, Some(25), &Steer::Scale(2.0)),
            wish(7, Some(40), &Steer::Undo),
            wish(8, None, &Steer::Stop),
        ];
        let deed = |step, steer, wish| Deed { step, steer, wish };
        let expected = [
            deed(10, Steer::Set(rate(0.1)), Some(4)),
            deed(20, Steer::Set(rate(0.2)), None),
            deed(30, Steer::Undo, None),
            deed(28, Steer::Pause, Some(5)),
            deed(25, Steer::Scale(2.0), Some(6)),
            deed(40, Steer::Undo, Some(7)),
        ];
        let found = deeds(&commands, &wishes);
        assert_eq!(found[&0], expected);
        assert_eq!(in_force(found[&0].iter()), 1);
        // Told once more by a run with another seed.
        assert_eq!(deeds(&[&commands[..], &commands[..1]].concat(), &wishes)[&0], expected);
    }
}
