//! Numbers that somebody else owns, used without a copy while they are lent.

use std::process::abort;
use std::sync::Arc;

/// Numbers that were lent; clones are the same ones.
#[derive(Clone, Debug)]
pub struct Lent<T: 'static>(Arc<Loan<T>>);

/// What is lent, as if for ever.
#[derive(Debug)]
struct Loan<T: 'static>(&'static [T]);

impl<T: 'static> AsRef<[T]> for Lent<T> {
    fn as_ref(&self) -> &[T] {
        self.0.0
    }
}

/// Holds the numbers until nobody else does.
struct Lender<T: 'static>(Arc<Loan<T>>);

impl<T: 'static> Drop for Lender<T> {
    fn drop(&mut self) {
        if Arc::get_mut(&mut self.0).is_none() {
            // What was lent would outlive its owner: there is no way on that is safe.
            abort();
        }
    }
}

/// Lends numbers to `work`, without a copy. All that was made of them must be dropped by its end, or the process is ended.
///
/// ```
/// use caviar_engine::rows::{Numbers, Rows, lend};
/// use std::sync::Arc;
///
/// let owned = [1.0_f32, 2.0, 3.0, 4.0];
/// let rows = lend(&owned, |lent| Rows::whole(Numbers::F32(Arc::new(lent)), 2).map(|rows| rows.len()))?;
/// assert_eq!(rows, 2);
/// # Ok::<(), caviar_engine::TensorError>(())
/// ```
pub fn lend<T: 'static, R>(numbers: &[T], work: impl FnOnce(Lent<T>) -> R) -> R {
    // SAFETY: the reference lives in the one `Arc` that is made here, is handed out for no longer than the `Lent` that holds
    // it is borrowed, and when this function is left, by a panic too, the lender sees to it that no other clone is left.
    let forever: &'static [T] = unsafe { std::slice::from_raw_parts(numbers.as_ptr(), numbers.len()) };
    let lender = Lender(Arc::new(Loan(forever)));
    work(Lent(Arc::clone(&lender.0)))
}
