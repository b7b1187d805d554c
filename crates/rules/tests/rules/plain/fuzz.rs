//! Invented expressions over invented facts, told by us and by the interpreter
//! of the crate `cel`, which shares nothing with ours but the parser.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cel::{Context, Env, Program, Value};
use rules::{Plain, PlainProgram};
use serde_json::{Map, Value as Json, json};

/// Numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// A name or a literal.
fn leaf(dice: &mut Dice, kind: char) -> &'static str {
    let leaves: &[&'static str] = match kind {
        'n' => &[
            "i",
            "j",
            "0",
            "1",
            "-3",
            "9223372036854775807",
            "m.a",
            "m.z",
            "x",
        ],
        'b' => &["b", "c", "true", "false", "has(m.a)", "has(m.z)"],
        's' => &["s", "t", "''", "'ab'", "'中文'"],
        _ => &["l", "[]", "[1, 0]", "[i, j]", "k"],
    };
    dice.one(leaves)
}

/// An expression, mostly of the kind that is wanted: n number, b bool, s text, l list.
fn invent(dice: &mut Dice, kind: char, depth: usize) -> String {
    let kind = if dice.below(12) == 0 {
        ['n', 'b', 's', 'l'][dice.below(4)]
    } else {
        kind
    };
    if depth == 0 {
        return leaf(dice, kind).to_owned();
    }
    let mut part = |kind| invent(dice, kind, depth - 1);
    let (n, n2, b, b2, s, s2, l) = (
        part('n'),
        part('n'),
        part('b'),
        part('b'),
        part('s'),
        part('s'),
        part('l'),
    );
    match kind {
        'n' => match dice.below(5) {
            0 => format!("({n} {} {n2})", dice.one(&["+", "-", "*", "/", "%"])),
            1 => format!("-({n})"),
            2 => format!("({b} ? {n} : {n2})"),
            3 => format!("size({})", if dice.below(2) == 0 { l } else { s }),
            _ => format!("{l}[{n}]"),
        },
        'b' => match dice.below(8) {
            0 | 1 => format!("({b} {} {b2})", dice.one(&["&&", "||"])),
            2 => format!("!({b})"),
            3 => format!(
                "({n} {} {n2})",
                dice.one(&["==", "!=", "<", "<=", ">", ">="])
            ),
            4 => format!(
                "({s} {} {s2})",
                dice.one(&["==", "!=", "<", "<=", ">", ">="])
            ),
            5 => format!("({n} in {l})"),
            6 => format!(
                "{s}.{}({s2})",
                dice.one(&["contains", "startsWith", "endsWith"])
            ),
            _ => format!("{l}.{}(i, {b})", dice.one(&["all", "exists", "exists_one"])),
        },
        's' => match dice.below(2) {
            0 => format!("({s} + {s2})"),
            _ => format!("({b} ? {s} : {s2})"),
        },
        _ => match dice.below(4) {
            0 => format!("({l} + [{n}])"),
            1 => format!("{l}.filter(i, {b})"),
            2 => format!("{l}.map(i, {n})"),
            _ => format!("[{n}, {n2}]"),
        },
    }
}

/// Facts of which some are left out.
fn facts(dice: &mut Dice) -> Map<String, Json> {
    let mut facts = Map::new();
    let mut put = |name: &str, of: &[Json]| {
        let at = dice.below(of.len() + 1);
        if let Some(value) = of.get(at) {
            facts.insert(name.to_owned(), value.clone());
        }
    };
    let numbers = [
        json!(0),
        json!(1),
        json!(7),
        json!(-2),
        json!(i64::MAX),
        json!(i64::MIN),
    ];
    for name in ["i", "j", "x"] {
        put(name, &numbers);
    }
    for name in ["b", "c"] {
        put(
            name,
            &[
                json!(true),
                json!(false),
                json!(true),
                json!(false),
                json!(1),
            ],
        );
    }
    for name in ["s", "t"] {
        put(name, &[json!(""), json!("ab"), json!("中"), json!("b")]);
    }
    for name in ["l", "k"] {
        put(
            name,
            &[
                json!([]),
                json!([0, 1]),
                json!([3, 3]),
                json!(["ab", 1, null]),
            ],
        );
    }
    put(
        "m",
        &[json!({ "a": 1 }), json!({ "a": 0, "z": 2 }), json!({})],
    );
    facts
}

fn given(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::Int(int),
            (None, Some(uint)) => Value::UInt(uint),
            (None, None) => Value::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(given).collect())),
        Json::Object(map) => {
            let entries = map.iter().map(|(key, value)| (key.clone(), given(value)));
            entries.collect::<HashMap<String, Value>>().into()
        }
    }
}

fn back(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::UInt(value) => json!(value),
        Value::Float(value) if value.is_nan() => json!("NaN"),
        Value::Float(value) if *value == f64::INFINITY => json!("Infinity"),
        Value::Float(value) if *value == f64::NEG_INFINITY => json!("-Infinity"),
        Value::Float(value) => json!(value),
        Value::String(text) => json!(text.as_str()),
        Value::Bytes(bytes) => json!(STANDARD.encode(bytes.as_slice())),
        Value::List(items) => items.iter().map(back).collect(),
        other => json!(format!("{other:?}")),
    }
}

