//! What to send next, when again, and when no more. Everything is decided from
//! the rows, the instant and a drawn number; nothing here reads a clock.

use domain::time::Instant;
use store::rows::FeedEntry;
use store::subscriptions::{DeliveryRow, Ended, Failure, SubscriptionRow};

/// Seconds after each failed attempt until the next: three days in all, then
/// the entry is a dead letter.
const AGAIN_SECONDS: [i64; 9] = [
    5,
    5 * 60,
    30 * 60,
    2 * 3600,
    5 * 3600,
    10 * 3600,
    14 * 3600,
    20 * 3600,
    24 * 3600,
];
/// Failures in a row after which a receiver is left alone for a while.
const FAILURES_MAX: u32 = 5;
/// The first such pause, which doubles, and the longest.
const PAUSE_SECONDS: i64 = 30;
const PAUSE_SECONDS_MAX: i64 = 600;

/// How much may be sent to a receiver at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// All there is.
    Open,
    /// One entry, to see whether it is back.
    Probe,
    /// Nothing.
    Shut,
}

/// What may be sent now.
pub fn gate(row: &SubscriptionRow, now: Instant) -> Gate {
    match row.paused_until {
        _ if row.ended.is_some() => Gate::Shut,
        None => Gate::Open,
        Some(until) if until <= now => Gate::Probe,
        Some(_) => Gate::Shut,
    }
}

/// Whether a subscription asks for an entry.
pub fn wants(row: &SubscriptionRow, entry: &FeedEntry) -> bool {
    row.region.contains(&entry.feed)
        && (row.kinds.is_empty() || row.kinds.contains(&entry.kind))
        && (row.policies.is_empty() || row.policies.contains(&entry.policy))
        && entry.level >= row.level
}

/// What came of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not asked for, or not for the owner any more.
    Passed,
    /// Answered 2xx.
    Arrived,
    /// Answered 410: the receiver wants no more.
    Gone,
    /// Failed, with the status if there was one.
    Failed(Failure, Option<u16>),
}

/// What a status means. Nothing is followed.
pub fn outcome(status: u16) -> Outcome {
    match status {
        200..=299 => Outcome::Arrived,
        410 => Outcome::Gone,
        300..=399 => Outcome::Failed(Failure::Redirected, Some(status)),
        _ => Outcome::Failed(Failure::Status, Some(status)),
    }
}

/// One entry that was dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealt {
    /// Its position.
    pub position: i64,
    /// Its row, when it had failed before.
    pub before: Option<DeliveryRow>,
    /// What came of it.
    pub outcome: Outcome,
    /// When.
    pub at: Instant,
    /// A drawn number, so that receivers are not tried in step.
    pub draw: u16,
}

/// What an entry's outcome changes beside the subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// It is to be tried again, or is a dead letter.
    Failed(DeliveryRow),
    /// What was failed before is done with.
    Done(i64),
}

/// Takes one outcome into the subscription. A receiver that wants no more
/// leaves the entry where it was, so that it comes first should it want again.
pub fn take(row: &mut SubscriptionRow, dealt: &Dealt) -> Change {
    let first = dealt.before.is_none();
    match dealt.outcome {
        Outcome::Gone => {
            row.ended = Some(Ended::Gone);
            row.failed = Some((dealt.at, Failure::Status));
            return Change::None;
        }
        Outcome::Passed => {}
        Outcome::Arrived => {
            row.failures = 0;
            row.paused_until = None;
            row.succeeded_at = Some(dealt.at);
        }
        Outcome::Failed(failure, _) => {
            row.failures = row.failures.saturating_add(1);
            row.failed = Some((dealt.at, failure));
            row.paused_until =
                pause_seconds(row.failures).map(|seconds| dealt.at.plus_seconds(seconds));
        }
    }
    if first {
        row.cursor = dealt.position;
    }
    match (dealt.outcome, first) {
        (Outcome::Failed(failure, status), _) => {
            let before = dealt.before.as_ref();
            let attempts = before.map_or(0, |before| before.attempts) + 1;
            Change::Failed(DeliveryRow {
                subscription: row.id,
                position: dealt.position,
                attempts,
                first_at: before.map_or(dealt.at, |before| before.first_at),
                last_at: dealt.at,
                next_at: again_seconds(attempts, dealt.draw)
                    .map(|seconds| dealt.at.plus_seconds(seconds)),
                failure,
                status,
            })
        }
        (_, true) => Change::None,
        (_, false) => Change::Done(dealt.position),
    }
}

