//! Parameters as lanes: what holds where each household is.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::region::DivisionCode;
use domain::time::Date;

use super::columns::Chunk;
use super::dates;
use super::graph::{HOUSEHOLDS, Id, Lane, NONE32, NONE64, Node, Op, SpaceId, U};
use super::lanes::{Lanes, Register, Unknown, is_unknown, map, trit};
use super::names::code_number;
use super::run::Run;
use crate::parameters::{Parameters, Setting};

/// Where the households of chunks are, and which regions decide there: what is the
/// same on every day.
#[derive(Clone, Debug)]
pub struct Regions(Arc<Deciding>);

#[derive(Debug)]
struct Deciding {
    /// In order, each with the region that decides there, by number.
    places: Vec<(DivisionCode, usize)>,
    /// One place of each region.
    asked: Vec<DivisionCode>,
}

/// What the parameters of operations are on a day, wherever somebody of some
/// chunks lives: looked up once for all chunks.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) on: Date,
    regions: Regions,
    values: Values,
}

/// By operation, then by region; nothing for what is no parameter.
type Values = Vec<Vec<Value>>;

/// What parameters were where the households of a chunk are.
#[derive(Debug)]
pub(super) struct Read {
    /// By region of the chunk, then by operation.
    values: Vec<Vec<Option<Value>>>,
    /// Regions, by place.
    regions: Vec<usize>,
}

/// The regions that decide where the households of a chunk are. A chunk is of many
/// villages and, but rarely, of one region: an operation reads once for each region.
#[derive(Debug)]
pub(super) struct Places {
    /// Regions, in order and each once.
    regions: Vec<usize>,
    /// By place of the chunk, which of them decides there.
    of: Vec<usize>,
}

impl Places {
    /// Of the region of each place.
    fn of(each: Vec<usize>) -> Places {
        let mut regions = each.clone();
        regions.sort_unstable();
        regions.dedup();
        let number = |region| regions.binary_search(&region).unwrap_or_default();
        let of = each.into_iter().map(number).collect();
        Places { regions, of }
    }
}

/// A parameter at a place, as an operation reads it.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Trit(u8),
    Narrow(i32),
    Wide(i64),
    Codes(Option<Codes>),
}

impl Regions {
    /// Of places in order, each once.
    pub(crate) fn of(
        parameters: &Parameters,
        places: impl IntoIterator<Item = DivisionCode>,
    ) -> Regions {
        let places: Vec<DivisionCode> = places.into_iter().collect();
        debug_assert!(places.is_sorted());
        // Many villages, few regions that declare anything.
        let declaring = parameters.declaring();
        let mut regions: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let mut asked: Vec<DivisionCode> = Vec::new();
        let numbered = places.into_iter().map(|place| {
            let within = declaring
                .iter()
                .filter(|region| place.as_str().starts_with(**region));
            let deciding = within.max_by_key(|region| region.len()).copied();
            let number = *regions.entry(deciding).or_insert_with(|| {
                asked.push(place);
                asked.len() - 1
            });
            (place, number)
        });
        let places = numbered.collect();
        Regions(Arc::new(Deciding { places, asked }))
    }
}

impl Settings {
    pub(crate) fn of(
        nodes: &[Node],
        parameters: &Parameters,
        on: Date,
        regions: &Regions,
    ) -> Settings {
        let asked = &regions.0.asked;
        let at = |key: &str, place: &DivisionCode| parameters.find(key, *place, on)?.value;
        let values = nodes.iter().map(|node| match &node.op {
            Op::Param(key) | Op::ParamBelow(key) => {
                let below = matches!(node.op, Op::ParamBelow(_));
                let value = |place| Value::of(node.lane, below, at(key, place));
                asked.iter().map(value).collect()
            }
            Op::InParam(_, key) => asked
                .iter()
                .map(|place| Value::codes(at(key, place)))
                .collect(),
            _ => Vec::new(),
        });
        Settings {
            on,
            values: values.collect(),
            regions: regions.clone(),
        }
    }

