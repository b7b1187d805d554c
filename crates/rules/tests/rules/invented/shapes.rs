//! What an expression of a type can be made of. One table: invented expressions
//! draw from it, and every form in it is fed a value, a missing fact and an error.

use domain::dictionary::{About, FieldType, Kind};

use super::household::KINDS;
use super::tree::{Ty, codes, is_single};
use super::{COUNT, DAYS, MONTHS, PEOPLE, WEEKS, YEARS};
use crate::support::Draws;

/// A form with its parts. A part may see a variable of a type.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// What it is called in the table of what was met.
    pub(super) name: &'static str,
    /// `{0}`, `{1}`, … are the parts, `$v` is the variable.
    pub(super) form: String,
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) ty: Ty,
    pub(super) sees: Option<Ty>,
}

fn shape(name: &'static str, form: &str, parts: &[&Ty]) -> Shape {
    let part = |ty: &&Ty| Part {
        ty: (*ty).clone(),
        sees: None,
    };
    Shape {
        name,
        form: form.to_owned(),
        parts: parts.iter().map(part).collect(),
    }
}

/// `list.name($v, body)`.
fn each(name: &'static str, of: &Ty, body: &Ty) -> Shape {
    let mut shape = shape(
        name,
        &format!("{{0}}.{name}($v, {{1}})"),
        &[&Ty::list(of.clone()), body],
    );
    shape.parts[1].sees = Some(of.clone());
    shape
}

/// A type that values are compared in.
pub(super) fn any_scalar(dice: &mut Draws) -> Ty {
    match dice.below(14) {
        0 => Ty::Bool,
        1 | 2 => Ty::Number(COUNT),
        3 => Ty::Number([MONTHS, DAYS, YEARS, PEOPLE, WEEKS][dice.index(5)]),
        4 | 5 => Ty::Money,
        6 => Ty::Ratio,
        7 | 8 => Ty::Date,
        9 => Ty::Month,
        10 => Ty::Text,
        11 => Ty::Division,
        12 => Ty::Household,
        _ => any_code(dice),
    }
}

/// What a name is bound to.
pub(super) fn any_named(dice: &mut Draws) -> Ty {
    match dice.below(3) {
        0 => any_scalar(dice),
        1 => Ty::list(Ty::Person),
        _ => Ty::list(any_element(dice)),
    }
}

fn any_ordered(dice: &mut Draws) -> Ty {
    loop {
        let ty = any_scalar(dice);
        if ty.is_ordered() {
            return ty;
        }
    }
}

fn any_code(dice: &mut Draws) -> Ty {
    loop {
        let kind = KINDS[dice.index(KINDS.len())];
        let field = &kind.def().fields[dice.index(kind.def().fields.len())];
        if let FieldType::Code(list) = field.ty {
            return Ty::Code(list.name);
        }
    }
}

fn any_listed(dice: &mut Draws) -> Kind {
    loop {
        let kind = KINDS[dice.index(KINDS.len())];
        if !is_single(kind) {
            return kind;
        }
    }
}

/// What a list is walked over.
fn any_element(dice: &mut Draws) -> Ty {
    match dice.below(8) {
        0..=2 => Ty::Person,
        3..=5 => Ty::Item(any_listed(dice)),
        _ => any_scalar(dice),
    }
}

fn owner(kind: Kind) -> Ty {
    match kind.def().about {
        About::Person => Ty::Person,
        About::Household => Ty::Household,
    }
}

/// Every form that yields a type; what is of any type is drawn.
pub(super) fn shapes(ty: &Ty, dice: &mut Draws) -> Vec<Shape> {
    let mut all = vec![shape("?:", "({0} ? {1} : {2})", &[&Ty::Bool, ty, ty])];
    fields(ty, &mut all);
    // Few, for a policy with one is left to the interpreter.
    if !matches!(ty, Ty::List(_)) && dice.below(4) == 0 {
        let list = Ty::list(ty.clone());
        all.push(shape("[i]", "{0}[{1}]", &[&list, &Ty::Number(COUNT)]));
    }
    if ty.is_ordered() {
        for name in ["min", "max"] {
            all.push(shape(name, &format!("{name}({{0}}, {{1}})"), &[ty, ty]));
            let list = Ty::list(ty.clone());
            all.push(shape(name, &format!("{name}({{0}})"), &[&list]));
        }
    }
    match ty {
        Ty::Bool => {
            truths(dice, &mut all);
            comparisons(dice, &mut all);
            of_texts(dice, &mut all);
        }
        Ty::Number(unit) => numbers(ty, unit, dice, &mut all),
        Ty::Money => money(&mut all),
        Ty::Ratio => ratios(&mut all),
        Ty::Date | Ty::Month => times(ty, dice, &mut all),
        Ty::Text => {
            let item = Ty::Item(any_listed(dice));
            all.push(shape("source", "source({0})", &[&item]));
            let (a, b) = (any_scalar(dice), any_scalar(dice));
            all.push(shape("text", "text({0}, {1})", &[&a, &b]));
        }
        Ty::Item(kind) if is_single(*kind) => {
            let form = format!("{{0}}.{}", kind.def().name);
            all.push(shape("subject.kind", &form, &[&owner(*kind)]));
        }
        Ty::Item(_) => all.push(shape("newest", "newest({0})", &[&Ty::list(ty.clone())])),
        Ty::List(of) => lists(ty, of, dice, &mut all),
        Ty::Code(_) | Ty::Division | Ty::Household | Ty::Person => {}
    }
    all
}

