//! How much there is to go through for a family, said before anything is gone
//! through. The interpreter counts its steps and gives up beyond a bound; columns
//! count nothing, and leave to it whoever may come to so much.

use std::collections::BTreeMap;

use domain::dictionary::Kind;
use domain::household::Household;

use crate::check::parts;
use crate::eval::STEPS_MAX;
use crate::expr::{Each, Expr, Function, Name, Node};
use crate::policy::{Plan, Policy};
use crate::types::{Type, is_single};

/// How often an expression of a policy is asked for one subject: for the verdict,
/// and for what is told of it.
const ASKED: u64 = 2;

/// Summands and factors of a policy that is followed; of one that has more nothing
/// is known but that it may be too much.
const PARTS_MAX: usize = 256;
const FACTORS_MAX: usize = 12;

/// How long something of a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Length {
    People,
    /// Facts of a kind that one subject has.
    Facts(Kind),
}

/// A sum of products of lengths, each taken so many times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Steps(BTreeMap<Vec<Length>, u64>);

impl Steps {
    fn count(n: usize) -> Steps {
        let times = u64::try_from(n).unwrap_or(u64::MAX);
        Steps(BTreeMap::from([(Vec::new(), times)]))
    }

    fn of(lengths: &[Length]) -> Steps {
        Steps(BTreeMap::from([(lengths.to_vec(), 1)]))
    }

    /// More than can be followed.
    fn endless() -> Steps {
        Steps(BTreeMap::from([(Vec::new(), u64::MAX)]))
    }

    fn plus(mut self, other: Steps) -> Steps {
        for (factors, times) in other.0 {
            let known = self.0.entry(factors).or_default();
            *known = known.saturating_add(times);
        }
        self.bounded()
    }

    fn times(&self, other: &Steps) -> Steps {
        let mut product = Steps::default();
        for (left, a) in &self.0 {
            for (right, b) in &other.0 {
                let mut factors = [left.as_slice(), right.as_slice()].concat();
                factors.sort_unstable();
                let known = product.0.entry(factors).or_default();
                *known = known.saturating_add(a.saturating_mul(*b));
            }
        }
        product.bounded()
    }

    fn bounded(self) -> Steps {
        let long = self.0.keys().any(|factors| factors.len() > FACTORS_MAX);
        if long || self.0.len() > PARTS_MAX {
            return Steps::endless();
        }
        self
    }

    /// How many, where each length is known.
    fn at(&self, length: impl Fn(Length) -> u64) -> u64 {
        let products = self.0.iter().map(|(factors, times)| {
            let lengths = factors.iter().map(|factor| length(*factor));
            lengths.fold(*times, u64::saturating_mul)
        });
        products.fold(0, u64::saturating_add)
    }
}

/// What the policies of a set may go through at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effort {
    policies: Vec<Steps>,
    /// No policy comes to the bound for a family of no more people and no longer
    /// lists.
    safe: u64,
}

impl Effort {
    /// Of policies that columns judge; the interpreter counts its own steps.
    pub(crate) fn of<'p>(judged: impl Iterator<Item = &'p Policy>) -> Effort {
        let policies: Vec<Steps> = judged.map(of_policy).collect();
        let is_safe = |n: u64| !policies.iter().any(|steps| is_beyond(steps.at(|_| n)));
        let (mut safe, mut beyond) = (0, steps_max());
        while beyond - safe > 1 {
            let between = safe.midpoint(beyond);
            if is_safe(between) {
                safe = between;
            } else {
                beyond = between;
            }
        }
        Effort { policies, safe }
    }

    /// Whether the interpreter may give up on a family.
    pub(crate) fn may_be_beyond(&self, household: &Household) -> bool {
        let people = length(household.people.len());
        if people.max(longest(household, None)) <= self.safe {
            return false;
        }
        let mut policies = self.policies.iter();
        policies.any(|steps| is_beyond(steps.at(|of| of.within(household))))
    }
}

impl Length {
    fn within(self, household: &Household) -> u64 {
        match self {
            Length::People => length(household.people.len()),
            Length::Facts(kind) => longest(household, Some(kind)),
        }
    }
}

/// Most facts that one subject of a household has, of one kind or of any.
fn longest(household: &Household, kind: Option<Kind>) -> u64 {
    let people = household.people.iter().map(|person| &person.facts);
    let facts = people.chain([&household.facts]).flatten();
    let asked = facts.filter(|(of, _)| kind.is_none_or(|kind| kind == **of));
    let lengths = asked.map(|(_, list)| length(list.items.len()));
    lengths.max().unwrap_or(0)
}