    /// The regions that decide at the places of a chunk.
    pub(super) fn at(&self, chunk: &Chunk) -> Vec<usize> {
        let mut known = self.regions.0.places.iter().peekable();
        // Both are in order.
        let at = |place: &DivisionCode| {
            while known.next_if(|(known, _)| known < place).is_some() {}
            let found = known.peek().filter(|(known, _)| known == place);
            found.map_or(usize::MAX, |(_, region)| *region)
        };
        chunk.places.iter().map(at).collect()
    }

    /// What operations read in the regions of a chunk, which are told by place.
    pub(super) fn read(&self, regions: &[usize], operations: &[Id]) -> Read {
        let Places { regions, of } = Places::of(regions.to_vec());
        let in_region = |region: &usize| {
            let values = operations.iter().map(|id| self.value(*id, *region));
            values.map(Option::<&Value>::cloned).collect()
        };
        Read {
            values: regions.iter().map(in_region).collect(),
            regions: of,
        }
    }

    /// Which operations read another value under others, wherever somebody of the same
    /// chunks lives.
    pub(super) fn differing<'s>(&'s self, others: &'s Settings) -> impl Fn(Id) -> bool + 's {
        let of =
            |settings: &'s Settings| settings.regions.0.places.iter().map(|(_, region)| *region);
        let pairs: BTreeSet<(usize, usize)> = of(self).zip(of(others)).collect();
        move |id| {
            let mut pairs = pairs.iter();
            pairs.any(|(one, other)| self.value(id, *one) != others.value(id, *other))
        }
    }

    fn value(&self, id: Id, region: usize) -> Option<&Value> {
        self.values.get(id.0 as usize)?.get(region)
    }
}

impl Read {
    /// Whether the operations read the same now for every household of the chunk.
    pub(super) fn is_same(&self, now: &Settings, regions: &[usize], operations: &[Id]) -> bool {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for pair in self.regions.iter().copied().zip(regions.iter().copied()) {
            if pairs.last() != Some(&pair) {
                pairs.push(pair);
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs.iter().all(|(was, region)| {
            let mut read = self.values[*was].iter().zip(operations);
            read.all(|(value, id)| value.as_ref() == now.value(*id, *region))
        })
    }

    /// Bytes held, but for lists of codes.
    pub(super) fn bytes(&self) -> usize {
        let values: usize = self.values.iter().map(Vec::len).sum();
        values * size_of::<Option<Value>>() + size_of_val(self.regions.as_slice())
    }
}

impl Value {
    fn of(lane: Lane, below: bool, setting: Option<&Setting>) -> Value {
        match (lane, setting) {
            (Lane::Trit, Some(Setting::Bool(value))) => Value::Trit(trit(*value)),
            (Lane::Trit, _) => Value::Trit(U),
            (Lane::Narrow, Some(Setting::Date(date))) => Value::Narrow(dates::pack(*date)),
            (Lane::Narrow, _) => Value::Narrow(NONE32),
            (Lane::Wide, Some(Setting::Number(n))) if !below => Value::Wide(*n),
            (Lane::Wide, Some(Setting::Amount(amount))) => {
                let part = if below {
                    amount.below()
                } else {
                    amount.above()
                };
                Value::Wide(part.unwrap_or(NONE64))
            }
            (Lane::Wide, _) => Value::Wide(NONE64),
        }
    }

    fn codes(setting: Option<&Setting>) -> Value {
        match setting {
            Some(Setting::Codes(codes)) => Value::Codes(Some(Codes::of(codes))),
            _ => Value::Codes(None),
        }
    }

    fn trit(&self) -> u8 {
        match self {
            Value::Trit(value) => *value,
            _ => U,
        }
    }

    fn narrow(&self) -> i32 {
        match self {
            Value::Narrow(value) => *value,
            _ => NONE32,
        }
    }

    fn wide(&self) -> i64 {
        match self {
            Value::Wide(value) => *value,
            _ => NONE64,
        }
    }

    fn set(&self) -> Option<&Codes> {
        match self {
            Value::Codes(codes) => codes.as_ref(),
            _ => None,
        }
    }
}

impl<'c> Run<'c> {
    /// The value of an operation in each region of the chunk.
    fn values(&self, operation: Id) -> impl Iterator<Item = Option<&'c Value>> {
        let settings = self.settings;
        let regions = self.places().regions.iter();
        regions.map(move |region| settings.value(operation, *region))
    }

    fn places(&self) -> &Places {
        let places = || Places::of(self.settings.at(self.chunk));
        self.places.get_or_init(places)
    }

    /// Which of the values of [`Run::values`] is a household's.
    fn region_of(&self, household: usize) -> usize {
        self.places().of[self.chunk.place[household] as usize]
    }

    pub(super) fn parameter(&self, operation: Id, lane: Lane) -> Register<'c> {
        let values = self.values(operation);
        match lane {
            Lane::Trit => Register::Trit(self.by_place(values, U, Value::trit)),
            Lane::Narrow => Register::Narrow(self.by_place(values, NONE32, Value::narrow)),
            Lane::Wide => Register::Wide(self.by_place(values, NONE64, Value::wide)),
        }
    }

