//! Numbers that somebody else owns, used without a copy while they are lent.

use std::process::abort;
use std::sync::Arc;

/// Numbers that were lent; clones are the same ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Lent(Arc<Loan>);

/// What is lent, as if for ever.
#[derive(Debug, PartialEq)]
struct Loan(&'static [f32]);

impl Lent {
    /// The numbers.
    pub fn as_slice(&self) -> &[f32] {
        self.0.0
    }
}

/// Holds the numbers until nobody else does.
struct Lender(Arc<Loan>);

impl Drop for Lender {
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
/// let owned = [1.0, 2.0, 3.0, 4.0];
/// let rows = lend(&owned, |lent| Rows::whole(Numbers::Lent(lent), 2).map(|rows| rows.len()))?;
/// assert_eq!(rows, 2);
/// # Ok::<(), caviar_engine::TensorError>(())
/// ```
pub fn lend<R>(numbers: &[f32], work: impl FnOnce(Lent) -> R) -> R {
    // SAFETY: the reference lives in the one `Arc` that is made here, is handed out for no longer than the `Lent` that holds
    // it is borrowed, and when this function is left, by a panic too, the lender sees to it that no other clone is left.
    let forever: &'static [f32] = unsafe { std::slice::from_raw_parts(numbers.as_ptr(), numbers.len()) };
    let lender = Lender(Arc::new(Loan(forever)));
    work(Lent(Arc::clone(&lender.0)))
}
