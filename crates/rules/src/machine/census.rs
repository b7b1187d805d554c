//! Everybody of a county in columns, kept as views of households come.
//!
//! A household that is seen again dies where it stood and is added at the end.
//! What is added waits as rows until there is enough for a chunk; chunks of
//! which little is alive are merged. Reading takes the chunks as they are, so
//! that a reader and a writer do not wait for each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::household::Household;
use domain::ids::Subject;
use domain::time::Date;
use rayon::prelude::*;

use super::columns::{CHUNK, Chunk, Layout};
use super::screen::{Columns, Machine};
use crate::policy::PolicySet;

/// Rows that wait before they become a chunk, for each size of household.
const DELTA: usize = 256;
/// Chunks of one size that are at most half alive before they are merged.
const THIN: usize = 4;

/// Everybody of one county. It belongs to one machine's layout.
#[derive(Debug)]
pub struct Census {
    layout: Layout,
    parts: Vec<Option<Part>>,
    place: BTreeMap<Subject, Place>,
    waiting: BTreeMap<usize, BTreeMap<Subject, Arc<Row>>>,
    /// Everybody was looked at on this day.
    floor: Date,
}

/// A household that waits to become one of a chunk.
#[derive(Debug)]
struct Row {
    household: Household,
    until: Date,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Waits among households of this many people.
    Waiting(usize),
    /// Stands in this part, at this slot.
    Part(usize, usize),
}

/// A chunk with who of it is still there.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) chunk: Arc<Chunk>,
    pub(super) alive: Arc<Vec<bool>>,
    /// How many are.
    living: usize,
    /// The day each was judged on.
    pub(super) since: Arc<[Date]>,
    /// The day each is to be projected anew, though nothing is told of it.
    until: Arc<[Date]>,
}

impl Part {
    fn of(layout: &Layout, rows: &[&Row]) -> Part {
        let households: Vec<&Household> = rows.iter().map(|row| &row.household).collect();
        Part {
            chunk: Arc::new(Chunk::of(layout, &households)),
            alive: Arc::new(vec![true; rows.len()]),
            living: rows.len(),
            since: households.iter().map(|household| household.on).collect(),
            until: rows.iter().map(|row| row.until).collect(),
        }
    }

    fn living(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.alive.len()).filter(|slot| self.alive[*slot])
    }

    /// Bytes beside the columns, for each household.
    const EACH: usize = size_of::<bool>() + 2 * size_of::<Date>();
}

/// What a county in columns takes, the dead of its chunks included. Rows that wait
/// for a chunk, at most 255 for each size of household, are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CensusBytes {
    /// Columns of one value for each household or person.
    pub scalars: usize,
    /// Lists.
    pub lists: usize,
    /// Who everybody is, and where they stand.
    pub names: usize,
}

impl Census {
    /// Nobody yet, for a machine.
    pub fn of(machine: &Machine) -> Census {
        Census {
            layout: machine.layout.clone(),
            parts: Vec::new(),
            place: BTreeMap::new(),
            waiting: BTreeMap::new(),
            floor: Date::MIN,
        }
    }

    /// Adds a household, or replaces what was known of it. It counts as judged
    /// on the day of its view, and its view is good until the day before `until`.
    pub fn upsert(&mut self, household: Household, until: Date) {
        let (unit, people) = (household.unit, household.people.len());
        self.remove(unit);
        self.place.insert(unit, Place::Waiting(people));
        let waiting = self.waiting.entry(people).or_default();
        waiting.insert(unit, Arc::new(Row { household, until }));
        if waiting.len() >= DELTA {
            let full = std::mem::take(waiting);
            let rows: Vec<&Row> = full.values().map(Arc::as_ref).collect();
            let part = Part::of(&self.layout, &rows);
            self.add(part);
            self.compact(people);
        }
    }

    /// Removes a household.
    pub fn remove(&mut self, unit: Subject) {
        match self.place.remove(&unit) {
            Some(Place::Waiting(people)) => {
                if let Some(waiting) = self.waiting.get_mut(&people) {
                    waiting.remove(&unit);
                }
            }
            Some(Place::Part(at, slot)) => {
                let Some(Some(part)) = self.parts.get_mut(at) else {
                    return;
                };
                Arc::make_mut(&mut part.alive)[slot] = false;
                part.living -= 1;
                if part.living == 0 {
                    self.parts[at] = None;
                }
            }
            None => {}
        }
    }

    /// Whether a household is there.
    pub fn holds(&self, unit: Subject) -> bool {
        self.place.contains_key(&unit)
    }

    /// Number of households and people alone.
    pub fn len(&self) -> usize {
        self.place.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.place.is_empty()
    }

    /// What it takes.
    pub fn bytes(&self) -> CensusBytes {
        let mut bytes = CensusBytes {
            names: self.place.len() * size_of::<(Subject, Place)>(),
            ..CensusBytes::default()
        };
        for part in self.parts.iter().flatten() {
            let (scalars, lists) = part.chunk.bytes();
            bytes.scalars += scalars;
            bytes.lists += lists;
            bytes.names += part.chunk.names_bytes() + Part::EACH * part.alive.len();
        }
        bytes
    }