    pub(super) fn in_parameter(
        &mut self,
        operation: Id,
        id: Id,
        space: SpaceId,
    ) -> Lanes<'static, u8> {
        let value = self.narrow(id);
        if is_unknown(value) {
            return Lanes::One(U);
        }
        let sets: Vec<Option<&Codes>> = self
            .values(operation)
            .map(|value| value.and_then(Value::set))
            .collect();
        if let Some((first, rest)) = sets.split_first()
            && rest.iter().all(|set| set == first)
        {
            let found = match first {
                Some(Codes::Few(few)) => map(self.room, value, |code| among(few, code)),
                Some(Codes::Several(all)) => map(self.room, value, |code| among(all, code)),
                Some(Codes::Many(many)) => map(self.room, value, |code| among(many, code)),
                None => Lanes::One(U),
            };
            return self.room.settled(found);
        }
        self.spaces
            .lift(self.graph, self.chunk, &self.registers, HOUSEHOLDS, space);
        let value = self.narrow(id);
        let up = self.spaces.lifted(HOUSEHOLDS, space);
        let each = (0..self.lanes(space)).map(|lane| {
            let household = up.map_or(lane, |up| up[lane] as usize);
            let set = sets[self.region_of(household)];
            let code = value.at(lane);
            set.map_or(U, |set| among(&set.codes(), code))
        });
        Lanes::Own(self.room.fill(each))
    }

    /// One value when all regions have the same.
    fn by_place<V: Unknown>(
        &self,
        values: impl Iterator<Item = Option<&'c Value>>,
        unknown: V,
        read: impl Fn(&Value) -> V,
    ) -> Lanes<'static, V> {
        let values: Vec<V> = values.map(|value| value.map_or(unknown, &read)).collect();
        match values.split_first() {
            Some((first, rest)) if rest.iter().all(|value| value == first) => Lanes::One(*first),
            Some(_) => {
                let of = &self.places().of;
                let each = self.chunk.place.iter().map(|at| values[of[*at as usize]]);
                Lanes::Own(self.room.fill(each))
            }
            None => Lanes::Own(self.room.same(unknown, 0)),
        }
    }
}

/// Codes of a parameter: lists that are not long are compared with all of them
/// at once, so that no lane has a loop.
#[derive(Clone, Debug, PartialEq)]
enum Codes {
    Few([i32; 4]),
    Several([i32; 16]),
    Many(Vec<i32>),
}

impl Codes {
    fn of(codes: &[&str]) -> Codes {
        let all: Vec<i32> = codes.iter().map(|code| code_number(code)).collect();
        let few = padded(&all).map(Codes::Few);
        few.or_else(|| padded(&all).map(Codes::Several))
            .unwrap_or(Codes::Many(all))
    }

    fn codes(&self) -> &[i32] {
        match self {
            Codes::Few(few) => few,
            Codes::Several(several) => several,
            Codes::Many(many) => many,
        }
    }
}

/// Codes in an array they fit in; room that is left says the first once more.
fn padded<const N: usize>(codes: &[i32]) -> Option<[i32; N]> {
    let first = *codes.first()?;
    let mut all = [first; N];
    all.get_mut(..codes.len())?.copy_from_slice(codes);
    Some(all)
}

#[inline]
fn among<S: AsRef<[i32]>>(set: &S, code: i32) -> u8 {
    let found = set
        .as_ref()
        .iter()
        .fold(false, |found, one| found | (*one == code));
    if code == NONE32 { U } else { trit(found) }
}
