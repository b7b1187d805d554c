//! Imports and the rows they kept.

use domain::authority::{Grant, Role};
use domain::ids::{ImportId, OfficerId};
use domain::record::{DatasetId, ImportHeader, Revision, RowCounts, RowOutcome, SourceId};
use domain::time::Instant;
use sqlx::SqlitePool;

use super::columns::{Columns, nouns};
use crate::Stored;
use crate::commit::{ImportRow, KeptRow};
use crate::encode::{divisions_text, list_text};

pub(super) async fn import_by_key(
    pool: &SqlitePool,
    source: &SourceId,
    dataset: &DatasetId,
    revision: Revision,
) -> Stored<Option<ImportRow>> {
    let row = sqlx::query(
        "select *
        from imports
        where source = $1
        and dataset = $2
        and business_date = $3
        and sequence = $4",
    )
    .bind(source.as_str())
    .bind(dataset.as_str())
    .bind(revision.business_date.to_string())
    .bind(revision.sequence)
    .fetch_optional(pool)
    .await?;
    row.map(|row| noun(&Columns::of("imports", &row)))
        .transpose()
}

pub(super) async fn import(
    pool: &SqlitePool,
    grant: &Grant,
    id: ImportId,
) -> Stored<Option<ImportRow>> {
    let row = sqlx::query(
        "select i.*
        from imports i
        where i.id = $3
        and exists (
            select 1
            from json_each($1) r
            where substr(i.scope, 1, length(r.value)) = r.value
        )
        and ($2 is null or i.source in (select value from json_each($2)))",
    )
    .bind(divisions_text(grant.regions()))
    .bind(sources(grant))
    .bind(id.as_uuid())
    .fetch_optional(pool)
    .await?;
    row.map(|row| noun(&Columns::of("imports", &row)))
        .transpose()
}

pub(super) async fn imports(
    pool: &SqlitePool,
    grant: &Grant,
    before: Option<Instant>,
    limit: u32,
) -> Stored<Vec<ImportRow>> {
    let rows = sqlx::query(
        "select i.*
        from imports i
        where exists (
            select 1
            from json_each($1) r
            where substr(i.scope, 1, length(r.value)) = r.value
        )
        and ($2 is null or i.source in (select value from json_each($2)))
        and ($3 is null or i.received_at < $3)
        order by i.received_at desc, i.id desc
        limit $4",
    )
    .bind(divisions_text(grant.regions()))
    .bind(sources(grant))
    .bind(before.map(Instant::as_micros))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    nouns("imports", &rows, noun)
}

pub(super) async fn kept_rows(
    pool: &SqlitePool,
    grant: &Grant,
    import: ImportId,
    outcome: Option<RowOutcome>,
    after_line: u32,
    limit: u32,
) -> Stored<Vec<KeptRow>> {
    let rows = sqlx::query(
        "select k.*
        from import_rows k
        join imports i
        on i.id = k.import_id
        where k.import_id = $3
        and k.line > $4
        and ($5 is null or k.outcome = $5)
        and exists (
            select 1
            from json_each($1) r
            where substr(i.scope, 1, length(r.value)) = r.value
        )
        and ($2 is null or i.source in (select value from json_each($2)))
        order by k.line
        limit $6",
    )
    .bind(divisions_text(grant.regions()))
    .bind(sources(grant))
    .bind(import.as_uuid())
    .bind(after_line)
    .bind(outcome.map(RowOutcome::name))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    nouns("import_rows", &rows, kept)
}

/// The sources an importer is held to; everyone else sees those of all.
pub(super) fn sources(grant: &Grant) -> Option<String> {
    (grant.role() == Some(Role::Importer)).then(|| list_text(grant.sources()))
}

fn noun(row: &Columns<'_>) -> Stored<ImportRow> {
    Ok(ImportRow {
        header: ImportHeader {
            id: ImportId::from_uuid(row.uuid("id")?),
            source: SourceId::new(row.value("source")?),
            dataset: DatasetId::new(row.value("dataset")?),
            revision: revision(row)?,
            scope: row.division("scope")?,
            as_of: row.date_if_any("as_of")?,
            digest: row.value("digest")?,
            size: row.count("size")?,
            received_at: row.instant("received_at")?,
        },
        file_name: row.value("file_name")?,
        uploader: OfficerId::from_uuid(row.uuid("uploader")?),
        state: row.cell("state").import_state(row.value("state")?)?,
        next_line: row.small("next_line")?,
        counts: RowCounts {
            accepted: row.count("accepted")?,
            warned: row.count("warned")?,
            held: row.count("held")?,
            rejected: row.count("rejected")?,
        },
    })
}

/// The columns that say how new a statement is.
pub(super) fn revision(row: &Columns<'_>) -> Stored<Revision> {
    Ok(Revision {
        business_date: row.date("business_date")?,
        sequence: row.small("sequence")?,
    })
}

pub(super) fn kept(row: &Columns<'_>) -> Stored<KeptRow> {
    Ok(KeptRow {
        import: ImportId::from_uuid(row.uuid("import_id")?),
        line: row.small("line")?,
        outcome: row.cell("outcome").outcome(row.value("outcome")?)?,
        notes: row.cell("notes").notes(row.value("notes")?)?,
        raw: row.value("raw")?,
    })
}
