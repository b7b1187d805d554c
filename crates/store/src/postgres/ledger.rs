//! Numbers, feed positions and ledger; what was disclosed; whether rows still
//! match what the ledger says of them.

use domain::alert::FeedNews;
use domain::authority::Grant;
use domain::ids::{AlertId, OfficerId};
use ledger::{Frontier, leaf_hash};
use sqlx::postgres::{PgConnection, PgPool};

use super::columns::{Columns, nouns};
use super::{
    accounts, alerts, corrections, evaluation, exports, folding, imports, leads, parameters, scope,
};
use crate::Stored;
use crate::commit::DisclosureRow;
use crate::encode::{Cell, RowDigest, claimed_digest};
use crate::rows::{Disclosed, LedgerEntry, LedgerRoot, Published};

/// Roots of one hour replace each other; the last of each hour stays.
const ROOTS_KEPT_MICROS: i64 = 3_600_000_000;

/// Numbers commits that have no number, at most `limit`, in id order, then
/// their feed entries, and extends the ledger by their entries.
pub(super) async fn number_pending(tx: &mut PgConnection, limit: u32) -> Stored<Published> {
    let (last, position, frontier): (i64, i64, Vec<u8>) =
        sqlx::query_as("select number, position, frontier from heads")
            .fetch_one(&mut *tx)
            .await?;
    sqlx::query(
        "update commits
        set number = $1 + given.place
        from (
            select id, row_number() over (order by id) as place
            from commits
            where number is null
            order by id
            limit $2
        ) given
        where commits.id = given.id",
    )
    .bind(last)
    .bind(i64::from(limit))
    .execute(&mut *tx)
    .await?;
    let commits: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "select at, entry
        from commits
        where number > $1
        order by number",
    )
    .bind(last)
    .fetch_all(&mut *tx)
    .await?;
    let entries = number_feed(tx, last, position).await?;
    let damaged = Cell {
        table: "heads",
        column: "frontier",
    };
    let mut frontier =
        Frontier::from_bytes(&frontier).map_err(|_| damaged.damaged("not a frontier"))?;
    for (_, entry) in &commits {
        frontier.append(leaf_hash(entry));
    }
    if let Some((now, _)) = commits.last() {
        extend(tx, &frontier, entries, *now).await?;
    }
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Published {
        commits: small(commits.len() as u64),
        entries: small(entries),
    })
}

/// Gives the feed entries of commits numbered after `last` their position in
/// the store and their number in their feed.
async fn number_feed(tx: &mut PgConnection, last: i64, position: i64) -> Stored<u64> {
    let numbered = sqlx::query(
        "update feed
        set position = $2 + given.place,
            number = given.number
        from (
            select f.oid,
                row_number() over (order by c.number, f.oid) as place,
                coalesce(h.number, 0)
                    + row_number() over (partition by f.feed order by c.number, f.oid) as number
            from commits c
            join feed f
            on f.commit_id = c.id
            left join feed_heads h
            on h.feed = f.feed
            where c.number > $1
        ) given
        where feed.oid = given.oid",
    )
    .bind(last)
    .bind(position)
    .execute(&mut *tx)
    .await?;
    if numbered.rows_affected() > 0 {
        sqlx::query(
            "insert into feed_heads (feed, number, position)
            select f.feed, max(f.number), max(f.position)
            from commits c
            join feed f
            on f.commit_id = c.id
            where c.number > $1
            group by f.feed
            on conflict (feed) do update
            set number = excluded.number,
                position = excluded.position",
        )
        .bind(last)
        .execute(tx)
        .await?;
    }
    Ok(numbered.rows_affected())
}

async fn extend(tx: &mut PgConnection, frontier: &Frontier, entries: u64, now: i64) -> Stored<()> {
    let size = i64::try_from(frontier.size()).expect("a ledger fits in the numbers it counts");
    sqlx::query(
        "update heads
        set number = $1,
            position = position + $2,
            frontier = $3",
    )
    .bind(size)
    .bind(i64::try_from(entries).expect("a commit fits in memory"))
    .bind(frontier.to_bytes())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "delete from ledger_roots
        where size = (select max(size) from ledger_roots)
        and at / $2 = $1 / $2",
    )
    .bind(now)
    .bind(ROOTS_KEPT_MICROS)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into ledger_roots (size, root, at)
        values ($1, $2, $3)",
    )
    .bind(size)
    .bind(frontier.root().as_bytes().to_vec())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn ledger_entries(
    pool: &PgPool,
    from: i64,
    limit: u32,
) -> Stored<Vec<LedgerEntry>> {
    let rows = sqlx::query(
        "select number - 1 as place, entry
        from commits
        where number > $1
        order by number
        limit $2",
    )
    .bind(from)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    nouns("commits", &rows, |row| {
        Ok(LedgerEntry {
            index: row.value("place")?,
            bytes: row.value("entry")?,
        })
    })
}

