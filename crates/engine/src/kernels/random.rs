//! Random tensors: element `i` is a function of the stream and `i` alone, whoever fills it.

use super::cpu::Cpu;
use super::isa::Isa;
use super::simd::{Kernel, LANES, Simd};
use crate::real::Real;
use crate::rng::{KEY_STEPS, MULTIPLIERS, ROUNDS, Stream};

/// The words, and the elements of a mask, that are computed together: sixteen blocks of four words.
pub const GROUP: usize = 4 * LANES;
/// Elements that are worth a thread of their own, where each costs a logarithm and a cosine.
const WORTH_SPREADING: usize = 1024;
/// The same for a mask, of which a nanosecond makes several.
const WORTH_SPREADING_MASK: usize = 32 * 1024;

/// Fills `out` evenly from `[low, high)`: element `i` is `low + (high − low)·stream.uniform(i)`, computed in `f64`.
pub fn fill_uniform<T: Real>(cpu: &Cpu, stream: &Stream, low: f64, high: f64, out: &mut [T]) {
    fill(cpu, out, |index| low + (high - low) * stream.uniform(index));
}

/// Fills `out` from the normal distribution: element `i` is `mean + deviation·stream.normal(i)`, computed in `f64`.
pub fn fill_normal<T: Real>(cpu: &Cpu, stream: &Stream, mean: f64, deviation: f64, out: &mut [T]) {
    fill(cpu, out, |index| mean + deviation * stream.normal(index));
}

fn fill<T: Real>(cpu: &Cpu, out: &mut [T], number: impl Fn(u64) -> f64 + Sync) {
    let len = cpu.gang.chunk_len(out.len(), WORTH_SPREADING);
    cpu.gang.for_chunks(out, len, |chunk, out| {
        let first = (chunk * len) as u64;
        out.iter_mut().zip(first..).for_each(|(x, index)| *x = T::from_f64(number(index)));
    });
}

/// Fills `out` with 0, with probability `drop_prob`, or else with `1/(1 − drop_prob)`.
///
/// The probability is rounded to a multiple of 2⁻³². Element `64·g + 16·w + l` is decided by word `w` of
/// `stream.at(16·g + l)`: it is dropped where the word is less than `drop_prob·2³²`.
pub fn dropout_mask<T: Real>(cpu: &Cpu, stream: &Stream, drop_prob: f64, out: &mut [T]) {
    let len = cpu.gang.chunk_len(out.len(), WORTH_SPREADING_MASK);
    cpu.gang.for_chunks(out, len, |chunk, out| {
        cpu.isa.run(Mask { stream, drop_prob, first_group: chunk * len / GROUP, out });
    });
}

struct Mask<'a, T> {
    stream: &'a Stream,
    drop_prob: f64,
    first_group: usize,
    out: &'a mut [T],
}

impl<T: Real> Kernel<T> for Mask<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = T>>(self, _: S) {
        let kept = T::from_f64(1.0 / (1.0 - self.drop_prob));
        // A probability of 1 drops all but the largest word; it leaves infinities anyway.
        let limit = (self.drop_prob * (1_u64 << 32) as f64) as u32;
        let (key, step) = self.stream.parts();
        let mut groups = self.out.chunks_exact_mut(GROUP);
        let mut group = self.first_group as u64;
        for out in &mut groups {
            decide(&philox_lanes(group, step, key), limit, kept, out);
            group += 1;
        }
        let rest = groups.into_remainder();
        if !rest.is_empty() {
            let mut whole = [T::ZERO; GROUP];
            decide(&philox_lanes(group, step, key), limit, kept, &mut whole);
            rest.copy_from_slice(&whole[..rest.len()]);
        }
    }
}

/// Words number `64·group` and on: element `16·w + l` is word `w` of `stream.at(16·group + l)`.
pub fn words(stream: &Stream, group: u64) -> [u32; GROUP] {
    Isa::detect().run::<f32, _>(Words { stream, group })
}

struct Words<'a> {
    stream: &'a Stream,
    group: u64,
}

impl Kernel<f32> for Words<'_> {
    type Output = [u32; GROUP];

    #[inline(always)]
    fn run<S: Simd<Elem = f32>>(self, _: S) -> [u32; GROUP] {
        let (key, step) = self.stream.parts();
        let mut out = [0; GROUP];
        for (out, words) in out.chunks_exact_mut(LANES).zip(&philox_lanes(self.group, step, key)) {
            out.copy_from_slice(words);
        }
        out
    }
}

/// [`Stream::shuffle`] of at most 2³² values that are at hand.
pub fn shuffle_near<T>(stream: &Stream, values: &mut [T]) {
    assert!(u32::try_from(values.len()).is_ok(), "more values than a word can choose from");
    Isa::detect().run::<f32, _>(Shuffle { stream, values });
}

struct Shuffle<'a, T> {
    stream: &'a Stream,
    values: &'a mut [T],
}

