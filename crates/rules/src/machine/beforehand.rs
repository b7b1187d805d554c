//! What a run comes to that the next one would come to as well, computed once for a
//! chunk and kept with it.
//!
//! A date moves few operations of a policy, and a parameter few more: who lives there,
//! what was told of them and how much it comes to is the same on every day and under
//! every standard, until something is told of the family, which then stands in a new
//! chunk. Results for households, people and items that rest on facts alone are
//! therefore columns like those of the facts themselves; what leads to them is computed
//! when a chunk is first judged, and not again. Above them stands what rests on
//! parameters too: it is kept with the values it was computed with, and computed anew
//! where they are others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::cells::Cells;
use super::columns::Chunk;
use super::graph::{Graph, HOUSEHOLDS, Id, Lane, Moves, Op};
use super::room::Room;
use super::run::Run;
use super::schedule::{Known, Schedule, Step, is_column, needed, number};
use super::settings::{Read, Settings};
use super::spaces::is_of_items;

/// What chunks keep for a graph.
#[derive(Debug)]
pub(super) struct Beforehand {
    of_facts: Arc<Layer>,
    of_parameters: Arc<Layer>,
}

/// What kept results rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rests {
    OnFacts,
    OnParameters,
}

/// Results that rest on the same.
#[derive(Debug)]
struct Layer {
    /// How they are computed.
    steps: Vec<Step>,
    /// Whether it is a result for items, of each.
    of_items: Vec<bool>,
    /// Operations that read parameters.
    parameters: Vec<Id>,
    /// Which operations are kept.
    kept: Vec<Id>,
    /// SHA-256 of what results come of beside the facts: graphs that have the same
    /// basis have the same results.
    basis: String,
}

/// Results of one layer for one chunk.
#[derive(Debug, Default)]
struct Results {
    of: Option<Arc<Layer>>,
    cells: Vec<Cells>,
    /// Households left to the interpreter, for a result does not fit; empty where all do.
    odd: Vec<u8>,
}

/// Results that rest on parameters.
#[derive(Debug)]
struct Under {
    read: Read,
    /// What they come of.
    facts: Arc<Results>,
    results: Results,
}

/// What a run reads that its chunk keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    facts: Arc<Results>,
    under: Option<Arc<Under>>,
}

/// Where a chunk keeps what was computed for the graph that asked last, and under the
/// parameters of whoever asked last: those are for who asks under what holds, not for
/// questions about other values. Who asks while it is computed waits, so that it is
/// computed once.
#[derive(Debug, Default)]
pub(crate) struct Keeping(Mutex<Kept>);

impl Layer {
    /// Of the operations that are needed for what is asked, those `is_kept` says.
    fn of(
        graph: &Graph,
        (operations, asked): (usize, &[Id]),
        known: &Known,
        is_kept: impl Fn(Id) -> bool,
    ) -> Layer {
        let is_kept = |id: Id| !known.contains_key(&id) && is_kept(id);
        let reads = |id: Id| known.contains_key(&id) || is_kept(id);
        let needed = needed(graph, operations, asked, reads);
        let all = (0..operations).map(number);
        let kept: Vec<Id> = all
            .filter(|id| needed[id.0 as usize] && is_kept(*id))
            .collect();
        let steps = Schedule::of(graph, (operations, &kept), known);
        let computed = steps.iter().map(|step| (step.of, graph.node(step.of)));
        let reading = computed.filter(|(_, node)| node.op.reads_parameters());
        let of_items = kept.iter();
        let of_items = of_items.map(|id| is_of_items(graph, graph.space_of(*id)));
        Layer {
            of_items: of_items.collect(),
            parameters: reading.map(|(id, _)| id).collect(),
            basis: basis(graph, &steps, &kept),
            steps,
            kept,
        }
    }

