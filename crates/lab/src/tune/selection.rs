//! Which networks make the best average: chosen one after the other.

use crate::share::shared_out;

/// Networks are taken so often, all together.
const ROUNDS: u64 = 25;
/// At most so many different ones are taken: each makes every prediction dearer.
const MOST: usize = 8;

/// How often each of several networks is to count in their average: greedy selection with replacement, which begins with
/// the first. `answers` has each one's answers on the same rows; `cost` measures answers, first by one number and, of equal
/// ones, by another.
///
/// ```text
/// c₁ = e₀,   cₖ₊₁ = cₖ + eᵢ     i = argmin cost((Σⱼ cₖⱼ·aⱼ + aᵢ)/(k+1)),  of equal ones the earlier
/// result: the cₖ whose average costs least, of equal ones the shortest
/// ```
///
/// - **Reference:** Caruana, Niculescu-Mizil, Crew & Ksikes 2004, *Ensemble selection from libraries of models*, ICML.
pub(super) fn selected(answers: &[Vec<f64>], threads: usize, cost: impl Fn(&[f64]) -> [f64; 2] + Sync) -> Vec<u64> {
    let mut counts = vec![0; answers.len()];
    let Some(first) = answers.first() else { return counts };
    counts[0] = 1;
    let (mut sum, mut best, mut lowest) = (first.clone(), counts.clone(), cost(first));
    for taken in 1..ROUNDS {
        let is_full = counts.iter().filter(|count| **count > 0).count() == MOST;
        let candidates: Vec<usize> = (0..answers.len()).filter(|&place| !is_full || counts[place] > 0).collect();
        let with = |place: usize| sum.iter().zip(&answers[place]).map(|(sum, answer)| sum + answer);
        let costs = shared_out(&candidates, threads, |&place| {
            cost(&with(place).map(|sum| sum / (taken + 1) as f64).collect::<Vec<f64>>())
        });
        let cheaper = |a: &(&usize, [f64; 2]), b: &(&usize, [f64; 2])| is_cheaper(a.1, b.1);
        let mut candidates = candidates.iter().zip(costs);
        let Some(first) = candidates.next() else { break };
        let (&place, cost) = candidates.fold(first, |best, other| if cheaper(&other, &best) { other } else { best });
        sum = with(place).collect();
        counts[place] += 1;
        if is_cheaper(cost, lowest) {
            (best, lowest) = (counts.clone(), cost);
        }
    }
    best
}

/// What is not a number is dearer than any.
fn is_cheaper(a: [f64; 2], b: [f64; 2]) -> bool {
    a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])).is_lt()
}

#[cfg(test)]
mod tests {
    use super::{MOST, selected};

    /// The squared distance to a truth.
    fn distance(truth: &[f64]) -> impl Fn(&[f64]) -> [f64; 2] + Sync {
        let truth = truth.to_vec();
        move |answers| [answers.iter().zip(&truth).map(|(a, b)| (a - b).powi(2)).sum(), 0.0]
    }

    #[test]
    fn errors_that_cancel_are_averaged_as_often_as_it_takes() {
        // Truth 0: of 2 and −1 the average with weights 1 and 2 is right.
        assert_eq!(selected(&[vec![2.0], vec![-1.0], vec![5.0]], 2, distance(&[0.0])), [1, 2, 0]);
        // What is right alone needs no company.
        assert_eq!(selected(&[vec![0.0, 1.0], vec![0.5, 1.0]], 2, distance(&[0.0, 1.0])), [1, 0]);
        assert!(selected(&[], 2, distance(&[])).is_empty());
    }

    #[test]
    fn of_equal_ones_the_earlier_is_taken_and_what_is_not_a_number_never() {
        let answers = [vec![3.0], vec![f64::NAN], vec![-3.0], vec![-3.0]];
        assert_eq!(selected(&answers, 1, distance(&[0.0])), [1, 0, 1, 0]);
    }

    #[test]
    fn the_second_number_decides_between_equal_first_ones() {
        let cost = |answers: &[f64]| [f64::from(u8::from(answers[0] > 4.0)), (answers[0] - 1.0).abs()];
        assert_eq!(selected(&[vec![2.0], vec![3.0], vec![0.0]], 1, cost), [1, 0, 1]);
    }

    #[test]
    fn no_more_than_so_many_different_ones_are_taken_on_any_number_of_threads() {
        // Unit vectors: every further one brings the average nearer to zero.
        let unit = |place: usize| (0..12).map(|at| f64::from(u8::from(at == place))).collect::<Vec<f64>>();
        let answers: Vec<Vec<f64>> = (0..12).map(unit).collect();
        let counts = selected(&answers, 1, distance(&[0.0; 12]));
        assert_eq!(counts.iter().filter(|count| **count > 0).count(), MOST);
        // Equal shares are best, and eight of them are had with 8, 16 or 24: the shortest is taken.
        assert_eq!(counts, [vec![1; 8], vec![0; 4]].concat());
        assert_eq!(selected(&answers, 5, distance(&[0.0; 12])), counts);
    }
}