impl<T> Kernel<f32> for Shuffle<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<Elem = f32>>(self, _: S) {
        let (key, step) = self.stream.parts();
        let (values, mut left) = (self.values.as_mut_ptr(), self.values.len());
        let mut group = 0;
        while left > 1 {
            for &word in philox_lanes(group, step, key).as_flattened() {
                let bound = left as u32;
                let product = u64::from(word) * u64::from(bound);
                let rest = product as u32;
                // A word that would make some places likelier than others is left out.
                if rest < bound && rest < bound.wrapping_neg() % bound {
                    continue;
                }
                left -= 1;
                // SAFETY: `left` is below the number of values, and so is the place, which is at most `left`.
                unsafe { std::ptr::swap(values.add(left), values.add((product >> 32) as usize)) };
                if left <= 1 {
                    break;
                }
            }
            group += 1;
        }
    }
}

#[inline(always)]
fn decide<T: Real>(words: &[[u32; LANES]; 4], limit: u32, kept: T, out: &mut [T]) {
    for (out, words) in out.chunks_exact_mut(LANES).zip(words) {
        for (x, word) in out.iter_mut().zip(words) {
            *x = if *word < limit { T::ZERO } else { kept };
        }
    }
}

/// The words of blocks `16·group..16·group + 16`, lane by lane what [`Stream::at`] gives.
#[inline(always)]
fn philox_lanes(group: u64, step: [u32; 2], mut key: [u32; 2]) -> [[u32; LANES]; 4] {
    let first = group * LANES as u64;
    let mut c0 = [0; LANES];
    for (lane, word) in c0.iter_mut().enumerate() {
        // The first index is a multiple of sixteen, so that nothing is carried.
        *word = first as u32 | lane as u32;
    }
    let (mut c1, mut c2, mut c3) = ([(first >> 32) as u32; LANES], [step[0]; LANES], [step[1]; LANES]);
    for _ in 0..ROUNDS {
        for lane in 0..LANES {
            let first = u64::from(c0[lane]) * u64::from(MULTIPLIERS[0]);
            let second = u64::from(c2[lane]) * u64::from(MULTIPLIERS[1]);
            c0[lane] = (second >> 32) as u32 ^ c1[lane] ^ key[0];
            c1[lane] = second as u32;
            c2[lane] = (first >> 32) as u32 ^ c3[lane] ^ key[1];
            c3[lane] = first as u32;
        }
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    [c0, c1, c2, c3]
}

#[cfg(test)]
mod tests {
    use super::{dropout_mask, fill_normal, fill_uniform, words};
    use crate::kernels::cpu::Cpu;
    use crate::kernels::gang::Gang;
    use crate::kernels::isa::Isa;
    use crate::rng::{Purpose, Stream};

    fn cpus() -> Vec<Cpu> {
        let each = |isa: Isa| [1, 2, 3].map(|threads| Cpu { isa, gang: Gang::new(threads) });
        Isa::available().into_iter().flat_map(each).collect()
    }

    #[test]
    fn words_come_sixteen_blocks_together() {
        let stream = Stream::new(5, Purpose::Shuffle, 9);
        for group in [0, 3, 1 << 30] {
            for (element, word) in words(&stream, group).into_iter().enumerate() {
                assert_eq!(word, stream.at(16 * group + element as u64 % 16)[element / 16]);
            }
        }
    }

    #[test]
    fn a_mask_is_decided_by_the_words_of_its_stream() {
        for (step, drop_prob) in [(0, 0.5), (1 << 40, 0.2), (3, 0.0)] {
            let stream = Stream::new(1, Purpose::Dropout(4), step);
            for len in [0, 1, 63, 64, 1003, 70_001] {
                let want = (0..len).map(|i| {
                    let word = stream.at((16 * (i / 64) + i % 16) as u64)[i % 64 / 16];
                    if f64::from(word) < drop_prob * 4_294_967_296.0 { 0.0 } else { 1.0 / (1.0 - drop_prob) }
                });
                let want: Vec<f64> = want.collect();
                for cpu in cpus() {
                    let (mut long, mut short) = (vec![9.0_f64; len], vec![9.0_f32; len]);
                    dropout_mask(&cpu, &stream, drop_prob, &mut long);
                    dropout_mask(&cpu, &stream, drop_prob, &mut short);
                    assert_eq!(long, want);
                    assert!(short.iter().zip(&want).all(|(short, long)| *short == *long as f32));
                }
            }
        }
    }

    #[test]
    fn a_mask_drops_the_share_it_is_told_to() {
        let cpu = Cpu { isa: Isa::detect(), gang: Gang::alone() };
        let mut mask = vec![0.0_f32; 1_000_000];
        dropout_mask(&cpu, &Stream::new(1, Purpose::Dropout(0), 1), 0.3, &mut mask);
        let dropped = mask.iter().filter(|x| **x == 0.0).count();
        // The deviation is 458.
        assert!(dropped.abs_diff(300_000) < 2300, "{dropped}");
    }

    #[test]
    fn filling_is_element_by_element_what_the_stream_says() {
        let stream = Stream::new(1, Purpose::Noise(4), 2);
        for cpu in cpus() {
            let (mut even, mut normal) = (vec![0.0_f32; 3001], vec![0.0_f64; 3001]);
            fill_uniform(&cpu, &stream, -2.0, 3.0, &mut even);
            fill_normal(&cpu, &stream, 1.0, 0.5, &mut normal);
            assert!(even.iter().zip(0..).all(|(x, i)| *x == (-2.0 + 5.0 * stream.uniform(i)) as f32));
            assert!(normal.iter().zip(0..).all(|(x, i)| *x == 1.0 + 0.5 * stream.normal(i)));
        }
    }
}
