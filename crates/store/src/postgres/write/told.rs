//! Writes what people are told: verdicts, alerts, decisions, actions, feed entries.

use domain::alert::Found;
use domain::ids::OfficerId;
use sqlx::postgres::PgConnection;

use super::refuse_unless;
use crate::Stored;
use crate::commit::{Commit, VerdictRow};
use crate::encode::{feed_text, level_rank, list_text};
use crate::parts::Parts;
use crate::postgres::columns::{insert, subject_arrays};

pub(super) async fn write(
    tx: &mut PgConnection,
    id: i64,
    commit: &Commit,
    parts: &Parts<'_>,
) -> Stored<()> {
    verdicts(tx, id, parts).await?;
    alerts(tx, commit, parts).await?;
    decisions(tx, id, parts).await?;
    keep(tx, parts).await?;
    actions(tx, id, parts).await?;
    insert(
        tx,
        "insert into corrections (action_id, import_id, line, subject_kind, subject_id, kind, key,
            business_date, sequence, at, reason, commit_id) ",
        12,
        "",
        &parts.corrections,
        |tuple, _, row| {
            tuple.push_bind(row.action.as_uuid());
            tuple.push_bind(row.import.as_uuid());
            tuple.push_bind(row.line);
            tuple.push_bind(row.subject.letter());
            tuple.push_bind(row.subject.as_uuid());
            tuple.push_bind(row.kind.clone());
            tuple.push_bind(row.key.0.to_vec());
            tuple.push_bind(row.revision.business_date.to_string());
            tuple.push_bind(row.revision.sequence);
            tuple.push_bind(row.at.as_micros());
            tuple.push_bind(row.reason.clone());
            tuple.push_bind(id);
        },
    )
    .await?;
    insert(
        tx,
        "insert into feed (commit_id, feed, kind, alert_id, policy, level, due_on) ",
        7,
        "",
        &parts.feed,
        |tuple, _, row| {
            tuple.push_bind(id);
            tuple.push_bind(feed_text(row.feed, row.confidential));
            tuple.push_bind(row.kind.name());
            tuple.push_bind(row.alert.as_uuid());
            tuple.push_bind(row.policy.clone());
            tuple.push_bind(level_rank(row.level));
            tuple.push_bind(row.due_on.map(|day| day.to_string()));
        },
    )
    .await?;
    Ok(())
}

/// What people did to alerts.
async fn actions(tx: &mut PgConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    insert(
        tx,
        "insert into actions (id, alert_id, action, officer_id, at, version, sealed,
            commit_id, row_no) ",
        9,
        "",
        &parts.actions,
        |tuple, row_no, row| {
            tuple.push_bind(row.id.as_uuid());
            tuple.push_bind(row.alert.as_uuid());
            tuple.push_bind(row.action.clone());
            tuple.push_bind(row.by.as_uuid());
            tuple.push_bind(row.at.as_micros());
            tuple.push_bind(row.version);
            tuple.push_bind(row.sealed.clone());
            tuple.push_bind(id);
            tuple.push_bind(row_no);
        },
    )
    .await?;
    Ok(())
}

async fn verdicts(tx: &mut PgConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    insert(
        tx,
        "insert into verdict_changes (commit_id, row_no, unit_kind, unit_id, subject_kind,
            subject_id, policy, version, verdict, signal, fingerprint, missing, evaluated_on) ",
        13,
        "",
        &parts.verdict_changes,
        |tuple, row_no, row| {
            tuple.push_bind(id);
            tuple.push_bind(row_no);
            tuple.push_bind(row.unit.letter());
            tuple.push_bind(row.unit.as_uuid());
            tuple.push_bind(row.subject.letter());
            tuple.push_bind(row.subject.as_uuid());
            tuple.push_bind(row.policy.clone());
            tuple.push_bind(row.version.clone());
            tuple.push_bind(row.verdict.clone());
            tuple.push_bind(row.signal.clone());
            tuple.push_bind(row.fingerprint.clone());
            tuple.push_bind(list_text(&row.missing));
            tuple.push_bind(row.on.to_string());
        },
    )
    .await?;
    left_units(tx, &parts.left).await?;
    let mut changes = parts.verdict_changes.iter();
    if changes.any(|row| row.verdict.is_some()) {
        current_verdicts(tx, id).await?;
    }
    Ok(())
}

/// A subject that left a unit keeps the verdict another unit has given since.
async fn left_units(tx: &mut PgConnection, left: &[&VerdictRow]) -> Stored<()> {
    if left.is_empty() {
        return Ok(());
    }
    let (subject_kinds, subjects) = subject_arrays(left.iter().map(|row| &row.subject));
    let (unit_kinds, units) = subject_arrays(left.iter().map(|row| &row.unit));
    let policies: Vec<&str> = left.iter().map(|row| row.policy.as_str()).collect();
    sqlx::query(
        "delete from verdicts
        where (subject_kind, subject_id, policy, unit_kind, unit_id) in (
            select *
            from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::uuid[])
        )",
    )
    .bind(subject_kinds)
    .bind(subjects)
    .bind(policies)
    .bind(unit_kinds)
    .bind(units)
    .execute(tx)
    .await?;
    Ok(())
}

