//! Making, rotating, replaying and ending subscriptions. A secret is answered
//! once and stored sealed.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use domain::alert::FeedKind;
use domain::authority::Grant;
use domain::evaluation::AlertLevel;
use domain::ids::SubscriptionId;
use domain::region::DivisionCode;
use domain::time::Instant;
use store::StoreError;
use store::commit::{Commit, CommitKind, Write};
use store::subscriptions::SubscriptionRow;
use vault::{Aad, Zeroizing};

use crate::clock::{OsEntropy, new_id};
use crate::deps::Deps;
use crate::error::StepError;
use crate::outbound::{Client, Target, TargetError};
use crate::webhook::deliver::post;
use crate::webhook::event;
use crate::webhook::plan::Outcome;
use crate::webhook::sign;

/// Subscriptions of one store at most: each is a worker.
const SUBSCRIPTIONS_MAX: usize = 100;
/// Hours a secret signs beside its successor, at most: a week.
pub const OVERLAP_HOURS_MAX: u32 = 168;

/// What subscriptions need.
pub struct Hooks {
    /// Store, vault, clock.
    pub deps: Arc<Deps>,
    pub(super) client: Arc<Client>,
    /// Steps end after the entry under way.
    pub(super) stopping: AtomicBool,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Where to.
    pub url: String,
    /// Feeds of this place and all inside it.
    pub region: DivisionCode,
    /// Kinds of entries; all when empty.
    pub kinds: Vec<FeedKind>,
    /// Policies; all when empty.
    pub policies: Vec<String>,
    /// This level or a more pressing one.
    pub level: AlertLevel,
    /// Position to begin after; what comes from now on when absent.
    pub after: Option<i64>,
}

/// Why a subscription was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// Unknown, or of a place the grant does not cover.
    #[error("there is no such subscription")]
    NotFound,
    /// The grant does not cover the place, or it is wider than a county.
    #[error("the region is not a county or township of the caller's")]
    Region,
    /// The target is refused.
    #[error("the target is refused: {0}")]
    Target(#[from] TargetError),
    /// There are enough.
    #[error("there are too many subscriptions")]
    TooMany,
    /// The position is one that has not been sent yet.
    #[error("entries after that position have not been sent yet")]
    Ahead,
    /// The step failed.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl From<StoreError> for HookError {
    fn from(error: StoreError) -> HookError {
        HookError::Step(error.into())
    }
}

/// Where a secret is stored.
pub(super) fn place(id: SubscriptionId) -> Aad {
    Aad {
        table: "subscriptions",
        column: "secret",
        row: id.to_string(),
    }
}

impl Hooks {
    /// Of one process.
    pub fn new(deps: Arc<Deps>, client: Arc<Client>) -> Hooks {
        Hooks {
            deps,
            client,
            stopping: AtomicBool::new(false),
        }
    }

    fn sealed_secret(&self, id: SubscriptionId) -> (Vec<u8>, Zeroizing<String>) {
        let secret = sign::draw();
        let vault = &self.deps.vault;
        let sealed = vault.seal_system(&place(id), &secret, &mut OsEntropy);
        (sealed, sign::shown(&secret))
    }

    /// Makes a subscription; answers it with its secret, to be shown once.
    pub async fn subscribe(
        &self,
        grant: &Grant,
        wish: Wish,
    ) -> Result<(SubscriptionRow, Zeroizing<String>), HookError> {
        if !grant.covers(wish.region) || wish.region.county().is_none() {
            return Err(HookError::Region);
        }
        let target: Target = wish.url.parse()?;
        self.client.allows(&target)?;
        let now = self.deps.clock.now();
        if self.deps.store.subscribers(now).await?.len() >= SUBSCRIPTIONS_MAX {
            return Err(HookError::TooMany);
        }
        let (_, head) = self.deps.store.feed_position().await?;
        let id = SubscriptionId::from_uuid(new_id(now));
        let (secret, shown) = self.sealed_secret(id);
        let row = SubscriptionRow {
            id,
            owner: grant.officer(),
            url: wish.url,
            region: wish.region,
            kinds: wish.kinds,
            policies: wish.policies,
            level: wish.level,
            secret,
            old_secret: None,
            ended: None,
            cursor: wish.after.unwrap_or(head).min(head),
            failures: 0,
            paused_until: None,
            made_at: now,
            succeeded_at: None,
            failed: None,
            version: 1,
        };
        self.write(grant, now, vec![Write::Subscription(row.clone())])
            .await?;
        Ok((row, shown))
    }

