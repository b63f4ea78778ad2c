//! Trains a network on rows by formula and prints its loss: `steps WIDTHS ROWS BATCH EPOCHS`, such as `steps 64-32-10 640 64 3`.
//!
//! Nothing but training, so that its instructions can be counted.

use std::error::Error;
use std::sync::Arc;

use caviar_engine::nn::Mlp;
use caviar_engine::optim::Adam;
use caviar_engine::rng::{Purpose, Stream};
use caviar_engine::rows::Rows;
use caviar_engine::train::{BatchSize, Data, Silent, Targets, TrainSpec, Trainer};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&str> = words.iter().map(String::as_str).collect();
    // Without arguments, as examples are run, it trains a little.
    let [widths, rows, batch, epochs] = given.try_into().unwrap_or(["4-8-2", "100", "10", "2"]);
    let widths = widths.split('-').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    let [inputs, hidden @ .., classes] = &widths[..] else { return Err("two widths at least".into()) };
    let (rows, batch, epochs): (usize, usize, u64) = (rows.parse()?, batch.parse()?, epochs.parse()?);

    let stream = Stream::new(1, Purpose::Noise(0), 0);
    let values = (0..(rows * inputs) as u64).map(|index| stream.normal(index) as f32).collect();
    let labels = (0..rows).map(|row| (row % classes) as i64).collect();
    let data = Data::new(Rows::from_f32(values, *inputs)?, Targets::Classes { labels, classes: *classes })?;
    let mut spec =
        TrainSpec::new(Mlp::new(*inputs, hidden, *classes), data.targets(), Adam::new(1e-3)?.into(), epochs)?;
    spec.batch_size = BatchSize::Rows(batch);
    let data = Arc::new(data);
    let mut trainer = Trainer::<f32>::new(spec, Arc::clone(&data), None)?;
    trainer.run(&mut Silent)?;
    println!("{}", trainer.evaluate(&data, &[])?.loss());
    Ok(())
}