pub(super) async fn ledger_roots(pool: &PgPool) -> Stored<Vec<LedgerRoot>> {
    let rows = sqlx::query(
        "select *
        from ledger_roots
        order by size",
    )
    .fetch_all(pool)
    .await?;
    nouns("ledger_roots", &rows, |row| {
        Ok(LedgerRoot {
            size: row.value("size")?,
            root: row.array("root")?,
            at: row.instant("at")?,
        })
    })
}

/// Disclosures of the grant's counties and those that belong to no county.
pub(super) async fn disclosures(
    pool: &PgPool,
    grant: &Grant,
    pseudonym: &[u8; 16],
    limit: u32,
) -> Stored<Vec<Disclosed>> {
    let rows = sqlx::query(
        "select c.number, c.at, d.officer_id, d.operation, d.purpose
        from disclosures d
        join commits c
        on c.id = d.commit_id
        where (d.commit_id, d.row_no) in (
            select commit_id, row_no
            from disclosed_subjects
            where pseudonym = $2
        )
        and (
            c.partition is null
            or c.partition like any ($1)
        )
        order by d.commit_id desc, d.row_no desc
        limit $3",
    )
    .bind(scope::patterns(grant))
    .bind(pseudonym.to_vec())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    nouns("disclosures", &rows, |row| {
        Ok(Disclosed {
            number: row.value("number")?,
            at: row.instant("at")?,
            officer: OfficerId::from_uuid(row.uuid("officer_id")?),
            operation: row.cell("operation").operation(row.value("operation")?)?,
            purpose: row.value("purpose")?,
        })
    })
}

/// A number that should be there and is not is a mismatch too.
pub(super) async fn mismatched_commits(pool: &PgPool, from: i64, limit: u32) -> Stored<Vec<i64>> {
    let mut tx = scope::all(pool).await?;
    let head: i64 = sqlx::query_scalar("select number from heads")
        .fetch_one(&mut *tx)
        .await?;
    let mut mismatched = Vec::new();
    let until = head.min(from.saturating_add(limit.into()));
    for number in from + 1..=until {
        let found: Option<(i64, Vec<u8>)> = sqlx::query_as(
            "select id, entry
            from commits
            where number = $1",
        )
        .bind(number)
        .fetch_optional(&mut *tx)
        .await?;
        let matches = match found {
            Some((id, bytes)) => {
                let index = number - 1;
                claimed_digest(&LedgerEntry { index, bytes })
                    == Some(row_digest(&mut tx, id).await?)
            }
            None => false,
        };
        if !matches {
            mismatched.push(number);
        }
    }
    Ok(mismatched)
}

/// The digest of a commit's rows as they are stored now, table by table in the
/// order of [`crate::parts::Parts::digest`].
async fn row_digest(tx: &mut PgConnection, commit: i64) -> Stored<[u8; 32]> {
    let mut digest = RowDigest::new();
    let kept = "select * from import_rows where commit_id = $1 order by import_id, line";
    for row in stored(tx, "import_rows", kept, commit, imports::kept).await? {
        digest.kept(&row);
    }
    let records = "select * from records where commit_id = $1 order by row_no";
    for row in stored(tx, "records", records, commit, folding::record).await? {
        digest.record(&row);
    }
    let coverages = "select * from coverages where commit_id = $1 order by row_no";
    for row in stored(tx, "coverages", coverages, commit, folding::coverage_noun).await? {
        digest.coverage(&row);
    }
    let verdicts = "select * from verdict_changes where commit_id = $1 order by row_no";
    for row in stored(tx, "verdict_changes", verdicts, commit, evaluation::verdict).await? {
        digest.verdict(&row);
    }
    let decisions = "select * from decisions where commit_id = $1 order by row_no";
    for row in stored(tx, "decisions", decisions, commit, alerts::decision_noun).await? {
        digest.decision(&row);
    }
    let feed = "select * from feed where commit_id = $1 order by oid";
    for row in stored(tx, "feed", feed, commit, news).await? {
        digest.news(&row);
    }
    let actions = "select * from actions where commit_id = $1 order by row_no";
    for row in stored(tx, "actions", actions, commit, alerts::action).await? {
        digest.action(&row);
    }
    let tasks = "select * from corrections where commit_id = $1 order by action_id";
    for row in stored(tx, "corrections", tasks, commit, corrections::written).await? {
        digest.correction(&row);
    }
    for row in disclosed(tx, commit).await? {
        digest.disclosure(&row);
    }
    let events = "select * from account_events where commit_id = $1 order by row_no";
    for row in stored(tx, "account_events", events, commit, accounts::event).await? {
        digest.account_event(&row);
    }
    digest_asked(tx, commit, &mut digest).await?;
    Ok(digest.finish())
}

