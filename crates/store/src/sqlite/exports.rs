//! Exports of the register, to those who asked and those who decide.

use std::collections::BTreeMap;

use domain::authority::{Grant, Operation};
use domain::ids::{ExportId, OfficerId};
use sqlx::SqlitePool;

use super::columns::{Columns, ids_json, nouns};
use crate::Stored;
use crate::encode::divisions_text;
use crate::exports::{ExportEventRow, ExportRow, KnownExport};

pub(super) async fn export(
    pool: &SqlitePool,
    grant: &Grant,
    id: ExportId,
) -> Stored<Option<KnownExport>> {
    Ok(known(pool, grant, Some(id), 1).await?.pop())
}

pub(super) async fn exports(
    pool: &SqlitePool,
    grant: &Grant,
    limit: u32,
) -> Stored<Vec<KnownExport>> {
    known(pool, grant, None, limit).await
}

/// One's own, and those of a county the grant decides for. Two statements,
/// however many there are.
async fn known(
    pool: &SqlitePool,
    grant: &Grant,
    id: Option<ExportId>,
    limit: u32,
) -> Stored<Vec<KnownExport>> {
    let rows = sqlx::query(
        "select e.*
        from exports e
        where e.id in (
            select o.id
            from exports o
            where o.officer_id = $2
            union
            select c.id
            from json_each($1) r
            cross join exports c
            where $3
            and c.county >= r.value
            and c.county < r.value || ':'
        )
        and ($4 is null or e.id = $4)
        order by e.at desc, e.id
        limit $5",
    )
    .bind(divisions_text(grant.regions()))
    .bind(grant.officer().as_uuid())
    .bind(grant.operation() == Operation::ApproveExports)
    .bind(id.map(ExportId::as_uuid))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let exports = nouns("exports", &rows, export_noun)?;
    let rows = sqlx::query(
        "select v.*
        from json_each($1) wanted
        cross join export_events v
        where v.export_id = unhex(wanted.value)
        order by v.commit_id, v.row_no",
    )
    .bind(ids_json(exports.iter().map(|row| row.id.as_uuid())))
    .fetch_all(pool)
    .await?;
    let mut events: BTreeMap<ExportId, Vec<ExportEventRow>> = BTreeMap::new();
    for event in nouns("export_events", &rows, event_noun)? {
        events.entry(event.export).or_default().push(event);
    }
    let known = exports.into_iter().map(|row| KnownExport {
        events: events.remove(&row.id).unwrap_or_default(),
        row,
    });
    Ok(known.collect())
}

/// An export as its commit wrote it.
pub(super) fn export_noun(row: &Columns<'_>) -> Stored<ExportRow> {
    Ok(ExportRow {
        id: ExportId::from_uuid(row.uuid("id")?),
        officer: OfficerId::from_uuid(row.uuid("officer_id")?),
        county: row.division("county")?,
        filter: row.value("filter")?,
        purpose: row.value("purpose")?,
        families: row.small("families")?,
        at: row.instant("at")?,
    })
}

/// An event as its commit wrote it.
pub(super) fn event_noun(row: &Columns<'_>) -> Stored<ExportEventRow> {
    Ok(ExportEventRow {
        export: ExportId::from_uuid(row.uuid("export_id")?),
        event: row.cell("event").export_event(row.value("event")?)?,
        officer: OfficerId::from_uuid(row.uuid("officer_id")?),
        at: row.instant("at")?,
    })
}
