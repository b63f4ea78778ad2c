//! Laws of networks that are trained in step and steered as one.

use std::collections::VecDeque;

use caviar_engine::optim::Optimizer;
use caviar_engine::train::{Change, Metric, Progress, Trainer};
use caviar_table::{ReadOptions, Table};

use super::{End, Limits, Run, run};
use crate::company::Company;
use crate::crew::Threads;
use crate::experiment::{Experiment, View, classes_of};
use crate::finished::CurvePoint;
use crate::folds;
use crate::ledger::{Ledger, Place, Stage, StudyAbout};
use crate::options::{DataOptions, Interrupt};
use crate::recipe::{BatchRows, Recipe};
use crate::steering::{Halt, Steer, Steered, Steering, Unsteered};
use crate::turn::{Clock, Following, Turn};

const ORDER: u64 = 11;
const SEEDS: [u64; 2] = [5, 6];

/// Two of five folds of 44 rows: 35 and 36 to train on. In batches of 35 the one takes one step an epoch, the other two.
fn views() -> Vec<View> {
    let row = |i: usize| format!("{},{},{}\n", i * 7 % 20, i % 5, if i * 7 % 20 > 9 { "high" } else { "low" });
    let text: String = std::iter::once("x,z,y\n".to_owned()).chain((0..44).map(row)).collect();
    let table = Table::parse(text.as_bytes(), "rows.csv", &ReadOptions::default()).unwrap();
    let experiment = Experiment::from_table(table, &DataOptions::new("y")).unwrap();
    let rows: Vec<usize> = (0..44).collect();
    let dealt = folds::deal(&rows, experiment.labels(), 5, &|row| row.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let views: Vec<View> = [0, 4]
        .iter()
        .map(|&fold| experiment.view_of(&folds::others(&rows, &dealt[fold]), &dealt[fold]).unwrap())
        .collect();
    assert_eq!(views.iter().map(|view| view.train.len()).collect::<Vec<_>>(), [35, 36]);
    views
}

fn recipe() -> Recipe {
    Recipe {
        hidden: vec![7],
        batch_size: BatchRows::Rows(35),
        epochs: 9,
        learning_rate: 0.02,
        schedule: "cosine".parse().unwrap(),
        dropout: 0.2,
        ..Recipe::default()
    }
}

/// Asks for something before an epoch, and keeps what it is told.
#[derive(Default)]
struct Person {
    wishes: VecDeque<(u64, Steer)>,
    unsteered: Unsteered,
    told: Vec<(u64, u64, Steered)>,
}

impl Company for Person {
    fn epoch(&mut self, _: &CurvePoint, _: f64) -> bool {
        true
    }

    fn steering(&mut self) -> &mut dyn Steering {
        &mut self.unsteered
    }

    fn next(&mut self, at: &Progress) -> Option<Steer> {
        assert_eq!(at.row, 0, "several networks are steered between two epochs");
        self.wishes.pop_front_if(|(due, _)| *due == at.epoch).map(|(_, wish)| wish)
    }

    fn wait(&mut self, _: u64, _: Halt<'_>) -> Option<Steer> {
        self.wishes.pop_front().map(|(_, wish)| wish)
    }

    fn steered(&mut self, epoch: u64, step: u64, steered: Steered) {
        self.told.push((epoch, step, steered));
    }
}

fn trained(views: &[View], company: &mut dyn Company) -> Run {
    trained_as(views, &recipe(), 1, company)
}

fn trained_as(views: &[View], recipe: &Recipe, threads: usize, company: &mut dyn Company) -> Run {
    let (ledger, interrupt) = (Ledger::default(), Interrupt::default());
    let place = Place::new(&ledger, Stage::Screen, 0, 0);
    let limits = Limits { epochs: 9, patience: None, deadline: None, interrupt: &interrupt, place: &place };
    run(views, recipe, &SEEDS[..views.len()], ORDER, Threads::Fixed(threads), limits, company).unwrap()
}

fn steered(wishes: &[(u64, Steer)]) -> (Run, Person) {
    let mut person = Person { wishes: wishes.iter().cloned().collect(), ..Person::default() };
    let run = trained(&views(), &mut person);
    assert!(person.wishes.is_empty());
    (run, person)
}

fn set(change: Change) -> Steer {
    Steer::Set(change)
}

#[test]
fn large_folds_are_shared_out_among_threads_and_keep_their_bits() {
    let recipe = Recipe { hidden: vec![400, 400], ..recipe() };
    let change = || Person { wishes: [(4, set(Change::LearningRate(0.05)))].into(), ..Person::default() };
    let alone = trained_as(&views(), &recipe, 1, &mut change());
    assert_eq!((alone.curve.len(), &alone.end), (9, &End::Complete));
    // The folds that do not diverge are counted to the end of their epoch, too.
    let wild = Recipe { learning_rate: 1e30, optimizer: Optimizer::Descent, ..recipe.clone() };
    let lost = trained_as(&views(), &wild, 1, &mut change());
    assert!(matches!(lost.end, End::Diverged(_)), "{:?}", lost.end);
    for threads in [2, 5] {
        let shared = trained_as(&views(), &recipe, threads, &mut change());
        assert_eq!((shared.curve, shared.steps, shared.best), (alone.curve.clone(), alone.steps, alone.best));
        let shared = trained_as(&views(), &wild, threads, &mut change());
        assert_eq!((shared.end, shared.steps), (lost.end.clone(), lost.steps));
    }
}

#[test]
fn a_change_reaches_all_folds_before_the_same_epoch() {
    let change = Change::LearningRate(0.05);
    let (run, person) = steered(&[(4, set(change.clone()))]);
    // Each fold by itself, changed by hand where its epoch 4 begins: after 4 steps of the one, after 8 of the other.
    let losses: Vec<Vec<f64>> = views()
        .iter()
        .zip(SEEDS)
        .map(|(view, seed)| {
            let recipe = Recipe { seed, ..recipe() };
            let mut spec = recipe.spec_with_files(&view.train, classes_of(&view.target), ORDER).unwrap();
            (spec.patience, spec.restore_best) = (None, false);
            let mut trainer = Trainer::<f32>::new(spec, view.train.clone(), view.held_out.clone()).unwrap();
            let mut losses = Vec::new();
            let mut changed = false;
            while losses.len() < 9 {
                if losses.len() == 4 && !changed {
                    trainer.change(&change).unwrap();
                    changed = true;
                }
                losses.extend(trainer.step().unwrap().map(|report| report.train_loss));
            }
            losses
        })
        .collect();
    let expected: Vec<f64> =
        losses[0].iter().zip(&losses[1]).map(|(a, b)| (35.0 * a + 36.0 * b) / (35.0 + 36.0)).collect();
    assert_eq!(run.curve.iter().map(|point| point.train_loss).collect::<Vec<_>>(), expected);
    let Steered::Changed { change: to, .. } = &person.told[0].2 else { panic!("{:?}", person.told) };
    assert_eq!((person.told[0].0, person.told[0].1, to), (4, 5, &change));
    assert_eq!(run.turns, [Turn { epoch: 4, step: 4, steer: set(change) }]);
}

#[test]
fn what_is_taken_back_never_was() {
    let (plain, _) = steered(&[]);
    let rate = || set(Change::LearningRate(0.4));
    // Before anything is trained by it, and after some epochs; an optimizer, which begins with an empty memory, too.
    for wishes in [
        vec![(3, rate()), (3, Steer::Undo)],
        vec![(3, rate()), (7, Steer::Undo)],
        vec![(0, set(Change::Optimizer("gd".parse().unwrap()))), (2, rate()), (5, Steer::Undo), (2, Steer::Undo)],
        vec![(2, set(Change::BatchSize(9))), (4, Steer::Pause), (4, Steer::Undo), (4, Steer::Continue)],
    ] {
        let (run, person) = steered(&wishes);
        assert_eq!((&run.curve, run.steps, &run.turns), (&plain.curve, plain.steps, &Vec::new()), "{:?}", person.told);
        assert_eq!(person.told.len(), wishes.len());
    }
    let (changed, _) = steered(&[(3, rate())]);
    assert!(changed.curve[..3] == plain.curve[..3] && changed.curve[3] != plain.curve[3]);
}

#[test]
fn a_stop_ends_all_of_them() {
    let (plain, _) = steered(&[]);
    let (run, _) = steered(&[(4, Steer::Stop)]);
    assert_eq!((&run.curve[..], &run.end), (&plain.curve[..4], &End::Complete));
    assert_eq!(run.turns, [Turn { epoch: 4, step: 4, steer: Steer::Stop }]);
}

#[test]
fn what_one_cannot_do_none_does_and_the_rule_is_told() {
    let (plain, _) = steered(&[]);
    let wishes = [(2, set(Change::LearningRate(-1.0))), (2, set(Change::Beta(0.5))), (2, Steer::Undo)];
    let (run, person) = steered(&wishes);
    assert_eq!((&run.curve, &run.turns), (&plain.curve, &Vec::new()));
    let rules: Vec<&str> = person
        .told
        .iter()
        .map(|(_, _, steered)| match steered {
            Steered::Refused { rule, .. } => rule.as_str(),
            other => panic!("refused, not {other:?}"),
        })
        .collect();
    assert!(rules[0].contains("positive") && rules[1].contains("adam"), "{rules:?}");
    assert_eq!(rules[2], "there is no change left to take back");
}

#[test]
fn what_trains_a_trial_again_follows_it_epoch_by_epoch() {
    let wishes = [
        (2, set(Change::LearningRate(0.03))),
        (3, set(Change::Dropout(0.0))),
        (5, Steer::Undo),
        (3, Steer::Scale(0.5)),
        (8, Steer::Stop),
    ];
    let (first, _) = steered(&wishes);
    // The same folds again.
    let again = trained(&views(), &mut Following::new(&first.turns, Clock::Epochs));
    assert_eq!((&again.curve, &again.end), (&first.curve, &first.end));
    // One network that makes two steps an epoch: as it is changed by hand before the same epochs.
    let views = views();
    let alone = |company: &mut dyn Company| trained(&views[1..], company).curve;
    let followed = alone(&mut Following::new(&first.turns, Clock::Epochs));
    let rates: Vec<f64> = followed.iter().map(|point| point.learning_rate).collect();
    assert_eq!(rates.len(), 8);
    assert!(rates[1] > 0.015 && rates[2] == 0.03 && rates[3..] == [0.015; 5], "{rates:?}");
    let by_hand = [(4, set(Change::LearningRate(0.03))), (6, Steer::Scale(0.5)), (16, Steer::Stop)];
    let mut script = Scripted(crate::steering::Script::new(by_hand));
    assert_eq!(alone(&mut script), followed);
}

/// A list of wishes by updates.
struct Scripted(crate::steering::Script);

impl Company for Scripted {
    fn epoch(&mut self, _: &CurvePoint, _: f64) -> bool {
        true
    }

    fn steering(&mut self) -> &mut dyn Steering {
        &mut self.0
    }

    fn steered(&mut self, _: u64, _: u64, _: Steered) {}
}

/// Follows, and leaves after so many updates.
struct Leaving<'a> {
    following: Following<'a>,
    at: u64,
    interrupt: &'a Interrupt,
}

