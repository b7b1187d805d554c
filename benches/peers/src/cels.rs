//! The interpreter of the crate `cel`: expressions as in the policy files, with
//! what is not known asked for by name.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map};
use cel::{Context, Program, Value};

use crate::flat::{Figures, Home, UNKNOWN};
use crate::words::{class, filled, schemes};

const NAMES: [(&str, &str); 9] = [
    ("counted", "people.filter(p, p.deaths == 0)"),
    ("n", "size(counted)"),
    ("sure", "people.all(p, p.deaths != 1)"),
    (
        "one_known",
        "counted.all(p, !p.incomes_open && p.incomes.all(i, i.fen != null || i.class in $EXEMPT))",
    ),
    (
        "one",
        "sum(counted.map(p, sum(p.incomes.filter(i, i.fen != null && !(i.class in $EXEMPT)).map(i, i.fen))))",
    ),
    (
        "all_known",
        "counted.all(p, !p.incomes_open && p.incomes.all(i, i.fen != null))",
    ),
    (
        "total",
        "sum(counted.map(p, sum(p.incomes.filter(i, i.fen != null).map(i, i.fen))))",
    ),
    (
        "bills",
        "sum(counted.map(p, sum(p.settled.filter(s, s.day > $AFTER && s.day <= $TODAY).map(s, s.fen))))",
    ),
    ("low", "h.recognised.exists(r, r in $LOW)"),
];

const POLICIES: [&str; 5] = [
    r#"sure && n > 0 && !("extreme_difficulty" in h.recognised) && one_known && one < $YEAR * n && h.within == true"#,
    r#"sure && n > 0 && !("extreme_difficulty" in h.recognised) && !h.whole_family && one_known && one >= $YEAR * n && one * $PER < $YEAR * n * $MANY && h.within == true"#,
    "sure && n > 0 && !h.recognised_open && !h.recognised.exists(r, r in $EXCLUDED) && all_known && total < $HEAD * n && counted.all(p, !p.settled_open) && bills * $OF > total * $SHARE",
    "low && people.all(p, !p.settled_open) && sum(people.map(p, sum(p.settled.filter(s, s.day > $AFTER && s.day <= $TODAY).map(s, s.fen)))) > $BILL",
    "!low && !h.recognised_open && people.exists(p, !p.settled_open && sum(p.settled.filter(s, s.day > $AFTER && s.day <= $TODAY).map(s, s.fen)) > $LARGE)",
];

pub(crate) struct Cels {
    names: Vec<(&'static str, Program)>,
    policies: Vec<Program>,
    keys: HashMap<&'static str, Key>,
}

impl Cels {
    pub(crate) fn of(figures: &Figures) -> Cels {
        let compiled =
            |text: &str| Program::compile(&filled(text, figures)).expect("an expression");
        let keys = [
            "deaths",
            "incomes",
            "incomes_open",
            "settled",
            "settled_open",
            "class",
            "fen",
            "day",
            "recognised",
            "recognised_open",
            "within",
            "whole_family",
        ];
        Cels {
            names: NAMES
                .iter()
                .map(|(name, text)| (*name, compiled(text)))
                .collect(),
            policies: POLICIES.iter().map(|text| compiled(text)).collect(),
            keys: keys
                .iter()
                .map(|k| (*k, Key::String(Arc::new((*k).to_owned()))))
                .collect(),
        }
    }

    /// What the crate's users keep for a thread.
    pub(crate) fn root() -> Context<'static, 'static> {
        let mut root = Context::default();
        let sum = |list: Arc<Vec<Value>>| -> i64 {
            let numbers = list.iter().filter_map(|v| match v {
                Value::Int(n) => Some(*n),
                _ => None,
            });
            numbers.sum()
        };
        root.add_function("sum", sum).expect("a function");
        root
    }

    fn map(&self, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
        let fields = fields
            .into_iter()
            .map(|(name, value)| (self.keys[name].clone(), value));
        Value::Map(Map {
            map: Arc::new(fields.collect()),
        })
    }

    /// Made of the row and judged.
    pub(crate) fn judge(&self, root: &Context<'_, '_>, home: &Home) -> u8 {
        let text = |text: &str| Value::String(Arc::new(text.to_owned()));
        let list = |values: Vec<Value>| Value::List(Arc::new(values));
        let fen = |fen| {
            if fen == UNKNOWN {
                Value::Null
            } else {
                Value::Int(fen)
            }
        };
        let people = home.people.iter().map(|p| {
            let incomes = p.incomes.iter();
            let incomes =
                incomes.map(|i| self.map([("class", text(class(i.class))), ("fen", fen(i.fen))]));
            let settled = p.settled.iter();
            let settled = settled.map(|s| {
                self.map([
                    ("day", Value::Int(s.day.into())),
                    ("fen", Value::Int(s.fen)),
                ])
            });
            self.map([
                ("deaths", Value::Int(p.deaths.into())),
                ("incomes", list(incomes.collect())),
                ("incomes_open", Value::Bool(p.incomes_open)),
                ("settled", list(settled.collect())),
                ("settled_open", Value::Bool(p.settled_open)),
            ])
        });
        let people = list(people.collect());
        let h = self.map([
            (
                "recognised",
                list(schemes(home.recognised).into_iter().map(text).collect()),
            ),
            ("recognised_open", Value::Bool(home.recognised_open)),
            ("within", home.within.map_or(Value::Null, Value::Bool)),
            ("whole_family", Value::Bool(home.whole_family)),
        ]);
        let mut scope = root.new_inner_scope();
        scope.add_variable_from_value("h", h);
        scope.add_variable_from_value("people", people);
        for (name, program) in &self.names {
            let value = program.execute(&scope).expect("a value");
            scope.add_variable_from_value(*name, value);
        }
        let met = |program: &Program| matches!(program.execute(&scope), Ok(Value::Bool(true)));
        (0..)
            .zip(&self.policies)
            .map(|(n, p)| u8::from(met(p)) << n)
            .sum()
    }
}
