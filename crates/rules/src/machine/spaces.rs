//! Spaces of one chunk: how many lanes, and how they hang together.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::LazyLock;

use super::columns::Chunk;
use super::graph::{AxisId, AxisKind, Graph, HOUSEHOLDS, Op, SpaceId};
use super::items::Items;
use super::lanes::{Lanes, Register};
use super::lists::{Order, Turns, longest};
use super::room::Room;

/// A space that is another one times an axis.
#[derive(Debug)]
pub(crate) struct Space<'c> {
    pub(crate) lanes: usize,
    /// The space without the last axis.
    pub(crate) below: SpaceId,
    pub(crate) axis: AxisId,
    /// Lane of the space below, per lane; nothing for people, lane by lane.
    up: Cow<'c, [u32]>,
    /// First lane per lane of the space below, and the end; nothing where lanes
    /// are all items as chunks hold them, one person's after the other.
    from: Cow<'c, [u32]>,
    /// How many there are of one at most, where they follow each other.
    longest: Option<u32>,
    /// Which element of the axis each lane is: a person's lane or an item.
    pub(crate) element: Lanes<'c, i32>,
}

impl Space<'_> {
    /// How the lanes of each lane of a space below lie in this one.
    pub(crate) fn order(&self, below: SpaceId) -> Order<'_> {
        let from = &self.from;
        match self.longest {
            Some(longest) if below == self.below => Order::InTurn(Turns { from, longest }),
            _ => Order::Strewn,
        }
    }

    /// Whether each lane is the one lane of a lane below.
    fn is_one_each(&self) -> bool {
        self.longest == Some(1) && self.lanes + 1 == self.from.len()
    }
}

/// Lanes of one chunk that lists inside lists may come to; what has more is left to
/// the interpreter, family by family, whose steps are counted.
const LANES_MAX: usize = 1 << 21;

/// What was made is shared with the runs that go on from one.
#[derive(Clone, Debug)]
pub(crate) struct Spaces<'c> {
    room: &'c Room,
    /// A space would have had too many lanes, and has none.
    pub(crate) overfull: bool,
    /// By number.
    known: Vec<Option<Rc<Space<'c>>>>,
    lifts: BTreeMap<(SpaceId, SpaceId), Rc<Vec<u32>>>,
}

