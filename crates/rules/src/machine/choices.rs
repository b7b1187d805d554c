//! Loops that choose lanes of an axis: the newest of a list, the first of equals.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::folds::Onto;
use super::graph::{F, NONE32, T};
use super::lanes::Lanes;
use super::room::Room;

/// The element that belongs and ranks highest.
pub(crate) fn newest(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    rank: &Lanes<'_, i32>,
    element: &Lanes<'_, i32>,
) -> Lanes<'static, i32> {
    if onto.is_empty() || matches!(mask, Lanes::One(F)) {
        return Lanes::One(NONE32);
    }
    let mut out = room.same(NONE32, onto.lanes());
    let newest = Rc::make_mut(&mut out);
    let mut best = vec![NONE32; onto.lanes()];
    onto.each(|to, lane| {
        let rank = rank.at(lane);
        if mask.at(lane) == T && rank > best[to] {
            best[to] = rank;
            newest[to] = element.at(lane);
        }
    });
    Lanes::Own(out)
}

/// The mask without what was there before under the same owner.
pub(crate) fn distinct<V: Copy + Ord>(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, V>,
    lanes: usize,
) -> Lanes<'static, u8> {
    if onto.is_empty() || matches!(mask, Lanes::One(F)) {
        return Lanes::One(F);
    }
    let mut out = room.same(F, lanes);
    let first = Rc::make_mut(&mut out);
    let mut seen = BTreeSet::new();
    onto.each(|to, lane| {
        first[lane] = match mask.at(lane) {
            T if !seen.insert((to, value.at(lane))) => F,
            mask => mask,
        };
    });
    Lanes::Own(out)
}
