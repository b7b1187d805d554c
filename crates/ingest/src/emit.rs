//! A read row to incoming records, as its layout says.

use domain::dictionary::{About, FieldId};
use domain::money::Money;
use domain::record::{HouseholdNumber, IdentityAsSent, Incoming, Statement, SubjectAsSent};
use domain::time::{Period, add_days};
use domain::value::{Body, Value};

use crate::cell::Cell;
use crate::check::ReadRow;
use crate::layout::{Emit, KeyPart, Layout, Only, Source, When};
use crate::place::Placed;

/// One record of a row with the key it is compared under when a file is
/// searched for duplicates.
pub(crate) struct Made {
    pub(crate) incoming: Incoming,
    pub(crate) group: Option<GroupKey>,
}

/// Number of the group and the key parts that come from columns.
pub(crate) type GroupKey = (u8, Vec<String>);

/// Everything emitting needs beside the cells.
pub(crate) struct Making<'a> {
    pub(crate) row: &'a ReadRow<'a>,
    /// Text of the cells, for key parts that could not be read.
    pub(crate) texts: &'a [Option<String>],
    /// The layout's places, in order.
    pub(crate) places: &'a [Option<Placed>],
    /// Whether the row withdraws what was said.
    pub(crate) retracts: bool,
    /// 1-based line.
    pub(crate) line: u32,
}

#[derive(Default)]
struct Links {
    people: Vec<(FieldId, IdentityAsSent)>,
    households: Vec<(FieldId, HouseholdNumber)>,
}

