//! Letting the backlog out: never more than the day's measure, red excepted.

use std::collections::BTreeMap;

use alerts::release;
use domain::alert::{Alert, Condition, FeedKind, HeldWhy, Work};
use domain::evaluation::AlertLevel;
use domain::region::DivisionCode;
use domain::time::{Instant, add_days};
use proptest::prelude::*;

use crate::world::{TODAY, World, alert_id, held, in_work, place, raised, unplaced};

const LEVELS: [AlertLevel; 4] = [
    AlertLevel::Blue,
    AlertLevel::Yellow,
    AlertLevel::Orange,
    AlertLevel::Red,
];

fn backlog() -> impl Strategy<Value = Vec<Alert>> {
    let one = (0..4usize, 0..3usize, 0..5i32, prop::bool::weighted(0.1));
    prop::collection::vec(one, 0..40).prop_map(|alerts| {
        let numbered = alerts.into_iter().zip(1..);
        let made = numbered.map(|((level, desk, age, fading), id)| {
            let mut alert = in_work(held());
            alert.id = alert_id(id);
            alert.plan.level = LEVELS[level];
            alert.opened_at = Instant::china_morning(add_days(TODAY, -age));
            if fading {
                alert.condition = Condition::Fading { since: TODAY };
            }
            match desk {
                0 => alert,
                1 => Alert {
                    desk: domain::alert::Desk {
                        township: Some(place("320412101")),
                        ..alert.desk
                    },
                    ..alert
                },
                _ => unplaced(alert),
            }
        });
        made.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn within_the_budget_in_one_order_and_nothing_dropped(
        backlog in backlog(),
        shuffled in any::<prop::sample::Index>(),
        budget in 0..6u32,
        used in 0..4u32,
    ) {
        let world = World::new();
        let cx = world.today();
        let used = BTreeMap::from([(place("320412100"), used), (place("320412"), used)]);
        let released = release(&backlog, &used, budget, &cx);

        let mut turned = backlog.clone();
        turned.rotate_left(shuffled.index(backlog.len().max(1)));
        prop_assert_eq!(&release(&turned, &used, budget, &cx), &released, "one order");

        let mut by_feed: BTreeMap<DivisionCode, Vec<&Alert>> = BTreeMap::new();
        for change in &released {
            prop_assert_eq!(&change.after.work, &Work::Raised);
            prop_assert!(!change.after.deadlines.is_empty(), "clocks start now");
            let told: Vec<_> = change.news.iter().map(|n| (n.feed, n.kind)).collect();
            prop_assert_eq!(told, vec![(change.after.desk.feed(), FeedKind::Released)]);
            by_feed.entry(change.after.desk.feed()).or_default().push(&change.after);
        }
        let rank = |a: &Alert| (std::cmp::Reverse(a.level()), a.opened_at, a.id);
        for feed in ["320412100", "320412101", "320412"].map(place) {
            let out = by_feed.remove(&feed).unwrap_or_default();
            prop_assert!(out.iter().map(|a| rank(a)).is_sorted());
            let waiting = backlog.iter().filter(|a| a.desk.feed() == feed);
            let waiting: Vec<_> = waiting.filter(|a| a.condition == Condition::Holding).collect();
            let red = |a: &&Alert| a.level() == AlertLevel::Red;
            let left = budget.saturating_sub(used.get(&feed).copied().unwrap_or(0));
            let others = waiting.iter().filter(|a| !red(a)).count();
            let measured = out.iter().filter(|a| !red(a)).count();
            prop_assert_eq!(out.iter().filter(|a| red(a)).count(), waiting.iter().filter(|a| red(a)).count());
            prop_assert_eq!(measured, others.min(left as usize), "the whole budget, no more");
            // Who stays is not before any that left.
            let last = out.iter().filter(|a| !red(a)).map(|a| rank(a)).max();
            let stays = waiting.iter().filter(|a| !out.iter().any(|o| o.id == a.id));
            for alert in stays {
                prop_assert!(last.as_ref().is_none_or(|last| *last < rank(alert)));
            }
        }
    }
}

#[test]
fn only_the_backlog_is_released() {
    let world = World::new();
    let everyone = Work::Held {
        why: HeldWhy::EveryoneRun,
    };
    let all = [raised(), in_work(everyone)];
    let released = release(&all, &BTreeMap::new(), 10, &world.today());
    assert_eq!(released.len(), 1);
    assert_eq!(released[0].from_version, Some(all[1].version));
}
