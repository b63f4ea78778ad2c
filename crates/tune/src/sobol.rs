mod directions;

use crate::sampler::Uniform;
use directions::DIRECTIONS;

/// Bits of a coordinate.
const BITS: u32 = 32;

/// In place of a trial's number, the key of what scrambles a dimension.
const SCRAMBLE: u64 = u64::MAX;

/// A coordinate of a point of Sobol's sequence, scrambled by key: points that fill the space more evenly than independent
/// draws do, any first `2^k` of them with one in each `2^k`-th part of every axis.
///
/// ```text
/// x_i = ⊕ v_j over the bits j of i ⊕ ⌊i/2⌋          v_j = 2^(32-j) m_j
/// m_j = 2 a_1 m_(j-1) ⊕ 4 a_2 m_(j-2) ⊕ ... ⊕ 2^s m_(j-s) ⊕ m_(j-s)
/// ```
///
/// - **Units:** `index` counts points from 0; the result lies inside (0, 1).
/// - **Convention:** each dimension is scrambled in the manner of Owen, every bit flipped by a hash of the bits above it,
///   with a seed from `uniform(u64::MAX, dimension)`. Dimensions beyond 64, and indices beyond 32 bits, are independent
///   draws.
/// - **Reference:** Joe & Kuo 2008 (direction numbers); Burley 2020, "Practical Hash-based Owen Scrambling", JCGT 9(4).
pub(crate) fn coordinate(index: u64, dimension: usize, uniform: Uniform<'_>) -> f64 {
    let Ok(short) = u32::try_from(index) else { return uniform(index, dimension as u64) };
    let Some(point) = point(short, dimension) else { return uniform(index, dimension as u64) };
    let seed = (uniform(SCRAMBLE, dimension as u64) * f64::from(u32::MAX)) as u32;
    (f64::from(scrambled(point, seed)) + 0.5) / 2_f64.powi(BITS as i32)
}

/// The coordinate as a binary fraction of 32 bits, unscrambled; `None` beyond the table.
fn point(index: u32, dimension: usize) -> Option<u32> {
    let gray = index ^ (index >> 1);
    let direction = match dimension {
        0 => None,
        _ => Some(DIRECTIONS.get(dimension - 1)?),
    };
    let mut numbers = [1_u32; BITS as usize];
    if let Some((coefficients, first)) = direction {
        let degree = first.len();
        numbers[..degree].copy_from_slice(first);
        for j in degree..numbers.len() {
            let oldest = numbers[j - degree];
            let mut number = oldest ^ (oldest << degree);
            for k in 1..degree {
                if coefficients >> (degree - 1 - k) & 1 == 1 {
                    number ^= numbers[j - k] << k;
                }
            }
            numbers[j] = number;
        }
    }
    let set = (0..BITS).filter(|bit| gray >> bit & 1 == 1);
    Some(set.fold(0, |point, bit| point ^ (numbers[bit as usize] << (BITS - 1 - bit))))
}

/// Flips each bit by a hash of the bits above it, so that a part of the axis goes to a part of the same size.
fn scrambled(point: u32, seed: u32) -> u32 {
    let mut bits = point.reverse_bits();
    bits ^= bits.wrapping_mul(0x3d20_adea);
    bits = bits.wrapping_add(seed);
    bits = bits.wrapping_mul((seed >> 16) | 1);
    bits ^= bits.wrapping_mul(0x0552_6c56);
    bits ^= bits.wrapping_mul(0x53a2_2864);
    bits.reverse_bits()
}

#[cfg(test)]
mod tests {
    use super::{coordinate, point};
    use crate::conformance::keyed_uniform;
    use std::collections::BTreeSet;

    #[test]
    fn points_are_those_of_scipy() {
        let text = include_str!("../../../fixtures/sobol.json");
        let fixture: serde_json::Value = serde_json::from_str(text).unwrap();
        for (index, row) in fixture["points"].as_array().unwrap().iter().enumerate() {
            let expected: Vec<f64> = row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            let unit = |dimension| f64::from(point(index as u32, dimension).unwrap()) / 4_294_967_296.0;
            let got: Vec<f64> = (0..expected.len()).map(unit).collect();
            assert_eq!((expected.len(), got), (64, expected), "point {index}");
        }
        assert_eq!(point(0, 64), None);
    }

    #[test]
    fn every_part_of_an_axis_gets_one_point() {
        for (seed, dimension) in [(1, 0), (2, 1), (3, 17), (4, 63)] {
            let uniform = keyed_uniform(seed);
            let parts = |points: u64| -> BTreeSet<u64> {
                (0..points).map(|index| (coordinate(index, dimension, &uniform) * points as f64) as u64).collect()
            };
            for points in [2, 64, 1024] {
                assert_eq!(parts(points).len() as u64, points, "dimension {dimension}");
            }
        }
    }
}
