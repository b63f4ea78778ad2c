//! Aligned storage: one buffer per element type, lent out as disjoint slices.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;

/// The alignment of every buffer: one cache line, one AVX-512 register.
const ALIGNMENT: usize = 64;

/// A slice of fixed length that starts on a cache line, filled with `T::default()`.
pub struct Buffer<T: Copy> {
    start: NonNull<T>,
    len: usize,
    owns: PhantomData<T>,
}

// SAFETY: a buffer owns its elements like a `Vec<T>`; it hands them out only by `&self` and `&mut self`.
unsafe impl<T: Copy + Send> Send for Buffer<T> {}
// SAFETY: as above.
unsafe impl<T: Copy + Sync> Sync for Buffer<T> {}

impl<T: Copy> Buffer<T> {
    fn layout(len: usize) -> Layout {
        let exact = Layout::array::<T>(len).and_then(|layout| layout.align_to(ALIGNMENT));
        match exact {
            Ok(layout) => layout,
            Err(_) => panic!("a buffer of {len} elements does not fit the address space"),
        }
    }
}

impl<T: Copy + Default> Buffer<T> {
    /// `len` elements, each `T::default()`, which is zero for numbers.
    pub fn new(len: usize) -> Self {
        let layout = Self::layout(len);
        if layout.size() == 0 {
            return Buffer { start: NonNull::dangling(), len, owns: PhantomData };
        }
        // SAFETY: the layout is not of size zero.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }.cast::<T>()) else { handle_alloc_error(layout) };
        for index in 0..len {
            // SAFETY: `index < len`, and the allocation holds `len` elements.
            unsafe { start.add(index).write(T::default()) };
        }
        Buffer { start, len, owns: PhantomData }
    }

    /// A copy of `values`.
    pub fn from_slice(values: &[T]) -> Self {
        let mut buffer = Self::new(values.len());
        buffer.copy_from_slice(values);
        buffer
    }
}

impl<T: Copy> Drop for Buffer<T> {
    fn drop(&mut self) {
        let layout = Self::layout(self.len);
        if layout.size() > 0 {
            // SAFETY: `new` allocated `start` with this very layout; `T: Copy` needs no drop.
            unsafe { dealloc(self.start.as_ptr().cast(), layout) };
        }
    }
}

impl<T: Copy> Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: `start` is the start of `len` initialized elements (or dangling and aligned with nothing to read).
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Copy> DerefMut for Buffer<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and `&mut self` is the only borrow.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T: Copy + Default> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        Self::from_slice(self)
    }
}

impl<T: Copy + Default> Default for Buffer<T> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.deref().fmt(f)
    }
}

/// A part of an arena: `len` elements from `start`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first element.
    pub start: usize,
    /// The number of elements.
    pub len: usize,
}

impl Span {
    /// The first element after the span.
    #[inline]
    pub fn end(self) -> usize {
        self.start + self.len
    }

    /// The numbers of its elements.
    #[inline]
    pub fn range(self) -> Range<usize> {
        self.start..self.end()
    }

    /// Whether the two share an element.
    #[inline]
    pub fn overlaps(self, other: Span) -> bool {
        self.len > 0 && other.len > 0 && self.start < other.end() && other.start < self.end()
    }
}

/// One buffer, lent as slices: any number to read, or some to write together with others to read.
#[derive(Clone, Debug, Default)]
pub struct Arena<T: Copy + Default> {
    buffer: Buffer<T>,
}

impl<T: Copy + Default> Arena<T> {
    /// An arena of `len` elements, each `T::default()`.
    pub fn new(len: usize) -> Self {
        Arena { buffer: Buffer::new(len) }
    }

    /// The elements of a span.
    #[inline]
    pub fn get(&self, span: Span) -> &[T] {
        &self.buffer[span.start..][..span.len]
    }

    /// All elements from one on.
    #[inline]
    pub fn onwards(&self, start: usize) -> &[T] {
        &self.buffer[start..]
    }

