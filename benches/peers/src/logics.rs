//! JSON Logic by `datalogic-rs`, the fastest engine of rules as data we know of.

use bumpalo::Bump;
use datalogic_rs::{DataValue, Engine, Logic};
use serde_json::{Value as Json, json};

use crate::flat::{Figures, Home, UNKNOWN};
use crate::words::{class, filled, schemes};

pub(crate) struct Logics {
    engine: Engine,
    names: Vec<(&'static str, Logic)>,
    policies: Vec<Logic>,
}

fn var(name: &str) -> Json {
    json!({ "var": name })
}

fn not(x: Json) -> Json {
    json!({ "!": [x] })
}

/// An empty list answers "all" with no, so "none not" is asked.
fn all(list: Json, not_so: Json) -> Json {
    not(json!({"some": [list, not_so]}))
}

fn sum(list: Json, of: Json) -> Json {
    json!({"reduce": [{"map": [list, of]}, {"+": [var("accumulator"), var("current")]}, 0]})
}

fn in_list(what: Json, list: &str) -> Json {
    json!({"in": [what, list]})
}

fn unknown_fen() -> Json {
    json!({"===": [var("fen"), null]})
}

fn bills(people: &str) -> Json {
    sum(var(people), bill())
}

fn bill() -> Json {
    let counts = json!({"and": [{">": [var("day"), "$AFTER"]}, {"<=": [var("day"), "$TODAY"]}]});
    sum(json!({"filter": [var("settled"), counts]}), var("fen"))
}

fn names() -> Vec<(&'static str, Json)> {
    let known = || not(unknown_fen());
    let counts = || not(in_list(var("class"), "$EXEMPT"));
    let one_unknown = json!({"and": [unknown_fen(), counts()]});
    let open_or =
        |some: Json| json!({"or": [var("incomes_open"), {"some": [var("incomes"), some]}]});
    let one = json!({"filter": [var("incomes"), {"and": [known(), counts()]}]});
    let total = json!({"filter": [var("incomes"), known()]});
    vec![
        (
            "counted",
            json!({"filter": [var("people"), {"==": [var("deaths"), 0]}]}),
        ),
        ("n", sum(var("counted"), json!(1))),
        (
            "sure",
            all(var("people"), json!({"==": [var("deaths"), 1]})),
        ),
        ("one_known", all(var("counted"), open_or(one_unknown))),
        ("one", sum(var("counted"), sum(one, var("fen")))),
        ("all_known", all(var("counted"), open_or(unknown_fen()))),
        ("total", sum(var("counted"), sum(total, var("fen")))),
        ("bills", bills("counted")),
        (
            "low",
            json!({"some": [var("h.recognised"), in_list(var(""), "$LOW")]}),
        ),
    ]
}

fn policies() -> [Json; 5] {
    let times = |a: &str, b: Json| json!({"*": [a, b]});
    let line = || times("$YEAR", var("n"));
    let extreme = || json!({"in": ["extreme_difficulty", var("h.recognised")]});
    let base = || vec![var("sure"), json!({">": [var("n"), 0]})];
    let within = || json!({"===": [var("h.within"), true]});
    let and = |mut some: Vec<Json>, more: Vec<Json>| {
        some.extend(more);
        json!({ "and": some })
    };
    let excluded = json!({"some": [var("h.recognised"), in_list(var(""), "$EXCLUDED")]});
    let settled_open = || var("settled_open");
    let large = json!({"and": [not(settled_open()), {">": [bill(), "$LARGE"]}]});
    [
        and(
            base(),
            vec![
                not(extreme()),
                var("one_known"),
                json!({"<": [var("one"), line()]}),
                within(),
            ],
        ),
        and(
            base(),
            vec![
                not(extreme()),
                not(var("h.whole_family")),
                var("one_known"),
                json!({">=": [var("one"), line()]}),
                json!({"<": [times("$PER", var("one")), times("$MANY", line())]}),
                within(),
            ],
        ),
        and(
            base(),
            vec![
                not(var("h.recognised_open")),
                not(excluded),
                var("all_known"),
                json!({"<": [var("total"), times("$HEAD", var("n"))]}),
                all(var("counted"), settled_open()),
                json!({">": [times("$OF", var("bills")), times("$SHARE", var("total"))]}),
            ],
        ),
        json!({"and": [var("low"), all(var("people"), settled_open()), {">": [bills("people"), "$BILL"]}]}),
        json!({"and": [not(var("low")), not(var("h.recognised_open")), {"some": [var("people"), large]}]}),
    ]
}

impl Logics {
    pub(crate) fn of(figures: &Figures) -> Logics {
        let engine = Engine::new();
        // A quoted `$NAME` is a number or a list, not a text.
        let compiled = |json: &Json| {
            let bare = unquoted(&json.to_string());
            engine
                .compile(filled(&bare, figures).as_str())
                .expect("an expression")
        };
        let names = names();
        Logics {
            names: names
                .iter()
                .map(|(name, json)| (*name, compiled(json)))
                .collect(),
            policies: policies().iter().map(compiled).collect(),
            engine,
        }
    }

