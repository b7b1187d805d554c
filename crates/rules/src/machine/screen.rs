//! Verdicts of all policies for all households of columns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::evaluation::Verdict;
use domain::household::Household;
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::Date;
use rayon::prelude::*;

use super::beforehand::{Beforehand, Kept};
use super::columns::{CHUNK, Chunk, Layout, in_order};
use super::graph::{Graph, Id, PEOPLE, T};
use super::level::Level;
use super::lower::Unfit;
use super::lower_verdict::{Lowered, Version};
use super::program::{Program, met_by, program};
use super::room::Room;
use super::run::Run;
use super::schedule::Step;
use super::settings::{Regions, Settings};
use super::sums::Sums;
use crate::document::About;
use crate::effort::Effort;
use crate::policy::PolicySet;
use crate::strata;

/// A policy set compiled for columns.
#[derive(Debug)]
pub struct Machine {
    pub(super) graph: Graph,
    pub(super) layout: Layout,
    pub(super) programs: Vec<Result<Program, Left>>,
    /// What chunks keep.
    pub(super) beforehand: Beforehand,
    /// How many operations verdicts rest on; those of sums stand after them.
    pub(super) operations: usize,
    /// What is done for verdicts, when chunks keep what rests on parameters.
    pub(super) daily: Vec<Step>,
    /// What is done for the truth values that the date can make others, then.
    pub(super) moving: Vec<Step>,
    /// What is done for all truth values.
    pub(super) steps: Vec<Step>,
    /// By policy.
    pub(super) sums: Vec<Sums>,
    /// With which instructions it runs.
    pub(super) level: Level,
}

/// A policy that is left to the row interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which policy.
    pub policy: String,
    /// What it has that the graph has no operations for.
    pub why: &'static str,
}

/// Households as columns, for one machine's layout.
#[derive(Clone, Debug)]
pub struct Columns {
    pub(super) layout: Layout,
    pub(super) chunks: Vec<Arc<Chunk>>,
    /// Where households are, in order and once each.
    places: Vec<DivisionCode>,
}

/// What came of a policy's conditions for a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// 不适用.
    NotApplicable,
    /// 不符合.
    NotMet,
    /// 待核实.
    Undetermined,
    /// 符合.
    Met,
}

/// Whether there is something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Nothing.
    Gone,
    /// Not known.
    Unknown,
    /// 应享未享, a discrepancy, a signal or a duty.
    Holds,
    /// 疑似不再符合.
    NoLonger,
}

impl Standing {
    /// As in answers and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::NotApplicable => "not_applicable",
            Standing::NotMet => "not_met",
            Standing::Undetermined => "undetermined",
            Standing::Met => "met",
        }
    }

    /// As officers read it.
    pub const fn zh(self) -> &'static str {
        match self {
            Standing::NotApplicable => "不适用",
            Standing::NotMet => "不符合",
            Standing::Undetermined => "待核实",
            Standing::Met => "符合",
        }
    }
}

impl From<&Verdict> for Standing {
    fn from(verdict: &Verdict) -> Standing {
        match verdict {
            Verdict::NotApplicable => Standing::NotApplicable,
            Verdict::NotMet => Standing::NotMet,
            Verdict::Undetermined(_) => Standing::Undetermined,
            Verdict::Met => Standing::Met,
        }
    }
}

impl Told {
    /// Whether there is.
    pub const fn is_something(self) -> bool {
        matches!(self, Told::Holds | Told::NoLonger)
    }
}

/// The outcome for one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Judged.
    Judged(Standing, Told),
    /// To be judged by the interpreter.
    Deferred,
}

impl Outcome {
    /// Whether it is judged, and there is something to tell.
    pub(super) const fn tells(self) -> bool {
        matches!(self, Outcome::Judged(_, told) if told.is_something())
    }
}

/// One verdict of a screening.
#[derive(Clone, Copy, Debug)]
pub struct Screened {
    /// Position of the policy in the set.
    pub policy: usize,
    /// The household or person alone.
    pub unit: Subject,
    /// Whom the verdict is about.
    pub subject: Subject,
    /// What came of it.
    pub outcome: Outcome,
}

