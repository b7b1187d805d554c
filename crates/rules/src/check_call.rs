//! Types of comparisons, arithmetic, list forms and functions.

use cel::common::ast::{CallExpr, Expr as Cel, IdedExpr};
use domain::code::GRANT_ITEM;
use domain::dictionary::Kind;

use crate::check::{Checker, adopt, each_named, mismatch};
use crate::check_text;
use crate::expr::{Each, Expr, Function, Node, Operation, Relation};
use crate::problem::Fault;
use crate::span::word_start;
use crate::types::{Type, Unit};

type Span = (usize, usize);

/// `list.exists(x, …)` and its siblings.
pub(crate) fn each(
    checker: &mut Checker<'_>,
    call: &CallExpr,
    target: &IdedExpr,
    at: Span,
    level: usize,
) -> Result<Expr, Fault> {
    let name = call.func_name.as_str();
    let Some(how) = each_named(name) else {
        let known = ["exists", "all", "exists_one", "filter", "map"];
        let known = known
            .into_iter()
            .chain(check_text::TESTS)
            .chain(["verdict"]);
        return Err(Fault::unknown(
            word_start(checker.source, at.0),
            ("列表操作", "list form"),
            name,
            known,
        ));
    };
    let list = checker.expr(target, level + 1)?;
    let Type::List(of) = &list.ty else {
        return Err(Fault::new(
            list.span.0,
            "type.not_a_list",
            format!("`{name}` 只能用于列表，此处是 {}", list.ty),
            format!("`{name}` needs a list, this is {}", list.ty),
        ));
    };
    let [variable, body] = call.args.as_slice() else {
        return Err(arity(at.0, name, "(x, …)"));
    };
    let Cel::Ident(variable) = &variable.expr else {
        return Err(arity(at.0, name, "(x, …)"));
    };
    checker.locals.push((variable.clone(), (**of).clone()));
    let body = match how {
        Each::Map => checker.expr(body, level + 1),
        _ => checker.bool(body, level),
    };
    checker.locals.pop();
    let body = body?;
    let ty = match how {
        Each::Exists | Each::All | Each::ExistsOne => Type::Bool,
        Each::Filter => list.ty.clone(),
        Each::Map => Type::list(body.ty.clone()),
    };
    Ok(checker.node(ty, at, Node::Each(how, Box::new(list), Box::new(body))))
}

pub(crate) fn arity(offset: usize, name: &str, wanted: &str) -> Fault {
    Fault::new(
        offset,
        "call.arguments",
        format!("`{name}` 的参数应为 {wanted}"),
        format!("`{name}` takes {wanted}"),
    )
}

/// `a == b`, `a < b` and the like.
pub(crate) fn compare(
    checker: &Checker<'_>,
    relation: Option<Relation>,
    left: Expr,
    right: Expr,
    at: Span,
) -> Result<Expr, Fault> {
    let relation = relation.unwrap_or(Relation::Equal);
    if !left.ty.fits(&right.ty) {
        return Err(Fault::new(
            at.0,
            "type.compare",
            format!("{} 与 {} 不能比较", left.ty, right.ty),
            format!("{} cannot be compared with {}", left.ty, right.ty),
        ));
    }
    let equality = matches!(relation, Relation::Equal | Relation::NotEqual);
    let listed = matches!(left.ty, Type::List(_) | Type::Item(_));
    if listed || !(equality || left.ty.is_ordered()) {
        return Err(Fault::new(
            at.0,
            "type.compare",
            format!("{} 没有大小先后之分", left.ty),
            format!("{} has no order", left.ty),
        ));
    }
    let node = Node::Compare(relation, Box::new(left), Box::new(right));
    Ok(checker.node(Type::Bool, at, node))
}

/// `item in list`.
pub(crate) fn membership(
    checker: &Checker<'_>,
    item: Expr,
    list: Expr,
    at: Span,
) -> Result<Expr, Fault> {
    let list = adopt(list, &Type::list(item.ty.clone()))?;
    let Type::List(of) = &list.ty else {
        return Err(mismatch(&list, &Type::list(item.ty)));
    };
    let item = adopt(item, of)?;
    if !item.ty.fits(of) {
        return Err(mismatch(&item, of));
    }
    Ok(checker.node(Type::Bool, at, Node::In(Box::new(item), Box::new(list))))
}