fn length(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn steps_max() -> u64 {
    length(STEPS_MAX)
}

fn is_beyond(steps: u64) -> bool {
    steps.saturating_mul(ASKED) > steps_max()
}

fn of_policy(policy: &Policy) -> Steps {
    let mut bound = Bound::default();
    let mut all = Steps::default();
    for named in &policy.lets {
        all = all.plus(bound.asking(named));
        let length = match named.ty {
            Type::List(_) => bound.length(named),
            _ => Steps::default(),
        };
        bound.lets.push(length);
    }
    let amount = policy.amount.iter().map(|amount| &amount.per_month);
    let before = [
        &policy.incident_place,
        &policy.applies_when,
        &policy.receiving,
    ];
    let plans = [&policy.missed, &policy.no_longer, &policy.raises];
    let mut asked: Vec<&Expr> = before.into_iter().flatten().collect();
    asked.extend(policy.criteria.iter().map(|criterion| &criterion.when));
    asked.extend(amount.chain(&policy.material));
    asked.extend(plans.into_iter().flatten().flat_map(of_plan));
    let asked = asked.into_iter().map(|expr| bound.asking(expr));
    asked.fold(all, Steps::plus)
}

fn of_plan(plan: &Plan) -> impl Iterator<Item = &Expr> {
    let levels = plan.level_when.iter().map(|(when, _)| when);
    let deadlines = plan.deadlines.iter();
    let deadlines = deadlines.flat_map(|one| [Some(&one.within), one.from.as_ref()]);
    let rest = deadlines.chain([plan.recheck_on.as_ref()]).flatten();
    levels.chain(rest).chain(plan.spoken())
}

/// What expressions go through, by how long the lists are that names stand for.
#[derive(Default)]
struct Bound {
    lets: Vec<Steps>,
}

impl Bound {
    /// Steps to a value; a list is gone through for it. What a name stands for is
    /// computed once, and counted where the name is.
    fn asking(&self, expr: &Expr) -> Steps {
        if let (Type::List(_), false) = (&expr.ty, matches!(expr.node, Node::Let(_))) {
            return self.walking(expr);
        }
        self.within(&expr.node)
    }

    /// Steps of the parts of an expression, its own not counted.
    fn within(&self, node: &Node) -> Steps {
        if let Node::Each(_, list, body) = node {
            let bodies = self.length(list).times(&self.asking(body));
            return self.walking(list).plus(bodies);
        }
        let parts = parts(node).into_iter();
        let each = parts.map(|part| match part.ty {
            Type::List(_) => self.walking(part),
            _ => self.asking(part),
        });
        each.fold(Steps::default(), Steps::plus)
    }

    /// Steps of going through a list, its elements made on the way.
    fn walking(&self, list: &Expr) -> Steps {
        match &list.node {
            // Elements are handed on; only where they come from they are counted.
            Node::Each(Each::Filter | Each::Map, ..) | Node::Call(Function::Known, _) => {
                self.within(&list.node)
            }
            node => self.within(node).plus(self.length(list)),
        }
    }

    /// Elements of a list at most.
    fn length(&self, list: &Expr) -> Steps {
        match &list.node {
            Node::Each(_, of, _) => self.length(of),
            Node::Kind(_, kind) if !is_single(*kind) => Steps::of(&[Length::Facts(*kind)]),
            Node::Name(Name::Members | Name::People) => Steps::of(&[Length::People]),
            Node::List(items) => Steps::count(items.len()),
            // A parameter names each code of its list once at most.
            Node::Param(_) => match &list.ty {
                Type::List(of) => match **of {
                    Type::Code(codes) => Steps::count(codes.entries.len()),
                    _ => Steps::endless(),
                },
                _ => Steps::endless(),
            },
            Node::Call(Function::PaidRows, _) => {
                Steps::of(&[Length::People, Length::Facts(Kind::Grant)])
            }
            Node::Call(Function::Known | Function::Distinct, args) => args
                .first()
                .map_or_else(Steps::endless, |of| self.length(of)),
            Node::Call(Function::Unless, args) => args
                .last()
                .map_or_else(Steps::endless, |of| self.length(of)),
            Node::Choose(_, then, other) => self.length(then).plus(self.length(other)),
            Node::Let(slot) => self.lets.get(*slot).cloned().unwrap_or_else(Steps::endless),
            _ => Steps::endless(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::eval::Frame;
    use crate::judge::{judge, subjects};
    use crate::{Document, PolicySet, describe};

    #[test]
    fn what_lengths_come_to() {
        let people = Steps::of(&[Length::People]);
        let bills = Steps::of(&[Length::Facts(Kind::MedicalSettlement)]);
        let both = people.clone().plus(people.times(&bills));
        let both = both.plus(Steps::count(7));
        let length = |of| match of {
            Length::People => 3,
            Length::Facts(_) => 100,
        };
        assert_eq!(both.at(length), 3 + 300 + 7);
        assert_eq!(both.times(&both).at(length), 310 * 310);
        let mut deep = Steps::count(1);
        for _ in 0..=FACTORS_MAX {
            deep = deep.times(&people);
        }
        let deep = deep.at(|_| 0);
        assert!(is_beyond(deep), "of what is not followed, nothing is said");
    }

    fn documents(folder: &str) -> Vec<Document> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
        let files = std::fs::read_dir(format!("{root}{folder}")).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let yaml = paths.filter(|path| path.extension().is_some_and(|e| e == "yaml"));
        let read = |path: std::path::PathBuf| Document {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            text: std::fs::read_to_string(path).unwrap(),
        };
        yaml.map(read).collect()
    }

    /// Twelve people of whom everything is known several times over.
    fn family() -> Household {
        let bill = json!({
            "settled_on": "2026-10-01", "care": "inpatient", "total": "900",
            "personal_burden": "300",
        });
        let grant = json!({
            "item": "subsistence", "month": "2026-10", "paid": "650", "status": "paid",
        });
        let one = |n: usize| {
            let facts = json!({
                "identity": [{ "name": format!("甲{n}"), "birth_date": "1990-01-01" }],
                "membership": [{ "kinship": if n == 0 { "head" } else { "child" }, "counted": true }],
                "income": vec![json!({ "class": "wage", "amount_year": "3000" }); 4],
                "vehicle": vec![json!({ "type": "car" }); 3],
                "grant": vec![grant.clone(); 9],
                "medical_settlement": vec![bill.clone(); 20],
            });
            (format!("p{n:03}"), facts)
        };
        let people: serde_json::Map<String, serde_json::Value> = (0..12).map(one).collect();
        let whole = json!({
            "hukou": "320412100",
            "covered": ["civil_register", "medical_settlements", "deaths_police"],
            "months": { "subsistence": "2026-11" },
            "household": {
                "composition": [{ "basis": "verified" }],
                "means_check": [{ "result": "within" }],
                "recognition": [{ "scheme": "marginal" }],
            },
            "people": people,
        });
        describe(&whole, "2026-11-20".parse().unwrap())
            .unwrap()
            .household
    }

    /// Steps of a policy for one subject, and what was foreseen of being asked once.
    fn steps(policy: &Policy, set: &PolicySet, family: &Household) -> Vec<(u64, u64)> {
        let foreseen = of_policy(policy).at(|of| of.within(family));
        let each = subjects(policy, family).into_iter().map(|person| {
            let frame = Frame::new(&policy.lets, set, family, family.on, person);
            judge(policy, &frame).evaluation(policy, &frame);
            (length(frame.steps()), foreseen)
        });
        each.collect()
    }

    /// Where nothing ends early, all that is foreseen is gone through.
    #[test]
    fn lists_inside_lists_are_foreseen_to_the_step() {
        let all = [
            (
                "people.all(p, size(p.medical_settlement) > 0)",
                12 + 12 * 20,
            ),
            (
                "people.all(p, p.medical_settlement.all(a, \
                 p.medical_settlement.all(b, a.total + b.total > yuan(0))))",
                12 + 12 * 20 + 12 * 20 * 20,
            ),
            (
                "people.filter(p, size(p.vehicle) > 0).all(p, \
                 sum(p.medical_settlement.map(b, b.total)) > yuan(0))",
                12 + 12 * 3 + 12 * 20,
            ),
        ];
        for (when, told) in all {
            let frame = include_str!("../tests/rules/support/probe.yaml");
            let policy = Document {
                name: "probe.yaml".to_owned(),
                text: frame.replace("WHEN", &json!(when).to_string()),
            };
            let set = PolicySet::load(&[policy], &[]).unwrap();
            let steps = steps(&set.policies()[0], &set, &family());
            assert_eq!(steps, [(told, told)], "{when}");
        }
    }

    /// Whatever a shipped policy goes through for a family is foreseen.
    #[test]
    fn no_policy_goes_through_more_than_is_foreseen() {
        let set = PolicySet::load(&documents("policies"), &documents("policies/parameters"));
        let (set, family, mut seen) = (set.unwrap(), family(), 0);
        for policy in set.policies() {
            for (steps, foreseen) in steps(policy, &set, &family) {
                assert!(steps <= ASKED * foreseen, "{}: {steps}", policy.id);
                seen += usize::from(steps > 0);
            }
        }
        assert!(seen > 100, "{seen}");
    }
}
