//! Policies of one condition, what both evaluators say of them, and the smallest
//! of those of which they say something else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::evaluation::{Evaluation, Verdict};
use domain::household::Household;
use domain::ids::Subject;
use rules::{Document, Machine, Outcome, PolicySet};

use super::household;
use super::inventor::State;
use super::tree::Tree;
use crate::machine::told;
use crate::support::framed;

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
pub(super) struct Probe {
    pub(super) tree: Tree,
    pub(super) person: bool,
    /// What the names `l0`, `l1`, … are.
    pub(super) lets: Vec<Tree>,
    pub(super) applies: Option<Tree>,
    /// The composition must be known.
    pub(super) needs: bool,
}

impl Probe {
    pub(super) fn new(tree: Tree, person: bool) -> Probe {
        Probe {
            tree,
            person,
            lets: Vec::new(),
            applies: None,
            needs: false,
        }
    }

    pub(super) fn text(&self) -> String {
        let names = self.lets.iter().enumerate();
        let lets: Vec<String> = names
            .map(|(n, tree)| format!("l{n}: {}", tree.text()))
            .collect();
        let applies = self.applies.as_ref().map(Tree::text);
        format!(
            "{} let {{{}}} applies {applies:?} needs {}",
            self.tree.text(),
            lets.join(", "),
            self.needs
        )
    }

    /// Probes with a little less in them.
    fn smaller(&self) -> Vec<Probe> {
        let trees = self.tree.smaller().into_iter().map(|tree| Probe {
            tree,
            ..self.clone()
        });
        let lets = self
            .lets
            .iter()
            .enumerate()
            .flat_map(|(n, tree)| tree.smaller().into_iter().map(move |less| (n, less)));
        let lets = lets.map(|(n, less)| {
            let mut probe = self.clone();
            probe.lets[n] = less;
            probe
        });
        let fewer = self.lets.split_last().map(|(_, fewer)| Probe {
            lets: fewer.to_vec(),
            ..self.clone()
        });
        let freer = Probe {
            applies: None,
            needs: false,
            ..self.clone()
        };
        let mut all: Vec<Probe> = trees.chain(lets).chain(fewer).chain([freer]).collect();
        all.sort_by_key(|probe| probe.text().len());
        all
    }
}

pub(super) fn load(probes: &[Probe]) -> Result<PolicySet, String> {
    let documents: Vec<Document> = probes
        .iter()
        .enumerate()
        .map(|(n, probe)| {
            let subject = if probe.person { "person" } else { "household" };
            let lets =
                probe.lets.iter().enumerate().map(|(n, tree)| {
                    format!("l{n}: {}", serde_json::to_string(&tree.text()).unwrap())
                });
            let lets: Vec<String> = lets.collect();
            let mut gates = String::new();
            if let Some(applies) = &probe.applies {
                let applies = serde_json::to_string(&applies.text()).unwrap();
                writeln!(gates, "applies_when: {applies}").unwrap();
            }
            if probe.needs {
                gates.push_str("needs: { composition: [declared, verified] }");
            }
            write!(gates, "\nlet: {{{}}}", lets.join(", ")).unwrap();
            framed(&format!("p{n}"), subject, &probe.tree.text(), &gates)
        })
        .collect();
    PolicySet::load(&documents, &parameters()).map_err(|problems| {
        let at = |problem: &rules::Problem| {
            let n: usize = problem.document[1..]
                .trim_end_matches(".yaml")
                .parse()
                .unwrap();
            format!("{problem}\n  {}", probes[n].text())
        };
        problems.iter().map(at).collect::<Vec<_>>().join("\n")
    })
}

/// One verdict of both, the machine's when it has one.
pub(super) struct Told {
    pub(super) probe: usize,
    pub(super) household: usize,
    pub(super) interpreter: Evaluation,
    pub(super) machine: Option<Outcome>,
}

impl Told {
    pub(super) fn differs(&self) -> bool {
        let deferred = matches!(self.machine, None | Some(Outcome::Deferred));
        !deferred && self.machine != Some(told(&self.interpreter))
    }

    pub(super) fn compared(&self) -> bool {
        !matches!(self.machine, None | Some(Outcome::Deferred))
    }

    pub(super) fn state(&self) -> State {
        match &self.interpreter.verdict {
            Verdict::Undetermined(missing) => {
                let no_value = ["arithmetic", "element"];
                if missing
                    .iter()
                    .all(|one| no_value.contains(&one.fact.as_str()))
                {
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
pub(super) fn judge(
    set: &PolicySet,
    households: &[Household],
) -> (Vec<Told>, BTreeMap<usize, &'static str>) {
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

/// The difference of one probe over one household, if there still is one. It may
/// read the verdicts of those before it.
fn difference(before: &[Probe], probe: &Probe, household: &Household) -> Option<Told> {
    let mut probes = before.to_vec();
    probes.push(probe.clone());
    let set = load(&probes).ok()?;
    let (all, _) = judge(&set, std::slice::from_ref(household));
    all.into_iter()
        .find(|one| one.probe == before.len() && one.differs())
}

/// The smallest probe and household found that still differ, in words.
pub(super) fn shrunk(probes: &[Probe], at: usize, household: &Household) -> String {
    let mut probe = probes[at].clone();
    let before = if probe.text().contains("verdict(") {
        &probes[..at]
    } else {
        &[]
    };
    let mut household = household.clone();
    loop {
        let length = probe.text().len();
        let found = probe.smaller().into_iter().find(|less| {
            less.text().len() < length && difference(before, less, &household).is_some()
        });
        match found {
            Some(less) => probe = less,
            None => break,
        }
    }
    while let Some(less) = household::smaller(&household)
        .into_iter()
        .find(|less| difference(before, &probe, less).is_some())
    {
        household = less;
    }
    let Some(found) = difference(before, &probe, &household) else {
        return format!("only among others: {}", probe.text());
    };
    let mut text = format!(
        "{}\n  about {:?}: the interpreter {:?}, the machine {:?}\n{}",
        probe.text(),
        found.interpreter.subject,
        found.interpreter.verdict,
        found.machine,
        household::told(&household)
    );
    for (n, other) in before.iter().enumerate() {
        if text.contains(&format!("'p{n}'")) {
            writeln!(text, "  p{n} is {}", other.text()).unwrap();
        }
    }
    text
}
