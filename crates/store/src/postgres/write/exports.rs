//! Writes exports of the register and what happens to them.

use sqlx::postgres::PgConnection;

use crate::Stored;
use crate::parts::Parts;
use crate::postgres::columns::insert;

pub(super) async fn write(tx: &mut PgConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    insert(
        tx,
        "insert into exports (id, officer_id, county, filter, purpose, families, at, commit_id,
            row_no) ",
        9,
        "",
        &parts.exports,
        |tuple, row_no, row| {
            tuple.push_bind(row.id.as_uuid());
            tuple.push_bind(row.officer.as_uuid());
            tuple.push_bind(row.county.to_string());
            tuple.push_bind(row.filter.clone());
            tuple.push_bind(row.purpose.clone());
            tuple.push_bind(i64::from(row.families));
            tuple.push_bind(row.at.as_micros());
            tuple.push_bind(id);
            tuple.push_bind(row_no);
        },
    )
    .await?;
    insert(
        tx,
        "insert into export_events (commit_id, row_no, export_id, event, officer_id, at) ",
        6,
        "",
        &parts.export_events,
        |tuple, row_no, row| {
            tuple.push_bind(id);
            tuple.push_bind(row_no);
            tuple.push_bind(row.export.as_uuid());
            tuple.push_bind(row.event.name());
            tuple.push_bind(row.officer.as_uuid());
            tuple.push_bind(row.at.as_micros());
        },
    )
    .await?;
    Ok(())
}