    /// Where results stand.
    fn known(&self, rests: Rests) -> Known {
        let kept = self.kept.iter().copied().enumerate();
        kept.map(|(at, id)| (id, (rests, at))).collect()
    }

    fn is_of(&self, results: &Results) -> bool {
        let of = results.of.as_deref();
        of.is_some_and(|of| of.basis == self.basis)
    }

    /// What a run of its steps came to.
    fn results(self: &Arc<Self>, run: Run<'_>) -> Results {
        let result = |id: &Id| Cells::of(&run.registers[id.0 as usize]);
        let cells = self.kept.iter().map(result).collect();
        let fits = run.odd.iter().all(|odd| *odd == 0);
        let odd = if fits { Vec::new() } else { run.odd.clone() };
        run.finish();
        Results {
            of: Some(self.clone()),
            cells,
            odd,
        }
    }
}

impl Beforehand {
    /// What is worth being kept for those who ask for operations of a graph: of facts
    /// for all of them, and under the same parameters for those asked for every day.
    pub(super) fn of(graph: &Graph, operations: usize, [all, daily]: [&[Id]; 2]) -> Beforehand {
        let rests = |id: Id, most: Moves| graph.node(id).moves <= most && is_result(graph, id);
        let of_facts = Layer::of(graph, (operations, all), &Known::new(), |id| {
            rests(id, Moves::Never)
        });
        let known = of_facts.known(Rests::OnFacts);
        let of_parameters = Layer::of(graph, (operations, daily), &known, |id| {
            rests(id, Moves::WithParameters)
        });
        Beforehand {
            of_facts: Arc::new(of_facts),
            of_parameters: Arc::new(of_parameters),
        }
    }

    /// What a run does that asks for operations of the same graph and reads what rests on
    /// facts.
    pub(super) fn steps(&self, graph: &Graph, asked: (usize, &[Id])) -> Vec<Step> {
        let [steps] = self.in_turn(graph, asked, |_| 0);
        steps
    }

    /// The same in turns.
    pub(super) fn in_turn<const TURNS: usize>(
        &self,
        graph: &Graph,
        asked: (usize, &[Id]),
        turn: impl Fn(Id) -> usize,
    ) -> [Vec<Step>; TURNS] {
        Schedule::in_turn(graph, asked, &self.of_facts.known(Rests::OnFacts), turn)
    }

    /// What a run does that reads what rests on parameters, too.
    pub(super) fn daily(&self, graph: &Graph, operations: usize, asked: &[Id]) -> Vec<Step> {
        let mut known = self.of_facts.known(Rests::OnFacts);
        known.extend(self.of_parameters.known(Rests::OnParameters));
        Schedule::of(graph, (operations, asked), &known)
    }

    /// What a chunk keeps of the facts, computed now if it was not, or for another graph.
    pub(super) fn kept(
        &self,
        graph: &Graph,
        chunk: &Chunk,
        settings: &Settings,
        room: &Room,
    ) -> Kept {
        let mut keeping = chunk.keeping.lock();
        if !self.of_facts.is_of(&keeping.facts) {
            let nothing = Kept::default();
            let (of, steps) = ((chunk, &nothing), &self.of_facts.steps);
            let run = Run::new(graph, of, settings, steps, room);
            *keeping = Kept {
                facts: Arc::new(self.of_facts.results(run)),
                under: None,
            };
        }
        Kept {
            facts: keeping.facts.clone(),
            under: None,
        }
    }