/// `-x`.
pub(crate) fn negated(checker: &Checker<'_>, inner: Expr, at: Span) -> Result<Expr, Fault> {
    let zero = |ty: Type, node| Expr {
        ty,
        span: at,
        depth: 1,
        node,
    };
    let zero = match &inner.ty {
        Type::Number(_) => zero(inner.ty.clone(), Node::Int(0)),
        Type::Money => {
            let nought = zero(Type::Number(Unit::Count), Node::Int(0));
            zero(Type::Money, Node::Call(Function::Yuan, vec![nought]))
        }
        Type::Ratio => {
            let whole = |n| Box::new(zero(Type::Number(Unit::Count), Node::Int(n)));
            let none = Node::Arithmetic(Operation::Divide, whole(0), whole(1));
            zero(Type::Ratio, none)
        }
        _ => return Err(mismatch(&inner, &Type::Money)),
    };
    let ty = inner.ty.clone();
    let node = Node::Arithmetic(Operation::Subtract, Box::new(zero), Box::new(inner));
    Ok(checker.node(ty, at, node))
}

/// `a + b` and the like, by units.
pub(crate) fn arithmetic(
    checker: &Checker<'_>,
    operation: Option<Operation>,
    left: Expr,
    right: Expr,
    at: Span,
) -> Result<Expr, Fault> {
    let operation = operation.unwrap_or(Operation::Add);
    let additive = matches!(
        operation,
        Operation::Add | Operation::Subtract | Operation::Remainder
    );
    let (left, right) = if additive {
        let right = adopt(right, &left.ty)?;
        (adopt(left, &right.ty)?, right)
    } else {
        (left, right)
    };
    let ty = match (operation, &left.ty, &right.ty) {
        (Operation::Add | Operation::Subtract, Type::Money, Type::Money)
        | (Operation::Multiply, Type::Number(_) | Type::Ratio, Type::Money)
        | (Operation::Multiply | Operation::Divide, Type::Money, Type::Number(_) | Type::Ratio) => {
            Type::Money
        }
        (
            Operation::Add | Operation::Subtract | Operation::Remainder,
            Type::Number(_),
            Type::Number(_),
        ) if left.ty.fits(&right.ty) => left.ty.clone(),
        (Operation::Multiply, Type::Number(Unit::Count), Type::Number(unit))
        | (Operation::Multiply, Type::Number(unit), Type::Number(Unit::Count)) => {
            Type::Number(*unit)
        }
        (Operation::Divide, Type::Money, Type::Money)
        | (Operation::Divide, Type::Number(_), Type::Number(_))
        | (
            Operation::Add | Operation::Subtract | Operation::Multiply | Operation::Divide,
            Type::Ratio,
            Type::Ratio,
        ) => Type::Ratio,
        (_, left, right) => {
            return Err(Fault::new(
                at.0,
                "type.arithmetic",
                format!("{left} 与 {right} 不能这样运算"),
                format!("{left} and {right} do not combine like this"),
            ));
        }
    };
    let node = Node::Arithmetic(operation, Box::new(left), Box::new(right));
    Ok(checker.node(ty, at, node))
}

/// A call of a named function.
pub(crate) fn function(
    checker: &Checker<'_>,
    function: Function,
    name: &str,
    args: Vec<Expr>,
    at: Span,
) -> Result<Expr, Fault> {
    let args = adopted(function, args)?;
    let ty = result(function, name, &args, at)?;
    Ok(checker.node(ty, at, Node::Call(function, args)))
}

/// Literal arguments take the unit or list their place has.
fn adopted(function: Function, args: Vec<Expr>) -> Result<Vec<Expr>, Fault> {
    let place = |index: usize| match (function, index) {
        (Function::AddMonths | Function::WithinMonths, 1) => Some(Type::Number(Unit::Months)),
        (Function::AddDays, 1) => Some(Type::Number(Unit::Days)),
        (Function::PaidRows, 1) | (Function::LatestCoveredMonth, 0) => {
            Some(Type::Code(&GRANT_ITEM))
        }
        (Function::AgeOn | Function::DaysBetween | Function::WeeksBetween, _)
        | (Function::AddDays | Function::WithinMonths | Function::MonthOf | Function::WeekOf, 0) => {
            Some(Type::Date)
        }
        _ => None,
    };
    args.into_iter()
        .enumerate()
        .map(|(index, arg)| match place(index) {
            Some(ty) => adopt(arg, &ty),
            None => Ok(arg),
        })
        .collect()
}

