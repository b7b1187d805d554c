//! Columns of a row as nouns, lists of ids as bound values, bulk inserts.

use std::collections::BTreeSet;

use domain::alert::Found;
use domain::evaluation::{AlertLevel, Confidential};
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::query_builder::QueryBuilder;
use sqlx::{Decode, Postgres, Row as _, Type};
use uuid::Uuid;

use crate::Stored;
use crate::encode::Cell;

/// A row of a table, to say where a damaged cell stands.
pub(super) struct Columns<'r> {
    row: &'r PgRow,
    table: &'static str,
}

impl<'r> Columns<'r> {
    pub(super) fn of(table: &'static str, row: &'r PgRow) -> Columns<'r> {
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
        T: Decode<'r, Postgres> + Type<Postgres>,
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
    rows: &[PgRow],
    noun: impl Fn(&Columns<'_>) -> Stored<T>,
) -> Stored<Vec<T>> {
    rows.iter()
        .map(|row| noun(&Columns::of(table, row)))
        .collect()
}

/// Ids of the households and of the people among subjects, to be bound as
/// arrays. Unlike a join with a list, whose length the planner guesses, an
/// array is looked up in an index or hashed, whatever the guess, which is far off
/// for a table with row-level security.
pub(super) fn ids_by_kind<'a>(
    subjects: impl IntoIterator<Item = &'a Subject>,
) -> (Vec<Uuid>, Vec<Uuid>) {
    let (mut households, mut people) = (Vec::new(), Vec::new());
    for subject in subjects {
        match subject {
            Subject::Household(id) => households.push(id.as_uuid()),
            Subject::Person(id) => people.push(id.as_uuid()),
        }
    }
    (households, people)
}

/// Kinds and ids of subjects as two arrays, for `unnest`.
pub(super) fn subject_arrays<'a>(
    subjects: impl IntoIterator<Item = &'a Subject>,
) -> (Vec<&'static str>, Vec<Uuid>) {
    let pairs = subjects.into_iter().map(|s| (s.letter(), s.as_uuid()));
    pairs.unzip()
}

/// The same of a list somebody gave, each once: a join answers one that is named
/// twice twice. For tables without row-level security.
pub(super) fn each_once(subjects: &[Subject]) -> (Vec<&'static str>, Vec<Uuid>) {
    subject_arrays(subjects.iter().collect::<BTreeSet<_>>())
}

/// Ids as an array.
pub(super) fn uuids(ids: impl IntoIterator<Item = Uuid>) -> Vec<Uuid> {
    ids.into_iter().collect()
}

/// The values of one column of the rows to be inserted.
pub(super) enum Values {
    Bigint(Vec<Option<i64>>),
    Boolean(Vec<Option<bool>>),
    Bytea(Vec<Option<Vec<u8>>>),
    Text(Vec<Option<String>>),
    Uuid(Vec<Option<Uuid>>),
}

/// What a column can hold.
pub(super) trait Value: Sized {
    /// Appends the value, or null, to a column, which is begun if there is none.
    fn append(value: Option<Self>, column: &mut Option<Values>);
}

macro_rules! column_value {
    ($($type:ty => $column:ident),+ $(,)?) => {$(
        impl Value for $type {
            fn append(value: Option<$type>, column: &mut Option<Values>) {
                let column = column.get_or_insert_with(|| Values::$column(Vec::new()));
                let Values::$column(values) = column else {
                    unreachable!("one closure binds every row");
                };
                values.push(value.map(Into::into));
            }
        }
    )+};
}

column_value! {
    i64 => Bigint,
    u32 => Bigint,
    bool => Boolean,
    Vec<u8> => Bytea,
    String => Text,
    &str => Text,
    Uuid => Uuid,
}

impl<T: Value> Value for Option<T> {
    fn append(value: Option<Option<T>>, column: &mut Option<Values>) {
        T::append(value.flatten(), column);
    }
}

/// The tuple of a row to be inserted.
pub(super) struct Tuple<'c> {
    rest: std::slice::IterMut<'c, Option<Values>>,
}

impl Tuple<'_> {
    pub(super) fn push_bind<T: Value>(&mut self, value: T) {
        let column = self.rest.next().expect("as many values as columns");
        T::append(Some(value), column);
    }
}

/// Rows of one statement: enough to make its overhead nothing, few enough for
/// a bounded message.
const ROWS: usize = 2_000;

/// Inserts rows many at a time and answers how many were written. `bind` gets
/// each row with its place among all rows.
///
/// Rows are bound as one array for each column: the statement is the same for
/// any number of rows, and is kept prepared.
pub(super) async fn insert<R>(
    connection: &mut PgConnection,
    into: &'static str,
    columns: usize,
    on_conflict: &'static str,
    rows: &[R],
    bind: impl Fn(&mut Tuple<'_>, i64, &R),
) -> Stored<u64> {
    let mut written = 0;
    let mut place = 0;
    for chunk in rows.chunks(ROWS) {
        let mut values: Vec<Option<Values>> = Vec::new();
        values.resize_with(columns, || None);
        for row in chunk {
            let rest = values.iter_mut();
            bind(&mut Tuple { rest }, place, row);
            place += 1;
        }
        let mut query = QueryBuilder::<Postgres>::new(into);
        query.push("select * from unnest(");
        let mut arrays = query.separated(", ");
        for column in values.into_iter().flatten() {
            match column {
                Values::Bigint(values) => arrays.push_bind(values),
                Values::Boolean(values) => arrays.push_bind(values),
                Values::Bytea(values) => arrays.push_bind(values),
                Values::Text(values) => arrays.push_bind(values),
                Values::Uuid(values) => arrays.push_bind(values),
            };
        }
        query.push(") ").push(on_conflict);
        let result = query.build().execute(&mut *connection).await?;
        written += result.rows_affected();
    }
    Ok(written)
}
