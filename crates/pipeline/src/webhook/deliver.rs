//! Sending: one bounded step per subscription, under its own lease.
//!
//! What was sent is written after it was answered, some entries at a time: a
//! process killed in between sends them once more under the same ids. One
//! receiver that is slow holds back nobody else's step.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::authority::{Grant, Operation};
use domain::ids::SubscriptionId;
use domain::region::DivisionCode;
use domain::time::Instant;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use store::StoreError;
use store::commit::{Commit, CommitKind, Lease, Write};
use store::rows::FeedEntry;
use store::subscriptions::{DeliveryRow, Failure, Subscriber, SubscriptionRow};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;
use tracing::field::Empty;
use vault::{Entropy as _, Zeroizing};

use crate::apply::{Progress, lease};
use crate::clock::OsEntropy;
use crate::error::{StepError, causes};
use crate::outbound::{Sending, Target};
use crate::spans;
use crate::webhook::event::{self, Event};
use crate::webhook::manage::{Hooks, place};
use crate::webhook::plan::{Change, Dealt, Gate, Outcome, gate, outcome, take, wants};
use crate::webhook::sign;

/// Name of the step in leases and in commits.
pub const DELIVER: &str = "deliver";

/// Entries tried again, and new ones read, in one step.
const AGAIN: u32 = 20;
const PAGE: u32 = 100;
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 4 * 1024;
/// Pause between looks at all subscriptions when nothing rings.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What one step will go through: first what failed before, then what is new.
struct Round {
    subscriber: Subscriber,
    grant: Grant,
    epoch: String,
    again: Vec<DeliveryRow>,
    fresh: Vec<FeedEntry>,
}

/// Sends a bounded number of entries of one subscription.
pub async fn deliver_step(hooks: &Hooks, id: SubscriptionId) -> Result<Progress, StepError> {
    let Some(round) = round(hooks, id).await? else {
        return Ok(Progress::Idle);
    };
    let wanted = |entry: &FeedEntry| wants(&round.subscriber.row, entry);
    let full = round.fresh.len() >= PAGE as usize;
    // The place behind entries nobody asked for is written with the next that
    // somebody did, or when there are many.
    if round.again.is_empty() && !round.fresh.iter().any(wanted) && !full {
        return Ok(Progress::Idle);
    }
    let region = round.subscriber.row.region;
    let partition = region.county().unwrap_or(region);
    let lease = lease(&hooks.deps, partition, &format!("{DELIVER}/{id}")).await?;
    // Whoever held the lease before may have sent some of it.
    let now = hooks.deps.clock.now();
    let stands = subscriber(hooks, id, now).await?;
    if stands.map(|s| s.row.version) != Some(round.subscriber.row.version) {
        return Ok(Progress::Done(0));
    }
    let begun = round.subscriber.row.clone();
    let dealt = go_through(hooks, round).await?;
    settle(hooks, begun, &dealt, lease, partition).await?;
    Ok(Progress::Done(dealt.len()))
}

async fn subscriber(
    hooks: &Hooks,
    id: SubscriptionId,
    now: Instant,
) -> Result<Option<Subscriber>, StepError> {
    let all = hooks.deps.store.subscribers(now).await?;
    Ok(all.into_iter().find(|subscriber| subscriber.row.id == id))
}

/// Loads what there is to send; `None` when nothing may be.
async fn round(hooks: &Hooks, id: SubscriptionId) -> Result<Option<Round>, StepError> {
    let store = &hooks.deps.store;
    let now = hooks.deps.clock.now();
    let Some(subscriber) = subscriber(hooks, id, now).await? else {
        return Ok(None);
    };
    if gate(&subscriber.row, now) == Gate::Shut {
        return Ok(None);
    }
    // What the owner may not read is not sent in the owner's name.
    let subscribes = subscriber.owner.authorize(Operation::Subscribe, DELIVER);
    let reads = subscriber.owner.authorize(Operation::ReadFeed, DELIVER);
    let (Ok(_), Ok(grant)) = (subscribes, reads) else {
        return Ok(None);
    };
    let (epoch, _) = store.feed_position().await?;
    let again = store.deliveries_due(id, now, AGAIN).await?;
    let fresh = store.feed(&grant, subscriber.row.cursor, PAGE).await?;
    Ok(Some(Round {
        subscriber,
        grant,
        epoch,
        again,
        fresh,
    }))
}