    /// Made of the row and judged.
    pub(crate) fn judge<'a>(&'a self, home: &Home, arena: &'a Bump) -> u8 {
        let mut root = data(home, arena);
        let object = |root: &[(&'a str, DataValue<'a>)]| -> &'a DataValue<'a> {
            arena.alloc(DataValue::Object(arena.alloc_slice_copy(root)))
        };
        for (name, logic) in &self.names {
            let value = self
                .engine
                .evaluate(logic, object(&root), arena)
                .expect("a value");
            root.push((name, *value));
        }
        let data = object(&root);
        let met = |logic: &'a Logic| {
            let value = self.engine.evaluate(logic, data, arena);
            value.is_ok_and(|value| value.as_bool() == Some(true))
        };
        (0..)
            .zip(&self.policies)
            .map(|(n, p)| u8::from(met(p)) << n)
            .sum()
    }
}

/// `"$NAME"` without its quotes.
fn unquoted(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in text.split("\"$").enumerate() {
        if n == 0 {
            out.push_str(part);
            continue;
        }
        out.push('$');
        out.push_str(&part.replacen('"', "", 1));
    }
    out
}

fn data<'a>(home: &Home, arena: &'a Bump) -> Vec<(&'a str, DataValue<'a>)> {
    let list = |values: Vec<DataValue<'a>>| DataValue::Array(arena.alloc_slice_copy(&values));
    let object =
        |fields: &[(&'a str, DataValue<'a>)]| DataValue::Object(arena.alloc_slice_copy(fields));
    let fen = |fen| {
        if fen == UNKNOWN {
            DataValue::Null
        } else {
            DataValue::from_i64(fen)
        }
    };
    let number = |n: i32| DataValue::from_i64(n.into());
    let people = home.people.iter().map(|p| {
        let incomes = p.incomes.iter();
        let incomes = incomes.map(|i| {
            object(&[
                ("class", DataValue::String(class(i.class))),
                ("fen", fen(i.fen)),
            ])
        });
        let settled = p
            .settled
            .iter()
            .map(|s| object(&[("day", number(s.day)), ("fen", fen(s.fen))]));
        object(&[
            ("deaths", number(p.deaths.into())),
            ("incomes", list(incomes.collect())),
            ("incomes_open", DataValue::Bool(p.incomes_open)),
            ("settled", list(settled.collect())),
            ("settled_open", DataValue::Bool(p.settled_open)),
        ])
    });
    let recognised = schemes(home.recognised).into_iter().map(DataValue::String);
    let h = object(&[
        ("recognised", list(recognised.collect())),
        ("recognised_open", DataValue::Bool(home.recognised_open)),
        (
            "within",
            home.within.map_or(DataValue::Null, DataValue::Bool),
        ),
        ("whole_family", DataValue::Bool(home.whole_family)),
    ]);
    vec![("people", list(people.collect())), ("h", h)]
}
