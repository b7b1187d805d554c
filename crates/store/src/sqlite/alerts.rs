//! Alerts as people see them. Every statement carries the grant's regions: a
//! county or wider region covers what its bureau answers for, a township what
//! lies on its desk or what it assists with.

use domain::authority::Grant;
use domain::ids::{ActionId, AlertId, DecisionId, OfficerId, Subject};
use domain::time::Date;
use sqlx::SqlitePool;

use super::columns::{Columns, ids_json, nouns};
use crate::commit::{ActionRow, AlertRow, DecisionRow};
use crate::encode::{divisions_text, knows_list, level_rank, list_text};
use crate::rows::{AlertCount, AlertFilter};
use crate::{StoreError, Stored};

/// Work states that are on a desk; what a list without wishes shows.
const ON_A_DESK: [&str; 4] = ["raised", "acknowledged", "verified", "handled"];

pub(super) async fn alert(
    pool: &SqlitePool,
    grant: &Grant,
    id: AlertId,
) -> Stored<Option<AlertRow>> {
    let row = sqlx::query(
        "select a.*
        from alerts a
        where a.id = $2
        and a.confidential in (select value from json_each($3))
        and exists (
            select 1
            from json_each($1) r
            where substr(a.county, 1, length(r.value)) = r.value
            or a.township = r.value
            or a.assist = r.value
        )",
    )
    .bind(divisions_text(grant.regions()))
    .bind(id.as_uuid())
    .bind(list_text(&knows_list(grant)))
    .fetch_optional(pool)
    .await?;
    row.map(|row| noun(&Columns::of("alerts", &row)))
        .transpose()
}

/// A cursor the grant does not cover, any more or ever, is a conflict: the
/// caller begins again, and no page ends early unseen.
pub(super) async fn alerts(
    pool: &SqlitePool,
    grant: &Grant,
    filter: &AlertFilter,
    after: Option<AlertId>,
    limit: u32,
) -> Stored<Vec<AlertRow>> {
    let cursor = match after {
        Some(id) => Some(alert(pool, grant, id).await?.ok_or(StoreError::Conflict)?),
        None => None,
    };
    let rows = sqlx::query(
        "select a.*
        from alerts a
        where a.id in (
            select s.id
            from alerts s
            where exists (
                select 1
                from json_each($1) r
                where substr(s.county, 1, length(r.value)) = r.value
                or s.township = r.value
                or s.assist = r.value
            )
            and s.confidential in (select value from json_each($17))
            and ($2 is null or s.policy in (select value from json_each($2)))
            and ($3 is null or s.level in (select value from json_each($3)))
            and s.work in (select value from json_each($4))
            and ($5 is null or s.township = $5)
            and (not $6 or s.township is null)
            and ($7 is null or (s.unit_kind = $7 and s.unit_id = $8))
            and ($9 is null or s.due_on <= $9)
            and ($10 is null or s.snoozed_until is null or s.snoozed_until <= $10)
            and ($15 is null or s.assignee = $15)
            and (not $16 or s.assignee is null)
            and ($11 is null or (
                (3 - s.level, coalesce(s.due_on, '9999-12-31'), s.id)
                > (3 - $12, coalesce($13, '9999-12-31'), $11)
            ))
            order by s.level desc, coalesce(s.due_on, '9999-12-31'), s.id
            limit $14
        )
        order by a.level desc, coalesce(a.due_on, '9999-12-31'), a.id",
    )
    .bind(divisions_text(grant.regions()))
    .bind(any(&filter.policies).map(list_text))
    .bind(any(&filter.levels).map(|levels| {
        let ranks: Vec<i64> = levels.iter().map(|level| level_rank(*level)).collect();
        serde_json::to_string(&ranks).expect("numbers are JSON")
    }))
    .bind(any(&filter.work).map_or_else(|| list_text(&ON_A_DESK.map(str::to_owned)), list_text))
    .bind(filter.township.map(|code| code.to_string()))
    .bind(filter.unplaced)
    .bind(filter.unit.map(Subject::letter))
    .bind(filter.unit.map(Subject::as_uuid))
    .bind(filter.due_by.map(|day| day.to_string()))
    .bind(filter.awake_on.map(|day| day.to_string()))
    .bind(cursor.as_ref().map(|alert| alert.id.as_uuid()))
    .bind(cursor.as_ref().map(|alert| level_rank(alert.level)))
    .bind(cursor.and_then(|alert| alert.due_on).map(text))
    .bind(limit)
    .bind(filter.assignee.map(domain::ids::OfficerId::as_uuid))
    .bind(filter.unassigned)
    .bind(list_text(&knows_list(grant)))
    .fetch_all(pool)
    .await?;
    nouns("alerts", &rows, noun)
}