/// `item.field` of every field that has the type.
fn fields(ty: &Ty, all: &mut Vec<Shape>) {
    for kind in KINDS {
        let of_type = |field: &&domain::dictionary::FieldDef| Ty::of_field(field.ty) == *ty;
        for field in kind.def().fields.iter().filter(of_type) {
            let form = format!("{{0}}.{}", field.name);
            all.push(shape("item.field", &form, &[&Ty::Item(kind)]));
        }
    }
}

fn truths(dice: &mut Draws, all: &mut Vec<Shape>) {
    let truth = &Ty::Bool;
    for _ in 0..2 {
        all.push(shape("!", "!({0})", &[truth]));
        all.push(shape("&&", "({0} && {1})", &[truth, truth]));
        all.push(shape("||", "({0} || {1})", &[truth, truth]));
        all.push(shape("certain", "certain({0})", &[truth]));
        all.push(shape("unless", "unless({0}, {1})", &[truth, truth]));
        for name in ["exists", "all", "exists_one"] {
            all.push(each(name, &any_element(dice), truth));
        }
        let any = match dice.below(4) {
            0 => Ty::list(any_element(dice)),
            1 => any_element(dice),
            2 => Ty::Person,
            _ => any_scalar(dice),
        };
        all.push(shape("is_known", "is_known({0})", &[&any]));
    }
    let kind = KINDS[dice.index(KINDS.len())];
    let field = kind.def().fields[dice.index(kind.def().fields.len())].name;
    let form = format!("has({{0}}.{field})");
    all.push(shape("has", &form, &[&Ty::Item(kind)]));
    let items = Ty::list(Ty::Item(any_listed(dice)));
    all.push(shape(
        "confirmed",
        "confirmed({0}, {1})",
        &[&items, &Ty::Number(COUNT)],
    ));
    all.push(shape(
        "within_months",
        "within_months({0}, {1})",
        &[&Ty::Date, &Ty::Number(MONTHS)],
    ));
}

/// What is asked of texts.
fn of_texts(dice: &mut Draws, all: &mut Vec<Shape>) {
    let text = &Ty::Text;
    if dice.below(4) > 0 {
        return;
    }
    for name in ["contains", "startsWith", "endsWith"] {
        all.push(shape(name, &format!("{{0}}.{name}({{1}})"), &[text, text]));
    }
    all.push(shape("matches", "{0}.matches('^[ab]+$')", &[text]));
    all.push(shape("matches", "matches({0}, '中.')", &[text]));
}

fn comparisons(dice: &mut Draws, all: &mut Vec<Shape>) {
    for name in ["==", "!="] {
        let ty = if dice.below(6) == 0 {
            Ty::Person
        } else {
            any_scalar(dice)
        };
        all.push(shape(name, &format!("({{0}} {name} {{1}})"), &[&ty, &ty]));
    }
    for name in ["<", "<=", ">", ">="] {
        let ty = any_ordered(dice);
        all.push(shape(name, &format!("({{0}} {name} {{1}})"), &[&ty, &ty]));
    }
    let code = any_code(dice);
    if let Ty::Code(list) = code {
        let entries = codes(list).entries;
        let (a, b) = (entries[0].code, entries[entries.len() - 1].code);
        all.push(shape("==", &format!("({{0}} == '{a}')"), &[&code]));
        all.push(shape("in", &format!("({{0}} in ['{a}', '{b}'])"), &[&code]));
    }
    all.push(shape(">=", "({0} >= '2026-10-31')", &[&Ty::Date]));
    let years = Ty::Number(YEARS);
    all.push(shape("<", "({0} < 60)", &[&years]));
    for of in [any_scalar(dice), Ty::Person] {
        let list = Ty::list(of.clone());
        all.push(shape("in", "({0} in {1})", &[&of, &list]));
    }
}

