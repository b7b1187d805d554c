//! Spaces of one chunk: how many lanes, and how they hang together.

use std::collections::BTreeMap;

use super::columns::Chunk;
use super::graph::{AxisId, AxisKind, Graph, HOUSEHOLDS, Op, PEOPLE, SpaceId};
use super::lanes::Register;

/// A space that is another one times an axis.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) lanes: usize,
    /// The space without the last axis.
    pub(crate) below: SpaceId,
    pub(crate) axis: AxisId,
    /// Lane of the space below, per lane.
    pub(crate) up: Vec<u32>,
    /// First lane per lane of the space below, and the end.
    pub(crate) from: Vec<u32>,
    /// Which element of the axis each lane is: a person's lane or an item.
    pub(crate) element: Vec<i32>,
}

#[derive(Debug, Default)]
pub(crate) struct Spaces {
    known: BTreeMap<SpaceId, Space>,
    lifts: BTreeMap<(SpaceId, SpaceId), Vec<u32>>,
}

pub(super) fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn index(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl Spaces {
    pub(crate) fn get(&self, space: SpaceId) -> Option<&Space> {
        self.known.get(&space)
    }

    pub(crate) fn lanes(&self, space: SpaceId, chunk: &Chunk) -> usize {
        if space == HOUSEHOLDS {
            return chunk.len;
        }
        self.known.get(&space).map_or(0, |space| space.lanes)
    }

    /// Makes a space and those below it.
    pub(crate) fn make(
        &mut self,
        graph: &Graph,
        chunk: &Chunk,
        registers: &[Register<'_>],
        space: SpaceId,
    ) {
        if space == HOUSEHOLDS || self.known.contains_key(&space) {
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
        self.make(graph, chunk, registers, base);
        let made = if axis == PEOPLE {
            people(chunk, below)
        } else {
            self.lift(graph, chunk, registers, base, below);
            self.hang(graph, chunk, registers, axis, below)
        };
        self.known.insert(space, made);
    }

    fn hang(
        &self,
        graph: &Graph,
        chunk: &Chunk,
        registers: &[Register<'_>],
        axis: AxisId,
        below: SpaceId,
    ) -> Space {
        let of = graph.axis(axis);
        let lanes_below = self.lanes(below, chunk);
        let up_to_base = self.lifts.get(&(of.base, below));
        let mut space = Space {
            lanes: 0,
            below,
            axis,
            up: Vec::new(),
            from: Vec::with_capacity(lanes_below + 1),
            element: Vec::new(),
        };
        space.from.push(0);
        for lane in 0..lanes_below {
            let base = up_to_base.map_or(lane, |up| up[lane] as usize);
            match of.kind {
                AxisKind::People => {
                    let all = (0..chunk.people).map(|j| index(j * chunk.len + base));
                    space.element.extend(all);
                }
                AxisKind::OfHousehold(kind) => items(&mut space, chunk, kind, Some(base)),
                AxisKind::OfPerson(kind, person) => {
                    let person = match &registers[person.0 as usize] {
                        Register::Narrow(lanes) => lanes.at(base),
                        _ => -1,
                    };
                    items(&mut space, chunk, kind, usize::try_from(person).ok());
                }
                AxisKind::OfAll(kind) => {
                    for j in 0..chunk.people {
                        items(&mut space, chunk, kind, Some(j * chunk.len + base));
                    }
                }
            }
            let end = space.element.len();
            space.up.resize(end, narrow(lane));
            space.from.push(narrow(end));
        }
        space.lanes = space.element.len();
        space
    }

    /// Makes and remembers which lane of the smaller space each lane of the larger is in.
    pub(crate) fn lift(
        &mut self,
        graph: &Graph,
        chunk: &Chunk,
        registers: &[Register<'_>],
        from: SpaceId,
        to: SpaceId,
    ) {
        if from == to || self.lifts.contains_key(&(from, to)) {
            return;
        }
        self.make(graph, chunk, registers, from);
        self.make(graph, chunk, registers, to);
        let Some((below, axis, lanes)) = self.get(to).map(|s| (s.below, s.axis, s.lanes)) else {
            return;
        };
        let shared = graph.axes_of(from).contains(&axis);
        let map = if shared {
            // Both end in the same axis: the same element of the list below.
            let Some(under) = self.get(from).map(|s| s.below) else {
                return;
            };
            self.lift(graph, chunk, registers, under, below);
            let lifted = self.lifts.get(&(under, below));
            let (Some(small), Some(large)) = (self.get(from), self.get(to)) else {
                return;
            };
            let lane = |lane: usize| {
                let owner = large.up[lane] as usize;
                let under = lifted.map_or(owner, |up| up[owner] as usize);
                small.from[under] + (narrow(lane) - large.from[owner])
            };
            (0..lanes).map(lane).collect()
        } else {
            self.lift(graph, chunk, registers, from, below);
            let lifted = self.lifts.get(&(from, below));
            let Some(large) = self.get(to) else { return };
            let through = |owner: &u32| lifted.map_or(*owner, |up| up[*owner as usize]);
            large.up.iter().map(through).collect()
        };
        self.lifts.insert((from, to), map);
    }

    /// What [`Spaces::lift`] made; `None` when the spaces are one.
    pub(crate) fn lifted(&self, from: SpaceId, to: SpaceId) -> Option<&[u32]> {
        self.lifts.get(&(from, to)).map(Vec::as_slice)
    }
}

/// Lane `j·len + i`: each person of all households, one after the other.
fn people(chunk: &Chunk, below: SpaceId) -> Space {
    let lanes = chunk.len * chunk.people;
    Space {
        lanes,
        below,
        axis: PEOPLE,
        up: (0..narrow(chunk.len))
            .collect::<Vec<u32>>()
            .repeat(chunk.people),
        from: Vec::new(),
        element: (0..lanes).map(index).collect(),
    }
}

fn items(space: &mut Space, chunk: &Chunk, kind: domain::dictionary::Kind, owner: Option<usize>) {
    let (Some(items), Some(owner)) = (chunk.items(kind), owner) else {
        return;
    };
    let (Some(from), Some(end)) = (items.from.get(owner), items.from.get(owner + 1)) else {
        return;
    };
    space
        .element
        .extend((*from..*end).map(|item| index(item as usize)));
}

/// Whether lanes of an axis are the items of a kind in the order of columns.
pub(crate) fn is_native(graph: &Graph, axis: AxisId) -> bool {
    match graph.axis(axis).kind {
        AxisKind::OfPerson(_, person) => {
            matches!(graph.node(person).op, Op::Element(PEOPLE))
                && graph.axis(axis).base == graph.space_of(person)
                && graph.axes_of(graph.axis(axis).base) == [PEOPLE]
        }
        AxisKind::OfHousehold(_) => true,
        AxisKind::People => axis == PEOPLE,
        AxisKind::OfAll(_) => false,
    }
}