/// An empty list does not filter.
fn any<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

fn text(day: Date) -> String {
    day.to_string()
}

pub(super) async fn alert_counts(pool: &SqlitePool, grant: &Grant) -> Stored<Vec<AlertCount>> {
    let rows = sqlx::query(
        "select a.county, a.township, a.policy, a.level, a.work, count(*) as count
        from alerts a
        where a.confidential in (select value from json_each($2))
        and exists (
            select 1
            from json_each($1) r
            where substr(a.county, 1, length(r.value)) = r.value
            or a.township = r.value
            or a.assist = r.value
        )
        group by a.county, a.township, a.policy, a.level, a.work",
    )
    .bind(divisions_text(grant.regions()))
    .bind(list_text(&knows_list(grant)))
    .fetch_all(pool)
    .await?;
    let mut counts = nouns("alerts", &rows, |row| {
        Ok(AlertCount {
            county: row.division("county")?,
            township: row.division_if_any("township")?,
            policy: row.value("policy")?,
            level: row.level("level")?.name().to_owned(),
            work: row.value("work")?,
            count: row.value("count")?,
        })
    })?;
    counts.sort();
    Ok(counts)
}

pub(super) async fn actions(
    pool: &SqlitePool,
    grant: &Grant,
    alert: AlertId,
) -> Stored<Vec<ActionRow>> {
    let rows = sqlx::query(
        "select t.*
        from alerts a
        join actions t
        on t.alert_id = a.id
        where a.id = $2
        and a.confidential in (select value from json_each($3))
        and exists (
            select 1
            from json_each($1) r
            where substr(a.county, 1, length(r.value)) = r.value
            or a.township = r.value
            or a.assist = r.value
        )
        order by t.commit_id, t.row_no",
    )
    .bind(divisions_text(grant.regions()))
    .bind(alert.as_uuid())
    .bind(list_text(&knows_list(grant)))
    .fetch_all(pool)
    .await?;
    nouns("actions", &rows, action)
}

pub(super) async fn decision(
    pool: &SqlitePool,
    grant: &Grant,
    id: DecisionId,
) -> Stored<Option<DecisionRow>> {
    let found = decisions_by_id(pool, grant, &[id]).await?;
    Ok(found.into_iter().next())
}

/// The alert's desk may read them; so may the place that answered for the
/// subject on the day decided for, and the one that answers for it now.
pub(super) async fn decisions_by_id(
    pool: &SqlitePool,
    grant: &Grant,
    ids: &[DecisionId],
) -> Stored<Vec<DecisionRow>> {
    let rows = sqlx::query(
        "select d.*
        from json_each($2) wanted
        cross join decisions d
        cross join alerts a
        where d.id = unhex(wanted.value)
        and a.id = d.alert_id
        and d.confidential in (select value from json_each($3))
        and (
            exists (
                select 1
                from json_each($1) r
                where substr(a.county, 1, length(r.value)) = r.value
                or a.township = r.value
                or a.assist = r.value
            )
            or exists (
                select 1
                from access x
                join json_each($1) r
                on substr(x.region, 1, length(r.value)) = r.value
                where x.subject_kind = d.subject_kind
                and x.subject_id = d.subject_id
                and (
                    x.valid_to is null
                    or (
                        coalesce(x.valid_from, d.evaluated_on) <= d.evaluated_on
                        and x.valid_to > d.evaluated_on
                    )
                )
            )
        )
        order by d.commit_id, d.row_no",
    )
    .bind(divisions_text(grant.regions()))
    .bind(ids_json(ids.iter().map(|id| id.as_uuid())))
    .bind(list_text(&knows_list(grant)))
    .fetch_all(pool)
    .await?;
    nouns("decisions", &rows, decision_noun)
}

