//! Writes what officers and operators do: disclosures, runs, officers, tokens,
//! settings, erasure.

use domain::time::Instant;
use sqlx::postgres::PgConnection;

use crate::Stored;
use crate::commit::DisclosureRow;
use crate::encode::officer_lists;
use crate::parts::Parts;
use crate::postgres::columns::insert;

pub(super) async fn write(tx: &mut PgConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    disclosures(tx, id, &parts.disclosures).await?;
    insert(
        tx,
        "insert into runs (commit_id, row_no, evaluated_on, mode, policy_set, counts) ",
        6,
        "",
        &parts.runs,
        |tuple, row_no, row| {
            tuple.push_bind(id);
            tuple.push_bind(row_no);
            tuple.push_bind(row.on.to_string());
            tuple.push_bind(row.mode.clone());
            tuple.push_bind(row.policy_set.clone());
            tuple.push_bind(row.counts.clone());
        },
    )
    .await?;
    officers(tx, parts).await?;
    tokens(tx, parts).await?;
    for (key, value) in &parts.settings {
        sqlx::query(
            "insert into settings (key, value)
            values ($1, $2)
            on conflict (key) do update
            set value = excluded.value",
        )
        .bind(*key)
        .bind(*value)
        .execute(&mut *tx)
        .await?;
    }
    erase(tx, parts).await
}

async fn disclosures(tx: &mut PgConnection, id: i64, rows: &[&DisclosureRow]) -> Stored<()> {
    insert(
        tx,
        "insert into disclosures (commit_id, row_no, officer_id, operation, purpose, request) ",
        6,
        "",
        rows,
        |tuple, row_no, row| {
            tuple.push_bind(id);
            tuple.push_bind(row_no);
            tuple.push_bind(row.officer.as_uuid());
            tuple.push_bind(row.operation.name());
            tuple.push_bind(row.purpose.clone());
            tuple.push_bind(row.request.clone());
        },
    )
    .await?;
    let shown: Vec<_> = (0_i64..)
        .zip(rows)
        .flat_map(|(row_no, row)| {
            let pseudonyms = (0_i64..).zip(&row.pseudonyms);
            pseudonyms.map(move |(no, pseudonym)| (row_no, no, pseudonym))
        })
        .collect();
    insert(
        tx,
        "insert into disclosed_subjects (commit_id, row_no, subject_no, pseudonym) ",
        4,
        "",
        &shown,
        |tuple, _, (row_no, subject_no, pseudonym)| {
            tuple.push_bind(id);
            tuple.push_bind(*row_no);
            tuple.push_bind(*subject_no);
            tuple.push_bind(pseudonym.to_vec());
        },
    )
    .await?;
    Ok(())
}

/// A disabled officer stays disabled when written again.
async fn officers(tx: &mut PgConnection, parts: &Parts<'_>) -> Stored<()> {
    for officer in &parts.officers {
        let (regions, sources) = officer_lists(officer);
        sqlx::query(
            "insert into officers (id, name, role, regions, sources)
            values ($1, $2, $3, $4, $5)
            on conflict (id) do update
            set name = excluded.name,
                role = excluded.role,
                regions = excluded.regions,
                sources = excluded.sources",
        )
        .bind(officer.id.as_uuid())
        .bind(&officer.name)
        .bind(officer.role.name())
        .bind(regions)
        .bind(sources)
        .execute(&mut *tx)
        .await?;
    }
    for (officer, at) in &parts.disabled {
        sqlx::query(
            "update officers
            set disabled_at = $2
            where id = $1
            and disabled_at is null",
        )
        .bind(officer.as_uuid())
        .bind(at.as_micros())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn tokens(tx: &mut PgConnection, parts: &Parts<'_>) -> Stored<()> {
    for token in &parts.tokens {
        sqlx::query(
            "insert into tokens (digest, officer_id, expires_at)
            values ($1, $2, $3)
            on conflict (digest) do update
            set officer_id = excluded.officer_id,
                expires_at = excluded.expires_at",
        )
        .bind(token.digest.to_vec())
        .bind(token.officer.as_uuid())
        .bind(token.expires_at.map(Instant::as_micros))
        .execute(&mut *tx)
        .await?;
    }
    for digest in &parts.revoked {
        sqlx::query("delete from tokens where digest = $1")
            .bind(digest.to_vec())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// With the key goes the blind index: an erased person is found no more.
async fn erase(tx: &mut PgConnection, parts: &Parts<'_>) -> Stored<()> {
    for subject in &parts.erased {
        sqlx::query(
            "delete from subject_keys
            where subject_id = $1
            and subject_kind = $2",
        )
        .bind(subject.as_uuid())
        .bind(subject.letter())
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "delete from identities
            where person_id = $1
            and $2 = 'p'",
        )
        .bind(subject.as_uuid())
        .bind(subject.letter())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