    /// Everybody as they are now: chunks, who of each is there and rows are shared,
    /// until one of them changes.
    pub fn snapshot(&self) -> Snapshot {
        let waiting = self.waiting.values().filter(|rows| !rows.is_empty());
        Snapshot {
            layout: self.layout.clone(),
            parts: self.parts.iter().flatten().cloned().collect(),
            waiting: waiting
                .map(|rows| rows.values().cloned().collect())
                .collect(),
            floor: self.floor,
        }
    }

    /// Everybody was looked at on a day.
    pub fn judged_on(&mut self, day: Date) {
        self.floor = self.floor.max(day);
    }

    fn add(&mut self, part: Part) {
        let free = self.parts.iter().position(Option::is_none);
        let at = free.unwrap_or(self.parts.len());
        for slot in part.living() {
            self.place
                .insert(part.chunk.units[slot], Place::Part(at, slot));
        }
        if at == self.parts.len() {
            self.parts.push(Some(part));
        } else {
            self.parts[at] = Some(part);
        }
    }

    /// Merges what is left of thin chunks of one size.
    fn compact(&mut self, people: usize) {
        let thin = |part: &Part| part.chunk.people == people && part.living <= CHUNK / 2;
        let at: Vec<usize> = (0..self.parts.len())
            .filter(|at| self.parts[*at].as_ref().is_some_and(thin))
            .collect();
        if at.len() < THIN {
            return;
        }
        let thin: Vec<Part> = at.iter().filter_map(|at| self.parts[*at].take()).collect();
        let mut room = Vec::new();
        let mut left = CHUNK;
        for part in thin {
            let living = part.living;
            if living > left {
                self.add(merged(&self.layout, &room));
                room.clear();
                left = CHUNK;
            }
            left -= living;
            room.push(part);
        }
        self.add(merged(&self.layout, &room));
    }
}

/// Everybody of a census as they were when it was taken.
#[derive(Debug)]
pub struct Snapshot {
    layout: Layout,
    parts: Vec<Part>,
    waiting: Vec<Vec<Arc<Row>>>,
    floor: Date,
}

impl Snapshot {
    /// Everybody.
    pub fn columns(&self) -> Columns {
        self.living(&|_, _| true)
    }

    /// Those whose views are good on a day, without the ones named.
    pub fn good_on(&self, day: Date, named: &BTreeSet<Subject>) -> Columns {
        self.living(&|until, unit| day < until && !named.contains(&unit))
    }

    /// Those whose views are to be made anew by a day.
    pub fn due_by(&self, day: Date) -> BTreeSet<Subject> {
        let of_chunks = self.parts.iter().flat_map(|part| {
            let due = part.living().filter(|slot| part.until[*slot] <= day);
            due.map(|slot| part.chunk.units[slot])
        });
        let waiting = self.waiting.iter().flatten();
        let waiting = waiting.filter(|row| row.until <= day);
        let waiting = waiting.map(|row| row.household.unit);
        of_chunks.chain(waiting).collect()
    }

    /// Who stands otherwise on a day up to `to` than on the day before, by the
    /// date alone, since they were judged; who cannot be told by columns is
    /// among them. Views must be good through `to`. `None` when the census is
    /// another machine's.
    pub fn moved(&self, machine: &Machine, set: &PolicySet, to: Date) -> Option<BTreeSet<Subject>> {
        if machine.layout != self.layout {
            return None;
        }
        let of_part = |part: &Part| {
            let moved = machine.moved(part, set, self.floor, to);
            let slots = part.living().filter(|slot| moved[*slot]);
            slots
                .map(|slot| part.chunk.units[slot])
                .collect::<Vec<Subject>>()
        };
        let parts = self.parts();
        let moved: Vec<Vec<Subject>> = parts.par_iter().map(of_part).collect();
        Some(moved.into_iter().flatten().collect())
    }

    fn living(&self, is: &(impl Fn(Date, Subject) -> bool + Sync)) -> Columns {
        let parts = self.parts();
        let shown = |part: &Part| {
            let chunk = &part.chunk;
            let is = |slot: usize| part.alive[slot] && is(part.until[slot], chunk.units[slot]);
            if (0..chunk.len).all(is) {
                return chunk.clone();
            }
            Arc::new(chunk.without(|slot| !is(slot)))
        };
        Columns::of(self.layout.clone(), parts.par_iter().map(shown).collect())
    }

    /// Parts, those of waiting rows among them.
    fn parts(&self) -> Vec<Part> {
        let of_rows = |rows: &Vec<Arc<Row>>| {
            let rows: Vec<&Row> = rows.iter().map(Arc::as_ref).collect();
            Part::of(&self.layout, &rows)
        };
        let waiting: Vec<Part> = self.waiting.par_iter().map(of_rows).collect();
        self.parts.iter().cloned().chain(waiting).collect()
    }
}

fn merged(layout: &Layout, parts: &[Part]) -> Part {
    let living: Vec<(&Chunk, Vec<usize>)> = parts
        .iter()
        .map(|part| (part.chunk.as_ref(), part.living().collect()))
        .collect();
    let since = parts
        .iter()
        .flat_map(|part| part.living().map(|slot| part.since[slot]));
    let chunk = Chunk::merged(layout, &living);
    let until = parts
        .iter()
        .flat_map(|part| part.living().map(|slot| part.until[slot]));
    Part {
        alive: Arc::new(vec![true; chunk.len]),
        living: chunk.len,
        since: since.collect(),
        until: until.collect(),
        chunk: Arc::new(chunk),
    }
}
