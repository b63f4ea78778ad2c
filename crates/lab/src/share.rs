//! Work shared out among threads.

use std::panic::resume_unwind;
use std::thread;

/// What `work` makes of each item, in the order of the items: contiguous shares, one to a thread.
pub(crate) fn shared_out<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(threads.max(1)).max(1);
    let work = &work;
    thread::scope(|scope| {
        let parts = items.chunks(share).map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<R>>()));
        let parts: Vec<_> = parts.collect();
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
        }
        assert!(shared_out(&[0; 0], 2, |item: &u64| *item).is_empty());
    }
}
