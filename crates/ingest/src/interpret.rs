//! The texts of one row to its outcome, notes and records.

use domain::money::Money;
use domain::record::RowOutcome;
use domain::time::Month;

use crate::cell::{self, Cell, Setting};
use crate::check::{self, ReadRow};
use crate::emit::{GroupKey, Made, Making};
use crate::layout::{Fill, Layout};
use crate::note::{Finding, Weight};
use crate::place::Gazetteer;
use crate::row::{Inherited, Row};
use crate::texts::Texts;
use crate::unread;

/// A row with what the survey wants to know of it.
pub(crate) struct Decoded {
    pub(crate) row: Row,
    /// The key each record is compared under, in the order of the records.
    pub(crate) groups: Vec<Option<GroupKey>>,
    /// The control amount, wherever it can be read.
    pub(crate) yuan: Option<Money>,
    /// Item and month, when coverage is stated by them.
    pub(crate) covered: Option<(&'static str, Month)>,
}

impl Decoded {
    /// A row with no records.
    pub(crate) fn unread(line: u32, raw: Vec<u8>, found: Vec<Finding>) -> Decoded {
        let (outcome, notes) = weigh(found);
        let row = Row {
            line,
            outcome,
            notes,
            incoming: Vec::new(),
            unread: Vec::new(),
            raw,
            inherited: Vec::new(),
        };
        Decoded {
            row,
            groups: Vec::new(),
            yuan: None,
            covered: None,
        }
    }
}

/// The heaviest finding decides.
fn weigh(found: Vec<Finding>) -> (RowOutcome, Vec<domain::record::RowNote>) {
    let outcome = match found.iter().map(|f| f.weight).max() {
        None => RowOutcome::Accepted,
        Some(Weight::Warn) => RowOutcome::Warned,
        Some(Weight::Hold) => RowOutcome::Held,
        Some(Weight::Reject) => RowOutcome::Rejected,
    };
    (outcome, found.into_iter().map(|f| f.note).collect())
}

/// Fills blanks under merged cells from the row above.
pub(crate) fn inherit(
    layout: &Layout,
    texts: &mut Texts,
    above: Option<&Texts>,
    found: &mut Vec<Finding>,
) -> Vec<Inherited> {
    let blank = |text: &Option<String>| {
        text.as_deref()
            .is_none_or(|t| cell::is_blank(cell::clean(t)))
    };
    let Some(key) = layout.columns.iter().position(|c| c.fill == Fill::Key) else {
        return Vec::new();
    };
    if !blank(&texts[key]) {
        return Vec::new();
    }
    // Another head's number means another household whose number was left out.
    let same_head = |above: &&Texts| {
        layout
            .head
            .as_ref()
            .is_none_or(|head| blank(&texts[head.id]) || texts[head.id] == above[head.id])
    };
    let Some(above) = above.filter(same_head).filter(|above| !blank(&above[key])) else {
        found.push(Finding::reject(
            "household.number_missing",
            Some(layout.name(key)),
        ));
        return Vec::new();
    };
    let mut inherited = Vec::new();
    for (position, column) in layout.columns.iter().enumerate() {
        if column.fill == Fill::No || !blank(&texts[position]) || blank(&above[position]) {
            continue;
        }
        if let Some(text) = &above[position] {
            inherited.push(Inherited {
                column: column.name.clone(),
                text: text.clone(),
            });
            texts[position] = Some(text.clone());
        }
    }
    inherited
}

/// Reads every cell, checks the row, and makes its records.
pub(crate) struct Interpreter<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) setting: Setting,
    pub(crate) gazetteer: Gazetteer<'a>,
}

