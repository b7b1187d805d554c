//! Alerts as people see them. Every statement carries the grant's regions: a
//! county or wider region covers what its bureau answers for, a township what
//! lies on its desk or what it assists with.

use domain::authority::Grant;
use domain::ids::{ActionId, AlertId, DecisionId, OfficerId};
use domain::time::Date;
use sqlx::SqlitePool;

use super::columns::{Columns, ids_json, nouns};
use crate::Stored;
use crate::commit::{ActionRow, AlertRow, DecisionRow};
use crate::encode::{divisions_text, knows_list, list_text};
use crate::rows::{AlertCount, StandingCount};

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

pub(super) async fn alert_counts(pool: &SqlitePool, grant: &Grant) -> Stored<Vec<AlertCount>> {
    let rows = sqlx::query(
        "select a.county, a.township, a.policy, a.level, a.work, count(*) as count
        from alerts a
        where a.work <> 'closed'
        and a.confidential in (select value from json_each($2))
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

pub(super) async fn standing(
    pool: &SqlitePool,
    grant: &Grant,
    on: Date,
) -> Stored<Vec<StandingCount>> {
    let rows = sqlx::query(
        "select a.township, a.policy, a.work, a.found,
            a.due_on is not null and a.due_on < $3 and a.work <> 'held' as overdue,
            count(*) as count
        from alerts a
        where a.work <> 'closed'
        and a.confidential in (select value from json_each($2))
        and exists (
            select 1
            from json_each($1) r
            where substr(a.county, 1, length(r.value)) = r.value
            or a.township = r.value
            or a.assist = r.value
        )
        group by 1, 2, 3, 4, 5
        union all
        select a.township, a.policy, a.work, a.found, 0, count(*)
        from alerts a
        where a.found is not null and a.work = 'closed'
        and a.confidential in (select value from json_each($2))
        and exists (
            select 1
            from json_each($1) r
            where substr(a.county, 1, length(r.value)) = r.value
            or a.township = r.value
            or a.assist = r.value
        )
        group by 1, 2, 3, 4",
    )
    .bind(divisions_text(grant.regions()))
    .bind(list_text(&knows_list(grant)))
    .bind(on.to_string())
    .fetch_all(pool)
    .await?;
    let mut counts = nouns("alerts", &rows, |row| {
        Ok(StandingCount {
            township: row.division_if_any("township")?,
            policy: row.value("policy")?,
            work: row.value("work")?,
            overdue: row.value("overdue")?,
            found: row.found_if_any("found")?,
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
        found: row.found_if_any("found")?,
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
