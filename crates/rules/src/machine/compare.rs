//! Everybody judged under two sets of parameters at once: what differs is counted
//! where it stands, and nobody's verdict is written out.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use domain::evaluation::Confidential;
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::Date;
use rayon::prelude::*;

use super::both::{Both, Judged, is_near};
use super::columns::Chunk;
use super::graph::{F, T};
use super::lanes::Lanes;
use super::program::Program;
use super::room::Room;
use super::screen::{Columns, Machine, Outcome, Standing, Told};
use super::sums::{Distance, Sums, Values};
use crate::appraise::{Margin, Miss, Monthly};
use crate::change::{Change, Example, NEAR_MAX, Near, Town};
use crate::document::About;
use crate::policy::{Policy, PolicySet};

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'s> {
    /// As things are, and on which day they are so.
    pub now: (&'s PolicySet, Date),
    /// As they would be. The policies are the same; parameters differ.
    pub then: (&'s PolicySet, Date),
    /// Which policies are compared.
    pub knows: &'s [Confidential],
    /// Only households registered within this place.
    pub within: Option<DivisionCode>,
    /// Near misses of policies that use one of these parameters, money, townships
    /// and examples; `None` for counts alone.
    pub details: Option<&'s BTreeSet<String>>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Households and people alone that were judged.
    pub units: u64,
    /// By position of the policy in the set; policies of nobody are not there.
    pub changes: BTreeMap<usize, Change>,
}

impl Compared {
    /// Of both populations.
    #[must_use]
    pub fn joined(mut self, other: Compared) -> Compared {
        self.units += other.units;
        for (policy, change) in other.changes {
            self.changes.entry(policy).or_default().join(change);
        }
        self
    }
}

impl Machine {
    /// Judges everybody twice. `None` when the columns are another machine's.
    pub fn compare(&self, columns: &Columns, of: &Comparison<'_>) -> Option<Compared> {
        if columns.layout != self.layout {
            return None;
        }
        let both = self.both(columns, of);
        let classes: Vec<Option<Classes>> = self
            .programs
            .iter()
            .map(|program| program.as_ref().ok().map(Classes::of))
            .collect();
        let asking = Asking {
            machine: self,
            of,
            both,
            classes,
        };
        let compared = columns.chunks.par_chunks(TOGETHER).map_init(
            || Room::new(self.level),
            |room, chunks| asking.chunks(chunks, room),
        );
        Some(compared.reduce(Compared::default, Compared::joined))
    }
}

/// Chunks that are told of at once: whoever misses by more than those of the chunks
/// before is not kept, and townships are joined once.
const TOGETHER: usize = 8;

/// Outcomes by number, and the number of each combination of signs.
struct Classes {
    of: [u8; SIGNS],
}

/// Combinations of signs there are.
const SIGNS: usize = u8::MAX as usize + 1;

/// What may be told of a standing.
const EACH: u8 = 4;
/// 须逐户判断, after four standings with what is told of each.
const DEFERRED: u8 = 4 * EACH;
/// Outcomes there are.
const CLASSES: usize = DEFERRED as usize + 1;
/// 不适用 and nothing to tell.
const NOTHING: u8 = 0;

const STANDINGS: [Standing; 4] = [
    Standing::NotApplicable,
    Standing::NotMet,
    Standing::Undetermined,
    Standing::Met,
];
const TOLDS: [Told; 4] = [Told::Gone, Told::Unknown, Told::Holds, Told::NoLonger];

impl Classes {
    fn of(program: &Program) -> Classes {
        let class = |outcome: &Outcome| match outcome {
            Outcome::Judged(standing, told) => (*standing as u8) * EACH + (*told as u8),
            Outcome::Deferred => DEFERRED,
        };
        let outcomes = program.outcomes.iter().map(class);
        let mut of = [DEFERRED; SIGNS];
        of.iter_mut()
            .zip(outcomes)
            .for_each(|(to, class)| *to = class);
        Classes { of }
    }
}

fn outcome(class: usize) -> Option<(Standing, Told)> {
    let standing = STANDINGS.get(class / TOLDS.len())?;
    Some((*standing, TOLDS[class % TOLDS.len()]))
}

const fn is_met(class: u8) -> bool {
    class / EACH == Standing::Met as u8
}

/// How many lanes of somebody there have each value; lanes that follow each other mostly
/// have the same, and adding to one number again and again is slow.
fn counted<const VALUES: usize>(
    lanes: impl ExactSizeIterator<Item = usize>,
    subjects: &[u8],
) -> [u64; VALUES] {
    const APART: usize = 4;
    let mut counts: [[u32; VALUES]; APART] = [[0; VALUES]; APART];
    for (at, (value, there)) in lanes.zip(subjects).enumerate() {
        counts[at % APART][value] += u32::from(*there == T);
    }
    let all = |value| counts.iter().map(|some| u64::from(some[value])).sum();
    std::array::from_fn(all)
}

struct Asking<'a> {
    machine: &'a Machine,
    of: &'a Comparison<'a>,
    both: Both,
    classes: Vec<Option<Classes>>,
}

