//! When scikit-learn's networks stop: the loss, or the score of the rows held out, no longer better by `tol`.

/// What has happened since it was last better.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopping {
    tol: f64,
    patience: Option<u64>,
    lowest: f64,
    waited: u64,
}

impl Stopping {
    /// `patience` is how many epochs may pass; without one they all may.
    pub(crate) fn new(tol: f64, patience: Option<u64>) -> Self {
        Stopping { tol, patience, lowest: f64::INFINITY, waited: 0 }
    }

    /// Takes the cost of an epoch (lower is better); whether it has waited too long.
    pub(crate) fn is_over(&mut self, cost: f64) -> bool {
        self.waited = if cost > self.lowest - self.tol { self.waited + 1 } else { 0 };
        if cost < self.lowest {
            self.lowest = cost;
        }
        self.patience.is_some_and(|patience| self.waited > patience)
    }

    /// Waits anew.
    pub(crate) fn restart(&mut self) {
        self.waited = 0;
    }
}
