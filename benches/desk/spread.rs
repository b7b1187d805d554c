//! Middle and tail of many durations.

use std::fmt;
use std::time::Duration;

/// Durations measured.
#[derive(Debug, Default)]
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn join(&mut self, other: Spread) {
        self.0.extend(other.0);
    }

    fn at(&self, share: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let position = (sorted.len() * share / 100).min(last);
        sorted.get(position).copied().unwrap_or_default()
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.at(share).as_secs_f64() * 1e3;
        write!(
            f,
            "{:>7} times: p50 {:>8.2} ms, p95 {:>8.2} ms, p99 {:>8.2} ms",
            self.0.len(),
            ms(50),
            ms(95),
            ms(99)
        )
    }
}