fn theirs(program: &Program, env: &Arc<Env>, facts: &Map<String, Json>) -> Option<Json> {
    let mut context = Context::with_env(env.clone());
    for (name, value) in facts {
        context.add_variable_from_value(name.as_str(), given(value));
    }
    program.execute(&context).ok().map(|value| back(&value))
}

/// Whether the crate tells another value of an expression, or one where we tell an
/// error, or none where we tell one.
pub(super) fn differs(source: &str, facts: &Json) -> bool {
    let facts = facts.as_object().unwrap();
    let env = Arc::new(Env::stdlib());
    let program = env.compile(source);
    let theirs = program.ok().and_then(|one| theirs(&one, &env, facts));
    match ours(&PlainProgram::compile(source), facts) {
        Plain::Value(value) => theirs != Some(value),
        Plain::Unknown(_) | Plain::Error(_) => theirs.is_some(),
    }
}

/// Ours; a fault found when compiling is a fault over any facts.
fn ours(program: &Result<PlainProgram, Box<rules::Problem>>, facts: &Map<String, Json>) -> Plain {
    match program {
        Ok(program) => program.eval(facts),
        Err(problem) => Plain::Error((**problem).clone()),
    }
}

#[test]
fn two_evaluators_tell_the_same_of_two_hundred_thousand() {
    let seed = 20_261_126;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let env = Arc::new(Env::stdlib());
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for n in 0..5_000 {
        let kind = ['n', 'b', 'b', 's', 'l'][n % 5];
        let depth = 1 + dice.below(3);
        let source = invent(&mut dice, kind, depth);
        let Ok(program) = env.compile(&source) else {
            continue;
        };
        let mine = PlainProgram::compile(&source);
        for _ in 0..50 {
            let facts = facts(&mut dice);
            let (plain, other) = (ours(&mine, &facts), theirs(&program, &env, &facts));
            let (end, same) = match (&plain, &other) {
                (Plain::Value(value), Some(other)) => ("value", value == other),
                (Plain::Value(_), None) => ("value", false),
                (Plain::Unknown(_), other) => ("unknown", other.is_none()),
                (Plain::Error(_), other) => ("error", other.is_none()),
            };
            *ends.entry(end).or_default() += 1;
            if !same && wrong.len() < 12 {
                wrong.push(format!(
                    "{source}\n over {facts:?}\n ours {plain:?}\n theirs {other:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ends.values().sum::<usize>() >= 200_000, "{ends:?}");
    assert!(
        ends.len() == 3 && ends.values().all(|n| *n > 10_000),
        "{ends:?}"
    );
}

/// What is told with facts missing stays told once they come.
#[test]
fn facts_that_come_later_never_turn_an_answer() {
    let seed = 7;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let (mut kept, mut open) = (0, 0);
    for _ in 0..3_000 {
        let source = invent(&mut dice, 'b', 3);
        let Ok(program) = PlainProgram::compile(&source) else {
            continue;
        };
        for _ in 0..10 {
            let few = facts(&mut dice);
            let mut more = facts(&mut dice);
            more.extend(few.clone());
            match (program.eval(&few), program.eval(&more)) {
                (Plain::Value(a), b) => {
                    assert_eq!(Plain::Value(a), b, "{source} {few:?} {more:?}");
                    kept += 1;
                }
                (Plain::Error(_), b) => {
                    assert!(
                        matches!(b, Plain::Error(_)),
                        "{source} {few:?} {more:?} {b:?}"
                    );
                    kept += 1;
                }
                (Plain::Unknown(names), _) => {
                    let root = |name: &String| name.split(['.', '[']).next().unwrap().to_owned();
                    let roots: BTreeSet<String> = names.iter().map(root).collect();
                    assert!(
                        roots.iter().all(|root| !few.contains_key(root)),
                        "{source} {names:?}"
                    );
                    open += 1;
                }
            }
        }
    }
    assert!(kept > 5_000 && open > 3_000, "{kept} {open}");
}

#[test]
fn every_operator_meets_a_value_a_missing_fact_and_an_error_on_each_side() {
    let signs = "+ - * / % == != < <= > >= && || in";
    let env = Arc::new(Env::stdlib());
    let facts = json!({ "n": 2, "f": false, "y": true, "l": [2] });
    let facts = facts.as_object().unwrap();
    let mut met = 0;
    for sign in signs.split(' ') {
        let left: &[&str] = match sign {
            "&&" | "||" => &["f", "y", "gone", "(1 / 0 > 0)"],
            _ => &["n", "gone", "(1 / 0)"],
        };
        let right: &[&str] = match sign {
            "in" => &["l", "gone", "[1 / 0]"],
            _ => left,
        };
        for (a, b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
            let source = format!("{a} {sign} {b}");
            let plain = ours(&PlainProgram::compile(&source), facts);
            let other = theirs(&env.compile(&source).unwrap(), &env, facts);
            match &plain {
                Plain::Value(value) => assert_eq!(Some(value), other.as_ref(), "{source}"),
                Plain::Unknown(names) => {
                    assert_eq!(
                        (names.as_slice(), other),
                        (&["gone".to_owned()][..], None),
                        "{source}"
                    );
                }
                Plain::Error(problem) => {
                    assert_eq!(
                        (problem.code, other),
                        ("cel.division_by_zero", None),
                        "{source}"
                    );
                }
            }
            met += 1;
        }
    }
    assert_eq!(met, 12 * 9 + 2 * 16);
}
