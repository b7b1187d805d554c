//! Subscriptions, and what did not arrive.

use domain::authority::Grant;
use domain::ids::SubscriptionId;
use domain::time::Instant;
use store::commit::Write;
use store::subscriptions::{DeliveryCounts, DeliveryRow, Subscriber};

use crate::model::state::State;
use crate::model::write::to_i64;

impl State {
    fn rows_of(&self, subscription: SubscriptionId) -> impl Iterator<Item = &DeliveryRow> {
        let rows = self.deliveries.values();
        rows.filter(move |row| row.subscription == subscription)
    }

    pub(super) fn deliveries_of(
        &self,
        grant: &Grant,
        subscription: SubscriptionId,
        dead: bool,
        after: i64,
        limit: u32,
    ) -> Vec<DeliveryRow> {
        let known = self.subscriptions.get(&subscription);
        if known.is_none_or(|row| !grant.covers(row.region)) {
            return Vec::new();
        }
        self.rows_of(subscription)
            .filter(|row| row.position > after && (!dead || row.next_at.is_none()))
            .take(limit as usize)
            .cloned()
            .collect()
    }

    pub(super) fn subscribers(&self, now: Instant) -> Vec<Subscriber> {
        let live = self
            .subscriptions
            .values()
            .filter(|row| row.ended.is_none());
        live.filter_map(|row| {
            let (owner, disabled_at) = self.officers.get(&row.owner)?;
            let enabled = disabled_at.is_none_or(|end| now < end);
            enabled.then(|| Subscriber {
                row: row.clone(),
                owner: owner.clone(),
            })
        })
        .collect()
    }

    pub(super) fn deliveries_due(
        &self,
        subscription: SubscriptionId,
        now: Instant,
        limit: u32,
    ) -> Vec<DeliveryRow> {
        let due = |row: &&DeliveryRow| row.next_at.is_some_and(|at| at <= now);
        let mut due: Vec<_> = self.rows_of(subscription).filter(due).cloned().collect();
        due.sort_by_key(|row| (row.next_at, row.position));
        due.truncate(limit as usize);
        due
    }

    pub(super) fn delivery_counts(&self, subscription: SubscriptionId) -> DeliveryCounts {
        let all = self.rows_of(subscription).count();
        let dead = self.rows_of(subscription);
        let dead = dead.filter(|row| row.next_at.is_none()).count();
        DeliveryCounts {
            waiting: to_i64(all - dead),
            dead: to_i64(dead),
        }
    }

    pub(super) fn keep_subscription(&mut self, write: &Write) {
        match write {
            Write::Subscription(row) => {
                self.subscriptions.insert(row.id, row.clone());
            }
            Write::SubscriptionEnded(id) => {
                self.deliveries.retain(|(of, _), _| of != id);
                self.subscriptions.remove(id);
            }
            Write::Deliveries(rows) => {
                for row in rows {
                    let place = (row.subscription, row.position);
                    self.deliveries.insert(place, row.clone());
                }
            }
            Write::DeliveriesDone {
                subscription,
                from,
                through,
            } => {
                let done = (*subscription, *from)..=(*subscription, *through);
                self.deliveries.retain(|place, _| !done.contains(place));
            }
            _ => {}
        }
    }

    /// What [`store::Store::check`] says of subscriptions, as counts of words
    /// alike.
    pub(super) fn check_deliveries(&self) -> Vec<String> {
        let head = to_i64(self.feed.len());
        let ahead = self.subscriptions.values().filter(|row| row.cursor > head);
        let ahead = ahead.map(|row| {
            let (id, cursor) = (row.id, row.cursor);
            format!("subscription {id} stands at position {cursor}, the feed at {head}")
        });
        let strays = self.deliveries.values().filter(|row| {
            let known = self.subscriptions.get(&row.subscription);
            row.position > head || known.is_none_or(|known| row.position > known.cursor)
        });
        let strays = strays.map(|row| {
            let (id, position) = (row.subscription, row.position);
            format!(
                "the delivery of entry {position} belongs to nothing subscription {id} has read"
            )
        });
        ahead.chain(strays).collect()
    }
}
