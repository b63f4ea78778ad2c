//! Numbers and events of a steered run in few letters.

use caviar_engine::train::Change;
use caviar_lab::{Steered, SteeredEvent};

/// At most five digits that matter, and no zeros that do not.
pub fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { "-".to_owned() };
    }
    let rounded: f64 = format!("{value:.4e}").parse().unwrap_or(value);
    if (1e-4..1e6).contains(&rounded.abs()) { rounded.to_string() } else { format!("{rounded:e}") }
}

/// Minutes and seconds, or hours and minutes.
pub fn time(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours > 0 { format!("{hours}:{minutes:02} h") } else { format!("{minutes}:{:02} min", seconds % 60) }
}

/// What became of a wish, in a line.
pub fn told(event: &SteeredEvent) -> String {
    let step = event.step;
    match &event.steered {
        Steered::Changed { change, from } => {
            let (name, new) = parts(change);
            format!("step {step}: {name} {} → {new}", parts(from).1)
        }
        Steered::Refused { wish, rule } if wish == "undo" => format!("not undone: {rule}"),
        Steered::Refused { rule, .. } => format!("not changed: {rule}"),
        Steered::Undone { change, left } => {
            let (name, value) = parts(change);
            format!("undone: {name} {value}; on again from step {step}, left step {left}")
        }
        Steered::Paused => format!("step {step}: paused"),
        Steered::Continued => format!("step {step}: goes on"),
        Steered::Stopped => format!("step {step}: stopped"),
        Steered::Forked { fork, .. } => format!("step {step}: forked as trial {fork}"),
    }
}

/// A setting and its value.
fn parts(change: &Change) -> (String, String) {
    let text = change.to_string();
    let (name, value) = text.split_once(' ').unwrap_or((&text, ""));
    let value = value.parse().map_or_else(|_| value.to_owned(), short);
    (name.to_owned(), value)
}

#[cfg(test)]
mod tests {
    use super::{short, time, told};
    use caviar_engine::train::Change;
    use caviar_lab::{Steered, SteeredEvent};

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.001, "0.001"),
            (0.001 * 1.25, "0.00125"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.33333"),
            (1e-7, "1e-7"),
            (12345.678, "12346"),
            (1e9, "1e9"),
            (0.0, "0"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!([0.4, 61.0, 3725.0].map(time), ["0:00 min", "1:01 min", "1:02 h"]);
    }

    #[test]
    fn a_change_is_told_with_both_values() {
        let steered = Steered::Changed { change: Change::LearningRate(0.0005), from: Change::LearningRate(0.001) };
        let event = SteeredEvent { trial: 0, epoch: 3, step: 1234, steered };
        assert_eq!(told(&event), "step 1234: learning-rate 0.001 → 0.0005");
    }
}
