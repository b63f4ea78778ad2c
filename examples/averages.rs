//! Exponentially weighted averages of a year of daily temperatures.
//!
//! ```text
//! v(t) = β·v(t−1) + (1−β)·x(t),  v(0) = 0        corrected: v(t) / (1 − βᵗ)
//! ```
//!
//! The first picture shows how a larger β smooths more and lags behind: it remembers about `1/(1−β)` days. The second
//! shows the first weeks, where the uncorrected average (dashed) is still too near to zero, the third what each day's
//! weight in the hundredth average is. The temperatures are generated, not measured. The corrected value never
//! enters the recursion; notes that print the correction as a recursion get 57.9 instead of 15.26 for 10, 20 at β = 0.9.
//! Nor is the bias gone after ten days: at β = 0.9 the uncorrected average has then 65 % of its value.

use caviar_engine::average::{Average, equal_variance_window, memory, weight_of_last};
use caviar_engine::rng::{Purpose, Stream};
use caviar_examples::picture::{BLUE, GRAY, GREEN, ORANGE, Panel, save};
use std::error::Error;
use std::f64::consts::TAU;

/// Degrees Celsius of each day: a mild winter, a mild summer, and the weather.
fn temperatures() -> Vec<f64> {
    let weather = Stream::new(1, Purpose::Noise(0), 0);
    (0..365).map(|day| 15.0 - 9.0 * libm::cos(TAU * (day as f64 - 20.0) / 365.0) + 2.5 * weather.normal(day)).collect()
}

/// The state after each of the values.
fn averages(decay: f64, values: &[f64]) -> Result<Vec<Average>, Box<dyn Error>> {
    let mut average = Average::new(decay)?;
    let mut after = |value: &f64| {
        average = average.after(*value);
        average
    };
    Ok(values.iter().map(&mut after).collect())
}

fn by_day(values: impl IntoIterator<Item = f64>) -> impl Iterator<Item = (f64, f64)> {
    (1..).map(f64::from).zip(values)
}

fn main() -> Result<(), Box<dyn Error>> {
    let days = temperatures();
    let mut year = Panel::new("A year of generated temperatures", "day", "°C")
        .dots("temperature", by_day(days.clone()))
        .colored(GRAY);
    let mut start = Panel::new("The first weeks", "day", "°C").ranges(0.0..52.0, -5.0..14.0);
    start = start.dots("temperature", by_day(days[..50].to_vec())).colored(GRAY);
    for (decay, color) in [(0.5, GREEN), (0.9, ORANGE), (0.98, BLUE)] {
        let averages = averages(decay, &days)?;
        year =
            year.line(&format!("β = {decay}"), by_day(averages.iter().filter_map(Average::corrected))).colored(color);
        if decay > 0.5 {
            let first = &averages[..50];
            start =
                start.line(&format!("β = {decay}"), by_day(first.iter().filter_map(Average::corrected))).colored(color);
            let name = if decay < 0.95 { "without correction" } else { "" };
            start = start.dashes(name, by_day(first.iter().map(Average::value))).colored(color);
        }
        // The corrected average is the mean of all days so far, each day back weighing β times as much.
        let weights: Vec<f64> = (0..365).map(|day| decay.powi(364 - day)).collect();
        let mean = days.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>() / weights.iter().sum::<f64>();
        assert!((averages[364].corrected().ok_or("no value")? - mean).abs() < 1e-12);
    }
    // What v(100) is made of: (1−β)·β^(100−t) of day t.
    let mut made_of =
        Panel::new("The weights behind the hundredth value", "day", "weight").ranges(0.0..101.0, 0.0..0.104);
    let share = |day: i32| 0.1 * 0.9_f64.powi(100 - day);
    made_of = made_of.bars("β = 0.9", (1..=100).map(|day| (f64::from(day), share(day)))).colored(ORANGE);
    let slow = (1..=100).map(|day| (f64::from(day), 0.02 * 0.98_f64.powi(100 - day)));
    made_of = made_of.line("β = 0.98", slow).colored(BLUE);
    let by_weights: f64 = (1..=100).map(|day| share(day) * days[day as usize - 1]).sum();
    assert!((averages(0.9, &days)?[99].value() - by_weights).abs() < 1e-12);
    save("averages", &[year, start, made_of])?;

    let corrected: Vec<f64> = averages(0.9, &[10.0, 20.0, 30.0])?.iter().filter_map(Average::corrected).collect();
    println!("10, 20, 30 at β = 0.9, corrected: {corrected:.2?}");
    assert_eq!(format!("{corrected:.2?}"), "[10.00, 15.26, 20.70]");
    assert_eq!([0.5, 0.9, 0.98].map(|decay| memory(decay).round()), [2.0, 10.0, 50.0]);
    assert!((equal_variance_window(0.9) - 19.0).abs() < 1e-9);
    // β^(1/(1−β)) is about 1/e.
    assert!((0.98_f64.powf(memory(0.98)) - (-1_f64).exp()).abs() < 0.005);
    // The last ten days carry 65 % of the weight; 95 % of a constant is reached on day 29, not before.
    assert!((weight_of_last(0.9, 10) - 0.6513).abs() < 5e-5);
    assert!(weight_of_last(0.9, 28) < 0.95 && weight_of_last(0.9, 29) > 0.95);
    Ok(())
}
