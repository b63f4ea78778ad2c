//! Changes between two steps, pausing, snapshots and forks: what is taken up again goes on bit for bit.

mod sample;

use caviar_engine::nn::BatchNorm;
use caviar_engine::optim::{Adam, Minimizer, Momentum, Optimizer, OptimizerState, RmsProp};
use caviar_engine::schedule::{Schedule, Timetable};
use caviar_engine::train::{
    BatchSize, Change, ClassWeight, Command, Data, Event, Flow, Metric, Observer, Order, Outcome, Progress, Silent,
    Snapshot, TrainSpec, Trainer,
};
use sample::{bits, clouds, curve, spec, state, steps, weights};
use std::sync::Arc;

type Net = Trainer<f32>;

/// Gives commands before chosen steps, counted from 0, and keeps what it is told.
#[derive(Default)]
struct Pilot {
    step: u64,
    commands: Vec<(u64, Command)>,
    told: Vec<Event>,
}

impl Pilot {
    fn new(commands: &[(u64, Command)]) -> Self {
        Pilot { commands: commands.to_vec(), ..Pilot::default() }
    }
}

impl Observer for Pilot {
    fn event(&mut self, event: &Event) -> Flow {
        self.told.push(event.clone());
        Flow::Continue
    }

    fn command(&mut self) -> Option<Command> {
        match self.commands.iter().position(|(step, _)| *step == self.step) {
            Some(position) => Some(self.commands.remove(position).1),
            None => {
                self.step += 1;
                None
            }
        }
    }
}

/// 50 rows in batches of 16: four steps an epoch, the last of 2 rows.
fn told(data: &Data, minimizer: impl Into<Minimizer>) -> TrainSpec {
    let mut spec = spec(data, &[7, 5], minimizer, 6);
    spec.network = spec.network.with_dropout();
    spec
}

fn net(spec: &TrainSpec, data: &Arc<Data>) -> Net {
    Trainer::new(spec.clone(), Arc::clone(data), None).unwrap()
}

/// What a change is, done by hand to a snapshot.
type ByHand = fn(&mut Snapshot<f32>);

#[test]
fn a_change_holds_from_the_next_step_on_and_touches_nothing_else() {
    let (data, adam) = (clouds(50, 4, 3), Minimizer::from(Adam::new(0.01).unwrap()));
    let clipped = Minimizer::from(Momentum::new(0.1).unwrap()).with_clip_norm(0.01).unwrap();
    let cases: Vec<(Minimizer, Change, ByHand)> = vec![
        (adam, Change::LearningRate(0.5), |s| s.settings.learning_rate = 0.5),
        (adam, Change::Schedule(Schedule::Cosine), |s| s.timetable = Timetable::new(Schedule::Cosine, 6.0).unwrap()),
        (clipped, Change::Beta(0.5), |s| s.settings.beta = 0.5),
        (RmsProp::new(0.01).unwrap().into(), Change::Beta(0.0), |s| s.settings.beta = 0.0),
        (adam, Change::Beta1(0.3), |s| s.settings.beta1 = 0.3),
        (adam, Change::Beta2(0.9), |s| s.settings.beta2 = 0.9),
        (adam, Change::Epsilon(0.1), |s| s.settings.epsilon = 0.1),
        (adam, Change::L2(5.0), |s| s.l2 = 5.0),
        (adam, Change::WeightDecay(0.3), |s| s.settings.weight_decay = 0.3),
        (clipped, Change::ClipNorm(None), |s| s.settings.clip_norm = None),
        (adam, Change::ClipNorm(Some(0.01)), |s| s.settings.clip_norm = Some(0.01)),
        (adam, Change::ClipValue(Some(0.001)), |s| s.settings.clip_value = Some(0.001)),
        (adam, Change::Dropout(0.4), |s| s.drop_prob = 0.4),
        (adam, Change::BatchSize(5), |s| s.batch_size = BatchSize::Rows(5)),
        (adam, Change::Optimizer(Optimizer::Nesterov), |s| {
            (s.optimizer, s.optimizer_state) = (Optimizer::Nesterov, OptimizerState::default());
            // A velocity in the place of two means, at rest.
            s.slots = s.slots.chunks(2).map(|pair| vec![0.0; pair[0].len()]).collect();
        }),
    ];
    for (minimizer, change, by_hand) in cases {
        let spec = told(&data, minimizer);
        let mut own = net(&spec, &data);
        steps(&mut own, 6);
        let mut snapshot = own.snapshot().unwrap();
        let mut untouched = own.fork().unwrap();
        own.change(&change).unwrap();
        by_hand(&mut snapshot);
        let mut twin = net(&spec, &data);
        twin.restore(&snapshot).unwrap();
        for step in 0..9 {
            for trainer in [&mut own, &mut twin, &mut untouched] {
                steps(trainer, 1);
            }
            assert!(state(&mut own) == state(&mut twin), "{change}, step {step} after it");
        }
        assert!(weights(&own) != weights(&untouched), "{change} has no effect");
        assert_eq!(own.spec(), twin.spec());
    }
}

