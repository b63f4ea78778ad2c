//! Rows on their way from the parser to the columns.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, Scope};

use crate::builder::{ColumnBuilder, MissingWords};
use crate::header::Wish;

/// Batches that wait for a worker at most.
const WAITING: usize = 4;

/// Some rows of as many cells each.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) rows: usize,
    pub(crate) text: Vec<u8>,
    /// Where each cell starts and ends in the text, row by row.
    pub(crate) cells: Vec<(u32, u32)>,
}

impl Batch {
    /// Forgets all rows, and keeps the memory for others.
    pub(crate) fn clear(&mut self) {
        self.rows = 0;
        self.text.clear();
        self.cells.clear();
    }

    /// The cell at this place, row by row.
    pub(crate) fn cell(&self, at: usize) -> &[u8] {
        let (start, end) = self.cells[at];
        &self.text[start as usize..end as usize]
    }

    fn column(&self, at: usize) -> impl Iterator<Item = &[u8]> {
        let width = (self.cells.len() / self.rows.max(1)).max(1);
        (at..self.cells.len()).step_by(width).map(|at| self.cell(at))
    }
}

/// A column of the file, its place and what it has so far.
pub(crate) type Place<'a> = (usize, &'a mut ColumnBuilder);

/// The columns that are to be built, with their places in the file.
pub(crate) fn places<'a>(columns: &'a mut [ColumnBuilder], wishes: &[Wish]) -> Vec<Place<'a>> {
    columns.iter_mut().enumerate().filter(|(at, _)| wishes.get(*at) != Some(&Wish::Skip)).collect()
}

/// Adds the rows of a batch to columns.
pub(crate) fn build(batch: &Batch, columns: &mut [Place<'_>], missing: &MissingWords<'_>) {
    for (at, column) in columns {
        batch.column(*at).for_each(|cell| column.push(cell, missing));
    }
}

/// Workers that build columns, each its own ones, while the next rows are read.
pub(crate) struct Builders {
    workers: Vec<SyncSender<Arc<Batch>>>,
    /// Batches that workers may still have.
    given: VecDeque<Arc<Batch>>,
}

impl Builders {
    /// One worker per core, within the scope; what they build is whole when this is dropped and the scope ends.
    pub(crate) fn start<'scope, 'a: 'scope>(
        scope: &'scope Scope<'scope, '_>,
        columns: Vec<Place<'a>>,
        missing: &'scope MissingWords<'_>,
    ) -> Builders {
        let cores = thread::available_parallelism().map_or(1, NonZero::get).min(columns.len()).max(1);
        let mut hands: Vec<Vec<Place<'a>>> = (0..cores).map(|_| Vec::new()).collect();
        for (turn, column) in columns.into_iter().enumerate() {
            hands[turn % cores].push(column);
        }
        let begin = |mut hand: Vec<Place<'a>>| {
            let (sender, batches) = sync_channel::<Arc<Batch>>(WAITING);
            scope.spawn(move || batches.iter().for_each(|batch| build(&batch, &mut hand, missing)));
            sender
        };
        Builders { workers: hands.into_iter().map(begin).collect(), given: VecDeque::new() }
    }

    /// Gives a batch to all workers, waits where one is behind, and gives back one that none needs any more.
    pub(crate) fn send(&mut self, batch: Batch) -> Batch {
        let batch = Arc::new(batch);
        for worker in &self.workers {
            // A worker that is gone has panicked, which the end of the scope passes on.
            let _ = worker.send(Arc::clone(&batch));
        }
        self.given.push_back(batch);
        match self.given.pop_front().map(Arc::try_unwrap) {
            Some(Ok(spare)) => spare,
            Some(Err(needed)) => {
                self.given.push_front(needed);
                Batch::default()
            }
            None => Batch::default(),
        }
    }
}
