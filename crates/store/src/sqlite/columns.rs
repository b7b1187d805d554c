//! Columns of a row as nouns, lists of ids as bound values, bulk inserts.

use std::collections::BTreeSet;

use domain::alert::Found;
use domain::evaluation::{AlertLevel, Confidential};
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use sqlx::query_builder::{QueryBuilder, Separated};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, SqliteConnection, Type};
use uuid::Uuid;

use crate::Stored;
use crate::encode::Cell;

/// A row of a table, to say where a damaged cell stands.
pub(super) struct Columns<'r> {
    row: &'r SqliteRow,
    table: &'static str,
}

impl<'r> Columns<'r> {
    pub(super) fn of(table: &'static str, row: &'r SqliteRow) -> Columns<'r> {
        Columns { row, table }
    }

    pub(super) fn cell(&self, column: &'static str) -> Cell {
        Cell {
            table: self.table,
            column,
        }
    }

    pub(super) fn value<T>(&self, column: &'static str) -> Stored<T>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        Ok(self.row.try_get(column)?)
    }

    pub(super) fn uuid(&self, column: &'static str) -> Stored<Uuid> {
        self.value(column)
    }

    pub(super) fn subject(&self, kind: &'static str, id: &'static str) -> Stored<Subject> {
        let letter: &str = self.value(kind)?;
        self.cell(kind).subject(letter, self.uuid(id)?)
    }

    pub(super) fn date(&self, column: &'static str) -> Stored<Date> {
        self.cell(column).date(self.value(column)?)
    }

    pub(super) fn date_if_any(&self, column: &'static str) -> Stored<Option<Date>> {
        let text: Option<&str> = self.value(column)?;
        text.map(|text| self.cell(column).date(text)).transpose()
    }

    pub(super) fn found_if_any(&self, column: &'static str) -> Stored<Option<Found>> {
        let text: Option<&str> = self.value(column)?;
        text.map(|text| self.cell(column).found(text)).transpose()
    }

    pub(super) fn division(&self, column: &'static str) -> Stored<DivisionCode> {
        self.cell(column).division(self.value(column)?)
    }

    pub(super) fn division_if_any(&self, column: &'static str) -> Stored<Option<DivisionCode>> {
        let text: Option<&str> = self.value(column)?;
        text.map(|text| self.cell(column).division(text))
            .transpose()
    }

    pub(super) fn feed(&self, column: &'static str) -> Stored<(DivisionCode, Confidential)> {
        self.cell(column).feed(self.value::<&str>(column)?)
    }

    pub(super) fn instant(&self, column: &'static str) -> Stored<Instant> {
        self.value(column).map(Instant::from_micros)
    }

    pub(super) fn small(&self, column: &'static str) -> Stored<u32> {
        self.cell(column).small(self.value(column)?)
    }

    pub(super) fn count(&self, column: &'static str) -> Stored<u64> {
        self.cell(column).count(self.value(column)?)
    }

    pub(super) fn level(&self, column: &'static str) -> Stored<AlertLevel> {
        self.cell(column).level(self.value(column)?)
    }

    pub(super) fn array<const N: usize>(&self, column: &'static str) -> Stored<[u8; N]> {
        self.cell(column).array(self.value(column)?)
    }
}

/// Reads every row as a noun.
pub(super) fn nouns<T>(
    table: &'static str,
    rows: &[SqliteRow],
    noun: impl Fn(&Columns<'_>) -> Stored<T>,
) -> Stored<Vec<T>> {
    rows.iter()
        .map(|row| noun(&Columns::of(table, row)))
        .collect()
}

/// Subjects as a JSON list of `[letter, hex]`, each once, for `json_each`: one
/// statement for any number of them.
pub(super) fn subjects_json<'a>(subjects: impl IntoIterator<Item = &'a Subject>) -> String {
    let subjects: BTreeSet<&Subject> = subjects.into_iter().collect();
    let pairs = subjects
        .into_iter()
        .map(|s| format!("[\"{}\",\"{}\"]", s.letter(), s.as_uuid().simple()));
    list(pairs)
}

/// Numbers as a JSON array, for `json_each`.
pub(super) fn numbers_json(numbers: &[i64]) -> String {
    serde_json::to_string(numbers).expect("numbers are JSON")
}

/// Ids as a JSON list of hex, for `json_each`.
pub(super) fn ids_json(ids: impl IntoIterator<Item = Uuid>) -> String {
    list(ids.into_iter().map(|id| format!("\"{}\"", id.simple())))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let mut json = String::from("[");
    for (at, item) in items.enumerate() {
        if at > 0 {
            json.push(',');
        }
        json.push_str(&item);
    }
    json.push(']');
    json
}

/// The tuple of a row to be inserted.
pub(super) type Tuple<'q> = Separated<'q, Sqlite, &'static str>;

/// Most binds SQLite takes in one statement.
const BINDS: usize = 32_766;
/// Rows of one statement: enough to make its overhead small, few enough for
/// the text of the full statement to be kept prepared.
const ROWS: usize = 250;

/// Inserts rows many at a time and answers how many were written. `bind` gets
/// each row with its place among all rows.
pub(super) async fn insert<R>(
    connection: &mut SqliteConnection,
    into: &'static str,
    columns: usize,
    on_conflict: &'static str,
    rows: &[R],
    bind: impl Fn(&mut Tuple<'_>, i64, &R),
) -> Stored<u64> {
    let at_once = ROWS.min(BINDS / columns);
    let mut written = 0;
    let mut place = 0;
    for chunk in rows.chunks(at_once) {
        let mut query = QueryBuilder::<Sqlite>::new(into);
        query.push_values(chunk, |mut tuple, row| {
            bind(&mut tuple, place, row);
            place += 1;
        });
        query.push(" ").push(on_conflict);
        // Only full statements come again with the same text.
        let full = chunk.len() == at_once;
        let result = query.build().persistent(full).execute(&mut *connection);
        written += result.await?.rows_affected();
    }
    Ok(written)
}
