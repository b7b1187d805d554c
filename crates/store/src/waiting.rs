//! Intake commits that wait to be folded, as both databases answer for them.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::Subject;

use crate::commit::SealedRecord;
use crate::rows::{Backlog, IntakeBatch, Named};

/// A question about the intake commits of a partition (`$1`) after a number (`$2`)
/// that are ready to be folded: none of an import still receiving, and nothing
/// behind it. `$count` is how a database says a commit's records in 64 bits.
macro_rules! ready {
    ($count:literal, $question:literal) => {
        concat!(
            "with receiving as (
                select min(c.number) as number
                from commits c
                join imports i
                on i.id = c.import_id
                where c.to_apply
                and c.partition = $1
                and c.number > $2
                and i.state = 'receiving'
            ),
            ready as (
                select c.id,
                    c.number,
                    ",
            $count,
            " as record_count
                from commits c
                where c.to_apply
                and c.partition = $1
                and c.number > $2
                and c.number < coalesce((select number from receiving), c.number + 1)
            )",
            $question
        )
    };
}
pub(crate) use ready;

/// An intake commit that waits to be folded.
pub(crate) struct Waiting {
    pub(crate) id: i64,
    pub(crate) number: i64,
    pub(crate) records: i64,
    pub(crate) covers: bool,
}

impl From<(i64, i64, i64, bool)> for Waiting {
    fn from((id, number, records, covers): (i64, i64, i64, bool)) -> Waiting {
        Waiting {
            id,
            number,
            records,
            covers,
        }
    }
}

/// The surrogate ids of commits.
pub(crate) fn ids(commits: &[Waiting]) -> Vec<i64> {
    commits.iter().map(|commit| commit.id).collect()
}

/// Commits with their records, which come with their commit's number.
pub(crate) fn batches(commits: &[Waiting], records: Vec<(i64, SealedRecord)>) -> Vec<IntakeBatch> {
    let empty = |commit: &Waiting| IntakeBatch {
        number: commit.number,
        records: Vec::new(),
        covers: commit.covers,
    };
    let empty = commits.iter().map(|commit| (commit.number, empty(commit)));
    let mut batches: BTreeMap<i64, IntakeBatch> = empty.collect();
    for (number, record) in records {
        if let Some(batch) = batches.get_mut(&number) {
            batch.records.push(record);
        }
    }
    batches.into_values().collect()
}

/// Commits with whom they name, which comes with their commit's id.
pub(crate) fn named(commits: &[Waiting], subjects: Vec<(i64, BTreeSet<Subject>)>) -> Vec<Named> {
    let mut subjects: BTreeMap<i64, BTreeSet<Subject>> = subjects.into_iter().collect();
    let named = commits.iter().map(|commit| Named {
        number: commit.number,
        records: commit.records.unsigned_abs(),
        subjects: subjects.remove(&commit.id).unwrap_or_default(),
    });
    named.collect()
}

/// The number of the last commit and how many records there are.
pub(crate) fn backlog((last, records): (i64, i64)) -> Backlog {
    Backlog {
        last,
        records: records.unsigned_abs(),
    }
}
