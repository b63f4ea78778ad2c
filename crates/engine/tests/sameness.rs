//! The same bits, whatever the number of threads, the instruction set or the company.

mod sample;

use caviar_engine::nn::{Activation, BatchNorm};
use caviar_engine::optim::{Adam, Momentum};
use caviar_engine::train::{BatchSize, Data, TrainOptions, TrainSpec, Trainer};
use caviar_engine::{Isa, Real};
use sample::{bits, clouds, curve, noise, spec, state, steps};
use std::sync::Arc;

const THREADS: [usize; 4] = [1, 2, 3, 7];

/// The state after so many steps, and predictions, as bits.
fn trained<T: Real>(spec: &TrainSpec, data: &Arc<Data>, count: usize, options: TrainOptions) -> Vec<u64> {
    let mut trainer = Trainer::<T>::with_options(spec.clone(), Arc::clone(data), None, options).unwrap();
    steps(&mut trainer, count);
    let mut bits = bits(&trainer.snapshot().unwrap());
    bits.extend(trainer.predict(data.features()).unwrap().into_iter().map(f64::to_bits));
    bits
}

/// Trains with every number of threads and every instruction set, and compares all bits.
fn check<T: Real>(name: &str, spec: &TrainSpec, data: &Arc<Data>, count: usize) {
    let want = trained::<T>(spec, data, count, TrainOptions { threads: 1, isa: Isa::detect() });
    assert!(want.iter().all(|bits| f64::from_bits(*bits).is_finite()), "{name} does not stay finite");
    for isa in Isa::available() {
        for threads in THREADS {
            let got = trained::<T>(spec, data, count, TrainOptions { threads, isa });
            let first = got.iter().zip(&want).position(|(a, b)| a != b);
            assert_eq!(first, None, "{name}: {threads} threads, {isa}: the first of {} that differs", want.len());
        }
    }
}

/// 1,003 rows of 17 columns in batches of 37, layers of 45 and 17 units: nothing is a multiple of anything.
fn odd(data: &Data, plain: bool) -> TrainSpec {
    let mut spec = spec(data, &[45, 17], Adam::new(0.01).unwrap(), 3);
    spec.batch_size = BatchSize::Rows(37);
    if !plain {
        spec.network =
            spec.network.with_activation(Activation::Gelu).with_batch_norm(BatchNorm::default()).with_dropout();
        (spec.drop_prob, spec.l2, spec.minimizer.settings.clip_norm) = (0.2, 1.0, Some(0.5));
    }
    spec
}

#[test]
fn threads_and_instruction_sets_change_no_bit() {
    // One epoch and a little, so that the last batch of 4 rows is among the steps.
    let classes = clouds(1003, 17, 3);
    let numbers = curve(1003, 17);
    check::<f32>("plain, classes, f32", &odd(&classes, true), &classes, 31);
    check::<f64>("plain, classes, f64", &odd(&classes, true), &classes, 31);
    check::<f32>("plain, numbers, f32", &odd(&numbers, true), &numbers, 31);
}

#[test]
fn batch_norm_dropout_and_clipping_keep_the_bits() {
    let classes = clouds(1003, 17, 3);
    let numbers = curve(1003, 17);
    check::<f32>("all, classes, f32", &odd(&classes, false), &classes, 31);
    check::<f64>("all, classes, f64", &odd(&classes, false), &classes, 29);
    check::<f32>("all, numbers, f32", &odd(&numbers, false), &numbers, 31);
}

#[test]
fn threads_that_come_and_go_between_steps_change_no_bit() {
    let data = clouds(1003, 17, 3);
    // Whole batches and the smaller last one; a small network whose threads take rows, and a wide one whose threads take columns.
    for hidden in [45, 600] {
        let mut spec = odd(&data, false);
        spec.network.hidden[0].units = hidden;
        spec.batch_size = BatchSize::Rows(300);
        let mut alone = Trainer::<f32>::new(spec.clone(), Arc::clone(&data), None).unwrap();
        let mut joined = Trainer::<f32>::new(spec, Arc::clone(&data), None).unwrap();
        steps(&mut alone, 10);
        for threads in [2, 2, 7, 1, 1, 3, 0, 2, 5, 1] {
            joined.set_threads(threads);
            steps(&mut joined, 1);
        }
        assert_eq!(bits(&joined.snapshot().unwrap()), bits(&alone.snapshot().unwrap()), "{hidden} units");
    }
}

#[test]
fn every_activation_keeps_the_bits() {
    let data = clouds(150, 17, 2);
    for activation in Activation::ALL {
        let mut spec = spec(&data, &[17], Momentum::new(0.1).unwrap(), 3);
        spec.network = spec.network.with_activation(activation);
        spec.batch_size = BatchSize::Rows(37);
        check::<f32>(activation.name(), &spec, &data, 9);
    }
}

#[test]
fn a_wide_network_keeps_the_bits() {
    let data = clouds(130, 784, 10);
    let mut spec = spec(&data, &[256], Adam::new(0.001).unwrap(), 3);
    spec.batch_size = BatchSize::Rows(64);
    check::<f32>("784-256-10", &spec, &data, 4);
    spec.network = spec.network.with_batch_norm(BatchNorm::default()).with_dropout();
    spec.drop_prob = 0.3;
    check::<f32>("784-256-10 with batch norm and dropout", &spec, &data, 4);
}

#[test]
fn a_network_among_sixty_four_others_is_the_network_alone() {
    let data = clouds(100, 5, 3);
    let network = |seed: u64| {
        let mut spec = spec(&data, &[3 + seed as usize % 20], Adam::new(0.01).unwrap(), 5);
        spec.network = spec.network.with_batch_norm(BatchNorm::default()).with_dropout();
        (spec.seed, spec.drop_prob) = (seed, 0.1);
        Trainer::<f32>::new(spec, Arc::clone(&data), None).unwrap()
    };
    let mut alone = network(40);
    steps(&mut alone, 20);
    // Side by side on one thread, a step each in turn.
    let mut crowd: Vec<_> = (0..65).map(network).collect();
    (0..20).for_each(|_| crowd.iter_mut().for_each(|trainer| steps(trainer, 1)));
    assert_eq!(state(&mut crowd[40]), state(&mut alone));
    // And on several threads at once.
    let done = std::thread::scope(|scope| {
        let train = |worker: u64| {
            scope.spawn(move || {
                let mut mine: Vec<_> = (0..65).filter(|seed| seed % 4 == worker).map(network).collect();
                mine.iter_mut().for_each(|trainer| steps(trainer, 20));
                mine.iter_mut().map(state).collect::<Vec<_>>()
            })
        };
        let workers: Vec<_> = (0..4).map(train).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(done[0][10], state(&mut alone));
}

#[test]
fn other_seeds_give_other_bits() {
    // Lest the comparisons above compare nothing.
    let data = clouds(100, 5, 3);
    let with = |seed, order_seed| {
        let mut spec = spec(&data, &[4], Adam::new(0.01).unwrap(), 5);
        (spec.seed, spec.order_seed) = (seed, order_seed);
        trained::<f32>(&spec, &data, 3, TrainOptions::default())
    };
    assert_eq!(with(1, 1), with(1, 1));
    assert!(with(1, 1) != with(2, 1) && with(1, 1) != with(1, 2));
    assert!(noise(1, 3) != noise(2, 3));
}
