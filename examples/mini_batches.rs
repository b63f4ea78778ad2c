//! Mini-batch gradient descent, and how to choose the size of a batch.
//!
//! ```text
//! each epoch: shuffle the rows, cut them into batches of B (the last one smaller), one step per batch
//! cost of a step = mean over its batch          B = rows: batch gradient descent, B = 1: stochastic
//! ```
//!
//! Left: the cost of every step; with all rows it only falls, with few it is noisy. Right: the trade-off, measured.
//! Small batches need fewer epochs to reach a cost, large ones less time for an epoch; the product decides.

use caviar_engine::nn::{Init, Mlp};
use caviar_engine::optim::{Adam, Descent, Minimizer};
use caviar_engine::rows::Rows;
use caviar_engine::train::{BatchSize, Data, Event, Flow, Silent, Targets, TrainSpec, Trainer, Watch};
use caviar_examples::picture::{BLUE, GRAY, ORANGE, Panel, save};
use caviar_examples::points::Points;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

fn trainer(data: &Arc<Data>, network: Mlp, rule: Minimizer, rows: usize) -> Result<Trainer<f64>, Box<dyn Error>> {
    let mut spec = TrainSpec::new(network, data.targets(), rule, 2000)?;
    spec.batch_size = BatchSize::Rows(rows);
    Ok(Trainer::new(spec, Arc::clone(data), None)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = Points::moons(1000, 0.2, 1).data()?;
    let mut costs = Panel::new("The cost of every step", "epoch", "cost of the batch");
    for (rows, epochs, color) in [(1, 20, GRAY), (64, 20, BLUE), (1000, 20, ORANGE)] {
        let logistic = Mlp::new(2, &[], 1).with_init(Init::Zeros);
        let mut trainer = trainer(&data, logistic, Descent::new(0.2)?.into(), rows)?;
        let (mut curve, steps) = (Vec::new(), 1000_usize.div_ceil(rows) * epochs);
        for step in 1..=steps {
            trainer.step()?;
            curve.push((epochs as f64 * step as f64 / steps as f64, trainer.progress().last_batch_loss));
        }
        assert_eq!(trainer.progress().epoch, epochs as u64);
        // All weights zero: every row has the cost ln 2, whatever the batch.
        assert!((curve[0].1 - std::f64::consts::LN_2).abs() < 1e-12);
        let falls = curve.windows(2).all(|pair| pair[1].1 < pair[0].1);
        assert_eq!(falls, rows == 1000, "{rows} rows");
        let name = format!("{rows} rows");
        // Of the many steps with one row, every fiftieth is enough to see.
        let one_row = rows == 1;
        costs = if one_row { costs.dots("1 row", curve.into_iter().step_by(50)) } else { costs.line(&name, curve) };
        costs = costs.colored(color);
    }

    println!("  batch   ms/epoch   epochs to 0.1   ms to 0.1");
    let mut table = Vec::new();
    for rows in [1, 4, 16, 64, 256, 1000] {
        let mut trainer = trainer(&data, Mlp::new(2, &[16, 16], 1), Adam::new(0.002)?.into(), rows)?;
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
        table.push((rows as f64, epochs as f64, milliseconds));
    }
    let fastest = table.iter().min_by(|a, b| a.2.total_cmp(&b.2)).ok_or("no row")?;
    println!("recommended: batches of {}", fastest.0);
    let trade = Panel::new("What it takes to reach a cost of 0.1", "rows of a batch", "")
        .log_x()
        .log_y()
        .ranges(0.8..1300.0, 0.03..1e3);
    let trade = trade.line("epochs", table.iter().map(|row| (row.0, row.1)));
    let trade = trade.line("milliseconds per epoch", table.iter().map(|row| (row.0, row.2 / row.1)));
    let trade = trade.line("milliseconds in all", table.iter().map(|row| (row.0, row.2)));
    save("mini_batches", &[costs, trade.rings("recommended", [(fastest.0, fastest.2)])])?;
    assert!(table.windows(2).all(|pair| pair[0].1 <= pair[1].1), "smaller batches learn more from an epoch");

    // The example of the notes: 5,000,000 rows in batches of 1000 are 5000 steps.
    let targets = Targets::Classes { labels: (0..5_000_000).map(|row| row % 2).collect(), classes: 2 };
    let rows = Rows::from_u8((0..5_000_000).map(|row| (row % 2) as u8).collect(), 1)?;
    let mut spec = TrainSpec::new(Mlp::new(1, &[], 1), &targets, Descent::new(0.1)?.into(), 1)?;
    spec.batch_size = BatchSize::Rows(1000);
    let mut trainer = Trainer::<f32>::new(spec, Arc::new(Data::new(rows, targets)?), None)?;
    trainer.run(&mut Silent)?;
    assert_eq!(trainer.progress().steps, 5000);
    Ok(())
}
