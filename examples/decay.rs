//! Learning-rate decay: the rate of each epoch under every schedule.
//!
//! ```text
//! inverse time         a = a₀/(1 + rate·e)          per interval: a₀/(1 + rate·⌊e/interval⌋)
//! exponential          a = a₀·factorᵉ
//! inverse square root  a = a₀·k/√(e + 1)
//! staircase            a = a₀·F from epoch E on
//! cosine               a = a₀·(1 + cos πx)/2, x the part of the run that is done
//! ```
//!
//! `e` is the epoch, from 0. A schedule is a pure function of the epoch; only a plateau remembers something, the best
//! metric so far, and that memory is passed in and out. The last way is by hand: a change of the rate while it trains.

use caviar_engine::schedule::{Moment, Schedule, ScheduleState, Timetable};
use caviar_examples::picture::{Panel, save};
use std::error::Error;

const BASE: f64 = 0.2;
const EPOCHS: u64 = 40;

/// The rates of a run whose metric no longer falls after epoch 10.
fn rates(timetable: &Timetable) -> Vec<f64> {
    let mut state = ScheduleState::default();
    let mut rate = |epoch: u64| {
        let metric = epoch.checked_sub(1).map(|last| 1.0 / (1.0 + last.min(10) as f64));
        let (next, rate) = timetable.rate(state, BASE, Moment { metric, ..Moment::at_epoch(epoch) });
        state = next;
        rate
    };
    (0..EPOCHS).map(&mut rate).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let by_formula =
        ["inverse-time:1", "inverse-time:1:10", "exponential:0.95", "inverse-sqrt:1", "staircase:10=0.5,25=0.1"];
    let others = ["constant", "cosine", "one-cycle", "plateau:0.5:5"];
    let mut panels = Vec::new();
    for (title, names) in [("Decay by formula", &by_formula[..]), ("Over a whole run, or by what is measured", &others)]
    {
        let mut panel = Panel::new(title, "epoch", "learning rate").ranges(-1.0..40.0, 0.0..0.32);
        for name in names {
            let rates = rates(&Timetable::new(name.parse()?, EPOCHS as f64)?);
            panel = panel.line(name, (0..).map(f64::from).zip(rates));
        }
        panels.push(panel);
    }
    let warm = Timetable::new(Schedule::Cosine, EPOCHS as f64)?.with_warm_up(5.0)?;
    let last = panels.pop().ok_or("no panel")?;
    panels.push(last.dashes("cosine, warm-up 5", (0..).map(f64::from).zip(rates(&warm))));
    save("decay", &panels)?;

    let of = |schedule: &str| -> Result<Vec<f64>, Box<dyn Error>> {
        Ok(rates(&Timetable::new(schedule.parse()?, EPOCHS as f64)?))
    };
    let close = |got: &[f64], want: &[f64]| got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12);
    // The table of the notes: a₀ = 0.2 and decay rate 1 give 0.2, 0.1, 0.067, 0.05, 0.04.
    let inverse = of("inverse-time:1")?;
    println!("inverse time: {:.3?}", &inverse[..5]);
    assert!(close(&inverse[..5], &[0.2, 0.1, 0.2 / 3.0, 0.05, 0.04]));
    let stepwise = of("inverse-time:1:10")?;
    assert!(close(&[stepwise[9], stepwise[10], stepwise[39]], &[0.2, 0.1, 0.05]));
    assert!(close(&of("exponential:0.95")?[..3], &[0.2, 0.19, 0.1805]));
    assert!(close(&of("inverse-sqrt:1")?[3..4], &[0.1]));
    let stairs = of("staircase:10=0.5,25=0.1")?;
    assert!(close(&[stairs[9], stairs[10], stairs[25]], &[0.2, 0.1, 0.02]));
    assert!(close(&[of("cosine")?[0], of("cosine")?[20]], &[0.2, 0.1]));
    // The metric of epoch 10 is the last to be better: epochs 11 to 15 are five without, and so on.
    let plateau = of("plateau:0.5:5")?;
    assert!(close(&[plateau[15], plateau[16], plateau[21]], &[0.2, 0.1, 0.05]));
    assert!(close(&rates(&warm)[..5], &[0.04, 0.08, 0.12, 0.16, 0.2]));
    // Published runs that change the rate at the end of an epoch are one epoch late.
    let late = rates(&Timetable::new("inverse-time:1".parse()?, EPOCHS as f64)?.with_shift(1));
    assert!(close(&late[..3], &[0.2, 0.2, 0.1]));
    Ok(())
}
