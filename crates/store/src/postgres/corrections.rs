//! Disputed rows as their source sees them.

use domain::authority::Grant;
use domain::ids::{ActionId, ImportId};
use domain::record::{DatasetId, NaturalKey};
use sqlx::PgPool;

use super::columns::{Columns, nouns};
use super::imports::{revision, sources};
use super::scope;
use crate::Stored;
use crate::corrections::{Correction, CorrectionRow};

pub(super) async fn corrections(
    pool: &PgPool,
    grant: &Grant,
    import: Option<ImportId>,
    limit: u32,
) -> Stored<Vec<Correction>> {
    let mut tx = scope::of(pool, grant).await?;
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
        where i.scope like any ($1)
        and ($2 is null or i.source = any ($2))
        and ($3 is null or c.import_id = $3)
        order by c.at desc, c.action_id desc
        limit $4",
    )
    .bind(scope::patterns(grant))
    .bind(sources(grant))
    .bind(import.map(ImportId::as_uuid))
    .bind(i64::from(limit))
    .fetch_all(&mut *tx)
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
