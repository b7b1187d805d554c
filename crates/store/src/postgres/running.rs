//! Leases, settings, totals, and the check of what must always hold.

use domain::authority::Grant;
use domain::region::DivisionCode;
use domain::time::Instant;
use sqlx::postgres::{PgConnection, PgPool};

use super::columns::{Columns, nouns};
use super::scope;
use crate::commit::{Lease, RunRow};
use crate::rows::{Ran, Statistics};
use crate::{StoreError, Stored};

/// A holder whose lease ran out gets a new epoch, as any other would: what it
/// had begun under the old one may have been taken over.
pub(super) async fn lease(
    pool: &PgPool,
    partition: DivisionCode,
    step: &str,
    holder: &str,
    now: Instant,
    until: Instant,
) -> Stored<Option<Lease>> {
    let epoch: Option<i64> = sqlx::query_scalar(
        "insert into leases (partition, step, epoch, holder, held_until)
        values ($1, $2, 1, $3, $5)
        on conflict (partition, step) do update
        set epoch = leases.epoch
                + case when leases.holder = $3 and leases.held_until > $4 then 0 else 1 end,
            holder = excluded.holder,
            held_until = excluded.held_until
        where leases.held_until <= $4
        or leases.holder = $3
        returning leases.epoch",
    )
    .bind(partition.as_str())
    .bind(step)
    .bind(holder)
    .bind(now.as_micros())
    .bind(until.as_micros())
    .fetch_optional(pool)
    .await?;
    Ok(epoch.map(|epoch| Lease {
        partition,
        step: step.to_owned(),
        epoch,
    }))
}

/// Who last took a lease.
pub(super) async fn last_holder(
    pool: &PgPool,
    partition: DivisionCode,
    step: &str,
) -> Stored<Option<String>> {
    let holder = sqlx::query_scalar(
        "select holder
        from leases
        where partition = $1
        and step = $2",
    );
    let holder = holder.bind(partition.as_str()).bind(step);
    Ok(holder.fetch_optional(pool).await?)
}

/// Refuses a commit under a lease that another holder has taken since.
pub(super) async fn refuse_fenced(tx: &mut PgConnection, lease: &Lease) -> Stored<()> {
    // Shared, so that no one takes the lease before this commit has ended.
    let held: Option<i64> = sqlx::query_scalar(
        "select epoch
        from leases
        where partition = $1
        and step = $2
        and epoch = $3
        for share",
    )
    .bind(lease.partition.as_str())
    .bind(&lease.step)
    .bind(lease.epoch)
    .fetch_optional(tx)
    .await?;
    if held.is_some() {
        return Ok(());
    }
    Err(StoreError::Fenced {
        step: lease.step.clone(),
    })
}

pub(super) async fn partitions(pool: &PgPool) -> Stored<Vec<DivisionCode>> {
    let mut tx = scope::all(pool).await?;
    let rows = sqlx::query(
        "select distinct c.partition
        from (
            select commit_id
            from imports
            union all
            select commit_id
            from leads
        ) told
        join commits c
        on c.id = told.commit_id
        where c.partition is not null
        order by c.partition",
    )
    .fetch_all(&mut *tx)
    .await?;
    nouns("commits", &rows, |row| row.division("partition"))
}

pub(super) async fn setting(pool: &PgPool, key: &str) -> Stored<Option<String>> {
    let value = sqlx::query_scalar(
        "select value
        from settings
        where key = $1",
    )
    .bind(key)
    .fetch_optional(pool)
    .await?;
    Ok(value)
}

