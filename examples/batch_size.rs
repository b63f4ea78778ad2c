//! How to choose the size of a batch: measured.
//!
//! ```text
//! time to reach a cost = time per epoch (large batches: less) × epochs to reach it (small batches: fewer)
//! ```
//!
//! The first picture is the same on every machine. The second is of this machine and this minute: its times are measured.
//! `caviar batch-size TABLE --target COLUMN` makes the same table of your data.

use caviar_engine::nn::Mlp;
use caviar_engine::optim::Adam;
use caviar_engine::train::{BatchSize, Event, Flow, TrainSpec, Trainer, Watch};
use caviar_examples::picture::{Panel, save};
use caviar_examples::points::Points;
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let data = Points::moons(1000, 0.2, 1).data()?;
    println!("  batch   ms/epoch   epochs to 0.1   ms to 0.1");
    let mut table = Vec::new();
    for rows in [1, 4, 16, 64, 256, 1000] {
        let mut spec = TrainSpec::new(Mlp::new(2, &[16, 16], 1), data.targets(), Adam::new(0.002)?.into(), 2000)?;
        spec.batch_size = BatchSize::Rows(rows);
        let mut trainer = Trainer::<f64>::new(spec, data.clone(), None)?;
        let (start, mut epochs) = (Instant::now(), 0);
        trainer.run(&mut Watch(|event: &Event| match event {
            Event::Epoch(report) => {
                epochs = report.epoch + 1;
                if report.train_loss < 0.1 { Flow::Pause } else { Flow::Continue }
            }
            _ => Flow::Continue,
        }))?;
        let milliseconds = 1e3 * start.elapsed().as_secs_f64();
        println!("{rows:>7} {:>10.3} {epochs:>15} {milliseconds:>11.1}", milliseconds / epochs as f64);
        // One step for each batch, the last one smaller.
        assert_eq!(trainer.progress().steps, epochs * 1000_u64.div_ceil(rows as u64));
        table.push((rows as f64, epochs as f64, trainer.progress().steps as f64, milliseconds));
    }
    let fastest = table.iter().min_by(|a, b| a.3.total_cmp(&b.3)).ok_or("no row")?;
    println!("recommended here: batches of {}", fastest.0);
    let panel = |title: &str| Panel::new(title, "rows of a batch", "").log_x().log_y().range_x(0.8..1300.0);
    let progress = panel("Progress: to reach a cost of 0.1");
    let progress = progress.line("epochs", table.iter().map(|row| (row.0, row.1)));
    let progress = progress.line("steps", table.iter().map(|row| (row.0, row.2)));
    let time = panel("Time: measured on one machine");
    let time = time.line("ms per epoch", table.iter().map(|row| (row.0, row.3 / row.1)));
    let time = time.line("ms to reach the cost", table.iter().map(|row| (row.0, row.3)));
    save("batch_size", &[progress, time.rings("recommended", [(fastest.0, fastest.3)])])?;
    // Smaller batches learn more from an epoch, larger ones more from a step.
    assert!(table.windows(2).all(|pair| pair[0].1 <= pair[1].1 && pair[0].2 >= pair[1].2));
    Ok(())
}
