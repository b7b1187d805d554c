//! Alerts as people see them. Every statement carries the grant's regions: a
//! county or wider region covers what its bureau answers for, a township what
//! lies on its desk or what it assists with.

use domain::authority::Grant;
use domain::ids::{ActionId, AlertId, DecisionId, OfficerId};
use domain::time::Date;
use sqlx::PgPool;

use super::columns::{Columns, nouns, uuids};
use super::scope;
use crate::Stored;
use crate::commit::{ActionRow, AlertRow, DecisionRow};
use crate::encode::knows_list;
use crate::rows::{AlertCount, StandingCount};

pub(super) async fn alert(pool: &PgPool, grant: &Grant, id: AlertId) -> Stored<Option<AlertRow>> {
    let mut tx = scope::of(pool, grant).await?;
    let row = sqlx::query(
        "select a.*
        from alerts a
        where a.id = $2
        and a.confidential = any ($3)
        and (a.county like any ($1) or a.township || '%' = any ($1) or a.assist || '%' = any ($1))",
    )
    .bind(scope::patterns(grant))
    .bind(id.as_uuid())
    .bind(knows_list(grant))
    .fetch_optional(&mut *tx)
    .await?;
    row.map(|row| noun(&Columns::of("alerts", &row)))
        .transpose()
}

pub(super) async fn alert_counts(pool: &PgPool, grant: &Grant) -> Stored<Vec<AlertCount>> {
    let mut tx = scope::of(pool, grant).await?;
    let rows = sqlx::query(
        "select a.county, a.township, a.policy, a.level, a.work, count(*) as count
        from alerts a
        where a.work <> 'closed'
        and (a.county like any ($1) or a.township || '%' = any ($1) or a.assist || '%' = any ($1))
        and a.confidential = any ($2)
        group by a.county, a.township, a.policy, a.level, a.work",
    )
    .bind(scope::patterns(grant))
    .bind(knows_list(grant))
    .fetch_all(&mut *tx)
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

pub(super) async fn standing(pool: &PgPool, grant: &Grant, on: Date) -> Stored<Vec<StandingCount>> {
    let mut tx = scope::of(pool, grant).await?;
    let rows = sqlx::query(
        "select a.township, a.policy, a.work, a.found,
            a.due_on is not null and a.due_on < $3 and a.work <> 'held' as overdue,
            count(*) as count
        from alerts a
        where a.work <> 'closed'
        and a.confidential = any ($2)
        and (a.county like any ($1) or a.township || '%' = any ($1) or a.assist || '%' = any ($1))
        group by 1, 2, 3, 4, 5
        union all
        select a.township, a.policy, a.work, a.found, false, count(*)
        from alerts a
        where a.found is not null and a.work = 'closed'
        and a.confidential = any ($2)
        and (a.county like any ($1) or a.township || '%' = any ($1) or a.assist || '%' = any ($1))
        group by 1, 2, 3, 4",
    )
    .bind(scope::patterns(grant))
    .bind(knows_list(grant))
    .bind(on.to_string())
    .fetch_all(&mut *tx)
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
    pool: &PgPool,
    grant: &Grant,
    alert: AlertId,
) -> Stored<Vec<ActionRow>> {
    let mut tx = scope::of(pool, grant).await?;
    let rows = sqlx::query(
        "select t.*
        from alerts a
        join actions t
        on t.alert_id = a.id
        where a.id = $2
        and a.confidential = any ($3)
        and (a.county like any ($1) or a.township || '%' = any ($1) or a.assist || '%' = any ($1))
        order by t.commit_id, t.row_no",
    )
    .bind(scope::patterns(grant))
    .bind(alert.as_uuid())
    .bind(knows_list(grant))
    .fetch_all(&mut *tx)
    .await?;
    nouns("actions", &rows, action)
}

pub(super) async fn decision(
    pool: &PgPool,
    grant: &Grant,
    id: DecisionId,
) -> Stored<Option<DecisionRow>> {
    let found = decisions_by_id(pool, grant, &[id]).await?;
    Ok(found.into_iter().next())
}

/// The alert's desk may read them; so may the place that answered for the
/// subject on the day decided for, and the one that answers for it now.
pub(super) async fn decisions_by_id(
    pool: &PgPool,
    grant: &Grant,
    ids: &[DecisionId],
) -> Stored<Vec<DecisionRow>> {
    let mut tx = scope::of(pool, grant).await?;
    let rows = sqlx::query(
        "select d.*
        from decisions d
        left join alerts a
        on a.id = d.alert_id
        where d.id = any ($2)
        and d.confidential = any ($3)
        and (
            (a.county like any ($1) or a.township || '%' = any ($1) or a.assist || '%' = any ($1))
            or exists (
                select 1
                from access x
                where x.region like any ($1)
                and x.subject_kind = d.subject_kind
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
    .bind(scope::patterns(grant))
    .bind(uuids(ids.iter().map(|id| id.as_uuid())))
    .bind(knows_list(grant))
    .fetch_all(&mut *tx)
    .await?;
    nouns("decisions", &rows, decision_noun)
}

pub(super) async fn decisions(
    pool: &PgPool,
    grant: &Grant,
    alert: AlertId,
) -> Stored<Vec<DecisionRow>> {
    let mut tx = scope::of(pool, grant).await?;
    let rows = sqlx::query(
        "select d.*
        from alerts a
        join decisions d
        on d.alert_id = a.id
        where a.id = $2
        and a.confidential = any ($3)
        and (a.county like any ($1) or a.township || '%' = any ($1) or a.assist || '%' = any ($1))
        order by d.commit_id, d.row_no",
    )
    .bind(scope::patterns(grant))
    .bind(alert.as_uuid())
    .bind(knows_list(grant))
    .fetch_all(&mut *tx)
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
