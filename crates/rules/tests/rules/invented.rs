//! Invented well-typed expressions over invented households, told by the row
//! interpreter and by the columnar machine.
//!
//! `HEARTH_SEED` gives another run. What differs is cut down before it is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::machine::told;
use crate::support::Draws;
use domain::evaluation::{Evaluation, Verdict};
use domain::household::Household;
use domain::ids::Subject;
use rules::{Document, Machine, Outcome, PolicySet};

mod household;
mod inventor;
mod shapes;
mod tree;

use inventor::{Inventor, STATES, State};
use tree::{Tree, Ty};

const COUNT: &str = "count";
const PEOPLE: &str = "people";
const MONTHS: &str = "months";
const DAYS: &str = "days";
const YEARS: &str = "years";
const WEEKS: &str = "weeks";

const FRAME: &str = r#"policy: NAME
version: "1"
kind: signal
subject: SUBJECT
title: { zh: 试, en: probe }
basis: [{ document: 试 }]
route: hukou
criteria:
  - { id: one, zh: 一, en: one, when: WHEN }
raises:
  level: blue
  clear_after_days: 1
  sentence: { zh: 试, en: probe }
  advice: { zh: 试, en: probe }
limits: []
"#;

/// Parameters that are set everywhere, nowhere, and in one place.
fn parameters() -> Vec<Document> {
    let mut nation = "region: \"000000\"\nparameters:\n".to_owned();
    let mut county = "region: \"320412\"\nparameters:\n".to_owned();
    for (key, unit, value, here) in [
        ("flag", "flag", "true", ""),
        ("count", "count", "2", ""),
        ("count_of_some", "count", "", "3"),
        ("months", "months", "2", "1"),
        ("days", "days", "30", ""),
        ("years", "age_years", "60", ""),
        ("money", "yuan_per_month", "\"812.50\"", ""),
        ("money_of_some", "yuan_per_month", "\"700\"", "\"1000\""),
        ("ratio", "ratio", "\"1.5\"", "\"0.35\""),
        ("date", "date", "2026-10-01", ""),
        ("words", "text", "ab", ""),
        (
            "codes",
            "codes, list: scheme",
            "[subsistence, marginal]",
            "",
        ),
        ("flag_unset", "flag", "", ""),
        ("count_unset", "count", "", ""),
        ("months_unset", "months", "", ""),
        ("days_unset", "days", "", ""),
        ("years_unset", "age_years", "", ""),
        ("money_unset", "yuan", "", ""),
        ("ratio_unset", "ratio", "", ""),
        ("codes_unset", "codes, list: scheme", "", ""),
    ] {
        let nation = (&mut nation, value);
        let county = (!here.is_empty()).then_some((&mut county, here));
        for (region, value) in [nation].into_iter().chain(county) {
            let values = if value.is_empty() {
                String::new()
            } else {
                format!("{{ value: {value}, document: 试 }}")
            };
            writeln!(
                region,
                "  - {{ key: {key}, unit: {unit}, zh: 试, values: [{values}] }}"
            )
            .unwrap();
        }
    }
    let document = |name: &str, text| Document {
        name: name.to_owned(),
        text,
    };
    vec![
        document("nation.yaml", nation),
        document("county.yaml", county),
    ]
}

/// A condition and whom it is about.
#[derive(Clone)]
struct Probe {
    tree: Tree,
    person: bool,
}

fn load(probes: &[Probe]) -> Result<PolicySet, String> {
    let documents: Vec<Document> = probes
        .iter()
        .enumerate()
        .map(|(n, probe)| {
            let when = serde_json::to_string(&probe.tree.text()).unwrap();
            let subject = if probe.person { "person" } else { "household" };
            let text = FRAME
                .replace("NAME", &format!("p{n}"))
                .replace("SUBJECT", subject)
                .replace("WHEN", &when);
            let name = format!("p{n}.yaml");
            Document { name, text }
        })
        .collect();
    PolicySet::load(&documents, &parameters()).map_err(|problems| {
        let at = |problem: &rules::Problem| {
            let n: usize = problem.document[1..]
                .trim_end_matches(".yaml")
                .parse()
                .unwrap();
            format!("{problem}\n  {}", probes[n].tree.text())
        };
        problems.iter().map(at).collect::<Vec<_>>().join("\n")
    })
}

/// One verdict of both, the machine's when it has one.
struct Told {
    probe: usize,
    household: usize,
    interpreter: Evaluation,
    machine: Option<Outcome>,
}

impl Told {
    fn differs(&self) -> bool {
        let deferred = matches!(self.machine, None | Some(Outcome::Deferred));
        !deferred && self.machine != Some(told(&self.interpreter))
    }

    fn compared(&self) -> bool {
        !matches!(self.machine, None | Some(Outcome::Deferred))
    }

    fn state(&self) -> State {
        match &self.interpreter.verdict {
            Verdict::Undetermined(missing) => {
                if missing.iter().all(|one| one.fact == "arithmetic") {
                    State::Error
                } else {
                    State::Missing
                }
            }
            _ => State::Value,
        }
    }
}

