//! From a checked expression to operations of the graph.
//!
//! What has no form here yet is [`Unfit`]: its policy is left to the row
//! interpreter, which is the judge of what an expression means.

use domain::dictionary::{FieldId, FieldType, Kind};

use super::graph::{
    Axis, AxisId, AxisKind, Column, F, Fold, Graph, HOUSEHOLDS, Id, ItemColumn, Lane, Op, PEOPLE,
    SpaceId, T, U,
};
use super::lower_verdict::Lowered as Verdicts;
use super::names::code_number;
use crate::expr::{Each, Expr, Function, Name, Node, Relation};
use crate::types::{Type, is_single};

/// An expression the graph has no operations for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unfit(pub(crate) &'static str);

/// A lowered value.
#[derive(Clone, Debug)]
pub(crate) enum Low {
    Trit(Id),
    /// Dates, months, codes, texts and households: compared by number.
    Narrow(Id),
    /// Whole numbers and divisions.
    Wide(Id),
    /// Fen or a ratio: what is above the line, and below it when not one.
    Amount(Id, Option<Id>),
    /// A person of the household by lane.
    Person(Id),
    /// The household.
    Household(Id),
    /// The one item of a kind of a person, or of the household.
    Single(Kind, Option<Id>),
    /// An item of a list.
    Item(Kind, Id),
    List(List),
    /// Codes of a parameter.
    Codes(String),
    /// Values written out.
    Written(Vec<Low>),
}

/// A list: the elements of an axis that belong to it.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) axis: AxisId,
    pub(crate) mask: Id,
    pub(crate) value: Box<Low>,
    /// Unknown where there may be more elements.
    pub(crate) open: Id,
    /// Unknown where there is no list to speak of.
    pub(crate) lost: Id,
}

/// Lowers the expressions of one policy.
pub(crate) struct Lower<'p, 'g> {
    pub(crate) graph: &'g mut Graph,
    pub(crate) lets: &'p [Expr],
    pub(crate) bound: Vec<Option<Result<Low, Unfit>>>,
    pub(crate) locals: Vec<Low>,
    /// The lane of the person a policy about persons is about.
    pub(crate) person: Option<Id>,
    /// Axes whose variables are in scope.
    pub(crate) open_axes: Vec<AxisId>,
    /// Verdicts of other policies.
    pub(crate) verdicts: &'p Verdicts,
}

pub(crate) type Lowered = Result<Low, Unfit>;

impl<'p, 'g> Lower<'p, 'g> {
    pub(crate) fn new(
        graph: &'g mut Graph,
        lets: &'p [Expr],
        about_person: bool,
        verdicts: &'p Verdicts,
    ) -> Lower<'p, 'g> {
        let mut lower = Lower {
            graph,
            lets,
            bound: vec![None; lets.len()],
            locals: Vec::new(),
            person: None,
            open_axes: Vec::new(),
            verdicts,
        };
        if about_person {
            lower.person = Some(lower.element(PEOPLE));
            lower.open_axes.push(PEOPLE);
        }
        lower
    }

    /// A truth value.
    pub(crate) fn truth(&mut self, expr: &'p Expr) -> Result<Id, Unfit> {
        match self.expr(expr)? {
            Low::Trit(id) => Ok(id),
            _ => Err(Unfit("not a truth value")),
        }
    }