/// Columns in the making. It holds a chunk of households of each size.
#[derive(Debug)]
pub struct Gathering<'m> {
    layout: &'m Layout,
    /// Households of a chunk.
    most: usize,
    waiting: BTreeMap<usize, Vec<Household>>,
    chunks: Vec<Arc<Chunk>>,
}

impl Gathering<'_> {
    /// Adds a household.
    pub fn add(&mut self, household: Household) {
        let waiting = self.waiting.entry(household.people.len()).or_default();
        waiting.push(household);
        if waiting.len() == self.most {
            let full: Vec<&Household> = waiting.iter().collect();
            self.chunks.push(Arc::new(Chunk::of(self.layout, &full)));
            waiting.clear();
        }
    }

    /// The columns of all that were added.
    pub fn finish(mut self) -> Columns {
        for waiting in self.waiting.values().filter(|waiting| !waiting.is_empty()) {
            let rest: Vec<&Household> = waiting.iter().collect();
            self.chunks.push(Arc::new(Chunk::of(self.layout, &rest)));
        }
        Columns::of(self.layout.clone(), self.chunks)
    }
}

impl Columns {
    pub(super) fn of(layout: Layout, chunks: Vec<Arc<Chunk>>) -> Columns {
        let places = chunks.iter().flat_map(|chunk| chunk.places.iter().copied());
        Columns {
            places: in_order(places),
            layout,
            chunks,
        }
    }

    /// Both together, when they are of one layout.
    #[must_use]
    pub fn joined(mut self, other: Columns) -> Option<Columns> {
        if self.layout != other.layout {
            return None;
        }
        self.chunks.extend(other.chunks);
        self.places = in_order(self.places.into_iter().chain(other.places));
        Some(self)
    }

    /// Number of households.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len).sum()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Items of all lists.
    pub fn items(&self) -> usize {
        let lists = self.chunks.iter().flat_map(|chunk| chunk.lists.iter());
        lists.map(|items| items.owner.len()).sum()
    }

    /// Bytes of scalar columns and of lists.
    pub fn bytes(&self) -> (usize, usize) {
        let each = self.chunks.iter().map(|chunk| chunk.bytes());
        each.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
    }
}

impl Machine {
    /// Compiles every policy of a set.
    pub fn of(set: &PolicySet) -> Machine {
        let mut graph = Graph::new();
        graph.space([PEOPLE]);
        let policies = set.policies();
        let mut verdicts = Lowered::new();
        let mut programs: BTreeMap<usize, Result<Program, Left>> = BTreeMap::new();
        let read: BTreeSet<&str> = strata::read(policies).collect();
        // Those that are read before those that read them.
        for at in strata::order(policies) {
            let policy = &policies[at];
            let done = program(&mut graph, policy, &verdicts);
            if read.contains(policy.id.as_str()) {
                let met = done.as_ref().map_err(|unfit| *unfit);
                let met = met.and_then(|done| met_by(&mut graph, policy, done, &verdicts));
                let valid = policy.valid;
                let versions = verdicts.entry(policy.id.clone()).or_default();
                versions.push(Version { valid, met });
            }
            let left = |unfit: Unfit| Left {
                policy: policy.id.clone(),
                why: unfit.0,
            };
            programs.insert(at, done.map_err(left));
        }
        let programs: Vec<Result<Program, Left>> = programs.into_values().collect();
        let judging = || programs.iter().flatten();
        let judged = policies.iter().zip(&programs);
        let judged = judged.filter(|(_, program)| program.is_ok());
        let effort = Effort::of(judged.map(|(policy, _)| policy));
        let signs: Vec<Id> = judging().map(|program| program.signs).collect();
        let moving = judging().flat_map(|program| program.moving(&graph));
        let moving: Vec<Id> = moving.collect();
        let mut asked: Vec<Id> = judging().flat_map(Program::asked).collect();
        asked.extend(&signs);
        let operations = graph.nodes.len();
        let sums = policies.iter().zip(&programs);
        let sums: Vec<Sums> = sums
            .map(|(policy, program)| match program {
                Ok(_) => Sums::of(&mut graph, policy, &verdicts),
                Err(_) => Sums::default(),
            })
            .collect();
        let daily: Vec<Id> = judging().flat_map(|one| one.daily(&graph)).collect();
        let beforehand = Beforehand::of(&graph, operations, [&asked, &daily]);
        let steps = beforehand.steps(&graph, (operations, &asked));
        Machine {
            layout: Layout::of(&graph, effort),
            daily: beforehand.daily(&graph, operations, &signs),
            moving: beforehand.daily(&graph, operations, &moving),
            graph,
            programs,
            beforehand,
            operations,
            steps,
            sums,
            level: Level::widest(),
        }
    }