    /// What a chunk keeps under the parameters of the day, too.
    pub(super) fn kept_daily(
        &self,
        graph: &Graph,
        chunk: &Chunk,
        settings: &Settings,
        room: &Room,
    ) -> Kept {
        let facts = self.kept(graph, chunk, settings, room);
        let layer = &self.of_parameters;
        let regions = settings.at(chunk);
        let mut keeping = chunk.keeping.lock();
        let is_same = |under: &Arc<Under>| {
            Arc::ptr_eq(&under.facts, &facts.facts)
                && layer.is_of(&under.results)
                && under.read.is_same(settings, &regions, &layer.parameters)
        };
        if !keeping.under.as_ref().is_some_and(is_same) {
            let run = Run::new(graph, (chunk, &facts), settings, &layer.steps, room);
            let results = layer.results(run);
            keeping.under = Some(Arc::new(Under {
                read: settings.read(&regions, &layer.parameters),
                facts: facts.facts.clone(),
                results,
            }));
        }
        Kept {
            under: keeping.under.clone(),
            ..facts
        }
    }
}

impl Kept {
    pub(super) fn result(&self, (rests, at): (Rests, usize)) -> &Cells {
        let layer = match (rests, &self.under) {
            (Rests::OnFacts, _) => self.facts.as_ref(),
            (Rests::OnParameters, Some(under)) => &under.results,
            (Rests::OnParameters, None) => unreachable!("daily steps read what is kept daily"),
        };
        &layer.cells[at]
    }

