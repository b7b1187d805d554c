//! Households as columns: chunks of households with equally many people, a
//! person's facts one lane apart from the next household's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::dictionary::{About, FieldId, Kind};
use domain::household::{
    Completeness, Facts, Household, Item, Person, Standing, WhyUnknown, first,
};
use domain::ids::{PersonId, Subject};
use domain::region::DivisionCode;
use domain::value::Value;

use super::beforehand::Keeping;
use super::cells::{Cell, Cells, Filling};
use super::dates::{month, pack};
use super::graph::{AxisKind, Column, F, Graph, ItemColumn, Lane, NONE32, NONE64, Op, T, U};
use super::items::Items;
use super::names::{Names, code_number};
use super::spaces::narrow;
use crate::effort::Effort;

/// Households of one chunk. What an operation costs whatever its lanes is shared
/// by more of them the more there are, until registers leave the cache of
/// a core (the sweep stands in docs/PERFORMANCE.md).
pub(crate) const CHUNK: usize = 4_096;

/// Which columns a graph reads, and of whom columns cannot say what they hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) household: Vec<(Column, Lane)>,
    pub(crate) person: Vec<(Column, Lane)>,
    pub(crate) lists: Vec<(Kind, Vec<(ItemColumn, Lane)>)>,
    effort: Effort,
}

impl Layout {
    pub(crate) fn of(graph: &Graph, effort: Effort) -> Layout {
        let mut household = BTreeSet::new();
        let mut person = BTreeSet::new();
        let mut lists: BTreeMap<Kind, BTreeSet<(ItemColumn, Lane)>> = BTreeMap::new();
        for axis in &graph.axes {
            match axis.kind {
                AxisKind::People => {}
                AxisKind::OfPerson(kind, _)
                | AxisKind::OfHousehold(kind)
                | AxisKind::OfAll(kind) => {
                    lists.entry(kind).or_default();
                }
            }
        }
        for node in &graph.nodes {
            match &node.op {
                Op::Household(column) => {
                    household.insert((*column, node.lane));
                }
                Op::Person(column, ..) => {
                    person.insert((*column, node.lane));
                }
                Op::Item(kind, column, _) => {
                    lists.entry(*kind).or_default().insert((*column, node.lane));
                }
                _ => {}
            }
        }
        let list = |(kind, columns): (Kind, BTreeSet<_>)| (kind, columns.into_iter().collect());
        Layout {
            household: household.into_iter().collect(),
            person: person.into_iter().collect(),
            lists: lists.into_iter().map(list).collect(),
            effort,
        }
    }
}

/// Up to [`CHUNK`] households of equally many people. What a copy changes nothing
/// of is shared with it.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// Households.
    pub(crate) len: usize,
    /// People of each.
    pub(crate) people: usize,
    pub(crate) units: Arc<[Subject]>,
    /// Lane of person `j` of household `i`: `j·len + i`.
    pub(crate) persons: Arc<[PersonId]>,
    pub(crate) members: Vec<u8>,
    /// Places parameters are looked up for, in order, and each household's: of its
    /// hukou, or the county.
    pub(crate) places: Arc<[DivisionCode]>,
    pub(crate) place: Arc<[u32]>,
    /// Left to the interpreter: what columns cannot hold, and who may come to so much
    /// that it gives up.
    pub(crate) odd: Vec<u8>,
    pub(crate) household: Arc<[(Column, Cells)]>,
    pub(crate) person: Arc<[(Column, Cells)]>,
    pub(crate) lists: Arc<[Items]>,
    /// What was computed and stays as it is; copies that lack somebody share it.
    pub(super) keeping: Arc<Keeping>,
}

