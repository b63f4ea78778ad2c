//! Up to sixteen rows of a matrix, turned so that each row is a lane.

use crate::kernels::simd::{Element, LANES, Simd};
use crate::real::Real;

/// The classes that are turned at a time.
const TILE: usize = 32;

/// Rows of so few classes are written class by class: a loop over each row would take longer than its elements.
const NARROW: usize = 16;

/// What the room for a tile holds.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    Nothing,
    Elements(usize),
    Exponentials(usize),
}

/// Room for one tile.
pub type Lanes<T> = [[T; LANES]; TILE];

/// Rows `[count, classes]`, `count ≤ 16`; tile `i` holds the classes from `32·i` on, one vector for each. Lanes without a row are 0.
pub struct Tiles<'a, T> {
    x: &'a [T],
    classes: usize,
    rows: usize,
    lanes: &'a mut Lanes<T>,
    held: Held,
}

impl<'a, T: Real> Tiles<'a, T> {
    /// Room for one tile.
    #[inline(always)]
    pub fn room() -> Lanes<T> {
        [[T::ZERO; LANES]; TILE]
    }

    /// The `rows ≤ 16` rows of `x`, turned in `lanes`.
    #[inline(always)]
    pub fn new(x: &'a [T], rows: usize, classes: usize, lanes: &'a mut Lanes<T>) -> Self {
        assert!(rows <= LANES && x.len() == rows * classes, "the shape of some rows");
        Tiles { x, classes, rows, lanes, held: Held::Nothing }
    }

    /// The number of tiles.
    #[inline(always)]
    pub fn count(&self) -> usize {
        self.classes.div_ceil(TILE)
    }

    /// The number of classes.
    #[inline(always)]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The element of one row and class.
    #[inline(always)]
    pub fn at(&self, row: usize, class: usize) -> T {
        self.x[row * self.classes + class]
    }

    /// The vectors of a tile, which may be overwritten by results before [`Tiles::store`].
    #[inline(always)]
    pub fn load<S: Simd<Elem = T>>(&mut self, s: S, tile: usize) -> &mut [[T; LANES]] {
        let first = tile * TILE;
        let size = TILE.min(self.classes - first);
        let lanes = &mut self.lanes[..size];
        if self.held != Held::Elements(tile) {
            for (class, lanes) in lanes.iter_mut().enumerate() {
                s.store(s.gather(&self.x[first + class..], self.classes, self.rows), lanes);
            }
            self.held = Held::Elements(tile);
        }
        lanes
    }

    /// `e^(z − largest)` of the vectors of a tile, which may be overwritten as those of [`Tiles::load`].
    #[inline(always)]
    pub fn exponentials<S: Simd<Elem = T>>(&mut self, s: S, tile: usize, largest: S::V) -> &mut [[T; LANES]] {
        if self.held != Held::Exponentials(tile) {
            for z in self.load(s, tile) {
                s.store(<T as Element>::exp(s, s.sub(s.load(z), largest)), z);
            }
            self.held = Held::Exponentials(tile);
        }
        let first = tile * TILE;
        &mut self.lanes[..TILE.min(self.classes - first)]
    }

    /// Writes the vectors of a tile, as they are now, to the rows of `out`.
    #[inline(always)]
    pub fn store(&mut self, tile: usize, out: &mut [T]) {
        let first = tile * TILE;
        let lanes = &self.lanes[..TILE.min(self.classes - first)];
        self.held = Held::Nothing;
        if self.rows == LANES && lanes.len() <= NARROW {
            assert!(out.len() >= LANES * self.classes, "room for sixteen rows");
            for (class, lanes) in (first..).zip(lanes) {
                for (row, lane) in lanes.iter().enumerate() {
                    // SAFETY: `row < 16` and `class < classes`, and `out` has sixteen rows of so many.
                    unsafe { *out.get_unchecked_mut(row * self.classes + class) = *lane };
                }
            }
            return;
        }
        for l in 0..self.rows {
            let row = &mut out[l * self.classes + first..][..lanes.len()];
            for (lanes, x) in lanes.iter().zip(row) {
                *x = lanes[l];
            }
        }
    }
}
