//! Invented well-typed expressions over invented households, told by the row
//! interpreter and by the columnar machine.
//!
//! `HEARTH_SEED` gives another run. What differs is cut down before it is shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::Draws;
use domain::household::Household;
use rules::Outcome;

mod household;
mod inventor;
mod probe;
mod shapes;
mod tree;

use inventor::{Inventor, STATES, State};
use probe::{Probe, Told, judge, load, shrunk};
use tree::{Tree, Ty};

const COUNT: &str = "count";
const PEOPLE: &str = "people";
const MONTHS: &str = "months";
const DAYS: &str = "days";
const YEARS: &str = "years";
const WEEKS: &str = "weeks";

/// What came of a run.
#[derive(Default)]
struct Tally {
    compared: usize,
    deferred: usize,
    probes: usize,
    /// Those that read verdicts of others and are compared.
    readers: usize,
    left: BTreeMap<&'static str, usize>,
    ends: BTreeMap<State, usize>,
    wrong: BTreeSet<String>,
}

impl Tally {
    fn take(&mut self, probes: &[Probe], households: &[Household]) -> Vec<Told> {
        let set = load(probes).unwrap_or_else(|problems| panic!("{problems}"));
        let (all, left) = judge(&set, households);
        self.probes += probes.len();
        let reads = |at: &usize| probes[*at].text().contains("verdict(");
        let lowered = (0..probes.len()).filter(|at| !left.contains_key(at));
        self.readers += lowered.filter(reads).count();
        for why in left.values() {
            *self.left.entry(why).or_default() += 1;
        }
        let mut shown = BTreeSet::new();
        for one in &all {
            self.deferred += usize::from(one.machine == Some(Outcome::Deferred));
            if one.compared() {
                self.compared += 1;
                *self.ends.entry(one.state()).or_default() += 1;
            }
            let enough = self.wrong.len() >= 8;
            if one.differs() && !enough && shown.insert(one.probe) {
                let household = &households[one.household];
                self.wrong.insert(shrunk(probes, one.probe, household));
            }
        }
        all
    }

