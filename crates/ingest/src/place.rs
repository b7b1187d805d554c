//! Names of townships and villages to division codes.

use std::collections::BTreeMap;

use domain::region::{DivisionCode, Divisions, Level};
use domain::time::Date;

use crate::cell::Cell;
use crate::layout::{Layout, Place};
use crate::note::Finding;

/// Names remembered; a county has a few hundred.
const REMEMBERED_MAX: usize = 8192;

/// Looks names up in one county on one day, and remembers the answers, because
/// the table is searched from end to end.
pub(crate) struct Gazetteer<'a> {
    divisions: &'a Divisions,
    scope: DivisionCode,
    on: Date,
    known: BTreeMap<(DivisionCode, String), Option<DivisionCode>>,
}

/// A place as precisely as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) place: DivisionCode,
    /// Whether the township was found.
    pub(crate) within: bool,
}

impl<'a> Gazetteer<'a> {
    pub(crate) fn new(divisions: &'a Divisions, scope: DivisionCode, on: Date) -> Gazetteer<'a> {
        Gazetteer {
            divisions,
            scope,
            on,
            known: BTreeMap::new(),
        }
    }

    /// The bureau whose batch it is.
    fn county(&self) -> DivisionCode {
        self.scope.county().unwrap_or(self.scope)
    }

    fn find(&mut self, parent: DivisionCode, level: Level, name: &str) -> Option<DivisionCode> {
        let key = (parent, name.to_owned());
        if let Some(found) = self.known.get(&key) {
            return *found;
        }
        let found = self.divisions.find(parent, level, name, self.on);
        let found = found.or_else(|| {
            (level == Level::Township)
                .then(|| self.run_by(parent, name))
                .flatten()
        });
        if self.known.len() < REMEMBERED_MAX {
            self.known.insert(key, found);
        }
        found
    }

    /// A township that carries another county's code but is run by this bureau.
    fn run_by(&self, bureau: DivisionCode, name: &str) -> Option<DivisionCode> {
        let city = DivisionCode::parse(bureau.as_str().get(..4)?)?;
        let towns = self.divisions.inside(city, Level::Township, self.on);
        let mut named = towns
            .iter()
            .filter(|d| d.bureau == Some(bureau) && d.name == name);
        let first = named.next()?;
        named.next().is_none().then_some(first.code)
    }

    /// Whether a batch of this scope may speak of a division.
    pub(crate) fn allows(&self, code: DivisionCode) -> bool {
        let bureau = self.divisions.bureau(code, self.on);
        self.scope.contains(&code)
            || code.contains(&self.scope)
            || bureau.is_some_and(|b| self.scope == b)
    }

    /// The place a row names: by names, else by its code, else the township,
    /// else the county, where someone will see it. `None` when none is named.
    pub(crate) fn place(
        &mut self,
        place: &Place,
        layout: &Layout,
        cells: &[Cell],
        found: &mut Vec<Finding>,
    ) -> Option<Placed> {
        let township_name = cells[place.township].text()?.to_owned();
        let village_name = cells[place.village].text().map(str::to_owned);
        let coded = place.code.and_then(|column| match cells[column] {
            Cell::Division(code) => self
                .divisions
                .on(code, self.on)
                .map(|d| d.code)
                .filter(|c| self.allows(*c)),
            _ => None,
        });
        let township = self
            .find(self.county(), Level::Township, &township_name)
            .or_else(|| coded?.township());
        let Some(township) = township else {
            found.push(Finding::warn(
                "township.unknown",
                Some(layout.name(place.township)),
            ));
            return Some(Placed {
                place: self.county(),
                within: false,
            });
        };
        let coded = coded.filter(|c| c.level() == Level::Village && township.contains(c));
        let village = match &village_name {
            None => coded,
            Some(name) => {
                let village = self.find(township, Level::Village, name).or(coded);
                if village.is_none() {
                    found.push(Finding::warn(
                        "village.unknown",
                        Some(layout.name(place.village)),
                    ));
                }
                village
            }
        };
        Some(Placed {
            place: village.unwrap_or(township),
            within: true,
        })
    }
}
