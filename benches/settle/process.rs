//! CPU time and peak memory of this process, read from the kernel's files.

use std::time::Duration;

/// User and system time so far.
#[derive(Clone, Copy)]
pub(crate) struct Usage(Duration);

/// Clock ticks of `/proc/self/stat`; 100 on every Linux we run on.
const TICKS_PER_SECOND: u64 = 100;

impl Usage {
    pub(crate) fn now() -> Usage {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The command in parentheses may hold spaces; fields are counted after it.
        let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks: u64 = after
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|t| t.parse::<u64>().ok())
            .sum();
        Usage(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
    }

    pub(crate) fn since(self, earlier: Usage) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Peak resident memory in MiB.
pub(crate) fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .and_then(|n| n.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