impl Chunk {
    /// All of equally many people.
    pub(crate) fn of(layout: &Layout, households: &[&Household]) -> Chunk {
        let len = households.len();
        let people = households.first().map_or(0, |h| h.people.len());
        let is_odd = |household: &&Household| layout.effort.may_be_beyond(household).into();
        let mut builder = Builder {
            households,
            people,
            names: households.iter().map(|_| Names::default()).collect(),
            odd: households.iter().map(is_odd).collect(),
        };
        let lane = |lane: usize| &households[lane % len].people[lane / len];
        let lanes = len * people;
        let at = |household: &&Household| household.hukou.unwrap_or(household.county);
        let (places, place) = numbered(households.iter().map(at));
        let member = |n| {
            if lane(n).standing == Standing::Member {
                T
            } else {
                F
            }
        };
        Chunk {
            len,
            people,
            units: households.iter().map(|h| h.unit).collect(),
            persons: (0..lanes).map(|n| lane(n).id).collect(),
            members: (0..lanes).map(member).collect(),
            places: places.into(),
            place: place.into(),
            household: layout
                .household
                .iter()
                .map(|(column, width)| (*column, builder.of_households(*column, *width)))
                .collect(),
            person: layout
                .person
                .iter()
                .map(|(column, width)| (*column, builder.of_people(*column, *width)))
                .collect(),
            lists: layout
                .lists
                .iter()
                .map(|(kind, columns)| builder.items(*kind, columns))
                .collect(),
            odd: builder.odd,
            keeping: Arc::default(),
        }
    }

    /// Where a household has its hukou, or the county.
    pub(crate) fn place_of(&self, slot: usize) -> DivisionCode {
        self.places[self.place[slot] as usize]
    }

    /// The same without some households.
    pub(crate) fn without(&self, gone: impl Fn(usize) -> bool) -> Chunk {
        let mut chunk = self.clone();
        for slot in (0..self.len).filter(|slot| gone(*slot)) {
            let lanes = chunk.members.iter_mut().skip(slot);
            lanes.step_by(self.len).for_each(|member| *member = F);
        }
        chunk
    }

    pub(crate) fn items(&self, kind: Kind) -> Option<&Items> {
        self.lists.iter().find(|items| items.kind == kind)
    }

    /// True for households that anybody lives in.
    pub(crate) fn present(&self) -> Vec<u8> {
        let mut present = vec![F; self.len];
        for slot in self.members.chunks_exact(self.len.max(1)) {
            present
                .iter_mut()
                .zip(slot)
                .for_each(|(p, m)| *p = (*p).max(*m));
        }
        present
    }

    /// Bytes of who its households and people are.
    pub(crate) fn names_bytes(&self) -> usize {
        size_of_val(&*self.units) + size_of_val(&*self.persons) + size_of_val(&*self.places)
    }

    /// Bytes of scalar columns and of lists, with what is kept for either.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        let scalars = self.household.iter().map(|(_, cells)| cells.bytes());
        let people = self.person.iter().map(|(_, cells)| cells.bytes());
        let own = self.members.len() + 4 * self.place.len() + self.odd.len();
        let lists: usize = self.lists.iter().map(Items::bytes).sum();
        let kept = self.keeping.bytes();
        let scalars = scalars.chain(people).sum::<usize>() + own;
        (scalars + kept.0, lists + kept.1)
    }
}

/// Places in order, once each, and the number of each one's.
pub(super) fn numbered(each: impl Iterator<Item = DivisionCode>) -> (Vec<DivisionCode>, Vec<u32>) {
    let each: Vec<DivisionCode> = each.collect();
    let places = in_order(each.iter().copied());
    let number = |place| places.binary_search(place).map_or(0, narrow);
    let numbers = each.iter().map(number).collect();
    (places, numbers)
}

/// Places in order, once each.
pub(super) fn in_order(places: impl Iterator<Item = DivisionCode>) -> Vec<DivisionCode> {
    let mut places: Vec<DivisionCode> = places.collect();
    places.sort_unstable();
    places.dedup();
    places
}

struct Builder<'h> {
    households: &'h [&'h Household],
    people: usize,
    names: Vec<Names<'h>>,
    odd: Vec<u8>,
}

impl<'h> Builder<'h> {
    fn of_households(&mut self, column: Column, lane: Lane) -> Cells {
        let mut cells = Filling::new(lane, self.households.len());
        for at in 0..self.households.len() {
            let household = self.households[at];
            let cell = match column {
                Column::Field(field) => self.first_field(at, &household.facts, field),
                Column::Has(kind) => has(&household.facts, kind),
                Column::Open(kind) => open(&household.facts, kind),
                Column::MorePeople => more_people(household),
                Column::Head => self.head(at),
                Column::Hukou => place(household.hukou),
                Column::Residence => place(household.residence),
                Column::Unit => match household.unit {
                    Subject::Household(id) => Cell::Narrow(self.names[at].id(id.as_uuid())),
                    Subject::Person(_) => Cell::Narrow(-2),
                },
                Column::Alone => flag(matches!(household.unit, Subject::Person(_))),
                Column::CoveredMonth(item) => covered(household, item),
                Column::Member | Column::Households | Column::PaidOpen => Cell::Unknown,
            };
            cells.push(cell);
        }
        cells.done()
    }

