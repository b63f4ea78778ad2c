//! Random numbers by key: a number is a pure function of (seed, purpose, step, index).
//!
//! There is no generator whose state would have to be saved, passed around or kept in order: whoever knows the key can
//! compute the number, on any thread, in any order, again after a crash. The numbers are those of Philox4x32-10, the
//! same on every machine.
//!
//! - **Reference:** Salmon, Moraes, Dror & Shaw 2011, *Parallel random numbers: as easy as 1, 2, 3*,
//!   <https://doi.org/10.1145/2063384.2063405>.
//!
//! ```
//! use caviar_engine::rng::{Purpose, Stream};
//! let epoch = 3;
//! let shuffle = Stream::new(7, Purpose::Shuffle, epoch);
//! let order = shuffle.permutation(5);
//! assert_eq!(order, Stream::new(7, Purpose::Shuffle, epoch).permutation(5));
//! assert_ne!(shuffle.at(0), Stream::new(7, Purpose::Shuffle, epoch + 1).at(0));
//! ```

use crate::kernels::prefetch::prefetch;
use crate::kernels::random::{GROUP, shuffle_near, words};

/// What random numbers are for: each purpose has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Cutting a table into training, validation and test rows.
    Split,
    /// Proposing hyperparameters; the step is the number of the proposal.
    Sampler,
    /// The order of the rows; the step is the epoch.
    Shuffle,
    /// The initial value of a variable; the step is the variable's number.
    Weights,
    /// Which activations are dropped, by the number of the node; the step is the update.
    Dropout(u32),
    /// Random tensors in a graph, by the number of the node; the step is the run.
    Noise(u32),
    /// The seed of a trial.
    Trial,
    /// Drawing rows with replacement to measure an uncertainty; the step is the number of the draw.
    Resample,
}

impl Purpose {
    /// The number that stands for the purpose in a key. Never changed: recorded seeds would mean other numbers.
    fn code(self) -> [u32; 2] {
        match self {
            Purpose::Split => [1, 0],
            Purpose::Sampler => [2, 0],
            Purpose::Shuffle => [3, 0],
            Purpose::Weights => [4, 0],
            Purpose::Dropout(node) => [5, node],
            Purpose::Noise(node) => [6, node],
            Purpose::Trial => [7, 0],
            Purpose::Resample => [8, 0],
        }
    }
}

/// A seed that belongs to `(seed, purpose, index)`, such as the seed of a trial.
///
/// ```
/// use caviar_engine::rng::{Purpose, derive};
/// assert_eq!(derive(1, Purpose::Trial, 4), derive(1, Purpose::Trial, 4));
/// assert_ne!(derive(1, Purpose::Trial, 4), derive(1, Purpose::Trial, 5));
/// ```
pub fn derive(seed: u64, purpose: Purpose, index: u64) -> u64 {
    let [low, high, ..] = Stream::new(seed, purpose, 0).at(index);
    join(low, high)
}

/// An endless row of random numbers, each found by its index.
///
/// ```
/// use caviar_engine::rng::{Purpose, Stream};
/// let stream = Stream::new(1, Purpose::Weights, 0);
/// let normal = (0..10_000).map(|i| stream.normal(i));
/// assert!((normal.sum::<f64>() / 10_000.0).abs() < 0.05);
/// assert!((0.0..1.0).contains(&stream.uniform(123)));
/// assert!(stream.below(9, 6) < 6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
    step: u64,
}

impl Stream {
    /// The stream of `(seed, purpose, step)`.
    pub fn new(seed: u64, purpose: Purpose, step: u64) -> Self {
        let [tag, ordinal] = purpose.code();
        let [low, high, ..] = philox([tag, ordinal, 0, 0], split(seed));
        Stream { key: [low, high], step }
    }

    /// The four random words at `index`.
    #[inline]
    pub fn at(&self, index: u64) -> [u32; 4] {
        let ([low, high], [step_low, step_high]) = (split(index), split(self.step));
        philox([low, high, step_low, step_high], self.key)
    }

    /// A number in `[0, 1)`, a multiple of 2⁻⁵³.
    #[inline]
    pub fn uniform(&self, index: u64) -> f64 {
        let [low, high, ..] = self.at(index);
        unit(low, high)
    }