    /// Gives a new secret, to be shown once; the one before signs beside it
    /// for some hours.
    pub async fn rotate(
        &self,
        grant: &Grant,
        id: SubscriptionId,
        overlap_hours: u32,
    ) -> Result<(SubscriptionRow, Zeroizing<String>), HookError> {
        let now = self.deps.clock.now();
        let hours = overlap_hours.min(OVERLAP_HOURS_MAX);
        let until = now.plus_seconds(i64::from(hours) * 3600);
        let (secret, shown) = self.sealed_secret(id);
        let change = |row: &mut SubscriptionRow| {
            let before = std::mem::replace(&mut row.secret, secret.clone());
            row.old_secret = (hours > 0).then_some((before, until));
            Ok(Vec::new())
        };
        Ok((self.change(grant, id, change).await?, shown))
    }

    /// Sends everything after a position again, and sends again at all where
    /// sending had ended or paused. Dead letters before it stay.
    pub async fn replay(
        &self,
        grant: &Grant,
        id: SubscriptionId,
        after: i64,
    ) -> Result<SubscriptionRow, HookError> {
        let change = |row: &mut SubscriptionRow| {
            if after > row.cursor {
                return Err(HookError::Ahead);
            }
            row.cursor = after;
            row.ended = None;
            row.failures = 0;
            row.paused_until = None;
            Ok(vec![Write::DeliveriesDone {
                subscription: id,
                from: after.saturating_add(1),
                through: i64::MAX,
            }])
        };
        self.change(grant, id, change).await
    }

    /// Ends a subscription for good.
    pub async fn end(&self, grant: &Grant, id: SubscriptionId) -> Result<(), HookError> {
        self.found(grant, id).await?;
        let now = self.deps.clock.now();
        self.write(grant, now, vec![Write::SubscriptionEnded(id)])
            .await?;
        Ok(())
    }

    /// Sends a test event at once and answers what came of it. It does not
    /// count among deliveries.
    pub async fn ping(&self, grant: &Grant, id: SubscriptionId) -> Result<Outcome, HookError> {
        let row = self.found(grant, id).await?;
        let now = self.deps.clock.now();
        let unique = new_id(now).simple().to_string();
        let event = event::ping(&id.to_string(), &unique, &now.to_string());
        Ok(post(self, &row, &event, now).await?)
    }

    async fn found(&self, grant: &Grant, id: SubscriptionId) -> Result<SubscriptionRow, HookError> {
        let row = self.deps.store.subscription(grant, id).await?;
        row.ok_or(HookError::NotFound)
    }

    /// Load → decide → commit, again when the step wrote meanwhile.
    async fn change(
        &self,
        grant: &Grant,
        id: SubscriptionId,
        change: impl Fn(&mut SubscriptionRow) -> Result<Vec<Write>, HookError>,
    ) -> Result<SubscriptionRow, HookError> {
        loop {
            let mut row = self.found(grant, id).await?;
            let mut writes = change(&mut row)?;
            row.version += 1;
            writes.push(Write::Subscription(row.clone()));
            match self.write(grant, self.deps.clock.now(), writes).await {
                Ok(()) => return Ok(row),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn write(
        &self,
        grant: &Grant,
        at: Instant,
        writes: Vec<Write>,
    ) -> Result<(), StoreError> {
        let commit = Commit {
            kind: CommitKind::Administration,
            partition: None,
            at,
            actor: grant.officer().to_string(),
            lease: None,
            guards: Vec::new(),
            writes,
            answer: None,
        };
        self.deps.store.commit(&commit).await?;
        self.deps.work.notify_waiters();
        self.deps.published.notify_waiters();
        Ok(())
    }
}