    fn of_people(&mut self, column: Column, lane: Lane) -> Cells {
        let lanes = self.people * self.households.len();
        let mut cells = Filling::new(lane, lanes);
        for n in 0..lanes {
            let at = n % self.households.len();
            let person = self.person(n);
            let facts = &person.facts;
            let cell = match column {
                Column::Field(field) => self.first_field(at, facts, field),
                Column::Has(kind) => has(facts, kind),
                Column::Open(kind) => open(facts, kind),
                Column::Member => flag(person.standing == Standing::Member),
                Column::Households => match open(facts, Kind::Membership) {
                    Cell::Trit(F) => Cell::Wide(i64::from(person.households)),
                    _ => Cell::Unknown,
                },
                Column::PaidOpen => paid_open(person),
                _ => Cell::Unknown,
            };
            cells.push(cell);
        }
        cells.done()
    }

    fn person(&self, lane: usize) -> &'h Person {
        let len = self.households.len();
        &self.households[lane % len].people[lane / len]
    }

    fn first_field(&mut self, at: usize, facts: &'h Facts, field: FieldId) -> Cell {
        first(facts, field.kind).map_or(Cell::Unknown, |item| self.field(at, item, field))
    }

    fn field(&mut self, at: usize, item: &'h Item, field: FieldId) -> Cell {
        let Some(value) = item.body.value(field) else {
            return Cell::Unknown;
        };
        match value {
            Value::Text(text) => Cell::Narrow(self.names[at].text(text)),
            Value::Code(code) => Cell::Narrow(code_number(code)),
            Value::Money(money) => self.whole(at, money.as_fen()),
            Value::Count(count) => self.whole(at, *count),
            Value::Date(date) => Cell::Narrow(pack(*date)),
            Value::Month(of) => Cell::Narrow(month(*of)),
            Value::Flag(yes) => flag(*yes),
            Value::Division(code) => place(Some(*code)),
            Value::Household(id) => Cell::Narrow(self.names[at].id(id.as_uuid())),
            Value::Person(id) => Cell::Narrow(self.reference(at, *id)),
        }
    }

    /// The value that means unknown in columns is left to the interpreter.
    fn whole(&mut self, at: usize, n: i64) -> Cell {
        if n == NONE64 {
            self.odd[at] = 1;
        }
        Cell::Wide(n)
    }

    /// The lane of a person in view; below nought for others.
    fn reference(&mut self, at: usize, id: PersonId) -> i32 {
        let household = self.households[at];
        match household.people.iter().position(|p| p.id == id) {
            Some(j) => i32::try_from(j * self.households.len() + at).unwrap_or(NONE32),
            None => -2 - self.names[at].id(id.as_uuid()),
        }
    }

    fn head(&mut self, at: usize) -> Cell {
        let household = self.households[at];
        let is_head = |p: &&Person| {
            let membership = first(&p.facts, Kind::Membership);
            membership.is_some_and(|item| item.body.code("kinship") == Some("head"))
        };
        let head = household.members().find(is_head);
        let head = head.or_else(|| household.members().next());
        head.map_or(Cell::Unknown, |p| Cell::Narrow(self.reference(at, p.id)))
    }

    fn items(&mut self, kind: Kind, columns: &[(ItemColumn, Lane)]) -> Items {
        let len = self.households.len();
        let of_household = kind.def().about == About::Household;
        let owners = if of_household { len } else { len * self.people };
        let mut from = Vec::with_capacity(owners + 1);
        let mut owned = Vec::new();
        let new = |(c, lane): &(ItemColumn, Lane)| (*c, Filling::new(*lane, owners));
        let mut columns: Vec<(ItemColumn, Filling)> = columns.iter().map(new).collect();
        let ranks = columns.iter().any(|(c, _)| *c == ItemColumn::Rank);
        let ranks = if ranks {
            self.ranks(kind)
        } else {
            BTreeMap::new()
        };
        from.push(0);
        for owner in 0..owners {
            let at = owner % len;
            let facts = if of_household {
                &self.households[at].facts
            } else {
                &self.person(owner).facts
            };
            let listed = facts
                .get(&kind)
                .map_or(&[][..], |list| list.items.as_slice());
            for item in listed {
                owned.push(narrow(owner));
                for (column, cells) in &mut columns {
                    cells.push(self.item(at, item, *column, &ranks));
                }
            }
            from.push(narrow(owned.len()));
        }
        let done = |(column, cells): (ItemColumn, Filling)| (column, cells.done());
        Items::of(kind, from, owned, columns.into_iter().map(done).collect())
    }

    fn item(
        &mut self,
        at: usize,
        item: &'h Item,
        column: ItemColumn,
        ranks: &BTreeMap<(usize, *const Item), i32>,
    ) -> Cell {
        match column {
            ItemColumn::Field(field) => self.field(at, item, field),
            ItemColumn::Source => {
                let number = self.names[at].source(item.source.as_str());
                if number > 62 {
                    self.odd[at] = 1;
                }
                Cell::Narrow(number.min(62))
            }
            ItemColumn::ToldOn => Cell::Narrow(pack(item.revision.business_date)),
            ItemColumn::Rank => {
                let rank = ranks.get(&(at, std::ptr::from_ref(item)));
                rank.map_or(Cell::Unknown, |rank| Cell::Narrow(*rank))
            }
        }
    }

    /// Every item's place by revision and key among all of its household.
    fn ranks(&self, kind: Kind) -> BTreeMap<(usize, *const Item), i32> {
        let mut ranks = BTreeMap::new();
        for (at, household) in self.households.iter().enumerate() {
            let people = household.people.iter().map(|p| &p.facts);
            let all = people.chain([&household.facts]);
            let lists = all.filter_map(|facts| facts.get(&kind));
            let mut items: Vec<&Item> = lists.flat_map(|list| &list.items).collect();
            items.sort_by_key(|item| (item.revision, item.key));
            for (rank, item) in (0..).zip(items) {
                ranks.insert((at, std::ptr::from_ref(item)), rank);
            }
        }
        ranks
    }
}

