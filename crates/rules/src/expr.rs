//! The typed tree of an expression: ours, so that the parser behind it can change.

use domain::dictionary::{FieldId, Kind};
use domain::time::Date;

use regex::Regex;

use crate::document::About;
use crate::types::Type;

/// A checked expression.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) ty: Type,
    /// Bytes `[start, end)` of its source.
    pub(crate) span: (usize, usize),
    /// Levels of nesting below it, those of names it uses included.
    pub(crate) depth: usize,
    pub(crate) node: Node,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Bool(bool),
    Int(i64),
    Text(String),
    Code(&'static str),
    Date(Date),
    Name(Name),
    Let(usize),
    Local(usize),
    Param(String),
    /// `subject.kind`.
    Kind(Box<Expr>, Kind),
    /// `item.field`.
    Field(Box<Expr>, FieldId),
    /// `has(item.field)` and `is_known(expr)`.
    IsKnown(Box<Expr>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare(Relation, Box<Expr>, Box<Expr>),
    Arithmetic(Operation, Box<Expr>, Box<Expr>),
    Choose(Box<Expr>, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Box<Expr>),
    List(Vec<Expr>),
    Each(Each, Box<Expr>, Box<Expr>),
    Call(Function, Vec<Expr>),
    /// `text.matches("pattern")`.
    Matches(Box<Expr>, Regex),
    /// `person.verdict("policy")`.
    Verdict(Box<Expr>, Asked),
}

/// Another policy whose verdict is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) policy: String,
    /// Of whom.
    pub(crate) about: About,
    /// Where the name stands in the expression.
    pub(crate) offset: usize,
}

/// What the language itself names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    On,
    Household,
    Members,
    People,
    Person,
    Head,
    Hukou,
    Residence,
}

/// Names in the order they are documented, with their types.
pub(crate) const NAMES: [(&str, Name); 8] = [
    ("on", Name::On),
    ("household", Name::Household),
    ("members", Name::Members),
    ("people", Name::People),
    ("person", Name::Person),
    ("head", Name::Head),
    ("hukou", Name::Hukou),
    ("residence", Name::Residence),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// What division leaves, with the sign of what is divided.
    Remainder,
}

/// The list forms that bind a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Each {
    Exists,
    All,
    ExistsOne,
    Filter,
    Map,
}

/// The functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Sum,
    Min,
    Max,
    Known,
    Certain,
    Unless,
    Distinct,
    Age,
    AgeOn,
    MonthOf,
    MonthsBetween,
    DaysBetween,
    WithinMonths,
    AddMonths,
    AddDays,
    LatestCoveredMonth,
    PaidRows,
    Source,
    Sources,
    ToldOn,
    Newest,
    Confirmed,
    Abs,
    Yuan,
    Text,
    Households,
    WeekOf,
    WeeksBetween,
    /// `list[i]`.
    At,
    /// `text.contains(part)`.
    Contains,
    /// `text.startsWith(part)`.
    StartsWith,
    /// `text.endsWith(part)`.
    EndsWith,
}

/// Functions by name, in the order they are documented.
pub(crate) const FUNCTIONS: [(&str, Function); 29] = [
    ("size", Function::Size),
    ("sum", Function::Sum),
    ("min", Function::Min),
    ("max", Function::Max),
    ("known", Function::Known),
    ("certain", Function::Certain),
    ("unless", Function::Unless),
    ("distinct", Function::Distinct),
    ("age", Function::Age),
    ("age_on", Function::AgeOn),
    ("month_of", Function::MonthOf),
    ("months_between", Function::MonthsBetween),
    ("days_between", Function::DaysBetween),
    ("within_months", Function::WithinMonths),
    ("add_months", Function::AddMonths),
    ("add_days", Function::AddDays),
    ("latest_covered_month", Function::LatestCoveredMonth),
    ("paid_rows", Function::PaidRows),
    ("source", Function::Source),
    ("sources", Function::Sources),
    ("told_on", Function::ToldOn),
    ("newest", Function::Newest),
    ("confirmed", Function::Confirmed),
    ("abs", Function::Abs),
    ("yuan", Function::Yuan),
    ("text", Function::Text),
    ("households", Function::Households),
    ("week_of", Function::WeekOf),
    ("weeks_between", Function::WeeksBetween),
];
