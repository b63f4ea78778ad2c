//! ROC and precision-recall curves.

use super::Curve;

/// The most points of a curve that are kept.
const MOST_POINTS: usize = 200;

/// The ROC curve and the precision-recall curve of one class, from the probability said of each row and whether the row
/// is of the class; none unless there are rows of both kinds and every probability is a number.
///
/// - **Area:** of the ROC curve by trapezoids, the share of pairs in order; of the other the mean precision, each
///   threshold weighed by the recall it adds.
pub(super) fn curves(class: &str, said: &[(f64, bool)]) -> Option<(Curve, Curve)> {
    let positives = said.iter().filter(|(_, positive)| *positive).count();
    let negatives = said.len() - positives;
    if positives == 0 || negatives == 0 || said.iter().any(|(probability, _)| probability.is_nan()) {
        return None;
    }
    let mut sorted = said.to_vec();
    sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut roc, mut precision_recall) = (vec![(0.0, 0.0)], vec![(0.0, 1.0)]);
    let (mut hits, mut alarms) = (0_usize, 0_usize);
    let (mut roc_area, mut mean_precision) = (0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let more = tied.iter().filter(|(_, positive)| *positive).count();
        let (before, false_before) = (hits, alarms);
        hits += more;
        alarms += tied.len() - more;
        let precision = hits as f64 / (hits + alarms) as f64;
        roc_area += (alarms - false_before) as f64 * (hits + before) as f64 / 2.0;
        mean_precision += more as f64 * precision;
        roc.push((alarms as f64 / negatives as f64, hits as f64 / positives as f64));
        precision_recall.push((hits as f64 / positives as f64, precision));
    }
    let curve = |points, area| Curve { class: class.to_owned(), points: thinned(points), area };
    let roc_area = roc_area / (positives as f64 * negatives as f64);
    Some((curve(roc, roc_area), curve(precision_recall, mean_precision / positives as f64)))
}

/// Without points between two others on a straight line, and at most [`MOST_POINTS`] of these, evenly by place.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let straight =
        |a: (f64, f64), b: (f64, f64), c: (f64, f64)| (a.0 == b.0 && b.0 == c.0) || (a.1 == b.1 && b.1 == c.1);
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    for point in points {
        if let [.., before, last] = kept[..]
            && straight(before, last, point)
        {
            kept.pop();
        }
        kept.push(point);
    }
    if kept.len() <= MOST_POINTS {
        return kept;
    }
    let last = kept.len() - 1;
    (0..MOST_POINTS).map(|step| kept[step * last / (MOST_POINTS - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST_POINTS, curves, thinned};

    #[test]
    fn a_class_without_rows_on_both_sides_has_no_curve() {
        assert!(curves("a", &[(0.5, true), (0.1, true)]).is_none());
        assert!(curves("a", &[]).is_none());
        assert!(curves("a", &[(f64::NAN, true), (0.1, false)]).is_none());
    }

    #[test]
    fn thinning_keeps_corners_and_ends() {
        let stairs = vec![(0.0, 0.0), (0.0, 0.2), (0.0, 0.5), (0.3, 0.5), (0.6, 0.5), (1.0, 1.0)];
        assert_eq!(thinned(stairs), [(0.0, 0.0), (0.0, 0.5), (0.6, 0.5), (1.0, 1.0)]);
        let long: Vec<(f64, f64)> = (0..=5000).map(|i| (f64::from(i), f64::from(i * i))).collect();
        let short = thinned(long.clone());
        assert_eq!((short.len(), short[0], short[MOST_POINTS - 1]), (MOST_POINTS, long[0], long[5000]));
    }
}
