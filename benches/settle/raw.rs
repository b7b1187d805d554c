//! The raw load: the same record rows into the same table of a fresh database,
//! by multi-row inserts, durable in the same way, with nothing around them.

use std::path::Path;

use sqlx::{Connection as _, PgConnection, Row as _, SqliteConnection};
use uuid::Uuid;

use crate::Stage;
use crate::office::{Office, Where};

/// What the raw load took.
pub(crate) struct Raw {
    pub(crate) rows: i64,
    pub(crate) stage: Stage,
}

/// Rows of one transaction, as many as one intake transaction holds roughly.
const ROWS: usize = 4_000;

struct RecordRow {
    commit: i64,
    number: i64,
    letter: String,
    subject: Uuid,
    words: [String; 3],
    key: Vec<u8>,
    date: String,
    sequence: i64,
    import: Uuid,
    line: i64,
    sealed: Vec<u8>,
}

const COLUMNS: &str = "insert into raw_records (commit_id, row_no, subject_kind, subject_id, kind, source, dataset, key, business_date, sequence, import_id, line, sealed) ";

/// Rows read from the settled store, at most.
const ROWS_MAX: i64 = 200_000;

pub(crate) async fn load(
    office: &Office,
    folder: &Path,
) -> Result<Raw, Box<dyn std::error::Error>> {
    match &office.place {
        Where::Sqlite(path) => sqlite(path, folder).await,
        Where::Postgres { url, .. } => postgres(url).await,
    }
}

async fn sqlite(path: &Path, folder: &Path) -> Result<Raw, Box<dyn std::error::Error>> {
    let mut from = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await?;
    let rows = sqlx::query("select commit_id, row_no, subject_kind, subject_id, kind, source, dataset, key, business_date, sequence, import_id, line, sealed from records limit $1")
        .bind(ROWS_MAX)
        .fetch_all(&mut from)
        .await?;
    let rows: Vec<RecordRow> = rows
        .iter()
        .map(|r| RecordRow {
            commit: r.get(0),
            number: r.get(1),
            letter: r.get(2),
            subject: r.get(3),
            words: [r.get(4), r.get(5), r.get(6)],
            key: r.get(7),
            date: r.get(8),
            sequence: r.get(9),
            import: r.get(10),
            line: r.get(11),
            sealed: r.get(12),
        })
        .collect();
    let mut to = SqliteConnection::connect(&format!(
        "sqlite:{}?mode=rwc",
        folder.join("raw.db").display()
    ))
    .await?;
    for setting in [
        "pragma journal_mode = wal",
        "pragma synchronous = full",
        "pragma secure_delete = on",
    ] {
        sqlx::query(setting).execute(&mut to).await?;
    }
    sqlx::query("create table raw_records (commit_id integer not null, row_no integer not null, subject_kind text not null, subject_id blob not null, kind text not null, source text not null, dataset text not null, key blob not null, business_date text not null, sequence integer not null, import_id blob not null, line integer not null, sealed blob not null, primary key (commit_id, row_no)) strict")
        .execute(&mut to)
        .await?;
    sqlx::query("create index raw_subject on raw_records (subject_id, subject_kind)")
        .execute(&mut to)
        .await?;
    let running = Stage::start();
    for chunk in rows.chunks(ROWS) {
        let mut tx = to.begin().await?;
        for part in chunk.chunks(500) {
            let mut query = sqlx::QueryBuilder::<sqlx::Sqlite>::new(COLUMNS);
            query.push_values(part, |mut b, r| {
                b.push_bind(r.commit)
                    .push_bind(r.number)
                    .push_bind(&r.letter)
                    .push_bind(r.subject);
                b.push_bind(&r.words[0])
                    .push_bind(&r.words[1])
                    .push_bind(&r.words[2])
                    .push_bind(&r.key);
                b.push_bind(&r.date)
                    .push_bind(r.sequence)
                    .push_bind(r.import)
                    .push_bind(r.line)
                    .push_bind(&r.sealed);
            });
            query.build().execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    Ok(Raw {
        rows: i64::try_from(rows.len())?,
        stage: running.stop(),
    })
}

async fn postgres(url: &str) -> Result<Raw, Box<dyn std::error::Error>> {
    let mut db = PgConnection::connect(url).await?;
    let rows = sqlx::query("select commit_id, row_no::bigint, subject_kind, subject_id, kind, source, dataset, key, business_date::text, sequence::bigint, import_id, line::bigint, sealed from records limit $1")
        .bind(ROWS_MAX)
        .fetch_all(&mut db)
        .await?;
    let rows: Vec<RecordRow> = rows
        .iter()
        .map(|r| RecordRow {
            commit: r.get(0),
            number: r.get(1),
            letter: r.get(2),
            subject: r.get(3),
            words: [r.get(4), r.get(5), r.get(6)],
            key: r.get(7),
            date: r.get(8),
            sequence: r.get(9),
            import: r.get(10),
            line: r.get(11),
            sealed: r.get(12),
        })
        .collect();
    sqlx::query("create table raw_records (commit_id bigint not null, row_no bigint not null, subject_kind text not null, subject_id uuid not null, kind text not null, source text not null, dataset text not null, key bytea not null, business_date text not null, sequence bigint not null, import_id uuid not null, line bigint not null, sealed bytea not null, primary key (commit_id, row_no))")
        .execute(&mut db)
        .await?;
    sqlx::query("create index raw_subject on raw_records (subject_id, subject_kind)")
        .execute(&mut db)
        .await?;
    let running = Stage::start();
    for chunk in rows.chunks(ROWS) {
        let mut tx = db.begin().await?;
        for part in chunk.chunks(500) {
            let mut query = sqlx::QueryBuilder::<sqlx::Postgres>::new(COLUMNS);
            query.push_values(part, |mut b, r| {
                b.push_bind(r.commit)
                    .push_bind(r.number)
                    .push_bind(&r.letter)
                    .push_bind(r.subject);
                b.push_bind(&r.words[0])
                    .push_bind(&r.words[1])
                    .push_bind(&r.words[2])
                    .push_bind(&r.key);
                b.push_bind(&r.date)
                    .push_bind(r.sequence)
                    .push_bind(r.import)
                    .push_bind(r.line)
                    .push_bind(&r.sealed);
            });
            query.build().execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    Ok(Raw {
        rows: i64::try_from(rows.len())?,
        stage: running.stop(),
    })
}