/// Seconds until the next attempt after so many, a tenth more or less; `None`
/// when there is none.
fn again_seconds(attempts: u32, draw: u16) -> Option<i64> {
    let place = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let seconds = AGAIN_SECONDS.get(place)?;
    Some((seconds * (900 + i64::from(draw % 201)) / 1000).max(1))
}

/// Seconds a receiver is left alone after so many failures in a row.
fn pause_seconds(failures: u32) -> Option<i64> {
    let over = failures.checked_sub(FAILURES_MAX)?;
    let doubled = PAUSE_SECONDS.checked_shl(over.min(16)).unwrap_or(i64::MAX);
    Some(doubled.min(PAUSE_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use domain::alert::FeedKind;
    use domain::evaluation::AlertLevel;
    use domain::ids::{AlertId, OfficerId, SubscriptionId};
    use domain::region::DivisionCode;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    fn place(code: &str) -> DivisionCode {
        DivisionCode::parse(code).unwrap()
    }

    fn row() -> SubscriptionRow {
        SubscriptionRow {
            id: SubscriptionId::from_uuid(Uuid::nil()),
            owner: OfficerId::from_uuid(Uuid::nil()),
            url: String::new(),
            region: place("320412"),
            kinds: vec![],
            policies: vec![],
            level: AlertLevel::Blue,
            secret: vec![],
            old_secret: None,
            ended: None,
            cursor: 0,
            failures: 0,
            paused_until: None,
            made_at: at(0),
            succeeded_at: None,
            failed: None,
            version: 1,
        }
    }

    fn entry(feed: &str, kind: FeedKind, policy: &str, level: AlertLevel) -> FeedEntry {
        FeedEntry {
            confidential: domain::evaluation::Confidential::Ordinary,
            position: 1,
            feed: place(feed),
            number: 1,
            kind,
            alert: AlertId::from_uuid(Uuid::nil()),
            policy: policy.to_owned(),
            level,
            due_on: None,
            at: at(0),
        }
    }

    fn dealt(position: i64, before: Option<DeliveryRow>, outcome: Outcome, now: i64) -> Dealt {
        Dealt {
            position,
            before,
            outcome,
            at: at(now),
            draw: 100,
        }
    }

    const DOWN: Outcome = Outcome::Failed(Failure::Unreachable, None);

    #[test]
    fn a_subscription_is_sent_what_it_asks_for() {
        use AlertLevel::{Blue, Orange, Red};
        use FeedKind::{Cleared, Raised};
        let asks = SubscriptionRow {
            kinds: vec![Raised],
            policies: vec!["a".to_owned(), "b".to_owned()],
            level: Orange,
            ..row()
        };
        for (feed, kind, policy, level, wanted) in [
            ("320412100", Raised, "a", Red, true),
            ("320412", Raised, "b", Orange, true),
            ("320411100", Raised, "a", Red, false),
            ("320412100", Cleared, "a", Red, false),
            ("320412100", Raised, "c", Red, false),
            ("320412100", Raised, "a", Blue, false),
        ] {
            let entry = entry(feed, kind, policy, level);
            assert_eq!(wants(&asks, &entry), wanted, "{entry:?}");
            assert_eq!(wants(&row(), &entry), feed.starts_with("320412"));
        }
    }

    #[test]
    fn what_a_status_means() {
        let failed = |failure, status| Outcome::Failed(failure, Some(status));
        for (status, expected) in [
            (200, Outcome::Arrived),
            (204, Outcome::Arrived),
            (299, Outcome::Arrived),
            (301, failed(Failure::Redirected, 301)),
            (307, failed(Failure::Redirected, 307)),
            (404, failed(Failure::Status, 404)),
            (410, Outcome::Gone),
            (500, failed(Failure::Status, 500)),
            (199, failed(Failure::Status, 199)),
        ] {
            assert_eq!(outcome(status), expected, "{status}");
        }
    }

    #[test]
    fn three_days_of_attempts_and_then_a_dead_letter() {
        let mut row = row();
        let mut now = 1_000;
        let Change::Failed(mut held) = take(&mut row, &dealt(7, None, DOWN, now)) else {
            panic!("it failed");
        };
        assert_eq!(row.cursor, 7, "the cursor passes what has a row");
        let mut waits = Vec::new();
        while let Some(next) = held.next_at {
            let next = next.as_micros() / 1_000_000;
            waits.push(next - now);
            now = next;
            let Change::Failed(again) = take(&mut row, &dealt(7, Some(held), DOWN, now)) else {
                panic!("it failed");
            };
            held = again;
            assert_eq!(held.first_at, at(1_000));
        }
        assert_eq!(waits, AGAIN_SECONDS);
        assert_eq!(held.attempts, 10);
        let days = (now - 1_000) / 86_400;
        assert_eq!(days, 3);
    }

    #[test]
    fn pauses_double_and_one_entry_asks_whether_it_is_back() {
        let mut row = row();
        let mut pauses = Vec::new();
        for n in 1..=12 {
            take(&mut row, &dealt(n, None, DOWN, 0));
            pauses.push(
                row.paused_until
                    .map_or(0, |until| until.as_micros() / 1_000_000),
            );
        }
        assert_eq!(pauses, [0, 0, 0, 0, 30, 60, 120, 240, 480, 600, 600, 600]);
        assert_eq!(gate(&row, at(599)), Gate::Shut);
        assert_eq!(gate(&row, at(600)), Gate::Probe);
        take(&mut row, &dealt(13, None, Outcome::Arrived, 600));
        assert_eq!((gate(&row, at(600)), row.failures), (Gate::Open, 0));
    }

    #[test]
    fn who_wants_no_more_is_sent_no_more_and_loses_nothing() {
        let mut row = SubscriptionRow { cursor: 4, ..row() };
        assert_eq!(
            take(&mut row, &dealt(5, None, Outcome::Gone, 9)),
            Change::None
        );
        assert_eq!((row.cursor, row.ended), (4, Some(Ended::Gone)));
        assert_eq!(gate(&row, at(1_000_000)), Gate::Shut);
    }

    proptest! {
        /// Whatever comes of each entry: every entry behind the cursor arrived,
        /// was passed, or has a row.
        #[test]
        fn every_entry_behind_the_cursor_is_accounted_for(
            draws in prop::collection::vec((0_u8..4, any::<u16>(), any::<bool>()), 1..80)
        ) {
            let mut row = row();
            let mut held = std::collections::BTreeMap::new();
            let mut settled = std::collections::BTreeSet::new();
            let mut now = 0;
            for (which, draw, again) in draws {
                now += 60;
                let before = again.then(|| held.values().next().cloned()).flatten();
                let position = before.as_ref().map_or(row.cursor + 1, |b: &DeliveryRow| b.position);
                let outcome = match which {
                    0 => Outcome::Passed,
                    1 => Outcome::Arrived,
                    _ => DOWN,
                };
                let dealt = Dealt { position, before, outcome, at: at(now), draw };
                match take(&mut row, &dealt) {
                    Change::None => {
                        settled.insert(position);
                    }
                    Change::Failed(delivery) => {
                        if let Some(next) = delivery.next_at {
                            prop_assert!(next > at(now));
                        }
                        held.insert(position, delivery);
                    }
                    Change::Done(position) => {
                        held.remove(&position);
                        settled.insert(position);
                    }
                }
                for position in 1..=row.cursor {
                    prop_assert!(settled.contains(&position) != held.contains_key(&position));
                }
            }
        }
    }
}