fn numbers(ty: &Ty, unit: &str, dice: &mut Draws, all: &mut Vec<Shape>) {
    let count = &Ty::Number(COUNT);
    all.push(shape("+", "({0} + {1})", &[ty, ty]));
    all.push(shape("-", "({0} - {1})", &[ty, ty]));
    all.push(shape("%", "({0} % {1})", &[ty, ty]));
    all.push(shape("*", "({0} * {1})", &[count, ty]));
    all.push(shape("-x", "(-({0}))", &[ty]));
    all.push(shape("abs", "abs({0})", &[ty]));
    all.push(shape("sum", "sum({0})", &[&Ty::list(ty.clone())]));
    match unit {
        COUNT => {
            for _ in 0..2 {
                let mut of = any_element(dice);
                if of == Ty::Person {
                    of = Ty::Item(any_listed(dice));
                }
                all.push(shape("size", "size({0})", &[&Ty::list(of)]));
            }
            if dice.below(3) == 0 {
                all.push(shape("size of text", "size({0})", &[&Ty::Text]));
            }
            let items = Ty::list(Ty::Item(any_listed(dice)));
            all.push(shape("sources", "sources({0})", &[&items]));
            all.push(shape("households", "households({0})", &[&Ty::Person]));
        }
        PEOPLE => all.push(shape("size", "size({0})", &[&Ty::list(Ty::Person)])),
        MONTHS => all.push(shape(
            "months_between",
            "months_between({0}, {1})",
            &[&Ty::Month, &Ty::Month],
        )),
        WEEKS => all.push(shape(
            "weeks_between",
            "weeks_between({0}, {1})",
            &[&Ty::Date, &Ty::Date],
        )),
        DAYS => all.push(shape(
            "days_between",
            "days_between({0}, {1})",
            &[&Ty::Date, &Ty::Date],
        )),
        _ => {
            all.push(shape("age", "age({0})", &[&Ty::Person]));
            all.push(shape("age_on", "age_on({0}, {1})", &[&Ty::Date, &Ty::Date]));
        }
    }
}

fn money(all: &mut Vec<Shape>) {
    let (money, count, ratio) = (&Ty::Money, &Ty::Number(COUNT), &Ty::Ratio);
    all.push(shape("+", "({0} + {1})", &[money, money]));
    all.push(shape("-", "({0} - {1})", &[money, money]));
    all.push(shape("*", "({0} * {1})", &[money, count]));
    all.push(shape("*", "({0} * {1})", &[ratio, money]));
    all.push(shape("/", "({0} / {1})", &[money, count]));
    all.push(shape("/", "({0} / {1})", &[money, ratio]));
    all.push(shape("-x", "(-({0}))", &[money]));
    all.push(shape("abs", "abs({0})", &[money]));
    all.push(shape("yuan", "yuan({0})", &[count]));
    all.push(shape("sum", "sum({0})", &[&Ty::list(Ty::Money)]));
}

fn ratios(all: &mut Vec<Shape>) {
    let (money, count, ratio) = (&Ty::Money, &Ty::Number(COUNT), &Ty::Ratio);
    all.push(shape("-x", "(-({0}))", &[ratio]));
    all.push(shape("+", "({0} + {1})", &[ratio, ratio]));
    all.push(shape("-", "({0} - {1})", &[ratio, ratio]));
    all.push(shape("*", "({0} * {1})", &[ratio, ratio]));
    all.push(shape("/", "({0} / {1})", &[ratio, ratio]));
    all.push(shape("/", "({0} / {1})", &[money, money]));
    all.push(shape("/", "({0} / {1})", &[count, count]));
}

fn times(ty: &Ty, dice: &mut Draws, all: &mut Vec<Shape>) {
    let months = &Ty::Number(MONTHS);
    all.push(shape("add_months", "add_months({0}, {1})", &[ty, months]));
    if *ty == Ty::Date {
        let days = &Ty::Number(DAYS);
        all.push(shape("add_days", "add_days({0}, {1})", &[ty, days]));
        all.push(shape("week_of", "week_of({0})", &[ty]));
        let item = Ty::Item(any_listed(dice));
        all.push(shape("told_on", "told_on({0})", &[&item]));
    } else {
        all.push(shape("month_of", "month_of({0})", &[&Ty::Date]));
        let item = Ty::Code("grant_item");
        let form = "latest_covered_month({0})";
        all.push(shape("latest_covered_month", form, &[&item]));
    }
}

fn lists(ty: &Ty, of: &Ty, dice: &mut Draws, all: &mut Vec<Shape>) {
    all.push(each("filter", of, &Ty::Bool));
    all.push(shape("known", "known({0})", &[ty]));
    if !matches!(of, Ty::List(_)) {
        all.push(shape("distinct", "distinct({0})", &[ty]));
        all.push(shape("[]", "[{0}, {1}]", &[of, of]));
        all.push(each("map", &any_element(dice), of));
        all.push(each("map", &Ty::Person, of));
        all.push(each("map", &Ty::Item(any_listed(dice)), of));
    }
    let Ty::Item(kind) = of else { return };
    if !is_single(*kind) {
        let form = format!("{{0}}.{}", kind.def().name);
        all.push(shape("subject.kind", &form, &[&owner(*kind)]));
    }
    if *kind == Kind::Grant {
        for of in [Ty::Person, Ty::Household] {
            let form = "paid_rows({0}, 'subsistence')";
            all.push(shape("paid_rows", form, &[&of]));
        }
        let item = Ty::Code("grant_item");
        let form = "paid_rows({0}, {1})";
        all.push(shape("paid_rows", form, &[&Ty::Person, &item]));
    }
}