    /// The same with other instructions; verdicts are the same.
    #[must_use]
    pub fn at(mut self, level: Level) -> Machine {
        self.level = level;
        self
    }

    /// Policies that are left to the interpreter.
    pub fn left(&self) -> impl Iterator<Item = &Left> {
        self.programs
            .iter()
            .filter_map(|program| program.as_ref().err())
    }

    /// Operations that verdicts rest on.
    pub fn operations(&self) -> usize {
        self.operations
    }

    /// Households as this machine reads them.
    pub fn columns<'h>(&self, households: impl IntoIterator<Item = &'h Household>) -> Columns {
        let mut by_size: BTreeMap<usize, Vec<&Household>> = BTreeMap::new();
        for household in households {
            by_size
                .entry(household.people.len())
                .or_default()
                .push(household);
        }
        let groups: Vec<&[&Household]> =
            by_size.values().flat_map(|all| all.chunks(CHUNK)).collect();
        let chunks = groups
            .par_iter()
            .map(|group| Arc::new(Chunk::of(&self.layout, group)));
        Columns::of(self.layout.clone(), chunks.collect())
    }

    /// Columns that households are added to one after the other.
    pub fn gather(&self) -> Gathering<'_> {
        self.gather_in(CHUNK)
    }

    /// The same in chunks of at most so many households, at least one: the verdicts
    /// are the same, what they cost is not.
    pub fn gather_in(&self, most: usize) -> Gathering<'_> {
        Gathering {
            layout: &self.layout,
            most: most.max(1),
            waiting: BTreeMap::new(),
            chunks: Vec::new(),
        }
    }

    /// Judges everybody on a date. `None` when the columns are another machine's.
    pub fn screen(&self, columns: &Columns, set: &PolicySet, on: Date) -> Option<Vec<Screened>> {
        self.screen_in(columns, &Self::regions(columns, set), (set, on))
    }

    /// The regions that decide where the people in columns are, for whoever judges
    /// them on many days.
    pub fn regions(columns: &Columns, set: &PolicySet) -> Regions {
        Regions::of(set.parameters(), columns.places.iter().copied())
    }

    /// [`Machine::screen`] with the [`Machine::regions`] of the columns and the set.
    /// Who is named, and in which order, depends on the columns and on which policies
    /// are in force, not on the day otherwise.
    pub fn screen_in(
        &self,
        columns: &Columns,
        regions: &Regions,
        (set, on): (&PolicySet, Date),
    ) -> Option<Vec<Screened>> {
        if columns.layout != self.layout {
            return None;
        }
        let nodes = &self.graph.nodes[..self.operations];
        let settings = Settings::of(nodes, set.parameters(), on, regions);
        let in_force: Vec<bool> = set
            .policies()
            .iter()
            .map(|policy| policy.valid.contains(on))
            .collect();
        let of_chunk =
            |room: &mut Room, chunk: &Arc<Chunk>| self.judged(chunk, &settings, &in_force, room);
        let judged = columns.chunks.par_iter();
        let judged: Vec<Vec<Screened>> = judged
            .map_init(|| Room::new(self.level), of_chunk)
            .collect();
        Some(judged.into_iter().flatten().collect())
    }

    /// How many subjects of each policy hold, over all chunks: the bulk pass
    /// without anything that is asked of few.
    pub fn count(&self, columns: &Columns, set: &PolicySet, on: Date) -> Vec<u64> {
        let settings = self.settings(self.operations, columns, (set, on));
        let of_chunk = |room: &mut Room, chunk: &Arc<Chunk>| {
            let kept = self.kept_daily(chunk, &settings, room);
            let run = Run::new(&self.graph, (chunk, &kept), &settings, &self.daily, room);
            let present = chunk.present();
            let holds = self.programs.iter().map(|program| {
                let Ok(program) = program else { return 0 };
                Self::held(program, &run, chunk, &present)
            });
            let holds = holds.collect::<Vec<u64>>();
            run.finish();
            holds
        };
        let none = || vec![0; self.programs.len()];
        let added = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
        let counted = columns.chunks.par_iter();
        counted
            .map_init(|| Room::new(self.level), of_chunk)
            .reduce(none, added)
    }

    /// What a chunk keeps of the facts for this machine.
    pub(super) fn kept(&self, chunk: &Chunk, settings: &Settings, room: &Room) -> Kept {
        self.beforehand.kept(&self.graph, chunk, settings, room)
    }

    /// What it keeps under the parameters of the day, too.
    pub(super) fn kept_daily(&self, chunk: &Chunk, settings: &Settings, room: &Room) -> Kept {
        self.beforehand
            .kept_daily(&self.graph, chunk, settings, room)
    }

    /// What the first operations read of a set on a day.
    pub(super) fn settings(
        &self,
        operations: usize,
        columns: &Columns,
        (set, on): (&PolicySet, Date),
    ) -> Settings {
        Settings::of(
            &self.graph.nodes[..operations],
            set.parameters(),
            on,
            &Self::regions(columns, set),
        )
    }

    fn judged(
        &self,
        chunk: &Chunk,
        settings: &Settings,
        in_force: &[bool],
        room: &Room,
    ) -> Vec<Screened> {
        let kept = self.kept_daily(chunk, settings, room);
        let run = Run::new(&self.graph, (chunk, &kept), settings, &self.daily, room);
        let present = chunk.present();
        let mut out = Vec::new();
        for (policy, program) in self.programs.iter().enumerate() {
            let Ok(program) = program else { continue };
            if !in_force[policy] {
                continue;
            }
            Self::each(program, &run, chunk, &present, |lane, outcome| {
                let unit = chunk.units[lane % chunk.len];
                let subject = match program.about {
                    About::Household => unit,
                    About::Person => Subject::Person(chunk.persons[lane]),
                };
                out.push(Screened {
                    policy,
                    unit,
                    subject,
                    outcome,
                });
            });
        }
        run.finish();
        out
    }

    /// Who is there of those a policy is about: members, or households with any.
    pub(super) fn subjects<'c>(program: &Program, chunk: &'c Chunk, present: &'c [u8]) -> &'c [u8] {
        match program.about {
            About::Household => present,
            About::Person => &chunk.members,
        }
    }

    /// How many subjects of a policy there is something to tell of.
    fn held(program: &Program, run: &Run<'_>, chunk: &Chunk, present: &[u8]) -> u64 {
        if run.odd.contains(&1) {
            let mut held = 0;
            Self::each(program, run, chunk, present, |_, outcome| {
                held += u64::from(outcome.tells());
            });
            return held;
        }
        let subjects = Self::subjects(program, chunk, present);
        let held = match run.trits(program.signs).slice() {
            Ok(signs) => program.telling.count(run.room, subjects, signs),
            Err(signs) if program.telling.tells(signs) => {
                let there = subjects.iter().map(|subject| usize::from(*subject == T));
                there.sum()
            }
            Err(_) => 0,
        };
        held as u64
    }

    /// The outcome of every subject there is: members, and households with any.
    fn each(
        program: &Program,
        run: &Run<'_>,
        chunk: &Chunk,
        present: &[u8],
        mut f: impl FnMut(usize, Outcome),
    ) {
        let subjects = Self::subjects(program, chunk, present);
        let signs = run.trits(program.signs);
        let any_odd = run.odd.contains(&1);
        for (lane, subject) in subjects.iter().enumerate() {
            if *subject != T {
                continue;
            }
            if any_odd && run.odd[lane % chunk.len] != 0 {
                f(lane, Outcome::Deferred);
                continue;
            }
            f(lane, program.outcomes[usize::from(signs.at(lane))]);
        }
    }
}
