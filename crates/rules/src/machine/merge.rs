//! One chunk of the living of several, column by column.

use domain::dictionary::{About, FieldType};

use super::cells::{Cell, Cells, Filling};
use super::columns::{Chunk, Layout, numbered};
use super::graph::{Column, ItemColumn, Lane};
use super::items::Items;
use super::spaces::narrow;

/// A household of the new chunk: which chunk it was in, and where.
#[derive(Clone, Copy)]
struct From<'c> {
    chunk: &'c Chunk,
    slot: usize,
}

impl Chunk {
    /// The given slots of chunks of equally many people, in order.
    pub(super) fn merged(layout: &Layout, living: &[(&Chunk, Vec<usize>)]) -> Chunk {
        let each = living.iter().flat_map(|(chunk, slots)| {
            let from = |slot: &usize| From { chunk, slot: *slot };
            slots.iter().map(from)
        });
        let from: Vec<From<'_>> = each.collect();
        let people = living.first().map_or(0, |(chunk, _)| chunk.people);
        let (len, merge) = (
            from.len(),
            Merge {
                from: &from,
                people,
            },
        );
        let old = |from: &From<'_>| from.chunk.places[from.chunk.place[from.slot] as usize];
        let (places, place) = numbered(from.iter().map(old));
        Chunk {
            place: place.into(),
            len,
            people,
            units: from.iter().map(|f| f.chunk.units[f.slot]).collect(),
            persons: merge.lanes(|chunk, lane| chunk.persons[lane]).into(),
            members: merge.lanes(|chunk, lane| chunk.members[lane]),
            places: places.into(),
            odd: from.iter().map(|f| f.chunk.odd[f.slot]).collect(),
            household: (layout.household.iter().enumerate())
                .map(|(n, (column, lane))| (*column, merge.of_households(n, *column, *lane)))
                .collect(),
            person: (layout.person.iter().enumerate())
                .map(|(n, (column, lane))| (*column, merge.of_people(n, *column, *lane)))
                .collect(),
            lists: (0..layout.lists.len()).map(|n| merge.items(n)).collect(),
            keeping: std::sync::Arc::default(),
        }
    }
}

struct Merge<'c> {
    from: &'c [From<'c>],
    people: usize,
}

impl Merge<'_> {
    /// Slot by slot, and of a slot household by household.
    fn lanes<V>(&self, f: impl Fn(&Chunk, usize) -> V) -> Vec<V> {
        let slots = (0..self.people).flat_map(|j| self.from.iter().map(move |from| (j, from)));
        slots
            .map(|(j, from)| f(from.chunk, j * from.chunk.len + from.slot))
            .collect()
    }

    fn of_households(&self, column: usize, what: Column, lane: Lane) -> Cells {
        let mut out = Filling::new(lane, self.from.len());
        for (at, from) in self.from.iter().enumerate() {
            let cells = &from.chunk.household[column].1;
            self.copy(cells, from.slot, &mut out, (at, from, refers(what)));
        }
        out.done()
    }

    fn of_people(&self, column: usize, what: Column, lane: Lane) -> Cells {
        let mut out = Filling::new(lane, self.from.len() * self.people);
        for j in 0..self.people {
            for (at, from) in self.from.iter().enumerate() {
                let cells = &from.chunk.person[column].1;
                let lane = j * from.chunk.len + from.slot;
                self.copy(cells, lane, &mut out, (at, from, refers(what)));
            }
        }
        out.done()
    }

    /// A person is known by lane, which is another one here.
    fn copy(
        &self,
        cells: &Cells,
        lane: usize,
        out: &mut Filling,
        (at, from, refers): (usize, &From<'_>, bool),
    ) {
        out.push(match cells {
            Cells::Narrow(values) if refers && values.at(lane) >= 0 => {
                let slot = values.at(lane).unsigned_abs() as usize / from.chunk.len;
                let lane = slot * self.from.len() + at;
                Cell::Narrow(i32::try_from(lane).unwrap_or(i32::MAX))
            }
            Cells::Narrow(values) => Cell::Narrow(values.at(lane)),
            Cells::Trit(values) => Cell::Trit(values.at(lane)),
            Cells::Wide(values) => Cell::Wide(values.at(lane)),
        });
    }

    fn items(&self, list: usize) -> Items {
        let first = &self.from[0].chunk.lists[list];
        let owners = match first.kind.def().about {
            About::Household => 1,
            About::Person => self.people,
        };
        let (mut ends, mut owned) = (vec![0], Vec::new());
        let alike =
            |(column, cells): &(ItemColumn, Cells)| (*column, Filling::new(cells.lane(), 0));
        let mut columns: Vec<(ItemColumn, Filling)> = first.columns.iter().map(alike).collect();
        for j in 0..owners {
            for (at, from) in self.from.iter().enumerate() {
                let items = &from.chunk.lists[list];
                let owner = j * from.chunk.len + from.slot;
                for item in items.range(owner..owner + 1) {
                    owned.push(narrow(j * self.from.len() + at));
                    for (n, (column, cells)) in columns.iter_mut().enumerate() {
                        let refers =
                            matches!(column, ItemColumn::Field(f) if is_person(f.def().ty));
                        self.copy(&items.columns[n].1, item, cells, (at, from, refers));
                    }
                }
                ends.push(narrow(owned.len()));
            }
        }
        let done = |(column, cells): (ItemColumn, Filling)| (column, cells.done());
        let columns = columns.into_iter().map(done).collect();
        Items::of(first.kind, ends, owned, columns)
    }
}

fn refers(column: Column) -> bool {
    match column {
        Column::Head => true,
        Column::Field(field) => is_person(field.def().ty),
        _ => false,
    }
}

fn is_person(ty: FieldType) -> bool {
    matches!(ty, FieldType::Person)
}