impl Making<'_> {
    /// The records of the row, in the order of the layout.
    pub(crate) fn all(&self) -> Vec<Made> {
        self.layout()
            .emits
            .iter()
            .filter_map(|emit| self.one(emit))
            .collect()
    }

    fn layout(&self) -> &Layout {
        self.row.layout
    }

    fn cell(&self, column: usize) -> &Cell {
        &self.row.cells[column]
    }

    fn one(&self, emit: &Emit) -> Option<Made> {
        if emit.only == Only::Head && !self.row.is_head {
            return None;
        }
        let retracts = match &emit.when {
            None => self.retracts,
            Some(when) => self.retracts || self.chosen(when)?,
        };
        // A retraction withdraws what was said before, also what this row leaves
        // blank; it needs only what names the record.
        let in_key = |column: &usize| self.layout().columns[*column].in_key;
        let mut needed = emit.needs.iter().filter(|c| !retracts || in_key(c));
        if !needed.all(|column| self.cell(*column).is_known()) {
            return None;
        }
        let mut links = Links::default();
        let statement = if retracts {
            Statement::Retracts(emit.kind)
        } else {
            Statement::Says(self.body(emit, &mut links)?)
        };
        let incoming = Incoming {
            subject: self.subject(emit)?,
            key: emit.key.iter().map(|part| self.key_part(part)).collect(),
            valid: if retracts {
                Period::ALWAYS
            } else {
                self.valid(emit)
            },
            statement,
            person_links: links.people,
            household_links: links.households,
            line: self.line,
        };
        let from_columns = emit
            .key
            .iter()
            .filter(|part| matches!(part, KeyPart::Column(_)));
        let parts = from_columns.map(|part| self.key_part(part)).collect();
        Some(Made {
            incoming,
            group: emit.group.map(|group| (group, parts)),
        })
    }

    /// `Some(true)` retracts, `Some(false)` says, `None` is about something else.
    pub(crate) fn chosen(&self, when: &When) -> Option<bool> {
        let choice = self.cell(when.column).text()?;
        if when.retracts.iter().any(|c| c == choice) {
            return Some(true);
        }
        when.says.iter().any(|c| c == choice).then_some(false)
    }

    pub(crate) fn subject(&self, emit: &Emit) -> Option<SubjectAsSent> {
        match emit.kind.def().about {
            About::Person => {
                let id = self.cell(self.layout().person).id();
                let known = id.map(|id| IdentityAsSent::Resident(id.clone()));
                known.or_else(|| self.numbered()).map(SubjectAsSent::Person)
            }
            About::Household => self
                .household(self.layout().household?)
                .map(SubjectAsSent::Household),
        }
    }

    /// Someone without a readable number, as the source tells people apart.
    fn numbered(&self) -> Option<IdentityAsSent> {
        let known = |group: &&Vec<usize>| group.iter().all(|c| self.cell(*c).is_known());
        let group = self.layout().without_id.iter().find(known)?;
        // The names of the columns keep one group's texts from being another's.
        let part = |c: &usize| format!("{}={}", self.layout().name(*c), self.cell(*c).key_text());
        Some(IdentityAsSent::Numbered {
            namespace: self.layout().namespace.clone(),
            number: group.iter().map(part).collect::<Vec<_>>().join(";"),
        })
    }

    pub(crate) fn household(&self, column: usize) -> Option<HouseholdNumber> {
        self.cell(column).text().map(|number| HouseholdNumber {
            namespace: self.layout().namespace.clone(),
            number: number.to_owned(),
        })
    }

    /// What could not be read still tells two rows apart.
    pub(crate) fn key_part(&self, part: &KeyPart) -> String {
        match part {
            KeyPart::Constant(text) => text.clone(),
            KeyPart::Column(column) => match self.cell(*column) {
                Cell::Bad => self.texts[*column]
                    .as_deref()
                    .map(crate::cell::clean)
                    .unwrap_or_default()
                    .to_owned(),
                cell => cell.key_text(),
            },
        }
    }

    pub(crate) fn valid(&self, emit: &Emit) -> Period {
        if let Some(Cell::Month(month)) = emit.valid.month.map(|c| self.cell(c)) {
            return Period::between(month.first_day(), month.plus(1).first_day());
        }
        let from = emit.valid.from.iter().find_map(|c| self.cell(*c).date());
        let last_day = emit.valid.until.iter().find_map(|c| self.cell(*c).date());
        // The column names the last day; a period names the first day behind it.
        // An end before the begin is an error in the dates, not an empty life.
        let to = last_day
            .map(|day| add_days(day, 1))
            .filter(|to| from.is_none_or(|from| from < *to));
        Period { from, to }
    }

    /// `None` when the row has nothing to say of this kind.
    fn body(&self, emit: &Emit, links: &mut Links) -> Option<Body> {
        let mut body = Body::new(emit.kind);
        let mut told = emit.keep_blank;
        for (field, source) in &emit.fields {
            match source {
                Source::Person(column) => {
                    let Some(id) = self.cell(*column).id() else {
                        continue;
                    };
                    links
                        .people
                        .push((*field, IdentityAsSent::Resident(id.clone())));
                    told = true;
                }
                Source::Household(column) => {
                    let Some(number) = self.household(*column) else {
                        continue;
                    };
                    links.households.push((*field, number));
                    told = true;
                }
                source => {
                    let Some(value) = self.value(source) else {
                        continue;
                    };
                    body.set(*field, value);
                    told |= !matches!(source, Source::Constant(_));
                }
            }
        }
        told.then_some(body)
    }

    fn value(&self, source: &Source) -> Option<Value> {
        match source {
            Source::Column(column) => self.cell(*column).value(),
            Source::Constant(value) => Some(value.clone()),
            Source::First(columns) => columns.iter().find_map(|c| self.cell(*c).value()),
            Source::SexOf(column) => self
                .cell(*column)
                .id()
                .map(|id| Value::Code(id.sex().code())),
            Source::BirthOf(column) => self
                .cell(*column)
                .id()
                .map(|id| Value::Date(id.birth_date())),
            Source::Less { whole, parts } => {
                let part = |column: &usize| self.cell(*column).money().unwrap_or(Money::ZERO);
                let parts: Option<Money> = parts.iter().map(|c| Some(part(c))).sum();
                self.cell(*whole)
                    .money()?
                    .checked_sub(parts?)
                    .map(Value::Money)
            }
            Source::Place(place) => self.places[*place].map(|placed| Value::Division(placed.place)),
            Source::Within(place) => self.places[*place]
                .filter(|p| p.within)
                .map(|_| Value::Flag(true)),
            Source::Refund(column) => Some(self.refund(*column)),
            Source::Person(_) | Source::Household(_) => None,
        }
    }

    /// Flagged, or negative without a flag.
    fn refund(&self, flag: usize) -> Value {
        let total = self.layout().yuan_total.and_then(|c| self.cell(c).money());
        let negative = total.is_some_and(|total| total < Money::ZERO);
        Value::Flag(negative || self.cell(flag) == &Cell::Flag(true))
    }
}