/// A policy for a chunk.
struct Of<'c> {
    chunk: &'c Chunk,
    judged: &'c [Judged<'c>; 2],
    policy: &'c Policy,
    program: &'c Program,
    sums: &'c Sums,
    /// The class of every lane, under both.
    classes: [Rc<Vec<u8>>; 2],
    /// Lanes of somebody there.
    subjects: &'c [u8],
}

impl Asking<'_> {
    fn chunks(&self, chunks: &[Arc<Chunk>], room: &Room) -> Compared {
        let mut out = Compared::default();
        for chunk in chunks {
            match self.of.within {
                Some(place) => {
                    let outside = |slot: usize| !place.contains(&chunk.place_of(slot));
                    self.chunk(&chunk.without(outside), room, &mut out);
                }
                None => self.chunk(chunk, room, &mut out),
            }
        }
        let nobody = Change::default();
        out.changes.retain(|_, change| *change != nobody);
        out
    }

    fn chunk(&self, chunk: &Chunk, room: &Room, out: &mut Compared) {
        let machine = self.machine;
        let kept = machine.kept(chunk, self.both.settings(), room);
        let judged = self.both.judged(machine, (chunk, &kept), room);
        let present = chunk.present();
        let units = present.iter().map(|there| u64::from(*there == T));
        out.units += units.sum::<u64>();
        for (at, program) in machine.programs.iter().enumerate() {
            let policy = &self.of.now.0.policies()[at];
            let (Ok(program), true) = (program, self.both.is_compared(at)) else {
                continue;
            };
            let subjects = Machine::subjects(program, chunk, &present);
            let change = out.changes.entry(at).or_default();
            let is_alike = self.both.is_alike(at) && judged[0].odd == judged[1].odd;
            if is_alike && !self.is_detailed(policy) && !judged[0].odd.contains(&1) {
                self.alike(at, judged[0].run.trits(program.signs), subjects, change);
                continue;
            }
            let of_side = |side| Rc::new(self.classes(side, at, (program, &judged), subjects));
            let before = of_side(0);
            let after = if is_alike { before.clone() } else { of_side(1) };
            let of = Of {
                chunk,
                judged: &judged,
                policy,
                program,
                sums: &machine.sums[at],
                classes: [before, after],
                subjects,
            };
            of.tell(self.of.details, change);
        }
        for Judged { run, .. } in judged {
            run.finish();
        }
    }

    /// Whether more is told of a policy than how many are what.
    fn is_detailed(&self, policy: &Policy) -> bool {
        let is_near = |keys| is_near(policy, keys);
        self.of
            .details
            .is_some_and(|keys| policy.amount_basis().is_some() || is_near(keys))
    }

    /// Adds a policy under which everybody is what they are.
    fn alike(&self, policy: usize, signs: &Lanes<'_, u8>, subjects: &[u8], change: &mut Change) {
        let Some(classes) = &self.classes[policy] else {
            return;
        };
        let counts: [u64; SIGNS] = match signs.slice() {
            Ok(signs) => counted(signs.iter().map(|signs| usize::from(*signs)), subjects),
            Err(signs) => counted(subjects.iter().map(|_| usize::from(signs)), subjects),
        };
        for (class, count) in classes
            .of
            .iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
        {
            let class = usize::from(*class);
            tally(change, (class, class), count);
        }
    }

    /// The class of every lane under one of the two.
    fn classes(
        &self,
        side: usize,
        policy: usize,
        (program, judged): (&Program, &[Judged<'_>; 2]),
        subjects: &[u8],
    ) -> Vec<u8> {
        let lanes = subjects.len();
        let (true, Some(classes)) = (self.both.is_in_force(side, policy), &self.classes[policy])
        else {
            return vec![NOTHING; lanes];
        };
        let Judged { run, odd } = &judged[side];
        let mut out = match run.trits(program.signs).slice() {
            Ok(signs) => signs.iter().map(|s| classes.of[usize::from(*s)]).collect(),
            Err(signs) => vec![classes.of[usize::from(signs)]; lanes],
        };
        for slot in (0..odd.len()).filter(|slot| odd[*slot] != 0) {
            let lanes = out.iter_mut().skip(slot).step_by(odd.len());
            lanes.for_each(|class| *class = DEFERRED);
        }
        out
    }
}

impl Of<'_> {
    /// Adds what would change here.
    fn tell(&self, details: Option<&BTreeSet<String>>, change: &mut Change) {
        let lanes = self.classes[0].iter().zip(self.classes[1].iter());
        let lanes =
            lanes.map(|(before, after)| usize::from(*before) * CLASSES + usize::from(*after));
        let pairs: [u64; CLASSES * CLASSES] = counted(lanes, self.subjects);
        let known = change.gained + change.lost;
        for (pair, count) in pairs
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
        {
            tally(change, (pair / CLASSES, pair % CLASSES), count);
        }
        let Some(keys) = details else { return };
        let mut towns: Vec<Option<Town>> = Vec::new();
        if change.gained + change.lost > known {
            self.movers(change, &mut towns);
        }
        if self.policy.amount_basis().is_some() {
            self.money(change, &mut towns);
        }
        if is_near(self.policy, keys) {
            self.near(change);
        }
        for (place, town) in self.chunk.places.iter().zip(towns) {
            if let Some(more) = town {
                let known = change.by_township.entry(place.township());
                known.or_default().join(more);
            }
        }
    }

    /// What would change at a lane's place.
    fn town<'t>(&self, towns: &'t mut Vec<Option<Town>>, lane: usize) -> &'t mut Town {
        // Of most policies nobody's verdict moves, nor money.
        towns.resize(self.chunk.places.len(), None);
        towns[self.place(lane)].get_or_insert_default()
    }

    /// Lanes of somebody there for which something holds of both classes.
    fn lanes(&self, is: impl Fn(u8, u8) -> bool) -> impl Iterator<Item = usize> {
        let both = self.classes[0].iter().zip(self.classes[1].iter());
        let lanes = both.zip(self.subjects).enumerate();
        lanes.filter_map(move |(lane, ((before, after), there))| {
            (*there == T && is(*before, *after)).then_some(lane)
        })
    }

    fn movers(&self, change: &mut Change, towns: &mut Vec<Option<Town>>) {
        for lane in self
            .lanes(|before, after| before.max(after) != DEFERRED && is_met(before) != is_met(after))
        {
            let gained = is_met(self.classes[1][lane]);
            let (unit, subject, township) = self.whom(lane);
            let town = self.town(towns, lane);
            town.gained += u64::from(gained);
            town.lost += u64::from(!gained);
            change.add_example(Example {
                unit,
                subject,
                township,
                gained,
                decision: None,
            });
        }
    }

    fn money(&self, change: &mut Change, towns: &mut Vec<Option<Town>>) {
        let money = change.money.get_or_insert_default();
        let values = self.sums.monthly.map(|amount| {
            let of = |judged| Values::of(judged, amount);
            [&self.judged[0].run, &self.judged[1].run].map(of)
        });
        let monthly = |side: usize, lane: usize| {
            if !is_met(self.classes[side][lane]) {
                return Monthly::Nothing;
            }
            // A sum that overflows is not known, though the verdict is.
            let odd = self.judged[side].run.odd[lane % self.chunk.len] != 0;
            let values = values.filter(|_| !odd);
            let fen = values.and_then(|values| values[side].rounded(lane));
            fen.map_or(Monthly::Unknown, Monthly::Fen)
        };
        let mut paid = 0;
        for lane in self.lanes(|before, after| {
            before.max(after) != DEFERRED && (is_met(before) || is_met(after))
        }) {
            paid += 1;
            let fen = money.count(monthly(0, lane), monthly(1, lane));
            if fen != 0 {
                self.town(towns, lane).fen += fen;
            }
        }
        let judged = self.lanes(|before, after| before.max(after) != DEFERRED);
        money.count_nothing(judged.count() as u64 - paid);
    }

    /// Keeps whoever misses by less than those known so far.
    fn near(&self, change: &mut Change) {
        let run = &self.judged[1].run;
        let criteria: Vec<&Lanes<'_, u8>> =
            self.program.criteria().map(|id| run.trits(id)).collect();
        let margins = self.sums.margins.iter();
        let distances: Vec<Option<Distance<'_>>> = margins
            .map(|sides| sides.map(|sides| Distance::of(run, sides)))
            .collect();
        let not_met = |class: u8| {
            outcome(usize::from(class)).is_some_and(|(standing, _)| standing == Standing::NotMet)
        };
        for lane in self.lanes(|before, after| before != DEFERRED && not_met(after)) {
            let Some(failed) = only_failed(&criteria, lane) else {
                continue;
            };
            let most = change.near.get(NEAR_MAX - 1).map(|last| last.miss.by);
            let distance = distances[failed].filter(|_| run.odd[lane % self.chunk.len] == 0);
            let by = distance.and_then(|distance| distance.within(lane, most));
            if let Some(by) = by {
                change.add_near(self.missed(lane, failed, by));
            }
        }
    }

    fn missed(&self, lane: usize, criterion: usize, by: Margin) -> Near {
        let (unit, subject, township) = self.whom(lane);
        let criterion = &self.policy.criteria[criterion];
        Near {
            unit,
            subject,
            township,
            miss: Miss {
                criterion: criterion.id.clone(),
                zh: criterion.zh.clone(),
                en: criterion.en.clone(),
                by,
            },
        }
    }

    fn place(&self, lane: usize) -> usize {
        self.chunk.place[lane % self.chunk.len] as usize
    }

    /// The unit, whom the verdict is about, and the township of the hukou.
    fn whom(&self, lane: usize) -> (Subject, Subject, Option<DivisionCode>) {
        let unit = self.chunk.units[lane % self.chunk.len];
        let subject = match self.program.about {
            About::Household => unit,
            About::Person => Subject::Person(self.chunk.persons[lane]),
        };
        (
            unit,
            subject,
            self.chunk.places[self.place(lane)].township(),
        )
    }
}

/// The one criterion that is false, when every other is true.
fn only_failed(criteria: &[&Lanes<'_, u8>], lane: usize) -> Option<usize> {
    let mut failed = None;
    for (at, criterion) in criteria.iter().enumerate() {
        match (criterion.at(lane), failed) {
            (T, _) => {}
            (F, None) => failed = Some(at),
            // A second one fails, or might.
            _ => return None,
        }
    }
    failed
}

/// So many subjects that are of one class and would be of another.
fn tally(change: &mut Change, (before, after): (usize, usize), subjects: u64) {
    let (Some((was, told)), Some((would, tells))) = (outcome(before), outcome(after)) else {
        change.deferred += subjects;
        return;
    };
    change.before.add(was, told, subjects);
    change.after.add(would, tells, subjects);
    let count = |is: bool| if is { subjects } else { 0 };
    let applies = |standing| standing != Standing::NotApplicable;
    let met = |standing| standing == Standing::Met;
    change.applicable += count(applies(would));
    change.concerned += count(applies(was) || applies(would));
    change.moved += count(was != would);
    change.gained += count(met(would) && !met(was));
    change.lost += count(met(was) && !met(would));
}