/// The rows of what people report, propose, review and ask to take away.
async fn digest_asked(tx: &mut PgConnection, commit: i64, digest: &mut RowDigest) -> Stored<()> {
    let reported = "select * from leads where commit_id = $1 order by row_no";
    for row in stored(tx, "leads", reported, commit, leads::noun).await? {
        digest.lead(&row);
    }
    let proposals = "select * from parameter_proposals where commit_id = $1 order by row_no";
    let table = "parameter_proposals";
    for row in stored(tx, table, proposals, commit, parameters::proposal_noun).await? {
        digest.proposal(&row);
    }
    let reviews = "select * from parameter_reviews where commit_id = $1 order by row_no";
    let table = "parameter_reviews";
    for row in stored(tx, table, reviews, commit, parameters::review_noun).await? {
        digest.review(&row);
    }
    let asked = "select * from exports where commit_id = $1 order by row_no";
    for row in stored(tx, "exports", asked, commit, exports::export_noun).await? {
        digest.export(&row);
    }
    let events = "select * from export_events where commit_id = $1 order by row_no";
    for row in stored(tx, "export_events", events, commit, exports::event_noun).await? {
        digest.export_event(&row);
    }
    Ok(())
}

/// The rows a commit wrote into one table.
async fn stored<T>(
    tx: &mut PgConnection,
    table: &'static str,
    statement: &'static str,
    commit: i64,
    noun: impl Fn(&Columns<'_>) -> Stored<T>,
) -> Stored<Vec<T>> {
    let rows = sqlx::query(statement).bind(commit).fetch_all(tx).await?;
    nouns(table, &rows, noun)
}

async fn disclosed(tx: &mut PgConnection, commit: i64) -> Stored<Vec<DisclosureRow>> {
    let rows = "select * from disclosures where commit_id = $1 order by row_no";
    let mut disclosed = stored(tx, "disclosures", rows, commit, |row| {
        let row_no: i64 = row.value("row_no")?;
        let disclosure = DisclosureRow {
            officer: OfficerId::from_uuid(row.uuid("officer_id")?),
            operation: row.cell("operation").operation(row.value("operation")?)?,
            purpose: row.value("purpose")?,
            pseudonyms: Vec::new(),
            request: row.value("request")?,
        };
        Ok((row_no, disclosure))
    })
    .await?;
    let rows = sqlx::query(
        "select row_no, pseudonym
        from disclosed_subjects
        where commit_id = $1
        order by row_no, subject_no",
    )
    .bind(commit)
    .fetch_all(&mut *tx)
    .await?;
    let shown = nouns("disclosed_subjects", &rows, |row| {
        Ok((row.value::<i64>("row_no")?, row.array("pseudonym")?))
    })?;
    for (of, pseudonym) in shown {
        let mut rows = disclosed.iter_mut().filter(|(row_no, _)| *row_no == of);
        if let Some((_, row)) = rows.next() {
            row.pseudonyms.push(pseudonym);
        }
    }
    Ok(disclosed.into_iter().map(|(_, row)| row).collect())
}

fn news(row: &Columns<'_>) -> Stored<FeedNews> {
    let (feed, confidential) = row.feed("feed")?;
    Ok(FeedNews {
        feed,
        confidential,
        kind: row.cell("kind").feed_kind(row.value("kind")?)?,
        alert: AlertId::from_uuid(row.uuid("alert_id")?),
        policy: row.value("policy")?,
        level: row.level("level")?,
        due_on: row.date_if_any("due_on")?,
    })
}
