//! A few kernels in a row, cut into parts that run side by side: each part has elements of its own to write.

#[cfg(test)]
mod tests;

use super::buffer::{Arena, Span};
use super::cpu::Cpu;
use super::gang::Gang;
use super::map::MAX_INPUTS;
use std::marker::PhantomData;

/// The elements that one kernel writes and reads; spans that are not used are empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Access {
    /// Written, and by this kernel alone.
    pub outputs: [Span; 2],
    /// Read.
    pub inputs: [Span; MAX_INPUTS],
}

/// What each part writes and reads, kernel by kernel; no part touches what another one writes.
#[derive(Debug)]
pub struct Split {
    parts: Vec<Vec<Access>>,
    /// The first element behind all spans.
    end: usize,
}

impl Split {
    /// The parts, where they are independent; none where one writes what another reads or writes, or a kernel what it reads.
    pub fn new(parts: Vec<Vec<Access>>) -> Option<Self> {
        let own = |access: &Access| {
            let [first, second] = access.outputs;
            let apart = |output: Span| access.inputs.iter().all(|input| !input.overlaps(output));
            apart(first) && apart(second) && !first.overlaps(second)
        };
        let mut written: Vec<(Span, usize)> = Vec::new();
        for (part, accesses) in parts.iter().enumerate() {
            written.extend(accesses.iter().flat_map(|access| access.outputs).map(|span| (span, part)));
        }
        written.retain(|(span, _)| span.len > 0);
        written.sort_unstable_by_key(|(span, _)| span.start);
        let disjoint = written.windows(2).all(|pair| pair[0].0.end() <= pair[1].0.start);
        let alone = |part: usize, span: Span| {
            let from = written.partition_point(|(output, _)| output.end() <= span.start);
            let reached = written[from..].iter().take_while(|(output, _)| output.start < span.end());
            span.len == 0 || reached.fold(true, |alone, (_, owner)| alone & (*owner == part))
        };
        let mut accesses = parts.iter().enumerate().flat_map(|(part, all)| all.iter().map(move |one| (part, one)));
        let independent =
            accesses.all(|(part, access)| own(access) && access.inputs.iter().all(|&input| alone(part, input)));
        let spans = parts.iter().flatten().flat_map(|access| access.outputs.iter().chain(&access.inputs));
        let end = spans.map(|span| span.end()).max().unwrap_or(0);
        (disjoint && independent).then_some(Split { parts, end })
    }

    /// Calls `work` once for each part, on all threads of the gang, with the part's elements and a piece of the scratch, which
    /// is cut evenly.
    pub fn run<T: Copy + Default + Send + Sync>(
        &self,
        cpu: &Cpu,
        arena: &mut Arena<T>,
        scratch: &mut [T],
        work: impl Fn(&Cpu, usize, Part<'_, T>, &mut [T]) + Sync,
    ) {
        let all = arena.get_mut(Span { start: 0, len: self.end });
        let shared = Shared(all.as_mut_ptr());
        let piece = scratch.len() / self.parts.len().max(1);
        assert!(piece > 0, "each part has a piece of the scratch");
        cpu.gang.for_chunks(&mut scratch[..piece * self.parts.len()], piece, |number, scratch| {
            let part = Part { start: shared.start(), accesses: &self.parts[number], borrows: PhantomData };
            work(&Cpu { isa: cpu.isa, gang: Gang::alone() }, number, part, scratch);
        });
    }
}

/// The elements that the parts share.
struct Shared<T>(*mut T);

// SAFETY: the parts reach disjoint elements through the pointer where one of them writes (checked in `Split::new`), and `T` may be
// sent and shared.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn start(&self) -> *mut T {
        self.0
    }
}

/// The elements of one part, lent kernel by kernel.
pub struct Part<'a, T> {
    start: *mut T,
    accesses: &'a [Access],
    borrows: PhantomData<&'a mut T>,
}

impl<T> Part<'_, T> {
    /// What the next kernel writes and reads; empty slices after the last one.
    pub fn next(&mut self) -> ([&mut [T]; 2], [&[T]; MAX_INPUTS]) {
        let access = self.accesses.split_off_first().copied().unwrap_or_default();
        let start = self.start;
        // SAFETY: `Split::run` made sure that the spans lie inside the arena, and `Split::new` that nobody else writes these
        // elements nor reads those that are written; earlier slices of this part ended with the borrow of `self`.
        unsafe {
            (
                access.outputs.map(|span| std::slice::from_raw_parts_mut(start.add(span.start), span.len)),
                access.inputs.map(|span| std::slice::from_raw_parts(start.add(span.start).cast_const(), span.len)),
            )
        }
    }
}