/// The verdicts given, as they stand in the history already: many rows whose texts
/// need not be sent again. Of one given twice the last counts.
async fn current_verdicts(tx: &mut PgConnection, id: i64) -> Stored<()> {
    sqlx::query(
        "insert into verdicts (subject_id, subject_kind, policy, unit_kind, unit_id, version,
            verdict, signal, fingerprint, missing, evaluated_on)
        select distinct on (subject_kind, subject_id, policy)
            subject_id, subject_kind, policy, unit_kind, unit_id, version,
            verdict, signal, fingerprint, missing, evaluated_on
        from verdict_changes
        where commit_id = $1 and verdict is not null
        order by subject_kind, subject_id, policy, row_no desc
        on conflict (subject_id, subject_kind, policy) do update
        set unit_kind = excluded.unit_kind,
            unit_id = excluded.unit_id,
            version = excluded.version,
            verdict = excluded.verdict,
            signal = excluded.signal,
            fingerprint = excluded.fingerprint,
            missing = excluded.missing,
            evaluated_on = excluded.evaluated_on",
    )
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}

/// An alert never goes back to a version it had: an older one written over a
/// newer one is a conflict, guarded or not.
async fn alerts(tx: &mut PgConnection, commit: &Commit, parts: &Parts<'_>) -> Stored<()> {
    let written = insert(
        tx,
        "insert into alerts (id, subject_kind, subject_id, unit_kind, unit_id, policy, finding,
            level, partition, county, township, assist, condition, work, ended, due_on, look_on,
            snoozed_until, assignee, opened_at, changed_at, version, sealed, confidential, found) ",
        25,
        "on conflict (id) do update
        set subject_kind = excluded.subject_kind,
            subject_id = excluded.subject_id,
            unit_kind = excluded.unit_kind,
            unit_id = excluded.unit_id,
            finding = excluded.finding,
            level = excluded.level,
            county = excluded.county,
            township = excluded.township,
            assist = excluded.assist,
            condition = excluded.condition,
            work = excluded.work,
            ended = excluded.ended,
            due_on = excluded.due_on,
            look_on = excluded.look_on,
            snoozed_until = excluded.snoozed_until,
            assignee = excluded.assignee,
            changed_at = excluded.changed_at,
            version = excluded.version,
            sealed = excluded.sealed,
            confidential = excluded.confidential,
            found = excluded.found
        where alerts.version < excluded.version",
        &parts.alerts,
        |tuple, _, row| {
            // The county the alert was folded in keeps it, whoever changes it.
            let partition = commit.partition.unwrap_or(row.county);
            tuple.push_bind(row.id.as_uuid());
            tuple.push_bind(row.subject.letter());
            tuple.push_bind(row.subject.as_uuid());
            tuple.push_bind(row.unit.letter());
            tuple.push_bind(row.unit.as_uuid());
            tuple.push_bind(row.policy.clone());
            tuple.push_bind(row.finding.name());
            tuple.push_bind(level_rank(row.level));
            tuple.push_bind(partition.to_string());
            tuple.push_bind(row.county.to_string());
            tuple.push_bind(row.township.map(|code| code.to_string()));
            tuple.push_bind(row.assist.map(|code| code.to_string()));
            tuple.push_bind(row.condition.clone());
            tuple.push_bind(row.work.clone());
            tuple.push_bind(row.over);
            tuple.push_bind(row.due_on.map(|day| day.to_string()));
            tuple.push_bind(row.look_on.map(|day| day.to_string()));
            tuple.push_bind(row.snoozed_until.map(|day| day.to_string()));
            tuple.push_bind(row.assignee.map(OfficerId::as_uuid));
            tuple.push_bind(row.opened_at.as_micros());
            tuple.push_bind(row.changed_at.as_micros());
            tuple.push_bind(row.version);
            tuple.push_bind(row.sealed.clone());
            tuple.push_bind(row.confidential.name());
            tuple.push_bind(row.found.map(Found::name));
        },
    )
    .await?;
    refuse_unless(usize::try_from(written).is_ok_and(|written| written == parts.alerts.len()))
}

async fn decisions(tx: &mut PgConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    insert(
        tx,
        "insert into decisions (id, alert_id, subject_kind, subject_id, unit_kind, unit_id, policy,
            evaluated_on, known, policy_set, digest, sealed, commit_id, row_no) ",
        14,
        "",
        &parts.decisions,
        |tuple, row_no, row| {
            tuple.push_bind(row.id.as_uuid());
            tuple.push_bind(row.alert.as_uuid());
            tuple.push_bind(row.subject.letter());
            tuple.push_bind(row.subject.as_uuid());
            tuple.push_bind(row.unit.letter());
            tuple.push_bind(row.unit.as_uuid());
            tuple.push_bind(row.policy.clone());
            tuple.push_bind(row.on.to_string());
            tuple.push_bind(row.known);
            tuple.push_bind(row.policy_set.clone());
            tuple.push_bind(row.digest.clone());
            tuple.push_bind(row.sealed.clone());
            tuple.push_bind(id);
            tuple.push_bind(row_no);
        },
    )
    .await?;
    Ok(())
}

/// What was decided for an alert that is kept from part of its desk is kept
/// with it, what was decided before it was kept too.
async fn keep(tx: &mut PgConnection, parts: &Parts<'_>) -> Stored<()> {
    let kept = parts
        .alerts
        .iter()
        .filter(|row| !row.confidential.is_ordinary());
    let kept: Vec<_> = kept.map(|row| row.id.as_uuid()).collect();
    if kept.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update decisions
        set confidential = a.confidential
        from alerts a
        where a.id = decisions.alert_id
        and decisions.alert_id = any ($1)",
    )
    .bind(kept)
    .execute(tx)
    .await?;
    Ok(())
}
