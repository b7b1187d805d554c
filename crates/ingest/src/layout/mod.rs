//! Layouts: how a department's columns become facts. Data, checked against the
//! dictionary when loaded; a department is added by adding YAML.

mod check;
mod compile;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::code::CodeList;
use domain::dictionary::{FieldId, Kind};
use domain::value::Value;
use serde::Deserialize;

use crate::note::{Finding, Weight};

pub(crate) use check::{Check, IdentityCheck};

static BUILTIN: LazyLock<Vec<Layout>> = LazyLock::new(|| {
    [
        include_str!("../../layouts/civil_register.yaml"),
        include_str!("../../layouts/payments.yaml"),
        include_str!("../../layouts/medical_settlements.yaml"),
        include_str!("../../layouts/disability_register.yaml"),
        include_str!("../../layouts/deaths_police.yaml"),
        include_str!("../../layouts/deaths_funeral.yaml"),
        include_str!("../../layouts/leads.yaml"),
        include_str!("../../layouts/restricted_liberty.yaml"),
        include_str!("../../layouts/vehicles.yaml"),
        include_str!("../../layouts/social_security.yaml"),
        include_str!("../../layouts/hukou_elders.yaml"),
        include_str!("../../layouts/incidents.yaml"),
        include_str!("../../layouts/care_plans.yaml"),
        include_str!("../../layouts/visits.yaml"),
    ]
    .map(|yaml| Layout::parse(yaml).expect("a test loads every built-in layout"))
    .into()
});

/// What absence from a file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListKind {
    Snapshot,
    Months,
    Events,
}

/// Whether a column must be there, and every cell of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Need {
    #[default]
    No,
    Column,
    Value,
}

/// What an unreadable cell does to its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bad {
    Warn,
    Hold,
    Reject,
}

/// How blank cells under a merged cell are understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fill {
    #[default]
    No,
    /// Blank here means: this row belongs to the one above.
    Key,
    /// Blank in such a row means: as above.
    Down,
}

/// Which rows make a fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Only {
    #[default]
    Every,
    Head,
}

/// Rows that are no data: labels in the first cell that is not blank.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotalRow {
    pub(crate) labels: Vec<String>,
    #[serde(default)]
    pub(crate) subtotals: Vec<String>,
    #[serde(default)]
    pub(crate) footers: Vec<String>,
}

/// How the text of a column is read.
#[derive(Clone, Debug)]
pub(crate) enum ReadAs {
    Text,
    Number,
    Name,
    Phone,
    Address,
    Id,
    Certificate,
    Division,
    Date,
    /// A date whose year may be left out: the last such day up to the business date.
    Recent,
    /// Months, in words: `2年6个月`.
    Term,
    Until,
    Month,
    Money,
    Count,
    Flag,
    Code(&'static CodeList),
    Choice(BTreeMap<String, Vec<String>>),
}

#[derive(Clone, Debug)]
pub(crate) struct DefaultFrom {
    pub(crate) column: usize,
    pub(crate) when: usize,
    pub(crate) is: Vec<String>,
    pub(crate) unless: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) read: ReadAs,
    pub(crate) need: Need,
    pub(crate) bad: Bad,
    pub(crate) placeholder: Bad,
    pub(crate) fill: Fill,
    pub(crate) negative: bool,
    pub(crate) past: bool,
    pub(crate) default_from: Option<DefaultFrom>,
    /// A retraction needs only what names the record.
    pub(crate) in_key: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) township: usize,
    pub(crate) village: usize,
    pub(crate) code: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum KeyPart {
    Column(usize),
    Constant(String),
}

/// Where a field's value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Column(usize),
    Constant(Value),
    First(Vec<usize>),
    SexOf(usize),
    BirthOf(usize),
    Less { whole: usize, part: usize },
    Place(usize),
    Within(usize),
    Refund(usize),
    Person(usize),
    Household(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct When {
    pub(crate) column: usize,
    pub(crate) says: Vec<String>,
    pub(crate) retracts: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Valid {
    pub(crate) from: Vec<usize>,
    /// The first that is known.
    pub(crate) until: Vec<usize>,
    pub(crate) month: Option<usize>,
}

/// One fact that a row makes.
#[derive(Clone, Debug)]
pub(crate) struct Emit {
    pub(crate) kind: Kind,
    pub(crate) only: Only,
    pub(crate) key: Vec<KeyPart>,
    pub(crate) needs: Vec<usize>,
    pub(crate) keep_blank: bool,
    pub(crate) when: Option<When>,
    pub(crate) valid: Valid,
    pub(crate) fields: Vec<(FieldId, Source)>,
    /// Facts of one row under the same key columns are compared as one when a
    /// file is searched for duplicates. `None`: the key may repeat, because the
    /// same key has the same content by construction.
    pub(crate) group: Option<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) column: usize,
    pub(crate) says: Vec<String>,
    pub(crate) retracts: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) kinship: usize,
    pub(crate) id: usize,
}