/// Batches of evaluation in the grant's counties, newest first.
pub(super) async fn runs(pool: &PgPool, grant: &Grant, limit: u32) -> Stored<Vec<Ran>> {
    let rows = sqlx::query(
        "select c.number, c.at, r.evaluated_on, r.mode, r.policy_set, r.counts
        from runs r
        join commits c
        on c.id = r.commit_id
        where c.partition like any ($1)
        order by r.commit_id desc, r.row_no desc
        limit $2",
    )
    .bind(scope::patterns(grant))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    nouns("runs", &rows, |row| {
        Ok(Ran {
            number: row.value("number")?,
            at: row.instant("at")?,
            row: RunRow {
                on: row.date("evaluated_on")?,
                mode: row.value("mode")?,
                policy_set: row.value("policy_set")?,
                counts: row.value("counts")?,
            },
        })
    })
}

pub(super) async fn statistics(pool: &PgPool) -> Stored<Statistics> {
    let mut tx = scope::all(pool).await?;
    let row = sqlx::query(
        "select
            (select coalesce(sum(record_count), 0)::bigint from commits) as records,
            (select count(*) from folds where subject_kind = 'p') as persons,
            (select count(*) from folds where subject_kind = 'h') as households,
            (select count(*) from verdicts) as verdicts,
            (select count(*) from alerts where not ended) as alerts,
            (select count(*) from alerts where not ended and work = 'held') as held,
            (select position from heads) as feed,
            (select number from heads) as ledger,
            (select count(*) from due) as due",
    )
    .fetch_one(&mut *tx)
    .await?;
    let row = Columns::of("heads", &row);
    Ok(Statistics {
        records: row.value("records")?,
        persons: row.value("persons")?,
        households: row.value("households")?,
        verdicts: row.value("verdicts")?,
        alerts: row.value("alerts")?,
        held: row.value("held")?,
        feed: row.value("feed")?,
        ledger: row.value("ledger")?,
        due: row.value("due")?,
    })
}

pub(super) async fn check(pool: &PgPool) -> Stored<Vec<String>> {
    let mut tx = scope::all(pool).await?;
    // All rows of a large county are joined and sorted: it takes minutes, holds nobody
    // up, and a restore that could not be checked would be none.
    sqlx::query("set local statement_timeout = 0")
        .execute(&mut *tx)
        .await?;
    let mut breaches = check_units(&mut tx).await?;
    breaches.extend(check_verdicts(&mut tx).await?);
    breaches.extend(check_grounds(&mut tx).await?);
    breaches.extend(check_alerts(&mut tx).await?);
    breaches.extend(check_numbers(&mut tx).await?);
    breaches.extend(check_deliveries(&mut tx).await?);
    Ok(breaches)
}

/// Folded later than evaluated and not due: a change that nobody will see. Whoever
/// is a member is seen with the household, which the second question asks
/// after, though it may have been a unit alone before.
async fn check_units(tx: &mut PgConnection) -> Stored<Vec<String>> {
    let own: Vec<(String, String)> = sqlx::query_as(
        "select f.subject_kind, f.subject_id::text
        from folds f
        left join units u
        on u.unit_kind = f.subject_kind
        and u.unit_id = f.subject_id
        left join due d
        on d.unit_kind = f.subject_kind
        and d.unit_id = f.subject_id
        where d.version is null
        and (
            u.commit_id < f.commit_id
            or (u.commit_id is null and f.subject_kind = 'h')
        )
        and not (f.subject_kind = 'p' and exists (
            select 1 from reads r
            where r.of_person = f.subject_id
            and r.person_id = f.subject_id
            and r.why = 'member'
        ))
        order by f.subject_kind, f.subject_id",
    )
    .fetch_all(&mut *tx)
    .await?;
    let read: Vec<(String, String)> = sqlx::query_as(
        "select r.household_id::text, r.person_id::text
        from reads r
        join folds f
        on f.subject_kind = 'p'
        and f.subject_id = r.person_id
        left join units u
        on u.unit_kind = 'h'
        and u.unit_id = r.household_id
        left join due d
        on d.unit_kind = 'h'
        and d.unit_id = r.household_id
        where d.version is null
        and coalesce(u.commit_id, 0) < f.commit_id
        group by r.household_id, r.person_id
        order by r.household_id, r.person_id",
    )
    .fetch_all(&mut *tx)
    .await?;
    let own = own.into_iter().map(|(kind, id)| {
        format!("unit {kind}:{id} was folded later than evaluated and is not due")
    });
    let read = read.into_iter().map(|(household, person)| {
        format!("unit h:{household} reads p:{person}, folded later than it was evaluated, and is not due")
    });
    Ok(own.chain(read).collect())
}

