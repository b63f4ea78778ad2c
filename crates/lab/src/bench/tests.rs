use super::{Work, data, population};
use caviar_engine::train::{Metric, Silent, Targets, Trainer};
use std::sync::Arc;

#[test]
fn the_loss_of_a_work_is_that_of_a_plain_training() {
    let data = Arc::new(Work::Moons.data());
    let timed = Work::Moons.run(Arc::clone(&data), 1, 200, 1, &Work::Moons.machine()).unwrap();
    let spec = Work::Moons.spec(&data, 200).unwrap();
    let mut trainer = Trainer::<f32>::new(spec, Arc::clone(&data), None).unwrap();
    trainer.run(&mut Silent).unwrap();
    let plain = trainer.evaluate(&data, &[]).unwrap().loss();
    assert_eq!(timed.final_loss.to_bits(), plain.to_bits());
    assert_eq!(timed.steps, 200 * 5);
}

#[test]
fn the_loss_of_a_work_does_not_depend_on_the_number_of_threads() {
    let data = Arc::new(data::blobs(700, 784, 10));
    let machine = Work::Moons.machine();
    let loss = |threads| Work::Fashion.run(Arc::clone(&data), 1, 1, threads, &machine).unwrap().final_loss.to_bits();
    assert_eq!(loss(1), loss(2));
}

#[test]
fn a_population_learns_the_digits_and_no_number_of_threads_changes_it() {
    let data = Arc::new(Work::PopulationMixed.data());
    let machine = Work::PopulationMixed.machine();
    let result = |threads| Work::PopulationMixed.run(Arc::clone(&data), 256, 2, threads, &machine).unwrap();
    let (one, two) = (result(1), result(2));
    assert_eq!(one.final_loss.to_bits(), two.final_loss.to_bits());
    // Of 256 networks some have learned most after two epochs; guessing costs ln 10 = 2.3.
    assert!(one.final_loss < 0.5, "{}", one.final_loss);
    let steps =
        |trials: u64| (0..trials).map(|number| 2 * 1400_u64.div_ceil(population::trial(true, number).batch as u64));
    assert_eq!(one.steps, steps(256).sum::<u64>());
    let few = Work::PopulationMixed.run(data, 3, 2, 1, &machine).unwrap();
    assert_eq!(few.steps, steps(3).sum::<u64>());
}

#[test]
fn moons_can_be_learned() {
    let data = Arc::new(Work::Moons.data());
    let mut trainer = Trainer::<f32>::new(Work::Moons.spec(&data, 3000).unwrap(), Arc::clone(&data), None).unwrap();
    trainer.run(&mut Silent).unwrap();
    assert!(trainer.evaluate(&data, &[]).unwrap().get(Metric::Accuracy) > Some(0.85));
}

#[test]
fn data_of_a_work_have_the_spread_they_are_said_to_have() {
    let blobs = data::blobs(2000, 20, 10);
    let Targets::Classes { labels, .. } = blobs.targets() else { panic!("blobs have classes") };
    assert!((0..10).all(|class| labels.iter().filter(|label| **label == class).count() > 120));
    let rows: Vec<u32> = (0..2000).collect();
    let mut values = vec![0.0_f64; 2000 * 20];
    blobs.features().gather(&rows, &mut values);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    // Noise of variance 4 around 200 center values of variance 1.
    assert!((4.5..5.5).contains(&variance), "{variance}");
}
