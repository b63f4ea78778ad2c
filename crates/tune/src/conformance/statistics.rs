/// Kolmogorov-Smirnov: the largest distance between the empirical distribution and the uniform one, times √n.
pub(super) fn distance_to_uniform(mut places: Vec<f64>) -> f64 {
    places.sort_by(f64::total_cmp);
    let count = places.len() as f64;
    let distances = places.iter().enumerate().map(|(index, &place)| {
        let (below, above) = (index as f64 / count, (index + 1) as f64 / count);
        (place - below).abs().max((above - place).abs())
    });
    distances.fold(0.0, f64::max) * count.sqrt()
}

/// Pearson's statistic of found and expected counts.
pub(super) fn chi_square(cells: &[(f64, f64)]) -> f64 {
    cells.iter().map(|(found, expected)| (found - expected).powi(2) / expected).sum()
}

/// What chi-square exceeds with probability 1 in 10,000, by the approximation of Wilson and Hilferty, which errs upwards
/// (7 % at one degree of freedom).
pub(super) fn chi_square_limit(degrees: usize) -> f64 {
    let degrees = degrees as f64;
    let spread = 2.0 / (9.0 * degrees);
    degrees * (1.0 - spread + 3.719 * spread.sqrt()).powi(3)
}

/// Pearson's correlation; `None` where one side does not vary.
pub(super) fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let count = pairs.len() as f64;
    let (sum_x, sum_y) = pairs.iter().fold((0.0, 0.0), |(x, y), pair| (x + pair.0, y + pair.1));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        xx += (x - mean_x).powi(2);
        yy += (y - mean_y).powi(2);
        xy += (x - mean_x) * (y - mean_y);
    }
    (xx > 1e-9 && yy > 1e-9).then(|| xy / (xx * yy).sqrt())
}

#[cfg(test)]
mod tests {
    use super::{chi_square_limit, correlation, distance_to_uniform};

    #[test]
    fn limits_are_those_of_the_tables() {
        // Quantiles 0.9999 of chi-square with 1, 2 and 5 degrees: 15.137, 18.421, 25.745.
        for (degrees, limit) in [(1, 15.137), (2, 18.421), (5, 25.745)] {
            let ratio = chi_square_limit(degrees) / limit;
            assert!((0.999..1.08).contains(&ratio), "{degrees}: {ratio}");
        }
    }

    #[test]
    fn the_distance_of_the_middle_points_is_half_a_step() {
        let places = vec![0.625, 0.125, 0.875, 0.375];
        assert!((distance_to_uniform(places) - 0.125 * 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_line_is_correlated_and_a_constant_is_not() {
        assert!((correlation(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(correlation(&[(0.0, 1.0), (1.0, 1.0)]), None);
    }
}
