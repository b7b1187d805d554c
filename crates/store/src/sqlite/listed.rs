//! Lists of alerts, most pressing first.
//!
//! Nearly every question is about what lies on desks. It is walked in the order
//! it is shown, by an index of nothing else, until the page is full; a list of
//! the backlog or of what is closed sorts what it finds.

use domain::authority::Grant;
use domain::ids::{AlertId, OfficerId, Subject};
use domain::time::Date;
use sqlx::SqlitePool;

use super::alerts::{alert, noun};
use super::columns::nouns;
use crate::commit::AlertRow;
use crate::encode::{divisions_text, knows_list, level_rank, list_text};
use crate::rows::AlertFilter;
use crate::walk::{ON_A_DESK, Walk, merged, walks};
use crate::{StoreError, Stored};

/// One list. The scope is asked of every row, whatever finds it; the sealed rows
/// are read of those alone that are shown.
macro_rules! listing {
    ($found:literal) => {
        concat!(
            "select a.*
            from alerts a
            where a.id in (
                select s.id
                from alerts s
                where ",
            $found,
            "
                and exists (
                    select 1
                    from json_each($1) r
                    where substr(s.county, 1, length(r.value)) = r.value
                    or s.township = r.value
                    or s.assist = r.value
                )
                and s.confidential in (select value from json_each($17))
                and ($2 is null or s.policy in (select value from json_each($2)))
                and ($3 is null or s.level in (select value from json_each($3)))
                and s.work in (select value from json_each($4))
                and ($5 is null or s.township = $5)
                and (not $6 or s.township is null)
                and ($7 is null or (s.unit_kind = $7 and s.unit_id = $8))
                and ($9 is null or s.due_on <= $9)
                and ($10 is null or s.snoozed_until is null or s.snoozed_until <= $10)
                and ($15 is null or s.assignee = $15)
                and (not $16 or s.assignee is null)
                and ($11 is null or (
                    (3 - s.level, coalesce(s.due_on, '9999-12-31'), s.id)
                    > (3 - $12, coalesce($13, '9999-12-31'), $11)
                ))
                order by s.level desc, coalesce(s.due_on, '9999-12-31'), s.id
                limit $14
            )
            order by a.level desc, coalesce(a.due_on, '9999-12-31'), a.id"
        )
    };
}

/// The statement of each walk.
pub(super) const fn statement(walk: &Walk) -> &'static str {
    match walk {
        Walk::All => listing!("$18 is null"),
        Walk::County(_) => listing!("s.county = $18 and s.work not in ('held', 'closed')"),
        Walk::Unplaced(_) => {
            listing!("s.township is null and s.county = $18 and s.work not in ('held', 'closed')")
        }
        Walk::Township(_) => listing!("s.township = $18 and s.work not in ('held', 'closed')"),
        Walk::Assist(_) => listing!("s.assist = $18 and s.work not in ('held', 'closed')"),
    }
}

/// A cursor the grant does not cover, any more or ever, is a conflict: the
/// caller begins again, and no page ends early unseen.
pub(super) async fn alerts(
    pool: &SqlitePool,
    grant: &Grant,
    filter: &AlertFilter,
    after: Option<AlertId>,
    limit: u32,
) -> Stored<Vec<AlertRow>> {
    let cursor = match after {
        Some(id) => Some(alert(pool, grant, id).await?.ok_or(StoreError::Conflict)?),
        None => None,
    };
    let mut pages = Vec::new();
    for walk in walks(grant, filter) {
        pages.push(page(pool, grant, filter, cursor.as_ref(), limit, &walk).await?);
    }
    Ok(merged(pages, limit))
}

async fn page(
    pool: &SqlitePool,
    grant: &Grant,
    filter: &AlertFilter,
    cursor: Option<&AlertRow>,
    limit: u32,
    walk: &Walk,
) -> Stored<Vec<AlertRow>> {
    let rows = sqlx::query(statement(walk))
        .bind(divisions_text(grant.regions()))
        .bind(any(&filter.policies).map(list_text))
        .bind(any(&filter.levels).map(|levels| {
            let ranks: Vec<i64> = levels.iter().map(|level| level_rank(*level)).collect();
            serde_json::to_string(&ranks).expect("numbers are JSON")
        }))
        .bind(any(&filter.work).map_or_else(|| list_text(&ON_A_DESK.map(str::to_owned)), list_text))
        .bind(filter.township.map(|code| code.to_string()))
        .bind(filter.unplaced)
        .bind(filter.unit.map(Subject::letter))
        .bind(filter.unit.map(Subject::as_uuid))
        .bind(filter.due_by.map(|day| day.to_string()))
        .bind(filter.awake_on.map(|day| day.to_string()))
        .bind(cursor.map(|alert| alert.id.as_uuid()))
        .bind(cursor.map(|alert| level_rank(alert.level)))
        .bind(cursor.and_then(|alert| alert.due_on).map(text))
        .bind(limit)
        .bind(filter.assignee.map(OfficerId::as_uuid))
        .bind(filter.unassigned)
        .bind(list_text(&knows_list(grant)))
        .bind(walk.code())
        .fetch_all(pool)
        .await?;
    nouns("alerts", &rows, noun)
}

/// An empty list does not filter.
fn any<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

fn text(day: Date) -> String {
    day.to_string()
}