pub(super) async fn decisions(
    pool: &SqlitePool,
    grant: &Grant,
    alert: AlertId,
) -> Stored<Vec<DecisionRow>> {
    let rows = sqlx::query(
        "select d.*
        from alerts a
        join decisions d
        on d.alert_id = a.id
        where a.id = $2
        and a.confidential in (select value from json_each($3))
        and exists (
            select 1
            from json_each($1) r
            where substr(a.county, 1, length(r.value)) = r.value
            or a.township = r.value
            or a.assist = r.value
        )
        order by d.commit_id, d.row_no",
    )
    .bind(divisions_text(grant.regions()))
    .bind(alert.as_uuid())
    .bind(list_text(&knows_list(grant)))
    .fetch_all(pool)
    .await?;
    nouns("decisions", &rows, decision_noun)
}

pub(super) fn noun(row: &Columns<'_>) -> Stored<AlertRow> {
    let assignee: Option<uuid::Uuid> = row.value("assignee")?;
    Ok(AlertRow {
        id: AlertId::from_uuid(row.uuid("id")?),
        subject: row.subject("subject_kind", "subject_id")?,
        unit: row.subject("unit_kind", "unit_id")?,
        policy: row.value("policy")?,
        finding: row.cell("finding").finding(row.value("finding")?)?,
        level: row.level("level")?,
        confidential: row
            .cell("confidential")
            .confidential(row.value("confidential")?)?,
        county: row.division("county")?,
        township: row.division_if_any("township")?,
        assist: row.division_if_any("assist")?,
        condition: row.value("condition")?,
        work: row.value("work")?,
        over: row.value("ended")?,
        due_on: row.date_if_any("due_on")?,
        look_on: row.date_if_any("look_on")?,
        snoozed_until: row.date_if_any("snoozed_until")?,
        assignee: assignee.map(OfficerId::from_uuid),
        opened_at: row.instant("opened_at")?,
        changed_at: row.instant("changed_at")?,
        version: row.value("version")?,
        sealed: row.value("sealed")?,
    })
}

pub(super) fn action(row: &Columns<'_>) -> Stored<ActionRow> {
    Ok(ActionRow {
        id: ActionId::from_uuid(row.uuid("id")?),
        alert: AlertId::from_uuid(row.uuid("alert_id")?),
        action: row.value("action")?,
        by: OfficerId::from_uuid(row.uuid("officer_id")?),
        at: row.instant("at")?,
        version: row.value("version")?,
        sealed: row.value("sealed")?,
    })
}

pub(super) fn decision_noun(row: &Columns<'_>) -> Stored<DecisionRow> {
    Ok(DecisionRow {
        id: DecisionId::from_uuid(row.uuid("id")?),
        alert: AlertId::from_uuid(row.uuid("alert_id")?),
        subject: row.subject("subject_kind", "subject_id")?,
        unit: row.subject("unit_kind", "unit_id")?,
        policy: row.value("policy")?,
        on: row.date("evaluated_on")?,
        known: row.value("known")?,
        policy_set: row.value("policy_set")?,
        digest: row.value("digest")?,
        sealed: row.value("sealed")?,
    })
}
