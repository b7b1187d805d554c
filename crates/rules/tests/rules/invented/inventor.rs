//! Invents well-typed expressions, and operands that are a value, missing or an
//! error.

use domain::dictionary::{About, Kind};

use super::household::KINDS;
use super::shapes::{Shape, shapes};
use super::tree::{Tree, Ty, is_single};
use super::{COUNT, DAYS, MONTHS, PEOPLE, WEEKS, YEARS};
use crate::support::Draws;

/// What an operand comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Value,
    Missing,
    Error,
}

pub(super) const STATES: [State; 3] = [State::Value, State::Missing, State::Error];

pub(super) struct Inventor<'d> {
    pub(super) dice: &'d mut Draws,
    /// Variables in scope.
    vars: Vec<(String, Ty)>,
    /// The policy is about a person.
    person: bool,
    /// Whom the policies before it are about: a person, or the household.
    pub(super) others: Vec<bool>,
    names: usize,
}

impl Inventor<'_> {
    pub(super) fn new(dice: &mut Draws, person: bool) -> Inventor<'_> {
        Inventor {
            dice,
            vars: Vec::new(),
            person,
            others: Vec::new(),
            names: 0,
        }
    }

    /// A name that is in scope from now on.
    pub(super) fn name(&mut self, name: &str, ty: Ty) {
        self.vars.push((name.to_owned(), ty));
    }

    /// An expression of a type with up to so many levels.
    pub(super) fn tree(&mut self, ty: &Ty, depth: usize) -> Tree {
        if depth == 0 {
            return self.leaf(ty);
        }
        let all = shapes(ty, self.dice);
        // Fields are many: a form is drawn by its name first.
        let mut names: Vec<&str> = all.iter().map(|shape| shape.name).collect();
        names.dedup();
        let name = names[self.dice.index(names.len())];
        let named: Vec<&Shape> = all.iter().filter(|shape| shape.name == name).collect();
        let shape = named[self.dice.index(named.len())].clone();
        self.filled(ty, &shape, depth, None)
    }

    /// A form with its parts invented; one of them may be given.
    pub(super) fn filled(
        &mut self,
        ty: &Ty,
        shape: &Shape,
        depth: usize,
        given: Option<(usize, &Tree)>,
    ) -> Tree {
        let variable = format!("v{}", self.names);
        self.names += 1;
        let mut parts = Vec::new();
        for (at, part) in shape.parts.iter().enumerate() {
            if let Some((_, tree)) = given.filter(|(place, _)| *place == at) {
                parts.push(tree.clone());
                continue;
            }
            let less = self.dice.index(depth.max(1));
            if let Some(ty) = &part.sees {
                self.vars.push((variable.clone(), ty.clone()));
            }
            parts.push(self.tree(&part.ty, less));
            if part.sees.is_some() {
                self.vars.pop();
            }
        }
        Tree {
            ty: ty.clone(),
            form: shape.form.replace("$v", &variable),
            parts,
        }
    }

    /// What has no parts. A variable in scope is the likeliest.
    fn leaf(&mut self, ty: &Ty) -> Tree {
        let of_type = |(_, known): &&(String, Ty)| known == ty;
        let vars: Vec<String> = self
            .vars
            .iter()
            .filter(of_type)
            .map(|(name, _)| name.clone())
            .collect();
        if !vars.is_empty() && self.dice.below(8) > 0 {
            return Tree::leaf(ty.clone(), vars[self.dice.index(vars.len())].clone());
        }
        if *ty == Ty::Bool && !self.others.is_empty() && self.dice.below(4) == 0 {
            let other = self.dice.index(self.others.len());
            let of = if self.others[other] {
                let depth = self.dice.index(2);
                self.tree(&Ty::Person, depth)
            } else {
                Tree::leaf(Ty::Household, "household")
            };
            return Tree {
                ty: Ty::Bool,
                form: format!("{{0}}.verdict('p{other}')"),
                parts: vec![of],
            };
        }
        if self.dice.below(3) > 0
            && let Some(tree) = self.field(ty)
        {
            return tree;
        }
        let text = self.plain(ty);
        Tree::leaf(ty.clone(), text)
    }

    /// A field of a variable in scope, of a person or of the household.
    fn field(&mut self, ty: &Ty) -> Option<Tree> {
        let mut all: Vec<String> = Vec::new();
        let someone = self.someone();
        for (name, of) in &self.vars {
            if let Ty::Item(kind) = of {
                let fields = kind.def().fields.iter();
                let fields = fields.filter(|f| Ty::of_field(f.ty) == *ty);
                all.extend(fields.map(|f| format!("{name}.{}", f.name)));
            }
        }
        if all.is_empty() || self.dice.below(3) == 0 {
            for kind in KINDS {
                let item = one(kind, &someone);
                let fields = kind.def().fields.iter();
                let fields = fields.filter(|f| Ty::of_field(f.ty) == *ty);
                all.extend(fields.map(|f| format!("{item}.{}", f.name)));
            }
        }
        if all.is_empty() {
            return None;
        }
        let at = self.dice.index(all.len());
        Some(Tree::leaf(ty.clone(), all.swap_remove(at)))
    }

    /// A person: a variable when there is one.
    fn someone(&mut self) -> String {
        let people = self.vars.iter().filter(|(_, ty)| *ty == Ty::Person);
        let people: Vec<&String> = people.map(|(name, _)| name).collect();
        if people.is_empty() || self.dice.below(6) == 0 {
            let known = if self.person && self.dice.below(3) > 0 {
                "person"
            } else {
                "head"
            };
            return known.to_owned();
        }
        people[self.dice.index(people.len())].clone()
    }

    fn pick(&mut self, of: &[&str]) -> String {
        of[self.dice.index(of.len())].to_owned()
    }

    fn plain(&mut self, ty: &Ty) -> String {
        match ty {
            Ty::Bool => self.pick(&["true", "false", "param.flag", "param.flag_unset"]),
            Ty::Number(COUNT) => self.pick(&[
                "0",
                "1",
                "2",
                "-3",
                "100",
                "9223372036854775807",
                "param.count",
                "param.count_unset",
                "param.count_of_some",
            ]),
            Ty::Number(PEOPLE) => self.pick(&["size(members)", "size(people)"]),
            Ty::Number(MONTHS) => self.pick(&["param.months", "param.months_unset"]),
            Ty::Number(DAYS) => self.pick(&["param.days", "days_between(on, '2026-11-01')"]),
            Ty::Number(WEEKS) => "weeks_between('2026-10-01', on)".to_owned(),
            Ty::Number(_) => {
                let someone = self.someone();
                let age = format!("age({someone})");
                self.pick(&[&age, "param.years"])
            }
            Ty::Money => self.pick(&[
                "yuan(1)",
                "yuan(-30)",
                "yuan(0)",
                "param.money",
                "param.money_unset",
                "param.money_of_some",
            ]),
            Ty::Ratio => self.pick(&["param.ratio", "param.ratio_unset", "(1 / 3)", "(0 / 2)"]),
            Ty::Date => self.pick(&["on", "param.date", "add_days(on, -30)"]),
            Ty::Month => self.pick(&["month_of(on)", "latest_covered_month('subsistence')"]),
            Ty::Text => self.pick(&["'a'", "'中文'", "param.words", "text(on)"]),
            Ty::Division => self.pick(&["hukou", "residence"]),
            Ty::Household => "household".to_owned(),
            Ty::Person => self.someone(),
            Ty::Code(_) => self.field(ty).unwrap().form,
            Ty::Item(kind) => {
                let someone = self.someone();
                one(*kind, &someone)
            }
            Ty::List(of) => self.listed(of),
        }
    }

    fn listed(&mut self, of: &Ty) -> String {
        match of {
            Ty::Person => self.pick(&["members", "people"]),
            Ty::Item(kind) if !is_single(*kind) => {
                let someone = self.someone();
                format!("{}.{}", subject(*kind, &someone), kind.def().name)
            }
            Ty::Code("scheme") if self.dice.below(2) == 0 => {
                self.pick(&["param.codes", "param.codes_unset"])
            }
            _ => {
                let variable = format!("v{}", self.names);
                self.names += 1;
                if self.dice.below(4) == 0 && !matches!(of, Ty::Item(_)) {
                    return format!("[{}]", self.plain(of));
                }
                self.vars.push((variable.clone(), Ty::Person));
                let body = self.leaf(of).text();
                self.vars.pop();
                format!("members.map({variable}, {body})")
            }
        }
    }

    /// An operand of a type that comes to what is wanted in most households, or
    /// at least in some.
    pub(super) fn operand(&mut self, ty: &Ty, state: State) -> Tree {
        let tree = |text: String| Tree::leaf(ty.clone(), text);
        match state {
            State::Value => match ty {
                Ty::Code(_) | Ty::Text | Ty::Division => self.tree(ty, 0),
                _ => tree(self.sure(ty)),
            },
            State::Missing => match ty {
                Ty::Bool => tree("param.flag_unset".to_owned()),
                Ty::Number(COUNT) => tree("param.count_unset".to_owned()),
                Ty::Number(MONTHS) => tree("param.months_unset".to_owned()),
                Ty::Number(DAYS) => tree("param.days_unset".to_owned()),
                Ty::Number(YEARS) => tree("param.years_unset".to_owned()),
                Ty::Money => tree("param.money_unset".to_owned()),
                Ty::Ratio => tree("param.ratio_unset".to_owned()),
                Ty::Code("grant_item") | Ty::Item(_) | Ty::List(_) | Ty::Person => self.tree(ty, 1),
                _ => {
                    let field = self.field(ty);
                    field.unwrap_or_else(|| self.tree(ty, 1))
                }
            },
            State::Error => tree(error(ty)),
        }
    }

    /// What is known in most households.
    fn sure(&mut self, ty: &Ty) -> String {
        let text = match ty {
            Ty::Bool => return self.pick(&["true", "false", "param.flag"]),
            Ty::Number(COUNT) => return self.pick(&["0", "1", "2", "param.count"]),
            Ty::Number(MONTHS) => "param.months",
            Ty::Money => return self.pick(&["yuan(1)", "param.money"]),
            Ty::Ratio => "param.ratio",
            Ty::Date => return self.pick(&["on", "param.date"]),
            Ty::Month => "month_of(on)",
            Ty::Person => return self.someone(),
            _ => return self.plain(ty),
        };
        text.to_owned()
    }
}