/// What both say of every subject of all households; how many policies are left.
fn judge(set: &PolicySet, households: &[Household]) -> (Vec<Told>, BTreeMap<usize, &'static str>) {
    let probe = |policy: &str| policy[1..].parse::<usize>().unwrap();
    let machine = Machine::of(set);
    let left = machine.left().map(|left| (probe(&left.policy), left.why));
    let left: BTreeMap<usize, &'static str> = left.collect();
    let columns = machine.columns(households);
    let mut judged: BTreeMap<(usize, Subject, Subject), Outcome> = BTreeMap::new();
    for one in machine.screen(&columns, set, household::on()).unwrap() {
        let policy = probe(&set.policies()[one.policy].id);
        let twice = judged.insert((policy, one.unit, one.subject), one.outcome);
        assert!(twice.is_none());
    }
    let mut all = Vec::new();
    for (at, household) in households.iter().enumerate() {
        for interpreter in rules::evaluate(set, household) {
            let probe = probe(&interpreter.policy);
            let machine = judged.remove(&(probe, interpreter.unit, interpreter.subject));
            assert_eq!(machine.is_none(), left.contains_key(&probe));
            all.push(Told {
                probe,
                household: at,
                interpreter,
                machine,
            });
        }
    }
    assert!(judged.is_empty(), "verdicts nobody asked for: {judged:?}");
    (all, left)
}

/// The difference of one probe over one household, if there still is one.
fn difference(probe: &Probe, household: &Household) -> Option<Told> {
    let set = load(std::slice::from_ref(probe)).ok()?;
    let (all, _) = judge(&set, std::slice::from_ref(household));
    all.into_iter().find(Told::differs)
}

/// The smallest probe and household found that still differ, in words.
fn shrunk(probe: &Probe, household: &Household) -> String {
    let (mut probe, mut household) = (probe.clone(), household.clone());
    loop {
        let smaller = probe.tree.smaller().into_iter().map(|tree| Probe {
            tree,
            person: probe.person,
        });
        let length = |probe: &Probe| probe.tree.text().len();
        let mut smaller: Vec<Probe> = smaller.filter(|s| length(s) < length(&probe)).collect();
        smaller.sort_by_key(length);
        let found = smaller
            .into_iter()
            .find(|less| difference(less, &household).is_some());
        match found {
            Some(less) => probe = less,
            None => break,
        }
    }
    while let Some(less) = household::smaller(&household)
        .into_iter()
        .find(|less| difference(&probe, less).is_some())
    {
        household = less;
    }
    let Some(found) = difference(&probe, &household) else {
        return format!("only among others: {}", probe.tree.text());
    };
    format!(
        "{}\n  about {:?}: the interpreter {:?}, the machine {:?}\n{}",
        probe.tree.text(),
        found.interpreter.subject,
        found.interpreter.verdict,
        found.machine,
        household::told(&household)
    )
}

/// What came of a run.
#[derive(Default)]
struct Tally {
    compared: usize,
    deferred: usize,
    probes: usize,
    left: BTreeMap<&'static str, usize>,
    ends: BTreeMap<State, usize>,
    wrong: BTreeSet<String>,
}

impl Tally {
    fn take(&mut self, probes: &[Probe], households: &[Household]) -> Vec<Told> {
        let set = load(probes).unwrap_or_else(|problems| panic!("{problems}"));
        let (all, left) = judge(&set, households);
        self.probes += probes.len();
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
                self.wrong.insert(shrunk(&probes[one.probe], household));
            }
        }
        all
    }

    fn check(&self, name: &str) {
        println!(
            "{name}: {} expressions, {} verdicts compared {:?}, {} deferred, left {:?}",
            self.probes, self.compared, self.ends, self.deferred, self.left
        );
        let wrong: Vec<&str> = self.wrong.iter().map(String::as_str).collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

fn seed() -> u64 {
    let given = std::env::var("HEARTH_SEED").ok();
    let seed = given.and_then(|s| s.parse().ok()).unwrap_or(20_261_126);
    println!("HEARTH_SEED={seed}");
    seed
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
    let probe = |text: &&str| Probe {
        tree: Tree::leaf(Ty::Bool, *text),
        person: true,
    };
    REMEMBERED.iter().map(probe).collect()
}

#[test]
fn two_hundred_thousand_verdicts_of_invented_expressions_agree() {
    let mut dice = Draws(seed());
    let mut tally = Tally::default();
    for _ in 0..70 {
        let mut probes = remembered();
        while probes.len() < 33 {
            let person = dice.below(2) == 0;
            let depth = 1 + dice.index(5);
            let tree = Inventor::new(&mut dice, person).tree(&Ty::Bool, depth);
            if tree.text().len() < 1_500 {
                probes.push(Probe { tree, person });
            }
        }
        let households = households(&mut dice, 90);
        tally.take(&probes, &households);
    }
    tally.check("invented");
    assert!(tally.compared >= 200_000, "{}", tally.compared);
    assert!(tally.ends.values().all(|n| *n > 5_000), "{:?}", tally.ends);
    let left: usize = tally.left.values().sum();
    assert!(left * 4 < tally.probes, "{left} of {} left", tally.probes);
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
                    places.probes.push(Probe { tree, person });
                    places.of.push(None);
                    for tree in asked {
                        places.probes.push(Probe { tree, person });
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
    let mut dice = Draws(seed());
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