/// Sends one entry after another until the gate shuts or time is up.
async fn go_through(hooks: &Hooks, round: Round) -> Result<Vec<Dealt>, StepError> {
    let deps = &hooks.deps;
    let mut row = round.subscriber.row.clone();
    let mut dealt: Vec<Dealt> = Vec::new();
    let seconds = u64::try_from(deps.settings.lease_seconds).unwrap_or(0) / 3;
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let again = round
        .again
        .into_iter()
        .map(|row| (row.position, Some(row), None));
    let fresh = round.fresh.into_iter();
    let fresh = fresh.map(|entry| (entry.position, None, Some(entry)));
    for (position, before, entry) in again.chain(fresh) {
        let now = deps.clock.now();
        let sent = |dealt: &Dealt| dealt.outcome != Outcome::Passed;
        let stop = match gate(&row, now) {
            Gate::Open => false,
            Gate::Probe => dealt.iter().any(sent),
            Gate::Shut => true,
        };
        let late = tokio::time::Instant::now() >= until || hooks.stopping.load(Ordering::SeqCst);
        if stop || (late && !dealt.is_empty()) {
            break;
        }
        let entry = if let Some(entry) = entry {
            Some(entry)
        } else {
            let found = deps.store.feed(&round.grant, position - 1, 1).await?;
            found.into_iter().find(|entry| entry.position == position)
        };
        let outcome = match entry.filter(|entry| wants(&row, entry)) {
            Some(entry) => post(hooks, &row, &event::of_entry(&round.epoch, &entry), now).await?,
            None => Outcome::Passed,
        };
        let one = Dealt {
            position,
            before,
            outcome,
            at: now,
            draw: draw(),
        };
        take(&mut row, &one);
        dealt.push(one);
    }
    Ok(dealt)
}

fn draw() -> u16 {
    let mut bytes = [0; 2];
    OsEntropy.fill(&mut bytes);
    u16::from_be_bytes(bytes)
}

/// Signs and sends one event.
pub(super) async fn post(
    hooks: &Hooks,
    row: &SubscriptionRow,
    event: &Event,
    now: Instant,
) -> Result<Outcome, StepError> {
    let Ok(target) = row.url.parse::<Target>() else {
        return Ok(Outcome::Failed(Failure::Refused, None));
    };
    let secrets = secrets(hooks, row, now)?;
    let seconds = now.as_micros().div_euclid(1_000_000);
    let signature = sign::signature(&secrets, &event.id, seconds, &event.body);
    let header = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).expect("ids, numbers and base64 are ASCII");
        (HeaderName::from_static(name), value)
    };
    let span = tracing::info_span!(target: spans::TARGET, "webhook", otel.kind = "client", subscription = %row.id, outcome = Empty);
    let mut headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static(event::CONTENT_TYPE)),
        header("webhook-id", &event.id),
        header("webhook-timestamp", &seconds.to_string()),
        header("webhook-signature", &signature),
    ];
    let traceparent = spans::traceparent(&span);
    headers.extend(traceparent.map(|name| header(spans::TRACEPARENT, &name)));
    let sending = Sending {
        method: Method::POST,
        headers,
        body: Zeroizing::new(event.body.clone()),
        answer_bytes_max: ANSWER_BYTES,
    };
    let sent = hooks.client.send(&target, sending);
    let outcome = match sent.instrument(span.clone()).await {
        Ok(answer) => outcome(answer.status),
        Err(failure) => Outcome::Failed(failure, None),
    };
    span.record("outcome", word(outcome));
    Ok(outcome)
}

/// An outcome by its stable name.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Arrived => "arrived",
        Outcome::Gone => "gone",
        Outcome::Failed(failure, _) => failure.name(),
    }
}

/// The secrets valid now, the newest first.
fn secrets(
    hooks: &Hooks,
    row: &SubscriptionRow,
    now: Instant,
) -> Result<Vec<Zeroizing<Vec<u8>>>, StepError> {
    let old = row.old_secret.iter().filter(|(_, until)| now < *until);
    let sealed = std::iter::once(&row.secret).chain(old.map(|(secret, _)| secret));
    let open = |sealed: &Vec<u8>| {
        let opened = hooks.deps.vault.open_system(&place(row.id), sealed);
        opened
            .map(Zeroizing::new)
            .map_err(|source| StepError::Sealed {
                table: "subscriptions",
                source,
            })
    };
    sealed.map(open).collect()
}

