//! What rests on facts alone, computed once for a chunk and kept with it.
//!
//! A date or a parameter moves few operations of a policy: who lives there, what
//! was told of them and how much it comes to is the same on every day and under
//! every standard, until something is told of the family, which then stands in a
//! new chunk. Results for households, people and items that rest on facts alone are
//! therefore columns like those of the facts themselves; what leads to them is
//! computed when a chunk is first judged, and not again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::cells::Cells;
use super::columns::Chunk;
use super::graph::{Axis, AxisId, Graph, HOUSEHOLDS, Id, Lane, Op, SpaceId};
use super::room::Room;
use super::run::Run;
use super::schedule::{Schedule, Step, is_column, needed, number};
use super::settings::Settings;
use super::spaces::is_of_items;

/// What chunks keep for a graph.
#[derive(Debug)]
pub(super) struct Beforehand {
    /// How it is computed.
    steps: Vec<Step>,
    /// Whether it is a result for items, of each.
    of_items: Vec<bool>,
    basis: Basis,
}

/// What results come of beside the facts: graphs that have the same basis have
/// the same results.
#[derive(Debug, PartialEq, Eq)]
struct Basis {
    /// Which operations are kept.
    kept: Vec<Id>,
    operations: Vec<(Id, Op, SpaceId)>,
    axes: Vec<Axis>,
    spaces: Vec<Vec<AxisId>>,
}

/// What one chunk keeps.
#[derive(Debug)]
pub(super) struct Kept {
    of: Arc<Beforehand>,
    results: Vec<Cells>,
    /// Households left to the interpreter, for a result does not fit.
    pub(super) odd: Vec<u8>,
}

/// Where a chunk keeps what was computed for the graph that asked last. Whoever asks
/// while it is computed waits, so that it is computed once.
#[derive(Debug, Default)]
pub(crate) struct Keeping(Mutex<Option<Arc<Kept>>>);

impl Beforehand {
    /// What is worth being kept for those who ask for operations of a graph.
    pub(super) fn of(graph: &Graph, operations: usize, asked: &[Id]) -> Beforehand {
        let is_kept = |id: Id| !graph.node(id).moves && is_result(graph, id);
        let needed = needed(graph, operations, asked, is_kept);
        let all = (0..operations).map(number);
        let kept: Vec<Id> = all
            .filter(|id| needed[id.0 as usize] && is_kept(*id))
            .collect();
        let [steps, _] = Schedule::of(graph, [operations; 2], &kept, &BTreeMap::new());
        let computed = steps.iter().map(|step| {
            let node = graph.node(step.of);
            (step.of, node.op.clone(), node.space)
        });
        let basis = Basis {
            operations: computed.collect(),
            kept,
            axes: graph.axes.clone(),
            spaces: graph.spaces.clone(),
        };
        let of_items = basis.kept.iter();
        let of_items = of_items.map(|id| is_of_items(graph, graph.space_of(*id)));
        Beforehand {
            of_items: of_items.collect(),
            steps,
            basis,
        }
    }

    /// What a run does that asks for operations of the same graph, those of its first
    /// part before the rest.
    pub(super) fn steps(&self, graph: &Graph, parts: [usize; 2], asked: &[Id]) -> [Vec<Step>; 2] {
        let kept = self.basis.kept.iter().copied().zip(0..).collect();
        Schedule::of(graph, parts, asked, &kept)
    }

    /// What a chunk keeps, computed now if it was not, or for another graph.
    pub(super) fn kept(
        self: &Arc<Self>,
        graph: &Graph,
        chunk: &Chunk,
        settings: &Settings,
        room: &Room,
    ) -> Arc<Kept> {
        let mut keeping = chunk
            .keeping
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let same = |kept: &&Arc<Kept>| Arc::ptr_eq(&kept.of, self) || kept.of.basis == self.basis;
        if let Some(kept) = keeping.as_ref().filter(same) {
            return kept.clone();
        }
        let kept = Arc::new(self.computed(graph, chunk, settings, room));
        *keeping = Some(kept.clone());
        kept
    }

