//! A change of one alert being drafted: what it becomes and what is told.
//!
//! The version and the news are made here and nowhere else, so that every
//! change counts once and every move has both of its halves.

use domain::alert::{Alert, AlertChange, FeedKind, FeedNews, Work};
use domain::evaluation::Confidential;
use domain::region::DivisionCode;

use crate::Context;

/// An alert before and after, until it is known whether anything changed.
pub(crate) struct Draft<'a> {
    before: &'a Alert,
    /// What it becomes.
    pub(crate) after: Alert,
    told: Vec<FeedKind>,
    decides: bool,
}

impl<'a> Draft<'a> {
    /// Nothing changed yet.
    pub(crate) fn of(before: &'a Alert) -> Draft<'a> {
        Draft {
            before,
            after: before.clone(),
            told: Vec::new(),
            decides: false,
        }
    }

    /// Tells the feed of the desk it lies on after the change.
    pub(crate) fn tell(&mut self, kind: FeedKind) {
        self.told.push(kind);
    }

    /// A decision must be stored with the change.
    pub(crate) fn decides(&mut self) {
        self.decides = true;
    }

    /// The change, or `None` when nothing changed.
    pub(crate) fn finish(mut self, cx: &Context<'_>) -> Option<AlertChange> {
        if self.after == *self.before {
            return None;
        }
        self.after.version = self.before.version + 1;
        self.after.changed_at = cx.now;
        Some(AlertChange {
            news: self.news(),
            from_version: Some(self.before.version),
            after: self.after,
            decides: self.decides,
        })
    }

    fn news(&self) -> Vec<FeedNews> {
        // The backlog is visible as a count only: no feed ever announced it.
        let on_a_desk = |work: &Work| !matches!(work, Work::Held { .. });
        let was_told = on_a_desk(&self.before.work);
        if !on_a_desk(&self.after.work) || (!was_told && self.after.work.is_closed()) {
            return Vec::new();
        }
        let (from, to) = (line(self.before), line(&self.after));
        // Closed work has left its desk already; when it comes back elsewhere
        // it is raised there.
        let moved = from != to && was_told && !self.before.work.is_closed();
        let mut news = Vec::new();
        if moved {
            news.push(entry(&self.after, from, FeedKind::MovedOut));
            news.push(entry(&self.after, to, FeedKind::MovedIn));
        }
        // Who is told of a move reads the whole alert anew.
        let told = self.told.iter().copied();
        let told = told.filter(|kind| !(moved && *kind == FeedKind::Updated));
        news.extend(told.map(|kind| entry(&self.after, to, kind)));
        news
    }
}

/// The line of a feed that tells of an alert.
pub(crate) fn line(alert: &Alert) -> (DivisionCode, Confidential) {
    (alert.desk.feed(), alert.plan.confidential)
}

/// One feed entry about an alert as it is after the change.
pub(crate) fn entry(
    after: &Alert,
    (feed, confidential): (DivisionCode, Confidential),
    kind: FeedKind,
) -> FeedNews {
    FeedNews {
        feed,
        confidential,
        kind,
        alert: after.id,
        policy: after.policy.clone(),
        level: after.level(),
        due_on: after.due_on(),
    }
}