#[test]
fn a_change_that_is_undone_before_the_next_step_was_never_there() {
    let data = clouds(50, 4, 3);
    let pairs = [
        (Change::LearningRate(0.5), Change::LearningRate(0.01)),
        (Change::Beta1(0.5), Change::Beta1(0.9)),
        (Change::Beta2(0.5), Change::Beta2(0.999)),
        (Change::Epsilon(0.1), Change::Epsilon(1e-8)),
        (Change::L2(9.0), Change::L2(0.0)),
        (Change::WeightDecay(0.1), Change::WeightDecay(0.0)),
        (Change::ClipNorm(Some(0.1)), Change::ClipNorm(None)),
        (Change::ClipValue(Some(0.1)), Change::ClipValue(None)),
        (Change::Dropout(0.5), Change::Dropout(0.0)),
        (Change::BatchSize(3), Change::BatchSize(16)),
        (Change::Epochs(60), Change::Epochs(6)),
        (Change::Schedule(Schedule::Cosine), Change::Schedule(Schedule::Constant)),
    ];
    for (there, back) in pairs {
        let mut own = net(&told(&data, Adam::new(0.01).unwrap()), &data);
        steps(&mut own, 5);
        let mut twin = own.fork().unwrap();
        own.change(&there).unwrap();
        own.change(&back).unwrap();
        assert_eq!(own.spec(), twin.spec());
        steps(&mut own, 6);
        steps(&mut twin, 6);
        assert!(state(&mut own) == state(&mut twin), "{there} and {back}");
    }
}