pub(super) fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn index(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl<'c> Spaces<'c> {
    pub(crate) fn new(room: &'c Room) -> Spaces<'c> {
        Spaces {
            room,
            overfull: false,
            known: Vec::new(),
            lifts: BTreeMap::new(),
        }
    }

    /// Gives back what its spaces hold.
    pub(crate) fn finish(self) {
        for space in self.known.into_iter().flatten().filter_map(Rc::into_inner) {
            self.room.back(Register::Narrow(space.element));
        }
    }

    pub(crate) fn get(&self, space: SpaceId) -> Option<&Space<'c>> {
        self.known.get(usize::from(space.0))?.as_deref()
    }

    pub(crate) fn lanes(&self, space: SpaceId, chunk: &Chunk) -> usize {
        if space == HOUSEHOLDS {
            return chunk.len;
        }
        self.get(space).map_or(0, |space| space.lanes)
    }

    /// The smallest space whose lanes are those of a space, one by one.
    pub(crate) fn alike(&self, mut space: SpaceId) -> SpaceId {
        while let Some(made) = self.get(space).filter(|made| made.is_one_each()) {
            space = made.below;
        }
        space
    }

    /// The smallest space that still has the axes of another, with the lanes of a
    /// space one by one.
    pub(crate) fn alike_with(&self, graph: &Graph, of: SpaceId, mut space: SpaceId) -> SpaceId {
        let axes = graph.axes_of(of);
        let can_do_without = |made: &&Space<'_>| made.is_one_each() && !axes.contains(&made.axis);
        while let Some(made) = self.get(space).filter(can_do_without) {
            space = made.below;
        }
        space
    }

    /// Makes a space and those below it; once one is overfull, nothing more.
    pub(crate) fn make(
        &mut self,
        graph: &Graph,
        chunk: &'c Chunk,
        registers: &[Register<'_>],
        space: SpaceId,
    ) {
        if space == HOUSEHOLDS || self.overfull || self.get(space).is_some() {
            return;
        }
        let axes = graph.axes_of(space);
        let (axis, rest) = match axes.split_last() {
            Some((axis, rest)) => (*axis, rest.to_vec()),
            None => return,
        };
        let below = graph.existing(&rest);
        self.make(graph, chunk, registers, below);
        let base = graph.axis(axis).base;
        let is_empty = below != HOUSEHOLDS && self.lanes(below, chunk) == 0;
        let made = if is_empty || self.overfull {
            nothing(below, axis)
        } else if graph.is_of_people(space) {
            people(self.room, chunk, below, axis)
        } else {
            self.make(graph, chunk, registers, base);
            self.lift(graph, chunk, registers, base, below);
            let hung = (!self.overfull).then(|| self.hang(graph, chunk, registers, axis, below));
            hung.flatten().unwrap_or_else(|| {
                self.overfull = true;
                nothing(below, axis)
            })
        };
        let at = usize::from(space.0);
        if self.known.len() <= at {
            self.known.resize_with(at + 1, || None);
        }
        self.known[at] = Some(Rc::new(made));
    }

    fn hang(
        &self,
        graph: &Graph,
        chunk: &'c Chunk,
        registers: &[Register<'_>],
        axis: AxisId,
        below: SpaceId,
    ) -> Option<Space<'c>> {
        let of = graph.axis(axis);
        let listed = match of.kind {
            AxisKind::OfPerson(kind, _) | AxisKind::OfHousehold(kind) | AxisKind::OfAll(kind) => {
                chunk.items(kind)
            }
            AxisKind::People => None,
        };
        // Chunks hold these lists in this very order.
        if below == of.base && is_native(graph, axis) {
            match (of.kind, listed) {
                (AxisKind::OfAll(_), Some(items)) => {
                    return Some(all(self.room, items, chunk, (below, axis)));
                }
                (_, Some(items)) => return Some(native(self.room, items, below, axis)),
                (_, None) => {}
            }
        }
        if listed.is_some_and(|items| items.owner.is_empty()) {
            return Some(nothing(below, axis));
        }
        let lanes_below = self.lanes(below, chunk);
        let up_to_base = self.lifted(of.base, below);
        let base = |lane: usize| up_to_base.map_or(lane, |up| up[lane] as usize);
        let mut hung = Hung::new(lanes_below);
        for lane in 0..lanes_below {
            let base = base(lane);
            let person = |j: usize| j * chunk.len + base;
            match of.kind {
                AxisKind::People => hung
                    .element
                    .extend((0..chunk.people).map(|j| index(person(j)))),
                AxisKind::OfHousehold(_) => hung.items(listed, Some(base)),
                AxisKind::OfPerson(_, of) => {
                    let of = match &registers[of.0 as usize] {
                        Register::Narrow(lanes) => lanes.at(base),
                        _ => -1,
                    };
                    hung.items(listed, usize::try_from(of).ok());
                }
                AxisKind::OfAll(_) => {
                    (0..chunk.people).for_each(|j| hung.items(listed, Some(person(j))));
                }
            }
            hung.end(lane);
            if hung.element.len() > LANES_MAX {
                return None;
            }
        }
        Some(hung.space(below, axis))
    }

    /// Makes and remembers which lane of the smaller space each lane of the larger is in.
    pub(crate) fn lift(
        &mut self,
        graph: &Graph,
        chunk: &'c Chunk,
        registers: &[Register<'_>],
        from: SpaceId,
        to: SpaceId,
    ) {
        if from == to || self.lifts.contains_key(&(from, to)) {
            return;
        }
        self.make(graph, chunk, registers, from);
        self.make(graph, chunk, registers, to);
        if self.overfull {
            return;
        }
        let Some((below, axis, lanes)) = self.get(to).map(|s| (s.below, s.axis, s.lanes)) else {
            return;
        };
        if from == below && !graph.is_of_people(to) {
            return;
        }
        let shared = graph.axes_of(from).contains(&axis);
        let map = if shared {
            // Both end in the same axis: the same element of the list below.
            let Some(under) = self.get(from).map(|s| s.below) else {
                return;
            };
            self.lift(graph, chunk, registers, under, below);
            let lifted = self.lifted(under, below);
            let (Some(small), Some(large)) = (self.get(from), self.get(to)) else {
                return;
            };
            let lane = |lane: usize| {
                let owner = large.up[lane] as usize;
                let under = lifted.map_or(owner, |up| up[owner] as usize);
                small.from[under] + (narrow(lane) - large.from[owner])
            };
            if small.from.is_empty() {
                // Lanes of the smaller are the items themselves.
                let element = |lane| large.element.at(lane).cast_unsigned();
                (0..lanes).map(element).collect()
            } else {
                (0..lanes).map(lane).collect()
            }
        } else if graph.is_of_people(to) {
            (0..chunk.people)
                .flat_map(|_| 0..narrow(chunk.len))
                .collect()
        } else {
            self.lift(graph, chunk, registers, from, below);
            let lifted = self.lifted(from, below);
            let Some(large) = self.get(to) else { return };
            let through = |owner: &u32| lifted.map_or(*owner, |up| up[*owner as usize]);
            large.up.iter().map(through).collect()
        };
        self.lifts.insert((from, to), Rc::new(map));
    }

    /// What [`Spaces::lift`] made; `None` when the spaces are one.
    pub(crate) fn lifted(&self, from: SpaceId, to: SpaceId) -> Option<&[u32]> {
        let made = self.lifts.get(&(from, to)).map(|map| map.as_slice());
        made.or_else(|| {
            // A space knows itself where its lanes are in the one below.
            let to = self.get(to).filter(|to| to.below == from)?;
            (to.up.len() == to.lanes).then_some(to.up.as_ref())
        })
    }
}

/// Lanes that are the elements themselves: as good as a column that all chunks share.
fn counted(room: &Room, lanes: usize) -> Lanes<'static, i32> {
    const MOST: usize = 1 << 16;
    static COUNTED: LazyLock<Vec<i32>> = LazyLock::new(|| (0..MOST).map(index).collect());
    match COUNTED.get(..lanes) {
        Some(counted) => Lanes::Column(counted),
        None => Lanes::Own(room.fill((0..lanes).map(index))),
    }
}

/// Lane `j·len + i`: each person of all households, one after the other.
fn people<'c>(room: &Room, chunk: &Chunk, below: SpaceId, axis: AxisId) -> Space<'c> {
    let lanes = chunk.len * chunk.people;
    Space {
        lanes,
        below,
        axis,
        up: Cow::Borrowed(&[]),
        from: Cow::Borrowed(&[]),
        longest: None,
        element: counted(room, lanes),
    }
}

/// Items as the chunk holds them.
fn native<'c>(room: &Room, items: &'c Items, below: SpaceId, axis: AxisId) -> Space<'c> {
    let lanes = items.owner.len();
    Space {
        lanes,
        below,
        axis,
        up: Cow::Borrowed(&items.owner),
        from: Cow::Borrowed(&items.from),
        longest: Some(items.longest),
        element: counted(room, lanes),
    }
}