    fn check(&self, name: &str) {
        println!(
            "{name}: {} expressions ({} read others), {} verdicts compared {:?}, {} deferred, left {:?}",
            self.probes, self.readers, self.compared, self.ends, self.deferred, self.left
        );
        let wrong: Vec<&str> = self.wrong.iter().map(String::as_str).collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

fn households(dice: &mut Draws, how_many: u128) -> Vec<Household> {
    (10..10 + how_many)
        .map(|number| household::household(dice, number))
        .collect()
}

/// Expressions that the two once told differently.
const REMEMBERED: [&str; 5] = [
    "newest(person.parent_of).parent in members",
    "people.exists(m, !(m in members))",
    "is_known(known(person.asset.map(v, newest(person.restricted_liberty))))",
    "newest(person.grant).covered_count - 9223372036854775807 < 0",
    "newest(person.grant).household.recognition.exists(r, has(r.scheme))",
];

fn remembered() -> Vec<Probe> {
    let probe = |text: &&str| Probe::new(Tree::leaf(Ty::Bool, *text), true);
    let mut all: Vec<Probe> = REMEMBERED.iter().map(probe).collect();
    let twice = "people.filter(p, people.exists(q, q != p))";
    let mut named = Probe::new(
        Tree::leaf(Ty::Bool, "people.exists(r, !l0.all(x, x != r))"),
        false,
    );
    named.lets = vec![Tree::leaf(Ty::list(Ty::Person), twice)];
    all.push(named);
    all
}

/// A condition that may use names and the verdicts of some before it.
fn invented(dice: &mut Draws, before: &[Probe]) -> Option<Probe> {
    let person = dice.below(2) == 0;
    let depth = 1 + dice.index(5);
    let others: Vec<bool> = before.iter().take(5).map(|other| other.person).collect();
    let mut probe = Probe::new(Tree::leaf(Ty::Bool, "true"), person);
    let mut inventor = Inventor::new(dice, person);
    inventor.others = others;
    for n in 0..inventor.dice.index(3) {
        let ty = shapes::any_named(inventor.dice);
        let depth = 1 + inventor.dice.index(2);
        let tree = inventor.tree(&ty, depth);
        inventor.name(&format!("l{n}"), ty);
        probe.lets.push(tree);
    }
    probe.tree = inventor.tree(&Ty::Bool, depth);
    probe.applies = (inventor.dice.below(4) == 0).then(|| inventor.tree(&Ty::Bool, 1));
    probe.needs = inventor.dice.below(6) == 0;
    (probe.text().len() < 1_500).then_some(probe)
}

#[test]
fn two_hundred_thousand_verdicts_of_invented_expressions_agree() {
    let mut dice = Draws::seeded();
    let mut tally = Tally::default();
    for _ in 0..72 {
        let mut probes = if tally.probes == 0 {
            remembered()
        } else {
            Vec::new()
        };
        while probes.len() < 30 {
            probes.extend(invented(&mut dice, &probes));
        }
        let households = households(&mut dice, 100);
        tally.take(&probes, &households);
    }
    tally.check("invented");
    assert!(tally.compared >= 200_000, "{}", tally.compared);
    assert!(tally.ends.values().all(|n| *n > 5_000), "{:?}", tally.ends);
    // What reads a verdict that is left is left too, whatever form it has itself.
    let left = tally
        .left
        .iter()
        .filter(|(why, _)| !why.contains("verdict"));
    let left: usize = left.map(|(_, n)| n).sum();
    assert!(left * 3 < tally.probes, "{left} of {} left", tally.probes);
    assert!(tally.readers > 200, "{} read verdicts", tally.readers);
}

/// A condition that is unknown when an operand is, under what the operand is unknown for.
fn observed(operand: &Tree) -> String {
    let text = operand.text();
    match &operand.ty {
        Ty::Bool => text,
        Ty::Item(_) => format!("source({text}) == source({text})"),
        Ty::List(_) => format!("size(distinct({text})) >= 0"),
        _ => format!("{text} == {text}"),
    }
}

/// Conditions that tell what a value is.
fn asked(tree: &Tree, inventor: &mut Inventor<'_>) -> Vec<Tree> {
    let whole = |form: &str, other: Option<Tree>| {
        let mut parts = vec![tree.clone()];
        parts.extend(other);
        Tree {
            ty: Ty::Bool,
            form: form.to_owned(),
            parts,
        }
    };
    match &tree.ty {
        Ty::Bool => vec![tree.clone()],
        Ty::Item(_) => vec![whole("is_known({0})", None)],
        Ty::List(of) => {
            let mut all = vec![whole("is_known({0})", None), whole("(size({0}) > 1)", None)];
            if !matches!(**of, Ty::Item(_) | Ty::List(_)) {
                let item = inventor.tree(of, 0);
                all.push(whole("({1} in {0})", Some(item)));
            }
            all
        }
        ty => {
            let other = inventor.tree(ty, 0);
            let form = if ty.is_ordered() {
                "({0} <= {1})"
            } else {
                "({0} == {1})"
            };
            vec![whole(form, Some(other))]
        }
    }
}

/// Types of which every form is tried.
fn types() -> Vec<Ty> {
    let scalars = [
        Ty::Bool,
        Ty::Number(COUNT),
        Ty::Number(PEOPLE),
        Ty::Number(MONTHS),
        Ty::Number(DAYS),
        Ty::Number(YEARS),
        Ty::Number(WEEKS),
        Ty::Money,
        Ty::Ratio,
        Ty::Date,
        Ty::Month,
        Ty::Text,
        Ty::Division,
        Ty::Household,
        Ty::Person,
        Ty::Code("grant_status"),
    ];
    let items = [
        domain::dictionary::Kind::Grant,
        domain::dictionary::Kind::Identity,
        domain::dictionary::Kind::Recognition,
        domain::dictionary::Kind::MeansCheck,
    ];
    let lists = [
        Ty::Person,
        Ty::Money,
        Ty::Date,
        Ty::Code("scheme"),
        Ty::Item(domain::dictionary::Kind::Grant),
    ];
    let lists = lists.into_iter().map(Ty::list);
    let items = items.into_iter().map(Ty::Item);
    scalars.into_iter().chain(items).chain(lists).collect()
}

/// What the graph has no form for at all; elsewhere both must tell.
const LEFT: [&str; 8] = [
    "text",
    "source",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "size of text",
    "[i]",
];

/// Probes of one type's forms: what each asks, and about which operand.
#[derive(Default)]
struct Places {
    probes: Vec<Probe>,
    /// Name of the form, place of the operand, the probe that observes it.
    of: Vec<Option<(&'static str, usize, usize)>>,
}

impl Places {
    fn of_type(ty: &Ty, dice: &mut Draws) -> Places {
        let mut places = Places::default();
        for shape in shapes::shapes(ty, dice) {
            for at in 0..shape.parts.len() {
                for state in STATES {
                    let person = dice.below(2) == 0;
                    let mut inventor = Inventor::new(dice, person);
                    let operand = inventor.operand(&shape.parts[at].ty, state);
                    let tree = inventor.filled(ty, &shape, 1, Some((at, &operand)));
                    let asked = asked(&tree, &mut inventor);
                    let observer = places.probes.len();
                    let tree = Tree::leaf(Ty::Bool, observed(&operand));
                    places.probes.push(Probe::new(tree, person));
                    places.of.push(None);
                    for tree in asked {
                        places.probes.push(Probe::new(tree, person));
                        places.of.push(Some((shape.name, at, observer)));
                    }
                }
            }
        }
        places
    }
}

#[test]
fn every_form_meets_a_value_a_missing_fact_and_an_error_in_every_place() {
    let mut dice = Draws::seeded();
    let mut tally = Tally::default();
    let mut met: BTreeMap<(&str, usize, State), usize> = BTreeMap::new();
    // What was drawn for a place may be left to the interpreter: then others are drawn.
    let rounds = (0..3).flat_map(|round| types().into_iter().map(move |ty| (round, ty)));
    for (round, ty) in rounds {
        if round > 0 && met.values().all(|times| *times > 0) {
            break;
        }
        let places = Places::of_type(&ty, &mut dice);
        let households = households(&mut dice, 16);
        let all = tally.take(&places.probes, &households);
        let key = |one: &Told| (one.household, one.interpreter.subject);
        let seen: BTreeMap<_, State> = all
            .iter()
            .map(|one| ((one.probe, key(one)), one.state()))
            .collect();
        for (name, at, _) in places.of.iter().flatten() {
            for state in STATES {
                met.entry((name, *at, state)).or_default();
            }
        }
        for one in &all {
            let Some((name, at, observer)) = places.of[one.probe] else {
                continue;
            };
            if one.compared() || LEFT.contains(&name) || (name, at) == ("paid_rows", 1) {
                *met.entry((name, at, seen[&(observer, key(one))]))
                    .or_default() += 1;
            }
        }
    }
    tally.check("every form");
    let lacking: Vec<_> = met.iter().filter(|(_, times)| **times == 0).collect();
    assert!(lacking.is_empty(), "never met: {lacking:?}");
    println!(
        "{} places of forms, each in {STATES:?}",
        met.len() / STATES.len()
    );
    assert!(met.len() > 200, "{}", met.len());
}