#[test]
fn a_refused_change_says_why_and_leaves_everything() {
    let data = clouds(50, 4, 3);
    let mut spec = told(&data, Adam::new(0.01).unwrap());
    spec.network.batch_norm = Some(BatchNorm::default());
    spec.order = Order::Given(Arc::new(vec![(0..50).collect(); 6]));
    let refused = [
        (Change::LearningRate(0.0), "learning-rate: 0 is out of range, must be positive and finite"),
        (Change::LearningRate(f64::NAN), "learning-rate: NaN is out of range, must be positive and finite"),
        (
            Change::Schedule(Schedule::Exponential { factor: 2.0 }),
            "schedule.factor: 2 is out of range, must be above 0 and at most 1",
        ),
        (Change::Beta(0.5), "beta: adam does not have it"),
        (Change::Beta1(1.0), "beta1: 1 is out of range, must be at least 0 and below 1"),
        (Change::Beta2(-0.1), "beta2: -0.1 is out of range, must be at least 0 and below 1"),
        (Change::Epsilon(0.0), "epsilon: 0 is out of range, must be positive and finite"),
        (Change::L2(-1.0), "l2: -1 is out of range, must be at least 0 and finite"),
        (Change::WeightDecay(f64::INFINITY), "weight-decay: inf is out of range, must be 0 or more and finite"),
        (Change::ClipNorm(Some(0.0)), "clip-norm: 0 is out of range, must be positive and finite"),
        (Change::ClipValue(Some(-1.0)), "clip-value: -1 is out of range, must be positive and finite"),
        (Change::Dropout(1.0), "dropout: 1 is out of range, must be at least 0 and below 1"),
        (Change::BatchSize(0), "batch-size: 0 is out of range, must be at least 1"),
        (Change::BatchSize(1), "batch norm: 50 rows in batches of 1; a batch needs at least 2 rows"),
        (Change::Epochs(0), "epochs: 0 is out of range, must be at least 1"),
        (Change::Epochs(7), "order: given for 6 epochs, 7 are to be trained"),
    ];
    let mut own = net(&spec, &data);
    steps(&mut own, 5);
    let mut twin = own.fork().unwrap();
    for (change, why) in &refused {
        assert_eq!(own.change(change).unwrap_err().to_string(), *why);
        assert_eq!(own.spec(), twin.spec(), "{change}");
        assert!(state(&mut own) == state(&mut twin), "{change}");
    }
    // As commands they are answered, and the run goes on as if they had not been given.
    let commands: Vec<_> = refused.iter().map(|(change, _)| (2, Command::Set(change.clone()))).collect();
    let mut pilot = Pilot::new(&commands);
    assert_eq!(own.run(&mut pilot), Ok(Outcome::Complete));
    let answers = pilot.told.iter().filter_map(|event| match event {
        Event::Refused(refusal) => Some((refusal.change.clone(), refusal.rule.clone())),
        Event::Epoch(_) | Event::Applied { .. } => None,
    });
    let want: Vec<_> = refused.iter().map(|(change, why)| (change.to_string(), why.to_string())).collect();
    assert_eq!(answers.collect::<Vec<_>>(), want);
    twin.run(&mut Silent).unwrap();
    assert!(state(&mut own) == state(&mut twin));

    // What the rule or the network in force does not have.
    let mut momentum = net(&told(&data, Momentum::new(0.01).unwrap()), &data);
    for change in [Change::Beta1(0.5), Change::Beta2(0.5), Change::Epsilon(0.5)] {
        assert!(momentum.change(&change).unwrap_err().to_string().ends_with(": momentum does not have it"));
    }
    let mut linear = net(&sample::spec(&data, &[], Adam::new(0.01).unwrap(), 3), &data);
    let error = linear.change(&Change::Dropout(0.2)).unwrap_err().to_string();
    assert_eq!(error, "dropout: the network has no hidden layer to drop units of");
}

#[test]
fn commands_are_taken_between_two_steps_and_answered() {
    let data = clouds(50, 4, 3);
    let spec = told(&data, Adam::new(0.01).unwrap());
    let mut own = net(&spec, &data);
    let change = Change::LearningRate(0.002);
    let mut pilot = Pilot::new(&[(6, Command::Set(change.clone()))]);
    assert_eq!(own.run(&mut pilot), Ok(Outcome::Complete));
    assert!(pilot.told.contains(&Event::Applied { change: change.clone(), step: 7 }));
    let rates: Vec<f64> = pilot
        .told
        .iter()
        .filter_map(|event| match event {
            Event::Epoch(report) => Some(report.learning_rate),
            Event::Applied { .. } | Event::Refused(_) => None,
        })
        .collect();
    assert_eq!(rates, [0.01, 0.002, 0.002, 0.002, 0.002, 0.002]);
    let mut by_hand = net(&spec, &data);
    steps(&mut by_hand, 6);
    by_hand.change(&change).unwrap();
    by_hand.run(&mut Silent).unwrap();
    assert!(state(&mut own) == state(&mut by_hand));
}

#[test]
fn a_learning_rate_by_hand_replaces_the_schedule() {
    let data = clouds(50, 4, 3);
    let mut spec = told(&data, Adam::new(0.01).unwrap());
    spec.timetable = Timetable::new(Schedule::Cosine, 6.0).unwrap().with_warm_up(1.0).unwrap();
    let mut own = net(&spec, &data);
    steps(&mut own, 9);
    own.change(&Change::LearningRate(0.03)).unwrap();
    for _ in 0..8 {
        steps(&mut own, 1);
        assert_eq!(own.progress().learning_rate, 0.03);
    }
}

