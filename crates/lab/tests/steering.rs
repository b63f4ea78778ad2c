//! A network that is steered between its steps.

mod tables;

use caviar_engine::train::Change;
use caviar_lab::{
    Board, DataOptions, ErrorKind, Event, Experiment, Finished, Flow, LabError, Quiet, Recipe, Script, Steer, Steered,
    Steering, Workers, train, train_steered,
};
use caviar_table::{ReadOptions, Table};
use tables::{brief, kinds};

/// 80 rows: 52 to learn from in batches of 16, so 4 steps an epoch.
fn experiment() -> Experiment {
    let table = Table::parse(kinds(80, 3).as_bytes(), "table.csv", &ReadOptions::default()).unwrap();
    Experiment::from_table(table, &DataOptions::new("kind")).unwrap()
}

fn recipe() -> Recipe {
    Recipe { epochs: 6, batch_size: "16".parse().unwrap(), ..brief() }
}

/// Keeps what it is told.
#[derive(Default)]
struct Notes(Vec<Event>);

impl Board for Notes {
    fn post(&mut self, event: &Event) -> Flow {
        self.0.push(event.clone());
        Flow::Continue
    }
}

impl Notes {
    fn steered(&self) -> Vec<(u64, u64, Steered)> {
        let of = |event: &Event| match event {
            Event::Steered(told) => Some((told.epoch, told.step, told.steered.clone())),
            _ => None,
        };
        self.0.iter().filter_map(of).collect()
    }
}

fn steered(recipe: &Recipe, wishes: Vec<(u64, Steer)>) -> (Result<Finished, LabError>, Notes) {
    let mut notes = Notes::default();
    let done = train_steered(&experiment(), recipe, &Workers::new(1), &mut notes, &mut Script::new(wishes));
    (done, notes)
}

fn rate(rate: f64) -> Change {
    Change::LearningRate(rate)
}

#[test]
fn a_pause_and_a_change_that_is_undone_leave_no_trace() {
    let plain = train(&experiment(), &recipe(), &Workers::new(1), &mut Quiet).unwrap();
    let wishes = vec![
        (3, Steer::Pause),
        (3, Steer::Continue),
        (6, Steer::Set(rate(0.5))),
        (17, Steer::Pause),
        // Back at step 6 the script has nothing to say, and the run goes on.
        (17, Steer::Undo),
    ];
    let (done, notes) = steered(&recipe(), wishes);
    let done = done.unwrap();
    assert_eq!((&done.model, &done.trials[0].curve), (&plain.model, &plain.trials[0].curve));
    assert_eq!(done.steps, plain.steps);
    let from = rate(recipe().learning_rate);
    assert_eq!(
        notes.steered(),
        [
            (0, 4, Steered::Paused),
            (0, 4, Steered::Continued),
            (1, 7, Steered::Changed { change: rate(0.5), from }),
            (4, 18, Steered::Paused),
            (1, 7, Steered::Undone { change: rate(0.5), left: 18 }),
        ]
    );
}

/// The law the engine knows already: a trainer that is changed after so many steps.
#[test]
fn a_change_holds_from_its_step_on_as_in_the_library() {
    use caviar_engine::train::Trainer;
    let (experiment, recipe) = (experiment(), recipe());
    let mut trainer = Trainer::<f32>::new(
        recipe.spec(&experiment).unwrap(),
        experiment.train_data().clone(),
        experiment.validation_data().cloned(),
    )
    .unwrap();
    let mut losses = Vec::new();
    for step in 0..24 {
        if step == 10 {
            trainer.change(&rate(0.02)).unwrap();
        }
        losses.extend(trainer.step().unwrap().map(|report| report.train_loss));
    }
    let (done, _) = steered(&recipe, vec![(10, Steer::Set(rate(0.02)))]);
    let curve: Vec<f64> = done.unwrap().trials[0].curve.iter().map(|point| point.train_loss).collect();
    assert_eq!(curve, losses);
}