    /// A number of the normal distribution with mean 0 and deviation 1.
    ///
    /// `√(−2 ln u) · cos(2π v)` (Box & Muller 1958) with `u` in `(0, 1]` and `v` in `[0, 1)` from the words at `index`.
    #[inline]
    pub fn normal(&self, index: u64) -> f64 {
        let [a, b, c, d] = self.at(index);
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - unit(a, b)));
        radius * libm::cos(std::f64::consts::TAU * unit(c, d))
    }

    /// An integer in `0..bound`, each equally likely; 0 where `bound` is 0.
    ///
    /// - **Reference:** Lemire 2019, <https://doi.org/10.1145/3230636>.
    pub fn below(&self, index: u64, bound: u64) -> u64 {
        let mut attempt = *self;
        loop {
            let [a, b, c, d] = attempt.at(index);
            if let Some(number) = scale(join(a, b), bound).or_else(|| scale(join(c, d), bound)) {
                return number;
            }
            // Both words fell on the remainder that would favor some numbers: look at the same place of another stream.
            attempt.key = [attempt.key[0], attempt.key[1].wrapping_add(KEY_STEPS[1])];
        }
    }

    /// The numbers `0..len` in random order, each order equally likely.
    ///
    /// ```
    /// use caviar_engine::rng::{Purpose, Stream};
    /// let mut order = Stream::new(1, Purpose::Split, 0).permutation(100);
    /// order.sort_unstable();
    /// assert!(order.into_iter().eq(0..100));
    /// ```
    pub fn permutation(&self, len: usize) -> Vec<usize> {
        let mut order = vec![0; len];
        self.permute(&mut order);
        order
    }

    /// Overwrites `order` with [`permutation`](Self::permutation)`(order.len())`.
    pub fn permute(&self, order: &mut [usize]) {
        order.iter_mut().enumerate().for_each(|(index, place)| *place = index);
        self.shuffle(order);
    }

    /// Brings `values` into random order, each order equally likely (Fisher & Yates, from the last place down).
    pub fn shuffle<T>(&self, values: &mut [T]) {
        if values.len() <= FITS_FIRST_CACHE {
            return shuffle_near(self, values);
        }
        let mut words = Words::new(*self);
        // Places are drawn some steps ahead of the swaps, so that those of a long list are at hand by then.
        let mut places = [0; SHUFFLED_AHEAD];
        let mut last = values.len().saturating_sub(1);
        while last > 0 {
            let count = SHUFFLED_AHEAD.min(last);
            for (place, last) in places[..count].iter_mut().zip((0..=last).rev()) {
                *place = words.below(last as u64 + 1) as usize;
                prefetch(&values[*place]);
            }
            for &place in &places[..count] {
                values.swap(last, place);
                last -= 1;
            }
        }
    }

    /// The key and the upper half of the counter, for kernels that compute many blocks at once.
    pub(crate) fn parts(&self) -> ([u32; 2], [u32; 2]) {
        (self.key, split(self.step))
    }
}

/// A list of so many elements is at hand wherever it is looked at.
const FITS_FIRST_CACHE: usize = 4 << 10;
/// The places that a shuffle draws before it swaps.
const SHUFFLED_AHEAD: usize = 32;

/// The words of a stream, one after the other, sixteen blocks together: first the first words of all of them, then the
/// second words, the third and the fourth.
struct Words {
    stream: Stream,
    /// The number of the sixteen blocks after those at hand.
    next: u64,
    words: [u32; GROUP],
    /// The words at hand that have been taken.
    taken: usize,
}

impl Words {
    fn new(stream: Stream) -> Self {
        Words { stream, next: 0, words: [0; GROUP], taken: GROUP }
    }

    #[inline(always)]
    fn word(&mut self) -> u32 {
        if self.taken == GROUP {
            self.words = words(&self.stream, self.next);
            self.next += 1;
            self.taken = 0;
        }
        let word = self.words[self.taken % GROUP];
        self.taken += 1;
        word
    }

    /// The next integer in `0..bound`, from one word where the bound is small enough for it.
    #[inline(always)]
    fn below(&mut self, bound: u64) -> u64 {
        let Ok(short) = u32::try_from(bound) else { return self.below_long(bound) };
        loop {
            let product = u64::from(self.word()) * bound;
            let rest = product as u32;
            if rest >= short || rest >= short.wrapping_neg() % short {
                return product >> 32;
            }
        }
    }

    #[cold]
    fn below_long(&mut self, bound: u64) -> u64 {
        loop {
            let (low, high) = (self.word(), self.word());
            if let Some(number) = scale(join(low, high), bound) {
                return number;
            }
        }
    }
}

/// `word · bound / 2⁶⁴`, or nothing for the few words that would make some results likelier than others.
fn scale(word: u64, bound: u64) -> Option<u64> {
    let product = u128::from(word) * u128::from(bound);
    let rest = product as u64;
    let fair = rest >= bound || rest >= bound.wrapping_neg() % bound;
    fair.then_some((product >> 64) as u64)
}