#[test]
fn a_run_that_is_paused_goes_on_as_if_it_had_not_been() {
    let data = clouds(50, 4, 3);
    let spec = told(&data, Adam::new(0.01).unwrap());
    let mut whole = net(&spec, &data);
    assert_eq!(whole.run(&mut Silent), Ok(Outcome::Complete));
    let mut own = net(&spec, &data);
    assert_eq!(own.run(&mut Pilot::new(&[(3, Command::Pause)])), Ok(Outcome::Paused));
    assert_eq!(own.progress().steps, 3);
    assert_eq!(own.run_until(1, &mut Silent), Ok(Outcome::Paused));
    assert_eq!((own.progress().steps, own.progress().epoch), (4, 1));
    assert_eq!(own.run_until(1, &mut Silent), Ok(Outcome::Paused));
    assert_eq!(own.progress().steps, 4);
    assert_eq!(own.run_until(3, &mut Silent), Ok(Outcome::Paused));
    assert_eq!(own.run(&mut Silent), Ok(Outcome::Complete));
    assert!(state(&mut own) == state(&mut whole));
    assert_eq!(own.run(&mut Silent), Ok(Outcome::Complete));
    assert!(state(&mut own) == state(&mut whole));
    // More epochs: the run goes on.
    own.change(&Change::Epochs(8)).unwrap();
    assert_eq!(own.run(&mut Silent), Ok(Outcome::Complete));
    assert_eq!(own.progress().epoch, 8);
}

#[test]
fn a_run_that_is_stopped_has_ended() {
    let data = clouds(50, 4, 3);
    let mut own = net(&told(&data, Adam::new(0.01).unwrap()), &data);
    assert_eq!(own.run(&mut Pilot::new(&[(6, Command::Stop)])), Ok(Outcome::Stopped));
    assert_eq!(own.progress().steps, 6);
    let before = state(&mut own);
    assert_eq!(own.run(&mut Silent), Ok(Outcome::Stopped));
    assert!(state(&mut own) == before);
    // Going back to a snapshot takes the run up again.
    let snapshot = own.snapshot().unwrap();
    own.restore(&snapshot).unwrap();
    assert_eq!(own.run(&mut Silent), Ok(Outcome::Complete));
}

/// Everything that a run could forget, in several mixtures.
fn mixtures(data: &Data) -> Vec<TrainSpec> {
    let timetable = |schedule: &str| Timetable::new(schedule.parse().unwrap(), 4.0).unwrap();
    let mut everything = told(data, Adam::new(0.02).unwrap());
    everything.network.batch_norm = Some(BatchNorm::default());
    (everything.drop_prob, everything.l2, everything.label_smoothing) = (0.2, 0.5, 0.1);
    everything.timetable = timetable("plateau:0.5:1");
    (everything.patience, everything.metric) = (Some(3), Metric::Loss);

    let mut cycle = told(data, Momentum::new(0.3).unwrap());
    (cycle.timetable, cycle.order, cycle.restore_best) = (timetable("one-cycle"), Order::Stratified, false);

    let mut warm = told(data, RmsProp::new(0.02).unwrap());
    warm.timetable = timetable("cosine").with_warm_up(0.6).unwrap();
    warm.minimizer.settings.clip_norm = Some(0.5);
    warm.class_weight = ClassWeight::Balanced;
    [everything, cycle, warm].map(|spec| TrainSpec { epochs: 4, ..spec }).to_vec()
}

#[test]
fn a_snapshot_of_any_step_goes_on_bit_for_bit_in_a_fresh_trainer() {
    let (data, held_out) = (clouds(50, 4, 3), clouds(31, 4, 3));
    for spec in mixtures(&data) {
        let fresh = || Net::new(spec.clone(), Arc::clone(&data), Some(Arc::clone(&held_out))).unwrap();
        let mut whole = fresh();
        let mut snapshots = Vec::new();
        while whole.progress().epoch < 3 {
            snapshots.push(whole.snapshot().unwrap());
            steps(&mut whole, 1);
        }
        let middle = state(&mut whole);
        let outcome = whole.run(&mut Silent).unwrap();
        for (step, snapshot) in snapshots.iter().enumerate() {
            let mut again = fresh();
            // A fresh one that has already gone astray is no worse.
            steps(&mut again, step % 3);
            again.restore(snapshot).unwrap();
            assert!(state(&mut again) == bits(snapshot), "snapshot {step}");
            steps(&mut again, snapshots.len() - step);
            assert!(state(&mut again) == middle, "{:?} from step {step}", spec.minimizer.optimizer);
            assert_eq!(again.run(&mut Silent).unwrap(), outcome);
            assert!(state(&mut again) == state(&mut whole), "the end from step {step}");
            assert_eq!(again.best(), whole.best());
        }
    }
}