    /// All elements from one on, to be changed.
    #[inline]
    pub fn onwards_mut(&mut self, start: usize) -> &mut [T] {
        &mut self.buffer[start..]
    }

    /// The elements of a span, to be changed.
    #[inline]
    pub fn get_mut(&mut self, span: Span) -> &mut [T] {
        &mut self.buffer[span.start..][..span.len]
    }

    /// The `outputs` to write and, at the same time, the `inputs` to read.
    ///
    /// Inputs may overlap each other. Panics where a span leaves the arena or an output shares an element with any
    /// other span: the plan that laid out the spans would be wrong.
    #[inline]
    pub fn lend<const O: usize, const I: usize>(
        &mut self,
        outputs: [Span; O],
        inputs: [Span; I],
    ) -> ([&mut [T]; O], [&[T]; I]) {
        let len = self.buffer.len();
        let inside = |span: &Span| span.start <= len && span.len <= len - span.start;
        assert!(outputs.iter().chain(&inputs).all(inside), "a span leaves the arena of {len} elements");
        for (index, output) in outputs.iter().enumerate() {
            let mut others = outputs[index + 1..].iter().chain(&inputs);
            assert!(!others.any(|other| output.overlaps(*other)), "an output shares elements with another span");
        }
        let start = self.buffer.as_mut_ptr();
        // SAFETY: every span lies inside the buffer, no output shares an element with another span (both asserted
        // above), and the slices live as long as the borrow of `self`.
        unsafe {
            (
                outputs.map(|span| std::slice::from_raw_parts_mut(start.add(span.start), span.len)),
                inputs.map(|span| std::slice::from_raw_parts(start.add(span.start).cast_const(), span.len)),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arena, Buffer, Span};

    #[test]
    fn a_buffer_starts_on_a_cache_line_and_is_zero() {
        for len in [0, 1, 3, 64, 1000] {
            let buffer = Buffer::<f32>::new(len);
            assert_eq!(buffer.len(), len);
            assert!(len == 0 || buffer.as_ptr().addr().is_multiple_of(64));
            assert!(buffer.iter().all(|value| *value == 0.0));
        }
        assert_eq!(&Buffer::<bool>::new(2)[..], &[false, false]);
    }

    #[test]
    fn a_copy_of_a_buffer_is_its_own() {
        let mut first = Buffer::from_slice(&[1_i64, 2, 3]);
        let second = first.clone();
        first[0] = 9;
        assert_eq!((&first[..], &second[..]), (&[9, 2, 3][..], &[1, 2, 3][..]));
    }

    #[test]
    fn an_arena_lends_outputs_beside_inputs() {
        let mut arena = Arena::<f64>::new(8);
        arena.get_mut(Span { start: 0, len: 4 }).copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
        let ([sum, empty], [left, right]) = arena.lend(
            [Span { start: 4, len: 2 }, Span { start: 1, len: 0 }],
            [Span { start: 0, len: 3 }, Span { start: 2, len: 2 }],
        );
        assert!(empty.is_empty());
        sum[0] = left.iter().sum();
        sum[1] = right.iter().sum();
        assert_eq!(arena.get(Span { start: 3, len: 4 }), [4.0, 6.0, 7.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "shares elements")]
    fn an_output_never_overlaps_an_input() {
        let mut arena = Arena::<f32>::new(8);
        let _ = arena.lend([Span { start: 2, len: 3 }], [Span { start: 0, len: 3 }]);
    }

    #[test]
    #[should_panic(expected = "shares elements")]
    fn an_output_never_overlaps_an_output() {
        let mut arena = Arena::<f32>::new(8);
        let _ = arena.lend([Span { start: 2, len: 3 }, Span { start: 4, len: 1 }], []);
    }

    #[test]
    #[should_panic(expected = "leaves the arena")]
    fn a_span_stays_inside_the_arena() {
        let mut arena = Arena::<f32>::new(8);
        let _ = arena.lend([], [Span { start: 2, len: usize::MAX }]);
    }
}