/// Writes what came of a round. Where an officer changed the subscription
/// meanwhile, the outcomes are taken into it as it stands now; where its place
/// was moved or it was ended, they mean nothing any more.
async fn settle(
    hooks: &Hooks,
    begun: SubscriptionRow,
    dealt: &[Dealt],
    lease: Lease,
    partition: DivisionCode,
) -> Result<(), StepError> {
    let cursor = begun.cursor;
    let mut stands = begun;
    loop {
        let (writes, dead) = writes(&mut stands, dealt);
        let commit = Commit {
            kind: CommitKind::Administration,
            partition: Some(partition),
            at: hooks.deps.clock.now(),
            actor: DELIVER.to_owned(),
            lease: Some(lease.clone()),
            guards: Vec::new(),
            writes,
            answer: None,
        };
        match hooks.deps.store.commit(&commit).await {
            Ok(_) => {
                tell(dealt, dead, &stands);
                hooks.deps.work.notify_waiters();
                return Ok(());
            }
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        let now = hooks.deps.clock.now();
        match subscriber(hooks, stands.id, now).await? {
            Some(again) if again.row.cursor == cursor => stands = again.row,
            _ => return Ok(()),
        }
    }
}

/// The writes of a round, and how many entries became dead letters.
fn writes(row: &mut SubscriptionRow, dealt: &[Dealt]) -> (Vec<Write>, usize) {
    let mut writes = Vec::new();
    let mut failed = Vec::new();
    for one in dealt {
        match take(row, one) {
            Change::None => {}
            Change::Failed(delivery) => failed.push(delivery),
            Change::Done(position) => writes.push(Write::DeliveriesDone {
                subscription: row.id,
                from: position,
                through: position,
            }),
        }
    }
    row.version += 1;
    let dead = failed.iter().filter(|row| row.next_at.is_none()).count();
    writes.push(Write::Deliveries(failed));
    writes.push(Write::Subscription(row.clone()));
    (writes, dead)
}

/// Counts and logs, without URL or secret.
fn tell(dealt: &[Dealt], dead: usize, row: &SubscriptionRow) {
    for one in dealt {
        if one.outcome == Outcome::Passed {
            continue;
        }
        let outcome = word(one.outcome);
        metrics::counter!("hearth_webhook_attempts_total", "outcome" => outcome).increment(1);
    }
    if dead > 0 {
        metrics::counter!("hearth_webhook_dead_letters_total").increment(dead as u64);
        tracing::warn!(subscription = %row.id, dead, "entries were given up after three days");
    }
    if row.ended.is_some() {
        tracing::warn!(subscription = %row.id, "the receiver answered 410: nothing is sent any more");
    }
}

/// Sends until nothing is due any more; receivers side by side. Tests call
/// this instead of waiting.
pub async fn come_to_rest(hooks: &Arc<Hooks>) -> Result<(), StepError> {
    let now = hooks.deps.clock.now();
    let mut all = JoinSet::new();
    for subscriber in hooks.deps.store.subscribers(now).await? {
        let hooks = hooks.clone();
        all.spawn(async move {
            while deliver_step(&hooks, subscriber.row.id).await? != Progress::Idle {}
            Ok::<_, StepError>(())
        });
    }
    while let Some(done) = all.join_next().await {
        done.map_err(|_| StepError::Computation)??;
    }
    Ok(())
}

/// Sends until `stop` becomes true: one worker for each subscription that has
/// something to send. The entries under way are finished.
pub async fn run(hooks: Arc<Hooks>, mut stop: watch::Receiver<bool>) {
    let mut workers: JoinSet<SubscriptionId> = JoinSet::new();
    let mut busy = BTreeSet::new();
    while !*stop.borrow() {
        let now = hooks.deps.clock.now();
        match hooks.deps.store.subscribers(now).await {
            Ok(subscribers) => {
                for subscriber in subscribers {
                    if busy.insert(subscriber.row.id) {
                        workers.spawn(work(hooks.clone(), subscriber.row.id));
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, cause = causes(&error), "subscriptions cannot be read; they will be tried again");
            }
        }
        let next = tokio::time::Instant::now() + LOOK_EVERY;
        // A worker that found nothing is not sent to look again before then.
        loop {
            tokio::select! {
                () = hooks.deps.published.notified() => break,
                () = tokio::time::sleep_until(next) => break,
                _ = stop.changed() => break,
                Some(done) = workers.join_next() => forget(&mut busy, done.ok()),
            }
        }
    }
    hooks.stopping.store(true, Ordering::SeqCst);
    while workers.join_next().await.is_some() {}
}

/// A worker that panicked leaves its subscription alone until the next start.
fn forget(busy: &mut BTreeSet<SubscriptionId>, done: Option<SubscriptionId>) {
    if let Some(id) = done {
        busy.remove(&id);
    } else {
        tracing::error!("a worker of a subscription panicked");
    }
}

async fn work(hooks: Arc<Hooks>, id: SubscriptionId) -> SubscriptionId {
    loop {
        match deliver_step(&hooks, id).await {
            Ok(Progress::Idle) | Err(StepError::HeldElsewhere) => return id,
            Ok(Progress::Done(_)) if hooks.stopping.load(Ordering::SeqCst) => return id,
            Ok(Progress::Done(_)) => {}
            Err(error) => {
                tracing::error!(%error, cause = causes(&error), subscription = %id, "a delivery step failed; it will be tried again");
                return id;
            }
        }
    }
}
