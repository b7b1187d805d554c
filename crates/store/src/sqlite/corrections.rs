//! Disputed rows as their source sees them.

use domain::authority::Grant;
use domain::ids::{ActionId, ImportId};
use domain::record::{DatasetId, NaturalKey};
use sqlx::SqlitePool;

use super::columns::{Columns, nouns};
use super::imports::{revision, sources};
use crate::Stored;
use crate::corrections::{Correction, CorrectionRow};
use crate::encode::divisions_text;

pub(super) async fn corrections(
    pool: &SqlitePool,
    grant: &Grant,
    import: Option<ImportId>,
    limit: u32,
) -> Stored<Vec<Correction>> {
    let rows = sqlx::query(
        "select c.*, i.dataset,
            exists (
                select 1
                from records r
                where r.subject_id = c.subject_id
                and r.subject_kind = c.subject_kind
                and r.key = c.key
                and (r.business_date, r.sequence) > (c.business_date, c.sequence)
            ) as answered
        from corrections c
        join imports i
        on i.id = c.import_id
        where exists (
            select 1
            from json_each($1) r
            where substr(i.scope, 1, length(r.value)) = r.value
        )
        and ($2 is null or i.source in (select value from json_each($2)))
        and ($3 is null or c.import_id = $3)
        order by c.at desc, c.action_id desc
        limit $4",
    )
    .bind(divisions_text(grant.regions()))
    .bind(sources(grant))
    .bind(import.map(ImportId::as_uuid))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    nouns("corrections", &rows, noun)
}

fn noun(row: &Columns<'_>) -> Stored<Correction> {
    Ok(Correction {
        action: ActionId::from_uuid(row.uuid("action_id")?),
        import: ImportId::from_uuid(row.uuid("import_id")?),
        dataset: DatasetId::new(row.value("dataset")?),
        line: row.small("line")?,
        kind: row.value("kind")?,
        revision: revision(row)?,
        at: row.instant("at")?,
        reason: row.value("reason")?,
        answered: row.value("answered")?,
    })
}

/// A task as it was written.
pub(super) fn written(row: &Columns<'_>) -> Stored<CorrectionRow> {
    Ok(CorrectionRow {
        action: ActionId::from_uuid(row.uuid("action_id")?),
        import: ImportId::from_uuid(row.uuid("import_id")?),
        line: row.small("line")?,
        subject: row.subject("subject_kind", "subject_id")?,
        kind: row.value("kind")?,
        key: NaturalKey(row.array("key")?),
        revision: revision(row)?,
        at: row.instant("at")?,
        reason: row.value("reason")?,
    })
}