    pub(crate) fn expr(&mut self, expr: &'p Expr) -> Lowered {
        match &expr.node {
            Node::Bool(value) => Ok(Low::Trit(self.trit(if *value { T } else { F }))),
            Node::Int(n) => Ok(Low::Wide(self.wide(*n))),
            Node::Verdict(of, asked) => {
                let of = self.expr(of)?;
                self.verdict(&of, asked).map(Low::Trit)
            }
            Node::Text(_) | Node::Matches(..) => Err(Unfit("text")),
            Node::Code(code) => Ok(Low::Narrow(self.narrow(code_number(code)))),
            Node::Date(date) => Ok(Low::Narrow(self.narrow(super::dates::pack(*date)))),
            Node::Name(name) => self.named(*name),
            Node::Let(slot) => self.named_value(*slot),
            Node::Local(slot) => Ok(self.locals[*slot].clone()),
            Node::Param(key) => self.parameter(key, &expr.ty),
            Node::Kind(of, kind) => {
                let of = self.expr(of)?;
                self.facts(&of, *kind)
            }
            Node::Field(of, field) => {
                let of = self.expr(of)?;
                self.field(&of, *field)
            }
            Node::IsKnown(inner) => {
                let inner = self.expr(inner)?;
                self.known(&inner).map(Low::Trit)
            }
            Node::Not(inner) => {
                let inner = self.truth(inner)?;
                Ok(Low::Trit(self.unary(Op::Not, inner, Lane::Trit)))
            }
            Node::And(left, right) => {
                let (left, right) = (self.truth(left)?, self.truth(right)?);
                Ok(Low::Trit(self.and(left, right)))
            }
            Node::Or(left, right) => {
                let (left, right) = (self.truth(left)?, self.truth(right)?);
                Ok(Low::Trit(self.or(left, right)))
            }
            Node::Compare(relation, left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                self.compared(*relation, &left, &right).map(Low::Trit)
            }
            Node::Arithmetic(operation, left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                self.computed(*operation, &expr.ty, &left, &right)
            }
            Node::Choose(when, then, other) => {
                let when = self.truth(when)?;
                let (then, other) = (self.expr(then)?, self.expr(other)?);
                self.chosen(when, &then, &other)
            }
            Node::In(item, list) => {
                let (item, list) = (self.expr(item)?, self.expr(list)?);
                self.contained(&item, &list).map(Low::Trit)
            }
            Node::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.expr(item)).collect();
                items.map(Low::Written)
            }
            Node::Each(how, list, body) => match self.expr(list)? {
                Low::List(list) => self.each(*how, list, body),
                _ => Err(Unfit("each of a list that is written out")),
            },
            Node::Call(Function::AddMonths, args) => self.months_added(&expr.ty, args),
            Node::Call(function, args) => self.call(*function, args),
        }
    }

    fn months_added(&mut self, ty: &Type, args: &'p [Expr]) -> Lowered {
        let [of, months] = args else {
            return Err(Unfit("months added to what"));
        };
        let (Low::Narrow(of), Low::Wide(months)) = (self.expr(of)?, self.expr(months)?) else {
            return Err(Unfit("months added to what"));
        };
        Ok(self.moved(matches!(ty, Type::Month), of, months))
    }

    fn named_value(&mut self, slot: usize) -> Lowered {
        if let Some(done) = &self.bound[slot] {
            return done.clone();
        }
        // A name sees no variables of where it is used.
        let locals = std::mem::take(&mut self.locals);
        let mut walked = std::mem::take(&mut self.open_axes);
        if self.person.is_some() {
            self.open_axes.push(PEOPLE);
        }
        let lets = self.lets;
        let done = self.expr(&lets[slot]);
        self.locals = locals;
        std::mem::swap(&mut self.open_axes, &mut walked);
        self.bound[slot] = Some(done.clone());
        done
    }

    fn named(&mut self, name: Name) -> Lowered {
        Ok(match name {
            Name::On => Low::Narrow(self.graph.push(Op::On, Lane::Narrow, HOUSEHOLDS)),
            Name::Household => Low::Household(self.of_household(Column::Unit, Lane::Narrow)),
            Name::Members => self.people(true),
            Name::People => self.people(false),
            Name::Person => Low::Person(self.person.ok_or(Unfit("no person"))?),
            Name::Head => Low::Person(self.of_household(Column::Head, Lane::Narrow)),
            Name::Hukou => Low::Wide(self.of_household(Column::Hukou, Lane::Wide)),
            Name::Residence => Low::Wide(self.of_household(Column::Residence, Lane::Wide)),
        })
    }

    fn people(&mut self, members_only: bool) -> Low {
        let lane = self.element(PEOPLE);
        let mask = if members_only {
            self.of_person(Column::Member, lane, Lane::Trit, F)
        } else {
            self.trit(T)
        };
        Low::List(List {
            axis: PEOPLE,
            mask,
            value: Box::new(Low::Person(lane)),
            open: self.of_household(Column::MorePeople, Lane::Trit),
            lost: self.trit(F),
        })
    }

    fn parameter(&mut self, key: &str, ty: &Type) -> Lowered {
        let key = key.to_owned();
        let lane = match ty {
            Type::Bool => Lane::Trit,
            Type::Date => Lane::Narrow,
            Type::Number(_) | Type::Money | Type::Ratio => Lane::Wide,
            Type::List(_) => return Ok(Low::Codes(key)),
            _ => return Err(Unfit("a parameter of text")),
        };
        let id = self.graph.push(Op::Param(key.clone()), lane, HOUSEHOLDS);
        Ok(match ty {
            Type::Bool => Low::Trit(id),
            Type::Date => Low::Narrow(id),
            Type::Number(_) => Low::Wide(id),
            Type::Money => Low::Amount(id, None),
            _ => {
                let below = self.graph.push(Op::ParamBelow(key), Lane::Wide, HOUSEHOLDS);
                Low::Amount(id, Some(below))
            }
        })
    }

    pub(crate) fn facts(&mut self, of: &Low, kind: Kind) -> Lowered {
        let single = is_single(kind);
        match of {
            Low::Person(lane) if single => Ok(Low::Single(kind, Some(*lane))),
            Low::Household(id) if single => {
                self.this_household(*id)?;
                Ok(Low::Single(kind, None))
            }
            Low::Person(lane) => Ok(Low::List(self.items_of(*lane, kind))),
            Low::Household(id) => {
                self.this_household(*id)?;
                let axis = self.graph.add_axis(Axis {
                    kind: AxisKind::OfHousehold(kind),
                    base: HOUSEHOLDS,
                    again: 0,
                });
                let value = self.element(axis);
                Ok(Low::List(List {
                    axis,
                    mask: self.trit(T),
                    value: Box::new(Low::Item(kind, value)),
                    open: self.of_household(Column::Open(kind), Lane::Trit),
                    lost: self.trit(F),
                }))
            }
            _ => Err(Unfit("facts of what is neither person nor household")),
        }
    }

    /// Columns hold one household's facts: of another, as a record may name it,
    /// nothing is known.
    pub(crate) fn this_household(&self, id: Id) -> Result<(), Unfit> {
        match self.graph.node(id).op {
            Op::Household(Column::Unit) => Ok(()),
            _ => Err(Unfit("facts of a household that a record names")),
        }
    }

    pub(crate) fn items_of(&mut self, lane: Id, kind: Kind) -> List {
        let base = self.graph.space_of(lane);
        let axis = self.graph.add_axis(Axis {
            kind: AxisKind::OfPerson(kind, lane),
            base,
            again: 0,
        });
        let value = self.element(axis);
        List {
            axis,
            mask: self.trit(T),
            value: Box::new(Low::Item(kind, value)),
            open: self.of_person(Column::Open(kind), lane, Lane::Trit, F),
            lost: self.nobody(lane),
        }
    }

    /// Unknown where the person is not in view.
    fn nobody(&mut self, lane: Id) -> Id {
        if matches!(self.graph.node(lane).op, Op::Element(_)) {
            return self.trit(F);
        }
        let nought = self.narrow(0);
        let known = self.unary(Op::Known, lane, Lane::Trit);
        let before = self.compare(Relation::Less, lane, nought);
        let outside = self.unary(Op::Certain, before, Lane::Trit);
        let unknown = self.unary(Op::Not, known, Lane::Trit);
        let gone = self.or(outside, unknown);
        self.unknown_where(gone)
    }

    /// Unknown where true, false elsewhere.
    pub(crate) fn unknown_where(&mut self, id: Id) -> Id {
        let unknown = self.trit(U);
        let space = self.graph.space_of(id);
        let unknown = self.graph.lift(unknown, space);
        self.graph.push(Op::And(id, unknown), Lane::Trit, space)
    }

    fn field(&mut self, of: &Low, field: FieldId) -> Lowered {
        let lane = lane_of(field);
        let id = match of {
            Low::Single(_, None) => self.of_household(Column::Field(field), lane),
            Low::Single(_, Some(person)) => self.of_person(Column::Field(field), *person, lane, U),
            Low::Item(kind, element) => {
                let space = self.graph.space_of(*element);
                let op = Op::Item(*kind, ItemColumn::Field(field), *element);
                self.graph.push(op, lane, space)
            }
            _ => return Err(Unfit("a field of what is not an item")),
        };
        Ok(match field.def().ty {
            FieldType::Flag => Low::Trit(id),
            FieldType::Money => Low::Amount(id, None),
            FieldType::Count | FieldType::Months | FieldType::Division => Low::Wide(id),
            FieldType::Person => Low::Person(id),
            FieldType::Household => Low::Household(id),
            FieldType::Text | FieldType::Code(_) | FieldType::Date | FieldType::Month => {
                Low::Narrow(id)
            }
        })
    }

    pub(crate) fn known(&mut self, value: &Low) -> Result<Id, Unfit> {
        Ok(match value {
            Low::Trit(id)
            | Low::Narrow(id)
            | Low::Wide(id)
            | Low::Person(id)
            | Low::Household(id)
            | Low::Item(_, id) => self.unary(Op::Known, *id, Lane::Trit),
            Low::Amount(above, None) => self.unary(Op::Known, *above, Lane::Trit),
            Low::Amount(above, Some(below)) => {
                let above = self.unary(Op::Known, *above, Lane::Trit);
                let below = self.unary(Op::Known, *below, Lane::Trit);
                self.and(above, below)
            }
            Low::Single(kind, None) => self.of_household(Column::Has(*kind), Lane::Trit),
            Low::Single(kind, Some(person)) => {
                self.of_person(Column::Has(*kind), *person, Lane::Trit, F)
            }
            Low::List(list) => {
                let holes = self.holes(list)?;
                let whole = self.unary(Op::Not, holes, Lane::Trit);
                self.unary(Op::Certain, whole, Lane::Trit)
            }
            Low::Codes(_) | Low::Written(_) => return Err(Unfit("is_known of written values")),
        })
    }

    fn each(&mut self, how: Each, list: List, body: &'p Expr) -> Lowered {
        let list = self.apart(list);
        let axis = list.axis;
        self.locals.push((*list.value).clone());
        self.open_axes.push(axis);
        let value = self.expr(body);
        self.open_axes.pop();
        self.locals.pop();
        let value = value?;
        match how {
            Each::Map => Ok(Low::List(List {
                value: Box::new(value),
                ..list
            })),
            Each::Filter => {
                let Low::Trit(holds) = value else {
                    return Err(Unfit("filter by no truth value"));
                };
                let mask = self.and(list.mask, holds);
                Ok(Low::List(List { mask, ..list }))
            }
            Each::Exists | Each::All | Each::ExistsOne => {
                let Low::Trit(holds) = value else {
                    return Err(Unfit("each of no truth value"));
                };
                let sought = match how {
                    Each::All => self.unary(Op::Not, holds, Lane::Trit),
                    _ => holds,
                };
                let among = self.and(list.mask, sought);
                let fold = match how {
                    Each::ExistsOne => Fold::One,
                    _ => Fold::Any,
                };
                let found = self.fold(fold, &list, among)?;
                // More elements may be the sought one: for one of them, a second.
                let found = match how {
                    Each::ExistsOne => self.one_of_more(found, &list, among)?,
                    _ => self.or(found, list.open),
                };
                let found = self.unless(found, list.lost);
                Ok(Low::Trit(match how {
                    Each::All => self.unary(Op::Not, found, Lane::Trit),
                    _ => found,
                }))
            }
        }
    }

    /// Where the list is open, two found are still too many; less is unknown.
    fn one_of_more(&mut self, found: Id, list: &List, among: Id) -> Result<Id, Unfit> {
        let any = self.fold(Fold::Any, list, among)?;
        let none_found = self.unary(Op::Not, found, Lane::Trit);
        let refuted = self.unary(Op::Certain, none_found, Lane::Trit);
        let some = self.unary(Op::Certain, any, Lane::Trit);
        let too_many = self.and(refuted, some);
        let unsure = self.trit(U);
        let no = self.trit(F);
        let open = self.choose_open(list.open);
        let when_open = self.choose(too_many, no, unsure);
        Ok(self.choose(open, when_open, found))
    }

    /// True where unknown, false where false.
    fn choose_open(&mut self, open: Id) -> Id {
        let known = self.unary(Op::Known, open, Lane::Trit);
        self.unary(Op::Not, known, Lane::Trit)
    }

    /// Folds a truth value over the list's axis.
    pub(crate) fn fold(&mut self, fold: Fold, list: &List, value: Id) -> Result<Id, Unfit> {
        let always = self.trit(T);
        self.folded(fold, list, always, value)
    }

    /// Folds a value of what belongs to the list.
    pub(crate) fn folded(
        &mut self,
        fold: Fold,
        list: &List,
        mask: Id,
        value: Id,
    ) -> Result<Id, Unfit> {
        let spanned = self.graph.spanned(list.axis);
        let (a, b) = (self.graph.space_of(mask), self.graph.space_of(value));
        let space = self.graph.join(a, b);
        let space = self.graph.join(space, spanned);
        let (mask, value) = (self.graph.lift(mask, space), self.graph.lift(value, space));
        let onto = self.graph.without(space, list.axis);
        self.closed(onto)?;
        let lane = match fold {
            Fold::Any | Fold::One | Fold::Holes => Lane::Trit,
            Fold::Count | Fold::Bits | Fold::Sum => Lane::Wide,
            Fold::Least | Fold::Greatest => self.graph.node(value).lane,
        };
        let op = Op::Fold(fold, list.axis, mask, value);
        Ok(self.graph.push(op, lane, onto))
    }

    /// Every axis that is left must still have what its lists hang from.
    pub(crate) fn closed(&self, space: SpaceId) -> Result<(), Unfit> {
        let axes = self.graph.axes_of(space);
        let holds = axes.iter().all(|axis| {
            let base = self.graph.axis(*axis).base;
            self.graph.axes_of(base).iter().all(|b| axes.contains(b))
        });
        if holds {
            Ok(())
        } else {
            Err(Unfit("a list outlives the one it hangs from"))
        }
    }

    /// Unknown unless everything about the list and its elements is known.
    pub(crate) fn holes(&mut self, list: &List) -> Result<Id, Unfit> {
        let known = self.known(&list.value)?;
        let holes = self.folded(Fold::Holes, list, list.mask, known)?;
        let open = self.or(holes, list.open);
        Ok(self.or(open, list.lost))
    }
}

/// How wide a field is in columns.
pub(crate) fn lane_of(field: FieldId) -> Lane {
    match field.def().ty {
        FieldType::Flag => Lane::Trit,
        FieldType::Money | FieldType::Count | FieldType::Months | FieldType::Division => Lane::Wide,
        FieldType::Text
        | FieldType::Code(_)
        | FieldType::Date
        | FieldType::Month
        | FieldType::Person
        | FieldType::Household => Lane::Narrow,
    }
}
