//! Seeded chance. Our own few draws on a fixed stream cipher, so that a seed
//! names the same county in every version of every library.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// Independent streams drawn from one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    /// What is true of a household.
    People,
    /// How a department misspells it: one stream per file.
    Dirt(u32),
}

/// Chance for one household.
#[derive(Clone, Debug)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of household `index` in a county of `seed`. Households can be
    /// invented in any order, or again, with the same result.
    pub(crate) fn new(seed: u64, index: u32, stream: Stream) -> Dice {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let lane = match stream {
            Stream::People => 0,
            Stream::Dirt(feed) => 1 + u64::from(feed),
        };
        rng.set_stream((lane << 32) | u64::from(index));
        Dice(rng)
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        let wide = u64::from(self.0.next_u32()) * u64::from(n);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// A number in `from..=to`.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = u32::try_from((to - from).max(0)).unwrap_or(u32::MAX - 1);
        from + i64::from(self.below(span + 1))
    }

    /// True `n` times in a thousand.
    pub(crate) fn per_mille(&mut self, n: u32) -> bool {
        self.below(1000) < n
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let len = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let index = self.below(len) as usize;
        &items[index]
    }

    /// One of several words.
    pub(crate) fn word(&mut self, words: &[&'static str]) -> &'static str {
        let word: &&'static str = self.pick(words);
        word
    }

    /// `count` decimal digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count)
            .filter_map(|_| char::from_digit(self.below(10), 10))
            .collect()
    }
}
