//! Rows dealt into folds.

/// Deals rows into folds of nearly equal size, each class spread evenly over them.
///
/// Rows are taken class by class, within a class in the order of their keys, and dealt out one to each fold in turn.
/// Rows of a fold are ascending.
pub(crate) fn deal(rows: &[usize], labels: Option<&[u32]>, folds: usize, key: &dyn Fn(u64) -> u64) -> Vec<Vec<usize>> {
    let label = |row: usize| labels.and_then(|labels| labels.get(row)).copied().unwrap_or(0);
    let mut keyed: Vec<(u32, u64, usize)> = rows.iter().map(|&row| (label(row), key(row as u64), row)).collect();
    keyed.sort_unstable();
    let mut dealt = vec![Vec::new(); folds];
    for (place, (_, _, row)) in keyed.into_iter().enumerate() {
        dealt[place % folds].push(row);
    }
    dealt.iter_mut().for_each(|fold| fold.sort_unstable());
    dealt
}

/// The rows that are not in the fold, ascending.
pub(crate) fn others(rows: &[usize], fold: &[usize]) -> Vec<usize> {
    rows.iter().copied().filter(|row| fold.binary_search(row).is_err()).collect()
}

#[cfg(test)]
mod tests {
    use super::{deal, others};

    #[test]
    fn every_row_is_in_one_fold_and_every_class_in_all() {
        let labels: Vec<u32> = (0..103).map(|row| u32::from(row % 10 == 0)).collect();
        let rows: Vec<usize> = (0..103).filter(|row| row % 7 != 0).collect();
        let folds = deal(&rows, Some(&labels), 5, &|row| row.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut all = folds.concat();
        all.sort_unstable();
        assert_eq!(all, rows);
        for fold in &folds {
            assert!((17..=18).contains(&fold.len()));
            assert!(fold.iter().any(|row| labels[*row] == 1));
            assert_eq!(others(&rows, fold).len() + fold.len(), rows.len());
        }
    }
}