/// How one department's list is laid out and what its columns mean.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) dataset: String,
    pub(crate) source: String,
    pub(crate) title: String,
    pub(crate) list: ListKind,
    pub(crate) title_rows: u8,
    pub(crate) namespace: String,
    pub(crate) person: usize,
    /// Columns that tell people apart when no number can be read; the first
    /// group of which every column is known. Empty: such rows make no record.
    pub(crate) without_id: Vec<Vec<usize>>,
    /// What would send a row back holds it instead: someone calls the sender.
    pub(crate) never_reject: bool,
    pub(crate) household: Option<usize>,
    pub(crate) operation: Option<Operation>,
    pub(crate) head: Option<Head>,
    /// Item and month columns that coverage is stated by.
    pub(crate) covered_by: Option<(usize, usize)>,
    pub(crate) yuan_total: Option<usize>,
    pub(crate) total: Option<TotalRow>,
    pub(crate) columns: Vec<Column>,
    pub(crate) ignored: Vec<String>,
    pub(crate) places: Vec<Place>,
    pub(crate) checks: Vec<Check<usize>>,
    pub(crate) emits: Vec<Emit>,
}

/// Why a layout cannot be used. Messages follow “cannot load the layout: ”.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// Not YAML of the right shape; the text names line and column.
    #[error("{0}")]
    Yaml(String),
    /// A column, place, list or code that is named but nowhere defined.
    #[error("`{name}` is not a known {what}")]
    Unknown {
        /// What it should have been.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name that stands twice among columns, aliases and ignored columns.
    #[error("`{0}` stands twice")]
    Twice(String),
    /// A field that cannot take what the column holds.
    #[error("field `{field}` cannot be made from `{from}`")]
    Type {
        /// The field of the dictionary.
        field: String,
        /// The column or transform.
        from: String,
    },
    /// An option that the column's type does not have or lacks.
    #[error("column `{column}`: {problem}")]
    Option {
        /// The column.
        column: String,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Layout {
    /// Reads a layout and checks every name in it against its own columns and
    /// against the dictionary.
    pub fn parse(yaml: &str) -> Result<Layout, LayoutError> {
        let text = serde_saphyr::from_str(yaml).map_err(|e| LayoutError::Yaml(e.to_string()))?;
        compile::compile(text)
    }

    /// The layouts that come with Hearth.
    pub fn builtin() -> &'static [Layout] {
        &BUILTIN
    }

    /// The dataset whose files have this layout.
    pub fn dataset(&self) -> &str {
        &self.dataset
    }

    /// Who sends it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether a file is a complete list when its header has an as-of day.
    pub fn is_snapshot(&self) -> bool {
        self.list == ListKind::Snapshot
    }

    /// Whether each item and month in a file is told in full.
    pub fn is_by_month(&self) -> bool {
        self.list == ListKind::Months
    }

    /// Chinese title.
    pub fn title_zh(&self) -> &str {
        &self.title
    }

    /// Holds what would otherwise go back, where the layout says so.
    pub(crate) fn soften(&self, found: &mut [Finding]) {
        if self.never_reject {
            for finding in found {
                finding.weight = finding.weight.min(Weight::Hold);
            }
        }
    }

    /// The name of a column.
    pub(crate) fn name(&self, column: usize) -> &str {
        &self.columns[column].name
    }

    /// The column with exactly this name or alias.
    pub(crate) fn column_named(&self, name: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|c| c.name == name || c.aliases.iter().any(|alias| alias == name))
    }
}

/// The built-in layout of a dataset.
pub fn layout_for(dataset: &str) -> Option<&'static Layout> {
    Layout::builtin().iter().find(|l| l.dataset == dataset)
}
