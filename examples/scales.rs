//! The right scale: where even draws fall.
//!
//! ```text
//! learning rate   10^(−4 + 4u)             uniform in the exponent, not within each decade
//! momentum's β    1 − 10ʳ, r from −1 to −3     0.9 to 0.999
//! units, layers   uniform
//! ```
//!
//! Drawn evenly between 0.0001 and 1, nine of ten learning rates lie above 0.1. Notes that draw a decade first and then
//! evenly within it get the decades right and each decade wrong: half of its draws lie in the upper half of its numbers.

use caviar_engine::rng::{Purpose, Stream};
use caviar_examples::picture::{BLUE, GRAY, ORANGE, Panel, histogram, save};
use caviar_tune::Scale;
use std::error::Error;

const DRAWS: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let uniform = Stream::new(1, Purpose::Sampler, 0);
    let drawn = |scale: Scale, offset: usize, count: usize| -> Vec<f64> {
        let unit = |index| uniform.uniform((offset + index) as u64);
        (0..count).map(|index| scale.from_unit(unit(index)).as_number().unwrap_or(f64::NAN)).collect()
    };
    let (even, log) = (Scale::linear(1e-4, 1.0)?, Scale::log(1e-4, 1.0)?);
    let (even_beta, log_beta) = (Scale::linear(0.9, 0.999)?, Scale::one_minus_log(0.9, 0.999)?);
    let row = |y: f64, values: Vec<f64>| values.into_iter().map(move |value| (value, y));
    let rates = Panel::new("60 learning rates", "learning rate", "").log_x().range_x(7e-5..1.4);
    let rates = rates.rows(["even", "even in log"]);
    let rates = rates.dots("", row(0.0, drawn(even.clone(), 0, 60))).colored(ORANGE);
    let rates = rates.dots("", row(1.0, drawn(log.clone(), 0, 60))).colored(BLUE);
    let from_one = |values: Vec<f64>| values.into_iter().map(|beta| 1.0 - beta).collect();
    let betas = Panel::new("60 values of β, by 1 − β", "1 − β", "").log_x().range_x(8e-4..0.13);
    let betas = betas.rows(["even", "even in log"]);
    let betas = betas.dots("", row(0.0, from_one(drawn(even_beta.clone(), 0, 60)))).colored(ORANGE);
    let betas = betas.dots("", row(1.0, from_one(drawn(log_beta.clone(), 0, 60)))).colored(BLUE);

    // The code of some notes: a decade, then evenly within it.
    let decades: Vec<f64> = (0..DRAWS)
        .map(|index| {
            let low = libm::pow(10.0, -4.0 + (4.0 * uniform.uniform(index as u64)).floor());
            low * (1.0 + 9.0 * uniform.uniform((DRAWS + index) as u64))
        })
        .collect();
    let logs = |values: &[f64]| values.iter().map(|value| libm::log10(*value)).collect::<Vec<f64>>();
    let exponents = Panel::new("10,000 rates by their exponent", "log₁₀ of the rate", "draws").range_y(0.0..620.0);
    let exponents = exponents.line("even within decades", histogram(&logs(&decades), -4.0..0.0, 40)).colored(GRAY);
    let log_draws = drawn(log.clone(), 2 * DRAWS, DRAWS);
    let exponents = exponents.line("even in log", histogram(&logs(&log_draws), -4.0..0.0, 40)).colored(BLUE);
    save("scales", &[rates, betas, exponents])?;

    let share = |values: &[f64], within: std::ops::Range<f64>| {
        values.iter().filter(|value| within.contains(value)).count() as f64 / values.len() as f64
    };
    // Laws, and 10,000 draws of them: three deviations of a share are at most 0.015.
    let even_draws = drawn(even, 2 * DRAWS, DRAWS);
    println!("above 0.1: {:.3} even, {:.3} in log", share(&even_draws, 0.1..1.0), share(&log_draws, 0.1..1.0));
    assert!((share(&even_draws, 0.1..1.0) - 0.9).abs() < 0.015);
    for decade in -4..0 {
        let (low, high) = (libm::pow(10.0, f64::from(decade)), libm::pow(10.0, f64::from(decade + 1)));
        assert!((share(&log_draws, low..high) - 0.25).abs() < 0.015);
        // Below the geometric middle of a decade lies half of it in log, and (√10 − 1)/9 of it evenly.
        let middle = low * 10_f64.sqrt();
        assert!((share(&log_draws, low..middle) - 0.125).abs() < 0.015);
        assert!((share(&decades, low..middle) - 0.25 * (10_f64.sqrt() - 1.0) / 9.0).abs() < 0.015);
    }
    // Half of the betas lie below 0.99; evenly drawn, ten of eleven do.
    assert!((log_beta.from_unit(0.5).as_number().unwrap_or(0.0) - 0.99).abs() < 1e-12);
    assert!((share(&drawn(log_beta, 0, DRAWS), 0.9..0.99) - 0.5).abs() < 0.015);
    assert!((share(&drawn(even_beta, 0, DRAWS), 0.9..0.99) - 10.0 / 11.0).abs() < 0.015);
    Ok(())
}
