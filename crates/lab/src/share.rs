//! Work shared out among threads.

use std::panic::resume_unwind;
use std::thread;

/// What `work` makes of each item, in the order of the items: contiguous shares, one to a thread.
pub(crate) fn shared_out<T: Send, R: Send>(
    items: impl IntoIterator<Item = T>,
    threads: usize,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let mut items: Vec<T> = items.into_iter().collect();
    let share = items.len().div_ceil(threads.max(1)).max(1);
    if items.len() <= share {
        return items.into_iter().map(work).collect();
    }
    let work = &work;
    thread::scope(|scope| {
        let mut parts = Vec::with_capacity(threads);
        while !items.is_empty() {
            let rest = items.split_off(share.min(items.len()));
            let part = std::mem::replace(&mut items, rest);
            parts.push(scope.spawn(move || part.into_iter().map(work).collect::<Vec<R>>()));
        }
        parts.into_iter().flat_map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::shared_out;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..11).collect();
        let squares: Vec<u64> = items.iter().map(|item| item * item).collect();
        for threads in [0, 1, 2, 3, 20] {
            assert_eq!(shared_out(&items, threads, |item| item * item), squares);
            let mut changed = items.clone();
            shared_out(&mut changed, threads, |item| *item *= *item);
            assert_eq!(changed, squares);
        }
        assert!(shared_out([0_u64; 0], 2, |item| item).is_empty());
    }
}