#[test]
fn a_factor_multiplies_the_rate_in_force() {
    let recipe = Recipe { schedule: "exponential:0.5".parse().unwrap(), learning_rate: 0.08, ..recipe() };
    // After two epochs of halving the rate is 0.02.
    let (done, notes) = steered(&recipe, vec![(8, Steer::Scale(2.0)), (8, Steer::Scale(2.0))]);
    let changes = notes.steered();
    assert_eq!(changes[0], (2, 9, Steered::Changed { change: rate(0.04), from: rate(0.02) }));
    assert_eq!(changes[1], (2, 9, Steered::Changed { change: rate(0.08), from: rate(0.04) }));
    assert!(done.unwrap().trials[0].curve[2..].iter().all(|point| point.learning_rate == 0.08));
}

#[test]
fn what_cannot_be_done_is_refused_with_the_rule() {
    let wishes = vec![(2, Steer::Set(rate(-1.0))), (2, Steer::Set(Change::Beta(0.5))), (2, Steer::Undo)];
    let (done, notes) = steered(&recipe(), wishes);
    let plain = train(&experiment(), &recipe(), &Workers::new(1), &mut Quiet).unwrap();
    assert_eq!(done.unwrap().model, plain.model);
    let told: Vec<String> = notes
        .steered()
        .into_iter()
        .map(|(_, _, steered)| match steered {
            Steered::Refused { wish, rule } => format!("{wish}: {rule}"),
            other => panic!("refused, not {other:?}"),
        })
        .collect();
    assert!(told[0].starts_with("learning-rate -1: ") && told[0].contains("positive"), "{told:?}");
    assert!(told[1].starts_with("beta 0.5: ") && told[1].contains("adam"), "{told:?}");
    assert_eq!(told[2], "undo: there is no change left to take back");
}

#[test]
fn a_stop_keeps_the_epochs_that_are_over() {
    let (done, _) = steered(&recipe(), vec![(9, Steer::Stop)]);
    let done = done.unwrap();
    assert_eq!((done.trials[0].epochs, done.interrupted), (2, false));
    let (done, _) = steered(&recipe(), vec![(3, Steer::Stop)]);
    assert_eq!(done.unwrap_err().kind(), ErrorKind::Interrupted);
}

#[test]
fn epochs_can_be_added() {
    let (done, _) = steered(&recipe(), vec![(20, Steer::Set(Change::Epochs(9)))]);
    assert_eq!(done.unwrap().trials[0].epochs, 9);
}

#[test]
fn a_loss_that_is_not_finite_can_be_undone() {
    let plain = train(&experiment(), &recipe(), &Workers::new(1), &mut Quiet).unwrap();
    let explode = Steer::Set(rate(1e30));
    let recipe = Recipe { optimizer: "gd".parse().unwrap(), ..recipe() };
    let calm = train(&experiment(), &recipe, &Workers::new(1), &mut Quiet).unwrap();
    assert_ne!(calm.model, plain.model);
    let (done, _) = steered(&recipe, vec![(5, explode.clone())]);
    assert_eq!(done.unwrap_err().kind(), ErrorKind::NoTrial, "nobody helps");

    /// Changes the rate once, and helps when asked.
    struct Helper(Option<Steer>, Vec<String>);
    impl Steering for Helper {
        fn next(&mut self, steps: u64) -> Option<Steer> {
            if steps == 5 { self.0.take() } else { None }
        }
        fn wait(&mut self, _: u64, halt: caviar_lab::Halt<'_>) -> Option<Steer> {
            self.1.push(format!("{halt:?}"));
            Some(Steer::Undo)
        }
    }
    let mut helper = Helper(Some(explode), Vec::new());
    let done = train_steered(&experiment(), &recipe, &Workers::new(1), &mut Quiet, &mut helper).unwrap();
    assert_eq!(done.model, calm.model);
    assert_eq!(helper.1.len(), 1);
    assert!(helper.1[0].starts_with("Diverged"), "{:?}", helper.1);
}

#[test]
fn events_are_json_that_can_be_read_back() {
    let (_, notes) = steered(&recipe(), vec![(6, Steer::Set(rate(0.5)))]);
    let event = notes.0.iter().find(|event| matches!(event, Event::Steered(_))).unwrap();
    let text = serde_json::to_string(event).unwrap();
    assert_eq!(
        text,
        r#"{"event":"steered","trial":0,"epoch":1,"step":7,"action":"changed","change":{"learning-rate":0.5},"from":{"learning-rate":0.01}}"#
    );
    let Event::Steered(event) = event else { unreachable!("found by its kind") };
    assert_eq!(&serde_json::from_str::<caviar_lab::SteeredEvent>(&text).unwrap(), event);
}