impl Interpreter<'_> {
    /// A row whose texts are known, with what was found so far.
    pub(crate) fn row(
        &mut self,
        line: u32,
        raw: Vec<u8>,
        texts: &Texts,
        inherited: Vec<Inherited>,
        mut found: Vec<Finding>,
    ) -> Decoded {
        let retracts = self.retracts(texts, &mut found);
        let cells = self.cells(texts, retracts, &mut found);
        let places: Vec<_> = self
            .layout
            .places
            .iter()
            .map(|place| self.gazetteer.place(place, self.layout, &cells, &mut found))
            .collect();
        let read = ReadRow {
            layout: self.layout,
            cells: &cells,
            is_head: self.is_head(&cells),
            on: self.setting.on,
        };
        check::run(&read, &self.gazetteer, &mut found);
        let making = Making {
            row: &read,
            texts,
            places: &places,
            retracts,
            line,
        };
        self.layout.soften(&mut found);
        let taken = found.iter().all(|f| f.weight == Weight::Warn);
        let (made, unread) = if taken {
            (making.all(), Vec::new())
        } else {
            let since = self.setting.since;
            (Vec::new(), unread::of_row(&making, &found, since))
        };
        let (outcome, notes) = weigh(found);
        let (incoming, groups) = made
            .into_iter()
            .map(|Made { incoming, group }| (incoming, group))
            .unzip();
        Decoded {
            row: Row {
                line,
                outcome,
                notes,
                incoming,
                unread,
                raw,
                inherited,
            },
            groups,
            yuan: self.layout.yuan_total.and_then(|c| cells[c].money()),
            covered: self.covered(&cells).filter(|_| taken),
        }
    }

    fn covered(&self, cells: &[Cell]) -> Option<(&'static str, Month)> {
        let (part, month) = self.layout.covered_by?;
        match (&cells[part], &cells[month]) {
            (Cell::Code(part), Cell::Month(month)) => Some((part, *month)),
            _ => None,
        }
    }

    /// Whether the row withdraws what was said under its keys.
    fn retracts(&self, texts: &Texts, found: &mut Vec<Finding>) -> bool {
        let Some(operation) = &self.layout.operation else {
            return false;
        };
        let text = texts[operation.column]
            .as_deref()
            .map(cell::clean)
            .unwrap_or_default();
        let is = |list: &[String]| list.iter().any(|known| known.eq_ignore_ascii_case(text));
        let retracts = is(&operation.retracts);
        if !retracts && !cell::is_blank(text) && !is(&operation.says) {
            found.push(Finding::reject(
                "operation.unknown",
                Some(self.layout.name(operation.column)),
            ));
        }
        retracts
    }

    fn is_head(&self, cells: &[Cell]) -> bool {
        let Some(head) = &self.layout.head else {
            return false;
        };
        match &cells[head.kinship] {
            Cell::Code(code) => *code == "head",
            _ => cells[head.id].is_known() && cells[head.id] == cells[self.layout.person],
        }
    }

    fn cells(&self, texts: &Texts, retracts: bool, found: &mut Vec<Finding>) -> Vec<Cell> {
        let columns = &self.layout.columns;
        let read = columns.iter().zip(texts).map(|(column, text)| match text {
            Some(text) => cell::read(column, text, self.setting, found),
            None => Cell::Blank,
        });
        let mut cells: Vec<Cell> = read.collect();
        for (position, column) in columns.iter().enumerate() {
            let Some(default) = column
                .default_from
                .as_ref()
                .filter(|_| cells[position] == Cell::Blank)
            else {
                continue;
            };
            let applies = cells[default.when]
                .code()
                .is_some_and(|code| default.is.iter().any(|is| is == code));
            if applies && cells[default.unless] == Cell::Blank && cells[default.column].is_known() {
                found.push(Finding::warn("subject.from_head", Some(&column.name)));
                cells[position] = cells[default.column].clone();
            }
        }
        for (column, cell) in columns.iter().zip(&cells) {
            // A household number that is missing has been told already.
            let told = column.fill == Fill::Key
                && found
                    .iter()
                    .any(|f| f.note.code == "household.number_missing");
            if *cell == Cell::Blank && (column.in_key || !retracts) && !told {
                found.extend(cell::missing(column));
            }
        }
        cells
    }
}