#[test]
fn going_back_to_a_snapshot_repeats_what_came_after_it() {
    let data = clouds(50, 4, 3);
    let mut spec = told(&data, Adam::new(0.02).unwrap());
    spec.drop_prob = 0.3;
    let mut own = net(&spec, &data);
    steps(&mut own, 6);
    let snapshot = own.snapshot().unwrap();
    steps(&mut own, 7);
    let first = state(&mut own);
    own.restore(&snapshot).unwrap();
    steps(&mut own, 7);
    assert!(state(&mut own) == first);
    // Even after changes, which the snapshot takes back: another rule, another batch size, another schedule.
    let changes = [
        Change::Optimizer(Optimizer::RmsProp),
        Change::BatchSize(9),
        Change::Schedule(Schedule::Cosine),
        Change::Dropout(0.0),
        Change::L2(3.0),
        Change::Epochs(9),
    ];
    changes.iter().for_each(|change| own.change(change).unwrap());
    steps(&mut own, 3);
    own.restore(&snapshot).unwrap();
    steps(&mut own, 7);
    assert!(state(&mut own) == first);
    assert_eq!(own.spec(), &spec);
}

#[test]
fn a_fork_is_a_twin_that_goes_its_own_way() {
    let data = clouds(50, 4, 3);
    for spec in mixtures(&data) {
        let mut own = net(&spec, &data);
        steps(&mut own, 6);
        let mut twin = own.fork().unwrap();
        let mut stray = own.fork().unwrap();
        stray.change(&Change::LearningRate(0.5)).unwrap();
        for _ in 0..7 {
            steps(&mut stray, 1);
            steps(&mut own, 1);
            steps(&mut twin, 1);
            assert!(state(&mut own) == state(&mut twin));
        }
        assert!(weights(&stray) != weights(&own));
    }
}

#[test]
fn dropout_comes_to_a_network_without_it_and_keeps_variables_and_slots() {
    let data = clouds(50, 4, 3);
    let spec = sample::spec(&data, &[7, 5], Adam::new(0.01).unwrap(), 6);
    assert!(!spec.network.dropout);
    let mut own = net(&spec, &data);
    steps(&mut own, 6);
    let before = own.snapshot().unwrap();
    own.change(&Change::Dropout(0.2)).unwrap();
    let after = own.snapshot().unwrap();
    assert_eq!(after, Snapshot { drop_prob: 0.2, ..before.clone() });
    // A network that could drop from the start, taken to the same place, goes on alike.
    let mut ready = net(&told(&data, Adam::new(0.01).unwrap()), &data);
    ready.restore(&before).unwrap();
    ready.change(&Change::Dropout(0.2)).unwrap();
    let mut plain = net(&spec, &data);
    plain.restore(&before).unwrap();
    for trainer in [&mut own, &mut ready, &mut plain] {
        steps(trainer, 9);
    }
    assert!(state(&mut own) == state(&mut ready));
    assert!(weights(&own) != weights(&plain));
    // And a snapshot with dropout brings it along.
    let mut fresh = net(&spec, &data);
    fresh.restore(&after).unwrap();
    steps(&mut fresh, 9);
    assert!(state(&mut fresh) == state(&mut own));
}

#[test]
fn a_share_of_zero_drops_nothing() {
    let data = clouds(50, 4, 3);
    let mut with = net(&told(&data, Adam::new(0.01).unwrap()), &data);
    let mut without = net(&sample::spec(&data, &[7, 5], Adam::new(0.01).unwrap(), 6), &data);
    without.restore(&with.snapshot().unwrap()).unwrap();
    steps(&mut with, 9);
    steps(&mut without, 9);
    assert!(state(&mut with) == state(&mut without));
}

