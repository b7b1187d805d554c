//! The one place that reads the clock, and the source of randomness and ids.
//!
//! The business date can be pinned: samples and drills speak of one day, and
//! static data would rot if "today" moved under it.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::time::{Date, Instant};
use uuid::Uuid;
use vault::Entropy;

/// Tells instants and the business date.
pub trait Clock: Send + Sync {
    /// Now. Never earlier than an instant told before.
    fn now(&self) -> Instant;
    /// The business date.
    fn today(&self) -> Date;
}

/// The system's clock, monotone within the process.
#[derive(Debug, Default)]
pub struct SystemClock {
    last: AtomicI64,
    pinned: Option<Date>,
}

impl SystemClock {
    /// Follows the wall clock.
    pub fn new() -> SystemClock {
        SystemClock::default()
    }

    /// Instants follow the wall clock, the business date stays.
    pub fn pinned(on: Date) -> SystemClock {
        SystemClock {
            last: AtomicI64::new(0),
            pinned: Some(on),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reader of the wall clock"
    )]
    fn now(&self) -> Instant {
        let micros = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX));
        let before = self.last.fetch_max(micros, Ordering::SeqCst);
        Instant::from_micros(micros.max(before))
    }

    fn today(&self) -> Date {
        self.pinned.unwrap_or_else(|| self.now().china_date())
    }
}

/// A clock that tests move by hand.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
}

impl ManualClock {
    /// Nine in the morning of `on`, China time.
    pub fn at(on: Date) -> ManualClock {
        ManualClock {
            micros: AtomicI64::new(Instant::china_morning(on).as_micros()),
        }
    }

    /// Moves to nine in the morning of another day.
    pub fn set(&self, on: Date) {
        self.micros
            .store(Instant::china_morning(on).as_micros(), Ordering::SeqCst);
    }

    /// Moves on by some seconds.
    pub fn advance(&self, seconds: i64) {
        self.micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    /// Each call is one microsecond later, so that order is visible.
    fn now(&self) -> Instant {
        Instant::from_micros(self.micros.fetch_add(1, Ordering::SeqCst))
    }

    fn today(&self) -> Date {
        Instant::from_micros(self.micros.load(Ordering::SeqCst)).china_date()
    }
}

/// Randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// A new id that sorts by the instant it was drawn at.
pub fn new_id(now: Instant) -> Uuid {
    let mut random = [0; 10];
    OsEntropy.fill(&mut random);
    let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
