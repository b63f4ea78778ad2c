//! A matrix is kept once, whatever is done with it: preparing and training take little beside it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use caviar_formats::{Array, Elements, npy};
use caviar_lab::{BatchRows, DataOptions, Experiment, Quiet, Recipe, Workers, train};
use caviar_table::{Scaling, Task};
use tempfile::TempDir;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which keeps the balance.
struct Balance;

fn taken(bytes: usize) {
    let held = HELD.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(held, Ordering::Relaxed);
}

// SAFETY: everything is handed to the system's allocator; the counters allocate nothing.
unsafe impl GlobalAlloc for Balance {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Balance = Balance;

/// The most bytes held while a network is trained on a file for an epoch, as a multiple of the file.
fn peak(folder: &TempDir, shape: [usize; 2], elements: Elements, scaling: Scaling) -> f64 {
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    let (x, y) = (path("x.npy"), path("y.npy"));
    let size = {
        let bytes = npy::write(&Array::new(shape.to_vec(), elements).unwrap());
        std::fs::write(&x, &bytes).unwrap();
        bytes.len()
    };
    let labels = (0..shape[0]).map(|row| (row % 7 % 2) as u8).collect();
    std::fs::write(&y, npy::write(&Array::new(vec![shape[0]], Elements::U8(labels)).unwrap())).unwrap();
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let target = y.to_str().unwrap();
    let options = DataOptions { scaling, task: Task::Classification, ..DataOptions::new(target) };
    let experiment = Experiment::prepare(&x, &options).unwrap();
    let recipe = Recipe { hidden: vec![8], batch_size: BatchRows::Rows(500), epochs: 1, ..Recipe::default() };
    let finished = train(&experiment, &recipe, &Workers::new(1), &mut Quiet).unwrap();
    assert_eq!(finished.trials.len(), 1);
    (PEAK.load(Ordering::Relaxed) - before) as f64 / size as f64
}

/// One test, because the balance is that of the whole program.
#[test]
fn a_matrix_is_kept_once() {
    let folder = TempDir::new().unwrap();
    let reals = (0..200_000 * 30_u32).map(|at| (at % 1_013) as f32 / 7.0).collect();
    let wide = peak(&folder, [200_000, 30], Elements::F32(reals), Scaling::Standard);
    assert!(wide <= 1.5, "{wide} times the numbers");
    let bytes = (0..20_000 * 784_u32).map(|at| (at % 251) as u8).collect();
    let pictures = peak(&folder, [20_000, 784], Elements::U8(bytes), Scaling::Unit255);
    assert!(pictures <= 1.5, "{pictures} times the bytes");
}
