//! Answers to the rows of a source of any length.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use caviar_table::{ReadOptions, Table};

use crate::error::LabError;
use crate::source::{is_table, read_table};

/// Numbers of a table that are held at a time, for each thread, where a file is read in pieces.
const CELLS_AT_ONCE: usize = 1 << 20;
/// Rows that are held at most.
const ROWS_AT_ONCE: usize = 8192;
/// Rows of an array that are answered at a time: it is in memory anyway.
const ARRAY_ROWS_AT_ONCE: usize = 32_768;

/// Some rows of a table.
type Piece = (Arc<Table>, Range<usize>);

/// Hands the answers to the rows of a source on, some rows at a time and in their order, so that memory does not grow with
/// the file; `threads` of them are worked on at once.
///
/// The options must have a schema, see [`crate::Model::read_options`]. `-` is the standard input. Arrays are read as a
/// whole.
///
/// # Errors
/// Anything that is wrong with the file, with its place; what `answer` and `take` say. The answers before it have been
/// taken then.
pub fn answer_in_pieces<R: Send, E: From<LabError>>(
    source: &Path,
    options: &ReadOptions,
    threads: usize,
    answer: impl Fn(&Table, Range<usize>) -> Result<R, LabError> + Sync,
    mut take: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let threads = threads.max(1);
    thread::scope(|scope| {
        // A piece is read where an answer has been taken, so that none piles up behind a slow one.
        let (credit, credits) = mpsc::sync_channel(2 * threads);
        (0..2 * threads).for_each(|_| credit.send(()).unwrap_or_default());
        let (sender, pieces) = mpsc::sync_channel(2 * threads);
        scope.spawn(move || send_pieces(source, options, &credits, &sender));
        let pieces = Arc::new(Mutex::new(pieces));
        let (done, answers) = mpsc::channel();
        for _ in 0..threads {
            let (pieces, done, answer) = (Arc::clone(&pieces), done.clone(), &answer);
            scope.spawn(move || {
                let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).recv();
                while let Ok((number, piece)) = next() {
                    let piece: Result<Piece, LabError> = piece;
                    let answered = piece.and_then(|(table, rows)| answer(&table, rows));
                    if done.send((number, answered)).is_err() {
                        break;
                    }
                }
            });
        }
        drop((done, pieces));
        let mut early = BTreeMap::new();
        let mut next = 0_usize;
        // Whoever takes no more closes the channels, which ends the other threads.
        for (number, answered) in answers {
            early.insert(number, answered);
            while let Some(answered) = early.remove(&next) {
                take(answered?)?;
                next += 1;
                let _ = credit.send(());
            }
        }
        Ok(())
    })
}

/// Reads the pieces and numbers them; one with an error is the last.
fn send_pieces(
    source: &Path,
    options: &ReadOptions,
    credits: &Receiver<()>,
    sender: &SyncSender<(usize, Result<Piece, LabError>)>,
) {
    // Nobody waits for more where a channel is closed.
    let send = |number, piece| credits.recv().is_ok() && sender.send((number, piece)).is_ok();
    let whole = |table: Table| {
        let rows = 0..table.rows();
        (Arc::new(table), rows)
    };
    if !is_table(source) {
        match read_table(source, options).map(whole) {
            Err(error) => drop(send(0, Err(error))),
            Ok((table, rows)) => {
                let part = |start: usize| start..(start + ARRAY_ROWS_AT_ONCE).min(rows.end);
                let parts = rows.clone().step_by(ARRAY_ROWS_AT_ONCE).map(|start| (Arc::clone(&table), part(start)));
                let _ = parts.enumerate().all(|(number, piece)| send(number, Ok(piece)));
            }
        }
        return;
    }
    let columns = options.schema.as_ref().map_or(1, |schema| schema.columns.len().max(1));
    let rows = (CELLS_AT_ONCE / columns).clamp(1, ROWS_AT_ONCE);
    let chunks = match source.as_os_str() == "-" {
        true => Table::chunks_from(io::stdin().lock(), "standard input".as_ref(), options, rows),
        false => Table::chunks(source, options, rows),
    };
    match chunks {
        Err(error) => drop(send(0, Err(error.into()))),
        Ok(chunks) => {
            let pieces = chunks.map(|piece| piece.map(whole).map_err(LabError::from));
            let _ = pieces.enumerate().all(|(number, piece)| send(number, piece));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::answer_in_pieces;
    use crate::error::LabError;
    use caviar_table::{Cells, ReadOptions, Schema, Storage, Table};
    use std::fmt::Write;
    use std::ops::Range;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::thread;

    const ROWS: usize = 40_000;

    fn file(name: &str, bad_row: Option<usize>) -> PathBuf {
        let mut text = "x\n".to_owned();
        for row in 0..ROWS {
            writeln!(text, "{}", if bad_row == Some(row) { "x".to_owned() } else { row.to_string() }).unwrap();
        }
        let path = std::env::temp_dir().join(format!("caviar-pieces-{name}-{}.csv", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }

    fn numbers(table: &Table, rows: Range<usize>) -> Result<Vec<f64>, LabError> {
        let Cells::Numbers(values) = &table.columns()[0].cells else { panic!("numbers") };
        Ok(values[rows].to_vec())
    }

    fn answers(
        path: &Path,
        threads: usize,
        answer: impl Fn(&Table, Range<usize>) -> Result<Vec<f64>, LabError> + Sync,
    ) -> (Vec<f64>, Result<(), LabError>) {
        let schema = Schema::default().with("x", Storage::Numbers);
        let options = ReadOptions { schema: Some(schema), ..ReadOptions::default() };
        let mut all = Vec::new();
        let end = answer_in_pieces(path, &options, threads, answer, |piece| {
            all.extend(piece);
            Ok(())
        });
        (all, end)
    }

    #[test]
    fn answers_come_in_the_order_of_the_rows_on_any_number_of_threads() {
        let path = file("order", None);
        for threads in [1, 2, 5] {
            let answered = AtomicUsize::new(0);
            // With several threads the first piece is the last of two to be answered.
            let first_late = |table: &Table, rows: Range<usize>| {
                let found = numbers(table, rows)?;
                while found[0] == 0.0 && threads > 1 && answered.load(Relaxed) == 0 {
                    thread::yield_now();
                }
                answered.fetch_add(1, Relaxed);
                Ok(found)
            };
            let (all, end) = answers(&path, threads, first_late);
            assert!(end.is_ok() && all.into_iter().eq((0..ROWS).map(|row| row as f64)), "{threads}");
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_comes_before_an_error_is_taken_and_nothing_after_it() {
        let path = file("error", Some(30_000));
        let (all, end) = answers(&path, 3, numbers);
        assert!(end.unwrap_err().to_string().contains("line 30002"));
        assert!(all.len() <= 30_000 && all.len() > 16_384 && all.iter().enumerate().all(|(row, &x)| x == row as f64));
        std::fs::remove_file(path).unwrap();
    }
}