/// An operand that is an error wherever there is anybody.
fn error(ty: &Ty) -> String {
    let number = "(9223372036854775807 + 1)";
    match ty {
        Ty::Bool => format!("({number} > 0)"),
        Ty::Number(COUNT) => number.to_owned(),
        Ty::Number(PEOPLE) => {
            format!("({number} * size(people))")
        }
        Ty::Number(MONTHS) => format!("({number} * param.months)"),
        Ty::Number(DAYS) => format!("({number} * param.days)"),
        Ty::Number(WEEKS) => format!("({number} * weeks_between(on, on))"),
        Ty::Number(_) => "min(people.filter(v, false).map(v, age(v)))".to_owned(),
        Ty::Money => "(yuan(1) / 0)".to_owned(),
        Ty::Ratio => "(1 / 0)".to_owned(),
        Ty::Date => "add_days(on, 9999999)".to_owned(),
        Ty::Month => "add_months(month_of(on), 9999999)".to_owned(),
        Ty::Item(kind) if !is_single(*kind) => {
            let owner = subject(*kind, "head");
            let name = kind.def().name;
            format!("newest({owner}.{name}.filter(v, false))")
        }
        Ty::Item(kind) => {
            let owner = match kind.def().about {
                About::Person => error(&Ty::Person),
                About::Household => error(&Ty::Household),
            };
            format!("{owner}.{}", kind.def().name)
        }
        Ty::List(of) => match &**of {
            Ty::Person => format!("people.filter(v, {number} > 0)"),
            Ty::Item(kind) if !is_single(*kind) => {
                let owner = subject(*kind, "head");
                let name = kind.def().name;
                format!("{owner}.{name}.filter(v, {number} > 0)")
            }
            of => format!("people.map(v, {})", error(of)),
        },
        _ => {
            let (kind, field) = having(ty);
            format!("{}.{field}", error(&Ty::Item(kind)))
        }
    }
}

/// A field of a type, of a kind of which there are many when there is one.
fn having(ty: &Ty) -> (Kind, &'static str) {
    let many = KINDS.into_iter().filter(|kind| !is_single(*kind));
    let mut found = many.chain(KINDS).filter_map(|kind| {
        let mut fields = kind.def().fields.iter();
        let field = fields.find(|field| Ty::of_field(field.ty) == *ty)?;
        Some((kind, field.name))
    });
    found.next().unwrap()
}

fn subject(kind: Kind, someone: &str) -> String {
    match kind.def().about {
        About::Person => someone.to_owned(),
        About::Household => "household".to_owned(),
    }
}

/// One item of a kind.
fn one(kind: Kind, someone: &str) -> String {
    let (owner, name) = (subject(kind, someone), kind.def().name);
    if is_single(kind) {
        format!("{owner}.{name}")
    } else {
        format!("newest({owner}.{name})")
    }
}