    fn computed(
        self: &Arc<Self>,
        graph: &Graph,
        chunk: &Chunk,
        settings: &Settings,
        room: &Room,
    ) -> Kept {
        let nothing = Kept {
            of: self.clone(),
            results: Vec::new(),
            odd: vec![0; chunk.len],
        };
        let run = Run::new(graph, (chunk, &nothing), settings, &self.steps, room);
        let result = |id: &Id| Cells::of(&run.registers[id.0 as usize]);
        let results = self.basis.kept.iter().map(result).collect();
        let odd = run.odd.clone();
        run.finish();
        Kept {
            of: self.clone(),
            results,
            odd,
        }
    }
}

impl Kept {
    pub(super) fn result(&self, at: usize) -> &Cells {
        &self.results[at]
    }

    /// Of results for households and people, and of those for items.
    fn bytes(&self) -> (usize, usize) {
        let mut bytes = (self.odd.len(), 0);
        for (result, of_items) in self.results.iter().zip(&self.of.of_items) {
            let of = if *of_items {
                &mut bytes.1
            } else {
                &mut bytes.0
            };
            *of += result.bytes();
        }
        bytes
    }
}

impl Keeping {
    /// Bytes held for households and people, and for items.
    pub(super) fn bytes(&self) -> (usize, usize) {
        let keeping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keeping.as_ref().map_or((0, 0), |kept| kept.bytes())
    }
}

/// Whether an operation is a result for households, people or items that is worth
/// being kept: what is written, the same for a whole family or the contrary costs
/// nothing, and whoever asks for what it is made of reads the same column.
fn is_result(graph: &Graph, id: Id) -> bool {
    let node = graph.node(id);
    let of_items = is_of_items(graph, node.space);
    if node.space != HOUSEHOLDS && !graph.is_of_people(node.space) && !of_items {
        return false;
    }
    match node.op {
        // Looking at a code or a date again is as cheap as at what was kept of it.
        Op::Known(a) | Op::Compare(_, a, _) if of_items && graph.node(a).lane != Lane::Wide => {
            false
        }
        Op::Trit(_)
        | Op::Narrow(_)
        | Op::Wide(_)
        | Op::Element(_)
        | Op::Lift(..)
        | Op::Not(_)
        | Op::Certain(_) => false,
        _ => !is_column(graph, id),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::machine::graph::Op;
    use crate::machine::level::Level;
    use crate::machine::room::Room;
    use crate::machine::settings::{Regions, Settings};
    use crate::machine::tests::{household, set};
    use crate::{Machine, PolicySet};

    #[test]
    fn what_is_kept_is_computed_once() {
        let old = "'members.exists(m, age(m) >= 60 && size(m.vehicle) > 0)'";
        let (first, other) = (set(old), set("'members.exists(m, size(m.vehicle) > 1)'"));
        let machine = Machine::of(&first);
        let columns = machine.columns([&household()]);
        let chunk = columns.chunks[0].as_ref();
        let room = Room::new(Level::widest());
        let kept = |machine: &Machine, set: &PolicySet, chunk, on: &str| {
            let regions = Regions::of(set.parameters(), [chunk]);
            let nodes = &machine.graph.nodes;
            let on = on.parse().unwrap();
            let settings = Settings::of(nodes, set.parameters(), on, &regions);
            machine.kept(chunk, &settings, &room)
        };
        let today = kept(&machine, &first, chunk, "2026-11-20");
        // On another day, without somebody, and compiled once more.
        let later = kept(&machine, &first, chunk, "2027-03-01");
        let fewer = chunk.without(|_| true);
        let fewer = kept(&machine, &first, &fewer, "2026-11-20");
        let again = kept(&Machine::of(&first), &first, chunk, "2026-11-20");
        assert!(
            [later, fewer, again]
                .iter()
                .all(|kept| Arc::ptr_eq(kept, &today))
        );
        let others = kept(&Machine::of(&other), &other, chunk, "2026-11-20");
        assert!(!Arc::ptr_eq(&others, &today));
    }

    #[test]
    fn nobodys_age_is_computed_to_compare_it() {
        let set = set("'members.exists(m, age(m) >= 60 && age(m) < 80)'");
        let machine = Machine::of(&set);
        let is_age = |op: &Op| matches!(op, Op::AgeOn(..));
        assert!(machine.graph.nodes.iter().any(|node| is_age(&node.op)));
        let mut done = machine.steps.iter();
        assert!(!done.any(|step| is_age(&machine.graph.node(step.of).op)));
    }
}