fn split(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

fn join(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// The upper 53 of 64 bits as a number in `[0, 1)`.
fn unit(low: u32, high: u32) -> f64 {
    (join(low, high) >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// The rounds of Philox4x32-10.
pub(crate) const ROUNDS: usize = 10;
/// What the words of the counter are multiplied by in a round.
pub(crate) const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// What is added to the words of the key between rounds.
pub(crate) const KEY_STEPS: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// Philox4x32-10: four random words for a counter and a key.
#[inline(always)]
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let first = u64::from(counter[0]) * u64::from(MULTIPLIERS[0]);
        let second = u64::from(counter[2]) * u64::from(MULTIPLIERS[1]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::{Purpose, Stream, Words, derive, philox, scale};

    /// The known answers that come with Random123 (`kat_vectors`, philox4x32 with 10 rounds).
    #[test]
    fn philox_gives_the_known_answers_of_random123() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn every_part_of_the_key_changes_the_numbers() {
        let first = Stream::new(1, Purpose::Dropout(2), 3);
        let numbers = [
            first.at(4),
            first.at(5),
            first.at(4 + (1 << 32)),
            Stream::new(2, Purpose::Dropout(2), 3).at(4),
            Stream::new(1 + (1 << 32), Purpose::Dropout(2), 3).at(4),
            Stream::new(1, Purpose::Dropout(3), 3).at(4),
            Stream::new(1, Purpose::Noise(2), 3).at(4),
            Stream::new(1, Purpose::Dropout(2), 4).at(4),
            Stream::new(1, Purpose::Dropout(2), 3 + (1 << 32)).at(4),
        ];
        for (index, number) in numbers.iter().enumerate() {
            assert!(!numbers[..index].contains(number), "number {index} is not new");
        }
    }

    #[test]
    fn seeds_of_trials_differ() {
        let mut seeds: Vec<u64> = (0..10_000).map(|trial| derive(1, Purpose::Trial, trial)).collect();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 10_000);
    }

    #[test]
    fn uniform_numbers_fill_the_unit_interval_evenly() {
        let stream = Stream::new(5, Purpose::Sampler, 0);
        let mut counts = [0_u32; 10];
        for index in 0..100_000 {
            let x = stream.uniform(index);
            assert!((0.0..1.0).contains(&x));
            counts[(x * 10.0) as usize] += 1;
        }
        // A count has a deviation of 95.
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 475), "{counts:?}");
    }

    #[test]
    fn normal_numbers_have_the_moments_of_the_normal_distribution() {
        let stream = Stream::new(5, Purpose::Weights, 1);
        let count = 200_000_u32;
        let mean_of =
            |power: i32| (0..u64::from(count)).map(|i| stream.normal(i).powi(power)).sum::<f64>() / f64::from(count);
        let (first, second, third, fourth) = (mean_of(1), mean_of(2), mean_of(3), mean_of(4));
        assert!(first.abs() < 0.012 && (second - 1.0).abs() < 0.016, "{first} {second}");
        assert!(third.abs() < 0.045 && (fourth - 3.0).abs() < 0.12, "{third} {fourth}");
    }

    #[test]
    fn integers_below_a_bound_are_equally_likely() {
        let stream = Stream::new(3, Purpose::Resample, 0);
        let mut counts = [0_u32; 6];
        for index in 0..60_000 {
            counts[stream.below(index, 6) as usize] += 1;
        }
        // A count has a deviation of 91.
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 455), "{counts:?}");
        assert_eq!((stream.below(0, 1), stream.below(0, 0)), (0, 0));
        assert!((0..100).all(|index| stream.below(index, u64::MAX) < u64::MAX));
    }

    #[test]
    fn words_that_would_favor_some_integers_are_refused() {
        // 2⁶⁴ = 3k + 1, so that exactly one word, 0, must go.
        assert_eq!(scale(0, 3), None);
        assert_eq!((scale(1, 3), scale(u64::MAX, 3)), (Some(0), Some(2)));
        // A bound of 2⁶³ + 1 leaves out nearly half of the words.
        let bound = (1 << 63) + 1;
        assert!((0..64).filter(|i| scale(i << 58, bound).is_none()).count() > 20);
    }

    #[test]
    fn lists_of_any_length_are_shuffled_word_by_word() {
        for (len, seed) in (0..130).zip(0..).chain([(4096, 1), (4097, 1), (5000, 2)]) {
            let stream = Stream::new(seed, Purpose::Shuffle, 4);
            let (mut words, mut want) = (Words::new(stream), (0..len).collect::<Vec<usize>>());
            (1..len).rev().for_each(|last| want.swap(last, words.below(last as u64 + 1) as usize));
            assert_eq!(stream.permutation(len), want);
        }
    }

    #[test]
    fn each_order_of_four_is_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for step in 0..24_000 {
            *counts.entry(Stream::new(9, Purpose::Shuffle, step).permutation(4)).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        // A count has a deviation of 31.
        assert!(counts.values().all(|&count| count.abs_diff(1000) < 155), "{counts:?}");
    }

    #[test]
    fn a_permutation_holds_every_number_once() {
        for len in [0, 1, 2, 45, 10_001] {
            let mut order = Stream::new(9, Purpose::Shuffle, 0).permutation(len);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..len));
        }
    }
}
