//! How much one officer may ask: requests a minute, identities in full an hour,
//! one simulation at a time.
//!
//! Counted in memory by each node: a restart begins anew, two nodes allow
//! twice. Every identity shown is in the ledger all the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::ids::OfficerId;
use domain::time::Instant;

/// Microseconds of a minute and of an hour.
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// What officers have asked lately.
#[derive(Debug, Default)]
pub struct Watch {
    /// When an officer who asks evenly would be due for the next request.
    due: Mutex<BTreeMap<OfficerId, i64>>,
    shown: Mutex<BTreeMap<OfficerId, Shown>>,
    /// Whose simulations are running.
    simulating: Mutex<BTreeSet<OfficerId>>,
}

/// Room for one simulation, given back when dropped: at its end, or when its
/// client has gone away.
#[derive(Debug)]
pub struct Running {
    watch: Arc<Watch>,
    officer: OfficerId,
}

impl Drop for Running {
    fn drop(&mut self) {
        held(&self.watch.simulating).remove(&self.officer);
    }
}

/// Why a simulation may not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Another one of the officer is running.
    ByOneself,
    /// As many as may run are running.
    ByOthers,
}

#[derive(Debug, Default)]
struct Shown {
    at: VecDeque<i64>,
    /// The alarm of this excess has been given.
    alarmed: bool,
}

/// Too much was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Seconds until it may be asked again.
    pub seconds: u32,
    /// The first one since there was room: somebody should be told.
    pub first: bool,
}

impl Watch {
    /// Counts a request. A minute's worth may come at once, then one by one.
    pub fn request(&self, officer: OfficerId, now: Instant, per_minute: u32) -> Result<(), Excess> {
        let now = now.as_micros();
        let apart = MINUTE / i64::from(per_minute.max(1));
        let mut due = held(&self.due);
        let due = due.entry(officer).or_insert(now);
        let next = (*due).max(now) + apart;
        if next - now > MINUTE {
            return Err(Excess {
                seconds: seconds(next - now - MINUTE),
                first: false,
            });
        }
        *due = next;
        Ok(())
    }

    /// Makes room for a simulation of an officer, one of so many at once.
    pub fn simulation(
        self: &Arc<Watch>,
        officer: OfficerId,
        most: usize,
    ) -> Result<Running, Taken> {
        let mut simulating = held(&self.simulating);
        if simulating.contains(&officer) {
            return Err(Taken::ByOneself);
        }
        if simulating.len() >= most {
            return Err(Taken::ByOthers);
        }
        simulating.insert(officer);
        Ok(Running {
            watch: self.clone(),
            officer,
        })
    }

    /// Counts an identity about to be shown in full.
    pub fn identity(&self, officer: OfficerId, now: Instant, per_hour: u32) -> Result<(), Excess> {
        let now = now.as_micros();
        let mut shown = held(&self.shown);
        let shown = shown.entry(officer).or_default();
        while shown.at.front().is_some_and(|at| *at <= now - HOUR) {
            shown.at.pop_front();
        }
        if shown.at.len() < per_hour as usize {
            shown.at.push_back(now);
            shown.alarmed = false;
            return Ok(());
        }
        let first = !shown.alarmed;
        shown.alarmed = true;
        let wait = shown.at.front().map_or(HOUR, |at| at + HOUR - now);
        Err(Excess {
            seconds: seconds(wait),
            first,
        })
    }
}

/// Counting goes on after a panic elsewhere: a number more or less is no harm.
fn held<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    counts
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn seconds(micros: i64) -> u32 {
    u32::try_from(micros.max(0) / 1_000_000 + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn officer(number: u128) -> OfficerId {
        OfficerId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_minutes_worth_comes_at_once_and_then_one_by_one() {
        let (watch, now) = (Watch::default(), Instant::from_micros(0));
        for _ in 0..60 {
            assert_eq!(watch.request(officer(1), now, 60), Ok(()));
        }
        let refused = watch.request(officer(1), now, 60).unwrap_err();
        assert!((1..=2).contains(&refused.seconds), "{refused:?}");
        assert_eq!(watch.request(officer(2), now, 60), Ok(()), "others go on");
        let later = now.plus_seconds(1);
        assert_eq!(watch.request(officer(1), later, 60), Ok(()));
        assert!(watch.request(officer(1), later, 60).is_err());
    }

    #[test]
    fn one_simulation_of_an_officer_and_so_many_in_all_run_at_once() {
        let watch = Arc::new(Watch::default());
        let first = watch.simulation(officer(1), 2).unwrap();
        let again = watch.simulation(officer(1), 2);
        assert_eq!(again.unwrap_err(), Taken::ByOneself);
        let second = watch.simulation(officer(2), 2).unwrap();
        let third = watch.simulation(officer(3), 2);
        assert_eq!(third.unwrap_err(), Taken::ByOthers);
        // Ended or given up, there is room again.
        drop(first);
        let third = watch.simulation(officer(3), 2).unwrap();
        drop((second, third));
        assert!(watch.simulation(officer(1), 1).is_ok());
    }

    #[test]
    fn an_hours_identities_are_counted_and_the_alarm_is_given_once() {
        let (watch, now) = (Watch::default(), Instant::from_micros(0));
        for second in 0..60 {
            let at = now.plus_seconds(second);
            assert_eq!(watch.identity(officer(1), at, 60), Ok(()));
        }
        let at = now.plus_seconds(60);
        assert!(watch.identity(officer(1), at, 60).unwrap_err().first);
        assert!(!watch.identity(officer(1), at, 60).unwrap_err().first);
        assert_eq!(watch.identity(officer(2), at, 60), Ok(()));
        assert_eq!(
            watch.identity(officer(1), now.plus_seconds(3_600), 60),
            Ok(())
        );
        assert!(
            watch
                .identity(officer(1), now.plus_seconds(3_600), 60)
                .unwrap_err()
                .first
        );
    }
}