fn flag(yes: bool) -> Cell {
    Cell::Trit(if yes { T } else { F })
}

fn has(facts: &Facts, kind: Kind) -> Cell {
    flag(first(facts, kind).is_some())
}

/// A kind nobody tells of may have items all the same.
fn open(facts: &Facts, kind: Kind) -> Cell {
    let open = facts.get(&kind).map(|list| &list.completeness);
    Cell::Trit(match open {
        Some(Completeness::Complete(_) | Completeness::Closed) => F,
        Some(Completeness::Open(_)) | None => U,
    })
}

fn paid_open(person: &Person) -> Cell {
    let completeness = person
        .facts
        .get(&Kind::Grant)
        .map(|list| &list.completeness);
    Cell::Trit(match completeness {
        None | Some(Completeness::Open(WhyUnknown::Unread)) => U,
        Some(_) => F,
    })
}

fn more_people(household: &Household) -> Cell {
    let composition = household.facts.get(&Kind::Composition);
    Cell::Trit(match composition.map(|list| &list.completeness) {
        Some(Completeness::Open(
            WhyUnknown::Unread | WhyUnknown::Disputed | WhyUnknown::Conflict,
        )) => U,
        _ => F,
    })
}

/// Digits after a one, so that codes of different lengths differ.
fn place(code: Option<DivisionCode>) -> Cell {
    let number = code.and_then(|code| format!("1{code}").parse().ok());
    number.map_or(Cell::Unknown, Cell::Wide)
}

fn covered(household: &Household, item: i32) -> Cell {
    let mut all = household.months.by_item.iter();
    let found = all.find(|(name, _)| code_number(name) == item);
    match found {
        Some((_, Ok(note))) => note.month.map_or(Cell::Unknown, |m| Cell::Narrow(month(m))),
        _ => Cell::Unknown,
    }
}
