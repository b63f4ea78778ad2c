//! Panda: one network, watched and steered while it trains.
//!
//! Commands reach a run between two steps and are answered: applied from step n on, or refused with the rule. A
//! snapshot holds all that changes in a run, so that a bold try can be undone: the run goes on from there bit for bit
//! as a twin does that never made the try.

use caviar_engine::nn::Mlp;
use caviar_engine::optim::Adam;
use caviar_engine::train::{Change, Command, Event, Flow, Observer, TrainSpec, Trainer};
use caviar_examples::picture::{BLUE, GRAY, ORANGE, PURPLE, Panel, save};
use caviar_examples::points::Points;
use std::collections::VecDeque;
use std::error::Error;

/// A hand at the controls: what it wants to change and when, what it was answered, what it saw.
#[derive(Default)]
struct Hand {
    wishes: VecDeque<(u64, Change)>,
    answers: Vec<String>,
    curve: Vec<(f64, f64)>,
    epochs: u64,
}

impl Observer for Hand {
    fn event(&mut self, event: &Event) -> Flow {
        match event {
            Event::Epoch(report) => {
                self.epochs = report.epoch + 1;
                self.curve.push((self.epochs as f64, report.train_loss));
            }
            Event::Applied { change, step } => self.answers.push(format!("{change} from step {step} on")),
            Event::Refused(refusal) => self.answers.push(format!("{} refused", refusal.change)),
        }
        Flow::Continue
    }

    fn command(&mut self) -> Option<Command> {
        let due = self.wishes.front().is_some_and(|(epoch, _)| *epoch <= self.epochs);
        if due { self.wishes.pop_front().map(|(_, change)| Command::Set(change)) } else { None }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = Points::moons(300, 0.1, 2).data()?;
    let spec = TrainSpec::new(Mlp::new(2, &[16, 16], 1), data.targets(), Adam::new(0.0005)?.into(), 120)?;
    let mut trainer = Trainer::<f64>::new(spec, data.clone(), None)?;
    let mut hand = Hand::default();
    hand.wishes.push_back((30, Change::LearningRate(0.005)));
    hand.wishes.push_back((30, Change::Beta(0.5)));
    hand.wishes.push_back((50, Change::BatchSize(64)));
    trainer.run_until(60, &mut hand)?;

    // A snapshot, a twin, and a bold try.
    let snapshot = trainer.snapshot()?;
    let mut twin = trainer.fork()?;
    let loss = trainer.evaluate(&data, &[])?.loss();
    let mut bold = Hand { curve: hand.curve.last().copied().into_iter().collect(), ..Hand::default() };
    bold.wishes.push_back((0, Change::LearningRate(0.5)));
    trainer.run_until(75, &mut bold)?;
    let worse = trainer.evaluate(&data, &[])?.loss();

    // Undone, and trained to the end; the twin goes the same way without the detour.
    trainer.restore(&snapshot)?;
    assert_eq!(trainer.evaluate(&data, &[])?.loss().to_bits(), loss.to_bits());
    let mut end = Hand::default();
    trainer.run(&mut end)?;
    let mut twins = Hand::default();
    twin.run(&mut twins)?;

    // The same network, left alone.
    let spec = TrainSpec::new(Mlp::new(2, &[16, 16], 1), data.targets(), Adam::new(0.0005)?.into(), 120)?;
    let mut alone = Hand::default();
    Trainer::<f64>::new(spec, data.clone(), None)?.run(&mut alone)?;

    let panel = Panel::new("One network, steered and left alone", "epoch", "cost").log_y();
    let panel = panel.line("left alone", alone.curve.iter().copied()).colored(GRAY);
    let panel = panel.line("steered", hand.curve.iter().chain(&end.curve).copied()).colored(BLUE);
    let panel = panel.dashes("rate 0.5, undone", bold.curve.iter().copied()).colored(PURPLE);
    let changes = [29, 49, 59].map(|epoch| hand.curve[epoch]);
    save("panda", &[panel.rings("changes and snapshot", changes).colored(ORANGE)])?;

    println!("{:#?}\ncost {loss:.4} before the bold try, {worse:.4} after it", hand.answers);
    // 300 rows: 10 batches of 32, the last one smaller. Adam has no `beta`.
    let answers = ["learning-rate 0.005 from step 301 on", "beta 0.5 refused", "batch-size 64 from step 501 on"];
    assert_eq!(hand.answers, answers);
    // 10 epochs with 5 batches of 64 followed.
    assert_eq!(bold.answers, ["learning-rate 0.5 from step 551 on"]);
    assert!(worse > 2.0 * loss);
    assert_eq!(end.curve, twins.curve);
    // The first thirty epochs are the same; what was learned then made the difference.
    assert_eq!(alone.curve[..30], hand.curve[..30]);
    assert!(end.curve[59].1 < alone.curve[119].1 / 2.0);
    assert_eq!(trainer.weights("dense2/weight"), twin.weights("dense2/weight"));
    assert_eq!(trainer.snapshot()?.variables, twin.snapshot()?.variables);
    Ok(())
}
