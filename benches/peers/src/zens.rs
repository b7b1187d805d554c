//! The expressions of `zen-expression`, without the decision graph around them,
//! which costs more: each asked of a JSON object, as its users do.

use serde_json::{Value as Json, json};
use zen_expression::expression::Standard;
use zen_expression::scope::Scope;
use zen_expression::vm::VM;
use zen_expression::{Expression, Isolate, Variable};

use crate::flat::{Figures, Home, UNKNOWN};
use crate::words::{class, filled, schemes};

const NAMES: [(&str, &str); 9] = [
    ("counted", "filter(people, #.deaths == 0)"),
    ("n", "len(counted)"),
    ("sure", "all(people, #.deaths != 1)"),
    (
        "one_known",
        "all(counted, not #.incomes_open and all(#.incomes, #.fen != null or #.class in $EXEMPT))",
    ),
    (
        "one",
        "sum(map(counted, sum(map(filter(#.incomes, #.fen != null and not (#.class in $EXEMPT)), #.fen))))",
    ),
    (
        "all_known",
        "all(counted, not #.incomes_open and all(#.incomes, #.fen != null))",
    ),
    (
        "total",
        "sum(map(counted, sum(map(filter(#.incomes, #.fen != null), #.fen))))",
    ),
    (
        "bills",
        "sum(map(counted, sum(map(filter(#.settled, #.day > $AFTER and #.day <= $TODAY), #.fen))))",
    ),
    ("low", "some(h.recognised, # in $LOW)"),
];

const POLICIES: [&str; 5] = [
    r#"sure and n > 0 and not ("extreme_difficulty" in h.recognised) and one_known and one < $YEAR * n and h.within == true"#,
    r#"sure and n > 0 and not ("extreme_difficulty" in h.recognised) and not h.whole_family and one_known and one >= $YEAR * n and one * $PER < $YEAR * n * $MANY and h.within == true"#,
    "sure and n > 0 and not h.recognised_open and not some(h.recognised, # in $EXCLUDED) and all_known and total < $HEAD * n and all(counted, not #.settled_open) and bills * $OF > total * $SHARE",
    "low and all(people, not #.settled_open) and sum(map(people, sum(map(filter(#.settled, #.day > $AFTER and #.day <= $TODAY), #.fen)))) > $BILL",
    "not low and not h.recognised_open and some(people, not #.settled_open and sum(map(filter(#.settled, #.day > $AFTER and #.day <= $TODAY), #.fen)) > $LARGE)",
];

pub(crate) struct Zens {
    names: Vec<(&'static str, Expression<Standard>)>,
    policies: Vec<Expression<Standard>>,
}

/// The household as JSON.
fn json(home: &Home) -> Json {
    let fen = |fen| {
        if fen == UNKNOWN {
            Json::Null
        } else {
            json!(fen)
        }
    };
    let people = home.people.iter().map(|p| {
        let incomes = p.incomes.iter();
        let incomes = incomes.map(|i| json!({"class": class(i.class), "fen": fen(i.fen)}));
        let settled = p
            .settled
            .iter()
            .map(|s| json!({"day": s.day, "fen": s.fen}));
        json!({
            "deaths": p.deaths,
            "incomes": incomes.collect::<Vec<_>>(),
            "incomes_open": p.incomes_open,
            "settled": settled.collect::<Vec<_>>(),
            "settled_open": p.settled_open,
        })
    });
    json!({
        "people": people.collect::<Vec<_>>(),
        "h": {
            "recognised": schemes(home.recognised),
            "recognised_open": home.recognised_open,
            "within": home.within,
            "whole_family": home.whole_family,
        },
    })
}

impl Zens {
    pub(crate) fn of(figures: &Figures) -> Zens {
        let mut isolate = Isolate::new();
        let mut compiled = |text: &str| {
            isolate
                .compile_standard(&filled(text, figures))
                .expect("an expression")
        };
        Zens {
            names: NAMES
                .iter()
                .map(|(name, text)| (*name, compiled(text)))
                .collect(),
            policies: POLICIES.iter().map(|text| compiled(text)).collect(),
        }
    }

    /// Made of the row and judged.
    pub(crate) fn judge(&self, vm: &mut VM, home: &Home) -> u8 {
        let mut scope = Scope::new(Variable::from(json(home)));
        for (name, expression) in &self.names {
            let value = expression.evaluate_with_scope(&scope, vm).expect("a value");
            scope.set_local(Variable::key(name), value);
        }
        let mut met = |e: &Expression<Standard>| {
            matches!(e.evaluate_with_scope(&scope, vm), Ok(Variable::Bool(true)))
        };
        (0..)
            .zip(&self.policies)
            .map(|(n, p)| u8::from(met(p)) << n)
            .sum()
    }
}
