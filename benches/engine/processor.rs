//! Processor and wall time of a piece of work.

use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Instant;

use domain::time::{Date, add_days};

/// Seconds of processor time of this process and of the clock on the wall.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    processor: f64,
    wall: f64,
}

impl Cost {
    /// Of processor time, for one of so many households.
    pub(crate) fn nanoseconds(self, households: u64) -> f64 {
        self.processor / households as f64 * 1e9
    }

    /// In words, for so many households.
    pub(crate) fn per(self, households: u64) -> String {
        let each = households as f64;
        format!(
            "{:.1} ns of processor each, {:.2} M households per processor-second, {:.2} M per second",
            self.processor / each * 1e9,
            each / self.processor / 1e6,
            each / self.wall / 1e6
        )
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "in {:.2} s of processor, {:.2} s",
            self.processor, self.wall
        )
    }
}

/// Seconds this process has had of processors, from the system's own count.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let of_main = stat
        .split_whitespace()
        .next()
        .and_then(|ns| ns.parse::<f64>().ok());
    let tasks = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let of_task = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    };
    let all: f64 = tasks.filter_map(of_task).sum();
    all.max(of_main.unwrap_or(0.0)) / 1e9
}

pub(crate) fn cost<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let (begun, before) = (Instant::now(), processor());
    let done = work();
    let cost = Cost {
        processor: processor() - before,
        wall: begun.elapsed().as_secs_f64(),
    };
    (done, cost)
}

/// Days one after the other, for passes that are not to find anything of a day made
/// already.
#[derive(Debug)]
pub(crate) struct Days {
    first: Date,
    passed: AtomicI32,
}

impl Days {
    pub(crate) fn from(first: Date) -> Days {
        Days {
            first,
            passed: AtomicI32::new(0),
        }
    }

    pub(crate) fn next(&self) -> Date {
        add_days(self.first, self.passed.fetch_add(1, Ordering::Relaxed))
    }

    /// The next day, and one of two in turn.
    pub(crate) fn next_of<T>(&self, both: [T; 2]) -> (T, Date) {
        let is_even = self.passed.load(Ordering::Relaxed) % 2 == 0;
        let [one, other] = both;
        (if is_even { one } else { other }, self.next())
    }
}

/// The median by processor time of several passes.
pub(crate) fn median<T>(passes: usize, work: &dyn Fn() -> T) -> Cost {
    let mut costs: Vec<Cost> = (0..passes).map(|_| cost(work).1).collect();
    costs.sort_by(|a, b| a.processor.total_cmp(&b.processor));
    costs[costs.len() / 2]
}
