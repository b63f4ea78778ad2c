//! Work on all cores, its results in the order of the work.

use std::num::NonZero;
use std::thread;

/// Rows that are worked on at a time, over all threads: each holds copies of what it works on.
const ROWS_AT_ONCE: usize = 1 << 22;
/// Work on fewer cells than this is over before a thread has begun.
const WORTH_SPREADING: usize = 1 << 16;

/// How many threads are worth it for so many items of so many rows.
pub(crate) fn threads(items: usize, rows: usize) -> usize {
    if items.saturating_mul(rows) < WORTH_SPREADING {
        return 1;
    }
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    cores.min(items).min((ROWS_AT_ONCE / rows.max(1)).max(1)).max(1)
}

/// The answer to each item, by so many threads; which of them gives it does not matter.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, threads: usize, answer: impl Fn(T) -> R + Sync) -> Vec<R> {
    if threads < 2 {
        return items.into_iter().map(answer).collect();
    }
    let mut hands: Vec<Vec<(usize, T)>> = (0..threads).map(|_| Vec::new()).collect();
    for (place, item) in items.into_iter().enumerate() {
        hands[place % threads].push((place, item));
    }
    let answer = &answer;
    let work = move |hand: Vec<(usize, T)>| -> Vec<(usize, R)> {
        hand.into_iter().map(|(place, item)| (place, answer(item))).collect()
    };
    let mut answers: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = hands.into_iter().map(|hand| scope.spawn(move || work(hand))).collect();
        let joined = workers.into_iter().map(|worker| match worker.join() {
            Ok(answers) => answers,
            // A fault of the work is the caller's, as if it had worked alone.
            Err(fault) => std::panic::resume_unwind(fault),
        });
        joined.flatten().collect()
    });
    answers.sort_unstable_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::{map, threads};

    #[test]
    fn answers_come_in_the_order_of_the_items() {
        for threads in [1, 2, 3, 7] {
            assert_eq!(
                map((0..20).collect(), threads, |item: i32| item * item),
                (0..20).map(|i| i * i).collect::<Vec<_>>()
            );
        }
        assert!(map(Vec::<i32>::new(), 4, |item| item).is_empty());
    }

    #[test]
    fn little_work_and_many_rows_take_few_threads() {
        assert_eq!((threads(10, 100), threads(100, 1 << 25), threads(0, 0)), (1, 1, 1));
    }
}
