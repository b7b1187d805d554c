//! Writes what was said: imports, kept rows, keys, records, identities, coverage, leads.

use sqlx::postgres::PgConnection;

use super::refuse_unless;
use crate::Stored;
use crate::commit::{ImportState, SubjectKeyRow};
use crate::encode::notes_text;
use crate::parts::Parts;
use crate::postgres::columns::{insert, subject_arrays};

pub(super) async fn write(tx: &mut PgConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    imports(tx, id, parts).await?;
    insert(
        tx,
        "insert into import_rows (import_id, line, outcome, notes, raw, commit_id) ",
        6,
        "",
        &parts.kept,
        |tuple, _, row| {
            tuple.push_bind(row.import.as_uuid());
            tuple.push_bind(row.line);
            tuple.push_bind(row.outcome.name());
            tuple.push_bind(notes_text(&row.notes));
            tuple.push_bind(row.raw.clone());
            tuple.push_bind(id);
        },
    )
    .await?;
    // Two imports may bring the same people: in one order for both, neither
    // waits for the other in a circle.
    let mut by_subject = parts.keys.clone();
    by_subject.sort_by_key(|row| row.subject);
    keys(tx, &by_subject).await?;
    records(tx, id, parts).await?;
    let mut by_person = parts.identities.clone();
    by_person.sort_by_key(|row| row.person);
    insert(
        tx,
        "insert into identities (person_id, blind_index, sealed) ",
        3,
        "on conflict (person_id) do nothing",
        &by_person,
        |tuple, _, row| {
            tuple.push_bind(row.person.as_uuid());
            tuple.push_bind(row.blind_index.to_vec());
            tuple.push_bind(row.sealed.clone());
        },
    )
    .await?;
    insert(
        tx,
        "insert into coverages (commit_id, row_no, dataset, part, scope, as_of, month,
            business_date, sequence, import_id, unnamed_rows) ",
        11,
        "",
        &parts.coverages,
        |tuple, row_no, row| {
            tuple.push_bind(id);
            tuple.push_bind(row_no);
            tuple.push_bind(row.dataset.as_str().to_owned());
            tuple.push_bind(row.part.clone());
            tuple.push_bind(row.scope.to_string());
            tuple.push_bind(row.as_of.to_string());
            tuple.push_bind(row.month.map(|month| month.to_string()));
            tuple.push_bind(row.revision.business_date.to_string());
            tuple.push_bind(row.revision.sequence);
            tuple.push_bind(row.import.as_uuid());
            tuple.push_bind(i64::from(row.unnamed_rows));
        },
    )
    .await?;
    leads(tx, id, parts).await
}

async fn imports(tx: &mut PgConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    let big = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for row in &parts.opened {
        let header = &row.header;
        sqlx::query(
            "insert into imports (id, source, dataset, business_date, sequence, scope, as_of,
                digest, size, received_at, file_name, uploader, state, next_line,
                accepted, warned, held, rejected, commit_id)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                $15, $16, $17, $18, $19)",
        )
        .bind(header.id.as_uuid())
        .bind(header.source.as_str())
        .bind(header.dataset.as_str())
        .bind(header.revision.business_date.to_string())
        .bind(i64::from(header.revision.sequence))
        .bind(header.scope.as_str())
        .bind(header.as_of.map(|day| day.to_string()))
        .bind(&header.digest)
        .bind(big(header.size))
        .bind(header.received_at.as_micros())
        .bind(&row.file_name)
        .bind(row.uploader.as_uuid())
        .bind(row.state.name())
        .bind(i64::from(row.next_line))
        .bind(big(row.counts.accepted))
        .bind(big(row.counts.warned))
        .bind(big(row.counts.held))
        .bind(big(row.counts.rejected))
        .bind(id)
        .execute(&mut *tx)
        .await?;
    }
    for advance in &parts.advanced {
        // What was received stays received.
        let result = sqlx::query(
            "update imports
            set next_line = $2, accepted = $3, warned = $4, held = $5, rejected = $6, state = $7
            where id = $1
            and (state = $8 or state = $7)",
        )
        .bind(advance.import.as_uuid())
        .bind(i64::from(advance.next_line))
        .bind(big(advance.counts.accepted))
        .bind(big(advance.counts.warned))
        .bind(big(advance.counts.held))
        .bind(big(advance.counts.rejected))
        .bind(advance.state.name())
        .bind(ImportState::Receiving.name())
        .execute(&mut *tx)
        .await?;
        refuse_unless(result.rows_affected() == 1)?;
    }
    Ok(())
}

/// A key that is there already may be written again; another key for its
/// subject may not, because cells of this commit are sealed under the loser.
async fn keys(tx: &mut PgConnection, keys: &[&SubjectKeyRow]) -> Stored<()> {
    let written = insert(
        tx,
        "insert into subject_keys (subject_id, subject_kind, wrapped) ",
        3,
        "on conflict (subject_id, subject_kind) do nothing",
        keys,
        |tuple, _, row| {
            tuple.push_bind(row.subject.as_uuid());
            tuple.push_bind(row.subject.letter());
            tuple.push_bind(row.wrapped.clone());
        },
    )
    .await?;
    if usize::try_from(written).is_ok_and(|written| written == keys.len()) {
        return Ok(());
    }
    let (letters, ids) = subject_arrays(keys.iter().map(|key| &key.subject));
    let wrapped: Vec<&[u8]> = keys.iter().map(|key| key.wrapped.as_slice()).collect();
    let other: bool = sqlx::query_scalar(
        "select exists (
            select 1
            from unnest($1::text[], $2::uuid[], $3::bytea[]) wanted (kind, id, wrapped)
            join subject_keys k
            on k.subject_kind = wanted.kind
            and k.subject_id = wanted.id
            and k.wrapped <> wanted.wrapped
        )",
    )
    .bind(letters)
    .bind(ids)
    .bind(wrapped)
    .fetch_one(tx)
    .await?;
    refuse_unless(!other)
}

async fn records(tx: &mut PgConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    insert(
        tx,
        "insert into records (commit_id, row_no, subject_kind, subject_id, kind, source, dataset,
            key, business_date, sequence, import_id, line, sealed) ",
        13,
        "",
        &parts.records,
        |tuple, row_no, row| {
            tuple.push_bind(id);
            tuple.push_bind(row_no);
            tuple.push_bind(row.subject.letter());
            tuple.push_bind(row.subject.as_uuid());
            tuple.push_bind(row.kind.clone());
            tuple.push_bind(row.source.clone());
            tuple.push_bind(row.dataset.clone());
            tuple.push_bind(row.key.0.to_vec());
            tuple.push_bind(row.revision.business_date.to_string());
            tuple.push_bind(row.revision.sequence);
            tuple.push_bind(row.import.as_uuid());
            tuple.push_bind(row.line);
            tuple.push_bind(row.sealed.clone());
        },
    )
    .await?;
    Ok(())
}

async fn leads(tx: &mut PgConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    insert(
        tx,
        "insert into leads (id, person_id, officer_id, place, at, sealed, commit_id, row_no) ",
        8,
        "",
        &parts.leads,
        |tuple, row_no, row| {
            tuple.push_bind(row.id.as_uuid());
            tuple.push_bind(row.person.as_uuid());
            tuple.push_bind(row.by.as_uuid());
            tuple.push_bind(row.place.to_string());
            tuple.push_bind(row.at.as_micros());
            tuple.push_bind(row.sealed.clone());
            tuple.push_bind(id);
            tuple.push_bind(row_no);
        },
    )
    .await?;
    Ok(())
}