fn result(function: Function, name: &str, args: &[Expr], at: Span) -> Result<Type, Fault> {
    let types: Vec<&Type> = args.iter().map(|a| &a.ty).collect();
    let found = match (function, types.as_slice()) {
        (Function::Size, [Type::List(of)]) if matches!(**of, Type::Person) => {
            Some(Type::Number(Unit::People))
        }
        (Function::Size, [Type::Text])
        | (Function::Size | Function::Sources, [Type::List(_)])
        | (Function::Households, [Type::Person]) => Some(Type::Number(Unit::Count)),
        (Function::Age, [Type::Person]) | (Function::AgeOn, [Type::Date, Type::Date]) => {
            Some(Type::Number(Unit::Years))
        }
        (Function::MonthsBetween, [Type::Month, Type::Month]) => Some(Type::Number(Unit::Months)),
        (Function::DaysBetween, [Type::Date, Type::Date]) => Some(Type::Number(Unit::Days)),
        (Function::WeeksBetween, [Type::Date, Type::Date]) => Some(Type::Number(Unit::Weeks)),
        (Function::Certain, [Type::Bool])
        | (Function::Unless, [Type::Bool, Type::Bool])
        | (Function::Confirmed, [Type::List(_), Type::Number(Unit::Count)])
        | (
            Function::Contains | Function::StartsWith | Function::EndsWith,
            [Type::Text, Type::Text],
        )
        | (Function::WithinMonths, [Type::Date, Type::Number(Unit::Months)]) => Some(Type::Bool),
        (Function::AddMonths, [Type::Date, Type::Number(Unit::Months)])
        | (Function::AddDays, [Type::Date, Type::Number(Unit::Days)])
        | (Function::WeekOf, [Type::Date])
        | (Function::ToldOn, [Type::Item(_)]) => Some(Type::Date),
        (Function::MonthOf, [Type::Date])
        | (Function::AddMonths, [Type::Month, Type::Number(Unit::Months)])
        | (Function::LatestCoveredMonth, [Type::Code(_)]) => Some(Type::Month),
        (Function::PaidRows, [Type::Person | Type::Household, Type::Code(list)])
            if list.name == GRANT_ITEM.name =>
        {
            Some(Type::list(Type::Item(Kind::Grant)))
        }
        (Function::Source, [Type::Item(_)]) | (Function::Text, [_, ..]) => Some(Type::Text),
        (Function::Yuan, [Type::Number(Unit::Count)]) => Some(Type::Money),
        (_, types) => same_as_given(function, types),
    };
    found.ok_or_else(|| {
        let given: Vec<String> = types.iter().map(ToString::to_string).collect();
        let given = given.join(", ");
        Fault::new(
            at.0,
            "call.arguments",
            format!("`{name}` 不接受 ({given})"),
            format!("`{name}` does not take ({given})"),
        )
    })
}

/// Functions whose result has the type of what they are given.
fn same_as_given(function: Function, types: &[&Type]) -> Option<Type> {
    match (function, types) {
        (Function::Sum, [Type::List(of)]) if matches!(**of, Type::Money | Type::Number(_)) => {
            Some((**of).clone())
        }
        (Function::Min | Function::Max, [Type::List(of)]) if of.is_ordered() => {
            Some((**of).clone())
        }
        (Function::Min | Function::Max, [a, b]) if a.fits(b) && a.is_ordered() => {
            Some((*a).clone())
        }
        (Function::At, [Type::List(of), Type::Number(Unit::Count)]) => Some((**of).clone()),
        (Function::Newest, [Type::List(of)]) if matches!(**of, Type::Item(_)) => {
            Some((**of).clone())
        }
        (Function::Known | Function::Distinct, [list @ Type::List(_)]) => Some((*list).clone()),
        (Function::Abs, [amount @ (Type::Money | Type::Number(_))]) => Some((*amount).clone()),
        _ => None,
    }
}