/// Verdicts that are not the last that were given.
async fn check_verdicts(tx: &mut PgConnection) -> Stored<Vec<String>> {
    let unlike: Vec<(String, String, String)> = sqlx::query_as(
        "with told as (
            select subject_kind, subject_id, policy, unit_kind, unit_id, verdict, commit_id, row_no,
                max(case when verdict is null then commit_id end) over (
                    partition by subject_kind, subject_id, policy, unit_kind, unit_id
                ) as left_id
            from verdict_changes
        ),
        given as (
            select subject_kind, subject_id, policy, unit_kind, unit_id, verdict, commit_id, left_id,
                row_number() over (
                    partition by subject_kind, subject_id, policy
                    order by commit_id desc, row_no desc
                ) as age
            from told
            where verdict is not null
        ),
        standing as (
            select subject_kind, subject_id, policy, unit_kind, unit_id, verdict
            from given
            where age = 1
            and coalesce(left_id, 0) <= commit_id
        ),
        held as (
            select subject_kind, subject_id, policy, unit_kind, unit_id, verdict
            from verdicts
        ),
        lost as (
            select * from standing
            except
            select * from held
        ),
        left_over as (
            select * from held
            except
            select * from standing
        )
        select subject_kind, subject_id::text, policy from lost
        union
        select subject_kind, subject_id::text, policy from left_over
        order by 1, 2, 3",
    )
    .fetch_all(&mut *tx)
    .await?;
    let unlike = unlike.into_iter().map(|(kind, id, policy)| {
        format!("the verdict of policy {policy} about {kind}:{id} is not the last that was given")
    });
    Ok(unlike.collect())
}

/// Units with verdicts that were never evaluated, or do not read whom they
/// judge.
async fn check_grounds(tx: &mut PgConnection) -> Stored<Vec<String>> {
    let unseen: Vec<(String, String)> = sqlx::query_as(
        "select distinct v.unit_kind, v.unit_id::text
        from verdicts v
        where not exists (
            select 1
            from units u
            where u.unit_kind = v.unit_kind
            and u.unit_id = v.unit_id
        )
        order by 1, 2",
    )
    .fetch_all(&mut *tx)
    .await?;
    let unread: Vec<(String, String)> = sqlx::query_as(
        "select distinct v.unit_id::text, v.subject_id::text
        from verdicts v
        where v.unit_kind = 'h'
        and v.subject_kind = 'p'
        and not exists (
            select 1
            from reads r
            where r.person_id = v.subject_id
            and r.household_id = v.unit_id
        )
        order by 1, 2",
    )
    .fetch_all(&mut *tx)
    .await?;
    let unseen = unseen
        .into_iter()
        .map(|(kind, id)| format!("unit {kind}:{id} has verdicts and was never evaluated"));
    let unread = unread.into_iter().map(|(household, person)| {
        format!("unit h:{household} judges p:{person} and does not read them")
    });
    Ok(unseen.chain(unread).collect())
}

