//! Files with bytes changed, cut out, doubled or cut off: an array or an error, soon, and no more memory than a file of
//! that length can be worth.
//!
//! 100,000 files for each format; `CAVIAR_MUTATIONS` sets another number.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::seeds::{Seed, seeds};
use caviar_formats::{ArrayFile, ArrayInfo};

/// Counts what this thread holds, and the most of it.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    // The last frees of a thread come when its counters are gone.
    let held = HELD.try_with(|held| {
        held.set(held.get() + change);
        held.get()
    });
    if let Ok(held) = held {
        let _ = MOST.try_with(|most| most.set(most.get().max(held)));
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Numbers from a seed (SplitMix64), so that a failure can be found again by its number.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// One to four changes.
fn changed(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let place = numbers.below(bytes.len());
        let end = (place + 1 + numbers.below(8)).min(bytes.len());
        match numbers.below(8) {
            0 => bytes.truncate(place),
            1 => drop(bytes.drain(place..end)),
            2 => {
                let part = bytes[place..end].to_vec();
                bytes.splice(place..place, part);
            }
            3 => bytes[place..end].fill(0xff),
            4 => bytes[place..end].fill(0),
            5 => bytes[place] ^= 1 << numbers.below(8),
            6 => bytes[place] = bytes[place].wrapping_add(1),
            _ => bytes[place] = numbers.next() as u8,
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// The slack that decoders, caches and error messages may take beside the arrays.
const SLACK: isize = 16 << 20;
/// Far more than any of these small files needs, on a busy machine too.
const LONGEST: Duration = Duration::from_secs(5);

fn survive(format: &str) {
    let seeds: Vec<Seed> = seeds().into_iter().filter(|seed| seed.name.starts_with(format)).collect();
    assert!(!seeds.is_empty());
    let files = std::env::var("CAVIAR_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000_u64);
    let mut arrays = 0_u64;
    for file in 0..files {
        let mut numbers = Numbers(file);
        let seed = &seeds[numbers.below(seeds.len())];
        let bytes = changed(&seed.bytes, &mut numbers);
        let (length, start, before) = (bytes.len(), Instant::now(), HELD.get());
        MOST.set(before);
        if let Ok(opened) = ArrayFile::parse(bytes) {
            let good = |array: &&ArrayInfo| match array.kind {
                "text" => opened.read_texts(&array.name).is_ok(),
                _ => opened.read(&array.name).is_ok(),
            };
            arrays += opened.arrays().iter().filter(good).count() as u64;
        }
        let taken = MOST.get() - before;
        assert!(start.elapsed() < LONGEST, "{}, file {file}: {:?}", seed.name, start.elapsed());
        // Deflate makes at most 1032 bytes of one; an element may take eight times its bytes in memory.
        let worth = (length as isize + 1) * 1032 * 9 + SLACK;
        assert!(taken < worth, "{}, file {file} of {length} bytes: {taken} bytes of memory", seed.name);
    }
    assert!(arrays > 0, "no changed file was still read: the changes are too rough to test much");
}

#[test]
fn changed_npy_files_are_read_or_refused() {
    survive("npy");
}

#[test]
fn changed_npz_files_are_read_or_refused() {
    survive("npz");
}

#[test]
fn changed_idx_files_are_read_or_refused() {
    survive("IDX");
}

#[test]
fn changed_hdf5_files_are_read_or_refused() {
    survive("HDF5");
}
