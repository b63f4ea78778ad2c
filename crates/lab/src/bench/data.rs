//! Rows by key: random, learnable, the same on every machine.

use std::thread;

use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::rows::Rows;
use caviar_engine::train::{Data, Targets};

/// The seed of all of them.
const SEED: u64 = 3;
/// What the streams of that seed are for.
const NOISE: u32 = 0;
const CENTERS: u32 = 1;
const LABELS: u32 = 2;
const ORDER: u32 = 4;

fn stream(what: u32) -> Stream {
    Stream::new(SEED, Purpose::Noise(what), 0)
}

/// Points on each half circle.
const HALF: usize = 150;
/// Cosine and sine of the turn from one point to the next, the 149th part of half a circle.
const TURN: (f64, f64) = (0.9997777298596181, 0.021082952277811057);

/// Points on two half circles that clasp each other, with normal noise of deviation 0.2.
pub(super) fn moons() -> Data {
    let noise = stream(NOISE);
    let (mut points, mut labels) = (Vec::with_capacity(4 * HALF), Vec::with_capacity(2 * HALF));
    for class in 0..2 {
        let (mut cos, mut sin) = (1.0, 0.0);
        for _ in 0..HALF {
            let (x, y) = if class == 1 { (1.0 - cos, 0.5 - sin) } else { (cos, sin) };
            let index = points.len() as u64;
            points.push((x + 0.2 * noise.normal(index)) as f32);
            points.push((y + 0.2 * noise.normal(index + 1)) as f32);
            labels.push(class);
            (cos, sin) = (cos * TURN.0 - sin * TURN.1, sin * TURN.0 + cos * TURN.1);
        }
    }
    data(points, 2, labels, 2)
}

/// Rows around as many centers as classes: centers normal, rows normal around theirs with deviation 2.
pub(super) fn blobs(rows: usize, columns: usize, classes: usize) -> Data {
    let centers: Vec<f64> = (0..(classes * columns) as u64).map(|index| stream(CENTERS).normal(index)).collect();
    let labels: Vec<i64> = (0..rows as u64).map(|row| stream(LABELS).below(row, classes as u64) as i64).collect();
    let mut values = vec![0.0_f32; rows * columns];
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = rows.div_ceil(threads).max(1);
    thread::scope(|scope| {
        for (part, values) in values.chunks_mut(share * columns).enumerate() {
            let (centers, labels, noise) = (&centers, &labels, stream(NOISE));
            scope.spawn(move || {
                for (at, row) in values.chunks_mut(columns).enumerate() {
                    let number = part * share + at;
                    let center = &centers[labels[number] as usize * columns..];
                    for (column, value) in row.iter_mut().enumerate() {
                        let index = (number * columns + column) as u64;
                        *value = (center[column] + 2.0 * noise.normal(index)) as f32;
                    }
                }
            });
        }
    });
    data(values, columns, labels, classes)
}

/// The pictures of digits that the repository ships.
const DIGITS: &str = include_str!("../../../../examples/data/digits.csv");
/// Rows of them that train.
const TRAINING_ROWS: usize = 1_400;

/// 1,400 rows of 64 numbers from 0 to 1 with ten classes, in random order.
pub(super) fn digits() -> Data {
    let mut lines: Vec<&str> = DIGITS.lines().skip(1).collect();
    stream(ORDER).shuffle(&mut lines);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for line in lines.into_iter().take(TRAINING_ROWS) {
        let numbers: Vec<f32> = line.split(',').map(|cell| cell.parse().expect("the table holds numbers")).collect();
        let (label, pixels) = numbers.split_last().expect("a row has cells");
        values.extend(pixels.iter().map(|pixel| pixel / 16.0));
        labels.push(*label as i64);
    }
    data(values, 64, labels, 10)
}

fn data(values: Vec<f32>, columns: usize, labels: Vec<i64>, classes: usize) -> Data {
    let rows = Rows::from_f32(values, columns).expect("rows are whole: they are made so");
    Data::new(rows, Targets::Classes { labels, classes }).expect("each row has its label, below the number of classes")
}
