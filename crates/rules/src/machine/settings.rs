//! Parameters as lanes: what holds where each household is.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use domain::region::DivisionCode;

use super::dates;
use super::graph::{HOUSEHOLDS, Id, Lane, NONE32, NONE64, SpaceId, U};
use super::lanes::{Lanes, Register, Unknown, map, trit};
use super::names::code_number;
use super::room::Room;
use super::run::Run;
use crate::parameters::Setting;

impl<'c> Run<'c> {
    pub(super) fn parameter(&self, key: &str, lane: Lane, below: bool) -> Register<'c> {
        let value = |place: &DivisionCode| self.setting(key, *place);
        let values: Vec<Option<&Setting>> = self.chunk.places.iter().map(value).collect();
        let place = &self.chunk.place;
        match lane {
            Lane::Trit => Register::Trit(by_place(
                self.room,
                &values,
                place,
                |setting| match setting {
                    Some(Setting::Bool(value)) => trit(*value),
                    _ => U,
                },
            )),
            Lane::Narrow => {
                Register::Narrow(by_place(
                    self.room,
                    &values,
                    place,
                    |setting| match setting {
                        Some(Setting::Date(date)) => dates::pack(*date),
                        _ => NONE32,
                    },
                ))
            }
            Lane::Wide => Register::Wide(by_place(
                self.room,
                &values,
                place,
                |setting| match setting {
                    Some(Setting::Number(n)) if !below => *n,
                    Some(Setting::Amount(amount)) => {
                        let part = if below {
                            amount.below()
                        } else {
                            amount.above()
                        };
                        part.unwrap_or(NONE64)
                    }
                    _ => NONE64,
                },
            )),
        }
    }

    fn setting(&self, key: &str, place: DivisionCode) -> Option<&'c Setting> {
        let found = self.given.parameters.find(key, place, self.given.on)?;
        found.value
    }

    pub(super) fn in_parameter(&self, id: Id, key: &str, space: SpaceId) -> Lanes<'static, u8> {
        let codes = |place: &DivisionCode| match self.setting(key, *place) {
            Some(Setting::Codes(codes)) => Some(Codes::of(codes)),
            _ => None,
        };
        let sets: Vec<Option<Codes>> = self.chunk.places.iter().map(codes).collect();
        let value = self.narrow(id);
        let uniform = sets.windows(2).all(|pair| pair[0] == pair[1]);
        if let (true, Some(first)) = (uniform, sets.first()) {
            return match first {
                Some(Codes::Few(few)) => {
                    // Of a known length, so that no lane has a loop.
                    map(self.room, value, |code| among::<[i32; FEW]>(few, code))
                }
                Some(Codes::Many(many)) => map(self.room, value, |code| among(many, code)),
                None => Lanes::One(U),
            };
        }
        let up = self.spaces.lifted(HOUSEHOLDS, space);
        let each = (0..self.lanes(space)).map(|lane| {
            let household = up.map_or(lane, |up| up[lane] as usize);
            let set = &sets[self.chunk.place[household] as usize];
            let code = value.at(lane);
            set.as_ref().map_or(U, |set| among(&set.codes(), code))
        });
        Lanes::Own(self.room.fill(each))
    }
}

/// Codes of a parameter: lists of a few are compared with all of them at once.
#[derive(PartialEq)]
enum Codes {
    Few([i32; FEW]),
    Many(Vec<i32>),
}

/// How many codes one pass compares without a loop.
const FEW: usize = 4;

impl Codes {
    fn of(codes: &[&str]) -> Codes {
        let mut all: Vec<i32> = codes.iter().map(|code| code_number(code)).collect();
        match all.first() {
            // Room that is left says the first once more.
            Some(first) if all.len() <= FEW => {
                all.resize(FEW, *first);
                all.try_into().map_or_else(Codes::Many, Codes::Few)
            }
            _ => Codes::Many(all),
        }
    }

    fn codes(&self) -> &[i32] {
        match self {
            Codes::Few(few) => few,
            Codes::Many(many) => many,
        }
    }
}

#[inline]
fn among<S: AsRef<[i32]>>(set: &S, code: i32) -> u8 {
    let found = set
        .as_ref()
        .iter()
        .fold(false, |found, one| found | (*one == code));
    if code == NONE32 { U } else { trit(found) }
}

/// One value when all places have the same.
fn by_place<V: Unknown>(
    room: &Room,
    settings: &[Option<&Setting>],
    place: &[u32],
    f: impl Fn(Option<&Setting>) -> V,
) -> Lanes<'static, V> {
    let values: Vec<V> = settings.iter().map(|setting| f(*setting)).collect();
    match values.split_first() {
        Some((first, rest)) if rest.iter().all(|value| value == first) => Lanes::One(*first),
        Some(_) => {
            let each = place.iter().map(|at| values[*at as usize]);
            Lanes::Own(room.fill(each))
        }
        None => Lanes::Own(room.same(V::UNKNOWN, 0)),
    }
}