/// Items of all people as the chunk holds them, each under its household: of one
/// household the first person's come first, but not next to each other.
fn all<'c>(
    room: &Room,
    items: &Items,
    chunk: &Chunk,
    (below, axis): (SpaceId, AxisId),
) -> Space<'c> {
    let lanes = items.owner.len();
    let mut up = Vec::with_capacity(lanes);
    for slot in 0..chunk.people {
        let first = slot * chunk.len;
        let owners = &items.owner[items.range(first..first + chunk.len)];
        up.extend(owners.iter().map(|owner| owner - narrow(first)));
    }
    Space {
        lanes,
        below,
        axis,
        up: up.into(),
        from: Cow::Borrowed(&[]),
        longest: None,
        element: counted(room, lanes),
    }
}

/// What nobody of the chunk has.
fn nothing<'c>(below: SpaceId, axis: AxisId) -> Space<'c> {
    Space {
        lanes: 0,
        below,
        axis,
        up: Cow::Borrowed(&[]),
        from: Cow::Borrowed(&[]),
        longest: None,
        element: Lanes::Column(&[]),
    }
}

/// A space in the making, lane after lane of the space below.
struct Hung {
    up: Vec<u32>,
    from: Vec<u32>,
    element: Vec<i32>,
    /// The owner asked for last, and the items: the next lane often asks again.
    last: (usize, Range<usize>),
}

impl Hung {
    fn new(lanes_below: usize) -> Hung {
        let mut from = Vec::with_capacity(lanes_below + 1);
        from.push(0);
        Hung {
            up: Vec::new(),
            from,
            element: Vec::new(),
            last: (usize::MAX, 0..0),
        }
    }

    fn items(&mut self, items: Option<&Items>, owner: Option<usize>) {
        let (Some(items), Some(owner)) = (items, owner) else {
            return;
        };
        if self.last.0 != owner {
            self.last = (owner, items.range(owner..owner + 1));
        }
        let range = &self.last.1;
        self.element.extend(index(range.start)..index(range.end));
    }

    /// No more elements of this lane.
    fn end(&mut self, lane: usize) {
        let end = self.element.len();
        self.up.resize(end, narrow(lane));
        self.from.push(narrow(end));
    }

    fn space<'c>(self, below: SpaceId, axis: AxisId) -> Space<'c> {
        Space {
            lanes: self.element.len(),
            below,
            axis,
            up: self.up.into(),
            longest: Some(longest(&self.from)),
            from: self.from.into(),
            element: Lanes::Own(Rc::new(self.element)),
        }
    }
}

/// Whether lanes of an axis are the items of a kind in the order of columns.
pub(crate) fn is_native(graph: &Graph, axis: AxisId) -> bool {
    let axis = graph.axis(axis);
    match axis.kind {
        AxisKind::OfPerson(_, person) => {
            let person = graph.node(person);
            matches!(person.op, Op::Element(_))
                && axis.base == person.space
                && graph.is_of_people(axis.base)
        }
        AxisKind::OfHousehold(_) => true,
        AxisKind::People | AxisKind::OfAll(_) => axis.base == HOUSEHOLDS,
    }
}

/// Whether lanes of a space are the items of a kind as chunks hold them.
pub(crate) fn is_of_items(graph: &Graph, space: SpaceId) -> bool {
    let Some((axis, below)) = graph.axes_of(space).split_last() else {
        return false;
    };
    let is_people = graph.axis(*axis).kind == AxisKind::People;
    !is_people && graph.axes_of(graph.axis(*axis).base) == below && is_native(graph, *axis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::level::Level;

    #[test]
    fn lanes_are_counted_however_many_there_are() {
        let room = Room::new(Level::widest());
        for lanes in [0, 1, 1 << 16, (1 << 16) + 1] {
            let counted = counted(&room, lanes);
            let counted = counted.slice().expect("a number for each");
            assert_eq!(counted.len(), lanes);
            let mut numbers = counted.iter().zip(0..);
            assert!(numbers.all(|(found, n)| *found == n), "{lanes} lanes");
        }
    }
}
