//! Caviar: many networks trained side by side, the best one picked.
//!
//! 64 networks with random learning rates, widths and depths are trained on threads; each thread takes the next network
//! when it is done with one. What a network becomes does not depend on its neighbors: one and two threads give the same
//! scores to the bit, and so the same winner, and the winner trained alone is the same again.

use caviar_engine::nn::Mlp;
use caviar_engine::optim::Adam;
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::train::{Data, Event, Flow, Metric, TrainSpec, Trainer, Watch};
use caviar_examples::picture::{GRAY, ORANGE, Panel, save};
use caviar_examples::points::Points;
use caviar_tune::{Ask, Budget, Outcome, Parameter, Params, Sampler, Scale, Slice, Space, Study};
use std::sync::{Arc, Mutex};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The validation loss after every epoch, and the accuracy with the weights of the best.
struct Trained {
    curve: Vec<(f64, f64)>,
    score: f64,
    accuracy: f64,
}

fn train(params: &Params, epochs: u64, data: &Arc<Data>, held_out: &Arc<Data>) -> Result<Trained, Failure> {
    let whole = |name: &str| params.integer(name).unwrap_or(1) as usize;
    let network = Mlp::new(2, &vec![whole("units"); whole("layers")], 1);
    let rate = params.number("rate").unwrap_or(f64::NAN);
    let spec = TrainSpec::new(network, data.targets(), Adam::new(rate)?.into(), epochs)?;
    let mut trainer = Trainer::<f32>::new(spec, Arc::clone(data), Some(Arc::clone(held_out)))?;
    let mut curve = Vec::new();
    trainer.run(&mut Watch(|event: &Event| {
        if let Event::Epoch(report) = event {
            let loss = report.validation.as_ref().map_or(f64::NAN, |evaluation| evaluation.loss());
            curve.push((report.epoch as f64 + 1.0, loss));
        }
        Flow::Continue
    }))?;
    let score = trainer.best().map_or(f64::NAN, |(_, loss)| loss);
    let accuracy = trainer.evaluate(held_out, &[])?.get(Metric::Accuracy).unwrap_or(f64::NAN);
    Ok(Trained { curve, score, accuracy })
}

/// The study after all its trials, trained on so many threads, and what they became, by number.
fn caviar(threads: usize, data: &Arc<Data>, held_out: &Arc<Data>) -> Result<(Study, Vec<Trained>), Failure> {
    let space = Space::new(vec![
        Parameter::new("rate", Scale::log(1e-4, 1.0)?),
        Parameter::new("units", Scale::log_integer(2, 64)?),
        Parameter::new("layers", Scale::integer(1, 3)?),
    ])?;
    let study = Mutex::new(Study::new(space, Sampler::Random, Budget::trials(64, 30)?));
    let uniform = |trial, dimension| Stream::new(1, Purpose::Sampler, trial).uniform(dimension);
    let locked = || study.lock().map_err(|_| "a thread panicked");
    let work = || -> Result<Vec<(u64, Trained)>, Failure> {
        let mut done = Vec::new();
        loop {
            let Ask::Train(Slice { trial, params, to_epoch, .. }) = locked()?.ask(&uniform) else { return Ok(done) };
            let trained = train(&params, to_epoch, data, held_out)?;
            locked()?.tell(trial, Outcome::Complete { score: trained.score, epochs: to_epoch })?;
            done.push((trial, trained));
        }
    };
    let mut done = std::thread::scope(|scope| -> Result<_, Failure> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join().map_err(|_| "a thread panicked")?);
        Ok(joined.collect::<Result<Vec<_>, Failure>>()?.into_iter().flatten().collect::<Vec<_>>())
    })?;
    done.sort_by_key(|(trial, _)| *trial);
    Ok((study.into_inner()?, done.into_iter().map(|(_, trained)| trained).collect()))
}

fn main() -> Result<(), Failure> {
    let (data, held_out) = (Points::moons(400, 0.1, 1).data()?, Points::moons(400, 0.1, 2).data()?);
    let (study, trained) = caviar(2, &data, &held_out)?;
    let winner = study.best().ok_or("no trial succeeded")?;
    let best = &trained[winner.number as usize];
    let mut curves = Panel::new("64 networks", "epoch", "validation cost").log_y();
    let rates = Panel::new("Where they ended", "learning rate", "best validation cost").log_x().log_y();
    let rate = |number: usize| study.trials()[number].params.number("rate").unwrap_or(f64::NAN);
    for network in &trained {
        curves = curves.line("", network.curve.iter().copied()).colored(GRAY);
    }
    let rates =
        rates.dots("network", trained.iter().enumerate().map(|(number, network)| (rate(number), network.score)));
    let rates = rates.rings("the best", [(rate(winner.number as usize), best.score)]).colored(ORANGE);
    save("caviar", &[curves.line("the best", best.curve.iter().copied()).colored(ORANGE), rates])
        .map_err(|error| error.to_string())?;

    println!("the best of {}: number {}, accuracy {:.3}", trained.len(), winner.number, best.accuracy);
    let (alone, _) = caviar(1, &data, &held_out)?;
    assert_eq!((study.trials().len(), alone.trials()), (64, study.trials()));
    assert_eq!(train(&winner.params, 30, &data, &held_out)?.score.to_bits(), best.score.to_bits());
    // Moons with noise 0.1 hardly touch.
    assert!(best.accuracy > 0.98);
    Ok(())
}