#[test]
fn another_batch_size_in_the_middle_of_an_epoch_leaves_no_row_out() {
    let data = clouds(50, 4, 3);
    let mut spec = told(&data, Adam::new(0.01).unwrap());
    spec.timetable = Timetable::new(Schedule::Cosine, 6.0).unwrap();
    let mut own = net(&spec, &data);
    steps(&mut own, 2);
    own.change(&Change::BatchSize(7)).unwrap();
    let mut rate = own.progress().learning_rate;
    for row in [39, 46, 0, 7] {
        steps(&mut own, 1);
        assert_eq!(own.progress().row, row);
        // The schedule goes on from where it was: on its way down, and never back.
        let next = own.progress().learning_rate;
        assert!(next < rate && rate - next < 0.0005, "{rate} {next}");
        rate = next;
    }
}

#[test]
fn adams_correction_takes_the_betas_that_were_in_force() {
    let data = clouds(50, 4, 3);
    let mut own = net(&told(&data, Adam::new(0.01).unwrap()), &data);
    steps(&mut own, 2);
    own.change(&Change::Beta1(0.5)).unwrap();
    own.change(&Change::Beta2(0.9)).unwrap();
    steps(&mut own, 1);
    let state = own.snapshot().unwrap().optimizer_state;
    assert!((state.beta1_product - 0.9 * 0.9 * 0.5).abs() < 1e-15);
    assert!((state.beta2_product - 0.999 * 0.999 * 0.9).abs() < 1e-15);
}

#[test]
fn a_snapshot_of_another_network_is_refused_and_leaves_everything() {
    let data = clouds(50, 4, 3);
    let spec = told(&data, Adam::new(0.01).unwrap());
    let mut own = net(&spec, &data);
    steps(&mut own, 3);
    let before = state(&mut own);
    let good = own.snapshot().unwrap();
    let other = |spec: TrainSpec, data: &Arc<Data>| {
        let mut other = net(&spec, data);
        steps(&mut other, 1);
        other.snapshot().unwrap()
    };
    let wider = clouds(50, 5, 3);
    let mut normed = spec.clone();
    normed.network.batch_norm = Some(BatchNorm::default());
    let longer = Snapshot { progress: Progress { row: 50, ..good.progress.clone() }, ..good.clone() };
    let strangers = [
        (other(sample::spec(&data, &[7], Adam::new(0.01).unwrap(), 6), &data), "the list of parameters"),
        (other(normed, &data), "the list of parameters"),
        (other(sample::spec(&data, &[7, 6], Adam::new(0.01).unwrap(), 6), &data), "the size of a parameter"),
        (other(told(&wider, Adam::new(0.01).unwrap()), &wider), "the size of a parameter"),
        (Snapshot { slots: vec![], ..good.clone() }, "the optimizer's state"),
        (longer, "the number of training rows"),
    ];
    for (snapshot, what) in strangers {
        let error = own.restore(&snapshot).unwrap_err().to_string();
        assert_eq!(error, format!("snapshot: {what} differs from this network's; it was taken from another one"));
        assert!(state(&mut own) == before);
    }
    assert!(own.restore(&Snapshot { l2: -1.0, ..good.clone() }).is_err());
    assert!(state(&mut own) == before);
    own.restore(&good).unwrap();
}

#[test]
fn a_diverged_run_can_be_taken_back_and_saved() {
    let data = curve(50, 4);
    let mut own = net(&sample::spec(&data, &[8], Adam::new(0.01).unwrap(), 6), &data);
    steps(&mut own, 6);
    let safe = own.snapshot().unwrap();
    own.change(&Change::LearningRate(1e30)).unwrap();
    assert!(matches!(own.run(&mut Silent), Ok(Outcome::Diverged { .. })));
    own.restore(&safe).unwrap();
    assert_eq!(own.run(&mut Silent), Ok(Outcome::Complete));
    assert!(weights(&own).iter().all(|weight| weight.is_finite()));
}