impl Company for Leaving<'_> {
    fn epoch(&mut self, _: &CurvePoint, _: f64) -> bool {
        true
    }

    fn steering(&mut self) -> &mut dyn Steering {
        self.following.steering()
    }

    fn next(&mut self, at: &Progress) -> Option<Steer> {
        if at.steps == self.at {
            self.interrupt.set();
        }
        self.following.next(at)
    }

    fn steered(&mut self, _: u64, _: u64, _: Steered) {}
}

/// A training that follows, left after so many updates and taken up again by another process, again and again.
fn in_pieces(views: &[View], stage: Stage, turns: &[Turn], updates: impl Iterator<Item = u64>) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let about = StudyAbout { command: "tune".into(), metric: Metric::Loss, trials: None, epochs: 9 };
    let mut ledger = Ledger::create(&path, &about, "caviar tune", "", &[]).unwrap();
    for at in updates.chain([u64::MAX]) {
        let interrupt = Interrupt::default();
        let place = Place::new(&ledger, stage, 0, 0);
        let limits = Limits { epochs: 9, patience: None, deadline: None, interrupt: &interrupt, place: &place };
        let mut company = Leaving { following: Following::new(turns, Clock::Epochs), at, interrupt: &interrupt };
        let run = run(views, &recipe(), &SEEDS[..views.len()], ORDER, Threads::Fixed(1), limits, &mut company).unwrap();
        if run.end != End::Left {
            assert_eq!(at, u64::MAX);
            return run;
        }
        drop(ledger);
        ledger = Ledger::open(&path).unwrap();
    }
    panic!("it never ends");
}

#[test]
fn what_follows_a_trial_and_is_left_in_its_middle_follows_it_to_the_end() {
    let wishes = [(2, set(Change::LearningRate(0.03))), (2, set(Change::BatchSize(18))), (5, set(Change::L2(0.3)))];
    let (first, _) = steered(&wishes);
    let views = views();
    let whole = |views: &[View]| trained(views, &mut Following::new(&first.turns, Clock::Epochs));
    // The first network makes one step an epoch until it is changed, and two from there on; the other two at any time.
    let pieces = in_pieces(&views, Stage::Full, &first.turns, (0..2).chain((2..16).step_by(2)));
    assert_eq!(pieces.curve, whole(&views).curve);
    let pieces = in_pieces(&views[1..], Stage::Refit, &first.turns, 0..18);
    let alone = whole(&views[1..]);
    assert_eq!((pieces.curve, pieces.weights), (alone.curve, alone.weights));
}