    /// Whether both are under the same parameters.
    pub(super) fn is_under_the_same(&self, other: &Kept) -> bool {
        match (&self.under, &other.under) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Marks households that are left to the interpreter.
    pub(super) fn mark_odd(&self, odd: &mut [u8]) {
        let under = self.under.as_ref().map(|under| &under.results);
        for layer in [Some(self.facts.as_ref()), under].into_iter().flatten() {
            for (odd, kept) in odd.iter_mut().zip(&layer.odd) {
                *odd |= *kept;
            }
        }
    }
}

impl Results {
    /// Of results for households and people, and of those for items.
    fn bytes(&self) -> (usize, usize) {
        let mut bytes = (self.odd.len(), 0);
        let of_items = self.of.iter().flat_map(|layer| &layer.of_items);
        for (result, of_items) in self.cells.iter().zip(of_items) {
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
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes held for households and people, and for items.
    pub(super) fn bytes(&self) -> (usize, usize) {
        let kept = self.lock();
        let facts = kept.facts.bytes();
        let under = kept.under.as_ref().map(|under| {
            let (people, items) = under.results.bytes();
            (people + under.read.bytes(), items)
        });
        let under = under.unwrap_or_default();
        (facts.0 + under.0, facts.1 + under.1)
    }
}

fn basis(graph: &Graph, steps: &[Step], kept: &[Id]) -> String {
    let mut hash = Sha256::new();
    for step in steps {
        let node = graph.node(step.of);
        hash.update(format!("{:?} {:?} {:?}\n", step.of, node.op, node.space));
    }
    let around = (kept, &graph.axes, &graph.spaces);
    hash.update(format!("{around:?}"));
    hex::encode(hash.finalize())
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

    use domain::evaluation::Confidential;

    use super::Kept;
    use crate::machine::columns::Chunk;
    use crate::machine::graph::Op;
    use crate::machine::level::Level;
    use crate::machine::room::Room;
    use crate::machine::settings::{Regions, Settings};
    use crate::machine::tests::{household, set, set_with};
    use crate::{Comparison, Machine, PolicySet};

    const OLD: &str = "'members.exists(m, age(m) >= 60 && size(m.vehicle) > 0)'";

    /// What a chunk keeps of facts for a machine on a day.
    fn kept(machine: &Machine, set: &PolicySet, chunk: &Chunk, on: &str) -> Kept {
        let settings = settings(machine, set, chunk, on);
        machine.kept(chunk, &settings, &Room::new(Level::widest()))
    }

    fn settings(machine: &Machine, set: &PolicySet, chunk: &Chunk, on: &str) -> Settings {
        let regions = Regions::of(set.parameters(), chunk.places.iter().copied());
        let nodes = &machine.graph.nodes;
        Settings::of(nodes, set.parameters(), on.parse().unwrap(), &regions)
    }

    #[test]
    fn what_is_kept_is_computed_once() {
        let (first, other) = (set(OLD), set("'members.exists(m, size(m.vehicle) > 1)'"));
        let machine = Machine::of(&first);
        let columns = machine.columns([&household()]);
        let chunk = columns.chunks[0].as_ref();
        let today = kept(&machine, &first, chunk, "2026-11-20");
        // On another day, without somebody, and compiled once more.
        let later = kept(&machine, &first, chunk, "2027-03-01");
        let fewer = chunk.without(|_| true);
        let fewer = kept(&machine, &first, &fewer, "2026-11-20");
        let again = kept(&Machine::of(&first), &first, chunk, "2026-11-20");
        assert!(
            [later, fewer, again]
                .iter()
                .all(|kept| Arc::ptr_eq(&kept.facts, &today.facts))
        );
        let others = kept(&Machine::of(&other), &other, chunk, "2026-11-20");
        assert!(!Arc::ptr_eq(&others.facts, &today.facts));
    }

    #[test]
    fn what_rests_on_parameters_is_kept_while_they_are_the_same() {
        let many = "'members.exists(m, age(m) > 17 && size(m.vehicle) > param.cars)'";
        let of = |cars| {
            let years = ["2026-01-01", "2027-01-01", "2028-01-01"];
            set_with(many, &[(years[0], years[1], cars), (years[1], years[2], 1)])
        };
        let (first, second) = (of(0), of(1));
        let machine = Machine::of(&first);
        let columns = machine.columns([&household()]);
        let chunk = columns.chunks[0].as_ref();
        let room = Room::new(Level::widest());
        let on = |set: &PolicySet, day: &str| {
            let settings = settings(&machine, set, chunk, day);
            let kept = machine.kept_daily(chunk, &settings, &room);
            kept.under.unwrap()
        };
        let today = on(&first, "2026-11-20");
        assert!(!machine.beforehand.of_parameters.parameters.is_empty());
        assert!(Arc::ptr_eq(&today, &on(&first, "2026-12-31")));
        // Another value takes effect, or is asked about.
        let next = on(&first, "2027-01-01");
        assert!(!Arc::ptr_eq(&today, &next));
        assert!(Arc::ptr_eq(&next, &on(&second, "2026-11-20")));
        // A question about other values leaves what is kept as it is.
        let asked = Comparison {
            now: (&second, "2026-11-20".parse().unwrap()),
            then: (&first, "2026-11-20".parse().unwrap()),
            knows: &Confidential::ALL,
            within: None,
            details: None,
        };
        assert_eq!(machine.compare(&columns, &asked).unwrap().units, 1);
        let still = chunk.keeping.lock().under.clone().unwrap();
        assert!(Arc::ptr_eq(&next, &still));
        // What was kept for another graph is not taken for this one's.
        let other = set(OLD);
        kept(&Machine::of(&other), &other, chunk, "2026-11-20");
        let again = on(&second, "2026-11-20");
        assert!(!Arc::ptr_eq(&next, &again));
        // Of the same facts, and asked otherwise.
        let fewer = Machine::of(&set_with(&many.replace("> param", "< param"), &[]));
        let here = settings(&fewer, &second, chunk, "2026-11-20");
        let here = fewer.kept_daily(chunk, &here, &room).under.unwrap();
        assert!(Arc::ptr_eq(&here.facts, &again.facts) && !Arc::ptr_eq(&here, &again));
    }

    #[test]
    fn nobodys_age_is_computed_to_compare_it() {
        let set = set("'members.exists(m, age(m) >= 60 && age(m) < 80)'");
        let machine = Machine::of(&set);
        let is_age = |op: &Op| matches!(op, Op::AgeOn(..));
        assert!(machine.graph.nodes.iter().any(|node| is_age(&node.op)));
        let mut done = machine.steps.iter().chain(&machine.daily);
        assert!(!done.any(|step| is_age(&machine.graph.node(step.of).op)));
    }
}
