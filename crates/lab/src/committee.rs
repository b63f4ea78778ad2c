//! The mean of several networks of one shape, as one network.

use caviar_formats::{Array, Elements};

use crate::error::LabError;
use crate::network::Weights;

/// The widest layer that a committee may have.
const WIDEST: usize = 512;
/// The fewest and the most members.
const MEMBERS: [usize; 2] = [2, 3];

/// How many members a committee of networks with these hidden layers has.
pub(crate) fn members(hidden: &[usize]) -> usize {
    let widest = hidden.iter().copied().max().unwrap_or(1).max(1);
    (WIDEST / widest).clamp(MEMBERS[0], MEMBERS[1])
}

/// One network whose outputs (logits or values) are the means of the members' outputs.
///
/// ```text
/// first layer     members side by side           [in, R·u]
/// middle layers   members along the diagonal     [R·u, R·v], zeros elsewhere
/// last layer      members one below the other    [R·v, out], weights divided by R, the mean of the biases
/// no hidden layer the mean of the weights: the mean of linear models is a linear model
/// ```
///
/// `layers` counts the dense layers. What is kept unit by unit (biases, batch norm) stands side by side.
///
/// # Errors
/// None for members of one shape.
pub(crate) fn mean(members: &[Weights], layers: usize) -> Result<Weights, LabError> {
    let [first, others @ ..] = members else { return Ok(Weights::new()) };
    if others.is_empty() {
        return Ok(first.clone());
    }
    let count = members.len();
    let mut joined = Weights::new();
    for (name, array) in first {
        let parts: Vec<Vec<f64>> = members.iter().filter_map(|member| member.get(name)).map(Array::to_f64).collect();
        let (is_first, is_last) = (name.starts_with("dense1/"), name.starts_with(&format!("dense{layers}/")));
        let (shape, values) = match *array.shape() {
            [_, _] if is_first && is_last => (array.shape().to_vec(), mean_of(&parts)),
            [rows, columns] if is_first => (vec![rows, count * columns], beside(&parts, columns)),
            [rows, columns] if is_last => {
                let values = parts.concat().into_iter().map(|weight| weight / count as f64).collect();
                (vec![count * rows, columns], values)
            }
            [rows, columns] => (vec![count * rows, count * columns], diagonal(&parts, rows, columns)),
            [_] if is_last => (array.shape().to_vec(), mean_of(&parts)),
            [units] => (vec![count * units], parts.concat()),
            _ => (array.shape().to_vec(), array.to_f64()),
        };
        let elements = match array.elements() {
            Elements::F32(_) => Elements::F32(values.into_iter().map(|value| value as f32).collect()),
            _ => Elements::F64(values),
        };
        let array = Array::new(shape, elements).map_err(|error| LabError::BrokenModel { what: error.to_string() })?;
        joined.insert(name.clone(), array);
    }
    Ok(joined)
}

fn mean_of(parts: &[Vec<f64>]) -> Vec<f64> {
    let len = parts.first().map_or(0, Vec::len);
    (0..len).map(|place| parts.iter().map(|part| part[place]).sum::<f64>() / parts.len() as f64).collect()
}

/// Rows of all parts, side by side.
fn beside(parts: &[Vec<f64>], columns: usize) -> Vec<f64> {
    let rows = parts.first().map_or(0, Vec::len) / columns.max(1);
    (0..rows)
        .flat_map(|row| parts.iter().flat_map(move |part| &part[row * columns..(row + 1) * columns]))
        .copied()
        .collect()
}

fn diagonal(parts: &[Vec<f64>], rows: usize, columns: usize) -> Vec<f64> {
    let width = parts.len() * columns;
    let mut values = vec![0.0; parts.len() * rows * width];
    for (block, part) in parts.iter().enumerate() {
        for (row, weights) in part.chunks_exact(columns).enumerate() {
            let start = (block * rows + row) * width + block * columns;
            values[start..start + columns].copy_from_slice(weights);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::{mean, members};
    use crate::network::Weights;
    use caviar_formats::{Array, Elements};

    /// A network `2 → hidden → 1` of ReLU units with weights from a formula.
    fn network(hidden: &[usize], seed: f64) -> Weights {
        let mut weights = Weights::new();
        let mut inputs = 2;
        for (number, &units) in (1..).zip(hidden.iter().chain(&[1])) {
            let values =
                |len: usize| Elements::F64((0..len).map(|i| (seed + 1.3 * i as f64 + number as f64).sin()).collect());
            weights.insert(
                format!("dense{number}/weight"),
                Array::new(vec![inputs, units], values(inputs * units)).unwrap(),
            );
            weights.insert(format!("dense{number}/bias"), Array::new(vec![units], values(units)).unwrap());
            inputs = units;
        }
        weights
    }

    fn output(weights: &Weights, mut x: Vec<f64>) -> f64 {
        let layers = weights.len() / 2;
        for number in 1..=layers {
            let weight = &weights[&format!("dense{number}/weight")];
            let (units, matrix) = (weight.shape()[1], weight.to_f64());
            let bias = weights[&format!("dense{number}/bias")].to_f64();
            let unit = |j: usize| bias[j] + x.iter().enumerate().map(|(i, x)| x * matrix[i * units + j]).sum::<f64>();
            let z: Vec<f64> = (0..units).map(unit).collect();
            x = if number < layers { z.into_iter().map(|z| z.max(0.0)).collect() } else { z };
        }
        x[0]
    }

    #[test]
    fn a_committee_answers_the_mean_of_its_members() {
        for hidden in [&[][..], &[3], &[4, 3], &[2, 5, 3]] {
            let crowd: Vec<Weights> = [0.1, 2.0, 7.0].map(|seed| network(hidden, seed)).to_vec();
            let one = mean(&crowd, hidden.len() + 1).unwrap();
            for x in [vec![0.3, -1.2], vec![2.0, 0.7]] {
                let expected = crowd.iter().map(|member| output(member, x.clone())).sum::<f64>() / 3.0;
                assert!((output(&one, x) - expected).abs() < 1e-12, "{hidden:?}");
            }
        }
    }

    #[test]
    fn wide_networks_make_small_committees() {
        assert_eq!((members(&[]), members(&[200, 64]), members(&[4096])), (3, 2, 2));
    }
}