/// Two open episodes; an alert without a decision; an entry without an alert.
async fn check_alerts(tx: &mut PgConnection) -> Stored<Vec<String>> {
    let open: Vec<(String, String, i64)> = sqlx::query_as(
        "select subject_kind || ':' || subject_id::text, policy, count(*)
        from alerts
        where not ended
        group by subject_kind, subject_id, policy
        having count(*) > 1
        order by 1, 2",
    )
    .fetch_all(&mut *tx)
    .await?;
    let unexplained: Vec<String> = sqlx::query_scalar(
        "select a.id::text
        from alerts a
        where not exists (
            select 1
            from decisions d
            where d.alert_id = a.id
        )
        order by a.id",
    )
    .fetch_all(&mut *tx)
    .await?;
    let orphans: Vec<i64> = sqlx::query_scalar(
        "select f.oid
        from feed f
        where f.kind <> 'feed_closed'
        and not exists (
            select 1
            from alerts a
            where a.id = f.alert_id
        )
        order by f.oid",
    )
    .fetch_all(&mut *tx)
    .await?;
    let open = open.into_iter().map(|(subject, policy, count)| {
        format!("subject {subject} has {count} open episodes of policy {policy}")
    });
    let unexplained = unexplained
        .into_iter()
        .map(|alert| format!("alert {alert} has no decision"));
    let orphans = orphans
        .into_iter()
        .map(|oid| format!("feed entry {oid} is about an alert that does not exist"));
    Ok(open.chain(unexplained).chain(orphans).collect())
}

/// Holes in commit numbers, positions and feed numbers; heads that disagree.
async fn check_numbers(tx: &mut PgConnection) -> Stored<Vec<String>> {
    let mut breaches = Vec::new();
    let (head, count, last, root): (i64, i64, i64, i64) = sqlx::query_as(
        "select h.number,
            (select count(number) from commits),
            (select coalesce(max(number), 0) from commits),
            (select coalesce(max(size), 0) from ledger_roots)
        from heads h",
    )
    .fetch_one(&mut *tx)
    .await?;
    if count != last || last != head || root != head {
        breaches.push(format!(
            "commit numbers have holes: {count} numbers up to {last}, head {head}, root {root}"
        ));
    }
    let (head, count, last): (i64, i64, i64) = sqlx::query_as(
        "select h.position,
            (select count(position) from feed),
            (select coalesce(max(position), 0) from feed)
        from heads h",
    )
    .fetch_one(&mut *tx)
    .await?;
    if count != last || last != head {
        breaches.push(format!(
            "feed positions have holes: {count} entries up to {last}, head {head}"
        ));
    }
    let feeds: Vec<(String, i64, i64, Option<i64>)> = sqlx::query_as(
        "select f.feed, count(f.number), max(f.number), max(h.number)
        from feed f
        left join feed_heads h
        on h.feed = f.feed
        where f.number is not null
        group by f.feed
        having count(f.number) <> max(f.number)
        or max(h.number) is distinct from max(f.number)
        order by f.feed",
    )
    .fetch_all(&mut *tx)
    .await?;
    for (feed, count, last, head) in feeds {
        let head = head.unwrap_or(0);
        breaches.push(format!(
            "feed {feed} has holes: {count} entries up to {last}, head {head}"
        ));
    }
    Ok(breaches)
}

/// A subscription ahead of the feed; an entry that failed and is not behind its
/// subscription's cursor or not in the feed.
async fn check_deliveries(tx: &mut PgConnection) -> Stored<Vec<String>> {
    let ahead: Vec<(String, i64, i64)> = sqlx::query_as(
        "select s.id::text, s.cursor, h.position
        from subscriptions s
        join heads h
        on h.position < s.cursor
        order by s.id",
    )
    .fetch_all(&mut *tx)
    .await?;
    let strays: Vec<(String, i64)> = sqlx::query_as(
        "select d.subscription_id::text, d.position
        from deliveries d
        left join subscriptions s
        on s.id = d.subscription_id
        left join feed f
        on f.position = d.position
        where s.id is null
        or d.position > s.cursor
        or f.position is null
        order by d.subscription_id, d.position",
    )
    .fetch_all(&mut *tx)
    .await?;
    let ahead = ahead.into_iter().map(|(id, cursor, head)| {
        format!("subscription {id} stands at position {cursor}, the feed at {head}")
    });
    let strays = strays.into_iter().map(|(id, position)| {
        format!("the delivery of entry {position} belongs to nothing subscription {id} has read")
    });
    Ok(ahead.chain(strays).collect())
}
