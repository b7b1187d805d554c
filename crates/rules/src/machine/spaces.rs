//! Spaces of one chunk: how many lanes, and how they hang together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::columns::{Chunk, Items};
use super::graph::{AxisId, AxisKind, Graph, HOUSEHOLDS, Op, PEOPLE, SpaceId};
use super::lanes::Register;

/// A space that is another one times an axis.
#[derive(Debug)]
pub(crate) struct Space<'c> {
    pub(crate) lanes: usize,
    /// The space without the last axis.
    pub(crate) below: SpaceId,
    pub(crate) axis: AxisId,
    /// Lane of the space below, per lane.
    pub(crate) up: Cow<'c, [u32]>,
    /// First lane per lane of the space below, and the end.
    pub(crate) from: Cow<'c, [u32]>,
    /// Which element of the axis each lane is: a person's lane or an item.
    pub(crate) element: Vec<i32>,
}

#[derive(Debug, Default)]
pub(crate) struct Spaces<'c> {
    known: BTreeMap<SpaceId, Space<'c>>,
    lifts: BTreeMap<(SpaceId, SpaceId), Vec<u32>>,
}

pub(super) fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn index(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl<'c> Spaces<'c> {
    pub(crate) fn get(&self, space: SpaceId) -> Option<&Space<'c>> {
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
        chunk: &'c Chunk,
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
        chunk: &'c Chunk,
        registers: &[Register<'_>],
        axis: AxisId,
        below: SpaceId,
    ) -> Space<'c> {
        let of = graph.axis(axis);
        // Chunks hold these lists in this very order.
        if below == of.base && is_native(graph, axis) {
            let listed = match of.kind {
                AxisKind::OfPerson(kind, _) | AxisKind::OfHousehold(kind) => chunk.items(kind),
                AxisKind::People | AxisKind::OfAll(_) => None,
            };
            if let Some(items) = listed {
                return native(items, below, axis);
            }
        }
        let lanes_below = self.lanes(below, chunk);
        let up_to_base = self.lifts.get(&(of.base, below));
        let base = |lane: usize| up_to_base.map_or(lane, |up| up[lane] as usize);
        let mut hung = Hung::new(lanes_below);
        match of.kind {
            AxisKind::People => {
                for lane in 0..lanes_below {
                    let all = (0..chunk.people).map(|j| index(j * chunk.len + base(lane)));
                    hung.element.extend(all);
                    hung.end(lane);
                }
            }
            AxisKind::OfHousehold(kind) => {
                let items = chunk.items(kind);
                for lane in 0..lanes_below {
                    hung.items(items, Some(base(lane)));
                    hung.end(lane);
                }
            }
            AxisKind::OfPerson(kind, person) => {
                let items = chunk.items(kind);
                for lane in 0..lanes_below {
                    let person = match &registers[person.0 as usize] {
                        Register::Narrow(lanes) => lanes.at(base(lane)),
                        _ => -1,
                    };
                    hung.items(items, usize::try_from(person).ok());
                    hung.end(lane);
                }
            }
            AxisKind::OfAll(kind) => {
                let items = chunk.items(kind);
                for lane in 0..lanes_below {
                    (0..chunk.people)
                        .for_each(|j| hung.items(items, Some(j * chunk.len + base(lane))));
                    hung.end(lane);
                }
            }
        }
        hung.space(below, axis)
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
fn people<'c>(chunk: &Chunk, below: SpaceId) -> Space<'c> {
    let lanes = chunk.len * chunk.people;
    Space {
        lanes,
        below,
        axis: PEOPLE,
        up: (0..narrow(chunk.len))
            .collect::<Vec<u32>>()
            .repeat(chunk.people)
            .into(),
        from: Cow::Borrowed(&[]),
        element: (0..lanes).map(index).collect(),
    }
}

/// Items as the chunk holds them.
fn native(items: &Items, below: SpaceId, axis: AxisId) -> Space<'_> {
    let lanes = items.owner.len();
    Space {
        lanes,
        below,
        axis,
        up: Cow::Borrowed(&items.owner),
        from: Cow::Borrowed(&items.from),
        element: (0..index(lanes)).collect(),
    }
}

/// A space in the making, lane after lane of the space below.
struct Hung {
    up: Vec<u32>,
    from: Vec<u32>,
    element: Vec<i32>,
}

impl Hung {
    fn new(lanes_below: usize) -> Hung {
        let mut from = Vec::with_capacity(lanes_below + 1);
        from.push(0);
        Hung {
            up: Vec::new(),
            from,
            element: Vec::new(),
        }
    }

    fn items(&mut self, items: Option<&Items>, owner: Option<usize>) {
        let (Some(items), Some(owner)) = (items, owner) else {
            return;
        };
        let (Some(from), Some(end)) = (items.from.get(owner), items.from.get(owner + 1)) else {
            return;
        };
        self.element
            .extend(index(*from as usize)..index(*end as usize));
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
            from: self.from.into(),
            element: self.element,
        }
    }
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
